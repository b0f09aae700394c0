package audit

// This file judges the points of the category statistics: that what is published
// follows from the samples, and that nothing was chosen.

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// enoughSamples: calls, launches and the headline's precision are as planned.
func enoughSamples(c *Case) ruling {
	const (
		leastCalls    = 30
		leastLaunches = 10
	)
	plan := c.Bundle.Plan
	for _, side := range c.Sides {
		if n := len(side.Finished); n < leastLaunches || n < plan.Launches {
			return fails("%s has %s; %d are due", side.Name, plural(n, "finished launch"), max(leastLaunches, plan.Launches))
		}
		for _, launch := range side.Finished {
			if n := launch.Calls.Summary.N; n <= leastCalls || n < plan.Classic.Iterations {
				return fails("launch %d of %s has %d calls; %d are due", launch.Number, side.Name, n, max(leastCalls+1, plan.Classic.Iterations))
			}
		}
	}
	comparison := c.Comparison()
	if comparison == nil {
		return skips("replicates that have both %s and %s", c.Claim.Faster, c.Claim.Than)
	}
	half := comparison.HalfWidth()
	r := passes("%d and %d launches of %d calls; the ratio's interval is ±%.2f%% wide", len(c.Sides[0].Finished), len(c.Sides[1].Finished), plan.Classic.Iterations, 100*math.Expm1(half))
	if !comparison.Precise(plan.Precision) {
		r = fails("the ratio's interval is ±%.2f%% wide where ±%.2f%% was planned", 100*math.Expm1(half), 100*plan.Precision)
	}
	return r.with("half-width of the ratio's 95% interval", "%.3f%%", 100*math.Expm1(half))
}

// countsAlike: a result file states as many calls as its launch has.
func countsAlike(c *Case, contender *Contender) ruling {
	figures, launch := c.publishedOf(contender)
	switch {
	case figures == nil:
		return skips("a result file of %s", contender.Name)
	case launch == nil:
		return fails("the result file names no launch that counts")
	case figures.Iterations == nil:
		return fails("the result file states no number of calls")
	case *figures.Iterations != launch.Calls.Summary.N:
		return fails("the result file states %d calls, launch %d has %d", *figures.Iterations, launch.Number, launch.Calls.Summary.N)
	}
	config := c.Published.Contenders[contender.Name].Config
	if config.Iterations == nil || *config.Iterations != c.Bundle.Plan.Classic.Iterations {
		return fails("the result file's settings do not state the planned %d calls", c.Bundle.Plan.Classic.Iterations)
	}
	return passes("the result file states the %d calls that launch %d has", *figures.Iterations, launch.Number)
}

// noEarlyStop: every round was made, and the stop rule, replayed, holds where the run
// ended and not before.
func noEarlyStop(c *Case) ruling {
	plan := c.Bundle.Plan
	stopped := c.firstRow(evidence.EventStopped)
	if stopped == nil {
		return fails("the ledger does not say that the run ended by a rule")
	}
	replicates := c.replicates()
	last, made := 0, 0
	for number, launches := range replicates {
		last = max(last, number)
		if wholeReplicate(launches) {
			made++
		}
	}
	if fault := c.roundsMissing(); fault != "" {
		return fails("%s", fault)
	}
	budget, err := time.ParseDuration(plan.Budget)
	if err != nil {
		return fails("the plan's budget %q is no time", plan.Budget)
	}
	spent := c.measuredUntil(stopped.Sequence)
	inTime := fmt.Sprintf("%d replicates were made in %v of a budget of %v", made, spent.Round(time.Second), budget)
	// In each session the harness's own clock began somewhat before the first row.
	overspent := spent >= budget-time.Duration(len(c.sessions))*time.Second
	if made < plan.Launches && !overspent {
		return fails("%s, where %d were planned at least", inTime, plan.Launches)
	}
	due, wanting := c.replayStop(replicates, last)
	switch {
	case due > 0 && due < last:
		return fails("after %d replicates no claim needed more, and the run went on to %d", due, last)
	case due == 0 && !overspent:
		return fails("%s, and the claims about %s were not precise enough yet", inTime, strings.Join(wanting, ", "))
	}
	return passes("%s; the planned rule, replayed, ends it there", inTime).with("replicates", "%d", made)
}

