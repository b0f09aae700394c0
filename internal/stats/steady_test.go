package stats

// This file tests that changes of level are found where they are, and only there. The
// figures in the comment at Steady are the log of these tests.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cupel/internal/testtier"
)

// TestChangePointDefinition compares with Pettitt's double sum, without and
// with ties.
func TestChangePointDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(70, 1))
	for i := range 200 {
		n := 2 + r.IntN(60)
		x := drawSample(r, n, shapes[2*(i%2)].draw)
		x[0] = 9 // some spread, always
		at, k := 0, 0.0
		for split := 1; split < n; split++ {
			u := 0
			for _, a := range x[:split] {
				for _, b := range x[split:] {
					u += count(a > b) - count(a < b)
				}
			}
			if math.Abs(float64(u)) > k {
				at, k = split, math.Abs(float64(u))
			}
		}
		got := changePoint(x)
		if got.At != at || got.Before != Median(x[:at]) || got.After != Median(x[at:]) {
			t.Errorf("%v: %+v, want a change at %d", x, got, at)
		}
		if i%2 == 0 { // no ties
			size := float64(n)
			h := k * math.Sqrt(3/(size*size*(size+1)))
			near(t, "ln p", got.LogP, bridgeLogP(h+discreteBridge/math.Sqrt(size)), 1e-12)
		}
	}
}

// TestChangePointFalseAlarms: of series without a change, about 5% or fewer are called
// changed, for each length, and with ties. Pettitt's own formula stays far below at 30
// values.
func TestChangePointFalseAlarms(t *testing.T) {
	runs := simulatedRuns() / 2
	for _, n := range []int{30, 50, 100, 200, 400} {
		for name, draw := range map[string]func(*rand.Rand) float64{
			"normal": (*rand.Rand).NormFloat64,
			"ties":   func(r *rand.Rand) float64 { return float64(r.IntN(4)) },
		} {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(71, uint64(n)))
				alarms5, alarms1, formula := 0, 0, 0
				for range runs {
					x := drawSample(r, n, draw)
					p := changePoint(x).P
					alarms5 += count(p <= 0.05)
					alarms1 += count(p <= 0.01)
					ranks := centredRanks(x)
					_, peak := bridgePeak(ranks)
					formula += count(2*math.Exp(-2*math.Pow(peak/bridgeScale(ranks), 2)) <= 0.05)
				}
				rate := func(alarms int) float64 { return float64(alarms) / float64(runs) }
				t.Logf("5%%: %.1f%%, 1%%: %.1f%%; the formula 5%%: %.1f%%", 100*rate(alarms5), 100*rate(alarms1), 100*rate(formula))
				if rate(alarms5) < 0.045-monteCarloSlack(0.05, runs) || rate(alarms5) > 0.05+monteCarloSlack(0.05, runs) {
					t.Errorf("at the 5%% level %.4f are called changed", rate(alarms5))
				}
				if rate(alarms1) > 0.01+monteCarloSlack(0.01, runs) {
					t.Errorf("at the 1%% level %.4f are called changed", rate(alarms1))
				}
				if n == 30 && testtier.InGate() && rate(formula) > 0.045-monteCarloSlack(0.05, runs) {
					t.Errorf("the formula without correction passes with %.4f", rate(formula))
				}
			})
		}
	}
}

