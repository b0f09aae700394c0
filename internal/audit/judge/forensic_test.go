package judge_test

// This file holds the tampered bundles for the forensic rules that need one.

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cupel/internal/audit"
	"cupel/internal/audit/judge"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
)

var forensicCases = []tampering{
	{rule: "samples-reused", name: "a launch's calls copied into another one", change: func(_ *testing.T, s *scene) {
		launches := s.launchesOf("go")
		var old []int64
		for _, sample := range s.samples[launches[2]] {
			if sample.Phase == evidence.PhaseCall {
				old = append(old, sample.InnerNanoseconds)
			}
		}
		s.launchCalls(launches[6], func(call int, nanoseconds int64) int64 {
			if call >= 301 && call < 301+64 {
				return old[call-200]
			}
			return nanoseconds
		})
	}},
	{rule: "samples-reused", name: "copies of a contender's that the claim is not about, and of one's that it is", contender: "go", change: func(_ *testing.T, s *scene) {
		for _, contender := range []string{"aprender", "go"} {
			launches := s.launchesOf(contender)
			var old []int64
			s.launchCalls(launches[1], func(_ int, nanoseconds int64) int64 { old = append(old, nanoseconds); return nanoseconds })
			s.launchCalls(launches[3], func(call int, _ int64) int64 { return old[call] })
		}
	}},
	{rule: "samples-invented", name: "calls that add up to half of the time", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.calls("pytorch", func(_ int, nanoseconds int64) int64 { return nanoseconds / 2 })
	}},
	{rule: "samples-invented", name: "calls that add up to more than the time", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.calls("pytorch", func(_ int, nanoseconds int64) int64 { return nanoseconds * 3 / 2 })
	}},
	{rule: "samples-invented", name: "calls in order of their times", contender: "go", change: func(_ *testing.T, s *scene) {
		for _, launch := range s.launchesOf("go") {
			var times []int64
			s.launchCalls(launch, func(_ int, nanoseconds int64) int64 { times = append(times, nanoseconds); return nanoseconds })
			slices.Sort(times)
			s.launchCalls(launch, func(call int, _ int64) int64 { return times[call] })
		}
	}},
	{rule: "samples-invented", name: "calls far below the cost", contender: "go", change: func(_ *testing.T, s *scene) {
		s.calls("go", func(_ int, nanoseconds int64) int64 { return nanoseconds / 2 })
	}},
	{rule: "samples-invented", name: "calls that no interruption shows in", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.calls("pytorch", func(call int, _ int64) int64 { return 11_300 + int64(call*7919%200) })
		s.asked("pytorch", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseRequest {
				*request.InvoluntarySwitches = 20
			}
		})
	}},
	{rule: "samples-invented", name: "calls that no planted stop shows in", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		even := int64(s.plan.Paired.StallFor)/stalledCalls + 11_400
		s.phase("pytorch", evidence.PhaseStallCall, func(sample *evidenceSample) { sample.InnerNanoseconds = even })
	}},
	{rule: "samples-invented", name: "every third call left out", contender: "go", change: func(_ *testing.T, s *scene) {
		s.quick("go", 20, func(call int) bool { return call%3 == 2 })
	}},
	{rule: "samples-invented", name: "two of five times set to nothing", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.quick("pytorch", 1, func(call int) bool { return call%5 < 2 })
	}},
	{rule: "samples-invented", name: "a tenth of a second beside the request's own time", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.phase("pytorch", evidence.PhaseRequest, func(sample *evidenceSample) { *sample.OuterNanoseconds += 100_000_000 })
	}},
	{rule: "samples-invented", name: "calls that no planted stop shows in, and a time that is their sum", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		const even = 11_400
		s.phase("pytorch", evidence.PhaseStallCall, func(sample *evidenceSample) { sample.InnerNanoseconds = even })
		s.phase("pytorch", evidence.PhaseStall, func(sample *evidenceSample) { sample.InnerNanoseconds = even * stalledCalls })
		s.asked("pytorch", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseStall {
				request.InnerNanoseconds = even * stalledCalls
			}
		})
	}},
	{rule: "outliers-trimmed", name: "slow calls replaced by typical ones", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.asked("pytorch", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseRequest {
				*request.WaitNanoseconds = 40_000_000
			}
		})
	}},
	{rule: "time-overflow", name: "a call of 4.3 s that wrapped", contender: "go", change: func(_ *testing.T, s *scene) {
		s.phase("go", evidence.PhaseRequest, func(sample *evidenceSample) {
			sample.InnerNanoseconds += 1 << 32
			*sample.OuterNanoseconds += 1 << 32
		})
	}},
	{rule: "time-overflow", name: "a negative time", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		launch := s.launchesOf("pytorch")[3]
		s.launchCalls(launch, func(call int, nanoseconds int64) int64 {
			if call == 77 {
				return -nanoseconds
			}
			return nanoseconds
		})
	}},
	{rule: "time-overflow", name: "runs of zeros", contender: "go", change: func(_ *testing.T, s *scene) {
		s.calls("go", func(call int, nanoseconds int64) int64 {
			if call%200 < 70 {
				return 0
			}
			return nanoseconds
		})
	}},
	{rule: "inner-exceeds-outer", name: "a clock half as fast again", contender: "go", change: func(_ *testing.T, s *scene) {
		s.phase("go", evidence.PhaseLong, func(sample *evidenceSample) { sample.InnerNanoseconds = scaled(sample.InnerNanoseconds, 1.5) })
	}},
	{rule: "inner-exceeds-outer", name: "once, by less than a microsecond", contender: "go", change: func(_ *testing.T, s *scene) {
		samples := s.edit(s.launchesOf("go")[2])
		long := &samples[indexOf(samples, evidence.PhaseLong)]
		long.InnerNanoseconds = *long.OuterNanoseconds + 500
	}},
	{rule: "inner-inconsistent", name: "lies in every third burst", contender: "go", change: func(_ *testing.T, s *scene) {
		burst := 0
		for _, phase := range []evidence.Phase{evidence.PhaseLong, evidence.PhaseNear} {
			s.phase("go", phase, func(sample *evidenceSample) {
				if burst++; burst%3 == 0 {
					sample.InnerNanoseconds /= 2
				}
			})
		}
	}},
	{rule: "inner-inconsistent", name: "lies in one phase", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.phase("pytorch", evidence.PhaseNear, func(sample *evidenceSample) { sample.InnerNanoseconds = scaled(sample.InnerNanoseconds, 0.85) })
	}},
	{rule: "inner-scaled", name: "a clock at half speed", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) { sample.InnerNanoseconds /= 2 })
	}},
	{rule: "below-floor", name: "fixed answers from a table", contender: "go", change: func(_ *testing.T, s *scene) { s.faster("go", 200) }},
	{rule: "below-floor", name: "fixed answers from a table, but for one launch", contender: "go", change: func(_ *testing.T, s *scene) {
		s.faster("go", 200)
		s.wild("go", 200_000)
	}},
	{rule: "below-floor", name: "a slope of nothing", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.widths("pytorch", func(_ int, _, calls int64) int64 { return 11_300 * calls })
	}},
	{rule: "work-elsewhere", name: "a daemon computes", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.each("pytorch", func(sample *evidenceSample) {
			if sample.CPUNanoseconds != nil {
				*sample.CPUNanoseconds /= 10
			}
		})
	}},
	{rule: "work-elsewhere", name: "a helper process", contender: "go", change: func(_ *testing.T, s *scene) {
		s.inBlocks("go", func(process *evidence.LaunchProcess) {
			process.Use.DescendantCPUNanoseconds = process.Use.CPUNanoseconds / 20
		})
	}},
	{rule: "work-elsewhere", name: "two threads that share the work of the rounds", contender: "go", change: func(_ *testing.T, s *scene) { s.twoThreads("go") }},
	{rule: "work-while-stopped", name: "a helper at work", contender: "go", change: func(_ *testing.T, s *scene) {
		s.inBlocks("go", func(process *evidence.LaunchProcess) { process.Use.DescendantCPUNanoseconds = 1_000_000_000 })
	}},
	{rule: "work-while-stopped", name: "a process that goes on", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.inBlocks("pytorch", func(process *evidence.LaunchProcess) { process.Stopped = false })
	}},
	{rule: "idle-work", name: "answers computed between requests", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.IdleCPUNanoseconds != nil {
				*request.IdleCPUNanoseconds = 2_900_000
			}
		})
	}},
	{rule: "idle-work", name: "a tenth of the time between requests", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		for _, observation := range s.observations {
			if observation.Contender == "pytorch" {
				observation.IdleCPUNanoseconds = observation.IdleNanoseconds / 10
			}
		}
	}},
	{rule: "calls-skipped", name: "every fourth call skipped", contender: "go", change: func(_ *testing.T, s *scene) {
		s.hardLabels("go", func(hard *evidence.HardRows) {
			for i := 0; i < len(hard.Labels); i += 4 {
				hard.Labels[i] = 1 - hard.Labels[i]
			}
		})
	}},
	{rule: "calls-skipped", name: "long bursts cut short", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.phase("pytorch", evidence.PhaseMultiple(4), func(sample *evidenceSample) { sample.InnerNanoseconds = scaled(sample.InnerNanoseconds, 0.75) })
	}},
	{rule: "watched-behaviour", name: "answers kept for files of few rows", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.phase("pytorch", evidence.PhaseFewRows, func(sample *evidenceSample) { sample.InnerNanoseconds /= 5 })
	}},
	{rule: "watched-behaviour", name: "answers kept in long bursts over few rows", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.phase("pytorch", evidence.PhaseNear, func(sample *evidenceSample) {
			for _, nanoseconds := range []*int64{&sample.InnerNanoseconds, sample.OuterNanoseconds, sample.CPUNanoseconds} {
				*nanoseconds /= 3
			}
		})
	}},
	{rule: "watched-behaviour", name: "faster in the rounds alone", contender: "go", change: func(_ *testing.T, s *scene) {
		s.phase("go", evidence.PhaseShort, func(sample *evidenceSample) { sample.InnerNanoseconds /= 2 })
	}},
	{rule: "sabotaged-peer", name: "a busy loop, and one launch that hangs", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.beside("pytorch", 1.5)
		s.wild("pytorch", 1000)
	}},
	{rule: "sabotaged-peer", name: "a busy loop", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.beside("pytorch", 1.5) }},
	{rule: "sabotaged-peer", name: "a wait in calls that are timed one by one alone", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.beside("pytorch", 1)
		s.slowCalls("pytorch", func(int) int64 { return 2_000 })
	}},
	{rule: "sabotaged-peer", name: "a long wait in each fiftieth of them", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.beside("pytorch", 1)
		s.slowCalls("pytorch", func(call int) int64 { return int64(max(0, call%50-48)) * 100_000 })
	}},
	{rule: "ledger-gap", name: "a launch removed, the chain made again", change: func(_ *testing.T, s *scene) {
		slow := s.launchesOf("go")[4]
		s.ledger = slices.DeleteFunc(s.ledger, func(row evidence.LedgerRow) bool { return row.Launch == slow })
	}},
	{rule: "ledger-gap", name: "minutes in no row", change: func(_ *testing.T, s *scene) {
		for i := range s.ledger {
			if s.ledger[i].Replicate > 5 || s.ledger[i].Event == evidence.EventStopped || s.ledger[i].Event == evidence.EventNonce {
				s.ledger[i].Time = s.ledger[i].Time.Add(10 * time.Minute)
				s.ledger[i].ElapsedNanoseconds += (10 * time.Minute).Nanoseconds()
			}
		}
	}},
	{rule: "ledger-gap", name: "time that runs back", change: func(_ *testing.T, s *scene) {
		s.rows(evidence.EventStopped, "", func(row *evidence.LedgerRow) { row.ElapsedNanoseconds /= 2 })
	}},
	{rule: "plan-after-data", name: "a plan that was changed afterwards", change: func(_ *testing.T, s *scene) { s.plan.Tolerance *= 2 }},
	{rule: "plan-after-data", name: "the seal of an older ledger", change: func(t *testing.T, s *scene) {
		older := s.clone()
		older.ledger = older.ledger[:len(older.ledger)-1]
		text, err := os.ReadFile(filepath.Join(older.write(t), evidence.SealFile))
		must(t, err)
		s.resealed = append(s.resealed, func(t testing.TB, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, evidence.SealFile), text, 0o644))
		})
	}},
	{rule: "stitched-bundle", name: "launches of another machine", change: func(_ *testing.T, s *scene) {
		for i := range s.machines {
			if i > 5 {
				s.machines[i].Identity.SHA256 = sha256Of([]byte("another machine"))
			}
		}
	}},
	{rule: "stitched-bundle", name: "a clock that was set between replicates", change: func(_ *testing.T, s *scene) {
		for i := range s.machines {
			if i > 5 {
				s.machines[i].Clocks.OffsetNanoseconds += 90_000_000_000
			}
		}
	}},
	{rule: "best-of-runs", name: "the best of five", change: func(_ *testing.T, s *scene) {
		for at := range 4 {
			earlier := s.runs[0]
			earlier.Run, earlier.Event = sha256Of([]byte{byte(at)}), "ended"
			earlier.Time = earlier.Time.AddDate(0, 0, at-8)
			earlier.Claims = []evidence.RunLogClaim{{Faster: "go", Than: "pytorch", Ratio: 12 + float64(at)/10, Low: 11.9, High: 12.5, Verdict: "faster"}}
			s.runs = append([]evidence.RunLogRow{earlier}, s.runs...)
		}
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string {
			return regexp.MustCompile(`.*earlier runs of this plan.*\n`).ReplaceAllString(text, "")
		})
	}},
	{rule: "impossible-precision", name: "a launch that was copied", contender: "go", change: func(_ *testing.T, s *scene) {
		launches := s.launchesOf("go")
		kept := s.edit(launches[5])
		var copied []evidenceSample
		for _, sample := range s.samples[launches[1]] {
			sample.Launch, sample.Replicate = kept[0].Launch, kept[0].Replicate
			copied = append(copied, sample)
		}
		s.replace(launches[5], copied)
	}},
	{rule: "impossible-precision", name: "launches that agree too well", contender: "go", change: func(_ *testing.T, s *scene) {
		s.phase("go", evidence.PhaseShort, func(sample *evidenceSample) { sample.InnerNanoseconds = 535 * int64(sample.Calls) })
	}},
	{rule: "granularity-impossible", name: "an invented mean", contender: "go", change: func(_ *testing.T, s *scene) {
		s.publish("go", func(figures map[string]any) { figures["mean_us"] = 0.5273291773 })
	}},
	{rule: "ratio-mismatch", name: "a ratio of another run", change: func(_ *testing.T, s *scene) {
		s.rewriteJSON("comparison_summary.json", func(file map[string]any) {
			for _, claim := range file["side_by_side"].([]any) {
				claim.(map[string]any)["ratio"] = 9.6
			}
		})
	}},
}

