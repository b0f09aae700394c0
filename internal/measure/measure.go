// Package measure runs a plan: it starts contenders, makes sure that each gives
// the right answers, times it, and writes everything to the bundle.
//
// A replicate is one launch of each contender. They are alive together and
// stopped while it is not their turn, and take turns in rounds of one burst each,
// in an order drawn from the run's nonce: the machine's speed changes within
// milliseconds, and what changes it changes all of them. In each launch the
// contender first answers rows drawn for the purpose; only one that agrees with
// the float64 reference is timed, and what it answers while it is timed is
// checked as well. A launch that fails is recorded and the run goes on.
//
// Replicates are the units of the statistics, since launches of one program
// differ and calls within a launch are not independent. There are at least as
// many as planned, and then more until every claim's interval is narrow enough or
// the budget is spent: the rule looks at the width, never at which side is ahead.
//
// Each piece of state has one owner: Config is what a run is given; Run is what its cells
// share; a cell has the sizes of its bursts and how far it is; a replicate has its
// launches; an attempt is one launch; canaryReadings are what the canary remembers. What
// contenders are asked for is behind one interface (asking), and so is the outside:
// processes, the kernel, the clock and the contenders' core.
package measure

// This file holds a run: what it is given, and the rule by which it goes on and stops.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/launch"
	"cupel/internal/observe"
	"cupel/internal/reference"
	"cupel/internal/sandbox"
	"cupel/internal/suite"
)

// Contender is a contender that can be started.
type Contender struct {
	Name    string
	Command []string
	Dir     string
	Env     []string
	// Recorded is the command as the bundle shows it, without paths that tell
	// whose machine this is.
	Recorded []string
	// Build says how the engine was built or installed, and InstalledBytes how much
	// room that takes; 0 where that is not known.
	Build          string
	InstalledBytes int64
	// Role says what it is for where it is not a contender of the suite.
	Role evidence.Role
	// SizedAs names the contender whose size of bursts it takes; empty is its own.
	SizedAs string
}

// Progress says what a run is doing: a launch that begins has no outcome yet.
type Progress struct {
	// Cell names the cell where the plan has several.
	Cell                  string
	Replicate, Replicates int
	Contender             string
	Outcome               evidence.Outcome
	Reason                string
	// Rounds is how many of the replicate's rounds are made; 0 outside of them.
	Rounds int
}

// Recorder takes down what a run sees: evidence.Writer, or nobody where only the
// figures are wanted.
type Recorder interface {
	Append(row evidence.LedgerRow) error
	Observe(row evidence.Observation) error
	ObserveBlock(row evidence.Block) error
	Note(row evidence.Noted) error
	WriteSamples(launch int, contender string, samples []evidence.Sample) error
	WriteRequests(launch int, contender string, requests []evidence.Request) error
	WriteInputs(cell string, replicate int, files []evidence.InputsFile) error
	WriteJSON(name string, value any) error
	Path(parts ...string) string
}

// Config is what a run is given. Nothing changes it while the run goes on.
type Config struct {
	Plan     *suite.Plan
	Material *Material
	Bundle   Recorder
	// Scratch is a directory for input files and for the contenders' own directories;
	// the run removes what it writes. Names in it are drawn, and it is best one that
	// can't be listed: a contender opens what it is told of and no more.
	Scratch string
	// Nonce is what the plan has the digest of.
	Nonce string
	// Sandbox confines contenders, which then do not see the directories Hidden; nil
	// confines nothing.
	Sandbox *sandbox.Sandbox
	Hidden  []string
	// CPUs are those that contenders may run on, HarnessCPUs those of the harness;
	// none leaves it to the kernel.
	CPUs        []int
	HarnessCPUs []int
	// Placements are the CPUs of the plan's cells, by name. A cell that is not among
	// them has those above.
	Placements map[string]evidence.Placement
	// Digests are those of files that have been read already; nil where none have.
	Digests *observe.Digests
	// Redact takes out of a text what says whose machine this is.
	Redact func(string) string
	// Origin says where a contender's file of code comes from, and of which package it
	// is; nil leaves both open.
	Origin func(contender, path string) (evidence.Origin, string)
	// Elapsed is how long the run has gone on in earlier sessions and until now.
	Elapsed time.Duration
}

