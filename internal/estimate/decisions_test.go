package estimate

// This file holds every decision of the checks against testdata/decisions.txt, which was
// written before thresholds stood in plans: a change of how checks decide must not change
// what they decide.

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"cupel/internal/stats"
	"cupel/internal/suite"
)

var update = flag.Bool("update", false, "write testdata/decisions.txt anew")

const decisionsFile = "testdata/decisions.txt"

// decisions has a line for each trial: the outcome of its own check in full, and a letter
// for each of the others.
func decisions() string {
	var lines []string
	for _, tr := range slices.Concat([]trial{{rule: "slope", name: "honest"}}, trials) {
		checks := tr.checks()
		others := ""
		for _, rule := range rules {
			others += letter(checks[rule])
		}
		lines = append(lines, fmt.Sprintf("%s, %s: %s: %s", tr.rule, tr.name, others, decision(checks[tr.rule])))
	}
	for _, interval := range [][3]float64{{1.01, 0.99, 1.03}, {0.7, 0.65, 0.75}, {1.2, 1.1, 1.3}, {1, 0, math.Inf(1)}} {
		c := likeCanonical(suite.ThresholdsOf(probed), Comparison{A: "a", Ratio: stats.Interval{Estimate: interval[0], Low: interval[1], High: interval[2]}})
		lines = append(lines, fmt.Sprintf("canonical, %v: %s", interval, decision(c)))
	}
	return strings.Join(lines, "\n") + "\n"
}

var rules = []string{
	"outer-clock", "cpu-clock", "short-bursts", "near-rows", "planted-stall", "idle", "slope", "reading",
	"inner-time", "clock-by-bursts", "classic-calls", "threads", "helpers",
}

// letter is P for a check that passed, F for one that failed and - for one that was not
// judged.
func letter(c Check) string {
	switch {
	case !c.Judged:
		return "-"
	case c.Holds:
		return "P"
	}
	return "F"
}

func decision(c Check) string {
	measured := ""
	if c.Judged {
		measured = fmt.Sprintf(" measured %.6g limit %.6g", c.Measured, c.Limit)
	}
	return fmt.Sprintf("%s%s accuses %v: %s", letter(c), measured, c.Accuses, c.Text)
}

func TestDecisionsAreThoseOfBefore(t *testing.T) {
	got := decisions()
	if *update {
		if err := os.WriteFile(decisionsFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(decisionsFile)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(text), "\n")
	for i, line := range strings.Split(got, "\n") {
		if i >= len(want) || line != want[i] {
			t.Errorf("line %d is\n%s\nand was\n%s", i+1, line, slices.Concat(want, make([]string, i+1))[i])
		}
	}
}
