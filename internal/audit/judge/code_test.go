package judge_test

// This file holds the tampered bundles for the points of the category code.

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/dataset"
	"cupel/internal/evidence"
	"cupel/internal/testtier"
)

var codeCases = []tampering{
	{point: 31, name: "a slower runner of one's own", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.beside("pytorch", 1.3) }},
	{point: 31, name: "a runner of one's own with a larger model behind the same cost of a call", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.beside("pytorch", 1)
		s.widths("pytorch", func(times int, inner, calls int64) int64 { return inner + calls*int64(times)*multiplyAdds/10 })
	}},
	{point: 32, name: "a graphics processor of the host of a virtual machine", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.seen("pytorch", func(look *evidence.Inspection) { look.Devices = []string{"/dev/dxg"} })
	}},
	{point: 32, name: "a graphics processor open", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.seen("pytorch", func(look *evidence.Inspection) { look.Devices = []string{"/dev/nvidia0"} })
	}},
	{point: 32, name: "the CPU idle while something computes", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseLong || sample.Phase == evidence.PhaseNear {
				*sample.CPUNanoseconds /= 5
			}
		})
	}},
	{point: 33, name: "memory that grows with the calls", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.asked("pytorch", func(request *evidence.Request) {
			if request.ResidentBytes != nil {
				*request.ResidentBytes += int64(request.Round) << 20
			}
		})
	}},
	{point: 33, name: "memory that grows slowly with the calls", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.leak("pytorch") }},
	{point: 33, name: "a runner that records gradients", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.beside("pytorch", 1.47) }},
	{point: 34, name: "scores of no rows", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.noScores("pytorch") }},
	{point: 34, name: "running statistics updated", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.otherScores("pytorch", evidence.ScoresLast, 0.001) }},
	{point: 34, name: "answers that depend on the order", contender: "go", change: func(_ *testing.T, s *scene) { s.otherScores("go", evidence.ScoresReordered, 0.001) }},
	{point: 35, name: "a graph compiled under the eager name", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.seen("pytorch", func(look *evidence.Inspection) { look.Unfiled = []evidence.UnfiledMapping{{Bytes: 1 << 16}} })
	}},
	{point: 35, name: "code that appears after the warm-up", contender: "go", change: func(_ *testing.T, s *scene) {
		s.seen("go", func(look *evidence.Inspection) {
			if look.Moment == evidence.MomentLast {
				look.Unfiled = []evidence.UnfiledMapping{{Name: "/memfd:code (deleted)", Bytes: 4096}}
			}
		})
	}},
	{point: 35, name: "code made after steady state by a declared compiler", contender: "aprender", change: func(t *testing.T, s *scene) {
		s.makesCode(t, "aprender", true)
		s.seen("aprender", func(look *evidence.Inspection) {
			if look.Moment == evidence.MomentLast {
				look.Unfiled = []evidence.UnfiledMapping{{Bytes: 1 << 17}}
			}
		})
	}},
	{point: 35, name: "a JIT that is not declared", contender: "aprender", change: func(t *testing.T, s *scene) { s.makesCode(t, "aprender", false) }},
	{point: 36, name: "a byte of a package's file changed", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.packages["pytorch"].Packages[0].Changed = []string{"torch/nn/functional.py"}
	}},
	{point: 36, name: "a lock file of one's own", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		name := filepath.Join(evidence.ContendersDir, "pytorch", "requirements.lock")
		s.files[name] = append(bytes.Clone(s.files[name]), []byte("\nslow==1.0\n")...)
	}},
	{point: 36, name: "another program than the one that measured", contender: "go", change: func(_ *testing.T, s *scene) {
		s.mapped("go", func(files []evidence.MappedFile) []evidence.MappedFile {
			files[0].SHA256 = sha256Of([]byte("patched"))
			return files
		})
	}},
	{point: 37, name: "a Go build without optimisation", contender: "go", change: func(_ *testing.T, s *scene) {
		s.binaryOf("go", func(binary *evidence.Binary) { binary.Go.Settings["-gcflags"] = "all=-N -l" })
	}},
	{point: 37, name: "a Go build with the race detector", contender: "go", change: func(_ *testing.T, s *scene) {
		s.binaryOf("go", func(binary *evidence.Binary) { binary.Go.Settings["-race"] = "true" })
	}},
	{point: 37, name: "a stripped debug build", contender: "aprender", change: func(_ *testing.T, s *scene) {
		s.binaryOf("aprender", func(binary *evidence.Binary) { binary.OverflowChecks = true })
	}},
	{point: 37, name: "a log of a debug profile", contender: "aprender", change: func(_ *testing.T, s *scene) {
		s.replaceIn("aprender", "build.log", "`release` profile [optimized]", "`dev` profile [unoptimized + debuginfo]")
	}},
	{point: 38, name: "a build with a profile", contender: "go", change: func(_ *testing.T, s *scene) {
		s.binaryOf("go", func(binary *evidence.Binary) { binary.Go.Settings["-pgo"] = "/tmp/default.pgo" })
	}},
	{point: 38, name: "C for the native processor in a Go build", contender: "go", change: setCFlags("-O2 -march=native")},
	{point: 38, name: "C with loops unrolled in a Go build", contender: "go", change: setCFlags("-g -O3")},
	{point: 38, name: "link-time optimisation", contender: "aprender", change: func(_ *testing.T, s *scene) {
		s.replaceIn("aprender", "Cargo.toml", "[package]", "[profile.release]\nlto = \"fat\"\n\n[package]")
	}},
	{point: 38, name: "flags for the native processor", contender: "aprender", change: func(_ *testing.T, s *scene) {
		s.builds["aprender"].Environment = []evidence.Variable{{Name: "RUSTFLAGS", Value: pointer("-C target-cpu=native")}}
	}},
	{point: 38, name: "link-time optimisation by a variable", contender: "aprender", change: setVariable("CARGO_PROFILE_RELEASE_LTO", "fat")},
	{point: 38, name: "one unit of code by a variable", contender: "aprender", change: setVariable("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")},
	{point: 38, name: "a dependency's own level by a variable", contender: "aprender", change: setVariable("CARGO_PROFILE_RELEASE_PACKAGE_APRENDER_OPT_LEVEL", "1")},
	{point: 38, name: "flags divided by no space", contender: "aprender", change: setVariable("CARGO_ENCODED_RUSTFLAGS", "-C\x1flto")},
	{point: 38, name: "link-time optimisation by a dotted key", contender: "aprender", change: addToManifest("profile.release.lto = \"fat\"")},
	{point: 38, name: "link-time optimisation in single quotes", contender: "aprender", change: addToManifest("[profile.release]\nlto = 'fat'")},
	{point: 38, name: "link-time optimisation in an inline table", contender: "aprender", change: addToManifest("profile = { release = { lto = true } }")},
	{point: 38, name: "a dependency's own level", contender: "aprender", change: addToManifest("[profile.release.package.aprender]\nopt-level = 1")},
	{point: 38, name: "an overridden profile", contender: "aprender", change: addToManifest("[profile]\nrelease.panic = \"abort\"")},
	{point: 39, name: "the wall clock set inside a burst, and followed", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.each("pytorch", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseLong && sample.Round == 12 {
				sample.InnerNanoseconds += 1_000_000_000
			}
		})
	}},
	{point: 39, name: "the wall clock set inside a burst", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.OffsetNanoseconds != nil && request.Round == 24 {
				*request.OffsetNanoseconds = -1_000_000_000
			}
		})
	}},
	{point: 40, name: "four times the calls as fast as once", contender: "go", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			if sample.Phase == evidence.PhaseMultiple(4) {
				*sample.CPUNanoseconds /= 3
			}
		})
	}},
	{point: 40, name: "inlining forced in the runner", contender: "aprender", change: func(_ *testing.T, s *scene) {
		s.replaceIn("aprender", "src/main.rs", "fn ", "#[inline(always)]\nfn ")
	}},
	{point: 41, name: "one pixel changed", change: func(_ *testing.T, s *scene) { s.otherData(func(data dataset.Examples) { data.X[7] += 0.5 }) }},
	{point: 42, name: "one label flipped", change: func(_ *testing.T, s *scene) {
		s.otherData(func(data dataset.Examples) { data.Labels[7] = 1 - data.Labels[7] })
	}},
	{point: 43, name: "999 rows", change: func(_ *testing.T, s *scene) {
		s.rows(evidence.EventFitted, "", func(row *evidence.LedgerRow) { row.TrainingRows = 999 })
	}},
	{point: 44, name: "a row of zeros", contender: "go", change: func(_ *testing.T, s *scene) {
		sent := map[int32]bool{}
		s.asked("go", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseRequest {
				sent[request.Inputs] = true
			}
		})
		for _, files := range s.inputs {
			for i := range files {
				if sent[files[i].Number] {
					files[i].SHA256 = sha256Of(make([]byte, 784*4))
				}
			}
		}
	}},
	{point: 45, name: "weights in 16 bits", contender: "go", change: func(_ *testing.T, s *scene) {
		s.rows(evidence.EventEnded, "go", func(row *evidence.LedgerRow) { row.BoundaryWrong = row.BoundaryRows / 2 })
	}},
}

