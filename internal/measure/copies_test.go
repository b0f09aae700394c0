package measure

// This file tests launches of copies, on a stage.

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/sandbox"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// rehearseCopies sets up a comparison of copies of a script.
func rehearseCopies(t *testing.T, nonce string, s script) *scripted {
	t.Helper()
	r := rehearse(t, nonce, func(plan *suite.Plan) {
		*plan = *CopiesPlan(*plan, 6, 40, 200, 0.0025)
		plan.Paired.Steady.Bursts, plan.Paired.LeastCalls = 8, 200
	}, s)
	r.Bundle = Nowhere{Dir: t.TempDir()}
	r.stage.unstopped = true
	return r
}

// comparedCopies is what the plan's number of launches of copies came to.
type comparedCopies struct {
	same, slowed, doubled estimate.Comparison
	launches              []*CopiesLaunch
}

// compareCopies launches copies of the first script as often as the plan says and
// compares them.
func (r *scripted) compareCopies(ctx context.Context, slowdown float64, doubled bool) (comparedCopies, error) {
	var c comparedCopies
	var replicates []estimate.Replicate
	for number := 1; number <= r.Plan.Launches; number++ {
		launch, err := r.LaunchCopies(ctx, r.contenders[0], CopiesOrder{Index: number, Number: number, Slowdown: slowdown, DoubleLoad: doubled})
		if err != nil {
			return c, err
		}
		c.launches, replicates = append(c.launches, launch), append(replicates, launch.Samples)
	}
	quiet := estimate.NewQuiet(*r.Plan, replicates)
	c.same = estimate.Compare(*r.Plan, quiet, replicates, FirstCopy, SecondCopy)
	if doubled {
		c.doubled = estimate.Compare(*r.Plan, quiet, replicates, FirstCopyDoubled, SecondCopyDoubled)
	} else {
		c.slowed = estimate.Compare(*r.Plan, quiet, replicates, FirstCopy, SlowedCopy)
	}
	return c, nil
}

func TestCopiesComeOutEqualAndASlowedOneSlower(t *testing.T) {
	r := rehearseCopies(t, "copies", constant("a", 1000))
	copies, err := r.compareCopies(t.Context(), 0.005, false)
	if err != nil {
		t.Fatal(err)
	}
	r.watch(t)
	if ratio := copies.same.Ratio; ratio.Low > 1 || ratio.High < 1 || ratio.High-ratio.Low > 1e-3 {
		t.Errorf("copies that take the same time: %+v", ratio)
	}
	if ratio := copies.slowed.Ratio; ratio.Low < 1.0045 || ratio.High > 1.0055 {
		t.Errorf("a copy with half a percent of uncounted calls: %+v", ratio)
	}
	for i, launch := range copies.launches {
		if launch.Starting <= 0 {
			t.Errorf("launch %d took %v for starting", i+1, launch.Starting)
		}
		for _, calls := range launch.Calls {
			if (len(calls) > 0) != (i == 0) {
				t.Errorf("launch %d has %d samples for others' methods", i+1, len(calls))
			}
		}
	}
}

func TestCopiesOfDifferentSpeedComeOutDifferent(t *testing.T) {
	each := constant("a", 1000)
	each.pace = func(nth int) pace { return steadily(float64(1000 + 10*(nth%2))) }
	r := rehearseCopies(t, "different", each)
	copies, err := r.compareCopies(t.Context(), 0.005, false)
	if err != nil {
		t.Fatal(err)
	}
	// Which of the two is the first, is drawn anew in each launch.
	if ratio := copies.same.Ratio; ratio.High-ratio.Low < 1e-3 {
		t.Errorf("launches that differ by 1%% give an interval of %+v", ratio)
	}
}