// Run is one run of a plan: what it was given, and what its cells share. Its methods are
// called from one goroutine.
type Run struct {
	Config
	outside outside
	began   time.Time
	// entered are the plan's cells, from the first use of one on.
	entered []*cell
	// launches is how many there were, in all cells and sessions; spent is what earlier
	// sessions have of the budget.
	launches int
	spent    time.Duration
	// closures are the digests of the sets of files of code that were written down.
	closures map[string]bool
	// atStart is the machine when replicates began; others are the busiest processes
	// since, as accounts saw them.
	atStart *evidence.MachineSnapshot
	others  []evidence.ProcessTime
}

// maxFailures is how many failed launches a contender may have.
const maxFailures = 2

// New makes a run that starts real processes and reads real clocks.
func New(config Config) *Run {
	return newRun(config, realOutside(config.Digests), time.Now().Add(-config.Elapsed))
}

func newRun(config Config, outside outside, began time.Time) *Run {
	return &Run{Config: config, outside: outside, began: began, closures: map[string]bool{}}
}

// Preview launches each contender once, in the plan's first cell, and measures the
// classic protocol alone. Its samples are kept but enter no figure.
func (r *Run) Preview(ctx context.Context, contenders []Contender) error {
	cells, err := r.cells()
	if err != nil {
		return err
	}
	first := cells[0]
	return first.enter(func() error { return first.newReplicate(0).preview(ctx, contenders) })
}

// Measure makes the replicates of the plan. control names the contender that has a
// second copy, whose bursts are sized for the positive control; report is told of each
// launch that begins and that has ended. Measure returns ctx's error where it was
// interrupted; what was measured until then is in the bundle.
func (r *Run) Measure(ctx context.Context, contenders []Contender, control string, report func(Progress)) error {
	budget, err := time.ParseDuration(r.Plan.Budget)
	if err != nil {
		return fmt.Errorf("plan: budget: %w", err)
	}
	cells, err := r.cells()
	if err != nil {
		return err
	}
	for _, cell := range cells {
		cell.control, cell.report = control, report
		if err := cell.enter(func() error { cell.canary.acquaint(); return nil }); err != nil {
			return err
		}
	}
	began := r.outside.now()
	if machine, err := r.outside.kernel.machine(); err == nil {
		r.atStart = &machine
	}
	for turn := 1; ; turn++ {
		var reasons []string
		for _, cell := range r.inOrder(cells, turn) {
			going, reason := cell.goesOn(contenders, r.spent+r.outside.now().Sub(began), budget)
			if reason != "" {
				reasons = append(reasons, reason)
				continue
			}
			if err := cell.enter(func() error { return cell.nextReplicate().measure(ctx, going) }); err != nil {
				return err
			}
			cell.whole++
		}
		if len(reasons) == len(cells) {
			last := 0
			for _, cell := range cells {
				last = max(last, cell.replicates)
			}
			if err := cells[0].noteMachine(last, true); err != nil {
				return err
			}
			return r.stopped(stopReason(cells, reasons, turn), r.Disturbances())
		}
	}
}

// goesOn applies the stop rule before a replicate: which contenders it has, or
// why there is none. Beyond the planned number it has those whose claims are not
// precise enough yet.
func (c *cell) goesOn(contenders []Contender, spent, budget time.Duration) (going []Contender, reason string) {
	made := c.whole
	if made > 0 && spent > budget {
		return nil, fmt.Sprintf("the budget of %v was spent after %d of at least %d replicates", budget, made, c.plan.Launches)
	}
	left := slices.DeleteFunc(slices.Clone(contenders), func(contender Contender) bool { return c.excluded[contender.Name] })
	if made < c.plan.Launches {
		if len(left) == 0 {
			return nil, "every contender is excluded"
		}
		return left, ""
	}
	wanted := c.progress.Imprecise(*c.plan, c.excluded)
	left = slices.DeleteFunc(left, func(c Contender) bool { return !slices.Contains(wanted, c.Name) })
	if len(left) < 2 {
		return nil, c.enough(made)
	}
	return left, ""
}

