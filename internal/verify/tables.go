package verify

// This file writes the part of BENCHMARK_RESULTS.md that says what was measured, cell by
// cell.

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// measurements is what was measured, in each cell.
func (p *page) measurements() {
	if !p.several() {
		p.classic()
		p.statistics()
		p.analysis()
		return
	}
	p.heading(2, "Cells")
	p.line("Each cell has launches, controls and verdicts of its own; Holm's correction is over the claims of all.")
	p.header("Cell", "Claim", "Times as fast", "95% interval", "Verdict", "Replicates")
	for _, one := range p.parts {
		for _, c := range one.outcome.claims {
			p.row(strings.TrimPrefix(one.title(), ", "), c.a+" faster than "+c.b, times(c.ratio, c.ratio.estimate), bounds(c.ratio), one.outcome.shown(c), strconv.Itoa(c.n))
		}
	}
	for _, one := range p.parts {
		own := p.ofCell(one)
		own.measurements()
		p.lines = append(p.lines, own.lines...)
	}
}

// classic are the tables of the classic protocol.
func (p *page) classic() {
	pairs := p.v.classicPairs(p.o)
	p.heading(2, "Results")
	p.heading(3, "Latency")
	p.header("Contender", "p50 (us)", "p95 (us)", "p99 (us)", "Mean (us)", "Std Dev (us)", "Min (us)", "Max (us)", "Median p50 over launches, least to greatest")
	for _, c := range p.fastest() {
		s, us := c.calls, micro(c.calls)
		least, greatest := s.middle, s.middle
		for _, one := range c.launches {
			least, greatest = min(least, one.calls.middle), max(greatest, one.calls.middle)
		}
		p.row(p.label(c.name), us(s.middle), us(s.p95), us(s.p99), us(s.mean), us(s.deviation), us(s.least), us(s.greatest),
			fmt.Sprintf("%s to %s of %d", us(least), us(greatest), len(c.launches)))
	}
	for _, pair := range pairs {
		if pair.claim {
			p.latencies(pair)
		}
	}
	p.heading(3, "Throughput")
	p.header("Framework", p.wording("Inferences/sec", "Trainings/sec"))
	for _, c := range p.fastest() {
		p.row(p.label(c.name), fixed(0, c.calls.perSecond))
	}
	for _, pair := range pairs {
		if pair.claim {
			p.row(fmt.Sprintf("**Ratio %s/%s**", p.label(pair.a.name), p.label(pair.b.name)), "**"+quotientOf(pair.a.calls.perSecond, pair.b.calls.perSecond)+"**")
		}
	}
	if notes := p.notes(); len(notes) > 0 {
		p.heading(3, "Notes on contenders")
		for _, note := range notes {
			p.line("- %s", note)
		}
	}
}

// latencies is the published report's table, of one claim.
func (p *page) latencies(pair classicPair) {
	a, b := pair.a.calls, pair.b.calls
	p.heading(3, fmt.Sprintf("Latency Comparison: %s and %s", pair.a.name, pair.b.name))
	p.header("Metric", p.label(pair.a.name), p.label(pair.b.name), "Speedup")
	for _, of := range []struct {
		name string
		a, b float64
	}{{"p50", a.middle, b.middle}, {"p95", a.p95, b.p95}, {"p99", a.p99, b.p99}, {"Mean", a.mean, b.mean}} {
		p.row(of.name+" (us)", micro(a)(of.a), micro(b)(of.b), quotientOf(of.b, of.a))
	}
	p.row("Std Dev (us)", micro(a)(a.deviation), micro(b)(b.deviation), "-")
}

// statistics are the paired protocol's tables and the classic one's tests.
func (p *page) statistics() {
	p.heading(2, "Statistical Analysis")
	if len(p.o.comparisons()) > 0 {
		p.sideBySide()
		p.controls()
		p.checks()
	}
	p.heading(3, "Of the classic protocol")
	p.line("Computed as the published checklist has it, on the calls of each contender's median launch. Calls of one process are not independent, so these say more than they know.")
	p.heading(3, "Welch's t-test and Cohen's d")
	p.header("Pair", "t-statistic", "Degrees of freedom", "p-value", "Cohen's d", "Interpretation")
	for _, pair := range p.v.classicPairs(p.o) {
		chance := "undefined, as neither sample has any spread"
		if !math.IsNaN(pair.logP) {
			chance = probability(pair.logP)
		}
		p.row(p.label(pair.a.name)+" and "+p.label(pair.b.name), fixed(4, pair.t), fixed(1, pair.degrees), chance, fixed(4, pair.cohen), pair.effect)
	}
	p.heading(3, "95% Confidence Intervals")
	p.header("Framework", "Mean (us)", "95% CI")
	for _, c := range p.fastest() {
		us := micro(c.calls)
		p.row(p.label(c.name), us(c.calls.mean), fmt.Sprintf("[%s, %s]", us(c.calls.low), us(c.calls.high)))
	}
}

