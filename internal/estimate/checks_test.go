package estimate

// This file tests each check with contenders that are honest and with ones that
// are not, and the controls.

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// facts of honest launches of the first contender: it idles, nobody steals.
func facts(replicates int, idleCPU int64, stolenShare float64) []LaunchFacts {
	var all []LaunchFacts
	for number := 1; number <= replicates; number++ {
		all = append(all, LaunchFacts{
			Launch: 100 * number, IdleNanoseconds: 1_000_000_000, IdleCPU: idleCPU, StolenShare: stolenShare,
			OtherThreads: []float64{0.14}, OwnCPU: 100_000_000,
		})
	}
	return all
}

// beside are the facts of launches beside which other processes waited for a CPU.
func beside(replicates int) []LaunchFacts {
	all := facts(replicates, 0, 0)
	for i := range all {
		all[i].PressureShare = 0.6
	}
	return all
}

// watched is what the kernel says of ten launches whose threads other than the
// busiest have that share, and which have children.
func watched(other float64, helper int64) []LaunchFacts { return used(other, helper, 10) }

// waking is the same of launches without children, of so many requests in 100 ms on a CPU.
func waking(other float64, requests int) []LaunchFacts { return used(other, 0, requests) }

func used(other float64, helper int64, requests int) []LaunchFacts {
	all := facts(10, 0, 0)
	for i := range all {
		all[i].OtherThreads, all[i].OwnCPU = nil, 0
		all[i].account(evidence.ProcessUse{
			WallNanoseconds: 1_000_000_000, CPUNanoseconds: 100_000_000, DescendantCPUNanoseconds: helper,
			Threads: []evidence.ThreadUse{{CPUNanoseconds: int64(other * 100_000_000)}, {CPUNanoseconds: int64((1 - other) * 100_000_000)}},
		}, requests)
	}
	return all
}

// trial is a contender before the checks.
type trial struct {
	rule   string
	name   string
	change func(*engine)
	facts  []LaunchFacts
	plan   func(*suite.Plan)
	// replicates is how many there are; 0 is ten.
	replicates int
	// without leaves out the samples of these phases.
	without []evidence.Phase
	// crowded is the share of the canary's readings that found others on the machine.
	crowded float64
	judged  bool
	holds   bool
}

