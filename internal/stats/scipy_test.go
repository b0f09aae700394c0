package stats

// This file compares each estimator that SciPy also has with SciPy.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"

	"cupel/internal/enginetest"
)

// scipyPython returns a Python interpreter with SciPy: the one in CUPEL_SCIPY_PYTHON, or
// else that of the scikit-learn engine, which needs SciPy.
func scipyPython(t *testing.T) string {
	t.Helper()
	if python := os.Getenv("CUPEL_SCIPY_PYTHON"); python != "" {
		return python
	}
	return enginetest.Require(t, "scikit-learn").Command[0]
}

// scipyRequest and scipyAnswer are the input and output of testdata/scipy_reference.py. Its
// docstring explains the fields.
type scipyRequest struct {
	Samples    [][]float64  `json:"samples"`
	Levels     []float64    `json:"levels"`
	Pairs      [][2]int     `json:"pairs"`
	Shifted    [][2]float64 `json:"shifted"`
	T          [][2]float64 `json:"t"`
	Z          []float64    `json:"z"`
	SignedRank [][2]int     `json:"signed_rank"`
	Binomial   [][3]float64 `json:"binomial"`
	Bridge     []float64    `json:"bridge"`
}

type scipyAnswer struct {
	MPMath  bool
	Samples []struct {
		Mean, Std, Median float64
		Intervals         [][2]float64
	}
	Pairs []struct {
		T, DF    float64
		LogP     *float64 `json:"log_p"`
		U        float64
		RankLogP *float64 `json:"rank_log_p"`
	}
	Shifted    []float64
	T          []*float64
	Z          []float64
	SignedRank []float64 `json:"signed_rank"`
	Binomial   [][4]float64
	Bridge     []float64
}

func askSciPy(t *testing.T, request scipyRequest) scipyAnswer {
	t.Helper()
	in, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), scipyPython(t), "testdata/scipy_reference.py")
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, stderr.Bytes())
	}
	var answer scipyAnswer
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	if !answer.MPMath {
		t.Log("mpmath is not importable there: the far tails are compared with the pinned values alone")
	}
	return answer
}

// scipyTolerance is relative. On the logarithm of a p-value above 1e-9 it is absolute.
const scipyTolerance = 1e-9

func checkClose(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= scipyTolerance*math.Abs(want)) {
		t.Errorf("%s = %.17g, SciPy has %.17g", what, got, want)
	}
}

func checkLogP(t *testing.T, what string, got float64, want *float64) {
	t.Helper()
	if want != nil && !(math.Abs(got-*want) <= scipyTolerance*max(1, math.Abs(*want)/20)) {
		t.Errorf("%s: ln p = %.17g, SciPy has %.17g", what, got, *want)
	}
}

// shapes are the distributions that samples are drawn from.
var shapes = []struct {
	name string
	draw func(r *rand.Rand) float64
}{
	{"normal", func(r *rand.Rand) float64 { return 5 + r.NormFloat64() }},
	{"lognormal", func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) }},
	{"ties", func(r *rand.Rand) float64 { return float64(3 + r.IntN(4)) }},
	{"two levels", func(r *rand.Rand) float64 { return 5 + 3*float64(r.IntN(2)) + 0.1*r.NormFloat64() }},
	{"nanoseconds", func(r *rand.Rand) float64 { return math.Round(640 + 40*r.ExpFloat64()) }},
	{"heavy tail", func(r *rand.Rand) float64 { return r.NormFloat64() / math.Sqrt(r.Float64()) }},
}

func drawSample(r *rand.Rand, n int, draw func(*rand.Rand) float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = draw(r)
	}
	return x
}

// distinct reports whether a sample has any spread. Without spread SciPy warns or returns
// NaN.
func distinct(x []float64) bool {
	for _, v := range x {
		if v != x[0] {
			return true
		}
	}
	return false
}

