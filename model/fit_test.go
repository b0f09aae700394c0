// This file tests fitting: what it learns, and that its bytes are the same everywhere.

package model

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"cupel/model/kernel"
)

// seedsData is the synthetic data of the published benchmark.
func seedsData() Examples {
	const rows, dim = 1000, 784
	e := Examples{Dim: dim, X: make([]float32, rows*dim), Labels: make([]uint8, rows)}
	for i := range rows {
		for j := range dim {
			e.X[i*dim+j] = float32((i*17+j*31)%256) / 255
		}
		if i%10 != 0 {
			e.Labels[i] = 1
		}
	}
	return e
}

var seedsConfig = FitConfig{Seed: 42, Epochs: 100, BatchSize: 10, LearningRate: 0.02, LearningRateDecay: 0.03}

func digest(t *testing.T, m *Model) string {
	t.Helper()
	file, err := ToSafetensors(m)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(file))
}

// The digest belongs to FitVersion 1. A change of the digest needs a new version.
func TestFitOfTheSeedsData(t *testing.T) {
	const want = "a76a58dc0b74252f2f77b954071a237ea12422c1577cebf9f99b4ae30fa46982"
	data := seedsData()
	for _, kernels := range kernel.Available() {
		t.Run(kernels.Name(), func(t *testing.T) {
			m, err := fitWith(t.Context(), logistic(784, 2), data, seedsConfig, kernels)
			if err != nil {
				t.Fatal(err)
			}
			if got := digest(t, m); got != want {
				t.Errorf("FitVersion %d: the model has digest %s, want %s", FitVersion, got, want)
			}
			// The best constant answer has 0.3251.
			if got := m.CrossEntropy(data); !(got < 0.31) {
				t.Errorf("cross-entropy %v", got)
			}
		})
	}
}

// ring has two classes that no line separates: inside and outside of a circle.
func ring(seed uint64, rows int) Examples {
	r := rand.New(rand.NewPCG(seed, seed))
	e := Examples{Dim: 2, X: uniform(r, 2*rows), Labels: make([]uint8, rows)}
	for i := range rows {
		if math.Hypot(float64(e.X[2*i]), float64(e.X[2*i+1])) < 0.75 {
			e.Labels[i] = 1
		}
	}
	return e
}

func TestFitOfAnMLP(t *testing.T) {
	const want = "3f5598eb7231b70ecee1ef077075a0084ab5d1f12e514ec24eb889641ffeaa35"
	train, test := ring(1, 2000), ring(2, 1000)
	config := FitConfig{Seed: 7, Epochs: 30, BatchSize: 16, LearningRate: 0.1}
	for _, kernels := range kernel.Available() {
		t.Run(kernels.Name(), func(t *testing.T) {
			m, err := fitWith(t.Context(), mlp(2, 37, 9, 2), train, config, kernels)
			if err != nil {
				t.Fatal(err)
			}
			if got := digest(t, m); got != want {
				t.Errorf("FitVersion %d: the model has digest %s, want %s", FitVersion, got, want)
			}
			if got := m.Accuracy(test); got < 0.96 {
				t.Errorf("accuracy %v", got)
			}
		})
	}
	line, err := Fit(t.Context(), logistic(2, 2), train, config)
	if err != nil {
		t.Fatal(err)
	}
	if got := line.Accuracy(test); got > 0.8 {
		t.Errorf("a line separates the ring with accuracy %v: the test of the MLP proves nothing", got)
	}
}

// blobs is separable: the class is the index of the highest value.
func blobs(rows, classes int) Examples {
	r := rand.New(rand.NewPCG(11, uint64(classes)))
	e := Examples{Dim: classes, X: uniform(r, classes*rows), Labels: make([]uint8, rows)}
	for i := range rows {
		e.Labels[i] = uint8(highest(e.row(i)))
	}
	return e
}

