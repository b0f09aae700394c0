package workload

// This file makes the models that inference is probed with: of the suite's shape, wider
// and heavier. Nothing outside of this package and the suite knows that a model is a chain
// of layers.

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"cupel/internal/draw"
	"cupel/model"
)

// Wider is an architecture for inputs that are so many times as wide.
func (Infer) Wider(architecture model.Architecture, times int) model.Architecture {
	architecture.Layers = slices.Clone(architecture.Layers)
	architecture.Layers[0] *= times
	return architecture
}

// Heavier is an architecture for the same inputs with nearly so many times the
// multiply-adds: the first layer has most of them.
func (Infer) Heavier(architecture model.Architecture, times int) model.Architecture {
	architecture.Layers = slices.Clone(architecture.Layers)
	architecture.Layers[1] *= times
	return architecture
}

// Shape is an architecture in words: the number of inputs, the width of each hidden layer
// and the number of outputs.
func Shape(architecture model.Architecture) string {
	var parts []string
	for _, size := range architecture.Layers {
		parts = append(parts, strconv.Itoa(size))
	}
	return strings.Join(parts, " -> ")
}

// Draw makes a model with weights drawn at random, of a size that keeps scores of any
// width alike.
func (Infer) Draw(random *rand.Rand, architecture model.Architecture) (*model.Model, error) {
	var layers []model.Layer
	for i, out := range architecture.Layers[1:] {
		in := architecture.Layers[i]
		layer := model.Layer{In: in, Out: out, Weight: draw.Values(random, in*out), Bias: make([]float32, out)}
		size := float32(math.Sqrt(3 / float64(in)))
		for j := range layer.Weight {
			layer.Weight[j] *= size
		}
		layers = append(layers, layer)
	}
	return model.New(architecture, layers)
}
