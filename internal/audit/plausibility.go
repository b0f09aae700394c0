package audit

// This file judges the points of the category plausibility: that figures are such as
// the work, the machine and the engines can give. Some of the bounds may be crossed
// by right; what then has to be shown is an override, and both are printed.

import (
	"fmt"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"

	"cupel/engines"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/model"
)

// multiplyAdds is how many a call takes at so many times the suite's input width.
func (c *Case) multiplyAdds(times int) float64 {
	layers := c.Bundle.Plan.Model.Layers
	total := 0.0
	for i := range len(layers) - 1 {
		inputs := float64(layers[i])
		if i == 0 {
			inputs *= float64(times)
		}
		total += inputs * float64(layers[i+1])
	}
	return total * float64(c.Bundle.Plan.Batch)
}

// leastMultiplyAdds is the same of the smallest model with the same labels: one of
// logistic regression needs the differences of its rows of weights alone.
func (c *Case) leastMultiplyAdds() float64 {
	needed := c.multiplyAdds(1)
	if outputs := float64(c.Bundle.Plan.Model.Outputs()); c.Bundle.Plan.Model.Kind == model.LogisticRegression && outputs > 1 {
		needed *= (outputs - 1) / outputs
	}
	return needed
}

// cycle is what a cycle of the contenders' core takes, in nanoseconds, by all
// readings of the run; NaN where there is none.
func (c *Case) cycle() float64 {
	var readings []float64
	for _, machine := range c.Bundle.Machines {
		readings = append(readings, machine.CycleNanoseconds...)
	}
	for _, block := range c.Bundle.Blocks {
		if block.Watch != nil {
			readings = append(readings, block.Watch.CycleNanoseconds...)
		}
	}
	if calibrated := c.Bundle.Environment.Calibration.CycleNanoseconds; len(readings) == 0 && calibrated > 0 {
		return calibrated
	}
	readings = slices.DeleteFunc(readings, func(reading float64) bool { return !(reading > 0) })
	if len(readings) == 0 {
		return math.NaN()
	}
	return stats.Median(readings)
}

// lanes is how many 32-bit floats the machine's widest vectors hold.
func (c *Case) lanes() float64 {
	has := func(feature string) bool { return slices.Contains(c.Bundle.Environment.Features, feature) }
	switch {
	case has("AVX512F"):
		return 16
	case has("AVX"):
		return 8
	case has("SVE"):
		return 64 // The architecture's widest.
	default:
		return 4
	}
}

// floorPerMultiplyAdd is the least time of a multiply-add on the machine, in
// nanoseconds: two vectors of them a cycle.
func (c *Case) floorPerMultiplyAdd() float64 { return c.cycle() / (2 * c.lanes()) }

// floor is the least time of a call: of its arithmetic, or of reading the weights
// from the nearest cache where that takes longer. Several threads share both.
func (c *Case) floor() float64 {
	const weight = 4 // bytes
	threads := float64(max(c.Bundle.Plan.Threads, 1))
	least := c.leastMultiplyAdds() * c.floorPerMultiplyAdd() / threads
	if cache := c.Bundle.Environment.Calibration.Cache; cache != nil && cache.FastestBytesPerSecond > 0 {
		weights := c.leastMultiplyAdds() / float64(max(c.Bundle.Plan.Batch, 1))
		least = max(least, weights*weight/cache.FastestBytesPerSecond*1e9/threads)
	}
	return least
}

// slopes are what a multiply-add takes, in nanoseconds, by launch, from bursts at
// several widths.
func (c *Case) slopes(contender *Contender) []float64 {
	return contender.perLaunch(func(l *Launch) float64 {
		_, slope := c.line(l, 1)
		return slope
	})
}

// intercepts are what a call takes beside its multiply-adds, by launch.
func (c *Case) intercepts(contender *Contender) []float64 {
	return contender.perLaunch(func(l *Launch) float64 {
		fixed, _ := c.line(l, 1)
		return fixed
	})
}

