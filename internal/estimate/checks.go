package estimate

// This file holds the checks of a contender's clock and of what it does when it
// should do nothing. Rules and thresholds come from experiments with honest
// engines and with cheats (docs/METHOD.md, Checks of clock and conduct).

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// Check is one check of one contender.
type Check struct {
	// Rule names the check, Contender whom it is about.
	Rule      string
	Contender string
	// Measured is what came out and Limit what it must not be above, or below where
	// Floor.
	Measured float64
	Limit    float64
	Floor    bool
	// Judged is false where the check could not be made, and Text says why.
	Judged bool
	Holds  bool
	// Accuses is false for a check that warns alone.
	Accuses bool
	Text    string
}

// The checks' thresholds.
const (
	// outerAllowance is by how much the outer time of a long burst may exceed the
	// inner one, beside what a request costs.
	outerAllowance = 1.04
	// widestRequest and widestTraining are the most that a request may cost, as a share
	// of a long burst, for a clock to be cleared by an allowance as wide: the contender
	// makes its requests without calls as slow as it likes. Of seven engines none came to
	// more than 0.07, and in training to 0.15 (22 Nov).
	widestRequest  = 0.15
	widestTraining = 0.25
	// cpuAllowance is by how much the time on a CPU may exceed the inner time.
	cpuAllowance = 1.05
	// shortFloor is how fast short bursts may be against the CPU time of long ones.
	shortFloor = 0.85
	// An accusation by short bursts stands while at most one launch in dissent speaks
	// against it, and whatever else is so where the middle one is below nearMiss. An honest engine's middle
	// launch had 0.8398 in one of twenty runs, on a machine with neighbours, where it has
	// 0.92 on a quiet one (22 Nov).
	dissent  = 5
	nearMiss = 0.75
	// So does it where at least quietShare of the canary's readings found the machine
	// quiet, and no more than half of the launches were pressed for a CPU. Neighbours slow bursts of milliseconds by more than those of microseconds: on
	// a machine whose own short bursts run 12% faster, an honest engine came to 0.8485 and
	// 0.8129, in launch after launch, with 33 and 8% quiet, where it has 0.873. Who shares
	// its core with a busy process loses its caches at every turn, which the canary need
	// not see: 0.835 with 99% quiet and tasks waiting for 90% of the time (23 Nov).
	quietShare = 0.5
	// nearFloor is how fast calls over few rows may be against calls over many.
	// Honest engines of a tenth of a microsecond a call come to 0.7 where the larger
	// file leaves the nearest cache.
	nearFloor = 0.5
	// leastToAccuse is how many launches the harness's clock needs against a contender
	// where the host took time.
	leastToAccuse = 3
	// stolen is the share of stolen time above which shortFloor is not judged.
	stolen = 0.05
	// pressed is the share of time in which tasks waited for a CPU above which those of
	// a launch's long bursts are judged alone that had a CPU for onCPU of the time that
	// the harness saw. Beside other work on its core an honest engine's request waits to
	// begin and to end, and its long bursts for their turn, as short ones do not. Runs
	// alone were seen at 8 to 11%, beside a busy loop on each core at far more.
	pressed = 0.25
	onCPU   = 0.9
	// heldUp is the share of a long burst for which the harness may itself have waited
	// for a CPU: its clock ran on, and nobody's calls did. Beside tests on the harness's
	// core an honest engine's launch came to 1.131 times where 1.122 is allowed, with
	// tasks waiting for 8% of the time; alone the harness's thread waits for 0.3 to 0.6% of
	// one, and now and then for 10 or 20% (22 Nov). A contender has another core, and
	// might still give other threads of the harness work.
	heldUp = 0.02
	// stallInOne is the least share of planted stops that shows in one single call
	// of an honest contender; the others fall between two calls.
	stallInOne = 0.6
	// stallChance is the probability below which so few of them are no chance.
	stallChance = 1e-4
	// landed is the share of a planted stop that must show in a burst's time for the
	// stop to count as having hit it.
	landed = 0.9
	// readBefore is the most that a request without calls may take, as a share of a
	// long burst, for stops to be looked for by the harness's clock. They are planned
	// for 0.05 to 0.2 of one, so that four of five come after the rows have been read.
	readBefore = 0.08
	// idleShare is how much of the time between requests may be spent on a CPU.
	idleShare = 0.05
	// leastSlope is the least time of a multiply-add on one core, in nanoseconds: no
	// core does more than two fused ones of 16 lanes in a cycle, nor 6 GHz. The audit
	// knows the machine's own lanes and cycle, and asks for more.
	leastSlope = 1 / (2 * 16 * 6.0)
	// readingPerRow is how long reading a row may take, in nanoseconds.
	readingPerRow = 1000
)

