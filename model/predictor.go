// This file holds prediction, the fast path, which the benchmark times.

package model

import (
	"math"

	"cupel/model/kernel"
)

// Predictor computes a model's scores and labels. It owns scratch memory, so it is not safe
// for concurrent use. Several predictors of the same model may run at the same time; they
// share its packed weights.
type Predictor struct {
	hidden []stage
	last   stage
	single bool // one output: the log-odds of class 1
}

// stage is one layer with the place of its result.
type stage struct {
	matrix *kernel.Matrix
	y      []float32
}

// NewPredictor allocates the scratch memory. The model must come from New or from another
// function of this package.
func (m *Model) NewPredictor() *Predictor {
	p := &Predictor{single: m.Architecture.Outputs() == 1}
	for _, matrix := range m.packed {
		p.hidden = append(p.hidden, stage{matrix: matrix, y: make([]float32, matrix.Room())})
	}
	n := len(p.hidden) - 1
	p.hidden, p.last = p.hidden[:n], p.hidden[n]
	return p
}

// Predict returns the label of one example: the class with the highest score, and the
// lowest class if several are equal. For a single output it is class 1 if the score is
// above 0. It reads the first Inputs() values of x; a shorter x panics, as indexing does.
// If a score is NaN, the label may be any class. It allocates nothing.
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

// one returns 1 for true. The compiler makes it an instruction without a branch.
func one(b bool) int {
	n := 0
	if b {
		n = 1
	}
	return n
}

// highestOf returns the index of the highest score, and the lowest index if several are
// equal. It has no branch on the scores: a branch predictor cannot know the highest one,
// and a wrong guess costs as much as tens of multiply-adds. Instead it compares bits:
// floats are ordered as their bits are, once those of negative floats are inverted. The
// index in the low bits decides ties.
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

// Scores writes the logits of one example, one for each output, into dst and returns it
// with their number as its length. It allocates a new slice if dst's capacity is too small.
// x is as in Predict.
func (p *Predictor) Scores(dst, x []float32) []float32 {
	return append(dst[:0], p.scores(x)...)
}

// PredictBatch writes the label of row i into labels[i] for each of len(labels) rows. Row i
// is the Inputs() values from x[i*hop] on. It allocates nothing.
func (p *Predictor) PredictBatch(labels []uint8, x []float32, hop int) {
	for i := range labels {
		labels[i] = uint8(p.Predict(x[i*hop:]))
	}
}

// scores returns the logits. They are valid until the next call.
func (p *Predictor) scores(x []float32) []float32 {
	for i := range p.hidden {
		s := &p.hidden[i]
		s.matrix.MulReLU(s.y, x)
		x = s.y
	}
	p.last.matrix.Mul(p.last.y, x)
	return p.last.y[:p.last.matrix.Out()]
}
