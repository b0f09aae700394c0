package judge_test

// This file holds the tampered bundles for the points of the category
// reproducibility.

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/dataset"
	"cupel/internal/evidence"
)

var reproducibilityCases = []tampering{
	{point: 71, name: "a third that is 12% off", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			if sample.Replicate > 7 {
				sample.InnerNanoseconds = scaled(sample.InnerNanoseconds, 1.12)
			}
		})
	}},
	{point: 72, name: "one launch with another row", change: func(_ *testing.T, s *scene) {
		files := s.inputs[7]
		at := slices.IndexFunc(files, func(f evidence.InputsFile) bool { return f.Drawn == "classic" })
		files[at].SHA256 = sha256Of([]byte("another row"))
	}},
	{point: 72, name: "all launches with other fixed rows than the nonce gives", change: func(_ *testing.T, s *scene) {
		for _, files := range s.inputs {
			for i := range files {
				if files[i].Drawn == "fixed" {
					files[i].SHA256 = sha256Of([]byte("other rows"))
				}
			}
		}
	}},
	{point: 72, name: "data of another rule", change: func(_ *testing.T, s *scene) { s.otherData(func(e dataset.Examples) { e.X[0] = 0.5 }) }},
	{point: 73, name: "scores of no rows", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.noScores("pytorch") }},
	{point: 73, name: "scores with chance in them", contender: "go", change: func(_ *testing.T, s *scene) {
		launch := s.launchesOf("go")[4]
		s.scored("go", func(row *evidence.Scores) {
			if row.Launch == launch && row.Asked == evidence.ScoresFirst {
				row.Float32 = bytes.Clone(row.Float32)
				first := math.Float32frombits(binary.LittleEndian.Uint32(row.Float32))
				binary.LittleEndian.PutUint32(row.Float32, math.Float32bits(first+0.01))
			}
		})
	}},
	{point: 74, name: "a flag that does not exist", change: func(_ *testing.T, s *scene) {
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string { return strings.Replace(text, "cupel run ", "cupel run --best-of 5 ", 1) })
	}},
	{point: 74, name: "no command that audits", change: func(_ *testing.T, s *scene) {
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string { return strings.Replace(text, "./cupel audit BUNDLE\n", "", 1) })
	}},
	{point: 74, name: "another suite", change: func(_ *testing.T, s *scene) {
		s.suiteText = bytes.Replace(s.suiteText, []byte("seed = 42"), []byte("seed = 43"), 1)
	}},
	{point: 74, name: "a plan that the suite does not make", change: func(t *testing.T, s *scene) {
		s.plan.Classic.Warmup = 50
		s.planDigest(t)
	}},
	{point: 75, name: "a package that is not locked", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.packages["pytorch"].Packages[0].Locked = false }},
	{point: 75, name: "a package without a hash", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.packages["pytorch"].Packages[0].LockHashes = nil }},
	{point: 75, name: "a module without a checksum", contender: "go", change: func(_ *testing.T, s *scene) {
		s.harnessBuild(func(build *evidence.GoBuild) { build.Modules[0].Sum = "" })
	}},
	{point: 76, name: "one checksum of a crate changed", contender: "aprender", change: func(_ *testing.T, s *scene) {
		s.replaceIn("aprender", "Cargo.lock", "checksum = \"7e7969", "checksum = \"7e7968")
	}},
	{point: 76, name: "a build that enforced no lock file", contender: "aprender", change: func(_ *testing.T, s *scene) {
		s.builds["aprender"].How = "cargo build --release, cargo 1.95.0"
	}},
	{point: 76, name: "a module that was replaced", contender: "go", change: func(_ *testing.T, s *scene) {
		s.harnessBuild(func(build *evidence.GoBuild) { build.Modules[0].Replaced = true })
	}},
	{point: 77, name: "a compiler called stable", change: func(_ *testing.T, s *scene) { s.statements["aprender"].Hello.Runtime = "stable" }},
	{point: 77, name: "another processor than the one observed", change: func(_ *testing.T, s *scene) { s.environment.CPU = "A Better Processor" }},
	{point: 77, name: "another version than the one installed", change: func(_ *testing.T, s *scene) { s.statements["pytorch"].Hello.Version = "2.10.0" }},
	{point: 77, name: "no kernel", change: func(_ *testing.T, s *scene) { s.environment.Kernel = "" }},
	{point: 78, name: "the same boot of a machine by another name", change: func(_ *testing.T, s *scene) {
		s.identify(evidence.MachineIdentity{BootID: elsewhere.BootID, SHA256: identity.SHA256, From: identity.From}, elsewhereOffset+3600e9)
	}},
	{point: 78, name: "the same machine relabelled", change: func(_ *testing.T, s *scene) { s.identify(identity, elsewhereOffset) }},
	{point: 78, name: "another plan", change: func(t *testing.T, s *scene) {
		s.plan.Classic.Warmup = 50
		s.planDigest(t)
	}},
	{point: 79, name: "three times the ratio of the other machine", change: func(_ *testing.T, s *scene) {
		s.each("go", func(sample *evidenceSample) {
			sample.InnerNanoseconds /= 3
		})
	}},
	{point: 80, name: "flags for the native processor", contender: "aprender", change: func(_ *testing.T, s *scene) {
		s.builds["aprender"].Environment = []evidence.Variable{{Name: "RUSTFLAGS", Value: pointer("-C target-cpu=native")}}
	}},
	{point: 80, name: "C for the native processor in a Go build", contender: "go", change: setCFlags("-O2 -march=native")},
	{point: 80, name: "a runner that asks for the processor's name", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.replaceIn("pytorch", "runner.py", "import ", "open('/proc/cpuinfo')\nimport ")
	}},
}