// line fits a launch's times of a call at the widths from least on by fixed + slope x
// multiply-adds, by least squares of relative deviations; NaN where it can't.
func (c *Case) line(l *Launch, least int) (fixed, slope float64) {
	var w, wx, wy, wxx, wxy float64
	points := 0
	for _, times := range c.Bundle.Plan.Probes.Widths {
		nanoseconds := l.phaseMedian(evidence.PhaseWidth(times), clock(innerOf).perCall)
		if times < least || !(nanoseconds > 0) {
			continue
		}
		points++
		x, weight := c.multiplyAdds(times), 1/(nanoseconds*nanoseconds)
		w, wx, wy = w+weight, wx+weight*x, wy+weight*nanoseconds
		wxx, wxy = wxx+weight*x*x, wxy+weight*x*nanoseconds
	}
	determinant := w*wxx - wx*wx
	if points < 2 || !(determinant > 0) {
		return math.NaN(), math.NaN()
	}
	slope = (w*wxy - wx*wy) / determinant
	return (wy - slope*wx) / w, slope
}

// interpreted reports whether an interpreter stands between the loop and the engine,
// by what ran and not by what is said.
func (c *Case) interpreted(contender *Contender) bool {
	if engine, known := engines.Lookup(contender.engineName()); known && !slices.Contains(c.Bundle.Plan.Own, contender.Name) {
		return engine.Language.Interpreted()
	}
	for _, program := range c.executables(contender) {
		if interpreters.MatchString(path.Base(program.Path)) {
			return true
		}
	}
	return c.making(contender).Packages != nil
}

var interpreters = regexp.MustCompile(`^(python|pypy|ruby|node|deno|bun|perl|lua|julia|java|Rscript|R$|octave|php)`)

// The bounds on the cycles of a call of an engine whose record has no cost of a call, and
// the factor within which one that has must lie.
const (
	fewestCycles      = 200
	mostCycles        = 3_000_000
	mostCyclesPerStep = 8
	recordFactor      = 3
	compiledFixed     = 20_000
)

// frameworkCost: an interpreted engine costs what such engines do.
func frameworkCost(c *Case, contender *Contender) ruling {
	least, most := fewestCycles+0.0, mostCycles+mostCyclesPerStep*c.multiplyAdds(1)
	if !c.interpreted(contender) {
		// A compiled one is bounded by its work alone; point 82 says by how much.
		return c.costWithin(contender, 0, most)
	}
	name := contender.engineName()
	if engine := c.Bundle.Plan.Canonical[name]; engine != "" {
		name = engine
	}
	engine, _ := engines.Lookup(name)
	if engine.Call == nil || c.Bundle.Plan.Threads > 1 || c.Bundle.Plan.Batch > 1 {
		return c.costWithin(contender, least, most)
	}
	cycles := engine.Call.Cycles + engine.Call.CyclesPerMultiplyAdd*c.multiplyAdds(1)
	return c.costWithin(contender, cycles/recordFactor, cycles*recordFactor)
}

// compiledCost: a compiled engine costs some cycles for each multiply-add.
func compiledCost(c *Case, contender *Contender) ruling {
	if c.interpreted(contender) {
		return c.costWithin(contender, 0, mostCycles+mostCyclesPerStep*c.multiplyAdds(1))
	}
	return c.costWithin(contender, 0, mostCyclesPerStep*c.multiplyAdds(1)+compiledFixed)
}

// costWithin judges the cost of a call, which must never be below the floor, by
// bounds in cycles.
func (c *Case) costWithin(contender *Contender, least, most float64) ruling {
	cycle, costs := c.cycle(), contender.perLaunch((*Launch).cost)
	if math.IsNaN(cycle) {
		return skips("what a cycle of the contenders' core takes, by a chain of dependent instructions")
	}
	if len(costs) == 0 {
		return skips("short bursts of %s", contender.Name)
	}
	cost, floor := stats.Median(costs), c.floor()
	r := passes("a call costs %.0f ns, %.0f cycles; %.0f to %.0f are plausible, and the arithmetic alone takes %.0f ns", cost, cost/cycle, least, most, floor)
	switch {
	case below(costs, floor):
		r = fails("a call costs %.1f ns, and the arithmetic alone takes %.1f ns on this machine", cost, floor)
	case below(costs, least*cycle):
		r = fails("a call costs %.0f cycles; %.0f or more are plausible", cost/cycle, least)
	case beyond(costs, most*cycle):
		r = fails("a call costs %.0f cycles; at most %.0f are plausible", cost/cycle, most)
	}
	return r.with("cost of a call", "%.1f ns, %.0f cycles", cost, cost/cycle).with("least time of its arithmetic", "%.1f ns", floor)
}

