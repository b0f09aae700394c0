package reference

// This file tests boundary rows by experiment: float32 in any order of summation gets all
// of them right, and coarser weights get a third to a half of them wrong.

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cupel/internal/protocol"
	"cupel/model"
)

type testModel struct {
	name  string
	model *model.Model
}

func boundaryModels(t testing.TB) []testModel {
	t.Helper()
	return []testModel{
		{"synthetic 784-2", fittedOnSynthetic(t)},
		{"drawn 784-1", drawn(t, logistic(784, 1), 1)},
		{"digits 784-10", fittedOnDigits(t, logistic(784, 10))},
		{"digits 784-128-10", fittedOnDigits(t, mlp(784, 128, 10))},
		{"drawn 784-10", drawn(t, logistic(784, 10), 2)},
		{"drawn 784-64-32-2", drawn(t, mlp(784, 64, 32, 2), 4)},
	}
}

// dot32 is a float32 dot product in some order of summation, with the bias.
type dot32 func(weight, x []float32, bias float32) float32

func forwards(weight, x []float32, bias float32) float32 {
	sum := bias
	for i := range weight {
		sum += float32(weight[i] * x[i])
	}
	return sum
}

func backwards(weight, x []float32, bias float32) float32 {
	sum := float32(0)
	for i := len(weight) - 1; i >= 0; i-- {
		sum += float32(weight[i] * x[i])
	}
	return sum + bias
}

func pairwise(weight, x []float32, bias float32) float32 {
	return halves(weight, x) + bias
}

func halves(weight, x []float32) float32 {
	if len(weight) == 1 {
		return float32(weight[0] * x[0])
	}
	middle := len(weight) / 2
	return halves(weight[:middle], x[:middle]) + halves(weight[middle:], x[middle:])
}

// ascending adds the negative products first: the order in which a partial sum
// grows largest, and with it the rounding.
func ascending(weight, x []float32, bias float32) float32 {
	sum := float32(0)
	for _, negative := range []bool{true, false} {
		for i := range weight {
			if product := float32(weight[i] * x[i]); (product < 0) == negative {
				sum += product
			}
		}
	}
	return sum + bias
}

// sums are the tested orders of summation.
var sums = map[string]dot32{"forwards": forwards, "backwards": backwards, "pairwise": pairwise, "ascending": ascending}

// labelled returns the label in float32 with this order of summation.
func labelled(m *model.Model, dot dot32, x []float32) byte {
	for i, l := range m.Layers {
		y := make([]float32, l.Out)
		for o := range y {
			y[o] = dot(l.Weight[o*l.In:(o+1)*l.In], x, l.Bias[o])
			if i < len(m.Layers)-1 {
				y[o] = max(0, y[o])
			}
		}
		x = y
	}
	if len(x) == 1 {
		x = []float32{0, x[0]}
	}
	best := 0
	for class := range x {
		if x[class] > x[best] {
			best = class
		}
	}
	return byte(best)
}

// inOrder asks for each of n rows once.
func inOrder(n, dim int) protocol.InferRequest {
	return protocol.InferRequest{Rows: n, Dim: dim, Hop: dim, Batch: 1, Calls: n, Want: true}
}

// labels returns the labels that label gives to the boundary's rows.
func labels(boundary *Boundary, dim int, label func(x []float32) byte) []byte {
	given := make([]byte, len(boundary.Labels))
	for i := range given {
		given[i] = label(boundary.Values[i*dim : (i+1)*dim])
	}
	return given
}

func boundaryOf(t testing.TB, m *model.Model, n int) *Boundary {
	t.Helper()
	boundary, err := New(m).BoundaryRows(rand.New(rand.NewPCG(1, 2)), n)
	if err != nil {
		t.Fatal(err)
	}
	return boundary
}

func TestBoundary(t *testing.T) {
	const rows = 200
	for _, test := range boundaryModels(t) {
		boundary := boundaryOf(t, test.model, rows)
		t.Run(test.name, func(t *testing.T) { checkClaims(t, test.model, boundary) })
		t.Run(test.name+" honest", func(t *testing.T) { checkHonest(t, test.model, boundary) })
		t.Run(test.name+" tampered", func(t *testing.T) { checkTampered(t, test.model, boundary) })
	}
}