var trials = []trial{
	{rule: "outer-clock", name: "a clock that is slow by 7% over many rows", change: func(e *engine) { e.longClock = 0.93 }, judged: true},
	{rule: "outer-clock", name: "one that is slow by 7% over few rows alone", change: func(e *engine) { e.nearClock = 0.93 }, judged: true},
	{rule: "outer-clock", name: "a dear request is allowed for", change: func(e *engine) { e.request = 2_000_000 }, judged: true, holds: true},
	{rule: "outer-clock", name: "a slow clock over few rows, and no bursts over many", change: func(e *engine) { e.nearClock = 0.93 }, without: []evidence.Phase{evidence.PhaseLong}, judged: true},
	{rule: "outer-clock", name: "a clock that is slow by 7%, beside other work", change: func(e *engine) { e.longClock = 0.93 }, facts: beside(10), judged: true},
	{rule: "outer-clock", name: "requests that waited for their turn, beside other work", change: func(e *engine) { e.waits = 0.5 }, facts: beside(10), judged: true, holds: true},
	{rule: "outer-clock", name: "requests that waited for their turn, with nobody beside", change: func(e *engine) { e.waits = 0.5 }, judged: true},
	{rule: "outer-clock", name: "requests that waited in six launches of ten, though not in most bursts of all", change: func(e *engine) { e.waits, e.calm = 0.5, 4 }},
	{rule: "outer-clock", name: "the same, and a clock that is slow by 7%", change: func(e *engine) { e.waits, e.calm, e.longClock = 0.5, 4, 0.93 }, judged: true},
	{rule: "outer-clock", name: "the same over few rows alone", change: func(e *engine) { e.waits, e.calm, e.nearClock = 0.5, 4, 0.93 }, judged: true},
	{rule: "outer-clock", name: "a slow clock in two launches, while the host stole", change: func(e *engine) { e.longClock = 0.93 }, replicates: 2, facts: facts(2, 0, 0.2)},
	{rule: "outer-clock", name: "a slow clock in two launches, of which nobody stole", change: func(e *engine) { e.longClock = 0.93 }, replicates: 2, facts: facts(2, 0, 0), judged: true},
	{rule: "outer-clock", name: "a slow clock in three launches, while the host stole", change: func(e *engine) { e.longClock = 0.93 }, replicates: 3, facts: facts(3, 0, 0.2), judged: true},
	{rule: "near-rows", name: "answers that are kept in two launches, while the host stole", change: func(e *engine) { e.near = 0.3 }, replicates: 2, facts: facts(2, 0, 0.2)},
	{rule: "near-rows", name: "answers that are kept in three launches, while the host stole", change: func(e *engine) { e.near = 0.3 }, replicates: 3, facts: facts(3, 0, 0.2), judged: true},
	{rule: "cpu-clock", name: "a clock that is slow by 10%, beside other work", change: func(e *engine) { e.longClock = 0.9 }, facts: beside(10), judged: true},
	{rule: "near-rows", name: "answers that are kept, beside other work", change: func(e *engine) { e.near = 0.3 }, facts: beside(10), judged: true},
	{rule: "outer-clock", name: "replies that waited until the harness had a CPU", change: func(e *engine) { e.waits, e.heldUp = 0.5, true }, judged: true, holds: true},
	{rule: "outer-clock", name: "a clock that is slow by 7%, and a harness that waited", change: func(e *engine) { e.waits, e.heldUp, e.longClock = 0.5, true, 0.93 }, judged: true},
	{rule: "cpu-clock", name: "a harness that waited, and a clock that is slow by 10%", change: func(e *engine) { e.waits, e.heldUp, e.longClock = 0.5, true, 0.9 }, judged: true},
	{rule: "outer-clock", name: "long bursts that are said to take nothing", change: func(e *engine) { e.longClock, e.nearClock = 0, 0 }, judged: true},
	{rule: "outer-clock", name: "a request so dear that nearly all would pass", change: func(e *engine) { e.request = 4_000_000 }},
	{rule: "outer-clock", name: "a request as dear, and a clock that is slow all the same", change: func(e *engine) { e.request, e.longClock, e.nearClock = 4_000_000, 0.7, 0.7 }, judged: true},
	{rule: "outer-clock", name: "no long bursts", without: []evidence.Phase{evidence.PhaseLong, evidence.PhaseNear}},

	{rule: "cpu-clock", name: "more time on a CPU than it says that has passed", change: func(e *engine) { e.longClock = 0.9 }, judged: true},
	{rule: "cpu-clock", name: "the host takes half of the CPU", change: func(e *engine) { e.cpu = 0.5 }, judged: true, holds: true},
	{rule: "cpu-clock", name: "long bursts that are said to take nothing", change: func(e *engine) { e.longClock, e.nearClock = 0, 0 }, judged: true},
	{rule: "cpu-clock", name: "a request so dear that nearly all would pass", change: func(e *engine) { e.request = 4_000_000 }},
	{rule: "cpu-clock", name: "several threads", plan: func(p *suite.Plan) { p.Threads = 2 }},
	{rule: "cpu-clock", name: "no empty requests", without: []evidence.Phase{evidence.PhaseEmpty}},

	{rule: "short-bursts", name: "short bursts that are said to take 80%", change: func(e *engine) { e.shortClock = 0.8 }, judged: true},
	{rule: "short-bursts", name: "the same, while the host stole", change: func(e *engine) { e.shortClock = 0.8 }, facts: facts(10, 0, 0.2)},
	{rule: "short-bursts", name: "the same, while the host stole from half of the launches", change: func(e *engine) { e.shortClock = 0.8 },
		facts: slices.Concat(facts(10, 0, 0)[:5], facts(10, 0, 0.2)[5:]), judged: true},
	{rule: "short-bursts", name: "the same, in eight launches of ten", change: func(e *engine) { e.shortClock, e.frank = 0.8, 2 }, judged: true},
	{rule: "short-bursts", name: "launches of which seven of ten are fast, as beside neighbours", change: func(e *engine) { e.shortClock, e.frank = 0.8, 3 }},
	{rule: "short-bursts", name: "80% of the time, on a machine that is hardly ever quiet", change: func(e *engine) { e.shortClock = 0.8 }, crowded: 0.6},
	{rule: "short-bursts", name: "the same, on one that is quiet more often", change: func(e *engine) { e.shortClock = 0.8 }, crowded: 0.4, judged: true},
	{rule: "short-bursts", name: "80% of the time, beside others on its core", change: func(e *engine) { e.shortClock = 0.8 }, facts: beside(10)},
	{rule: "short-bursts", name: "the same, beside them in half of the launches", change: func(e *engine) { e.shortClock = 0.8 },
		facts: slices.Concat(facts(10, 0, 0)[:5], beside(10)[5:]), judged: true},
	{rule: "short-bursts", name: "half the time, beside others on its core", change: func(e *engine) { e.shortClock = 0.5 }, facts: beside(10), judged: true},
	{rule: "short-bursts", name: "half the time, on a machine that is hardly ever quiet", change: func(e *engine) { e.shortClock = 0.5 }, crowded: 0.9, judged: true},
	{rule: "short-bursts", name: "honest, on such a machine", crowded: 0.9, judged: true, holds: true},
	{rule: "short-bursts", name: "half the time, in seven launches of ten", change: func(e *engine) { e.shortClock, e.frank = 0.5, 3 }, judged: true},
	{rule: "short-bursts", name: "two threads that share the work", change: func(e *engine) { e.cpu = 1.9 }, plan: several},
	{rule: "short-bursts", name: "no bursts over few rows", without: []evidence.Phase{evidence.PhaseNear}},

	{rule: "near-rows", name: "answers that are kept", change: func(e *engine) { e.near = 0.3 }, judged: true},
	{rule: "near-rows", name: "a nearer cache", change: func(e *engine) { e.near = 0.7 }, judged: true, holds: true},
	{rule: "near-rows", name: "no bursts over many rows", without: []evidence.Phase{evidence.PhaseLong}},

	{rule: "planted-stall", name: "calls' times that were made up", change: func(e *engine) { e.stops = hidden }, judged: true},
	{rule: "planted-stall", name: "made-up times that add up to the burst's, stop and all", change: func(e *engine) { e.stops = spread }, judged: true},
	{rule: "planted-stall", name: "stops of which a quarter fall between calls", judged: true, holds: true},
	{rule: "planted-stall", name: "made-up times, and an elapsed time that is their sum", change: func(e *engine) { e.stops = denied }, judged: true},
	{rule: "planted-stall", name: "the same, beside other work", change: func(e *engine) { e.stops = denied }, facts: beside(10)},
	{rule: "planted-stall", name: "the same, while the host stole", change: func(e *engine) { e.stops = denied }, facts: facts(10, 0, 0.2)},
	{rule: "planted-stall", name: "stops while many rows are read", change: func(e *engine) { e.stops, e.request = denied, 2_000_000 }},
	{rule: "planted-stall", name: "a call that holds a stop in a burst that does not", change: func(e *engine) { e.stops = invented }, judged: true},
	{rule: "planted-stall", name: "stops that hardly ever show in a call", change: func(e *engine) { e.stops = betweenCalls }, judged: true},
	{rule: "planted-stall", name: "stops that fell into no burst", change: func(e *engine) { e.stops = missed }},
	{rule: "planted-stall", name: "too few stops", change: func(e *engine) { e.stops = hidden }, replicates: 1},

	{rule: "idle", name: "work between requests", facts: facts(10, 80_000_000, 0), judged: true},
	{rule: "idle", name: "what a runtime does of itself", facts: facts(10, 22_000_000, 0), judged: true, holds: true},
	{rule: "idle", name: "nothing known of it", facts: []LaunchFacts{}},

	{rule: "slope", name: "a time that does not grow with the model", change: func(e *engine) { e.multiplyAdd = 0 }, judged: true},
	{rule: "slope", name: "two vectors of 16 lanes in a cycle", change: func(e *engine) { e.call, e.multiplyAdd = 100, 0.0056 }, judged: true, holds: true},
	{rule: "slope", name: "faster than any core", change: func(e *engine) { e.call, e.multiplyAdd = 100, 0.0028 }, judged: true},
	{rule: "slope", name: "as fast as two", change: func(e *engine) { e.call, e.multiplyAdd = 100, 0.0028 }, plan: several, judged: true, holds: true},
	{rule: "slope", name: "too few launches for an interval", change: func(e *engine) { e.multiplyAdd = 0 }, replicates: 5},
	{rule: "slope", name: "no wider models", without: []evidence.Phase{evidence.PhaseWidth(2), evidence.PhaseWidth(4), evidence.PhaseWidth(8)}},

	{rule: "reading", name: "work while rows are read", change: func(e *engine) { e.row = 2000 }, judged: true},
	{rule: "reading", name: "the same, while the host stole from half of the launches", change: func(e *engine) { e.row = 2000 },
		facts: slices.Concat(facts(10, 0, 0)[:5], facts(10, 0, 0.2)[5:]), judged: true},
	{rule: "reading", name: "slow requests, while the host stole", change: func(e *engine) { e.row = 2000 }, facts: facts(10, 0, 0.2)},
	{rule: "reading", name: "slow requests, beside other work", change: func(e *engine) { e.row = 2000 }, facts: beside(10)},
	{rule: "reading", name: "no requests without calls", without: []evidence.Phase{
		evidence.PhaseWidthEmpty(1), evidence.PhaseWidthEmpty(2), evidence.PhaseWidthEmpty(4), evidence.PhaseWidthEmpty(8),
	}},

	{rule: "inner-time", name: "a request that took longer inside than outside", change: func(e *engine) { e.overlong = true }, judged: true},
	{rule: "inner-time", name: "nothing timed from outside", without: everyBurst},

	{rule: "clock-by-bursts", name: "half the time in every third long burst", change: func(e *engine) { e.half = 3 }, judged: true},
	{rule: "clock-by-bursts", name: "the same, while the host stole", change: func(e *engine) { e.half = 3 }, facts: facts(10, 0, 0.2)},
	{rule: "clock-by-bursts", name: "the same, while the host stole from half of the launches", change: func(e *engine) { e.half = 3 },
		facts: slices.Concat(facts(10, 0, 0)[:5], facts(10, 0, 0.2)[5:]), judged: true},
	{rule: "clock-by-bursts", name: "the host takes half of the CPU", change: func(e *engine) { e.cpu = 0.5 }, judged: true, holds: true},
	{rule: "clock-by-bursts", name: "long bursts that are said to take nothing", change: func(e *engine) { e.longClock, e.nearClock = 0, 0 }, judged: true},
	{rule: "clock-by-bursts", name: "several threads", plan: several},
	{rule: "clock-by-bursts", name: "no long bursts", without: []evidence.Phase{evidence.PhaseLong, evidence.PhaseNear}},

	{rule: "classic-calls", name: "calls that were made before", change: func(e *engine) { e.classic = 0.1 }, judged: true},
	{rule: "classic-calls", name: "a row that stays in the nearest cache", change: func(e *engine) { e.classic = 0.75 }, judged: true, holds: true},
	{rule: "classic-calls", name: "no calls timed one by one", without: []evidence.Phase{evidence.PhaseRequest}},

	{rule: "threads", name: "two threads at work", facts: watched(0.45, 0), judged: true},
	{rule: "threads", name: "a share that is large, of what a runtime does for every request", facts: waking(0.45, 100), judged: true, holds: true},
	{rule: "threads", name: "as large a share, of more than a runtime does", facts: waking(0.45, 80), judged: true},
	{rule: "threads", name: "two threads where two were given", facts: watched(0.45, 0), plan: several},
	{rule: "threads", name: "nothing known of them", facts: []LaunchFacts{}},

	{rule: "helpers", name: "a child at work", facts: watched(0, 200_000_000), judged: true},
	{rule: "helpers", name: "a child that waits", facts: watched(0, 900_000), judged: true, holds: true},
	{rule: "helpers", name: "nothing known of children", facts: []LaunchFacts{}},
}

