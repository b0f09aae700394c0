package report

// This file writes BENCHMARK_RESULTS.md, section by section as the published
// report has them.

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"cupel/internal/dataset"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/markup"
	"cupel/internal/stats"
	"cupel/internal/suite"
	"cupel/internal/workload"
)

// WriteMarkdown writes the report.
func (r *Results) WriteMarkdown(w io.Writer) error {
	page := &markdown{results: r, plan: r.Bundle.Plan}
	page.title()
	page.executiveSummary()
	page.methodology()
	page.environment()
	page.measurements()
	page.limits()
	page.reproducibility()
	page.references()
	_, err := io.WriteString(w, page.text.String())
	return err
}

type markdown struct {
	results *Results
	plan    suite.Plan
	text    markup.Page
	// of is what headings end with: the cell, where the plan has several.
	of string
}

// measurements writes what was measured, in each cell.
func (m *markdown) measurements() {
	if len(m.results.Cells) > 0 {
		m.cells()
		return
	}
	m.figures()
	m.statistics()
	m.analysis()
}

func (m *markdown) line(format string, args ...any) { m.text.Line(format, args...) }

func (m *markdown) heading(level int, title string) { m.text.Heading(level, title+m.of) }

func (m *markdown) row(cells ...string) { m.text.Row(cells...) }

func (m *markdown) header(cells ...string) { m.text.Header(cells...) }

func (m *markdown) title() {
	var names []string
	for _, c := range m.results.Measured() {
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		m.line("# %s %s: nothing could be measured", m.results.words().Benchmark, m.plan.Suite)
		return
	}
	m.line("# %s %s: %s", m.results.words().Benchmark, m.plan.Suite, strings.Join(names, ", "))
}

func (m *markdown) executiveSummary() {
	m.heading(2, "Executive Summary")
	m.verdicts()
	m.line("\nRatios are from %s. The classic figures further down are the published benchmark's: "+
		"one process after the other, %s timed by the contender itself. Such timings of identical programs can differ by more than their intervals say, so they decide no claim.",
		m.results.words().Takers, m.results.words().Timed)
}

// verdicts says what came of each claim, in each cell.
func (m *markdown) verdicts() {
	if len(m.results.Cells) > 0 {
		m.cellVerdicts()
		return
	}
	for _, c := range m.results.Estimates.Claims {
		m.claim(c)
	}
	for _, claim := range m.plan.Claims {
		if reason := m.results.unresolved(claim.Faster, claim.Than); reason != "" {
			m.line("- The claim that %s is faster than %s is not resolved: %s.", claim.Faster, claim.Than, strings.TrimSuffix(reason, "."))
		} else if m.results.contender(claim.Faster) == nil || m.results.contender(claim.Than) == nil {
			m.line("- The claim that %s is faster than %s could not be measured here.", claim.Faster, claim.Than)
		}
	}
	for _, failed := range m.results.failedControls() {
		m.line("- **No verdict**: %s.", strings.TrimSuffix(failed, "."))
	}
}

// claim says what came of a claim. Where it has no verdict its figures are in the
// tables alone.
func (m *markdown) claim(c estimate.Comparison) {
	if verdict := m.results.verdict(c); verdict == noVerdict || verdict == disputed {
		return
	}
	claim := fmt.Sprintf("claim: %s faster than %s", c.A, c.B)
	switch c.Verdict {
	case estimate.Faster:
		m.line("- **%s is faster than %s, side by side: %s**, 95%% interval %s (%s).", c.A, c.B, times(c.Ratio)(c.Ratio.Estimate), bounds(c.Ratio), claim)
	case estimate.Slower:
		m.line("- **%s is slower than %s, side by side: %s**, 95%% interval %s (%s).", c.A, c.B, times(c.Ratio)(c.Ratio.Estimate), bounds(c.Ratio), claim)
	case estimate.Equal:
		m.line("- %s and %s are equal within %.3g%%: 95%% interval of the ratio %s (%s).", c.A, c.B, 100*m.plan.Tolerance, bounds(c.Ratio), claim)
	default:
		return
	}
	if c.Source == estimate.FromLong {
		m.line("  - The figure is of long bursts, by the harness's clock; short bursts gave %s.", times(c.Short)(c.Short.Estimate))
	}
	for _, name := range []string{c.A, c.B} {
		if side := m.results.contender(name); side != nil && m.results.Reduced(side) {
			m.line("  - %s holds an equivalent model of %d parameters, the suite's model has %d.", name, side.Statement.Parameters, m.plan.Model.Parameters())
		}
	}
}

