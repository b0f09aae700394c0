package cli

// This file holds `cupel reproduce`: a bundle's suite run again here.

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
		Short: "Run a bundle's own suite again here, and say what agrees",
		Long: `Run the suite of a bundle again on this machine, with inputs of its own, and put
the two bundles side by side: every pair's two ratios with their intervals, and
whether they are within a factor of 2 of each other (point 79).

A suite may start programs by commands of its own. A stranger's are not run unless
--run-commands says so. Those whose source the bundle has are built from that, with
the suite's own commands, too; the others start from the current directory.`,
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
	flags.Float64Var(&options.precision, "precision", 0, "half-width asked of each claim's 95% interval (default: the bundle's)")
	flags.StringVar(&options.challenge, "challenge", "", "number or text that seeds inputs and order (default: random)")
	flags.StringVar(&options.key, "key", "", "PEM file with the ed25519 key that the new bundle is sealed with (default: one made for this run and forgotten)")
	flags.BoolVar(&options.noProvision, "no-provision", false, "install nothing; what is not installed is unavailable")
	flags.BoolVar(&runCommands, "run-commands", false, "build and run what the suite has commands of its own for")
	flags.BoolVar(&options.asJSON, "json", false, "print the comparison as JSON")
	return command
}

func reproduce(ctx context.Context, bundle string, options runOptions, runCommands bool, stdout, stderr io.Writer) error {
	config, err := session.Reproduction(ctx, bundle, options.config(nil), runCommands, observer{stderr: stderr, quiet: true})
	if err != nil {
		return err
	}
	// The run's own table would stand in the way of the comparison's JSON.
	r := runPrinter{options: options, stdout: stdout, stderr: stderr}
	if options.asJSON {
		r.stdout, r.options.asJSON = io.Discard, false
	}
	outcome, ended := r.run(ctx, config)
	if outcome.Results == nil || outcome.Interrupted {
		return ended
	}
	// A run that has not resolved its claims has figures all the same.
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

// reproductionExit is like that of compare. In addition there is no answer where a claim
// of the bundle could not be measured here.
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