// everyBurst is all that is timed from outside.
var everyBurst = []evidence.Phase{
	evidence.PhaseShort, evidence.PhaseLong, evidence.PhaseNear, evidence.PhaseEmpty, evidence.PhaseStall,
	evidence.PhaseWidth(1), evidence.PhaseWidth(2), evidence.PhaseWidth(4), evidence.PhaseWidth(8),
	evidence.PhaseWidthEmpty(1), evidence.PhaseWidthEmpty(2), evidence.PhaseWidthEmpty(4), evidence.PhaseWidthEmpty(8),
}

// several is a plan with two threads.
func several(p *suite.Plan) { p.Threads = 2 }

func (tr trial) checks() map[string]Check {
	e, plan := honest(1000), probed
	if tr.change != nil {
		tr.change(&e)
	}
	if tr.plan != nil {
		tr.plan(&plan)
	}
	s := calmly
	if tr.replicates > 0 {
		s.replicates = tr.replicates
	}
	if s.replicates == 1 {
		s.rounds = 4 * longEvery
	}
	replicates := s.perform(map[string]engine{"a": e}, "a")
	for _, replicate := range replicates {
		replicate["a"] = slices.DeleteFunc(replicate["a"], func(s evidence.Sample) bool { return slices.Contains(tr.without, s.Phase) })
	}
	about := tr.facts
	if about == nil {
		about = facts(s.replicates, 0, 0)
	}
	quiet := Quiet{Share: 1 - tr.crowded}
	checks := map[string]Check{}
	for _, c := range ChecksOf(plan, quiet, replicates, about, "a") {
		checks[c.Rule] = c
	}
	return checks
}

