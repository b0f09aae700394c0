package judge_test

// This file holds the tampered bundles for the points of the category methodology.

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/audit/judge"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
)

var methodologyCases = []tampering{
	{point: 1, name: "warm-up calls relabelled as measured", change: func(_ *testing.T, s *scene) {
		for _, launch := range s.launchesOf("go") {
			samples := s.edit(launch)
			first := indexOf(samples, evidence.PhaseCall)
			relabelled := append([]evidenceSample{}, samples[:first]...)
			for range 100 {
				relabelled = append(relabelled, samples[first])
			}
			s.replace(launch, append(relabelled, samples[first:]...))
		}
	}},
	{point: 1, name: "a published mean of other calls", change: func(_ *testing.T, s *scene) {
		s.publish("go", func(figures map[string]any) { figures["mean_us"] = figures["mean_us"].(float64) * 0.99 })
	}},
	{point: 1, name: "the mean's speedup that the summary begins with", change: func(_ *testing.T, s *scene) {
		s.rewriteJSON("comparison_summary.json", func(file map[string]any) { file["speedup_mean"] = 97.0 })
	}},
	{point: 1, name: "an engine's figure beside a pair", change: func(_ *testing.T, s *scene) {
		s.rewriteJSON("comparison_summary.json", func(file map[string]any) {
			file["pairs"].([]any)[1].(map[string]any)["engines"].(map[string]any)["aprender"].(map[string]any)["p50_us"] = 0.1
		})
	}},
	{point: 1, name: "an engine's figure beside the pair that the summary begins with", change: func(_ *testing.T, s *scene) {
		s.rewriteJSON("comparison_summary.json", func(file map[string]any) {
			file["engines"].(map[string]any)["pytorch"].(map[string]any)["throughput_per_sec"] = 1.0
		})
	}},
	{point: 1, name: "an interval side by side", change: func(_ *testing.T, s *scene) {
		s.rewriteJSON("comparison_summary.json", func(file map[string]any) {
			file["side_by_side"].([]any)[1].(map[string]any)["ratio_ci_95_lower"] = 1.0
		})
	}},
	{point: 1, name: "a control that did not hold", change: func(_ *testing.T, s *scene) {
		s.each("go@control", func(sample *evidenceSample) { sample.InnerNanoseconds = sample.InnerNanoseconds * 11 / 10 })
		s.rewriteJSON("comparison_summary.json", func(file map[string]any) {
			for _, control := range file["controls"].([]any) {
				control.(map[string]any)["holds"] = true
			}
		})
	}},
	{point: 2, name: "fewer untimed calls for one", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.each("pytorch", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseRequest {
				sample.Warmup = 50
			}
		})
	}},
	{point: 2, name: "untimed calls not made", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseWarmed {
				*sample.CPUNanoseconds /= 50
			}
		})
	}},
	{point: 3, name: "ten calls fewer for one", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		launch := s.launchesOf("pytorch")[4]
		samples := s.edit(launch)
		first := indexOf(samples, evidence.PhaseCall)
		s.replace(launch, append(append([]evidenceSample{}, samples[:first]...), samples[first+10:]...))
	}},
	{point: 3, name: "labels of fewer calls", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseRequest {
				request.Labels -= 10
			}
		})
	}},
	{point: 4, name: "weights of another seed for one", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.asked("pytorch", func(request *evidence.Request) {
			if request.Op == "load" && request.Model == "model" {
				request.ModelSHA256 = sha256Of([]byte("weights of seed 43"))
			}
		})
	}},
	{point: 4, name: "another nonce than the planned one", change: func(_ *testing.T, s *scene) {
		s.rows(evidence.EventNonce, "", func(row *evidence.LedgerRow) { row.Nonce = "a better one" })
	}},
	{point: 4, name: "rows that were not drawn", change: func(_ *testing.T, s *scene) {
		s.inputs[drawnReplicate][5].SHA256 = sha256Of([]byte("rows that suit"))
	}},
	{point: 4, name: "rows that were not drawn, under another name", change: func(_ *testing.T, s *scene) { s.renameRows() }},
	{point: 4, name: "more values than there are", change: func(_ *testing.T, s *scene) {
		for _, files := range s.inputs {
			files[0].Values = 1 << 62
		}
	}},
	{point: 5, name: "samples in whole microseconds", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseCall {
				sample.InnerNanoseconds = (sample.InnerNanoseconds + 500) / 1000 * 1000
			}
		})
	}},
	{point: 5, name: "times that are all the same", contender: "go", change: func(_ *testing.T, s *scene) {
		s.calls("go", func(int, int64) int64 { return 560 })
	}},
	{point: 5, name: "five times, of a spread of many steps", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.calls("pytorch", func(call int, _ int64) int64 { return 11_300 + 90*int64(call%5) })
	}},
	{point: 5, name: "a harness with a coarse clock", change: func(_ *testing.T, s *scene) {
		s.environment.Calibration.ClockStepNanoseconds = 1000
	}},
	{point: 6, name: "weights of half the pixels zeroed", contender: "go", change: func(_ *testing.T, s *scene) {
		s.scored("go", func(row *evidence.Scores) {
			if row.Asked == evidence.ScoresUnit {
				copy(row.Float32[8*(1+392):], repeated(row.Float32[:8], 392))
			}
		})
	}},
	{point: 6, name: "probabilities of 0 and 1, which tell no weights", contender: "aprender", change: func(_ *testing.T, s *scene) {
		s.scored("aprender", func(row *evidence.Scores) {
			if row.Asked == evidence.ScoresUnit {
				row.Float32 = repeated(littleEndian([]float32{1}), row.Rows)
			}
		})
	}},
	{point: 6, name: "a smaller model that the report does not tell", contender: "go", change: func(_ *testing.T, s *scene) {
		s.statements["go"].Parameters = 785
		s.rows(evidence.EventEnded, "go", func(row *evidence.LedgerRow) { row.Parameters = 785 })
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string {
			lines := strings.Split(text, "\n")
			return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, "go holds an equivalent") }), "\n")
		})
	}},
	{point: 6, name: "answers of other weights, so that no launch is finished", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.rows(evidence.EventEnded, "pytorch", func(row *evidence.LedgerRow) { row.Outcome, row.Reason = evidence.Wrong, "label 1 where 0 is due" })
	}},
	{point: 7, name: "always the same answer", contender: "go", change: func(_ *testing.T, s *scene) {
		s.hardLabels("go", func(hard *evidence.HardRows) {
			for i := range hard.Labels {
				hard.Labels[i] = 1
			}
		})
	}},
	{point: 4, name: "rows near the boundary that the nonce does not give", change: func(_ *testing.T, s *scene) { s.easierRows() }},
	{point: 7, name: "wrong labels that are said to be due", contender: "go", change: func(_ *testing.T, s *scene) { s.excused("go") }},
	{point: 8, name: "wrong labels that are said to be due", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.excused("pytorch") }},
	{point: 7, name: "a launch that was found wrong", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.wrong("pytorch", "label 1 where 0 is due") }},
	{point: 8, name: "half of the inputs left out", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.hardLabels("pytorch", func(hard *evidence.HardRows) {
			for i := 0; i < len(hard.Labels); i += 2 {
				hard.Labels[i] = 1 - hard.Labels[i]
			}
			hard.Suspects = append(hard.Suspects, evidence.Suspect{Corner: "the first half of the inputs", Same: len(hard.Labels), SameWhereWrong: len(hard.Labels) / 2})
		})
	}},
	{point: 8, name: "narrower requests for one", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.Op == "infer" && request.Model == "model" {
				request.Dim = 392
			}
		})
	}},
	{point: 9, name: "eight rows a call", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseShort {
				request.Batch, request.Labels = 8, 8*request.Calls
			}
		})
	}},
	{point: 9, name: "fewer labels than calls", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseShort {
				request.Labels /= 8
			}
		})
	}},
	{point: 10, name: "all rows of a file in one batch", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.each("pytorch", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseLone {
				*sample.OuterNanoseconds += 100_000
			}
		})
	}},
	{point: 10, name: "a batch handed out call by call, where the row is always the same", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.phase("pytorch", evidence.PhaseRequest, func(sample *evidenceSample) {
			sample.InnerNanoseconds = scaled(sample.InnerNanoseconds, 0.3)
			*sample.OuterNanoseconds = scaled(*sample.OuterNanoseconds, 0.3)
		})
	}},
	{point: 11, name: "answers computed when inputs arrive, with and without calls", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			switch sample.Phase {
			case evidence.PhaseEager:
				*sample.CPUNanoseconds += 256 * 300
			case evidence.PhaseEagerHeavy:
				*sample.CPUNanoseconds += 256 * 3000
			}
		})
	}},
	{point: 11, name: "answers computed when inputs arrive, with calls alone", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseLong || sample.Phase == evidence.PhaseNear || sample.Phase == evidence.PhaseShort {
				sample.InnerNanoseconds /= 5
			}
		})
	}},
	{point: 12, name: "a clock at half speed", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) { sample.InnerNanoseconds /= 2 })
	}},
	{point: 12, name: "labels made after the clock was read", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.each("pytorch", func(sample *evidenceSample) {
			if sample.OuterNanoseconds != nil && sample.Calls > 1 {
				*sample.OuterNanoseconds += sample.InnerNanoseconds / 10
				*sample.CPUNanoseconds += sample.InnerNanoseconds / 10
			}
		})
	}},
	{point: 13, name: "a line of a log for each call", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.asked("pytorch", func(request *evidence.Request) {
			if request.WriteCalls != nil {
				*request.WriteCalls += int64(request.Calls)
				*request.WrittenBytes += 40 * int64(request.Calls)
			}
		})
	}},
	{point: 13, name: "an open socket", contender: "go", change: func(_ *testing.T, s *scene) {
		s.seen("go", func(look *evidence.Inspection) { look.Sockets = []evidence.Socket{{Inode: 1, Family: "tcp"}} })
	}},
	{point: 13, name: "a connection to a socket with a name", contender: "go", change: func(_ *testing.T, s *scene) {
		s.seen("go", func(look *evidence.Inspection) {
			look.Sockets = []evidence.Socket{{Inode: 1, Family: "unix", Unnamed: true}, {Inode: 1, Family: "unix", Unnamed: true}}
		})
	}},
	{point: 13, name: "a socket with a name beside a pair", contender: "go", change: func(_ *testing.T, s *scene) {
		s.seen("go", func(look *evidence.Inspection) {
			look.Sockets = append(pairOfSockets(), evidence.Socket{Inode: 9, Family: "unix"})
		})
	}},
	{point: 13, name: "the model read from a mapped file", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.MajorFaults != nil && request.Calls > 0 {
				*request.MajorFaults = 3
			}
		})
	}},
	{point: 14, name: "a preloaded library", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.seen("pytorch", func(look *evidence.Inspection) {
			look.Environment = append(look.Environment, evidence.Variable{Name: "LD_PRELOAD", Value: pointer("/tmp/hook.so")})
		})
	}},
	{point: 14, name: "a mapped file from nowhere", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.mapped("pytorch", func(files []evidence.MappedFile) []evidence.MappedFile {
			return append(files, fileOf("/tmp/hook.so", evidence.OriginUnknown, "", nil))
		})
	}},
	{point: 14, name: "page faults in every call", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.MinorFaults != nil {
				*request.MinorFaults += int64(request.Calls) / 10
			}
		})
	}},
	{point: 15, name: "scores of no model, the same every time", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.scored("pytorch", func(row *evidence.Scores) {
			if row.Asked == evidence.ScoresFirst {
				row.Float32 = repeated(littleEndian([]float32{0.25, 0.75}), row.Rows)
			}
		})
	}},
	{point: 15, name: "scores of no rows", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.noScores("pytorch") }},
	{point: 15, name: "dropout left on", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.otherScores("pytorch", evidence.ScoresSecond, 0.01) }},
}

