package stats

// This file tests known samples, the published table, properties of all samples, and by
// simulation the levels of the intervals.

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s = %.17g, want %.17g", what, got, want)
	}
}

func TestDescribe(t *testing.T) {
	sample := make([]float64, 200) // 1..200, from the top
	for i := range sample {
		sample[i] = float64(200 - i)
	}
	s := Describe(sample)
	if s.N != 200 || s.Mean != 100.5 || s.Min != 1 || s.Max != 200 {
		t.Errorf("%+v", s)
	}
	// sorted[100], sorted[190], sorted[198]
	if s.P50 != 101 || s.P95 != 191 || s.P99 != 199 {
		t.Errorf("percentiles %v %v %v, want 101 191 199", s.P50, s.P95, s.P99)
	}
	near(t, "StdDev", s.StdDev, math.Sqrt(200*201/12.), 1e-15) // n(n+1)/12
	half := 1.96 * math.Sqrt(200*201/12.) / math.Sqrt(200)
	near(t, "CI95Low", s.CI95Low, 100.5-half, 1e-15)
	near(t, "CI95High", s.CI95High, 100.5+half, 1e-15)

	one := Describe([]float64{7})
	if last := Describe([]float64{1<<53 + 2, 1 << 53}); last.StdDev != math.Sqrt2 {
		t.Errorf("deviation of two neighbours whose mean is rounded: %v, want √2", last.StdDev)
	}
	if one.Mean != 7 || one.Min != 7 || one.Max != 7 || one.P50 != 7 || one.P99 != 7 || !math.IsNaN(one.StdDev) || !math.IsNaN(one.CI95Low) {
		t.Errorf("one value: %+v", one)
	}
}

// TestDescribeAccuracy compares with 300-bit arithmetic, on samples whose plain
// sums lose digits.
func TestDescribeAccuracy(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 15))
	for name, draw := range map[string]func(*rand.Rand) float64{
		"lognormal":   shapes[1].draw,
		"heavy tail":  shapes[5].draw,
		"far from 0":  func(r *rand.Rand) float64 { return 1e9 + r.Float64() },
		"many scales": func(r *rand.Rand) float64 { return math.Exp(80*r.Float64() - 40) },
		"big and 0.1": func(r *rand.Rand) float64 { return []float64{0.1, 0.1, 0.1, 3e12}[r.IntN(4)] },
	} {
		x := drawSample(r, 10_000, draw)
		wide := func(v float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(v) }
		n, sum, squares := wide(float64(len(x))), wide(0), wide(0)
		for _, v := range x {
			sum.Add(sum, wide(v))
		}
		mean := sum.Quo(sum, n)
		for _, v := range x {
			d := wide(v)
			d.Sub(d, mean)
			squares.Add(squares, d.Mul(d, d))
		}
		variance := squares.Quo(squares, wide(float64(len(x)-1)))
		wantMean, _ := mean.Float64()
		wantDeviation, _ := variance.Sqrt(variance).Float64()
		s := Describe(x)
		near(t, name+": Mean", s.Mean, wantMean, 2.3e-16)
		near(t, name+": StdDev", s.StdDev, wantDeviation, 5e-16)
	}
}

// TestPercentileIndex checks the statement at percentile: integers and floating point give
// the same index.
func TestPercentileIndex(t *testing.T) {
	for n := 1; n < 1_000_000; n += 1 + n/5000 {
		for percent, p := range map[int]float64{50: 0.5, 95: 0.95, 99: 0.99} {
			if a, b := n*percent/100, int(p*float64(n)); a != b {
				t.Fatalf("n = %d, p = %v: index %d in integers, %d in floating point", n, p, a, b)
			}
		}
	}
}

func TestDescribeNanoseconds(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	ints := make([]int64, 10_000)
	floats := make([]float64, len(ints))
	short := make([]uint32, len(ints))
	for i := range ints {
		ints[i] = int64(640 + 300*r.ExpFloat64())
		floats[i] = float64(ints[i])
		short[i] = uint32(ints[i])
	}
	want := DescribeNanoseconds(ints)
	if got := DescribeNanoseconds(short); got != want {
		t.Errorf("uint32: %+v\nint64: %+v", got, want)
	}
	got := Describe(floats)
	near(t, "StdDev by floating point", got.StdDev, want.StdDev, 1e-15)
	got.StdDev, got.CI95Low, got.CI95High = want.StdDev, want.CI95Low, want.CI95High
	if got != want {
		t.Errorf("Describe: %+v\nDescribeNanoseconds: %+v", got, want)
	}
}

