package points

// This file judges the points of the category code: that what ran is what it is
// called, built as engines are, on the data that the rules make.

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"

	"cupel/engines"
	"cupel/internal/audit"
	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// noBallast: the model file is the suite's to the byte, and the runner is known or as
// fast as the one that is.
func noBallast(c *audit.Case, contender *audit.Contender) audit.Ruling {
	loaded := RulingOf(c, 4, contender)
	if loaded.Status != audit.Pass {
		return audit.Skips("the model file that was loaded, known to the byte: %s", loaded.Detail)
	}
	return audit.All(audit.Passes("the model file is the suite's to the byte"), c.AtMostTwin(contender), c.SlopeAtMostTwin(contender))
}

// accelerators are device files of graphics and neural processors.
var accelerators = regexp.MustCompile(`^/dev/(nvidia|dri/|kfd|accel|apex|davinci|dxg$|habanalabs|neuron|xdna|npu|mali|vfio/)`)

// noAccelerator: no such device is open, and the work shows as time on the CPU.
func noAccelerator(_ *audit.Case, contender *audit.Contender) audit.Ruling {
	const least = 0.8
	looks := 0
	for _, launch := range contender.Finished {
		for _, look := range launch.Inspections {
			looks++
			for _, device := range look.Devices {
				if accelerators.MatchString(device) {
					return audit.Fails("launch %d has %s open", launch.Number, device)
				}
			}
		}
	}
	if looks == 0 {
		return audit.Skips("looks at the devices that the processes have open")
	}
	shares := contender.PerLaunch(audit.BusyShare)
	if len(shares) == 0 {
		return audit.Skips("CPU times of long bursts")
	}
	r := audit.Passes("no accelerator is open, and the process has a CPU for %.1f%% of the time of long bursts", 100*stats.Median(shares))
	if audit.Below(shares, least) {
		r = audit.Fails("the process has a CPU for only %.1f%% of the time of long bursts: something else computes", 100*stats.Median(shares))
	}
	return r.With("CPU time over the time of long bursts, without waits and steal", "%.3f", stats.Median(shares))
}

// noTrainingRecords: the runner is known or as fast as the one that is, and memory
// does not grow with calls.
func noTrainingRecords(c *audit.Case, contender *audit.Contender) audit.Ruling {
	return audit.All(c.AtMostTwin(contender), flatMemory(contender))
}

// The bounds on how far memory may drift over a launch: one or the other. What requests
// leave behind, some ten KiB each, is there until a runtime first collects it, which Go's
// does at 4 MiB: an engine of its fastest had 2.1 MiB between halves in one run of 13,
// without a collection, and 0.5 MiB in others (23 Nov).
const (
	mostGrowthBytes = 4 << 20
	mostGrowthShare = 0.01
)

// flatMemory compares resident memory at the end of the earlier and the later half of
// the long bursts, in the order in which they were made.
func flatMemory(contender *audit.Contender) audit.Ruling {
	var growth, level []float64
	for _, launch := range contender.Finished {
		var resident []float64
		for _, request := range launch.Requests {
			long := request.Phase == evidence.PhaseLong || request.Phase == evidence.PhaseNear
			if long && request.ResidentBytes != nil {
				resident = append(resident, float64(*request.ResidentBytes))
			}
		}
		if half := len(resident) / 2; half > 0 {
			growth = append(growth, stats.Median(resident[half:])-stats.Median(resident[:half]))
			level = append(level, stats.Median(resident))
		}
	}
	if len(growth) == 0 {
		return audit.Skips("resident memory after long bursts")
	}
	allowed := max(mostGrowthBytes, mostGrowthShare*stats.Median(level))
	r := audit.Passes("resident memory grows by %.0f KiB over a launch's long bursts", stats.Median(growth)/1024)
	if audit.Beyond(growth, allowed) {
		r = audit.Fails("resident memory grows by %.0f KiB over a launch's long bursts; at most %.0f is flat", stats.Median(growth)/1024, allowed/1024)
	}
	return r.With("growth of resident memory", "%.0f bytes", stats.Median(growth))
}

