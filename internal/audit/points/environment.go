package points

// This file judges the points of the category environment: that nobody had a better
// machine, a quieter one, or an older engine to beat.

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"cupel/internal/audit"
	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// sameProcessor: the CPUs that a launch may use are of one kind in all launches, of
// all contenders.
func sameProcessor(c *audit.Case, contender *audit.Contender) audit.Ruling {
	due := ""
	launches := 0
	for _, launch := range c.Launches {
		if !launch.Finished() {
			continue
		}
		mask := cpuMask(launch)
		if mask == nil {
			continue
		}
		kind, err := kindOf(c, launch.Replicate, mask)
		if err != nil {
			return audit.Skips("%v", err)
		}
		if due == "" {
			due = kind
		}
		if launch.Contender != contender.Name {
			continue
		}
		if launches++; kind != due {
			return audit.Fails("launch %d ran on %s, others on %s", launch.Number, kind, due)
		}
	}
	if launches == 0 {
		return audit.Skips("looks at the CPUs that threads may run on")
	}
	return audit.Passes("all %d launches ran on %s", launches, due).With("processor", "%s", due)
}

// cpuMask is the CPUs that the launch's threads may run on, all together, nil where
// nobody looked.
func cpuMask(l *audit.Launch) []int {
	var mask []int
	for _, moment := range []evidence.Moment{evidence.MomentSteady, evidence.MomentLast} {
		if look := l.Look(moment); look != nil {
			for _, thread := range look.Threads {
				mask = append(mask, thread.CPUs...)
			}
		}
	}
	slices.Sort(mask)
	return slices.Compact(mask)
}

// kindOf describes CPUs as the kernel did at the start of a replicate.
func kindOf(c *audit.Case, replicate int, mask []int) (string, error) {
	// Cells have replicates of the same numbers, and CPUs of their own.
	described := map[int]evidence.Processor{}
	for _, machine := range c.Bundle.Machines {
		if machine.Replicate != replicate {
			continue
		}
		for _, p := range machine.Processors {
			described[p.Number] = p
		}
	}
	if len(described) == 0 {
		return "", fmt.Errorf("a description of the machine at the start of replicate %d", replicate)
	}
	var kinds []string
	for _, number := range mask {
		p, there := described[number]
		if !there {
			return "", fmt.Errorf("a description of CPU %d", number)
		}
		kinds = append(kinds, strings.TrimSpace(fmt.Sprintf("%s %s, family %s model %s stepping %s, flags %.8s %s", p.Vendor, p.Name, p.Family, p.Model, p.Stepping, p.FlagsSHA256, p.CoreType)))
	}
	slices.Sort(kinds)
	return strings.Join(slices.Compact(kinds), " and "), nil
}

// sameMachine: one machine and one boot of it, whose clock goes on, and launches of
// all contenders that live at the same time.
func sameMachine(c *audit.Case) audit.Ruling {
	if len(c.Bundle.Machines) == 0 {
		return audit.Skips("the machine's identity at the start of each replicate")
	}
	first := c.Bundle.Machines[0]
	if known := c.Bundle.Environment.Identity; known.SHA256 != "" && (known.SHA256 != first.Identity.SHA256 || known.BootID != first.Identity.BootID) {
		return audit.Fails("the environment was recorded on another machine, or in another boot of it, than replicate %d", first.Replicate)
	}
	before := first
	for _, machine := range c.Bundle.Machines[1:] {
		switch {
		case machine.Identity.SHA256 != first.Identity.SHA256:
			return audit.Fails("replicate %d was made on another machine than the first one", machine.Replicate)
		case machine.Identity.BootID != first.Identity.BootID:
			return audit.Fails("replicate %d was made in another boot of the machine than the first one", machine.Replicate)
		case machine.Clocks.MonotonicNanoseconds <= before.Clocks.MonotonicNanoseconds:
			return audit.Fails("the machine's clock goes back between the replicates %d and %d", before.Replicate, machine.Replicate)
		}
		before = machine
	}
	if fault := apart(c); fault != "" {
		return audit.Fails("%s", fault)
	}
	return audit.Passes("one boot of one machine, whose clock goes on, and in each replicate the contenders live side by side").
		With("boot", "%.8s", first.Identity.BootID).With("machine", "%.8s, from %s", first.Identity.SHA256, first.Identity.From)
}

