package judge_test

// This file holds the tampered bundles for the points of the category statistics.

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/audit/judge"
	"cupel/internal/draw"
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
	{point: 24, name: "t of the pair that the summary begins with", change: func(_ *testing.T, s *scene) {
		s.rewriteJSON("comparison_summary.json", func(file map[string]any) { file["t_statistic"] = 2 * file["t_statistic"].(float64) })
	}},
	{point: 29, name: "the ratio that the report begins with", change: editedReport(`(- \*\*go is faster than pytorch, side by side: )[\d.]+x`, "${1}97.0x")},
	{point: 29, name: "the interval that the report begins with", change: editedReport(`(side by side: [\d.]+x\*\*, 95% interval )[\d.]+x`, "${1}1.0x")},
	{point: 29, name: "slower called faster in the report's first line", change: editedReport(`go is faster than pytorch, side by side`, "go is slower than pytorch, side by side")},
	{point: 29, name: "a ratio of contenders that the run does not have", change: editedReport(`(- \*\*go is faster than )pytorch, side`, "${1}onnxruntime, side")},
	{point: 29, name: "a throughput", change: editedReport(`(\| go \| )(\d{7} \|\n)`, "${1}9$2")},
	{point: 29, name: "a ratio of throughputs", change: editedReport(`(Ratio go/pytorch\*\* \| \*\*)[\d.]+x`, "${1}97.0x")},
	{point: 29, name: "a speedup", change: editedReport(`(\| p99 \(us\) \| [\d.]+ \| [\d.]+ \| )[\d.]+x`, "${1}97.0x")},
	{point: 29, name: "an interval of the mean", change: editedReport(`(\| pytorch \| [\d.]+ \| \[)[\d.]+, `, "${1}10.00, ")},
	{point: 29, name: "t", change: editedReport(`(\| go and pytorch \| -)\d`, "${1}9")},
	{point: 29, name: "a p-value", change: editedReport(`(\| go and pytorch \| -[\d.]+ \| [\d.]+ \| [\d.]+e-)\d`, "${1}99")},
	{point: 29, name: "the name of an effect", change: editedReport(`(\| go and pytorch \| -[^\n]*\| )large`, "${1}negligible")},
	{point: 29, name: "an interval side by side", change: editedReport(`(\| go and pytorch \| [\d.]+x \| )[\d.]+x`, "${1}1.0x")},
	{point: 29, name: "a control that is nearer to what is due", change: editedReport(`(\| positive \| 1.0500 \| )[\d.]+`, "${1}1.2000")},
	{point: 29, name: "a cost of a multiply-add", change: editedReport(`(\| go \| -?\d+ \| -?\d+ to -?\d+ \| )[\d.]+`, "${1}0.0100")},
	{point: 29, name: "a peak of memory", change: editedReport(`(\| go \| [\d.]+ \| [\d.]+ \| )[\d.]+( \| [\d.]+ \| [\d.]+ \| 1570 \|)`, "${1}1.0$2")},
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
	{point: 30, name: "bursts in another order than the nonce's", change: func(_ *testing.T, s *scene) {
		a, b := s.burstOf("go", 3, 5), s.burstOf("pytorch", 3, 5)
		*a.StartNanoseconds, *b.StartNanoseconds = *b.StartNanoseconds, *a.StartNanoseconds
	}},
	{point: 30, name: "bursts of a round left out", change: func(_ *testing.T, s *scene) {
		launch := s.launchesOf("aprender")[2]
		s.replace(launch, slices.DeleteFunc(slices.Clone(s.samples[launch]), func(sample evidenceSample) bool { return sample.Phase == evidence.PhaseEmpty }))
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

// editedReport changes the first place of the report that a pattern finds.
func editedReport(pattern, replacement string) func(*testing.T, *scene) {
	return func(_ *testing.T, s *scene) {
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string {
			found := regexp.MustCompile(pattern)
			at := found.FindStringSubmatchIndex(text)
			if at == nil {
				return text
			}
			return text[:at[0]] + string(found.ExpandString(nil, replacement, text, at)) + text[at[1]:]
		})
	}
}

// burstOf is the first burst of a contender in a round of a replicate, to be changed.
func (s *scene) burstOf(contender string, replicate, round int32) *evidence.Sample {
	samples := s.edit(s.launchesOf(contender)[replicate-1])
	return &samples[slices.IndexFunc(samples, func(sample evidenceSample) bool { return sample.Round == round })]
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

// othersEvery is in how many short rounds of the scene a contender has one that no claim
// is about.
const othersEvery = 3

// unclaimed leaves the scene with its first claim: of the other contenders one takes part
// in long rounds and in a share of the rest.
func (s *scene) unclaimed(t *testing.T, keep func(round int32) bool) {
	t.Helper()
	s.plan.Claims = s.plan.Claims[:1]
	s.suiteText = bytes.Replace(s.suiteText, []byte("[[claim]]\nfaster = \"aprender\"\nthan = \"pytorch\"\n"), nil, 1)
	again, err := suite.Parse("suite.toml", ".", s.suiteText)
	must(t, err)
	plan, err := again.Plan(suite.Options{Nonce: nonce})
	must(t, err)
	plan.SuiteFile = evidence.SuiteFile
	s.plan = plan
	s.planDigest(t)
	_, run, err := s.plan.Encode()
	must(t, err)
	s.runs[0].Run = run
	for _, launch := range s.launchesOf("aprender") {
		s.replace(launch, slices.DeleteFunc(s.edit(launch), func(sample evidenceSample) bool {
			return sample.Phase == evidence.PhaseShort && !keep(sample.Round)
		}))
	}
	s.reorder()
}

// reorder has the bursts of every round sent in the order that the nonce gives those who
// take part now, at the times at which bursts were sent.
func (s *scene) reorder() {
	byReplicate := map[int32][]int{}
	for _, row := range s.ledger {
		if row.Event == evidence.EventStarted {
			byReplicate[int32(row.Replicate)] = append(byReplicate[int32(row.Replicate)], row.Launch)
		}
	}
	for replicate, launches := range byReplicate {
		rounds := map[int32][]*evidence.Sample{}
		for _, launch := range launches {
			samples := s.edit(launch)
			for i := range samples {
				if sample := &samples[i]; sample.Round > 0 && sample.StartNanoseconds != nil {
					rounds[sample.Round] = append(rounds[sample.Round], sample)
				}
			}
		}
		for round, turns := range rounds {
			var starts []int64
			for _, turn := range turns {
				starts = append(starts, *turn.StartNanoseconds)
			}
			slices.Sort(starts)
			// Of a launch they stand in the order in which they were made, and not in that of
			// their phases.
			slices.SortStableFunc(turns, func(a, b *evidence.Sample) int {
				return cmp.Or(cmp.Compare(a.Launch, b.Launch), cmp.Compare(phaseOrder[a.Phase], phaseOrder[b.Phase]))
			})
			draw.Turns(nonce, int(replicate), int(round)).Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
			for i, turn := range turns {
				*turn.StartNanoseconds = starts[i]
			}
		}
	}
}

// A claim about a contender that is excluded needs no more replicates; one about two
// that could go on does.
func TestAClaimAboutAnExcludedContenderEndsTheRun(t *testing.T) {
	for excluded, due := range map[string]audit.Status{"": audit.Fail, "aprender": audit.Fail, "pytorch": audit.Pass} {
		s := honest(t)
		s.plan.Precision = 1e-6
		s.planDigest(t)
		if excluded != "" {
			at := slices.IndexFunc(s.ledger, func(row evidence.LedgerRow) bool { return row.Event == evidence.EventStopped })
			s.ledger = slices.Insert(s.ledger, at, evidence.LedgerRow{Event: evidence.EventExcluded, Contender: excluded, Reason: "it failed in 2 launches"})
		}
		if point := s.audit(t, audit.Options{}).Points[18-1]; point.Status != due {
			t.Errorf("without %q: point 18 is a %s: %s", excluded, point.Status, point.Detail)
		}
	}
}

// phaseOrder is how the bursts of a launch stand before they are shuffled.
var phaseOrder = map[evidence.Phase]int{evidence.PhaseEmpty: 1, evidence.PhaseStall: 2}

// A claim may be chosen about contenders that the plan has none about: they take part in
// fewer rounds by rule, and where rounds are missing beyond that it shows.
func TestContendersWithoutAClaimHaveFewerRounds(t *testing.T) {
	for name, test := range map[string]struct {
		keep func(round int32) bool
		due  audit.Status
	}{
		"by rule":  {func(round int32) bool { return round%othersEvery == 0 }, audit.Pass},
		"left out": {func(round int32) bool { return round < 60 && round%othersEvery == 0 }, audit.Fail},
	} {
		s := honest(t)
		s.unclaimed(t, test.keep)
		report := s.audit(t, audit.Options{Claim: "aprender/pytorch"})
		if point := report.Points[18-1]; point.Status != test.due {
			t.Errorf("%s: point 18 is a %s: %s", name, point.Status, point.Detail)
		}
		if test.due != audit.Pass {
			continue
		}
		for _, point := range []int{16, 30} {
			if point := report.Points[point-1]; point.Status != audit.Pass {
				t.Errorf("%s: point %d is a %s: %s", name, point.ID, point.Status, point.Detail)
			}
		}
	}
}

// Any two contenders can be judged, whichever way round and whatever claims there are.
func TestAnyTwoContendersHaveARatio(t *testing.T) {
	dir := honest(t).write(t)
	for claim, verdict := range map[string]string{"pytorch/go": "slower", "go/aprender": "faster", "aprender/go": "slower"} {
		opened, err := audit.Open(dir, audit.Options{Claim: claim, Parse: parse})
		must(t, err)
		report := judge.Bundle(opened)
		at := slices.IndexFunc(report.Claims, func(c audit.ClaimResult) bool { return c.Judged })
		if report.Undecided != "" || report.Claims[at].Verdict != verdict || report.Claims[at].Ratio == nil {
			t.Errorf("%s: %q, %+v", claim, report.Undecided, report.Claims[at])
		}
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
