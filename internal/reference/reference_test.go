package reference

// This file tests what counts as a right answer, at the edges of the tolerances.

import (
	"errors"
	"math"
	"strings"
	"testing"

	"cupel/internal/protocol"
	"cupel/model"
)

// identity answers with the larger of its inputs' index.
func identity(t *testing.T, classes int) *Reference {
	t.Helper()
	weight := make([]float32, classes*classes)
	for i := range classes {
		weight[i*classes+i] = 1
	}
	m, err := model.New(
		model.Architecture{Kind: model.LogisticRegression, Layers: []int{classes, classes}},
		[]model.Layer{{In: classes, Out: classes, Weight: weight, Bias: make([]float32, classes)}})
	if err != nil {
		t.Fatal(err)
	}
	return New(m)
}

// rows is three rows of two values; row 2 is a tie.
var rows = []float32{2, 1, -1, 3, 5, 5}

func TestLabels(t *testing.T) {
	inputs := identity(t, 2).Inputs(rows, 3, 2)
	request := protocol.InferRequest{Rows: 3, Dim: 2, Hop: 2, Batch: 1, Calls: 4, Want: true}
	for _, test := range []struct {
		labels []byte
		last   int
		row    int
	}{
		{[]byte{0, 1, 0, 0}, 1, -1},
		{[]byte{0, 1, 1, 0}, 1, -1}, // In a tie either is right.
		{[]byte{0, 0, 0, 0}, 1, 1},
		{[]byte{0, 1, 0, 1}, 1, 0},
		{[]byte{0, 1, 2, 0}, 1, 2}, // No class 2.
		{[]byte{0, 1, 0, 0}, 2, 1},
	} {
		err := inputs.Check(request, protocol.Infer{Labels: test.labels, Last: test.last})
		disagreement := new(Disagreement)
		switch {
		case test.row < 0 && err != nil:
			t.Errorf("%v: %v", test.labels, err)
		case test.row >= 0 && (!errors.As(err, &disagreement) || disagreement.Row != test.row):
			t.Errorf("%v: error %v, want row %d", test.labels, err, test.row)
		}
	}
}

func TestLabelIsFreeOnlyWithinTheTolerance(t *testing.T) {
	for _, test := range []struct {
		margin float32
		free   bool
	}{{0.5e-4, true}, {1.5e-4, false}} {
		inputs := identity(t, 2).Inputs([]float32{test.margin, 0}, 1, 2)
		if got := inputs.Answer(0).Accepts(1); got != test.free {
			t.Errorf("margin %v: accepts the other label: %v", test.margin, got)
		}
	}
	// The tolerance is relative to the scores, not to the margin.
	inputs := identity(t, 3).Inputs([]float32{0, 100, 100.005}, 1, 3)
	if !inputs.Answer(0).Accepts(1) || inputs.Answer(0).Accepts(0) {
		t.Error("a relative margin of 5e-5 is within the tolerance")
	}
}

// Chained calls, against a path worked out by hand from the protocol's formula.
func TestPath(t *testing.T) {
	inputs := identity(t, 2).Inputs(rows[:4], 2, 2)
	first, step := 1, 4
	request := protocol.InferRequest{Rows: 2, Dim: 2, Hop: 2, Batch: 1, First: &first, Step: &step, Warmup: 1, Calls: 3, Want: true}
	// k=0 (warm-up) row 1 label 1: 5+4+1+0=10 -> 0; k=1 row 0 label 0: 0+4+0+1 -> 1;
	// k=2 row 1 label 1: 5+4+1+2=12 -> 0; k=3 row 0 label 0: 4+0+3=7 -> 1.
	if err := inputs.Check(request, protocol.Infer{Labels: []byte{0, 1, 0}, Last: 1}); err != nil {
		t.Error(err)
	}
	if err := inputs.Check(request, protocol.Infer{Labels: []byte{0, 1, 1}, Last: 0}); err == nil || !strings.HasPrefix(err.Error(), "call 2: row 0") {
		t.Errorf("error %v", err)
	}
	if err := inputs.Check(request, protocol.Infer{Labels: []byte{0, 1, 0}, Last: 0}); err == nil {
		t.Error("a wrong end was accepted")
	}
	request.Want = false
	if err := inputs.Check(request, protocol.Infer{Last: 1}); err != nil {
		t.Error(err)
	}
	if err := inputs.Check(request, protocol.Infer{Last: 0}); err == nil {
		t.Error("a wrong end was accepted without labels")
	}
}

func TestWarmupOnABoundaryRowIsUncertain(t *testing.T) {
	inputs := identity(t, 2).Inputs(rows, 3, 2)
	first, step := 2, 1
	request := protocol.InferRequest{Rows: 3, Dim: 2, Hop: 2, Batch: 1, First: &first, Step: &step, Warmup: 1}
	if inputs.CertainWarmup(request) {
		t.Error("row 2 is a tie")
	}
	first = 0
	if !inputs.CertainWarmup(request) {
		t.Error("row 0 is certain")
	}
}

func TestScores(t *testing.T) {
	logOdds := func(p float64) float64 { return math.Log(p / (1 - p)) }
	inputs := identity(t, 2).Inputs([]float32{0, float32(logOdds(0.75))}, 1, 2)
	odds := float32(logOdds(0.75))
	for _, test := range []struct {
		name   string
		scale  protocol.Scale
		scores []float32
		right  bool
	}{
		{"logits", protocol.Logits, []float32{0, odds}, true},
		{"logits shifted", protocol.Logits, []float32{7, 7 + odds}, true},
		{"log-odds alone", protocol.Logits, []float32{odds}, true},
		{"within 1e-4", protocol.Logits, []float32{0, odds + 0.9e-4}, true},
		{"beyond 1e-4", protocol.Logits, []float32{0, odds + 1.5e-4}, false},
		{"exchanged", protocol.Logits, []float32{odds, 0}, false},
		{"NaN", protocol.Logits, []float32{0, float32(math.NaN())}, false},
		{"probabilities", protocol.Probability, []float32{0.25, 0.75}, true},
		{"P(class 1)", protocol.Probability, []float32{0.75}, true},
		{"within 1e-5", protocol.Probability, []float32{0.75 + 0.9e-5}, true},
		{"beyond 1e-5", protocol.Probability, []float32{0.75 + 1.5e-5}, false},
		{"P(class 0)", protocol.Probability, []float32{0.25}, false},
		{"logits called probability", protocol.Probability, []float32{0, odds}, false},
	} {
		if err := inputs.CheckScores(test.scale, test.scores); (err == nil) != test.right {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestModelWithOneOutput(t *testing.T) {
	m, err := model.New(model.Architecture{Kind: model.LogisticRegression, Layers: []int{1, 1}},
		[]model.Layer{{In: 1, Out: 1, Weight: []float32{1}, Bias: []float32{0}}})
	if err != nil {
		t.Fatal(err)
	}
	inputs := New(m).Inputs([]float32{-1, 1}, 2, 1)
	if inputs.Answer(0).Label != 0 || inputs.Answer(1).Label != 1 {
		t.Errorf("labels %d, %d", inputs.Answer(0).Label, inputs.Answer(1).Label)
	}
}