func TestChangePointEdges(t *testing.T) {
	for name, bad := range map[string][]float64{
		"nil": nil, "one value": {1}, "NaN": {1, math.NaN(), 2}, "infinity": {1, math.Inf(-1), 2},
	} {
		if got := changePoint(bad); got.At != 0 || !math.IsNaN(got.Before) || !math.IsNaN(got.After) || !math.IsNaN(got.P) || !math.IsNaN(got.LogP) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := changePoint([]float64{2, 2, 2, 2}); got.P != 1 || got.Before != 2 || got.After != 2 {
		t.Errorf("one value throughout: %+v", got)
	}
	if got := changePoint([]float64{1, 2}); got.At != 1 || got.P < 0.1 {
		t.Errorf("two values: %+v", got)
	}
	x := make([]float64, 400)
	for i := range x {
		x[i] = float64(count(i >= 150)) + float64(i%7)/100
	}
	before := slices.Clone(x)
	if got := changePoint(x); got.At != 150 || got.P > 1e-50 || got.After-got.Before != 1 {
		t.Errorf("a step after 150 values: %+v", got)
	}
	if !slices.Equal(x, before) {
		t.Error("the series was changed")
	}
}

// TestBridge has textbook quantiles: Smirnov's and Kuiper's tables.
func TestBridge(t *testing.T) {
	for _, c := range []struct {
		logP    func(float64) float64
		h, want float64
	}{
		{bridgeLogP, 1.22385, 0.10}, {bridgeLogP, 1.35810, 0.05}, {bridgeLogP, 1.62762, 0.01}, {bridgeLogP, 0.82757, 0.5},
		{bridgeRangeLogP, 1.620, 0.10}, {bridgeRangeLogP, 1.747, 0.05}, {bridgeRangeLogP, 2.001, 0.01},
	} {
		near(t, fmt.Sprintf("p at %v", c.h), math.Exp(c.logP(c.h)), c.want, 3e-3)
	}
	for name, logP := range map[string]func(float64) float64{"peak": bridgeLogP, "range": bridgeRangeLogP} {
		last := 0.0
		for h := 0.0; h < 100; h += 0.001 {
			p := logP(h)
			if !(p <= 0) || math.IsInf(p, 0) || p > last+1e-9 {
				t.Fatalf("%s: ln p at %v is %v, and %v before", name, h, p, last)
			}
			last = p
		}
	}
}

// autoregressive is an AR(1) process of some standard deviation.
func autoregressive(rho, deviation float64) func(*rand.Rand, int) []float64 {
	return func(r *rand.Rand, n int) []float64 {
		x := make([]float64, n)
		v := r.NormFloat64()
		for i := range x {
			x[i] = deviation * v
			v = rho*v + math.Sqrt(1-rho*rho)*r.NormFloat64()
		}
		return x
	}
}

// flipping is a machine of two speeds, one twice the other. Each lasts on average this
// share of the series.
func flipping(slow, fast float64) func(*rand.Rand, int) []float64 {
	return func(r *rand.Rand, n int) []float64 {
		x := make([]float64, n)
		isSlow := r.Float64() < slow/(slow+fast)
		for i := range x {
			stay := fast
			if isSlow {
				stay = slow
			}
			if r.Float64()*stay*float64(n) < 1 {
				isSlow = !isSlow
			}
			x[i] = 0.01*r.NormFloat64() + math.Ln2*float64(count(isSlow))
		}
		return x
	}
}

// heavyTailed has Student's t with two degrees of freedom and, one time in
// twenty, a value 1.5 to 4 times as large.
func heavyTailed(r *rand.Rand, n int) []float64 {
	x := autoregressive(0.5, 0.02)(r, n)
	for i := range x {
		x[i] += 0.01 * studentT2(r)
		if r.IntN(20) == 0 {
			x[i] += math.Log(1.5 + 2.5*r.Float64())
		}
	}
	return x
}

// shaped is AR(1) noise of 3%, ρ = 0.5, around a level that depends on the time u
// from 0 to 1 and on where the change is, from 0.3 to 0.6.
func shaped(level func(u, change float64) float64) func(*rand.Rand, int) []float64 {
	return func(r *rand.Rand, n int) []float64 {
		x := autoregressive(0.5, 0.03)(r, n)
		change := 0.3 + 0.3*r.Float64()
		for i := range x {
			x[i] += level(float64(i)/float64(n), change)
		}
		return x
	}
}

var courses = []struct {
	name    string
	want    Course
	draw    func(*rand.Rand, int) []float64
	at400   float64 // the least share of series of 400 that must be called so
	at100   float64
	pettitt bool // whether a plain test calls many of those of 400 changed
}{
	{"white noise, 10%", CourseSteady, autoregressive(0, 0.1), 0.99, 0.99, false},
	{"AR(1), ρ = 0.5, 3%", CourseSteady, autoregressive(0.5, 0.03), 0.99, 0.97, false},
	{"AR(1), ρ = 0.5, 10%", CourseSteady, autoregressive(0.5, 0.1), 0.98, 0.96, false},
	{"AR(1), ρ = 0.8, 10%", CourseSteady, autoregressive(0.8, 0.1), 0.96, 0.93, true},
	{"outliers, tails of t2", CourseSteady, heavyTailed, 0.99, 0.97, false},
	{"flips, 1/100 of the series each", CourseSteady, flipping(0.01, 0.01), 0.99, 0.99, false},
	{"flips, 1/20 each", CourseSteady, flipping(0.05, 0.05), 0.99, 0.99, true},
	{"flips, 1/8 slow, 1/40 fast", CourseSteady, flipping(0.125, 0.025), 0.99, 0.98, true},
	{"flips, 1/40 slow, 1/8 fast", CourseSteady, flipping(0.025, 0.125), 0.99, 0.98, true},
	{"flips, 1/8 each", CourseSteady, flipping(0.125, 0.125), 0.9, 0.88, true},
	// Two limits that the comment at Steady names.
	{"two cycles of 10%", CourseSteady, shaped(func(u, _ float64) float64 { return 0.1 * float64(int(4*u)%2) }), 0.9, 0.9, true},
	{"warm-up, first 1/25 slower by 50%", CourseSteady, shaped(func(u, _ float64) float64 { return 0.5 * float64(count(u < 0.04)) }), 0.9, 0.9, false},
	{"warm-up, first 30-60% slower by 10%", CourseWarmingUp, shaped(func(u, change float64) float64 { return 0.1 * float64(count(u < change)) }), 0.97, 0.9, false},
	{"warm-up, 30% decaying with 1/10", CourseWarmingUp, shaped(func(u, _ float64) float64 { return 0.3 * math.Exp(-u/0.1) }), 0.9, 0.4, false},
	{"warm-up, 20% decaying with 1/5", CourseWarmingUp, shaped(func(u, _ float64) float64 { return 0.2 * math.Exp(-u/0.2) }), 0.95, 0.65, false},
	{"warm-up, 50% decaying with 1/20", CourseWarmingUp, shaped(func(u, _ float64) float64 { return 0.5 * math.Exp(-u/0.05) }), 0.4, 0.1, false},
	{"slower by 10% after 30-60%", CourseSlowingDown, shaped(func(u, change float64) float64 { return 0.1 * float64(count(u > change)) }), 0.97, 0.9, false},
	{"slower by 10% little by little", CourseSlowingDown, shaped(func(u, _ float64) float64 { return 0.1 * u }), 0.95, 0.7, false},
	{"slower by 10% for a third", CourseUnsteady, shaped(func(u, change float64) float64 { return 0.1 * float64(count(u > change-0.1 && u < change+0.23)) }), 0.95, 0.6, false},
	{"three levels, 0, 20%, 10%", CourseUnsteady, shaped(func(u, _ float64) float64 { return []float64{0, 0.2, 0.1}[int(3*u)] }), 0.95, 0.75, false},
}

// TestSteadyCourses simulates launches. Pettitt's test by itself would call autocorrelated
// series without a change changed, which shows that the other conditions are needed.
func TestSteadyCourses(t *testing.T) {
	runs := simulatedRuns() / 10
	for i, c := range courses {
		for n, least := range map[int]float64{400: c.at400, 100: c.at100} {
			t.Run(fmt.Sprintf("%s/%d", c.name, n), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(80, uint64(i)))
				called := map[Course]int{}
				pettitt := 0
				for range runs {
					x := c.draw(r, n)
					called[Steady(x, 0.02, 0.01).Course]++
					pettitt += count(changePoint(x).P <= 0.01)
				}
				rate := float64(called[c.want]) / float64(runs)
				t.Logf("%.1f%% %s: %v; Pettitt alone %.1f%% changed", 100*rate, c.want, called, 100*float64(pettitt)/float64(runs))
				if !testtier.InGate() {
					least -= monteCarloSlack(least, runs)
				}
				if rate < least {
					t.Errorf("%.3f are called %s, want %v: %v", rate, c.want, least, called)
				}
				if c.pettitt && n == 400 && float64(pettitt) < 0.25*float64(runs) {
					t.Errorf("Pettitt's test alone passes: %d of %d", pettitt, runs)
				}
			})
		}
	}
}

