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

// Launches are added by the four until the intervals are as narrow as asked, as a run's
// are. Looking after each one would call more copies different: 6.7% of simulated ones
// from ten launches on, where by the four and from twelve on it was 4.2% to 5.1%. A
// comparison that has taken its time has no more, and none has more than mostLaunches.
const (
	launchesAtOnce   = 4
	mostLaunches     = 40
	comparisonBudget = 8 * time.Second
)

// leastQuiet is how many of a comparison's launches have to have found the machine quiet
// for it to be of their quiet rounds alone, where it has so many. A run has minutes for
// what it lacks, a comparison seconds, and the interval of six launches is their range:
// of sixteen launches with six or seven quiet ones it was 2% wide and more, and 0.2% of
// all sixteen. What a neighbour does to the ratio of two engines it does not do to that of
// copies.
const leastQuiet = 10

// mostUnit bounds the calls of a burst, and with them how small a slowdown may be:
// 0.1%. A thousand calls of 100 ns last twice as long as a burst should.
const mostUnit = 1000

// SlowdownUnit is what the calls of a burst are a multiple of, so that each slowdown is a
// whole number of uncounted calls: 1/s for the smallest, or a multiple of that. The
// smaller it is, the shorter are the bursts of a slow engine.
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
	return 0, fmt.Errorf("slowdowns of %v are no whole numbers of calls in any burst of a multiple of %d calls or fewer; expected shares such as 0.02", slowdowns, mostUnit)
}

// whole reports whether x is a whole number of calls, but for what binary fractions are
// off decimal ones.
func whole(x float64) bool { return x > 0.5 && math.Abs(x-math.Round(x)) < 1e-9 }

// copies is what one comparison of two copies gave.
type copies struct {
	// same compares the two as they are; slowed one that makes calls which are not
	// counted, slowdown of them.
	same, slowed estimate.Comparison
	slowdown     float64
	// doubled compares the two, as they are, in rounds before which the harness did its
	// own work twice. load is by how much calls took longer in those, canary and
	// canaryAfter the same of the canary right after that work and after the bursts, as
	// logarithms by launch. All are empty where that was not asked for.
	doubled                   estimate.Comparison
	load, canary, canaryAfter []float64
	// calls are classic samples of the two in nanoseconds, taken one after the other, and
	// counts means of classic samples.
	calls, counts [2][]float64
	// wall is the time that the comparison took, launches included and what was taken for
	// others' methods apart. starting is the part of it that launches took until they had
	// loaded the model and agreed with the reference.
	wall, starting time.Duration
}

// comparer compares copies of a contender.
type comparer struct {
	plan       *suite.Plan
	contender  measure.Contender
	doubleLoad bool
	// launch makes one launch of each copy, and now reads the clock.
	launch func(context.Context, measure.Contender, measure.CopiesOrder) (*measure.CopiesLaunch, error)
	now    func() time.Time
}

// compare compares two copies over the plan's number of launches or more. In half of the
// rounds one is slowed by a share, or the harness does its own work twice.
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

// estimate makes the comparisons of the launches that there are.
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

// precise reports whether the intervals are as narrow as asked. It looks at their width
// alone: a rule that stops at a difference finds one.
func (c comparer) precise(compared copies) bool {
	other := compared.slowed
	if c.doubleLoad {
		other = compared.doubled
	}
	return compared.same.Precise(c.plan.Precision) && other.Precise(c.plan.Precision)
}

// callsShift is the logarithm of how many times as long a call took in bursts b as in a.
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

// medianShift is the logarithm of how many times b's median is a's.
func medianShift(a, b []float64) float64 { return math.Log(stats.Median(b) / stats.Median(a)) }

// mostIdleCPU is the share of their waiting that copies may spend on a CPU. Before it
// sleeps Go's runtime looks for work: up to 8% of waits of a third of a millisecond.
// Threads that spin for the next request spend all of it.
const mostIdleCPU = 0.25

// waited refuses copies that were not stopped out of turn and worked then, by the middle
// launch: one may collect its garbage.
func (c comparer) waited(launches []*measure.CopiesLaunch) error {
	var shares []float64
	for _, launch := range launches {
		shares = append(shares, launch.IdleShares...)
	}
	if share := stats.Median(shares); c.plan.Paired.Unstopped && share > mostIdleCPU {
		return fmt.Errorf("%s was on a CPU for %.0f%% of the time between its requests; copies that work then can't be compared unstopped", c.contender.Name, 100*share)
	}
	return nil
}