// phase changes the samples of one phase of a contender's launches.
func (s *scene) phase(contender string, phase evidence.Phase, change func(sample *evidenceSample)) {
	s.each(contender, func(sample *evidenceSample) {
		if sample.Phase == phase {
			change(sample)
		}
	})
}

// wild has one launch of a contender take so many times as long in everything.
func (s *scene) wild(contender string, times float64) {
	samples := s.edit(s.launchesOf(contender)[4])
	for i := range samples {
		for _, nanoseconds := range []*int64{&samples[i].InnerNanoseconds, samples[i].OuterNanoseconds, samples[i].CPUNanoseconds} {
			if nanoseconds != nil {
				*nanoseconds = scaled(*nanoseconds, times)
			}
		}
	}
}

// quick gives some of a contender's single calls a short time, and their request the sum
// of all.
func (s *scene) quick(contender string, nanoseconds int64, which func(call int) bool) {
	for _, launch := range s.launchesOf(contender) {
		saved := int64(0)
		s.launchCalls(launch, func(call int, was int64) int64 {
			if !which(call) {
				return was
			}
			saved += was - nanoseconds
			return nanoseconds
		})
		s.longerRequest(launch, -saved)
	}
}

// slowCalls adds time to a contender's single calls, and to their request.
func (s *scene) slowCalls(contender string, by func(call int) int64) {
	for _, launch := range s.launchesOf(contender) {
		added := int64(0)
		s.launchCalls(launch, func(call int, nanoseconds int64) int64 {
			added += by(call)
			return nanoseconds + by(call)
		})
		s.longerRequest(launch, added)
	}
}