// TestSteadyTolerance: a certain change counts from the tolerance on, and the segments say
// where it is.
func TestSteadyTolerance(t *testing.T) {
	step := func(size float64) []float64 {
		x := autoregressive(0, 0.001)(rand.New(rand.NewPCG(81, 1)), 400)
		for i := 250; i < len(x); i++ {
			x[i] += math.Log1p(size)
		}
		return x
	}
	small, large := step(0.015), step(0.025)
	if p := changePoint(small).P; p > 1e-20 {
		t.Errorf("the small change is not even significant: p = %v", p)
	}
	if got := Steady(small, 0.02, 0.01); got.Course != CourseSteady || len(got.Segments) != 1 {
		t.Errorf("1.5%%: %+v", got)
	}
	got := Steady(large, 0.02, 0.01)
	if got.Course != CourseSlowingDown || len(got.Segments) != 2 || got.Segments[0].Start != 0 || abs(got.Segments[1].Start-250) > 8 {
		t.Errorf("2.5%%: %+v", got)
	} else {
		near(t, "size", got.Segments[1].Median-got.Segments[0].Median, math.Log1p(0.025), 0.01)
	}
	slices.Reverse(large)
	if got := Steady(large, 0.02, 0.01); got.Course != CourseWarmingUp {
		t.Errorf("reversed: %+v", got)
	}
}

func abs(x int) int { return max(x, -x) }

func TestSteadyEdges(t *testing.T) {
	good := autoregressive(0, 0.01)(rand.New(rand.NewPCG(82, 1)), 100)
	bad := slices.Clone(good)
	bad[50] = math.NaN()
	for name, got := range map[string]SteadyState{
		"nil": Steady(nil, 0.02, 0.01), "short": Steady(good[:7], 0.02, 0.01), "NaN": Steady(bad, 0.02, 0.01),
		"tolerance": Steady(good, -1, 0.01), "tolerance NaN": Steady(good, math.NaN(), 0.01),
		"alpha 0": Steady(good, 0.02, 0), "alpha 1": Steady(good, 0.02, 1),
	} {
		if got.Course != CourseUndecided || got.Segments != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for n := 8; n < 130; n++ {
		constant := make([]float64, n)
		if got := Steady(constant, 0.02, 0.01); got.Course != CourseSteady {
			t.Errorf("%d equal values: %+v", n, got)
		}
		Steady(good[:min(n, 100)], 0, 0.99) // no panic where everything is significant
	}
	before := slices.Clone(good)
	a, b := Steady(good, 0, 0.99), Steady(good, 0, 0.99)
	if fmt.Sprint(a) != fmt.Sprint(b) || !slices.Equal(good, before) {
		t.Errorf("not the same again: %+v, %+v", a, b)
	}
}