// settledState: the rows of the beginning get the same scores after many others, and
// in another order.
func settledState(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const leastBetween = 10_000
	for _, launch := range contender.Finished {
		if last := launch.Scores[evidence.ScoresLast]; last != nil && last.RowsBefore < leastBetween {
			return audit.Skips("%d other rows between the two askings of launch %d; there were %d", leastBetween, launch.Number, last.RowsBefore)
		}
	}
	return sameAgain(c, contender, evidence.ScoresLast, evidence.ScoresReordered)
}

// declaredCompiler reports whether it is said before the run that a contender makes
// code at run time: by the suite, of one that is started by a command of its own, or
// by the engine that it is. A name alone says nothing.
func declaredCompiler(c *audit.Case, contender *audit.Contender) bool {
	name := contender.EngineName()
	if strings.HasSuffix(contender.Name, "@canonical") {
		name = c.Bundle.Plan.Canonical[name]
	} else if slices.Contains(c.Bundle.Plan.Own, name) {
		return slices.Contains(c.Bundle.Plan.Compiles, name)
	}
	engine, known := engines.Lookup(name)
	return known && engine.Compiles
}

// noCompilation: no code appears in memory that no file stands behind. A declared
// compiler may have such code, and makes none once it is timed. Sizes are compared, not
// contents, which can't be read without stopping a process for long: code written over
// other code is not seen.
func noCompilation(c *audit.Case, contender *audit.Contender) audit.Ruling {
	looks, declared := 0, declaredCompiler(c, contender)
	for _, launch := range contender.Finished {
		steady, last := launch.Look(evidence.MomentSteady), launch.Look(evidence.MomentLast)
		if steady == nil || last == nil {
			continue
		}
		looks++
		if last := unfiled(last); last > unfiled(steady) {
			return audit.Fails("launch %d: code without a file behind it grows from %d to %d bytes after warm-up", launch.Number, unfiled(steady), last)
		}
		if made := unfiled(steady); !declared && made > twinUnfiled(c, contender) {
			return audit.Fails("launch %d has %d bytes of code that no file stands behind, and it is not declared to compile at run time", launch.Number, made)
		}
	}
	if looks == 0 {
		return audit.Skips("looks at the processes' executable memory, early and late")
	}
	if declared {
		return audit.Passes("it is declared to compile at run time, and makes no code once it is timed, in %d launches", looks)
	}
	return audit.Passes("no code is made at run time, in %d launches", looks)
}

func unfiled(look *evidence.Inspection) int64 {
	total := int64(0)
	for _, mapping := range look.Unfiled {
		total += mapping.Bytes
	}
	return total
}

// twinUnfiled is the most code without a file that the canonical runner has, 0 where
// there is none beside the contender.
func twinUnfiled(c *audit.Case, contender *audit.Contender) int64 {
	most := int64(0)
	twin := c.Twin(contender)
	if twin == nil {
		return 0
	}
	for _, launch := range twin.Finished {
		if look := launch.Look(evidence.MomentSteady); look != nil {
			most = max(most, unfiled(look))
		}
	}
	return most
}

// standardEngine: every file of code is known, and engine and lock are the published
// ones.
func standardEngine(c *audit.Case, contender *audit.Contender) audit.Ruling {
	if r := closed(c, contender); r.Status != audit.Pass {
		return r
	}
	making := makerOf(c, contender)
	engine, known := engines.Lookup(contender.EngineName())
	if slices.Contains(c.Bundle.Plan.Own, contender.Name) {
		known = false
	}
	switch {
	case known && engine.Language == engines.Go:
		return standardGo(c, contender)
	case making.Packages != nil:
		return standardPackages(c, contender, making, known)
	case making.Build != nil:
		return standardBuild(c, contender, making, known)
	default:
		return audit.Skips("the source of %s, its lock file and a record of how it was built or installed", contender.Name)
	}
}

// standardGo: an engine in Go is part of the program that measured, whose sources
// have a digest and whose modules have checksums.
func standardGo(c *audit.Case, contender *audit.Contender) audit.Ruling {
	making := makerOf(c, contender)
	if c.Harness == nil || making.Build == nil || making.Build.Sources == "" {
		return audit.Skips("the digest of the program that measured and of the sources that it was made from")
	}
	if !contender.RanOnly(c.Harness.SHA256) {
		return audit.Fails("a launch ran another program than the one that measured")
	}
	if build := c.Harness.Binary.Go; build != nil {
		for _, module := range build.Modules {
			if module.Replaced || module.Sum == "" {
				return audit.Fails("module %s %s was replaced or has no checksum", module.Path, module.Version)
			}
		}
	}
	r := audit.Passes("every launch ran the program that measured, made from sources with a digest")
	return r.With("digest of the sources", "%.16s", making.Build.Sources)
}