// ChecksOf makes all checks of one contender.
func ChecksOf(plan suite.Plan, quiet Quiet, replicates []Replicate, launches []LaunchFacts, contender string) []Check {
	samples := samplesOf(replicates, contender)
	if len(samples) == 0 {
		return nil
	}
	calm := unhindered(samples, launches)
	timely := withoutHeldUp(calm)
	checks := []Check{
		outerClock(plan, timely), cpuClock(plan, calm), shortAgainstLong(plan, quiet, calm, launches), nearAgainstFar(plan, timely),
		plantedStalls(plan, calm, launches), idleBetween(launches), slope(plan, CostsOf(plan, replicates, contender)), reading(plan, unpressed(unrobbed(samples, launches), launches)),
	}
	checks = append(checks, conductOf(plan, samples, calm, launches)...)
	for i := range checks {
		checks[i].Contender = contender
		if rule := checks[i].Rule; rule == "outer-clock" || rule == "near-rows" {
			checks[i] = checks[i].unlessByChance(samples, launches)
		}
	}
	return checks
}

// unlessByChance takes back what a check by the harness's clock says against a contender
// of which there are few launches, where the host took time from any: the middle of two
// or three bursts is then whatever they met.
func (c Check) unlessByChance(launches [][]evidence.Sample, facts []LaunchFacts) Check {
	robbed := len(unrobbed(launches, facts)) < len(launches)
	if c.Judged && !c.Holds && robbed && len(launches) < leastToAccuse {
		c.Judged = false
		c.Text = fmt.Sprintf("not judged: the host took time, and of fewer than %d launches this may be what it took: %s", leastToAccuse, c.Text)
	}
	return c
}

// LaunchFacts is what the kernel said of a finished launch.
type LaunchFacts struct {
	Launch                   int
	IdleNanoseconds, IdleCPU int64
	StolenShare              float64
	PressureShare            float64
	// OtherThreads is, by block of rounds, the share of its CPU time on threads other
	// than its busiest, and OthersEach that time by request, in nanoseconds; HelperCPU is
	// the CPU time of processes that it started and OwnCPU its own in the same blocks, in
	// nanoseconds.
	OtherThreads, OthersEach []float64
	HelperCPU, OwnCPU        int64
}

// samplesOf has the contender's samples, by replicate.
func samplesOf(replicates []Replicate, contender string) [][]evidence.Sample {
	var all [][]evidence.Sample
	for _, replicate := range replicates {
		if samples := replicate[contender]; len(samples) > 0 {
			all = append(all, samples)
		}
	}
	return all
}

// medianOver is the median over launches of a launch's median of a value that some
// samples have.
func medianOver(launches [][]evidence.Sample, value func(evidence.Sample) (float64, bool)) float64 {
	var medians []float64
	for _, samples := range launches {
		var values []float64
		for _, sample := range samples {
			if v, ok := value(sample); ok {
				values = append(values, v)
			}
		}
		if len(values) > 0 {
			medians = append(medians, stats.Median(values))
		}
	}
	if len(medians) == 0 {
		return math.NaN()
	}
	return stats.Median(medians)
}

// requestCost is the outer time of a request without calls, as a share of a long
// burst's, in the rounds whose long bursts are of that phase.
func requestCost(launches [][]evidence.Sample, phase evidence.Phase) float64 {
	burst := medianOver(launches, func(s evidence.Sample) (float64, bool) {
		return saidOf(s), s.Phase == phase
	})
	return emptyRequest(launches, phase) / burst
}

// saidOf is the contender's own time, of which nothing counts as a nanosecond: who says
// that ten milliseconds were none is to be judged like others.
func saidOf(s evidence.Sample) float64 { return float64(max(s.InnerNanoseconds, 1)) }

