package stats

// This file tests the studentised bootstrap, the signed-rank test and the share of
// successes against known results.

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBootstrapTEnumerated compares with all 3^3 resamples of three values, 3
// of which have no spread: the quantiles are known.
func TestBootstrapTEnumerated(t *testing.T) {
	x := []float64{1, 2, 4}
	s := Describe(x)
	e := s.StdDev / math.Sqrt(3)
	var pivots []float64
	for i := range 27 {
		d := Describe([]float64{x[i%3], x[i/3%3], x[i/9]})
		pivots = append(pivots, (d.Mean-s.Mean)/(d.StdDev/math.Sqrt(3)))
	}
	slices.Sort(pivots)
	// A level of 50%: 6.75 of 27 pivots lie outside on each side, well within
	// a group of equal ones or between neighbours, so 20,000 draws find them.
	got := bootstrapT(x, 0.5, 20_000, 1)
	near(t, "low", got.Low, s.Mean-e*pivots[20], 1e-12)
	near(t, "high", got.High, s.Mean-e*pivots[6], 1e-12)
	if got.Estimate != s.Mean || got.Confidence != 0.5 {
		t.Errorf("%+v", got)
	}
	// At 95% the resamples without spread are the quantiles.
	if got := bootstrapT(x, 0.95, 20_000, 1); !math.IsInf(got.Low, -1) || !math.IsInf(got.High, 1) {
		t.Errorf("three values at 95%%: %+v", got)
	}
}

func TestBootstrapTSeed(t *testing.T) {
	x := drawSample(rand.New(rand.NewPCG(15, 1)), 10, shapes[1].draw)
	a, b, c := bootstrapT(x, 0.95, 999, 7), bootstrapT(x, 0.95, 999, 7), bootstrapT(x, 0.95, 999, 8)
	if a != b {
		t.Errorf("same seed: %+v, then %+v", a, b)
	}
	if a == c {
		t.Errorf("another seed does not matter: %+v", a)
	}
	// The sample is skewed to the right, and so is the interval, unlike Student's.
	if a.High-a.Estimate <= a.Estimate-a.Low {
		t.Errorf("not skewed: %+v", a)
	}
}

func TestBootstrapTEdges(t *testing.T) {
	good := []float64{1, 2, 4}
	for name, got := range map[string]Interval{
		"no resamples": bootstrapT(good, 0.95, 0, 1), "level 1": bootstrapT(good, 1, 99, 1),
		"empty": bootstrapT(nil, 0.95, 99, 1), "NaN": bootstrapT([]float64{1, math.NaN()}, 0.95, 99, 1),
	} {
		if !math.IsNaN(got.Estimate) || !math.IsNaN(got.Low) || !math.IsNaN(got.High) || !math.IsNaN(got.Confidence) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := bootstrapT([]float64{3}, 0.95, 99, 1); got != unbounded(3) {
		t.Errorf("one value: %+v", got)
	}
	if got := bootstrapT(good, 0.95, 30, 1); got != unbounded(Describe(good).Mean) {
		t.Errorf("30 resamples have no 2.5%% quantile: %+v", got)
	}
	if got := bootstrapT([]float64{3, 3, 3}, 0.95, 99, 1); got.Low != 3 || got.High != 3 {
		t.Errorf("no spread: %+v", got)
	}
}

// TestSignedRank counts the sign patterns of ten ranks whose sum is as small,
// one by one.
func TestSignedRank(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 1))
	for range 50 {
		x := drawSample(r, 10, func(r *rand.Rand) float64 { return 0.5 + r.NormFloat64() })
		bySize := slices.Clone(x)
		slices.SortFunc(bySize, func(a, b float64) int { return int(math.Copysign(1, math.Abs(a)-math.Abs(b))) })
		positive := 0
		for i, v := range bySize {
			if v > 0 {
				positive += i + 1
			}
		}
		smaller := min(positive, 55-positive)
		patterns := 0
		for signs := range 1024 {
			sum := 0
			for i := range 10 {
				sum += (i + 1) * (signs >> i & 1)
			}
			patterns += count(sum <= smaller)
		}
		near(t, "p", SignedRank(x).P, min(1, 2*float64(patterns)/1024), 1e-13)
	}
	near(t, "p of ten positive values", SignedRank([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}).P, 1./512, 1e-14)
	if got := SignedRank([]float64{0, 0, 0, 0, 0, 0, 0}); got.P != 1 {
		t.Errorf("p of zeros: %+v", got)
	}
}