// standardPackages: installed packages are those of the lock file, file by file, and
// the lock file of a built-in engine is this program's own.
func standardPackages(c *audit.Case, contender, making *audit.Contender, known bool) audit.Ruling {
	packages := making.Packages
	lock, err := c.ContenderFile(making, path.Base(packages.LockFile))
	if err != nil || lock == nil {
		return audit.Skips("the lock file %q in the contender's folder", packages.LockFile)
	}
	if audit.Digest(lock) != packages.Lock {
		return audit.Fails("the lock file in the bundle is not the one that was installed from")
	}
	for _, p := range packages.Packages {
		switch {
		case len(p.Changed) > 0:
			return audit.Fails("%s %s: %s is not what the package's own list says, with %d such files", p.Name, p.Version, p.Changed[0], len(p.Changed))
		case len(p.Absent) > 0:
			return audit.Fails("%s %s: %s is missing, with %d such files", p.Name, p.Version, p.Absent[0], len(p.Absent))
		case !p.Locked:
			return audit.Fails("%s %s is installed and not in the lock file", p.Name, p.Version)
		}
	}
	if len(packages.Packages) == 0 || len(packages.Missing) > 0 {
		return audit.Fails("packages of the lock file are not installed: %s", strings.Join(packages.Missing, ", "))
	}
	if len(packages.Strays) > 0 {
		return audit.Fails("%s lies in the installation and belongs to no package, with %d such files", packages.Strays[0], len(packages.Strays))
	}
	r := audit.Passes("%d packages are those of the lock file, to the byte", len(packages.Packages))
	if !known {
		return r
	}
	engine, _ := engines.Lookup(contender.EngineName())
	if !c.HasOwnFiles(contender, engine) {
		return audit.Skips("a runner and a lock file that this version of the program knows; those in the bundle are others")
	}
	return audit.Passes("%d packages are those of this program's own lock file, to the byte", len(packages.Packages)).With("digest of the lock file", "%.16s", packages.Lock)
}

// standardBuild: the program is the one that was built, from sources in the bundle.
func standardBuild(c *audit.Case, contender, making *audit.Contender, known bool) audit.Ruling {
	build := making.Build
	for name, sum := range build.SourceFiles {
		text, err := c.ContenderFile(making, name)
		if err != nil || text == nil {
			return audit.Skips("the source file %s in the contender's folder", name)
		}
		if audit.Digest(text) != sum {
			return audit.Fails("the source file %s in the bundle is not the one that was built", name)
		}
	}
	if len(build.SourceFiles) == 0 {
		return audit.Skips("the digests of the files that %s was built from", contender.Name)
	}
	if build.Recorded != "" && build.Recorded != build.Executable {
		return audit.Fails("the program was changed after it was built")
	}
	if own(c, contender) {
		// It may be a script that starts a program. What ran is known by its origin here, and
		// if it was built, by the record of that (closed).
		return audit.Passes("every program that ran was built from the sources in the bundle, or is none of the contender's").With("digest of the sources", "%.16s", build.Sources)
	}
	if !contender.RanOnly(build.Executable) {
		return audit.Fails("a launch ran another program than the one that was built")
	}
	if engine, ok := engines.Lookup(contender.EngineName()); known && ok && !c.HasOwnFiles(contender, engine) {
		return audit.Skips("sources that this version of the program knows; those in the bundle are others")
	}
	return audit.Passes("every launch ran the program that was built from the sources in the bundle").With("digest of the program", "%.16s", build.Executable)
}

// optimisedBuild: compiled contenders are release builds, by what their binaries and
// logs say.
func optimisedBuild(c *audit.Case, contender *audit.Contender) audit.Ruling {
	making := makerOf(c, contender)
	programs := executables(c, contender)
	if len(programs) == 0 {
		return audit.Skips("the digest of the program that ran, with what it says of its build")
	}
	var rulings []audit.Ruling
	for _, program := range programs {
		rulings = append(rulings, optimised(c, contender, making, program))
	}
	return audit.All(rulings...)
}