// longerRequest adds time to a launch's request of single calls, by all three clocks.
func (s *scene) longerRequest(launch int, by int64) {
	samples := s.edit(launch)
	for i := range samples {
		if sample := &samples[i]; sample.Phase == evidence.PhaseRequest {
			sample.InnerNanoseconds += by
			*sample.OuterNanoseconds += by
			*sample.CPUNanoseconds += by
		}
	}
}

// A contender whose base64 is slow, as a cold JVM's or one written by hand, has invented
// nothing: 30 ms for a reply of 7 KB.
func TestASlowEncoderIsSpared(t *testing.T) {
	s := honest(t)
	for _, contender := range []string{"go", "pytorch"} {
		s.phase(contender, evidence.PhaseRequest, func(sample *evidenceSample) {
			*sample.OuterNanoseconds += 30_000_000
			*sample.CPUNanoseconds += 30_000_000
		})
	}
	for _, finding := range s.audit(t, audit.Options{}).Findings {
		if finding.Rule == "samples-invented" {
			t.Errorf("%s: %s", finding.Contender, finding.Message)
		}
	}
}

// Threads of a runtime that collects garbage take turns on the one CPU, and need not do so
// within calls.
func TestThreadsThatTakeTurnsBesideShortCallsAreSpared(t *testing.T) {
	s := honest(t)
	s.phase("go", evidence.PhaseRequest, func(sample *evidenceSample) { *sample.OuterNanoseconds += 1_000_000 })
	s.asked("go", func(request *evidence.Request) {
		if request.Phase == evidence.PhaseRequest && request.InvoluntarySwitches != nil {
			request.OuterNanoseconds += 1_000_000
			*request.InvoluntarySwitches = 11
		}
	})
	spares(t, s, "samples-invented")
}