// part is one piece of evidence that an override needs.
type part struct {
	what  string
	judge func() ruling
}

// point is the part that a point has to pass for some contenders.
func (c *Case) overridePoint(id int, contender *Contender) part {
	what := fmt.Sprintf("point %d", id)
	if contender != nil {
		what += " for " + contender.Name
	}
	return part{what, func() ruling { return c.ruling(id, contender) }}
}

// override judges a trip: all parts must hold, and each is printed with it.
func override(letter, trip string, parts ...part) ruling {
	var shown, missing []string
	r := ruling{status: Pass}
	for _, p := range parts {
		found := p.judge()
		r.figures = append(r.figures, Figure{"override " + letter + ": " + p.what, string(found.status)})
		if found.status != Pass {
			missing = append(missing, fmt.Sprintf("%s is a %s (%s)", p.what, found.status, found.detail))
			continue
		}
		shown = append(shown, p.what)
	}
	if len(missing) > 0 {
		r.status = Fail
		r.detail = fmt.Sprintf("%s, and override %s lacks evidence: %s", trip, letter, strings.Join(missing, "; "))
		return r
	}
	r.detail = fmt.Sprintf("%s; override %s is shown by %s", trip, letter, strings.Join(shown, ", "))
	return r
}

// soundlyFast is the evidence of override A: all of the work is done while the clock
// runs.
func (c *Case) soundlyFast(contender *Contender) []part {
	return []part{
		c.overridePoint(12, contender),
		{"the slope of " + contender.Name, func() ruling { return c.slopeAboveFloor(contender) }},
		{"every label near the boundary for " + contender.Name, func() ruling { return allHardRight(contender) }},
		c.overridePoint(10, contender), c.overridePoint(11, contender), c.overridePoint(94, contender),
	}
}

// slopeAboveFloor: a multiply-add takes as long as one can, or longer.
func (c *Case) slopeAboveFloor(contender *Contender) ruling {
	slopes, floor := c.slopes(contender), c.floorPerMultiplyAdd()*c.leastMultiplyAdds()/c.multiplyAdds(1)/float64(max(c.Bundle.Plan.Threads, 1))
	if len(slopes) == 0 {
		return skips("bursts at several widths")
	}
	if math.IsNaN(floor) {
		return skips("what a cycle of the contenders' core takes")
	}
	r := passes("a multiply-add takes %.4f ns, where the machine's vectors take %.4f", stats.Median(slopes), floor)
	if below(slopes, floor) {
		r = fails("a multiply-add takes %.4f ns, and the machine's vectors take %.4f: nothing is computed", stats.Median(slopes), floor)
	}
	return r.with("time of a multiply-add", "%.4f ns, at least %.4f", stats.Median(slopes), floor)
}

// allHardRight: no label near the decision boundary is wrong.
func allHardRight(contender *Contender) ruling {
	share, _ := hardShare(contender)
	switch {
	case math.IsNaN(share):
		return skips("labels of rows near the decision boundary")
	case share > 0:
		return fails("%.2f%% of the labels of rows near the boundary are wrong", 100*share)
	}
	return passes("every label near the boundary is right")
}

// leastCall is below how many nanoseconds, and mostTimes beyond how many times as fast, an
// override has to show why.
const (
	leastCall = 100
	mostTimes = 100
)

// notBelowFloorOfClocks: no figure is below 100 ns, or override A shows why.
func notBelowFloorOfClocks(c *Case, contender *Contender) ruling {
	figures := c.typical(contender)
	trip := ""
	for _, figure := range figures {
		if figure.value < leastCall {
			trip = fmt.Sprintf("%s is %.1f ns, below %d", figure.what, figure.value, leastCall)
			break
		}
	}
	if len(figures) == 0 {
		return skips("times of single calls and of short bursts")
	}
	if trip != "" {
		return override("A", trip, c.soundlyFast(contender)...)
	}
	return withFigures(passes("p50, mean and cost are %s, none below %d ns", listed(figures), leastCall), figures)
}

