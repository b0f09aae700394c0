package judge

// This file tests that honest reports are never accused, whatever their samples
// and however they round.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/audit/published"
	"cupel/internal/audit/published/publication"
	"cupel/internal/stats"
)

// drawSample draws a sample of nanoseconds from one of the shapes that latencies
// have: a normal one, a skewed one, two modes, heavy tails, hardly any spread.
func drawSample(random *rand.Rand, n int) []int64 {
	center := math.Exp(4 + 8*random.Float64())
	shape := random.IntN(5)
	sample := make([]int64, n)
	for i := range sample {
		x := center
		switch shape {
		case 0:
			x *= 1 + 0.05*random.NormFloat64()
		case 1:
			x *= math.Exp(0.5 * random.NormFloat64())
		case 2:
			x *= 1 + float64(random.IntN(2))*3
		case 3:
			x /= math.Pow(1-random.Float64(), 0.7)
		}
		sample[i] = max(1, int64(x))
	}
	return sample
}

// honestReport prints what follows from two samples, each figure computed from
// unrounded values and rounded once.
func honestReport(random *rand.Rand) string {
	n := 2 + random.IntN(400)
	m := n
	if random.IntN(2) == 0 {
		m = 2 + random.IntN(400)
	}
	a, b := stats.DescribeNanoseconds(drawSample(random, n)), stats.DescribeNanoseconds(drawSample(random, m))
	decimals := random.IntN(5)
	us := func(nanoseconds float64) string { return strconv.FormatFloat(nanoseconds/1e3, 'f', decimals, 64) }
	times := func(x float64) string { return strconv.FormatFloat(x, 'f', 1+random.IntN(3), 64) + "x" }
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	line("# Report\n\n| Parameter | Value |\n|---|---|\n| Threads | 1 |\n| Seed of weights and order | 1 |\n| Launches | 10 |\n\n## Results\n")
	line("| Engine | Iterations | p50 (us) | p95 (us) | p99 (us) | Mean (us) | Std Dev (us) | Min (us) | Max (us) | 95%% CI | Throughput |")
	line("|---|---|---|---|---|---|---|---|---|---|---|")
	for name, s := range map[string]stats.Summary{"alpha": a, "beta": b} {
		line("| %s | %d | %s | %s | %s | %s | %s | %s | %s | [%s, %s] | %.0f |", name, s.N, us(s.P50), us(s.P95), us(s.P99),
			us(s.Mean), us(s.StdDev), us(s.Min), us(s.Max), us(s.CI95Low), us(s.CI95High), 1e9/s.Mean)
	}
	line("\n| Metric | alpha | beta | Speedup |\n|---|---|---|---|")
	line("| p50 (us) | %s | %s | %s |", us(a.P50), us(b.P50), times(b.P50/a.P50))
	line("| p99 (us) | %s | %s | %s |", us(a.P99), us(b.P99), times(b.P99/a.P99))
	line("| Mean (us) | %s | %s | %s |", us(a.Mean), us(b.Mean), times(b.Mean/a.Mean))
	welch, d := stats.Welch(a, b), stats.CohenD(a, b)
	if !math.IsNaN(welch.T) {
		line("\n| Pair | t-statistic | Degrees of freedom | p-value | Cohen's d | Interpretation |\n|---|---|---|---|---|---|")
		line("| alpha and beta | %.*f | %.1f | %s | %.*f | %s |", decimals, welch.T, welch.DF, stats.FormatP(welch.LogP), decimals, d, stats.EffectName(d))
	}
	line("\n## Limits\n\nBuild: release. Raw samples are in samples.parquet.")
	return text.String()
}

func TestHonestReportsAreNeverAccused(t *testing.T) {
	random := rand.New(rand.NewPCG(20, 26))
	for i := range 1000 {
		text := honestReport(random)
		var read publication.Publication
		if err := publication.Parse(&read, "report.md", []byte(text)); err != nil {
			t.Fatalf("report %d: %v\n%s", i, err, text)
		}
		report, err := Publication(&read, "")
		if err != nil {
			t.Fatalf("report %d: %v\n%s", i, err, text)
		}
		for _, finding := range report.Findings {
			// Digits may not fit and intervals may overlap honestly.
			if finding.Severity == audit.Error && finding.Rule != "point-29" && finding.Rule != "point-28" {
				t.Errorf("report %d: %s: %s\n%v", i, finding.Rule, finding.Message, finding.Arithmetic)
			}
		}
		if t.Failed() {
			t.Fatalf("%s", text)
		}
	}
}

