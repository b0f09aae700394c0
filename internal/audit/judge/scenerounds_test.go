package judge_test

// This file gives the made-up contenders their turns.

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/suite"
)

func sha256Of(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// startOrder is the order in which a replicate starts its contenders, as the nonce
// gives it.
func (r *stage) startOrder(replicate, n int) []int {
	return draw.Order(r.nonce, replicate, n)
}

// rounds lets the launches of a replicate take turns.
func (r *stage) rounds(launches []*appearance, number int) {
	for round := 1; round <= r.plan.Paired.Rounds; round++ {
		long := round%r.plan.Paired.LongEvery == 0
		near := round%(2*r.plan.Paired.LongEvery) == 0
		stalled := round == r.plan.Paired.LongEvery || round == 3*r.plan.Paired.LongEvery
		rows := r.plan.Paired.RowsLeast + r.random.IntN(r.plan.Paired.RowsMost-r.plan.Paired.RowsLeast)
		factor := 0.75 + 0.5*r.random.Float64()
		positive := r.random.IntN(2) == 0
		phases := []evidence.Phase{evidence.PhaseShort}
		switch {
		case near:
			phases = []evidence.Phase{evidence.PhaseNear, evidence.PhaseEmpty}
		case stalled:
			phases = []evidence.Phase{evidence.PhaseLong, evidence.PhaseEmpty, evidence.PhaseStall}
		case long:
			phases = []evidence.Phase{evidence.PhaseLong, evidence.PhaseEmpty}
		}
		var last *evidence.Sample
		for _, turn := range r.turns(launches, phases, number, round) {
			sample := turn.made(round, rows, factor, near, positive)
			if last != nil {
				last.CanaryAfterNanoseconds = sample.CanaryBeforeNanoseconds
			}
			last = sample
		}
		after := r.canary()
		last.CanaryAfterNanoseconds = &after
		if round%100 == 0 {
			r.block(launches, number, round)
		}
	}
}

// sceneTurn is one burst of a round.
type sceneTurn struct {
	*appearance
	phase evidence.Phase
}

// turns are the bursts of a round in the order that the nonce gives.
func (r *stage) turns(launches []*appearance, phases []evidence.Phase, replicate, round int) []sceneTurn {
	var turns []sceneTurn
	for _, a := range launches {
		for _, phase := range phases {
			turns = append(turns, sceneTurn{a, phase})
		}
	}
	draw.Turns(r.nonce, replicate, round).Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
	return turns
}

func (t sceneTurn) made(round, rows int, factor float64, near, positive bool) *evidence.Sample {
	calls := int(float64(t.size.LongCalls) * (0.7 + 0.4*factor))
	if t.phase != evidence.PhaseShort && !near {
		rows = max(rows, calls)
	}
	switch t.phase {
	case evidence.PhaseShort:
		return t.short(round, rows, factor, positive)
	case evidence.PhaseStall:
		return t.stall(round, rows)
	case evidence.PhaseEmpty:
		calls = 0
	}
	return t.burst(t.phase, round, calls, 0, rows, 1)
}

func (a *appearance) short(round, rows int, factor float64, positive bool) *evidence.Sample {
	unit := a.size.Multiple
	calls := max((int(float64(a.size.Calls)*factor)+unit-1)/unit, 1) * unit
	phase := evidence.PhaseShort
	if a.name == suite.ControlName("go") && positive {
		phase, calls = evidence.PhasePositive, calls+calls/unit
	}
	return a.burst(phase, round, calls, a.size.Warmup, rows, 1)
}

// stall makes a burst with a stop planted in it, which one call has.
func (a *appearance) stall(round, rows int) *evidence.Sample {
	stop := int64(a.plan.Paired.StallFor)
	burst := a.burst(evidence.PhaseStall, round, stalledCalls, 0, rows, 1)
	one := *burst
	one.Phase, one.Calls = evidence.PhaseStallCall, 1
	one.StartNanoseconds, one.OuterNanoseconds, one.CPUNanoseconds = nil, nil, nil
	one.CanaryBeforeNanoseconds, one.CanaryAfterNanoseconds = nil, nil
	total := int64(0)
	hit := a.random.IntN(stalledCalls)
	for call := range stalledCalls {
		one.InnerNanoseconds = a.single(-1)
		if call == hit {
			one.InnerNanoseconds += stop
		}
		total += one.InnerNanoseconds
		a.samples = append(a.samples, one)
	}
	spent := total + 25*stalledCalls
	*burst.OuterNanoseconds += spent - burst.InnerNanoseconds
	burst.InnerNanoseconds = spent
	asked := a.last()
	asked.OuterNanoseconds, asked.InnerNanoseconds, asked.Samples = *burst.OuterNanoseconds, spent, true
	a.now = a.now.Add(time.Duration(stop))
	return burst
}

// block is what the kernel says over a hundred rounds.
func (r *stage) block(launches []*appearance, replicate, last int) {
	machine := &evidence.MachineUse{
		WallNanoseconds: 4_000_000_000, LoadAverage: [3]float64{1, 1, 1}, Pressure: &evidence.Pressure{},
		Total: evidence.CPUTimes{UserNanoseconds: 2_500_000_000, SystemNanoseconds: 400_000_000, IdleNanoseconds: 5_100_000_000},
		CPUs: []evidence.CPUState{
			{Number: 0, CPUTimes: evidence.CPUTimes{UserNanoseconds: 700_000_000, SystemNanoseconds: 200_000_000, IdleNanoseconds: 3_100_000_000}},
			{Number: 1, CPUTimes: evidence.CPUTimes{UserNanoseconds: 1_800_000_000, SystemNanoseconds: 200_000_000, IdleNanoseconds: 2_000_000_000}},
		},
		Busiest: []evidence.ProcessTime{},
	}
	block := evidence.Block{Cell: r.cell, Replicate: replicate, FirstRound: last - 99, LastRound: last, Machine: machine, AccountNanoseconds: 5_000_000, Watch: r.watch(launches)}
	for _, a := range launches {
		block.Processes = append(block.Processes, evidence.LaunchProcess{
			Launch: a.launch, Contender: a.name, Stopped: true, AllowedCPUs: []int{1},
			Use: evidence.ProcessUse{
				Process: 1000 + a.launch, WallNanoseconds: 4_000_000_000, CPUNanoseconds: 300_000_000,
				Threads:           []evidence.ThreadUse{{Thread: 1000 + a.launch, Name: "main", CPUNanoseconds: 300_000_000}},
				VoluntarySwitches: 150, MinorFaults: 30,
				IO: &evidence.InputOutput{ReadBytes: 3_600_000, WrittenBytes: 30_000, ReadCalls: 300, WriteCalls: 113},
			},
		})
	}
	r.blocks = append(r.blocks, block)
}
