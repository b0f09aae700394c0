package audit

// This file holds small arithmetic that several checks share.

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// Recomputes reports whether a published number is the recomputed one, to within
// 1e-9 of it: what is left of two orders of summation.
func Recomputes(published *float64, computed float64) bool {
	const tolerance = 1e-9
	return published != nil && math.Abs(*published-computed) <= tolerance*math.Abs(computed)
}

// MedianOf is the median of what some samples have, NaN where none has it.
func MedianOf(samples []evidence.Sample, value func(evidence.Sample) (float64, bool)) float64 {
	var values []float64
	for _, sample := range samples {
		if v, ok := value(sample); ok {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return math.NaN()
	}
	return stats.Median(values)
}

// PerLaunch has a value for each launch that counts and has one: no infinite ones.
func (c *Contender) PerLaunch(value func(*Launch) float64) []float64 {
	var values []float64
	for _, launch := range c.Finished {
		if v := value(launch); IsNumber(v) {
			values = append(values, v)
		}
	}
	return values
}

// Median is the median over launches, NaN where no launch has a value.
func (c *Contender) Median(value func(*Launch) float64) float64 {
	values := c.PerLaunch(value)
	if len(values) == 0 {
		return math.NaN()
	}
	return stats.Median(values)
}

// certainty is the level of the intervals that noisy figures are judged by.
const certainty = 0.9999

// sparedShare is one in how many launches may have a figure unlike the others'
// without hiding what these say.
const sparedShare = 5

// agreement is how many times as far beyond a limit a few launches have to be as they
// differ among themselves.
const agreement = 3

// Beyond reports whether a figure is above a limit for certain, from its values by
// launch. It is where one of these lies wholly beyond:
//
//   - Student's interval over all launches, at 99.99%;
//   - the same over all but a fifth of them, those that are furthest beyond: one
//     launch of a thousand times the time makes the interval over all so wide that
//     it would hide the others, and without it the figure is only nearer the limit;
//   - all but a fifth of the launches, each three times as far as they differ among
//     themselves. With three launches, which is all that some probes have, Student's
//     interval at that level is 57 deviations to either side and nothing is beyond
//     it; and a launch that is wild on the other side hides nothing.
//
// The last one is where the limit matters: limits stand where honest launches seldom
// come. On a machine whose host took a seventh of the time, where they did most often,
// one in six was beyond a limit (docs/AUDIT.md, Bounds on noisy figures). So often,
// all of three are in 4.6 of 1,000 cases, and all but one of five in 3.3; that they
// agree besides, where what disturbs a launch has an exponential tail, happens in 1.8%
// of the threes and 0.2% of the fours. That makes 8 accusations in 100,000 cases of three
// launches, and fewer with more: 8 of 10 are beyond in 2 of 100,000 cases.
//
// What is no number, such as the logarithm of a CPU time that the host has taken
// whole, is left out. Fewer than three launches condemn nobody, unless they agree to
// the last digit.
func Beyond(values []float64, limit float64) bool {
	return judgedBeyond(values, limit, 1)
}

// Below is beyond for a figure that must be at least the limit.
func Below(values []float64, limit float64) bool { return judgedBeyond(values, limit, -1) }

func judgedBeyond(values []float64, limit, sign float64) bool {
	// By how much each is beyond, from the one that is least.
	var by []float64
	for _, value := range values {
		if over := sign * (value - limit); IsNumber(over) {
			by = append(by, over)
		}
	}
	slices.Sort(by)
	kept := len(by) - len(by)/sparedShare
	return surelyAboveZero(by) || surelyAboveZero(by[:kept]) || agreedAboveZero(by, kept)
}

// IsNumber reports whether a value is neither infinite nor NaN.
func IsNumber(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

// TooFew reports whether a figure has so few values that they can't condemn, of which
// one is beyond its bounds, so that they don't acquit either.
func TooFew(values []float64, least, most float64) bool {
	return len(values) < leastToCondemn && slices.ContainsFunc(values, func(value float64) bool { return !(value >= least && value <= most) })
}

// NotTold is the skip for a figure of too few launches.
func NotTold(values []float64, what string) Ruling {
	return Skips("%d launches: in %d this is not told from what else the machine did: %s", leastToCondemn, len(values), what)
}

// surelyAboveZero judges by Student's interval. One value has none, and that of values
// whose mean is not above 0 need not be looked for.
func surelyAboveZero(values []float64) bool {
	return len(values) > 1 && floats.Sum(values) > 0 && stats.TInterval(values, certainty).Low > 0
}

// agreedAboveZero reports whether so many of the sorted values are above 0, and much
// further than they differ.
func agreedAboveZero(sorted []float64, kept int) bool {
	if kept < leastToCondemn {
		return false
	}
	for first := 0; first+kept <= len(sorted); first++ {
		nearest, furthest := sorted[first], sorted[first+kept-1]
		if nearest > agreement*(furthest-nearest) {
			return true
		}
	}
	return false
}
