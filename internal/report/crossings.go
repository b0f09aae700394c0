package report

// This file finds the bounds of the checklist that a run's figures cross. They may by
// right: what shows that is for the audit to weigh, and that one was crossed is a limit
// of the comparison.

import (
	"fmt"
	"math"
	"slices"

	"cupel/internal/estimate"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// The bounds: of points 83, 86 and 87, and the share of time that the host may take.
const (
	leastCallNanoseconds = 100
	mostTimes            = 100
	leastLead            = 2
	smallMultiplyAdds    = 1e4
	mostStolen           = 0.05
)

// crossing is one bound that was crossed.
type crossing struct {
	id, text string
}

// crossings are those of a run of answers, or of one cell of it.
func (r *Results) crossings() []crossing {
	if r.trains() || r.Estimates == nil {
		return nil
	}
	var crossed []crossing
	for _, c := range r.Contenders {
		if c.Status == Measured && r.shortest(c) < leastCallNanoseconds {
			crossed = append(crossed, crossing{limitFast + c.Name, fmt.Sprintf(
				"A call of %s takes less than %d ns; that its work is done in so little time is for other evidence to show (point 83)", r.label(c.Name), leastCallNanoseconds)})
		}
	}
	for _, c := range slices.Concat(r.Estimates.Claims, r.Estimates.Others) {
		if c.Ratio.Estimate > mostTimes || c.Ratio.Estimate < 1.0/mostTimes {
			crossed = append(crossed, crossing{limitFarApart + c.A + "/" + c.B, fmt.Sprintf(
				"%s and %s are more than %d times apart; that nothing slows the slower one is for other evidence to show (point 86)", r.label(c.A), r.label(c.B), mostTimes)})
		}
		if compiled, interpreted := r.closeBy(c); compiled != "" {
			crossed = append(crossed, crossing{limitNearInterpreted + compiled + "/" + interpreted, fmt.Sprintf(
				"%s, compiled, is less than %d times as fast as %s, interpreted; that it is an optimised build is for other evidence to show (point 87)", r.label(compiled), leastLead, r.label(interpreted))})
		}
	}
	return crossed
}

// shortest is the least of the three figures that stand for a call: p50 and mean, medians
// over launches, and what one takes in short bursts.
func (r *Results) shortest(c Contender) float64 {
	least := min(
		median(c.Launches, func(l Launch) float64 { return l.Nanoseconds.P50 }),
		median(c.Launches, func(l Launch) float64 { return l.Nanoseconds.Mean }),
	)
	for _, e := range r.Estimates.Contenders {
		if e.Name == c.Name && !math.IsNaN(e.ShortNanoseconds) {
			least = min(least, e.ShortNanoseconds)
		}
	}
	return least
}

// closeBy are a compiled and an interpreted engine, in this order, of which the first is
// not far ahead although it is small models, one row a call, that are asked for.
func (r *Results) closeBy(c estimate.Comparison) (compiled, interpreted string) {
	plan := r.Bundle.Plan
	a, known := r.engine(c.A)
	b, knownToo := r.engine(c.B)
	if !known || !knownToo || plan.Batch != 1 || plan.Model.MultiplyAdds() > smallMultiplyAdds || a.Interpreted == b.Interpreted {
		return "", ""
	}
	compiled, interpreted, lead := c.A, c.B, c.Ratio.Estimate
	if a.Interpreted {
		compiled, interpreted, lead = c.B, c.A, 1/lead
	}
	if lead >= leastLead {
		return "", ""
	}
	return compiled, interpreted
}

// engine is the built-in engine that a contender is. Of what a suite starts by a command
// of its own nothing but the audit can say.
func (r *Results) engine(contender string) (suite.EnginePlan, bool) {
	engine, known := r.Bundle.Plan.Engine(contender)
	return engine, known && !slices.Contains(r.Bundle.Plan.Own, contender)
}

// stolen is how much of the time of the contenders' launches the host took, in the
// middle one.
func (r *Results) stolen() float64 {
	var shares []float64
	for _, c := range r.Contenders {
		for _, launch := range c.Launches {
			shares = append(shares, launch.Observation.StolenShare)
		}
	}
	if len(shares) == 0 {
		return 0
	}
	return stats.Median(shares)
}
