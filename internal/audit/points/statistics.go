package points

// This file judges the points of the category statistics: that what is published
// follows from the samples, and that nothing was chosen.

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"cupel/internal/audit"
	"cupel/internal/audit/results"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// enoughSamples: calls, launches and the headline's precision are as planned.
func enoughSamples(c *audit.Case) audit.Ruling {
	const (
		leastCalls    = 30
		leastLaunches = 10
	)
	plan := c.Bundle.Plan
	for _, side := range c.Sides {
		if n := len(side.Finished); n < leastLaunches || n < plan.Launches {
			return audit.Fails("%s has %s; %d are due", side.Name, audit.Plural(n, "finished launch"), max(leastLaunches, plan.Launches))
		}
		for _, launch := range side.Finished {
			if n := launch.Calls.Summary.N; n <= leastCalls || n < plan.Classic.Iterations {
				return audit.Fails("launch %d of %s has %d calls; %d are due", launch.Number, side.Name, n, max(leastCalls+1, plan.Classic.Iterations))
			}
		}
	}
	comparison := c.Comparison()
	if comparison == nil {
		return audit.Skips("replicates that have both %s and %s", c.Claim.Faster, c.Claim.Than)
	}
	half := comparison.HalfWidth()
	r := audit.Passes("%d and %d launches of %d calls; the ratio's interval is ±%.2f%% wide", len(c.Sides[0].Finished), len(c.Sides[1].Finished), plan.Classic.Iterations, 100*math.Expm1(half))
	if !comparison.Precise(plan.Precision) {
		r = audit.Fails("the ratio's interval is ±%.2f%% wide where ±%.2f%% was planned", 100*math.Expm1(half), 100*plan.Precision)
	}
	return r.With("half-width of the ratio's 95% interval", "%.3f%%", 100*math.Expm1(half))
}

// countsAlike: a result file states as many calls as its launch has.
func countsAlike(c *audit.Case, contender *audit.Contender) audit.Ruling {
	figures, launch := results.Of(c, contender)
	switch {
	case figures == nil:
		return audit.Skips("a result file of %s", contender.Name)
	case launch == nil:
		return audit.Fails("the result file names no launch that counts")
	case figures.Iterations == nil:
		return audit.Fails("the result file states no number of calls")
	case *figures.Iterations != launch.Calls.Summary.N:
		return audit.Fails("the result file states %d calls, launch %d has %d", *figures.Iterations, launch.Number, launch.Calls.Summary.N)
	}
	config := c.Published.Contenders[contender.Name].Config
	if config.Iterations == nil || *config.Iterations != c.Bundle.Plan.Classic.Iterations {
		return audit.Fails("the result file's settings do not state the planned %d calls", c.Bundle.Plan.Classic.Iterations)
	}
	return audit.Passes("the result file states the %d calls that launch %d has", *figures.Iterations, launch.Number)
}

// noEarlyStop: every round was made, and the stop rule, replayed, holds where the run
// ended and not before.
func noEarlyStop(c *audit.Case) audit.Ruling {
	plan := c.Bundle.Plan
	stopped := c.FirstRow(evidence.EventStopped)
	if stopped == nil {
		return audit.Fails("the ledger does not say that the run ended by a rule")
	}
	replicates := c.Replicates()
	last, made := 0, 0
	for number, launches := range replicates {
		last = max(last, number)
		if audit.WholeReplicate(launches) {
			made++
		}
	}
	if fault := roundsMissing(c); fault != "" {
		return audit.Fails("%s", fault)
	}
	budget, err := time.ParseDuration(plan.Budget)
	if err != nil {
		return audit.Fails("the plan's budget %q is no time", plan.Budget)
	}
	spent := c.MeasuredUntil(stopped.Sequence)
	inTime := fmt.Sprintf("%d replicates were made in %v of a budget of %v", made, spent.Round(time.Second), budget)
	// In each session the harness's own clock began somewhat before the first row.
	overspent := spent >= budget-time.Duration(len(c.Sessions))*time.Second
	if made < plan.Launches && !overspent {
		return audit.Fails("%s, where %d were planned at least", inTime, plan.Launches)
	}
	due, wanting := replayStop(c, replicates, last)
	switch {
	case due > 0 && due < last:
		return audit.Fails("after %d replicates no claim needed more, and the run went on to %d", due, last)
	case due == 0 && !overspent:
		return audit.Fails("%s, and the claims about %s were not precise enough yet", inTime, strings.Join(wanting, ", "))
	}
	return audit.Passes("%s; the planned rule, replayed, ends it there", inTime).With("replicates", "%d", made)
}

