package cli

// This file holds `cupel run`: its flags, and what it prints at the end.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cupel/internal/audit/export"
	"cupel/internal/evidence"
	"cupel/internal/report"
	"cupel/internal/session"
	"cupel/internal/spawn"
	"cupel/internal/suite"
)

// runOptions are the flags of `cupel run`. `cupel reproduce` has most of them too.
type runOptions struct {
	out         string
	only        []string
	budget      time.Duration
	precision   float64
	challenge   string
	resume      bool
	key         string
	noProvision bool
	unconfined  bool
	asJSON      bool
}

func runCommand(stdout, stderr io.Writer) *cobra.Command {
	var options runOptions
	command := &cobra.Command{
		Use:   "run [SUITE]",
		Short: "Measure a suite: a built-in suite by name, or a TOML file by path",
		Long: `Measure a suite and write a bundle with every sample. SUITE is a built-in suite
(` + strings.Join(suite.BuiltInNames(), ", ") + `; the first is the default) or the path of
a TOML file. Engines that the suite needs are installed first if they are missing.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			s, err := suiteToRun(args, options)
			if err != nil {
				return err
			}
			// An option is 0 if its flag is absent, so a given 0 would be ignored silently.
			for name, given := range map[string]float64{"budget": float64(options.budget), "precision": options.precision} {
				if command.Flags().Changed(name) && given == 0 {
					return exit(ExitUsage, fmt.Errorf("--%s is 0; leave it out for the suite's", name))
				}
			}
			if err := options.check(); err != nil {
				return err
			}
			r := runPrinter{options: options, stdout: stdout, stderr: stderr}
			_, err = r.run(command.Context(), options.config(s))
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.out, "out", "", "directory for the bundle (default "+session.RunsDir+"/TIME-SUITE)")
	flags.StringSliceVar(&options.only, "only", nil, "contenders to measure, separated by commas")
	flags.DurationVar(&options.budget, "budget", 0, "measuring time, such as 60s (default: the suite's)")
	flags.Float64Var(&options.precision, "precision", 0, "wanted half-width of each claim's 95% interval, as a share such as 0.005 (default: the suite's)")
	flags.StringVar(&options.challenge, "challenge", "", "number or text that seeds inputs and order; a reviewer chooses it so that they cannot be known in advance (default: random)")
	flags.BoolVar(&options.resume, "resume", false, "continue the killed or interrupted run in --out; it must be of this machine, which must not have been restarted")
	flags.StringVar(&options.key, "key", "", "PEM file with the ed25519 key that seals the bundle (default: a new key for this run only)")
	flags.BoolVar(&options.noProvision, "no-provision", false, "install nothing; an engine that is not installed is unavailable")
	flags.BoolVar(&options.unconfined, "unconfined", false, "for debugging: run contenders unconfined; the results say so")
	flags.BoolVar(&options.asJSON, "json", false, "print the comparison as JSON instead of tables")
	return command
}

// suiteToRun returns the suite that the argument names. Without an argument it returns
// the suite of the run to resume, or else the default suite.
func suiteToRun(args []string, options runOptions) (*suite.Suite, error) {
	switch {
	case options.resume && options.out == "":
		return nil, exit(ExitUsage, errors.New("--resume needs --out with the directory of the run to continue"))
	case len(args) == 1:
		return suite.Load(args[0])
	case options.resume:
		return session.ResumableSuite(options.out)
	default:
		return suite.Load(suite.Default)
	}
}

// check returns an error for flags outside their range.
func (o runOptions) check() error {
	if o.budget < 0 {
		return exit(ExitUsage, fmt.Errorf("--budget is %v; expected a time above 0", o.budget))
	}
	if !(o.precision >= 0 && o.precision < 1) {
		return exit(ExitUsage, fmt.Errorf("--precision is %v; expected a share between 0 and 1, such as 0.005", o.precision))
	}
	return nil
}

// config returns the session's configuration from the flags.
func (o runOptions) config(s *suite.Suite) session.Config {
	return session.Config{
		Suite: s, Out: o.out, Only: o.only, Budget: o.budget, Precision: o.precision, Challenge: o.challenge, Resume: o.resume,
		KeyFile: o.key, NoProvision: o.noProvision, Unconfined: o.unconfined, ParseCommand: parseCommand,
	}
}

// resumption returns the command that continues a run. It has every flag that the bundle
// does not record.
func (o runOptions) resumption(s *suite.Suite, bundle string) string {
	words := []string{"cupel", "run"}
	if slices.ContainsFunc(s.Contenders, func(c suite.Contender) bool { return !c.BuiltIn() }) {
		words = append(words, s.File)
	}
	words = append(words, "--resume", "--out", bundle)
	if o.challenge != "" {
		words = append(words, "--challenge", o.challenge)
	}
	if o.key != "" {
		words = append(words, "--key", o.key)
	}
	if o.noProvision {
		words = append(words, "--no-provision")
	}
	if o.unconfined {
		words = append(words, "--unconfined")
	}
	return spawn.Line(words)
}

// runPrinter makes a run and prints its progress and outcome.
type runPrinter struct {
	options        runOptions
	stdout, stderr io.Writer
}

// run makes a run and prints its outcome. The error has the exit code. The outcome has no
// results if the run did not finish.
func (r runPrinter) run(ctx context.Context, config session.Config) (session.Outcome, error) {
	outcome, err := session.Run(ctx, config, observer{stdout: r.stdout, stderr: r.stderr, quiet: r.options.asJSON})
	if left := new(session.LeftError); errors.As(err, &left) {
		return outcome, r.left(config.Suite, left)
	}
	if err != nil {
		return outcome, err
	}
	if err := r.show(outcome); err != nil {
		return outcome, r.left(config.Suite, &session.LeftError{Dir: outcome.Dir, Err: err})
	}
	switch {
	case outcome.Interrupted:
		return outcome, exit(ExitNoAnswer, fmt.Errorf("interrupted; the measurements so far are in %s; continue with `%s`", outcome.Dir, r.options.resumption(config.Suite, outcome.Dir)))
	case len(outcome.Results.Measured()) == 0:
		return outcome, exit(ExitNoAnswer, errors.New("no contender could be measured"))
	}
	if reason := outcome.Results.Unanswered(); reason != "" {
		return outcome, exit(ExitNoAnswer, errors.New(reason))
	}
	return outcome, nil
}

// left adds to an error the place of the bundle and the command that continues the run.
func (r runPrinter) left(s *suite.Suite, left *session.LeftError) error {
	code, _ := codeOf(left)
	return exit(code, fmt.Errorf("%w (the measurements so far are in %s; continue with `%s`)", left, left.Dir, r.options.resumption(s, left.Dir)))
}

// show prints results and audit.
func (r runPrinter) show(outcome session.Outcome) error {
	if r.options.asJSON {
		summary := outcome.Results.Summary()
		summary.Bundle = outcome.Dir
		return writeJSON(r.stdout, summary)
	}
	fmt.Fprintln(r.stdout)
	if err := outcome.Results.WriteTable(r.stdout, styleOf(r.stdout)); err != nil {
		return err
	}
	fmt.Fprintf(r.stdout, "\nresults  %s\nreport   %s\n", outcome.Dir, filepath.Join(outcome.Dir, evidence.ResultsDir, report.MarkdownFile))
	return r.showAudit(outcome)
}

// showAudit prints a summary of the audit. It prints nothing if the audit could not be
// made: the session has already told the observer why.
func (r runPrinter) showAudit(outcome session.Outcome) error {
	again := spawn.Line([]string{"cupel", "audit", outcome.Dir})
	if len(outcome.Plan.Claims) == 0 {
		_, err := fmt.Fprintf(r.stdout, "\nnothing is audited: this run does not have both contenders of any claim; `%s --claim A/B` judges any two contenders\n", again)
		return err
	}
	if outcome.Audit == nil {
		return nil
	}
	fmt.Fprintln(r.stdout)
	if err := export.WriteSummary(r.stdout, outcome.Audit, styleOf(r.stdout)); err != nil {
		return err
	}
	fmt.Fprintf(r.stdout, "audit    %s\n", filepath.Join(outcome.Dir, evidence.ResultsDir, report.AuditFile))
	if others := notAudited(outcome.Plan); others != "" {
		fmt.Fprintf(r.stdout, "others   `%s` with %s\n", again, others)
	}
	return nil
}

// notAudited returns the flags that audit the other claims and cells: the audit of a run
// is of its first claim in its first cell.
func notAudited(plan *suite.Plan) string {
	var flags []string
	for _, claim := range plan.Claims[1:] {
		flags = append(flags, fmt.Sprintf("--claim %s/%s", claim.Faster, claim.Than))
	}
	for _, cell := range plan.Cells[1:] {
		flags = append(flags, "--cell "+cell.Name)
	}
	return strings.Join(flags, ", ")
}