func TestACopyThatWorksWhileItWaitsIsSeen(t *testing.T) {
	busy := constant("a", 1000)
	busy.tamper = func(p *actor, _ protocol.InferRequest, reply *protocol.Infer) error {
		for _, other := range p.stage.actors {
			if other != p {
				other.cpu += time.Duration(reply.ElapsedNanoseconds)
			}
		}
		return nil
	}
	r := rehearseCopies(t, "busy", busy)
	copies, err := r.compareCopies(t.Context(), 0.005, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, launch := range copies.launches {
		if stats.Median(launch.IdleShares) < 0.3 {
			t.Errorf("copies that work all the time were on a CPU for %v of their waiting", launch.IdleShares)
		}
	}
}

// A calibration makes thousands of launches, and each has a directory of its own.
func TestCopiesLeaveNothingInTheScratchDirectory(t *testing.T) {
	for name, at := range map[string]int{"whole": 0, "failing": 8} {
		each := constant("a", 1000)
		each.tamper = func(p *actor, _ protocol.InferRequest, _ *protocol.Infer) error {
			if p.performed == at {
				return errors.New("out of luck")
			}
			return nil
		}
		r := rehearseCopies(t, "scratch", each)
		r.Sandbox = &sandbox.Sandbox{}
		if _, err := r.compareCopies(t.Context(), 0.005, false); (err != nil) != (at > 0) {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(r.Scratch); err != nil || len(left) > 0 {
			t.Errorf("%s: left in the scratch directory: %v, %v", name, left, err)
		}
	}
}

// Whatever step fails or is interrupted, a comparison ends with that as its error.
// Where a model lies in memory decides a copy's speed until it lies elsewhere.
func TestCopiesLoadTheirModelAgainAndAgain(t *testing.T) {
	r := rehearseCopies(t, "loads", constant("a", 1000))
	if _, err := r.compareCopies(t.Context(), 0.005, false); err != nil {
		t.Fatal(err)
	}
	r.watch(t)
	loads := map[int]int{}
	for _, launch := range r.stage.loaded {
		loads[launch]++
	}
	for _, actor := range r.stage.actors {
		if due := 1 + (r.Plan.Paired.Rounds-1)/roundsPerLoad; loads[actor.launch] != due {
			t.Errorf("launch %d was given the model %d times in %d rounds, not %d", actor.launch, loads[actor.launch], r.Plan.Paired.Rounds, due)
		}
	}
}

// Whoever loads first may be the faster for it; that must not be always the same copy.
func TestWhichCopyLoadsFirstSaysNothingOfWhichItIs(t *testing.T) {
	var run *scripted
	each := constant("a", 1000)
	each.pace = func(nth int) pace {
		return func(_ time.Duration, request protocol.InferRequest) time.Duration {
			loaded := run.stage.loaded
			at := len(loaded) - 1
			for loaded[at] != nth+1 {
				at--
			}
			return time.Duration((1000 + 10*(at%2)) * request.Calls)
		}
	}
	r := rehearseCopies(t, "who is first", each)
	run = r
	copies, err := r.compareCopies(t.Context(), 0.005, false)
	if err != nil {
		t.Fatal(err)
	}
	ratio, launches := copies.same.Ratio, copies.same.Replicates
	if ratio.Low > 1 || ratio.High < 1 || slices.Min(launches) == slices.Max(launches) {
		t.Errorf("copies of which who loads second is slower by 1%%: %+v of %v", ratio, launches)
	}
}

// A core that has just served a copy is slower for whoever is next.
func TestBothBurstsOfARoundComeAfterTheSame(t *testing.T) {
	canary, served := false, 0
	each := constant("a", 1000)
	each.pace = func(nth int) pace {
		return func(_ time.Duration, request protocol.InferRequest) time.Duration {
			slower := 0
			if !canary {
				slower += 100
			}
			if served == nth {
				slower += 50
			}
			canary, served = false, nth
			return time.Duration((1000 + slower) * request.Calls)
		}
	}
	r := rehearseCopies(t, "after the same", each)
	r.stage.canary = func(*stage) time.Duration {
		canary = true
		return scriptedCanary
	}
	copies, err := r.compareCopies(t.Context(), 0.005, false)
	if err != nil {
		t.Fatal(err)
	}
	r.watch(t)
	if ratio := copies.same.Ratio; ratio.Low > 1 || ratio.High < 1 || ratio.High-ratio.Low > 1e-3 {
		t.Errorf("copies that are slower where nobody kept the core busy, and after themselves: %+v", ratio)
	}
	opened := 0
	for at, request := range r.stage.all {
		if request.request.Calls == 0 && request.request.Rows == scriptedFewRows {
			opened++
			if first, second := r.stage.all[at+1], r.stage.all[at+2]; request.launch != second.launch || first.launch == second.launch {
				t.Fatalf("launch %d opens a round of launches %d and %d", request.launch, first.launch, second.launch)
			}
		}
	}
	if due := len(copies.same.Replicates) * r.Plan.Paired.Rounds; opened != due {
		t.Errorf("%d of %d rounds were opened", opened, due)
	}
}

func TestACopyThatDoesNotLoadAgainEndsTheComparison(t *testing.T) {
	once, loads := constant("a", 1000), 0
	once.refuses = func(protocol.LoadRequest) bool {
		loads++
		return loads > 2
	}
	r := rehearseCopies(t, "once", once)
	if _, err := r.compareCopies(t.Context(), 0.005, false); err == nil || !strings.Contains(err.Error(), "too wide") {
		t.Errorf("a copy that loads its model but once: %v", err)
	}
}

func TestACopyThatFailsEndsTheComparison(t *testing.T) {
	for _, at := range []int{1, 2, 3, 8, 20} {
		failing := constant("a", 1000)
		failing.tamper = func(p *actor, _ protocol.InferRequest, _ *protocol.Infer) error {
			if p.performed == at {
				return errors.New("out of luck")
			}
			return nil
		}
		r := rehearseCopies(t, "failing", failing)
		if _, err := r.compareCopies(t.Context(), 0.005, false); err == nil || !strings.Contains(err.Error(), "out of luck") {
			t.Errorf("failed at request %d: error %v", at, err)
		}
	}
}

func TestAnInterruptedComparisonEnds(t *testing.T) {
	for _, at := range []int{1, 3, 8, 20} {
		ctx, interrupt := context.WithCancel(t.Context())
		interrupted := constant("a", 1000)
		interrupted.tamper = func(p *actor, _ protocol.InferRequest, _ *protocol.Infer) error {
			if p.performed == at {
				interrupt()
			}
			return nil
		}
		r := rehearseCopies(t, "interrupted", interrupted)
		if _, err := r.compareCopies(ctx, 0.005, false); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted at request %d: error %v", at, err)
		}
	}
}

func TestTheHarnesssDoubledLoadIsSeenWhereItHasAPart(t *testing.T) {
	for name, slower := range map[string]float64{"none": 0, "a tenth": 0.1} {
		var run *scripted
		load := constant("a", 1000)
		load.pace = func(int) pace {
			// Where more files were written since the last burst, calls take longer.
			files := 0
			return func(now time.Duration, request protocol.InferRequest) time.Duration {
				if request.Calls == 0 {
					return 0
				}
				number := run.entered[0].files
				doubled := number > files+2
				files = number
				each := 1000.0
				if doubled {
					each *= 1 + slower
				}
				return time.Duration(each * float64(request.Calls))
			}
		}
		r := rehearseCopies(t, "doubled", load)
		run = r
		copies, err := r.compareCopies(t.Context(), 0, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, launch := range copies.launches {
			if times := perCall(launch.Samples[FirstCopyDoubled]) / perCall(launch.Samples[FirstCopy]); math.Abs(math.Log(times)-math.Log1p(slower)) > 0.02 {
				t.Errorf("%s: calls took %.3f times as long under doubled load", name, times)
			}
			if !constantly(launch.Canary) || !constantly(launch.CanaryAfter) {
				t.Errorf("%s: canary %v, after the bursts %v", name, launch.Canary, launch.CanaryAfter)
			}
		}
		if copies.doubled.Ratio.Low > 1 || copies.doubled.Ratio.High < 1 {
			t.Errorf("%s: copies differ: %+v", name, copies.doubled.Ratio)
		}
	}
}

// perCall is the middle burst's time of a call.
func perCall(samples []evidence.Sample) float64 {
	var each []float64
	for _, s := range samples {
		each = append(each, float64(s.InnerNanoseconds)/float64(s.Calls))
	}
	return stats.Median(each)
}

// constantly reports whether the canary did not notice that the load was doubled.
func constantly(c CanaryReadings) bool {
	return len(c.Once) > 0 && stats.Median(c.Once) == stats.Median(c.Twice)
}

// The canary is found slower under the harness's doubled load, be it for a moment, be it
// until after the bursts, and also where it is so slow that the harness waits for better.
func TestTheCanaryIsSeenToSufferFromDoubledLoad(t *testing.T) {
	for _, test := range []struct {
		name          string
		slower        float64
		lasts         bool
		before, after float64
	}{
		{"not at all", 0, true, 0, 0},
		{"5% for a moment", 0.05, false, 0.05, 0},
		{"5% until after the bursts", 0.05, true, 0.05, 0.05},
		{"half, for a moment", 0.5, false, 0.5, 0},
	} {
		r := rehearseCopies(t, "canary", constant("a", 1000))
		files, doubled := 0, false
		r.stage.canary = func(*stage) time.Duration {
			written := r.entered[0].files - files
			files = r.entered[0].files
			if written > 0 || !test.lasts {
				doubled = written > 2
			}
			if doubled {
				return time.Duration(float64(scriptedCanary) * (1 + test.slower))
			}
			return scriptedCanary
		}
		copies, err := r.compareCopies(t.Context(), 0, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, launch := range copies.launches {
			for what, of := range map[string]struct {
				readings CanaryReadings
				due      float64
			}{"right after the work": {launch.Canary, test.before}, "after the bursts": {launch.CanaryAfter, test.after}} {
				if times := stats.Median(of.readings.Twice) / stats.Median(of.readings.Once); math.Abs(times-1-of.due) > 1e-3 {
					t.Errorf("%s: %s the canary took %.4f times as long; %.4f is due", test.name, what, times, 1+of.due)
				}
			}
		}
	}
}

// Bursts of a slow engine are as short as its slowdown allows.
func TestALargerSlowdownHasShorterBursts(t *testing.T) {
	calls := map[int]int{}
	for _, unit := range []int{50, 200} {
		r := rehearseCopies(t, "unit", constant("a", 20_000))
		r.Plan.Paired.PositiveCalls, r.Plan.Paired.LeastCalls = unit, 20
		copies, err := r.compareCopies(t.Context(), 0.02, false)
		if err != nil {
			t.Fatal(err)
		}
		if ratio := copies.slowed.Ratio; ratio.Low < 1.0195 || ratio.High > 1.0205 {
			t.Errorf("multiples of %d calls: a slowdown of 2%% comes out as %+v", unit, ratio)
		}
		calls[unit] = r.first(t).sizes["a"].Calls
	}
	if calls[50] != 50 || calls[200] != 200 {
		t.Errorf("calls of a burst by their unit: %v", calls)
	}
}