// replayStop replays the rule that looks at the claims' precision. It returns the
// replicate after which it first ends the run, 0 where it does not, and then the
// contenders that want more. The plan's number is of replicates that were not broken
// off; of those that were, what was finished counts. A claim about a contender that
// the ledger had excluded before the next replicate needs nothing more.
func (c *Case) replayStop(replicates map[int][]*Launch, last int) (due int, wanting []string) {
	var progress estimate.Progress
	whole := 0
	for number := 1; number <= last; number++ {
		progress.Add(countingSamples(replicates[number]))
		if wholeReplicate(replicates[number]) {
			whole++
		}
		if whole < c.Bundle.Plan.Launches {
			continue
		}
		if wanting = progress.Imprecise(c.Bundle.Plan, c.outBefore(c.rowAfter(replicates, number, last))); len(wanting) < 2 {
			return number, nil
		}
	}
	return 0, wanting
}

// rowAfter is the row with which the next replicate begins, or the run ends.
func (c *Case) rowAfter(replicates map[int][]*Launch, number, last int) *evidence.LedgerRow {
	for later := number + 1; later <= last; later++ {
		if launches := replicates[later]; len(launches) > 0 {
			return launches[0].Started
		}
	}
	return c.firstRow(evidence.EventStopped)
}

// roundsMissing says which launch of the claim's contenders lacks rounds.
func (c *Case) roundsMissing() string {
	replicates := c.replicates()
	for _, side := range c.Sides {
		for _, launch := range side.Finished {
			made, due := launch.rounds(), c.roundsDue(launch, replicates[launch.Replicate])
			if made != due || c.tooFewRounds(launch) {
				return fmt.Sprintf("launch %d of %s took part in %d rounds of the %d of a replicate, of which %d were seen to be due to it", launch.Number, side.Name, made, c.Bundle.Plan.Paired.Rounds, due)
			}
		}
	}
	return ""
}

// rounds is in how many rounds a launch had a burst.
func (l *Launch) rounds() int {
	if l.Samples == nil {
		return 0
	}
	seen := map[int32]bool{}
	for _, sample := range l.Samples.Bursts {
		switch sample.Phase {
		case evidence.PhaseShort, evidence.PhaseLong, evidence.PhaseNear:
			seen[sample.Round] = true
		}
	}
	return len(seen)
}

// publishedFigure makes the check of one figure of a result file.
func publishedFigure(what string, published func(*PublishedFigures) *float64, computed func(stats.Summary) float64) func(*Case, *Contender) ruling {
	return func(c *Case, contender *Contender) ruling {
		return c.published(contender, func(figures *PublishedFigures, summary stats.Summary) ruling {
			return recomputed(what, published(figures), computed(summary))
		})
	}
}

// published judges the figures of a contender's result file.
func (c *Case) published(contender *Contender, judge func(*PublishedFigures, stats.Summary) ruling) ruling {
	figures, launch := c.publishedOf(contender)
	if figures == nil {
		return skips("a result file of %s", contender.Name)
	}
	if launch == nil {
		return fails("the result file names no launch that counts")
	}
	return judge(figures, launch.Calls.Summary)
}

// recomputed judges one published number.
func recomputed(what string, published *float64, computed float64) ruling {
	r := passes("%s %s is what the samples give", what, shownNumber(published))
	if !recomputes(published, computed) {
		r = fails("%s is published as %s, the samples give %v", what, shownNumber(published), computed)
	}
	return r.with(what, "%.6g", computed)
}

func publishedInterval(c *Case, contender *Contender) ruling {
	return c.published(contender, func(figures *PublishedFigures, summary stats.Summary) ruling {
		return all(
			recomputed("lower end of the 95% interval", figures.CI95Low, summary.CI95Low/1e3),
			recomputed("upper end of the 95% interval", figures.CI95High, summary.CI95High/1e3),
		)
	})
}