// replayStop replays the rule that looks at the claims' precision. It returns the
// replicate after which it first ends the run, 0 where it does not, and then the
// contenders that want more. The plan's number is of replicates that were not broken
// off; of those that were, what was finished counts. A claim about a contender that
// the ledger had excluded before the next replicate needs nothing more.
func replayStop(c *audit.Case, replicates map[int][]*audit.Launch, last int) (due int, wanting []string) {
	var progress estimate.Progress
	whole := 0
	for number := 1; number <= last; number++ {
		progress.Add(audit.CountingSamples(replicates[number]))
		if audit.WholeReplicate(replicates[number]) {
			whole++
		}
		if whole < c.Bundle.Plan.Launches {
			continue
		}
		if wanting = progress.Imprecise(c.Bundle.Plan, c.OutBefore(rowAfter(c, replicates, number, last))); len(wanting) < 2 {
			return number, nil
		}
	}
	return 0, wanting
}

// rowAfter is the row with which the next replicate begins, or the run ends.
func rowAfter(c *audit.Case, replicates map[int][]*audit.Launch, number, last int) *evidence.LedgerRow {
	for later := number + 1; later <= last; later++ {
		if launches := replicates[later]; len(launches) > 0 {
			return launches[0].Started
		}
	}
	return c.FirstRow(evidence.EventStopped)
}

// roundsMissing says which launch of the claim's contenders lacks rounds.
func roundsMissing(c *audit.Case) string {
	replicates := c.Replicates()
	for _, side := range c.Sides {
		for _, launch := range side.Finished {
			made, due := launch.Rounds(), c.RoundsDue(launch, replicates[launch.Replicate])
			if made != due || c.TooFewRounds(launch) {
				return fmt.Sprintf("launch %d of %s took part in %d rounds of the %d of a replicate, of which %d were seen to be due to it", launch.Number, side.Name, made, c.Bundle.Plan.Paired.Rounds, due)
			}
		}
	}
	return ""
}

// publishedFigure makes the check of one figure of a result file.
func publishedFigure(what string, published func(*audit.PublishedFigures) *float64, computed func(stats.Summary) float64) func(*audit.Case, *audit.Contender) audit.Ruling {
	return func(c *audit.Case, contender *audit.Contender) audit.Ruling {
		return results.OfContender(c, contender, func(figures *audit.PublishedFigures, summary stats.Summary) audit.Ruling {
			return results.Recomputed(what, published(figures), computed(summary))
		})
	}
}

func publishedInterval(c *audit.Case, contender *audit.Contender) audit.Ruling {
	return results.OfContender(c, contender, func(figures *audit.PublishedFigures, summary stats.Summary) audit.Ruling {
		return audit.All(
			results.Recomputed("lower end of the 95% interval", figures.CI95Low, summary.CI95Low/1e3),
			results.Recomputed("upper end of the 95% interval", figures.CI95High, summary.CI95High/1e3),
		)
	})
}

