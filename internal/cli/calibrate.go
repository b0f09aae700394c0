package cli

// This file holds `cupel calibrate`: how often this method, and others, are wrong
// on this machine.

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"cupel/engines"
	"cupel/internal/host"
	"cupel/internal/measure"
	"cupel/internal/provision"
	"cupel/internal/report"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// calibrateOptions are the flags of `cupel calibrate`.
type calibrateOptions struct {
	pairs    int
	launches int
	rounds   int
	budget   time.Duration
	// slowdowns are those that power is measured against, the smallest first.
	slowdowns []float64
	// doubleLoad asks whether the harness has a part in what it measures.
	doubleLoad bool
	asJSON     bool
}

func calibrateCommand(stdout, stderr io.Writer) *cobra.Command {
	var options calibrateOptions
	command := &cobra.Command{
		Use:   "calibrate [ENGINE]",
		Short: "Measure this tool's own error rates on this machine",
		Long: `Compare copies of one engine (default: go) with each other and count how often
the method calls identical programs different, and how often it finds a slowdown
that is known. Beside it: Welch's t and the Mann-Whitney test on the calls of two
processes that ran one after the other, and the methods of benchstat and hyperfine
where these are installed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			name := "go"
			if len(args) == 1 {
				name = args[0]
			}
			c := &calibrator{options: options, stdout: stdout, stderr: stderr}
			return c.run(command.Context(), name)
		},
	}
	flags := command.Flags()
	flags.IntVar(&options.pairs, "pairs", 100, "comparisons of identical copies to make")
	flags.IntVar(&options.launches, "launches", 12, "launches of each copy in a comparison, at least; for up to 8 s there are more until the interval's half-width is half the smallest slowdown")
	flags.IntVar(&options.rounds, "rounds", 320, "rounds of a launch")
	flags.DurationVar(&options.budget, "budget", 0, "time after which no further comparison begins (default: none)")
	flags.Float64SliceVar(&options.slowdowns, "slowdown", defaultSlowdowns, "share of its calls that a slowed copy makes uncounted, in place of the default ones; may be given several times. Bursts have a multiple of the calls that this needs, 50 for 0.02")
	flags.BoolVar(&options.doubleLoad, "double-load", false, "instead of slowdowns: have the harness do its own work twice before half of the rounds, and see whether calls, copies or canary notice")
	flags.BoolVar(&options.asJSON, "json", false, "print JSON")
	command.MarkFlagsMutuallyExclusive("slowdown", "double-load")
	return command
}

// defaultSlowdowns are those that power is measured against unless others are given.
var defaultSlowdowns = []float64{0.005, 0.01, 0.02, 0.05}

// slowdownOf is that of a pair: each comparison has one, in half of its rounds, the
// smallest every other time and the others in turn.
func slowdownOf(slowdowns []float64, pair int) float64 {
	if pair%2 == 0 || len(slowdowns) == 1 {
		return slowdowns[0]
	}
	return slowdowns[1+pair/2%(len(slowdowns)-1)]
}

// level is that of the tests and intervals that are counted.
const level = 0.95

// leastForInterval is how many values have an interval at that level.
const leastForInterval = 6

// calibrator makes comparisons and counts.
type calibrator struct {
	options calibrateOptions
	stdout  io.Writer
	stderr  io.Writer

	engine    string
	installed provision.Installed
	tally     tally
}

// tally counts what comparisons came to.
type tally struct {
	same, falseAlarms    int
	slowed, found        map[float64]int
	welch, mannWhitney   int
	benchstat, hyperfine method
	wall, starting       time.Duration
	quiet                int
	halfWidth            []float64
	doubled              doubledLoad
}

// doubledLoad is what came of rounds before which the harness did its work twice:
// how often copies were called different, and by how much calls and canary took
// longer, as logarithms by comparison.
type doubledLoad struct {
	compared, alarms int
	calls            []float64
	// canary is of readings right after the harness's work, after of those after the
	// bursts.
	canary, after []float64
}

func (t *tally) addDoubled(copies *measure.Copies) {
	d := &t.doubled
	d.compared++
	if copies.Doubled.Ratio.Low > 1 || copies.Doubled.Ratio.High < 1 {
		d.alarms++
	}
	d.calls = append(d.calls, stats.Median(copies.Load))
	d.canary, d.after = append(d.canary, stats.Median(copies.Canary)), append(d.after, stats.Median(copies.CanaryAfter))
}

// method counts another tool's alarms.
type method struct{ compared, alarms int }

func (c *calibrator) run(ctx context.Context, name string) error {
	if c.options.pairs < 1 || c.options.rounds < 20 || c.options.launches < leastForInterval {
		return exit(ExitUsage, fmt.Errorf("--pairs must be at least 1, --launches at least %d, for an interval, and --rounds at least 20", leastForInterval))
	}
	if c.options.doubleLoad && c.options.pairs < leastForInterval {
		return exit(ExitUsage, fmt.Errorf("--double-load needs --pairs of at least %d, for an interval", leastForInterval))
	}
	unit, err := c.settleSlowdowns()
	if err != nil {
		return exit(ExitUsage, fmt.Errorf("--slowdown: %w", err))
	}
	engine, ok := engines.Lookup(name)
	if !ok {
		return exit(ExitUsage, fmt.Errorf("no engine %q is built in; expected one of %q", name, engines.Names()))
	}
	provisioner, err := provision.New()
	if err != nil {
		return err
	}
	installed, err := provisioner.Find(engine)
	if err != nil {
		return fmt.Errorf("%w; `cupel provision %s` installs it", err, name)
	}
	c.engine, c.installed = name, installed
	s, err := suite.Load(suite.Default)
	if err != nil {
		return err
	}
	nonce := rand.Text()
	plan, err := s.Plan(suite.Options{Nonce: nonce})
	if err != nil {
		return err
	}
	taken, err := host.Take(ctx, plan.Threads, false)
	if err != nil {
		return err
	}
	defer taken.Release()
	plan = measure.CopiesPlan(*plan, c.options.launches, c.options.rounds, unit, c.options.slowdowns[0]/2)
	material, err := measure.Prepare(ctx, s.Workload, plan.Probes, nonce, provisioner.Cache, taken.Scratch)
	if err != nil {
		return err
	}
	copies := measure.New(measure.Run{
		Plan: plan, Material: material, Bundle: measure.Nowhere{Dir: taken.Scratch}, Scratch: taken.Scratch, Sandbox: taken.Sandbox, Hidden: []string{provisioner.Cache}, Nonce: nonce,
		CPUs: taken.Cores.Placement.Contender, HarnessCPUs: taken.Cores.Placement.Harness,
		Redact: func(text string) string { return text }, Report: func(measure.Progress) {},
	})
	return c.conclude(ctx, c.compare(ctx, copies, measure.Contender{Name: name, Command: installed.Command, Dir: installed.Dir}, taken.Scratch))
}

// settleSlowdowns puts the slowdowns in order and returns what the calls of a burst are
// a multiple of.
func (c *calibrator) settleSlowdowns() (unit int, err error) {
	c.options.slowdowns = slices.Compact(slices.Sorted(slices.Values(c.options.slowdowns)))
	return measure.SlowdownUnit(c.options.slowdowns)
}

// conclude shows what there is. Comparisons that were made before an interruption or a
// failure are as good as any, but fewer than were asked for.
func (c *calibrator) conclude(ctx context.Context, ended error) error {
	if ended == nil {
		return c.show("")
	}
	if c.tally.same == 0 {
		return ended
	}
	reason := strings.Join(strings.Fields(ended.Error()), " ")
	if ctx.Err() != nil {
		reason = "interrupted"
	}
	if err := c.show(reason); err != nil {
		return err
	}
	return exit(ExitNoAnswer, fmt.Errorf("%s; what is shown is of %d of %d comparisons", reason, c.tally.same, c.options.pairs))
}

func (c *calibrator) compare(ctx context.Context, run *measure.Run, contender measure.Contender, directory string) error {
	board := newBoard(c.stderr)
	defer board.close()
	task := board.begin("calibrating", fmt.Sprintf("%d comparisons of %s with itself", c.options.pairs, contender.Name), c.options.pairs)
	c.tally = tally{slowed: map[float64]int{}, found: map[float64]int{}}
	others := newOtherTools(c.installed, directory)
	began := time.Now()
	for pair := range c.options.pairs {
		if c.options.budget > 0 && time.Since(began) > c.options.budget {
			break
		}
		copies, err := run.CompareCopies(ctx, contender, pair, slowdownOf(c.options.slowdowns, pair), c.options.doubleLoad)
		if err != nil {
			task.fail("stopped")
			return err
		}
		c.tally.add(copies)
		if err := others.add(ctx, &c.tally, copies); err != nil {
			task.fail("stopped")
			return err
		}
		task.step(fmt.Sprintf("%d of %d", pair+1, c.options.pairs), pair+1, c.options.pairs)
		if (pair+1)%10 == 0 {
			task.line(fmt.Sprintf("%d of %d", pair+1, c.options.pairs))
		}
	}
	task.done("done")
	return nil
}

func (t *tally) add(copies *measure.Copies) {
	t.same++
	t.wall += copies.Wall
	t.starting += copies.Starting
	t.halfWidth = append(t.halfWidth, copies.Same.HalfWidth())
	if copies.Same.Quiet {
		t.quiet++
	}
	if copies.Same.Ratio.Low > 1 || copies.Same.Ratio.High < 1 {
		t.falseAlarms++
	}
	if len(copies.Load) > 0 {
		t.addDoubled(copies)
	} else {
		t.slowed[copies.Slowdown]++
		if copies.Slowed.Ratio.Low > 1 {
			t.found[copies.Slowdown]++
		}
	}
	alpha := math.Log(1 - level)
	if stats.Welch(stats.Describe(copies.First), stats.Describe(copies.Second)).LogP < alpha {
		t.welch++
	}
	if stats.MannWhitney(copies.First, copies.Second).LogP < alpha {
		t.mannWhitney++
	}
}

// calibration is the JSON of `cupel calibrate`.
type calibration struct {
	Engine string `json:"engine"`
	Pairs  int    `json:"pairs"`
	// Stopped is why there are fewer than were asked for.
	Stopped              string              `json:"stopped,omitempty"`
	FalseAlarmRate       float64             `json:"false_alarm_rate"`
	FalseAlarmInterval   [2]float64          `json:"false_alarm_interval"`
	Power                map[string]*float64 `json:"power"`
	PowerPairs           map[string]int      `json:"power_pairs"`
	SecondsPerComparison float64             `json:"seconds_per_comparison"`
	// MeasuringSecondsPerComparison is that without the time in which copies start,
	// load the model and agree with the reference.
	MeasuringSecondsPerComparison float64                 `json:"measuring_seconds_per_comparison"`
	MedianHalfWidth               float64                 `json:"median_half_width"`
	QuietShare                    float64                 `json:"quiet_share"`
	Classic                       map[string]classicRates `json:"classic"`
	DoubledLoad                   *doubledLoadRates       `json:"doubled_load,omitempty"`
}

// doubledLoadRates compare rounds before which the harness did its own work twice
// with the others.
type doubledLoadRates struct {
	Pairs              int        `json:"pairs"`
	FalseAlarmRate     float64    `json:"false_alarm_rate"`
	FalseAlarmInterval [2]float64 `json:"false_alarm_interval"`
	// Calls and the canary are how many times as long they took, with 95% intervals:
	// Canary right after the harness's work, CanaryAfterBursts after the bursts.
	Calls             shift `json:"calls"`
	Canary            shift `json:"canary"`
	CanaryAfterBursts shift `json:"canary_after_bursts"`
}

type shift struct {
	Times    float64    `json:"times"`
	Interval [2]float64 `json:"interval"`
}

// shiftOf is that of the logarithms of comparisons.
func shiftOf(logs []float64) shift {
	interval := stats.ClaimInterval(logs, level)
	return shift{math.Exp(interval.Estimate), [2]float64{math.Exp(interval.Low), math.Exp(interval.High)}}
}

type classicRates struct {
	FalseAlarmRate float64 `json:"false_alarm_rate"`
	Pairs          int     `json:"pairs"`
}

func (c *calibrator) result() calibration {
	t := c.tally
	rate := func(count, of int) float64 { return float64(count) / float64(max(of, 1)) }
	perPair := func(spent time.Duration) float64 { return spent.Seconds() / float64(max(t.same, 1)) }
	exact := func(count, of int) [2]float64 {
		interval := stats.Binomial(count, of, level)
		return [2]float64{interval.Low, interval.High}
	}
	result := calibration{
		Engine: c.engine, Pairs: t.same, FalseAlarmRate: rate(t.falseAlarms, t.same), FalseAlarmInterval: exact(t.falseAlarms, t.same),
		Power: map[string]*float64{}, PowerPairs: map[string]int{},
		SecondsPerComparison: perPair(t.wall), MeasuringSecondsPerComparison: perPair(t.wall - t.starting),
		MedianHalfWidth: stats.Median(t.halfWidth), QuietShare: rate(t.quiet, t.same),
		Classic: map[string]classicRates{
			"welch": {rate(t.welch, t.same), t.same}, "mann_whitney": {rate(t.mannWhitney, t.same), t.same},
		},
	}
	for _, share := range c.options.slowdowns {
		key := fmt.Sprint(share)
		result.PowerPairs[key] = t.slowed[share]
		result.Power[key] = nil
		if t.slowed[share] > 0 {
			power := rate(t.found[share], t.slowed[share])
			result.Power[key] = &power
		}
	}
	if d := t.doubled; d.compared >= leastForInterval {
		result.DoubledLoad = &doubledLoadRates{
			Pairs: d.compared, FalseAlarmRate: rate(d.alarms, d.compared), FalseAlarmInterval: exact(d.alarms, d.compared),
			Calls: shiftOf(d.calls), Canary: shiftOf(d.canary), CanaryAfterBursts: shiftOf(d.after),
		}
	}
	for name, other := range map[string]method{"benchstat": t.benchstat, "hyperfine": t.hyperfine} {
		if other.compared > 0 {
			result.Classic[name] = classicRates{rate(other.alarms, other.compared), other.compared}
		}
	}
	return result
}

// show prints what was found, with the reason if there is less than was asked for.
func (c *calibrator) show(stopped string) error {
	if c.tally.same == 0 {
		return exit(ExitNoAnswer, errors.New("the budget left no time for a comparison"))
	}
	result := c.result()
	result.Stopped = stopped
	if c.options.asJSON {
		return writeJSON(c.stdout, result)
	}
	writer := report.PlainTable()
	writer.AppendHeader(table.Row{"identical copies of " + c.engine, "called different", "95% interval", "pairs"})
	row := func(name string, count, of int) {
		interval := stats.Binomial(count, of, level)
		writer.AppendRow(table.Row{name, share(float64(count) / float64(of)), share(interval.Low) + " to " + share(interval.High), of})
	}
	t := c.tally
	row("cupel", t.falseAlarms, t.same)
	row("Welch's t, one process after the other", t.welch, t.same)
	row("Mann-Whitney, likewise", t.mannWhitney, t.same)
	if t.benchstat.compared > 0 {
		row("benchstat, ten counts each", t.benchstat.alarms, t.benchstat.compared)
	}
	if t.hyperfine.compared > 0 {
		row("hyperfine, ten runs each, Welch's t", t.hyperfine.alarms, t.hyperfine.compared)
	}
	writer.AppendSeparator()
	for _, slowdown := range c.options.slowdowns {
		if of := t.slowed[slowdown]; of > 0 {
			row("cupel finds a slowdown of "+share(slowdown), t.found[slowdown], of)
		}
	}
	if d := t.doubled; d.compared > 0 {
		row("cupel, its own load doubled", d.alarms, d.compared)
	}
	writer.SetColumnConfigs([]table.ColumnConfig{
		{Number: 2, Align: text.AlignRight, AlignHeader: text.AlignRight}, {Number: 3, Align: text.AlignRight, AlignHeader: text.AlignRight},
		{Number: 4, Align: text.AlignRight, AlignHeader: text.AlignRight},
	})
	if stopped != "" {
		if _, err := fmt.Fprintf(c.stdout, "part of what was asked for, %d of %d comparisons: %s\n\n", t.same, c.options.pairs, stopped); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(c.stdout, "%s\n\n%.2f s a comparison, %.2f s of it measuring, half-width of the interval %s in the middle\n",
		writer.Render(), result.SecondsPerComparison, result.MeasuringSecondsPerComparison, share(result.MedianHalfWidth))
	if d := result.DoubledLoad; err == nil && d != nil {
		_, err = fmt.Fprintf(c.stdout, "with the harness's own load doubled calls took %s times as long, the canary %s, and %s after the bursts\n", d.Calls, d.Canary, d.CanaryAfterBursts)
	}
	return err
}

func (s shift) String() string {
	return fmt.Sprintf("%.4f (%.4f to %.4f)", s.Times, s.Interval[0], s.Interval[1])
}

// share prints a share as a percentage with two digits or more.
func share(x float64) string {
	if x != 0 && math.Abs(x) < 0.0995 {
		return fmt.Sprintf("%.2g%%", 100*x)
	}
	return fmt.Sprintf("%.1f%%", 100*x)
}