// leak has a contender's memory grow by 13 megabytes over a launch.
func (s *scene) leak(contender string) { s.grow(contender, 64<<10) }

// grow has a contender's memory grow by as many bytes with each round.
func (s *scene) grow(contender string, bytes int64) {
	s.asked(contender, func(request *evidence.Request) {
		if request.ResidentBytes != nil {
			*request.ResidentBytes += int64(request.Round) * bytes
		}
	})
}

// What requests leave behind lies there until a runtime first collects it.
func TestAHeapBeforeItsFirstCollectionIsNoLeak(t *testing.T) {
	s := honest(t)
	s.grow("go", 16<<10)
	spares(t, s, "point-33", "point-67")
}

// setCFlags has the C of go's program be compiled with flags.
func setCFlags(flags string) func(*testing.T, *scene) {
	return func(_ *testing.T, s *scene) {
		s.binaryOf("go", func(binary *evidence.Binary) { binary.Go.Settings["CGO_CFLAGS"] = flags })
	}
}

// setVariable sets a variable of aprender's build.
func setVariable(name, value string) func(*testing.T, *scene) {
	return func(_ *testing.T, s *scene) {
		s.builds["aprender"].Environment = []evidence.Variable{{Name: name, Value: pointer(value)}}
	}
}

// addToManifest adds lines to aprender's manifest.
func addToManifest(lines string) func(*testing.T, *scene) {
	return func(_ *testing.T, s *scene) {
		s.replaceIn("aprender", "Cargo.toml", "[package]", lines+"\n\n[package]")
	}
}

