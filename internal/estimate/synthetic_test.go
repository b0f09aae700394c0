package estimate

// This file makes samples as contenders of known speed and honesty would leave
// them, from a seeded generator.

import (
	"math/rand/v2"

	"cupel/internal/evidence"
	"cupel/internal/suite"
	"cupel/internal/workload"
	"cupel/model"
)

// engine is what a contender is and how it lies.
type engine struct {
	// call is what a call truly takes, in nanoseconds, multiplyAdd what each
	// multiply-add of the scaling probe adds to it.
	call, multiplyAdd float64
	// between is by how much launches differ, burst by how much bursts do: standard
	// deviations, as shares.
	between, burst float64
	// loud is by how much it is slower while the machine has neighbours.
	loud float64
	// shortClock, longClock and nearClock are what it says that bursts take, as a
	// share of what they take.
	shortClock, longClock, nearClock float64
	// near is what a call over few rows takes against one over many.
	near float64
	// request is what a request takes beside its calls, row what each of its rows
	// adds, in nanoseconds.
	request, row float64
	// cpu is how much of the time it has a CPU.
	cpu float64
	// stops says where planted stops show.
	stops stops
	// classic is what it says of a call of the classic protocol, as a share of what a
	// call takes.
	classic float64
	// half, of all long bursts, are said to take half the time; 0 is none, 3 every
	// third. overlong makes one request longer inside than outside.
	half     int
	overlong bool
	// waits is how long two of three long bursts wait for a CPU, as a share of what they
	// take: before they begin and after they end. It is the harness that waits where heldUp.
	// In the first calm launches none waits.
	waits  float64
	heldUp bool
	calm   int
	// frank is how many of its first launches say of short bursts what they take.
	frank int
}

type stops int

const (
	inOneCall stops = iota
	betweenCalls
	// hidden ones are in the burst's time and in no call's.
	hidden
	// spread ones are shared out over all calls.
	spread
	// denied ones are in the harness's time alone, and invented ones in a call's
	// besides.
	denied
	invented
	missed
)

// honest takes so many nanoseconds a call and says so.
func honest(call float64) engine {
	return engine{
		call: call, multiplyAdd: 0.05, between: 0.002, burst: 0.02, loud: 1,
		shortClock: 1, longClock: 1, nearClock: 1, near: 1, request: 20_000, row: 1, cpu: 1, classic: 0.95,
	}
}

// scenery is how a run is built.
type scenery struct {
	replicates, rounds int
	// neighbours says in which rounds the machine has neighbours; nil is never.
	neighbours func(round int) bool
	seed       uint64
}

// One round in longEvery is long: over many rows, or over few every other time.
const longEvery = 6

// The canary's times.
const (
	canaryFast = 10_000
	canaryLoud = 15_000
)

var calmly = scenery{replicates: 10, rounds: 60, seed: 1}

// perform makes the samples of a run. A contender named as the second copy of
// another makes the positive control's bursts too.
func (s scenery) perform(engines map[string]engine, names ...string) []Replicate {
	var replicates []Replicate
	for number := 1; number <= s.replicates; number++ {
		replicate := Replicate{}
		for at, name := range names {
			random := rand.New(rand.NewPCG(s.seed, uint64(1000*number+at)))
			p := performance{engine: engines[name], scenery: s, random: random, control: name == suite.ControlName("a")}
			p.speed = 1 + p.between*random.NormFloat64()
			p.sample = evidence.Sample{Launch: int32(100*number + at), Contender: name, Replicate: int32(number)}
			p.at = at
			if number <= p.frank {
				p.shortClock = 1
			}
			if number <= p.calm {
				p.waits = 0
			}
			replicate[name] = p.perform()
		}
		replicates = append(replicates, replicate)
	}
	return replicates
}

// performance is a launch.
type performance struct {
	engine
	scenery
	random  *rand.Rand
	speed   float64
	at      int
	control bool
	sample  evidence.Sample
	samples []evidence.Sample
}

func (p *performance) perform() []evidence.Sample {
	for round := 1; round <= p.rounds; round++ {
		switch {
		case round%longEvery != 0:
			p.burst(round, evidence.PhaseShort, 200, 8000, p.shortClock)
			if p.control {
				p.burst(round, evidence.PhasePositive, 210, 8000, p.shortClock)
			}
		case round%(2*longEvery) == 0:
			p.burst(round, evidence.PhaseNear, 20_000, 8000, p.nearClock)
			p.burst(round, evidence.PhaseEmpty, 0, 8000, 1)
		default:
			p.burst(round, evidence.PhaseLong, 20_000, 20_000, p.longClock)
			p.burst(round, evidence.PhaseEmpty, 0, 20_000, 1)
			p.stall(round)
		}
	}
	for _, times := range probed.Probes.Widths {
		for range 5 {
			at := *p
			at.engine.call += p.multiplyAdd * multiplyAdds(probed, times)
			at.samples = nil
			at.burst(0, evidence.PhaseWidth(times), 200, 8000, 1)
			p.samples = append(p.samples, at.samples...)
		}
		p.burst(0, evidence.PhaseWidthEmpty(times), 0, 8000, 1)
	}
	classic := p.sample
	classic.Phase, classic.Calls = evidence.PhaseRequest, 10_000
	classic.InnerNanoseconds = int64(10_000 * p.call * p.speed * p.classic)
	p.samples = append(p.samples, classic)
	return p.samples
}