func indexOf(samples []evidenceSample, phase evidence.Phase) int {
	for i, sample := range samples {
		if sample.Phase == phase {
			return i
		}
	}
	return -1
}

func repeated(text []byte, times int) []byte {
	var all []byte
	for range times {
		all = append(all, text...)
	}
	return all
}

// hardLabels changes what a contender made of hard rows.
func (s *scene) hardLabels(contender string, visit func(*evidence.HardRows)) {
	for _, row := range s.hard {
		if row.Contender == contender {
			visit(row)
		}
	}
}

// wrong has a launch of a contender end as wrong.
func (s *scene) wrong(contender, reason string) {
	first := s.launchesOf(contender)[0]
	s.rows(evidence.EventEnded, contender, func(row *evidence.LedgerRow) {
		if row.Launch == first {
			row.Outcome, row.Reason = evidence.Wrong, reason
		}
	})
}

// mapped gives a contender's launches another set of files of code.
func (s *scene) mapped(contender string, change func([]evidence.MappedFile) []evidence.MappedFile) {
	changed := map[string]*evidence.Closure{}
	s.seen(contender, func(look *evidence.Inspection) {
		closure := changed[look.Closure]
		if closure == nil {
			closure = copied(s.closures[look.Closure])
			program := closure.Files[0].SHA256
			closure.Files = change(closure.Files)
			closure.SHA256 = closureDigest(closure.Files)
			changed[look.Closure] = closure
			s.closures[closure.SHA256] = closure
			if closure.Files[0].SHA256 != program {
				look.Executable = closure.Files[0].SHA256
			}
		}
		look.Closure, look.Executable = closure.SHA256, closure.Files[0].SHA256
	})
}