// A contender as fast as its canonical runner is no sabotaged peer, calls timed one by
// one included.
func TestAContenderLikeItsCanonicalRunnerIsSpared(t *testing.T) {
	s := honest(t)
	s.beside("pytorch", 1)
	s.slowCalls("pytorch", func(int) int64 { return 300 })
	for _, finding := range s.audit(t, audit.Options{}).Findings {
		if finding.Rule == "sabotaged-peer" {
			t.Errorf("%s: %s", finding.Contender, finding.Message)
		}
	}
}

// launchCalls changes the times of a launch's single calls.
func (s *scene) launchCalls(launch int, change func(call int, nanoseconds int64) int64) {
	call := 0
	samples := s.edit(launch)
	for i := range samples {
		if samples[i].Phase == evidence.PhaseCall {
			samples[i].InnerNanoseconds = change(call, samples[i].InnerNanoseconds)
			call++
		}
	}
}

// inBlocks changes what the kernel said of a contender's processes over blocks.
func (s *scene) inBlocks(contender string, change func(*evidence.LaunchProcess)) {
	for i := range s.blocks {
		for j := range s.blocks[i].Processes {
			if process := &s.blocks[i].Processes[j]; process.Contender == contender {
				change(process)
			}
		}
	}
}

// twoThreads has two threads of a contender share its work over blocks.
func (s *scene) twoThreads(contender string) {
	s.inBlocks(contender, func(process *evidence.LaunchProcess) {
		half := process.Use.CPUNanoseconds / 2
		process.Use.Threads = []evidence.ThreadUse{{Thread: process.Use.Process, CPUNanoseconds: half}, {Thread: process.Use.Process + 1, CPUNanoseconds: half}}
	})
}

