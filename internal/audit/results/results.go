// Package results holds what a bundle publishes of itself, its result files and its
// report, against what the raw samples give.
package results

// This file looks up what the result files say of a contender, a pair and earlier runs.

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"cupel/internal/audit"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// ShownNumber writes a published number, or that there is none.
func ShownNumber(value *float64) string {
	if value == nil {
		return "missing"
	}
	return fmt.Sprint(*value)
}

// Of is a contender's published figures and the launch that they name; nil
// where nothing is published, and a nil launch where it names none that counts.
func Of(c *audit.Case, contender *audit.Contender) (*audit.PublishedFigures, *audit.Launch) {
	result := c.Published.Contenders[contender.Name]
	if result == nil || len(result.Results) != 1 {
		return nil, nil
	}
	for _, launch := range contender.Finished {
		if result.Config.Launch != nil && launch.Number == *result.Config.Launch {
			return &result.Results[0], launch
		}
	}
	return &result.Results[0], nil
}

// RatioFault says which published ratio of the claim's two is not the one that
// the raw samples give: side by side and of the classic figures, in the summary and
// wherever the report prints it.
func RatioFault(c *audit.Case, comparison estimate.Comparison) string {
	printed, _ := Printed(c)
	for _, figure := range printed {
		if figure.about == [2]string{comparison.A, comparison.B} || figure.about == [2]string{comparison.B, comparison.A} {
			if fault := figure.Fault(); fault != "" {
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
		if published.Faster == comparison.A && published.Than == comparison.B && published.Ratio != nil && !audit.Recomputes(published.Ratio, comparison.Ratio.Estimate) {
			return fmt.Sprintf("the ratio of %s is published as %v, the samples give %v", name, *published.Ratio, comparison.Ratio.Estimate)
		}
	}
	fault := ""
	OfPair(c, func(pair *audit.PublishedPair, winner, loser stats.Summary) audit.Ruling {
		for _, figure := range []struct {
			what      string
			published *float64
			computed  float64
		}{
			{"speedup by p50", pair.SpeedupP50, loser.P50 / winner.P50},
			{"speedup by mean", pair.SpeedupMean, loser.Mean / winner.Mean},
			{"ratio of throughputs", pair.ThroughputRatio, loser.Mean / winner.Mean},
		} {
			if figure.published != nil && !audit.Recomputes(figure.published, figure.computed) {
				fault = fmt.Sprintf("the %s of %s is published as %v, the samples give %v", figure.what, name, *figure.published, figure.computed)
			}
		}
		return audit.Ruling{}
	})
	return fault
}

// OfContender judges the figures of a contender's result file.
func OfContender(c *audit.Case, contender *audit.Contender, judge func(*audit.PublishedFigures, stats.Summary) audit.Ruling) audit.Ruling {
	figures, launch := Of(c, contender)
	if figures == nil {
		return audit.Skips("a result file of %s", contender.Name)
	}
	if launch == nil {
		return audit.Fails("the result file names no launch that counts")
	}
	return judge(figures, launch.Calls.Summary)
}

// Recomputed judges one published number.
func Recomputed(what string, published *float64, computed float64) audit.Ruling {
	r := audit.Passes("%s %s is what the samples give", what, ShownNumber(published))
	if !audit.Recomputes(published, computed) {
		r = audit.Fails("%s is published as %s, the samples give %v", what, ShownNumber(published), computed)
	}
	return r.With(what, "%.6g", computed)
}

// OfPair judges what is published of the claim's two, in the list of pairs and
// where the summary begins with them, the winner's summary first.
func OfPair(c *audit.Case, judge func(pair *audit.PublishedPair, winner, loser stats.Summary) audit.Ruling) audit.Ruling {
	pairs := c.Published.Summary.About(c.Claim.Faster, c.Claim.Than)
	if len(pairs) == 0 {
		return audit.Skips("a published comparison of %s and %s", c.Claim.Faster, c.Claim.Than)
	}
	var rulings []audit.Ruling
	for _, pair := range pairs {
		winner, okWinner := classicOf(c, pair.Winner)
		loser, okLoser := classicOf(c, pair.Loser)
		if !okWinner || !okLoser {
			return audit.Skips("the launches that the figures of %s and %s are of", pair.Winner, pair.Loser)
		}
		rulings = append(rulings, judge(pair, winner, loser))
	}
	r := audit.All(rulings...)
	r.Figures = rulings[0].Figures
	return r
}

// Significance is the level of the checklist.
const Significance = 0.05

// medianLaunches: the classic figures are of the launch that the plan's rule chooses,
// the lower middle one by p50.
func MedianLaunches(c *audit.Case) audit.Ruling {
	for _, contender := range c.Contenders {
		figures, launch := Of(c, contender)
		if figures == nil || len(contender.Finished) == 0 {
			continue
		}
		ordered := slices.SortedStableFunc(slices.Values(contender.Finished), func(a, b *audit.Launch) int {
			switch p, q := a.Calls.Summary.P50, b.Calls.Summary.P50; {
			case p < q:
				return -1
			case p > q:
				return 1
			}
			return 0
		})
		if due := ordered[(len(ordered)-1)/2]; launch != due {
			return audit.Fails("the figures of %s are of another launch than the median one, %d", contender.Name, due.Number)
		}
	}
	return audit.Passes("classic figures are of each contender's median launch")
}

// earlierRuns: other runs of the same plan on the machine are named in the report.
func EarlierRuns(c *audit.Case) audit.Ruling {
	if len(c.RunLog) == 0 {
		return audit.Skips("the machine's log of runs, %s", evidence.RunLogFile)
	}
	earlier, known := evidence.EarlierRuns(c.RunLog, c.Bundle.PlanDigest())
	if !known {
		return audit.Fails("the machine's log of runs does not have this one")
	}
	if len(earlier) == 0 {
		return audit.Passes("the machine's log has no earlier run of this plan")
	}
	if named := earlierNamed.FindStringSubmatch(c.Published.Report); named == nil || named[1] != strconv.Itoa(len(earlier)) {
		return audit.Fails("the machine's log has %s of this plan, and the report does not name them", audit.Plural(len(earlier), "earlier run"))
	}
	return audit.Passes("the report names %s of this plan", audit.Plural(len(earlier), "earlier run"))
}

// earlierNamed is how a report names earlier runs.
var earlierNamed = regexp.MustCompile(`(\d+) earlier runs? of this plan`)
