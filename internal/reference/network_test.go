package reference

// This file compares the reference's arithmetic with the float64 loops of package model,
// which share no code with it, and benchmarks it.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"cupel/internal/protocol"
	"cupel/model"
)

var architectures = []model.Architecture{
	logistic(784, 1), logistic(784, 2), logistic(784, 10), mlp(784, 128, 10), mlp(13, 70, 33, 5, 2), mlp(5, 3, 1), logistic(1, 256),
}

func TestAnswersAreTheModelsInFloat64(t *testing.T) {
	const rows = 60
	for _, architecture := range architectures {
		m := drawn(t, architecture, 1)
		dim := architecture.Inputs()
		for _, hop := range []int{1, 3, dim} {
			values := uniform(rand.New(rand.NewPCG(1, 2)), (rows-1)*hop+dim)
			inputs := New(m).Inputs(values, rows, hop)
			for row := range rows {
				want := perClass(m.ScoresFloat64(values[row*hop:]))
				got := inputs.Answer(row)
				if got.Label != descending(want)[0] || len(got.Logits) != len(want) {
					t.Fatalf("%v hop %d row %d: label %d of %v", architecture.Layers, hop, row, got.Label, want)
				}
				for class := range want {
					if math.Abs(got.Logits[class]-want[class]) > 1e-12*max(1, math.Abs(want[class])) {
						t.Fatalf("%v hop %d row %d class %d: %v, want %v", architecture.Layers, hop, row, class, got.Logits[class], want[class])
					}
				}
			}
		}
	}
}

// The kept verdict must agree with the logits of the answer, on either side of the
// tolerance.
func TestVerdictsAreTheAnswers(t *testing.T) {
	for _, classes := range []int{1, 2, 3} {
		weight := make([]float32, classes)
		weight[classes-1] = 1
		m := made(t, logistic(1, classes), []model.Layer{{In: 1, Out: classes, Weight: weight, Bias: make([]float32, classes)}})
		values := []float32{-2e-4, -1.01e-4, -0.99e-4, 0, 0.99e-4, 1.01e-4, 2e-4, 5}
		inputs := New(m).Inputs(values, len(values), 1)
		for row, value := range values {
			answer, found := inputs.Answer(row), inputs.verdict(row, inputs.network.newScratch())
			contested := false
			for class := range answer.Logits {
				contested = contested || class != answer.Label && answer.Accepts(class)
			}
			if found.label != answer.Label || found.contested != contested {
				t.Errorf("%d classes, %v: verdict %+v, answer %+v", classes, value, found, answer)
			}
			// Three classes have two that tie at 0 wherever the third is not the highest.
			if near := math.Abs(float64(value)) < 1e-4; classes < 3 && contested != near {
				t.Errorf("%d classes, %v: contested %v", classes, value, contested)
			}
		}
	}
}

func TestPackedVerdict(t *testing.T) {
	for _, v := range []verdict{{0, false}, {255, true}, {7, true}, {1, false}} {
		if packed := v.pack(); packed == 0 || unpack(packed) != v {
			t.Errorf("%+v became %+v", v, unpack(packed))
		}
	}
}

// burst is a chained request over overlapping rows and what an exact contender
// replies to it.
func burst(m *model.Model, calls int) ([]float32, protocol.InferRequest, protocol.Infer) {
	random := rand.New(rand.NewPCG(3, 4))
	first, step := random.IntN(calls), random.IntN(protocol.MaxStep)
	request := protocol.InferRequest{
		Rows: calls, Dim: m.Architecture.Inputs(), Hop: 1, Batch: 1, First: &first, Step: &step, Warmup: 16, Calls: calls, Want: true,
	}
	values := uniform(random, request.Floats())
	walk := New(m).Inputs(values, request.Rows, request.Hop).start(request)
	walk.warmUp()
	reply := protocol.Infer{}
	for range calls {
		reply.Labels = append(reply.Labels, byte(walk.inputs.verdict(walk.row, walk.scratch).label))
		walk.byReference()
	}
	reply.Last = walk.row
	return values, request, reply
}

func TestConcurrentChecks(t *testing.T) {
	const calls = 2000
	for _, architecture := range []model.Architecture{logistic(784, 2), logistic(300, 3), mlp(50, 20, 10)} {
		m := drawn(t, architecture, 1)
		values, request, right := burst(m, calls)
		wrong := right
		wrong.Labels = append([]byte(nil), right.Labels...)
		wrong.Labels[calls-1] = byte(architecture.Classes())
		silent := protocol.Infer{Last: right.Last}
		inputs := New(m).Inputs(values, request.Rows, request.Hop)
		var checks sync.WaitGroup
		for range 2 {
			checks.Go(func() {
				if err := inputs.Check(request, right); err != nil {
					t.Error(err)
				}
			})
			checks.Go(func() {
				if err := inputs.Check(request, wrong); err == nil {
					t.Error("a class that does not exist was accepted")
				}
			})
			checks.Go(func() {
				if err := inputs.Check(request, silent); err != nil {
					t.Error(err)
				}
			})
			checks.Go(func() { inputs.Survey(request) })
		}
		checks.Wait()
	}
}

func TestCheckAllocatesNothingPerRow(t *testing.T) {
	for _, architecture := range architectures {
		m := drawn(t, architecture, 1)
		values, request, reply := burst(m, 500)
		reference := New(m)
		n := testing.AllocsPerRun(5, func() {
			if err := reference.Inputs(values, request.Rows, request.Hop).Check(request, reply); err != nil {
				t.Error(err)
			}
		})
		if n > 20 {
			t.Errorf("%v: %v allocations for %d rows", architecture.Layers, n, request.Rows)
		}
	}
}

var bursts = []struct {
	architecture model.Architecture
	calls        int
}{{logistic(784, 2), 66_000}, {logistic(784, 10), 16_000}, {mlp(784, 128, 10), 3300}}

// BenchmarkCheck checks the reply to a burst: the first contender's, whose answers
// have to be found, and one more's.
func BenchmarkCheck(b *testing.B) {
	for _, size := range bursts {
		m := drawn(b, size.architecture, 1)
		values, request, reply := burst(m, size.calls)
		reference := New(m)
		inputs := reference.Inputs(values, request.Rows, request.Hop)
		perRow := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(size.calls*b.N), "ns/call")
		}
		check := func(b *testing.B) {
			if err := inputs.Check(request, reply); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprint(size.architecture.Layers, " first"), func(b *testing.B) {
			for b.Loop() {
				clear(inputs.verdicts)
				check(b)
			}
			perRow(b)
		})
		b.Run(fmt.Sprint(size.architecture.Layers, " again"), func(b *testing.B) {
			for b.Loop() {
				check(b)
			}
			perRow(b)
		})
		b.Run(fmt.Sprint(size.architecture.Layers, " conversion"), func(b *testing.B) {
			for b.Loop() {
				reference.Inputs(values, request.Rows, request.Hop)
			}
			perRow(b)
		})
	}
}