// otherScores has a contender answer with other scores than the first time.
func (s *scene) otherScores(contender string, asked evidence.ProbeScores, off float64) {
	first := map[int]*evidence.Scores{}
	s.scored(contender, func(row *evidence.Scores) {
		if row.Asked == evidence.ScoresFirst {
			first[row.Launch] = row
		}
	})
	s.scored(contender, func(row *evidence.Scores) {
		if row.Asked != asked {
			return
		}
		values := floats(first[row.Launch].Float32)
		for i := range values {
			values[i] += float32(off)
		}
		row.Float32, row.SameAsFirst, row.Difference = littleEndian(values), false, math.Abs(off)
	})
}

// renameRows calls the rows of short bursts something that no nonce gives.
func (s *scene) renameRows() {
	short := map[int32]bool{}
	s.asked("pytorch", func(request *evidence.Request) {
		if request.Phase == evidence.PhaseShort {
			short[request.Inputs] = true
		}
	})
	for _, files := range s.inputs {
		for i := range files {
			if short[files[i].Number] {
				files[i].Drawn, files[i].SHA256 = "boundary", sha256Of([]byte("rows that suit"))
			}
		}
	}
}

// lightened gives the suite's model no weight in the first block of inputs, as a fit on
// rows that are 0 there does, and has hard rows decided by that block as often as said.
func (s *scene) lightened(t *testing.T, weight bool, decided int) {
	t.Helper()
	light := *s.fitted.model
	light.Layers = slices.Clone(light.Layers)
	light.Layers[0].Weight = slices.Clone(light.Layers[0].Weight)
	for output := range light.Layers[0].Out {
		clear(light.Layers[0].Weight[784*output : 784*output+16])
	}
	if weight {
		light.Layers[0].Weight[7] = 0.5
	}
	text, err := protocol.ModelEncoders["safetensors"](&light)
	must(t, err)
	s.files[filepath.Join(evidence.ModelDir, "model.safetensors")] = text
	s.rows(evidence.EventFitted, "", func(row *evidence.LedgerRow) { row.SHA256["model.safetensors"] = sha256Of(text) })
	replicates := map[int]int{}
	s.rows(evidence.EventStarted, "", func(row *evidence.LedgerRow) { replicates[row.Launch] = row.Replicate })
	drawn := map[int]hardDrawn{}
	for _, hard := range s.hard {
		replicate := replicates[hard.Launch]
		if drawn[replicate].Boundary == nil {
			drawn[replicate] = drawHard(&light, nonce, replicate)
		}
		drawn[replicate].answered(hard)
		hard.Blocks[0] = decided
		s.hardFile(hard, replicate).SHA256 = sha256Of(protocol.EncodeInputs(drawn[replicate].Values))
	}
}

