package stats

// This file estimates the share of successes among independent trials.

import "gonum.org/v1/gonum/stat/distuv"

// Binomial returns the share of successes among n independent trials with Clopper and
// Pearson's interval ("The use of confidence or fiducial limits illustrated in the case of
// the binomial", 1934), whose ends are quantiles of beta distributions. The interval has at
// least the level asked for, in (0, 1), whatever the true share is. Without a success the
// lower end is 0; without a failure the upper end is 1. Everything is NaN if n is below 1
// or successes are outside 0..n.
func Binomial(successes, n int, level float64) Interval {
	if n < 1 || successes < 0 || successes > n || !validLevel(level) {
		return undefinedInterval()
	}
	k, rest := float64(successes), float64(n-successes)
	i := Interval{Estimate: k / float64(n), Low: 0, High: 1, Confidence: level}
	if successes > 0 {
		i.Low = distuv.Beta{Alpha: k, Beta: rest + 1}.Quantile((1 - level) / 2)
	}
	if successes < n {
		// By symmetry this is the quantile at (1-level)/2, measured from 1. That keeps the
		// digits of a level near 1.
		i.High = 1 - distuv.Beta{Alpha: rest, Beta: k + 1}.Quantile((1-level)/2)
	}
	return i
}
