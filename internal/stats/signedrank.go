package stats

// This file holds the test that belongs to the interval of HodgesLehmann.

import "math"

// SignedRank tests whether a sample comes from a distribution that is symmetric about 0
// (Wilcoxon, "Individual comparisons by ranking methods", 1945; Hollander and Wolfe,
// Nonparametric Statistical Methods, section 3.1). It is the dual of [HodgesLehmann]: p is
// at most 1-level exactly if that interval excludes 0. Ties and zeros count against
// significance. The null distribution is exact up to 60 values, and normal with continuity
// correction beyond.
//
// A small sample has little more than signs: p is never below 2^(1-n), which is 0.00195 for
// ten values. With Holm's correction at 5%, therefore, no claim among more than 25 can pass
// with ten values each, and none at all with five.
func SignedRank(sample []float64) PValue {
	if !usable(sample) {
		return newPValue(math.NaN())
	}
	sorted := ascending(sample)
	n := len(sorted)
	notAbove := walshUpTo(sorted, 0)
	notBelow := n*(n+1)/2 - walshUpTo(sorted, -math.SmallestNonzeroFloat64)
	return newPValue(signedRankLogP(n, min(notAbove, notBelow)))
}

// signedRankLogP returns the natural logarithm of min(1, 2·P(T ≤ s)).
func signedRankLogP(n, s int) float64 {
	mean := float64(n) * float64(n+1) / 4
	if float64(s) >= mean {
		return 0
	}
	if n > exactSignedRank {
		deviation := math.Sqrt(mean * float64(2*n+1) / 6)
		return normalLogP(min(0, float64(s)+0.5-mean) / deviation)
	}
	tail := 0.0
	for _, p := range signedRankDistribution(n)[:s+1] {
		tail += p
	}
	return min(0, math.Log(2*tail))
}