// TestDescribeNanosecondsExact has sums and squares that float64 and int64 cannot hold.
func TestDescribeNanosecondsExact(t *testing.T) {
	const most = math.MaxInt64
	s := DescribeNanoseconds([]int64{most, most, most - 3, most - 3})
	if s.Mean != most { // most - 1.5 rounds to 2^63
		t.Errorf("mean of four values near 2^63: %v", s.Mean)
	}
	near(t, "their deviation", s.StdDev, math.Sqrt(3), 1e-16)
	wide := DescribeNanoseconds([]int64{math.MinInt64, math.MaxInt64})
	if wide.Mean != -0.5 {
		t.Errorf("mean of the extremes: %v, want -0.5", wide.Mean)
	}
	near(t, "deviation of the extremes", wide.StdDev, math.Exp2(64)/math.Sqrt2, 1e-15)
	four := DescribeNanoseconds([]int64{math.MinInt64, math.MaxInt64, math.MinInt64, math.MaxInt64, 0, 0})
	near(t, "deviation, squares beyond 128 bits", four.StdDev, math.Exp2(63)*math.Sqrt(4./5), 1e-15)
	if saturated := DescribeNanoseconds([]uint32{math.MaxUint32, math.MaxUint32}); saturated.Mean != math.MaxUint32 || saturated.StdDev != 0 {
		t.Errorf("saturated: %+v", saturated)
	}
}

func TestMedian(t *testing.T) {
	if got := Median([]float64{9, 1, 4}); got != 4 {
		t.Errorf("median of three: %v", got)
	}
	if got := Median([]float64{9, 1, 4, 5}); got != 4.5 {
		t.Errorf("median of four: %v", got)
	}
}

// TestPublishedTable recomputes t and d from the published benchmark's printed means and
// deviations. The published t of -469.0406 needs other inputs.
func TestPublishedTable(t *testing.T) {
	aprender := Summary{N: 10_000, Mean: 0.53, StdDev: 0.07}
	pytorch := Summary{N: 10_000, Mean: 5.11, StdDev: 0.97}
	w := Welch(aprender, pytorch)
	near(t, "T", w.T, -470.9402642603262894, 1e-15)
	near(t, "DF", w.DF, 10_103.142355704924, 1e-14) // t, df and p: mpmath, 50 digits
	if got := FormatP(w.LogP); got != "4.2e-6877" || w.P != math.SmallestNonzeroFloat64 || !w.Underflow {
		t.Errorf("p = %s, %+v", got, w.PValue)
	}
	d := CohenD(aprender, pytorch)
	near(t, "d", d, -6.660, 1e-4)
	near(t, "d by t√(2/n)", d, w.T*math.Sqrt(2./10_000), 1e-14)
	if EffectName(d) != "large" {
		t.Errorf("d = %v is called %s", d, EffectName(d))
	}
}

func TestEffectName(t *testing.T) {
	below := func(x float64) float64 { return math.Nextafter(x, 0) }
	for _, c := range []struct {
		d    float64
		want string
	}{
		{0, "negligible"}, {below(0.2), "negligible"}, {0.2, "small"}, {below(0.5), "small"}, {0.5, "medium"},
		{0.6, "medium"}, {below(0.8), "medium"}, {0.8, "large"}, {math.Inf(1), "large"}, {math.NaN(), "undefined"},
	} {
		for _, d := range []float64{c.d, -c.d} {
			if got := EffectName(d); got != c.want {
				t.Errorf("EffectName(%v) = %s, want %s", d, got, c.want)
			}
		}
	}
}

