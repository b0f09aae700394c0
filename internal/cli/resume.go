package cli

// This file takes up a run that was killed or interrupted: `cupel run --resume`.

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
	"cupel/internal/observe"
	"cupel/internal/suite"
)

// patience is how long a resumption waits for the bundle's lock: the watchdog of a
// harness that was just killed has it for some milliseconds.
const patience = 20 * time.Second

// suiteOf is the suite of a bundle: a built-in one where the text is the same, or
// else the bundle's own copy. Commands of its own start from dir then.
func suiteOf(bundle, dir string) (*suite.Suite, error) {
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

// resumedSuite loads the suite of a run that is to be gone on with. One with commands
// by relative path must be named: the bundle does not say where its file was.
func resumedSuite(args []string, out string) (*suite.Suite, error) {
	if out == "" {
		return nil, exit(ExitUsage, errors.New("--resume needs --out with the directory of the run that is to be gone on with"))
	}
	if len(args) == 1 {
		return suite.Load(args[0])
	}
	s, err := suiteOf(out, "")
	if errors.Is(err, os.ErrNotExist) {
		return nil, exit(ExitUsage, fmt.Errorf("%s has no run to go on with; name a suite to begin one there", out))
	}
	if err != nil {
		return nil, err
	}
	if own := slices.IndexFunc(s.Contenders, func(c suite.Contender) bool { return !c.BuiltIn() }); own >= 0 {
		return nil, exit(ExitUsage, fmt.Errorf("%s is run by the suite's own command, which starts from the suite's folder; name the suite's file", s.Contenders[own].Name))
	}
	return s, nil
}

// resumption is the command that goes on with the run: with all that the bundle does not
// tell.
func (r *runner) resumption() string {
	words := []string{"cupel", "run"}
	if slices.ContainsFunc(r.suite.Contenders, func(c suite.Contender) bool { return !c.BuiltIn() }) {
		words = append(words, r.suite.File)
	}
	words = append(words, "--resume", "--out", r.bundle.Dir())
	if r.plan.Challenge {
		words = append(words, "--challenge", r.nonce)
	}
	if r.options.key != "" {
		words = append(words, "--key", r.options.key)
	}
	if r.options.noProvision {
		words = append(words, "--no-provision")
	}
	if r.options.unconfined {
		words = append(words, "--unconfined")
	}
	return commandLine(words)
}

// commandLine writes a command as a shell reads it.
func commandLine(words []string) string {
	quoted := slices.Clone(words)
	for i, word := range words {
		if word == "" || strings.ContainsAny(word, " \t\n'\"\\$`&|;<>()*?#~") {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// takeUp opens the bundle of an earlier session and makes sure that this one may go
// on with it. It returns false where no run has begun there.
func (r *runner) takeUp(ctx context.Context) (bool, error) {
	bundle, err := evidence.Reopen(ctx, r.options.out, patience)
	if errors.Is(err, evidence.ErrNotBegun) {
		fmt.Fprintf(r.stderr, "%v; it begins now\n", err)
		if _, missing := os.Stat(r.options.out); missing != nil {
			return false, nil
		}
		return false, evidence.Clear(r.options.out)
	}
	if err != nil {
		return false, exit(ExitUsage, err)
	}
	r.bundle = bundle
	if r.earlier, err = evidence.Open(bundle.Dir()); err == nil {
		err = r.mayGoOn()
	}
	if err != nil {
		return false, exit(ExitUsage, errors.Join(err, bundle.Close()))
	}
	return true, nil
}

// mayGoOn refuses what would make one bundle of two different runs.
func (r *runner) mayGoOn() error {
	checks := []func() error{r.samePlan, r.sameChallenge, r.sameMachine}
	for _, check := range checks {
		if err := check(); err != nil {
			return fmt.Errorf("%s can't be gone on with: %w", r.options.out, err)
		}
	}
	return nil
}

// samePlan makes the plan anew, with what the command line gives, and compares it
// with the bundle's to the letter, and that with the ledger.
func (r *runner) samePlan() error {
	written, err := os.ReadFile(r.bundle.Path(evidence.PlanFile))
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	plan := r.earlier.Plan
	options := suite.Options{Only: plan.Only, Challenge: plan.Challenge, Precision: r.options.precision, Budget: r.options.budget}
	if len(r.options.only) > 0 {
		options.Only = r.options.only
	}
	if plan.PrecisionGiven && options.Precision == 0 {
		options.Precision = plan.Precision
	}
	if plan.BudgetGiven && options.Budget == 0 {
		if options.Budget, err = time.ParseDuration(plan.Budget); err != nil {
			return fmt.Errorf("plan: budget: %w", err)
		}
	}
	again, err := r.suite.Plan(options)
	if err != nil {
		return err
	}
	again.NonceSHA256, again.SuiteFile = plan.NonceSHA256, plan.SuiteFile
	if again.SuiteSHA256 != plan.SuiteSHA256 {
		return fmt.Errorf("it is of another suite: %s has the digest %.12s, the bundle's %.12s", r.suite.File, again.SuiteSHA256, plan.SuiteSHA256)
	}
	text, digest, err := again.Encode()
	if err != nil {
		return err
	}
	if !bytes.Equal(text, written) {
		return errors.New("its plan is another one than this command makes; leave out --only, --budget and --precision, and use the cupel that began it")
	}
	if len(r.earlier.Ledger) == 0 || r.earlier.Ledger[0].SHA256[evidence.PlanFile] != digest {
		return errors.New("its plan.json is not the one that its ledger has the digest of")
	}
	r.plan = again
	return nil
}

// sameChallenge settles the nonce. A challenge seeds all of a run; without one the
// rest has a nonce of its own, since the first one may have been told by now.
func (r *runner) sameChallenge() error {
	if !r.plan.Challenge {
		if r.options.challenge != "" {
			return errors.New("it was begun without --challenge")
		}
		r.nonce = rand.Text()
		return nil
	}
	if suite.DigestNonce(r.options.challenge) != r.plan.NonceSHA256 {
		return errors.New("it was begun with --challenge; give the same one")
	}
	r.nonce = r.options.challenge
	return nil
}

// sameMachine refuses to go on elsewhere: figures of two machines, or of one that was
// started anew with who knows what changed, are two runs. The bundle says once how
// contenders were confined.
func (r *runner) sameMachine() error {
	then := r.earlier.Environment
	now := evidence.Environment{Machine: r.cores.machine, Placement: r.cores.placement, Boot: observe.Boot(), CupelSHA256: observe.Program()}
	now.Confinement, now.ConfinementLayers = r.sandbox.Summary(), r.sandbox.Layers()
	for _, one := range []struct {
		what      string
		then, now any
	}{
		{"another cupel began it", then.CupelSHA256, now.CupelSHA256},
		{"it was begun on another machine, or before this one was started again", then.Boot, now.Boot},
		{"the machine's cores or settings are others now", then.Machine, now.Machine},
		{"harness and contenders would be on other cores", then.Placement, now.Placement},
		{"contenders would be confined otherwise", then.Confinement, now.Confinement},
		{"contenders would be confined by other means", then.ConfinementLayers, now.ConfinementLayers},
	} {
		if same, err := sameJSON(one.then, one.now); err != nil || !same {
			return errors.Join(errors.New(one.what), err)
		}
	}
	return nil
}

// sameJSON compares as what is written compares: what is empty there is the same.
func sameJSON(a, b any) (bool, error) {
	one, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	other, err := json.Marshal(b)
	return bytes.Equal(one, other), err
}

// goOn writes down that the run goes on.
func (r *runner) goOn() error {
	if err := r.bundle.Unseal(); err != nil {
		return err
	}
	return r.bundle.Append(evidence.LedgerRow{
		Time: time.Now(), Event: evidence.EventResumed, Reason: r.nonceReason(),
		SHA256: map[string]string{evidence.NonceName: suite.DigestNonce(r.nonce)},
	})
}

func (r *runner) nonceReason() string {
	sessions := r.earlier.Sessions()
	switch last := sessions[len(sessions)-1]; {
	case r.plan.Challenge:
		return "the challenge seeds this session too"
	case last.Nonce != "":
		return "this session has a nonce of its own: the one before it is revealed"
	default:
		return "this session has a nonce of its own: the one before it was lost with its process, so that what it drew can't be drawn again"
	}
}

// sameModel reports whether an earlier session has written down the fitted model with
// all models of the run, and refuses to go on with another one. Those of the probes
// are drawn from a session's own nonce.
func (r *runner) sameModel(digests map[string]string) (fitted bool, err error) {
	if r.earlier == nil {
		return false, nil
	}
	for _, row := range r.earlier.Ledger {
		if row.Event != evidence.EventFitted {
			continue
		}
		if !maps.Equal(fittedOnly(row.SHA256), fittedOnly(digests)) {
			return true, exit(ExitUsage, fmt.Errorf("%s can't be gone on with: the model that was fitted then has other digests than the one that is now", r.options.out))
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

// over reports whether all that was to be measured is.
func over(bundle *evidence.Bundle) bool {
	return slices.ContainsFunc(bundle.Ledger, func(row evidence.LedgerRow) bool { return row.Event == evidence.EventStopped })
}

// known reports whether an earlier session has found a contender unavailable: it
// stays so, or replicates of one run would have different contenders.
func (r *runner) known(contender string) bool {
	return r.earlier != nil && slices.ContainsFunc(r.earlier.Ledger, func(row evidence.LedgerRow) bool {
		return row.Event == evidence.EventUnavailable && row.Contender == contender
	})
}

// sameBuild refuses a contender that was installed anew since the run began.
func (r *runner) sameBuild(contender, build string) error {
	if r.earlier == nil {
		return nil
	}
	if before, measured := r.earlier.Statements[contender]; measured && before.Build != build {
		return exit(ExitUsage, fmt.Errorf("%s can't be gone on with: %s was %q then and is %q now", r.options.out, contender, before.Build, build))
	}
	return nil
}