func optimised(c *audit.Case, contender, making *audit.Contender, program evidence.MappedFile) audit.Ruling {
	binary := program.Binary
	if binary == nil {
		return audit.Skips("what %s says of how it was built", program.Path)
	}
	if fault := unoptimised(binary); fault != "" {
		return audit.Fails("%s: %s", program.Path, fault)
	}
	switch {
	case binary.Go != nil:
		return audit.Passes("%s is a Go build by %s with optimisation", program.Path, binary.Go.Version)
	case program.Origin == evidence.OriginBuild && isBuilt(c, contender, program):
		return releaseLog(c, making, program)
	case program.Origin == evidence.OriginSystem || program.Origin == evidence.OriginRuntime || program.Origin == evidence.OriginPackage:
		return audit.Passes("%s is a published binary, and nothing in it tells of a debug build", program.Path)
	case optimisedProducer(binary):
		return audit.Passes("%s records optimisation flags", program.Path)
	default:
		return audit.Skips("a build log of %s", program.Path)
	}
}

// unoptimised says what tells of a debug build in a binary.
func unoptimised(binary *evidence.Binary) string {
	// They are known by their messages, which a Go program may have as text of its own.
	if binary.OverflowChecks && binary.Go == nil {
		return "it has Rust's checks of overflow, which release builds lack"
	}
	if build := binary.Go; build != nil {
		for _, key := range []string{"-race", "-msan", "-asan", "-cover"} {
			if value := build.Settings[key]; value != "" && value != "false" {
				return fmt.Sprintf("it was built with %s", key)
			}
		}
		if flags := strings.Fields(build.Settings["-gcflags"]); slices.ContainsFunc(flags, func(flag string) bool { return noOptimisation.MatchString(flag) }) {
			return fmt.Sprintf("it was built with -gcflags=%q", build.Settings["-gcflags"])
		}
		return ""
	}
	for _, producer := range binary.Producers {
		if strings.HasPrefix(producer, "GNU AS") || strings.HasPrefix(producer, "Go ") || strings.Contains(producer, "rustc") {
			continue
		}
		if !optimisationFlag.MatchString(producer) && strings.Contains(producer, " -") || strings.Contains(producer, " -O0") {
			return "it was compiled without optimisation: " + producer
		}
	}
	return ""
}

var (
	noOptimisation   = regexp.MustCompile(`(^|=)-(N|l)$`)
	optimisationFlag = regexp.MustCompile(`\s-O([1-3sz]|fast)?\b`)
)

func optimisedProducer(binary *evidence.Binary) bool {
	return slices.ContainsFunc(binary.Producers, func(producer string) bool {
		return optimisationFlag.MatchString(producer) && !strings.Contains(producer, " -O0")
	})
}

// releaseLog: the build's log tells of the release profile, or of flags of optimisation
// where it is none of cargo's.
func releaseLog(c *audit.Case, making *audit.Contender, program evidence.MappedFile) audit.Ruling {
	log, err := c.ContenderFile(making, path.Base(making.Build.LogFile))
	if err != nil || log == nil {
		return audit.Skips("the log of the build of %s", program.Path)
	}
	if !byCargo(making.Build, log) {
		return flagsInLog(log, program)
	}
	if !strings.Contains(string(log), "Finished `release` profile [optimized]") || strings.Contains(string(log), "unoptimized") {
		return audit.Fails("the log of the build of %s tells of no release profile", program.Path)
	}
	return audit.Passes("%s is the program whose build log shows the release profile", program.Path)
}

// byCargo reports whether cargo made the program, whatever called it.
func byCargo(build *evidence.Build, log []byte) bool {
	return strings.HasPrefix(build.How, "cargo ") || bytes.Contains(log, []byte("Finished `"))
}

// flagsInLog judges a build by the compilers' flags that its log has.
func flagsInLog(log []byte, program evidence.MappedFile) audit.Ruling {
	switch {
	case plainFlag.Match(log):
		return audit.Fails("the log of the build of %s has %q", program.Path, strings.TrimSpace(string(plainFlag.Find(log))))
	case optimisationFlag.Match(log):
		return audit.Passes("%s is a program whose build log has %q", program.Path, strings.TrimSpace(string(optimisationFlag.Find(log))))
	case optimisedProducer(program.Binary):
		return audit.Passes("%s records optimisation flags", program.Path)
	default:
		return audit.Skips("flags of optimisation in the log of the build of %s, or in itself", program.Path)
	}
}