func pText(w stats.WelchResult) string {
	if w.LogP != w.LogP {
		return "undefined, as neither sample has any spread"
	}
	return stats.FormatP(w.LogP)
}

func (m *markdown) methodology() {
	m.heading(2, "Methodology")
	m.line("Following Box et al. (2005) and Georges et al. (2007).\n")
	m.header("Parameter", "Value")
	m.row("Suite", m.plan.Suite)
	m.row("Model", fmt.Sprintf("%s %s", m.plan.Model.Kind, workload.Shape(m.plan.Model)))
	m.row("Numbers in the model", fmt.Sprint(m.plan.Model.Parameters()))
	m.row("Random seed ("+m.results.words().SeedUse+")", fmt.Sprint(m.plan.Seed))
	m.row("Input dimensions", fmt.Sprint(m.plan.Model.Inputs()))
	m.row("Output classes", fmt.Sprint(m.plan.Model.Outputs()))
	m.row("Dataset", m.plan.Dataset)
	m.row("Training samples", fmt.Sprint(m.results.trainingSamples()))
	if m.results.trains() {
		m.trainingRows()
	} else {
		m.row(m.accuracyLabel(), fmt.Sprintf("%.4f", m.results.Accuracy))
	}
	if len(m.results.Cells) > 0 {
		m.cellRows()
	} else {
		if m.results.words().Batches {
			m.row("Batch", fmt.Sprint(m.plan.Batch))
		}
		m.row("Threads", fmt.Sprint(m.plan.Threads))
		m.row("Warmup iterations", fmt.Sprint(m.plan.Classic.Warmup))
		m.row("Benchmark iterations", fmt.Sprint(m.plan.Classic.Iterations))
	}
	m.row("Replicates planned, at least", fmt.Sprint(m.plan.Launches))
	if paired := m.plan.Paired; paired.LongEvery > 0 && len(m.results.Cells) == 0 {
		m.row("Rounds of a replicate", fmt.Sprintf("%d, of which %d of long bursts", paired.Rounds, paired.Rounds/paired.LongEvery))
	}
	m.line("\nRules, fixed before the first measurement:\n")
	for _, rule := range m.plan.Rules {
		m.line("- %s", rule)
	}
	m.sessions()
	if m.results.Stopped != "" {
		m.line("\nThe run ended because %s.", m.results.Stopped)
	} else {
		m.line("\n**The run was interrupted: what follows is what had been measured by then.**")
	}
	m.earlierRuns()
}

// earlierRuns names the other runs of the plan that the machine's log has: of several
// the most favourable could be shown.
func (m *markdown) earlierRuns() {
	earlier, err := m.results.earlierRuns()
	if err != nil {
		m.line("\nThe machine's log of runs can't be read: %v.", err)
		return
	}
	if earlier > 0 {
		m.line("\nThe machine's log has %s of this plan, each with what it found in %s.", plural(earlier, "earlier run", "earlier runs"), evidence.RunLogFile)
	}
}

// sessions are how many sessions the run had, and how many launches were lost between.
func (r *Results) sessions() (sessions, lost int) {
	for _, row := range r.Bundle.Ledger {
		if row.Outcome == evidence.Lost {
			lost++
		}
	}
	return len(r.Bundle.Sessions()), lost
}

// sessions says where a run was not made in one go.
func (m *markdown) sessions() {
	sessions, lost := m.results.sessions()
	if sessions > 1 || lost > 0 {
		m.line("\nThe run had %d sessions; of its launches %d were lost where a session ended without a word.", sessions, lost)
	}
}

func (m *markdown) accuracyLabel() string {
	if m.plan.Dataset == dataset.NameSynthetic {
		return "Accuracy on the training samples"
	}
	return "Accuracy on the 10,000 test images"
}

