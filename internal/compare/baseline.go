package compare

// This file asks whether a newer run is slower than an older one.

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"cupel/internal/stats"
)

// BaselineVerdict is what a comparison with a baseline comes to.
type BaselineVerdict string

// The verdicts.
const (
	// NotSlower: all claims of the baseline were judged, and no claim's first contender
	// is slower than before, beyond chance and tolerance.
	NotSlower BaselineVerdict = "not slower"
	// Regression: one is, whatever of the others.
	Regression BaselineVerdict = "regression"
	// NoBaselineAnswer: a claim of the baseline, or every one, can't be judged. A test
	// that passes because its subject crashed would be worse than none.
	NoBaselineAnswer BaselineVerdict = "no answer"
)

// falseAlarms is the rate at which the rule calls a run slower that is not, over all
// claims, where both runs are of one machine in one state.
const falseAlarms = 0.01

// Baseline is a newer run against an older one.
type Baseline struct {
	Verdict BaselineVerdict `json:"verdict"`
	Reason  string          `json:"reason"`
	// Tolerance is by how much slower is no regression, as a share, FalseAlarms the
	// rate of runs called slower that are not, over all claims together.
	Tolerance   float64  `json:"tolerance"`
	FalseAlarms float64  `json:"false_alarm_rate"`
	Changes     []Change `json:"changes"`
	// Notes say what stands in the way of an answer, or weakens it.
	Notes []string `json:"notes"`

	// unjudged says of the first claim of the baseline that should have been judged and
	// was not, why.
	unjudged string
}

// Change is how a claim's ratio has changed.
type Change struct {
	// Cell names the cell where the bundles have several.
	Cell      string `json:"cell,omitempty"`
	Contender string `json:"contender"`
	// Against is the claim's second contender, by whose speed the first one's is
	// measured: what the machine did to both falls out.
	Against string `json:"against"`
	// Before and Now are the ratios; Slower is the time of the contender now over
	// that before, with its interval at 1 less the rate of false alarms, which is
	// corrected for the number of claims (Bonferroni) and one-sided.
	Before     float64 `json:"ratio_before"`
	Now        float64 `json:"ratio_now"`
	Slower     float64 `json:"time_now_over_before"`
	Low        float64 `json:"time_lower_bound"`
	Regression bool    `json:"regression"`
}

// AgainstBaseline asks of each claim whether its first contender is slower in the
// second of two bundles than in the first, by the second contender's measure. It is a
// regression where the lower bound of the slowdown is above the tolerance: by more
// than counts, and beyond chance. Student's bound for two samples of unequal variance
// is used (Welch), on the logarithms of the replicates' ratios, since replicates are
// the units.
func AgainstBaseline(r *Result) *Baseline {
	before, now := r.Bundles[0], r.Bundles[1]
	// The stricter one: a change that is to be judged must not bring its own measure.
	tolerance := min(before.plan.Tolerance, now.plan.Tolerance)
	b := &Baseline{Verdict: NoBaselineAnswer, Tolerance: tolerance, FalseAlarms: falseAlarms, Changes: []Change{}, Notes: []string{}}
	if r.Verdict == Undecided {
		b.Reason = r.Reason
		return b
	}
	if now.Machine == OtherMachine {
		b.Reason = "the baseline is of another machine, and a ratio of one is no measure for another's"
		return b
	}
	if now.Machine == LikeMachine {
		b.Notes = append(b.Notes, "the machine was started again since the baseline, or is another one like it")
	}
	if before.plan.Tolerance != now.plan.Tolerance {
		b.Notes = append(b.Notes, fmt.Sprintf("the tolerance is the smaller of the baseline's %.3g%% and this run's %.3g%%", 100*before.plan.Tolerance, 100*now.plan.Tolerance))
	}
	claims := b.judgeable(r)
	for _, pair := range claims {
		b.Changes = append(b.Changes, change(pair, b.Tolerance, falseAlarms/float64(len(claims))))
	}
	b.conclude()
	return b
}

