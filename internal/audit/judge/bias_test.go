package judge_test

// This file holds the tampered bundles for the points of the category bias.

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/evidence"
)

var biasCases = []tampering{
	{point: 91, name: "a peer that sleeps", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.asked("pytorch", func(request *evidence.Request) {
			if request.VoluntarySwitches != nil {
				*request.VoluntarySwitches += int64(request.Calls)
			}
		})
	}},
	{point: 91, name: "a peer that waits a tenth of the time", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.each("pytorch", func(sample *evidenceSample) {
			if sample.CPUNanoseconds != nil {
				*sample.CPUNanoseconds = scaled(*sample.CPUNanoseconds, 0.85)
			}
		})
	}},
	{point: 91, name: "a peer that spins, and hangs in one launch", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.beside("pytorch", 1.5)
		s.wild("pytorch", 1000)
	}},
	{point: 91, name: "a peer that spins, but for one launch", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.beside("pytorch", 1.5)
		s.wild("pytorch", 1.0/1000)
	}},
	{point: 91, name: "a peer that spins", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.beside("pytorch", 1.2) }},
	{point: 91, name: "a lower priority for one", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.seen("pytorch", func(look *evidence.Inspection) { look.Scheduling.Nice, look.Scheduling.Priority = 10, 30 })
	}},
	{point: 91, name: "a lower limit for one", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.firstSeen("pytorch", func(look *evidence.Inspection) { look.Limits["Max open files"] = "64 64" })
	}},
	{point: 91, name: "a limit that the others do not have", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.firstSeen("pytorch", func(look *evidence.Inspection) { look.Limits["Max cpu time"] = "60 60" })
	}},
	{point: 91, name: "a variable for one", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.firstSeen("pytorch", func(look *evidence.Inspection) {
			look.Environment = append(look.Environment, evidence.Variable{Name: "KMP_BLOCKTIME", Value: pointer("200")})
		})
	}},
	{point: 91, name: "more threads by a variable for one", contender: "go", change: func(_ *testing.T, s *scene) {
		s.firstSeen("go", func(look *evidence.Inspection) { look.Environment[1].Value = pointer("4") })
	}},
	{point: 92, name: "a patched copy, faster than its canonical runner", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.beside("pytorch", 0.9) }},
	{point: 92, name: "a changed file of a package", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.packages["pytorch"].Packages[0].Changed = []string{"torch/nn/functional.py"}
	}},
	{point: 92, name: "an own engine that is another program", contender: "go", change: func(_ *testing.T, s *scene) {
		s.seen("go", func(look *evidence.Inspection) { look.Executable = sha256Of([]byte("a faster one")) })
	}},
	{point: 93, name: "a variable that takes vectors from the slower", change: func(_ *testing.T, s *scene) {
		s.seen("pytorch", func(look *evidence.Inspection) {
			look.Environment = append(look.Environment, evidence.Variable{Name: "ATEN_CPU_CAPABILITY", Value: pointer("default")})
		})
	}},
	{point: 93, name: "vectors for the faster one alone, and a report that says nothing of it", change: func(_ *testing.T, s *scene) {
		s.scalarPeer()
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string { return equalSlopesLine.ReplaceAllString(text, "") })
	}},
	{point: 93, name: "vectors for the faster one alone, and another ratio at equal slopes", change: func(_ *testing.T, s *scene) {
		s.scalarPeer()
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string {
			return equalSlopesLine.ReplaceAllStringFunc(text, func(line string) string { return strings.Replace(line, "the ratio is ", "the ratio is 1", 1) })
		})
	}},
	{point: 94, name: "answers that are kept", contender: "go", change: func(_ *testing.T, s *scene) {
		s.widths("go", func(_ int, _, calls int64) int64 { return 535 * calls })
	}},
	{point: 94, name: "answers that are kept of few rows", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseNear {
				sample.InnerNanoseconds = scaled(sample.InnerNanoseconds, 0.3)
				*sample.OuterNanoseconds, *sample.CPUNanoseconds = scaled(*sample.OuterNanoseconds, 0.3), scaled(*sample.CPUNanoseconds, 0.3)
			}
		})
	}},
	{point: 94, name: "an answer that is kept of one row", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseRequest || sample.Phase == evidence.PhaseCall {
				sample.InnerNanoseconds = scaled(sample.InnerNanoseconds, 0.3)
			}
		})
	}},
	{point: 94, name: "other weights refused", contender: "go", change: func(_ *testing.T, s *scene) { s.refuseOtherWeights("go") }},
	{point: 94, name: "other weights that cost less", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseAltered {
				sample.InnerNanoseconds /= 2
			}
		})
	}},
	{point: 94, name: "answers of the old weights", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseAltered {
				request.Checked = false
			}
		})
	}},
	{point: 95, name: "a debug build passed off as a release", change: func(_ *testing.T, s *scene) { s.debugBuild() }},
	{point: 95, name: "a debug interpreter", change: func(_ *testing.T, s *scene) {
		s.mapped("pytorch", func(files []evidence.MappedFile) []evidence.MappedFile {
			files = slices.Clone(files)
			files[0] = fileOf("/usr/bin/python3.11d", evidence.OriginSystem, "", files[0].Binary)
			return files
		})
	}},
	{point: 95, name: "multiply-adds as slow as an unoptimised build's", change: func(_ *testing.T, s *scene) {
		s.widths("go", func(times int, inner, calls int64) int64 { return inner + 3*calls*int64(times)*multiplyAdds })
	}},
	{point: 95, name: "multiply-adds as slow as an unoptimised build's, of one that the claim is not about", contender: "aprender", change: func(_ *testing.T, s *scene) {
		s.widths("aprender", func(times int, inner, calls int64) int64 { return inner + 3*calls*int64(times)*multiplyAdds })
	}},
	{point: 96, name: "one side on a graphics processor", change: func(_ *testing.T, s *scene) {
		s.seen("go", func(look *evidence.Inspection) { look.Devices = []string{"/dev/nvidia0"} })
	}},
	{point: 97, name: "calls of one row beside calls of 32", change: func(_ *testing.T, s *scene) {
		s.rewriteJSON("pytorch_mnist_results.json", func(file map[string]any) { file["config"].(map[string]any)["batch"] = 32 })
	}},
	{point: 97, name: "more answers than calls for one", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseShort {
				request.Labels *= 32
			}
		})
	}},
	{point: 98, name: "a fit at each request", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.each("pytorch", func(sample *evidenceSample) {
			if sample.OuterNanoseconds != nil {
				*sample.OuterNanoseconds += 50_000_000
			}
		})
	}},
	{point: 98, name: "a launch that is asked to train", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		launch := s.launchesOf("pytorch")[0]
		requests := s.editRequests(launch)
		requests[len(requests)-1].Op = "train"
	}},
	{point: 99, name: "p99 left out of the table", contender: "go", change: func(_ *testing.T, s *scene) {
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string { return strings.Replace(text, "| p99 (us) |", "| p98 (us) |", 1) })
	}},
	{point: 99, name: "another maximum in the result file", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.scaleFigure("pytorch", "max_us", 0.5) }},
	{point: 100, name: "a reduced model that is not mentioned", change: func(_ *testing.T, s *scene) {
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string {
			lines := strings.Split(text, "\n")
			return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, "aprender holds an equivalent") }), "\n")
		})
	}},
	{point: 100, name: "a limit that the summary does not list", change: func(_ *testing.T, s *scene) {
		s.rewriteJSON("comparison_summary.json", func(file map[string]any) { file["limits"] = []any{} })
	}},
	{point: 100, name: "a call below 100 ns that the summary does not list", change: func(_ *testing.T, s *scene) {
		s.faster("go", farFaster)
		s.unlist("override-83 go")
	}},
	{point: 100, name: "contenders far apart, of which the report says nothing", change: func(_ *testing.T, s *scene) {
		s.faster("go", farFaster)
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string {
			return regexp.MustCompile(`- go and pytorch are more than 100 times apart[^\n]*\n`).ReplaceAllString(text, "")
		})
	}},
	{point: 100, name: "a compiled engine near an interpreted one that the summary does not list", change: func(_ *testing.T, s *scene) {
		s.faster("go", nearInterpreted)
		s.unlist("override-87 go/pytorch")
	}},
	{point: 100, name: "a host that took a fifth of the time, which the summary does not list", change: func(_ *testing.T, s *scene) {
		s.steal()
		s.unlist("steal")
	}},
	{point: 100, name: "a contender elsewhere than on a CPU, of which the report says nothing", change: func(_ *testing.T, s *scene) {
		s.statements["pytorch"].Hello.Device = "cuda:0"
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string {
			return strings.Replace(text, "CPU and cuda:0, inference only", "CPU, inference only", 1)
		})
	}},
	{point: 100, name: "a contender elsewhere than on a CPU that the summary does not list", change: func(_ *testing.T, s *scene) {
		s.statements["pytorch"].Hello.Device = "cuda:0"
		s.unlist("device cuda:0")
	}},
	{point: 100, name: "no section on limits", change: func(_ *testing.T, s *scene) {
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string { return strings.Replace(text, "## Limits", "## Remarks", 1) })
	}},
}