func TestAnHonestContenderPassesEveryCheck(t *testing.T) {
	slow, fast := honest(100_000), honest(100)
	slow.multiplyAdd = 0.2
	fast.between = 0.01
	for _, e := range []engine{honest(1000), slow, fast} {
		checks := trial{change: func(given *engine) { *given = e }}.checks()
		if len(checks) != 13 {
			t.Fatalf("%d checks", len(checks))
		}
		for _, c := range checks {
			if !c.Judged || !c.Holds || c.Contender != "a" {
				t.Errorf("%v ns a call: %+v", e.call, c)
			}
		}
	}
}

func TestChecks(t *testing.T) {
	for _, tr := range trials {
		t.Run(tr.rule+"/"+tr.name, func(t *testing.T) {
			c := tr.checks()[tr.rule]
			if c.Judged != tr.judged || c.Holds != tr.holds {
				t.Errorf("judged %v, holds %v: %s", c.Judged, c.Holds, c.Text)
			}
			if !tr.judged && !strings.HasPrefix(c.Text, "not judged: ") {
				t.Errorf("no reason: %q", c.Text)
			}
			if c.Accuses != (tr.rule != "reading") {
				t.Errorf("accuses: %v", c.Accuses)
			}
		})
	}
}

// A check without a contender that fails it could be one that nobody can fail.
func TestEveryCheckHasItsCases(t *testing.T) {
	for rule := range (trial{}).checks() {
		fails := slices.ContainsFunc(trials, func(tr trial) bool { return tr.rule == rule && tr.judged && !tr.holds })
		unjudged := slices.ContainsFunc(trials, func(tr trial) bool { return tr.rule == rule && !tr.judged })
		if !fails || !unjudged {
			t.Errorf("%s: a case that fails: %v; one that can't be judged: %v", rule, fails, unjudged)
		}
	}
}

