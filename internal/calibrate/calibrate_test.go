package calibrate

// This file tests what a calibration counts and how it reads the output of other tools.

import (
	"math"
	"testing"
	"time"

	"cupel/internal/estimate"
	"cupel/internal/stats"
)

// compared returns a comparison with this interval.
func compared(low, high float64) estimate.Comparison {
	return estimate.Comparison{Ratio: stats.Interval{Estimate: math.Sqrt(low * high), Low: low, High: high, Confidence: level}}
}

// For identical copies, an interval beyond 1 on either side is an alarm. For a slowed copy,
// only the right side counts: a slowdown measured as a gain is not found.
func TestATallyCountsAlarmsAndWhatIsFound(t *testing.T) {
	near := []float64{100, 101, 99, 100, 102, 98, 100, 101}
	far := []float64{200, 201, 199, 200, 202, 198, 200, 201}
	equal := compared(0.99, 1.01)
	for _, test := range []struct {
		name   string
		copies copies
		want   Tally
	}{
		{"as it should be", copies{same: equal, slowed: compared(1.001, 1.01), calls: [2][]float64{near, near}}, Tally{Found: map[float64]Count{0.02: {1, 1}}}},
		{"the first is called faster", copies{same: compared(1.001, 1.01), slowed: compared(1.001, 1.01), calls: [2][]float64{near, near}},
			Tally{Alarms: Count{1, 1}, Found: map[float64]Count{0.02: {1, 1}}}},
		{"the first is called slower", copies{same: compared(0.98, 0.999), slowed: compared(1.001, 1.01), calls: [2][]float64{near, near}},
			Tally{Alarms: Count{1, 1}, Found: map[float64]Count{0.02: {1, 1}}}},
		{"the slowdown is not seen", copies{same: equal, slowed: equal, calls: [2][]float64{near, near}}, Tally{}},
		{"the slowdown is seen the wrong way round", copies{same: equal, slowed: compared(0.98, 0.999), calls: [2][]float64{near, near}}, Tally{}},
		{"the classic tests raise an alarm", copies{same: equal, slowed: equal, calls: [2][]float64{near, far}}, Tally{Welch: Count{1, 1}, MannWhitney: Count{1, 1}}},
		{"and the other way round", copies{same: equal, slowed: equal, calls: [2][]float64{far, near}}, Tally{Welch: Count{1, 1}, MannWhitney: Count{1, 1}}},
		{"doubled load: the first is called faster", copies{same: equal, doubled: compared(1.001, 1.01), load: []float64{0}, calls: [2][]float64{near, near}},
			Tally{Doubled: DoubledLoad{Alarms: Count{1, 1}}}},
		{"doubled load: the first is called slower", copies{same: equal, doubled: compared(0.98, 0.999), load: []float64{0}, calls: [2][]float64{near, near}},
			Tally{Doubled: DoubledLoad{Alarms: Count{1, 1}}}},
		{"doubled load: equal", copies{same: equal, doubled: equal, load: []float64{0}, calls: [2][]float64{near, near}},
			Tally{Doubled: DoubledLoad{Alarms: Count{0, 1}}}},
	} {
		test.copies.slowdown = 0.02
		got := newTally("go", []float64{0.02})
		got.add(test.copies)
		if got.Alarms.Of != 1 || got.Alarms.Yes != test.want.Alarms.Yes || got.Found[0.02].Yes != test.want.Found[0.02].Yes {
			t.Errorf("%s: false alarms %+v, found %+v", test.name, got.Alarms, got.Found)
		}
		if got.Found[0.02].Of+got.Doubled.Alarms.Of != 1 || got.Doubled.Alarms != test.want.Doubled.Alarms {
			t.Errorf("%s: slowed %+v, doubled %+v", test.name, got.Found, got.Doubled.Alarms)
		}
		if got.Welch.Yes != test.want.Welch.Yes || got.MannWhitney.Yes != test.want.MannWhitney.Yes {
			t.Errorf("%s: Welch %+v, Mann-Whitney %+v", test.name, got.Welch, got.MannWhitney)
		}
	}
}