// hardFile is the file of a launch's rows near the boundary, to be changed.
func (s *scene) hardFile(hard *evidence.HardRows, replicate int) *evidence.InputsFile {
	files := s.inputs[replicate]
	return &files[slices.IndexFunc(files, func(file evidence.InputsFile) bool { return file.Number == int32(hard.Inputs) })]
}

// easierRows has every launch asked about other rows than those near the boundary that
// the nonce gives.
func (s *scene) easierRows() {
	for _, files := range s.inputs {
		for i := range files {
			if files[i].Drawn == "hard" {
				files[i].SHA256 = sha256Of([]byte("rows far from the boundary"))
			}
		}
	}
}

// excused has the labels of a contender's launches that are wrong said to be due.
func (s *scene) excused(contender string) {
	s.hardLabels(contender, func(hard *evidence.HardRows) {
		for i := range hard.Labels {
			if i%3 == 0 {
				hard.Labels[i] = 1 - hard.Labels[i]
			}
		}
		hard.Expected = slices.Clone(hard.Labels)
	})
}

// Inputs without a weight decide nothing, and no row can show that they are read; those
// with one must decide some.
// An engine of 60 ns on a quiet machine whose clock has steps of 10 ns.
func TestFewTimesOfACoarseClockPass(t *testing.T) {
	s := honest(t)
	s.environment.Calibration.ClockStepNanoseconds = 10
	s.calls("go", func(call int, _ int64) int64 { return 560 + 10*int64(call%7/5) + int64(call%211/210) })
	opened := s.open(t, audit.Options{})
	for _, finding := range judge.FindingsOf(opened, "point-05") {
		if finding.Contender == "go" && finding.Severity == audit.Error {
			t.Error(finding.Message)
		}
	}
	// Its p95 and p99 are the same, too.
	for _, finding := range judge.FindingsOf(opened, "point-88") {
		if finding.Contender == "go" {
			t.Error(finding.Message)
		}
	}
}