func TestAContenderWithoutSamplesHasNoChecks(t *testing.T) {
	if checks := ChecksOf(probed, Quiet{}, nil, nil, "a"); checks != nil {
		t.Errorf("%+v", checks)
	}
}

// drift makes the canary slower after each burst than before.
func drift(replicates []Replicate, perMille int64) []Replicate {
	for _, replicate := range replicates {
		for _, samples := range replicate {
			for i := range samples {
				if at := samples[i].CanaryAfterNanoseconds; at != nil {
					samples[i].CanaryAfterNanoseconds = pointer(*at * (1000 + perMille) / 1000)
				}
			}
		}
	}
	return replicates
}

func controlled(change func(engines map[string]engine)) []Replicate {
	engines := map[string]engine{"a": honest(1000), "a@control": honest(1000), "b": honest(1100)}
	if change != nil {
		change(engines)
	}
	return calmly.perform(engines, "a", "b", "a@control")
}

func TestControls(t *testing.T) {
	// drift makes the canary slower after a round's last burst.
	without := func(phase evidence.Phase) []Replicate {
		replicates := controlled(nil)
		for _, replicate := range replicates {
			for name := range replicate {
				replicate[name] = slices.DeleteFunc(replicate[name], func(s evidence.Sample) bool { return s.Phase == phase })
			}
		}
		return replicates
	}
	copyAt := func(call float64) []Replicate {
		return controlled(func(engines map[string]engine) { engines["a@control"] = honest(call) })
	}
	type outcomes map[string]bool
	for _, test := range []struct {
		name       string
		replicates []Replicate
		want       outcomes
	}{
		{"honest", controlled(nil), outcomes{"negative": true, "positive": true, "canary": true}},
		{"off by less than the tolerance", copyAt(1005), outcomes{"negative": true, "positive": true, "canary": true}},
		{"a copy that is 3% slower", copyAt(1030), outcomes{"negative": false, "positive": false, "canary": true}},
		{"a canary that is slower after the bursts", drift(controlled(nil), 30), outcomes{"negative": true, "positive": true, "canary": false}},
		{"a canary that is slower by less than the tolerance", drift(controlled(nil), 5), outcomes{"negative": true, "positive": true, "canary": true}},
		{"no bursts of more calls", without(evidence.PhasePositive), outcomes{"negative": true, "positive": false, "canary": true}},
		{"no short bursts", without(evidence.PhaseShort), outcomes{"negative": false, "positive": false, "canary": true}},
		{"one replicate", controlled(nil)[:1], outcomes{"negative": false, "positive": false, "canary": false}},
		{"nothing", nil, outcomes{"negative": false, "positive": false, "canary": false}},
	} {
		t.Run(test.name, func(t *testing.T) {
			quiet := NewQuiet(probed, test.replicates)
			got := outcomes{}
			for _, c := range []Control{
				Negative(probed, quiet, test.replicates, "a", "a@control"),
				Positive(probed, quiet, test.replicates, "a", "a@control"),
				Canary(probed, quiet, test.replicates),
			} {
				got[c.Name] = c.Holds
				if want := map[string]float64{"negative": 1, "positive": 1.05, "canary": 1}[c.Name]; math.Abs(c.Expected-want) > 1e-12 {
					t.Errorf("%s expects %v", c.Name, c.Expected)
				}
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("holds %v, want %v", got, test.want)
			}
		})
	}
}