// publishedPercentiles: a percentile is one of the samples, so it has to be exact.
func publishedPercentiles(c *Case, contender *Contender) ruling {
	return c.published(contender, func(figures *PublishedFigures, summary stats.Summary) ruling {
		return all(
			recomputed("p50", figures.P50, summary.P50/1e3), recomputed("p95", figures.P95, summary.P95/1e3), recomputed("p99", figures.P99, summary.P99/1e3),
			recomputed("minimum", figures.Min, summary.Min/1e3), recomputed("maximum", figures.Max, summary.Max/1e3),
		)
	})
}

// publishedPair judges what is published of the claim's two, in the list of pairs and
// where the summary begins with them, the winner's summary first.
func (c *Case) publishedPair(judge func(pair *PublishedPair, winner, loser stats.Summary) ruling) ruling {
	pairs := c.Published.Summary.about(c.Claim.Faster, c.Claim.Than)
	if len(pairs) == 0 {
		return skips("a published comparison of %s and %s", c.Claim.Faster, c.Claim.Than)
	}
	var rulings []ruling
	for _, pair := range pairs {
		winner, okWinner := c.classicOf(pair.Winner)
		loser, okLoser := c.classicOf(pair.Loser)
		if !okWinner || !okLoser {
			return skips("the launches that the figures of %s and %s are of", pair.Winner, pair.Loser)
		}
		rulings = append(rulings, judge(pair, winner, loser))
	}
	r := all(rulings...)
	r.figures = rulings[0].figures
	return r
}

func publishedWelch(c *Case) ruling {
	return c.publishedPair(func(pair *PublishedPair, winner, loser stats.Summary) ruling {
		welch := stats.Welch(winner, loser)
		return all(recomputed("t", pair.T, welch.T), recomputed("degrees of freedom", pair.Degrees, welch.DF))
	})
}

func publishedCohen(c *Case) ruling {
	return c.publishedPair(func(pair *PublishedPair, winner, loser stats.Summary) ruling {
		return recomputed("Cohen's d", pair.CohenD, stats.CohenD(winner, loser))
	})
}

func effectNamed(c *Case) ruling {
	return c.publishedPair(func(pair *PublishedPair, winner, loser stats.Summary) ruling {
		d := stats.CohenD(winner, loser)
		if due := stats.EffectName(d); pair.Effect != due {
			return fails("an effect of %.3f is called %s; it is %s", d, pair.Effect, due)
		}
		return passes("an effect of %.3f is called %s", d, pair.Effect)
	})
}

// significance is the level of the checklist.
const significance = 0.05

// zeroP is a p-value of 0 as it is printed.
var zeroP = regexp.MustCompile(`(?i)p[- ]?value[^0-9\n<]{0,40}[^<\d.]0(\.0*)?([^.\d]|$)`)

// significant: claims that are called different differ beyond chance, and p-values
// are what the samples give, never 0.
func significant(c *Case) ruling {
	rulings := []ruling{c.publishedPair(func(pair *PublishedPair, winner, loser stats.Summary) ruling {
		if pair.P != nil && *pair.P == 0 {
			return fails("a p-value is published as 0")
		}
		return recomputed("log10 of Welch's p", pair.Log10P, stats.Welch(winner, loser).LogP/math.Ln10)
	})}
	for _, claim := range c.Bundle.Plan.Claims {
		comparison := c.comparison(claim)
		if comparison == nil {
			continue
		}
		rulings = append(rulings, c.claimSignificant(*comparison))
	}
	if zeroP.MatchString(c.Published.Report) {
		rulings = append(rulings, fails("the report prints a p-value of 0"))
	}
	return all(rulings...)
}

