package measure

// This file draws the rounds of a replicate: who has a turn when, and how long.

import (
	"math"
	"math/rand/v2"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// turn is one burst of a round. Who is an index into the replicate's launches.
type turn struct {
	who   int
	phase evidence.Phase
}

const nobody = -1

// round is what the launches of one round have in common.
type round struct {
	number int
	long   bool
	// near has long bursts over as few rows as short ones.
	near bool
	// everybody has contenders take part that no claim is about.
	everybody bool
	// stalled plants a stop in a long burst of each launch's.
	stalled bool
	// rows is how many rows a short burst's file has.
	rows int
	// factor is by how much bursts are longer than their size says.
	factor float64
	// positive has the control copy make calls that are not counted. Never has it
	// two bursts in a round: of two processes the one that ran more often is warmer.
	positive bool
	// want asks for the labels.
	want bool
}

// drawRounds draws the rounds of a replicate. Which ones are long is drawn rather
// than counted, so that no contender can wait for them; a contender can't tell a
// short burst from practice or from a probe either, since calls, rows and want
// are drawn from the same ranges.
func drawRounds(random *rand.Rand, plan suite.PairedPlan) []round {
	rounds := make([]round, plan.Rounds)
	for i := range rounds {
		rounds[i] = drawRound(random, plan)
		rounds[i].number = i + 1
	}
	longs := plan.Rounds / plan.LongEvery
	for at, index := range random.Perm(plan.Rounds)[:longs] {
		rounds[index].long, rounds[index].everybody = true, true
		rounds[index].want = false
		rounds[index].near = at%2 == 1
		// A stop is planted where there are many rows: one for each call.
		rounds[index].stalled = at%2 == 0 && at/2 < plan.Stalls
	}
	return rounds
}

// drawRound draws a short round.
func drawRound(random *rand.Rand, plan suite.PairedPlan) round {
	return round{
		rows:   plan.RowsLeast + random.IntN(plan.RowsMost-plan.RowsLeast+1),
		factor: 0.75 + 0.5*random.Float64(),
		want:   random.IntN(8) > 0,

		everybody: random.IntN(plan.OthersEvery) == 0,
		positive:  random.IntN(2) == 0,
	}
}

// turns draws the order of a round's bursts. taking are the indices of the launches
// that take part, control the one that is the control copy, or nobody.
func (r round) turns(random *rand.Rand, taking []int, control int) []turn {
	var all []turn
	for _, who := range taking {
		switch {
		case r.long:
			all = append(all, turn{who, r.longPhase()}, turn{who, evidence.PhaseEmpty})
			if r.stalled {
				all = append(all, turn{who, evidence.PhaseStall})
			}
		default:
			phase := evidence.PhaseShort
			if who == control && r.positive {
				phase = evidence.PhasePositive
			}
			all = append(all, turn{who, phase})
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// longPhase is the phase of a long round's bursts.
func (r round) longPhase() evidence.Phase {
	if r.near {
		return evidence.PhaseNear
	}
	return evidence.PhaseLong
}

// sizeBursts sizes a contender's bursts from what practice showed of it: the time
// of a call and that of a request without calls. A burst of the controlled
// contender has a multiple of PositiveCalls calls, whatever that takes.
func sizeBursts(plan suite.PairedPlan, batch int, nanosecondsPerCall, emptyNanoseconds float64, controlled bool) evidence.BurstSize {
	c := max(nanosecondsPerCall, 1)
	calls := float64(plan.Short) / c
	if least := float64(plan.LeastCalls); calls < least {
		calls = min(least, max(float64(plan.ShortMost)/c, 2))
	}
	size := evidence.BurstSize{
		NanosecondsPerCall: nanosecondsPerCall,
		Warmup:             int(min(float64(plan.Warmup), max(float64(plan.WarmupMost)/c, 2))),
		Calls:              int(math.Ceil(calls)),
		LongCalls:          longCalls(plan, batch, c, emptyNanoseconds),
		Multiple:           1,
	}
	if controlled {
		size.Multiple = max(1, plan.PositiveCalls)
	}
	size.Calls = multiple(size.Calls, size.Multiple)
	return size
}

// longRowsMost bounds the rows of a long burst, and with them its calls. Every launch
// that reads them has several copies of its file, which is 16 MB then, and the harness
// has its own of each: 34 launches and files of ten million rows ended a machine of 24
// GB. An engine would have to make a call in 2.5 ns for its long bursts to be shorter
// than they should.
const longRowsMost = 1 << 22

func longCalls(plan suite.PairedPlan, batch int, nanosecondsPerCall, emptyNanoseconds float64) int {
	long := max(float64(plan.LongLeast), plan.LongOverhead*emptyNanoseconds)
	calls := min(long, float64(plan.LongMost)) / nanosecondsPerCall
	return int(math.Ceil(max(min(calls, float64(longRowsMost/max(batch, 1))), 2)))
}

// multiple rounds up to a multiple of unit, at least one.
func multiple(n, unit int) int { return max(1, (n+unit-1)/unit) * unit }

// nearestMultiple rounds to a multiple of unit, at least one. A burst of a slow engine is
// one unit or two, and rounded up it was two in half of the rounds, where the size asks
// for one.
func nearestMultiple(calls float64, unit int) int {
	return max(1, int(math.Round(calls/float64(unit)))) * unit
}

// nearLeast is how long a near burst lasts where that is at most twice a long one. The
// thread of Go's runtime that looks after the others wakes some sixty times in the first
// ten milliseconds of a request and hardly ever later: 7% of a long burst, and of a short
// one nothing, so that the clocks of an honest engine seemed to differ.
const nearLeast = 20 * time.Millisecond

// nearCalls is how many calls the size asks of a near burst. More of them cost no rows.
func nearCalls(size evidence.BurstSize) int {
	due := float64(nearLeast.Nanoseconds()) / max(size.NanosecondsPerCall, 1)
	return int(math.Ceil(min(max(due, float64(size.LongCalls)), float64(2*size.LongCalls))))
}

// ofLong varies the calls of long bursts with the round. They are never fewer than the
// size: it is the least that the outer clock can judge.
func (r round) ofLong(calls int) int { return int(math.Round(float64(calls) * (0.7 + 0.4*r.factor))) }

// calls is how many calls a launch with this size makes in the round.
func (r round) calls(size evidence.BurstSize, phase evidence.Phase) int {
	counted := nearestMultiple(float64(size.Calls)*r.factor, size.Multiple)
	switch phase {
	case evidence.PhaseEmpty, evidence.PhaseOpening:
		return 0
	case evidence.PhaseLong:
		return r.ofLong(size.LongCalls)
	case evidence.PhaseNear:
		return r.ofLong(nearCalls(size))
	case evidence.PhaseStall:
		// Timed one by one, calls take longer, and each is kept.
		return max(1, size.LongCalls/4)
	case evidence.PhasePositive:
		return counted + counted/size.Multiple
	default:
		return counted
	}
}
