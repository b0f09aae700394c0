// Package reference says what the right answer is: scores in float64 from the
// same float32 weights, and whether a contender's labels and scores agree.
//
// Engines differ in the order and precision of their sums, so a label decides
// nothing where the two best classes are closer than the tolerance, and a score
// may be off by it. The tolerances are the protocol's (docs/PROTOCOL.md, What is
// right). Answers are never compared between contenders.
package reference

import (
	"fmt"
	"math"

	"cupel/internal/protocol"
	"cupel/model"
)

// The protocol's tolerances.
const (
	// LogitTolerance bounds |a-b| relative to max(1, |b|), a and b being
	// differences to output 0.
	LogitTolerance = 1e-4
	// ProbabilityTolerance bounds |p-q|.
	ProbabilityTolerance = 1e-5
)

// Reference answers for one model. It is not safe for concurrent use.
type Reference struct {
	model *model.Model
}

// New returns the reference of m.
func New(m *model.Model) *Reference { return &Reference{model: m} }

// Inputs are the rows of one request, with the answers found so far.
type Inputs struct {
	reference *Reference
	values    []float32
	rows, hop int
	answers   []*Answer
}

// Answer is the reference's answer for one row.
type Answer struct {
	// Logits has one entry per class; a model with one output has 0 for class 0.
	Logits []float64
	Label  int
}

// Inputs makes the reference ready for rows rows, row i of which starts at value
// i*hop.
func (r *Reference) Inputs(values []float32, rows, hop int) *Inputs {
	return &Inputs{reference: r, values: values, rows: rows, hop: hop, answers: make([]*Answer, rows)}
}

// Answer returns the answer for one row.
func (in *Inputs) Answer(row int) *Answer {
	if in.answers[row] == nil {
		width := in.reference.model.Architecture.Inputs()
		in.answers[row] = answer(in.reference.model.ScoresFloat64(in.values[row*in.hop : row*in.hop+width]))
	}
	return in.answers[row]
}

func answer(scores []float64) *Answer {
	if len(scores) == 1 {
		scores = []float64{0, scores[0]}
	}
	best := 0
	for class, score := range scores {
		if score > scores[best] {
			best = class
		}
	}
	return &Answer{Logits: scores, Label: best}
}

// Accepts reports whether label is right: the reference's, or one that ties with
// it within the tolerance.
func (a *Answer) Accepts(label int) bool {
	if label < 0 || label >= len(a.Logits) {
		return false
	}
	if label == a.Label {
		return true
	}
	return a.Logits[a.Label]-a.Logits[label] <= a.slack()
}

// slack is by how much two classes may change places: each difference to output
// 0 may be off by the tolerance.
func (a *Answer) slack() float64 {
	largest := 1.0
	for _, logit := range a.Logits {
		largest = max(largest, math.Abs(logit-a.Logits[0]))
	}
	return LogitTolerance * largest
}

// Disagreement is the first answer of a contender that is not right.
type Disagreement struct {
	Row    int
	Reason string
}

func (d *Disagreement) Error() string { return fmt.Sprintf("row %d: %s", d.Row, d.Reason) }

// Check follows the calls of a request along the labels that came back, and
// checks each label and the row that the calls end on. Where no labels were
// asked for it follows the reference's, and checks the last row alone.
func (in *Inputs) Check(request protocol.InferRequest, reply protocol.Infer) error {
	walk := in.start(request)
	walk.warmUp()
	if len(reply.Labels) == 0 {
		for range request.Calls {
			walk.byReference()
		}
		return walk.checkLast(reply)
	}
	for k := range request.Calls {
		labels := reply.Labels[k*request.Batch : (k+1)*request.Batch]
		for i, label := range labels {
			if err := in.checkLabel((walk.row+i)%in.rows, int(label)); err != nil {
				return fmt.Errorf("call %d: %w", k, err)
			}
		}
		walk.next(int(labels[len(labels)-1]))
	}
	return walk.checkLast(reply)
}

func (in *Inputs) checkLabel(row, label int) error {
	if answer := in.Answer(row); !answer.Accepts(label) {
		return &Disagreement{row, fmt.Sprintf("label %d where the reference says %d (scores %s)", label, answer.Label, shown(answer.Logits))}
	}
	return nil
}

