package estimate

// This file holds the checks of what a contender does beside what it is asked, and
// of clocks that lie now and then.

import (
	"fmt"
	"math"
	"slices"

	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// The thresholds. Honest figures are those of ten launches of each built-in engine
// and of runs beside other load (docs/METHOD.md, Checks of clock and conduct).
const (
	// burstAllowance is by how much one long burst's time on a CPU may exceed what
	// the contender says of it, beside what a request costs. Honest bursts come to
	// 1.14.
	burstAllowance = 1.25
	// lyingShare is the share of bursts beyond it that is not called chance: in
	// honest launches one of 1,900 was.
	lyingShare = 0.05
	// leastLying is how many there must be at least.
	leastLying = 3
	// classicFloor is how fast the calls of the classic protocol may be against
	// those of short bursts: the row is always the same and there is no chain.
	// By their median call honest engines come to 0.90 and more, each launch for
	// itself to 0.48.
	classicFloor = 0.6
	// otherThreads is how much of a contender's work may be on other threads than
	// its busiest, where it was given one. A Go runtime comes to 0.14, for being
	// stopped and woken, and for collecting.
	otherThreads = 0.3
	// othersOwn is how much of it may be there for every request, in nanoseconds, however
	// large a share that is: being stopped and woken costs the same for bursts of any
	// length. Go's runtime comes to 0.08 to 0.18 ms, which is 55% of what an engine of
	// 40 ns a call does beside other processes (23 Nov); a second thread that works does so
	// for as long as bursts last, milliseconds.
	othersOwn = 500_000
	// helperShare is how much processes that a contender has started may work,
	// against what it does itself.
	helperShare = 0.01
	// canonicalAllowance is by how much a contender may differ from the built-in
	// runner of the engine that it names.
	canonicalAllowance = 1.05
)

// conductOf makes the checks of conduct of one contender.
func conductOf(plan suite.Plan, samples, calm [][]evidence.Sample, facts []LaunchFacts) []Check {
	return []Check{
		innerTime(samples), burstByBurst(plan, calm, unrobbed(calm, facts)), classicCalls(samples), threadsOf(plan, facts), helpersOf(facts),
	}
}

// innerTime asks whether a contender says of any request that it took longer than
// the harness saw it take. Both read the same clock.
func innerTime(launches [][]evidence.Sample) Check {
	c := Check{Rule: "inner-time", Accuses: true, Limit: 1, Measured: math.NaN()}
	for _, samples := range launches {
		for _, s := range samples {
			if s.OuterNanoseconds != nil && *s.OuterNanoseconds > 0 {
				if share := float64(s.InnerNanoseconds) / float64(*s.OuterNanoseconds); !(share <= c.Measured) {
					c.Measured = share
				}
			}
		}
	}
	return c.atMost("of the time that the harness saw a request take, it says at most %.4f; more than %.0f is none of a clock's", c.Measured, c.Limit)
}

// burstByBurst asks of every long burst for itself what cpuClock asks of the
// middle one: whoever lies in a few bursts leaves the median as it is. It asks launches
// from which the host took little: the kernel counts to a process what was taken from it,
// outside of its calls too, and honest bursts of 20 ms had 50 and 247 ms so (23 Nov).
func burstByBurst(plan suite.Plan, launches, unrobbed [][]evidence.Sample) Check {
	c := Check{Rule: "clock-by-bursts", Accuses: true, Limit: lyingShare}
	if plan.Threads != 1 {
		c.Text = severalThreads
		return c
	}
	lying, bursts := 0, 0
	for _, phase := range []evidence.Phase{evidence.PhaseLong, evidence.PhaseNear} {
		cost := requestCost(launches, phase)
		if math.IsNaN(cost) {
			continue
		}
		for _, samples := range unrobbed {
			for _, s := range samples {
				if s.Phase != phase || s.CPUNanoseconds == nil {
					continue
				}
				bursts++
				if float64(*s.CPUNanoseconds)/saidOf(s) > burstAllowance+cost {
					lying++
				}
			}
		}
	}
	if len(unrobbed) == 0 && len(launches) > 0 {
		c.Text = fmt.Sprintf("not judged: the host took more than %.0f%% of every launch's time, and the kernel counts that to whom it was taken from", 100*stolen)
		return c
	}
	c.Measured = float64(lying) / float64(bursts)
	holds := lying < leastLying || c.Measured <= c.Limit
	return c.settled(holds, "in %d of %d long bursts it was on a CPU for more than %.2f times what it says that they took, beside what a request costs; at most %s may be", lying, bursts, burstAllowance, percent(c.Limit))
}

// classicCalls asks whether calls that are timed one by one, on one row and
// without a chain, are as slow as calls are.
func classicCalls(launches [][]evidence.Sample) Check {
	c := Check{Rule: "classic-calls", Floor: true, Accuses: true, Limit: classicFloor}
	c.Measured = medianRatio(launches, classicPerCall, shortPerCall)
	return c.atLeast("a call of the classic protocol takes %.4f times as long as one of a short burst; at least %.2f is due", c.Measured, c.Limit)
}

// classicPerCall is of the whole request: time that passes between calls is in it,
// which makes it slower, never faster.
func classicPerCall(s evidence.Sample) (float64, bool) {
	return float64(s.InnerNanoseconds) / float64(s.Calls), s.Phase == evidence.PhaseRequest && s.Calls > 0
}

// threadsOf asks whether a contender that was given one thread works on one.
func threadsOf(plan suite.Plan, facts []LaunchFacts) Check {
	c := Check{Rule: "threads", Accuses: true, Limit: otherThreads}
	if plan.Threads != 1 {
		c.Text = "not judged: it was given several threads"
		return c
	}
	var shares, each []float64
	for _, fact := range facts {
		shares, each = append(shares, fact.OtherThreads...), append(each, fact.OthersEach...)
	}
	c.Measured = math.NaN()
	if len(shares) > 0 {
		c.Measured = stats.Median(shares)
	}
	if c.Measured > c.Limit && len(each) > 0 {
		own := stats.Median(each)
		return c.settled(own <= othersOwn, "threads other than its busiest had %s of its time on a CPU, %.3f ms a request; at most %s, or %.1f ms a request, is allowed, for what a runtime does of its own",
			percent(c.Measured), own/1e6, percent(c.Limit), othersOwn/1e6)
	}
	return c.atMost("threads other than its busiest had %s of its time on a CPU; at most %s is allowed, for what a runtime does of its own", percent(c.Measured), percent(c.Limit))
}

// helpersOf asks whether other processes work for the contender. They may go on
// while it is stopped.
func helpersOf(facts []LaunchFacts) Check {
	c := Check{Rule: "helpers", Accuses: true, Limit: helperShare}
	var cpu, own float64
	for _, fact := range facts {
		cpu += float64(fact.HelperCPU)
		own += float64(fact.OwnCPU)
	}
	c.Measured = cpu / own
	return c.atMost("processes that it has started were on a CPU for %s of its own time there; at most %s is allowed", percent(c.Measured), percent(c.Limit))
}

// likeCanonical asks whether a contender that names an engine is as fast as that
// engine's built-in runner beside it: neither slowed nor favoured.
func likeCanonical(comparison Comparison) Check {
	c := Check{Rule: "canonical", Contender: comparison.A, Accuses: true, Limit: canonicalAllowance}
	// The end of the interval that is nearer to 1, whichever side it is on.
	low, high := comparison.Ratio.Low, comparison.Ratio.High
	c.Measured = max(low, 1/high, 1)
	if math.IsInf(high, 1) || math.IsNaN(low) || low == 0 {
		c.Text = "not judged: too few launches for an interval"
		return c
	}
	return c.atMost("the built-in runner of the engine that it names takes %.4f times its time (%.4f to %.4f); the interval begins %.4f times away from equal, at most %.2f is allowed",
		comparison.Ratio.Estimate, low, high, c.Measured, c.Limit)
}

// addCanonical adds the check to the contenders that name an engine.
func (e *Estimates) addCanonical() {
	for _, comparison := range e.Canonical {
		at := slices.IndexFunc(e.Contenders, func(c Contender) bool { return c.Name == comparison.A })
		if at >= 0 {
			e.Contenders[at].Checks = append(e.Contenders[at].Checks, likeCanonical(comparison))
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
