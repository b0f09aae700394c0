package judge_test

// This file holds the tampered bundles for the points of the category plausibility.

import (
	"regexp"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/evidence"
)

var plausibilityCases = []tampering{
	{point: 81, name: "a framework forty times as fast as it is", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.faster("pytorch", 40) }},
	{point: 82, name: "a compiled engine below the floor of its arithmetic", contender: "go", change: func(_ *testing.T, s *scene) { s.faster("go", 200) }},
	{point: 82, name: "a compiled engine as slow as a framework", contender: "go", change: func(_ *testing.T, s *scene) { s.faster("go", 1.0/80) }},
	{point: 83, name: "answers from a table in 40 ns", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseShort || sample.Phase == evidence.PhaseCall {
				sample.InnerNanoseconds /= 15
			}
		})
	}},
	{point: 84, name: "a sleep of 2 ms in every call", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.sleep("pytorch", 2_000_000) }},
	{point: 85, name: "a ratio edited in the summary", change: func(_ *testing.T, s *scene) {
		s.rewriteJSON("comparison_summary.json", func(file map[string]any) {
			file["side_by_side"].([]any)[0].(map[string]any)["ratio"] = 97.0
		})
	}},
	{point: 85, name: "a ratio edited in the table", change: func(_ *testing.T, s *scene) {
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string {
			return regexp.MustCompile(`(\| go and pytorch \| )[\d.]+x`).ReplaceAllString(text, "${1}97.0x")
		})
	}},
	{point: 85, name: "the ratio that the report begins with edited", change: editedReport(`(- \*\*go is faster than pytorch, side by side: )[\d.]+x`, "${1}97.0x")},
	{point: 85, name: "a speedup edited in its table", change: editedReport(`(\| p50 \(us\) \| [\d.]+ \| [\d.]+ \| )[\d.]+x`, "${1}97.0x")},
	{point: 85, name: "the speedup that the summary begins with edited", change: func(_ *testing.T, s *scene) {
		s.rewriteJSON("comparison_summary.json", func(file map[string]any) { file["speedup_p50"] = 97.0 })
	}},
	{point: 85, name: "a ratio of the classic figures edited", change: func(_ *testing.T, s *scene) {
		s.publishPair(func(pair map[string]any) { pair["speedup_p50"] = 97.0 })
	}},
	{point: 85, name: "a ratio at one size alone", change: func(_ *testing.T, s *scene) {
		s.widths("pytorch", func(times int, inner, _ int64) int64 {
			if times > 1 {
				inner /= 3
			}
			return inner
		})
	}},
	{point: 86, name: "a peer slept into 150 times", change: func(_ *testing.T, s *scene) { s.sleep("pytorch", 80_000) }},
	{point: 87, name: "an unoptimised build at one and a half times", change: func(_ *testing.T, s *scene) {
		s.faster("go", 1.0/14)
		s.debugBuild()
	}},
	{point: 88, name: "equal samples", contender: "go", change: func(_ *testing.T, s *scene) {
		s.calls("go", func(int, int64) int64 { return 550 })
	}},
	{point: 89, name: "every twentieth call a hundred times as long", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.calls("pytorch", func(call int, nanoseconds int64) int64 {
			if call%20 == 0 {
				return 100 * nanoseconds
			}
			return nanoseconds
		})
	}},
	{point: 90, name: "two modes", contender: "go", change: func(_ *testing.T, s *scene) {
		s.calls("go", func(call int, _ int64) int64 { return 1000 + 9000*int64(call%2) + int64(call%17) })
	}},
}

// faster has all times of a contender shorter by a factor.
func (s *scene) faster(contender string, times float64) {
	s.each(contender, func(sample *evidenceSample) {
		sample.InnerNanoseconds = scaled(sample.InnerNanoseconds, 1/times)
		for _, field := range []*int64{sample.OuterNanoseconds, sample.CPUNanoseconds} {
			if field != nil {
				*field = scaled(*field, 1/times)
			}
		}
	})
}

// sleep has every call of a contender wait for so long.
func (s *scene) sleep(contender string, nanoseconds int64) {
	s.each(contender, func(sample *evidenceSample) {
		sample.InnerNanoseconds += nanoseconds * int64(sample.Calls)
		if sample.OuterNanoseconds != nil {
			*sample.OuterNanoseconds += nanoseconds * int64(sample.Calls+sample.Warmup)
		}
	})
}

// calls changes the times of the single calls of a contender's launches.
func (s *scene) calls(contender string, change func(call int, nanoseconds int64) int64) {
	for _, launch := range s.launchesOf(contender) {
		call := 0
		samples := s.edit(launch)
		for i := range samples {
			if samples[i].Phase == evidence.PhaseCall {
				samples[i].InnerNanoseconds = change(call, samples[i].InnerNanoseconds)
				call++
			}
		}
	}
}

// debugBuild has the program in Go say that it was built without optimisation.
func (s *scene) debugBuild() {
	for _, closure := range s.closures {
		for i := range closure.Files {
			if binary := closure.Files[i].Binary; binary != nil && binary.Go != nil {
				binary.Go.Settings["-gcflags"] = "all=-N -l"
			}
		}
	}
}

// The table of frameworks is of calls of one row: with a batch a multiply-add costs a
// tenth of what it has there, and the machine's own floor remains.
func TestFrameworksAreJudgedByTheTableOneRowACall(t *testing.T) {
	for times, status := range map[float64]audit.Status{1: audit.Pass, 40: audit.Fail} {
		s := honest(t)
		s.plan.Batch = 256
		s.faster("pytorch", times)
		report := s.audit(t, audit.Options{})
		for _, judgement := range report.Points[81-1].Judgements {
			if judgement.Contender == "pytorch" && judgement.Status != status {
				t.Errorf("%v times as fast: %s, %s", times, judgement.Status, judgement.Detail)
			}
		}
	}
}
