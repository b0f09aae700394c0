package verify

// This file makes the checks of conduct anew: clocks that lie now and then, calls
// made before, threads and helpers, and peers beside their canonical runner.

import (
	"math"
	"slices"
)

// block is one of the kernel's accounts of processes over some rounds.
type block struct {
	FirstRound int32 `json:"first_round"`
	LastRound  int32 `json:"last_round"`
	Processes  []struct {
		Launch int `json:"launch"`
		Use    use `json:"use"`
	} `json:"processes"`
}

// use is what a process did over a block.
type use struct {
	// requests are those that fell into the block.
	requests    int
	CPU         float64 `json:"cpu_ns"`
	Descendants float64 `json:"descendant_cpu_ns"`
	Threads     []struct {
		CPU float64 `json:"cpu_ns"`
	} `json:"threads"`
}

// keepConduct keeps of a launch what the checks of conduct need of single bursts.
func (l *launched) keepConduct() {
	l.onCPU, l.innerMost, l.requests = map[string][]float64{}, math.NaN(), map[int32]int{}
	for _, b := range l.bursts {
		l.requests[b.round]++
		if b.outer != absent && b.outer > 0 {
			if share := float64(b.inner) / float64(b.outer); !(share <= l.innerMost) {
				l.innerMost = share
			}
		}
		if (b.phase == "long" || b.phase == "near") && b.cpu != absent && !l.descheduled(b) {
			l.onCPU[b.phase] = append(l.onCPU[b.phase], float64(b.cpu)/float64(max(b.inner, 1)))
		}
	}
}

// conduct makes the checks of a contender's conduct; cost is what a request costs of
// a long burst of either kind.
func (v *verification) conduct(c *contender, cost func(phase string) float64) []check {
	most := math.NaN()
	for _, one := range c.paired {
		if !(one.innerMost <= most) && !math.IsNaN(one.innerMost) {
			most = one.innerMost
		}
	}
	limits := v.records.plan.limits()
	classic := over(c.paired, quotient("classic", "short"))
	return []check{
		judged("inner-time", most, limits.InnerTime, most <= limits.InnerTime, most, limits.InnerTime),
		v.burstByBurst(c, cost),
		judged("classic-calls", classic, limits.ClassicCalls, classic >= limits.ClassicCalls, classic, limits.ClassicCalls),
		v.threads(c), v.helpers(c),
	}
}

func (v *verification) burstByBurst(c *contender, cost func(phase string) float64) check {
	if v.records.plan.Threads != 1 {
		return unjudged("clock-by-bursts")
	}
	limits := v.records.plan.limits()
	kept := slices.DeleteFunc(slices.Clone(c.paired), func(one *launched) bool { return one.stolen })
	if len(kept) == 0 && len(c.paired) > 0 {
		return unjudged("clock-by-bursts", percent(limits.StolenShare))
	}
	beyond, bursts := 0, 0
	for _, phase := range []string{"long", "near"} {
		request := cost(phase)
		for _, one := range kept {
			if math.IsNaN(request) {
				break
			}
			for _, share := range one.onCPU[phase] {
				bursts++
				if share > limits.BurstClock+request {
					beyond++
				}
			}
		}
	}
	share := float64(beyond) / float64(bursts)
	return judged("clock-by-bursts", share, limits.BurstClockShare, beyond < limits.BurstClockBursts || share <= limits.BurstClockShare,
		float64(beyond), float64(bursts), limits.BurstClock, percent(limits.BurstClockShare))
}

func (v *verification) threads(c *contender) check {
	if v.records.plan.Threads != 1 {
		return unjudged("threads")
	}
	var shares, each []float64
	for _, use := range v.usesOf(c) {
		busiest, all := 0.0, 0.0
		for _, thread := range use.Threads {
			busiest, all = max(busiest, thread.CPU), all+thread.CPU
		}
		if all = max(all, use.CPU); all > 0 {
			shares = append(shares, 1-busiest/all)
		}
		if use.requests > 0 {
			each = append(each, (all-busiest)/float64(use.requests))
		}
	}
	share, limits := median(shares), v.records.plan.limits()
	if own := median(each); share > limits.OtherThreads && len(each) > 0 {
		return judged("threads", share, limits.OtherThreads, own <= limits.OtherThreadsEach,
			percent(share), own/1e6, percent(limits.OtherThreads), limits.OtherThreadsEach/1e6)
	}
	return judged("threads", share, limits.OtherThreads, share <= limits.OtherThreads, percent(share), percent(limits.OtherThreads))
}

func (v *verification) helpers(c *contender) check {
	var cpu, own float64
	for _, use := range v.usesOf(c) {
		cpu, own = cpu+use.Descendants, own+use.CPU
	}
	share, most := cpu/own, v.records.plan.limits().Helpers
	return judged("helpers", share, most, share <= most, percent(share), percent(most))
}

func (v *verification) usesOf(c *contender) []use {
	own := map[int]*launched{}
	for _, one := range c.paired {
		own[one.row.Launch] = one
	}
	var uses []use
	for _, block := range v.records.blocks {
		for _, process := range block.Processes {
			one, known := own[process.Launch]
			if !known {
				continue
			}
			made := process.Use
			for round, count := range one.requests {
				if round >= block.FirstRound && round <= block.LastRound {
					made.requests += count
				}
			}
			uses = append(uses, made)
		}
	}
	return uses
}

// likeCanonical compares a contender that names an engine with that engine's runner.
func likeCanonical(c comparison, most float64) check {
	if math.IsInf(c.ratio.high, 1) || math.IsNaN(c.ratio.low) || c.ratio.low == 0 {
		return unjudged("canonical")
	}
	away := max(c.ratio.low, 1/c.ratio.high, 1)
	return judged("canonical", away, most, away <= most, c.ratio.estimate, c.ratio.low, c.ratio.high, away, most)
}
