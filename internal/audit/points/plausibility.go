package points

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
	"cupel/internal/audit"
	"cupel/internal/audit/results"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// intercepts are what a call takes beside its multiply-adds, by launch.
func intercepts(c *audit.Case, contender *audit.Contender) []float64 {
	return contender.PerLaunch(func(l *audit.Launch) float64 {
		fixed, _ := c.Line(l, 1)
		return fixed
	})
}

// isInterpreted reports whether an interpreter stands between the loop and the engine,
// by what ran and not by what is said.
func isInterpreted(c *audit.Case, contender *audit.Contender) bool {
	if engine, known := engines.Lookup(contender.EngineName()); known && !slices.Contains(c.Bundle.Plan.Own, contender.Name) {
		return engine.Language.Interpreted()
	}
	for _, program := range executables(c, contender) {
		if interpreters.MatchString(path.Base(program.Path)) {
			return true
		}
	}
	return makerOf(c, contender).Packages != nil
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
func frameworkCost(c *audit.Case, contender *audit.Contender) audit.Ruling {
	least, most := fewestCycles+0.0, mostCycles+mostCyclesPerStep*c.MultiplyAdds(1)
	if !isInterpreted(c, contender) {
		// A compiled one is bounded by its work alone; point 82 says by how much.
		return c.CostWithin(contender, 0, most)
	}
	name := contender.EngineName()
	if engine := c.Bundle.Plan.Canonical[name]; engine != "" {
		name = engine
	}
	engine, _ := engines.Lookup(name)
	if engine.Call == nil || c.Bundle.Plan.Threads > 1 || c.Bundle.Plan.Batch > 1 {
		return c.CostWithin(contender, least, most)
	}
	cycles := engine.Call.Cycles + engine.Call.CyclesPerMultiplyAdd*c.MultiplyAdds(1)
	return c.CostWithin(contender, cycles/recordFactor, cycles*recordFactor)
}

// compiledCost: a compiled engine costs some cycles for each multiply-add.
func compiledCost(c *audit.Case, contender *audit.Contender) audit.Ruling {
	if isInterpreted(c, contender) {
		return c.CostWithin(contender, 0, mostCycles+mostCyclesPerStep*c.MultiplyAdds(1))
	}
	return c.CostWithin(contender, 0, mostCyclesPerStep*c.MultiplyAdds(1)+compiledFixed)
}

// part is one piece of evidence that an override needs.
type part struct {
	what  string
	judge func() audit.Ruling
}

// point is the part that a point has to pass for some contenders.
func overridePoint(c *audit.Case, id int, contender *audit.Contender) part {
	what := fmt.Sprintf("point %d", id)
	if contender != nil {
		what += " for " + contender.Name
	}
	return part{what, func() audit.Ruling { return RulingOf(c, id, contender) }}
}

// override judges a trip: all parts must hold, and each is printed with it.
func override(letter, trip string, parts ...part) audit.Ruling {
	var shown, missing []string
	r := audit.Ruling{Status: audit.Pass}
	for _, p := range parts {
		found := p.judge()
		r.Figures = append(r.Figures, audit.Figure{What: "override " + letter + ": " + p.what, Value: string(found.Status)})
		if found.Status != audit.Pass {
			missing = append(missing, fmt.Sprintf("%s is a %s (%s)", p.what, found.Status, found.Detail))
			continue
		}
		shown = append(shown, p.what)
	}
	if len(missing) > 0 {
		r.Status = audit.Fail
		r.Detail = fmt.Sprintf("%s, and override %s lacks evidence: %s", trip, letter, strings.Join(missing, "; "))
		return r
	}
	r.Detail = fmt.Sprintf("%s; override %s is shown by %s", trip, letter, strings.Join(shown, ", "))
	return r
}

// soundlyFast is the evidence of override A: all of the work is done while the clock
// runs.
func soundlyFast(c *audit.Case, contender *audit.Contender) []part {
	return []part{
		overridePoint(c, 12, contender),
		{"the slope of " + contender.Name, func() audit.Ruling { return c.SlopeAboveFloor(contender) }},
		{"every label near the boundary for " + contender.Name, func() audit.Ruling { return allHardRight(contender) }},
		overridePoint(c, 10, contender), overridePoint(c, 11, contender), overridePoint(c, 94, contender),
	}
}

// allHardRight: no label near the decision boundary is wrong.
func allHardRight(contender *audit.Contender) audit.Ruling {
	share, _ := audit.HardShare(contender)
	switch {
	case math.IsNaN(share):
		return audit.Skips("labels of rows near the decision boundary")
	case share > 0:
		return audit.Fails("%.2f%% of the labels of rows near the boundary are wrong", 100*share)
	}
	return audit.Passes("every label near the boundary is right")
}

// leastCall is below how many nanoseconds, and mostTimes beyond how many times as fast, an
// override has to show why.
const (
	leastCall = 100
	mostTimes = 100
)

// notBelowFloorOfClocks: no figure is below 100 ns, or override A shows why.
func notBelowFloorOfClocks(c *audit.Case, contender *audit.Contender) audit.Ruling {
	figures := typical(c, contender)
	trip := ""
	for _, figure := range figures {
		if figure.value < leastCall {
			trip = fmt.Sprintf("%s is %.1f ns, below %d", figure.what, figure.value, leastCall)
			break
		}
	}
	if len(figures) == 0 {
		return audit.Skips("times of single calls and of short bursts")
	}
	if trip != "" {
		return override("A", trip, soundlyFast(c, contender)...)
	}
	return withFigures(audit.Passes("p50, mean and cost are %s, none below %d ns", listed(figures), leastCall), figures)
}

// typicalFigure is one of the three that stand for a call.
type typicalFigure struct {
	what   string
	value  float64
	values []float64
}

// typical are p50, mean and cost of a contender, medians over launches in
// nanoseconds, those that there are.
func typical(c *audit.Case, contender *audit.Contender) []typicalFigure {
	var figures []typicalFigure
	for _, figure := range []typicalFigure{
		{what: "p50", values: contender.PerLaunch(func(l *audit.Launch) float64 { return l.Calls.Summary.P50 })},
		{what: "the mean", values: contender.PerLaunch(func(l *audit.Launch) float64 { return l.Calls.Summary.Mean })},
		{what: "the cost in short bursts", values: contender.PerLaunch((*audit.Launch).Cost)},
	} {
		if len(figure.values) > 0 {
			figure.value = stats.Median(figure.values)
			figures = append(figures, figure)
		}
	}
	return figures
}

func withFigures(r audit.Ruling, figures []typicalFigure) audit.Ruling {
	for _, figure := range figures {
		r = r.With(figure.what, "%.1f ns", figure.value)
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
func notAboveMillisecond(c *audit.Case, contender *audit.Contender) audit.Ruling {
	most := 1e6 * max(1, c.MultiplyAdds(1)/1e6)
	figures := typical(c, contender)
	if len(figures) == 0 {
		return audit.Skips("times of single calls and of short bursts")
	}
	for _, figure := range figures {
		if audit.Beyond(figure.values, most) {
			return withFigures(audit.Fails("%s is %.3f ms, above %.3g ms", figure.what, figure.value/1e6, most/1e6), figures)
		}
	}
	return withFigures(audit.Passes("p50, mean and cost are %s, none above %.3g ms", listed(figures), most/1e6), figures)
}

// ratioExplained: the ratio at the suite's size is about what larger sizes foretell,
// and it is the one that is published.
func ratioExplained(c *audit.Case) audit.Ruling {
	const (
		most  = 1.5
		least = 2 // The least width that foretells.
	)
	comparison := c.Comparison()
	if comparison == nil {
		return audit.Skips("replicates that have both contenders")
	}
	if fault := results.RatioFault(c, *comparison); fault != "" {
		return audit.Fails("%s", fault)
	}
	foretold := func(l *audit.Launch) float64 {
		fixed, slope := c.Line(l, least)
		// Larger models lie in further caches, so that a line through them can begin below
		// nothing. A call takes its share of a larger one's time at least.
		share := l.PhaseMedian(evidence.PhaseWidth(least), audit.Clock(audit.InnerOf).PerCall) * c.MultiplyAdds(1) / c.MultiplyAdds(least)
		return max(fixed+slope*c.MultiplyAdds(1), share)
	}
	predicted := audit.Pairwise(c.Sides[1], c.Sides[0], foretold)
	if len(predicted) == 0 {
		return audit.Skips("bursts of both contenders at widths from %d times the suite's on", least)
	}
	measured := math.Log(comparison.Ratio.Estimate)
	off := make([]float64, len(predicted))
	for i := range predicted {
		off[i] = measured - predicted[i]
	}
	foretells := math.Exp(stats.Median(predicted))
	r := audit.Passes("sizes from %d times the suite's on foretell a ratio of %.3g, it is %.3g", least, foretells, comparison.Ratio.Estimate)
	if audit.Beyond(off, math.Log(most)) || audit.Below(off, -math.Log(most)) {
		r = audit.Fails("sizes from %d times the suite's on foretell a ratio of %.3g, it is %.3g: more than %v apart", least, foretells, comparison.Ratio.Estimate, most)
	}
	return r.With("ratio foretold", "%.4g", foretells).With("ratio", "%.4g", comparison.Ratio.Estimate)
}

// ordered are the claim's faster and slower by what was measured, and how many times
// as fast the first is.
func ordered(c *audit.Case, comparison *estimate.Comparison) (faster, slower *audit.Contender, ratio float64) {
	if comparison.Ratio.Estimate < 1 {
		return c.Sides[1], c.Sides[0], 1 / comparison.Ratio.Estimate
	}
	return c.Sides[0], c.Sides[1], comparison.Ratio.Estimate
}

// notAboveHundred: the ratio is at most 100, or override B shows why.
func notAboveHundred(c *audit.Case) audit.Ruling {
	comparison := c.Comparison()
	if comparison == nil {
		return audit.Skips("replicates that have both contenders")
	}
	faster, slower, ratio := ordered(c, comparison)
	if ratio <= mostTimes {
		return audit.Passes("%s is %.3g times as fast as %s", faster.Name, ratio, slower.Name).With("ratio", "%.4g", ratio)
	}
	parts := []part{overridePoint(c, 91, slower), overridePoint(c, 36, slower)}
	parts = append(append(parts, soundlyFast(c, faster)...), overridePoint(c, 85, nil))
	return override("B", fmt.Sprintf("%s is %.4g times as fast as %s, above %d", faster.Name, ratio, slower.Name, mostTimes), parts...).With("ratio", "%.4g", ratio)
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
func compiledAhead(c *audit.Case) audit.Ruling {
	comparison := c.Comparison()
	if comparison == nil {
		return audit.Skips("replicates that have both contenders")
	}
	compiled, interpreted, lead := c.Sides[0], c.Sides[1], comparison.Ratio.Estimate
	if isInterpreted(c, compiled) {
		compiled, interpreted, lead = interpreted, compiled, 1/lead
	}
	if isInterpreted(c, compiled) || !isInterpreted(c, interpreted) || c.Bundle.Plan.Batch != 1 || c.MultiplyAdds(1) > smallMultiplyAdds {
		return audit.All(optimisedSlope(c, c.Sides[0]), optimisedSlope(c, c.Sides[1]))
	}
	if lead >= leastLead {
		return audit.Passes("%s, compiled, is %.3g times as fast as %s, interpreted", compiled.Name, lead, interpreted.Name).With("ratio", "%.4g", lead)
	}
	return override("C", fmt.Sprintf("%s, compiled, is %.3g times as fast as %s, interpreted, below %d", compiled.Name, lead, interpreted.Name, leastLead),
		overridePoint(c, 37, compiled), overridePoint(c, 64, compiled), overridePoint(c, 95, nil),
		part{"the cost per call", func() audit.Ruling { return cheaperCalls(c, compiled, interpreted) }},
	).With("ratio", "%.4g", lead)
}

// cheaperCalls: a call without its multiply-adds costs the compiled one less than
// half of what it costs the interpreted one.
func cheaperCalls(c *audit.Case, compiled, interpreted *audit.Contender) audit.Ruling {
	own, other := intercepts(c, compiled), intercepts(c, interpreted)
	if len(own) == 0 || len(other) == 0 {
		return audit.Skips("bursts of both at several widths")
	}
	a, b := stats.Median(own), stats.Median(other)
	if a >= b/leastLead {
		return audit.Fails("a call of %s costs %.0f ns beside its multiply-adds, one of %s %.0f", compiled.Name, a, interpreted.Name, b)
	}
	return audit.Passes("a call of %s costs %.0f ns beside its multiply-adds, one of %s %.0f", compiled.Name, a, interpreted.Name, b)
}

// optimisedSlope: a multiply-add takes few cycles, as in an optimised build.
func optimisedSlope(c *audit.Case, contender *audit.Contender) audit.Ruling {
	cycle, slopes := c.Cycle(), c.Slopes(contender)
	if math.IsNaN(cycle) || len(slopes) == 0 {
		return audit.Skips("bursts of %s at several widths, and what a cycle takes", contender.Name)
	}
	median := stats.Median(slopes) / cycle
	r := audit.Passes("a multiply-add of %s takes %.2f cycles", contender.Name, median)
	if audit.Beyond(slopes, compiledSlope*cycle) {
		r = audit.Fails("a multiply-add of %s takes %.2f cycles; an optimised build's takes at most %d", contender.Name, median, compiledSlope)
	}
	return r.With("cycles of a multiply-add of "+contender.Name, "%.3f", median)
}

// percentilesRise: p50 < p95 < p99 in half of the launches or more. Equal ones are no
// fault where a clock's own step is that coarse: the contender's, or the harness's, since
// one of 10 ns tells times of 60 and 61 as well, by rounding. That all are equal is one.
func percentilesRise(c *audit.Case, contender *audit.Contender) audit.Ruling {
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
		return audit.Skips("times of single calls")
	}
	r := audit.Passes("p50, p95 and p99 rise in %d of %d launches", rising, launches)
	if 2*rising < launches {
		r = audit.Fails("p50, p95 and p99 rise in %d of %d launches; half of them are due", rising, launches)
	}
	return r.With("launches whose percentiles rise", "%d of %d", rising, launches)
}

// meanNearMedian: the mean over the median of the raw samples, in the middle launch.
func meanNearMedian(_ *audit.Case, contender *audit.Contender) audit.Ruling {
	const least, most = 0.9, 1.25
	ratio := contender.Median(func(l *audit.Launch) float64 { return l.Calls.Summary.Mean / l.Calls.Summary.P50 })
	if math.IsNaN(ratio) {
		return audit.Skips("times of single calls")
	}
	r := audit.Passes("the mean is %.3f times the median", ratio)
	if ratio < least || ratio > most {
		r = audit.Fails("the mean is %.3f times the median; %v to %v is near", ratio, least, most)
	}
	return r.With("mean over p50, median over launches", "%.4f", ratio)
}

// lowVariation: the deviation over the mean of the raw samples, in the middle launch.
func lowVariation(_ *audit.Case, contender *audit.Contender) audit.Ruling {
	const most = 0.5
	variation := contender.Median(func(l *audit.Launch) float64 { return l.Calls.Summary.StdDev / l.Calls.Summary.Mean })
	if math.IsNaN(variation) {
		return audit.Skips("times of single calls")
	}
	r := audit.Passes("the standard deviation is %.3f times the mean", variation)
	if !(variation < most) {
		r = audit.Fails("the standard deviation is %.3f times the mean; less than %v is due", variation, most)
	}
	return r.With("standard deviation over mean, median over launches", "%.4f", variation)
}