// plainFlag is the flag of a build without optimisation.
var plainFlag = regexp.MustCompile(`(?m)(^|\s)-O0\b`)

// tuned are what logs, manifests and variables of a specially tuned build say.
var tuned = regexp.MustCompile(`(?m)(^\s*lto\s*=\s*(["'](fat|thin)["']|true)|-C\s*lto\b|linker-plugin-lto|-flto\b|target-cpu\s*[= ]\s*"?[a-z]|-march\s*[= ]\s*[a-z]|-mcpu\s*[= ]|-mtune\s*[= ]|profile-use|-fprofile-use|-Cprofile-use|codegen-units\s*=\s*1\b|opt-level\s*=\s*(3|"s"|"z")|-Ctarget-feature|target-feature)`)

// ordinaryBuild: nothing in sources, log, variables and binary tells of special
// tuning.
func ordinaryBuild(c *audit.Case, contender *audit.Contender) audit.Ruling {
	making := makerOf(c, contender)
	programs := executables(c, contender)
	if len(programs) == 0 {
		return audit.Skips("the program that ran, with what it says of its build")
	}
	for _, program := range programs {
		if program.Binary != nil && program.Binary.Go != nil {
			if fault := tunedGo(program.Binary.Go); fault != "" {
				return audit.Fails("%s: %s", program.Path, fault)
			}
			continue
		}
		if making.Build == nil && making.Packages == nil {
			return audit.Skips("a build log of %s, or hashes of published packages", contender.Name)
		}
		if making.Packages != nil {
			if r := RulingOf(c, 36, contender); r.Status != audit.Pass {
				return audit.Skips("published packages to the byte: %s", r.Detail)
			}
			continue
		}
		if r := tunedBuild(c, making); r.Status != audit.Pass {
			return r
		}
	}
	return audit.Passes("nothing in the record of %s tells of link-time optimisation, profiles or a native CPU", audit.Plural(len(programs), "build"))
}

// tunedC are flags of C compilers, beside those above, that make faster code than is
// usual or code for some processors alone.
var tunedC = regexp.MustCompile(`(^|\s)-(O3|Ofast|ffast-math|funroll-loops|m(avx|bmi|fma|sse[34]|sve))`)

// tunedGo says what a Go program's build information tells of tuning.
func tunedGo(build *evidence.GoBuild) string {
	if profile := build.Settings["-pgo"]; profile != "" && profile != "off" {
		return "it was built with a profile, " + path.Base(profile)
	}
	for _, key := range []string{"-gcflags", "-ldflags", "-asmflags"} {
		if flags := build.Settings[key]; flags != "" && key != "-ldflags" {
			return fmt.Sprintf("it was built with %s=%q", key, flags)
		}
	}
	for _, key := range []string{"CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_FFLAGS", "CGO_LDFLAGS"} {
		if flags := build.Settings[key]; tuned.MatchString(flags) || tunedC.MatchString(flags) {
			return fmt.Sprintf("it was built with %s=%q", key, flags)
		}
	}
	baseline := map[string]string{"GOAMD64": "v1", "GOARM64": "v8.0"}
	for key, least := range baseline {
		if level := build.Settings[key]; level != "" && level != least {
			return fmt.Sprintf("it was built for %s=%s, above what every such processor has", key, level)
		}
	}
	return ""
}

// tunedBuild reads manifest, log and variables of a build.
func tunedBuild(c *audit.Case, making *audit.Contender) audit.Ruling {
	build := making.Build
	if build.LogFile == "" {
		return audit.Skips("the log of the build of %s", making.Name)
	}
	names := []string{build.LogFile}
	for name := range build.SourceFiles {
		if base := path.Base(name); base == "Cargo.toml" || base == "config.toml" || base == "config" || base == "Makefile" || base == "CMakeLists.txt" || base == "build.rs" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		text, err := c.ContenderFile(making, name)
		if err != nil || text == nil {
			return audit.Skips("the file %s of the build of %s", name, making.Name)
		}
		if found := tuned.Find(text); found != nil {
			return audit.Fails("%s has %q", name, strings.TrimSpace(string(found)))
		}
		if !isCargos(name) {
			continue
		}
		found, err := tunedManifest(text)
		if err != nil {
			return audit.Skips("%s as cargo reads it: %v", name, err)
		}
		if found != "" {
			return audit.Fails("%s has %q", name, found)
		}
	}
	if build.Environment == nil {
		return audit.Skips("the variables that the build of %s was made with", making.Name)
	}
	for _, variable := range build.Environment {
		if r := tunedVariable(variable); r.Status != audit.Pass {
			return r
		}
	}
	return audit.Passes("the build of %s is an ordinary one", making.Name)
}

