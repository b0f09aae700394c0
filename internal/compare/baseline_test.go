package compare

// This file tests whether regressions are found, and how often one is seen that is
// not there.

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"cupel/docs/schemas"
	"cupel/internal/evidence"
	"cupel/internal/suite"
)

func against(t *testing.T, before, now made) *Baseline {
	t.Helper()
	b := AgainstBaseline(compared(t, before.bundle(t), now.bundle(t)))
	follows(t, schemas.Baseline, b)
	return b
}

func TestRegressions(t *testing.T) {
	for _, test := range []struct {
		name    string
		now     made
		verdict BaselineVerdict
	}{
		{"the same again", usual().seeded(2), NotSlower},
		{"faster", usual().seeded(2).taking("a", 800), NotSlower},
		{"slower by less than counts", usual().seeded(2).taking("a", 1005), NotSlower},
		{"slower by 5%", usual().seeded(2).taking("a", 1050), Regression},
		{"a slower machine", usual().seeded(2).taking("a", 1500).taking("b", 4500), NotSlower},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := against(t, usual(), test.now)
			if b.Verdict != test.verdict || len(b.Changes) != 1 {
				t.Fatalf("%s: %s %+v", b.Verdict, b.Reason, b.Changes)
			}
			change := b.Changes[0]
			want := test.now.times["a"] / test.now.times["b"] * 3
			if math.Abs(change.Slower/want-1) > 0.01 || change.Low > change.Slower || change.Regression != (test.verdict == Regression) {
				t.Errorf("%+v, want %v", change, want)
			}
		})
	}
}

func TestWhatIsNoMeasureGivesNoAnswer(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*made)
		note   string
	}{
		{"another machine", func(m *made) { m.environment.CPU = "6502" }, "another machine"},
		{"another version of the yardstick", func(m *made) { m.version = "2" }, "has changed"},
		{"too few replicates", func(m *made) { m.replicates = 5 }, "replicates"},
		{"a neighbour of one of them", func(m *made) { m.crowded = true }, "found the machine quiet"},
		{"controls that fail", func(m *made) { m.control = 1.2 }, "controls"},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := usual().seeded(2).taking("a", 1500)
			test.change(&now)
			b := against(t, usual(), now)
			if told := b.Reason + strings.Join(b.Notes, " "); b.Verdict != NoBaselineAnswer || !strings.Contains(told, test.note) {
				t.Errorf("%s: %s", b.Verdict, told)
			}
		})
	}
	crowded := usual()
	crowded.crowded = true
	if b := against(t, crowded, crowded.seeded(2).taking("a", 1050)); b.Verdict != Regression {
		t.Errorf("with a neighbour in both: %s, notes %q", b.Verdict, b.Notes)
	}
	lenient := usual().seeded(2).taking("a", 1050)
	lenient.change = func(plan *suite.Plan) { plan.Tolerance = 0.2 }
	if b := against(t, usual(), lenient); b.Verdict != Regression || b.Tolerance != 0.01 || len(b.Notes) != 1 {
		t.Errorf("a run that brings a tolerance of its own: %s by %v, notes %q", b.Verdict, b.Tolerance, b.Notes)
	}
	rebooted := usual().seeded(2)
	rebooted.environment.Boot = "two"
	if b := against(t, usual(), rebooted); b.Verdict != NotSlower || len(b.Notes) != 1 {
		t.Errorf("after a restart: %s, notes %q", b.Verdict, b.Notes)
	}
}

// Two runs of identical programs, with launches that differ with heavy tails: the
// bound alone, without the tolerance, is passed as often as the rate says, or less.
func TestTheRateOfFalseAlarmsIsKept(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	draw := func(n int) (logs []float64) {
		for range n {
			// One launch in ten is off by five times as much.
			size := 0.01
			if random.IntN(10) == 0 {
				size = 0.05
			}
			logs = append(logs, size*random.NormFloat64())
		}
		return logs
	}
	const runs = 20_000
	for _, n := range []int{leastReplicates, 10, 30} {
		alarms := 0
		for range runs {
			if _, low := lowerBound(draw(n), draw(n), falseAlarms); low > 0 {
				alarms++
			}
		}
		// Three standard errors above what is promised.
		if rate := float64(alarms) / runs; rate > falseAlarms+3*math.Sqrt(falseAlarms/runs) {
			t.Errorf("%d replicates: %.4f of runs of identical programs are called slower, promised is %v", n, rate, falseAlarms)
		}
	}
}