// claimSignificant judges one claim and what is published of it.
func (c *Case) claimSignificant(comparison estimate.Comparison) ruling {
	name := comparison.A + "/" + comparison.B
	different := comparison.Verdict == estimate.Faster || comparison.Verdict == estimate.Slower
	if different && !(comparison.LogP < math.Log(significance)) {
		return fails("%s is called %s with p %s", name, comparison.Verdict, stats.FormatP(comparison.LogP))
	}
	r := passes("%s is called %s", name, comparison.Verdict)
	if different {
		r = passes("%s is called %s with p %s over launches", name, comparison.Verdict, stats.FormatP(comparison.LogP)).with("p of "+name, "%s", stats.FormatP(comparison.LogP))
	}
	summary := c.Published.Summary
	if summary == nil {
		return r
	}
	for _, published := range summary.SideBySide {
		if published.Faster != comparison.A || published.Than != comparison.B || !published.Claim {
			continue
		}
		switch verdict := estimate.Verdict(published.Verdict); verdict {
		case estimate.Faster, estimate.Slower, estimate.Equal:
			if verdict != comparison.Verdict {
				return fails("%s is published as %s; the samples make it %s", name, verdict, comparison.Verdict)
			}
		}
		return all(r, recomputed("ratio of "+name, published.Ratio, comparison.Ratio.Estimate),
			recomputed("log10 of p of "+name, published.Log10Adjusted, comparison.LogP/math.Ln10))
	}
	return r
}

// intervalsApartInBundle: a claim called faster or slower has an interval without 1,
// and beyond twofold the classic intervals are apart too. Nearer together, timings
// made one after the other drift too much to say.
func intervalsApartInBundle(c *Case) ruling {
	const apart = 2
	comparison := c.Comparison()
	if comparison == nil {
		return skips("replicates that have both contenders")
	}
	ratio := comparison.Ratio
	if comparison.Verdict != estimate.Faster && comparison.Verdict != estimate.Slower {
		return passes("the two are not called different")
	}
	if ratio.Low <= 1 && ratio.High >= 1 {
		return fails("the ratio's interval, %.4f to %.4f, holds 1, and the two are called different", ratio.Low, ratio.High)
	}
	r := passes("the ratio's interval, %.4f to %.4f, does not hold 1", ratio.Low, ratio.High).with("95% interval of the ratio", "%.4f to %.4f", ratio.Low, ratio.High)
	if ratio.Estimate < apart && ratio.Estimate > 1.0/apart {
		return r
	}
	_, a := c.publishedOf(c.Sides[0])
	_, b := c.publishedOf(c.Sides[1])
	if a == nil || b == nil {
		return skips("the launches that the classic figures are of")
	}
	fast, slow := a.Calls.Summary, b.Calls.Summary
	if ratio.Estimate < 1 {
		fast, slow = slow, fast
	}
	if !(fast.CI95High < slow.CI95Low) {
		return fails("the classic intervals, %.3f to %.3f us and %.3f to %.3f us, are not apart in the claim's direction", fast.CI95Low/1e3, fast.CI95High/1e3, slow.CI95Low/1e3, slow.CI95High/1e3)
	}
	return all(r, passes("the classic intervals end at %.3f and begin at %.3f us", fast.CI95High/1e3, slow.CI95Low/1e3))
}

// fittingDigits: every figure of the report's tables, and of the lines that it begins
// with, is the right rounding, with digits that its interval supports.
func fittingDigits(c *Case) ruling {
	if c.Published.Report == "" {
		return skips("the report, %s", markdownFile)
	}
	figures := 0
	for _, table := range markdownTables(c.Published.Report) {
		for _, row := range table.rows {
			for i, cell := range row {
				computed, kind := c.tabulated(table.header, row, i)
				if kind == notTabulated || i == 0 {
					continue
				}
				figures++
				if fault := badDigits(cell, computed, kind); fault != "" {
					return fails("%s of %s: %s", table.header[i], row[0], fault)
				}
			}
		}
	}
	for _, claim := range c.Bundle.Plan.Claims {
		if comparison := c.comparison(claim); comparison != nil {
			if fault := c.ratioDigits(*comparison); fault != "" {
				return fails("ratio of %s: %s", claimName(claim), fault)
			}
			figures++
		}
	}
	printed, faults := c.printedFigures()
	if len(faults) > 0 {
		return fails("%s", faults[0])
	}
	for _, figure := range printed {
		if fault := figure.fault(); fault != "" {
			return fails("%s", fault)
		}
	}
	if figures += len(printed); figures == 0 {
		return skips("tables with figures in the report")
	}
	return passes("all %d figures of the report are rounded rightly, with digits that fit", figures)
}