// emptyRequest is the outer time of a request without calls in those rounds.
func emptyRequest(launches [][]evidence.Sample, phase evidence.Phase) float64 {
	type roundOf struct {
		launch, round int32
	}
	rounds := map[roundOf]bool{}
	for _, samples := range launches {
		for _, s := range samples {
			if s.Phase == phase {
				rounds[roundOf{s.Launch, s.Round}] = true
			}
		}
	}
	return medianOver(launches, func(s evidence.Sample) (float64, bool) {
		if s.Phase != evidence.PhaseEmpty || s.OuterNanoseconds == nil || !rounds[roundOf{s.Launch, s.Round}] {
			return 0, false
		}
		return float64(*s.OuterNanoseconds), true
	})
}

// outerClock compares the harness's time of long bursts with the contender's own, of
// those over many rows or over few: what accuses, or what is not agreed upon, or
// whichever is further off.
func outerClock(plan suite.Plan, launches [][]evidence.Sample) Check {
	worse := slices.MaxFunc([]Check{outerClockOf(launches, evidence.PhaseLong), outerClockOf(launches, evidence.PhaseNear)}, func(a, b Check) int {
		return cmp.Or(a.gravity()-b.gravity(), cmp.Compare(a.Measured-a.Limit, b.Measured-b.Limit))
	})
	return worse.unlessTooWide(plan, requestCost(launches, evidence.PhaseLong), requestCost(launches, evidence.PhaseNear))
}

// gravity orders what several checks of one rule say: an accusation before one that was
// not agreed upon, that before an acquittal, and what had no samples last.
func (c Check) gravity() int {
	switch {
	case c.Judged && !c.Holds:
		return 3
	case !c.Judged && !math.IsNaN(c.Measured):
		return 2
	case c.Judged:
		return 1
	}
	return 0
}

// unlessTooWide is the check, which clears nobody where its allowance is too wide, and
// still accuses whoever is beyond it.
func (c Check) unlessTooWide(plan suite.Plan, costs ...float64) Check {
	widest := widestRequest
	if plan.Train != nil {
		widest = widestTraining
	}
	for _, cost := range costs {
		if c.Judged && c.Holds && cost > widest {
			c.Judged, c.Holds = false, false
			c.Text = fmt.Sprintf("not judged: a request without calls costs %s of a long burst, and what so wide an allowance lets pass says nothing; at most %s", percent(cost), percent(widest))
		}
	}
	return c
}

func outerClockOf(launches [][]evidence.Sample, phase evidence.Phase) Check {
	c := Check{Rule: "outer-clock", Accuses: true}
	cost := requestCost(launches, phase)
	outerOfInner := func(s evidence.Sample) (float64, bool) {
		if s.Phase != phase || s.OuterNanoseconds == nil {
			return 0, false
		}
		return float64(*s.OuterNanoseconds) / saidOf(s), true
	}
	c.Measured = medianOver(launches, outerOfInner)
	c.Limit = outerAllowance + cost
	c = c.atMost("the harness's time of long bursts is %.4f times the contender's own; at most %.4f is allowed, of which a request costs %s (the outer clock resolves %.1f%%)",
		c.Measured, c.Limit, percent(cost), 100*(c.Limit-1))
	// A host that takes tens of milliseconds at a time makes the middle of a launch's few
	// bursts a matter of chance. A clock that is slow is so in most bursts of all.
	if within, all := countAtMost(launches, outerOfInner, c.Limit); c.Judged && !c.Holds && 2*within >= all {
		c.Judged = false
		c.Text = fmt.Sprintf("not judged: the harness's time of long bursts is %.4f times the contender's own in the middle launch, where at most %.4f is allowed, and %d of %d bursts are within: they do not agree",
			c.Measured, c.Limit, within, all)
	}
	return c
}

// countAtMost counts the samples that have a value, and those of them within a limit.
func countAtMost(launches [][]evidence.Sample, value func(evidence.Sample) (float64, bool), limit float64) (within, all int) {
	for _, samples := range launches {
		for _, s := range samples {
			found, has := value(s)
			if !has {
				continue
			}
			all++
			if found <= limit {
				within++
			}
		}
	}
	return within, all
}

// cpuClock compares the kernel's account of long bursts with the contender's own
// time. It never accuses while the host steals time, but misses small lies then.
func cpuClock(plan suite.Plan, launches [][]evidence.Sample) Check {
	c := Check{Rule: "cpu-clock", Accuses: true}
	if plan.Threads != 1 {
		c.Text = severalThreads
		return c
	}
	c.Measured = medianOver(launches, cpuOfInner)
	cost := requestCost(launches, evidence.PhaseLong)
	c.Limit = cpuAllowance + cost
	c = c.atMost("over long bursts the process was on a CPU for %.4f times what it says that they took; at most %.4f is allowed", c.Measured, c.Limit)
	return c.unlessTooWide(plan, cost)
}