// burst makes one request.
func (p *performance) burst(round int, phase evidence.Phase, calls, rows int32, clock float64) {
	s := p.sample
	s.Phase, s.Round, s.Calls, s.Rows = phase, int32(round), calls, rows
	slower, canary := 1.0, int64(canaryFast)
	if round > 0 && p.neighbours != nil && p.neighbours(round) {
		slower, canary = p.engine.loud, canaryLoud
	}
	if phase == evidence.PhaseNear {
		slower *= p.near
	}
	took := p.call * float64(calls) * p.speed * slower * (1 + p.engine.burst*p.random.NormFloat64())
	request := p.request + p.row*float64(rows)
	s.InnerNanoseconds = int64(took * clock)
	s.OuterNanoseconds = pointer(int64(took + request))
	s.CPUNanoseconds = pointer(int64((took + request/2) * p.cpu))
	if (phase == evidence.PhaseLong || phase == evidence.PhaseNear) && p.half > 0 && (round/longEvery)%p.half == 0 {
		s.InnerNanoseconds /= 2
	}
	if (phase == evidence.PhaseLong || phase == evidence.PhaseNear) && (round/longEvery)%3 != 0 {
		*s.OuterNanoseconds += int64(took * p.waits)
		if p.heldUp {
			s.HarnessWaitNanoseconds = pointer(int64(took * p.waits))
		}
	}
	if p.overlong && phase == evidence.PhaseShort && round == 1 {
		s.InnerNanoseconds = *s.OuterNanoseconds + 1
	}
	s.StartNanoseconds = pointer(int64(round)*1_000_000 + int64(p.at)*10_000 + int64(len(p.samples)%7))
	if round > 0 {
		s.CanaryBeforeNanoseconds, s.CanaryAfterNanoseconds = pointer(canary), pointer(canary)
	}
	p.samples = append(p.samples, s)
}

// stall makes a burst of a hundred calls with a stop planted in it.
func (p *performance) stall(round int) {
	const calls = 100
	s := p.sample
	s.Phase, s.Round, s.Calls = evidence.PhaseStall, int32(round), calls
	each := int64(p.call)
	s.InnerNanoseconds = calls * each
	s.OuterNanoseconds = pointer(calls*each + int64(p.request))
	if p.stops != missed {
		*s.OuterNanoseconds += int64(probed.Paired.StallFor)
		if p.stops != denied && p.stops != invented {
			s.InnerNanoseconds += int64(probed.Paired.StallFor)
		}
	}
	p.samples = append(p.samples, s)
	for call := range calls {
		one := p.sample
		one.Phase, one.Round, one.Calls, one.InnerNanoseconds = evidence.PhaseStallCall, int32(round), 1, each
		// Now and then a stop falls between two calls, of an honest contender too.
		if call == 40 && (p.stops == inOneCall && round%4 != 0 || p.stops == invented || p.stops == betweenCalls && round == longEvery) {
			one.InnerNanoseconds += int64(probed.Paired.StallFor)
		}
		if p.stops == spread {
			one.InnerNanoseconds += int64(probed.Paired.StallFor) / calls
		}
		p.samples = append(p.samples, one)
	}
}

// multiplyAdds is how many a call takes at so many times the input width.
func multiplyAdds(plan suite.Plan, times int) float64 {
	plan.Probes.Widths = []int{times}
	return workload.Of(plan).Sizes()[0].MultiplyAdds
}

func pointer[T any](value T) *T { return &value }

// probed is the plan of a synthetic run: a claim that a is faster than b.
var probed = suite.Plan{
	Model:     model.Architecture{Kind: model.LogisticRegression, Layers: []int{784, 2}},
	Batch:     1,
	Threads:   1,
	Precision: 0.01, Tolerance: 0.01,
	Contenders: []string{"a", "b"},
	Claims:     []suite.ClaimPlan{{Faster: "a", Than: "b"}},
	Control:    []string{"a"},
	Paired:     suite.DefaultPaired,
	Probes:     suite.ProbesPlan{Widths: []int{1, 2, 4, 8}},
}

// compare compares a and b of a run.
func compare(s scenery, a, b engine) Comparison {
	replicates := s.perform(map[string]engine{"a": a, "b": b}, "a", "b")
	return Compare(probed, NewQuiet(probed, replicates), replicates, "a", "b")
}
