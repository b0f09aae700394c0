// This file benchmarks the engine against gonum: the same models and the same rows. Each
// label chooses the next row, so a call can begin only after the previous one is done.

package model

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"cupel/model/kernel"
)

// gonumModel is the model as gonum's types.
type gonumModel struct {
	layers []blas32.General
	bias   [][]float32
	y      [][]float32
	dots   bool // one Dot for each output in place of one Gemv
}

func newGonum(m *Model, dots bool) *gonumModel {
	g := &gonumModel{dots: dots}
	for _, l := range m.Layers {
		g.layers = append(g.layers, blas32.General{Rows: l.Out, Cols: l.In, Stride: l.In, Data: l.Weight})
		g.bias = append(g.bias, l.Bias)
		g.y = append(g.y, make([]float32, l.Out))
	}
	return g
}

func (g *gonumModel) Predict(x []float32) int {
	for i, w := range g.layers {
		in, y := blas32.Vector{N: w.Cols, Inc: 1, Data: x}, g.y[i]
		copy(y, g.bias[i])
		if g.dots {
			for o := range y {
				y[o] += blas32.Dot(in, blas32.Vector{N: w.Cols, Inc: 1, Data: w.Data[o*w.Stride:]})
			}
		} else {
			blas32.Gemv(blas.NoTrans, 1, w, in, 1, blas32.Vector{N: w.Rows, Inc: 1, Data: y})
		}
		if i < len(g.layers)-1 {
			for o, v := range y {
				y[o] = max(v, 0)
			}
		}
		x = y
	}
	return highest(x)
}

type engine interface{ Predict(x []float32) int }

// chained predicts rows of overlapping windows. Each label decides the next row.
func chained(b *testing.B, e engine, inputs int) {
	const rows = 8192
	x := uniform(rand.New(rand.NewPCG(9, 9)), rows+inputs)
	row, k := 0, 0
	for b.Loop() {
		row = (5*row + 977 + e.Predict(x[row:row+inputs]) + k) % rows
		k++
	}
}

func BenchmarkPredict(b *testing.B) {
	for _, arch := range []Architecture{logistic(784, 2), logistic(784, 10), mlp(784, 128, 10)} {
		name := fmt.Sprint("model=", arch.Kind, arch.Layers[1:])
		for _, kernels := range kernel.Available() {
			engine := "engine=go"
			if kernels.Name() != kernel.Best().Name() {
				engine += "-" + kernels.Name()
			}
			b.Run(name+"/"+engine, func(b *testing.B) {
				chained(b, randomModel(b, arch, kernels).NewPredictor(), arch.Inputs())
			})
		}
		for engine, dots := range map[string]bool{"gonum": false, "gonum-dot": true} {
			b.Run(name+"/engine="+engine, func(b *testing.B) {
				chained(b, newGonum(randomModel(b, arch, kernel.Portable()), dots), arch.Inputs())
			})
		}
	}
}

func BenchmarkPredictBatch(b *testing.B) {
	const rows = 64
	for _, arch := range []Architecture{logistic(784, 2), logistic(784, 10), mlp(784, 128, 10)} {
		b.Run(fmt.Sprint("model=", arch.Kind, arch.Layers[1:]), func(b *testing.B) {
			p := randomModel(b, arch, kernel.Best()).NewPredictor()
			x := uniform(rand.New(rand.NewPCG(9, 9)), rows*arch.Inputs())
			labels := make([]uint8, rows)
			for b.Loop() {
				p.PredictBatch(labels, x, arch.Inputs())
			}
		})
	}
}

func BenchmarkFit(b *testing.B) {
	data := seedsData()
	config := seedsConfig
	config.Epochs = 1
	for b.Loop() {
		if _, err := Fit(b.Context(), logistic(784, 2), data, config); err != nil {
			b.Fatal(err)
		}
	}
}