// severalThreads is why nothing is compared with the time on CPUs then.
const severalThreads = "not judged: with several threads the time on CPUs is no measure of the time that passes"

func cpuOfInner(s evidence.Sample) (float64, bool) {
	if s.Phase != evidence.PhaseLong || s.CPUNanoseconds == nil {
		return 0, false
	}
	return float64(*s.CPUNanoseconds) / saidOf(s), true
}

// shortAgainstLong asks whether bursts too short for the outer clock are as slow
// as long ones over as few rows must be: more rows are further from the core.
// Launches during which time was stolen are left out.
func shortAgainstLong(plan suite.Plan, quiet Quiet, launches [][]evidence.Sample, facts []LaunchFacts) Check {
	c := Check{Rule: "short-bursts", Floor: true, Accuses: true, Limit: shortFloor}
	if plan.Threads != 1 {
		c.Text = severalThreads
		return c
	}
	ratios := launchRatios(unrobbed(launches, facts), shortPerCall, cpuPerCall)
	if len(ratios) > 0 {
		c.Measured = stats.Median(ratios)
	} else {
		c.Measured = math.NaN()
	}
	c = c.atLeast("a call of a short burst takes %.4f times the CPU time of one of a long burst, over as few rows; at least %.2f is due", c.Measured, c.Limit)
	if !c.Judged || c.Holds || c.Measured < nearMiss {
		return c
	}
	found := fmt.Sprintf("not judged: a call of a short burst takes %.4f times the CPU time of one of a long burst, over as few rows, where at least %.2f is due, and", c.Measured, c.Limit)
	// Neighbours slow some bursts and not others, and of a few long ones the middle is of
	// a slow one by chance. Who lies does so in launch after launch.
	switch enough := countAtLeast(ratios, c.Limit); {
	case enough > len(ratios)/dissent:
		c.Judged, c.Text = false, fmt.Sprintf("%s in %d of %d launches it is as due: they do not agree", found, enough, len(ratios))
	case quiet.Share < quietShare:
		c.Judged, c.Text = false, fmt.Sprintf("%s %.0f%% of the canary's readings found the machine quiet: below %.0f%% neighbours may be why", found, 100*quiet.Share, 100*quietShare)
	default:
		if beside := pressedOf(facts); 2*beside > len(facts) {
			c.Judged, c.Text = false, fmt.Sprintf("%s beside %d of %d launches tasks waited for a CPU for more than %.0f%% of the time: who had it may be why", found, beside, len(facts), 100*pressed)
		}
	}
	return c
}

// pressedOf counts the launches beside which tasks waited for a CPU.
func pressedOf(facts []LaunchFacts) (count int) {
	for _, fact := range facts {
		if fact.PressureShare > pressed {
			count++
		}
	}
	return count
}

func countAtLeast(values []float64, limit float64) (count int) {
	for _, value := range values {
		if value >= limit {
			count++
		}
	}
	return count
}

// nearAgainstFar asks whether long bursts over few rows, whose answers could be
// kept, are faster than nearer caches explain. Both are timed by the harness.
func nearAgainstFar(plan suite.Plan, launches [][]evidence.Sample) Check {
	c := Check{Rule: "near-rows", Floor: true, Accuses: true, Limit: nearFloor}
	if plan.Train != nil {
		c.Text = "not judged: all trainings are over as many rows"
		return c
	}
	c.Measured = medianRatio(launches, nearPerCall, longPerCall)
	return c.atLeast("a call over as few rows as a short burst has takes %.4f times as long as one over many; at least %.2f is due", c.Measured, c.Limit)
}

func cpuPerCall(s evidence.Sample) (float64, bool) {
	if s.Phase != evidence.PhaseNear || s.CPUNanoseconds == nil {
		return 0, false
	}
	return float64(*s.CPUNanoseconds) / float64(s.Calls), true
}

// unhindered leaves out, of launches beside which tasks waited for a CPU, the long
// bursts that had to wait for one.
func unhindered(launches [][]evidence.Sample, facts []LaunchFacts) [][]evidence.Sample {
	busy := launchesWhere(facts, func(fact LaunchFacts) bool { return fact.PressureShare > pressed })
	kept := slices.Clone(launches)
	for i, samples := range kept {
		if len(samples) > 0 && busy[int(samples[0].Launch)] {
			kept[i] = slices.DeleteFunc(slices.Clone(samples), hindered)
		}
	}
	return slices.DeleteFunc(kept, func(samples []evidence.Sample) bool { return len(samples) == 0 })
}