// A bundle made of old samples is found against the run that they are from.
func TestSamplesOfAnotherBundleAreFound(t *testing.T) {
	other := honest(t).write(t)
	report := honest(t).audit(t, audit.Options{With: []string{other}})
	found := slices.ContainsFunc(report.Findings, func(f audit.Finding) bool { return f.Rule == "samples-reused" })
	if !found {
		t.Errorf("no finding samples-reused: %+v", report.Counts)
	}
}

// Counters that no kernel gives end no audit.
func TestCountersThatNoKernelGivesAreNoProbabilities(t *testing.T) {
	s := honest(t)
	launches := s.launchesOf("go")
	for i, launch := range launches {
		requests := s.editRequests(launch)
		for at := range requests {
			if requests[at].Phase != evidence.PhaseRequest {
				continue
			}
			*requests[at].InvoluntarySwitches = 1_000_000_000_000
			*requests[at].WaitNanoseconds = math.MaxInt64
			if i%2 == 0 {
				*requests[at].InvoluntarySwitches = -1_000_000_000
				*requests[at].WaitNanoseconds = math.MinInt64
			}
		}
	}
	s.calls("pytorch", func(call int, nanoseconds int64) int64 {
		if call%3 == 0 {
			return -nanoseconds
		}
		return nanoseconds
	})
	if report := s.audit(t, audit.Options{}); len(report.Points) != 100 {
		t.Errorf("%d points", len(report.Points))
	}
}

