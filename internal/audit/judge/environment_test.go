package judge_test

// This file holds the tampered bundles for the points of the category environment.

import (
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/audit/judge"
	"cupel/internal/evidence"
	"cupel/internal/testtier"
)

var environmentCases = []tampering{
	{point: 56, name: "one contender on efficiency cores", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		for i := range s.machines {
			other := s.machines[i].Processors[0]
			other.Number, other.CoreType = 2, "efficiency"
			s.machines[i].Processors = append(s.machines[i].Processors, other)
		}
		s.onCPUs("pytorch", 2)
	}},
	{point: 56, name: "another stepping for some launches", change: func(_ *testing.T, s *scene) {
		for i := range s.machines {
			if s.machines[i].Replicate > 5 {
				s.machines[i].Processors[0].Stepping = "9"
			}
		}
	}},
	{point: 57, name: "replicates of two machines", change: func(_ *testing.T, s *scene) {
		for i := range s.machines {
			if s.machines[i].Replicate > 5 {
				s.machines[i].Identity.SHA256 = sha256Of([]byte("another machine"))
			}
		}
	}},
	{point: 57, name: "replicates of two boots", change: func(_ *testing.T, s *scene) { s.machines[7].Identity.BootID = "6e65-7862-6f6f-74" }},
	{point: 57, name: "a clock that goes back", change: func(_ *testing.T, s *scene) { s.machines[7].Clocks.MonotonicNanoseconds = 5e9 }},
	{point: 57, name: "one contender after the other", change: func(_ *testing.T, s *scene) {
		s.rows(evidence.EventEnded, "go", func(row *evidence.LedgerRow) { row.ElapsedNanoseconds = 0 })
	}},
	{point: 58, name: "a slower core in one contender's turns", change: func(_ *testing.T, s *scene) { s.slowCanary("pytorch", func(int32) float64 { return 1.4 }) }},
	{point: 58, name: "a machine that is slow now and then", change: func(_ *testing.T, s *scene) {
		for _, contender := range []string{"go", "pytorch", "aprender", "go@control"} {
			s.slowCanary(contender, func(replicate int32) float64 {
				if replicate%3 == 0 {
					return 1.3
				}
				return 1
			})
		}
	}},
	{point: 58, name: "a governor that saves power", change: func(_ *testing.T, s *scene) {
		for i := range s.machines {
			p := &s.machines[i].Processors[0]
			p.Governor, p.Hertz, p.MaximumHertz = "powersave", 1_200_000_000, 3_000_000_000
		}
	}},
	{point: 59, name: "a machine that slows down", change: func(_ *testing.T, s *scene) {
		for _, contender := range []string{"go", "pytorch", "aprender", "go@control"} {
			s.slowCanary(contender, func(replicate int32) float64 { return 1 + 0.012*float64(replicate) })
		}
	}},
	{point: 59, name: "a core slowed for its heat", change: func(_ *testing.T, s *scene) {
		for i := range s.machines {
			s.machines[i].Processors[0].Throttles = pointer(int64(i))
		}
	}},
	{point: 60, name: "a page swapped in", change: func(_ *testing.T, s *scene) { s.blocks[3].Machine.SwapInBytes = 4096 }},
	{point: 60, name: "hardly any memory left", change: func(_ *testing.T, s *scene) { s.blocks[3].Watch.Memory.AvailableBytes = 1 << 30 }},
	{point: 60, name: "a process partly in swap", change: func(_ *testing.T, s *scene) {
		s.seen("go", func(look *evidence.Inspection) { look.SwappedBytes = 8192 })
	}},
	{point: 61, name: "a nightly build", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.packages["pytorch"].Packages[0].Version = "2.10.0.dev20251101"
	}},
	{point: 61, name: "a release of five years ago", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.packages["pytorch"].Packages[0].Version, s.packages["pytorch"].Packages[0].Released = "1.10.0", "2021-10-21"
	}},
	{point: 62, name: "Python 3.8", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.packages["pytorch"].Runtime = "Python 3.8.20" }},
	{point: 62, name: "a Go that nobody maintains", contender: "go", change: func(_ *testing.T, s *scene) {
		s.binaryOf("go", func(binary *evidence.Binary) { binary.Go.Version = "go1.21.3" })
	}},
	{point: 63, name: "an unreleased Go", contender: "go", change: func(_ *testing.T, s *scene) {
		s.binaryOf("go", func(binary *evidence.Binary) { binary.Go.Version = "go1.27-devel_8a1b2c" })
	}},
	{point: 63, name: "a nightly rustc", contender: "aprender", change: func(_ *testing.T, s *scene) {
		s.binaryOf("aprender", func(binary *evidence.Binary) {
			binary.Comments = []string{"rustc version 1.96.0-nightly (59807616e 2026-04-14)"}
		})
	}},
	{point: 64, name: "a release with debug information", contender: "aprender", change: func(_ *testing.T, s *scene) {
		s.binaryOf("aprender", func(binary *evidence.Binary) { binary.DebugInfo = true })
	}},
	{point: 65, name: "another library of linear algebra", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.mapped("pytorch", func(files []evidence.MappedFile) []evidence.MappedFile {
			return append(files, fileOf("/usr/lib/x86_64-linux-gnu/libopenblas.so.0", evidence.OriginSystem, "", nil))
		})
	}},
	{point: 65, name: "a variable that chooses other code", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.seen("pytorch", func(look *evidence.Inspection) {
			look.Environment = append(look.Environment, evidence.Variable{Name: "ATEN_CPU_CAPABILITY", Value: pointer("default")})
		})
	}},
	{point: 65, name: "more threads for the library than planned", contender: "go", change: func(_ *testing.T, s *scene) {
		s.firstSeen("go", func(look *evidence.Inspection) { look.Environment[1].Value = pointer("2") })
	}},
	{point: 66, name: "a stranger at 60% of a core", change: func(_ *testing.T, s *scene) { s.stranger(evidence.ProcessTime{}, 0.6) }},
	{point: 66, name: "a stranger with a thread on the contenders' core", change: func(_ *testing.T, s *scene) {
		s.stranger(evidence.ProcessTime{Processors: []int{0, 1}}, 0.1)
	}},
	{point: 66, name: "bursts that wait for their CPU", change: func(_ *testing.T, s *scene) {
		for _, contender := range []string{"go", "pytorch", "aprender", "go@control"} {
			s.asked(contender, func(request *evidence.Request) {
				if request.WaitNanoseconds != nil {
					*request.WaitNanoseconds = request.OuterNanoseconds / 5
					*request.CPUNanoseconds = request.OuterNanoseconds * 4 / 5
				}
			})
		}
	}},
	{point: 66, name: "a host that takes a fifth of the time", change: func(_ *testing.T, s *scene) {
		for i := range s.blocks {
			s.blocks[i].Machine.CPUs[1].StealNanoseconds = s.blocks[i].Machine.WallNanoseconds / 5
		}
	}},
	{point: 67, name: "a collector at work beside the calls", contender: "go", change: func(_ *testing.T, s *scene) { s.besides("go", 0.25) }},
	{point: 67, name: "garbage that is kept", contender: "go", change: func(_ *testing.T, s *scene) { s.leak("go") }},
	{point: 67, name: "memory touched anew in each call", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.MinorFaults != nil {
				*request.MinorFaults += int64(request.Calls) / 4
			}
		})
	}},
	{point: 68, name: "a compiler as a child", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.seen("pytorch", func(look *evidence.Inspection) {
			if look.Moment == evidence.MomentSteady {
				look.Descendants = []evidence.ProcessTime{{Process: 4711, Name: "cc1", CPUNanoseconds: 5e9}}
			}
		})
	}},
	{point: 68, name: "another program in the last launch", contender: "go", change: func(_ *testing.T, s *scene) {
		launches := s.launchesOf("go")
		s.seen("go", func(look *evidence.Inspection) {
			if look.Launch == launches[len(launches)-1] {
				look.Executable = sha256Of([]byte("built meanwhile"))
			}
		})
	}},
	{point: 69, name: "two threads that share the work of the rounds", contender: "go", change: func(_ *testing.T, s *scene) { s.twoThreads("go") }},
	{point: 69, name: "two threads at work", contender: "go", change: func(_ *testing.T, s *scene) { s.besides("go", 0.5) }},
	{point: 69, name: "two CPUs at a time", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseLong || sample.Phase == evidence.PhaseNear {
				*sample.CPUNanoseconds *= 2
			}
		})
	}},
	{point: 69, name: "a CPU more than planned", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.onCPUs("pytorch", 0, 1) }},
	{point: 69, name: "a helper process at work", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		for i := range s.blocks {
			for j := range s.blocks[i].Processes {
				if process := &s.blocks[i].Processes[j]; process.Contender == "pytorch" {
					process.Use.DescendantCPUNanoseconds = 2e9
				}
			}
		}
	}},
	{point: 70, name: "memory on the other node", contender: "go", change: func(_ *testing.T, s *scene) {
		s.twoNodes()
		s.seen("go", func(look *evidence.Inspection) { look.NodePages = map[int]int64{0: 700, 1: 300} })
	}},
	{point: 70, name: "CPUs of two nodes", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.twoNodes()
		s.onCPUs("pytorch", 0, 1)
	}},
}

