package report

// This file writes the result files in the published benchmark's shape.

import (
	"math"
	"strings"
	"time"

	"cupel/internal/evidence"
)

// The names of the derived files, within the bundle's results folder.
const (
	SummaryFile  = "comparison_summary.json"
	MarkdownFile = "BENCHMARK_RESULTS.md"
	AuditFile    = "audit.json"
	resultSuffix = "_mnist_results.json"
)

// ResultFile is the name of a contender's result file.
func ResultFile(contender string) string { return contender + resultSuffix }

// Result is a contender's result file. Figures are not rounded.
type Result struct {
	Config map[string]any `json:"config"`
	// Results has one entry a cell; it is a list because the published files have one.
	Results []ResultFigures `json:"results"`
}

// ResultFigures are the figures of the median launch's calls.
type ResultFigures struct {
	Name                string  `json:"name"`
	Iterations          int     `json:"iterations"`
	MeanMicroseconds    float64 `json:"mean_us"`
	StdDevMicroseconds  float64 `json:"std_us"`
	CI95LowMicroseconds float64 `json:"ci_95_lower"`
	CI95TopMicroseconds float64 `json:"ci_95_upper"`
	P50Microseconds     float64 `json:"p50_us"`
	P95Microseconds     float64 `json:"p95_us"`
	P99Microseconds     float64 `json:"p99_us"`
	MinMicroseconds     float64 `json:"min_us"`
	MaxMicroseconds     float64 `json:"max_us"`
	ThroughputPerSecond float64 `json:"throughput_per_sec"`
	*ResultCell
}

// ResultCell is of which cell the figures are, where the plan has several.
type ResultCell struct {
	Cell       string `json:"cell"`
	Batch      int    `json:"batch"`
	Threads    int    `json:"threads"`
	Launch     int    `json:"launch"`
	Launches   int    `json:"launches"`
	RawSamples string `json:"raw_samples"`
}

// Result returns the contents of a measured contender's result file.
func (r *Results) Result(c *Contender) Result {
	if len(r.Cells) > 0 {
		return r.resultOfCells(c)
	}
	return Result{Config: r.config(c), Results: []ResultFigures{r.figuresOf(c)}}
}

func (r *Results) figuresOf(c *Contender) ResultFigures {
	s := c.Summary
	return ResultFigures{
		Name: c.Name, Iterations: s.N,
		MeanMicroseconds: s.Mean / 1e3, StdDevMicroseconds: s.StdDev / 1e3,
		CI95LowMicroseconds: s.CI95Low / 1e3, CI95TopMicroseconds: s.CI95High / 1e3,
		P50Microseconds: s.P50 / 1e3, P95Microseconds: s.P95 / 1e3, P99Microseconds: s.P99 / 1e3,
		MinMicroseconds: s.Min / 1e3, MaxMicroseconds: s.Max / 1e3,
		// From the microseconds as they stand here, so that the two agree to the bit.
		ThroughputPerSecond: 1e6 / (s.Mean / 1e3),
	}
}

func (r *Results) config(c *Contender) map[string]any {
	plan, environment := r.Bundle.Plan, r.Bundle.Environment
	config := map[string]any{
		"seed": plan.Seed, "input_dim": plan.Model.Inputs(), "num_classes": plan.Model.Outputs(),
		"warmup_iterations": plan.Classic.Warmup, "benchmark_iterations": plan.Classic.Iterations,
		"training_samples": r.trainingSamples(),
		"batch":            plan.Batch, "threads": plan.Threads, "parameters": c.Statement.Parameters,
		"platform": environment.Platform, "cpu": environment.CPU,
		"timestamp":    environment.Time.Format(time.RFC3339),
		"launch":       c.Launch,
		"launches":     len(c.Launches),
		"model_format": c.Statement.Format,
		"build":        c.Statement.Build,
		"seed_use":     r.words().SeedUse,
		"raw_samples":  evidence.SamplesFile(c.Launch, c.Name),
	}
	for key, version := range versions(c) {
		config[key] = version
	}
	if r.trains() {
		r.trainingConfig(config)
	}
	return config
}

