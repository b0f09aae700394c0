// This file holds the architecture: what a model computes, without its weights.

package model

import (
	"errors"
	"fmt"
	"slices"
)

// Kind names a family of models.
type Kind string

// The kinds of models.
const (
	LogisticRegression Kind = "logistic-regression" // one affine layer
	MLP                Kind = "mlp"                 // affine layers with an activation between them
)

// ReLU is max(0, .), the only activation.
const ReLU = "relu"

// Architecture is the shape of a model.
type Architecture struct {
	Kind Kind `json:"kind"`
	// Layers is the number of inputs, the width of each hidden layer, and the
	// number of outputs. A model of two classes may have one output instead of
	// two: the log-odds of class 1.
	Layers []int `json:"layers"`
	// Activation follows each hidden layer. Empty means ReLU; without a hidden
	// layer it has no effect.
	Activation string `json:"activation,omitempty"`
}

// The limits bound the memory that a hostile file or suite can ask for, and keep an
// output's index within the unsigned byte of a label.
const (
	maxParameters = 1 << 28
	maxOutputs    = 256
	maxLayers     = 64
)

// ErrArchitecture is wrapped, with the reason, in the error for an architecture that no
// model can have.
var ErrArchitecture = errors.New("unusable architecture")

// Validate returns what is wrong with the architecture, or nil.
func (a Architecture) Validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrArchitecture, fmt.Sprintf(format, args...))
	}
	switch {
	case a.Kind != LogisticRegression && a.Kind != MLP:
		return bad("kind %q is neither %q nor %q", a.Kind, LogisticRegression, MLP)
	case a.Kind == LogisticRegression && len(a.Layers) != 2:
		return bad("a logistic regression has 2 sizes, inputs and outputs, not %d", len(a.Layers))
	case a.Kind == MLP && len(a.Layers) < 3:
		return bad("an MLP has at least 3 sizes, inputs, hidden and outputs, not %d", len(a.Layers))
	case len(a.Layers) > maxLayers:
		return bad("%d sizes, and at most %d are supported", len(a.Layers), maxLayers)
	case a.Activation != "" && a.Activation != ReLU:
		return bad("activation %q is not %q", a.Activation, ReLU)
	}
	parameters := 0
	for i, n := range a.Layers {
		if n < 1 || n > maxParameters {
			return bad("size %d is %d, outside 1 to %d", i, n, maxParameters)
		}
		if i > 0 {
			// Both factors are at most 2^28, so this cannot overflow.
			parameters += n * (a.Layers[i-1] + 1)
		}
		if parameters > maxParameters {
			return bad("more than %d parameters", maxParameters)
		}
	}
	if n := a.Outputs(); n > maxOutputs {
		return bad("%d outputs, and at most %d are supported", n, maxOutputs)
	}
	return nil
}

// Inputs returns the number of values of one example, or 0 without layers.
func (a Architecture) Inputs() int {
	if len(a.Layers) == 0 {
		return 0
	}
	return a.Layers[0]
}

// Outputs returns the number of scores, or 0 without layers.
func (a Architecture) Outputs() int {
	if len(a.Layers) == 0 {
		return 0
	}
	return a.Layers[len(a.Layers)-1]
}

// Classes returns the number of labels: Outputs, or 2 if the one output is the log-odds of
// class 1.
func (a Architecture) Classes() int {
	if a.Outputs() == 1 {
		return 2
	}
	return a.Outputs()
}

// Parameters returns the number of weights and biases.
func (a Architecture) Parameters() int {
	total := a.MultiplyAdds()
	for _, n := range a.Layers[min(1, len(a.Layers)):] {
		total += n
	}
	return total
}

// MultiplyAdds returns the number of products in one prediction.
func (a Architecture) MultiplyAdds() int {
	total := 0
	for i := 1; i < len(a.Layers); i++ {
		total += a.Layers[i-1] * a.Layers[i]
	}
	return total
}

// clone returns a copy that shares no memory with a.
func (a Architecture) clone() Architecture {
	a.Layers = slices.Clone(a.Layers)
	return a
}
