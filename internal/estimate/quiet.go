package estimate

// This file decides, by the canary alone, which rounds found the machine quiet,
// and makes ratios of them.

import (
	"cmp"
	"math"
	"slices"

	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// Quiet tells bursts that the machine's other users left alone.
type Quiet struct {
	// FastNanoseconds is the canary's fast level, MedianNanoseconds its time in the
	// middle, Share how many readings were within the plan's bound.
	FastNanoseconds   float64
	MedianNanoseconds float64
	Share             float64
	bound             float64
	// least is how many replicates a ratio of quiet rounds needs.
	least int
}

// NewQuiet finds the canary's fast level over replicates.
func NewQuiet(plan suite.Plan, replicates []Replicate) Quiet {
	var readings []float64
	for _, replicate := range replicates {
		for _, samples := range replicate {
			for _, sample := range samples {
				if sample.CanaryBeforeNanoseconds != nil {
					readings = append(readings, float64(*sample.CanaryBeforeNanoseconds))
				}
			}
		}
	}
	if len(readings) == 0 {
		return Quiet{FastNanoseconds: math.NaN(), MedianNanoseconds: math.NaN(), Share: math.NaN(), bound: math.NaN(), least: leastReplicates(plan)}
	}
	slices.SortFunc(readings, cmp.Compare)
	fast := readings[int(suite.ThresholdsOf(plan).CanaryQuantile*float64(len(readings)))]
	q := Quiet{FastNanoseconds: fast, MedianNanoseconds: stats.Median(readings), bound: plan.Paired.Quiet.Within * fast, least: leastReplicates(plan)}
	within, _ := slices.BinarySearchFunc(readings, q.bound, func(reading, bound float64) int {
		if reading <= bound {
			return -1
		}
		return 1
	})
	q.Share = float64(within) / float64(len(readings))
	return q
}

// AtLeast is q, but with ratios of quiet rounds only where at least so many replicates
// have enough of them: for who takes a fixed number of replicates, and would rather have
// all of them than the range of a few.
func (q Quiet) AtLeast(replicates int) Quiet {
	q.least = max(q.least, replicates)
	return q
}

// during reports whether the canary was at its fast level before and after a
// burst.
func (q Quiet) during(s evidence.Sample) bool {
	return s.CanaryBeforeNanoseconds != nil && s.CanaryAfterNanoseconds != nil &&
		float64(*s.CanaryBeforeNanoseconds) <= q.bound && float64(*s.CanaryAfterNanoseconds) <= q.bound
}

// ratios are the medians over rounds of log(b/a), by replicate: of the quiet rounds
// in the replicates that have at least so many, where that leaves enough
// replicates for an interval, and else of all rounds, so that quiet is false.
func (q Quiet) ratios(replicates []Replicate, a, b string, perCallA, perCallB perCall, least int) (logs []float64, quiet bool) {
	var all, quietly []float64
	for _, replicate := range replicates {
		rounds := q.logRatios(replicate[a], replicate[b], perCallA, perCallB)
		if len(rounds.all) > 0 {
			all = append(all, stats.Median(rounds.all))
		}
		if len(rounds.quiet) >= least {
			quietly = append(quietly, stats.Median(rounds.quiet))
		}
	}
	if enough := min(len(all), q.least); len(quietly) >= enough && len(quietly) > 0 {
		return quietly, true
	}
	return all, false
}

// leastReplicates is how many values have an interval at 95%, and by the signed-rank test
// a p-value that Holm's correction over the plan's claims leaves below 5%: fewer quiet
// ones could resolve no claim, however far they are from 1.
func leastReplicates(plan suite.Plan) int {
	const fewest, level = 6, 0.05
	n := fewest
	for math.Ldexp(1, 1-n)*float64(len(plan.Claims)) > level {
		n++
	}
	return n
}

// roundRatios are log(b/a) of rounds, of all and of the quiet ones.
type roundRatios struct{ all, quiet []float64 }

func (q Quiet) logRatios(a, b []evidence.Sample, perCallA, perCallB perCall) roundRatios {
	type burst struct {
		nanoseconds float64
		quiet       bool
	}
	ofA := map[int32]burst{}
	for _, sample := range a {
		if nanoseconds, ok := perCallA(sample); ok && nanoseconds > 0 {
			ofA[sample.Round] = burst{nanoseconds, q.during(sample)}
		}
	}
	var rounds roundRatios
	for _, sample := range b {
		nanoseconds, ok := perCallB(sample)
		other, both := ofA[sample.Round]
		if !ok || !both || !(nanoseconds > 0) {
			continue
		}
		ratio := math.Log(nanoseconds / other.nanoseconds)
		rounds.all = append(rounds.all, ratio)
		if other.quiet && q.during(sample) {
			rounds.quiet = append(rounds.quiet, ratio)
		}
	}
	return rounds
}