// typicalFigure is one of the three that stand for a call.
type typicalFigure struct {
	what   string
	value  float64
	values []float64
}

// typical are p50, mean and cost of a contender, medians over launches in
// nanoseconds, those that there are.
func (c *Case) typical(contender *Contender) []typicalFigure {
	var figures []typicalFigure
	for _, figure := range []typicalFigure{
		{what: "p50", values: contender.perLaunch(func(l *Launch) float64 { return l.Calls.Summary.P50 })},
		{what: "the mean", values: contender.perLaunch(func(l *Launch) float64 { return l.Calls.Summary.Mean })},
		{what: "the cost in short bursts", values: contender.perLaunch((*Launch).cost)},
	} {
		if len(figure.values) > 0 {
			figure.value = stats.Median(figure.values)
			figures = append(figures, figure)
		}
	}
	return figures
}

func withFigures(r ruling, figures []typicalFigure) ruling {
	for _, figure := range figures {
		r = r.with(figure.what, "%.1f ns", figure.value)
	}
	return r
}

func listed(figures []typicalFigure) string {
	var parts []string
	for _, figure := range figures {
		parts = append(parts, fmt.Sprintf("%.0f", figure.value))
	}
	return strings.Join(parts, ", ") + " ns"
}

// notAboveMillisecond: no figure of a small model is above 1 ms.
func notAboveMillisecond(c *Case, contender *Contender) ruling {
	most := 1e6 * max(1, c.multiplyAdds(1)/1e6)
	figures := c.typical(contender)
	if len(figures) == 0 {
		return skips("times of single calls and of short bursts")
	}
	for _, figure := range figures {
		if beyond(figure.values, most) {
			return withFigures(fails("%s is %.3f ms, above %.3g ms", figure.what, figure.value/1e6, most/1e6), figures)
		}
	}
	return withFigures(passes("p50, mean and cost are %s, none above %.3g ms", listed(figures), most/1e6), figures)
}

// ratioExplained: the ratio at the suite's size is about what larger sizes foretell,
// and it is the one that is published.
func ratioExplained(c *Case) ruling {
	const (
		most  = 1.5
		least = 2 // The least width that foretells.
	)
	comparison := c.Comparison()
	if comparison == nil {
		return skips("replicates that have both contenders")
	}
	if fault := c.publishedRatios(*comparison); fault != "" {
		return fails("%s", fault)
	}
	foretold := func(l *Launch) float64 {
		fixed, slope := c.line(l, least)
		// Larger models lie in further caches, so that a line through them can begin below
		// nothing. A call takes its share of a larger one's time at least.
		share := l.phaseMedian(evidence.PhaseWidth(least), clock(innerOf).perCall) * c.multiplyAdds(1) / c.multiplyAdds(least)
		return max(fixed+slope*c.multiplyAdds(1), share)
	}
	predicted := pairwise(c.Sides[1], c.Sides[0], foretold)
	if len(predicted) == 0 {
		return skips("bursts of both contenders at widths from %d times the suite's on", least)
	}
	measured := math.Log(comparison.Ratio.Estimate)
	off := make([]float64, len(predicted))
	for i := range predicted {
		off[i] = measured - predicted[i]
	}
	foretells := math.Exp(stats.Median(predicted))
	r := passes("sizes from %d times the suite's on foretell a ratio of %.3g, it is %.3g", least, foretells, comparison.Ratio.Estimate)
	if beyond(off, math.Log(most)) || below(off, -math.Log(most)) {
		r = fails("sizes from %d times the suite's on foretell a ratio of %.3g, it is %.3g: more than %v apart", least, foretells, comparison.Ratio.Estimate, most)
	}
	return r.with("ratio foretold", "%.4g", foretells).with("ratio", "%.4g", comparison.Ratio.Estimate)
}