func TestABoundWithoutVarianceIsTheDifference(t *testing.T) {
	if difference, low := lowerBound([]float64{2, 2}, []float64{1, 1}, falseAlarms); difference != 1 || low != 1 {
		t.Errorf("%v, %v", difference, low)
	}
}

// A ratio that a check disputes is no measure.
func TestDisputedRatiosAreNotJudged(t *testing.T) {
	r := compared(t, usual().bundle(t), usual().seeded(2).taking("a", 1500).bundle(t))
	r.Pairs[0].Ratios[1].Disputed = true
	if b := AgainstBaseline(r); b.Verdict != NoBaselineAnswer || !strings.Contains(b.Notes[0], "accuses") {
		t.Errorf("%+v", b)
	}
}

// threeContenders is a run of two claims, both measured by b.
func threeContenders() made {
	m := usual().taking("c", 2000)
	m.change = func(plan *suite.Plan) {
		plan.Claims = append(plan.Claims, suite.ClaimPlan{Faster: "c", Than: "b"})
	}
	return m
}

// A claim of the baseline that can't be judged any more leaves no all-clear: engines
// that break end up here.
func TestAClaimOfTheBaselineThatIsNotJudgedLeavesNoAllClear(t *testing.T) {
	without := func(m made, name string) made {
		m = m.taking(name, 0)
		delete(m.times, name)
		return m
	}
	for _, test := range []struct {
		name        string
		before, now made
		change      func(*Result)
		verdict     BaselineVerdict
		reason      string
	}{
		{"all judged", threeContenders(), threeContenders().seeded(2), nil, NotSlower, "of 2 claims none"},
		{"no figures any more", threeContenders(), without(threeContenders(), "c").seeded(2), nil, NoBaselineAnswer, "c / b is not judged: this run has no figures of it; of 1 claims none"},
		{"never any figures", without(threeContenders(), "c"), without(threeContenders(), "c").seeded(2), nil, NoBaselineAnswer, "c / b is not judged: neither run"},
		{"disputed", threeContenders(), threeContenders().seeded(2), func(r *Result) { r.Pairs[1].Ratios[1].Disputed = true }, NoBaselineAnswer, "c / b is not judged: a check accuses"},
		{"other quietness", threeContenders(), threeContenders().seeded(2), func(r *Result) { r.Pairs[1].Ratios[1].Quiet = false }, NoBaselineAnswer, "c / b is not judged: one of the runs found"},
		{"a regression beside it", threeContenders(), without(threeContenders(), "c").seeded(2).taking("a", 1100), nil, Regression, "a takes"},
		{"not to be had for the baseline", without(threeContenders(), "c"), threeContenders().seeded(2), func(r *Result) { r.Bundles[0].absent["c"] = true }, NotSlower, "of 1 claims none"},
		{"a claim of the new run alone", usual().taking("c", 2000), without(threeContenders(), "c").seeded(2), nil, NotSlower, "of 1 claims none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := compared(t, test.before.bundle(t), test.now.bundle(t))
			if test.change != nil {
				test.change(r)
			}
			b := AgainstBaseline(r)
			if b.Verdict != test.verdict || !strings.Contains(b.Reason, test.reason) {
				t.Errorf("%s: %s; notes %q", b.Verdict, b.Reason, b.Notes)
			}
			follows(t, schemas.Baseline, b)
		})
	}
}

func TestContendersThatCouldNotBeHadAreSeen(t *testing.T) {
	got := absent(&evidence.Bundle{Ledger: []evidence.LedgerRow{
		{Event: evidence.EventUnavailable, Contender: "a"},
		{Event: evidence.EventEnded, Outcome: evidence.NotApplicable, Contender: "b"},
		{Event: evidence.EventEnded, Outcome: evidence.Failed, Contender: "c"},
	}})
	if !got["a"] || !got["b"] || got["c"] {
		t.Errorf("%v", got)
	}
}
