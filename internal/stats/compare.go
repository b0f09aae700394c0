package stats

// This file compares two samples as published benchmarks do.

import "math"

// WelchResult is the outcome of Welch's t-test.
type WelchResult struct {
	// T is negative if the first sample has the lower mean.
	T float64
	// DF is Welch and Satterthwaite's number of degrees of freedom.
	DF float64
	PValue
}

// Welch tests whether two samples have the same mean. It does not assume equal variances
// (Welch, "The generalization of Student's problem when several different population
// variances are involved", 1947):
//
//	t  = (m1-m2) / √(v1+v2),  v = s²/n
//	df = (v1+v2)² / (v1²/(n1-1) + v2²/(n2-1))
//
// It needs only N, Mean and StdDev, so the input can be a published table. Everything is
// NaN if a side has fewer than two values or neither side has any spread.
func Welch(a, b Summary) WelchResult {
	ea, eb := standardError(a), standardError(b)
	e := math.Hypot(ea, eb)
	if !(e > 0) || !finite(e) || !finite(a.Mean-b.Mean) {
		nan := math.NaN()
		return WelchResult{T: nan, DF: nan, PValue: newPValue(nan)}
	}
	t := (a.Mean - b.Mean) / e
	// The shares of the squared error, so that no fourth power under- or overflows.
	ca, cb := (ea/e)*(ea/e), (eb/e)*(eb/e)
	df := 1 / (ca*ca/float64(a.N-1) + cb*cb/float64(b.N-1))
	return WelchResult{T: t, DF: df, PValue: newPValue(StudentLogP(t, df))}
}

// standardError returns s/√n, or NaN below two values.
func standardError(s Summary) float64 {
	if s.N < 2 {
		return math.NaN()
	}
	return s.StdDev / math.Sqrt(float64(s.N))
}

// CohenD returns the standardised difference of two means,
//
//	d = (m1-m2) / √((s1²+s2²)/2)
//
// (Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed., 1988, section
// 2.2). It is negative if the first mean is lower, and NaN if neither sample has any
// spread. The deviations are pooled with equal weights for any sizes of the samples, as the
// checklist requires.
func CohenD(a, b Summary) float64 {
	s := math.Hypot(a.StdDev, b.StdDev) / math.Sqrt2
	if !(s > 0) || math.IsInf(s, 1) {
		return math.NaN()
	}
	return (a.Mean - b.Mean) / s
}

// EffectName returns Cohen's word for the size of |d|: below 0.2 "negligible", from 0.2
// "small", from 0.5 "medium", from 0.8 "large"; for NaN "undefined".
func EffectName(d float64) string {
	switch d = math.Abs(d); {
	case d >= 0.8:
		return "large"
	case d >= 0.5:
		return "medium"
	case d >= 0.2:
		return "small"
	case d >= 0:
		return "negligible"
	}
	return "undefined"
}

// MannWhitneyResult is the outcome of the Mann-Whitney test.
type MannWhitneyResult struct {
	// U counts the pairs in which the first sample has the greater value. A tie counts
	// half.
	U float64
	// Z is U's distance from its expectation in standard deviations, after the continuity
	// correction. It is negative if the first sample tends to be lower.
	Z float64
	PValue
}

// MannWhitney tests whether values of one of two samples tend to be greater than values of
// the other (Mann and Whitney, 1947). It uses the normal approximation with corrections for
// ties and for continuity, as scipy.stats.mannwhitneyu(a, b, method="asymptotic") does. If
// all values of both samples are equal, p = 1. Everything is NaN if a sample is empty or
// has a value that is not finite. The time is that of sorting.
//
// The approximation is poor below about eight values a side. There is no exact table,
// because each use here has more values.
func MannWhitney(a, b []float64) MannWhitneyResult {
	if !usable(a) || !usable(b) {
		nan := math.NaN()
		return MannWhitneyResult{U: nan, Z: nan, PValue: newPValue(nan)}
	}
	rankSum2, ties := rankSum(ascending(a), ascending(b))
	na, nb := float64(len(a)), float64(len(b))
	n := na + nb
	u := (rankSum2 - na*(na+1)) / 2
	deviation := math.Sqrt(na * nb / 12 * (n + 1 - ties/(n*(n-1))))
	// The correction moves U towards its expectation, and never past it.
	distance := max(math.Abs(u-na*nb/2)-0.5, 0)
	z := 0.0
	if distance > 0 {
		z = math.Copysign(distance/deviation, u-na*nb/2)
	}
	return MannWhitneyResult{U: u, Z: z, PValue: newPValue(normalLogP(z))}
}

// rankSum merges two sorted samples. It returns twice the sum of the first one's ranks,
// where ties have the mean of the ranks that they share, and Σ (t³-t) over the groups of t
// ties.
func rankSum(a, b []float64) (twice, ties float64) {
	below := 0
	for len(a)+len(b) > 0 {
		var v float64
		switch {
		case len(a) == 0:
			v = b[0]
		case len(b) == 0:
			v = a[0]
		default:
			v = min(a[0], b[0])
		}
		inA, inB := leading(a, v), leading(b, v)
		a, b = a[inA:], b[inB:]
		t := inA + inB
		twice += float64(inA) * float64(2*below+t+1)
		ties += float64(t) * (float64(t)*float64(t) - 1)
		below += t
	}
	return twice, ties
}

// leading counts the values at the start that equal v.
func leading(sorted []float64, v float64) int {
	n := 0
	for n < len(sorted) && sorted[n] == v {
		n++
	}
	return n
}
