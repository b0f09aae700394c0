package reference

// This file holds the scale of a margin: how much rounding error to expect.

import (
	"math"

	"gonum.org/v1/gonum/blas/blas64"
)

// magnitudes computes the size of the sums behind a network's logits.
//
// The magnitude of an output is the sum of |weight*x| over its inputs and of |bias|.
// Rounding errs in proportion to it. An output of a later layer has the magnitude of its
// own sum, and in addition the magnitudes of its inputs times their weights. Errors of
// different sums are independent, so they are combined as the root of the sum of squares. A
// hidden unit that the activation holds at zero has no error.
type magnitudes struct {
	network network
	// absolute and squared are the weights' absolute values and squares, by layer, each
	// outputs x inputs.
	absolute, squared []blas64.General
	positive          []float64
	// perLayer has the squared magnitudes of each layer's outputs.
	perLayer [][]float64
}

func newMagnitudes(n network) *magnitudes {
	m := &magnitudes{network: n, positive: make([]float64, n.inputs)}
	for _, l := range n.layers {
		m.absolute = append(m.absolute, mapped(l.weight, math.Abs))
		m.squared = append(m.squared, mapped(l.weight, func(w float64) float64 { return w * w }))
		m.perLayer = append(m.perLayer, make([]float64, l.weight.Rows))
	}
	return m
}

func mapped(matrix blas64.General, f func(float64) float64) blas64.General {
	data := make([]float64, len(matrix.Data))
	for i, value := range matrix.Data {
		data[i] = f(value)
	}
	matrix.Data = data
	return matrix
}

// of returns the magnitude behind the difference of two classes' logits at the row x. s
// holds the outputs of x's layers.
func (m *magnitudes) of(x []float64, s scratch, class, other int) float64 {
	for i, value := range x {
		m.positive[i] = math.Abs(value)
	}
	inputs := m.positive
	for i, l := range m.network.layers {
		own := m.perLayer[i]
		for output, bias := range l.bias {
			own[output] = math.Abs(bias)
		}
		multiplyAdd(own, m.absolute[i], inputs)
		for output, sum := range own {
			own[output] = sum * sum
		}
		if i > 0 {
			multiplyAdd(own, m.squared[i], m.perLayer[i-1])
		}
		if i < len(m.network.layers)-1 {
			silence(own, s[i])
			inputs = s[i]
		}
	}
	return max(leastMagnitude, math.Sqrt(m.square(class)+m.square(other)))
}

// silence sets the error of units to 0 that the activation holds at zero.
func silence(squares, activations []float64) {
	for i, activation := range activations {
		if activation == 0 {
			squares[i] = 0
		}
	}
}

// square returns the squared magnitude of one class's logit. For class 0 of a model with
// one output it is 0.
func (m *magnitudes) square(class int) float64 {
	last := m.perLayer[len(m.perLayer)-1]
	output := class - (m.network.classes() - len(last))
	if output < 0 {
		return 0
	}
	return last[output]
}
