package session

// This file creates a run's bundle, or opens the one to continue, and records how the run
// begins.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/host"
	"cupel/internal/measure"
	"cupel/internal/observe"
	"cupel/internal/provision"
	"cupel/internal/suite"
)

// prepared is a run that has everything except its bundle.
type prepared struct {
	config Config
	planned
	host        host.Host
	provisioner *provision.Provisioner
	observer    Observer
}

// opened is a run with its bundle. It does not change.
type opened struct {
	prepared
	bundle *evidence.Writer
	// history has what the bundle records of earlier sessions.
	history history
	// inventory knows the files of the contenders that the bundle describes.
	inventory *inventory
	redact    func(string) string
}

// open creates the bundle, or opens the one to continue.
func open(ctx context.Context, p prepared) (opened, error) {
	if p.config.Resume {
		if taken, found, err := takeUp(ctx, p); found || err != nil {
			return taken, err
		}
	}
	out := p.config.Out
	if out == "" {
		out = newOut(time.Now(), p.plan.Suite)
	}
	bundle, err := evidence.Create(out)
	if err != nil {
		return opened{}, inputError(err)
	}
	return p.in(bundle, history{}), nil
}

// in returns the run with its bundle.
func (p prepared) in(bundle *evidence.Writer, earlier history) opened {
	return opened{prepared: p, bundle: bundle, history: earlier, inventory: newInventory(p.provisioner.Executable), redact: redaction(p.provisioner)}
}

// contenders returns the suite's contenders that are in the plan, in the plan's order.
func (o opened) contenders() []suite.Contender {
	var found []suite.Contender
	for _, name := range o.plan.Contenders {
		for _, c := range o.config.Suite.Contenders {
			if c.Name == name {
				found = append(found, c)
			}
		}
	}
	return found
}

// begin records the plan and the machine, or that the run continues.
func (o opened) begin(ctx context.Context) error {
	if o.history.resumed() {
		return o.goOn()
	}
	now := time.Now()
	plan, digest, err := o.plan.Encode()
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { return o.bundle.WriteFile(evidence.SuiteFile, o.config.Suite.Text) },
		func() error { return o.bundle.WriteFile(evidence.PlanFile, plan) },
		func() error { return o.describe(ctx, now) },
		// A run has begun when the ledger has this row. All that a reader needs is written
		// by then.
		func() error {
			return o.bundle.Append(evidence.LedgerRow{Time: now, Event: evidence.EventPlan, SHA256: map[string]string{evidence.PlanFile: digest}})
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// describe records the machine, the harness's overhead on it, and the harness's own files.
func (o opened) describe(ctx context.Context, now time.Time) error {
	cores := o.host.Cores
	environment := observe.Environment(ctx, now)
	environment.Machine, environment.Placement, environment.CellPlacements = cores.Machine, cores.Placement, cores.OfCells(o.plan.Cells)
	environment.Identity = observe.Identify()
	environment.Confinement, environment.ConfinementLayers = o.host.Sandbox.Summary(), o.host.Sandbox.Layers()
	var err error
	command := []string{o.provisioner.Executable, "engine", "go"}
	if environment.Calibration, err = measure.Calibrate(ctx, command, cores.Placement.Contender); err != nil {
		return fmt.Errorf("calibration: %w", err)
	}
	if err := o.bundle.WriteJSON(evidence.EnvironmentFile, environment); err != nil {
		return err
	}
	if err := o.logRun("began", "", nil); err != nil {
		return err
	}
	return o.describeHarness()
}

// describeHarness records the files of this program.
func (o opened) describeHarness() error {
	sha, size, err := o.inventory.digests.Of(o.provisioner.Executable)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	binary, err := observe.BinaryOf(o.provisioner.Executable, false)
	if err != nil || binary == nil {
		return err
	}
	return o.bundle.WriteJSON(evidence.HarnessFile, evidence.Harness{SHA256: sha, Bytes: size, Binary: *binary})
}

// redaction returns a function that removes private paths from a text for the bundle: those
// of this program, of the cache and of the user's home.
func redaction(provisioner *provision.Provisioner) func(string) string {
	home, err := os.UserHomeDir()
	if err != nil || len(home) <= 1 {
		home = ""
	}
	return func(text string) string {
		text = strings.ReplaceAll(strings.ReplaceAll(text, provisioner.Cache, cacheName), provisioner.Executable, "cupel")
		if home == "" {
			return text
		}
		return strings.ReplaceAll(text, home, "$HOME")
	}
}

// cacheName stands for the user's cache directory in a bundle.
const cacheName = "$CACHE"
