package cli

// This file holds `cupel compare`: bundles side by side.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"cupel/internal/compare"
	"cupel/internal/evidence"
	"cupel/internal/recheck"
	"cupel/internal/report"
)

func compareCommand(stdout io.Writer) *cobra.Command {
	var baseline string
	var asJSON bool
	command := &cobra.Command{
		Use:   "compare {BUNDLE BUNDLE... | --baseline OLD NEW}",
		Short: "Put the ratios of several bundles side by side, or look for a regression",
		Long: `Put the ratios of several bundles side by side: whether the ratios of each pair of
contenders are within a factor of 2 of each other (point 79), whether their intervals
overlap, and how the machines differ. All figures are computed from the samples.

With --baseline, compare one bundle with an older one of the same machine: has the
first contender of a claim become slower, relative to the second one, by more than
the tolerance? If nothing changed and conditions are equal, at most 1% of the runs
are called slower. A claim is not judged if the machine was quiet in only one of the
two runs.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if baseline != "" {
				return compareWithBaseline(command.Context(), baseline, args, asJSON, stdout)
			}
			if len(args) < 2 {
				return exit(ExitUsage, errors.New("compare needs at least two bundles, or one bundle and --baseline"))
			}
			result, err := compareBundles(command.Context(), args)
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(stdout, result)
			} else {
				err = writeComparison(stdout, result)
			}
			if err != nil {
				return err
			}
			return comparisonExit(result)
		},
	}
	command.Flags().StringVar(&baseline, "baseline", "", "older bundle to compare with; the exit code is 1 if BUNDLE is slower")
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

// compareBundles compares bundles. It also verifies each and marks the figures of one that
// is not intact.
func compareBundles(ctx context.Context, names []string) (*compare.Result, error) {
	var bundles []*evidence.Bundle
	for _, name := range names {
		b, err := evidence.Open(name)
		if err != nil {
			return nil, exit(ExitUsage, err)
		}
		b.KeepSamples()
		bundles = append(bundles, b)
	}
	result, err := compare.Bundles(names, bundles)
	if err != nil {
		return nil, exit(ExitUsage, err)
	}
	for i, name := range names {
		checked, err := recheck.Bundle(ctx, name, recheck.Options{Opened: bundles[i]})
		if err != nil {
			return nil, exit(ExitUsage, err)
		}
		if !checked.Intact {
			result.Distrust(i, checked.Faults[0].String())
		}
	}
	return result, nil
}

func comparisonExit(result *compare.Result) error {
	switch result.Verdict {
	case compare.CarriesOver:
		return nil
	case compare.Differs:
		return &exitError{code: ExitNo, err: errors.New(result.Reason), quiet: true}
	default:
		return &exitError{code: ExitNoAnswer, err: errors.New(result.Reason), quiet: true}
	}
}

func writeComparison(w io.Writer, result *compare.Result) error {
	var out strings.Builder
	for i, b := range result.Bundles {
		fmt.Fprintf(&out, "%d  %s: %s, %d replicates", i+1, b.Name, b.Suite, b.Replicates)
		if i > 0 {
			fmt.Fprintf(&out, "; %s machine", b.Machine)
		}
		out.WriteString("\n")
		for _, d := range b.Differences {
			fmt.Fprintf(&out, "   %s: %s, and in 1 %s\n", d.What, orNothing(d.This), orNothing(d.First))
		}
		if b.SuiteText != result.Bundles[0].SuiteText {
			out.WriteString("   the text of the suite differs\n")
		}
		if crowded := crowdedPairs(result, i); len(crowded) > 0 {
			fmt.Fprintf(&out, "   too few quiet rounds, so other load on the machine may have changed: %s\n", strings.Join(crowded, ", "))
		}
		if len(b.Missing) > 0 {
			fmt.Fprintf(&out, "   without figures here: %s\n", strings.Join(b.Missing, ", "))
		}
	}
	fmt.Fprintf(&out, "\n%s\n\npoint 79  %s: %s\n", ratioTable(result), result.Verdict, result.Reason)
	_, err := io.WriteString(w, out.String())
	return err
}

// crowdedPairs returns the pairs whose ratio in a bundle comes from too few quiet rounds.
func crowdedPairs(result *compare.Result, bundle int) []string {
	var pairs []string
	for _, pair := range result.Pairs {
		if ratio := pair.Ratios[bundle]; ratio != nil && !ratio.Quiet {
			pairs = append(pairs, pair.Title())
		}
	}
	return pairs
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

func ratioTable(result *compare.Result) string {
	writer := report.PlainTable()
	header := table.Row{"times as fast"}
	for i := range result.Bundles {
		header = append(header, fmt.Sprintf("in %d", i+1))
	}
	writer.AppendHeader(append(header, "apart", "within 2x", "intervals"))
	for _, pair := range result.Pairs {
		row := table.Row{pair.Title()}
		for _, ratio := range pair.Ratios {
			row = append(row, ratioText(ratio))
		}
		if pair.Within == nil {
			writer.AppendRow(append(row, "", "", ""))
			continue
		}
		overlap := "no ends"
		if pair.Overlap != nil {
			overlap = either(*pair.Overlap, "overlap", "apart")
		}
		writer.AppendRow(append(row, fmt.Sprintf("%.3gx", *pair.Factor), either(*pair.Within, "yes", "NO"), overlap))
	}
	var columns []table.ColumnConfig
	for i := range result.Bundles {
		columns = append(columns, table.ColumnConfig{Number: i + 2, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	writer.SetColumnConfigs(columns)
	return writer.Render()
}

func either(yes bool, one, other string) string {
	if yes {
		return one
	}
	return other
}

func ratioText(ratio *compare.Ratio) string {
	switch {
	case ratio == nil:
		return "not measured"
	case ratio.Low == nil:
		return fmt.Sprintf("%.4gx (too few replicates)", ratio.Ratio)
	case ratio.Disputed:
		return fmt.Sprintf("%.4gx (%.4g to %.4g), disputed", ratio.Ratio, *ratio.Low, *ratio.High)
	default:
		return fmt.Sprintf("%.4gx (%.4g to %.4g)", ratio.Ratio, *ratio.Low, *ratio.High)
	}
}

func compareWithBaseline(ctx context.Context, baseline string, args []string, asJSON bool, stdout io.Writer) error {
	if len(args) != 1 {
		return exit(ExitUsage, fmt.Errorf("--baseline compares one bundle with an older one; %d were given", len(args)))
	}
	result, err := compareBundles(ctx, []string{baseline, args[0]})
	if err != nil {
		return err
	}
	b := compare.AgainstBaseline(result)
	if asJSON {
		err = writeJSON(stdout, b)
	} else {
		err = writeBaseline(stdout, b)
	}
	if err != nil {
		return err
	}
	switch b.Verdict {
	case compare.NotSlower:
		return nil
	case compare.Regression:
		return &exitError{code: ExitNo, err: errors.New(b.Reason), quiet: true}
	default:
		return &exitError{code: ExitNoAnswer, err: errors.New(b.Reason), quiet: true}
	}
}

func writeBaseline(w io.Writer, b *compare.Baseline) error {
	var out strings.Builder
	if len(b.Changes) > 0 {
		writer := report.PlainTable()
		writer.AppendHeader(table.Row{"contender", "measured by", "ratio before", "now", "time now / before", "at least", ""})
		for _, c := range b.Changes {
			writer.AppendRow(table.Row{
				c.Title(), c.Against, fmt.Sprintf("%.4gx", c.Before), fmt.Sprintf("%.4gx", c.Now),
				fmt.Sprintf("%.4f", c.Slower), fmt.Sprintf("%.4f", c.Low), either(c.Regression, "REGRESSION", ""),
			})
		}
		fmt.Fprintf(&out, "%s\n\n", writer.Render())
	}
	for _, note := range b.Notes {
		fmt.Fprintf(&out, "note     %s\n", note)
	}
	fmt.Fprintf(&out, "verdict  %s: %s (false alarms: %.3g%% at most)\n", b.Verdict, b.Reason, 100*b.FalseAlarms)
	_, err := io.WriteString(w, out.String())
	return err
}