// farFaster is how many times as fast go has to be for its calls to take less than 100 ns
// and pytorch's more than 100 times as long; nearInterpreted for pytorch's to take less
// than twice as long.
const (
	farFaster       = 6
	nearInterpreted = 1.0 / 14
)

// unlist leaves an id out of the limits of the summary.
func (s *scene) unlist(id string) {
	s.rewriteJSON("comparison_summary.json", func(file map[string]any) {
		file["limits"] = slices.DeleteFunc(file["limits"].([]any), func(limit any) bool { return limit == id })
	})
}

// steal has the host take a fifth of the time of all launches, and the run say so.
func (s *scene) steal() {
	for _, observation := range s.observations {
		observation.StolenShare = 0.2
	}
	s.rows(evidence.EventStopped, "", func(row *evidence.LedgerRow) {
		row.Disturbances = []string{"the host took 20% of CPU 1's time (steal)"}
	})
}

// What needs an override, that the host stole, and what is no CPU, the results say by
// themselves.
func TestLimitsOfARunAreStated(t *testing.T) {
	for name, run := range map[string]struct {
		change func(*scene)
		limit  string
	}{
		"fast, far apart, and stolen from": {func(s *scene) { s.faster("go", farFaster); s.steal() }, "override-86 go/pytorch"},
		"near an interpreted engine":       {func(s *scene) { s.faster("go", nearInterpreted) }, "override-87 go/pytorch"},
		"on a GPU":                         {func(s *scene) { s.statements["pytorch"].Hello.Device = "cuda:0" }, "device cuda:0"},
	} {
		s := honest(t)
		run.change(s)
		if point := s.audit(t, audit.Options{}).Points[100-1]; point.Status != audit.Pass || !strings.Contains(point.Detail, run.limit) {
			t.Errorf("%s: point 100 is a %s: %s", name, point.Status, point.Detail)
		}
	}
}