func TestAgainstSciPy(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	request := scipyRequest{Levels: []float64{0.5, 0.95, 0.999}}
	var names []string
	add := func(name string, x []float64) {
		for !distinct(x) {
			x[0]++
		}
		names = append(names, fmt.Sprintf("%s, n=%d", name, len(x)))
		request.Samples = append(request.Samples, x)
	}
	for _, shape := range shapes {
		for _, n := range []int{2, 3, 10, 31, 500, 10_000} {
			add(shape.name, drawSample(r, n, shape.draw))
		}
	}
	paired := len(names)
	for i := range paired {
		for j := range paired {
			if i != j {
				request.Pairs = append(request.Pairs, [2]int{i, j})
			}
		}
	}
	offset := drawSample(r, 1000, func(r *rand.Rand) float64 { return 1e9 + r.NormFloat64() })
	add("far from 0", offset)
	for range 400 {
		df := math.Exp(-2 + 12*r.Float64())
		request.T = append(request.T, [2]float64{math.Exp(-6 + 10*r.Float64()), df})
	}
	for range 200 {
		request.Z = append(request.Z, math.Exp(-6+11*r.Float64()))
	}
	for n := 1; n <= 8; n++ {
		for s := range n*(n+1)/2 + 1 {
			request.SignedRank = append(request.SignedRank, [2]int{n, s})
		}
	}
	for _, n := range []int{20, 40, exactSignedRank} {
		for s := n; s <= n*(n+1)/2; s += n * n / 7 {
			request.SignedRank = append(request.SignedRank, [2]int{n, s})
		}
	}
	for _, n := range []float64{1, 7, 200, 1000, 100_000} {
		for _, k := range []float64{0, 1, math.Floor(n / 20), math.Floor(n / 2), n - 1, n} {
			for _, level := range request.Levels {
				request.Binomial = append(request.Binomial, [3]float64{k, n, level})
			}
		}
	}
	for h := 0.4; h < 18; h += 0.1 {
		request.Bridge = append(request.Bridge, h)
	}
	bounds := addBounds(r, &request, add)
	centres := len(request.Shifted)
	for i, x := range request.Samples {
		// Without ties SciPy's exact test is the same.
		if n := len(x); n <= exactSignedRank && !tiesInSize(x) {
			request.Shifted = append(request.Shifted, [2]float64{float64(i), 0}, [2]float64{float64(i), Median(x) * 0.9})
		}
	}

	answer := askSciPy(t, request)

	for i, want := range answer.Samples {
		s := Describe(request.Samples[i])
		checkClose(t, names[i]+": Mean", s.Mean, want.Mean)
		checkClose(t, names[i]+": StdDev", s.StdDev, want.Std)
		checkClose(t, names[i]+": Median", Median(request.Samples[i]), want.Median)
		for k, level := range request.Levels {
			got := TInterval(request.Samples[i], level)
			// Relative to the width: an end may be next to 0.
			width := want.Intervals[k][1] - want.Intervals[k][0]
			slack := scipyTolerance*width + 1e-15*math.Abs(want.Mean)
			if math.Abs(got.Low-want.Intervals[k][0]) > slack || math.Abs(got.High-want.Intervals[k][1]) > slack {
				t.Errorf("%s: TInterval at %v = [%.17g, %.17g], SciPy has %.17g", names[i], level, got.Low, got.High, want.Intervals[k])
			}
		}
	}
	for k, pair := range request.Pairs {
		a, b, want := request.Samples[pair[0]], request.Samples[pair[1]], answer.Pairs[k]
		name := names[pair[0]] + " / " + names[pair[1]]
		welch := Welch(Describe(a), Describe(b))
		checkClose(t, name+": T", welch.T, want.T)
		checkClose(t, name+": DF", welch.DF, want.DF)
		checkLogP(t, name+": Welch", welch.LogP, want.LogP)
		ranks := MannWhitney(a, b)
		checkClose(t, name+": U", ranks.U, want.U)
		checkLogP(t, name+": MannWhitney", ranks.LogP, want.RankLogP)
	}
	for k, v := range request.T {
		checkLogP(t, fmt.Sprintf("StudentLogP(%v, %v)", v[0], v[1]), StudentLogP(v[0], v[1]), answer.T[k])
	}
	for k, z := range request.Z {
		checkLogP(t, fmt.Sprintf("normalLogP(%v)", z), normalLogP(z), &answer.Z[k])
	}
	checkSignedRank(t, request.SignedRank, answer.SignedRank)
	for k, b := range request.Binomial {
		got, what := Binomial(int(b[0]), int(b[1]), b[2]), fmt.Sprintf("Binomial(%v, %v, %v)", b[0], b[1], b[2])
		want := answer.Binomial[k]
		if math.Abs(got.Low-want[0]) > 1e-11 || math.Abs(got.High-want[1]) > 1e-11 {
			t.Errorf("%s = %+v, SciPy has %v", what, got, want[:2])
		}
		checkClose(t, what+": Low", got.Low, want[2])
		checkClose(t, what+": High", got.High, want[3])
	}
	for k, h := range request.Bridge {
		checkLogP(t, fmt.Sprintf("bridgeLogP(%v)", h), bridgeLogP(h), &answer.Bridge[k])
	}
	for k := centres; k < len(request.Shifted); k++ {
		i, shift := int(request.Shifted[k][0]), request.Shifted[k][1]
		x := slices.Clone(request.Samples[i])
		for j := range x {
			x[j] -= shift
		}
		checkLogP(t, fmt.Sprintf("%s less %v: SignedRank", names[i], shift), SignedRank(x).LogP, &answer.Shifted[k])
	}
	for k, b := range bounds {
		if inside := answer.Shifted[k] > math.Log(1-b.level); inside != b.inside {
			t.Errorf("n=%d, level %v: Wilcoxon's ln p of %v is %v; inside the interval is %v",
				b.n, b.level, request.Shifted[k][1], answer.Shifted[k], b.inside)
		}
	}
}