// judgeable are the claims that can be judged; of the others it is noted why not.
func (b *Baseline) judgeable(r *Result) (pairs []Pair) {
	before, now := r.Bundles[0], r.Bundles[1]
	for _, pair := range r.Pairs {
		if !pair.Claim {
			continue
		}
		why := whyNotJudged(pair, before, now)
		if why == "" {
			pairs = append(pairs, pair)
			continue
		}
		told := fmt.Sprintf("%s is not judged: %s", pair.Title(), why)
		b.Notes = append(b.Notes, told)
		if b.unjudged == "" && due(pair, before) {
			b.unjudged = told
		}
	}
	return pairs
}

// due reports whether a claim must be judged: one of the baseline's, but for those that
// it could not measure itself, say for want of a toolchain. Of these nothing can have
// become slower, and as in a run they hinder nobody.
func due(pair Pair, before Bundle) bool {
	measurable := pair.Ratios[0] != nil || !before.absent[pair.Faster] && !before.absent[pair.Than]
	return measurable && slices.ContainsFunc(before.plan.Claims, pair.is)
}

// whyNotJudged is empty where both runs have replicates of a claim, against a contender
// that is the same in both.
func whyNotJudged(pair Pair, before, now Bundle) string {
	then, since := pair.Ratios[0], pair.Ratios[1]
	switch {
	case then == nil && since == nil:
		return "neither run has figures of it"
	case then == nil:
		return "the baseline has no figures of it"
	case since == nil:
		return "this run has no figures of it"
	case len(then.logs) < leastReplicates || len(since.logs) < leastReplicates:
		return fmt.Sprintf("one of the runs has fewer than %d replicates of it", leastReplicates)
	case then.Disputed || since.Disputed:
		return "a check accuses one of the two"
	case then.Quiet != since.Quiet:
		return "one of the runs found the machine quiet and the other one did not, and a neighbour slows each engine by a factor of its own"
	case before.versions[pair.Than] != now.versions[pair.Than]:
		return fmt.Sprintf("%s, by which %s is measured, has changed from %q to %q", pair.Than, pair.Faster, before.versions[pair.Than], now.versions[pair.Than])
	}
	return ""
}

// leastReplicates is how many replicates a run must have: with fewer the bound is so
// wide that hardly anything is found.
const leastReplicates = 6

func change(pair Pair, tolerance, alpha float64) Change {
	before, now := pair.Ratios[0], pair.Ratios[1]
	// The ratio is the second one's time over the first one's: a ratio that has fallen
	// is a first one that has become slower.
	slower, low := lowerBound(before.logs, now.logs, alpha)
	return Change{
		Cell: pair.Cell, Contender: pair.Faster, Against: pair.Than, Before: before.Ratio, Now: now.Ratio,
		Slower: math.Exp(slower), Low: math.Exp(low), Regression: low > math.Log1p(tolerance),
	}
}

// lowerBound is the difference of two means, a's less b's, with its lower bound at
// 1-alpha.
func lowerBound(a, b []float64, alpha float64) (difference, low float64) {
	one, other := stats.Describe(a), stats.Describe(b)
	difference = one.Mean - other.Mean
	variance := func(s stats.Summary) float64 { return s.StdDev * s.StdDev / float64(s.N) }
	deviation := math.Sqrt(variance(one) + variance(other))
	if deviation == 0 {
		return difference, difference
	}
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: stats.Welch(one, other).DF}
	return difference, difference - student.Quantile(1-alpha)*deviation
}

// conclude gives the verdict: a regression where there is one, whatever could not be
// judged, and that no claim is slower only where nothing was left out.
func (b *Baseline) conclude() {
	for _, change := range b.Changes {
		if change.Regression {
			b.Verdict = Regression
			b.Reason = fmt.Sprintf("%s takes %.4g times as long as in the baseline, at least %.4g, measured by %s", change.Contender, change.Slower, change.Low, change.Against)
			return
		}
	}
	none := fmt.Sprintf("of %d claims none has become slower by more than %.3g%%", len(b.Changes), 100*b.Tolerance)
	switch {
	case len(b.Changes) == 0 && b.unjudged == "":
		b.Reason = "no claim can be judged"
	case len(b.Changes) == 0:
		b.Reason = "no claim can be judged; " + b.unjudged
	case b.unjudged != "":
		b.Reason = b.unjudged + "; " + none
	default:
		b.Verdict, b.Reason = NotSlower, none
	}
}
