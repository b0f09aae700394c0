package estimate

// This file holds the checks of what a contender does beside what it is asked, and
// of clocks that lie now and then (docs/METHOD.md, Checks of clock and conduct).

import (
	"fmt"
	"math"
	"slices"

	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// innerTime asks whether a contender says of any request that it took longer than
// the harness saw it take. Both read the same clock.
func (x *examined) innerTime() Check {
	e := Evidence{Measured: math.NaN()}
	for _, samples := range x.all {
		for _, s := range samples {
			if s.OuterNanoseconds != nil && *s.OuterNanoseconds > 0 {
				if share := float64(s.InnerNanoseconds) / float64(*s.OuterNanoseconds); !(share <= e.Measured) {
					e.Measured = share
				}
			}
		}
	}
	e.Says = fmt.Sprintf("of the time that the harness saw a request take, it says at most %.4f; more than %.0f is none of a clock's", e.Measured, x.InnerTime)
	return Bound{Rule: "inner-time", Limit: x.InnerTime}.Judge(e)
}

// burstByBurst asks of every long burst for itself what cpuClock asks of the middle one:
// a contender that lies in a few bursts leaves the median as it is. It asks launches from
// which the host took little: the kernel counts to a process what was taken from it,
// outside of its calls too, and honest bursts of 20 ms had 50 and 247 ms so (23 Nov).
func (x *examined) burstByBurst() Check {
	kept := except(x.scheduled, x.stolen)
	beyond, bursts := 0, 0
	for _, phase := range []evidence.Phase{evidence.PhaseLong, evidence.PhaseNear} {
		cost := requestCost(x.scheduled, phase)
		if math.IsNaN(cost) {
			continue
		}
		for _, samples := range kept {
			for _, s := range samples {
				if s.Phase != phase || s.CPUNanoseconds == nil {
					continue
				}
				bursts++
				if float64(*s.CPUNanoseconds)/saidOf(s) > x.BurstClock+cost {
					beyond++
				}
			}
		}
	}
	e := Evidence{Excluded: x.severalThreads(noMeasure), Measured: float64(beyond) / float64(bursts), Spared: beyond < x.BurstClockBursts}
	if e.Excluded == "" && len(kept) == 0 && len(x.scheduled) > 0 {
		e.Excluded = fmt.Sprintf("the host took more than %.0f%% of every launch's time, and the kernel counts that to whom it was taken from", 100*x.StolenShare)
	}
	e.Says = fmt.Sprintf("in %d of %d long bursts it was on a CPU for more than %.2f times what it says that they took, beside what a request costs; at most %s may be",
		beyond, bursts, x.BurstClock, percent(x.BurstClockShare))
	return Bound{Rule: "clock-by-bursts", Limit: x.BurstClockShare}.Judge(e)
}

// classicCalls asks whether calls that are timed one by one, on one row and
// without a chain, are as slow as calls are.
func (x *examined) classicCalls() Check {
	measured := medianRatio(x.all, classicPerCall, shortPerCall)
	return Bound{Rule: "classic-calls", Floor: true, Limit: x.ClassicCalls}.Judge(Evidence{
		Measured: measured,
		Says:     fmt.Sprintf("a call of the classic protocol takes %.4f times as long as one of a short burst; at least %.2f is due", measured, x.ClassicCalls),
	})
}

// classicPerCall is of the whole request: time that passes between calls is in it,
// which makes it slower, never faster.
func classicPerCall(s evidence.Sample) (float64, bool) {
	return float64(s.InnerNanoseconds) / float64(s.Calls), s.Phase == evidence.PhaseRequest && s.Calls > 0
}

// threads asks whether a contender that was given one thread works on one.
func (x *examined) threads() Check {
	var shares, each []float64
	for _, fact := range x.facts {
		shares, each = append(shares, fact.OtherThreads...), append(each, fact.OthersEach...)
	}
	e := Evidence{Excluded: x.severalThreads("it was given several threads"), Measured: median(shares)}
	e.Says = fmt.Sprintf("threads other than its busiest had %s of its time on a CPU; at most %s is allowed, for what a runtime does of its own", percent(e.Measured), percent(x.OtherThreads))
	if own := median(each); e.Measured > x.OtherThreads && len(each) > 0 {
		e.Spared = own <= x.OtherThreadsNanoseconds
		e.Says = fmt.Sprintf("threads other than its busiest had %s of its time on a CPU, %.3f ms a request; at most %s, or %.1f ms a request, is allowed, for what a runtime does of its own",
			percent(e.Measured), own/1e6, percent(x.OtherThreads), x.OtherThreadsNanoseconds/1e6)
	}
	return Bound{Rule: "threads", Limit: x.OtherThreads}.Judge(e)
}

// helpers asks whether other processes work for the contender. They may go on
// while it is stopped.
func (x *examined) helpers() Check {
	var cpu, own float64
	for _, fact := range x.facts {
		cpu += float64(fact.HelperCPU)
		own += float64(fact.OwnCPU)
	}
	share := cpu / own
	return Bound{Rule: "helpers", Limit: x.Helpers}.Judge(Evidence{
		Measured: share,
		Says:     fmt.Sprintf("processes that it has started were on a CPU for %s of its own time there; at most %s is allowed", percent(share), percent(x.Helpers)),
	})
}

// likeCanonical asks whether a contender that names an engine is as fast as that
// engine's built-in runner beside it: neither slowed nor favoured.
func likeCanonical(thresholds suite.Thresholds, comparison Comparison) Check {
	// The end of the interval that is nearer to 1, whichever side it is on.
	low, high := comparison.Ratio.Low, comparison.Ratio.High
	e := Evidence{Measured: max(low, 1/high, 1)}
	if math.IsInf(high, 1) || math.IsNaN(low) || low == 0 {
		e.Excluded = tooFewLaunches
	}
	e.Says = fmt.Sprintf("the built-in runner of the engine that it names takes %.4f times its time (%.4f to %.4f); the interval begins %.4f times away from equal, at most %.2f is allowed",
		comparison.Ratio.Estimate, low, high, e.Measured, thresholds.Canonical)
	c := Bound{Rule: "canonical", Limit: thresholds.Canonical}.Judge(e)
	c.Contender = comparison.A
	return c
}

// addCanonical adds the check to the contenders that name an engine.
func (e *Estimates) addCanonical(thresholds suite.Thresholds) {
	for _, comparison := range e.Canonical {
		at := slices.IndexFunc(e.Contenders, func(c Contender) bool { return c.Name == comparison.A })
		if at >= 0 {
			e.Contenders[at].Checks = append(e.Contenders[at].Checks, likeCanonical(thresholds, comparison))
		}
	}
}

// account adds what a block of the kernel's accounts says of a launch, of which so many
// requests fell into the block.
func (f *LaunchFacts) account(use evidence.ProcessUse, requests int) {
	f.OwnCPU += use.CPUNanoseconds
	f.HelperCPU += use.DescendantCPUNanoseconds
	var busiest, all int64
	for _, thread := range use.Threads {
		busiest = max(busiest, thread.CPUNanoseconds)
		all += thread.CPUNanoseconds
	}
	// Threads that have ended are in the process's time alone.
	if all = max(all, use.CPUNanoseconds); all > 0 {
		f.OtherThreads = append(f.OtherThreads, 1-float64(busiest)/float64(all))
	}
	if requests > 0 {
		f.OthersEach = append(f.OthersEach, float64(all-busiest)/float64(requests))
	}
}
