package calibrate

// This file compares two copies of one contender by their launches.

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/measure"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// Launches are added four at a time until the intervals are narrow enough, as in a run.
// Looking after each launch would call more copies different: 6.7% of simulated pairs from
// ten launches on. Looking after every fourth, from twelve on, it was 4.2% to 5.1%. A
// comparison stops when its time is over or at mostLaunches.
const (
	launchesAtOnce   = 4
	mostLaunches     = 40
	comparisonBudget = 8 * time.Second
)

// leastQuiet is the number of a comparison's launches that must have quiet rounds. With at
// least so many, the comparison uses quiet rounds only. Otherwise it uses all rounds: a run
// can wait minutes for a quiet machine, a comparison only seconds. The interval of six
// launches is their range. With six or seven quiet launches of sixteen it was at least 2%
// wide, and with all sixteen 0.2%. Other load changes the ratio of two engines, but not
// that of two copies.
const leastQuiet = 10

// mostUnit bounds the calls of a burst, and so the smallest slowdown: 0.1%. A thousand
// calls of 100 ns already last twice as long as a burst should.
const mostUnit = 1000

// SlowdownUnit returns the number whose multiples are the calls of a burst. It makes each
// slowdown a whole number of uncounted calls: it is 1/s for the smallest slowdown s, or a
// multiple of that. The smallest such unit keeps the bursts of a slow engine short.
func SlowdownUnit(slowdowns []float64) (int, error) {
	for _, slowdown := range slowdowns {
		if !(slowdown > 0 && slowdown <= 1) {
			return 0, fmt.Errorf("a slowdown of %v; expected a share above 0 and at most 1, such as 0.02", slowdown)
		}
	}
	for unit := 1; unit <= mostUnit; unit++ {
		if !slices.ContainsFunc(slowdowns, func(slowdown float64) bool { return !whole(slowdown * float64(unit)) }) {
			return unit, nil
		}
	}
	return 0, fmt.Errorf("slowdowns %v have no common burst of at most %d calls in which each is a whole number of calls; expected shares such as 0.02", slowdowns, mostUnit)
}

// whole reports whether x is a whole number of calls, apart from binary rounding.
func whole(x float64) bool { return x > 0.5 && math.Abs(x-math.Round(x)) < 1e-9 }

// copies is the result of one comparison of two copies.
type copies struct {
	// same compares the two copies as they are. slowed compares one with the slowed one,
	// which makes uncounted calls: the share slowdown of its calls.
	same, slowed estimate.Comparison
	slowdown     float64
	// doubled compares the two copies in rounds before which the harness did its own work
	// twice. load says how much longer calls took in those rounds. canary and canaryAfter
	// say the same of the canary right after that work and after the bursts. All three are
	// logarithms by launch, and empty without DoubleLoad.
	doubled                   estimate.Comparison
	load, canary, canaryAfter []float64
	// calls are classic samples of the two copies in nanoseconds, one copy after the other.
	// counts are means of classic samples.
	calls, counts [2][]float64
	// wall is the time of the comparison, with launches but without the samples for other
	// methods. starting is the part of it until the launches had loaded the model and
	// agreed with the reference.
	wall, starting time.Duration
}

// comparer compares copies of a contender.
type comparer struct {
	plan       *suite.Plan
	contender  measure.Contender
	doubleLoad bool
	// launch makes one launch of each copy. now reads the clock.
	launch func(context.Context, measure.Contender, measure.CopiesOrder) (*measure.CopiesLaunch, error)
	now    func() time.Time
}