// One replicate has no spread: a control of it shows nothing, which is no failure.
func TestAControlNeedsTwoReplicatesToFail(t *testing.T) {
	for replicates, judged := range map[int]bool{1: false, 10: true} {
		slower := drift(controlled(nil), 30)[:replicates]
		c := Canary(probed, NewQuiet(probed, slower), slower)
		if c.Holds || c.Judged() != judged {
			t.Errorf("of %d replicates it holds %v and is judged %v", replicates, c.Holds, c.Judged())
		}
		if failed := strings.HasPrefix(c.Fault(), "the canary control failed: "); failed != judged {
			t.Errorf("of %d replicates: %s", replicates, c.Fault())
		}
	}
	if c := Canary(probed, NewQuiet(probed, controlled(nil)), controlled(nil)); c.Fault() != "" {
		t.Errorf("a control that holds has the fault %q", c.Fault())
	}
}

// A copy that ignores extra calls would hide a slowdown, too.
func TestExtraCallsThatTakeNoTimeFailThePositiveControl(t *testing.T) {
	replicates := controlled(nil)
	for _, replicate := range replicates {
		for i, s := range replicate["a@control"] {
			if s.Phase == evidence.PhasePositive {
				replicate["a@control"][i].InnerNanoseconds = s.InnerNanoseconds * 20 / 21
			}
		}
	}
	if c := Positive(probed, NewQuiet(probed, replicates), replicates, "a", "a@control"); c.Holds || math.Abs(c.Ratio.Estimate-1) > 0.01 {
		t.Errorf("%+v", c)
	}
}