// tiesInSize reports whether two values have the same distance from 0 or from 0.9 of the
// median, or whether one has no distance.
func tiesInSize(x []float64) bool {
	for _, centre := range []float64{0, Median(x) * 0.9} {
		seen := map[float64]bool{0: true}
		for _, v := range x {
			size := math.Abs(v - centre)
			if seen[size] {
				return true
			}
			seen[size] = true
		}
	}
	return false
}

// bound is a centre a little inside or outside of a HodgesLehmann interval.
type bound struct {
	n      int
	level  float64
	inside bool
}

// addBounds asks SciPy to test the centres on both sides of each end of HodgesLehmann's
// interval: the test must reject exactly those outside.
func addBounds(r *rand.Rand, request *scipyRequest, add func(string, []float64)) []bound {
	var bounds []bound
	for _, n := range []int{6, 10, 25, 50} {
		x := drawSample(r, n, shapes[0].draw)
		i := len(request.Samples)
		add("for HodgesLehmann", x)
		for _, level := range []float64{0.8, 0.95} {
			ci := HodgesLehmann(x, level)
			for _, end := range []struct{ at, outward float64 }{{ci.Low, -1e-9}, {ci.High, 1e-9}} {
				for _, inside := range []bool{true, false} {
					shift := end.at + end.outward
					if inside {
						shift = end.at - end.outward
					}
					request.Shifted = append(request.Shifted, [2]float64{float64(i), shift})
					bounds = append(bounds, bound{n, level, inside})
				}
			}
		}
	}
	return bounds
}

func checkSignedRank(t *testing.T, asked [][2]int, want []float64) {
	t.Helper()
	for k, v := range asked {
		got := 0.0
		for _, p := range signedRankDistribution(v[0])[:v[1]+1] {
			got += p
		}
		checkClose(t, fmt.Sprintf("P(T ≤ %d), n=%d", v[1], v[0]), got, want[k])
	}
}
