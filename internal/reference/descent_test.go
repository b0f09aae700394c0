package reference

// This file tests the judgement of trainings: honest ones in float32 of several kinds pass,
// and each other way of training fails.

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cupel/internal/protocol"
	"cupel/model"
)

// trainingData draws rows in [0, 1], half of the values zero, as pixels are, with
// labels that depend on them.
func trainingData(rows, dim, classes int) ([]float32, []uint8) {
	random := rand.New(rand.NewPCG(7, uint64(rows)))
	x, labels := make([]float32, rows*dim), make([]uint8, rows)
	for i := range rows {
		best := -1.0
		for j := range dim {
			if random.Uint64()&1 == 0 {
				continue
			}
			value := random.Float32()
			x[i*dim+j] = value
			if float64(value) > best && j < classes {
				best, labels[i] = float64(value), uint8(j)
			}
		}
	}
	return x, labels
}

func trainRequest(rows, dim, classes, epochs, batch int, rate float64) protocol.TrainRequest {
	return protocol.TrainRequest{
		Inputs: "x", Labels: "y", Weights: "w", Rows: rows, Dim: dim, Classes: classes,
		Architecture: model.Architecture{Kind: model.LogisticRegression, Layers: []int{dim, classes}},
		Epochs:       epochs, LearningRate: rate, Batch: batch,
	}
}

// plain is a simple training in float32: every sum is one chain.
type plain struct {
	request protocol.TrainRequest
	penalty float32
	// The protocol does not allow momentum and shuffle.
	momentum float32
	shuffle  bool
}