// onCPUs has a contender's threads run on these CPUs.
func (s *scene) onCPUs(contender string, cpus ...int) {
	s.seen(contender, func(look *evidence.Inspection) {
		for i := range look.Threads {
			look.Threads[i].CPUs = cpus
		}
	})
}

// slowCanary has the harness's loop take longer before a contender's bursts.
func (s *scene) slowCanary(contender string, times func(replicate int32) float64) {
	s.each(contender, func(sample *evidenceSample) {
		if sample.CanaryBeforeNanoseconds != nil {
			*sample.CanaryBeforeNanoseconds = scaled(*sample.CanaryBeforeNanoseconds, times(sample.Replicate))
		}
	})
}

// besides gives threads other than the busiest a share of a contender's CPU time.
func (s *scene) besides(contender string, share float64) {
	s.asked(contender, func(request *evidence.Request) {
		if request.BusiestNanoseconds != nil {
			*request.BusiestNanoseconds = scaled(*request.CPUNanoseconds, 1-share)
		}
	})
}

// A runtime's own thread has a fixed time of a burst, which is much of a short one.
func TestARuntimesOwnThreadIsNoSecondOne(t *testing.T) {
	s := honest(t)
	s.besides("go", 0.15)
	s.besides("pytorch", 0.02)
	spares(t, s, "point-67", "point-69")
}

