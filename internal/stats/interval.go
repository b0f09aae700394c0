package stats

// This file estimates the centre of a distribution, with an interval, from a few
// independent values.

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is an estimate with a two-sided confidence interval.
type Interval struct {
	Estimate  float64
	Low, High float64
	// Confidence is the level that the interval has. It may be higher than the level asked
	// for. If the sample can give no interval of that level, Low is -Inf, High is +Inf and
	// Confidence is 1.
	Confidence float64
}

func undefinedInterval() Interval {
	nan := math.NaN()
	return Interval{Estimate: nan, Low: nan, High: nan, Confidence: nan}
}

// unbounded returns the interval from -Inf to +Inf.
func unbounded(estimate float64) Interval {
	return Interval{Estimate: estimate, Low: math.Inf(-1), High: math.Inf(1), Confidence: 1}
}

// TInterval returns the mean with Student's interval, mean ± t·s/√n, where t is the
// quantile of n-1 degrees of freedom for the level, in (0, 1). It has its level if the
// values are independent and normal. It nearly has it for a dozen values of a symmetric
// distribution without heavy tails. One value gives an unbounded interval.
func TInterval(sample []float64, level float64) Interval {
	if !usable(sample) || !validLevel(level) {
		return undefinedInterval()
	}
	s := Describe(sample)
	if s.N < 2 {
		return unbounded(s.Mean)
	}
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(s.N - 1)}
	half := -student.Quantile((1-level)/2) * s.StdDev / math.Sqrt(float64(s.N))
	return Interval{Estimate: s.Mean, Low: s.Mean - half, High: s.Mean + half, Confidence: level}
}

// exactSignedRank is the largest sample for which the distribution of the signed-rank
// statistic is computed exactly. Larger samples use an approximation. Its Confidence is off
// by less than 0.002, and the chance of missing the truth exceeds the one asked for by less
// than 0.5% of itself. For levels of 95% and more the error is on the safe side. An
// Edgeworth term would be closer there, but it turns negative in the far tail.
const exactSignedRank = 60

// HodgesLehmann returns the median of the n(n+1)/2 Walsh averages (x[i]+x[j])/2, i ≤ j. Its
// interval lies between two Walsh averages and inverts Wilcoxon's signed-rank test (Hodges
// and Lehmann, 1963; Hollander and Wolfe, Nonparametric Statistical Methods, sections 3.2
// and 3.3). It has at least the level asked for, in (0, 1), for independent values of any
// symmetric distribution, however heavy its tails. Ties make it wider, never narrower.
// Below six values there is no interval at 95%, and it is unbounded.
//
// The null distribution is exact up to 60 values, and normal with continuity correction
// beyond. Time grows with n log n, memory with n: Walsh averages are counted, not stored.
func HodgesLehmann(sample []float64, level float64) Interval {
	if !usable(sample) || !validLevel(level) {
		return undefinedInterval()
	}
	sorted := ascending(sample)
	n := len(sorted)
	averages := n * (n + 1) / 2
	estimate := walsh(sorted, (averages+1)/2)/2 + walsh(sorted, averages/2+1)/2
	k, tail := signedRankBound(n, (1-level)/2)
	if k < 1 {
		return unbounded(estimate)
	}
	return Interval{
		Estimate: estimate,
		Low:      walsh(sorted, k), High: walsh(sorted, averages+1-k),
		Confidence: 1 - 2*tail,
	}
}

func validLevel(level float64) bool { return level > 0 && level < 1 }

// signedRankBound returns the largest k ≥ 0 for which the signed-rank statistic T of n
// values is below k with a probability of at most alpha, and that probability.
func signedRankBound(n int, alpha float64) (k int, tail float64) {
	if n > exactSignedRank {
		mean := float64(n) * float64(n+1) / 4
		deviation := math.Sqrt(mean * float64(2*n+1) / 6)
		z := distuv.UnitNormal.Quantile(alpha)
		k = max(0, int(math.Floor(mean+z*deviation-0.5))+1)
		return k, distuv.UnitNormal.CDF((float64(k) - 0.5 - mean) / deviation)
	}
	for _, p := range signedRankDistribution(n) {
		if tail+p > alpha {
			break
		}
		tail += p
		k++
	}
	return k, tail
}

// signedRankDistribution returns P(T = s) for s = 0..n(n+1)/2. Each of the ranks 1..n is in
// the sum T with probability 1/2.
func signedRankDistribution(n int) []float64 {
	p := make([]float64, n*(n+1)/2+1)
	p[0] = 1
	top := 0
	for rank := 1; rank <= n; rank++ {
		top += rank
		for s := top; s >= 0; s-- {
			p[s] /= 2
			if s >= rank {
				p[s] += p[s-rank] / 2
			}
		}
	}
	return p
}

// walsh returns the k-th smallest Walsh average of a sorted sample, k from 1. It is the
// smallest number that at least k averages do not exceed. The search halves the range of
// float64 bit patterns, at most 64 times.
func walsh(sorted []float64, k int) float64 {
	low, high := orderedBits(sorted[0]), orderedBits(sorted[len(sorted)-1])
	for low < high {
		middle := (low & high) + (low^high)>>1 // the mean, rounded down, without overflow
		if walshUpTo(sorted, fromOrderedBits(middle)) >= k {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return fromOrderedBits(low)
}

// walshUpTo counts the Walsh averages that do not exceed v.
func walshUpTo(sorted []float64, v float64) int {
	count := 0
	j := len(sorted) - 1
	for i, x := range sorted {
		for j >= i && x/2+sorted[j]/2 > v {
			j--
		}
		if j < i {
			break
		}
		count += j - i + 1
	}
	return count
}

// orderedBits maps finite numbers to integers in the same order, ±0 to 0.
func orderedBits(x float64) int64 {
	b := int64(math.Float64bits(x))
	if b < 0 {
		return math.MinInt64 - b
	}
	return b
}

func fromOrderedBits(b int64) float64 {
	if b < 0 {
		b = math.MinInt64 - b
	}
	return math.Float64frombits(uint64(b))
}