// parse knows the commands that reports print, as the command line does.
func parse(arguments []string) error {
	if !slices.Contains([]string{"run", "audit", "verify"}, arguments[0]) {
		return fmt.Errorf("no command %q", arguments[0])
	}
	for _, argument := range arguments[1:] {
		if strings.HasPrefix(argument, "--") && !slices.Contains([]string{"--only", "--budget", "--precision"}, argument) {
			return fmt.Errorf("no flag %q", argument)
		}
	}
	return nil
}

// elsewhere is another machine than the scene's, started at another time.
var elsewhere = evidence.MachineIdentity{BootID: "656c-7365-7768-657265", SHA256: sha256Of([]byte("another machine")), From: "machine-id"}

const elsewhereOffset = 1_794_000_000_000_000_000

// identify has the scene play on a machine.
func (s *scene) identify(machine evidence.MachineIdentity, offset int64) {
	s.environment.Identity = machine
	for i := range s.machines {
		s.machines[i].Identity, s.machines[i].Clocks.OffsetNanoseconds = machine, offset
	}
}

// besideAnother audits with a bundle of another machine.
func besideAnother(t *testing.T) audit.Options {
	other := honest(t)
	other.identify(elsewhere, elsewhereOffset)
	return audit.Options{With: []string{other.write(t)}}
}

func TestARunOnAnotherMachineAgrees(t *testing.T) {
	report := honest(t).audit(t, besideAnother(t))
	for _, id := range []int{71, 78, 79} {
		if point := report.Points[id-1]; point.Status != audit.Pass {
			t.Errorf("point %d is a %s: %s", id, point.Status, point.Detail)
		}
	}
}

// Without a bundle of another machine the two points are not judged.
func TestARunAloneIsNotJudgedElsewhere(t *testing.T) {
	report := honest(t).audit(t, audit.Options{})
	for _, id := range []int{78, 79} {
		if point := report.Points[id-1]; point.Status != audit.Skip || !strings.Contains(point.Detail, "--with") {
			t.Errorf("point %d is a %s: %s", id, point.Status, point.Detail)
		}
	}
}

// Further runs on the same machine are what point 71 is for, and no fault: beside them a
// bundle of another machine still decides.
func TestRunsOnTheSameMachineAreNotJudgedAsElsewhere(t *testing.T) {
	again := []string{honest(t).write(t), honest(t).write(t)}
	for _, test := range []struct {
		with []string
		due  audit.Status
	}{{again, audit.Skip}, {append(besideAnother(t).With, again...), audit.Pass}} {
		report := honest(t).audit(t, audit.Options{With: test.with})
		for _, id := range []int{78, 79} {
			if point := report.Points[id-1]; point.Status != test.due {
				t.Errorf("with %d bundles: point %d is a %s: %s", len(test.with), id, point.Status, point.Detail)
			}
		}
	}
}

// Three runs on one machine are held against each other as a whole.
func TestThreeRunsAreHeldAgainstEachOther(t *testing.T) {
	slower := honest(t)
	slower.each("go", func(sample *evidenceSample) { sample.InnerNanoseconds = scaled(sample.InnerNanoseconds, 1.2) })
	for name, test := range map[string]struct {
		with []string
		due  audit.Status
	}{
		"alike":  {[]string{honest(t).write(t), honest(t).write(t)}, audit.Pass},
		"slower": {[]string{honest(t).write(t), slower.write(t)}, audit.Fail},
	} {
		report := honest(t).audit(t, audit.Options{With: test.with})
		if point := report.Points[71-1]; point.Status != test.due || !strings.Contains(point.Detail, "3 bundles") {
			t.Errorf("%s: point 71 is a %s: %s", name, point.Status, point.Detail)
		}
	}
}