// spares fails if one of the rules finds an error.
func spares(t *testing.T, s *scene, rules ...string) {
	t.Helper()
	opened := s.open(t, audit.Options{})
	for _, rule := range rules {
		for _, finding := range judge.FindingsOf(opened, rule) {
			if finding.Severity == audit.Error {
				t.Errorf("%s: %s: %s", rule, finding.Contender, finding.Message)
			}
		}
	}
}

// Threads of one process that wait behind one another for its one CPU wait for nobody
// else.
func TestThreadsThatWaitForTheirOwnAreNoLoad(t *testing.T) {
	s := honest(t)
	for _, contender := range []string{"go", "pytorch", "aprender", "go@control"} {
		s.asked(contender, func(request *evidence.Request) {
			if request.WaitNanoseconds != nil {
				*request.WaitNanoseconds, *request.CPUNanoseconds = request.OuterNanoseconds/3, request.OuterNanoseconds
			}
		})
	}
	spares(t, s, "point-66")
}

// twoNodes gives the machine two NUMA nodes, of a CPU each.
func (s *scene) twoNodes() {
	for i := range s.machines {
		s.machines[i].Memory.Nodes = 2
	}
	for i := range s.environment.Machine.Topology.CPUs {
		s.environment.Machine.Topology.CPUs[i].Node = i
	}
	for _, look := range s.inspections {
		look.NodePages = map[int]int64{1: 1000}
	}
}

// A machine with two nodes is no fault where a contender keeps to one.
func TestAContenderOnOneOfTwoNodesPasses(t *testing.T) {
	s := honest(t)
	s.twoNodes()
	report := s.audit(t, audit.Options{})
	if point := report.Points[70-1]; point.Status != audit.Pass {
		t.Errorf("point 70 is a %s: %s", point.Status, point.Detail)
	}
}

// Strangers' compilers are their own business, and are named.
func TestCompilersOfStrangersAreNamed(t *testing.T) {
	s := honest(t)
	s.blocks[2].Watch.Compilers = []string{"rustc"}
	report := s.audit(t, audit.Options{})
	point := report.Points[68-1]
	if point.Status != audit.Pass {
		t.Fatalf("point 68 is a %s: %s", point.Status, point.Detail)
	}
	for _, figure := range point.Judgements[0].Figures {
		if strings.Contains(figure.Value, "rustc") {
			return
		}
	}
	t.Errorf("no figure names the compiler: %+v", point.Judgements[0].Figures)
}

// Points on the end of a language's line.
func TestRuntimesAtTheirEnd(t *testing.T) {
	testtier.Gate(t) // It writes and audits a whole bundle for each case.
	for runtime, due := range map[string]audit.Status{
		"Python 3.11.7": audit.Pass, "3.14.0": audit.Pass, "Python 3.9.2": audit.Fail, "Python 2.7.18": audit.Fail,
		"Python 3.15.0rc1": audit.Fail, "": audit.Skip, "Python 3.99.0": audit.Skip, "Python 3.10.4": audit.Fail,
	} {
		s := honest(t)
		s.packages["pytorch"].Runtime = runtime
		report := s.audit(t, audit.Options{})
		if got := report.Points[62-1].Judgements[1]; got.Status != due {
			t.Errorf("%q: %s where %s is due: %s", runtime, got.Status, due, got.Detail)
		}
	}
}

// stranger has another process use a share of a CPU throughout.
func (s *scene) stranger(process evidence.ProcessTime, share float64) {
	process.Process, process.Name = 4711, "stranger"
	for i := range s.blocks {
		process.CPUNanoseconds = int64(share * float64(s.blocks[i].Machine.WallNanoseconds))
		s.blocks[i].Machine.Busiest = []evidence.ProcessTime{process}
	}
}

// Who works on other cores is no load for the contenders, and what their own cores did
// beyond the contenders bounds what strangers can have done there.
func TestStrangersOnOtherCoresAreNoLoad(t *testing.T) {
	for name, change := range map[string]func(*scene){
		"last seen on another core": func(s *scene) { s.stranger(evidence.ProcessTime{Processors: []int{0}}, 0.6) },
		"somewhere, with the contenders' core idle but for them": func(s *scene) {
			s.stranger(evidence.ProcessTime{}, 0.6)
			for i := range s.blocks {
				s.blocks[i].Machine.CPUs[1].UserNanoseconds -= 700_000_000
			}
		},
	} {
		s := honest(t)
		change(s)
		if point := s.audit(t, audit.Options{}).Points[66-1]; point.Status != audit.Pass {
			t.Errorf("%s: point 66 is a %s: %s", name, point.Status, point.Detail)
		}
	}
}
