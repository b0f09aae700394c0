package estimate

// This file tests the comparison of a contender with its canonical runner.

import (
	"testing"

	"cupel/internal/stats"
	"cupel/internal/suite"
)

func TestAPeerIsHeldToItsCanonicalRunner(t *testing.T) {
	for _, test := range []struct {
		name                string
		estimate, low, high float64
		judged, holds       bool
	}{
		{"alike", 1.01, 0.99, 1.03, true, true},
		{"slowed", 0.7, 0.65, 0.75, true, false},
		{"favoured", 1.2, 1.1, 1.3, true, false},
		{"slowed by no more than chance", 0.93, 0.80, 1.02, true, true},
		{"not known", 1, 0, stats.ClaimInterval(nil, level).High, false, false},
	} {
		c := likeCanonical(suite.ThresholdsOf(probed), Comparison{A: "a", Ratio: stats.Interval{Estimate: test.estimate, Low: test.low, High: test.high}})
		if c.Judged != test.judged || c.Holds != test.holds {
			t.Errorf("%s: judged %v, holds %v: %s", test.name, c.Judged, c.Holds, c.Text)
		}
	}
}