// TestSignedRankIsDual: p is at most 1-level exactly if HodgesLehmann's interval excludes
// 0, also with ties, zeros and large samples.
func TestSignedRankIsDual(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 1))
	excluded := 0
	for i := range 3000 {
		draw := func(r *rand.Rand) float64 { return 0.5 + r.NormFloat64() }
		if i%3 == 0 {
			draw = func(r *rand.Rand) float64 { return float64(r.IntN(5) - 1) }
		}
		x := drawSample(r, []int{5, 6, 10, 17, 60, 61, 90}[i%7], draw)
		level := []float64{0.8, 0.95, 0.99}[i/7%3]
		ci := HodgesLehmann(x, level)
		excludes := ci.Low > 0 || ci.High < 0
		excluded += count(excludes)
		// 1e-9 for the rounding of 1-level, where a p-value may equal it.
		if p := SignedRank(x); excludes != (p.LogP <= math.Log(1-level)+1e-9) {
			t.Errorf("%d values, level %v: %+v, p = %v", len(x), level, ci, p.P)
		}
	}
	if excluded < 500 || excluded > 2500 {
		t.Errorf("%d of 3000 intervals exclude 0: nothing was tested", excluded)
	}
}

func TestBinomial(t *testing.T) {
	// No success: the ends have closed forms, 0 and 1-(α/2)^(1/n).
	for _, n := range []int{1, 20, 1000} {
		got := Binomial(0, n, 0.95)
		near(t, "upper end", got.High, -math.Expm1(math.Log(0.025)/float64(n)), 1e-12)
		all := Binomial(n, n, 0.95)
		near(t, "lower end", all.Low, math.Pow(0.025, 1/float64(n)), 1e-12)
		if got.Low != 0 || got.Estimate != 0 || all.High != 1 || all.Estimate != 1 {
			t.Errorf("n = %d: none %+v, all %+v", n, got, all)
		}
	}
	for name, got := range map[string]Interval{
		"n of 0": Binomial(0, 0, 0.95), "negative": Binomial(-1, 5, 0.95), "more than all": Binomial(6, 5, 0.95),
		"level 0": Binomial(1, 5, 0), "level NaN": Binomial(1, 5, math.NaN()),
	} {
		if !math.IsNaN(got.Estimate) || !math.IsNaN(got.Low) || !math.IsNaN(got.High) || !math.IsNaN(got.Confidence) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestBinomialCoverage adds up the probabilities of the counts whose interval holds the
// true share. The sum is never below the level. The normal approximation's sum is.
func TestBinomialCoverage(t *testing.T) {
	const n = 100
	probability := func(k int, share float64) float64 {
		all, _ := math.Lgamma(n + 1)
		a, _ := math.Lgamma(float64(k) + 1)
		b, _ := math.Lgamma(float64(n-k) + 1)
		return math.Exp(all - a - b + float64(k)*math.Log(share) + float64(n-k)*math.Log1p(-share))
	}
	lowest := 1.0
	for share := 0.005; share < 1; share += 0.005 {
		exact, normal := 0.0, 0.0
		for k := range n + 1 {
			p := float64(k) / n
			half := 1.96 * math.Sqrt(p*(1-p)/n)
			if holds(Binomial(k, n, 0.95), share) {
				exact += probability(k, share)
			}
			if holds(Interval{Low: p - half, High: p + half}, share) {
				normal += probability(k, share)
			}
		}
		if exact < 0.95-1e-9 {
			t.Errorf("a share of %v is held with %.4f", share, exact)
		}
		lowest = min(lowest, normal)
	}
	if lowest > 0.9 {
		t.Errorf("the normal approximation passes with %.4f", lowest)
	}
}