// publishedRatios says which published ratio of the claim's two is not the one that
// the raw samples give: side by side and of the classic figures, in the summary and
// wherever the report prints it.
func (c *Case) publishedRatios(comparison estimate.Comparison) string {
	printed, _ := c.printedFigures()
	for _, figure := range printed {
		if figure.about == [2]string{comparison.A, comparison.B} || figure.about == [2]string{comparison.B, comparison.A} {
			if fault := figure.fault(); fault != "" {
				return fault
			}
		}
	}
	summary := c.Published.Summary
	if summary == nil {
		return ""
	}
	name := comparison.A + " and " + comparison.B
	for _, published := range summary.SideBySide {
		if published.Faster == comparison.A && published.Than == comparison.B && published.Ratio != nil && !recomputes(published.Ratio, comparison.Ratio.Estimate) {
			return fmt.Sprintf("the ratio of %s is published as %v, the samples give %v", name, *published.Ratio, comparison.Ratio.Estimate)
		}
	}
	fault := ""
	c.publishedPair(func(pair *PublishedPair, winner, loser stats.Summary) ruling {
		for _, figure := range []struct {
			what      string
			published *float64
			computed  float64
		}{
			{"speedup by p50", pair.SpeedupP50, loser.P50 / winner.P50},
			{"speedup by mean", pair.SpeedupMean, loser.Mean / winner.Mean},
			{"ratio of throughputs", pair.ThroughputRatio, loser.Mean / winner.Mean},
		} {
			if figure.published != nil && !recomputes(figure.published, figure.computed) {
				fault = fmt.Sprintf("the %s of %s is published as %v, the samples give %v", figure.what, name, *figure.published, figure.computed)
			}
		}
		return ruling{}
	})
	return fault
}

// ordered are the claim's faster and slower by what was measured, and how many times
// as fast the first is.
func (c *Case) ordered(comparison *estimate.Comparison) (faster, slower *Contender, ratio float64) {
	if comparison.Ratio.Estimate < 1 {
		return c.Sides[1], c.Sides[0], 1 / comparison.Ratio.Estimate
	}
	return c.Sides[0], c.Sides[1], comparison.Ratio.Estimate
}

// notAboveHundred: the ratio is at most 100, or override B shows why.
func notAboveHundred(c *Case) ruling {
	comparison := c.Comparison()
	if comparison == nil {
		return skips("replicates that have both contenders")
	}
	faster, slower, ratio := c.ordered(comparison)
	if ratio <= mostTimes {
		return passes("%s is %.3g times as fast as %s", faster.Name, ratio, slower.Name).with("ratio", "%.4g", ratio)
	}
	parts := []part{c.overridePoint(91, slower), c.overridePoint(36, slower)}
	parts = append(append(parts, c.soundlyFast(faster)...), c.overridePoint(85, nil))
	return override("B", fmt.Sprintf("%s is %.4g times as fast as %s, above %d", faster.Name, ratio, slower.Name, mostTimes), parts...).with("ratio", "%.4g", ratio)
}

// The bounds of point 87, and the model size up to which what a call costs counts for
// more than its arithmetic.
const (
	leastLead         = 2
	smallMultiplyAdds = 1e4
	// compiledSlope is how many cycles a multiply-add of an optimised build may take.
	compiledSlope = 6
)

// compiledAhead: at batch 1 and a small model, a compiled engine is at least twice as
// fast as an interpreted one, or override C shows why. Where no such two are
// compared, its multiply-adds have to be an optimised build's.
func compiledAhead(c *Case) ruling {
	comparison := c.Comparison()
	if comparison == nil {
		return skips("replicates that have both contenders")
	}
	compiled, interpreted, lead := c.Sides[0], c.Sides[1], comparison.Ratio.Estimate
	if c.interpreted(compiled) {
		compiled, interpreted, lead = interpreted, compiled, 1/lead
	}
	if c.interpreted(compiled) || !c.interpreted(interpreted) || c.Bundle.Plan.Batch != 1 || c.multiplyAdds(1) > smallMultiplyAdds {
		return all(c.optimisedSlope(c.Sides[0]), c.optimisedSlope(c.Sides[1]))
	}
	if lead >= leastLead {
		return passes("%s, compiled, is %.3g times as fast as %s, interpreted", compiled.Name, lead, interpreted.Name).with("ratio", "%.4g", lead)
	}
	return override("C", fmt.Sprintf("%s, compiled, is %.3g times as fast as %s, interpreted, below %d", compiled.Name, lead, interpreted.Name, leastLead),
		c.overridePoint(37, compiled), c.overridePoint(64, compiled), c.overridePoint(95, nil),
		part{"the cost per call", func() ruling { return c.cheaperCalls(compiled, interpreted) }},
	).with("ratio", "%.4g", lead)
}

