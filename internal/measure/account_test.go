package measure

// This file tests what accounts cost and whom they name, on a stage.

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/observe"
	"cupel/internal/suite"
)

// costly is a kernel and a witness whose accounts take time.
type costly struct {
	blind
	stage *stage
	// each is what an account takes.
	each time.Duration
	// waits is how long the harness has waited for a CPU.
	waits time.Duration
	// others are the processes that a snapshot of the machine shows, children those that
	// a launch has started.
	others   func() []evidence.ProcessTime
	children []evidence.ProcessTime
}

// take takes the time of an account, in which nobody may be measured.
func (c *costly) take(of string) {
	for _, p := range c.stage.actors {
		if p.state == resumed {
			c.stage.fault("an account of %s is taken while launch %d (%s) has its turn", of, p.launch, p.name)
		}
	}
	c.stage.now += c.each
}

func (c *costly) machine() (evidence.MachineSnapshot, error) {
	c.take("the machine")
	snapshot := evidence.MachineSnapshot{Time: epoch.Add(c.stage.now)}
	if c.others != nil {
		snapshot.Processes = c.others()
	}
	return snapshot, nil
}

func (c *costly) process(id int) (evidence.ProcessSnapshot, error) {
	c.take(fmt.Sprint("process ", id))
	return evidence.ProcessSnapshot{Process: id, Time: epoch.Add(c.stage.now), Descendants: c.children}, nil
}

func (c *costly) account(id int) (observe.Account, error) {
	c.take(fmt.Sprint("the waits of process ", id))
	return observe.Account{}, nil
}

// wait is a nanosecond longer each time.
func (c *costly) wait() (time.Duration, error) {
	c.waits++
	return c.waits, nil
}

func (*costly) details(int) (evidence.ProcessDetails, error) {
	return evidence.ProcessDetails{}, errors.ErrUnsupported
}

func (*costly) stopped(int) (bool, error) { return true, nil }

// watchedBy has a run take its accounts of a kernel.
func (r *scripted) watchedBy(c *costly) *scripted {
	c.stage = r.stage
	r.outside.kernel, r.outside.witness = c, c
	return r
}

// timings are what was timed of each launch's requests, in order.
func timings(t *testing.T, b *evidence.Bundle) map[int][]string {
	t.Helper()
	all := map[int][]string{}
	for number, row := range launchesOf(b) {
		for _, s := range samplesIn(t, b, row) {
			text := fmt.Sprintf("%s, round %d, %d calls: inner %d", s.Phase, s.Round, s.Calls, s.InnerNanoseconds)
			for _, known := range []*int64{s.OuterNanoseconds, s.CPUNanoseconds} {
				if known != nil {
					text += fmt.Sprintf(", %d", *known)
				}
			}
			all[number] = append(all[number], text)
		}
	}
	return all
}

// What accounts take is written down whole, the opening of a block with its end, and is
// in nobody's time.
func TestAccountsLieOutsideOfTimedParts(t *testing.T) {
	const each = 5 * time.Millisecond
	bundles := map[time.Duration]*evidence.Bundle{}
	for _, cost := range []time.Duration{0, each} {
		r := rehearse(t, "accounts", once, constant("a", 1000), constant("b", 1500)).watchedBy(&costly{each: cost})
		bundles[cost] = r.perform(t)
	}
	free, dear := timings(t, bundles[0]), timings(t, bundles[each])
	if len(free) != 2 || !maps.EqualFunc(free, dear, slices.Equal) {
		t.Errorf("with accounts of %v other times were taken than with none", each)
	}
	// Of two processes: the machine, each one and its waits, at the beginning and the end.
	const accounts = 2 * (1 + 2 + 2)
	for _, block := range bundles[each].Blocks {
		if got := time.Duration(block.AccountNanoseconds); got != accounts*each {
			t.Errorf("rounds %d to %d: accounts took %v, and %d of %v were taken", block.FirstRound, block.LastRound, got, accounts, each)
		}
	}
	if len(bundles[each].Blocks) == 0 {
		t.Error("no account was taken")
	}
}