// nothingPicked: the ledger is whole, every launch counts or is out by a rule, the
// order replays, and earlier runs are named.
func nothingPicked(c *Case) ruling {
	if _, err := evidence.CheckLedger(c.Bundle.Dir); err != nil {
		return fails("the ledger's chain is broken: %v", err)
	}
	return all(c.launchesComplete(), c.orderReplays(), c.turnsReplay(), c.medianLaunches(), c.earlierRuns())
}

// launchesComplete: numbers have no gap, and what did not finish is out by the plan's
// rule.
func (c *Case) launchesComplete() ruling {
	if before, after := c.launchMissing(); before != after {
		return fails("launch %d is followed by launch %d in the ledger", before, after)
	}
	if launch := c.unendedFor(); launch != nil {
		return fails("launch %d of %s is said to have been %s, and no row tells that the run was broken off", launch.Number, launch.Contender, launch.Ended.Outcome)
	}
	failures, replicates := map[string]int{}, c.replicates()
	for _, launch := range c.Launches {
		if launch.Started == nil || launch.Ended == nil {
			return fails("launch %d of %s has no beginning or no end in the ledger", launch.Number, launch.Contender)
		}
		if launch.Ended.Outcome != evidence.Failed || launch.Preview {
			continue
		}
		if launch.rounds() >= c.roundsDue(launch, replicates[launch.Replicate]) && launch.Samples != nil && len(launch.Samples.Calls) == c.Bundle.Plan.Classic.Iterations && launch.probed(c) {
			return fails("launch %d of %s is marked as failed and has all that a finished one has", launch.Number, launch.Contender)
		}
		if failures[launch.Contender]++; failures[launch.Contender] > mostFailures {
			return fails("%s was started again after %d failed launches, which the plan's rules exclude", launch.Contender, mostFailures)
		}
	}
	missing := c.absentFromReplicates()
	if missing != "" {
		return fails("%s", missing)
	}
	return passes("all %d launches are in the ledger, and those that do not count are out by the plan's rules", len(c.Launches))
}

// launchMissing finds two launches whose numbers do not follow each other. Launches of
// all cells are counted together.
func (c *Case) launchMissing() (before, after int) {
	var numbers []int
	for _, row := range c.Whole.Ledger {
		if row.Event == evidence.EventStarted || row.Event == evidence.EventEnded {
			numbers = append(numbers, row.Launch)
		}
	}
	slices.Sort(numbers)
	for _, number := range slices.Compact(numbers) {
		if number != before+1 {
			return before, number
		}
		before = number
	}
	return before, before
}

// mostFailures is how many failed launches the plan's rules allow a contender.
const mostFailures = 2

// probed reports whether a launch has samples of the widest model of the probes, the
// last that it is asked about.
func (l *Launch) probed(c *Case) bool {
	widths := c.Bundle.Plan.Probes.Widths
	return len(widths) == 0 || len(l.bursts(evidence.PhaseWidth(slices.Max(widths)))) > 0
}

// absentFromReplicates says which contender was not started in a planned replicate
// without a row that excludes it. One that was broken off may lack the last.
func (c *Case) absentFromReplicates() string {
	excluded := map[string]bool{}
	for _, row := range c.Bundle.Ledger {
		if row.Event == evidence.EventExcluded || row.Event == evidence.EventUnavailable {
			excluded[row.Contender] = true
		}
	}
	started := map[string]map[int]bool{}
	last := 0
	for _, launch := range c.Launches {
		if launch.Preview {
			continue
		}
		if started[launch.Contender] == nil {
			started[launch.Contender] = map[int]bool{}
		}
		started[launch.Contender][launch.Replicate] = true
		last = max(last, launch.Replicate)
	}
	for _, contender := range c.Contenders {
		if excluded[contender.Name] {
			continue
		}
		for replicate := 1; replicate <= min(last, c.Bundle.Plan.Launches); replicate++ {
			if !started[contender.Name][replicate] && !c.cutShort[replicate] {
				return fmt.Sprintf("replicate %d has no launch of %s, which nothing excludes", replicate, contender.Name)
			}
		}
	}
	return ""
}

