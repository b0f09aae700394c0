package measure

// This file tests runs with contenders that behave and that do not.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/fake"
	"cupel/internal/launch"
	"cupel/internal/observe"
	"cupel/internal/sandbox"
	"cupel/internal/suite"
	"cupel/internal/testtier"
	"cupel/model"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "confine" {
		if err := sandbox.Stage(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	fake.Main(m)
}

// small is a suite that measures quickly.
const small = `name = "small"
[workload]
kind = "inference"
model = "logistic-regression"
layers = [784, 2]
dataset = "mnist-synthetic"
seed = 42
[protocol]
warmup = 3
iterations = 50
launches = 3
[[contender]]
name = "go"
`

// drawnModel stands for a fitted one: its labels depend on all of its inputs.
func drawnModel(t *testing.T) *model.Model {
	t.Helper()
	random := draw.Stream("test", "weights", 0)
	m, err := model.New(model.Architecture{Kind: model.LogisticRegression, Layers: []int{784, 2}},
		[]model.Layer{{In: 784, Out: 2, Weight: draw.Values(random, 2*784), Bias: []float32{0, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// processes is a run of real processes.
func processes(t *testing.T) *scripted {
	t.Helper()
	s, err := suite.Parse("small.toml", ".", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Plan(suite.Options{Nonce: "test"})
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := evidence.Create(filepath.Join(t.TempDir(), "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bundle.Close() })
	// Few bursts: these tests are about what becomes of launches.
	plan.Paired.Rounds, plan.Paired.LongEvery = 12, 4
	plan.Paired.LongLeast, plan.Paired.LongOverhead = suite.Duration(time.Millisecond), 1
	plan.Probes.Bursts, plan.Probes.Widths, plan.Probes.Lone, plan.Probes.Eager = 1, []int{1, 2}, 10, 5
	scratch := t.TempDir()
	variant, err := newVariant(drawnModel(t), scratch, "model")
	if err != nil {
		t.Fatal(err)
	}
	material := &Material{Variant: variant, ClassicRow: draw.Values(draw.Stream("test", "row", 0), 784), Widths: map[int]*Variant{}}
	if err := material.addProbes(plan.Probes, "test", scratch); err != nil {
		t.Fatal(err)
	}
	for _, file := range []struct {
		name  string
		value any
	}{{evidence.PlanFile, plan}, {evidence.EnvironmentFile, evidence.Environment{}}} {
		if err := bundle.WriteJSON(file.name, file.value); err != nil {
			t.Fatal(err)
		}
	}
	run := New(Config{Plan: plan, Material: material, Bundle: bundle, Scratch: scratch, Nonce: "test", Redact: func(s string) string { return s }})
	return &scripted{Run: run, report: func(Progress) {}}
}

func contender(name string, behaviour fake.Behaviour) Contender {
	command, env := fake.Command(behaviour)
	return Contender{Name: name, Command: command, Env: env}
}

func opened(t *testing.T, r *Run) *evidence.Bundle {
	t.Helper()
	b, err := evidence.Open(r.Bundle.Path())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ended(b *evidence.Bundle, name string) []evidence.LedgerRow {
	return slices.DeleteFunc(slices.Clone(b.Ledger), func(row evidence.LedgerRow) bool {
		return row.Event != evidence.EventEnded || row.Contender != name
	})
}

func TestHonestContendersAreMeasured(t *testing.T) {
	r := processes(t)
	contenders := []Contender{contender("a", fake.Honest), contender("b", fake.Honest)}
	if err := r.Preview(t.Context(), contenders); err != nil {
		t.Fatal(err)
	}
	if err := r.Measure(t.Context(), contenders); err != nil {
		t.Fatal(err)
	}
	b := opened(t, r.Run)
	for _, name := range []string{"a", "b"} {
		rows := ended(b, name)
		if len(rows) != 4 || !rows[0].Preview || rows[1].Preview {
			t.Fatalf("%s: %+v", name, rows)
		}
		for _, row := range rows {
			if row.Outcome != evidence.Finished || row.Parameters != 1570 || row.BoundaryRows != 64 || row.BoundaryWrong != 0 {
				t.Errorf("%+v", row)
			}
			samples, err := b.Samples(row.Launch, name)
			if err != nil {
				t.Fatal(err)
			}
			checkPhases(t, row, samples)
			if o := b.Observations[row.Launch]; o.PeakResidentBytes == 0 || o.FirstAnswerNanoseconds == 0 || !row.Preview && o.IdleNanoseconds == 0 {
				t.Errorf("observation %+v", o)
			}
		}
	}
	if last := b.Ledger[len(b.Ledger)-1]; last.Event != evidence.EventStopped || last.Reason != "3 replicates were made and no claim needs more" {
		t.Errorf("last row %+v", last)
	}
}

// checkPhases checks that a launch has the samples that are due to it.
func checkPhases(t *testing.T, row evidence.LedgerRow, samples []evidence.Sample) {
	t.Helper()
	counts := map[evidence.Phase]int{}
	for _, sample := range samples {
		counts[sample.Phase]++
		outer := sample.OuterNanoseconds
		if outer != nil && *outer < sample.InnerNanoseconds {
			t.Errorf("the harness saw less time than the contender: %+v", sample)
		}
		if outer != nil && (sample.CPUNanoseconds == nil || *sample.CPUNanoseconds <= 0 && sample.Calls > 0) {
			t.Errorf("no CPU time: %+v", sample)
		}
	}
	want := map[evidence.Phase]int{evidence.PhaseFirst: 1, evidence.PhaseRequest: 1, evidence.PhaseCall: 50}
	if !row.Preview {
		for phase, count := range map[evidence.Phase]int{
			evidence.PhaseShort: 9, evidence.PhaseLong: 2, evidence.PhaseNear: 1, evidence.PhaseStall: 2,
			evidence.PhaseFewRows: 1, evidence.PhaseManyRows: 1, evidence.PhaseAltered: 1, evidence.PhaseOriginal: 1,
			evidence.PhaseWidth(1): 1, evidence.PhaseWidth(2): 1, evidence.PhaseWidthEmpty(2): 1,
		} {
			want[phase] = count
		}
	}
	for phase, count := range want {
		if counts[phase] != count {
			t.Errorf("launch %d: %d samples of phase %s, want %d", row.Launch, counts[phase], phase, count)
		}
	}
	if !row.Preview && (counts[evidence.PhasePractice] < 64 || row.Steady == nil) {
		t.Errorf("launch %d: %d bursts of practice, steady %+v", row.Launch, counts[evidence.PhasePractice], row.Steady)
	}
}

// Outside of the gate each outcome has the first of its faults.
func TestFaultyContendersAreRecordedAndTheRunGoesOn(t *testing.T) {
	seen := map[evidence.Outcome]bool{}
	for _, test := range []struct {
		behaviour fake.Behaviour
		outcome   evidence.Outcome
		launches  int
		reason    string
	}{
		{fake.ConstantAnswer, evidence.Wrong, 1, "label 1 where the reference says 0"},
		{fake.HalfTheInputs, evidence.Wrong, 1, "where the reference says"},
		{fake.StaleInputs, evidence.Wrong, 1, "where the reference says"},
		{fake.ScaledScores, evidence.Wrong, 1, "row 0: score 1 less score 0"},
		{fake.RefuseLoad, evidence.NotApplicable, 1, "this engine holds decision trees"},
		{fake.CrashAtInfer, evidence.Failed, maxFailures, "assertion failed"},
		{fake.NegativeTime, evidence.Failed, maxFailures, "negative"},
		{fake.ExitStatus, evidence.Failed, maxFailures, "exit status 3"},
		{fake.StoppedClock, evidence.Failed, maxFailures, "its clock does not resolve a call: 50 of 50 samples are 0"},
		{fake.ForkAndCrash, evidence.Failed, maxFailures, "exit status 9"},
	} {
		if seen[test.outcome] && !testtier.InGate() {
			continue
		}
		seen[test.outcome] = true
		t.Run(string(test.behaviour), func(t *testing.T) {
			r := processes(t)
			if err := r.Measure(t.Context(), []Contender{contender("faulty", test.behaviour), contender("honest", fake.Honest)}); err != nil {
				t.Fatal(err)
			}
			b := opened(t, r.Run)
			rows := ended(b, "faulty")
			if len(rows) != test.launches {
				t.Fatalf("%d launches, want %d: %+v", len(rows), test.launches, rows)
			}
			for _, row := range rows {
				if row.Outcome != test.outcome || !strings.Contains(row.Reason, test.reason) {
					t.Errorf("%s: %s; want %s with %q", row.Outcome, row.Reason, test.outcome, test.reason)
				}
				// What was timed is kept, whatever came of the launch.
				if _, err := b.Samples(row.Launch, "faulty"); (err == nil) != timed(test.behaviour) {
					t.Errorf("samples of launch %d: %v", row.Launch, err)
				}
			}
			if honest := ended(b, "honest"); len(honest) != 3 || honest[2].Outcome != evidence.Finished {
				t.Errorf("the honest contender's launches: %+v", honest)
			}
		})
	}
}

// timed reports whether a fault shows only after something has been timed.
func timed(behaviour fake.Behaviour) bool {
	switch behaviour {
	case fake.ExitStatus, fake.StoppedClock, fake.HalfTheInputs, fake.StaleInputs, fake.ConstantAnswer, fake.ScaledScores:
		return true
	}
	return false
}

func TestContenderThatReadsNoFormatIsNotApplicable(t *testing.T) {
	r := processes(t)
	delete(r.Material.Files, "safetensors")
	r.Material.Reasons["safetensors"] = "ten classes are too many"
	if err := r.Measure(t.Context(), []Contender{contender("a", fake.Honest)}); err != nil {
		t.Fatal(err)
	}
	rows := ended(opened(t, r.Run), "a")
	if len(rows) != 1 || rows[0].Outcome != evidence.NotApplicable || rows[0].Reason != "ten classes are too many" {
		t.Errorf("%+v", rows)
	}
}

func TestInterruptKeepsWhatWasMeasured(t *testing.T) {
	r := processes(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.report = func(p Progress) {
		if p.Replicate == 2 && p.Outcome != "" {
			cancel()
		}
	}
	if err := r.Measure(ctx, []Contender{contender("a", fake.Honest)}); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	b := opened(t, r.Run)
	if rows := ended(b, "a"); len(rows) != 2 {
		t.Errorf("%+v", rows)
	}
	if last := b.Ledger[len(b.Ledger)-1]; last.Event != evidence.EventEnded || last.Outcome != evidence.Finished {
		t.Errorf("last row %+v", last)
	}
}

// The budget is checked with a clock that the test moves.
func TestBudgetEndsTheRun(t *testing.T) {
	r := processes(t)
	r.Plan.Budget = "10s"
	now := time.Unix(0, 0)
	r.outside.now = func() time.Time { return now }
	r.report = func(p Progress) {
		if p.Outcome != "" {
			now = now.Add(6 * time.Second)
		}
	}
	if err := r.Measure(t.Context(), []Contender{contender("a", fake.Honest)}); err != nil {
		t.Fatal(err)
	}
	b := opened(t, r.Run)
	if rows := ended(b, "a"); len(rows) != 2 {
		t.Errorf("%d launches in a budget of 10 s at 6 s each", len(rows))
	}
	if last := b.Ledger[len(b.Ledger)-1]; last.Reason != "the budget of 10s was spent after 2 of at least 3 replicates" {
		t.Errorf("last row %+v", last)
	}
}

// A process that has gone can't be given CPUs, and says why it went.
func TestPinningAProcessThatHasGoneIsItsOwnFailure(t *testing.T) {
	command, env := fake.Command(fake.ExitAfterHello)
	started, err := startProcess(launch.Spec{Contender: "fake", Command: command, Env: env, Limits: suite.DefaultLimits})
	if err != nil {
		t.Fatal(err)
	}
	defer started.End()
	if _, err := started.Hello(t.Context()); err != nil {
		t.Fatal(err)
	}
	cpus, err := observe.AllowedCPUs()
	if err != nil {
		t.Skip(err)
	}
	for err = nil; err == nil && t.Context().Err() == nil; err = started.Pin(cpus) {
		time.Sleep(time.Millisecond)
	}
	failure := new(launch.Failure)
	if !errors.As(err, &failure) || failure.Reason != "exited after hello: ended by exit status 3; its log ends «the licence has expired»" {
		t.Errorf("error %v", err)
	}
}

func TestOrderDependsOnNonceAndRound(t *testing.T) {
	if !slices.Equal(draw.Order("a", 1, 20), draw.Order("a", 1, 20)) {
		t.Error("the same nonce and round give two orders")
	}
	if slices.Equal(draw.Order("a", 1, 20), draw.Order("a", 2, 20)) || slices.Equal(draw.Order("a", 1, 20), draw.Order("b", 1, 20)) {
		t.Error("another nonce or round gives the same order")
	}
}

func TestDrawnValuesLieInTheirRange(t *testing.T) {
	values := draw.Values(draw.Stream("n", "p", 0), 100_000)
	least, greatest := slices.Min(values), slices.Max(values)
	if least < -1 || greatest > 1 || least > -0.99 || greatest < 0.99 {
		t.Errorf("values from %v to %v", least, greatest)
	}
}

// Confined contenders are measured as others are, from a directory whose files
// nobody can look for, and leave nothing behind there.
func TestConfinedContendersAreMeasured(t *testing.T) {
	r := processes(t)
	var err error
	if r.Sandbox, err = sandbox.Find(t.Context(), []string{os.Args[0], "confine"}); err != nil {
		t.Fatal(err)
	}
	r.Hidden = []string{r.Bundle.(*evidence.Writer).Dir()}
	before, err := os.ReadDir(r.Scratch)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Measure(t.Context(), []Contender{contender("a", fake.Honest), contender("b", fake.ForkDaemon)}); err != nil {
		t.Fatal(err)
	}
	b := opened(t, r.Run)
	for _, name := range []string{"a", "b"} {
		for _, row := range ended(b, name) {
			if row.Outcome != evidence.Finished {
				t.Errorf("%s: %s: %s", name, row.Outcome, row.Reason)
			}
		}
	}
	after, err := os.ReadDir(r.Scratch)
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != len(before) {
		t.Errorf("%d files are left in the scratch directory, where %d were", len(after), len(before))
	}
}
