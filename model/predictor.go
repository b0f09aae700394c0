// This file holds prediction: the fast path, which is what the benchmark times.

package model

import (
	"math"

	"cupel/model/kernel"
)

// Predictor computes a model's scores and labels. It owns scratch memory, so
// one goroutine at a time may use it; predictors of the same model may run side
// by side, and share its packed weights.
type Predictor struct {
	hidden []stage
	last   stage
	single bool // one output: the log-odds of class 1
}

// stage is one layer and the place of its result.
type stage struct {
	matrix *kernel.Matrix
	y      []float32
}

// NewPredictor allocates the scratch memory. The model must come from New or
// from a function of this package.
func (m *Model) NewPredictor() *Predictor {
	p := &Predictor{single: m.Architecture.Outputs() == 1}
	for _, matrix := range m.packed {
		p.hidden = append(p.hidden, stage{matrix: matrix, y: make([]float32, matrix.Room())})
	}
	n := len(p.hidden) - 1
	p.hidden, p.last = p.hidden[:n], p.hidden[n]
	return p
}

// Predict is the label of one example: the class of the highest score, the
// lowest class of equal ones; of a single output, class 1 where it is above 0.
// It reads the first Inputs() values of x; a shorter x panics, as indexing
// does. Where a score is NaN the label is some class. It allocates nothing.
func (p *Predictor) Predict(x []float32) int {
	scores := p.scores(x)
	switch {
	case p.single:
		return one(scores[0] > 0)
	case len(scores) == 2:
		return one(scores[1] > scores[0])
	}
	return highestOf(scores)
}

// one is 1 for true. The compiler makes it an instruction without a branch.
func one(b bool) int {
	n := 0
	if b {
		n = 1
	}
	return n
}

// highestOf is the index of the highest score, the lowest of equal ones. Which
// score is the highest is what a branch predictor cannot know, and a wrong guess
// costs as much as tens of multiply-adds, so there is no branch on it: a float
// orders as its bits do once those of a negative one are turned round, and the
// index below the bits settles a tie.
func highestOf(scores []float32) int {
	const indexBits = 8 // maxOutputs
	best := int64(math.MinInt64)
	for k, v := range scores {
		b := int32(math.Float32bits(v + 0)) // -0 becomes +0, its equal
		b ^= b >> 31 & math.MaxInt32
		best = max(best, int64(b)<<indexBits|int64(maxOutputs-1-k))
	}
	return maxOutputs - 1 - int(best&(maxOutputs-1))
}

// Scores writes the logits of one example, one per output, into dst, which is
// allocated anew where its capacity does not suffice, and returns it with
// their number as length. x is as in Predict.
func (p *Predictor) Scores(dst, x []float32) []float32 {
	return append(dst[:0], p.scores(x)...)
}

// PredictBatch writes the label of row i, the Inputs() values from x[i*hop]
// on, into labels[i], for each of len(labels) rows. It allocates nothing.
func (p *Predictor) PredictBatch(labels []uint8, x []float32, hop int) {
	for i := range labels {
		labels[i] = uint8(p.Predict(x[i*hop:]))
	}
}

// scores is valid until the next call.
func (p *Predictor) scores(x []float32) []float32 {
	for i := range p.hidden {
		s := &p.hidden[i]
		s.matrix.MulReLU(s.y, x)
		x = s.y
	}
	p.last.matrix.Mul(p.last.y, x)
	return p.last.y[:p.last.matrix.Out()]
}
