// Package forensic holds the rules that need a bundle and go past the checklist: each
// looks for one way to make figures up.
package forensic

// This file holds the table of rules, and those that rest on checks of the run's own.

import (
	"fmt"
	"math"

	"cupel/internal/audit"
	"cupel/internal/stats"
)

// Rule is one rule. Its severity is fixed here and not chosen by what it
// finds.
type Rule struct {
	Name     string
	Severity audit.Severity
	Remedy   string
	// judge gives what the rule finds; of each finding it fills contender and message,
	// and a remedy where the rule's own does not fit.
	Judge func(*audit.Case) []audit.Finding
}

// Rules are all of them.
var Rules = []Rule{
	{"samples-reused", audit.Error, "publish the samples that were taken in each launch", samplesReused},
	{"samples-invented", audit.Error, "publish the times that the calls took", each(samplesInvented)},
	{"outliers-trimmed", audit.Error, "publish all calls, the slow ones too", each(outliersTrimmed)},
	{audit.RuleTimeOverflow, audit.Error, "count nanoseconds in 64 bits", each(timeOverflow)},
	{"inner-exceeds-outer", audit.Error, "take durations from a monotonic clock, over the calls alone", each(innerExceedsOuter)},
	{"inner-inconsistent", audit.Error, "time all requests alike", each(innerInconsistent)},
	{"inner-scaled", audit.Error, "take durations from a monotonic clock, over all of the work", each(innerScaled)},
	{"below-floor", audit.Error, "compute the answers", each(belowFloor)},
	{"work-elsewhere", audit.Error, "compute in the contender's own process, on the planned threads", each(workElsewhere)},
	{"work-while-stopped", audit.Error, "compute in the contender's own process, when it is asked", each(workWhileStopped)},
	{"idle-work", audit.Error, "do nothing between requests", each(idleWork)},
	{"calls-skipped", audit.Error, "make as many calls as asked", each(callsSkipped)},
	{"watched-behaviour", audit.Error, "do in the rounds what is done in the probes", each(watchedBehaviour)},
	{"sabotaged-peer", audit.Error, "run the engine by its canonical runner", each(sabotagedPeer)},
	{"ledger-gap", audit.Error, "publish the ledger as the run wrote it", ledgerGap},
	{"plan-after-data", audit.Error, "publish the plan that the run began with, and seal it once", planAfterData},
	{"stitched-bundle", audit.Error, "publish one run of one machine", stitchedBundle},
	{"best-of-runs", audit.Error, "name all runs of the plan, or publish the first", bestOfRuns},
	{"impossible-precision", audit.Error, "publish launches that were made", each(impossiblePrecision)},
	{audit.RuleGranularity, audit.Error, "publish the mean of the samples, unrounded", each(granularityImpossible)},
	{audit.RuleRatio, audit.Error, "publish the ratios that the raw samples give", ratioMismatch},
}

// Names lists the rules' names.
func Names() []string {
	var names []string
	for _, rule := range Rules {
		names = append(names, rule.Name)
	}
	return names
}

// each makes a rule of one about a contender: it says what is wrong, or nothing. The
// run's own companions are not judged.
func each(fault func(*audit.Case, *audit.Contender) string) func(*audit.Case) []audit.Finding {
	return func(c *audit.Case) []audit.Finding {
		var findings []audit.Finding
		for _, contender := range c.Contenders {
			if contender.Role != "" || len(contender.Finished) == 0 {
				continue
			}
			if message := fault(c, contender); message != "" {
				findings = append(findings, audit.Finding{Contender: contender.Name, Message: message})
			}
		}
		return findings
	}
}

func ofRun(format string, values ...any) []audit.Finding {
	return []audit.Finding{{Contender: audit.RunContender, Message: fmt.Sprintf(format, values...)}}
}

// faulty is the detail of rulings that fail, nothing where none does.
func faulty(rulings ...audit.Ruling) string {
	if r := audit.All(rulings...); r.Status == audit.Fail {
		return r.Detail
	}
	return ""
}

// innerScaled: the contender's clock is outside the bounds of those of the harness
// and the kernel.
func innerScaled(c *audit.Case, contender *audit.Contender) string {
	return faulty(contender.Holds("outer-clock"), contender.Holds("cpu-clock"), contender.Holds("short-bursts"))
}

// belowFloor: a call or a multiply-add takes less time than the machine can.
func belowFloor(c *audit.Case, contender *audit.Contender) string {
	return faulty(c.CostWithin(contender, 0, math.Inf(1)), c.SlopeAboveFloor(contender))
}

// sabotagedPeer: it costs more or less than the same engine's canonical runner, in bursts
// or in the calls that are timed one by one.
func sabotagedPeer(c *audit.Case, contender *audit.Contender) string {
	if c.Twin(contender) == nil {
		return ""
	}
	return faulty(c.AtMostTwin(contender), c.AtLeastTwin(contender), c.ClassicAtMostTwin(contender), contender.Holds("canonical"))
}

// callsSkipped: answers of a burst are wrong, or get cheaper by their number.
func callsSkipped(_ *audit.Case, contender *audit.Contender) string {
	const least = 0.9
	if share, _ := audit.HardShare(contender); share > audit.MostHardWrong {
		return fmt.Sprintf("%.1f%% of the labels of new rows near the boundary are wrong: not every call is made%s", 100*share, audit.Suspects(contender))
	}
	shape := contender.PerLaunch(func(l *audit.Launch) float64 { return growth(l, audit.InnerOf) })
	if audit.Below(shape, least) {
		return fmt.Sprintf("the third and fourth quarter of a burst take %.2f times the time of the second one each: not every call is made", stats.Median(shape))
	}
	return ""
}