// TestMannWhitney counts the pairs one by one.
func TestMannWhitney(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 200 {
		a := drawSample(r, 1+r.IntN(30), shapes[2].draw)
		b := drawSample(r, 1+r.IntN(30), shapes[2].draw)
		u := 0.0
		for _, x := range a {
			for _, y := range b {
				if x > y {
					u++
				} else if x == y {
					u += 0.5
				}
			}
		}
		if got := MannWhitney(a, b); got.U != u {
			t.Errorf("U of %v and %v = %v, want %v", a, b, got.U, u)
		}
	}
	// scipy.stats.mannwhitneyu(..., method="asymptotic"), SciPy 1.17.1
	tied := MannWhitney([]float64{1, 2, 2, 3, 5}, []float64{2, 3, 3, 4, 6, 7})
	near(t, "p of tied samples", tied.P, 0.16304505585423734, 1e-14)
	if same := MannWhitney([]float64{3, 3}, []float64{3, 3, 3}); same.P != 1 || same.Z != 0 {
		t.Errorf("one value throughout: %+v", same)
	}
	low := drawSample(r, 10_000, func(r *rand.Rand) float64 { return r.Float64() })
	high := drawSample(r, 10_000, func(r *rand.Rand) float64 { return 2 + r.Float64() })
	far := MannWhitney(low, high)
	// z = (5e7 - 1/2)/√(1e8·20001/12), ln erfc(z/√2) by its asymptotic series.
	z := (5e7 - 0.5) / math.Sqrt(1e8*20001/12.)
	logP := -z*z/2 + math.Log(2/(z*math.Sqrt(2*math.Pi))) + math.Log1p(-1/(z*z)+3/(z*z*z*z))
	near(t, "Z of disjoint samples", far.Z, -z, 1e-14)
	near(t, "ln p of disjoint samples", far.LogP, logP, 1e-12)
}

// bruteHodgesLehmann sorts all Walsh averages, as the definition says.
func bruteHodgesLehmann(x []float64) (averages []float64, estimate float64) {
	for i := range x {
		for j := i; j < len(x); j++ {
			averages = append(averages, x[i]/2+x[j]/2)
		}
	}
	slices.Sort(averages)
	m := len(averages)
	return averages, averages[(m-1)/2]/2 + averages[m/2]/2
}

func TestHodgesLehmann(t *testing.T) {
	// The rank of the lower bound at 95% and its level: Hollander and Wolfe,
	// table A.4: P(T >= 47) = 0.024 for n = 10, so 8 averages lie outside on
	// each side.
	for _, c := range []struct {
		n, k       int
		confidence float64
	}{
		{1, 0, 1}, {5, 0, 1}, {6, 1, 1 - 2./64}, {7, 3, 1 - 6./128}, {10, 9, 1 - 2*25./1024},
	} {
		t.Run(fmt.Sprintf("n=%d", c.n), func(t *testing.T) {
			x := drawSample(rand.New(rand.NewPCG(11, uint64(c.n))), c.n, shapes[1].draw)
			averages, estimate := bruteHodgesLehmann(x)
			want := Interval{Estimate: estimate, Low: math.Inf(-1), High: math.Inf(1), Confidence: c.confidence}
			if c.k > 0 {
				want.Low, want.High = averages[c.k-1], averages[len(averages)-c.k]
			}
			if got := HodgesLehmann(x, 0.95); got != want {
				t.Errorf("HodgesLehmann(%v) = %+v, want %+v", x, got, want)
			}
		})
	}
}

// TestWalsh compares counting with sorting, with ties, negative numbers and
// both zeros.
func TestWalsh(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 13))
	for range 300 {
		x := drawSample(r, 1+r.IntN(20), func(r *rand.Rand) float64 {
			return []float64{0, math.Copysign(0, -1), 1, -1, 2.5, r.NormFloat64(), 1e-300, -1e300}[r.IntN(8)]
		})
		averages, _ := bruteHodgesLehmann(x)
		sorted := ascending(x)
		for k := 1; k <= len(averages); k++ {
			if got := walsh(sorted, k); got != averages[k-1] {
				t.Fatalf("average %d of %v = %v, want %v", k, x, got, averages[k-1])
			}
		}
	}
}