func (m *markdown) environment() {
	environment := m.results.Bundle.Environment
	m.heading(2, "Environment")
	m.line("- CPU: %s", environment.CPU)
	m.line("- Cores: %d", environment.Cores)
	m.line("- Memory: %.1f GB", float64(environment.MemoryBytes)/1e9)
	m.line("- Platform: %s", environment.Platform)
	m.line("- Distribution: %s", environment.Distribution)
	if environment.Hypervisor != "" {
		m.line("- Virtual machine: %s", environment.Hypervisor)
	}
	if len(m.results.Cells) > 0 {
		m.cellPlacements()
	} else if placement := environment.Placement; len(placement.Contender) > 0 {
		m.line("- CPUs: harness on %v, contenders on %v", placement.Harness, placement.Contender)
	} else {
		m.line("- CPUs: nobody is bound to one: %s", cmp.Or(placement.Reason, "there was nothing to choose"))
	}
	if calibration := environment.Calibration; calibration.PipeNanoseconds > 0 {
		m.line("- Floor: a clock reading %.0f ns in steps of %d ns, a pipe's round trip %.1f us, the canary %.1f us, memory %.1f GB/s",
			calibration.ClockNanoseconds, calibration.ClockStepNanoseconds, calibration.PipeNanoseconds/1e3, calibration.CanaryNanoseconds/1e3, calibration.Memory.FastestBytesPerSecond/1e9)
	}
	m.line("- cupel: %s", environment.Cupel)
	m.line("- Confinement: %s", environment.Confinement)
	for _, c := range m.results.Contenders {
		hello := c.Statement.Hello
		if hello.Name == "" {
			continue
		}
		m.heading(3, c.Name)
		m.line("- Engine: %s", hello.Name)
		m.line("- Version: %s", hello.Version)
		m.line("- Runtime: %s", hello.Runtime)
		m.line("- Device: %s", hello.Device)
		if transfer := transferOf(c.Launches); transfer > 0 {
			m.line("- Transfer: %.1f us of a call are copies to the device and back, by the contender's clock", transfer/1e3)
		}
		m.line("- Precision: %s", hello.Precision)
		if c.Statement.Build != "" {
			m.line("- Build: %s", c.Statement.Build)
		}
		if c.Statement.Format != "" {
			m.line("- Model: %s, %d parameters", c.Statement.Format, c.Statement.Parameters)
		}
	}
}

// transferOf is how much of a call is copies to the engine's device, in nanoseconds:
// the median of the launches that were asked; 0 where none has any.
func transferOf(launches []Launch) float64 {
	return positiveMedian(launches, func(l Launch) float64 { return l.Observation.TransferNanosecondsPerCall })
}

// fitting returns a printer of nanoseconds as microseconds with digits that fit
// the mean's 95% interval: three decimals, a clock's step, or two where the third
// would be finer than a hundredth of the interval's half-width.
func fitting(s stats.Summary) func(nanoseconds float64) string {
	decimals := 3
	if half := (s.CI95High - s.CI95Low) / 2; half > 100 {
		decimals = 2
	}
	return func(nanoseconds float64) string { return fmt.Sprintf("%.*f", decimals, nanoseconds/1e3) }
}

func (m *markdown) figures() {
	measured := m.results.Measured()
	m.heading(2, "Results")
	m.heading(3, "Latency")
	m.header("Contender", "p50 (us)", "p95 (us)", "p99 (us)", "Mean (us)", "Std Dev (us)", "Min (us)", "Max (us)", "Median p50 over launches, least to greatest")
	for _, c := range measured {
		s := c.Summary
		least, greatest := c.Spread()
		us := fitting(s)
		m.row(m.results.label(c.Name), us(s.P50), us(s.P95), us(s.P99), us(s.Mean), us(s.StdDev),
			us(s.Min), us(s.Max), fmt.Sprintf("%s to %s of %d", us(least), us(greatest), len(c.Launches)))
	}
	for _, pair := range m.results.Pairs {
		if pair.Claim {
			m.comparison(pair)
		}
	}
	m.heading(3, "Throughput")
	m.header("Framework", m.results.words().Throughput)
	for _, c := range measured {
		m.row(m.results.label(c.Name), fmt.Sprintf("%.0f", c.Throughput()))
	}
	for _, pair := range m.results.Pairs {
		if pair.Claim {
			m.row(fmt.Sprintf("**Ratio %s/%s**", m.results.label(pair.A.Name), m.results.label(pair.B.Name)), "**"+ratio(pair.ThroughputRatio)+"**")
		}
	}
	if notes := m.results.notes(measured); len(notes) > 0 {
		m.heading(3, "Notes on contenders")
		for _, note := range notes {
			m.line("- %s", note)
		}
	}
}