// Numbers that would be counted up to for ever, and names without end, are refused.
func TestALedgerWithoutBoundsIsRefused(t *testing.T) {
	for name, change := range map[string]func(ledger []byte) []byte{
		"replicate -1": func(ledger []byte) []byte {
			return bytes.Replace(ledger, []byte(`"replicate":7`), []byte(`"replicate":-1`), 1)
		},
		"replicate 1000000000000": func(ledger []byte) []byte {
			return bytes.Replace(ledger, []byte(`"replicate":7`), []byte(`"replicate":1000000000000`), 1)
		},
		"2000 sessions": func(ledger []byte) []byte {
			return append(ledger, bytes.Repeat([]byte(`{"event":"resumed"}`+"\n"), 1999)...)
		},
		"more contenders": func(ledger []byte) []byte {
			for launch := range 100 {
				ledger = fmt.Appendf(ledger, `{"event":"launch-started","contender":"c%d","launch":%d}`+"\n", launch, 1000+launch)
			}
			return ledger
		},
	} {
		s := honest(t)
		s.resealed = append(s.resealed, func(t testing.TB, dir string) {
			path := filepath.Join(dir, evidence.LedgerFile)
			text, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, change(text), 0o644))
		})
		_, err := audit.Open(s.write(t), audit.Options{Parse: parse})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Two files of rows with one number could stand for each other.
func TestTwoFilesOfOneNumberAreRefused(t *testing.T) {
	s := honest(t)
	s.inputs[2] = append(s.inputs[2], s.inputs[drawnReplicate][0])
	if _, err := audit.Open(s.write(t), audit.Options{Parse: parse}); err == nil || !strings.Contains(err.Error(), "of rows is in replicate 2 and in replicate 3") {
		t.Error(err)
	}
}

// A suite file that is a link leads out of the bundle: nothing of what it leads to is
// read or told.
func TestALinkInThePlaceOfTheSuiteIsNotFollowed(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte("token = a secret"), 0o600))
	s := honest(t)
	s.resealed = append(s.resealed, func(t testing.TB, dir string) {
		must(t, os.Remove(filepath.Join(dir, evidence.SuiteFile)))
		must(t, os.Symlink(secret, filepath.Join(dir, evidence.SuiteFile)))
	})
	report := s.audit(t, audit.Options{})
	found(t, report, 74)
	if detail := report.Points[74-1].Detail; strings.Contains(detail, "secret") || strings.Contains(detail, "token") {
		t.Errorf("point 74 tells %q", detail)
	}
}