func TestBlocksWithoutAWeightNeedNoRow(t *testing.T) {
	for name, test := range map[string]struct {
		weight bool
		want   audit.Status
	}{"no weight": {false, audit.Pass}, "one weight": {true, audit.Skip}} {
		s := honest(t)
		s.lightened(t, test.weight, 0)
		if point := s.audit(t, audit.Options{}).Points[8-1]; point.Status != test.want {
			t.Errorf("%s: point 8 is a %s: %s", name, point.Status, point.Detail)
		}
	}
}

// The weights that unit vectors give back are held against the file's, bias and all.
func TestWeightsGivenBackAreJudgedByTheFile(t *testing.T) {
	s := honest(t)
	s.scored("pytorch", func(row *evidence.Scores) {
		if row.Asked == evidence.ScoresUnit {
			// The bias of the second class, which every row shows.
			values := floats(row.Float32)
			for i := 1; i < len(values); i += 2 {
				values[i] += 0.25
			}
			row.Float32 = littleEndian(values)
		}
	})
	found(t, s.audit(t, audit.Options{}), 6)
}

// noScores has a contender answer for no rows where it is asked for the scores of
// fixed ones.
func (s *scene) noScores(contender string) {
	s.scored(contender, func(row *evidence.Scores) {
		if row.Asked != evidence.ScoresUnit {
			row.Rows, row.Float32 = 0, nil
		}
	})
}

