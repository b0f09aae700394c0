// This file tests architecture, prediction and formats.

package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cupel/internal/sourcedigest"
	"cupel/model/apr"
	"cupel/model/kernel"
)

func logistic(layers ...int) Architecture {
	return Architecture{Kind: LogisticRegression, Layers: layers}
}

func mlp(layers ...int) Architecture {
	return Architecture{Kind: MLP, Layers: layers, Activation: ReLU}
}

// uniform returns n values in [-1, 1).
func uniform(r *rand.Rand, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = 2*r.Float32() - 1
	}
	return values
}

func randomModel(t testing.TB, arch Architecture, kernels kernel.Set) *Model {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(arch.Parameters())))
	var layers []Layer
	for i := range len(arch.Layers) - 1 {
		in, out := arch.Layers[i], arch.Layers[i+1]
		layers = append(layers, Layer{In: in, Out: out, Weight: uniform(r, in*out), Bias: uniform(r, out)})
	}
	m, err := newModel(arch, layers, kernels)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestArchitectureCounts(t *testing.T) {
	a := mlp(784, 128, 10)
	got := []int{a.Inputs(), a.Outputs(), a.Classes(), a.MultiplyAdds(), a.Parameters()}
	if diff := cmp.Diff([]int{784, 10, 10, 101632, 101770}, got); diff != "" {
		t.Error(diff)
	}
	if a := logistic(784, 1); a.Classes() != 2 || a.Parameters() != 785 {
		t.Errorf("log-odds: %d classes, %d parameters", a.Classes(), a.Parameters())
	}
	var none Architecture
	if none.Inputs()+none.Outputs()+none.Parameters()+none.MultiplyAdds() != 0 {
		t.Error("an architecture without layers counts something")
	}
	text, err := json.Marshal(logistic(784, 2))
	if err != nil || string(text) != `{"kind":"logistic-regression","layers":[784,2]}` {
		t.Errorf("%s, %v", text, err)
	}
}

func TestValidateRefuses(t *testing.T) {
	for says, a := range map[string]Architecture{
		`kind "svm"`:       {Kind: "svm", Layers: []int{1, 2}},
		"2 sizes":          logistic(1, 2, 3),
		"at least 3 sizes": mlp(4, 2),
		"64":               mlp(make([]int, 65)...),
		"activation":       {Kind: MLP, Layers: []int{1, 2, 3}, Activation: "tanh"},
		"size 1 is 0":      mlp(1, 0, 3),
		"size 0 is -1":     logistic(-1, 3),
		"parameters":       mlp(1<<28, 1<<28, 2),
		"257 outputs":      logistic(1, 257),
	} {
		if err := a.Validate(); !errors.Is(err, ErrArchitecture) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v does not say %q", a, err, says)
		}
	}
}