// Where the host takes much, the kernel counts to a process what was taken from it.
func TestTimeThatTheHostTookIsNoLieOfAClock(t *testing.T) {
	for name, run := range map[string]struct {
		stolen  float64
		accused bool
	}{"the host takes a third": {0.33, false}, "the host takes little": {0.02, true}} {
		t.Run(name, func(t *testing.T) {
			s := honest(t)
			for _, observation := range s.observations {
				observation.StolenShare = run.stolen
			}
			for _, phase := range []evidence.Phase{evidence.PhaseLong, evidence.PhaseNear} {
				s.phase("go", phase, func(sample *evidenceSample) { *sample.CPUNanoseconds += sample.InnerNanoseconds / 2 })
			}
			opened, err := audit.Open(s.write(t), audit.Options{Parse: parse})
			must(t, err)
			accused := slices.ContainsFunc(judge.Bundle(opened).Findings, func(f audit.Finding) bool { return f.Rule == "inner-inconsistent" })
			if accused != run.accused {
				t.Errorf("accused: %v", accused)
			}
		})
	}
}

// An engine that reads the many rows of long bursts for a fifth of their time does so in
// the requests without calls beside them, and not in those beside near ones.
func TestReadingManyRowsIsNoLieOfAClock(t *testing.T) {
	s := honest(t)
	for _, launch := range s.launchesOf("go") {
		samples := s.edit(launch)
		long, reading := map[int32]bool{}, int64(0)
		for _, sample := range samples {
			if sample.Phase == evidence.PhaseLong {
				long[sample.Round], reading = true, sample.InnerNanoseconds/5
			}
		}
		for i, sample := range samples {
			if long[sample.Round] && (sample.Phase == evidence.PhaseLong || sample.Phase == evidence.PhaseEmpty) {
				*samples[i].CPUNanoseconds += reading
				*samples[i].OuterNanoseconds += reading
			}
		}
	}
	if found := judge.FindingsOf(s.open(t, audit.Options{}), "inner-inconsistent"); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

// What a contender did that the claim is not about is shown, and decides other claims.
func TestOtherContendersDoNotDecide(t *testing.T) {
	s := honest(t)
	s.each("aprender", func(sample *evidenceSample) { sample.InnerNanoseconds /= 2 })
	dir := s.write(t)
	for claim, verdict := range map[string]audit.Verdict{"go/pytorch": audit.Accepted, "aprender/pytorch": audit.Rejected} {
		opened, err := audit.Open(dir, audit.Options{Claim: claim, Parse: parse})
		must(t, err)
		report := judge.Bundle(opened)
		shown := slices.ContainsFunc(report.Findings, func(f audit.Finding) bool {
			return f.Rule == "inner-scaled" && f.Contender == "aprender" && f.Severity == audit.Error
		})
		if report.Verdict != verdict || !shown {
			t.Errorf("%s is %s where %s is due; the finding is shown: %v; %s", claim, report.Verdict, verdict, shown, report.Undecided)
		}
	}
}

// The run's own checks dispute claims about those that they accuse. Each of them is
// asked by a point or a rule; one that none asks leaves the question open.
func TestNobodyIsAcceptedWhomTheRunAccuses(t *testing.T) {
	dir := honest(t).write(t)
	open := func() (*audit.Case, *estimate.Contender) {
		t.Helper()
		opened, err := audit.Open(dir, audit.Options{Parse: parse})
		must(t, err)
		return opened, &opened.Estimates.Contenders[0]
	}
	opened, contender := open()
	if report := judge.Bundle(opened); report.Verdict != audit.Accepted {
		t.Fatalf("the honest bundle is %s: %s", report.Verdict, report.Undecided)
	}
	judged := 0
	for i, check := range contender.Checks {
		if !check.Accuses || !check.Judged {
			continue
		}
		judged++
		opened, contender := open()
		contender.Checks[i].Holds = false
		if report := judge.Bundle(opened); report.Verdict != audit.Rejected {
			t.Errorf("accused by %s: %s", check.Rule, report.Verdict)
		}
	}
	if judged < 10 {
		t.Errorf("only %d checks were judged", judged)
	}
	opened, contender = open()
	contender.Checks = append(contender.Checks, estimate.Check{Rule: "a new one", Accuses: true, Judged: true})
	if report := judge.Bundle(opened); report.Verdict != audit.Undecided || report.Undecided == "" {
		t.Errorf("accused by a new check: %s, %q", report.Verdict, report.Undecided)
	}
}