// Honest layouts that a careless auditor accuses, each found by trying.
func TestHonestLayoutsAreNotAccused(t *testing.T) {
	const table = `| Metric | go | pytorch | Speedup |
|---|---|---|---|
| p50 (us) | 1.20 | 5.03 | 4.2x |
| Mean (us) | 1.21 | 5.11 | 4.2x |

`
	for name, text := range map[string]string{
		"two workloads, a section each":  "## Batch 1\n\n" + table + "## Batch 32\n\n" + strings.NewReplacer("1.20", "9.20", "1.21", "9.31", "5.03", "8.03", "5.11", "8.11", "4.2x", "0.87x").Replace(table),
		"two workloads, a row each":      "| Engine | Batch | Mean (us) | p50 (us) |\n|---|---|---|---|\n| go | 1 | 1.21 | 1.20 |\n| pytorch | 1 | 5.11 | 5.03 |\n| go | 32 | 9.31 | 9.20 |\n| pytorch | 32 | 8.11 | 8.03 |\n",
		"a sentence about another thing": table + "At start-up, Go is 250x faster than PyTorch.\n",
		"a column of differences":        strings.ReplaceAll(strings.ReplaceAll(table, "Speedup", "Δ"), "4.2x", "-3.83"),
		"a column of percentages":        strings.ReplaceAll(strings.ReplaceAll(table, "Speedup", "Overhead (%)"), "4.2x", "320"),
		"no difference claimed":          "| Engine | Mean (us) | 95% CI |\n|---|---|---|\n| go | 5.10 | [5.00, 5.20] |\n| pytorch | 5.11 | [5.01, 5.21] |\n",
		"throughput of a batch":          "- Batch size: 32\n\n| Engine | Mean (us) | Throughput |\n|---|---|---|\n| go | 32.00 | 1,000,000 |\n| pytorch | 64.00 | 500,000 |\n",
		"another test's p":               table + "## Mann-Whitney U test\n\n- p-value: 0.013\n",
	} {
		var read publication.Publication
		if err := publication.Parse(&read, "report.md", []byte(text)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		report, err := Publication(&read, "")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, finding := range report.Findings {
			switch finding.Rule {
			case published.RuleEvidenceMissing, "point-99", "point-100": // These short pages lack them.
				continue
			}
			if finding.Severity == audit.Error {
				t.Errorf("%s: %s: %s", name, finding.Rule, finding.Message)
			}
		}
	}
}

// The same arithmetic must not be switched off by a zero or an open end.
func TestZerosAndOpenEndsHideNothing(t *testing.T) {
	for name, test := range map[string]struct{ text, rule string }{
		"mean of 0.00":       {"| Engine | Mean (us) | Throughput |\n|---|---|---|\n| go | 0.00 | 1000 |\n| c | 5.00 | 200000 |\n", published.RuleThroughputMean},
		"ratio over 0.00":    {"| Metric | go | c | Speedup |\n|---|---|---|---|\n| p50 (us) | 0.00 | 5.03 | 2.0x |\n", audit.RuleRatio},
		"no maximum":         {"| Parameter | Value |\n|---|---|\n| Benchmark iterations | 10000 |\n\n| Metric | go | c |\n|---|---|---|\n| p50 (us) | 5.03 | 5.03 |\n| p95 (us) | 5.21 | 5.21 |\n| Mean (us) | 1.11 | 5.11 |\n", published.RuleMoments},
		"p below 0":          {"| Metric | go | c | Speedup |\n|---|---|---|---|\n| p50 (us) | 1.00 | 5.00 | 5.0x |\n\n- p-value: < 0.000\n", published.RulePZero},
		"p of 0.45, claimed": {"**go is 5.0x faster than c**\n\n| Metric | go | c | Speedup |\n|---|---|---|---|\n| p50 (us) | 1.00 | 5.00 | 5.0x |\n\n- p-value: 0.45\n", "point-25"},
	} {
		found := false
		for _, finding := range auditText(t, "report.md", test.text).Findings {
			found = found || finding.Rule == test.rule
		}
		if !found {
			t.Errorf("%s: no finding %s", name, test.rule)
		}
	}
}
