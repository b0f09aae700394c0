package published

// This file holds the rules' names and what helps against each failure.

import (
	"cupel/internal/audit"
)

// The rules that work on published figures alone.
const (
	RuleThroughputMean   = "throughput-mean-mismatch"
	RuleInterval         = "interval-mismatch"
	RuleWelch            = "welch-mismatch"
	RuleCohen            = "cohen-mismatch"
	RuleFromRounded      = "computed-from-rounded"
	RulePZero            = "p-printed-as-zero"
	RuleMoments          = "moments-impossible"
	RuleEvidenceMissing  = "evidence-missing"
	RuleFiguresDisagree  = "figures-disagree"
	RuleEnvironment      = "environment-differs"
	RuleSummaryFromTimes = "summary-not-from-samples"
	RuleUnread           = "figure-unread"
)

// Names lists the rules that work on published figures.
func Names() []string {
	return []string{
		RuleThroughputMean, RuleInterval, RuleWelch, RuleCohen, audit.RuleRatio, RuleFromRounded, RulePZero, RuleMoments,
		audit.RuleGranularity, RuleEvidenceMissing, RuleFiguresDisagree, RuleEnvironment, audit.RuleTimeOverflow, RuleSummaryFromTimes, RuleUnread,
	}
}

// Remedy is what would make a point pass that published figures decide.
func Remedy(point int) string {
	if remedy, ok := remedies[point]; ok {
		return remedy
	}
	return "see the finding that the point rests on"
}

var remedies = map[int]string{
	19:  "publish the mean of the samples that are published",
	20:  "divide by n-1 and publish that deviation",
	21:  "recompute the interval as mean ± 1.96 s/√n from unrounded values",
	22:  "publish sorted[⌊p·n⌋] of the samples that are published",
	23:  "recompute throughput as 1e6 / mean in µs from the unrounded mean",
	24:  "recompute Welch's t and its degrees of freedom from unrounded values",
	25:  "print p as a power of ten, or as a bound such as p < 1e-300",
	26:  "recompute d as the difference of means over √((s1²+s2²)/2), unrounded",
	27:  "name effects by 0.2, 0.5 and 0.8, the lower edge included",
	28:  "measure longer, or do not call the two different",
	29:  "print two or three decimals of µs, and compute ratios before rounding",
	88:  "print enough digits to tell p50, p95 and p99 apart",
	89:  "show the distribution; find what makes the slow calls",
	90:  "show the distribution; find what makes the slow calls",
	99:  "print p95, p99 and the maximum of every engine",
	100: "add a section that states the limits: classes, synthetic data, threads, batch, device, what was left out",
}
