package reference

// This file tests hard rows: float32 in any order gets all of them right, and cut corners
// do not.

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cupel/internal/protocol"
	"cupel/model"
)

func hardRowsOf(t testing.TB, m *model.Model, n int) *Boundary {
	t.Helper()
	rows, err := New(m).HardRows(rand.New(rand.NewPCG(5, 9)), n)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestHardRowsAreRightInFloat32AndWrongWhereCornersAreCut(t *testing.T) {
	for _, tested := range boundaryModels(t) {
		m := tested.model
		dim := m.Architecture.Inputs()
		const n = 200
		hard := hardRowsOf(t, m, n)
		for i, value := range hard.Values {
			if !(value >= -1 && value <= 1) {
				t.Fatalf("%s: value %d is %v", tested.name, i, value)
			}
		}
		for name, dot := range map[string]dot32{"forwards": forwards, "backwards": backwards, "pairwise": pairwise} {
			given := labels(hard, dim, func(x []float32) byte { return labelled(m, dot, x) })
			if !slices.Equal(given, hard.Labels) {
				t.Errorf("%s: float32 %s is wrong", tested.name, name)
			}
		}
		for _, cut := range New(m).Cuts() {
			wrong := 0
			for i, label := range cut.Labels(hard.Values, n) {
				if label != hard.Labels[i] {
					wrong++
				}
			}
			// float16 has more digits than the tolerance asks for in some models.
			if least := 0.1 * n; cut.Corner != "float16 weights" && float64(wrong) < least {
				t.Errorf("%s: %s gets %d of %d wrong", tested.name, cut.Corner, wrong, n)
			}
		}
		counts := make([]int, max(2, m.Architecture.Outputs()))
		for _, label := range hard.Labels {
			counts[label]++
		}
		if len(counts) == 2 && counts[0] != counts[1] {
			t.Errorf("%s: labels %v", tested.name, counts)
		}
	}
}

func TestBlocksThatDecide(t *testing.T) {
	// Of 40 inputs those of the second block have no weight.
	weight := make([]float32, 40)
	for i := range weight {
		if i < 16 || i >= 32 {
			weight[i] = 1
		}
	}
	m := made(t, logistic(40, 1), []model.Layer{{In: 40, Out: 1, Weight: weight, Bias: []float32{0}}})
	row := make([]float32, 40)
	for i := range row {
		switch {
		case i < 16:
			row[i] = 0.5
		case i >= 32:
			row[i] = -0.75
		default:
			row[i] = -1
		}
	}
	// The sum is 8 - 6: without the first block it is -6, without the third 8.
	if got := New(m).Deciding(row, 1); !slices.Equal(got[0], []bool{true, false, false}) {
		t.Errorf("%v", got)
	}
	hidden := drawn(t, mlp(40, 7, 3), 4)
	values := uniform(rand.New(rand.NewPCG(1, 2)), 20*40)
	r := New(hidden)
	decisions := r.Deciding(values, 20)
	seen := map[bool]bool{}
	for row, got := range decisions {
		x := slices.Clone(values[row*40 : (row+1)*40])
		label := r.Inputs(x, 1, 40).Answer(0).Label
		for block, decides := range got {
			cut := slices.Clone(x)
			clear(cut[block*16 : min(40, block*16+16)])
			if want := r.Inputs(cut, 1, 40).Answer(0).Label != label; decides != want {
				t.Errorf("row %d, block %d: %t", row, block, decides)
			}
			seen[decides] = true
		}
	}
	if len(seen) != 2 {
		t.Errorf("only %v", seen)
	}
}

func TestVisitedFollowsTheLabels(t *testing.T) {
	first, step := 3, 5
	request := protocol.InferRequest{Rows: 11, Batch: 1, First: &first, Step: &step, Warmup: 1, Calls: 3}
	at := protocol.NextRow(3, 5, 1, 0, 11)
	want := []int{at}
	for call, label := range []int{0, 1} {
		at = protocol.NextRow(at, 5, label, call+1, 11)
		want = append(want, at)
	}
	if got := Visited(request, []byte{1}, []byte{0, 1, 1}); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestRoundingToFewerBits(t *testing.T) {
	for _, c := range []struct{ got, want float64 }{
		{toFloat16(1 + math.Ldexp(1, -11)), 1}, {toFloat16(1 + 3*math.Ldexp(1, -11)), 1 + math.Ldexp(1, -9)},
		{toFloat16(math.Ldexp(1, -25)), 0}, {toFloat16(3 * math.Ldexp(1, -25)), math.Ldexp(1, -23)}, {toFloat16(-0.1), -0.0999755859375},
		{toBfloat16(1 + math.Ldexp(1, -8)), 1}, {toBfloat16(0.1), 0.10009765625}, {toBfloat16(0), 0},
	} {
		if c.got != c.want {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
}