// comparison is the published report's table, for one claim.
func (m *markdown) comparison(pair Pair) {
	a, b := pair.A, pair.B
	m.heading(3, fmt.Sprintf("Latency Comparison: %s and %s", a.Name, b.Name))
	m.header("Metric", m.results.label(a.Name), m.results.label(b.Name), "Speedup")
	for _, metric := range []struct {
		name string
		of   func(stats.Summary) float64
	}{
		{"p50 (us)", func(s stats.Summary) float64 { return s.P50 }},
		{"p95 (us)", func(s stats.Summary) float64 { return s.P95 }},
		{"p99 (us)", func(s stats.Summary) float64 { return s.P99 }},
		{"Mean (us)", func(s stats.Summary) float64 { return s.Mean }},
	} {
		m.row(metric.name, fitting(a.Summary)(metric.of(a.Summary)), fitting(b.Summary)(metric.of(b.Summary)),
			ratio(metric.of(b.Summary)/metric.of(a.Summary)))
	}
	m.row("Std Dev (us)", fitting(a.Summary)(a.Summary.StdDev), fitting(b.Summary)(b.Summary.StdDev), "-")
}

func (m *markdown) statistics() {
	m.heading(2, "Statistical Analysis")
	m.paired()
	m.heading(3, "Of the classic protocol")
	m.line("Computed as the published checklist has it, on the calls of each contender's median launch. " +
		"Calls of one process are not independent, so these say more than they know.")
	m.heading(3, "Welch's t-test and Cohen's d")
	m.header("Pair", "t-statistic", "Degrees of freedom", "p-value", "Cohen's d", "Interpretation")
	for _, pair := range m.results.Pairs {
		m.row(m.results.label(pair.A.Name)+" and "+m.results.label(pair.B.Name), fmt.Sprintf("%.4f", pair.Welch.T), fmt.Sprintf("%.1f", pair.Welch.DF),
			pText(pair.Welch), fmt.Sprintf("%.4f", pair.CohenD), pair.Effect)
	}
	m.heading(3, "95% Confidence Intervals")
	m.header("Framework", "Mean (us)", "95% CI")
	for _, c := range m.results.Measured() {
		us := fitting(c.Summary)
		m.row(m.results.label(c.Name), us(c.Summary.Mean), fmt.Sprintf("[%s, %s]", us(c.Summary.CI95Low), us(c.Summary.CI95High)))
	}
}

// analysis tells what was measured beside latency, and what the scaling probe says
// of why one contender is faster: that and no more.
func (m *markdown) analysis() {
	m.heading(2, "Analysis")
	m.line("Medians over launches, of what the kernel accounted for each process:\n")
	m.header("Contender", "First answer (ms)", "First "+m.results.words().Call+" (us)", "Peak memory (MB)", "Installed (MB)", "CPU time of a launch (s)", "Numbers held")
	for _, c := range m.results.Measured() {
		m.row(c.Name,
			firstAnswer(c.Launches),
			m.firstCall(c.Name),
			fmt.Sprintf("%.1f", median(c.Launches, peakResident)/1e6),
			installed(c.Statement.InstalledBytes),
			fmt.Sprintf("%.3f", median(c.Launches, cpuTime)/1e9),
			fmt.Sprint(c.Statement.Parameters))
	}
	m.conduct()
	m.costs()
}

func (m *markdown) firstCall(name string) string {
	for _, c := range m.results.Estimates.Contenders {
		if c.Name == name {
			return fmt.Sprintf("%.1f", c.FirstCallNanoseconds/1e3)
		}
	}
	return "-"
}