func hindered(s evidence.Sample) bool {
	return isLong(s) && s.CPUNanoseconds != nil && float64(*s.CPUNanoseconds) < onCPU*float64(*s.OuterNanoseconds)
}

// withoutHeldUp leaves out the long bursts during which the harness waited for a CPU,
// for checks that go by its clock. A contender that finds work for the harness's threads
// is left unjudged by these alone, and cleared by none.
func withoutHeldUp(launches [][]evidence.Sample) [][]evidence.Sample {
	var kept [][]evidence.Sample
	for _, samples := range launches {
		if samples = slices.DeleteFunc(slices.Clone(samples), harnessWaited); len(samples) > 0 {
			kept = append(kept, samples)
		}
	}
	return kept
}

func harnessWaited(s evidence.Sample) bool {
	return isLong(s) && s.HarnessWaitNanoseconds != nil && float64(*s.HarnessWaitNanoseconds) > heldUp*float64(*s.OuterNanoseconds)
}

func isLong(s evidence.Sample) bool {
	return (s.Phase == evidence.PhaseLong || s.Phase == evidence.PhaseNear) && s.OuterNanoseconds != nil
}

// unrobbed leaves out the launches during which the host took time.
func unrobbed(launches [][]evidence.Sample, facts []LaunchFacts) [][]evidence.Sample {
	return without(launches, launchesWhere(facts, func(fact LaunchFacts) bool { return fact.StolenShare > stolen }))
}

// unpressed leaves out the launches beside which tasks waited for a CPU: what the
// harness's clock says of a request is then more than the request took.
func unpressed(launches [][]evidence.Sample, facts []LaunchFacts) [][]evidence.Sample {
	return without(launches, launchesWhere(facts, func(fact LaunchFacts) bool { return fact.PressureShare > pressed }))
}

// launchesWhere has the launches of which something is so, by number.
func launchesWhere(facts []LaunchFacts, is func(LaunchFacts) bool) map[int]bool {
	launches := map[int]bool{}
	for _, fact := range facts {
		launches[fact.Launch] = is(fact)
	}
	return launches
}

func without(launches [][]evidence.Sample, left map[int]bool) [][]evidence.Sample {
	return slices.DeleteFunc(slices.Clone(launches), func(samples []evidence.Sample) bool { return left[int(samples[0].Launch)] })
}

// plantedStalls asks whether the contender's times of single calls are times: a
// stop of the whole process falls into one call, or between two. Which stops fell into
// bursts is asked of what the contender says, and then of the harness's clock as well,
// since made-up calls may be added up to an elapsed time that holds no stop. What it
// says comes first because a stop in it fell into the timed part, where one that the
// harness alone saw may have come before or after: of 150 of honest engines 7 had
// (22 Nov), which stallInOne leaves room for.
func plantedStalls(plan suite.Plan, launches [][]evidence.Sample, facts []LaunchFacts) Check {
	stop := float64(plan.Paired.StallFor)
	disturbed := launchesWhere(facts, func(fact LaunchFacts) bool { return fact.PressureShare > pressed || fact.StolenShare > stolen })
	var said, watched stopsHit
	for _, samples := range launches {
		for _, burst := range stalledBursts(samples, !disturbed[int(samples[0].Launch)]) {
			said.count(burst.hit(stop), burst.shows(stop))
			watched.count(burst.hit(stop) || burst.watched(stop), burst.shows(stop))
		}
	}
	c := said.check("planted in bursts")
	if c.Judged && !c.Holds {
		return c
	}
	if beside := watched.check("that the harness's clock shows in bursts"); beside.Judged && (!beside.Holds || !c.Judged) {
		return beside
	}
	return c
}

// stopsHit counts the planted stops that fell into bursts, and those of them that one
// single call shows.
type stopsHit struct{ hit, seen int }

func (h *stopsHit) count(hit, seen bool) {
	if hit {
		h.hit++
		if seen {
			h.seen++
		}
	}
}