// compare compares two copies over at least the plan's number of launches. In half of the
// rounds one copy is slowed by a share, or the harness does its own work twice.
func (c comparer) compare(ctx context.Context, pair int, slowdown float64) (copies, error) {
	began := c.now()
	var launches []*measure.CopiesLaunch
	for due := c.plan.Launches; ; due += launchesAtOnce {
		for number := len(launches) + 1; number <= due; number++ {
			order := measure.CopiesOrder{Index: pair*max(mostLaunches, c.plan.Launches) + number, Number: number, Slowdown: slowdown, DoubleLoad: c.doubleLoad}
			launch, err := c.launch(ctx, c.contender, order)
			if err != nil {
				return copies{}, err
			}
			launches = append(launches, launch)
		}
		compared := c.estimate(launches, slowdown)
		compared.wall = c.now().Sub(began) - launches[0].Sequential
		if c.precise(compared) || compared.wall >= comparisonBudget || due+launchesAtOnce > mostLaunches {
			return compared, c.waited(launches)
		}
	}
}

// estimate compares the copies over the given launches.
func (c comparer) estimate(launches []*measure.CopiesLaunch, slowdown float64) copies {
	var replicates []estimate.Replicate
	starting := time.Duration(0)
	for _, launch := range launches {
		replicates = append(replicates, launch.Samples)
		starting += launch.Starting
	}
	quiet := estimate.NewQuiet(*c.plan, replicates).AtLeast(leastQuiet)
	compare := func(first, second string) estimate.Comparison {
		return estimate.Compare(*c.plan, quiet, replicates, first, second)
	}
	compared := copies{
		same: compare(measure.FirstCopy, measure.SecondCopy), slowdown: slowdown,
		calls: launches[0].Calls, counts: launches[0].Counts, starting: starting,
	}
	if !c.doubleLoad {
		compared.slowed = compare(measure.FirstCopy, measure.SlowedCopy)
		return compared
	}
	compared.doubled = compare(measure.FirstCopyDoubled, measure.SecondCopyDoubled)
	for _, launch := range launches {
		compared.load = append(compared.load,
			callsShift(launch.Samples[measure.FirstCopy], launch.Samples[measure.FirstCopyDoubled]),
			callsShift(launch.Samples[measure.SecondCopy], launch.Samples[measure.SecondCopyDoubled]))
		compared.canary = append(compared.canary, medianShift(launch.Canary.Once, launch.Canary.Twice))
		compared.canaryAfter = append(compared.canaryAfter, medianShift(launch.CanaryAfter.Once, launch.CanaryAfter.Twice))
	}
	return compared
}

// precise reports whether the intervals are narrow enough. It looks only at their width: a
// rule that stops at a difference finds one.
func (c comparer) precise(compared copies) bool {
	other := compared.slowed
	if c.doubleLoad {
		other = compared.doubled
	}
	return compared.same.Precise(c.plan.Precision) && other.Precise(c.plan.Precision)
}

// callsShift returns the logarithm of the ratio of the median call times: bursts b over
// bursts a.
func callsShift(a, b []evidence.Sample) float64 {
	perCall := func(samples []evidence.Sample) []float64 {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = float64(s.InnerNanoseconds) / float64(s.Calls)
		}
		return values
	}
	return medianShift(perCall(a), perCall(b))
}

// medianShift returns the logarithm of b's median over a's.
func medianShift(a, b []float64) float64 { return math.Log(stats.Median(b) / stats.Median(a)) }

// mostIdleCPU is the largest share of their waiting time that copies may spend on a CPU.
// Go's runtime looks for work before it sleeps: up to 8% of waits of a third of a
// millisecond. Threads that spin for the next request spend 100%.
const mostIdleCPU = 0.25

// waited returns an error for copies that were not stopped between their turns and worked
// then. The median launch decides, because one launch may collect garbage.
func (c comparer) waited(launches []*measure.CopiesLaunch) error {
	var shares []float64
	for _, launch := range launches {
		shares = append(shares, launch.IdleShares...)
	}
	if share := stats.Median(shares); c.plan.Paired.Unstopped && share > mostIdleCPU {
		return fmt.Errorf("%s was on a CPU for %.0f%% of the time between its requests; a calibration needs an engine that waits idle", c.contender.Name, 100*share)
	}
	return nil
}