func TestNewRefusesWeightsThatDoNotFit(t *testing.T) {
	good := func() Layer { return Layer{In: 2, Out: 2, Weight: make([]float32, 4), Bias: make([]float32, 2)} }
	wide, short, nan, inf := good(), good(), good(), good()
	wide.In = 3
	short.Bias = short.Bias[:1]
	nan.Weight[3] = float32(math.NaN())
	inf.Bias[1] = float32(math.Inf(-1))
	for says, layers := range map[string][]Layer{
		"2 layers": {good(), good()}, "2 x 3": {wide}, "1 biases": {short},
		"weight [1][1] is NaN": {nan}, "bias [1] is -Inf": {inf},
	} {
		if _, err := New(logistic(2, 2), layers); !errors.Is(err, ErrWeights) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
	if _, err := New(logistic(2, 2), []Layer{good()}); err != nil {
		t.Error(err)
	}
}

var measured = []Architecture{
	logistic(784, 2), logistic(784, 1), logistic(784, 10), mlp(784, 128, 10),
	mlp(13, 70, 33, 5, 2), logistic(12544, 2), mlp(1, 1, 2),
}

// The protocol's tolerance is 1e-4 on differences of logits; 1e-4 of the
// magnitude that the logits can have here is stricter.
func TestScoresAgreeWithFloat64(t *testing.T) {
	for _, kernels := range kernel.Available() {
		for _, arch := range measured {
			t.Run(fmt.Sprint(kernels.Name(), arch.Layers), func(t *testing.T) {
				m := randomModel(t, arch, kernels)
				p := m.NewPredictor()
				x := uniform(rand.New(rand.NewPCG(3, 4)), arch.Inputs()+50)
				var scores []float32
				for row := range 50 {
					scores = p.Scores(scores, x[row:])
					want := m.ScoresFloat64(x[row:])
					for o := range want {
						if math.Abs(float64(scores[o])-want[o]) > 1e-4*max(1, math.Abs(want[o])) {
							t.Fatalf("row %d output %d: %v, want %v", row, o, scores[o], want[o])
						}
					}
					if got, want := p.Predict(x[row:]), highest(scores); got != want {
						t.Fatalf("row %d: label %d of scores %v", row, got, scores)
					}
				}
			})
		}
	}
}

// highest is the label by the definition.
func highest(scores []float32) int {
	if len(scores) == 1 {
		scores = []float32{0, scores[0]}
	}
	label := 0
	for k := range scores {
		if scores[k] > scores[label] {
			label = k
		}
	}
	return label
}

func TestLowestClassWinsATie(t *testing.T) {
	for out := 1; out <= 20; out++ {
		m, err := New(logistic(3, out), []Layer{{In: 3, Out: out, Weight: make([]float32, 3*out), Bias: make([]float32, out)}})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.NewPredictor().Predict([]float32{1, 2, 3}); got != 0 {
			t.Errorf("of %d equal scores class %d won", out, got)
		}
	}
}

func TestHighestOfIsTheDefinition(t *testing.T) {
	inf, zero := float32(math.Inf(1)), float32(0)
	values := []float32{-inf, -math.MaxFloat32, -1, -math.SmallestNonzeroFloat32, zero, math.SmallestNonzeroFloat32, 1, math.MaxFloat32, inf}
	r := rand.New(rand.NewPCG(8, 8))
	for n := 2; n <= maxOutputs; n++ {
		for range 50 {
			scores := make([]float32, n)
			for k := range scores {
				scores[k] = values[r.IntN(len(values))]
				if r.IntN(4) == 0 {
					scores[k] = float32(math.Copysign(0, -1))
				}
			}
			if got, want := highestOf(scores), highest(scores); got != want {
				t.Fatalf("%v: %d, want %d", scores, got, want)
			}
		}
	}
}

func TestPredictBatchTakesOverlappingRows(t *testing.T) {
	for _, arch := range measured {
		p := randomModel(t, arch, kernel.Best()).NewPredictor()
		for _, hop := range []int{1, 3, arch.Inputs()} {
			const rows = 37
			x := uniform(rand.New(rand.NewPCG(5, 6)), (rows-1)*hop+arch.Inputs())
			labels := make([]uint8, rows)
			p.PredictBatch(labels, x, hop)
			for i, got := range labels {
				if want := p.Predict(x[i*hop:]); int(got) != want {
					t.Fatalf("%v hop %d row %d: %d, want %d", arch.Layers, hop, i, got, want)
				}
			}
		}
	}
}

func TestPredictionAllocatesNothing(t *testing.T) {
	for _, arch := range measured {
		p := randomModel(t, arch, kernel.Best()).NewPredictor()
		x, labels, scores := make([]float32, arch.Inputs()+9), make([]uint8, 9), make([]float32, arch.Outputs())
		n := testing.AllocsPerRun(100, func() {
			p.Predict(x)
			p.PredictBatch(labels, x, 1)
			p.Scores(scores, x)
		})
		if n != 0 {
			t.Errorf("%v: %v allocations", arch.Layers, n)
		}
	}
}

func TestSafetensorsRoundTrip(t *testing.T) {
	for _, arch := range measured {
		m := randomModel(t, arch, kernel.Best())
		file, err := ToSafetensors(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := FromSafetensors(arch, file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got, cmpopts.IgnoreUnexported(Model{})); diff != "" {
			t.Error(diff)
		}
	}
}

func TestFromSafetensorsTakesTheFilesShapes(t *testing.T) {
	file, err := ToSafetensors(randomModel(t, logistic(784, 1), kernel.Best()))
	if err != nil {
		t.Fatal(err)
	}
	m, err := FromSafetensors(logistic(784, 2), file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(logistic(784, 1), m.Architecture); diff != "" {
		t.Error(diff)
	}
	if _, err := FromSafetensors(mlp(784, 128, 10), file); !errors.Is(err, ErrArchitecture) {
		t.Errorf("one layer as an MLP: %v", err)
	}
	file = bytes.Replace(file, []byte("layers.0.bias"), []byte("layers.0.bios"), 1)
	if _, err := FromSafetensors(logistic(784, 2), file); !errors.Is(err, ErrWeights) || !strings.Contains(err.Error(), "layers.0.bias") {
		t.Errorf("a bias of another name: %v", err)
	}
	if _, err := FromSafetensors(logistic(784, 2), file[:40]); err == nil {
		t.Error("a cut file was read")
	}
}

func TestToONNXHasTheWeights(t *testing.T) {
	file, err := ToONNX(randomModel(t, mlp(4, 3, 2), kernel.Best()))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"layers.0.weight", "layers.1.bias", "Relu", "scores"} {
		if !bytes.Contains(file, []byte(name)) {
			t.Errorf("no %s in the file", name)
		}
	}
}

func TestAPRHoldsTheLogOdds(t *testing.T) {
	for _, outputs := range []int{1, 2} {
		m := randomModel(t, logistic(784, outputs), kernel.Best())
		file, err := ToAPR(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := FromAPR(file)
		if err != nil {
			t.Fatal(err)
		}
		x := uniform(rand.New(rand.NewPCG(7, 8)), 784)
		scores := m.ScoresFloat64(x)
		want := scores[len(scores)-1]
		if outputs == 2 {
			want -= scores[0]
		}
		if odds := got.ScoresFloat64(x)[0]; math.Abs(odds-want) > 1e-5 {
			t.Errorf("%d outputs: log-odds %v, want %v", outputs, odds, want)
		}
	}
}

func TestAPRRefusesOtherModels(t *testing.T) {
	for says, arch := range map[string]Architecture{"mlp": mlp(4, 3, 2), "10": logistic(4, 10)} {
		if _, err := ToAPR(randomModel(t, arch, kernel.Best())); !errors.Is(err, ErrNotRepresentable) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v", arch, err)
		}
	}
	unfitted, err := apr.Encode(apr.LogisticRegression{}, apr.Metadata{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FromAPR(unfitted); !errors.Is(err, ErrWeights) {
		t.Errorf("unfitted: %v", err)
	}
}

func TestSourceDigestCoversTheEngineAlone(t *testing.T) {
	if d := SourceDigest(); len(d) != 64 {
		t.Errorf("digest %q", d)
	}
	for _, name := range []string{"model.go", "kernel/kernel_amd64.s", "kernel/matrix.go", "apr/apr.go", "onnx/onnx.go", "safetensors/safetensors.go"} {
		if _, err := source.ReadFile(name); err != nil {
			t.Error(err)
		}
	}
	files := func(names ...string) fstest.MapFS {
		m := fstest.MapFS{}
		for _, name := range names {
			m[name] = &fstest.MapFile{Data: []byte("package p")}
		}
		return m
	}
	of := func(m fstest.MapFS) string {
		digest, err := sourcedigest.Of(m)
		if err != nil {
			t.Fatal(err)
		}
		return digest
	}
	base := of(files("a.go", "k/b.s"))
	if of(files("a.go", "k/b.s", "a_test.go", "k/b_test.go")) != base {
		t.Error("a test changes the digest")
	}
	if of(files("a.go", "b.s")) == base || of(files("a.go")) == base {
		t.Error("a file moved or left out does not change the digest")
	}
	other := files("a.go", "k/b.s")
	other["k/b.s"].Data = []byte("package q")
	if of(other) == base {
		t.Error("another content does not change the digest")
	}
}
