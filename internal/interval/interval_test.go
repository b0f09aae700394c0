package interval

// This file tests that intervals hold what they must.

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

func TestPrinted(t *testing.T) {
	for text, want := range map[string]struct {
		low, high, step float64
	}{
		"0.53":      {0.525, 0.535, 0.01},
		"1,896,707": {1896706.5, 1896707.5, 1},
		"-469.0406": {-469.04065, -469.04055, 0.0001},
		"9.6":       {9.55, 9.65, 0.1},
		"1.5e-3":    {1.45e-3, 1.55e-3, 1e-4},
		"0.000000":  {-5e-7, 5e-7, 1e-6},
		" 12 ":      {11.5, 12.5, 1},
	} {
		value, i, step, err := Printed(text)
		if err != nil || math.Abs(i.Low-want.low) > 1e-12*math.Abs(want.low)+1e-18 || math.Abs(i.High-want.high) > 1e-12*math.Abs(want.high)+1e-18 || math.Abs(step/want.step-1) > 1e-12 {
			t.Errorf("%s: %v %v %v %v", text, value, i, step, err)
		}
	}
	for _, text := range []string{"", "x", "NaN", "inf", "0x10", "1_0", "1e", "1e999", "--1"} {
		if _, _, _, err := Printed(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// What a number prints as holds the number.
func TestPrintedHoldsWhatWasPrinted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		x := math.Exp(20 * (random.Float64() - 0.5))
		text := strconv.FormatFloat(x, 'f', random.IntN(8), 64)
		if _, i, _, err := Printed(text); err != nil || !i.Contains(x) {
			t.Fatalf("%v printed as %s: %v, %v", x, text, i, err)
		}
	}
}

// Every operation holds what the numbers in its operands give.
func TestOperationsHoldTheirResults(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	draw := func() (Interval, float64) {
		i := Of(5*random.Float64(), 5*random.Float64())
		return i, i.Low + random.Float64()*i.Width()
	}
	for range 10_000 {
		i, x := draw()
		j, y := draw()
		for name, test := range map[string]struct {
			result Interval
			value  float64
		}{
			"add": {i.Add(j), x + y}, "sub": {i.Sub(j), x - y}, "div": {i.Div(j), x / y},
			"square": {i.Square(), x * x}, "sqrt": {i.Sqrt(), math.Sqrt(x)}, "scale": {i.Scale(-2), -2 * x},
			"abs": {i.Sub(j).Abs(), math.Abs(x - y)},
		} {
			if !test.result.Contains(test.value) {
				t.Fatalf("%s of %v and %v is %v without %v", name, i, j, test.result, test.value)
			}
		}
	}
}

func TestIntersect(t *testing.T) {
	if got := (Interval{1, 3}).Intersect(Interval{2, 5}); got != (Interval{2, 3}) {
		t.Errorf("got %v", got)
	}
	if got := (Interval{1, 2}).Intersect(Interval{3, 4}); !got.Empty() {
		t.Errorf("got %v", got)
	}
	if (Interval{1, 2}).Overlaps(Interval{2.001, 4}) || !(Interval{1, 2}).Overlaps(Interval{2 + 1e-12, 4}) {
		t.Error("the slack is wrong")
	}
	if (Interval{5, math.Inf(1)}).Overlaps(Interval{1, 2}) || !(Interval{5, math.Inf(1)}).Overlaps(Interval{6, 7}) {
		t.Error("an open end overlaps everything")
	}
}
