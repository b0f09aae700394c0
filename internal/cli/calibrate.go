package cli

// This file holds `cupel calibrate`.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"cupel/internal/calibrate"
	"cupel/internal/report"
)

func calibrateCommand(stdout, stderr io.Writer) *cobra.Command {
	config := calibrate.Config{Engine: "go"}
	asJSON := false
	command := &cobra.Command{
		Use:   "calibrate [ENGINE]",
		Short: "Measure this tool's own error rates on this machine",
		Long: `Compare copies of one engine (default: go) with each other. Count how often the
method calls identical programs different, and how often it finds a known slowdown.
The output also shows the error rates of other methods: Welch's t and the
Mann-Whitney test on the calls of two processes that ran one after the other, and
benchstat and hyperfine if they are installed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if len(args) == 1 {
				config.Engine = args[0]
			}
			if err := checkCalibration(config); err != nil {
				return exit(ExitUsage, err)
			}
			tally, ended := calibrateShown(command.Context(), config, stderr)
			c := calibration{tally: tally, pairs: config.Pairs, asJSON: asJSON, stdout: stdout}
			return c.conclude(command.Context(), ended)
		},
	}
	flags := command.Flags()
	flags.IntVar(&config.Pairs, "pairs", 100, "number of comparisons of identical copies")
	flags.IntVar(&config.Launches, "launches", 12, "least number of launches of each copy in a comparison; more follow, for at most 8 s, until the interval's half-width is half the smallest slowdown")
	flags.IntVar(&config.Rounds, "rounds", 320, "rounds in each launch")
	flags.DurationVar(&config.Budget, "budget", 0, "time after which no further comparison starts (default: no limit)")
	flags.Float64SliceVar(&config.Slowdowns, "slowdown", calibrate.DefaultSlowdowns, "known slowdown: the share of extra, uncounted calls that the slowed copy makes; can be given several times. The number of calls in a burst is a multiple of what this share needs: 50 for 0.02")
	flags.BoolVar(&config.DoubleLoad, "double-load", false, "instead of slowdowns: the harness does its own work twice before half of the rounds, and the result says whether this changes calls, copies or canary")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	command.MarkFlagsMutuallyExclusive("slowdown", "double-load")
	return command
}

// checkCalibration returns an error for flags outside their range.
func checkCalibration(config calibrate.Config) error {
	if config.Pairs < 1 || config.Rounds < calibrate.LeastRounds || config.Launches < calibrate.LeastForInterval {
		return fmt.Errorf("--pairs must be at least 1, --launches at least %d (for an interval) and --rounds at least %d", calibrate.LeastForInterval, calibrate.LeastRounds)
	}
	if config.DoubleLoad && config.Pairs < calibrate.LeastForInterval {
		return fmt.Errorf("--double-load needs --pairs of at least %d (for an interval)", calibrate.LeastForInterval)
	}
	if _, err := calibrate.SlowdownUnit(config.Slowdowns); err != nil {
		return fmt.Errorf("--slowdown: %w", err)
	}
	return nil
}

// calibrateShown runs a calibration. It shows the progress on stderr as soon as the
// calibration has all that it needs.
func calibrateShown(ctx context.Context, config calibrate.Config, stderr io.Writer) (*calibrate.Tally, error) {
	end := func(error) {}
	var task *task
	tally, err := calibrate.Run(ctx, config, func(made int) {
		if made == 0 {
			board := newBoard(stderr)
			task = board.begin("calibrating", fmt.Sprintf("%d comparisons of %s with itself", config.Pairs, config.Engine), config.Pairs)
			end = func(err error) {
				task.end(err)
				board.close()
			}
			return
		}
		note := fmt.Sprintf("%d of %d", made, config.Pairs)
		task.step(note, made, config.Pairs)
		if made%10 == 0 {
			task.line(note)
		}
	})
	end(err)
	return tally, err
}

// calibration is the outcome of a calibration with the way to print it.
type calibration struct {
	tally *calibrate.Tally
	// pairs is the number of comparisons that were asked for.
	pairs  int
	asJSON bool
	stdout io.Writer
}

// conclude prints the result. If the calibration was interrupted or failed, it prints the
// comparisons made until then: they are valid, but fewer than were asked for.
func (c calibration) conclude(ctx context.Context, ended error) error {
	made := c.tally.Alarms.Of
	switch {
	case ended == nil && made == 0:
		return exit(ExitNoAnswer, errors.New("the budget left no time for a comparison"))
	case ended == nil:
		return c.show("")
	case made == 0:
		return ended
	}
	reason := strings.Join(strings.Fields(ended.Error()), " ")
	if ctx.Err() != nil {
		reason = "interrupted"
	}
	if err := c.show(reason); err != nil {
		return err
	}
	return exit(ExitNoAnswer, fmt.Errorf("%s; the result has %d of %d comparisons", reason, made, c.pairs))
}

// show prints the result. stopped is the reason for fewer comparisons than were asked for,
// or empty.
func (c calibration) show(stopped string) error {
	result := c.tally.Result(stopped)
	if c.asJSON {
		return writeJSON(c.stdout, result)
	}
	if stopped != "" {
		if _, err := fmt.Fprintf(c.stdout, "only %d of %d comparisons: %s\n\n", result.Pairs, c.pairs, stopped); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(c.stdout, "%s\n\n%.2f s a comparison, %.2f s of it measuring; median half-width of the interval %s\n",
		c.table(), result.SecondsPerComparison, result.MeasuringSecondsPerComparison, share(result.MedianHalfWidth))
	if d := result.DoubledLoad; err == nil && d != nil {
		_, err = fmt.Fprintf(c.stdout, "with the harness's own load doubled, calls took %s times as long, the canary %s times, and the canary after the bursts %s times\n", d.Calls, d.Canary, d.CanaryAfterBursts)
	}
	return err
}

// table has a row for each method and each slowdown with at least one comparison.
func (c calibration) table() string {
	t := c.tally
	writer := report.PlainTable()
	writer.AppendHeader(table.Row{"identical copies of " + t.Engine, "called different", "95% interval", "pairs"})
	row := func(name string, count calibrate.Count) {
		if count.Of > 0 {
			interval := count.Interval()
			writer.AppendRow(table.Row{name, share(count.Rate()), share(interval[0]) + " to " + share(interval[1]), count.Of})
		}
	}
	row("cupel", t.Alarms)
	row("Welch's t, one process after the other", t.Welch)
	row("Mann-Whitney, likewise", t.MannWhitney)
	row("benchstat, ten counts each", t.Benchstat)
	row("hyperfine, ten runs each, Welch's t", t.Hyperfine)
	writer.AppendSeparator()
	for _, slowdown := range t.Slowdowns {
		row("cupel finds a slowdown of "+share(slowdown), t.Found[slowdown])
	}
	row("cupel, its own load doubled", t.Doubled.Alarms)
	right := func(column int) table.ColumnConfig {
		return table.ColumnConfig{Number: column, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	writer.SetColumnConfigs([]table.ColumnConfig{right(2), right(3), right(4)})
	return writer.Render()
}

// share formats a share as a percentage with at least two digits.
func share(x float64) string {
	if x != 0 && math.Abs(x) < 0.0995 {
		return fmt.Sprintf("%.2g%%", 100*x)
	}
	return fmt.Sprintf("%.1f%%", 100*x)
}