func (p *page) sideBySide() {
	p.heading(3, "Side by side")
	p.line("How many times as fast the first is as the second, from %s, with the interval over %d replicates. Claims are corrected for their number (Holm); other rows are not.",
		p.wording("bursts that took turns within milliseconds", trainingTurns), len(p.o.replicates))
	p.header("Pair", "Times as fast", "95% interval", "Verdict", "Replicates", "From", "Other source", "Rounds")
	for _, c := range p.o.comparisons() {
		source, other, which := "short bursts", c.long, "all"
		if c.fromLong {
			source, other = "long bursts, by the outer clock", c.short
		}
		if c.quiet {
			which = "quiet"
		}
		p.row(p.label(c.a)+" and "+p.label(c.b), times(c.ratio, c.ratio.estimate), bounds(c.ratio), p.o.shown(c), strconv.Itoa(c.n), source, times(other, other.estimate), which)
	}
}

func (p *page) controls() {
	o := p.o
	p.heading(3, "Controls")
	p.line("What was known beforehand and measured with the rest. A control fails where it is off at the 99.9%% level and by more than %s%%.", significant(3, 100*p.plan.Tolerance))
	p.header("Control", "Due", "Measured", "99.9% interval", "Holds", "What it is")
	for _, c := range o.controls {
		p.row(c.name, fixed(4, c.due), fixed(4, c.ratio.estimate), fixed(4, c.ratio.low)+" to "+fixed(4, c.ratio.high), yes(c.holds), c.what)
	}
	p.line("The canary took %s us in the middle and %s us at its fast level; %s%% of its readings found the machine quiet, within %s times that level. "+
		"Ratios are of quiet rounds, by the canary just before and after each burst, but where the last column says otherwise.",
		fixed(2, o.middle/1e3), fixed(2, o.fast/1e3), fixed(0, 100*o.share), significant(3, p.plan.Paired.Quiet.Within))
	if machine := strings.Join(p.disturbances(), "; "); machine != "" {
		p.line("While it was measured, %s.", machine)
	}
}

func yes(holds bool) string {
	if holds {
		return "yes"
	}
	return "**no**"
}

func (p *page) checks() {
	p.heading(3, "Clocks and conduct")
	p.header("Contender", "Check", "Holds", "What was found")
	for _, c := range p.o.contenders {
		for _, one := range c.checks {
			holds := "not judged"
			if one.judged {
				holds = yes(one.holds)
			}
			p.row(c.name, one.rule, holds, one.text)
		}
	}
	for _, c := range p.o.contenders {
		if len(c.paired) == 0 {
			continue
		}
		for _, course := range slices.Sorted(maps.Keys(c.unsteady)) {
			p.line("%s: %d of %d launches did not come to a steady state (%s); they count all the same.", c.name, c.unsteady[course], len(c.paired), course)
		}
	}
}

// analysis is what was measured beside latency, and what the scaling probe says.
func (p *page) analysis() {
	p.heading(2, "Analysis")
	p.line("Medians over launches, of what the kernel accounted for each process:")
	p.header("Contender", "First answer (ms)", "First "+p.wording("call", "training")+" (us)", "Peak memory (MB)", "Installed (MB)", "CPU time of a launch (s)", "Numbers held")
	for _, c := range p.fastest() {
		p.accounts(c)
	}
	p.conduct()
	p.costs()
}

func (p *page) accounts(c *contender) {
	var answers, peaks, uses []float64
	for _, seen := range c.seen {
		if seen.FirstAnswer > 0 {
			answers = append(answers, seen.FirstAnswer/1e6)
		}
		peaks, uses = append(peaks, seen.PeakResident/1e6), append(uses, (seen.UserCPU+seen.SystemCPU)/1e9)
	}
	answer, call, installed := "-", "-", "-"
	if len(answers) > 0 {
		answer = fixed(1, median(answers))
	}
	if len(c.paired) > 0 {
		call = fixed(1, over(c.paired, named("first"))/1e3)
	}
	if c.said.Installed != 0 {
		installed = fixed(1, c.said.Installed/1e6)
	}
	p.row(c.name, answer, call, fixed(1, median(peaks)), installed, fixed(3, median(uses)), strconv.FormatInt(c.said.Parameters, 10))
}