// cheaperCalls: a call without its multiply-adds costs the compiled one less than
// half of what it costs the interpreted one.
func (c *Case) cheaperCalls(compiled, interpreted *Contender) ruling {
	own, other := c.intercepts(compiled), c.intercepts(interpreted)
	if len(own) == 0 || len(other) == 0 {
		return skips("bursts of both at several widths")
	}
	a, b := stats.Median(own), stats.Median(other)
	if a >= b/leastLead {
		return fails("a call of %s costs %.0f ns beside its multiply-adds, one of %s %.0f", compiled.Name, a, interpreted.Name, b)
	}
	return passes("a call of %s costs %.0f ns beside its multiply-adds, one of %s %.0f", compiled.Name, a, interpreted.Name, b)
}

// optimisedSlope: a multiply-add takes few cycles, as in an optimised build.
func (c *Case) optimisedSlope(contender *Contender) ruling {
	cycle, slopes := c.cycle(), c.slopes(contender)
	if math.IsNaN(cycle) || len(slopes) == 0 {
		return skips("bursts of %s at several widths, and what a cycle takes", contender.Name)
	}
	median := stats.Median(slopes) / cycle
	r := passes("a multiply-add of %s takes %.2f cycles", contender.Name, median)
	if beyond(slopes, compiledSlope*cycle) {
		r = fails("a multiply-add of %s takes %.2f cycles; an optimised build's takes at most %d", contender.Name, median, compiledSlope)
	}
	return r.with("cycles of a multiply-add of "+contender.Name, "%.3f", median)
}

// percentilesRise: p50 < p95 < p99 in half of the launches or more. Equal ones are no
// fault where a clock's own step is that coarse: the contender's, or the harness's, since
// one of 10 ns tells times of 60 and 61 as well, by rounding. That all are equal is one.
func percentilesRise(c *Case, contender *Contender) ruling {
	const coarse = 5 // ns
	rising, launches := 0, 0
	for _, launch := range contender.Finished {
		facts := launch.Calls
		if facts.Summary.N == 0 {
			continue
		}
		launches++
		step := max(facts.SmallestGap, c.Bundle.Environment.Calibration.ClockStepNanoseconds)
		tied := func(low, high float64) bool {
			return low < high || low == high && facts.Distinct > 1 && step >= coarse
		}
		if tied(facts.Summary.P50, facts.Summary.P95) && tied(facts.Summary.P95, facts.Summary.P99) {
			rising++
		}
	}
	if launches == 0 {
		return skips("times of single calls")
	}
	r := passes("p50, p95 and p99 rise in %d of %d launches", rising, launches)
	if 2*rising < launches {
		r = fails("p50, p95 and p99 rise in %d of %d launches; half of them are due", rising, launches)
	}
	return r.with("launches whose percentiles rise", "%d of %d", rising, launches)
}

// meanNearMedian: the mean over the median of the raw samples, in the middle launch.
func meanNearMedian(_ *Case, contender *Contender) ruling {
	const least, most = 0.9, 1.25
	ratio := contender.median(func(l *Launch) float64 { return l.Calls.Summary.Mean / l.Calls.Summary.P50 })
	if math.IsNaN(ratio) {
		return skips("times of single calls")
	}
	r := passes("the mean is %.3f times the median", ratio)
	if ratio < least || ratio > most {
		r = fails("the mean is %.3f times the median; %v to %v is near", ratio, least, most)
	}
	return r.with("mean over p50, median over launches", "%.4f", ratio)
}

// lowVariation: the deviation over the mean of the raw samples, in the middle launch.
func lowVariation(_ *Case, contender *Contender) ruling {
	const most = 0.5
	variation := contender.median(func(l *Launch) float64 { return l.Calls.Summary.StdDev / l.Calls.Summary.Mean })
	if math.IsNaN(variation) {
		return skips("times of single calls")
	}
	r := passes("the standard deviation is %.3f times the mean", variation)
	if !(variation < most) {
		r = fails("the standard deviation is %.3f times the mean; less than %v is due", variation, most)
	}
	return r.with("standard deviation over mean, median over launches", "%.4f", variation)
}
