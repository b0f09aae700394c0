package audit

// This file holds the rounds of replicates against the plan and the nonce: who takes
// part in them, and in which order bursts are made.

import (
	"maps"
	"math/rand/v2"
	"slices"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// inEveryRound reports whether a launch takes part in all rounds: those do that a claim
// is about, or that stand beside such a one. Without claims all do.
func (c *Case) inEveryRound(l *Launch) bool {
	claims := c.Bundle.Plan.Claims
	return len(claims) == 0 || l.Role != "" || c.Contender(suite.ControlName(l.Contender)) != nil ||
		slices.ContainsFunc(claims, func(claim suite.ClaimPlan) bool { return l.Contender == claim.Faster || l.Contender == claim.Than })
}

// RoundsDue is in how many rounds a launch has to take part: in all, or, where no claim
// is about it, in those of long bursts and in those short ones in which others of its
// kind do, since they take part together or not at all.
func (c *Case) RoundsDue(l *Launch, replicate []*Launch) int {
	if c.inEveryRound(l) {
		return c.Bundle.Plan.Paired.Rounds
	}
	due := map[int32]bool{}
	for _, beside := range replicate {
		if beside.Samples == nil || !beside.Finished() && beside != l {
			continue
		}
		for _, sample := range beside.Samples.Bursts {
			switch sample.Phase {
			case evidence.PhaseLong, evidence.PhaseNear:
				due[sample.Round] = true
			case evidence.PhaseShort:
				due[sample.Round] = due[sample.Round] || !c.inEveryRound(beside)
			}
		}
	}
	maps.DeleteFunc(due, func(_ int32, takesPart bool) bool { return !takesPart })
	return len(due)
}

// TooFewRounds reports whether a launch took part in fewer rounds than chance lets one
// that no claim is about: where it is alone of its kind, nothing else tells which were
// left out.
func (c *Case) TooFewRounds(l *Launch) bool {
	plan := c.Bundle.Plan.Paired
	if c.inEveryRound(l) || plan.OthersEvery < 1 || plan.LongEvery < 1 {
		return false
	}
	long := plan.Rounds / plan.LongEvery
	short := l.Rounds() - long
	return short < 0 || stats.Binomial(short, plan.Rounds-long, 1-Accidents).High < 1/float64(plan.OthersEvery)
}

// turn is one burst of a round: whose, as an index into the replicate's launches, and
// for what.
type turn struct {
	who   int
	phase evidence.Phase
}

// madeTurn is one that was made, and when.
type madeTurn struct {
	turn
	startNanoseconds int64
}

// turnsReplay: in every round bursts were made in the order that the nonce gives.
func (c *Case) TurnsReplay() Ruling {
	rounds, replicates := 0, c.Replicates()
	for _, replicate := range slices.Sorted(maps.Keys(replicates)) {
		nonce, told := c.NonceIn(replicate)
		if !told {
			continue
		}
		made, timed := turnsOf(replicates[replicate])
		if !timed {
			return Skips("when each burst of replicate %d was sent", replicate)
		}
		numbers := slices.Sorted(maps.Keys(made))
		if c.cutShort[replicate] && len(numbers) > 0 {
			// The round that was going on has some of its bursts.
			numbers = numbers[:len(numbers)-1]
		}
		for _, number := range numbers {
			random := func() *rand.Rand { return draw.Turns(nonce, replicate, int(number)) }
			if !ordered(random, replicates[replicate], made[number]) {
				return Fails("in round %d of replicate %d bursts are missing, or were made in another order than the nonce gives", number, replicate)
			}
			rounds++
		}
	}
	if missing := c.nonceMissing(); missing != nil {
		return *missing
	}
	return Passes("the order of bursts replays from the nonce in all %d rounds", rounds)
}

// turnsOf are the bursts of a replicate's rounds, in the order in which they were made;
// timed is false where that is not kept of one.
func turnsOf(launches []*Launch) (made map[int32][]madeTurn, timed bool) {
	made = map[int32][]madeTurn{}
	for who, launch := range launches {
		if launch.Samples == nil {
			continue
		}
		for _, sample := range launch.Samples.Bursts {
			if sample.Round == 0 || !slices.Contains(roundPhases, sample.Phase) {
				continue
			}
			if sample.StartNanoseconds == nil {
				return nil, false
			}
			made[sample.Round] = append(made[sample.Round], madeTurn{turn{who, sample.Phase}, *sample.StartNanoseconds})
		}
	}
	for _, turns := range made {
		slices.SortStableFunc(turns, func(a, b madeTurn) int {
			switch {
			case a.startNanoseconds < b.startNanoseconds:
				return -1
			case a.startNanoseconds > b.startNanoseconds:
				return 1
			}
			return 0
		})
	}
	return made, true
}

// roundPhases are what bursts of rounds are for.
var roundPhases = []evidence.Phase{
	evidence.PhaseShort, evidence.PhasePositive, evidence.PhaseLong, evidence.PhaseNear, evidence.PhaseEmpty, evidence.PhaseStall,
}

// mostWavering bounds for how many launches of a round it is tried whether they had a
// turn that they did not live to take.
const mostWavering = 6

// ordered reports whether the bursts of a round are those that its launches had to
// make, in the order that they are shuffled into. A launch that did not finish may have
// ended in its turn, or before the round: either will do.
func ordered(random func() *rand.Rand, launches []*Launch, made []madeTurn) bool {
	var taking, wavering []int
	for who, launch := range launches {
		switch {
		case slices.ContainsFunc(made, func(m madeTurn) bool { return m.who == who }):
			taking = append(taking, who)
		case !launch.Finished() && launch.Samples != nil && len(wavering) < mostWavering:
			wavering = append(wavering, who)
		}
	}
	for chosen := range 1 << len(wavering) {
		present := slices.Clone(taking)
		for i, who := range wavering {
			if chosen&(1<<i) != 0 {
				present = append(present, who)
			}
		}
		slices.Sort(present)
		due := dueTurns(present, made)
		random().Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
		if follows(made, due, launches) {
			return true
		}
	}
	return false
}

// dueTurns are the bursts of a round before they are shuffled: in the order of their
// launches, and of a launch the long one before the empty request and that before the
// one with a planted stop.
func dueTurns(taking []int, made []madeTurn) []turn {
	seen := map[evidence.Phase]bool{}
	own := map[int]evidence.Phase{}
	for _, m := range made {
		seen[m.phase], own[m.who] = true, m.phase
	}
	var due []turn
	for _, who := range taking {
		switch {
		case seen[evidence.PhaseLong] || seen[evidence.PhaseNear]:
			long := evidence.PhaseLong
			if seen[evidence.PhaseNear] {
				long = evidence.PhaseNear
			}
			due = append(due, turn{who, long}, turn{who, evidence.PhaseEmpty})
			if seen[evidence.PhaseStall] {
				due = append(due, turn{who, evidence.PhaseStall})
			}
		case own[who] == evidence.PhasePositive:
			due = append(due, turn{who, evidence.PhasePositive})
		default:
			due = append(due, turn{who, evidence.PhaseShort})
		}
	}
	return due
}

// follows reports whether what was made is what was due, but for turns of launches that
// did not finish.
func follows(made []madeTurn, due []turn, launches []*Launch) bool {
	at := 0
	for _, d := range due {
		switch {
		case at < len(made) && made[at].turn == d:
			at++
		case launches[d.who].Finished():
			return false
		}
	}
	return at == len(made)
}

// Accidents is how probable it may be that chance alone explains what a rule counts.
const Accidents = 1e-5
