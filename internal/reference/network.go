package reference

// This file holds the arithmetic: a model's scores in float64, by the BLAS of gonum. It
// shares no code with package model's kernels: a reference that computed like the contender
// `go` would share its faults. It does share code with an engine built on gonum, so the
// tests compare it with plain loops.

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"cupel/model"
)

// network is a model in float64. It is immutable and safe for concurrent use.
type network struct {
	inputs int
	layers []layer
	// logOdds is the difference of the two classes of a logistic regression. It halves the
	// arithmetic if only the label is needed. It is nil for any other model.
	logOdds *layer
}

// layer is one affine map.
type layer struct {
	weight blas64.General // outputs x inputs
	bias   []float64      // outputs
}

func newNetwork(m *model.Model) network {
	n := network{inputs: m.Architecture.Inputs()}
	for _, l := range m.Layers {
		n.layers = append(n.layers, layer{
			weight: blas64.General{Rows: l.Out, Cols: l.In, Stride: l.In, Data: widened(l.Weight)},
			bias:   widened(l.Bias),
		})
	}
	if len(n.layers) == 1 && m.Architecture.Classes() == 2 {
		n.logOdds = n.layers[0].lastLessFirst()
	}
	return n
}

// lastLessFirst returns the difference of a layer's two outputs, or the layer itself if it
// has one output.
func (l layer) lastLessFirst() *layer {
	if l.weight.Rows == 1 {
		return &l
	}
	difference := layer{
		weight: blas64.General{Rows: 1, Cols: l.weight.Cols, Stride: l.weight.Stride, Data: make([]float64, l.weight.Cols)},
		bias:   []float64{l.bias[1] - l.bias[0]},
	}
	floats.SubTo(difference.weight.Data, l.row(1), l.row(0))
	return &difference
}

func widened(values []float32) []float64 {
	wide := make([]float64, len(values))
	for i, value := range values {
		wide[i] = float64(value)
	}
	return wide
}

// row returns the weights of one output.
func (l layer) row(output int) []float64 {
	start := output * l.weight.Stride
	return l.weight.Data[start : start+l.weight.Cols]
}

func (l layer) apply(y, x []float64) {
	copy(y, l.bias)
	multiplyAdd(y, l.weight, x)
}

// multiplyAdd adds matrix*x to y. It takes single rows, because the order of a chain's rows
// is not known in advance, and because gonum's product of matrices is slower for each row.
func multiplyAdd(y []float64, matrix blas64.General, x []float64) {
	blas64.Gemv(blas.NoTrans, 1, matrix, vector(x), 1, vector(y))
}

func vector(x []float64) blas64.Vector { return blas64.Vector{N: len(x), Inc: 1, Data: x} }

// scratch is the memory for one evaluation: the outputs of each layer, the last one with
// one entry for each class. It is not safe for concurrent use.
type scratch [][]float64

func (n network) newScratch() scratch {
	s := make(scratch, len(n.layers))
	for i, l := range n.layers {
		s[i] = make([]float64, l.weight.Rows)
	}
	last := len(n.layers) - 1
	s[last] = make([]float64, n.classes())
	return s
}

func (n network) outputs() int { return n.layers[len(n.layers)-1].weight.Rows }

func (n network) classes() int { return max(2, n.outputs()) }

// logits returns the scores of the row x, one for each class; class 0 of a model with one
// output has 0. They lie in s and are valid until its next use.
func (n network) logits(x []float64, s scratch) []float64 {
	last := len(n.layers) - 1
	for i, l := range n.layers[:last] {
		l.apply(s[i], x)
		rectify(s[i])
		x = s[i]
	}
	logits := s[last]
	n.layers[last].apply(logits[len(logits)-n.outputs():], x)
	return logits
}

func rectify(y []float64) {
	for i, value := range y {
		y[i] = max(value, 0)
	}
}

// verdict is the decision on a row: its label, and whether another label is right too.
type verdict struct {
	label     int
	contested bool
}

// judge returns the verdict on the row x.
func (n network) judge(x []float64, s scratch) verdict {
	if n.logOdds == nil {
		return judged(n.logits(x, s))
	}
	odds := n.logOdds.bias[0] + floats.Dot(n.logOdds.weight.Data, x)
	label := 0
	if odds > 0 {
		label = 1
	}
	return verdict{label, math.Abs(odds) <= slack([]float64{0, odds})}
}

func judged(logits []float64) verdict {
	label := floats.MaxIdx(logits) // the lowest of equal ones, as the protocol has it
	allowed := slack(logits)
	for class, logit := range logits {
		if class != label && logits[label]-logit <= allowed {
			return verdict{label, true}
		}
	}
	return verdict{label, false}
}

// slack returns how far apart two classes may be and still change places: each difference
// to output 0 may be off by the tolerance.
func slack(logits []float64) float64 {
	largest := 1.0
	for _, logit := range logits {
		largest = max(largest, math.Abs(logit-logits[0]))
	}
	return LogitTolerance * largest
}