// Bursts of no calls, as a stranger's bundle might have them, measure nothing.
func TestAControlWithoutAFigureDoesNotHold(t *testing.T) {
	replicates := controlled(nil)
	for i, s := range replicates[3]["a@control"] {
		if s.Phase == evidence.PhaseShort || s.Phase == evidence.PhasePositive {
			replicates[3]["a@control"][i].Calls = 0
		}
	}
	quiet := NewQuiet(probed, replicates)
	for _, c := range []Control{Negative(probed, quiet, replicates, "a", "a@control"), Positive(probed, quiet, replicates, "a", "a@control")} {
		if c.Holds {
			t.Errorf("holds: %s", c.Text)
		}
	}
}

func TestARunWithoutAllControlsHasNoneThatHold(t *testing.T) {
	holding, failing := Control{Holds: true}, Control{}
	for _, test := range []struct {
		controls []Control
		want     bool
	}{
		{[]Control{holding, holding, holding}, true},
		{[]Control{holding, failing, holding}, false},
		{[]Control{holding}, false},
		{nil, false},
	} {
		if got := (&Estimates{Controls: test.controls}).Holds(); got != test.want {
			t.Errorf("%d controls: holds %v", len(test.controls), got)
		}
	}
}

func TestCostsOfExactLines(t *testing.T) {
	const call, multiplyAdd = 120, 0.07
	exact := func(bend float64) []Replicate {
		var replicates []Replicate
		for range 6 {
			var samples []evidence.Sample
			for _, times := range probed.Probes.Widths {
				nanoseconds := call + multiplyAdd*multiplyAdds(probed, times)
				if times == 8 {
					nanoseconds *= bend
				}
				// So many calls that whole nanoseconds lose nothing.
				samples = append(samples, evidence.Sample{Phase: evidence.PhaseWidth(times), Calls: 1_000_000, InnerNanoseconds: int64(math.Round(nanoseconds * 1_000_000))})
			}
			replicates = append(replicates, Replicate{"a": samples})
		}
		return replicates
	}
	costs := CostsOf(probed, exact(1), "a")
	if math.Abs(costs.CallNanoseconds.Estimate-call) > 1e-6 || math.Abs(costs.MultiplyAddNanoseconds.Estimate-multiplyAdd) > 1e-9 || costs.Misfit > 1e-9 {
		t.Errorf("%+v", costs)
	}
	if len(costs.Widths) != 4 || costs.Widths[3].MultiplyAdd != 8*2*784 {
		t.Errorf("widths %+v", costs.Widths)
	}
	if bent := CostsOf(probed, exact(1.5), "a"); bent.Misfit < 0.05 {
		t.Errorf("a line with a bend of half fits but for %v", bent.Misfit)
	}
	if one := CostsOf(probed, exact(1)[:1], "a"); one != nil {
		t.Errorf("one launch has costs: %+v", one)
	}
	narrow := probed
	narrow.Probes.Widths = []int{2}
	if single := CostsOf(narrow, exact(1), "a"); single != nil {
		t.Errorf("one width has costs: %+v", single)
	}
}

func TestMultiplyAddsOfACall(t *testing.T) {
	plan := probed
	plan.Model.Layers, plan.Batch = []int{8, 4, 2}, 3
	if got := multiplyAdds(plan, 2); got != 3*(16*4+4*2) {
		t.Errorf("%v", got)
	}
}

func TestCrossover(t *testing.T) {
	costs := func(call, multiplyAdd float64) *Costs {
		return &Costs{CallNanoseconds: stats.Interval{Estimate: call}, MultiplyAddNanoseconds: stats.Interval{Estimate: multiplyAdd}}
	}
	for _, test := range []struct {
		a, b *Costs
		want float64
	}{
		{costs(100, 0.1), costs(500, 0.05), 8000},
		{costs(500, 0.05), costs(100, 0.1), 8000},
		{costs(100, 0.05), costs(500, 0.1), math.NaN()},
		{costs(500, 0.1), costs(100, 0.05), math.NaN()},
		{costs(100, 0.1), costs(500, 0.1), math.NaN()},
		{costs(100, 0.1), costs(100, 0.1), math.NaN()},
	} {
		if got := Crossover(test.a, test.b); math.Abs(got-test.want) > 1e-6 || math.IsNaN(got) != math.IsNaN(test.want) {
			t.Errorf("%v and %v cross at %v, want %v", test.a, test.b, got, test.want)
		}
	}
}