// enough says why there is nothing more to measure.
func (c *cell) enough(made int) string {
	var out []string
	for _, name := range c.progress.Imprecise(*c.plan, nil) {
		if c.excluded[name] {
			out = append(out, name)
		}
	}
	if len(out) > 0 {
		return fmt.Sprintf("%d replicates were made, and the claims that are not precise are about contenders that are excluded: %s", made, strings.Join(out, ", "))
	}
	return fmt.Sprintf("%d replicates were made and no claim needs more", made)
}

func (r *Run) stopped(reason string, disturbances []string) error {
	return r.Bundle.Append(evidence.LedgerRow{Time: r.outside.now(), Event: evidence.EventStopped, Reason: reason, Disturbances: disturbances})
}

// exclude decides whether a contender is started again.
func (c *cell) exclude(contender Contender, ended evidence.LedgerRow) error {
	reason := ""
	switch ended.Outcome {
	case evidence.Finished:
		return nil
	case evidence.Failed:
		// The preview's are no reason to give a contender fewer chances.
		if ended.Preview || c.countFailure(contender.Name) < maxFailures {
			return nil
		}
		reason = failedOften()
	default:
		reason = string(ended.Outcome)
	}
	return c.leaveOut(contender.Name, reason)
}

func failedOften() string { return fmt.Sprintf("it failed in %d launches", maxFailures) }

// leaveOut sees to it that a contender is not started again, and writes that down.
func (c *cell) leaveOut(contender, reason string) error {
	c.markExcluded(contender)
	return c.run.Bundle.Append(evidence.LedgerRow{
		Time: c.run.outside.now(), Event: evidence.EventExcluded, Cell: c.name, Contender: contender, Reason: reason,
	})
}

// countFailure counts a failed launch and returns how many there were.
func (c *cell) countFailure(contender string) int {
	c.failures[contender]++
	return c.failures[contender]
}

func (c *cell) markExcluded(contender string) {
	c.excluded[contender] = true
}

// harnessError is a fault of the harness or its machine, such as a full disk: it
// ends the run, since going on would blame contenders for it.
type harnessError struct{ err error }

func (e *harnessError) Error() string { return e.err.Error() }
func (e *harnessError) Unwrap() error { return e.err }

func ours(err error) error {
	if err == nil {
		return nil
	}
	return &harnessError{err}
}

// notApplicable says that the contender can't hold the suite's model.
type notApplicable struct{ reason string }

func (e *notApplicable) Error() string { return e.reason }

// outcome tells what an attempt's error means.
func outcome(ctx context.Context, err error) (evidence.Outcome, string) {
	if err == nil {
		return evidence.Finished, ""
	}
	if ctx.Err() != nil {
		return evidence.Interrupted, "the run was interrupted"
	}
	if inapplicable := new(notApplicable); errors.As(err, &inapplicable) {
		return evidence.NotApplicable, inapplicable.reason
	}
	if disagreement := new(reference.Disagreement); errors.As(err, &disagreement) {
		return evidence.Wrong, err.Error()
	}
	if training := new(wrongTraining); errors.As(err, &training) {
		return evidence.Wrong, err.Error()
	}
	if imprecision := new(reference.ImprecisionError); errors.As(err, &imprecision) {
		return evidence.Wrong, err.Error()
	}
	if failure := new(launch.Failure); errors.As(err, &failure) {
		return evidence.Failed, failure.Reason
	}
	return evidence.Failed, err.Error()
}
