package audit

// This file holds what physics allows: how many multiply-adds a call has, how long each
// takes at least on the machine, and what the launches took.

import (
	"math"
	"slices"

	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/model"
)

// MultiplyAdds is how many a call takes at so many times the suite's input width.
func (c *Case) MultiplyAdds(times int) float64 {
	layers := c.Bundle.Plan.Model.Layers
	total := 0.0
	for i := range len(layers) - 1 {
		inputs := float64(layers[i])
		if i == 0 {
			inputs *= float64(times)
		}
		total += inputs * float64(layers[i+1])
	}
	return total * float64(c.Bundle.Plan.Batch)
}

// leastMultiplyAdds is the same of the smallest model with the same labels: one of
// logistic regression needs the differences of its rows of weights alone.
func (c *Case) leastMultiplyAdds() float64 {
	needed := c.MultiplyAdds(1)
	if outputs := float64(c.Bundle.Plan.Model.Outputs()); c.Bundle.Plan.Model.Kind == model.LogisticRegression && outputs > 1 {
		needed *= (outputs - 1) / outputs
	}
	return needed
}

// Cycle is what a cycle of the contenders' core takes, in nanoseconds, by all
// readings of the run; NaN where there is none.
func (c *Case) Cycle() float64 {
	var readings []float64
	for _, machine := range c.Bundle.Machines {
		readings = append(readings, machine.CycleNanoseconds...)
	}
	for _, block := range c.Bundle.Blocks {
		if block.Watch != nil {
			readings = append(readings, block.Watch.CycleNanoseconds...)
		}
	}
	if calibrated := c.Bundle.Environment.Calibration.CycleNanoseconds; len(readings) == 0 && calibrated > 0 {
		return calibrated
	}
	readings = slices.DeleteFunc(readings, func(reading float64) bool { return !(reading > 0) })
	if len(readings) == 0 {
		return math.NaN()
	}
	return stats.Median(readings)
}

// lanes is how many 32-bit floats the machine's widest vectors hold.
func (c *Case) lanes() float64 {
	has := func(feature string) bool { return slices.Contains(c.Bundle.Environment.Features, feature) }
	switch {
	case has("AVX512F"):
		return 16
	case has("AVX"):
		return 8
	case has("SVE"):
		return 64 // The architecture's widest.
	default:
		return 4
	}
}

// floorPerMultiplyAdd is the least time of a multiply-add on the machine, in
// nanoseconds: two vectors of them a cycle.
func (c *Case) floorPerMultiplyAdd() float64 { return c.Cycle() / (2 * c.lanes()) }

// floor is the least time of a call: of its arithmetic, or of reading the weights
// from the nearest cache where that takes longer. Several threads share both.
func (c *Case) floor() float64 {
	const weight = 4 // bytes
	threads := float64(max(c.Bundle.Plan.Threads, 1))
	least := c.leastMultiplyAdds() * c.floorPerMultiplyAdd() / threads
	if cache := c.Bundle.Environment.Calibration.Cache; cache != nil && cache.FastestBytesPerSecond > 0 {
		weights := c.leastMultiplyAdds() / float64(max(c.Bundle.Plan.Batch, 1))
		least = max(least, weights*weight/cache.FastestBytesPerSecond*1e9/threads)
	}
	return least
}

// Slopes are what a multiply-add takes, in nanoseconds, by launch, from bursts at
// several widths.
func (c *Case) Slopes(contender *Contender) []float64 {
	return contender.PerLaunch(func(l *Launch) float64 {
		_, slope := c.Line(l, 1)
		return slope
	})
}

// Line fits a launch's times of a call at the widths from least on by fixed + slope x
// multiply-adds, by least squares of relative deviations; NaN where it can't.
func (c *Case) Line(l *Launch, least int) (fixed, slope float64) {
	var w, wx, wy, wxx, wxy float64
	points := 0
	for _, times := range c.Bundle.Plan.Probes.Widths {
		nanoseconds := l.PhaseMedian(evidence.PhaseWidth(times), Clock(InnerOf).PerCall)
		if times < least || !(nanoseconds > 0) {
			continue
		}
		points++
		x, weight := c.MultiplyAdds(times), 1/(nanoseconds*nanoseconds)
		w, wx, wy = w+weight, wx+weight*x, wy+weight*nanoseconds
		wxx, wxy = wxx+weight*x*x, wxy+weight*x*nanoseconds
	}
	determinant := w*wxx - wx*wx
	if points < 2 || !(determinant > 0) {
		return math.NaN(), math.NaN()
	}
	slope = (w*wxy - wx*wy) / determinant
	return (wy - slope*wx) / w, slope
}

// CostWithin judges the cost of a call, which must never be below the floor, by
// bounds in cycles.
func (c *Case) CostWithin(contender *Contender, least, most float64) Ruling {
	cycle, costs := c.Cycle(), contender.PerLaunch((*Launch).Cost)
	if math.IsNaN(cycle) {
		return Skips("what a cycle of the contenders' core takes, by a chain of dependent instructions")
	}
	if len(costs) == 0 {
		return Skips("short bursts of %s", contender.Name)
	}
	cost, floor := stats.Median(costs), c.floor()
	r := Passes("a call costs %.0f ns, %.0f cycles; %.0f to %.0f are plausible, and the arithmetic alone takes %.0f ns", cost, cost/cycle, least, most, floor)
	switch {
	case Below(costs, floor):
		r = Fails("a call costs %.1f ns, and the arithmetic alone takes %.1f ns on this machine", cost, floor)
	case Below(costs, least*cycle):
		r = Fails("a call costs %.0f cycles; %.0f or more are plausible", cost/cycle, least)
	case Beyond(costs, most*cycle):
		r = Fails("a call costs %.0f cycles; at most %.0f are plausible", cost/cycle, most)
	}
	return r.With("cost of a call", "%.1f ns, %.0f cycles", cost, cost/cycle).With("least time of its arithmetic", "%.1f ns", floor)
}

// slopeAboveFloor: a multiply-add takes as long as one can, or longer.
func (c *Case) SlopeAboveFloor(contender *Contender) Ruling {
	slopes, floor := c.Slopes(contender), c.floorPerMultiplyAdd()*c.leastMultiplyAdds()/c.MultiplyAdds(1)/float64(max(c.Bundle.Plan.Threads, 1))
	if len(slopes) == 0 {
		return Skips("bursts at several widths")
	}
	if math.IsNaN(floor) {
		return Skips("what a cycle of the contenders' core takes")
	}
	r := Passes("a multiply-add takes %.4f ns, where the machine's vectors take %.4f", stats.Median(slopes), floor)
	if Below(slopes, floor) {
		r = Fails("a multiply-add takes %.4f ns, and the machine's vectors take %.4f: nothing is computed", stats.Median(slopes), floor)
	}
	return r.With("time of a multiply-add", "%.4f ns, at least %.4f", stats.Median(slopes), floor)
}
