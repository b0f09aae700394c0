package cli

// This file holds `cupel reproduce`, which runs a bundle's suite again here.

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"cupel/internal/compare"
	"cupel/internal/session"
)

func reproduceCommand(stdout, stderr io.Writer) *cobra.Command {
	var options runOptions
	runCommands := false
	command := &cobra.Command{
		Use:   "reproduce BUNDLE",
		Short: "Run a bundle's suite again here, and compare the results",
		Long: `Run the suite of a bundle again on this machine with new inputs, and put the two
bundles side by side: the two ratios of each pair with their intervals, and whether
they are within a factor of 2 of each other (point 79).

A suite can have its own commands, which build and start programs. These are run only
with --run-commands, because they may come from a stranger. A contender whose source
is in the bundle is built from that source. Other commands start in the current
directory.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if err := options.check(); err != nil {
				return err
			}
			return reproduce(command.Context(), args[0], options, runCommands, stdout, stderr)
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.out, "out", "", "directory for the new bundle (default "+session.RunsDir+"/TIME-SUITE)")
	flags.StringSliceVar(&options.only, "only", nil, "contenders to measure, separated by commas (default: the bundle's)")
	flags.DurationVar(&options.budget, "budget", 0, "measuring time, such as 60s (default: the bundle's)")
	flags.Float64Var(&options.precision, "precision", 0, "wanted half-width of each claim's 95% interval, as a share such as 0.005 (default: the bundle's)")
	flags.StringVar(&options.challenge, "challenge", "", "number or text that seeds inputs and order; without it they are random")
	flags.StringVar(&options.key, "key", "", "PEM file with the ed25519 key that seals the new bundle (default: a new key for this run only)")
	flags.BoolVar(&options.noProvision, "no-provision", false, "install nothing; an engine that is not installed is unavailable")
	flags.BoolVar(&runCommands, "run-commands", false, "run the suite's own commands, which build and start its contenders")
	flags.BoolVar(&options.asJSON, "json", false, "print the comparison as JSON")
	return command
}

func reproduce(ctx context.Context, bundle string, options runOptions, runCommands bool, stdout, stderr io.Writer) error {
	config, err := session.Reproduction(ctx, bundle, options.config(nil), runCommands, observer{stderr: stderr, quiet: true})
	if err != nil {
		return err
	}
	// stdout has only the comparison's JSON, so the table of the run is discarded.
	r := runPrinter{options: options, stdout: stdout, stderr: stderr}
	if options.asJSON {
		r.stdout, r.options.asJSON = io.Discard, false
	}
	outcome, ended := r.run(ctx, config)
	if outcome.Results == nil || outcome.Interrupted {
		return ended
	}
	// A run that did not resolve its claims still has figures to compare.
	result, err := compareBundles(ctx, []string{bundle, outcome.Dir})
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

// reproductionExit returns the same error as comparisonExit. In addition, a claim of the
// bundle that could not be measured here gives ExitNoAnswer.
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
