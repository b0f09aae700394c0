package reference

// This file holds the path of a request's calls over its rows. It is followed while labels
// are checked, and surveyed before a request is sent.

import (
	"slices"

	"cupel/internal/protocol"
)

// path is the path of a request's calls, along labels that a caller gives.
type path struct {
	request protocol.InferRequest
	// row is the next call's first row. made is the number of calls so far.
	row, made int
}

func newPath(request protocol.InferRequest) path {
	p := path{request: request}
	if request.Chained() {
		p.row = *request.First
	}
	return p
}

// next makes one call. label is the label of its last row.
func (p *path) next(label int) {
	if p.request.Chained() {
		p.row = protocol.NextRow(p.row, *p.request.Step, label, p.made, p.request.Rows)
	} else {
		p.row = (p.row + p.request.Batch) % p.request.Rows
	}
	p.made++
}

// lastOfCall returns the row whose label decides the row of the next call.
func (p *path) lastOfCall() int { return (p.row + p.request.Batch - 1) % p.request.Rows }

// endWarmUp returns to row 0 if there are timed calls and they are not chained.
func (p *path) endWarmUp() {
	if !p.request.Chained() && p.request.Calls > 0 {
		p.row = 0
	}
}

// walk is a path that the reference can follow by itself. It is not safe for concurrent
// use.
type walk struct {
	path
	inputs  *Inputs
	scratch scratch
	// certain is false once the path depended on a row with two right labels.
	certain bool
}

func (in *Inputs) start(request protocol.InferRequest) *walk {
	return &walk{path: newPath(request), inputs: in, scratch: in.network.newScratch(), certain: true}
}

func (w *walk) warmUp() {
	for range w.request.Warmup {
		w.byReference()
	}
	w.endWarmUp()
}

// byReference makes one call with the reference's label.
func (w *walk) byReference() {
	if !w.request.Chained() {
		w.next(0)
		return
	}
	found := w.inputs.verdict(w.lastOfCall(), w.scratch)
	w.certain = w.certain && !found.contested
	w.next(found.label)
}

// CertainWarmup reports whether each row that decides the request's warm-up path has only
// one right label. All right contenders then walk the same path.
func (in *Inputs) CertainWarmup(request protocol.InferRequest) bool {
	walk := in.start(request)
	walk.warmUp()
	return walk.certain
}

// Survey describes a request's path over its rows along the reference's labels. Rows and
// labels are those of the timed calls.
type Survey struct {
	// DistinctRows is the number of rows that are predicted at least once.
	DistinctRows int
	// Labels has for each class how often it is the label.
	Labels []int
	// CertainWarmup is the result of the method CertainWarmup.
	CertainWarmup bool
}

// LargestShare returns the share of predictions with the most frequent label, in [0, 1]; 0
// without timed calls. Near 1, a contender that always gives this label is hardly ever
// wrong.
func (s Survey) LargestShare() float64 {
	total := 0
	for _, count := range s.Labels {
		total += count
	}
	if total == 0 {
		return 0
	}
	return float64(slices.Max(s.Labels)) / float64(total)
}

// Survey follows the request's calls. It keeps the answers, so a later Check of the same
// request need not compute them.
func (in *Inputs) Survey(request protocol.InferRequest) Survey {
	walk := in.start(request)
	walk.warmUp()
	survey := Survey{Labels: make([]int, in.network.classes()), CertainWarmup: walk.certain}
	seen := make([]bool, in.rows)
	for range request.Calls {
		for i := range request.Batch {
			row := (walk.row + i) % in.rows
			survey.Labels[in.verdict(row, walk.scratch).label]++
			if !seen[row] {
				seen[row] = true
				survey.DistinctRows++
			}
		}
		walk.byReference()
	}
	return survey
}