// What changes nothing of the arithmetic, or says what cargo does anyhow, is no tuning.
func TestOrdinaryBuildsPass(t *testing.T) {
	testtier.Gate(t) // It writes and audits a whole bundle for each case.
	for name, change := range map[string]func(*testing.T, *scene){
		"debug information by a variable": setVariable("CARGO_PROFILE_RELEASE_DEBUG", "true"),
		"cargo's own level by a variable": setVariable("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3"),
		"a level for build scripts":       setVariable("CARGO_PROFILE_RELEASE_BUILD_OVERRIDE_OPT_LEVEL", "3"),
		"a directory":                     setVariable("CARGO_TARGET_DIR", "fat"),
		"symbols stripped":                addToManifest("[profile.release]\nstrip = 'symbols'\ndebug = false"),
		"another profile":                 addToManifest("[profile.dev]\nlto = false"),
		"C as it is compiled anyhow":      setCFlags("-g -O2 -fstack-protector-strong"),
		"a Go program with Rust's messages in its text": func(_ *testing.T, s *scene) {
			s.binaryOf("go", func(binary *evidence.Binary) { binary.OverflowChecks = true })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := honest(t)
			change(t, s)
			judged(t, s.audit(t, audit.Options{Claim: "go/aprender"}), []int{37, 38})
		})
	}
}

// beside has aprender map a library of its build's beside its program.
func (s *scene) besideProgram(library string) {
	s.mapped("aprender", func(files []evidence.MappedFile) []evidence.MappedFile {
		return append(files, fileOf("$CACHE/engines/aprender-1/target/release/"+library, evidence.OriginBuild, "", nil))
	})
}

// A library that is said to be of the build and that nothing recorded may be any.
func TestALibraryThatNoBuildRecordedIsUnknown(t *testing.T) {
	s := honest(t)
	s.besideProgram("libfast.so")
	report := s.audit(t, audit.Options{Claim: "go/aprender"})
	for _, id := range []int{14, 36} {
		if point := report.Points[id-1]; point.Status != audit.Skip {
			t.Errorf("point %d is a %s: %s", id, point.Status, point.Detail)
		}
	}
}

// binaryOf changes what a contender's program says of its build.
func (s *scene) binaryOf(contender string, change func(*evidence.Binary)) {
	s.mapped(contender, func(files []evidence.MappedFile) []evidence.MappedFile {
		change(files[0].Binary)
		return files
	})
}

// harnessBuild changes how the program was built that measured, which is also what
// runs the contender go.
func (s *scene) harnessBuild(change func(*evidence.GoBuild)) {
	harness, build := *s.harness, *s.harness.Binary.Go
	build.Modules = slices.Clone(build.Modules)
	change(&build)
	harness.Binary.Go = &build
	s.harness = &harness
}

