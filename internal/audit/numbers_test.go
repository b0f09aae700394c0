package audit

// This file tests what counts as beyond a limit: that a few launches can show it,
// that one wild launch hides nothing, and that honest launches are hardly ever taken
// for it.

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestWhatIsBeyondALimit(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	slowPeer := []float64{1.5, 1.51, 1.49, 1.5, 1.52, 1.48, 1.5, 1.51, 1.49}
	for _, test := range []struct {
		name   string
		values []float64
		limit  float64
		beyond bool
	}{
		{"nothing", nil, 1, false},
		{"one launch", []float64{100}, 1, false},
		{"two launches that differ", []float64{100, 101}, 1, false},
		{"three launches far beyond", []float64{97, 100, 103}, 6, true},
		{"three launches below", []float64{4, 5, 5.5}, 6, false},
		{"three launches on either side", []float64{5, 100, 103}, 6, false},
		{"three launches beyond that differ by nearly as much", []float64{16, 20, 12}, 6, false},
		{"five launches, one wild", []float64{97, 100, 103, 99, -1e6}, 6, true},
		{"a slow peer", slowPeer, 1.05, true},
		{"a slow peer, once a thousand times as slow", append([]float64{1500}, slowPeer...), 1.05, true},
		{"a slow peer, once as fast as none", append([]float64{0.001}, slowPeer...), 1.05, true},
		{"a peer a tenth slower, with spread, once far slower", []float64{1.08, 1.12, 1.1, 1.09, 1.11, 1.1, 1.12, 1.09, 1.1, 900}, 1.05, true},
		{"a share of no time in one launch", append([]float64{inf}, slowPeer...), 1.05, true},
		{"an honest peer, once a thousand times as slow", []float64{1500, 1, 1.01, 0.99, 1, 1.02, 0.98, 1, 1.01, 0.99}, 1.05, false},
		{"an honest peer, once no number", []float64{inf, 1, 1.01, 0.99, 1, 1.02, 0.98, 1, 1.01, 0.99}, 1.05, false},
		{"an honest peer, two of five times slower", []float64{1, 1.01, 1.5, 1.5, 1}, 1.05, false},
		{"no numbers", []float64{inf, nan, -inf}, 1.05, false},
		{"no limit", slowPeer, inf, false},
	} {
		if got := Beyond(test.values, test.limit); got != test.beyond {
			t.Errorf("%s: %v is beyond %v: %v", test.name, test.values, test.limit, got)
		}
		mirrored := make([]float64, len(test.values))
		for i, value := range test.values {
			mirrored[i] = -value
		}
		if got := Below(mirrored, -test.limit); got != test.beyond {
			t.Errorf("%s: %v is below %v: %v", test.name, mirrored, -test.limit, got)
		}
	}
}

// Few launches that are within their bounds acquit, and others tell nothing.
func TestFewLaunches(t *testing.T) {
	for _, test := range []struct {
		values []float64
		few    bool
	}{
		{[]float64{1, 1.05}, false}, {[]float64{1, 1.2}, true}, {[]float64{0.8}, true}, {[]float64{1.2, 1.2, 1.2}, false},
	} {
		if got := TooFew(test.values, 0.9, 1.1); got != test.few {
			t.Errorf("%v: %v", test.values, got)
		}
	}
}

// Honest launches of which one in six is beyond the limit, as disturbed ones may be,
// are taken for more in less than one of 10,000 runs, to within the simulation's own
// three deviations.
func TestHonestLaunchesAreHardlyEverBeyond(t *testing.T) {
	const (
		runs   = 60_000
		expect = 1e-4 * runs
	)
	most := int(expect + 3*math.Sqrt(expect))
	for name, draw := range map[string]func(*rand.Rand) float64{
		// Moved so that one in six is above 0. The heavy tails are those of Student's t with
		// two degrees of freedom.
		"normal":      func(r *rand.Rand) float64 { return r.NormFloat64() - 0.9674 },
		"exponential": func(r *rand.Rand) float64 { return r.ExpFloat64() + math.Log(1.0/6) },
		"heavy tails": func(r *rand.Rand) float64 { return r.NormFloat64()/math.Sqrt(r.ExpFloat64()) - 1.2649 },
	} {
		for _, launches := range []int{3, 4, 5, 10} {
			random := rand.New(rand.NewPCG(31, uint64(launches)))
			accused := 0
			for range runs {
				values := make([]float64, launches)
				for i := range values {
					values[i] = draw(random)
				}
				if Beyond(values, 0) {
					accused++
				}
			}
			if accused > most {
				t.Errorf("%s: %d of %d runs of %d launches are beyond; at most %d may be", name, accused, runs, launches, most)
			}
		}
	}
}