func (r *Results) trainingSamples() int {
	for _, row := range r.Bundle.Ledger {
		if row.TrainingRows > 0 {
			return row.TrainingRows
		}
	}
	return 0
}

// versions names the engine's version and the runtime's as the published result
// files do, such as pytorch_version and python_version. They are the contender's
// own words.
func versions(c *Contender) map[string]string {
	hello := c.Statement.Hello
	if hello.Name == "" {
		return nil
	}
	named := map[string]string{
		key(hello.Name): hello.Version, "runtime": hello.Runtime, "device": hello.Device, "precision": hello.Precision,
	}
	language, version := runtimeVersion(hello.Runtime)
	if language != "" {
		named[key(language)] = version
	}
	return named
}

func key(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "-", "_") + "_version"
}

// runtimeVersion splits a runtime such as "CPython 3.11.7", "rustc 1.95.0 (...)"
// or "go1.26.8" into its language and the version.
func runtimeVersion(runtime string) (language, version string) {
	if version, ok := strings.CutPrefix(runtime, "go"); ok && version != "" && version[0] >= '0' && version[0] <= '9' {
		return "go", version
	}
	fields := strings.Fields(runtime)
	if len(fields) < 2 {
		return "", ""
	}
	switch name := strings.ToLower(fields[0]); name {
	case "cpython", "pypy":
		return "python", fields[1]
	case "rustc":
		return "rust", fields[1]
	default:
		return name, fields[1]
	}
}

// ComparisonSummary is comparison_summary.json: the figures of the first pair as
// the published file has them, and then every pair's.
type ComparisonSummary struct {
	// Bundle is the directory that it is in, where it is printed; the file has none.
	Bundle    string `json:"bundle,omitempty"`
	Timestamp string `json:"timestamp"`
	Suite     string `json:"suite"`
	*PairSummary
	Pairs []PairSummary `json:"pairs"`
	// Cells are the plan's where it has several; what is of one of them names it.
	Cells []CellSummary `json:"cells,omitempty"`
	// SideBySide are the ratios of the paired protocol, with their verdicts, and
	// Controls what the run knew beforehand.
	SideBySide []ClaimSummary   `json:"side_by_side"`
	Controls   []ControlSummary `json:"controls"`
	// What a reviewer needs to know of where the figures come from.
	Seed       uint64 `json:"seed"`
	SeedUse    string `json:"seed_use"`
	Iterations int    `json:"benchmark_iterations"`
	Launches   int    `json:"launches"`
	Threads    int    `json:"threads"`
	RawSamples string `json:"raw_samples"`
	// Builds says how each engine was built.
	Builds map[string]string `json:"build"`
	// Limits are the ids of what the comparison leaves out.
	Limits []string `json:"limits"`
	// Absent says of each contender without figures what came of it.
	Absent map[string]string `json:"absent,omitempty"`
}

// significance is the published benchmark's level.
const significance = 0.05

// PairSummary is one pair of comparison_summary.json. Ratios are of the winner
// to the loser by p50, so that speedup_p50 is at least 1.
type PairSummary struct {
	Cell            string                   `json:"cell,omitempty"`
	Winner          string                   `json:"winner"`
	Loser           string                   `json:"loser"`
	SpeedupP50      float64                  `json:"speedup_p50"`
	SpeedupMean     float64                  `json:"speedup_mean"`
	ThroughputRatio float64                  `json:"throughput_ratio"`
	TStatistic      *float64                 `json:"t_statistic"`
	Degrees         *float64                 `json:"degrees_of_freedom"`
	PValue          *float64                 `json:"p_value"`
	PIsBound        bool                     `json:"p_value_is_upper_bound"`
	Log10P          *float64                 `json:"log10_p_value"`
	Significant     bool                     `json:"significant"`
	CohenD          *float64                 `json:"cohens_d"`
	Effect          string                   `json:"effect_size"`
	Engines         map[string]EngineSummary `json:"engines"`
}

