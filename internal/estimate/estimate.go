// Package estimate turns samples into figures and verdicts: how many times as
// fast one contender is as another, whether the run's controls hold, whether the
// clocks agree, and what a call and a multiply-add cost.
//
// A replicate gives one value for each question, and replicates are the units:
// calls of one launch are not independent, and launches of one program differ. In
// a replicate the value for two contenders is the median over rounds of the
// logarithm of the ratio of their bursts, which were made on the same inputs
// within moments of each other, so that what the machine did to both falls out.
// Across replicates the interval is stats.ClaimInterval's.
//
// The package sees samples and a plan, and no clock: the same goes for a run that
// is going on, whose stop rule asks here, as for a stranger's bundle.
package estimate

// This file estimates ratios and gives claims their verdicts.

import (
	"math"
	"slices"

	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// Replicate is the samples of one replicate's finished launches, by contender.
type Replicate map[string][]evidence.Sample

// Verdict is what a comparison comes to.
type Verdict string

// The verdicts.
const (
	// Equal: the interval lies within the tolerance.
	Equal Verdict = "equal"
	// Faster: the first contender needs less time.
	Faster Verdict = "faster"
	// Slower: the first contender needs more time.
	Slower Verdict = "slower"
	// NotResolved: the interval holds 1 and reaches beyond the tolerance, or holds
	// it after the correction for several claims.
	NotResolved Verdict = "not resolved"
)

// level is that of every interval that is printed.
const level = 0.95

// Source says which bursts a figure comes from.
type Source string

const (
	// FromShort figures are of short bursts, timed by the contenders.
	FromShort Source = "short bursts"
	// FromLong figures are of long bursts, timed by the harness.
	FromLong Source = "long bursts, by the outer clock"
)

// Comparison is how many times as fast A is as B: B's time per call over A's.
type Comparison struct {
	A, B string
	// Ratio is the figure, with its 95% interval.
	Ratio stats.Interval
	// Source says which of the two below it is.
	Source Source
	Short  stats.Interval
	Long   stats.Interval
	// Quiet is false where too few rounds found the machine quiet, so that all were
	// taken and the ratio is that of a machine with neighbours.
	Quiet bool
	// Replicates are the logarithms of the ratio, by replicate; LogP is the
	// logarithm of the p-value of there being no difference, after Holm's correction
	// over the claims where this is one.
	Replicates []float64
	LogP       float64
	Verdict    Verdict
}

// HalfWidth is half the width of the 95% interval, as a share of the ratio.
func (c Comparison) HalfWidth() float64 { return math.Log(c.Ratio.High/c.Ratio.Low) / 2 }

// Precise reports whether the interval is as narrow as asked.
func (c Comparison) Precise(precision float64) bool { return c.HalfWidth() <= math.Log1p(precision) }

// Compare compares two contenders over the replicates that have both.
func Compare(plan suite.Plan, quiet Quiet, replicates []Replicate, a, b string) Comparison {
	ratios := func(of perCall, least int) ([]float64, bool) { return quiet.ratios(replicates, a, b, of, of, least) }
	short, quietly := ratios(shortPerCall, plan.Paired.Quiet.LeastShort)
	long, longQuietly := ratios(longPerCall, plan.Paired.Quiet.LeastLong)
	c := Comparison{A: a, B: b, Source: FromShort, Replicates: short, Quiet: quietly, Short: ratioInterval(short), Long: ratioInterval(long)}
	if clocksDiffer(plan, quiet, replicates, a, b) {
		c.Source, c.Replicates, c.Quiet = FromLong, long, longQuietly
	}
	c.Ratio = ratioInterval(c.Replicates)
	c.LogP = stats.SignedRank(c.Replicates).LogP
	c.Verdict = verdict(c, plan.Tolerance)
	return c
}

// clocksDiffer reports whether the ratio by the outer clock, from long bursts over
// few rows, is off the one by the contenders' own clocks, from short ones, by more
// than the disagreement allowed, beyond what chance explains. Bursts over many rows
// would not do: what lies in a further cache is slower by right.
func clocksDiffer(plan suite.Plan, quiet Quiet, replicates []Replicate, a, b string) bool {
	var differences []float64
	for _, replicate := range replicates {
		one := []Replicate{replicate}
		short, quietly := quiet.ratios(one, a, b, shortPerCall, shortPerCall, plan.Paired.Quiet.LeastShort)
		near, quietlyToo := quiet.ratios(one, a, b, nearPerCall, nearPerCall, plan.Paired.Quiet.LeastLong)
		if len(short) == 1 && len(near) == 1 && quietly == quietlyToo {
			differences = append(differences, near[0]-short[0])
		}
	}
	interval := stats.ClaimInterval(differences, level)
	allowed := math.Log1p(suite.ThresholdsOf(plan).ClocksDiffer)
	return interval.Low > allowed || interval.High < -allowed
}

// verdict applies DESIGN's rule: equal before faster or slower, so that a
// difference that does not matter is not called one.
func verdict(c Comparison, tolerance float64) Verdict {
	within := math.Log1p(tolerance)
	low, high := math.Log(c.Ratio.Low), math.Log(c.Ratio.High)
	switch {
	case low >= -within && high <= within:
		return Equal
	case !(c.LogP <= math.Log(1-level)):
		return NotResolved
	case low > 0:
		return Faster
	case high < 0:
		return Slower
	default:
		return NotResolved
	}
}

// Claims compares the contenders of each claim that both sides have been measured
// of, with Holm's correction over all of them.
func Claims(plan suite.Plan, quiet Quiet, replicates []Replicate) []Comparison {
	var claims []Comparison
	for _, claim := range plan.Claims {
		c := Compare(plan, quiet, replicates, claim.Faster, claim.Than)
		if len(c.Replicates) > 0 {
			claims = append(claims, c)
		}
	}
	correct(plan.Tolerance, claims)
	return claims
}

// correct applies Holm's correction over all claims of the groups, of which each is
// a cell's, and gives them their verdicts anew.
func correct(tolerance float64, groups ...[]Comparison) {
	var claims []*Comparison
	var logP []float64
	for _, group := range groups {
		for i := range group {
			claims = append(claims, &group[i])
			logP = append(logP, stats.SignedRank(group[i].Replicates).LogP)
		}
	}
	for i, adjusted := range stats.Holm(logP) {
		claims[i].LogP = adjusted
		claims[i].Verdict = verdict(*claims[i], tolerance)
	}
}

// ratioInterval is the interval of logarithms, as a ratio.
func ratioInterval(logs []float64) stats.Interval {
	interval := stats.ClaimInterval(logs, level)
	interval.Estimate, interval.Low, interval.High = math.Exp(interval.Estimate), math.Exp(interval.Low), math.Exp(interval.High)
	return interval
}

// perCall picks the samples that it is about, and says what a call of them took
// in nanoseconds.
type perCall func(evidence.Sample) (nanoseconds float64, ok bool)

func shortPerCall(s evidence.Sample) (float64, bool) {
	return float64(s.InnerNanoseconds) / float64(s.Calls), s.Phase == evidence.PhaseShort
}

// longPerCall and nearPerCall never subtract what a request costs besides its
// calls: whatever is hidden there would then count for nothing.
func longPerCall(s evidence.Sample) (float64, bool) { return outerPerCall(s, evidence.PhaseLong) }

func nearPerCall(s evidence.Sample) (float64, bool) { return outerPerCall(s, evidence.PhaseNear) }

func outerPerCall(s evidence.Sample, phase evidence.Phase) (float64, bool) {
	if s.Phase != phase || s.OuterNanoseconds == nil || s.Calls == 0 {
		return 0, false
	}
	return float64(*s.OuterNanoseconds) / float64(s.Calls), true
}

// Progress is what the stop rule of a run goes by.
type Progress struct {
	replicates []Replicate
}

// Add takes in a replicate. It keeps the bursts that ratios are made of.
func (p *Progress) Add(replicate Replicate) {
	kept := Replicate{}
	for name, samples := range replicate {
		for _, sample := range samples {
			switch sample.Phase {
			case evidence.PhaseShort, evidence.PhaseLong, evidence.PhaseNear:
				kept[name] = append(kept[name], sample)
			}
		}
	}
	p.replicates = append(p.replicates, kept)
}

// Imprecise names the contenders of the claims whose interval is wider than the
// plan's precision. It looks at the width alone: a rule that looked at which side
// is ahead would stop at the moment that suits it. A claim about a contender that is
// excluded is not named: no replicate can make it more precise.
func (p *Progress) Imprecise(plan suite.Plan, excluded map[string]bool) []string {
	var names []string
	for _, c := range Claims(plan, NewQuiet(plan, p.replicates), p.replicates) {
		if !c.Precise(plan.Precision) && !excluded[c.A] && !excluded[c.B] {
			names = append(names, c.A, c.B)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
