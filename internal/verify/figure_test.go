package verify

// This file tests when a printed figure is the one that is due.

import (
	"math"
	"testing"
)

func TestFiguresArePrintedAsDue(t *testing.T) {
	for _, one := range []struct {
		due  string
		text string
		same bool
	}{
		{fixed(1, 174.34), "174.3", true},
		{fixed(1, 174.34), "174.4", false},
		{fixed(1, 174.34), "174", false},
		{fixed(1, 174.34), "174.34", false},
		{fixed(1, 174.34), "0174.3", false},
		{fixed(1, 174.34), "1.743e2", false},
		{fixed(0, 501), "1e3", false},
		{fixed(2, -0.001), "-0.00", true},
		// Two sums of the same values, in another order.
		{fixed(4, 2.18111063498808e+11), "218111063498.9421", true},
		{fixed(4, 2.18111063498808e+11), "218111163498.9421", false},
		{significant(3, 100*0.01), "1", true},
		{significant(2, 5.14e5), "5.1e+05", true},
		{significant(2, 0.54), "0.5", false},
		{probability(math.Log(0.0321)), "0.0321", true},
		{probability(-1000), "5.1e-435", true},
		{probability(-1000), "5.2e-435", false},
		{probability(-1000), "5e-435", false},
	} {
		line := parseLine("is " + one.due + "x")
		places, fits := line.fit("is " + one.text + "x")
		if !fits || len(places) != 1 {
			t.Fatalf("%v does not fit %q", line, one.text)
		}
		if same := line.figures[0].prints(one.text); same != one.same {
			t.Errorf("%v printed as %s: %v", line.figures[0], one.text, same)
		}
	}
}

// What a bundle's own text has of marks is text.
func TestMarksOfABundleAreText(t *testing.T) {
	for _, text := range []string{"a\x00b", "\x00%.3f\x01zzz\x02", "\x00%s\x011\x02", "\x00%.9999f\x011\x02", "\x00p\x01\x02"} {
		if line := parseLine(text); len(line.figures) != 0 || line.texts[0] != text {
			t.Errorf("%q: %+v", text, line)
		}
	}
}