func installed(bytes int64) string {
	if bytes == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(bytes)/1e6)
}

func peakResident(l Launch) float64 { return float64(l.Observation.PeakResidentBytes) }

// cpuTime is what a launch's process used, in nanoseconds.
func cpuTime(l Launch) float64 {
	return float64(l.Observation.UserCPUNanoseconds + l.Observation.SystemCPUNanoseconds)
}

// firstAnswerOf is the time from start to first answer in nanoseconds, the median of the
// launches that started alone; 0 where none did.
func firstAnswerOf(launches []Launch) float64 {
	return positiveMedian(launches, func(l Launch) float64 { return float64(l.Observation.FirstAnswerNanoseconds) })
}

func firstAnswer(launches []Launch) string {
	nanoseconds := firstAnswerOf(launches)
	if nanoseconds == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", nanoseconds/1e6)
}

// positiveMedian is the median over the launches whose value is above 0; 0 where none is.
func positiveMedian(launches []Launch, of func(Launch) float64) float64 {
	having := slices.DeleteFunc(slices.Clone(launches), func(l Launch) bool { return !(of(l) > 0) })
	if len(having) == 0 {
		return 0
	}
	return median(having, of)
}

func median(launches []Launch, of func(Launch) float64) float64 {
	var values []float64
	for _, launch := range launches {
		values = append(values, of(launch))
	}
	return stats.Median(values)
}

func (m *markdown) reproducibility() {
	m.heading(2, "Reproducibility")
	m.line("In a checkout of cupel, with Go:\n")
	m.line("```bash")
	m.line("go build -o cupel ./cmd/cupel")
	m.line("./cupel run %s", strings.Join(m.arguments(), " "))
	m.line("./cupel audit BUNDLE")
	m.line("```")
	m.line("\n`BUNDLE` is the directory that the run writes, such as the one that this page lies in.")
	if m.plan.SuiteFile != "" {
		m.line("\nwhere `%s` is the file that lies here as `suite.toml`; commands in it start from its folder.", m.plan.SuiteFile)
	}
	m.line("\nRaw samples are in `%s`, one Parquet file a launch; the plan is `plan.json`, and every attempt a row of `ledger.jsonl`.", "samples/")
}

// arguments are those of the command that makes this run again.
func (m *markdown) arguments() []string {
	arguments := []string{m.plan.Suite}
	if m.plan.SuiteFile != "" {
		arguments[0] = quoted(m.plan.SuiteFile)
	}
	if len(m.plan.Only) > 0 {
		arguments = append(arguments, "--only", strings.Join(m.plan.Only, ","))
	}
	if m.plan.BudgetGiven {
		arguments = append(arguments, "--budget", m.plan.Budget)
	}
	if m.plan.PrecisionGiven {
		arguments = append(arguments, "--precision", fmt.Sprint(m.plan.Precision))
	}
	return arguments
}

// quoted makes text one word of a shell's.
func quoted(text string) string {
	if regexp.MustCompile(`^[A-Za-z0-9._/@%+=:,-]+$`).MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func (m *markdown) references() {
	m.heading(2, "References")
	m.line("1. Box, G. E. P., Hunter, J. S., & Hunter, W. G. (2005). *Statistics for Experimenters*. Wiley.")
	m.line("2. Georges, A., Buytaert, D., & Eeckhout, L. (2007). Statistically Rigorous Java Performance Evaluation. OOPSLA '07.")
	m.line("3. Welch, B. L. (1947). The generalization of Student's problem when several different population variances are involved. *Biometrika* 34.")
	m.line("4. Cohen, J. (1988). *Statistical Power Analysis for the Behavioral Sciences*. 2nd edition. Erlbaum.")
	m.line("\n---\n*Measured: %s*", m.results.Bundle.Environment.Time.UTC().Format(time.DateTime+" UTC"))
}

func (m *markdown) batchWords() string {
	if !m.results.words().Batches {
		return ""
	}
	return fmt.Sprintf("Batch %d, ", m.plan.Batch)
}