func TestFitOfSeparableClasses(t *testing.T) {
	for classes := 2; classes <= 20; classes += 3 {
		data := blobs(1500, classes)
		m, err := Fit(t.Context(), logistic(classes, classes), data, FitConfig{Epochs: 40, BatchSize: 8, LearningRate: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Accuracy(data); got < 0.9 {
			t.Errorf("%d classes: accuracy %v", classes, got)
		}
		if got := m.CrossEntropy(data); !(got < 0.5) {
			t.Errorf("%d classes: cross-entropy %v", classes, got)
		}
	}
}

// A model with one output, fitted at twice the rate, equals the model with two: the
// gradient of the difference is twice that of each output.
func TestOneOutputFitsTheSameModelAsTwo(t *testing.T) {
	data := blobs(500, 2)
	config := FitConfig{Epochs: 5, BatchSize: 50, LearningRate: 0.1, InOrder: true}
	both, err := Fit(t.Context(), logistic(2, 2), data, config)
	if err != nil {
		t.Fatal(err)
	}
	config.LearningRate *= 2
	odds, err := Fit(t.Context(), logistic(2, 1), data, config)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := both.CrossEntropy(data), odds.CrossEntropy(data); math.Abs(a-b) > 1e-6 {
		t.Errorf("cross-entropy %v of two outputs, %v of one", a, b)
	}
	w, b := logOdds(both.Layers[0])
	for j, v := range append(w, b) {
		if got := append(append([]float32{}, odds.Layers[0].Weight...), odds.Layers[0].Bias...)[j]; math.Abs(float64(got-v)) > 1e-5 {
			t.Errorf("parameter %d: %v of one output, %v of two", j, got, v)
		}
	}
}

// One step from zero by hand: the gradient is the mean of (p - target) x.
func TestOneStepByHand(t *testing.T) {
	data := Examples{X: []float32{1, 0, 0, 2}, Dim: 2, Labels: []uint8{0, 1}}
	m, err := Fit(t.Context(), logistic(2, 2), data, FitConfig{Epochs: 1, BatchSize: 2, LearningRate: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	// p is 1/2 everywhere, so a step is 0.5 * 1/2 * (1/2) of each input.
	want := []float32{0.125, -0.25, -0.125, 0.25}
	for i, v := range m.Layers[0].Weight {
		if v != want[i] {
			t.Errorf("weight %d is %v, want %v", i, v, want[i])
		}
	}
}

func TestSeedAndOrderMatter(t *testing.T) {
	data := ring(3, 200)
	digests := map[string]bool{}
	for _, c := range []FitConfig{{Seed: 1}, {Seed: 2}, {Seed: 1, InOrder: true}, {Seed: 1}} {
		c.Epochs, c.BatchSize, c.LearningRate = 2, 7, 0.1
		m, err := Fit(t.Context(), mlp(2, 8, 2), data, c)
		if err != nil {
			t.Fatal(err)
		}
		digests[digest(t, m)] = true
	}
	if len(digests) != 3 {
		t.Errorf("%d different models of two seeds and two orders, one of them twice", len(digests))
	}
}

func TestFitRefuses(t *testing.T) {
	good := FitConfig{Epochs: 1, BatchSize: 1, LearningRate: 1}
	data := Examples{X: []float32{1, 2}, Dim: 2, Labels: []uint8{0}}
	with := func(change func(*FitConfig)) FitConfig { c := good; change(&c); return c }
	nan := float32(math.NaN())
	for says, c := range map[string]struct {
		data   Examples
		config FitConfig
	}{
		"0 epochs":           {data, with(func(c *FitConfig) { c.Epochs = 0 })},
		"batch size of -1":   {data, with(func(c *FitConfig) { c.BatchSize = -1 })},
		"learning rate 0":    {data, with(func(c *FitConfig) { c.LearningRate = 0 })},
		"learning rate NaN":  {data, with(func(c *FitConfig) { c.LearningRate = nan })},
		"decay 1":            {data, with(func(c *FitConfig) { c.LearningRateDecay = 1 })},
		"examples of 3":      {Examples{X: data.X, Dim: 3, Labels: data.Labels}, good},
		"no examples":        {Examples{Dim: 2}, good},
		"2 values are not 2": {Examples{X: data.X, Dim: 2, Labels: []uint8{0, 0}}, good},
		"has label 2":        {Examples{X: data.X, Dim: 2, Labels: []uint8{2}}, good},
		"is NaN":             {Examples{X: []float32{1, nan}, Dim: 2, Labels: []uint8{0}}, good},
		"diverged":           {Examples{X: []float32{math.MaxFloat32, 1}, Dim: 2, Labels: []uint8{0}}, with(func(c *FitConfig) { c.LearningRate = 1e30 })},
	} {
		if _, err := Fit(t.Context(), logistic(2, 2), c.data, c.config); !errors.Is(err, ErrFit) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
}

func TestFitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, logistic(2, 2), ring(1, 10), FitConfig{Epochs: 1, BatchSize: 1, LearningRate: 1}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestExpIsCloseToTheExponential(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		x := -750 * r.Float64() * r.Float64()
		want := math.Exp(x)
		if x < -708 {
			want = 0
		}
		if got := exp(x); math.Abs(got-want) > 1e-15*want {
			t.Fatalf("exp(%v) is %v, want %v", x, got, want)
		}
	}
	if exp(0) != 1 || exp(math.Inf(-1)) != 0 || !math.IsNaN(exp(math.NaN())) || !math.IsInf(exp(800), 1) {
		t.Errorf("special values: %v %v %v %v", exp(0), exp(math.Inf(-1)), exp(math.NaN()), exp(800))
	}
}

// A known distribution: scores log 1, log 3 are 1/4 and 3/4.
func TestCrossEntropyOfAKnownDistribution(t *testing.T) {
	log3 := float32(math.Log(3))
	for _, c := range []struct {
		arch Architecture
		bias []float32
	}{{logistic(1, 2), []float32{0, log3}}, {logistic(1, 1), []float32{log3}}} {
		m, err := New(c.arch, []Layer{{In: 1, Out: len(c.bias), Weight: make([]float32, len(c.bias)), Bias: c.bias}})
		if err != nil {
			t.Fatal(err)
		}
		data := Examples{X: []float32{0, 0}, Dim: 1, Labels: []uint8{0, 1}}
		want := (math.Log(4) + math.Log(4./3)) / 2
		if got := m.CrossEntropy(data); math.Abs(got-want) > 1e-7 {
			t.Errorf("%v: %v, want %v", c.arch, got, want)
		}
		data.Labels[0] = 2
		if got := m.CrossEntropy(data); !math.IsNaN(got) {
			t.Errorf("a label that is no class: %v", got)
		}
	}
}
