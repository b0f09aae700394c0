package verify_test

// This file tests that estimates and verify both judge by the thresholds of the plan.

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"cupel/internal/bundletest"
	"cupel/internal/suite"
)

// judgedBy makes a bundle in which gonum's second thread works and pytorch's stops are
// denied, of a plan with other thresholds. It returns the report, which verify has made
// anew.
func judgedBy(t *testing.T, change func(*suite.Thresholds)) []byte {
	t.Helper()
	dir := bundletest.Make(t, bundletest.Size{
		Replicates: 8, Rounds: 24, Calls: 10, Denies: "pytorch", Beside: map[string]time.Duration{"go": time.Millisecond, "gonum": 18 * time.Millisecond},
		Plan: func(plan *suite.Plan) {
			if change == nil {
				plan.Thresholds = nil
			} else {
				change(plan.Thresholds)
			}
		},
	})
	for _, fault := range verified(t, dir).Faults {
		t.Error(fault)
	}
	page, err := os.ReadFile(filepath.Join(dir, "results", "BENCHMARK_RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestPlansDecideWhatIsAllowed(t *testing.T) {
	const passes, fails, notJudged = "yes", `\*\*no\*\*`, "not judged"
	for _, plan := range []struct {
		name   string
		change func(*suite.Thresholds)
		want   map[string]string
	}{
		{"one without thresholds", nil, map[string]string{
			"go | outer-clock": passes, "go | cpu-clock": passes, "go | short-bursts": passes, "go | near-rows": passes, "go | planted-stall": passes,
			"go | idle": passes, "go | slope": passes, "go | reading": passes, "go | inner-time": passes, "go | clock-by-bursts": passes,
			"go | classic-calls": passes, "go | threads": passes, "gonum | threads": fails, "pytorch | planted-stall": fails,
		}},
		{"one with today's", func(*suite.Thresholds) {}, map[string]string{
			"go | outer-clock": passes, "go | short-bursts": passes, "gonum | threads": fails, "pytorch | planted-stall": fails,
		}},
		{"a stricter one", func(t *suite.Thresholds) {
			t.OuterClock, t.CPUClock, t.NearRows, t.ClassicCalls, t.InnerTime = 0.91, 0.92, 3.1, 3.2, 0.2
			t.ShortBursts, t.ShortBurstsNearMiss, t.ShortBurstsDissent = 3.3, 3.25, 0.1
			t.BurstClock, t.BurstClockShare, t.BurstClockBursts = 0.93, 0.01, 2
			t.StopShown, t.Idle, t.MultiplyAddNanoseconds, t.ReadingNanoseconds, t.OtherThreads, t.OtherThreadsNanoseconds = 0.99, 1e-5, 0.9, 0.5, 0.02, 700
		}, map[string]string{
			"go | outer-clock": fails, "go | cpu-clock": fails, "go | short-bursts": fails, "go | near-rows": fails, "go | idle": fails, "go | slope": fails,
			"go | reading": fails, "go | inner-time": fails, "go | clock-by-bursts": fails, "go | classic-calls": fails, "go | threads": fails,
		}},
		{"a laxer one", func(t *suite.Thresholds) { t.OtherThreads, t.StopChance = 0.6, 1e-30 }, map[string]string{
			"go | outer-clock": passes, "gonum | threads": passes, "pytorch | planted-stall": notJudged,
		}},
	} {
		t.Run(plan.name, func(t *testing.T) {
			page := judgedBy(t, plan.change)
			for check, want := range plan.want {
				if line := regexp.MustCompile(regexp.QuoteMeta("| "+check+" |") + ".*").Find(page); !regexp.MustCompile(`\| ` + want + ` \|`).Match(line) {
					t.Errorf("want %s of %s: %s", want, check, line)
				}
			}
		})
	}
}
