package session

// This file continues a run that was killed or interrupted.

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/host"
	"cupel/internal/observe"
	"cupel/internal/suite"
)

// patience is how long a resumed run waits for the bundle's lock. The watchdog of a harness
// that was just killed holds it for some milliseconds.
const patience = 20 * time.Second

// SuiteOf returns the suite of a bundle: the built-in suite if its text is the same, else
// the bundle's own copy. The commands of the copy start from dir.
func SuiteOf(bundle, dir string) (*suite.Suite, error) {
	path := filepath.Join(bundle, evidence.SuiteFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	for _, name := range suite.BuiltInNames() {
		if s, err := suite.Load(name); err == nil && bytes.Equal(s.Text, text) {
			return s, nil
		}
	}
	return suite.Parse(path, dir, text)
}

// ResumableSuite returns the suite of the run in a bundle. A suite with a command by
// relative path can't be taken from the bundle, because the bundle does not record the
// folder of the suite's file. The error is then an *InputError, and also if no run began in
// the bundle.
func ResumableSuite(bundle string) (*suite.Suite, error) {
	s, err := SuiteOf(bundle, "")
	if errors.Is(err, os.ErrNotExist) {
		return nil, inputError(fmt.Errorf("%s has no run to continue; name a suite to start one there", bundle))
	}
	if err != nil {
		return nil, err
	}
	if own := slices.IndexFunc(s.Contenders, func(c suite.Contender) bool { return !c.BuiltIn() }); own >= 0 {
		return nil, inputError(fmt.Errorf("%s is run by the suite's own command, which starts in the suite's folder; name the suite's file", s.Contenders[own].Name))
	}
	return s, nil
}

// takeUp opens the bundle of an earlier session. It checks that this session may continue
// it and returns the run with the bundle's plan. found is false if no run has begun there.
func takeUp(ctx context.Context, p prepared) (taken opened, found bool, err error) {
	out := p.config.Out
	bundle, err := evidence.Reopen(ctx, out, patience)
	if errors.Is(err, evidence.ErrNotBegun) {
		p.observer.Note(fmt.Sprintf("%v; it starts now", err))
		if _, missing := os.Stat(out); missing != nil {
			return opened{}, false, nil
		}
		return opened{}, false, evidence.Clear(out)
	}
	if err != nil {
		return opened{}, false, inputError(err)
	}
	earlier, err := evidence.Open(bundle.Dir())
	if err != nil {
		return opened{}, false, inputError(errors.Join(err, bundle.Close()))
	}
	again, err := mayGoOn(p, bundle, earlier)
	if err != nil {
		err = fmt.Errorf("%s cannot be continued: %w", out, err)
		return opened{}, false, inputError(errors.Join(err, bundle.Close()))
	}
	return again.in(bundle, history{earlier}), true, nil
}

// mayGoOn returns the run with the bundle's plan, or an error if the bundle would mix two
// different runs.
func mayGoOn(p prepared, bundle *evidence.Writer, earlier *evidence.Bundle) (prepared, error) {
	plan, err := samePlan(p.config, bundle, earlier)
	if err != nil {
		return prepared{}, err
	}
	nonce, err := sameChallenge(p.config, plan)
	if err != nil {
		return prepared{}, err
	}
	p.planned = planned{plan: plan, nonce: nonce, key: p.key}
	return p, sameMachine(p.host, earlier.Environment)
}

// samePlan makes the plan again from this session's options. It returns an error unless the
// plan is byte for byte the bundle's, and the bundle's plan has the digest that the ledger
// records.
func samePlan(config Config, bundle *evidence.Writer, earlier *evidence.Bundle) (*suite.Plan, error) {
	written, err := os.ReadFile(bundle.Path(evidence.PlanFile))
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	plan := earlier.Plan
	budget, precision, err := asBefore(plan, config.Budget, config.Precision)
	if err != nil {
		return nil, err
	}
	options := suite.Options{Only: plan.Only, Challenge: plan.Challenge, Precision: precision, Budget: budget}
	if len(config.Only) > 0 {
		options.Only = config.Only
	}
	again, err := config.Suite.Plan(options)
	if err != nil {
		return nil, err
	}
	again.NonceSHA256, again.SuiteFile = plan.NonceSHA256, plan.SuiteFile
	if again.SuiteSHA256 != plan.SuiteSHA256 {
		return nil, fmt.Errorf("it comes from another suite: %s has the digest %.12s, the bundle's suite has %.12s", config.Suite.File, again.SuiteSHA256, plan.SuiteSHA256)
	}
	text, digest, err := again.Encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(text, written) {
		return nil, errors.New("its plan differs from the plan of this command; leave out --only, --budget and --precision, and use the cupel that started it")
	}
	if len(earlier.Ledger) == 0 || earlier.Ledger[0].SHA256[evidence.PlanFile] != digest {
		return nil, errors.New("its plan.json does not have the digest that is in its ledger")
	}
	return again, nil
}

// asBefore returns budget and precision as given now. A value of 0 is replaced by the one
// that was given for the earlier run.
func asBefore(earlier suite.Plan, budget time.Duration, precision float64) (time.Duration, float64, error) {
	if earlier.PrecisionGiven && precision == 0 {
		precision = earlier.Precision
	}
	if !earlier.BudgetGiven || budget != 0 {
		return budget, precision, nil
	}
	budget, err := time.ParseDuration(earlier.Budget)
	if err != nil {
		return 0, 0, fmt.Errorf("plan: budget: %w", err)
	}
	return budget, precision, nil
}

// sameChallenge settles the nonce. A challenge seeds the whole run. Without a challenge,
// the rest of the run gets a new nonce, because the first one may already be revealed.
func sameChallenge(config Config, plan *suite.Plan) (nonce string, err error) {
	if !plan.Challenge {
		if config.Challenge != "" {
			return "", errors.New("it was started without --challenge")
		}
		return rand.Text(), nil
	}
	if suite.DigestNonce(config.Challenge) != plan.NonceSHA256 {
		return "", errors.New("it was started with --challenge; give the same challenge")
	}
	return config.Challenge, nil
}

// sameMachine returns an error if the run began on another machine, or on this one before a
// restart or with other settings: figures taken then and now would be two runs. It also
// compares the confinement, which a bundle records only once.
func sameMachine(here host.Host, then evidence.Environment) error {
	cores := here.Cores
	for _, one := range []struct {
		what      string
		then, now any
	}{
		{"another version of cupel started it", then.CupelSHA256, observe.Program()},
		{"it was started on another machine, or before a restart of this one", then.Boot, observe.Boot()},
		{"the machine's cores or settings have changed", then.Machine, cores.Machine},
		{"the cores of harness and contenders would differ", then.Placement, cores.Placement},
		{"the confinement of contenders would differ", then.Confinement, here.Sandbox.Summary()},
		{"the means of confinement would differ", then.ConfinementLayers, here.Sandbox.Layers()},
	} {
		if same, err := sameJSON(one.then, one.now); err != nil || !same {
			return errors.Join(errors.New(one.what), err)
		}
	}
	return nil
}

// sameJSON compares two values by their JSON, so that an empty value equals a missing one.
func sameJSON(a, b any) (bool, error) {
	one, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	other, err := json.Marshal(b)
	return bytes.Equal(one, other), err
}

// goOn records that the run continues.
func (o opened) goOn() error {
	if err := o.bundle.Unseal(); err != nil {
		return err
	}
	return o.bundle.Append(evidence.LedgerRow{
		Time: time.Now(), Event: evidence.EventResumed, Reason: o.history.nonceReason(o.plan.Challenge),
		SHA256: map[string]string{evidence.NonceName: suite.DigestNonce(o.nonce)},
	})
}

// history has what a bundle records of earlier sessions of its run. The zero value is that
// of a run with one session.
type history struct{ bundle *evidence.Bundle }

// resumed reports whether there was an earlier session.
func (h history) resumed() bool { return h.bundle != nil }

// has reports whether an earlier session wrote such a row.
func (h history) has(such func(evidence.LedgerRow) bool) bool {
	return h.resumed() && slices.ContainsFunc(h.bundle.Ledger, such)
}

// over reports whether everything that the run had to measure is measured.
func (h history) over() bool {
	return h.has(func(row evidence.LedgerRow) bool { return row.Event == evidence.EventStopped })
}

// lacks reports whether an earlier session found a contender unavailable. It stays
// unavailable: the replicates of one run must all have the same contenders.
func (h history) lacks(contender string) bool {
	return h.has(func(row evidence.LedgerRow) bool {
		return row.Event == evidence.EventUnavailable && row.Contender == contender
	})
}

// nonceReason returns the ledger's words for the origin of this session's nonce.
func (h history) nonceReason(challenge bool) string {
	sessions := h.bundle.Sessions()
	switch last := sessions[len(sessions)-1]; {
	case challenge:
		return "the challenge seeds this session too"
	case last.Nonce != "":
		return "this session has a nonce of its own: the one before it is revealed"
	default:
		return "this session has a nonce of its own: the one before it was lost with its process, so that what it drew can't be drawn again"
	}
}

// sameModel returns an error if an earlier session recorded another fitted model. fitted
// reports whether one recorded it at all. The models of the probes are not compared: each
// session draws them from its own nonce.
func (h history) sameModel(digests map[string]string) (fitted bool, err error) {
	if !h.resumed() {
		return false, nil
	}
	for _, row := range h.bundle.Ledger {
		if row.Event != evidence.EventFitted {
			continue
		}
		if !maps.Equal(fittedOnly(row.SHA256), fittedOnly(digests)) {
			return true, errors.New("the model fitted then and the model fitted now have different digests")
		}
		fitted = fitted || maps.Equal(row.SHA256, digests)
	}
	return fitted, nil
}

// fittedOnly returns the digests without those of the probes' models.
func fittedOnly(digests map[string]string) map[string]string {
	fitted := maps.Clone(digests)
	maps.DeleteFunc(fitted, func(name, _ string) bool { return name != "training data" && !strings.HasPrefix(name, "model.") })
	return fitted
}

// sameBuild returns an error for a contender that was installed again since the run began.
func (h history) sameBuild(contender, build string) error {
	if !h.resumed() {
		return nil
	}
	if before, measured := h.bundle.Statements[contender]; measured && before.Build != build {
		return fmt.Errorf("%s was %q then and is %q now", contender, before.Build, build)
	}
	return nil
}

// refused returns the error for a run that can't be continued.
func (o opened) refused(reason error) error {
	return inputError(fmt.Errorf("%s cannot be continued: %w", o.config.Out, reason))
}