func (h stopsHit) check(which string) Check {
	c := Check{Rule: "planted-stall", Floor: true, Accuses: true, Limit: stallInOne, Measured: math.NaN()}
	honest := distuv.Binomial{N: float64(h.hit), P: stallInOne}
	if honest.CDF(0) >= stallChance {
		c.Text = fmt.Sprintf("not judged: %d planted stops fell into bursts, and honest contenders could have so few between calls by chance", h.hit)
		return c
	}
	c.Measured = float64(h.seen) / float64(h.hit)
	chance := honest.CDF(float64(h.seen))
	c.Judged, c.Holds = true, chance >= stallChance
	c.Text = fmt.Sprintf("of %d stops %s, %d show in one single call; honest contenders have %s of them there, and so few by a chance of %.2g",
		h.hit, which, h.seen, percent(stallInOne), chance)
	return c
}

// stalledBurst is a burst with a planted stop, in nanoseconds.
type stalledBurst struct {
	elapsed, calls, longest float64
	// outer is the harness's time of the burst; NaN where a stop that it alone shows
	// may have come before the calls or after them.
	outer float64
	// usual is what so many calls take in long bursts, by the harness's time, and
	// expected the same with each call timed alone; NaN where there are none.
	usual, expected float64
}

// hit reports whether the stop fell into the burst's own time: into a call, or
// between calls, where an honest loop spends a quarter of the calls' time. What
// the calls say of themselves is not enough: made-up ones that add up to the
// burst's time, stop and all, would hide it. So does a burst count that took longer
// than its calls do elsewhere.
func (b stalledBurst) hit(stop float64) bool {
	const betweenCalls = 0.35
	return b.longest >= landed*stop || b.elapsed-(1+betweenCalls)*b.calls >= landed*stop || b.elapsed-b.expected >= landed*stop
}

// watched reports whether the harness's time of the burst holds the stop.
func (b stalledBurst) watched(stop float64) bool { return b.outer-b.usual >= landed*stop }

// shows reports whether the stop is in one call, and that call within the burst's
// own time.
func (b stalledBurst) shows(stop float64) bool {
	return b.longest >= landed*stop && b.longest <= b.elapsed
}

// stalledBursts are a launch's, by round. The harness's time counts where the launch
// was undisturbed and its requests are soon read: beside others, or where reading
// takes long, an honest contender has more of its stops before its calls than
// stallInOne leaves room for.
func stalledBursts(samples []evidence.Sample, undisturbed bool) map[int32]*stalledBurst {
	// A call that is timed alone takes two readings of a clock longer.
	const slower, readings = 1.2, 100
	one, phase := [][]evidence.Sample{samples}, evidence.PhaseLong
	if math.IsNaN(medianOver(one, longPerCall)) {
		phase = evidence.PhaseNear
	}
	of := medianOver(one, func(s evidence.Sample) (float64, bool) { return outerPerCall(s, phase) })
	long := medianOver(one, func(s evidence.Sample) (float64, bool) {
		perCall, ok := outerPerCall(s, phase)
		return perCall * float64(s.Calls), ok
	})
	early := undisturbed && emptyRequest(one, phase) <= readBefore*long
	bursts := map[int32]*stalledBurst{}
	for _, sample := range samples {
		if sample.Phase != evidence.PhaseStall {
			continue
		}
		calls := float64(sample.Calls)
		burst := &stalledBurst{elapsed: float64(sample.InnerNanoseconds), usual: calls * of, expected: calls * (slower*of + readings), outer: math.NaN()}
		if early && sample.OuterNanoseconds != nil {
			burst.outer = float64(*sample.OuterNanoseconds)
		}
		bursts[sample.Round] = burst
	}
	for _, sample := range samples {
		burst := bursts[sample.Round]
		if burst == nil || sample.Phase != evidence.PhaseStallCall && sample.Phase != phaseStallRest {
			continue
		}
		nanoseconds := float64(sample.InnerNanoseconds)
		burst.calls += nanoseconds
		if sample.Phase == evidence.PhaseStallCall {
			burst.longest = max(burst.longest, nanoseconds)
		}
	}
	return bursts
}

// phaseStallRest is the phase of a sample that Condensed puts in the place of all
// calls of a stalled burst but the longest.
const phaseStallRest evidence.Phase = "stall-rest"