// firstSeen visits the first look at each launch, which tells limits and variables.
func (s *scene) firstSeen(contender string, visit func(*evidence.Inspection)) {
	s.seen(contender, func(look *evidence.Inspection) {
		if look.Moment == evidence.MomentLoaded {
			visit(look)
		}
	})
}

// widths changes the times of the bursts at several widths.
func (s *scene) widths(contender string, change func(times int, inner, calls int64) int64) {
	s.each(contender, func(sample *evidenceSample) {
		for _, times := range s.plan.Probes.Widths {
			if sample.Phase == evidence.PhaseWidth(times) {
				sample.InnerNanoseconds = change(times, sample.InnerNanoseconds, int64(sample.Calls))
			}
		}
	})
}

// equalSlopesLine is what a report says of a pair whose multiply-adds cost unequally.
var equalSlopesLine = regexp.MustCompile(`(?m)^- .* at equal slopes, .*\n`)

// scalarPeer makes pytorch's multiply-adds take as long as without vectors.
func (s *scene) scalarPeer() {
	s.widths("pytorch", func(times int, inner, calls int64) int64 { return inner + calls*int64(times)*multiplyAdds })
}

// A peer that computes without vectors is no bias where the report says what the ratio
// would be at equal costs.
func TestAnUnequalUseOfVectorsThatIsToldPasses(t *testing.T) {
	s := honest(t)
	s.scalarPeer()
	if point := s.audit(t, audit.Options{}).Points[93-1]; point.Status != audit.Pass || !strings.Contains(point.Detail, "equal") {
		t.Errorf("point 93 is a %s: %s", point.Status, point.Detail)
	}
}
