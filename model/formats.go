// This file converts models to and from the file formats.

package model

import (
	"errors"
	"fmt"

	"cupel/model/apr"
	"cupel/model/onnx"
	"cupel/model/safetensors"
)

// ErrNotRepresentable is wrapped, with the reason, in the error for a model that a format
// cannot express.
var ErrNotRepresentable = errors.New("not representable in this format")

// ToSafetensors returns a file with the tensors layers.0.weight (outputs x inputs),
// layers.0.bias, layers.1.weight, and so on. The same model gives the same bytes.
func ToSafetensors(m *Model) ([]byte, error) {
	var tensors []safetensors.Tensor
	for i, l := range m.Layers {
		tensors = append(tensors,
			safetensors.Tensor{Name: weightName(i), Shape: []int{l.Out, l.In}, Data: l.Weight},
			safetensors.Tensor{Name: biasName(i), Shape: []int{l.Out}, Data: l.Bias})
	}
	return safetensors.Encode(tensors)
}

// FromSafetensors reads what ToSafetensors writes. It takes kind and activation from arch,
// and the shapes from the file, so a file with one output is a log-odds even if arch has
// two outputs. An unexpected tensor is an error, because without it the model would be
// another one.
func FromSafetensors(arch Architecture, data []byte) (*Model, error) {
	tensors, err := safetensors.Decode(data)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]safetensors.Tensor, len(tensors))
	for _, t := range tensors {
		byName[t.Name] = t
	}
	if len(tensors) == 0 || len(tensors)%2 != 0 {
		return nil, fmt.Errorf("%w: %d tensors are not a weight and a bias for each layer", ErrWeights, len(tensors))
	}
	arch = arch.clone()
	arch.Layers = arch.Layers[:0]
	var layers []Layer
	for i := range len(tensors) / 2 {
		l, err := layerOf(byName, i)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			arch.Layers = append(arch.Layers, l.In)
		}
		arch.Layers = append(arch.Layers, l.Out)
		layers = append(layers, l)
	}
	return New(arch, layers)
}

// layerOf returns layer i of a file.
func layerOf(tensors map[string]safetensors.Tensor, i int) (Layer, error) {
	weight, ok := tensors[weightName(i)]
	if !ok || len(weight.Shape) != 2 {
		return Layer{}, fmt.Errorf("%w: no tensor %s of two dimensions", ErrWeights, weightName(i))
	}
	bias, ok := tensors[biasName(i)]
	if !ok || len(bias.Shape) != 1 || bias.Shape[0] != weight.Shape[0] {
		return Layer{}, fmt.Errorf("%w: no tensor %s of one dimension of %d", ErrWeights, biasName(i), weight.Shape[0])
	}
	return Layer{In: weight.Shape[1], Out: weight.Shape[0], Weight: weight.Data, Bias: bias.Data}, nil
}

func weightName(layer int) string { return fmt.Sprintf("layers.%d.weight", layer) }

func biasName(layer int) string { return fmt.Sprintf("layers.%d.bias", layer) }

// ToONNX returns an ONNX model. Its input "x" is [N, inputs], and its output "scores" is
// [N, outputs], the logits.
func ToONNX(m *Model) ([]byte, error) {
	var layers []onnx.Layer
	for _, l := range m.Layers {
		layers = append(layers, onnx.Layer(l))
	}
	return onnx.Encode(layers...)
}

// ToAPR returns an .apr file. The format holds only a binary logistic regression: one
// weight vector and intercept, the log-odds of class 1. Two outputs become their
// difference, rounded to float32: the same classifier up to rounding, with half as many
// parameters. For any other model the error wraps ErrNotRepresentable.
func ToAPR(m *Model) ([]byte, error) {
	if m.Architecture.Kind != LogisticRegression {
		return nil, fmt.Errorf("%w: an .apr logistic regression cannot hold a model of kind %q", ErrNotRepresentable, m.Architecture.Kind)
	}
	if n := m.Architecture.Classes(); n != 2 {
		return nil, fmt.Errorf("%w: an .apr logistic regression has 2 classes, and the model %d", ErrNotRepresentable, n)
	}
	// The format requires settings of the fit, so the crate's defaults are written. They do
	// not affect a prediction.
	file := apr.LogisticRegression{Fitted: true, LearningRate: 0.01, Iterations: 1000, Tolerance: 1e-4}
	file.Weights, file.Intercept = logOdds(m.Layers[0])
	return apr.Encode(file, apr.Metadata{})
}

// logOdds returns the weights and the intercept of the log-odds of class 1.
func logOdds(l Layer) ([]float32, float32) {
	if l.Out == 1 {
		return l.Weight, l.Bias[0]
	}
	weights := make([]float32, l.In)
	for j, w := range l.row(1) {
		weights[j] = w - l.row(0)[j]
	}
	return weights, l.Bias[1] - l.Bias[0]
}

// FromAPR reads a logistic regression from an .apr file as a model of one
// output, the log-odds of class 1.
func FromAPR(data []byte) (*Model, error) {
	file, _, err := apr.Decode(data)
	if err != nil {
		return nil, err
	}
	if !file.Fitted {
		return nil, fmt.Errorf("%w: the .apr file's logistic regression was never fitted and has no weights", ErrWeights)
	}
	arch := Architecture{Kind: LogisticRegression, Layers: []int{len(file.Weights), 1}}
	return New(arch, []Layer{{In: len(file.Weights), Out: 1, Weight: file.Weights, Bias: []float32{file.Intercept}}})
}
