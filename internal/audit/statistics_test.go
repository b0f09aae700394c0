package audit_test

// This file holds the tampered bundles for the points of the category statistics.

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/evidence"
	"cupel/internal/suite"
)

var statisticsCases = []tampering{
	{point: 16, name: "seven launches less", change: func(_ *testing.T, s *scene) { s.dropReplicates(4) }},
	{point: 17, name: "more calls stated than recorded", contender: "go", change: func(_ *testing.T, s *scene) {
		s.publish("go", func(figures map[string]any) { figures["iterations"] = 10_000 })
	}},
	{point: 18, name: "cut at the best replicate", change: func(_ *testing.T, s *scene) { s.dropReplicates(9) }},
	{point: 18, name: "rounds left out", change: func(_ *testing.T, s *scene) {
		launch := s.launchesOf("pytorch")[2]
		s.replace(launch, slices.DeleteFunc(slices.Clone(s.samples[launch]), func(sample evidenceSample) bool { return sample.Round > 150 }))
	}},
	{point: 19, name: "mean lowered by 1%", contender: "go", change: func(_ *testing.T, s *scene) { s.scaleFigure("go", "mean_us", 0.99) }},
	{point: 20, name: "divisor n", contender: "go", change: func(_ *testing.T, s *scene) { s.scaleFigure("go", "std_us", 0.99949987) }},
	{point: 21, name: "1.645 in the place of 1.96", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.publish("pytorch", func(figures map[string]any) {
			mean := figures["mean_us"].(float64)
			figures["ci_95_lower"] = mean - (mean-figures["ci_95_lower"].(float64))*1.645/1.96
			figures["ci_95_upper"] = mean + (figures["ci_95_upper"].(float64)-mean)*1.645/1.96
		})
	}},
	{point: 21, name: "1.959964 in the place of 1.96", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.publish("pytorch", func(figures map[string]any) {
			mean := figures["mean_us"].(float64)
			figures["ci_95_upper"] = mean + (figures["ci_95_upper"].(float64)-mean)*1.959964/1.96
		})
	}},
	{point: 22, name: "p99 after trimming", contender: "go", change: func(_ *testing.T, s *scene) { s.scaleFigure("go", "p99_us", 0.98) }},
	{point: 23, name: "throughput from the median", contender: "go", change: func(_ *testing.T, s *scene) {
		s.publish("go", func(figures map[string]any) { figures["throughput_per_sec"] = 1e6 / figures["p50_us"].(float64) })
	}},
	{point: 24, name: "Student's degrees of freedom", change: func(_ *testing.T, s *scene) {
		s.publishPair(func(pair map[string]any) { pair["degrees_of_freedom"] = 2*iterations - 2 })
	}},
	{point: 24, name: "t doubled", change: func(_ *testing.T, s *scene) {
		s.publishPair(func(pair map[string]any) { pair["t_statistic"] = 2 * pair["t_statistic"].(float64) })
	}},
	{point: 25, name: "p published as 0", change: func(_ *testing.T, s *scene) { s.publishPair(func(pair map[string]any) { pair["p_value"] = 0 }) }},
	{point: 25, name: "a slower contender called faster", change: func(t *testing.T, s *scene) {
		s.plan.Claims[0] = suite.ClaimPlan{Faster: "pytorch", Than: "go"}
		s.planDigest(t)
		s.rewriteJSON("comparison_summary.json", func(file map[string]any) {
			file["side_by_side"].([]any)[0].(map[string]any)["verdict"] = "faster"
		})
	}},
	{point: 26, name: "divided by one deviation", change: func(_ *testing.T, s *scene) {
		s.publishPair(func(pair map[string]any) { pair["cohens_d"] = 1.4 * pair["cohens_d"].(float64) })
	}},
	{point: 27, name: "a large effect called medium", change: func(_ *testing.T, s *scene) {
		s.publishPair(func(pair map[string]any) { pair["effect_size"] = "medium" })
	}},
	{point: 28, name: "classic times that overlap", change: func(_ *testing.T, s *scene) {
		call := 0
		s.each("go", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseCall {
				if call++; call%20 == 0 {
					sample.InnerNanoseconds += 1_000_000
				}
			}
		})
	}},
	{point: 29, name: "a ratio with more digits than it has", change: func(_ *testing.T, s *scene) {
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string {
			return regexp.MustCompile(`(\| go and pytorch \| [\d.]+)x`).ReplaceAllString(text, "${1}1834x")
		})
	}},
	{point: 29, name: "a latency rounded down", change: func(_ *testing.T, s *scene) {
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string {
			return regexp.MustCompile(`\| pytorch \| [\d.]+ \|`).ReplaceAllString(text, "| pytorch | 11.0 |")
		})
	}},
	{point: 30, name: "three slow launches deleted", change: func(_ *testing.T, s *scene) {
		slow := s.launchesOf("go")[3:6]
		s.ledger = slices.DeleteFunc(s.ledger, func(row evidence.LedgerRow) bool { return slices.Contains(slow, row.Launch) })
	}},
	{point: 30, name: "three slow launches marked as failed", change: func(_ *testing.T, s *scene) {
		slow := s.launchesOf("go")[3:6]
		s.rows(evidence.EventEnded, "go", func(row *evidence.LedgerRow) {
			if slices.Contains(slow, row.Launch) {
				row.Outcome, row.Reason = evidence.Failed, "exit status 1"
			}
		})
	}},
	{point: 30, name: "three slow launches said to have been interrupted", change: func(_ *testing.T, s *scene) {
		slow := s.launchesOf("go")[3:6]
		s.rows(evidence.EventEnded, "go", func(row *evidence.LedgerRow) {
			if slices.Contains(slow, row.Launch) {
				row.Outcome, row.Reason = evidence.Interrupted, "the run was interrupted"
			}
		})
	}},
	{point: 30, name: "another order than the nonce's", change: func(t *testing.T, s *scene) {
		s.plan.NonceSHA256 = sha256Of([]byte("another"))
		s.planDigest(t)
		s.rows(evidence.EventNonce, "", func(row *evidence.LedgerRow) { row.Nonce = "another" })
	}},
	{point: 30, name: "figures of the fastest launch", change: func(_ *testing.T, s *scene) {
		s.rewriteJSON("go_mnist_results.json", func(file map[string]any) {
			config := file["config"].(map[string]any)
			other := s.launchesOf("go")[0]
			if int(config["launch"].(float64)) == other {
				other = s.launchesOf("go")[1]
			}
			config["launch"] = other
		})
	}},
	{point: 30, name: "earlier runs that are not named", change: func(_ *testing.T, s *scene) {
		s.ranBefore()
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string {
			return regexp.MustCompile(`.*earlier run of this plan.*\n`).ReplaceAllString(text, "")
		})
	}},
}

// ranBefore adds an earlier run of the plan to the machine's log.
func (s *scene) ranBefore() {
	earlier := s.runs[0]
	earlier.Run, earlier.Time = "another", earlier.Time.AddDate(0, 0, -1)
	s.runs = append([]evidence.RunLogRow{earlier}, s.runs...)
}

func TestEarlierRunsThatAreNamedPass(t *testing.T) {
	s := honest(t)
	s.ranBefore()
	if point := s.audit(t, audit.Options{}).Points[30-1]; point.Status != audit.Pass {
		t.Errorf("point 30 is a %s: %s", point.Status, point.Detail)
	}
}

// dropReplicates cuts the run before a replicate.
func (s *scene) dropReplicates(from int) {
	s.ledger = slices.DeleteFunc(s.ledger, func(row evidence.LedgerRow) bool { return row.Replicate >= from })
	s.rows(evidence.EventStopped, "", func(row *evidence.LedgerRow) { row.Reason = strings.Replace(row.Reason, "10", "3", 1) })
}

// scaleFigure changes one figure of a result file.
func (s *scene) scaleFigure(contender, figure string, factor float64) {
	s.publish(contender, func(figures map[string]any) { figures[figure] = figures[figure].(float64) * factor })
}
