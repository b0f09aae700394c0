package cli

// This file holds `cupel reproduce`: a bundle's suite run again here.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cupel/internal/compare"
	"cupel/internal/evidence"
	"cupel/internal/suite"
	"cupel/internal/verify"
	"cupel/internal/version"
)

// reproduceOptions are the flags of `cupel reproduce`.
type reproduceOptions struct {
	out         string
	only        []string
	key         string
	budget      time.Duration
	precision   float64
	challenge   string
	noProvision bool
	runCommands bool
	asJSON      bool
}

func reproduceCommand(stdout, stderr io.Writer) *cobra.Command {
	var options reproduceOptions
	command := &cobra.Command{
		Use:   "reproduce BUNDLE",
		Short: "Run a bundle's own suite again here, and say what agrees",
		Long: `Run the suite of a bundle again on this machine, with inputs of its own, and put
the two bundles side by side: every pair's two ratios with their intervals, and
whether they are within a factor of 2 of each other (point 79).

A suite may start programs by commands of its own. A stranger's are not run unless
--run-commands says so. Those whose source the bundle has are built from that, with
the suite's own commands, too; the others start from the current directory.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return reproduce(command.Context(), args[0], options, stdout, stderr)
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.out, "out", "", "directory for the new bundle (default cupel-runs/TIME-SUITE)")
	flags.StringSliceVar(&options.only, "only", nil, "contenders to measure, separated by commas (default: the bundle's)")
	flags.DurationVar(&options.budget, "budget", 0, "measuring time, such as 60s (default: the bundle's)")
	flags.Float64Var(&options.precision, "precision", 0, "half-width asked of each claim's 95% interval (default: the bundle's)")
	flags.StringVar(&options.challenge, "challenge", "", "number or text that seeds inputs and order (default: random)")
	flags.StringVar(&options.key, "key", "", "PEM file with the ed25519 key that the new bundle is sealed with (default: one made for this run and forgotten)")
	flags.BoolVar(&options.noProvision, "no-provision", false, "install nothing; what is not installed is unavailable")
	flags.BoolVar(&options.runCommands, "run-commands", false, "build and run what the suite has commands of its own for")
	flags.BoolVar(&options.asJSON, "json", false, "print the comparison as JSON")
	return command
}

func reproduce(ctx context.Context, name string, options reproduceOptions, stdout, stderr io.Writer) error {
	original, err := evidence.Open(name)
	if err != nil {
		return exit(ExitUsage, err)
	}
	s, err := suiteOf(name, ".")
	if err != nil {
		return exit(ExitUsage, err)
	}
	only, err := reproducible(s, original.Plan, options, stderr)
	if err != nil {
		return err
	}
	run, err := rerunOptions(original.Plan, options)
	if err != nil {
		return err
	}
	run.only, run.reproduced = only, name
	if err := intact(ctx, name); err != nil {
		return err
	}
	// The run's own table would stand in the way of the comparison's JSON.
	shown := stdout
	if options.asJSON {
		shown = io.Discard
	}
	r := &runner{suite: s, options: run, stdout: shown, stderr: stderr}
	ended := r.run(ctx)
	if r.bundle == nil || ctx.Err() != nil || (ended != nil && codeOnly(ended) != ExitNoAnswer) {
		return ended
	}
	// A run that has not resolved its claims has figures all the same.
	result, err := compareBundles(ctx, []string{name, r.bundle.Dir()})
	if err != nil {
		return err
	}
	if options.asJSON {
		err = writeJSON(stdout, result)
	} else {
		fmt.Fprintln(stdout)
		err = writeComparison(stdout, result)
	}
	if err != nil {
		return err
	}
	return reproductionExit(result)
}

// intact refuses a bundle that can be compared with nothing, before minutes are spent on
// measuring.
func intact(ctx context.Context, name string) error {
	checked, err := verify.Bundle(ctx, name, verify.Options{Version: version.Cupel()})
	if err != nil {
		return exit(ExitUsage, err)
	}
	if !checked.Intact {
		return exit(ExitNoAnswer, fmt.Errorf("%s is not intact, so nothing is measured: %s", name, checked.Faults[0]))
	}
	return nil
}

func codeOnly(err error) int {
	code, _ := codeOf(err)
	return code
}

// reproductionExit is like that of compare, but that there is no answer where a
// claim of the bundle could not be measured here.
func reproductionExit(result *compare.Result) error {
	if err := comparisonExit(result); err != nil {
		return err
	}
	for _, pair := range result.Pairs {
		if pair.Claim && pair.Within == nil {
			return exit(ExitNoAnswer, fmt.Errorf("the claim that %s is faster than %s was not measured in both", pair.Faster, pair.Than))
		}
	}
	return nil
}

// rerunOptions are those of the bundle's run, where nothing else is asked for.
func rerunOptions(plan suite.Plan, options reproduceOptions) (runOptions, error) {
	run := runOptions{
		out: options.out, key: options.key, budget: options.budget, precision: options.precision, challenge: options.challenge,
		noProvision: options.noProvision, asJSON: false,
	}
	if plan.PrecisionGiven && run.precision == 0 {
		run.precision = plan.Precision
	}
	if plan.BudgetGiven && run.budget == 0 {
		budget, err := time.ParseDuration(plan.Budget)
		if err != nil {
			return run, exit(ExitUsage, fmt.Errorf("plan: budget: %w", err))
		}
		run.budget = budget
	}
	return run, nil
}

// reproducible names the contenders of the bundle's plan that may be run here. Those
// with commands of a stranger's are left out, and that is said, unless the user
// consents.
func reproducible(s *suite.Suite, plan suite.Plan, options reproduceOptions, stderr io.Writer) ([]string, error) {
	for _, name := range options.only {
		if !slices.Contains(plan.Contenders, name) {
			return nil, exit(ExitUsage, fmt.Errorf("--only names %q, which the bundle's run had not; it had %s", name, strings.Join(plan.Contenders, ", ")))
		}
	}
	var only, left []string
	for _, c := range s.Contenders {
		if !slices.Contains(plan.Contenders, c.Name) || len(options.only) > 0 && !slices.Contains(options.only, c.Name) {
			continue
		}
		if !c.BuiltIn() && !options.runCommands {
			left = append(left, c.Name)
			continue
		}
		only = append(only, c.Name)
	}
	if len(left) > 0 {
		fmt.Fprintf(stderr, "%s: run by the suite's own commands, which are not run without --run-commands\n", strings.Join(left, ", "))
	}
	if len(only) == 0 {
		return nil, exit(ExitNoAnswer, errors.New("nothing of this suite can be run here"))
	}
	return only, nil
}