// publishedPercentiles: a percentile is one of the samples, so it has to be exact.
func publishedPercentiles(c *audit.Case, contender *audit.Contender) audit.Ruling {
	return results.OfContender(c, contender, func(figures *audit.PublishedFigures, summary stats.Summary) audit.Ruling {
		return audit.All(
			results.Recomputed("p50", figures.P50, summary.P50/1e3), results.Recomputed("p95", figures.P95, summary.P95/1e3), results.Recomputed("p99", figures.P99, summary.P99/1e3),
			results.Recomputed("minimum", figures.Min, summary.Min/1e3), results.Recomputed("maximum", figures.Max, summary.Max/1e3),
		)
	})
}

func publishedWelch(c *audit.Case) audit.Ruling {
	return results.OfPair(c, func(pair *audit.PublishedPair, winner, loser stats.Summary) audit.Ruling {
		welch := stats.Welch(winner, loser)
		return audit.All(results.Recomputed("t", pair.T, welch.T), results.Recomputed("degrees of freedom", pair.Degrees, welch.DF))
	})
}

func publishedCohen(c *audit.Case) audit.Ruling {
	return results.OfPair(c, func(pair *audit.PublishedPair, winner, loser stats.Summary) audit.Ruling {
		return results.Recomputed("Cohen's d", pair.CohenD, stats.CohenD(winner, loser))
	})
}

func effectNamed(c *audit.Case) audit.Ruling {
	return results.OfPair(c, func(pair *audit.PublishedPair, winner, loser stats.Summary) audit.Ruling {
		d := stats.CohenD(winner, loser)
		if due := stats.EffectName(d); pair.Effect != due {
			return audit.Fails("an effect of %.3f is called %s; it is %s", d, pair.Effect, due)
		}
		return audit.Passes("an effect of %.3f is called %s", d, pair.Effect)
	})
}

// zeroP is a p-value of 0 as it is printed.
var zeroP = regexp.MustCompile(`(?i)p[- ]?value[^0-9\n<]{0,40}[^<\d.]0(\.0*)?([^.\d]|$)`)

// significant: claims that are called different differ beyond chance, and p-values
// are what the samples give, never 0.
func significant(c *audit.Case) audit.Ruling {
	rulings := []audit.Ruling{results.OfPair(c, func(pair *audit.PublishedPair, winner, loser stats.Summary) audit.Ruling {
		if pair.P != nil && *pair.P == 0 {
			return audit.Fails("a p-value is published as 0")
		}
		return results.Recomputed("log10 of Welch's p", pair.Log10P, stats.Welch(winner, loser).LogP/math.Ln10)
	})}
	for _, claim := range c.Bundle.Plan.Claims {
		comparison := c.ComparisonOf(claim)
		if comparison == nil {
			continue
		}
		rulings = append(rulings, claimSignificant(c, *comparison))
	}
	if zeroP.MatchString(c.Published.Report) {
		rulings = append(rulings, audit.Fails("the report prints a p-value of 0"))
	}
	return audit.All(rulings...)
}

// claimSignificant judges one claim and what is published of it.
func claimSignificant(c *audit.Case, comparison estimate.Comparison) audit.Ruling {
	name := comparison.A + "/" + comparison.B
	different := comparison.Verdict == estimate.Faster || comparison.Verdict == estimate.Slower
	if different && !(comparison.LogP < math.Log(results.Significance)) {
		return audit.Fails("%s is called %s with p %s", name, comparison.Verdict, stats.FormatP(comparison.LogP))
	}
	r := audit.Passes("%s is called %s", name, comparison.Verdict)
	if different {
		r = audit.Passes("%s is called %s with p %s over launches", name, comparison.Verdict, stats.FormatP(comparison.LogP)).With("p of "+name, "%s", stats.FormatP(comparison.LogP))
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
				return audit.Fails("%s is published as %s; the samples make it %s", name, verdict, comparison.Verdict)
			}
		}
		return audit.All(r, results.Recomputed("ratio of "+name, published.Ratio, comparison.Ratio.Estimate),
			results.Recomputed("log10 of p of "+name, published.Log10Adjusted, comparison.LogP/math.Ln10))
	}
	return r
}