// conduct is what few rows and other weights changed, or what a training took.
func (p *page) conduct() {
	var rounds []*contender
	for _, c := range p.o.contenders {
		if len(c.paired) > 0 {
			rounds = append(rounds, c)
		}
	}
	if len(rounds) == 0 {
		return
	}
	if p.trains() {
		p.line("Times in rounds, medians over launches:")
		p.header("Contender", "Epochs of a training", "Time of an epoch in it (us)")
	} else {
		p.line("Times of a call against each other, medians over launches; reported; the run judges nobody by them, its audit does:")
		p.header("Contender", "Few rows / fresh rows", "Other weights / the suite's", "Calls in a short burst", "Time of a call in it (us)")
	}
	for _, c := range rounds {
		calls, short := fixed(0, over(c.paired, named("calls"))), over(c.paired, named("short"))/1e3
		if p.trains() {
			p.row(c.name, calls, fixed(1, short))
		} else {
			p.row(c.name, fixed(2, over(c.paired, quotient("few-rows", "many-rows"))), fixed(2, over(c.paired, quotient("altered", "original"))), calls, fixed(3, short))
		}
	}
}

// costs are what a call and a multiply-add cost, and where two contenders cross.
func (p *page) costs() {
	var split []*contender
	for _, c := range p.o.contenders {
		if c.costs != nil {
			split = append(split, c)
		}
	}
	if len(split) == 0 {
		p.line("Why one contender is faster than another is not asserted here: this run does not separate the causes.")
		return
	}
	slices.SortStableFunc(split, func(a, b *contender) int { return cmp.Compare(a.costs.call.estimate, b.costs.call.estimate) })
	unit, of, scale := "call", "ns", 1.0
	if p.trains() {
		unit, of, scale = "training", "us", 1e3
		p.line("Trainings of 1, %d and %d epochs split a training's time, by a straight line: nanoseconds = cost per training + cost per multiply-add x multiply-adds, "+
			"two for each value and class and epoch, whether the value is 0 or not.", p.plan.Train.Epochs, p.plan.Train.LongEpochs)
	} else {
		widths := make([]string, len(p.plan.Probes.Widths))
		for i, multiple := range p.plan.Probes.Widths {
			widths[i] = strconv.Itoa(multiple)
		}
		p.line("The same model at %s times the input width splits the time of a call, by a straight line: nanoseconds = cost per call + cost per multiply-add x multiply-adds.", strings.Join(widths, ", "))
	}
	p.header("Contender", fmt.Sprintf("Cost per %s (%s)", unit, of), fmt.Sprintf("95%% interval (%s)", of), "Cost per multiply-add (ns)", "95% interval (ns per multiply-add)", "Largest misfit of the line")
	for _, c := range split {
		call := c.costs.call
		call.estimate, call.low, call.high = call.estimate/scale, call.low/scale, call.high/scale
		p.row(c.name, fixed(0, call.estimate), spread(0, call), fixed(4, c.costs.multiplyAdd.estimate), spread(4, c.costs.multiplyAdd), fixed(0, 100*c.costs.misfit)+"%")
	}
	if p.trains() {
		return
	}
	for i, a := range split {
		for _, b := range split[i+1:] {
			p.crossover(a, b)
		}
	}
	for _, claim := range p.o.claims {
		p.equalSlopes(p.o.contender(claim.a), p.o.contender(claim.b))
	}
}

func spread(decimals int, i interval) string {
	if math.IsInf(i.high, 1) {
		return "too few launches"
	}
	return fixed(decimals, i.low) + " to " + fixed(decimals, i.high)
}

// equalSlopes is what the ratio would be if a multiply-add cost both the same.
func (p *page) equalSlopes(a, b *contender) {
	if a == nil || b == nil || a.costs == nil || b.costs == nil {
		return
	}
	slope := b.costs.multiplyAdd.estimate
	compute := slope * b.costs.least
	up, down := b.costs.call.estimate+compute, a.costs.call.estimate+compute
	if a.costs.multiplyAdd.estimate <= 0 || slope <= 0 || up <= 0 || down <= 0 {
		return
	}
	p.line("- %s and %s: %s and %s ns per multiply-add; at equal slopes, %s ns, the ratio is %sx.", a.name, b.name,
		fixed(4, a.costs.multiplyAdd.estimate), fixed(4, slope), fixed(4, slope), fixed(2, up/down))
}

func (p *page) crossover(a, b *contender) {
	slope := a.costs.multiplyAdd.estimate - b.costs.multiplyAdd.estimate
	at := (b.costs.call.estimate - a.costs.call.estimate) / slope
	switch {
	case slope == 0 || !(at > 0):
		p.line("- %s costs less than %s per call and no more per multiply-add: no size of this model makes %s the faster one.", a.name, b.name, b.name)
	case at < a.costs.least:
		p.line("- %s costs less than %s per multiply-add: it is the faster one at every size measured, from %s multiply-adds on.", b.name, a.name, significant(2, a.costs.least))
	case at > 10*a.costs.largest:
		p.line("- %s costs less than %s per call; their lines cross at %s multiply-adds, far beyond the largest model measured (%s), so where they do is not known.",
			a.name, b.name, significant(2, at), significant(2, a.costs.largest))
	default:
		p.line("- %s costs less than %s per call and more per multiply-add: by their lines, %s is the faster one from %s multiply-adds on.", a.name, b.name, b.name, significant(2, at))
	}
}