// monotonicTime: the contender's clock goes no further than the harness's, whatever
// the wall clock does.
func monotonicTime(_ *audit.Case, contender *audit.Contender) audit.Ruling {
	const (
		mostStep = 1_000_000 // ns by which the wall clock may move within a request
		slack    = 1_000     // ns
	)
	offsets, bursts := 0, 0
	for _, launch := range contender.Finished {
		if launch.Samples == nil {
			continue
		}
		for _, sample := range launch.Samples.Bursts {
			if sample.OuterNanoseconds == nil {
				continue
			}
			bursts++
			if sample.InnerNanoseconds > *sample.OuterNanoseconds+slack {
				return audit.Fails("launch %d: a request of the phase %s took %d ns by the contender's clock and %d by the harness's", launch.Number, sample.Phase, sample.InnerNanoseconds, *sample.OuterNanoseconds)
			}
			if sample.Phase == evidence.PhaseRequest && launch.Calls.Sum > sample.InnerNanoseconds+slack {
				return audit.Fails("launch %d: its single calls add up to %d ns, the request took %d", launch.Number, launch.Calls.Sum, sample.InnerNanoseconds)
			}
		}
		for _, request := range launch.Requests {
			if request.OffsetNanoseconds == nil {
				continue
			}
			offsets++
			if math.Abs(float64(*request.OffsetNanoseconds)) >= mostStep {
				return audit.Fails("launch %d: the wall clock was moved by %.3f ms within a request of the phase %s", launch.Number, float64(*request.OffsetNanoseconds)/1e6, request.Phase)
			}
		}
	}
	if offsets == 0 {
		return audit.Skips("readings of the wall clock and the monotonic one around long bursts")
	}
	return audit.Passes("none of %d requests took longer by the contender's clock than by the harness's, and the wall clock stood still against the monotonic one", bursts)
}

// inlining is what forces a compiler to inline.
var inlining = regexp.MustCompile(`inline\(always\)|always_inline|__forceinline|go:linkname`)

// plainLoop: the time of a burst grows with its calls, and the runner's source does
// nothing special about it.
func plainLoop(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const most = 0.10
	shape := contender.PerLaunch(func(l *audit.Launch) float64 {
		one, two, four := l.PhaseMedian(evidence.PhaseMultiple(1), audit.CPUOf), l.PhaseMedian(evidence.PhaseMultiple(2), audit.CPUOf), l.PhaseMedian(evidence.PhaseMultiple(4), audit.CPUOf)
		return (four - two) / (two - one) / 2
	})
	if len(shape) == 0 {
		return audit.Skips("bursts of N, 2N and 4N calls (phases %s, %s, %s)", evidence.PhaseMultiple(1), evidence.PhaseMultiple(2), evidence.PhaseMultiple(4))
	}
	median := stats.Median(shape)
	for _, name := range contender.Files {
		if slices.Contains([]string{".rs", ".py", ".go", ".c", ".cc", ".cpp", ".h"}, path.Ext(name)) {
			text, err := c.ContenderFile(contender, name)
			if err == nil && inlining.Match(text) {
				return audit.Fails("%s forces inlining: %q", name, inlining.Find(text))
			}
		}
	}
	r := audit.Passes("twice the calls take twice the CPU time, to %.1f%%", 100*math.Abs(median-1))
	switch {
	case audit.TooFew(shape, 1-most, 1+most):
		r = audit.NotTold(shape, r.Detail)
	case audit.Beyond(shape, 1+most) || audit.Below(shape, 1-most):
		r = audit.Fails("the third and fourth quarter of a burst take %.2f times the CPU time of the second one each", median)
	}
	return r.With("CPU time of the later calls over that of the earlier", "%.3f", median)
}