// EngineSummary is one engine of a pair.
type EngineSummary struct {
	P50Microseconds     float64 `json:"p50_us"`
	P95Microseconds     float64 `json:"p95_us"`
	P99Microseconds     float64 `json:"p99_us"`
	MaxMicroseconds     float64 `json:"max_us"`
	MeanMicroseconds    float64 `json:"mean_us"`
	ThroughputPerSecond float64 `json:"throughput_per_sec"`
	Parameters          int64   `json:"parameters"`
}

// Summary returns the contents of comparison_summary.json.
func (r *Results) Summary() ComparisonSummary {
	if len(r.Cells) > 0 {
		return r.summaryOfCells()
	}
	summary := ComparisonSummary{
		Timestamp: r.Bundle.Environment.Time.Format(time.RFC3339), Suite: r.Bundle.Plan.Suite,
		SideBySide: r.claimSummaries(), Controls: r.controlSummaries(),
		Pairs: []PairSummary{}, Absent: map[string]string{}, Builds: map[string]string{},
		Seed: r.Bundle.Plan.Seed, SeedUse: r.words().SeedUse, Iterations: r.Bundle.Plan.Classic.Iterations,
		Launches: r.Bundle.Plan.Launches, Threads: r.Bundle.Plan.Threads, RawSamples: evidence.SamplesDir, Limits: r.limits(),
	}
	for _, c := range r.Measured() {
		summary.Builds[c.Name] = c.Statement.Build
	}
	for _, pair := range r.Pairs {
		summary.Pairs = append(summary.Pairs, r.pairSummary(pair))
	}
	if len(summary.Pairs) > 0 {
		summary.PairSummary = &summary.Pairs[0]
	}
	for _, c := range r.Others() {
		summary.Absent[c.Name] = statusText(c)
	}
	return summary
}

func (r *Results) pairSummary(p Pair) PairSummary {
	winner, loser := p.A, p.B
	if p.Winner() != winner {
		p = compare(loser, winner, p.Claim)
		winner, loser = p.A, p.B
	}
	return PairSummary{
		Cell: r.Cell.Name, Winner: r.label(winner.Name), Loser: r.label(loser.Name),
		SpeedupP50: p.SpeedupP50, SpeedupMean: p.SpeedupMean, ThroughputRatio: p.ThroughputRatio,
		TStatistic: defined(p.Welch.T), Degrees: defined(p.Welch.DF),
		PValue: defined(p.Welch.P), PIsBound: p.Welch.Underflow, Log10P: defined(p.Welch.LogP / math.Ln10),
		Significant: p.Welch.P < significance, CohenD: defined(p.CohenD), Effect: p.Effect,
		Engines: map[string]EngineSummary{r.label(winner.Name): engineSummary(winner), r.label(loser.Name): engineSummary(loser)},
	}
}

// defined is nil, and so null in JSON, for a statistic that two samples without
// any spread do not have.
func defined(value float64) *float64 {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return nil
	}
	return &value
}

func engineSummary(c *Contender) EngineSummary {
	return EngineSummary{
		P50Microseconds: c.Summary.P50 / 1e3, P95Microseconds: c.Summary.P95 / 1e3, P99Microseconds: c.Summary.P99 / 1e3,
		MaxMicroseconds: c.Summary.Max / 1e3, MeanMicroseconds: c.Summary.Mean / 1e3,
		ThroughputPerSecond: 1e6 / (c.Summary.Mean / 1e3), Parameters: c.Statement.Parameters,
	}
}

// statusText says in one line, to go on after its name, what came of a contender
// without figures.
func statusText(c *Contender) string {
	text := string(c.Status)
	switch c.Status {
	case Failed:
	case NotReached:
		text = "was not measured before the run ended"
	default:
		text = "is " + text
	}
	if c.Reason != "" {
		text += ": " + strings.Join(strings.Fields(c.Reason), " ")
	}
	if c.Remedy != "" {
		text += "; " + c.Remedy
	}
	return text
}
