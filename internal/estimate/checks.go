package estimate

// This file holds the checks of a contender's clock and of what it does when it should do
// nothing. Rules come from experiments with honest engines and with cheats
// (docs/METHOD.md, Checks of clock and conduct); thresholds stand in the plan.

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
	"cupel/internal/workload"
)

// examined is a contender before the checks.
type examined struct {
	suite.Thresholds
	plan  suite.Plan
	asked workload.Workload
	facts []LaunchFacts
	// all are the samples by launch. Of those scheduled has no long bursts that waited for a
	// CPU in contended launches, and undelayed none during which the harness waited for one
	// either.
	all, scheduled, undelayed [][]evidence.Sample
	stolen, contended         map[int]bool
	disturbance               Disturbance
	costs                     *Costs
}

// ChecksOf makes all checks of one contender but the one beside its canonical runner.
func ChecksOf(plan suite.Plan, quiet Quiet, replicates []Replicate, facts []LaunchFacts, contender string) []Check {
	x := &examined{
		Thresholds: suite.ThresholdsOf(plan), plan: plan, asked: workload.Of(plan), facts: facts, all: samplesOf(replicates, contender),
		stolen: map[int]bool{}, contended: map[int]bool{}, costs: CostsOf(plan, replicates, contender),
	}
	if len(x.all) == 0 {
		return nil
	}
	for _, fact := range facts {
		x.stolen[fact.Launch], x.contended[fact.Launch] = fact.StolenShare > x.StolenShare, fact.PressureShare > x.PressureShare
	}
	x.scheduled = without(x.all, func(s evidence.Sample) bool { return x.contended[int(s.Launch)] && x.descheduled(s) })
	x.undelayed = without(x.scheduled, x.harnessDelayed)
	x.disturbance = Disturbance{Launches: len(x.all), PressureShare: x.PressureShare, QuietShare: quiet.Share}
	for _, samples := range x.all {
		if launch := int(samples[0].Launch); x.stolen[launch] {
			x.disturbance.Stolen++
		}
		if launch := int(samples[0].Launch); x.contended[launch] {
			x.disturbance.Contended++
		}
	}
	checks := []Check{
		x.outerClock(), x.cpuClock(), x.shortAgainstLong(), x.nearAgainstFar(), x.plantedStops(), x.idleBetween(), x.slope(), x.reading(),
		x.innerTime(), x.burstByBurst(), x.classicCalls(), x.threads(), x.helpers(),
	}
	for i := range checks {
		checks[i].Contender = contender
	}
	return checks
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

// without leaves out samples, and launches that have none left.
func without(launches [][]evidence.Sample, left func(evidence.Sample) bool) [][]evidence.Sample {
	var kept [][]evidence.Sample
	for _, samples := range launches {
		if samples = slices.DeleteFunc(slices.Clone(samples), left); len(samples) > 0 {
			kept = append(kept, samples)
		}
	}
	return kept
}

// except leaves out the launches that are in one of the sets.
func except(launches [][]evidence.Sample, sets ...map[int]bool) [][]evidence.Sample {
	return slices.DeleteFunc(slices.Clone(launches), func(samples []evidence.Sample) bool {
		return slices.ContainsFunc(sets, func(set map[int]bool) bool { return set[int(samples[0].Launch)] })
	})
}

// descheduled reports whether a long burst had to wait for a CPU.
func (x *examined) descheduled(s evidence.Sample) bool {
	return isLong(s) && s.CPUNanoseconds != nil && float64(*s.CPUNanoseconds) < x.OnCPUShare*float64(*s.OuterNanoseconds)
}

// harnessDelayed reports whether the harness waited for a CPU during a long burst, which
// checks that go by its clock leave out. A contender that finds work for the harness's
// threads is left unjudged by these alone, and acquitted by none.
func (x *examined) harnessDelayed(s evidence.Sample) bool {
	return isLong(s) && s.HarnessWaitNanoseconds != nil && float64(*s.HarnessWaitNanoseconds) > x.HarnessWaitShare*float64(*s.OuterNanoseconds)
}

func isLong(s evidence.Sample) bool {
	return (s.Phase == evidence.PhaseLong || s.Phase == evidence.PhaseNear) && s.OuterNanoseconds != nil
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
func medianOver(launches [][]evidence.Sample, value perCall) float64 {
	var medians []float64
	for _, samples := range launches {
		if values := valuesOf(samples, value); len(values) > 0 {
			medians = append(medians, stats.Median(values))
		}
	}
	return median(medians)
}

// median is NaN of no values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return stats.Median(values)
}

func valuesOf(samples []evidence.Sample, value perCall) []float64 {
	var values []float64
	for _, sample := range samples {
		if v, ok := value(sample); ok {
			values = append(values, v)
		}
	}
	return values
}

// requestCost is the outer time of a request without calls, as a share of a long
// burst's, in the rounds whose long bursts are of that phase.
func requestCost(launches [][]evidence.Sample, phase evidence.Phase) float64 {
	burst := medianOver(launches, func(s evidence.Sample) (float64, bool) {
		return saidOf(s), s.Phase == phase
	})
	return emptyRequest(launches, phase) / burst
}

// saidOf is the contender's own time, of which nothing counts as a nanosecond: a contender
// that says that ten milliseconds were none is judged like others.
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
// those over many rows or over few: the graver of the two counts, or else the one that is
// further off. A host that takes tens of milliseconds at a time makes the middle of a
// launch's few bursts a matter of chance. A clock that is slow is so in most bursts of all,
// and bursts are the votes.
func (x *examined) outerClock() Check {
	costs := []float64{requestCost(x.undelayed, evidence.PhaseLong), requestCost(x.undelayed, evidence.PhaseNear)}
	long, ofLong := x.outerClockOf(evidence.PhaseLong, costs[0])
	near, ofNear := x.outerClockOf(evidence.PhaseNear, costs[1])
	if order := cmp.Compare(near.gravity(ofNear), long.gravity(ofLong)); order > 0 || order == 0 && near.excess(ofNear) > long.excess(ofLong) {
		long, ofLong = near, ofNear
	}
	ofLong.RequestShares = costs
	return long.Judge(ofLong)
}

func (x *examined) outerClockOf(phase evidence.Phase, cost float64) (Bound, Evidence) {
	outerOfInner := func(s evidence.Sample) (float64, bool) {
		if s.Phase != phase || s.OuterNanoseconds == nil {
			return 0, false
		}
		return float64(*s.OuterNanoseconds) / saidOf(s), true
	}
	b := Bound{Rule: "outer-clock", Limit: x.OuterClock + cost, RequestShare: x.RequestShare, Dissent: 0.5, LaunchesIfStolen: x.LaunchesIfStolen}
	e := Evidence{Measured: medianOver(x.undelayed, outerOfInner), Disturbance: x.disturbance}
	e.Votes.Words = "%d of %d bursts are within"
	for _, samples := range x.undelayed {
		for _, ratio := range valuesOf(samples, outerOfInner) {
			e.Votes.All++
			if ratio <= b.Limit {
				e.Votes.Within++
			}
		}
	}
	e.Says = fmt.Sprintf("the harness's time of long bursts is %.4f times the contender's own; at most %.4f is allowed, of which a request costs %s (the outer clock resolves %.1f%%)",
		e.Measured, b.Limit, percent(cost), 100*(b.Limit-1))
	e.Doubtful = fmt.Sprintf("the harness's time of long bursts is %.4f times the contender's own in the middle launch, where at most %.4f is allowed, and ", e.Measured, b.Limit)
	return b, e
}

// severalThreads is why a question is not asked of a contender that was given several.
func (x *examined) severalThreads(why string) string {
	if x.plan.Threads == 1 {
		return ""
	}
	return why
}

// noMeasure is why nothing is compared with the time on CPUs then.
const noMeasure = "with several threads the time on CPUs is no measure of the time that passes"

// cpuClock compares the kernel's account of long bursts with the contender's own
// time. It never accuses while the host steals time, but misses small lies then.
func (x *examined) cpuClock() Check {
	cost := requestCost(x.scheduled, evidence.PhaseLong)
	b := Bound{Rule: "cpu-clock", Limit: x.CPUClock + cost, RequestShare: x.RequestShare}
	e := Evidence{Excluded: x.severalThreads(noMeasure), Measured: medianOver(x.scheduled, cpuOfInner), RequestShares: []float64{cost}}
	e.Says = fmt.Sprintf("over long bursts the process was on a CPU for %.4f times what it says that they took; at most %.4f is allowed", e.Measured, b.Limit)
	return b.Judge(e)
}

func cpuOfInner(s evidence.Sample) (float64, bool) {
	if s.Phase != evidence.PhaseLong || s.CPUNanoseconds == nil {
		return 0, false
	}
	return float64(*s.CPUNanoseconds) / saidOf(s), true
}

// shortAgainstLong asks whether bursts too short for the outer clock are as slow
// as long ones over as few rows must be: more rows are further from the core.
// Launches from which the host took time are left out. Neighbours slow some bursts and
// not others, and of a few long ones the middle is of a slow one by chance. A contender
// that lies does so in launch after launch, and launches are the votes.
func (x *examined) shortAgainstLong() Check {
	b := Bound{
		Rule: "short-bursts", Floor: true, Limit: x.ShortBursts, NearMiss: x.ShortBurstsNearMiss, Dissent: x.ShortBurstsDissent,
		QuietShare: x.QuietShare, ContendedShare: x.ContendedLaunches,
	}
	ratios := launchRatios(except(x.scheduled, x.stolen), shortPerCall, cpuPerCall)
	e := Evidence{Excluded: x.severalThreads(noMeasure), Measured: median(ratios), Disturbance: x.disturbance}
	e.Votes = Votes{Within: len(slices.DeleteFunc(slices.Clone(ratios), func(ratio float64) bool { return ratio < b.Limit })), All: len(ratios), Words: "in %d of %d launches it is as due"}
	found := fmt.Sprintf("a call of a short burst takes %.4f times the CPU time of one of a long burst, over as few rows", e.Measured)
	e.Says = fmt.Sprintf("%s; at least %.2f is due", found, b.Limit)
	e.Doubtful = fmt.Sprintf("%s, where at least %.2f is due, and ", found, b.Limit)
	return b.Judge(e)
}

func cpuPerCall(s evidence.Sample) (float64, bool) {
	if s.Phase != evidence.PhaseNear || s.CPUNanoseconds == nil {
		return 0, false
	}
	return float64(*s.CPUNanoseconds) / float64(s.Calls), true
}

// nearAgainstFar asks whether long bursts over few rows, whose answers could be
// kept, are faster than nearer caches explain. Both are timed by the harness.
func (x *examined) nearAgainstFar() Check {
	b := Bound{Rule: "near-rows", Floor: true, Limit: x.NearRows, LaunchesIfStolen: x.LaunchesIfStolen}
	e := Evidence{Excluded: x.asked.Excludes(b.Rule), Measured: medianRatio(x.undelayed, nearPerCall, longPerCall), Disturbance: x.disturbance}
	e.Says = fmt.Sprintf("a call over as few rows as a short burst has takes %.4f times as long as one over many; at least %.2f is due", e.Measured, b.Limit)
	return b.Judge(e)
}

// plantedStops asks whether the contender's times of single calls are times: a
// stop of the whole process falls into one call, or between two. Which stops fell into
// bursts is asked of what the contender says, and then of the harness's clock as well,
// since made-up calls may be added up to an elapsed time that holds no stop. What it
// says comes first because a stop in it fell into the timed part, where one that the
// harness alone saw may have come before or after: of 150 of honest engines 7 had
// (22 Nov), which StopShown leaves room for.
func (x *examined) plantedStops() Check {
	stop := float64(x.plan.Paired.StallFor)
	var said, watched stopsHit
	for _, samples := range x.scheduled {
		launch := int(samples[0].Launch)
		for _, burst := range x.stalledBursts(samples, !x.contended[launch] && !x.stolen[launch]) {
			said.count(x.hit(burst, stop), x.shows(burst, stop))
			watched.count(x.hit(burst, stop) || x.watched(burst, stop), x.shows(burst, stop))
		}
	}
	c := x.stopsShown(said, "planted in bursts")
	if c.Judged && !c.Holds {
		return c
	}
	if beside := x.stopsShown(watched, "that the harness's clock shows in bursts"); beside.Judged && (!beside.Holds || !c.Judged) {
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

// stopsShown judges whether so few are likely of an honest contender.
func (x *examined) stopsShown(h stopsHit, which string) Check {
	honest := distuv.Binomial{N: float64(h.hit), P: x.StopShown}
	chance := honest.CDF(float64(h.seen))
	e := Evidence{Measured: float64(h.seen) / float64(h.hit), Spared: chance >= x.StopChance}
	if honest.CDF(0) >= x.StopChance {
		e.Excluded = fmt.Sprintf("%d planted stops fell into bursts, and honest contenders could have so few between calls by chance", h.hit)
	}
	e.Says = fmt.Sprintf("of %d stops %s, %d show in one single call; honest contenders have %s of them there, and so few by a chance of %.2g",
		h.hit, which, h.seen, percent(x.StopShown), chance)
	return Bound{Rule: "planted-stall", Floor: true, Limit: x.StopShown}.Judge(e)
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
func (x *examined) hit(b *stalledBurst, stop float64) bool {
	due := x.StopLanded * stop
	return b.longest >= due || b.elapsed-(1+x.StopBetween)*b.calls >= due || b.elapsed-b.expected >= due
}

// watched reports whether the harness's time of the burst holds the stop.
func (x *examined) watched(b *stalledBurst, stop float64) bool {
	return b.outer-b.usual >= x.StopLanded*stop
}

// shows reports whether the stop is in one call, and that call within the burst's
// own time.
func (x *examined) shows(b *stalledBurst, stop float64) bool {
	return b.longest >= x.StopLanded*stop && b.longest <= b.elapsed
}

// stalledBursts are a launch's, by round. The harness's time counts where the launch
// was undisturbed and its requests are soon read: beside others, or where reading
// takes long, an honest contender has more of its stops before its calls than
// StopShown leaves room for.
func (x *examined) stalledBursts(samples []evidence.Sample, undisturbed bool) map[int32]*stalledBurst {
	one, phase := [][]evidence.Sample{samples}, evidence.PhaseLong
	if math.IsNaN(medianOver(one, longPerCall)) {
		phase = evidence.PhaseNear
	}
	of := medianOver(one, func(s evidence.Sample) (float64, bool) { return outerPerCall(s, phase) })
	long := medianOver(one, func(s evidence.Sample) (float64, bool) {
		perCall, ok := outerPerCall(s, phase)
		return perCall * float64(s.Calls), ok
	})
	early := undisturbed && emptyRequest(one, phase) <= x.StopReading*long
	bursts := map[int32]*stalledBurst{}
	for _, sample := range samples {
		if sample.Phase != evidence.PhaseStall {
			continue
		}
		calls := float64(sample.Calls)
		burst := &stalledBurst{elapsed: float64(sample.InnerNanoseconds), usual: calls * of, expected: calls * (x.StopSlower*of + x.StopClockNanoseconds), outer: math.NaN()}
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
func (x *examined) idleBetween() Check {
	var wall, cpu float64
	for _, fact := range x.facts {
		wall += float64(fact.IdleNanoseconds)
		cpu += float64(fact.IdleCPU)
	}
	share := cpu / wall
	return Bound{Rule: "idle", Limit: x.Idle}.Judge(Evidence{
		Measured: share, Says: fmt.Sprintf("between its requests it had %s of a CPU; at most %s is allowed", percent(share), percent(x.Idle)),
	})
}

// slope asks whether anything is computed at all.
func (x *examined) slope() Check {
	b := Bound{Rule: "slope", Floor: true, Limit: x.MultiplyAddNanoseconds / float64(max(x.plan.Threads, 1))}
	e := Evidence{Excluded: x.asked.Excludes(b.Rule), Measured: math.NaN()}
	if x.costs != nil {
		e.Measured = x.costs.MultiplyAddNanoseconds.High
	}
	if e.Excluded == "" && math.IsInf(e.Measured, 1) {
		// An upper end that can't be below the limit is no pass.
		e.Excluded = tooFewLaunches
	}
	e.Says = fmt.Sprintf("a multiply-add takes at most %.4f ns (upper end of the interval); below %.4f ns nothing is computed", e.Measured, b.Limit)
	return b.Judge(e)
}

const tooFewLaunches = "too few launches for an interval"

// reading asks whether work is done while rows are read, outside the timed part. It asks
// launches from which nobody took a CPU: what the harness's clock says of a request is
// otherwise more than the request took.
func (x *examined) reading() Check {
	e, alone := Evidence{Measured: math.NaN()}, except(x.all, x.stolen, x.contended)
	for _, times := range x.plan.Probes.Widths {
		phase := evidence.PhaseWidthEmpty(times)
		perRow := medianOver(alone, func(s evidence.Sample) (float64, bool) {
			if s.Phase != phase || s.OuterNanoseconds == nil {
				return 0, false
			}
			return float64(*s.OuterNanoseconds) / float64(s.Rows), true
		})
		if !math.IsNaN(perRow) && !(e.Measured >= perRow) {
			e.Measured = perRow
		}
	}
	e.Says = fmt.Sprintf("a request without calls takes %.1f ns a row; more than %.0f ns means work while reading", e.Measured, x.ReadingNanoseconds)
	return Bound{Rule: "reading", Limit: x.ReadingNanoseconds, WarnsOnly: true}.Judge(e)
}