func TestATallyAddsUpWhatComparisonsTook(t *testing.T) {
	tally := newTally("go", []float64{0.02})
	for i, load := range []float64{0, 0.1, 0, 0.1, 0, 0.1} {
		made := copies{
			same: compared(0.99, 1.01), doubled: compared(0.99, 1.01), wall: 4 * time.Second, starting: 3 * time.Second,
			load: []float64{load}, canary: []float64{math.Log(1.05)}, canaryAfter: []float64{0}, calls: [2][]float64{[]float64{1, 2}, []float64{1, 2}},
		}
		made.same.Quiet = i == 0
		tally.add(made)
	}
	result := tally.Result("")
	if result.SecondsPerComparison != 4 || result.MeasuringSecondsPerComparison != 1 || result.QuietShare != 1.0/6 {
		t.Errorf("%+v", result)
	}
	d := result.DoubledLoad
	if d == nil || math.Abs(d.Canary.Times-1.05) > 1e-9 || d.CanaryAfterBursts.Times != 1 || math.Abs(d.Calls.Times-math.Exp(0.05)) > 1e-9 {
		t.Errorf("%+v", d)
	}
	if power, listed := result.Power["0.02"]; !listed || power != nil {
		t.Errorf("power of a slowdown that no pair had: %v", power)
	}
}

func TestEachComparisonHasASlowdown(t *testing.T) {
	for pair, want := range []float64{0.005, 0.01, 0.005, 0.02, 0.005, 0.05, 0.005, 0.01} {
		if got := slowdownOf(DefaultSlowdowns, pair); got != want {
			t.Errorf("pair %d: %v, want %v", pair, got, want)
		}
		if got := slowdownOf([]float64{0.02}, pair); got != 0.02 {
			t.Errorf("pair %d: %v of one", pair, got)
		}
	}
}

func TestWhatBenchstatSaysIsRead(t *testing.T) {
	const head = `     │ copy0.txt   │             copy1.txt              │
     │   sec/op    │   sec/op     vs base               │
`
	for _, test := range []struct {
		name, output string
		different    bool
		fails        bool
	}{
		{"no difference", head + "Call   105.2n ± 1%   105.3n ± 2%       ~ (p=0.912 n=10)\n", false, false},
		{"slower", head + "Call   105.2n ± 1%   118.3n ± 2%  +12.45% (p=0.000 n=10)\n", true, false},
		{"faster", head + "Call   105.2n ± 1%   104.7n ± 0%  -0.51% (p=0.007 n=10)\n", true, false},
		{"on two cores", head + "Call-2   105.2n ± 1%   118.3n ± 2%  +12% (p=0.000 n=10)\n", true, false},
		{"counts that are all alike", head + "Call   105.2n ± 0%   105.2n ± 0%       ~ (p=1.000 n=10) ¹\n¹ all samples are equal\n", false, false},
		{"of another benchmark", head + "Caller   105.2n ± 1%   118.3n ± 2%  +12.45% (p=0.000 n=10)\n", false, true},
		{"too few counts", head + "Call   105.2n ± ∞ ¹   118.3n ± ∞ ¹  ~ (p=1.000 n=1) ²\n", false, false},
		{"a mean of all alone", head + "geomean   105.2n   118.3n  +12.45%\n", false, true},
		{"nothing", "", false, true},
	} {
		different, err := saysDifferent(test.output)
		if different != test.different || (err != nil) != test.fails {
			t.Errorf("%s: different %v, %v", test.name, different, err)
		}
	}
}

func TestTimesOfHyperfineAreCompared(t *testing.T) {
	const fast, slow = `{"times":[1,1.01,0.99,1,1.02]}`, `{"times":[2,2.01,1.99,2,2.02]}`
	for _, test := range []struct {
		text      string
		different bool
		fault     string
	}{
		{`{"results":[` + fast + `,` + fast + `]}`, false, ""},
		{`{"results":[` + fast + `,` + slow + `]}`, true, ""},
		{`{"results":[` + fast + `]}`, false, "hyperfine: its JSON has 1 results; expected 2, one for each copy"},
		{`{}`, false, "hyperfine: its JSON has 0 results; expected 2, one for each copy"},
		{`{"results":`, false, "hyperfine: its JSON: unexpected end of JSON input"},
	} {
		different, err := differentTimes([]byte(test.text))
		if different != test.different || (err == nil) != (test.fault == "") || err != nil && err.Error() != test.fault {
			t.Errorf("%s: %v, %v", test.text, different, err)
		}
	}
}
