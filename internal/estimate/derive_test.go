package estimate

// This file tests the estimates of whole bundles, a stranger's among them.

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// bundled writes replicates as a bundle. change, where there is one, has the last
// word on each row of the ledger.
func bundled(t *testing.T, plan suite.Plan, replicates []Replicate, change func(*evidence.LedgerRow)) *evidence.Bundle {
	t.Helper()
	w, err := evidence.Create(filepath.Join(t.TempDir(), "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for name, value := range map[string]any{evidence.PlanFile: plan, evidence.EnvironmentFile: evidence.Environment{}} {
		if err := w.WriteJSON(name, value); err != nil {
			t.Fatal(err)
		}
	}
	for number, replicate := range replicates {
		for name, samples := range replicate {
			row := evidence.LedgerRow{
				Event: evidence.EventEnded, Outcome: evidence.Finished, Contender: name, Launch: int(samples[0].Launch),
				Replicate: number + 1, Steady: &evidence.Steady{Course: "steady"},
			}
			if strings.HasSuffix(name, "@control") {
				row.Role = evidence.RoleControl
			}
			if change != nil {
				change(&row)
			}
			if err := w.WriteSamples(row.Launch, name, samples); err != nil {
				t.Fatal(err)
			}
			if err := w.Append(row); err != nil {
				t.Fatal(err)
			}
			if err := w.Observe(evidence.Observation{Launch: row.Launch, Contender: name, IdleNanoseconds: 1_000_000_000}); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := evidence.Open(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func derive(t *testing.T, b *evidence.Bundle) *Estimates {
	t.Helper()
	e, err := DeriveFrom(b, FromBundle(b))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEstimatesOfABundle(t *testing.T) {
	plan := probed
	plan.Contenders = []string{"a", "b", "c", "absent"}
	engines := map[string]engine{"a": honest(1000), "b": honest(1100), "c": honest(2200), "a@control": honest(1000)}
	replicates := calmly.with(6).perform(engines, "a", "b", "c", "a@control")
	e := derive(t, bundled(t, plan, replicates, nil))
	if e.Replicates != 6 || len(e.Claims) != 1 || e.Claims[0].Verdict != Faster || !e.Holds() {
		t.Errorf("%d replicates, claims %+v, controls %+v", e.Replicates, e.Claims, e.Controls)
	}
	if len(e.Others) != 1 || e.Others[0].A != "c" || e.Others[0].B != "b" || e.Others[0].Verdict != Slower {
		t.Errorf("others %+v", e.Others)
	}
	var names []string
	for _, c := range e.Contenders {
		names = append(names, c.Name)
		if c.Launches != 6 || c.Costs == nil || len(c.Checks) != 13 || len(c.Unsteady) != 0 {
			t.Errorf("%+v", c)
		}
	}
	if !slices.Equal(names, []string{"a", "b", "c"}) {
		t.Errorf("contenders %q", names)
	}
}

// What did not finish, and the preview, enter no figure.
func TestLaunchesThatDoNotCount(t *testing.T) {
	replicates := calmly.with(3).perform(map[string]engine{"a": honest(1000), "b": honest(1100)}, "a", "b")
	for name, change := range map[string]func(*evidence.LedgerRow){
		"failed":      func(row *evidence.LedgerRow) { row.Outcome = evidence.Failed },
		"wrong":       func(row *evidence.LedgerRow) { row.Outcome = evidence.Wrong },
		"interrupted": func(row *evidence.LedgerRow) { row.Outcome = evidence.Interrupted },
		"preview":     func(row *evidence.LedgerRow) { row.Preview = true },
	} {
		e := derive(t, bundled(t, probed, replicates, func(row *evidence.LedgerRow) {
			if row.Contender == "a" {
				change(row)
			}
		}))
		if len(e.Claims) != 0 || len(e.Contenders) != 1 || e.Contenders[0].Name != "b" {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestARunWithoutACopyHasNoControlsThatHold(t *testing.T) {
	replicates := calmly.with(3).perform(map[string]engine{"a": honest(1000), "b": honest(1100)}, "a", "b")
	e := derive(t, bundled(t, probed, replicates, nil))
	if len(e.Controls) != 1 || e.Controls[0].Name != "canary" || e.Holds() {
		t.Errorf("%+v", e.Controls)
	}
}

func TestUnsteadyLaunchesAreCounted(t *testing.T) {
	replicates := calmly.with(3).perform(map[string]engine{"a": honest(1000)}, "a")
	e := derive(t, bundled(t, probed, replicates, func(row *evidence.LedgerRow) {
		if row.Replicate > 1 {
			row.Steady.Course = "warming up"
		}
	}))
	if got := e.Contenders[0].Unsteady; len(got) != 1 || got["warming up"] != 2 {
		t.Errorf("%v", got)
	}
}

// A stranger's ledger is no reason to fall over.
func TestReplicatesThatCannotBeAreAnError(t *testing.T) {
	replicates := calmly.with(1).perform(map[string]engine{"a": honest(1000)}, "a")
	for _, number := range []int{0, -1, 2, 1 << 40} {
		b := bundled(t, probed, replicates, func(row *evidence.LedgerRow) { row.Replicate = number })
		if _, err := DeriveFrom(b, FromBundle(b)); err == nil || !strings.Contains(err.Error(), "replicate") {
			t.Errorf("replicate %d: error %v", number, err)
		}
	}
	b := bundled(t, probed, replicates, nil)
	if _, err := DeriveFrom(b, FromBundle(b)); err != nil {
		t.Errorf("replicate 1: %v", err)
	}
}

// A wall clock that is set back while a run goes on changes no figure.
func TestTheWallClockEntersNoFigure(t *testing.T) {
	replicates := calmly.with(6).perform(map[string]engine{"a": honest(1000), "b": honest(1100), "a@control": honest(1000)}, "a", "b", "a@control")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	steps := 0
	stepped := derive(t, bundled(t, probed, replicates, func(row *evidence.LedgerRow) {
		steps++
		row.Time = at.Add(-time.Duration(steps) * time.Hour)
	}))
	even := derive(t, bundled(t, probed, replicates, nil))
	if steps != 18 || len(even.Claims) != 1 || even.Claims[0].Ratio != stepped.Claims[0].Ratio || even.Claims[0].Verdict != stepped.Claims[0].Verdict || even.Holds() != stepped.Holds() {
		t.Errorf("%+v, with a clock that goes back %+v", even.Claims, stepped.Claims)
	}
}

// The audit derives from condensed samples, the report from all: what they come to must
// be the same to the last digit, whatever the canary read at stalled bursts.
func TestCondensedSamplesGiveTheSameEstimates(t *testing.T) {
	for seed := range uint64(4) {
		s := scenery{replicates: 2, rounds: 24, seed: seed + 1, neighbours: func(round int) bool { return round%3 == 0 }}
		engines := map[string]engine{"a": honest(1000), "b": honest(1100), "a@control": honest(1000)}
		replicates := s.perform(engines, "a", "b", "a@control")
		for _, replicate := range replicates {
			for _, samples := range replicate {
				readOddly(samples, int64(seed))
			}
		}
		b := bundled(t, probed, replicates, nil)
		condensed, err := DeriveFrom(b, func(launch int, contender string) ([]evidence.Sample, error) {
			samples, err := b.LaunchSamples(launch, contender)
			if err != nil {
				return nil, err
			}
			calls := slices.Sorted(slices.Values(samples.Calls))
			if len(calls) == 0 {
				return Condensed(samples, 0), nil
			}
			return Condensed(samples, calls[len(calls)/2]), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		full := derive(t, b)
		for what, pair := range map[string][2]any{
			"quiet": {full.Quiet, condensed.Quiet}, "claims": {full.Claims, condensed.Claims},
			"controls": {full.Controls, condensed.Controls}, "contenders": {readable(full), readable(condensed)},
		} {
			if whole, less := fmt.Sprintf("%+v", pair[0]), fmt.Sprintf("%+v", pair[1]); whole != less {
				t.Errorf("seed %d, %s:\n%s\ncondensed:\n%s", seed, what, whole, less)
			}
		}
	}
}

// readOddly gives each stalled burst a start, a time on a CPU and readings of the canary
// that no other burst has.
func readOddly(samples []evidence.Sample, seed int64) {
	for i := range samples {
		if s := &samples[i]; s.Phase == evidence.PhaseStall {
			odd := canaryFast - 50*seed - int64(s.Round) - int64(s.Launch)
			s.CanaryBeforeNanoseconds, s.CanaryAfterNanoseconds = pointer(odd), pointer(odd+9)
			s.StartNanoseconds, s.CPUNanoseconds = pointer(int64(s.Round)*1_000_000-1), pointer(int64(90_000))
		}
	}
}

// readable are a run's contenders with their costs in the place of pointers to them.
func readable(e *Estimates) []any {
	var all []any
	for _, c := range e.Contenders {
		if c.Costs != nil {
			all = append(all, *c.Costs)
		}
		c.Costs = nil
		all = append(all, c)
	}
	return all
}
