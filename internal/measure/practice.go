package measure

// This file brings a launch to its steady state and sizes its bursts.

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/stats"
)

// practice lets a launch make bursts until its speed no longer changes, and sizes
// its contender's bursts where that has not been done.
func (a *attempt) practice(ctx context.Context) error {
	random := draw.Stream(a.cell.nonce, "practice", a.number)
	began := a.cell.run.outside.now()
	plan := a.cell.plan.Paired.Steady
	var series []float64
	for {
		burst, err := a.cell.asking.practise(ctx, a, random, len(series))
		if err != nil {
			return err
		}
		series = append(series, math.Log(max(burst, 1e-3)))
		if len(series) < plan.Bursts || len(series)%(plan.Bursts/2) != 0 {
			continue
		}
		recent := series[len(series)-plan.Bursts:]
		state := stats.Steady(recent, plan.Change, plan.Alpha)
		spent := a.cell.run.outside.now().Sub(began)
		if state.Course == stats.CourseSteady || spent > time.Duration(plan.Most) && len(series) >= 2*plan.Bursts {
			a.steady = &evidence.Steady{Course: string(state.Course), Bursts: len(series), Nanoseconds: spent.Nanoseconds(), Change: lastChange(state)}
			break
		}
	}
	a.cell.checkAll([]*attempt{a})
	if a.err != nil {
		return a.err
	}
	return a.cell.asking.size(ctx, a, random, math.Exp(stats.Median(series[len(series)-plan.Bursts/2:])))
}

// lastChange is the last change of speed that counts, as a share of the time
// before it.
func lastChange(state stats.SteadyState) float64 {
	n := len(state.Segments)
	if n < 2 {
		return 0
	}
	return math.Expm1(state.Segments[n-1].Median - state.Segments[n-2].Median)
}

// provisionalSize sizes the first bursts of a contender that nothing is known of:
// a few calls, and after five bursts as many as those show to be right.
func (a *attempt) provisionalSize(made int) evidence.BurstSize {
	const enough = 5
	var perCall []float64
	for _, sample := range a.samples {
		if sample.Phase == evidence.PhasePractice && len(perCall) < enough {
			claimed := float64(sample.InnerNanoseconds) / float64(sample.Calls)
			perCall = append(perCall, max(claimed, outerPerCall(sample, 0)/firstDisbelief))
		}
	}
	if made < enough {
		return evidence.BurstSize{Warmup: 4, Calls: 8, Multiple: 1}
	}
	return sizeBursts(a.cell.plan.Paired, a.cell.plan.Batch, stats.Median(perCall), 0, false)
}

// Bursts are sized by what a contender says that a call takes, but no further than the
// harness's clock bears it out: one that says a nanosecond would be sent gigabytes of rows
// and asked for calls by the million, before a check could tell. The first bursts are of
// few calls, and their time is a request's nearly alone; that of later ones is less that
// of a request without calls, and honest ones are within half as much again.
const (
	firstDisbelief = 100
	disbelief      = 4
)

// outerPerCall is what a call took at most by the harness's clock, in nanoseconds, where
// a request without calls takes so long.
func outerPerCall(sample evidence.Sample, emptyNanoseconds float64) float64 {
	if sample.OuterNanoseconds == nil || sample.Calls == 0 {
		return 0
	}
	return (float64(*sample.OuterNanoseconds) - emptyNanoseconds) / float64(sample.Calls+sample.Warmup)
}

// believed is what a call takes by the contender's clock, as far as the harness's bears
// that out: no less than a part of what its second fastest practice burst took, and no
// more than the slowest did, reading and warm-up included. The fastest may be one for
// which the harness's clock shows nothing, by chance. The middle one would not do: beside
// a process that has half of the core most requests wait for their turn, and long bursts
// were a tenth as long as they should be (23 Nov). Where requests without calls take as
// long as these, because they are slow on purpose or the machine was busy, what is over is
// nothing, and the bursts' whole time counts.
func (a *attempt) believed(nanosecondsPerCall, emptyNanoseconds float64) float64 {
	var whole, beyondEmpty []float64
	slowest := math.Inf(-1)
	for _, sample := range a.samples {
		if sample.Phase != evidence.PhasePractice || sample.OuterNanoseconds == nil || sample.Calls == 0 {
			continue
		}
		whole = append(whole, outerPerCall(sample, 0))
		beyondEmpty = append(beyondEmpty, outerPerCall(sample, emptyNanoseconds))
		slowest = max(slowest, float64(*sample.OuterNanoseconds)/float64(sample.Calls))
	}
	if len(whole) == 0 {
		return nanosecondsPerCall
	}
	least := max(secondLeast(beyondEmpty)/disbelief, secondLeast(whole)/firstDisbelief)
	return min(max(nanosecondsPerCall, least), slowest)
}

// secondLeast is the second smallest of values, or the only one.
func secondLeast(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(1, len(sorted)-1)]
}

// burst makes a chained burst over fresh rows.
func (a *attempt) burst(ctx context.Context, random *rand.Rand, variant *Variant, rows, warmup, calls int, want bool, phase evidence.Phase) (protocol.Infer, error) {
	file, path, err := a.replicate.chainedFile(variant, random, rows, warmup)
	if err != nil {
		return protocol.Infer{}, err
	}
	defer file.remove()
	request := protocol.InferRequest{
		Rows: rows, Dim: variant.Model.Architecture.Inputs(), Hop: 1, Batch: a.cell.plan.Batch,
		First: &path.first, Step: &path.step, Warmup: warmup, Calls: calls, Want: want,
	}
	return a.ask(ctx, file, request, phase, 0)
}

// sizedAs names the contender whose size of bursts this launch takes.
func (a *attempt) sizedAs() string {
	if a.contender.SizedAs != "" {
		return a.contender.SizedAs
	}
	return a.contender.Name
}

// resize settles the size of a contender's bursts.
func (c *cell) resize(contender string, size evidence.BurstSize) {
	c.sizes[contender] = size
}

// emptyRequest returns the outer nanoseconds of a request without calls over so
// many rows, the least of a few: the first ones also make room for the rows.
func (a *attempt) emptyRequest(ctx context.Context, random *rand.Rand, rows int) (float64, error) {
	const requests = 5
	for range requests {
		if _, err := a.burst(ctx, random, a.cell.run.Material.Variant, rows, 0, 0, false, evidence.PhaseEmpty); err != nil {
			return 0, err
		}
	}
	var outer []float64
	for _, sample := range slices.Backward(a.samples) {
		if len(outer) < requests {
			outer = append(outer, float64(*sample.OuterNanoseconds))
		}
	}
	return slices.Min(outer), a.check()
}

// stallAfter is when a stop is planted: somewhere in the middle of a burst that
// is a quarter as long as a long one. A long burst of a contender that reads slowly is
// longer than LongLeast, and the stop comes later by as much, so that the rows have
// been read by then.
func (a *attempt) stallAfter() time.Duration {
	random := draw.Stream(a.cell.nonce, "stall", a.number)
	size := a.cell.sizes[a.sizedAs()]
	long := max(float64(a.cell.plan.Paired.LongLeast), float64(size.LongCalls)*size.NanosecondsPerCall)
	return time.Duration((0.05 + 0.15*random.Float64()) * long)
}
