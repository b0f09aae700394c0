// Package session makes a run: from a suite to a sealed bundle with results and an audit.
//
// A run goes through steps, and each hands its result to the next one as a value:
//
//	plan -> prepare -> open -> begin -> fit -> preview -> gather -> measure -> seal -> derive
//
// planned has what was settled before anything started. prepared has in addition the
// cores, the sandbox and the scratch directory (package host), and opened the bundle, new
// or taken up. gathered has the contenders that can be started, Outcome what the run came
// to.
//
// The package prints nothing and knows no exit code. An Observer is told what goes on,
// and the types of errors say what a caller has to tell apart.
//
// A session starts its own program again, by hidden verbs that the program has to have:
// host.ConfineVerb for a contender that confines itself, WatchdogVerb for the process that
// outlives a killed harness, and "engine NAME" for the engines in Go.
package session

// This file holds the session's interface and its way through the steps.

import (
	"context"
	"errors"
	"time"

	"cupel/engines"
	"cupel/internal/audit"
	"cupel/internal/evidence"
	"cupel/internal/host"
	"cupel/internal/measure"
	"cupel/internal/provision"
	"cupel/internal/report"
	"cupel/internal/suite"
)

// Config is what a run is asked for.
type Config struct {
	Suite *suite.Suite
	// Out is the directory of the bundle; empty for a new one below RunsDir.
	Out string
	// Only names the contenders to measure; empty for all of the suite's.
	Only []string
	// Budget is how long to measure, and Precision the half-width that is asked of each
	// claim's interval, as a share; 0 is the suite's.
	Budget    time.Duration
	Precision float64
	// Challenge seeds inputs and orders; empty for a random nonce.
	Challenge string
	// Resume goes on with the run in Out.
	Resume bool
	// KeyFile is the PEM file of the key that the bundle is sealed with; empty for a key
	// that is made for this run and forgotten.
	KeyFile string
	// NoProvision installs nothing, and Unconfined leaves contenders unconfined.
	NoProvision, Unconfined bool
	// Reproduced is the bundle whose suite is run again: contenders are built from the
	// sources in it. It is empty for any other run.
	Reproduced string
	// ParseCommand reports whether cupel's command line has a command, without running
	// it. The audit asks that of the commands that a bundle shows.
	ParseCommand func(arguments []string) error
}

// Outcome is what a run came to. The files of the bundle are written and closed.
type Outcome struct {
	// Dir is the bundle's directory.
	Dir     string
	Plan    *suite.Plan
	Results *report.Results
	// Audit is nil where the plan has no claim, or where the audit could not be made,
	// which the observer was told.
	Audit *audit.Report
	// Interrupted says that the context ended the run; Results are of what was measured
	// until then.
	Interrupted bool
}

// Observer is told what a session does, so that it can be shown.
type Observer interface {
	// Note is told one line that a reader of the run's log should see.
	Note(line string)
	// Preview is given the first look at the contenders that need no installing. Its
	// error ends the run.
	Preview(results *report.Results) error
	// Installations begins a display of installations.
	Installations() Installations
	// Measuring begins a display of the replicates of so many contenders.
	Measuring(plan *suite.Plan, contenders int) Measuring
}

// Installations shows what is being installed. Its methods, but for Close, may be called
// concurrently.
type Installations interface {
	// Engine begins the installation of a built-in engine, and Own the building of a
	// suite's own contender.
	Engine(engine engines.Engine) Installation
	Own(contender string) Installation
	// Close ends the display.
	Close()
}

// Installation shows one installation.
type Installation interface {
	// Step says what is done now, after done of total steps; total is 0 where it is not
	// known.
	Step(step string, done, total int)
	// End says how it came out.
	End(err error)
}

// Measuring shows the progress of measuring.
type Measuring interface {
	Report(progress measure.Progress)
	// End says how it came out and ends the display.
	End(err error)
}

// InputError is the error for an input that can't be used: a flag, a file, a bundle.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }
func (e *InputError) Unwrap() error { return e.Err }

func inputError(err error) error { return &InputError{err} }

// LeftError is the error of a run that the harness could not bring to its end, as on a
// full disk. What was measured lies in Dir, and the run can be resumed.
type LeftError struct {
	Dir string
	Err error
}

func (e *LeftError) Error() string { return e.Err.Error() }
func (e *LeftError) Unwrap() error { return e.Err }

// Run makes a run and returns what it came to. Where ctx ends, what was measured until
// then is sealed, and the outcome says Interrupted. An error is an *InputError where the
// input can't be used, a *LeftError where the run can be resumed, and ctx's where it was
// interrupted before it could leave anything.
func Run(ctx context.Context, config Config, observer Observer) (outcome Outcome, err error) {
	provisioner, err := provision.New()
	if err != nil {
		return Outcome{}, err
	}
	planned, err := plan(config)
	if err != nil {
		return Outcome{}, err
	}
	taken, err := host.Take(ctx, planned.plan.Threads, config.Unconfined)
	if err != nil {
		return Outcome{}, err
	}
	defer taken.Release()
	run, err := open(ctx, prepared{config: config, planned: planned, host: taken, provisioner: provisioner, observer: observer})
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = run.kept(errors.Join(err, run.bundle.Close())) }()
	if run.history.over() {
		return run.seal(ctx)
	}
	guard, err := startWatchdog(provisioner.Executable, run.bundle, run.nonce)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { guard.dismiss(observer.Note) }()
	if err := run.begin(ctx); err != nil {
		return Outcome{}, err
	}
	disturbances, err := run.measure(ctx)
	if err != nil && ctx.Err() == nil {
		return Outcome{}, run.giveUp(err, disturbances)
	}
	if err := run.end(ctx, disturbances); err != nil {
		return Outcome{}, err
	}
	return run.seal(ctx)
}

// kept is the error of a run whose bundle is open, where the harness could not do a step.
// Its input was right, there is no answer, and what was measured is not lost.
func (o opened) kept(fault error) error {
	var input *InputError
	var left *LeftError
	if fault == nil || errors.As(fault, &input) || errors.As(fault, &left) || errors.Is(fault, context.Canceled) {
		return fault
	}
	return &LeftError{Dir: o.bundle.Dir(), Err: fault}
}

// giveUp ends a run that the harness can't go on with. The same fault may keep the last
// words from the ledger; the error is returned in any case.
func (o opened) giveUp(fault error, disturbances []string) error {
	now := time.Now()
	_ = errors.Join(
		o.bundle.Append(evidence.LedgerRow{Time: now, Event: evidence.EventInterrupted, Reason: o.redact("the harness failed: " + fault.Error()), Disturbances: disturbances}),
		o.bundle.Append(evidence.LedgerRow{Time: now, Event: evidence.EventNonce, Nonce: o.nonce}),
	)
	if errors.Is(fault, measure.ErrInaccurate) {
		fault = inputError(fault)
	}
	return &LeftError{Dir: o.bundle.Dir(), Err: fault}
}
