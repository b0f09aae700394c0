// Package session makes a run: from a suite to a sealed bundle with results and an audit.
//
// A run goes through steps, and each hands its result to the next one as a value:
//
//	plan -> prepare -> open -> begin -> fit -> preview -> gather -> measure -> seal -> derive
//
// planned has what was settled before anything started. prepared adds the cores, the
// sandbox and the scratch directory (package host). opened adds the bundle. gathered has
// the contenders that can be started. Outcome has the results.
//
// The package prints nothing and knows no exit code. An Observer receives the progress,
// and the types of the errors tell a caller the cases.
//
// A session starts its own program again by hidden verbs, which the program must have:
// host.ConfineVerb for a contender that confines itself, WatchdogVerb for the process that
// outlives a killed harness, and "engine NAME" for the engines in Go.
package session

// This file holds the session's interface and its sequence of steps.

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

// Config has the options of a run.
type Config struct {
	Suite *suite.Suite
	// Out is the directory of the bundle; empty for a new one below RunsDir.
	Out string
	// Only names the contenders to measure; empty for all contenders of the suite.
	Only []string
	// Budget is the measuring time. Precision is the wanted half-width of each claim's
	// interval, as a share of the ratio. 0 takes the suite's value.
	Budget    time.Duration
	Precision float64
	// Challenge seeds inputs and orders; empty for a random nonce.
	Challenge string
	// Resume continues the run in Out.
	Resume bool
	// KeyFile is the PEM file of the key that seals the bundle; empty for a new key that
	// is used for this run only.
	KeyFile string
	// NoProvision installs nothing, and Unconfined leaves contenders unconfined.
	NoProvision, Unconfined bool
	// Reproduced is the bundle whose suite is run again; contenders are built from the
	// sources in it. It is empty for any other run.
	Reproduced string
	// ParseCommand returns an error if cupel's command line does not have a command. It
	// runs nothing. The audit calls it for the commands that a bundle shows.
	ParseCommand func(arguments []string) error
}

// Outcome is the result of a run. The files of the bundle are written and closed.
type Outcome struct {
	// Dir is the bundle's directory.
	Dir     string
	Plan    *suite.Plan
	Results *report.Results
	// Audit is nil if the plan has no claim or the audit could not be made. The observer
	// has been told why.
	Audit *audit.Report
	// Interrupted says that the context ended the run. Results then cover the
	// measurements made until that time.
	Interrupted bool
}

// Observer receives the progress of a session in order to show it.
type Observer interface {
	// Note receives one line for a reader of the run's log.
	Note(line string)
	// Preview receives the preview: one launch of each contender that needs no
	// installing. Its error ends the run.
	Preview(results *report.Results) error
	// Installations begins a display of installations.
	Installations() Installations
	// Measuring begins a display of the replicates. contenders is the number of launches
	// in each.
	Measuring(plan *suite.Plan, contenders int) Measuring
}

// Installations shows what is being installed. Its methods are safe for concurrent use,
// except Close.
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
	// Step names the current step, after done of total steps. total is 0 if it is not
	// known.
	Step(step string, done, total int)
	// End ends the installation. err is nil if it succeeded.
	End(err error)
}

// Measuring shows the progress of measuring.
type Measuring interface {
	Report(progress measure.Progress)
	// End ends the display. err is nil if measuring succeeded.
	End(err error)
}

// InputError is the error for an unusable input: a flag, a file or a bundle.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }
func (e *InputError) Unwrap() error { return e.Err }

func inputError(err error) error { return &InputError{err} }

// LeftError is the error of a run that the harness could not finish, as on a full disk.
// The measurements so far are in Dir, and the run can be resumed.
type LeftError struct {
	Dir string
	Err error
}

func (e *LeftError) Error() string { return e.Err.Error() }
func (e *LeftError) Unwrap() error { return e.Err }

// Run makes a run and returns its outcome. If ctx ends, Run seals the measurements made
// until then, and the outcome says Interrupted. The error is an *InputError for an
// unusable input, a *LeftError if the run can be resumed, and the error of ctx if the run
// was interrupted before it wrote anything.
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
	if errors.Is(err, errors.ErrUnsupported) {
		observer.Note("there is no watchdog on this system: a kill of cupel would lose the run's nonce")
	} else if err != nil {
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

// kept turns the error of a run with an open bundle into a *LeftError, because the
// measurements are kept. Errors that already have a meaning stay as they are.
func (o opened) kept(fault error) error {
	var input *InputError
	var left *LeftError
	if fault == nil || errors.As(fault, &input) || errors.As(fault, &left) || errors.Is(fault, context.Canceled) {
		return fault
	}
	return &LeftError{Dir: o.bundle.Dir(), Err: fault}
}

// giveUp ends a run that the harness can't continue. The same fault may prevent the last
// rows of the ledger; the error is returned in any case.
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