func (p plain) train(x []float32, labels []uint8) []model.Layer {
	dim, classes := p.request.Dim, p.request.Classes
	layer := model.Layer{In: dim, Out: classes, Weight: make([]float32, dim*classes), Bias: make([]float32, classes)}
	speed := make([]float32, (dim+1)*classes)
	order := make([]int, p.request.Rows)
	for i := range order {
		order[i] = i
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range p.request.Epochs {
		if p.shuffle {
			random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		for at := 0; at < len(order); at += p.request.Batch {
			batch := order[at:min(at+p.request.Batch, len(order))]
			gradient := make([]float32, (dim+1)*classes)
			for _, row := range batch {
				values := x[row*dim : (row+1)*dim]
				for k, wrong := range errorsOf(layer, values, int(labels[row])) {
					for j, value := range values {
						gradient[k*dim+j] += wrong * value
					}
					gradient[classes*dim+k] += wrong
				}
			}
			for i := range gradient {
				speed[i] = p.momentum*speed[i] + gradient[i]/float32(len(batch))
			}
			rate := float32(p.request.LearningRate)
			for i, w := range layer.Weight {
				layer.Weight[i] -= rate * (speed[i] + p.penalty*w)
			}
			for k := range layer.Bias {
				layer.Bias[k] -= rate * speed[classes*dim+k]
			}
		}
	}
	return []model.Layer{layer}
}

func errorsOf(layer model.Layer, x []float32, label int) []float32 {
	scores := make([]float32, layer.Out)
	for k := range scores {
		scores[k] = layer.Bias[k]
		for j, value := range x {
			scores[k] += layer.Weight[k*layer.In+j] * value
		}
	}
	total := float32(0)
	for k, score := range scores {
		scores[k] = float32(math.Exp(float64(score)))
		total += scores[k]
	}
	for k := range scores {
		scores[k] /= total
	}
	scores[label]--
	return scores
}

func content(t *testing.T, layers []model.Layer) (protocol.Train, []byte) {
	t.Helper()
	m, err := model.New(model.Architecture{Kind: model.LogisticRegression, Layers: []int{layers[0].In, layers[0].Out}}, layers)
	if err != nil {
		t.Fatal(err)
	}
	text, err := model.ToSafetensors(m)
	if err != nil {
		t.Fatal(err)
	}
	return protocol.Train{Parameters: int64(m.Architecture.Parameters())}, text
}

// oneOutput returns the model with one output that stands for two.
func oneOutput(layers []model.Layer) []model.Layer {
	in := layers[0].In
	one := model.Layer{In: in, Out: 1, Weight: make([]float32, in), Bias: []float32{layers[0].Bias[1] - layers[0].Bias[0]}}
	for j := range in {
		one.Weight[j] = layers[0].Weight[in+j] - layers[0].Weight[j]
	}
	return []model.Layer{one}
}

// The sizes of the built-in models, full batch and several batches with a last
// one that is smaller.
var trainings = map[string]protocol.TrainRequest{
	"two classes, full batch":   trainRequest(200, 784, 2, 20, 200, 0.01),
	"two classes, batches":      trainRequest(200, 784, 2, 4, 32, 0.01),
	"ten classes, full batch":   trainRequest(150, 784, 10, 6, 150, 0.01),
	"ten classes, batches":      trainRequest(150, 784, 10, 3, 32, 0.01),
	"small, batches of one":     trainRequest(200, 19, 2, 3, 1, 0.1),
	"many rows in one sum":      trainRequest(20_000, 20, 2, 3, 20_000, 0.1),
	"twenty classes, one epoch": trainRequest(100, 40, 20, 1, 7, 0.05),
}

func TestHonestTrainingsPass(t *testing.T) {
	for name, request := range trainings {
		t.Run(name, func(t *testing.T) {
			x, labels := trainingData(request.Rows, request.Dim, request.Classes)
			descent, err := NewDescent(request, x, labels)
			if err != nil {
				t.Fatal(err)
			}
			fitted, err := model.Fit(t.Context(), request.Architecture, model.Examples{X: x, Dim: request.Dim, Labels: labels},
				model.FitConfig{Epochs: request.Epochs, BatchSize: request.Batch, LearningRate: float32(request.LearningRate), InOrder: true})
			if err != nil {
				t.Fatal(err)
			}
			written := plain{request: request}.train(x, labels)
			honest := map[string][]model.Layer{"this project's": fitted.Layers, "one chain a sum": written}
			if request.Classes == 2 {
				honest["one output"] = oneOutput(written)
			}
			for kind, layers := range honest {
				if err := descent.Check(content(t, layers)); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
		})
	}
}

// The order of the rows makes no difference to a full batch, so shuffling shows only in
// smaller batches.
func TestOtherTrainingsFail(t *testing.T) {
	for name, request := range trainings {
		t.Run(name, func(t *testing.T) {
			x, labels := trainingData(request.Rows, request.Dim, request.Classes)
			descent, err := NewDescent(request, x, labels)
			if err != nil {
				t.Fatal(err)
			}
			fewer, faster, doubled, unlike := request, request, request, request
			fewer.Epochs--
			faster.LearningRate *= 1.001
			doubled.LearningRate *= 2
			unlike.Batch = max(1, request.Batch/2)
			tampered := map[string][]model.Layer{
				"an epoch too few":                  plain{request: fewer}.train(x, labels),
				"a rate off by a thousandth":        plain{request: faster}.train(x, labels),
				"twice the rate":                    plain{request: doubled}.train(x, labels),
				"a penalty":                         plain{request: request, penalty: 1e-2}.train(x, labels),
				"momentum":                          plain{request: request, momentum: 0.1}.train(x, labels),
				"weights of eight bits of mantissa": coarse(plain{request: request}.train(x, labels)),
				"weights of another training":       plain{request: request}.train(reversed(x), labels),
			}
			if request.Batch != unlike.Batch {
				tampered["smaller batches"] = plain{request: unlike}.train(x, labels)
			}
			if request.Batch < request.Rows {
				tampered["rows in another order"] = plain{request: request, shuffle: true}.train(x, labels)
			}
			if request.Classes == 2 {
				half := oneOutput(plain{request: request}.train(x, labels))
				for j := range half[0].Weight {
					half[0].Weight[j] /= 2
				}
				tampered["one output at the rate of two"] = half
			}
			for kind, layers := range tampered {
				if err := descent.Check(content(t, layers)); err == nil || !strings.Contains(err.Error(), "rounding explains") {
					t.Errorf("%s: error %v", kind, err)
				}
			}
		})
	}
}

// coarse rounds weights as bfloat16 does.
func coarse(layers []model.Layer) []model.Layer {
	for j, w := range layers[0].Weight {
		layers[0].Weight[j] = math.Float32frombits((math.Float32bits(w) + 1<<15) &^ (1<<16 - 1))
	}
	return layers
}

func reversed(x []float32) []float32 {
	back := make([]float32, len(x))
	for i, value := range x {
		back[len(x)-1-i] = value
	}
	return back
}

func TestWeightsThatAreNoModelFail(t *testing.T) {
	request := trainings["small, batches of one"]
	x, labels := trainingData(request.Rows, request.Dim, request.Classes)
	descent, err := NewDescent(request, x, labels)
	if err != nil {
		t.Fatal(err)
	}
	reply, good := content(t, plain{request: request}.train(x, labels))
	_, wide := content(t, []model.Layer{{In: 20, Out: 2, Weight: make([]float32, 40), Bias: make([]float32, 2)}})
	_, many := content(t, []model.Layer{{In: 19, Out: 3, Weight: make([]float32, 57), Bias: make([]float32, 3)}})
	for reason, text := range map[string][]byte{
		"can't be read":      good[:len(good)-1],
		"of shape [20 2]":    wide,
		"of shape [19 3]":    many,
		"can't be read: saf": nil,
	} {
		if err := descent.Check(reply, text); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("error %v, want one with %q", err, reason)
		}
	}
	reply.Parameters--
	if err := descent.Check(reply, good); err == nil || !strings.Contains(err.Error(), "parameters is 39") {
		t.Errorf("error %v", err)
	}
}

func TestTrainingsThatCannotBeJudgedAreErrors(t *testing.T) {
	request := trainings["two classes, full batch"]
	x, labels := trainingData(request.Rows, request.Dim, request.Classes)
	wild := request
	wild.LearningRate = 1e3
	for name, test := range map[string]struct {
		request protocol.TrainRequest
		x       []float32
		labels  []uint8
		reason  string
	}{
		"rounding decides":   {wild, x, labels, "a lower learning rate"},
		"too few values":     {request, x[1:], labels, "values"},
		"a label of class 2": {request, x, append([]uint8{2}, labels[1:]...), "label 2 of 2"},
		"no epochs":          {trainRequest(200, 784, 2, 0, 1, 1), x, labels, "at least 1"},
	} {
		if _, err := NewDescent(test.request, test.x, test.labels); err == nil || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.reason)
		}
	}
}

func TestReadWeightsRefusesWhatIsNoModel(t *testing.T) {
	dir := t.TempDir()
	request := trainings["small, batches of one"]
	for reason, write := range map[string]func(path string) error{
		"":                 func(path string) error { return os.WriteFile(path, []byte("content"), 0o644) },
		"wrote no weights": func(string) error { return nil },
		"no plain file":    func(path string) error { return os.Symlink("/dev/zero", path) },
		"bytes for 40":     func(path string) error { return os.WriteFile(path, make([]byte, 1<<17), 0o644) },
	} {
		request.Weights = filepath.Join(dir, "weights "+reason)
		if err := write(request.Weights); err != nil {
			t.Fatal(err)
		}
		content, err := ReadWeights(request)
		if reason == "" && (err != nil || string(content) != "content") {
			t.Errorf("%q, %v", content, err)
		}
		if reason != "" && (err == nil || !strings.Contains(err.Error(), reason)) {
			t.Errorf("error %v, want one with %q", err, reason)
		}
	}
}