// TestSignedRankApproximation checks the statement at exactSignedRank.
func TestSignedRankApproximation(t *testing.T) {
	for _, n := range []int{exactSignedRank + 1, 2 * exactSignedRank} {
		distribution := signedRankDistribution(n)
		for _, alpha := range []float64{0.00005, 0.005, 0.025, 0.05, 0.1} {
			k, approximate := signedRankBound(n, alpha)
			exact := 0.0
			for _, p := range distribution[:k] {
				exact += p
			}
			if approximate > alpha {
				t.Errorf("n = %d: P(T < %d) is taken for %v, more than %v", n, k, approximate, alpha)
			}
			if 2*math.Abs(exact-approximate) > 0.002 || exact > alpha*1.005 || alpha <= 0.025 && exact > alpha {
				t.Errorf("n = %d, alpha %v: P(T < %d) is %v, approximated as %v", n, alpha, k, exact, approximate)
			}
		}
	}
}

// everyResult returns all results of the package for two samples.
func everyResult(a, b []float64) map[string]any {
	return map[string]any{
		"Describe":      Describe(a),
		"Median":        Median(a),
		"TInterval":     TInterval(a, 0.95),
		"HodgesLehmann": HodgesLehmann(a, 0.95),
		"BootstrapT":    bootstrapT(a, 0.95, 99, 1),
		"SignedRank":    SignedRank(a),
		"ClaimInterval": ClaimInterval(a, 0.95),
		"Welch":         Welch(Describe(a), Describe(b)),
		"CohenD":        CohenD(Describe(a), Describe(b)),
		"MannWhitney":   MannWhitney(a, b),
	}
}

// eachPair runs f on pairs of samples of all shapes and several sizes.
func eachPair(t *testing.T, f func(t *testing.T, r *rand.Rand, a, b []float64)) {
	for i, shape := range shapes {
		for _, n := range []int{2, 7, 61, 400} {
			t.Run(fmt.Sprintf("%s/%d", shape.name, n), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(i), uint64(n)))
				a, b := drawSample(r, n, shape.draw), drawSample(r, n+3, shape.draw)
				a[0], b[0] = 4.25, 4.75 // some spread, always
				f(t, r, a, b)
			})
		}
	}
}

func TestCallersSlicesAndOrder(t *testing.T) {
	eachPair(t, func(t *testing.T, r *rand.Rand, a, b []float64) {
		keepA, keepB := slices.Clone(a), slices.Clone(b)
		want := everyResult(a, b)
		if !slices.Equal(a, keepA) || !slices.Equal(b, keepB) {
			t.Fatal("a sample was changed")
		}
		shuffle := func(x []float64) { r.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] }) }
		for range 5 {
			shuffle(a)
			shuffle(b)
			for name, got := range everyResult(a, b) {
				if !reflect.DeepEqual(got, want[name]) {
					t.Errorf("%s in another order: %+v, was %+v", name, got, want[name])
				}
			}
		}
		ints := []int64{5, 3, 4}
		DescribeNanoseconds(ints)
		if !slices.Equal(ints, []int64{5, 3, 4}) {
			t.Error("DescribeNanoseconds changed its sample")
		}
	})
}

// TestShiftAndScale moves both samples by the same amount and factor. Tests
// do not change; estimates move along.
func TestShiftAndScale(t *testing.T) {
	eachPair(t, func(t *testing.T, _ *rand.Rand, a, b []float64) {
		const shift, factor, tolerance = 16, -8, 1e-12
		move := func(x []float64) []float64 {
			y := slices.Clone(x)
			for i := range y {
				y[i] = (y[i] + shift) * factor
			}
			return y
		}
		ma, mb := move(a), move(b)
		s, m := Describe(a), Describe(ma)
		near(t, "Mean", m.Mean, (s.Mean+shift)*factor, tolerance)
		near(t, "StdDev", m.StdDev, -factor*s.StdDev, tolerance)
		w, mw := Welch(s, Describe(b)), Welch(m, Describe(mb))
		near(t, "T", mw.T, -w.T, 1e-9)
		near(t, "DF", mw.DF, w.DF, 1e-9)
		near(t, "LogP", mw.LogP, w.LogP, 1e-9)
		near(t, "d", CohenD(m, Describe(mb)), -CohenD(s, Describe(b)), 1e-9)
		// The shift may make or break ties by rounding. The shapes with deliberate ties
		// keep them.
		u, mu := MannWhitney(a, b), MannWhitney(ma, mb)
		near(t, "U", mu.U, float64(len(a)*len(b))-u.U, 0.01)
		for name, interval := range map[string]func([]float64, float64) Interval{"TInterval": TInterval, "HodgesLehmann": HodgesLehmann} {
			i, mi := interval(a, 0.9), interval(ma, 0.9)
			near(t, name+" estimate", mi.Estimate, (i.Estimate+shift)*factor, tolerance)
			if math.IsInf(i.Low, 0) {
				continue
			}
			near(t, name+" low", mi.High, (i.Low+shift)*factor, 1e-11)
			near(t, name+" high", mi.Low, (i.High+shift)*factor, 1e-11)
		}
	})
}