// replaceIn changes a file of a contender's folder, and its digest where one is on
// record.
func (s *scene) replaceIn(contender, name, old, new string) {
	path := filepath.Join(evidence.ContendersDir, contender, name)
	text := string(s.files[path])
	if !strings.Contains(text, old) {
		panic(path + " does not have " + old)
	}
	s.files[path] = []byte(strings.Replace(text, old, new, 1))
	if build := s.builds[contender]; build != nil && build.SourceFiles[name] != "" {
		build.SourceFiles[name] = sha256Of(s.files[path])
	}
}

// otherData has the model fitted on changed data.
func (s *scene) otherData(change func(dataset.Examples)) {
	data := dataset.Synthetic(dataset.SyntheticRows, dataset.SyntheticDim)
	change(data)
	s.rows(evidence.EventFitted, "", func(row *evidence.LedgerRow) { row.SHA256["training data"] = dataset.Digest(data) })
}

// A runner of one's own that is as fast as the engine's canonical one carries no
// ballast.
func TestAnEquallyFastRunnerOfOnesOwnPasses(t *testing.T) {
	s := honest(t)
	s.beside("pytorch", 1)
	report := s.audit(t, audit.Options{})
	for _, id := range []int{31, 33} {
		if point := report.Points[id-1]; point.Status != audit.Pass {
			t.Errorf("point %d is a %s: %s", id, point.Status, point.Detail)
		}
	}
}

// A runner that somebody changed where it was installed is not this program's, whatever
// the program has embedded: what it costs is then judged by the canonical one beside it.
func TestAChangedRunnerIsNotCanonical(t *testing.T) {
	spin := func(s *scene, contender string) {
		name := filepath.Join(evidence.ContendersDir, contender, "cupel_contender.py")
		s.files[name] = append(bytes.Clone(s.files[name]), []byte("\nwhile clock() < due: pass\n")...)
	}
	for name, change := range map[string]func(*scene){
		"of a contender":                 func(s *scene) { spin(s, "pytorch") },
		"of the canonical one beside it": func(s *scene) { s.beside("pytorch", 1); spin(s, "pytorch@canonical") },
	} {
		t.Run(name, func(t *testing.T) {
			s := honest(t)
			change(s)
			report := s.audit(t, audit.Options{})
			for _, id := range []int{31, 33, 91, 92} {
				if point := report.Points[id-1]; point.Status != audit.Skip {
					t.Errorf("point %d is a %s: %s", id, point.Status, point.Detail)
				}
			}
		})
	}
}

// makesCode makes a contender one of the suite's own that has code in memory, all of
// it before it is timed, as a JIT has.
func (s *scene) makesCode(t *testing.T, contender string, declared bool) {
	s.plan.Own = append(s.plan.Own, contender)
	if declared {
		s.plan.Compiles = []string{contender}
	}
	s.planDigest(t)
	s.seen(contender, func(look *evidence.Inspection) { look.Unfiled = []evidence.UnfiledMapping{{Bytes: 1 << 16}} })
}

// Node, the JVM and their like compile at run time, and honestly so where that is
// declared and over before they are timed.
func TestADeclaredCompilerThatIsDoneIsSpared(t *testing.T) {
	s := honest(t)
	s.makesCode(t, "aprender", true)
	if point := s.audit(t, audit.Options{Claim: "go/aprender"}).Points[34]; point.Status != audit.Pass {
		t.Errorf("point 35 is a %s: %s", point.Status, point.Detail)
	}
}

// Of a program of one's own nothing tells what it was made from, which is no fault of
// it: the same program under a built-in's name is one.
func TestAnOwnProgramFromNowhereKnownIsASkip(t *testing.T) {
	s := honest(t)
	s.plan.Own = append(s.plan.Own, "aprender")
	s.planDigest(t)
	delete(s.builds, "aprender")
	elsewhere := fileOf("/home/me/engine", evidence.OriginUnknown, "", nil)
	s.mapped("aprender", func([]evidence.MappedFile) []evidence.MappedFile { return []evidence.MappedFile{elsewhere, libc()} })
	report := s.audit(t, audit.Options{Claim: "go/aprender"})
	for _, id := range []int{14, 36} {
		if point := report.Points[id-1]; point.Status != audit.Skip || !strings.Contains(point.Detail, elsewhere.Path) {
			t.Errorf("point %d is a %s: %s", id, point.Status, point.Detail)
		}
	}
}
