package audit

// This file holds the forensic rules that need a bundle: they go past the
// checklist. The rules that work on published figures too are in rules.go.

import (
	"fmt"
	"math"

	"cupel/internal/stats"
)

// bundleRule is one rule. Its severity is fixed here and not chosen by what it
// finds.
type bundleRule struct {
	id       string
	severity Severity
	remedy   string
	// judge gives what the rule finds; of each finding it fills contender and message,
	// and a remedy where the rule's own does not fit.
	judge func(*Case) []Finding
}

// bundleRules are all of them.
var bundleRules = []bundleRule{
	{"samples-reused", Error, "publish the samples that were taken in each launch", samplesReused},
	{"samples-invented", Error, "publish the times that the calls took", each(samplesInvented)},
	{"outliers-trimmed", Error, "publish all calls, the slow ones too", each(outliersTrimmed)},
	{ruleTimeOverflow, Error, "count nanoseconds in 64 bits", each(timeOverflow)},
	{"inner-exceeds-outer", Error, "take durations from a monotonic clock, over the calls alone", each(innerExceedsOuter)},
	{"inner-inconsistent", Error, "time all requests alike", each(innerInconsistent)},
	{"inner-scaled", Error, "take durations from a monotonic clock, over all of the work", each(innerScaled)},
	{"below-floor", Error, "compute the answers", each(belowFloor)},
	{"work-elsewhere", Error, "compute in the contender's own process, on the planned threads", each(workElsewhere)},
	{"work-while-stopped", Error, "compute in the contender's own process, when it is asked", each(workWhileStopped)},
	{"idle-work", Error, "do nothing between requests", each(idleWork)},
	{"calls-skipped", Error, "make as many calls as asked", each(callsSkipped)},
	{"watched-behaviour", Error, "do in the rounds what is done in the probes", each(watchedBehaviour)},
	{"sabotaged-peer", Error, "run the engine by its canonical runner", each(sabotagedPeer)},
	{"ledger-gap", Error, "publish the ledger as the run wrote it", ledgerGap},
	{"plan-after-data", Error, "publish the plan that the run began with, and seal it once", planAfterData},
	{"stitched-bundle", Error, "publish one run of one machine", stitchedBundle},
	{"best-of-runs", Error, "name all runs of the plan, or publish the first", bestOfRuns},
	{"impossible-precision", Error, "publish launches that were made", each(impossiblePrecision)},
	{ruleGranularity, Error, "publish the mean of the samples, unrounded", each(granularityImpossible)},
	{ruleRatio, Error, "publish the ratios that the raw samples give", ratioMismatch},
}

// BundleRules lists the rules that need a bundle.
func BundleRules() []string {
	var ids []string
	for _, rule := range bundleRules {
		ids = append(ids, rule.id)
	}
	return ids
}

// each makes a rule of one about a contender: it says what is wrong, or nothing. The
// run's own companions are not judged.
func each(fault func(*Case, *Contender) string) func(*Case) []Finding {
	return func(c *Case) []Finding {
		var findings []Finding
		for _, contender := range c.Contenders {
			if contender.Role != "" || len(contender.Finished) == 0 {
				continue
			}
			if message := fault(c, contender); message != "" {
				findings = append(findings, Finding{Contender: contender.Name, Message: message})
			}
		}
		return findings
	}
}

func ofRun(format string, values ...any) []Finding {
	return []Finding{{Contender: RunContender, Message: fmt.Sprintf(format, values...)}}
}

// faulty is the detail of rulings that fail, nothing where none does.
func faulty(rulings ...ruling) string {
	if r := all(rulings...); r.status == Fail {
		return r.detail
	}
	return ""
}

// accidents is how probable it may be that chance alone explains what a rule counts.
const accidents = 1e-5

// innerScaled: the contender's clock is outside the bounds of those of the harness
// and the kernel.
func innerScaled(c *Case, contender *Contender) string {
	return faulty(contender.holds("outer-clock"), contender.holds("cpu-clock"), contender.holds("short-bursts"))
}

// belowFloor: a call or a multiply-add takes less time than the machine can.
func belowFloor(c *Case, contender *Contender) string {
	return faulty(c.costWithin(contender, 0, math.Inf(1)), c.slopeAboveFloor(contender))
}

// sabotagedPeer: it costs more or less than the same engine's canonical runner, in bursts
// or in the calls that are timed one by one.
func sabotagedPeer(c *Case, contender *Contender) string {
	if c.Twin(contender) == nil {
		return ""
	}
	return faulty(c.atMostTwin(contender), c.atLeastTwin(contender), c.classicAtMostTwin(contender), contender.holds("canonical"))
}

// callsSkipped: answers of a burst are wrong, or get cheaper by their number.
func callsSkipped(_ *Case, contender *Contender) string {
	const least = 0.9
	if share, _ := hardShare(contender); share > mostHardWrong {
		return fmt.Sprintf("%.1f%% of the labels of new rows near the boundary are wrong: not every call is made%s", 100*share, suspects(contender))
	}
	shape := contender.perLaunch(func(l *Launch) float64 { return l.growth(innerOf) })
	if below(shape, least) {
		return fmt.Sprintf("the third and fourth quarter of a burst take %.2f times the time of the second one each: not every call is made", stats.Median(shape))
	}
	return ""
}