// Condensed are the samples of a launch as far as estimates need them: without the
// classic protocol's calls, and of a burst with a planted stop the longest call and
// the sum of the others, where there are tens of thousands. Of the n calls of the
// classic protocol one stands for all, with the time middleCall, which is that of
// number n/2 in their order: medians alone are taken.
func Condensed(launch *evidence.LaunchSamples, middleCall int64) []evidence.Sample {
	samples := slices.Clone(launch.Bursts)
	if len(launch.Calls) > 0 && len(launch.Bursts) > 0 {
		middle := timedAlone(launch.Bursts[0])
		middle.Phase, middle.Calls, middle.Warmup, middle.Round = evidence.PhaseCall, 1, 0, 0
		middle.InnerNanoseconds = middleCall
		samples = append(samples, middle)
	}
	for _, burst := range launch.Bursts {
		calls := launch.Stalls[burst.Round]
		if burst.Phase != evidence.PhaseStall || len(calls) == 0 {
			continue
		}
		longest := slices.Max(calls)
		total := int64(0)
		for _, call := range calls {
			total += call
		}
		one, rest := timedAlone(burst), timedAlone(burst)
		one.Phase, one.Calls, one.InnerNanoseconds = evidence.PhaseStallCall, 1, longest
		rest.Phase, rest.Calls, rest.InnerNanoseconds = phaseStallRest, int32(len(calls)-1), total-longest
		samples = append(samples, one, rest)
	}
	return samples
}

// timedAlone is a burst's sample without what belongs to the request as a whole. Single
// calls have none of it in a bundle either; copies of it would be counted again, the
// canary's readings among them.
func timedAlone(s evidence.Sample) evidence.Sample {
	s.StartNanoseconds, s.OuterNanoseconds, s.CPUNanoseconds, s.HarnessWaitNanoseconds = nil, nil, nil, nil
	s.CanaryBeforeNanoseconds, s.CanaryAfterNanoseconds = nil, nil
	return s
}

// idleBetween asks whether the contender works while it is not asked.
func idleBetween(facts []LaunchFacts) Check {
	c := Check{Rule: "idle", Accuses: true, Limit: idleShare}
	var wall, cpu float64
	for _, fact := range facts {
		wall += float64(fact.IdleNanoseconds)
		cpu += float64(fact.IdleCPU)
	}
	c.Measured = cpu / wall
	return c.atMost("between its requests it had %s of a CPU; at most %s is allowed", percent(c.Measured), percent(c.Limit))
}

// slope asks whether anything is computed at all.
func slope(plan suite.Plan, costs *Costs) Check {
	c := Check{Rule: "slope", Floor: true, Accuses: true, Limit: leastSlope / float64(max(plan.Threads, 1)), Measured: math.NaN()}
	if plan.Train != nil {
		// An engine may leave out what is multiplied by 0, as most pixels are.
		c.Text = "not judged: the weights show that a training was made"
		return c
	}
	if costs != nil {
		c.Measured = costs.MultiplyAddNanoseconds.High
	}
	if math.IsInf(c.Measured, 1) {
		// An upper end that can't be below the limit is no pass.
		c.Text = "not judged: too few launches for an interval"
		return c
	}
	return c.atLeast("a multiply-add takes at most %.4f ns (upper end of the interval); below %.4f ns nothing is computed", c.Measured, c.Limit)
}

// reading asks whether work is done while rows are read, outside the timed part.
func reading(plan suite.Plan, launches [][]evidence.Sample) Check {
	c := Check{Rule: "reading", Limit: readingPerRow, Measured: math.NaN()}
	for _, times := range plan.Probes.Widths {
		phase := evidence.PhaseWidthEmpty(times)
		perRow := medianOver(launches, func(s evidence.Sample) (float64, bool) {
			if s.Phase != phase || s.OuterNanoseconds == nil {
				return 0, false
			}
			return float64(*s.OuterNanoseconds) / float64(s.Rows), true
		})
		if !math.IsNaN(perRow) && !(c.Measured >= perRow) {
			c.Measured = perRow
		}
	}
	return c.atMost("a request without calls takes %.1f ns a row; more than %.0f ns means work while reading", c.Measured, c.Limit)
}

func (c Check) atMost(format string, values ...any) Check {
	return c.settled(c.Measured <= c.Limit, format, values...)
}

func (c Check) atLeast(format string, values ...any) Check {
	return c.settled(c.Measured >= c.Limit, format, values...)
}

func (c Check) settled(holds bool, format string, values ...any) Check {
	if math.IsNaN(c.Measured) || math.IsNaN(c.Limit) {
		c.Text = "not judged: the run has no samples for it"
		return c
	}
	c.Judged, c.Holds = true, holds
	c.Text = fmt.Sprintf(format, values...)
	return c
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }
