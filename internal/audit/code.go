package audit

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
	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/model"
)

// noBallast: the model file is the suite's to the byte, and the runner is known or as
// fast as the one that is.
func noBallast(c *Case, contender *Contender) ruling {
	loaded := c.ruling(4, contender)
	if loaded.status != Pass {
		return skips("the model file that was loaded, known to the byte: %s", loaded.detail)
	}
	return all(passes("the model file is the suite's to the byte"), c.atMostTwin(contender), c.slopeAtMostTwin(contender))
}

// accelerators are device files of graphics and neural processors.
var accelerators = regexp.MustCompile(`^/dev/(nvidia|dri/|kfd|accel|apex|davinci|dxg$|habanalabs|neuron|xdna|npu|mali|vfio/)`)

// noAccelerator: no such device is open, and the work shows as time on the CPU.
func noAccelerator(_ *Case, contender *Contender) ruling {
	const least = 0.8
	looks := 0
	for _, launch := range contender.Finished {
		for _, look := range launch.Inspections {
			looks++
			for _, device := range look.Devices {
				if accelerators.MatchString(device) {
					return fails("launch %d has %s open", launch.Number, device)
				}
			}
		}
	}
	if looks == 0 {
		return skips("looks at the devices that the processes have open")
	}
	shares := contender.perLaunch(busyShare)
	if len(shares) == 0 {
		return skips("CPU times of long bursts")
	}
	r := passes("no accelerator is open, and the process has a CPU for %.1f%% of the time of long bursts", 100*stats.Median(shares))
	if below(shares, least) {
		r = fails("the process has a CPU for only %.1f%% of the time of long bursts: something else computes", 100*stats.Median(shares))
	}
	return r.with("CPU time over the time of long bursts, without waits and steal", "%.3f", stats.Median(shares))
}

// busyShare is the CPU time of a launch's long bursts over the contender's own time,
// without what it waited for a CPU and what the host took.
func busyShare(l *Launch) float64 {
	stolen := 0.0
	if l.Observation != nil {
		stolen = min(max(l.Observation.StolenShare, 0), 0.99)
	}
	waits := map[int64]float64{}
	for _, request := range l.Requests {
		if request.WaitNanoseconds != nil {
			waits[request.StartNanoseconds] = float64(*request.WaitNanoseconds)
		}
	}
	return medianOf(slices.Concat(l.bursts(evidence.PhaseLong), l.bursts(evidence.PhaseNear)), func(s evidence.Sample) (float64, bool) {
		if s.CPUNanoseconds == nil || s.StartNanoseconds == nil {
			return 0, false
		}
		// A wait may be one for the host, and is not taken off twice.
		own := float64(s.InnerNanoseconds) - max(waits[*s.StartNanoseconds], stolen*float64(s.InnerNanoseconds))
		return float64(*s.CPUNanoseconds) / own, own > 0
	})
}

// noTrainingRecords: the runner is known or as fast as the one that is, and memory
// does not grow with calls.
func noTrainingRecords(c *Case, contender *Contender) ruling {
	return all(c.atMostTwin(contender), flatMemory(contender))
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
func flatMemory(contender *Contender) ruling {
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
		return skips("resident memory after long bursts")
	}
	allowed := max(mostGrowthBytes, mostGrowthShare*stats.Median(level))
	r := passes("resident memory grows by %.0f KiB over a launch's long bursts", stats.Median(growth)/1024)
	if beyond(growth, allowed) {
		r = fails("resident memory grows by %.0f KiB over a launch's long bursts; at most %.0f is flat", stats.Median(growth)/1024, allowed/1024)
	}
	return r.with("growth of resident memory", "%.0f bytes", stats.Median(growth))
}

// settledState: the rows of the beginning get the same scores after many others, and
// in another order.
func settledState(c *Case, contender *Contender) ruling {
	const leastBetween = 10_000
	for _, launch := range contender.Finished {
		if last := launch.Scores[evidence.ScoresLast]; last != nil && last.RowsBefore < leastBetween {
			return skips("%d other rows between the two askings of launch %d; there were %d", leastBetween, launch.Number, last.RowsBefore)
		}
	}
	return c.sameAgain(contender, evidence.ScoresLast, evidence.ScoresReordered)
}

// declaredCompiler reports whether it is said before the run that a contender makes
// code at run time: by the suite, of one that is started by a command of its own, or
// by the engine that it is. A name alone says nothing.
func (c *Case) declaredCompiler(contender *Contender) bool {
	name := contender.engineName()
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
func noCompilation(c *Case, contender *Contender) ruling {
	looks, declared := 0, c.declaredCompiler(contender)
	for _, launch := range contender.Finished {
		steady, last := launch.look(evidence.MomentSteady), launch.look(evidence.MomentLast)
		if steady == nil || last == nil {
			continue
		}
		looks++
		if last := unfiled(last); last > unfiled(steady) {
			return fails("launch %d: code without a file behind it grows from %d to %d bytes after warm-up", launch.Number, unfiled(steady), last)
		}
		if made := unfiled(steady); !declared && made > c.twinUnfiled(contender) {
			return fails("launch %d has %d bytes of code that no file stands behind, and it is not declared to compile at run time", launch.Number, made)
		}
	}
	if looks == 0 {
		return skips("looks at the processes' executable memory, early and late")
	}
	if declared {
		return passes("it is declared to compile at run time, and makes no code once it is timed, in %d launches", looks)
	}
	return passes("no code is made at run time, in %d launches", looks)
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
func (c *Case) twinUnfiled(contender *Contender) int64 {
	most := int64(0)
	twin := c.Twin(contender)
	if twin == nil {
		return 0
	}
	for _, launch := range twin.Finished {
		if look := launch.look(evidence.MomentSteady); look != nil {
			most = max(most, unfiled(look))
		}
	}
	return most
}

// standardEngine: every file of code is known, and engine and lock are the published
// ones.
func standardEngine(c *Case, contender *Contender) ruling {
	if r := c.closed(contender); r.status != Pass {
		return r
	}
	making := c.making(contender)
	engine, known := engines.Lookup(contender.engineName())
	if slices.Contains(c.Bundle.Plan.Own, contender.Name) {
		known = false
	}
	switch {
	case known && engine.Language == engines.Go:
		return c.standardGo(contender)
	case making.Packages != nil:
		return c.standardPackages(contender, making, known)
	case making.Build != nil:
		return c.standardBuild(contender, making, known)
	default:
		return skips("the source of %s, its lock file and a record of how it was built or installed", contender.Name)
	}
}

// standardGo: an engine in Go is part of the program that measured, whose sources
// have a digest and whose modules have checksums.
func (c *Case) standardGo(contender *Contender) ruling {
	making := c.making(contender)
	if c.Harness == nil || making.Build == nil || making.Build.Sources == "" {
		return skips("the digest of the program that measured and of the sources that it was made from")
	}
	if !contender.ranOnly(c.Harness.SHA256) {
		return fails("a launch ran another program than the one that measured")
	}
	if build := c.Harness.Binary.Go; build != nil {
		for _, module := range build.Modules {
			if module.Replaced || module.Sum == "" {
				return fails("module %s %s was replaced or has no checksum", module.Path, module.Version)
			}
		}
	}
	r := passes("every launch ran the program that measured, made from sources with a digest")
	if making.Build.Sources == model.SourceDigest() {
		r = passes("every launch ran the program that measured, made from the sources that this one is made from")
	}
	return r.with("digest of the sources", "%.16s", making.Build.Sources)
}

// standardPackages: installed packages are those of the lock file, file by file, and
// the lock file of a built-in engine is this program's own.
func (c *Case) standardPackages(contender, making *Contender, known bool) ruling {
	packages := making.Packages
	lock, err := c.contenderFile(making, path.Base(packages.LockFile))
	if err != nil || lock == nil {
		return skips("the lock file %q in the contender's folder", packages.LockFile)
	}
	if digest(lock) != packages.Lock {
		return fails("the lock file in the bundle is not the one that was installed from")
	}
	for _, p := range packages.Packages {
		switch {
		case len(p.Changed) > 0:
			return fails("%s %s: %s is not what the package's own list says, with %d such files", p.Name, p.Version, p.Changed[0], len(p.Changed))
		case len(p.Absent) > 0:
			return fails("%s %s: %s is missing, with %d such files", p.Name, p.Version, p.Absent[0], len(p.Absent))
		case !p.Locked:
			return fails("%s %s is installed and not in the lock file", p.Name, p.Version)
		}
	}
	if len(packages.Packages) == 0 || len(packages.Missing) > 0 {
		return fails("packages of the lock file are not installed: %s", strings.Join(packages.Missing, ", "))
	}
	if len(packages.Strays) > 0 {
		return fails("%s lies in the installation and belongs to no package, with %d such files", packages.Strays[0], len(packages.Strays))
	}
	r := passes("%d packages are those of the lock file, to the byte", len(packages.Packages))
	if !known {
		return r
	}
	engine, _ := engines.Lookup(contender.engineName())
	if !c.hasOwnFiles(contender, engine) {
		return skips("a runner and a lock file that this version of the program knows; those in the bundle are others")
	}
	return passes("%d packages are those of this program's own lock file, to the byte", len(packages.Packages)).with("digest of the lock file", "%.16s", packages.Lock)
}

// standardBuild: the program is the one that was built, from sources in the bundle.
func (c *Case) standardBuild(contender, making *Contender, known bool) ruling {
	build := making.Build
	for name, sum := range build.SourceFiles {
		text, err := c.contenderFile(making, name)
		if err != nil || text == nil {
			return skips("the source file %s in the contender's folder", name)
		}
		if digest(text) != sum {
			return fails("the source file %s in the bundle is not the one that was built", name)
		}
	}
	if len(build.SourceFiles) == 0 {
		return skips("the digests of the files that %s was built from", contender.Name)
	}
	if build.Recorded != "" && build.Recorded != build.Executable {
		return fails("the program was changed after it was built")
	}
	if c.own(contender) {
		// It may be a script that starts a program. What ran is known by its origin here, and
		// if it was built, by the record of that (closed).
		return passes("every program that ran was built from the sources in the bundle, or is none of the contender's").with("digest of the sources", "%.16s", build.Sources)
	}
	if !contender.ranOnly(build.Executable) {
		return fails("a launch ran another program than the one that was built")
	}
	if engine, ok := engines.Lookup(contender.engineName()); known && ok && !c.hasOwnFiles(contender, engine) {
		return skips("sources that this version of the program knows; those in the bundle are others")
	}
	return passes("every launch ran the program that was built from the sources in the bundle").with("digest of the program", "%.16s", build.Executable)
}

// optimisedBuild: compiled contenders are release builds, by what their binaries and
// logs say.
func optimisedBuild(c *Case, contender *Contender) ruling {
	making := c.making(contender)
	programs := c.executables(contender)
	if len(programs) == 0 {
		return skips("the digest of the program that ran, with what it says of its build")
	}
	var rulings []ruling
	for _, program := range programs {
		rulings = append(rulings, c.optimised(contender, making, program))
	}
	return all(rulings...)
}

func (c *Case) optimised(contender, making *Contender, program evidence.MappedFile) ruling {
	binary := program.Binary
	if binary == nil {
		return skips("what %s says of how it was built", program.Path)
	}
	if fault := unoptimised(binary); fault != "" {
		return fails("%s: %s", program.Path, fault)
	}
	switch {
	case binary.Go != nil:
		return passes("%s is a Go build by %s with optimisation", program.Path, binary.Go.Version)
	case program.Origin == evidence.OriginBuild && c.isBuilt(contender, program):
		return c.releaseLog(making, program)
	case program.Origin == evidence.OriginSystem || program.Origin == evidence.OriginRuntime || program.Origin == evidence.OriginPackage:
		return passes("%s is a published binary, and nothing in it tells of a debug build", program.Path)
	case optimisedProducer(binary):
		return passes("%s records optimisation flags", program.Path)
	default:
		return skips("a build log of %s", program.Path)
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
func (c *Case) releaseLog(making *Contender, program evidence.MappedFile) ruling {
	log, err := c.contenderFile(making, path.Base(making.Build.LogFile))
	if err != nil || log == nil {
		return skips("the log of the build of %s", program.Path)
	}
	if !byCargo(making.Build, log) {
		return flagsInLog(log, program)
	}
	if !strings.Contains(string(log), "Finished `release` profile [optimized]") || strings.Contains(string(log), "unoptimized") {
		return fails("the log of the build of %s tells of no release profile", program.Path)
	}
	return passes("%s is the program whose build log shows the release profile", program.Path)
}

// byCargo reports whether cargo made the program, whatever called it.
func byCargo(build *evidence.Build, log []byte) bool {
	return strings.HasPrefix(build.How, "cargo ") || bytes.Contains(log, []byte("Finished `"))
}

// flagsInLog judges a build by the compilers' flags that its log has.
func flagsInLog(log []byte, program evidence.MappedFile) ruling {
	switch {
	case plainFlag.Match(log):
		return fails("the log of the build of %s has %q", program.Path, strings.TrimSpace(string(plainFlag.Find(log))))
	case optimisationFlag.Match(log):
		return passes("%s is a program whose build log has %q", program.Path, strings.TrimSpace(string(optimisationFlag.Find(log))))
	case optimisedProducer(program.Binary):
		return passes("%s records optimisation flags", program.Path)
	default:
		return skips("flags of optimisation in the log of the build of %s, or in itself", program.Path)
	}
}

// plainFlag is the flag of a build without optimisation.
var plainFlag = regexp.MustCompile(`(?m)(^|\s)-O0\b`)

// tuned are what logs, manifests and variables of a specially tuned build say.
var tuned = regexp.MustCompile(`(?m)(^\s*lto\s*=\s*(["'](fat|thin)["']|true)|-C\s*lto\b|linker-plugin-lto|-flto\b|target-cpu\s*[= ]\s*"?[a-z]|-march\s*[= ]\s*[a-z]|-mcpu\s*[= ]|-mtune\s*[= ]|profile-use|-fprofile-use|-Cprofile-use|codegen-units\s*=\s*1\b|opt-level\s*=\s*(3|"s"|"z")|-Ctarget-feature|target-feature)`)

// ordinaryBuild: nothing in sources, log, variables and binary tells of special
// tuning.
func ordinaryBuild(c *Case, contender *Contender) ruling {
	making := c.making(contender)
	programs := c.executables(contender)
	if len(programs) == 0 {
		return skips("the program that ran, with what it says of its build")
	}
	for _, program := range programs {
		if program.Binary != nil && program.Binary.Go != nil {
			if fault := tunedGo(program.Binary.Go); fault != "" {
				return fails("%s: %s", program.Path, fault)
			}
			continue
		}
		if making.Build == nil && making.Packages == nil {
			return skips("a build log of %s, or hashes of published packages", contender.Name)
		}
		if making.Packages != nil {
			if r := c.ruling(36, contender); r.status != Pass {
				return skips("published packages to the byte: %s", r.detail)
			}
			continue
		}
		if r := c.tunedBuild(making); r.status != Pass {
			return r
		}
	}
	return passes("nothing in the record of %s tells of link-time optimisation, profiles or a native CPU", plural(len(programs), "build"))
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
func (c *Case) tunedBuild(making *Contender) ruling {
	build := making.Build
	if build.LogFile == "" {
		return skips("the log of the build of %s", making.Name)
	}
	names := []string{build.LogFile}
	for name := range build.SourceFiles {
		if base := path.Base(name); base == "Cargo.toml" || base == "config.toml" || base == "config" || base == "Makefile" || base == "CMakeLists.txt" || base == "build.rs" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		text, err := c.contenderFile(making, name)
		if err != nil || text == nil {
			return skips("the file %s of the build of %s", name, making.Name)
		}
		if found := tuned.Find(text); found != nil {
			return fails("%s has %q", name, strings.TrimSpace(string(found)))
		}
		if !isCargos(name) {
			continue
		}
		found, err := tunedManifest(text)
		if err != nil {
			return skips("%s as cargo reads it: %v", name, err)
		}
		if found != "" {
			return fails("%s has %q", name, found)
		}
	}
	if build.Environment == nil {
		return skips("the variables that the build of %s was made with", making.Name)
	}
	for _, variable := range build.Environment {
		if r := tunedVariable(variable); r.status != Pass {
			return r
		}
	}
	return passes("the build of %s is an ordinary one", making.Name)
}

// monotonicTime: the contender's clock goes no further than the harness's, whatever
// the wall clock does.
func monotonicTime(_ *Case, contender *Contender) ruling {
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
				return fails("launch %d: a request of the phase %s took %d ns by the contender's clock and %d by the harness's", launch.Number, sample.Phase, sample.InnerNanoseconds, *sample.OuterNanoseconds)
			}
			if sample.Phase == evidence.PhaseRequest && launch.Calls.Sum > sample.InnerNanoseconds+slack {
				return fails("launch %d: its single calls add up to %d ns, the request took %d", launch.Number, launch.Calls.Sum, sample.InnerNanoseconds)
			}
		}
		for _, request := range launch.Requests {
			if request.OffsetNanoseconds == nil {
				continue
			}
			offsets++
			if math.Abs(float64(*request.OffsetNanoseconds)) >= mostStep {
				return fails("launch %d: the wall clock was moved by %.3f ms within a request of the phase %s", launch.Number, float64(*request.OffsetNanoseconds)/1e6, request.Phase)
			}
		}
	}
	if offsets == 0 {
		return skips("readings of the wall clock and the monotonic one around long bursts")
	}
	return passes("none of %d requests took longer by the contender's clock than by the harness's, and the wall clock stood still against the monotonic one", bursts)
}

// inlining is what forces a compiler to inline.
var inlining = regexp.MustCompile(`inline\(always\)|always_inline|__forceinline|go:linkname`)

// plainLoop: the time of a burst grows with its calls, and the runner's source does
// nothing special about it.
func plainLoop(c *Case, contender *Contender) ruling {
	const most = 0.10
	shape := contender.perLaunch(func(l *Launch) float64 {
		one, two, four := l.phaseMedian(evidence.PhaseMultiple(1), cpuOf), l.phaseMedian(evidence.PhaseMultiple(2), cpuOf), l.phaseMedian(evidence.PhaseMultiple(4), cpuOf)
		return (four - two) / (two - one) / 2
	})
	if len(shape) == 0 {
		return skips("bursts of N, 2N and 4N calls (phases %s, %s, %s)", evidence.PhaseMultiple(1), evidence.PhaseMultiple(2), evidence.PhaseMultiple(4))
	}
	median := stats.Median(shape)
	for _, name := range contender.Files {
		if slices.Contains([]string{".rs", ".py", ".go", ".c", ".cc", ".cpp", ".h"}, path.Ext(name)) {
			text, err := c.contenderFile(contender, name)
			if err == nil && inlining.Match(text) {
				return fails("%s forces inlining: %q", name, inlining.Find(text))
			}
		}
	}
	r := passes("twice the calls take twice the CPU time, to %.1f%%", 100*math.Abs(median-1))
	switch {
	case tooFew(shape, 1-most, 1+most):
		r = notTold(shape, r.detail)
	case beyond(shape, 1+most) || below(shape, 1-most):
		r = fails("the third and fourth quarter of a burst take %.2f times the CPU time of the second one each", median)
	}
	return r.with("CPU time of the later calls over that of the earlier", "%.3f", median)
}

// trainingInputs: the rows of the fit are those that the dataset's rule makes.
func trainingInputs(c *Case) ruling { return c.trainingData("inputs") }

// trainingLabels: the same for labels; one digest is over both.
func trainingLabels(c *Case) ruling { return c.trainingData("labels") }

func (c *Case) trainingData(what string) ruling {
	material, err := c.Material()
	if material == nil {
		return skips("a dataset that this program can make: %v", err)
	}
	row := c.fittedRow()
	if row == nil || row.SHA256[trainingData] == "" {
		return skips("the digest of the training data in the ledger")
	}
	if row.SHA256[trainingData] != material.SHA256[trainingData] {
		return fails("the training data has the digest %.12s; the rule of %s makes %.12s, %s included", row.SHA256[trainingData], c.Bundle.Plan.Dataset, material.SHA256[trainingData], what)
	}
	return passes("the %s made again by the rule of %s have the digest that the ledger has", what, c.Bundle.Plan.Dataset).with("digest of the training data", "%.16s", material.SHA256[trainingData])
}

// trainingCount: the fit consumed all rows.
func trainingCount(c *Case) ruling {
	material, err := c.Material()
	if material == nil {
		return skips("a dataset that this program can make: %v", err)
	}
	row := c.fittedRow()
	if row == nil {
		return skips("the ledger's row of the fit")
	}
	if planned := material.Set.Train.Rows(); row.TrainingRows != planned {
		return fails("the fit used %d rows where %s has %d", row.TrainingRows, c.Bundle.Plan.Dataset, planned)
	}
	if r := c.trainingData("rows"); r.status != Pass {
		return r
	}
	return passes("the fit used %d rows", row.TrainingRows)
}

// classicRow: the row that is timed again and again has the bytes that the rule makes.
func classicRow(c *Case, contender *Contender) ruling {
	material, err := c.Material()
	if material == nil {
		return skips("a dataset that this program can make: %v", err)
	}
	due := c.classicDigest(material)
	sent := 0
	for _, launch := range contender.Finished {
		var fault error
		launch.requests(evidence.PhaseRequest, func(request evidence.Request) {
			file, known := c.Inputs[request.Inputs]
			sent++
			if !known {
				fault = errors.New("it was sent a file of which nothing is recorded")
			} else if file.SHA256 != due {
				fault = fmt.Errorf("it was sent a row with the digest %.12s; the rule makes %.12s", file.SHA256, due)
			}
		})
		if fault != nil {
			return fails("launch %d: %v", launch.Number, fault)
		}
	}
	if sent == 0 {
		return skips("the digest of the row that was sent")
	}
	return passes("all %d launches were sent the row that the rule makes", sent).with("digest of the row", "%.16s", due)
}

// singlePrecision: rows at the decision boundary, which coarser weights get wrong half
// the time, get the labels that float64 gives them.
func singlePrecision(c *Case, contender *Contender) ruling {
	rows, wrong := 0, 0
	for _, launch := range contender.Launches {
		if launch.Ended == nil {
			continue
		}
		rows, wrong = rows+launch.Ended.BoundaryRows, wrong+launch.Ended.BoundaryWrong
	}
	if rows == 0 {
		return skips("labels of rows at the decision boundary")
	}
	share := float64(wrong) / float64(rows)
	r := passes("of %d rows at the decision boundary %d got another label than float64 gives them", rows, wrong)
	if share > mostHardWrong {
		return fails("of %d rows at the decision boundary %d got another label than float64 gives them: the arithmetic is coarser than float32", rows, wrong).
			with("wrong labels at the boundary", "%.1f%%", 100*share)
	}
	// The model files hold 32-bit floats where they are the suite's to the byte.
	if loaded := c.ruling(4, contender); len(contender.Finished) > 0 && loaded.status != Pass {
		return skips("model files known to the byte: %s", loaded.detail)
	}
	return r.with("wrong labels at the boundary", "%.1f%%", 100*share)
}