// apart says which launches of a replicate did not live at the same time.
func apart(c *audit.Case) string {
	started, ended := map[int]*audit.Launch{}, map[int]*audit.Launch{}
	for _, launch := range c.Launches {
		if !launch.Finished() || launch.Started == nil {
			continue
		}
		replicate := launch.Replicate
		if last := started[replicate]; last == nil || launch.Started.ElapsedNanoseconds > last.Started.ElapsedNanoseconds {
			started[replicate] = launch
		}
		if first := ended[replicate]; first == nil || launch.Ended.ElapsedNanoseconds < first.Ended.ElapsedNanoseconds {
			ended[replicate] = launch
		}
	}
	for replicate, last := range started {
		if first := ended[replicate]; last.Started.ElapsedNanoseconds > first.Ended.ElapsedNanoseconds {
			return fmt.Sprintf("launch %d of replicate %d was started after launch %d had ended", last.Number, replicate, first.Number)
		}
	}
	return ""
}

// canaryReading is the time of the harness's fixed loop on the contenders' core, just
// before a burst.
type canaryReading struct {
	start, nanoseconds float64
	launch             *audit.Launch
}

// canaryReadings are all of the rounds, in the order of time.
func canaryReadings(c *audit.Case) []canaryReading {
	var readings []canaryReading
	for _, launch := range c.Launches {
		if launch.Samples == nil {
			continue
		}
		for _, sample := range launch.Samples.Bursts {
			if sample.Round > 0 && sample.CanaryBeforeNanoseconds != nil && sample.StartNanoseconds != nil {
				readings = append(readings, canaryReading{float64(*sample.StartNanoseconds), float64(*sample.CanaryBeforeNanoseconds), launch})
			}
		}
	}
	slices.SortStableFunc(readings, func(a, b canaryReading) int { return cmp.Compare(a.start, b.start) })
	return readings
}

func medianReading(readings []canaryReading) float64 {
	values := make([]float64, len(readings))
	for i, reading := range readings {
		values[i] = reading.nanoseconds
	}
	return stats.Median(values)
}

// canaryWindows are the medians of so many readings at a time.
func canaryWindows(readings []canaryReading) []float64 {
	const size = 100
	var windows []float64
	for at := 0; at+size <= len(readings); at += size {
		windows = append(windows, medianReading(readings[at:at+size]))
	}
	return windows
}

// noThrottling: the harness's fixed loop takes as long all through the run, and as
// long in every contender's turns.
func noThrottling(c *audit.Case) audit.Ruling {
	const (
		mostSpread    = 1.15
		leastWindows  = 5
		mostBetween   = 1.02
		leastFrequent = 0.95
	)
	readings := canaryReadings(c)
	windows := canaryWindows(readings)
	if len(windows) < leastWindows {
		return audit.Skips("%d hundred times of the harness's own loop", leastWindows)
	}
	slices.Sort(windows)
	spread := windows[len(windows)*95/100] / windows[len(windows)*5/100]
	r := audit.Passes("the harness's own loop takes %.3f times as long in slow moments as in fast ones, and as long in every contender's turns", spread)
	if !(spread <= mostSpread) {
		r = audit.Fails("the harness's own loop takes %.3f times as long in slow moments as in fast ones (%d windows of 100, 95th over 5th percentile); at most %.2f is steady", spread, len(windows), mostSpread)
	}
	r = r.With("slow windows over fast ones", "%.3f", spread)
	name, median := "", 0.0
	for _, contender := range c.Contenders {
		ratios := canaryAgainstOthers(contender, readings)
		if !audit.Beyond(ratios, math.Log(mostBetween)) && !audit.Below(ratios, -math.Log(mostBetween)) {
			continue
		}
		if m := stats.Median(ratios); math.Abs(m) > math.Abs(median) {
			name, median = contender.Name, m
		}
	}
	rulings := []audit.Ruling{r}
	if name != "" {
		rulings = append(rulings, audit.Fails("before the bursts of %s the harness's own loop takes %.3f times what it takes before those of the others; at most %.2f is alike", name, math.Exp(median), mostBetween))
	}
	for _, machine := range c.Bundle.Machines {
		for _, p := range machine.Processors {
			slow := p.MaximumHertz == 0 || float64(p.Hertz) < leastFrequent*float64(p.MaximumHertz)
			if p.Governor != "" && p.Governor != "performance" && slow {
				rulings = append(rulings, audit.Fails("CPU %d has the governor %q at %d of %d Hz", p.Number, p.Governor, p.Hertz, p.MaximumHertz))
			}
		}
	}
	return audit.All(rulings...)
}

// canaryAgainstOthers are, by replicate, the logarithms of the loop's time before a
// contender's bursts over that before the others'.
func canaryAgainstOthers(contender *audit.Contender, readings []canaryReading) []float64 {
	own, others := map[int][]canaryReading{}, map[int][]canaryReading{}
	for _, reading := range readings {
		group := others
		if reading.launch.Contender == contender.Name {
			group = own
		}
		group[reading.launch.Replicate] = append(group[reading.launch.Replicate], reading)
	}
	var ratios []float64
	for replicate, mine := range own {
		if beside := others[replicate]; len(beside) > 0 {
			ratios = append(ratios, math.Log(medianReading(mine)/medianReading(beside)))
		}
	}
	slices.Sort(ratios)
	return ratios
}

// noThermalDrift: the loop takes as long at the run's end as at its beginning, and no
// visible counter of heat went on.
func noThermalDrift(c *audit.Case) audit.Ruling {
	const (
		most          = 0.05
		leastReadings = 400
	)
	readings := canaryReadings(c)
	if len(readings) < leastReadings {
		return audit.Skips("%d times of the harness's own loop", leastReadings)
	}
	quarter := len(readings) / 4
	drift := medianReading(readings[len(readings)-quarter:])/medianReading(readings[:quarter]) - 1
	r := audit.Passes("the harness's own loop takes %+.1f%% in the last quarter of the run, against the first", 100*drift)
	if !(math.Abs(drift) <= most) {
		r = audit.Fails("the harness's own loop takes %+.1f%% in the last quarter of the run, against the first; at most %.0f%% is steady", 100*drift, 100*most)
	}
	rulings := []audit.Ruling{r.With("drift of the harness's own loop", "%+.2f%%", 100*drift)}
	if count := throttles(c); count > 0 {
		rulings = append(rulings, audit.Fails("cores were slowed for their heat %d times", count))
	}
	return audit.All(rulings...)
}

// throttles is by how much counters of heat went on over the run, as far as visible: by
// the looks at the machine or by the accounts of blocks, whichever saw more, and on the
// CPU that has most, since all CPUs of a package count the same event.
func throttles(c *audit.Case) int64 {
	first, greatest := map[int]int64{}, int64(0)
	for _, machine := range c.Bundle.Machines {
		for _, p := range machine.Processors {
			if p.Throttles == nil {
				continue
			}
			if _, seen := first[p.Number]; !seen {
				first[p.Number] = *p.Throttles
			}
			greatest = max(greatest, *p.Throttles-first[p.Number])
		}
	}
	blocks := map[int]int64{}
	for _, block := range c.Bundle.Blocks {
		if block.Machine == nil {
			continue
		}
		for _, cpu := range block.Machine.CPUs {
			if cpu.Throttles != nil {
				blocks[cpu.Number] += *cpu.Throttles
				greatest = max(greatest, blocks[cpu.Number])
			}
		}
	}
	return greatest
}

// enoughMemory: nothing is swapped, and a tenth of the memory stays free.
func enoughMemory(c *audit.Case) audit.Ruling {
	const least = 0.1
	lowest, moments := math.Inf(1), 0
	look := func(when string, memory evidence.Memory) string {
		if memory.TotalBytes <= 0 {
			return ""
		}
		moments++
		share := float64(memory.AvailableBytes) / float64(memory.TotalBytes)
		lowest = min(lowest, share)
		switch {
		case memory.SwappedBytes > 0:
			return fmt.Sprintf("%d bytes lie in swap %s", memory.SwappedBytes, when)
		case share < least:
			return fmt.Sprintf("%.1f%% of the memory is available %s; %.0f%% is the least", 100*share, when, 100*least)
		}
		return ""
	}
	for _, machine := range c.Bundle.Machines {
		if fault := look(fmt.Sprintf("at replicate %d", machine.Replicate), machine.Memory); fault != "" {
			return audit.Fails("%s", fault)
		}
	}
	for _, block := range c.Bundle.Blocks {
		if m := block.Machine; m != nil && m.SwapInBytes+m.SwapOutBytes > 0 {
			return audit.Fails("%d bytes were swapped in and %d out in replicate %d", m.SwapInBytes, m.SwapOutBytes, block.Replicate)
		}
		if block.Watch == nil {
			continue
		}
		if fault := look(fmt.Sprintf("in replicate %d", block.Replicate), block.Watch.Memory); fault != "" {
			return audit.Fails("%s", fault)
		}
	}
	for _, seen := range c.Bundle.Inspections {
		if seen.SwappedBytes > 0 {
			return audit.Fails("launch %d has %d bytes in swap", seen.Launch, seen.SwappedBytes)
		}
	}
	if moments == 0 {
		return audit.Skips("what memory there was during the run")
	}
	return audit.Passes("nothing was swapped, and %.1f%% of the memory or more was available, in %d looks", 100*lowest, moments).With("least memory available", "%.1f%%", 100*lowest)
}

// preRelease is what versions of pre-releases have.
var preRelease = regexp.MustCompile(`(?i)(^|[.\d_+-])(a|b|rc|alpha|beta|dev|pre|nightly|snapshot)[.-]?\d*($|[.+-])`)

// oldest is how old an engine's release may be when it is measured.
const oldest = 24

// currentEngine: an engine's version is a release of the last two years.
func currentEngine(c *audit.Case, contender *audit.Contender) audit.Ruling {
	name, version, released, known := engineRelease(c, contender)
	switch {
	case version == "":
		return audit.Skips("the installed version of %s, by its packages or its build", contender.Name)
	case preRelease.MatchString(version):
		return audit.Fails("%s %s is a pre-release", name, version)
	case !known:
		return audit.Skips("the date on which %s %s was released, in its lock file", name, version)
	case released.IsZero():
		return audit.Passes("%s is made from the sources that this program is made from", name).With("version", "%s", version)
	}
	run := c.Bundle.Environment.Time
	r := audit.Passes("%s %s was released on %s", name, version, released.Format(time.DateOnly))
	switch {
	case released.After(run):
		r = audit.Fails("%s %s was released on %s, after the run", name, version, released.Format(time.DateOnly))
	case released.AddDate(0, oldest, 0).Before(run):
		r = audit.Fails("%s %s was released on %s, more than %d months before the run", name, version, released.Format(time.DateOnly), oldest)
	}
	return r.With("release", "%s %s, %s", name, version, released.Format(time.DateOnly))
}

// currentRuntime: the language's version was maintained when the run was made.
func currentRuntime(c *audit.Case, contender *audit.Contender) audit.Ruling {
	making, run := makerOf(c, contender), c.Bundle.Environment.Time
	if making.Packages != nil {
		return currentPython(making.Packages.Runtime, run)
	}
	programs := executables(c, contender)
	if len(programs) == 0 {
		return audit.Skips("the program that ran, with what it says of its build")
	}
	var rulings []audit.Ruling
	for _, program := range programs {
		rulings = append(rulings, currentProgram(program, run))
	}
	return audit.All(rulings...)
}

func currentProgram(program evidence.MappedFile, run time.Time) audit.Ruling {
	if program.Binary == nil {
		return audit.Skips("what %s says of how it was built", program.Path)
	}
	if program.Binary.Go != nil {
		return currentGo(program.Binary.Go.Version, run)
	}
	for _, comment := range program.Binary.Comments {
		if found := rustCompiler.FindStringSubmatch(comment); found != nil {
			return currentRust(found[1], found[2], run)
		}
	}
	return audit.Skips("the version of the language that %s was made with", program.Path)
}

var (
	// unstable is what compilers say that were never released.
	unstable     = regexp.MustCompile(`(?i)nightly|-beta|\bbeta\b|-dev\b|-devel|\(devel\)|experimental|\balpha\b|-rc\.?\d`)
	rustCompiler = regexp.MustCompile(`rustc version (\S+) \([0-9a-f]+ (\d{4}-\d{2}-\d{2})\)`)
	fullVersion  = regexp.MustCompile(`\d+\.\d+`)
)

// stableCompilers: what a contender's own code was compiled with was released, and
// so was what the harness was.
func stableCompilers(c *audit.Case, contender *audit.Contender) audit.Ruling {
	compilers := map[string]bool{}
	add := func(binary *evidence.Binary) {
		if binary == nil {
			return
		}
		for _, comment := range binary.Comments {
			compilers[comment] = true
		}
		if binary.Go != nil {
			compilers[binary.Go.Version] = true
		}
	}
	mapped(c, contender, func(file evidence.MappedFile) {
		if file.Origin != evidence.OriginSystem || file.SHA256 == programOf(c, contender) {
			add(file.Binary)
		}
	})
	if len(compilers) == 0 {
		return audit.Skips("what the code of %s says of the compilers that made it", contender.Name)
	}
	if c.Harness == nil {
		return audit.Skips("what the program that measured says of the compiler that made it")
	}
	add(&c.Harness.Binary)
	for compiler := range compilers {
		if unstable.MatchString(compiler) {
			return audit.Fails("code was made by %q, which is no release", compiler)
		}
		if !fullVersion.MatchString(compiler) {
			return audit.Fails("code was made by %q, which is no version", compiler)
		}
	}
	return audit.Passes("code and harness were made by %s", audit.Plural(len(compilers), "released compiler"))
}

// programOf is the digest of the program that a contender's launches ran, empty
// where nobody looked.
func programOf(c *audit.Case, contender *audit.Contender) string {
	for _, program := range executables(c, contender) {
		return program.SHA256
	}
	return ""
}

// noDebugSymbols: a compiled contender has no debug information, or such as costs
// nothing, which every Go build has.
func noDebugSymbols(c *audit.Case, contender *audit.Contender) audit.Ruling {
	programs := executables(c, contender)
	if len(programs) == 0 {
		return audit.Skips("the program that ran, with what it says of its build")
	}
	var rulings []audit.Ruling
	for _, program := range programs {
		binary := program.Binary
		switch {
		case binary == nil:
			rulings = append(rulings, audit.Skips("what %s says of how it was built", program.Path))
		case unoptimised(binary) != "":
			rulings = append(rulings, audit.Fails("%s: %s", program.Path, unoptimised(binary)))
		case !binary.DebugInfo:
			rulings = append(rulings, audit.Passes("%s has no debug information", program.Path))
		case binary.Go != nil:
			rulings = append(rulings, audit.Passes("%s has the debug information of every Go build, and was optimised", program.Path))
		case makerOf(c, contender).Packages != nil && program.Origin != evidence.OriginPackage:
			rulings = append(rulings, audit.Passes("%s is the language's interpreter, compiled with optimisation; its debug information is in sections that nothing loads", program.Path))
		default:
			rulings = append(rulings, audit.Fails("%s has debug information", program.Path))
		}
	}
	return audit.All(rulings...)
}

var (
	// numerical are libraries of linear algebra, by their files' names.
	numerical = regexp.MustCompile(`(?i)(blas|lapack|libmkl|libblis|libflame|libarmpl|libdnnl|libonednn|libnvpl|libatlas|accelerate)`)
	// choosers are variables that have such a library take other code.
	choosers = []string{
		"OPENBLAS_CORETYPE", "MKL_DEBUG_CPU_TYPE", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "MKL_THREADING_LAYER", "MKL_INTERFACE_LAYER",
		"BLIS_ARCH_TYPE", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES",
	}
	threadCount = regexp.MustCompile(`^(OMP|OPENBLAS|MKL|BLIS|VECLIB_MAXIMUM|NUMEXPR|RAYON)_(NUM_)?THREADS$`)
)

// ownLibraries: libraries of linear algebra are the engine's own, from its lock, and
// variables leave them as they are.
func ownLibraries(c *audit.Case, contender *audit.Contender) audit.Ruling {
	var names []string
	var fault string
	files := 0
	mapped(c, contender, func(file evidence.MappedFile) {
		files++
		base := file.Path[strings.LastIndex(file.Path, "/")+1:]
		if !numerical.MatchString(base) {
			return
		}
		names = append(names, strings.TrimSpace(base+" "+file.Package))
		if file.Origin != evidence.OriginPackage || !lockedPackage(c, contender, file.Package) {
			fault = fmt.Sprintf("%s is mapped, from %s, and belongs to no package of the lock file", file.Path, file.Origin)
		}
	})
	if files == 0 {
		return audit.Skips("the files of code that the processes had mapped")
	}
	if fault != "" {
		return audit.Fails("%s", fault)
	}
	environments := 0
	for _, launch := range contender.Finished {
		for _, look := range launch.Inspections {
			if len(look.Environment) > 0 {
				environments++
			}
			if fault := chosen(c, look.Environment); fault != "" {
				return audit.Fails("launch %d: %s", launch.Number, fault)
			}
		}
	}
	if environments == 0 {
		return audit.Skips("the processes' environment")
	}
	slices.Sort(names)
	r := audit.Passes("no library of linear algebra is mapped: the engine has its own code")
	if len(names) > 0 {
		r = audit.Passes("each library of linear algebra is from a package of the lock file: %s", strings.Join(slices.Compact(names), ", "))
	}
	return r.With("files of code looked at", "%d", files)
}

// chosen says which variable has a numerical library behave otherwise than planned.
func chosen(c *audit.Case, environment []evidence.Variable) string {
	for _, variable := range environment {
		if slices.Contains(choosers, variable.Name) {
			return variable.Name + " is set, which chooses other code"
		}
		if threadCount.MatchString(variable.Name) && variable.Value != nil && *variable.Value != fmt.Sprint(c.Bundle.Plan.Threads) {
			return fmt.Sprintf("%s is %q where the plan has %s", variable.Name, *variable.Value, audit.Plural(c.Bundle.Plan.Threads, "thread"))
		}
	}
	return ""
}

func lockedPackage(c *audit.Case, contender *audit.Contender, name string) bool {
	packages := makerOf(c, contender).Packages
	return packages != nil && slices.ContainsFunc(packages.Packages, func(p evidence.Package) bool { return p.Locked && p.Name+" "+p.Version == name })
}

// noOtherLoad: no other process worth naming runs on the contenders' cores, contenders
// do not wait for their CPU, and the host takes no time. Who was last seen on other cores
// is left out, and all that others did there together is at most what these cores did
// beyond the contenders' accounts. That is not judged by itself: the harness's own loop,
// which runs there while it waits for a quiet machine, is 5 to 19% of it on a quiet one.
func noOtherLoad(c *audit.Case) audit.Ruling {
	const (
		mostStrangers = 0.05
		mostWait      = 0.01
	)
	var strangers, steal, beside []float64
	busiest := map[string]int64{}
	for _, block := range c.Bundle.Blocks {
		if block.Machine == nil || block.Machine.WallNanoseconds <= 0 {
			continue
		}
		wall, total := float64(block.Machine.WallNanoseconds), int64(0)
		for _, stranger := range block.Machine.Busiest {
			if onContendersCores(c, stranger) {
				total += stranger.CPUNanoseconds
				busiest[stranger.Name] += stranger.CPUNanoseconds
			}
		}
		if busy, stolen, cpus := contendersCores(c, block.Machine); cpus > 0 {
			own := int64(0)
			for _, process := range block.Processes {
				own += process.Use.CPUNanoseconds
			}
			steal = append(steal, float64(stolen)/wall/float64(cpus))
			beside = append(beside, float64(busy-own)/wall/float64(cpus))
			total = min(total, max(busy-own, 0))
		}
		strangers = append(strangers, float64(total)/wall)
	}
	waits := waitShares(c)
	if len(strangers) == 0 || len(steal) == 0 || len(waits) == 0 {
		return audit.Skips("the machine's accounts over the rounds, and how long bursts waited for a CPU")
	}
	judge := func(what string, value, most float64) audit.Ruling {
		text := fmt.Sprintf("%s: %.2f%%", what, 100*value)
		if value <= most {
			return audit.Passes("%s", text)
		}
		return audit.Fails("%s; at most %.0f%% is quiet", text, 100*most)
	}
	named := busiestOf(busiest)
	return audit.All(
		judge("other processes"+named+" on the contenders' CPUs, of one CPU", stats.Median(strangers), mostStrangers),
		judge("waiting for a CPU, of the median long burst", stats.Median(waits), mostWait),
		judge("taken by the host, of the contenders' CPUs", stats.Median(steal), audit.MostSteal),
	).With("other processes", "%.2f%% of a CPU", 100*stats.Median(strangers)).
		With("waiting for a CPU", "%.2f%%", 100*stats.Median(waits)).
		With("taken by the host", "%.2f%%", 100*stats.Median(steal)).
		With("busy beyond the contenders, the harness's own loop included", "%.2f%%", 100*stats.Median(beside))
}

// onContendersCores reports whether a process may have run on the contenders' CPUs: one
// that none of its threads was last seen on is taken to have run elsewhere.
func onContendersCores(c *audit.Case, process evidence.ProcessTime) bool {
	return len(process.Processors) == 0 || slices.ContainsFunc(process.Processors, func(processor int) bool {
		return slices.Contains(c.Bundle.Environment.Placement.Contender, processor)
	})
}

// contendersCores is what the contenders' CPUs did in a block.
func contendersCores(c *audit.Case, use *evidence.MachineUse) (busy, stolen int64, cpus int) {
	for _, cpu := range use.CPUs {
		if slices.Contains(c.Bundle.Environment.Placement.Contender, cpu.Number) {
			cpus++
			busy += cpu.UserNanoseconds + cpu.NiceNanoseconds + cpu.SystemNanoseconds + cpu.InterruptNanoseconds + cpu.SoftwareInterruptNanoseconds
			stolen += cpu.StealNanoseconds
		}
	}
	return busy, stolen, cpus
}

// waitShares are the shares of long bursts that threads waited for a CPU while their own
// process did not have it: a runtime's thread that looks after the others waits behind
// them on the one CPU that they have together, for a third of a burst (Go, 23 Nov), and
// that is nobody else's load.
func waitShares(c *audit.Case) []float64 {
	var shares []float64
	cpus := int64(max(c.Bundle.Plan.Threads, 1))
	for _, launch := range c.Launches {
		for _, phase := range []evidence.Phase{evidence.PhaseLong, evidence.PhaseNear} {
			launch.EachRequest(phase, func(request evidence.Request) {
				if request.WaitNanoseconds == nil || request.OuterNanoseconds <= 0 {
					return
				}
				waited := *request.WaitNanoseconds
				if request.CPUNanoseconds != nil {
					waited = min(waited, max(cpus*request.OuterNanoseconds-*request.CPUNanoseconds, 0))
				}
				shares = append(shares, float64(waited)/float64(request.OuterNanoseconds))
			})
		}
	}
	return shares
}

func busiestOf(busiest map[string]int64) string {
	name := ""
	for candidate, nanoseconds := range busiest {
		if name == "" || nanoseconds > busiest[name] || nanoseconds == busiest[name] && candidate < name {
			name = candidate
		}
	}
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" (%s the busiest)", name)
}

// noCollections: in long bursts hardly any thread but one works, and memory neither
// grows nor is touched anew.
func noCollections(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const mostFaults = 0.01
	shares, work := othersWork(contender)
	if len(shares) == 0 {
		return audit.Skips("the CPU time of each thread over long bursts")
	}
	faults := contender.PerLaunch(func(l *audit.Launch) float64 { return timed(l, c, minorFaults) })
	if len(faults) == 0 {
		return audit.Skips("the kernel's accounts of page faults over long bursts")
	}
	r := audit.Passes("all threads but the busiest have %.2f%% of the CPU time of long bursts", 100*stats.Median(shares))
	if c.Bundle.Plan.Threads == 1 && work {
		r = audit.Fails("all threads but the busiest have %.2f%% of the CPU time of long bursts; at most %.0f%%, or %d ms of a burst, is no collecting", 100*stats.Median(shares), 100*mostBeside, runtimesOwn/1_000_000)
	}
	f := audit.Passes("a call makes %.5f page faults", stats.Median(faults))
	if stats.Median(faults) > mostFaults {
		f = audit.Fails("a call makes %.4f page faults; at most %v is allowed", stats.Median(faults), mostFaults)
	}
	return audit.All(r.With("other threads' share", "%.3f%%", 100*stats.Median(shares)), flatMemory(contender), f.With("page faults a call", "%.5f", stats.Median(faults)))
}

// mostBeside is the share of a long burst's CPU time, and runtimesOwn the time, that
// threads other than the busiest may have: Go's runtime has a thread that looks after the
// others, for 0.6 to 1.6 ms of a burst whatever that takes. A thread that collects has a
// quarter of a core.
const (
	mostBeside  = 0.10
	runtimesOwn = 2_000_000 // ns
)

// othersWork are the shares, by launch, of the CPU time of the median long burst that
// threads other than the busiest one have, and whether they work more than a runtime's
// own thread does.
func othersWork(contender *audit.Contender) (shares []float64, work bool) {
	var times []float64
	for _, launch := range contender.Finished {
		var share, nanoseconds []float64
		for _, phase := range []evidence.Phase{evidence.PhaseLong, evidence.PhaseNear} {
			launch.EachRequest(phase, func(request evidence.Request) {
				if request.CPUNanoseconds != nil && request.BusiestNanoseconds != nil && *request.CPUNanoseconds > 0 {
					others := float64(*request.CPUNanoseconds - *request.BusiestNanoseconds)
					share = append(share, max(0, others/float64(*request.CPUNanoseconds)))
					nanoseconds = append(nanoseconds, others)
				}
			})
		}
		if len(share) > 0 {
			shares, times = append(shares, stats.Median(share)), append(times, stats.Median(nanoseconds))
		}
	}
	return shares, audit.Beyond(shares, mostBeside) && audit.Beyond(times, runtimesOwn)
}

// noCompiling: a contender starts no program, and its code is the same in its first
// launch and in its last. Compilers of strangers are a load like any other, which
// point 66 judges: a shared machine has them, and they make nobody's code.
func noCompiling(c *audit.Case, contender *audit.Contender) audit.Ruling {
	looks := 0
	codes := map[evidence.Moment]string{}
	for _, launch := range contender.Finished {
		for _, look := range launch.Inspections {
			looks++
			if len(look.Descendants) > 0 {
				return audit.Fails("launch %d has a process of its own, %s", launch.Number, look.Descendants[0].Name)
			}
			for what, sum := range map[evidence.Moment]string{look.Moment + " code": look.Closure, look.Moment + " program": look.Executable} {
				if sum == "" {
					continue
				}
				if known := codes[what]; known != "" && known != sum {
					return audit.Fails("launch %d has other code mapped than the launches before it", launch.Number)
				}
				codes[what] = sum
			}
		}
		for _, request := range launch.Requests {
			if request.DescendantCPUNanoseconds != nil && *request.DescendantCPUNanoseconds > 0 {
				return audit.Fails("launch %d: processes that it started used %d ns of CPU in a request of the phase %s", launch.Number, *request.DescendantCPUNanoseconds, request.Phase)
			}
		}
	}
	if looks == 0 {
		return audit.Skips("looks at the processes and at what they have started")
	}
	return audit.Passes("no launch starts a program, and all map the same code").With("compilers of others alive at the end of a block", "%s", compilersSeen(c))
}

func compilersSeen(c *audit.Case) string {
	var names []string
	for _, block := range c.Bundle.Blocks {
		if block.Watch != nil {
			names = append(names, block.Watch.Compilers...)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// plannedThreads: threads may run on the planned CPUs only, and no more of them work
// than planned.
func plannedThreads(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const mostCPU = 1.05
	planned, threads := c.Bundle.Environment.Placement.Contender, c.Bundle.Plan.Threads
	if len(planned) == 0 {
		return audit.Skips("CPUs that contenders are pinned to")
	}
	looks := 0
	for _, launch := range contender.Finished {
		mask := cpuMask(launch)
		if mask == nil {
			continue
		}
		if looks++; !slices.Equal(mask, planned) {
			return audit.Fails("the threads of launch %d may run on the CPUs %v where %v are planned", launch.Number, mask, planned)
		}
		for _, look := range launch.Inspections {
			if len(look.Descendants) > 0 {
				return audit.Fails("launch %d has a helper process, %s", launch.Number, look.Descendants[0].Name)
			}
		}
	}
	if looks == 0 {
		return audit.Skips("looks at the CPUs that threads may run on")
	}
	for _, block := range c.Bundle.Blocks {
		for _, process := range block.Processes {
			if process.Contender == contender.Name && process.Use.DescendantCPUNanoseconds > 0 {
				return audit.Fails("processes that launch %d started used %.3f ms of CPU in a block", process.Launch, float64(process.Use.DescendantCPUNanoseconds)/1e6)
			}
		}
	}
	cpu := contender.PerLaunch(cpuOfOuter)
	beside, work := othersWork(contender)
	if len(cpu) == 0 || len(beside) == 0 {
		return audit.Skips("CPU times of long bursts, by thread")
	}
	r := audit.Passes("threads may run on the CPUs %v alone, and have %.3f CPUs in long bursts", planned, stats.Median(cpu))
	if limit := mostCPU * float64(threads); audit.Beyond(cpu, limit) {
		r = audit.Fails("threads have %.3f CPUs in long bursts; %.2f is the most for %s", stats.Median(cpu), limit, audit.Plural(threads, "thread"))
	}
	rulings := []audit.Ruling{r.With("CPUs used in long bursts", "%.4f", stats.Median(cpu))}
	if threads == 1 {
		b := audit.Passes("")
		if work {
			b = audit.Fails("all threads but the busiest have %.1f%% of the CPU time of long bursts; at most %.0f%%, or %d ms of a burst, is one thread's work", 100*stats.Median(beside), 100*mostBeside, runtimesOwn/1_000_000)
		}
		rulings = append(rulings, b.With("other threads' share", "%.3f%%", 100*stats.Median(beside)), contender.Holds("threads"))
	}
	return audit.All(append(rulings, contender.Holds("helpers"))...)
}

// cpuOfOuter is the CPU time of a launch's median long burst over the harness's time.
func cpuOfOuter(l *audit.Launch) float64 {
	return audit.MedianOf(slices.Concat(l.Bursts(evidence.PhaseLong), l.Bursts(evidence.PhaseNear)), func(s evidence.Sample) (float64, bool) {
		if s.CPUNanoseconds == nil || s.OuterNanoseconds == nil || *s.OuterNanoseconds <= 0 {
			return 0, false
		}
		return float64(*s.CPUNanoseconds) / float64(*s.OuterNanoseconds), true
	})
}

// oneNode: the machine has one NUMA node, or CPUs and memory are on one.
func oneNode(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const least = 0.95
	if len(c.Bundle.Machines) == 0 {
		return audit.Skips("how many NUMA nodes the machine has")
	}
	if !slices.ContainsFunc(c.Bundle.Machines, func(m evidence.Machine) bool { return m.Memory.Nodes != 1 }) {
		return audit.Passes("the machine has one NUMA node")
	}
	looks, worst := 0, 1.0
	for _, launch := range contender.Finished {
		var nodes []int
		for _, cpu := range c.Bundle.Environment.Machine.Topology.CPUs {
			if slices.Contains(cpuMask(launch), cpu.Number) {
				nodes = append(nodes, cpu.Node)
			}
		}
		slices.Sort(nodes)
		if nodes = slices.Compact(nodes); len(nodes) > 1 {
			return audit.Fails("launch %d may run on CPUs of %d NUMA nodes", launch.Number, len(nodes))
		}
		for _, look := range launch.Inspections {
			total := int64(0)
			for _, pages := range look.NodePages {
				total += pages
			}
			if total <= 0 || len(nodes) == 0 {
				continue
			}
			looks++
			worst = min(worst, float64(look.NodePages[nodes[0]])/float64(total))
		}
	}
	if looks == 0 {
		return audit.Skips("on which NUMA nodes the processes' memory lies")
	}
	r := audit.Passes("CPUs and %.1f%% of the memory or more are on one NUMA node", 100*worst)
	if worst < least {
		r = audit.Fails("only %.1f%% of the memory is on the NUMA node of the CPUs", 100*worst)
	}
	return r.With("memory on the node", "%.2f%%", 100*worst)
}
