// This file holds the model: an architecture with its weights.

// Package model is cupel's own inference engine, and can also fit a model: logistic
// regression and multilayer perceptrons in float32, for single examples or batches, on one
// thread.
//
// A Model is immutable. It keeps its weights twice: as the formats have them, and packed
// for the kernels of package kernel. A Predictor adds the scratch memory for one goroutine,
// so that a prediction allocates nothing. ScoresFloat64 is a plain float64 loop without any
// optimisation; it is the measure of what is right.
//
// Fit gives the same bytes for the same seed on every processor, because it uses only
// operations with a fixed order of rounding: see FitVersion.
//
// The file formats are in packages below this one, which know tensors but not models.
// formats.go connects them with the model.
package model

import (
	"errors"
	"fmt"
	"math"

	"cupel/model/kernel"
)

// Layer is one affine map x -> Weight*x + Bias.
type Layer struct {
	In, Out int
	Weight  []float32 // Out x In, row-major
	Bias    []float32 // Out
}

// Model is an architecture with weights. New makes it, and it is immutable and safe for
// concurrent use.
type Model struct {
	Architecture Architecture
	Layers       []Layer

	packed []*kernel.Matrix // the layers as the kernels read them
}

// ErrWeights is wrapped, with the place, in the error for weights that do not fit the
// architecture or are not finite.
var ErrWeights = errors.New("unusable weights")

// New checks that the layers have the architecture's shapes and that every weight is
// finite. It keeps the layers' slices: the caller must not change them afterwards.
func New(arch Architecture, layers []Layer) (*Model, error) {
	return newModel(arch, layers, kernel.Best())
}

// newModel is New with a chosen implementation of the kernels, for tests.
func newModel(arch Architecture, layers []Layer, kernels kernel.Set) (*Model, error) {
	if err := arch.Validate(); err != nil {
		return nil, err
	}
	if len(layers) != len(arch.Layers)-1 {
		return nil, fmt.Errorf("%w: %d layers where the architecture has %d", ErrWeights, len(layers), len(arch.Layers)-1)
	}
	m := &Model{Architecture: arch.clone(), Layers: layers}
	for i, l := range layers {
		if err := l.check(arch.Layers[i], arch.Layers[i+1]); err != nil {
			return nil, fmt.Errorf("%w: layer %d: %w", ErrWeights, i, err)
		}
		packed, err := kernels.Pack(l.Weight, l.Bias, l.In)
		if err != nil {
			return nil, fmt.Errorf("%w: layer %d: %w", ErrWeights, i, err)
		}
		m.packed = append(m.packed, packed)
	}
	return m, nil
}

// check returns how the layer differs from one with in inputs and out outputs, or nil.
func (l Layer) check(in, out int) error {
	if l.In != in || l.Out != out {
		return fmt.Errorf("%d x %d where the architecture has %d x %d (outputs x inputs)", l.Out, l.In, out, in)
	}
	if len(l.Weight) != in*out || len(l.Bias) != out {
		return fmt.Errorf("%d weights and %d biases where %d and %d are due", len(l.Weight), len(l.Bias), in*out, out)
	}
	if i := notFinite(l.Weight); i >= 0 {
		return fmt.Errorf("weight [%d][%d] is %v, not finite", i/in, i%in, l.Weight[i])
	}
	if i := notFinite(l.Bias); i >= 0 {
		return fmt.Errorf("bias [%d] is %v, not finite", i, l.Bias[i])
	}
	return nil
}

// notFinite returns the index of the first infinity or NaN, or -1.
func notFinite(values []float32) int {
	const exponent = 0xff << 23
	for i, v := range values {
		if math.Float32bits(v)&exponent == exponent {
			return i
		}
	}
	return -1
}