// answered returns the result of a contender that takes each row once and labels it by
// label.
func answered(m *model.Model, boundary *Boundary, label func(x []float32) byte) BoundaryResult {
	dim := m.Architecture.Inputs()
	return boundary.Check(inOrder(len(boundary.Labels), dim), labels(boundary, dim, label))
}

func checkHonest(t *testing.T, m *model.Model, boundary *Boundary) {
	own := m.NewPredictor()
	honest := map[string]func(x []float32) byte{"own engine": func(x []float32) byte { return byte(own.Predict(x)) }}
	for name, dot := range sums {
		honest[name] = func(x []float32) byte { return labelled(m, dot, x) }
	}
	for name, label := range honest {
		if got := answered(m, boundary, label); got != (BoundaryResult{Checked: len(boundary.Labels)}) || got.Err() != nil {
			t.Errorf("%s: %+v, %v", name, got, got.Err())
		}
	}
}

func checkTampered(t *testing.T, m *model.Model, boundary *Boundary) {
	for name, label := range tamperings(t, m) {
		imprecision := new(ImprecisionError)
		got := answered(m, boundary, label)
		t.Logf("%s: %d of %d wrong", name, got.Wrong, got.Checked)
		if !errors.As(got.Err(), &imprecision) || imprecision.Wrong != got.Wrong {
			t.Errorf("%s: %+v, %v", name, got, got.Err())
		}
	}
}

// tamperings compute with the engine's float32, and with less of the model.
func tamperings(t testing.TB, m *model.Model) map[string]func(x []float32) byte {
	labelling := map[string]func(x []float32) byte{}
	for name, change := range coarsenings {
		p := coarsened(t, m, change).NewPredictor()
		labelling[name] = func(x []float32) byte { return byte(p.Predict(x)) }
	}
	p := m.NewPredictor()
	labelling["every other pixel"] = func(x []float32) byte {
		left := slices.Clone(x)
		for i := 1; i < len(left); i += 2 {
			left[i] = 0
		}
		return byte(p.Predict(left))
	}
	return labelling
}

// checkClaims checks the statements at BoundaryRows by scores of the model package.
func checkClaims(t *testing.T, m *model.Model, boundary *Boundary) {
	dim := m.Architecture.Inputs()
	lead := map[[2]int]int{}
	for i, label := range boundary.Labels {
		x := boundary.Values[i*dim : (i+1)*dim]
		if slices.Min(x) < -1 || slices.Max(x) > 1 {
			t.Fatalf("row %d leaves [-1, 1]", i)
		}
		logits := perClass(m.ScoresFloat64(x))
		order := descending(logits)
		if int(label) != order[0] {
			t.Fatalf("row %d: label %d of scores %v", i, label, logits)
		}
		checkMargin(t, m, x, logits, order)
		if order[0] < order[1] {
			lead[[2]int{order[0], order[1]}]++
		} else {
			lead[[2]int{order[1], order[0]}]--
		}
	}
	for pair, ahead := range lead {
		if ahead < -1 || ahead > 1 {
			t.Errorf("classes %v: the first has %d labels more", pair, ahead)
		}
	}
}

// checkMargin computes the margin of a model with one layer by its definition.
func checkMargin(t *testing.T, m *model.Model, x []float32, logits []float64, order []int) {
	t.Helper()
	margin := logits[order[0]] - logits[order[1]]
	if len(m.Layers) == 1 {
		squares := 0.0
		for _, class := range order[:2] {
			magnitude := magnitudeOf(m.Layers[0], class-(len(logits)-m.Layers[0].Out), x)
			squares += magnitude * magnitude
		}
		if relative := margin / math.Sqrt(squares); relative < 1.499e-6 || relative > 3.001e-6 {
			t.Fatalf("margin %v of the magnitude", relative)
		}
	} else if margin < 1.499e-6 || margin > 1e-3 {
		t.Fatalf("margin %v", margin)
	}
	if len(order) > 2 && logits[order[1]]-logits[order[2]] < 5*margin {
		t.Fatalf("three classes are close: %v", logits)
	}
}

func magnitudeOf(l model.Layer, output int, x []float32) float64 {
	if output < 0 {
		return 0
	}
	sum := math.Abs(float64(l.Bias[output]))
	for i, weight := range l.Weight[output*l.In : (output+1)*l.In] {
		sum += math.Abs(float64(weight) * float64(x[i]))
	}
	return sum
}