// What the kernel did not count is no evidence that nothing was there.
func TestMissingAccountsOfInputAndOutputAreSkips(t *testing.T) {
	s := honest(t)
	s.asked("go", func(request *evidence.Request) { request.ReadBytes = nil })
	s.asked("pytorch", func(request *evidence.Request) { request.MajorFaults = nil })
	point := s.audit(t, audit.Options{}).Points[13-1]
	for _, judgement := range point.Judgements {
		if judgement.Status != audit.Skip {
			t.Errorf("%s: %s, %s", judgement.Contender, judgement.Status, judgement.Detail)
		}
	}
}

// Some questions are asked in the first replicates alone. Fewer than three launches
// acquit a contender and don't condemn it.
func TestTwoLaunchesCondemnNobody(t *testing.T) {
	s := honest(t)
	first := s.launchesOf("go")[0]
	s.replace(first, slices.DeleteFunc(slices.Clone(s.samples[first]), func(sample evidenceSample) bool {
		return slices.Contains([]evidence.Phase{
			evidence.PhaseLone, evidence.PhaseWarmed, evidence.PhaseEagerHeavy, evidence.PhaseMultiple(1),
		}, sample.Phase)
	}))
	dear := []int{2, 10, 11, 40, 98}
	judge := func(due audit.Status) {
		t.Helper()
		report := s.audit(t, audit.Options{})
		for _, id := range dear {
			if got := report.Points[id-1].Judgements[0]; got.Status != due {
				t.Errorf("point %d: %s is a %s: %s", id, got.Contender, got.Status, got.Detail)
			}
		}
	}
	judge(audit.Pass)
	s.each("go", func(sample *evidenceSample) {
		switch sample.Phase {
		case evidence.PhaseWarmed, evidence.PhaseMultiple(1):
			*sample.CPUNanoseconds /= 50
			*sample.OuterNanoseconds += 50_000_000
		case evidence.PhaseEagerHeavy, evidence.PhaseLone:
			*sample.CPUNanoseconds += 1_000_000
			*sample.OuterNanoseconds += 1_000_000
		}
	})
	judge(audit.Skip)
}

// With several threads no account tells of short bursts: points 11 and 12 rest on the
// outer clock then, and are no skips for it.
func TestWithSeveralThreadsShortBurstsRestOnTheOuterClock(t *testing.T) {
	for _, test := range []struct {
		clock int64
		due   audit.Status
	}{{1, audit.Pass}, {2, audit.Fail}} {
		s := honest(t)
		s.plan.Threads = 2
		s.planDigest(t)
		s.each("go", func(sample *evidenceSample) { sample.InnerNanoseconds /= test.clock })
		report := s.audit(t, audit.Options{})
		for _, id := range []int{11, 12} {
			for _, got := range report.Points[id-1].Judgements {
				if got.Contender == "go" && got.Status != test.due {
					t.Errorf("a clock at 1/%d: point %d is a %s: %s", test.clock, id, got.Status, got.Detail)
				}
			}
		}
	}
}

func pairOfSockets() []evidence.Socket {
	return []evidence.Socket{{Inode: 7, Family: "unix", Unnamed: true}, {Inode: 8, Family: "unix", Unnamed: true}, {Inode: 8, Family: "unix", Unnamed: true}}
}

// An event loop's pair of sockets, one end of it open twice, is no network.
func TestAPairOfSocketsIsNoNetwork(t *testing.T) {
	s := honest(t)
	s.seen("go", func(look *evidence.Inspection) { look.Sockets = pairOfSockets() })
	if point := s.audit(t, audit.Options{}).Points[12]; point.Status != audit.Pass {
		t.Errorf("point 13 is a %s: %s", point.Status, point.Detail)
	}
}
