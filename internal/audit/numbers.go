package audit

// This file holds small arithmetic that several checks share.

import (
	"math"

	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// finite is nil for a number that JSON does not have.
func finite(value float64) *float64 {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return nil
	}
	return &value
}

// recomputes reports whether a published number is the recomputed one, to within
// 1e-9 of it: what is left of two orders of summation.
func recomputes(published *float64, computed float64) bool {
	const tolerance = 1e-9
	return published != nil && math.Abs(*published-computed) <= tolerance*math.Abs(computed)
}

// medianOf is the median of what some samples have, NaN where none has it.
func medianOf(samples []evidence.Sample, value func(evidence.Sample) (float64, bool)) float64 {
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

// perLaunch has a value for each launch that counts and has one.
func (c *Contender) perLaunch(value func(*Launch) float64) []float64 {
	var values []float64
	for _, launch := range c.Finished {
		if v := value(launch); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	return values
}

// median is the median over launches, NaN where no launch has a value.
func (c *Contender) median(value func(*Launch) float64) float64 {
	values := c.perLaunch(value)
	if len(values) == 0 {
		return math.NaN()
	}
	return stats.Median(values)
}

// certainty is the level of the intervals that noisy figures are judged by: a bound
// on one fails a point only where the whole interval over launches lies beyond it.
const certainty = 0.9999

// beyond reports whether a figure is above a limit for certain: by Student's
// interval over launches at 99.99%. A figure that has no spread, of one launch or of
// several that agree, is judged as it is.
func beyond(values []float64, limit float64) bool {
	return judgedBeyond(values, limit, 1)
}

// below is beyond for a figure that must be at least the limit.
func below(values []float64, limit float64) bool { return judgedBeyond(values, limit, -1) }

func judgedBeyond(values []float64, limit, sign float64) bool {
	if len(values) == 0 {
		return false
	}
	interval := stats.TInterval(values, certainty)
	if math.IsInf(interval.Low, -1) {
		// A single launch has no interval, and condemns nobody.
		return false
	}
	if sign > 0 {
		return interval.Low > limit
	}
	return interval.High < limit
}
