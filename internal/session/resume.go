package session

// This file takes up a run that was killed or interrupted.

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

// patience is how long a resumption waits for the bundle's lock: the watchdog of a
// harness that was just killed has it for some milliseconds.
const patience = 20 * time.Second

// SuiteOf is the suite of a bundle: a built-in one where the text is the same, and the
// bundle's own copy elsewhere. The commands of the copy start from dir.
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

// ResumableSuite is the suite of the run in a bundle, where the bundle tells all of it.
// A suite with commands by relative path has to be named instead: the bundle does not say
// where its file was. That, and a bundle in which no run began, are *InputErrors.
func ResumableSuite(bundle string) (*suite.Suite, error) {
	s, err := SuiteOf(bundle, "")
	if errors.Is(err, os.ErrNotExist) {
		return nil, inputError(fmt.Errorf("%s has no run to go on with; name a suite to begin one there", bundle))
	}
	if err != nil {
		return nil, err
	}
	if own := slices.IndexFunc(s.Contenders, func(c suite.Contender) bool { return !c.BuiltIn() }); own >= 0 {
		return nil, inputError(fmt.Errorf("%s is run by the suite's own command, which starts from the suite's folder; name the suite's file", s.Contenders[own].Name))
	}
	return s, nil
}

// takeUp opens the bundle of an earlier session and makes sure that this one may go on
// with it: with the plan that the bundle has. found is false where no run has begun there.
func takeUp(ctx context.Context, p prepared) (taken opened, found bool, err error) {
	out := p.config.Out
	bundle, err := evidence.Reopen(ctx, out, patience)
	if errors.Is(err, evidence.ErrNotBegun) {
		p.observer.Note(fmt.Sprintf("%v; it begins now", err))
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
		err = fmt.Errorf("%s can't be gone on with: %w", out, err)
		return opened{}, false, inputError(errors.Join(err, bundle.Close()))
	}
	return again.in(bundle, history{earlier}), true, nil
}

// mayGoOn refuses what would make one bundle of two different runs. It returns the run
// with the plan that the bundle has.
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

// samePlan makes the plan anew, with what the session is asked for, and compares it with
// the bundle's to the letter, and that with the ledger.
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
		return nil, fmt.Errorf("it is of another suite: %s has the digest %.12s, the bundle's %.12s", config.Suite.File, again.SuiteSHA256, plan.SuiteSHA256)
	}
	text, digest, err := again.Encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(text, written) {
		return nil, errors.New("its plan is another one than this command makes; leave out --only, --budget and --precision, and use the cupel that began it")
	}
	if len(earlier.Ledger) == 0 || earlier.Ledger[0].SHA256[evidence.PlanFile] != digest {
		return nil, errors.New("its plan.json is not the one that its ledger has the digest of")
	}
	return again, nil
}

// asBefore are budget and precision as given now, and where they are 0 as they were given
// for an earlier run.
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

// sameChallenge settles the nonce. A challenge seeds all of a run. Without one the rest
// has a nonce of its own, since the first one may have been told by now.
func sameChallenge(config Config, plan *suite.Plan) (nonce string, err error) {
	if !plan.Challenge {
		if config.Challenge != "" {
			return "", errors.New("it was begun without --challenge")
		}
		return rand.Text(), nil
	}
	if suite.DigestNonce(config.Challenge) != plan.NonceSHA256 {
		return "", errors.New("it was begun with --challenge; give the same one")
	}
	return config.Challenge, nil
}

// sameMachine refuses to go on elsewhere: figures of two machines, or of one machine that
// was started again with other settings, are two runs. The bundle says once how
// contenders were confined.
func sameMachine(here host.Host, then evidence.Environment) error {
	cores := here.Cores
	for _, one := range []struct {
		what      string
		then, now any
	}{
		{"another cupel began it", then.CupelSHA256, observe.Program()},
		{"it was begun on another machine, or before this one was started again", then.Boot, observe.Boot()},
		{"the machine's cores or settings are others now", then.Machine, cores.Machine},
		{"harness and contenders would be on other cores", then.Placement, cores.Placement},
		{"contenders would be confined otherwise", then.Confinement, here.Sandbox.Summary()},
		{"contenders would be confined by other means", then.ConfinementLayers, here.Sandbox.Layers()},
	} {
		if same, err := sameJSON(one.then, one.now); err != nil || !same {
			return errors.Join(errors.New(one.what), err)
		}
	}
	return nil
}

// sameJSON compares as what is written compares: an empty value and a missing one are the
// same.
func sameJSON(a, b any) (bool, error) {
	one, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	other, err := json.Marshal(b)
	return bytes.Equal(one, other), err
}

// goOn writes down that the run goes on.
func (o opened) goOn() error {
	if err := o.bundle.Unseal(); err != nil {
		return err
	}
	return o.bundle.Append(evidence.LedgerRow{
		Time: time.Now(), Event: evidence.EventResumed, Reason: o.history.nonceReason(o.plan.Challenge),
		SHA256: map[string]string{evidence.NonceName: suite.DigestNonce(o.nonce)},
	})
}

// history is what a bundle has of earlier sessions of its run. The zero value is that of
// a run in one go.
type history struct{ bundle *evidence.Bundle }

// resumed reports whether there was an earlier session.
func (h history) resumed() bool { return h.bundle != nil }

// has reports whether an earlier session wrote down such a row.
func (h history) has(such func(evidence.LedgerRow) bool) bool {
	return h.resumed() && slices.ContainsFunc(h.bundle.Ledger, such)
}

// over reports whether all that was to be measured is.
func (h history) over() bool {
	return h.has(func(row evidence.LedgerRow) bool { return row.Event == evidence.EventStopped })
}

// lacks reports whether an earlier session found a contender unavailable: it stays so, or
// replicates of one run would have different contenders.
func (h history) lacks(contender string) bool {
	return h.has(func(row evidence.LedgerRow) bool {
		return row.Event == evidence.EventUnavailable && row.Contender == contender
	})
}

// nonceReason says where this session's nonce comes from.
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

// sameModel reports whether an earlier session wrote down the fitted model with all
// models of the run, and refuses to go on with another one. Those of the probes are drawn
// from a session's own nonce.
func (h history) sameModel(digests map[string]string) (fitted bool, err error) {
	if !h.resumed() {
		return false, nil
	}
	for _, row := range h.bundle.Ledger {
		if row.Event != evidence.EventFitted {
			continue
		}
		if !maps.Equal(fittedOnly(row.SHA256), fittedOnly(digests)) {
			return true, errors.New("the model that was fitted then has other digests than the one that is now")
		}
		fitted = fitted || maps.Equal(row.SHA256, digests)
	}
	return fitted, nil
}

// fittedOnly leaves out the digests of the probes' models.
func fittedOnly(digests map[string]string) map[string]string {
	fitted := maps.Clone(digests)
	maps.DeleteFunc(fitted, func(name, _ string) bool { return name != "training data" && !strings.HasPrefix(name, "model.") })
	return fitted
}

// sameBuild refuses a contender that was installed anew since the run began.
func (h history) sameBuild(contender, build string) error {
	if !h.resumed() {
		return nil
	}
	if before, measured := h.bundle.Statements[contender]; measured && before.Build != build {
		return fmt.Errorf("%s was %q then and is %q now", contender, before.Build, build)
	}
	return nil
}

// refused is the error for a run that can't be resumed.
func (o opened) refused(reason error) error {
	return inputError(fmt.Errorf("%s can't be gone on with: %w", o.config.Out, reason))
}