func perClass(scores []float64) []float64 {
	if len(scores) == 1 {
		return []float64{0, scores[0]}
	}
	return scores
}

// descending returns the classes in descending order of their logits.
func descending(logits []float64) []int {
	order := make([]int, len(logits))
	for class := range order {
		order[class] = class
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(logits[b], logits[a]) })
	return order
}

// By hand: the first hidden unit is 3.5 from summands of 3.5, the second at zero.
func TestMagnitudeOfAnMLP(t *testing.T) {
	m := made(t, mlp(2, 2, 2), []model.Layer{
		{In: 2, Out: 2, Weight: []float32{1, 2, -1, -1}, Bias: []float32{0.5, 0}},
		{In: 2, Out: 2, Weight: []float32{3, 5, -4, 6}, Bias: []float32{-1, 0}},
	})
	network, x := newNetwork(m), []float64{1, 1}
	s := network.newScratch()
	network.logits(x, s)
	want := math.Sqrt(11.5*11.5 + 10.5*10.5 + 14*14 + 14*14)
	if got := newMagnitudes(network).of(x, s, 0, 1); math.Abs(got-want) > 1e-12*want {
		t.Errorf("magnitude %v, want %v", got, want)
	}
}

func TestBoundaryRowsDependOnTheDrawAlone(t *testing.T) {
	m := drawn(t, logistic(20, 3), 5)
	first, same := boundaryOf(t, m, 40), boundaryOf(t, m, 40)
	if !slices.Equal(first.Values, same.Values) || !slices.Equal(first.Labels, same.Labels) {
		t.Error("the same draw gave other rows")
	}
	other, err := New(m).BoundaryRows(rand.New(rand.NewPCG(1, 3)), 40)
	if err != nil || slices.Equal(first.Values, other.Values) || slices.Equal(first.Labels, other.Labels) {
		t.Errorf("another draw gave the same rows: %v", err)
	}
}

// With tiny weights a margin relative to them would vanish between two float32
// probabilities.
func TestBoundaryRowsSpareProbabilities(t *testing.T) {
	const rows = 500
	m := coarsened(t, drawn(t, logistic(784, 1), 6), func(w []float32) []float32 { return scaled(w, 1e-3) })
	m.Layers[0].Bias[0] = 1e-3
	m = made(t, m.Architecture, m.Layers)
	boundary := boundaryOf(t, m, rows)
	given := labels(boundary, 784, func(x []float32) byte {
		odds := forwards(m.Layers[0].Weight, x, m.Layers[0].Bias[0])
		probability := 1 / (1 + float32(math.Exp(float64(-odds))))
		if probability > 0.5 {
			return 1
		}
		return 0
	})
	if got := boundary.Check(inOrder(rows, 784), given); got.Wrong != 0 {
		t.Errorf("%+v", got)
	}
}

