package audit

// This file tests that honest reports are never accused, whatever their samples
// and however they round.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"cupel/internal/published"
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
		var publication published.Publication
		if err := published.Parse(&publication, "report.md", []byte(text)); err != nil {
			t.Fatalf("report %d: %v\n%s", i, err, text)
		}
		report, err := Published(&publication, "")
		if err != nil {
			t.Fatalf("report %d: %v\n%s", i, err, text)
		}
		for _, finding := range report.Findings {
			// Digits may not fit and intervals may overlap honestly.
			if finding.Severity == Error && finding.Rule != "point-29" && finding.Rule != "point-28" {
				t.Errorf("report %d: %s: %s\n%v", i, finding.Rule, finding.Message, finding.Arithmetic)
			}
		}
		if t.Failed() {
			t.Fatalf("%s", text)
		}
	}
}