// orderReplays: the order of each replicate's launches is the one that the nonce
// gives.
func (c *Case) orderReplays() ruling {
	if r := c.nonceKept(); r.status == Fail {
		return r
	}
	replicates := c.replicates()
	for _, replicate := range slices.Sorted(maps.Keys(replicates)) {
		nonce, told := c.nonceIn(replicate)
		if !told {
			continue
		}
		var started []string
		for _, launch := range replicates[replicate] {
			started = append(started, launch.Contender)
		}
		fault := orderFault(nonce, replicate, started, c.inHarnessOrder(started))
		if fault != "" && c.cutShort[replicate] {
			fault = orderFault(nonce, replicate, started, c.dueIn(replicate))
		}
		if fault != "" {
			return fails("%s", fault)
		}
	}
	if missing := c.nonceMissing(); missing != nil {
		return *missing
	}
	return passes("the order of launches replays from the nonce in all %d replicates", len(replicates))
}

// orderFault says which launch of a replicate was not started when the nonce has it
// start. Where fewer were started than were due, they are the first.
func orderFault(nonce string, replicate int, started, due []string) string {
	if len(started) > len(due) {
		return fmt.Sprintf("replicate %d started %d contenders where %d were due", replicate, len(started), len(due))
	}
	order := startOrder(nonce, replicate, len(due))
	for at, name := range started {
		if who := due[order[at]]; who != name {
			return fmt.Sprintf("replicate %d started %s as number %d, where the nonce gives %s", replicate, name, at+1, who)
		}
	}
	return ""
}

// inHarnessOrder sorts contenders as a run has them before it draws an order: those
// of the plan, then canonical runners, then the control copy.
func (c *Case) inHarnessOrder(names []string) []string {
	all := slices.Concat(c.Bundle.Plan.Contenders, companions(c.Bundle.Plan))
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return slices.Index(all, a) - slices.Index(all, b) })
	return sorted
}

// medianLaunches: the classic figures are of the launch that the plan's rule chooses,
// the lower middle one by p50.
func (c *Case) medianLaunches() ruling {
	for _, contender := range c.Contenders {
		figures, launch := c.publishedOf(contender)
		if figures == nil || len(contender.Finished) == 0 {
			continue
		}
		ordered := slices.SortedStableFunc(slices.Values(contender.Finished), func(a, b *Launch) int {
			switch p, q := a.Calls.Summary.P50, b.Calls.Summary.P50; {
			case p < q:
				return -1
			case p > q:
				return 1
			}
			return 0
		})
		if due := ordered[(len(ordered)-1)/2]; launch != due {
			return fails("the figures of %s are of another launch than the median one, %d", contender.Name, due.Number)
		}
	}
	return passes("classic figures are of each contender's median launch")
}

// earlierRuns: other runs of the same plan on the machine are named in the report.
func (c *Case) earlierRuns() ruling {
	if len(c.RunLog) == 0 {
		return skips("the machine's log of runs, %s", evidence.RunLogFile)
	}
	earlier, known := evidence.EarlierRuns(c.RunLog, c.Bundle.PlanDigest())
	if !known {
		return fails("the machine's log of runs does not have this one")
	}
	if len(earlier) == 0 {
		return passes("the machine's log has no earlier run of this plan")
	}
	if named := earlierNamed.FindStringSubmatch(c.Published.Report); named == nil || named[1] != strconv.Itoa(len(earlier)) {
		return fails("the machine's log has %s of this plan, and the report does not name them", plural(len(earlier), "earlier run"))
	}
	return passes("the report names %s of this plan", plural(len(earlier), "earlier run"))
}

// earlierNamed is how a report names earlier runs.
var earlierNamed = regexp.MustCompile(`(\d+) earlier runs? of this plan`)
