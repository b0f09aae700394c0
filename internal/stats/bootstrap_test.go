package stats

// This file holds the studentised bootstrap, a rejected candidate for a claim's interval.
// The table at ClaimInterval compares with it.

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// bootstrapT returns the mean with the studentised bootstrap interval
//
//	mean - t*[1-α/2]·s/√n ... mean - t*[α/2]·s/√n,   α = 1-level
//
// t* are the quantiles of (mean*-mean)/(s*/√n) over samples drawn with replacement (Efron
// and Tibshirani, An Introduction to the Bootstrap, 1993, section 12.5; Hall, "Theoretical
// comparison of bootstrap confidence intervals", 1988). The level is in (0, 1). The same
// sample, in any order, with the same seed gives the same interval. An end is infinite if
// there are too few resamples for the level, or if too many of them have no spread, as with
// two or three values. It draws n·resamples values and sorts resamples numbers.
func bootstrapT(sample []float64, level float64, resamples int, seed uint64) Interval {
	if !usable(sample) || !validLevel(level) || resamples < 1 {
		return undefinedInterval()
	}
	s := Describe(sample)
	k := int(math.Floor(float64(resamples+1) * (1 - level) / 2))
	if s.N < 2 || k < 1 {
		return unbounded(s.Mean)
	}
	pivots := bootstrapPivots(ascending(sample), s.Mean, resamples, rand.New(rand.NewPCG(seed, 0)))
	e := standardError(s)
	low, high := s.Mean-e*pivots[resamples-k], s.Mean-e*pivots[k-1]
	if e == 0 {
		low, high = s.Mean, s.Mean
	}
	return Interval{Estimate: s.Mean, Low: low, High: high, Confidence: level}
}

// bootstrapPivots returns the sorted t of each resample. The t of a resample without spread
// is infinite unless its mean equals the sample's.
func bootstrapPivots(sample []float64, mean float64, resamples int, r *rand.Rand) []float64 {
	n := float64(len(sample))
	pivots := make([]float64, resamples)
	for i := range pivots {
		// The sums are of differences to the mean, so that they lose no digits.
		var sum, squares float64
		for range sample {
			d := sample[r.IntN(len(sample))] - mean
			sum += d
			squares += d * d
		}
		m := sum / n
		variance := max(squares-sum*m, 0) / (n - 1)
		pivots[i] = pivot(m, math.Sqrt(variance/n))
	}
	slices.SortFunc(pivots, cmp.Compare[float64])
	return pivots
}

func pivot(difference, e float64) float64 {
	if difference == 0 {
		return 0
	}
	return difference / e
}
