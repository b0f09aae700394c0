package reference

// This file holds the models of the tests.

import (
	"math"
	"math/rand/v2"
	"testing"

	"cupel/internal/dataset"
	"cupel/model"
)

func logistic(layers ...int) model.Architecture {
	return model.Architecture{Kind: model.LogisticRegression, Layers: layers}
}

func mlp(layers ...int) model.Architecture {
	return model.Architecture{Kind: model.MLP, Layers: layers, Activation: model.ReLU}
}

func uniform(random *rand.Rand, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = 2*random.Float32() - 1
	}
	return values
}

// drawn is a model with weights from [-b, b], b = sqrt(6/inputs), and biases from
// a tenth of [-1, 1].
func drawn(t testing.TB, architecture model.Architecture, seed uint64) *model.Model {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	var layers []model.Layer
	for i := range len(architecture.Layers) - 1 {
		in, out := architecture.Layers[i], architecture.Layers[i+1]
		bound := float32(math.Sqrt(6 / float64(in)))
		layers = append(layers, model.Layer{
			In: in, Out: out, Weight: scaled(uniform(random, in*out), bound), Bias: scaled(uniform(random, out), 0.1),
		})
	}
	return made(t, architecture, layers)
}

func scaled(values []float32, factor float32) []float32 {
	products := make([]float32, len(values))
	for i, value := range values {
		products[i] = factor * value
	}
	return products
}

func made(t testing.TB, architecture model.Architecture, layers []model.Layer) *model.Model {
	t.Helper()
	m, err := model.New(architecture, layers)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// fittedOnSynthetic returns a model that is fitted as in the suite mnist-logreg.
func fittedOnSynthetic(t testing.TB) *model.Model {
	t.Helper()
	return fitted(t, logistic(dataset.SyntheticDim, 2), dataset.Synthetic(dataset.SyntheticRows, dataset.SyntheticDim),
		model.FitConfig{Seed: 42, Epochs: 100, BatchSize: 10, LearningRate: 0.02, LearningRateDecay: 0.03})
}

// fittedOnDigits returns a model fitted to the first images of MNIST, which are enough to
// give the weights the structure of digits.
func fittedOnDigits(t testing.TB, architecture model.Architecture) *model.Model {
	t.Helper()
	const images = 2000
	train, _, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	train.X, train.Labels = train.X[:images*train.Dim], train.Labels[:images]
	return fitted(t, architecture, train, model.FitConfig{Seed: 42, Epochs: 2, BatchSize: 32, LearningRate: 0.1})
}

func fitted(t testing.TB, architecture model.Architecture, data dataset.Examples, config model.FitConfig) *model.Model {
	t.Helper()
	m, err := model.Fit(t.Context(), architecture, model.Examples{X: data.X, Dim: data.Dim, Labels: data.Labels}, config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