func TestSwapped(t *testing.T) {
	eachPair(t, func(t *testing.T, _ *rand.Rand, a, b []float64) {
		x, y := Welch(Describe(a), Describe(b)), Welch(Describe(b), Describe(a))
		if x.T != -y.T || math.Abs(x.DF-y.DF) > 1e-12*x.DF || math.Abs(x.LogP-y.LogP) > 1e-11*math.Abs(x.LogP) {
			t.Errorf("Welch: %+v, swapped %+v", x, y)
		}
		u, v := MannWhitney(a, b), MannWhitney(b, a)
		if u.U+v.U != float64(len(a)*len(b)) || u.Z != -v.Z || u.LogP != v.LogP {
			t.Errorf("MannWhitney: %+v, swapped %+v", u, v)
		}
		if d, e := CohenD(Describe(a), Describe(b)), CohenD(Describe(b), Describe(a)); d != -e {
			t.Errorf("CohenD: %v, swapped %v", d, e)
		}
	})
}

// numbers collects the float64 fields of a result, N left out.
func numbers(v reflect.Value) []float64 {
	switch v.Kind() {
	case reflect.Float64:
		return []float64{v.Float()}
	case reflect.Struct:
		var all []float64
		for _, field := range v.Fields() {
			all = append(all, numbers(field)...)
		}
		return all
	}
	return nil
}

// TestNoAnswer: a result without an answer is NaN in all fields, and nothing panics.
func TestNoAnswer(t *testing.T) {
	good := []float64{1, 2, 4}
	for name, bad := range map[string][]float64{
		"nil": nil, "empty": {}, "NaN": {1, math.NaN(), 2}, "infinity": {1, math.Inf(1)}, "only -Inf": {math.Inf(-1)},
	} {
		for what, result := range everyResult(bad, good) {
			for _, x := range numbers(reflect.ValueOf(result)) {
				if !math.IsNaN(x) {
					t.Errorf("%s: %s = %+v, want NaN throughout", name, what, result)
					break
				}
			}
		}
		if got := MannWhitney(good, bad); !math.IsNaN(got.LogP) {
			t.Errorf("%s on the second side: %+v", name, got)
		}
	}
	for name, w := range map[string]WelchResult{
		"one value":     Welch(Describe([]float64{1}), Describe(good)),
		"no spread":     Welch(Describe([]float64{1, 1}), Describe([]float64{2, 2})),
		"zero Summary":  Welch(Summary{}, Summary{}),
		"infinite mean": Welch(Summary{N: 5, Mean: math.Inf(1), StdDev: 1}, Describe(good)),
		"infinite s":    Welch(Summary{N: 5, Mean: 1, StdDev: math.Inf(1)}, Describe(good)),
	} {
		if !math.IsNaN(w.T) || !math.IsNaN(w.DF) || !math.IsNaN(w.P) || !math.IsNaN(w.LogP) || w.Underflow {
			t.Errorf("Welch, %s: %+v", name, w)
		}
	}
	if d := CohenD(Describe([]float64{1, 1}), Describe([]float64{2, 2})); !math.IsNaN(d) {
		t.Errorf("CohenD without spread: %v", d)
	}
	if d := CohenD(Summary{N: 5, Mean: 1, StdDev: math.Inf(1)}, Describe(good)); !math.IsNaN(d) {
		t.Errorf("CohenD with an infinite deviation: %v", d)
	}
	if s := DescribeNanoseconds([]uint32(nil)); s.N != 0 || !math.IsNaN(s.Mean) || !math.IsNaN(s.P50) {
		t.Errorf("DescribeNanoseconds(nil) = %+v", s)
	}
	for _, level := range []float64{0, 1, -1, 2, math.NaN()} {
		if a, b := TInterval(good, level), HodgesLehmann(good, level); !math.IsNaN(a.Low) || !math.IsNaN(b.Low) {
			t.Errorf("level %v: %+v, %+v", level, a, b)
		}
	}
	if got := TInterval([]float64{3}, 0.95); got != unbounded(3) {
		t.Errorf("TInterval of one value: %+v", got)
	}
	if got := TInterval([]float64{3, 3, 3}, 0.95); got.Low != 3 || got.High != 3 {
		t.Errorf("TInterval without spread: %+v", got)
	}
}

