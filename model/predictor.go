// This file holds prediction: the fast path, which is what the benchmark times.

package model

import "cupel/model/kernel"

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
// does. A NaN is higher than nothing. It allocates nothing.
func (p *Predictor) Predict(x []float32) int {
	scores := p.scores(x)
	if p.single {
		if scores[0] > 0 {
			return 1
		}
		return 0
	}
	label, best := 0, scores[0]
	for k, v := range scores {
		if v > best {
			label, best = k, v
		}
	}
	return label
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
