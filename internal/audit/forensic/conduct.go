package forensic

// This file holds the forensic rules about what contenders do: clocks that lie by
// phase, work that is done elsewhere or at another time, and behaviour that depends
// on who watches.

import (
	"fmt"
	"math"

	"cupel/internal/audit"
	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// growth is the time of the third and fourth quarter of a burst over that of the
// second, each.
func growth(l *audit.Launch, of audit.Clock) float64 {
	one, two, four := l.PhaseMedian(evidence.PhaseMultiple(1), of), l.PhaseMedian(evidence.PhaseMultiple(2), of), l.PhaseMedian(evidence.PhaseMultiple(4), of)
	return (four - two) / (two - one) / 2
}

func innerExceedsOuter(_ *audit.Case, contender *audit.Contender) string {
	const slack = 1_000 // ns
	for _, launch := range contender.Finished {
		if launch.Samples == nil {
			continue
		}
		for _, sample := range launch.Samples.Bursts {
			if sample.OuterNanoseconds != nil && sample.InnerNanoseconds > *sample.OuterNanoseconds+slack {
				return fmt.Sprintf("a request of the phase %s of launch %d took %d ns by its own clock and %d by the harness's", sample.Phase, launch.Number, sample.InnerNanoseconds, *sample.OuterNanoseconds)
			}
		}
	}
	return faulty(contender.Holds("inner-time"))
}

// longPhases are those whose bursts are long enough for the kernel's clock.
var longPhases = []evidence.Phase{
	evidence.PhaseLong, evidence.PhaseNear, evidence.PhaseMultiple(1), evidence.PhaseMultiple(2), evidence.PhaseMultiple(4),
}

// innerInconsistent: a process can't be on a CPU for longer than time passes. The
// contender's clock is held against the kernel's phase by phase, and burst by burst, in
// launches from which the host took little: where it takes much, the kernel counts to a
// process what was taken from it, before and after its calls too. Honest bursts of 20 ms
// had 50 and 247 ms so, while the host took a third (23 Nov).
func innerInconsistent(c *audit.Case, contender *audit.Contender) string {
	const (
		most  = 1.05
		lying = 1.2  // times the inner time in a single burst
		few   = 0.05 // of the bursts
	)
	if c.Bundle.Plan.Threads != 1 {
		return ""
	}
	if fault := faulty(contender.Holds("clock-by-bursts")); fault != "" {
		return fault
	}
	for _, phase := range longPhases {
		ratios := contender.PerLaunch(func(l *audit.Launch) float64 {
			if l.Robbed() {
				return math.NaN()
			}
			return (l.PhaseMedian(phase, audit.CPUOf) - requestCPU(l, phase)) / l.PhaseMedian(phase, audit.InnerOf)
		})
		if audit.Beyond(ratios, most) {
			return fmt.Sprintf("in the phase %s it is on a CPU for %.3f times what its own clock says; at most %v is possible", phase, stats.Median(ratios), most)
		}
	}
	apart, bursts := 0, 0
	for _, launch := range contender.Finished {
		if launch.Robbed() {
			continue
		}
		for _, phase := range longPhases {
			request := 2 * requestCPU(launch, phase)
			for _, sample := range launch.Bursts(phase) {
				if sample.CPUNanoseconds == nil || math.IsNaN(request) {
					continue
				}
				if bursts++; float64(*sample.CPUNanoseconds)-request > lying*float64(sample.InnerNanoseconds) {
					apart++
				}
			}
		}
	}
	if share := float64(apart) / float64(max(bursts, 1)); share > few {
		return fmt.Sprintf("in %.0f%% of its long bursts it is on a CPU for more than %v times what its own clock says, in the others not: the clock lies now and then", 100*share, lying)
	}
	return ""
}

// requestCPU is the CPU time of requests without calls in the rounds whose long bursts
// are of that phase, in nanoseconds: to read three hundred thousand rows takes a tenth of
// a native engine's long burst, and to read those of a near one a hundredth. The other
// long phases have as many rows as the first.
func requestCPU(l *audit.Launch, phase evidence.Phase) float64 {
	if phase != evidence.PhaseNear {
		phase = evidence.PhaseLong
	}
	rounds := map[int32]bool{}
	for _, sample := range l.Bursts(phase) {
		rounds[sample.Round] = true
	}
	return audit.MedianOf(l.Bursts(evidence.PhaseEmpty), func(s evidence.Sample) (float64, bool) {
		if s.CPUNanoseconds == nil || !rounds[s.Round] {
			return 0, false
		}
		return float64(*s.CPUNanoseconds), true
	})
}

// workElsewhere: the time of long bursts is time of no CPU of the process's or of its
// children, or it is time of others': of processes that it has started, or of more
// threads than it was given.
func workElsewhere(c *audit.Case, contender *audit.Contender) string {
	const least = 0.8
	if fault := faulty(contender.Holds("helpers"), contender.Holds("threads")); fault != "" {
		return fault
	}
	children := map[int]float64{}
	for _, launch := range contender.Finished {
		var shares []float64
		for _, phase := range []evidence.Phase{evidence.PhaseLong, evidence.PhaseNear} {
			launch.EachRequest(phase, func(request evidence.Request) {
				if request.DescendantCPUNanoseconds != nil && request.InnerNanoseconds > 0 {
					shares = append(shares, float64(*request.DescendantCPUNanoseconds)/float64(request.InnerNanoseconds))
				}
			})
		}
		if len(shares) > 0 {
			children[launch.Number] = stats.Median(shares)
		}
	}
	shares := contender.PerLaunch(func(l *audit.Launch) float64 { return c.OwnShare(l) + children[l.Number] })
	if audit.Below(shares, least) {
		return fmt.Sprintf("it and its children have a CPU for %.1f%% of the time of long bursts that nobody took from them: something else computes", 100*stats.Median(shares))
	}
	return ""
}

// workWhileStopped: a process that was to be stopped ran, or what it started did.
func workWhileStopped(c *audit.Case, contender *audit.Contender) string {
	const tick = 10_000_000 // ns, in which the kernel counts children's time
	for _, block := range c.Bundle.Blocks {
		for _, process := range block.Processes {
			if process.Contender != contender.Name {
				continue
			}
			if !process.Stopped {
				return fmt.Sprintf("launch %d was found running in rounds %d to %d while it was not its turn", process.Launch, block.FirstRound, block.LastRound)
			}
			if process.Use.DescendantCPUNanoseconds > tick {
				return fmt.Sprintf("what launch %d started was on a CPU for %.0f ms in rounds %d to %d", process.Launch, float64(process.Use.DescendantCPUNanoseconds)/1e6, block.FirstRound, block.LastRound)
			}
		}
	}
	return ""
}

// idleWork: it is on a CPU between a reply and the next request.
func idleWork(_ *audit.Case, contender *audit.Contender) string {
	const most = 2_000_000 // ns
	if fault := faulty(contender.Holds("idle")); fault != "" {
		return fault
	}
	idle := contender.PerLaunch(func(l *audit.Launch) float64 {
		var times []float64
		for _, request := range l.Requests {
			if request.IdleCPUNanoseconds != nil && request.Phase != "" {
				times = append(times, float64(*request.IdleCPUNanoseconds))
			}
		}
		if len(times) == 0 {
			return math.NaN()
		}
		return stats.Median(times)
	})
	if audit.Beyond(idle, most) {
		return fmt.Sprintf("it is on a CPU for %.2f ms before each request; at most 2 ms is no work", stats.Median(idle)/1e6)
	}
	return ""
}

// watchedBehaviour: calls of the rounds, which give the figure, are faster than the
// same calls in the probes, or calls over few rows than over many.
func watchedBehaviour(_ *audit.Case, contender *audit.Contender) string {
	if fault := faulty(contender.Holds("near-rows")); fault != "" {
		return fault
	}
	const (
		// A stopped process finds its caches cold, so honest rounds are the slower ones.
		// The probes come later, and a machine that got slower meanwhile is no fault.
		least = 0.8
		// Few rows lie in a nearer cache: honest engines come to 0.7.
		leastFew = 0.5
	)
	per := audit.Clock(audit.InnerOf).PerCall
	for _, probe := range []struct {
		over, under evidence.Phase
		least       float64
		what        string
	}{
		{evidence.PhaseShort, evidence.PhaseManyRows, least, "in the rounds than in bursts of the same kind beside them"},
		{evidence.PhaseShort, evidence.PhaseOriginal, least, "in the rounds than when the model was loaded again"},
		{evidence.PhaseFewRows, evidence.PhaseManyRows, leastFew, "over few rows than over new ones"},
	} {
		ratios := contender.PerLaunch(func(l *audit.Launch) float64 {
			return l.PhaseMedian(probe.over, per) / l.PhaseMedian(probe.under, per)
		})
		if audit.Below(ratios, probe.least) {
			return fmt.Sprintf("a call takes %.2f times as long %s; at least %v is due", stats.Median(ratios), probe.what, probe.least)
		}
	}
	for _, launch := range contender.Finished {
		steady, last := launch.Look(evidence.MomentSteady), launch.Look(evidence.MomentLast)
		if steady != nil && last != nil && steady.Executable != "" && last.Executable != "" && steady.Executable != last.Executable {
			return fmt.Sprintf("launch %d runs another program in the end than in the rounds", launch.Number)
		}
	}
	return ""
}
