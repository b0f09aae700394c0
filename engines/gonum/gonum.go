// Package gonum is the runner of gonum's BLAS in Go, in single precision. It computes a
// matrix product for each layer, as a typical small model on gonum does.
package gonum

import (
	"runtime"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	goengine "cupel/engines/go"
	"cupel/internal/contender"
	"cupel/internal/protocol"
	"cupel/internal/version"
	"cupel/model"
)

// Engine is the contender's engine.
type Engine struct{}

// Describe implements contender.Engine.
func (Engine) Describe() protocol.Hello {
	return protocol.Hello{
		Name: "gonum", Version: version.Of("gonum.org/v1/gonum"), Language: "go", Runtime: runtime.Version(),
		Device: "cpu", Precision: "f32", Scale: protocol.Logits, Formats: []string{protocol.FormatSafetensors},
	}
}

// Load implements contender.Engine.
func (Engine) Load(request protocol.LoadRequest) (contender.Model, error) {
	loaded, err := goengine.ReadModel(request)
	if err != nil {
		return nil, err
	}
	n := &network{architecture: loaded.Architecture}
	for _, l := range loaded.Layers {
		n.layers = append(n.layers, layer{
			weight: blas32.General{Rows: l.Out, Cols: l.In, Stride: l.In, Data: l.Weight},
			bias:   l.Bias,
			output: blas32.Vector{N: l.Out, Inc: 1, Data: make([]float32, l.Out)},
		})
	}
	return n, nil
}

type layer struct {
	weight blas32.General
	bias   []float32
	output blas32.Vector
}

type network struct {
	architecture model.Architecture
	layers       []layer
}

func (n *network) Parameters() int { return n.architecture.Parameters() }
func (n *network) Inputs() int     { return n.architecture.Inputs() }
func (n *network) Outputs() int    { return n.architecture.Outputs() }

func (n *network) forward(x []float32) []float32 {
	for i := range n.layers {
		l := &n.layers[i]
		copy(l.output.Data, l.bias)
		blas32.Gemv(blas.NoTrans, 1, l.weight, blas32.Vector{N: len(x), Inc: 1, Data: x}, 1, l.output)
		x = l.output.Data
		if i < len(n.layers)-1 {
			rectify(x)
		}
	}
	return x
}

func rectify(x []float32) {
	for i, v := range x {
		if v < 0 {
			x[i] = 0
		}
	}
}

func (n *network) Predict(x []float32) int {
	scores := n.forward(x)
	if len(scores) == 1 {
		if scores[0] > 0 {
			return 1
		}
		return 0
	}
	best := 0
	for class, score := range scores {
		if score > scores[best] {
			best = class
		}
	}
	return best
}

func (n *network) PredictBatch(labels []uint8, x []float32, hop int) {
	width := n.architecture.Inputs()
	for i := range labels {
		labels[i] = uint8(n.Predict(x[i*hop : i*hop+width]))
	}
}

func (n *network) Scores(dst, x []float32) { copy(dst, n.forward(x)) }
