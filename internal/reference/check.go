package reference

// This file holds the checks of a contender's replies.

import (
	"fmt"
	"math"
	"math/rand/v2"

	"cupel/internal/protocol"
)

// Disagreement is the first wrong answer of a contender.
type Disagreement struct {
	Row    int
	Reason string
}

func (d *Disagreement) Error() string { return fmt.Sprintf("row %d: %s", d.Row, d.Reason) }

// Check follows the calls of a request along the received labels. It checks each label and
// the row at which the calls end. If the request asked for no labels, it follows the
// reference's labels and checks only the last row.
func (in *Inputs) Check(request protocol.InferRequest, reply protocol.Infer) error {
	_, err := in.CheckCounted(request, reply)
	return err
}

// CheckCounted is Check for the rows that Sample has chosen. It also returns the number of
// compared labels.
func (in *Inputs) CheckCounted(request protocol.InferRequest, reply protocol.Infer) (labels int, err error) {
	walk := in.start(request)
	walk.warmUp()
	if len(reply.Labels) == 0 {
		for range request.Calls {
			walk.byReference()
		}
		return 0, walk.checkLast(reply)
	}
	for k := range request.Calls {
		given := reply.Labels[k*request.Batch : (k+1)*request.Batch]
		for i, label := range given {
			row := (walk.row + i) % in.rows
			if !in.sampled(row) && i < len(given)-1 {
				continue
			}
			if err := in.checkLabel(row, int(label), walk.scratch); err != nil {
				return labels, fmt.Errorf("call %d: %w", k, err)
			}
			labels++
		}
		walk.next(int(given[len(given)-1]))
	}
	return labels, walk.checkLast(reply)
}

// Sample limits the checks to a share of the rows, drawn here. Labels that decide the path
// are always compared. Call it before the inputs are shared.
func (in *Inputs) Sample(random *rand.Rand, share float64) {
	in.sample = make([]bool, in.rows)
	for row := range in.sample {
		in.sample[row] = random.Float64() < share
	}
}

func (in *Inputs) sampled(row int) bool { return in.sample == nil || in.sample[row] }

func (in *Inputs) checkLabel(row, label int, s scratch) error {
	found := in.verdict(row, s)
	if label == found.label {
		return nil
	}
	answer := in.answer(row, s)
	if found.contested && answer.Accepts(label) {
		return nil
	}
	return &Disagreement{row, fmt.Sprintf("label %d where the reference says %d (scores %s)", label, answer.Label, shown(answer.Logits))}
}

func (w *walk) checkLast(reply protocol.Infer) error {
	if !w.certain || reply.Last == w.row {
		return nil
	}
	// Without a chain and without timed calls, the contract has two readings, and both are
	// accepted: the row after the warm-up, and row 0, where timed calls would start.
	if !w.request.Chained() && w.request.Calls == 0 && reply.Last == 0 {
		return nil
	}
	return &Disagreement{w.row, fmt.Sprintf("the calls end before this row, the contender says row %d", reply.Last)}
}

// CheckScores checks the scores of all rows, row-major. For a model with two classes, a
// contender may give one score for each row: the log-odds or the probability of class 1.
func (in *Inputs) CheckScores(scale protocol.Scale, scores []float32) error {
	s := in.network.newScratch()
	each := len(scores) / in.rows
	for row := range in.rows {
		got := scores[row*each : (row+1)*each]
		if err := in.answer(row, s).checkScores(scale, got); err != nil {
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

// within returns false for a NaN.
func within(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

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
