package estimate

// This file splits the time of a call into what every call costs and what a
// multiply-add costs, from the scaling probe.

import (
	"maps"
	"math"
	"slices"

	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
	"cupel/internal/workload"
)

// Costs is how a contender's time of a call grows with its model:
// nanoseconds = Call + MultiplyAdd · multiply-adds.
type Costs struct {
	// CallNanoseconds and MultiplyAddNanoseconds have 95% intervals over launches.
	CallNanoseconds        stats.Interval
	MultiplyAddNanoseconds stats.Interval
	// Widths are the medians over launches, by the multiple of the suite's width.
	Widths []WidthCost
	// Misfit is the largest relative deviation of a width's median from the line.
	Misfit float64
}

// WidthCost is one point of the line, at so many times the suite's width, or of a
// training of so many epochs.
type WidthCost struct {
	Times       int
	MultiplyAdd float64
	Nanoseconds float64
}

// CostsOf splits the time of a contender's calls. It is nil where fewer than two
// launches have two widths.
func CostsOf(plan suite.Plan, replicates []Replicate, contender string) *Costs {
	var call, multiplyAdd []float64
	byWidth := map[float64][]float64{}
	times := map[float64]int{}
	sizes := workload.Of(plan).Sizes()
	for _, replicate := range replicates {
		points := costPoints(sizes, replicate[contender])
		for _, point := range points {
			byWidth[point.MultiplyAdd] = append(byWidth[point.MultiplyAdd], point.Nanoseconds)
			times[point.MultiplyAdd] = point.Times
		}
		if a, b, ok := line(points); ok {
			call, multiplyAdd = append(call, a), append(multiplyAdd, b)
		}
	}
	if len(call) < 2 {
		return nil
	}
	c := &Costs{CallNanoseconds: stats.ClaimInterval(call, level), MultiplyAddNanoseconds: stats.ClaimInterval(multiplyAdd, level)}
	for _, multiplyAdds := range slices.Sorted(maps.Keys(byWidth)) {
		point := WidthCost{times[multiplyAdds], multiplyAdds, stats.Median(byWidth[multiplyAdds])}
		c.Widths = append(c.Widths, point)
		fitted := c.CallNanoseconds.Estimate + c.MultiplyAddNanoseconds.Estimate*point.MultiplyAdd
		c.Misfit = max(c.Misfit, math.Abs(point.Nanoseconds/fitted-1))
	}
	return c
}

// costPoints are the points of one launch that the line goes through.
func costPoints(sizes []workload.Size, samples []evidence.Sample) []WidthCost {
	var points []WidthCost
	for _, size := range sizes {
		if values := valuesOf(samples, size.Nanoseconds); len(values) > 0 {
			points = append(points, WidthCost{size.Times, size.MultiplyAdds, stats.Median(values)})
		}
	}
	return points
}

// line fits nanoseconds = a + b·multiply-adds by least squares of the relative
// deviations: timings are off by a share, not by an amount.
func line(points []WidthCost) (a, b float64, ok bool) {
	var w, wx, wy, wxx, wxy float64
	for _, p := range points {
		if !(p.Nanoseconds > 0) {
			return 0, 0, false
		}
		weight := 1 / (p.Nanoseconds * p.Nanoseconds)
		w += weight
		wx += weight * p.MultiplyAdd
		wy += weight * p.Nanoseconds
		wxx += weight * p.MultiplyAdd * p.MultiplyAdd
		wxy += weight * p.MultiplyAdd * p.Nanoseconds
	}
	determinant := w*wxx - wx*wx
	if len(points) < 2 || !(determinant > 0) {
		return 0, 0, false
	}
	b = (w*wxy - wx*wy) / determinant
	return (wy - b*wx) / w, b, true
}

// Crossover is the number of multiply-adds from which on b is faster than a,
// where a is faster below it: where their lines cross. It is NaN where one is
// faster at every size.
func Crossover(a, b *Costs) float64 {
	slope := a.MultiplyAddNanoseconds.Estimate - b.MultiplyAddNanoseconds.Estimate
	at := (b.CallNanoseconds.Estimate - a.CallNanoseconds.Estimate) / slope
	if slope == 0 || !(at > 0) {
		return math.NaN()
	}
	return at
}

// AtEqualSlopes is how many times as fast a would be as b at the suite's own size if
// a multiply-add cost both what it costs b: what is left of their ratio without a's
// vectors. It is NaN where a line goes below nothing.
func AtEqualSlopes(a, b *Costs) float64 {
	slope := b.MultiplyAddNanoseconds.Estimate
	size := b.Widths[0].MultiplyAdd
	faster, slower := a.CallNanoseconds.Estimate+slope*size, b.CallNanoseconds.Estimate+slope*size
	if !(a.MultiplyAddNanoseconds.Estimate > 0 && slope > 0 && faster > 0 && slower > 0) {
		return math.NaN()
	}
	return slower / faster
}