// CertainWarmup reports whether no row that decides the request's warm-up path is
// one where two labels are right, so that every right contender walks the same
// path.
func (in *Inputs) CertainWarmup(request protocol.InferRequest) bool {
	walk := in.start(request)
	walk.warmUp()
	return walk.certain
}

// walk is the way of a request's calls over its rows.
type walk struct {
	inputs  *Inputs
	request protocol.InferRequest
	row     int
	made    int
	// certain is false once the way depended on a row where two labels are right.
	certain bool
}

func (in *Inputs) start(request protocol.InferRequest) *walk {
	w := &walk{inputs: in, request: request, certain: true}
	if request.Chained() {
		w.row = *request.First
	}
	return w
}

func (w *walk) warmUp() {
	for range w.request.Warmup {
		w.byReference()
	}
	if !w.request.Chained() && w.request.Calls > 0 {
		w.row = 0
	}
}

// byReference makes one call with the reference's label.
func (w *walk) byReference() {
	if !w.request.Chained() {
		w.next(0)
		return
	}
	answer := w.inputs.Answer((w.row + w.request.Batch - 1) % w.inputs.rows)
	for class := range answer.Logits {
		if class != answer.Label && answer.Accepts(class) {
			w.certain = false
		}
	}
	w.next(answer.Label)
}

func (w *walk) next(label int) {
	if w.request.Chained() {
		w.row = protocol.NextRow(w.row, *w.request.Step, label, w.made, w.request.Rows)
	} else {
		w.row = (w.row + w.request.Batch) % w.request.Rows
	}
	w.made++
}

func (w *walk) checkLast(reply protocol.Infer) error {
	if !w.certain || reply.Last == w.row {
		return nil
	}
	// Without a chain and without timed calls, both readings of the contract are
	// accepted: the row after the warm-up, and row 0, where timed calls would start.
	if !w.request.Chained() && w.request.Calls == 0 && reply.Last == 0 {
		return nil
	}
	return &Disagreement{w.row, fmt.Sprintf("the calls end before this row, the contender says row %d", reply.Last)}
}

// CheckScores checks scores, row-major, of every row. A contender of a model with
// two classes may give one score a row: the log-odds or the probability of class 1.
func (in *Inputs) CheckScores(scale protocol.Scale, scores []float32) error {
	each := len(scores) / in.rows
	for row := range in.rows {
		got := scores[row*each : (row+1)*each]
		if err := in.Answer(row).checkScores(scale, got); err != nil {
			return &Disagreement{row, err.Error()}
		}
	}
	return nil
}

func (a *Answer) checkScores(scale protocol.Scale, got []float32) error {
	want := a.Logits
	if scale == protocol.Probability {
		want = softmax(a.Logits)
	}
	offset := 0
	if len(got) == 1 && len(want) == 2 {
		offset = 1
	}
	if len(got)+offset != len(want) {
		return fmt.Errorf("%d scores where %d are due", len(got), len(want))
	}
	for i, score := range got {
		if scale == protocol.Probability {
			if !within(float64(score), want[i+offset], ProbabilityTolerance) {
				return fmt.Errorf("P(class %d) is %v where the reference says %v", i+offset, score, want[i+offset])
			}
			continue
		}
		gotDifference, wantDifference := float64(score), want[i+offset]-want[0]
		if offset == 0 {
			gotDifference -= float64(got[0])
		}
		if !within(gotDifference, wantDifference, LogitTolerance*max(1, math.Abs(wantDifference))) {
			return fmt.Errorf("score %d less score 0 is %v where the reference says %v", i+offset, gotDifference, wantDifference)
		}
	}
	return nil
}

// within is false for a NaN.
func within(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

func softmax(logits []float64) []float64 {
	largest := logits[0]
	for _, logit := range logits {
		largest = max(largest, logit)
	}
	sum := 0.0
	probabilities := make([]float64, len(logits))
	for i, logit := range logits {
		probabilities[i] = math.Exp(logit - largest)
		sum += probabilities[i]
	}
	for i := range probabilities {
		probabilities[i] /= sum
	}
	return probabilities
}

func shown(scores []float64) string {
	const most = 3
	text := ""
	for i, score := range scores {
		if i == most {
			return text + ", ..."
		}
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%.6g", score)
	}
	return text
}