func TestNoBoundary(t *testing.T) {
	constant := func(architecture model.Architecture, change func([]float32) []float32) *model.Model {
		m := coarsened(t, drawn(t, architecture, 7), change)
		last := m.Layers[len(m.Layers)-1]
		for output := range last.Bias {
			last.Bias[output] = float32(output + 1)
		}
		return made(t, m.Architecture, m.Layers)
	}
	none := func(w []float32) []float32 { return scaled(w, 0) }
	little := func(w []float32) []float32 { return scaled(w, 1e-3) }
	// Where classes 0 and 2 meet, class 1 is never further off than class 0.
	twins := made(t, logistic(2, 3), []model.Layer{{In: 2, Out: 3, Weight: []float32{1, 2, 1, 2, -2, -1}, Bias: make([]float32, 3)}})
	for name, m := range map[string]*model.Model{
		"a third class":           twins,
		"no weights":              constant(logistic(4, 2), none),
		"weights out of reach":    constant(logistic(4, 3), little),
		"one output out of reach": constant(logistic(4, 1), little),
		"MLP":                     constant(mlp(4, 3, 2), little),
	} {
		if _, err := New(m).BoundaryRows(rand.New(rand.NewPCG(1, 2)), 1); !errors.Is(err, ErrNoBoundary) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A chained request: the labels are compared along the path that they make.
func TestBoundaryCheckFollowsTheCalls(t *testing.T) {
	boundary := &Boundary{Labels: []byte{0, 1, 1, 0, 1}}
	first, step := 2, 2
	request := protocol.InferRequest{Rows: 5, Dim: 1, Hop: 1, Batch: 1, First: &first, Step: &step, Warmup: 1, Calls: 4}
	// k=0 (warm-up) row 2 label 1: 10+2+1+0=13 -> 3; k=1 row 3 label 0: 15+2+0+1=18 -> 3;
	// k=2 row 3 label 0: 15+2+0+2=19 -> 4; k=3 row 4 label 1: 20+2+1+3=26 -> 1; k=4 row 1.
	if got := boundary.Check(request, []byte{0, 0, 1, 1}); got != (BoundaryResult{Checked: 4}) || got.Err() != nil {
		t.Errorf("right labels: %+v", got)
	}
	// k=1 row 3 label 1: 15+2+1+1=19 -> 4; k=2 row 4 label 1: 20+2+1+2=25 -> 0; k=3 row 0
	// label 1: 0+2+1+3=6 -> 1; k=4 row 1.
	got := boundary.Check(request, []byte{1, 1, 1, 1})
	if got != (BoundaryResult{Checked: 4, Wrong: 2}) {
		t.Errorf("constant labels: %+v", got)
	}
	if err := got.Err(); err == nil || !strings.HasPrefix(err.Error(), "2 of 4 labels") {
		t.Errorf("error %v", err)
	}
	if got := boundary.Check(protocol.InferRequest{Rows: 5, Batch: 2, Warmup: 1, Calls: 3}, []byte{0, 1, 1, 0, 1, 1}); got != (BoundaryResult{Checked: 6, Wrong: 1}) {
		t.Errorf("batches, the last wrapping round: %+v", got)
	}
}

func TestAQuarterWrongIsAllowed(t *testing.T) {
	if err := (BoundaryResult{Checked: 100, Wrong: 25}).Err(); err != nil {
		t.Error(err)
	}
	if err := (BoundaryResult{Checked: 100, Wrong: 26}).Err(); err == nil {
		t.Error("26 of 100 passed")
	}
	if err := (BoundaryResult{}).Err(); err != nil {
		t.Error(err)
	}
}

func BenchmarkBoundaryRows(b *testing.B) {
	for _, architecture := range []model.Architecture{logistic(784, 2), logistic(784, 10), mlp(784, 128, 10)} {
		b.Run(fmt.Sprint(architecture.Layers), func(b *testing.B) {
			reference, random := New(drawn(b, architecture, 1)), rand.New(rand.NewPCG(1, 2))
			const rows = 20
			for b.Loop() {
				if _, err := reference.BoundaryRows(random, rows); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows*b.N), "ns/row")
		})
	}
}

// coarsenings change a layer's weights.
var coarsenings = map[string]func([]float32) []float32{
	"bfloat16":       func(w []float32) []float32 { return significant(w, 8, -126) },
	"float16":        func(w []float32) []float32 { return significant(w, 11, -14) },
	"int8":           int8PerTensor,
	"scaled by 1.01": func(w []float32) []float32 { return scaled(w, 1.01) },
}

// significant rounds to a number of significant bits, and to fewer below 2^least.
func significant(weights []float32, bits, least int) []float32 {
	rounded := make([]float32, len(weights))
	for i, weight := range weights {
		_, exponent := math.Frexp(float64(weight))
		unit := math.Ldexp(1, max(exponent-1, least)-(bits-1))
		rounded[i] = float32(math.RoundToEven(float64(weight)/unit) * unit)
	}
	return rounded
}

func int8PerTensor(weights []float32) []float32 {
	largest := 0.0
	for _, weight := range weights {
		largest = max(largest, math.Abs(float64(weight)))
	}
	rounded := make([]float32, len(weights))
	for i, weight := range weights {
		rounded[i] = float32(math.RoundToEven(float64(weight)*127/largest) * largest / 127)
	}
	return rounded
}

// coarsened returns the model with changed weights and the same biases.
func coarsened(t testing.TB, m *model.Model, change func([]float32) []float32) *model.Model {
	t.Helper()
	var layers []model.Layer
	for _, l := range m.Layers {
		l.Weight = change(l.Weight)
		layers = append(layers, l)
	}
	return made(t, m.Architecture, layers)
}
