package calibrate

// This file tests what is computed from launches of copies. The launches are synthetic.

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/measure"
	"cupel/internal/suite"
)

// madeUp is a comparer of synthetic launches. Each launch advances a clock by took. times
// returns how long a call of a copy takes in a launch, in nanoseconds.
func madeUp(t *testing.T, took time.Duration, times func(number int, copy string) float64) *comparer {
	t.Helper()
	s, err := suite.Load(suite.Default)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Plan(suite.Options{Nonce: "copies"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(0, 0)
	c := &comparer{plan: measure.CopiesPlan(*plan, LeastForInterval, 40, 200, 0.0025), contender: measure.Contender{Name: "a"}, now: func() time.Time { return now }}
	c.launch = func(_ context.Context, _ measure.Contender, order measure.CopiesOrder) (*measure.CopiesLaunch, error) {
		now = now.Add(took)
		launch := &measure.CopiesLaunch{Samples: estimate.Replicate{}, Starting: took / 2, IdleShares: []float64{0, 0}}
		names := []string{measure.FirstCopy, measure.SecondCopy, measure.SlowedCopy}
		if order.DoubleLoad {
			names = []string{measure.FirstCopy, measure.SecondCopy, measure.FirstCopyDoubled, measure.SecondCopyDoubled}
		}
		for _, name := range names {
			for range c.plan.Paired.Rounds {
				nanoseconds := int64(math.Round(200 * times(order.Number, name)))
				outer := nanoseconds + 1000
				launch.Samples[name] = append(launch.Samples[name], evidence.Sample{Phase: evidence.PhaseShort, Calls: 200, InnerNanoseconds: nanoseconds, OuterNanoseconds: &outer})
			}
		}
		launch.Canary = measure.CanaryReadings{Once: []float64{1000}, Twice: []float64{1000 * times(order.Number, "canary")}}
		launch.CanaryAfter = measure.CanaryReadings{Once: []float64{1000}, Twice: []float64{1000}}
		return launch, nil
	}
	return c
}

// alike gives both copies the same time.
func alike(int, string) float64 { return 1000 }

// unlike makes the second copy differ by up to 2% from launch to launch.
func unlike(number int, copy string) float64 {
	if copy == measure.FirstCopy {
		return 1000
	}
	return 1000 + 10*float64(number%3)
}

func TestLaunchesAreAddedUntilTheIntervalsAreNarrow(t *testing.T) {
	for _, test := range []struct {
		name     string
		took     time.Duration
		times    func(int, string) float64
		launches int
	}{
		{"alike", 0, alike, 6},
		{"unlike by 2%", 0, unlike, mostLaunches - (mostLaunches-6)%launchesAtOnce},
		{"alike, and out of time", 2 * time.Second, alike, 6},
		{"unlike by 2%, and out of time", 2 * time.Second, unlike, 6},
	} {
		compared, err := madeUp(t, test.took, test.times).compare(t.Context(), 0, 0.005)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(compared.same.Replicates); got != test.launches {
			t.Errorf("%s: %d launches of each in %v, intervals %+v and %+v; %d launches are due", test.name, got, compared.wall, compared.same.Ratio, compared.slowed.Ratio, test.launches)
		}
		if due := time.Duration(test.launches) * test.took; compared.wall != due || compared.starting != due/2 {
			t.Errorf("%s: took %v, of it %v for starting", test.name, compared.wall, compared.starting)
		}
	}
}

func TestASlowedCopyComesOutSlower(t *testing.T) {
	compared, err := madeUp(t, 0, func(_ int, copy string) float64 {
		if copy == measure.SlowedCopy {
			return 1005
		}
		return 1000
	}).compare(t.Context(), 3, 0.005)
	if err != nil {
		t.Fatal(err)
	}
	if same, slowed := compared.same.Ratio, compared.slowed.Ratio; same.Low > 1 || same.High < 1 || math.Abs(slowed.Low-1.005) > 1e-6 || compared.slowdown != 0.005 {
		t.Errorf("same %+v, slowed by %v %+v", same, compared.slowdown, slowed)
	}
}

// The effect of a doubled load on calls and canary is a logarithm.
func TestDoubledLoadIsComparedWithTheRest(t *testing.T) {
	c := madeUp(t, 0, func(_ int, copy string) float64 {
		switch copy {
		case "canary":
			return 1.05
		case measure.FirstCopyDoubled, measure.SecondCopyDoubled:
			return 1100
		default:
			return 1000
		}
	})
	c.doubleLoad = true
	compared, err := c.compare(t.Context(), 0, 0.005)
	if err != nil {
		t.Fatal(err)
	}
	near := func(value float64) func(float64) bool {
		return func(got float64) bool { return math.Abs(got-math.Log(value)) > 1e-9 }
	}
	if len(compared.load) != 12 || slices.ContainsFunc(compared.load, near(1.1)) {
		t.Errorf("calls: %v", compared.load)
	}
	if len(compared.canary) != 6 || slices.ContainsFunc(compared.canary, near(1.05)) || slices.ContainsFunc(compared.canaryAfter, near(1)) {
		t.Errorf("canary %v, after the bursts %v", compared.canary, compared.canaryAfter)
	}
	if compared.doubled.Ratio.Low > 1 || compared.doubled.Ratio.High < 1 {
		t.Errorf("copies differ: %+v", compared.doubled.Ratio)
	}
}

// Copies that wait without being stopped must not work then. One launch may collect its
// garbage.
func TestACopyThatWorksWhileItWaitsIsRefused(t *testing.T) {
	for name, busy := range map[string]int{"never": 0, "once": 1, "always": 100} {
		c := madeUp(t, 0, alike)
		launch := c.launch
		c.launch = func(ctx context.Context, contender measure.Contender, order measure.CopiesOrder) (*measure.CopiesLaunch, error) {
			made, err := launch(ctx, contender, order)
			if order.Number <= busy {
				made.IdleShares = []float64{1, 1}
			}
			return made, err
		}
		_, err := c.compare(t.Context(), 0, 0.005)
		if refused := err != nil && strings.Contains(err.Error(), "between its requests"); refused != (name == "always") {
			t.Errorf("busy %s: %v", name, err)
		}
	}
}

func TestALaunchThatFailsEndsTheComparison(t *testing.T) {
	c, broken := madeUp(t, 0, alike), errors.New("out of luck")
	c.launch = func(context.Context, measure.Contender, measure.CopiesOrder) (*measure.CopiesLaunch, error) {
		return nil, broken
	}
	if _, err := c.compare(t.Context(), 0, 0.005); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestTheUnitOfCallsFollowsFromTheSlowdowns(t *testing.T) {
	for _, test := range []struct {
		slowdowns []float64
		unit      int
	}{
		{[]float64{0.005, 0.01, 0.02, 0.05}, 200},
		{[]float64{0.02}, 50},
		{[]float64{0.02, 0.05}, 100},
		{[]float64{0.03}, 100},
		{[]float64{0.001}, 1000},
		{[]float64{1}, 1},
		{[]float64{0.0005}, 0},
		{[]float64{0.0131, 0.02}, 0},
		{[]float64{1e-12}, 0},
		{[]float64{0}, 0},
		{[]float64{-0.02}, 0},
		{[]float64{0.02, 1.5}, 0},
		{[]float64{math.NaN()}, 0},
		{[]float64{math.Inf(1)}, 0},
	} {
		unit, err := SlowdownUnit(test.slowdowns)
		if unit != test.unit || (err == nil) != (test.unit > 0) {
			t.Errorf("%v: %d, %v; %d is due", test.slowdowns, unit, err, test.unit)
		}
	}
}
