package cli

// This file holds `cupel run`: from a suite to a bundle with results.

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cupel/engines"
	"cupel/internal/evidence"
	"cupel/internal/measure"
	"cupel/internal/observe"
	"cupel/internal/provision"
	"cupel/internal/report"
	"cupel/internal/suite"
)

// runOptions are the flags of `cupel run`.
type runOptions struct {
	out         string
	only        []string
	budget      time.Duration
	challenge   string
	noProvision bool
	asJSON      bool
}

func runCommand(stdout, stderr io.Writer) *cobra.Command {
	var options runOptions
	command := &cobra.Command{
		Use:   "run [SUITE]",
		Short: "Measure a suite: a built-in one by name, or a TOML file by path",
		Long: `Measure a suite and write a bundle with every sample. SUITE is a built-in suite
(` + strings.Join(suite.BuiltInNames(), ", ") + `; the first is the default) or the path of
a TOML file. What the suite needs and is not installed is installed first.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			name := suite.Default
			if len(args) == 1 {
				name = args[0]
			}
			s, err := suite.Load(name)
			if err != nil {
				return err
			}
			r := &runner{suite: s, options: options, stdout: stdout, stderr: stderr}
			return r.run(command.Context())
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.out, "out", "", "directory for the bundle (default cupel-runs/TIME-SUITE)")
	flags.StringSliceVar(&options.only, "only", nil, "contenders to measure, separated by commas")
	flags.DurationVar(&options.budget, "budget", 0, "measuring time, such as 60s (default: the suite's)")
	flags.StringVar(&options.challenge, "challenge", "", "number or text that seeds inputs and order, so that nobody can know them before (default: random)")
	flags.BoolVar(&options.noProvision, "no-provision", false, "install nothing; what is not installed is unavailable")
	flags.BoolVar(&options.asJSON, "json", false, "print the comparison as JSON instead of tables")
	return command
}

// runner is one run from start to end.
type runner struct {
	suite   *suite.Suite
	options runOptions
	stdout  io.Writer
	stderr  io.Writer

	provisioner *provision.Provisioner
	plan        *suite.Plan
	nonce       string
	bundle      *evidence.Writer
	measuring   *measure.Run
	ready       []measure.Contender
}

func (r *runner) run(ctx context.Context) (err error) {
	if r.provisioner, err = provision.New(); err != nil {
		return err
	}
	if err := r.makePlan(); err != nil {
		return err
	}
	directory, remove, err := scratch()
	if err != nil {
		return err
	}
	defer remove()
	if err := r.begin(ctx); err != nil {
		return err
	}
	defer r.bundle.Close()
	err = r.measure(ctx, directory)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w (what there is lies in %s)", err, r.bundle.Dir())
	}
	return r.finish(ctx)
}

// makePlan settles everything before anything is started.
func (r *runner) makePlan() error {
	r.nonce = r.options.challenge
	if r.nonce == "" {
		r.nonce = rand.Text()
	}
	if r.options.budget < 0 {
		return exit(ExitUsage, fmt.Errorf("--budget is %v; expected a time above 0", r.options.budget))
	}
	plan, err := r.suite.Plan(suite.Options{Only: r.options.only, Budget: r.options.budget, Nonce: r.nonce})
	if err != nil {
		return exit(ExitUsage, err)
	}
	r.plan = plan
	return nil
}

// begin makes the bundle and writes down the plan.
func (r *runner) begin(ctx context.Context) error {
	now := time.Now()
	out := r.options.out
	if out == "" {
		out = defaultOut(now, r.plan.Suite)
	}
	var err error
	if r.bundle, err = evidence.Create(out); err != nil {
		return exit(ExitUsage, err)
	}
	plan, digest, err := r.plan.Encode()
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { return r.bundle.WriteFile(evidence.SuiteFile, r.suite.Text) },
		func() error { return r.bundle.WriteFile(evidence.PlanFile, plan) },
		func() error {
			return r.bundle.Append(evidence.LedgerRow{Time: now, Event: evidence.EventPlan, SHA256: map[string]string{evidence.PlanFile: digest}})
		},
		func() error { return r.bundle.WriteJSON(evidence.EnvironmentFile, observe.Environment(ctx, now)) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// defaultOut names a directory that is not there yet.
func defaultOut(now time.Time, suite string) string {
	base := filepath.Join("cupel-runs", now.Format("20060102-150405")+"-"+suite)
	out := base
	for i := 2; ; i++ {
		if _, err := os.Lstat(out); err != nil {
			return out
		}
		out = fmt.Sprintf("%s-%d", base, i)
	}
}

// measure fits, looks, installs and measures.
func (r *runner) measure(ctx context.Context, scratch string) error {
	material, err := r.fit(ctx, scratch)
	if err != nil {
		return err
	}
	r.measuring = &measure.Run{
		Plan: r.plan, Material: material, Bundle: r.bundle, Scratch: scratch,
		Nonce: r.nonce, Redact: r.anonymous, Report: func(measure.Progress) {}, Now: time.Now,
	}
	if err := r.preview(ctx); err != nil {
		return err
	}
	if err := r.gather(ctx); err != nil {
		return err
	}
	return r.rounds(ctx)
}

func (r *runner) fit(ctx context.Context, scratch string) (*measure.Material, error) {
	fmt.Fprintf(r.stderr, "%s: %s\n", r.suite.Name, r.suite.Title)
	began := time.Now()
	material, err := measure.Prepare(ctx, r.suite.Workload, r.provisioner.Cache, scratch)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(r.stderr, "model ready in %v: %d numbers, accuracy %.4f\n",
		time.Since(began).Round(10*time.Millisecond), r.plan.Model.Parameters(), material.Accuracy)
	return material, r.bundle.Append(evidence.LedgerRow{
		Time: time.Now(), Event: evidence.EventFitted, SHA256: material.SHA256,
		Accuracy: &material.Accuracy, TrainingRows: material.TrainingRows,
	})
}

// preview shows a first table of the contenders that need no installing.
func (r *runner) preview(ctx context.Context) error {
	var first []measure.Contender
	for _, c := range r.contenders() {
		if engine, ok := engines.Lookup(c.Name); c.BuiltIn() && ok && engine.Language == engines.Go {
			installed, err := r.provisioner.Find(engine)
			if err != nil {
				return err
			}
			first = append(first, r.startable(c, installed))
		}
	}
	if len(first) < 2 {
		return nil
	}
	if err := r.measuring.Preview(ctx, first); err != nil {
		return err
	}
	if r.options.asJSON {
		return nil
	}
	bundle, err := evidence.Open(r.bundle.Dir())
	if err != nil {
		return err
	}
	results, err := report.DerivePreview(bundle)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.stdout, "\nA first look, one launch each (not part of the results):\n\n")
	if err := results.WritePreview(r.stdout, styleOf(r.stdout)); err != nil {
		return err
	}
	fmt.Fprintln(r.stdout)
	return nil
}

// contenders are the suite's that the plan has.
func (r *runner) contenders() []suite.Contender {
	var planned []suite.Contender
	for _, name := range r.plan.Contenders {
		for _, c := range r.suite.Contenders {
			if c.Name == name {
				planned = append(planned, c)
			}
		}
	}
	return planned
}

func (r *runner) startable(c suite.Contender, installed provision.Installed) measure.Contender {
	recorded := make([]string, len(installed.Command))
	for i, argument := range installed.Command {
		recorded[i] = r.anonymous(argument)
	}
	return measure.Contender{Name: c.Name, Command: installed.Command, Dir: installed.Dir, Recorded: recorded, Build: installed.Build}
}

// anonymous takes out of a text that goes into the bundle the paths of this
// program and of the cache, which say who the user is and where.
func (r *runner) anonymous(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, r.provisioner.Cache, cacheName), r.provisioner.Executable, "cupel")
	if home, err := os.UserHomeDir(); err == nil && len(home) > 1 {
		text = strings.ReplaceAll(text, home, "$HOME")
	}
	return text
}

// cacheName stands in a bundle for the user's cache directory.
const cacheName = "$CACHE"

// gather finds or installs every contender; what can't be had is written down
// with its reason.
func (r *runner) gather(ctx context.Context) error {
	var builtIn []engines.Engine
	for _, c := range r.contenders() {
		if engine, ok := engines.Lookup(c.Name); c.BuiltIn() && ok {
			builtIn = append(builtIn, engine)
		}
	}
	outcomes := map[string]outcome{}
	if r.options.noProvision {
		for _, engine := range builtIn {
			installed, err := r.provisioner.Find(engine)
			outcomes[engine.Name] = outcome{installed, err}
		}
	} else {
		outcomes = install(ctx, r.provisioner, builtIn, r.stderr)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, c := range r.contenders() {
		if err := r.take(c, outcomes[c.Name]); err != nil {
			return err
		}
	}
	return nil
}

// take adds a contender to those that are ready, or writes down why not.
func (r *runner) take(c suite.Contender, result outcome) error {
	if !c.BuiltIn() {
		r.ready = append(r.ready, measure.Contender{Name: c.Name, Command: ownCommand(c.Command, r.suite.Dir), Dir: r.suite.Dir, Recorded: c.Command})
		return nil
	}
	if result.err != nil {
		reason, remedy := provisionReason(result.err)
		return r.bundle.Append(evidence.LedgerRow{
			Time: time.Now(), Event: evidence.EventUnavailable, Contender: c.Name, Reason: r.anonymous(reason), Remedy: r.anonymous(remedy),
		})
	}
	r.ready = append(r.ready, r.startable(c, result.installed))
	return r.keepSource(c.Name, result.installed)
}

// ownCommand makes a program that is given by a relative path with a slash start
// from the suite's folder; a bare name is looked up in the PATH.
func ownCommand(command []string, dir string) []string {
	if filepath.IsAbs(command[0]) || !strings.ContainsRune(command[0], filepath.Separator) {
		return command
	}
	return append([]string{filepath.Join(dir, command[0])}, command[1:]...)
}

// keepSource copies what a contender was made from into the bundle.
func (r *runner) keepSource(name string, installed provision.Installed) error {
	engine, _ := engines.Lookup(name)
	files, err := engines.Files(engine)
	if err != nil {
		return err
	}
	if log, err := os.ReadFile(filepath.Join(installed.Dir, provision.LogFile)); err == nil && engine.Language != engines.Go {
		files[provision.LogFile] = []byte(r.anonymous(string(log)))
	}
	for file, content := range files {
		if err := r.bundle.WriteFile(filepath.Join(evidence.ContendersDir, name, file), content); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) rounds(ctx context.Context) error {
	if len(r.ready) == 0 {
		return nil
	}
	board := newBoard(r.stderr)
	defer board.close()
	steps := r.plan.Launches * len(r.ready)
	task := board.begin("measuring", fmt.Sprintf("%d contenders, %d rounds, at most %s", len(r.ready), r.plan.Launches, r.plan.Budget), steps)
	made, round := 0, 0
	r.measuring.Report = func(p measure.Progress) {
		if p.Outcome != "" {
			made++
		}
		task.step(fmt.Sprintf("round %d of %d, %s", p.Round, p.Rounds, p.Contender), made, steps)
		if p.Round != round {
			round = p.Round
			task.line(fmt.Sprintf("round %d of %d", p.Round, p.Rounds))
		}
		if p.Outcome == evidence.Failed {
			task.line(fmt.Sprintf("%s failed: %s", p.Contender, p.Reason))
		}
	}
	if err := r.measuring.Measure(ctx, r.ready); err != nil {
		task.fail("stopped")
		return err
	}
	task.done("done")
	return nil
}

// finish derives the results from the bundle and shows them.
func (r *runner) finish(ctx context.Context) error {
	interrupted := ctx.Err() != nil
	if interrupted {
		if err := r.bundle.Append(evidence.LedgerRow{Time: time.Now(), Event: evidence.EventInterrupted}); err != nil {
			return err
		}
	}
	// From here on no contender runs that could use it.
	if err := r.bundle.Append(evidence.LedgerRow{Time: time.Now(), Event: evidence.EventNonce, Nonce: r.nonce}); err != nil {
		return err
	}
	bundle, err := evidence.Open(r.bundle.Dir())
	if err != nil {
		return err
	}
	results, err := report.Derive(bundle)
	if err != nil {
		return err
	}
	if err := results.Write(r.bundle); err != nil {
		return err
	}
	if err := r.show(results); err != nil {
		return err
	}
	if interrupted {
		return exit(ExitNoAnswer, fmt.Errorf("interrupted; what was measured until then is in %s", r.bundle.Dir()))
	}
	if len(results.Measured()) == 0 {
		return exit(ExitNoAnswer, errors.New("no contender could be measured"))
	}
	return nil
}

func (r *runner) show(results *report.Results) error {
	if r.options.asJSON {
		return writeJSON(r.stdout, results.Summary())
	}
	fmt.Fprintln(r.stdout)
	if err := results.WriteTable(r.stdout, styleOf(r.stdout)); err != nil {
		return err
	}
	fmt.Fprintf(r.stdout, "\nresults  %s\nreport   %s\n", r.bundle.Dir(), r.bundle.Path(evidence.ResultsDir, report.MarkdownFile))
	return nil
}
