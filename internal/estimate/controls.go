package estimate

// This file judges the controls of a run.

import (
	"fmt"
	"math"

	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
	"cupel/internal/workload"
)

// Control is one control: something that is known beforehand, and what came out.
type Control struct {
	Name string
	// Expected is the ratio that is known, Ratio what was measured, with its
	// interval, at 99.9% by default.
	Expected float64
	Ratio    stats.Interval
	// Replicates is how many the interval rests on; a control needs leastReplicates, for
	// one has no spread.
	Replicates, leastReplicates int
	Holds                       bool
	// Text says what the control is and how it came out.
	Text string
}

// Negative is the control that must come out equal: a contender and its second
// copy.
func Negative(plan suite.Plan, quiet Quiet, replicates []Replicate, contender, second string) Control {
	logs, _ := quiet.ratios(replicates, contender, second, shortPerCall, shortPerCall, plan.Paired.Quiet.LeastShort)
	return judge("negative", fmt.Sprintf("a second copy of %s against the first", contender), logs, 1, plan)
}

// Positive is the control that must come out slower by one call in PositiveCalls:
// the copy makes that many more calls than are counted.
func Positive(plan suite.Plan, quiet Quiet, replicates []Replicate, contender, second string) Control {
	uncounted := plan.Paired.PositiveCalls
	counted := func(s evidence.Sample) (float64, bool) {
		calls := float64(s.Calls) * float64(uncounted) / float64(uncounted+1)
		return float64(s.InnerNanoseconds) / calls, s.Phase == evidence.PhasePositive
	}
	logs, _ := quiet.ratios(replicates, contender, second, shortPerCall, counted, plan.Paired.Quiet.LeastShort)
	expected := 1 + 1/float64(uncounted)
	return judge("positive", fmt.Sprintf("the copy with %.3g%% more %s than are counted", 100/float64(uncounted), workload.Of(plan).Words().Counted), logs, expected, plan)
}

// Canary is the control of the alternation itself: the harness's own loop before
// a round's first burst and after its last, which must take equally long.
func Canary(plan suite.Plan, quiet Quiet, replicates []Replicate) Control {
	var logs []float64
	for _, replicate := range replicates {
		if value := firstAgainstLast(quiet, replicate); !math.IsNaN(value) {
			logs = append(logs, value)
		}
	}
	return judge("canary", "the harness's own loop after a round's last burst against before its first", logs, 1, plan)
}

// ends are a round's first and last burst.
type ends struct{ first, last evidence.Sample }

func firstAgainstLast(quiet Quiet, replicate Replicate) float64 {
	rounds := map[int32]ends{}
	for _, samples := range replicate {
		for _, sample := range samples {
			if sample.CanaryBeforeNanoseconds == nil || sample.CanaryAfterNanoseconds == nil || sample.StartNanoseconds == nil {
				continue
			}
			round, seen := rounds[sample.Round]
			if !seen || *sample.StartNanoseconds < *round.first.StartNanoseconds {
				round.first = sample
			}
			if !seen || *sample.StartNanoseconds > *round.last.StartNanoseconds {
				round.last = sample
			}
			rounds[sample.Round] = round
		}
	}
	var logs []float64
	for _, round := range rounds {
		// The harness waits for quiet before a round and not after it: only of rounds
		// that were quiet at both ends are the ends alike.
		if float64(*round.first.CanaryBeforeNanoseconds) > quiet.bound || float64(*round.last.CanaryAfterNanoseconds) > quiet.bound {
			continue
		}
		logs = append(logs, math.Log(float64(*round.last.CanaryAfterNanoseconds)/float64(*round.first.CanaryBeforeNanoseconds)))
	}
	if len(logs) == 0 {
		return math.NaN()
	}
	return stats.Median(logs)
}

// Judged reports whether there was enough to go by. A control that could not be judged
// does not hold, for it shows nothing.
func (c Control) Judged() bool { return c.Replicates >= c.leastReplicates }

// Fault says why a control does not hold, and nothing of one that does.
func (c Control) Fault() string {
	switch {
	case c.Holds:
		return ""
	case !c.Judged():
		return fmt.Sprintf("the %s control could not be judged, for which %d replicates at least need rounds that found the machine quiet: %s", c.Name, c.leastReplicates, c.Text)
	default:
		return fmt.Sprintf("the %s control failed: %s", c.Name, c.Text)
	}
}

// judge decides whether a control holds: it fails where the measured ratio is off
// the expected one both beyond chance, at the plan's confidence, and by more than the
// tolerance. Student's interval is used here and not that of claims, which does not reach
// 99.9% with ten values.
func judge(name, what string, logs []float64, expected float64, plan suite.Plan) Control {
	thresholds := suite.ThresholdsOf(plan)
	c := Control{Name: name, Expected: expected, Replicates: len(logs), leastReplicates: thresholds.ControlReplicates}
	interval := stats.TInterval(logs, thresholds.ControlConfidence)
	c.Ratio = stats.Interval{
		Estimate: math.Exp(interval.Estimate), Low: math.Exp(interval.Low), High: math.Exp(interval.High), Confidence: thresholds.ControlConfidence,
	}
	off := math.Abs(interval.Estimate - math.Log(expected))
	excluded := interval.Low > math.Log(expected) || interval.High < math.Log(expected)
	c.Holds = c.Judged() && !math.IsNaN(off) && !(excluded && off > math.Log1p(plan.Tolerance))
	c.Text = fmt.Sprintf("%s: %.4f where %.4f is due (%.4g%% interval %.4f to %.4f, %d replicates)",
		what, c.Ratio.Estimate, expected, 100*thresholds.ControlConfidence, c.Ratio.Low, c.Ratio.High, len(logs))
	return c
}