// intervalsApartInBundle: a claim called faster or slower has an interval without 1,
// and beyond twofold the classic intervals are apart too. Nearer together, timings
// made one after the other drift too much to say.
func intervalsApartInBundle(c *audit.Case) audit.Ruling {
	const apart = 2
	comparison := c.Comparison()
	if comparison == nil {
		return audit.Skips("replicates that have both contenders")
	}
	ratio := comparison.Ratio
	if comparison.Verdict != estimate.Faster && comparison.Verdict != estimate.Slower {
		return audit.Passes("the two are not called different")
	}
	if ratio.Low <= 1 && ratio.High >= 1 {
		return audit.Fails("the ratio's interval, %.4f to %.4f, holds 1, and the two are called different", ratio.Low, ratio.High)
	}
	r := audit.Passes("the ratio's interval, %.4f to %.4f, does not hold 1", ratio.Low, ratio.High).With("95% interval of the ratio", "%.4f to %.4f", ratio.Low, ratio.High)
	if ratio.Estimate < apart && ratio.Estimate > 1.0/apart {
		return r
	}
	_, a := results.Of(c, c.Sides[0])
	_, b := results.Of(c, c.Sides[1])
	if a == nil || b == nil {
		return audit.Skips("the launches that the classic figures are of")
	}
	fast, slow := a.Calls.Summary, b.Calls.Summary
	if ratio.Estimate < 1 {
		fast, slow = slow, fast
	}
	if !(fast.CI95High < slow.CI95Low) {
		return audit.Fails("the classic intervals, %.3f to %.3f us and %.3f to %.3f us, are not apart in the claim's direction", fast.CI95Low/1e3, fast.CI95High/1e3, slow.CI95Low/1e3, slow.CI95High/1e3)
	}
	return audit.All(r, audit.Passes("the classic intervals end at %.3f and begin at %.3f us", fast.CI95High/1e3, slow.CI95Low/1e3))
}

// fittingDigits: every figure of the report's tables, and of the lines that it begins
// with, is the right rounding, with digits that its interval supports.
func fittingDigits(c *audit.Case) audit.Ruling {
	if c.Published.Report == "" {
		return audit.Skips("the report, %s", audit.MarkdownFile)
	}
	figures := 0
	for _, table := range results.MarkdownTables(c.Published.Report) {
		for _, row := range table.Rows {
			for i, cell := range row {
				computed, kind := results.Tabulated(c, table.Header, row, i)
				if kind == results.NotTabulated || i == 0 {
					continue
				}
				figures++
				if fault := results.DigitsFault(cell, computed, kind); fault != "" {
					return audit.Fails("%s of %s: %s", table.Header[i], row[0], fault)
				}
			}
		}
	}
	for _, claim := range c.Bundle.Plan.Claims {
		if comparison := c.ComparisonOf(claim); comparison != nil {
			if fault := results.RatioDigits(c, *comparison); fault != "" {
				return audit.Fails("ratio of %s: %s", audit.ClaimName(claim), fault)
			}
			figures++
		}
	}
	printed, faults := results.Printed(c)
	if len(faults) > 0 {
		return audit.Fails("%s", faults[0])
	}
	for _, figure := range printed {
		if fault := figure.Fault(); fault != "" {
			return audit.Fails("%s", fault)
		}
	}
	if figures += len(printed); figures == 0 {
		return audit.Skips("tables with figures in the report")
	}
	return audit.Passes("all %d figures of the report are rounded rightly, with digits that fit", figures)
}

// nothingPicked: the ledger is whole, every launch counts or is out by a rule, the
// order replays, and earlier runs are named.
func nothingPicked(c *audit.Case) audit.Ruling {
	if _, err := evidence.CheckLedger(c.Bundle.Dir); err != nil {
		return audit.Fails("the ledger's chain is broken: %v", err)
	}
	return audit.All(c.LaunchesComplete(), c.OrderReplays(), c.TurnsReplay(), results.MedianLaunches(c), results.EarlierRuns(c))
}