// TestCoverage simulates what an interval promises. With 20,000 samples the
// standard deviation of the rate is 0.0015; the bounds are four of them.
func TestCoverage(t *testing.T) {
	const samples, slack = 20_000, 0.0062
	cauchy := func(r *rand.Rand) float64 { return math.Tan(math.Pi * (r.Float64() - 0.5)) }
	normal := func(r *rand.Rand) float64 { return r.NormFloat64() }
	for _, c := range []struct {
		name     string
		interval func([]float64, float64) Interval
		draw     func(*rand.Rand) float64
		n        int
		want     float64
	}{
		{"t/normal/3", TInterval, normal, 3, 0.95},
		{"t/normal/10", TInterval, normal, 10, 0.95},
		{"hodges-lehmann/normal/6", HodgesLehmann, normal, 6, 1 - 2./64},
		{"hodges-lehmann/cauchy/10", HodgesLehmann, cauchy, 10, 1 - 2*25./1024},
		{"hodges-lehmann/normal/100", HodgesLehmann, normal, 100, 0.95},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(20, uint64(c.n)))
			covered := 0
			for range samples {
				if i := c.interval(drawSample(r, c.n, c.draw), 0.95); i.Low <= 0 && 0 <= i.High {
					covered++
				}
			}
			if rate := float64(covered) / samples; math.Abs(rate-c.want) > slack {
				t.Errorf("the interval holds the truth in %.4f of the samples, want %.4f", rate, c.want)
			}
		})
	}
}

// TestFalseAlarms: identical populations, so p is below 0.05 one time in
// twenty.
func TestFalseAlarms(t *testing.T) {
	const samples, slack = 20_000, 0.0062
	r := rand.New(rand.NewPCG(30, 31))
	welch, ranks := 0, 0
	for range samples {
		a, b := drawSample(r, 30, shapes[0].draw), drawSample(r, 40, shapes[0].draw)
		if Welch(Describe(a), Describe(b)).P < 0.05 {
			welch++
		}
		if MannWhitney(a, b).P < 0.05 {
			ranks++
		}
	}
	for name, n := range map[string]int{"Welch": welch, "MannWhitney": ranks} {
		if rate := float64(n) / samples; math.Abs(rate-0.05) > slack {
			t.Errorf("%s: false alarms %.4f, want 0.05", name, rate)
		}
	}
}

func BenchmarkDescribe(b *testing.B) {
	x := drawSample(rand.New(rand.NewPCG(1, 1)), 10_000, shapes[1].draw)
	for b.Loop() {
		Describe(x)
	}
}

func BenchmarkMannWhitney(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x, y := drawSample(r, 10_000, shapes[4].draw), drawSample(r, 10_000, shapes[4].draw)
	for b.Loop() {
		MannWhitney(x, y)
	}
}

func BenchmarkHodgesLehmann(b *testing.B) {
	x := drawSample(rand.New(rand.NewPCG(1, 1)), 10_000, shapes[1].draw)
	for b.Loop() {
		HodgesLehmann(x, 0.95)
	}
}

func BenchmarkStudentLogP(b *testing.B) {
	for _, v := range [][2]float64{{1, 9}, {2.5, 9}, {1.8, 1e4}, {-469, 1e4}} {
		b.Run(fmt.Sprint(v), func(b *testing.B) {
			for b.Loop() {
				StudentLogP(v[0], v[1])
			}
		})
	}
}
