package verify

// This file tests when a printed figure is the rounding of one.

import "testing"

func TestRoundings(t *testing.T) {
	for _, one := range []struct {
		text string
		due  float64
		is   bool
	}{
		{"174.3", 174.34, true}, {"174.4", 174.34, false}, {"174", 174.34, true}, {"1.743e2", 174.34, true}, {"170", 174.34, false},
		{"-0.00", -0.001, true}, {"0.03", 0.0321, true}, {"3.2e-02", 0.0321, true}, {"x", 1, false}, {"", 0, false},
		// Two sums of the same values, in another order.
		{"218111063498.9421", 2.18111063498808e+11, true}, {"218111163498.9421", 2.18111063498808e+11, false},
	} {
		if is := roundsTo(one.text, one.due); is != one.is {
			t.Errorf("%s of %v: %v", one.text, one.due, is)
		}
	}
}

func TestRoundingsOfOneFigureAreAlike(t *testing.T) {
	for _, one := range []struct {
		a, b string
		are  bool
	}{
		{"0.9000", "0.90", true}, {"0.9000", "0.9001", false}, {"0.9000", "0.90004", true}, {"0.9000", "0.90006", false}, {"0.9000", "0.91", false}, {"174", "1.74e2", true},
		// Below all floats nothing can be told but by the text.
		{"5.1e-435", "5.1e-435", true}, {"5.1e-435", "5.2e-435", false}, {"5.1e-435", "0", false}, {"0.00", "0", true},
	} {
		if are := alike(one.a, one.b); are != one.are {
			t.Errorf("%s and %s: %v", one.a, one.b, are)
		}
	}
}