// trainingInputs: the rows of the fit are those that the dataset's rule makes.
func trainingInputs(c *audit.Case) audit.Ruling { return trainingData(c, "inputs") }

// trainingLabels: the same for labels; one digest is over both.
func trainingLabels(c *audit.Case) audit.Ruling { return trainingData(c, "labels") }

func trainingData(c *audit.Case, what string) audit.Ruling {
	material, err := c.Material()
	if material == nil {
		return audit.Skips("a dataset that this program can make: %v", err)
	}
	row := c.FittedRow()
	if row == nil || row.SHA256[audit.TrainingData] == "" {
		return audit.Skips("the digest of the training data in the ledger")
	}
	if row.SHA256[audit.TrainingData] != material.SHA256[audit.TrainingData] {
		return audit.Fails("the training data has the digest %.12s; the rule of %s makes %.12s, %s included", row.SHA256[audit.TrainingData], c.Bundle.Plan.Dataset, material.SHA256[audit.TrainingData], what)
	}
	return audit.Passes("the %s made again by the rule of %s have the digest that the ledger has", what, c.Bundle.Plan.Dataset).With("digest of the training data", "%.16s", material.SHA256[audit.TrainingData])
}

// trainingCount: the fit consumed all rows.
func trainingCount(c *audit.Case) audit.Ruling {
	material, err := c.Material()
	if material == nil {
		return audit.Skips("a dataset that this program can make: %v", err)
	}
	row := c.FittedRow()
	if row == nil {
		return audit.Skips("the ledger's row of the fit")
	}
	if planned := material.Set.Train.Rows(); row.TrainingRows != planned {
		return audit.Fails("the fit used %d rows where %s has %d", row.TrainingRows, c.Bundle.Plan.Dataset, planned)
	}
	if r := trainingData(c, "rows"); r.Status != audit.Pass {
		return r
	}
	return audit.Passes("the fit used %d rows", row.TrainingRows)
}

// classicRow: the row that is timed again and again has the bytes that the rule makes.
func classicRow(c *audit.Case, contender *audit.Contender) audit.Ruling {
	material, err := c.Material()
	if material == nil {
		return audit.Skips("a dataset that this program can make: %v", err)
	}
	due := classicDigest(c, material)
	sent := 0
	for _, launch := range contender.Finished {
		var fault error
		launch.EachRequest(evidence.PhaseRequest, func(request evidence.Request) {
			file, known := c.Inputs[request.Inputs]
			sent++
			if !known {
				fault = errors.New("it was sent a file of which nothing is recorded")
			} else if file.SHA256 != due {
				fault = fmt.Errorf("it was sent a row with the digest %.12s; the rule makes %.12s", file.SHA256, due)
			}
		})
		if fault != nil {
			return audit.Fails("launch %d: %v", launch.Number, fault)
		}
	}
	if sent == 0 {
		return audit.Skips("the digest of the row that was sent")
	}
	return audit.Passes("all %d launches were sent the row that the rule makes", sent).With("digest of the row", "%.16s", due)
}

// singlePrecision: rows at the decision boundary, which coarser weights get wrong half
// the time, get the labels that float64 gives them.
func singlePrecision(c *audit.Case, contender *audit.Contender) audit.Ruling {
	rows, wrong := 0, 0
	for _, launch := range contender.Launches {
		if launch.Ended == nil {
			continue
		}
		rows, wrong = rows+launch.Ended.BoundaryRows, wrong+launch.Ended.BoundaryWrong
	}
	if rows == 0 {
		return audit.Skips("labels of rows at the decision boundary")
	}
	share := float64(wrong) / float64(rows)
	r := audit.Passes("of %d rows at the decision boundary %d got another label than float64 gives them", rows, wrong)
	if share > audit.MostHardWrong {
		return audit.Fails("of %d rows at the decision boundary %d got another label than float64 gives them: the arithmetic is coarser than float32", rows, wrong).
			With("wrong labels at the boundary", "%.1f%%", 100*share)
	}
	// The model files hold 32-bit floats where they are the suite's to the byte.
	if loaded := RulingOf(c, 4, contender); len(contender.Finished) > 0 && loaded.Status != audit.Pass {
		return audit.Skips("model files known to the byte: %s", loaded.Detail)
	}
	return r.With("wrong labels at the boundary", "%.1f%%", 100*share)
}