// The harness's own waits are written beside requests that the kernel is asked about,
// where no contender could cause them.
func TestTheHarnesssWaitsAreWrittenDown(t *testing.T) {
	for name, c := range map[string]struct {
		harness, contenders []int
		plan                func(*suite.Plan)
		written             bool
	}{
		"on a core of its own":                   {[]int{0}, []int{1}, nil, true},
		"on a core of its own, beside trainings": {[]int{0}, []int{1}, fitting, true},
		"on a core that contenders have too":     {[]int{0, 1}, []int{1}, nil, false},
		"where nobody has been given a core":     {nil, nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := rehearse(t, "waits", c.plan, constant("a", 1000), constant("b", 1500)).watchedBy(&costly{})
			r.HarnessCPUs, r.CPUs = c.harness, c.contenders
			r.stage.together, r.stage.contenderCPUs = true, c.contenders
			b := r.perform(t)
			long := 0
			for _, row := range launchesOf(b) {
				for _, s := range samplesIn(t, b, row) {
					due := c.written && accounted(s.Phase, int(s.Round))
					if waited := s.HarnessWaitNanoseconds; (waited != nil) != due || due && *waited != 1 {
						t.Fatalf("a request of the phase %s, round %d: waited %v", s.Phase, s.Round, waited)
					}
					if s.Phase == evidence.PhaseLong {
						long++
					}
				}
			}
			if long == 0 {
				t.Error("there were no long bursts")
			}
		})
	}
}

// A process and a child of a contender's, of numbers that no machine gives.
const (
	burnerID = 999_999_901
	childID  = 999_999_902
)

// burning is a kernel that shows a process which takes a whole core until a replicate.
func burning(run func() *Run, id, until int) *costly {
	c := &costly{children: []evidence.ProcessTime{{Process: childID}}}
	c.others = func() []evidence.ProcessTime {
		if run().entered[0].replicates >= until {
			return nil
		}
		return []evidence.ProcessTime{{Process: id, CPUNanoseconds: c.stage.now.Nanoseconds()}}
	}
	return c
}

func TestAProcessThatEndsBeforeTheRunIsNamed(t *testing.T) {
	for _, test := range []struct {
		name  string
		id    int
		until int
		named bool
	}{
		{"one that goes on", burnerID, 100, true},
		{"one that ends", burnerID, 4, true},
		{"one that ends before the first round", burnerID, 1, false},
		{"a contender's child", childID, 4, false},
	} {
		r := rehearse(t, "burner", nil, constant("a", 1000), constant("b", 1500))
		b := r.watchedBy(burning(func() *Run { return r.Run }, test.id, test.until)).perform(t)
		last := b.Ledger[len(b.Ledger)-1]
		if got := strings.Join(last.Disturbances, "; "); strings.Contains(got, fmt.Sprintf("another process (pid %d), used ", test.id)) != test.named {
			t.Errorf("%s: %s, with %q", test.name, last.Event, got)
		}
	}
}

func TestAnInterruptedRunNamesWhoDisturbedIt(t *testing.T) {
	r := rehearse(t, "burner", nil, constant("a", 1000), constant("b", 1500))
	r.watchedBy(burning(func() *Run { return r.Run }, burnerID, 4))
	if got := r.Disturbances(); got != nil {
		t.Errorf("before it is measured the machine did %q", got)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	r.report = func(p Progress) {
		if p.Replicate == 5 {
			interrupt()
		}
	}
	if err := r.Measure(ctx, r.contenders); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := strings.Join(r.Disturbances(), "; "); !strings.Contains(got, fmt.Sprintf("(pid %d)", burnerID)) {
		t.Errorf("%q names nobody", got)
	}
}
