package audit

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

	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// sameProcessor: the CPUs that a launch may use are of one kind in all launches, of
// all contenders.
func sameProcessor(c *Case, contender *Contender) ruling {
	due := ""
	launches := 0
	for _, launch := range c.Launches {
		if !launch.Finished() {
			continue
		}
		mask := launch.mask()
		if mask == nil {
			continue
		}
		kind, err := c.kindOf(launch.Replicate, mask)
		if err != nil {
			return skips("%v", err)
		}
		if due == "" {
			due = kind
		}
		if launch.Contender != contender.Name {
			continue
		}
		if launches++; kind != due {
			return fails("launch %d ran on %s, others on %s", launch.Number, kind, due)
		}
	}
	if launches == 0 {
		return skips("looks at the CPUs that threads may run on")
	}
	return passes("all %d launches ran on %s", launches, due).with("processor", "%s", due)
}

// mask is the CPUs that the launch's threads may run on, all together, nil where
// nobody looked.
func (l *Launch) mask() []int {
	var mask []int
	for _, moment := range []evidence.Moment{evidence.MomentSteady, evidence.MomentLast} {
		if look := l.look(moment); look != nil {
			for _, thread := range look.Threads {
				mask = append(mask, thread.CPUs...)
			}
		}
	}
	slices.Sort(mask)
	return slices.Compact(mask)
}

// kindOf describes CPUs as the kernel did at the start of a replicate.
func (c *Case) kindOf(replicate int, mask []int) (string, error) {
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
func sameMachine(c *Case) ruling {
	if len(c.Bundle.Machines) == 0 {
		return skips("the machine's identity at the start of each replicate")
	}
	first := c.Bundle.Machines[0]
	if known := c.Bundle.Environment.Identity; known.SHA256 != "" && (known.SHA256 != first.Identity.SHA256 || known.BootID != first.Identity.BootID) {
		return fails("the environment was recorded on another machine, or in another boot of it, than replicate %d", first.Replicate)
	}
	before := first
	for _, machine := range c.Bundle.Machines[1:] {
		switch {
		case machine.Identity.SHA256 != first.Identity.SHA256:
			return fails("replicate %d was made on another machine than the first one", machine.Replicate)
		case machine.Identity.BootID != first.Identity.BootID:
			return fails("replicate %d was made in another boot of the machine than the first one", machine.Replicate)
		case machine.Clocks.MonotonicNanoseconds <= before.Clocks.MonotonicNanoseconds:
			return fails("the machine's clock goes back between the replicates %d and %d", before.Replicate, machine.Replicate)
		}
		before = machine
	}
	if fault := c.apart(); fault != "" {
		return fails("%s", fault)
	}
	return passes("one boot of one machine, whose clock goes on, and in each replicate the contenders live side by side").
		with("boot", "%.8s", first.Identity.BootID).with("machine", "%.8s, from %s", first.Identity.SHA256, first.Identity.From)
}

// apart says which launches of a replicate did not live at the same time.
func (c *Case) apart() string {
	started, ended := map[int]*Launch{}, map[int]*Launch{}
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
	launch             *Launch
}

// canaryReadings are all of the rounds, in the order of time.
func (c *Case) canaryReadings() []canaryReading {
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
func noThrottling(c *Case) ruling {
	const (
		mostSpread    = 1.15
		leastWindows  = 5
		mostBetween   = 1.02
		leastFrequent = 0.95
	)
	readings := c.canaryReadings()
	windows := canaryWindows(readings)
	if len(windows) < leastWindows {
		return skips("%d hundred times of the harness's own loop", leastWindows)
	}
	slices.Sort(windows)
	spread := windows[len(windows)*95/100] / windows[len(windows)*5/100]
	r := passes("the harness's own loop takes %.3f times as long in slow moments as in fast ones, and as long in every contender's turns", spread)
	if !(spread <= mostSpread) {
		r = fails("the harness's own loop takes %.3f times as long in slow moments as in fast ones (%d windows of 100, 95th over 5th percentile); at most %.2f is steady", spread, len(windows), mostSpread)
	}
	r = r.with("slow windows over fast ones", "%.3f", spread)
	name, median := "", 0.0
	for _, contender := range c.Contenders {
		ratios := canaryAgainstOthers(contender, readings)
		if !beyond(ratios, math.Log(mostBetween)) && !below(ratios, -math.Log(mostBetween)) {
			continue
		}
		if m := stats.Median(ratios); math.Abs(m) > math.Abs(median) {
			name, median = contender.Name, m
		}
	}
	rulings := []ruling{r}
	if name != "" {
		rulings = append(rulings, fails("before the bursts of %s the harness's own loop takes %.3f times what it takes before those of the others; at most %.2f is alike", name, math.Exp(median), mostBetween))
	}
	for _, machine := range c.Bundle.Machines {
		for _, p := range machine.Processors {
			slow := p.MaximumHertz == 0 || float64(p.Hertz) < leastFrequent*float64(p.MaximumHertz)
			if p.Governor != "" && p.Governor != "performance" && slow {
				rulings = append(rulings, fails("CPU %d has the governor %q at %d of %d Hz", p.Number, p.Governor, p.Hertz, p.MaximumHertz))
			}
		}
	}
	return all(rulings...)
}

// canaryAgainstOthers are, by replicate, the logarithms of the loop's time before a
// contender's bursts over that before the others'.
func canaryAgainstOthers(contender *Contender, readings []canaryReading) []float64 {
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
func noThermalDrift(c *Case) ruling {
	const (
		most          = 0.05
		leastReadings = 400
	)
	readings := c.canaryReadings()
	if len(readings) < leastReadings {
		return skips("%d times of the harness's own loop", leastReadings)
	}
	quarter := len(readings) / 4
	drift := medianReading(readings[len(readings)-quarter:])/medianReading(readings[:quarter]) - 1
	r := passes("the harness's own loop takes %+.1f%% in the last quarter of the run, against the first", 100*drift)
	if !(math.Abs(drift) <= most) {
		r = fails("the harness's own loop takes %+.1f%% in the last quarter of the run, against the first; at most %.0f%% is steady", 100*drift, 100*most)
	}
	rulings := []ruling{r.with("drift of the harness's own loop", "%+.2f%%", 100*drift)}
	if count := c.throttles(); count > 0 {
		rulings = append(rulings, fails("cores were slowed for their heat %d times", count))
	}
	return all(rulings...)
}

// throttles is by how much counters of heat went on over the run, as far as visible: by
// the looks at the machine or by the accounts of blocks, whichever saw more, and on the
// CPU that has most, since all CPUs of a package count the same event.
func (c *Case) throttles() int64 {
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
func enoughMemory(c *Case) ruling {
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
			return fails("%s", fault)
		}
	}
	for _, block := range c.Bundle.Blocks {
		if m := block.Machine; m != nil && m.SwapInBytes+m.SwapOutBytes > 0 {
			return fails("%d bytes were swapped in and %d out in replicate %d", m.SwapInBytes, m.SwapOutBytes, block.Replicate)
		}
		if block.Watch == nil {
			continue
		}
		if fault := look(fmt.Sprintf("in replicate %d", block.Replicate), block.Watch.Memory); fault != "" {
			return fails("%s", fault)
		}
	}
	for _, seen := range c.Bundle.Inspections {
		if seen.SwappedBytes > 0 {
			return fails("launch %d has %d bytes in swap", seen.Launch, seen.SwappedBytes)
		}
	}
	if moments == 0 {
		return skips("what memory there was during the run")
	}
	return passes("nothing was swapped, and %.1f%% of the memory or more was available, in %d looks", 100*lowest, moments).with("least memory available", "%.1f%%", 100*lowest)
}

// preRelease is what versions of pre-releases have.
var preRelease = regexp.MustCompile(`(?i)(^|[.\d_+-])(a|b|rc|alpha|beta|dev|pre|nightly|snapshot)[.-]?\d*($|[.+-])`)

// oldest is how old an engine's release may be when it is measured.
const oldest = 24

// currentEngine: an engine's version is a release of the last two years.
func currentEngine(c *Case, contender *Contender) ruling {
	name, version, released, known := c.engineRelease(contender)
	switch {
	case version == "":
		return skips("the installed version of %s, by its packages or its build", contender.Name)
	case preRelease.MatchString(version):
		return fails("%s %s is a pre-release", name, version)
	case !known:
		return skips("the date on which %s %s was released, in its lock file", name, version)
	case released.IsZero():
		return passes("%s is made from the sources that this program is made from", name).with("version", "%s", version)
	}
	run := c.Bundle.Environment.Time
	r := passes("%s %s was released on %s", name, version, released.Format(time.DateOnly))
	switch {
	case released.After(run):
		r = fails("%s %s was released on %s, after the run", name, version, released.Format(time.DateOnly))
	case released.AddDate(0, oldest, 0).Before(run):
		r = fails("%s %s was released on %s, more than %d months before the run", name, version, released.Format(time.DateOnly), oldest)
	}
	return r.with("release", "%s %s, %s", name, version, released.Format(time.DateOnly))
}

// currentRuntime: the language's version was maintained when the run was made.
func currentRuntime(c *Case, contender *Contender) ruling {
	making, run := c.making(contender), c.Bundle.Environment.Time
	if making.Packages != nil {
		return currentPython(making.Packages.Runtime, run)
	}
	programs := c.executables(contender)
	if len(programs) == 0 {
		return skips("the program that ran, with what it says of its build")
	}
	var rulings []ruling
	for _, program := range programs {
		rulings = append(rulings, currentProgram(program, run))
	}
	return all(rulings...)
}

func currentProgram(program evidence.MappedFile, run time.Time) ruling {
	if program.Binary == nil {
		return skips("what %s says of how it was built", program.Path)
	}
	if program.Binary.Go != nil {
		return currentGo(program.Binary.Go.Version, run)
	}
	for _, comment := range program.Binary.Comments {
		if found := rustCompiler.FindStringSubmatch(comment); found != nil {
			return currentRust(found[1], found[2], run)
		}
	}
	return skips("the version of the language that %s was made with", program.Path)
}

var (
	// unstable is what compilers say that were never released.
	unstable     = regexp.MustCompile(`(?i)nightly|-beta|\bbeta\b|-dev\b|-devel|\(devel\)|experimental|\balpha\b|-rc\.?\d`)
	rustCompiler = regexp.MustCompile(`rustc version (\S+) \([0-9a-f]+ (\d{4}-\d{2}-\d{2})\)`)
	fullVersion  = regexp.MustCompile(`\d+\.\d+`)
)

// stableCompilers: what a contender's own code was compiled with was released, and
// so was what the harness was.
func stableCompilers(c *Case, contender *Contender) ruling {
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
	c.mapped(contender, func(file evidence.MappedFile) {
		if file.Origin != evidence.OriginSystem || file.SHA256 == c.programOf(contender) {
			add(file.Binary)
		}
	})
	if len(compilers) == 0 {
		return skips("what the code of %s says of the compilers that made it", contender.Name)
	}
	if c.Harness == nil {
		return skips("what the program that measured says of the compiler that made it")
	}
	add(&c.Harness.Binary)
	for compiler := range compilers {
		if unstable.MatchString(compiler) {
			return fails("code was made by %q, which is no release", compiler)
		}
		if !fullVersion.MatchString(compiler) {
			return fails("code was made by %q, which is no version", compiler)
		}
	}
	return passes("code and harness were made by %s", plural(len(compilers), "released compiler"))
}

// programOf is the digest of the program that a contender's launches ran, empty
// where nobody looked.
func (c *Case) programOf(contender *Contender) string {
	for _, program := range c.executables(contender) {
		return program.SHA256
	}
	return ""
}

// noDebugSymbols: a compiled contender has no debug information, or such as costs
// nothing, which every Go build has.
func noDebugSymbols(c *Case, contender *Contender) ruling {
	programs := c.executables(contender)
	if len(programs) == 0 {
		return skips("the program that ran, with what it says of its build")
	}
	var rulings []ruling
	for _, program := range programs {
		binary := program.Binary
		switch {
		case binary == nil:
			rulings = append(rulings, skips("what %s says of how it was built", program.Path))
		case unoptimised(binary) != "":
			rulings = append(rulings, fails("%s: %s", program.Path, unoptimised(binary)))
		case !binary.DebugInfo:
			rulings = append(rulings, passes("%s has no debug information", program.Path))
		case binary.Go != nil:
			rulings = append(rulings, passes("%s has the debug information of every Go build, and was optimised", program.Path))
		case c.making(contender).Packages != nil && program.Origin != evidence.OriginPackage:
			rulings = append(rulings, passes("%s is the language's interpreter, compiled with optimisation; its debug information is in sections that nothing loads", program.Path))
		default:
			rulings = append(rulings, fails("%s has debug information", program.Path))
		}
	}
	return all(rulings...)
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
func ownLibraries(c *Case, contender *Contender) ruling {
	var names []string
	var fault string
	files := 0
	c.mapped(contender, func(file evidence.MappedFile) {
		files++
		base := file.Path[strings.LastIndex(file.Path, "/")+1:]
		if !numerical.MatchString(base) {
			return
		}
		names = append(names, strings.TrimSpace(base+" "+file.Package))
		if file.Origin != evidence.OriginPackage || !c.lockedPackage(contender, file.Package) {
			fault = fmt.Sprintf("%s is mapped, from %s, and belongs to no package of the lock file", file.Path, file.Origin)
		}
	})
	if files == 0 {
		return skips("the files of code that the processes had mapped")
	}
	if fault != "" {
		return fails("%s", fault)
	}
	environments := 0
	for _, launch := range contender.Finished {
		for _, look := range launch.Inspections {
			if len(look.Environment) > 0 {
				environments++
			}
			if fault := c.chosen(look.Environment); fault != "" {
				return fails("launch %d: %s", launch.Number, fault)
			}
		}
	}
	if environments == 0 {
		return skips("the processes' environment")
	}
	slices.Sort(names)
	r := passes("no library of linear algebra is mapped: the engine has its own code")
	if len(names) > 0 {
		r = passes("each library of linear algebra is from a package of the lock file: %s", strings.Join(slices.Compact(names), ", "))
	}
	return r.with("files of code looked at", "%d", files)
}

// chosen says which variable has a numerical library behave otherwise than planned.
func (c *Case) chosen(environment []evidence.Variable) string {
	for _, variable := range environment {
		if slices.Contains(choosers, variable.Name) {
			return variable.Name + " is set, which chooses other code"
		}
		if threadCount.MatchString(variable.Name) && variable.Value != nil && *variable.Value != fmt.Sprint(c.Bundle.Plan.Threads) {
			return fmt.Sprintf("%s is %q where the plan has %s", variable.Name, *variable.Value, plural(c.Bundle.Plan.Threads, "thread"))
		}
	}
	return ""
}

func (c *Case) lockedPackage(contender *Contender, name string) bool {
	packages := c.making(contender).Packages
	return packages != nil && slices.ContainsFunc(packages.Packages, func(p evidence.Package) bool { return p.Locked && p.Name+" "+p.Version == name })
}

// noOtherLoad: no other process worth naming runs on the contenders' cores, contenders
// do not wait for their CPU, and the host takes no time. Who was last seen on other cores
// is left out, and all that others did there together is at most what these cores did
// beyond the contenders' accounts. That is not judged by itself: the harness's own loop,
// which runs there while it waits for a quiet machine, is 5 to 19% of it on a quiet one.
func noOtherLoad(c *Case) ruling {
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
			if c.onContendersCores(stranger) {
				total += stranger.CPUNanoseconds
				busiest[stranger.Name] += stranger.CPUNanoseconds
			}
		}
		if busy, stolen, cpus := c.contendersCores(block.Machine); cpus > 0 {
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
	waits := c.waitShares()
	if len(strangers) == 0 || len(steal) == 0 || len(waits) == 0 {
		return skips("the machine's accounts over the rounds, and how long bursts waited for a CPU")
	}
	judge := func(what string, value, most float64) ruling {
		text := fmt.Sprintf("%s: %.2f%%", what, 100*value)
		if value <= most {
			return passes("%s", text)
		}
		return fails("%s; at most %.0f%% is quiet", text, 100*most)
	}
	named := busiestOf(busiest)
	return all(
		judge("other processes"+named+" on the contenders' CPUs, of one CPU", stats.Median(strangers), mostStrangers),
		judge("waiting for a CPU, of the median long burst", stats.Median(waits), mostWait),
		judge("taken by the host, of the contenders' CPUs", stats.Median(steal), mostSteal),
	).with("other processes", "%.2f%% of a CPU", 100*stats.Median(strangers)).
		with("waiting for a CPU", "%.2f%%", 100*stats.Median(waits)).
		with("taken by the host", "%.2f%%", 100*stats.Median(steal)).
		with("busy beyond the contenders, the harness's own loop included", "%.2f%%", 100*stats.Median(beside))
}

// onContendersCores reports whether a process may have run on the contenders' CPUs: one
// that none of its threads was last seen on is taken to have run elsewhere.
func (c *Case) onContendersCores(process evidence.ProcessTime) bool {
	return len(process.Processors) == 0 || slices.ContainsFunc(process.Processors, func(processor int) bool {
		return slices.Contains(c.Bundle.Environment.Placement.Contender, processor)
	})
}

// contendersCores is what the contenders' CPUs did in a block.
func (c *Case) contendersCores(use *evidence.MachineUse) (busy, stolen int64, cpus int) {
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
func (c *Case) waitShares() []float64 {
	var shares []float64
	cpus := int64(max(c.Bundle.Plan.Threads, 1))
	for _, launch := range c.Launches {
		for _, phase := range []evidence.Phase{evidence.PhaseLong, evidence.PhaseNear} {
			launch.requests(phase, func(request evidence.Request) {
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
func noCollections(c *Case, contender *Contender) ruling {
	const mostFaults = 0.01
	shares, work := othersWork(contender)
	if len(shares) == 0 {
		return skips("the CPU time of each thread over long bursts")
	}
	faults := contender.perLaunch(func(l *Launch) float64 { return l.timed(c, minorFaults) })
	if len(faults) == 0 {
		return skips("the kernel's accounts of page faults over long bursts")
	}
	r := passes("all threads but the busiest have %.2f%% of the CPU time of long bursts", 100*stats.Median(shares))
	if c.Bundle.Plan.Threads == 1 && work {
		r = fails("all threads but the busiest have %.2f%% of the CPU time of long bursts; at most %.0f%%, or %d ms of a burst, is no collecting", 100*stats.Median(shares), 100*mostBeside, runtimesOwn/1_000_000)
	}
	f := passes("a call makes %.5f page faults", stats.Median(faults))
	if stats.Median(faults) > mostFaults {
		f = fails("a call makes %.4f page faults; at most %v is allowed", stats.Median(faults), mostFaults)
	}
	return all(r.with("other threads' share", "%.3f%%", 100*stats.Median(shares)), flatMemory(contender), f.with("page faults a call", "%.5f", stats.Median(faults)))
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
func othersWork(contender *Contender) (shares []float64, work bool) {
	var times []float64
	for _, launch := range contender.Finished {
		var share, nanoseconds []float64
		for _, phase := range []evidence.Phase{evidence.PhaseLong, evidence.PhaseNear} {
			launch.requests(phase, func(request evidence.Request) {
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
	return shares, beyond(shares, mostBeside) && beyond(times, runtimesOwn)
}

// noCompiling: a contender starts no program, and its code is the same in its first
// launch and in its last. Compilers of strangers are a load like any other, which
// point 66 judges: a shared machine has them, and they make nobody's code.
func noCompiling(c *Case, contender *Contender) ruling {
	looks := 0
	codes := map[evidence.Moment]string{}
	for _, launch := range contender.Finished {
		for _, look := range launch.Inspections {
			looks++
			if len(look.Descendants) > 0 {
				return fails("launch %d has a process of its own, %s", launch.Number, look.Descendants[0].Name)
			}
			for what, sum := range map[evidence.Moment]string{look.Moment + " code": look.Closure, look.Moment + " program": look.Executable} {
				if sum == "" {
					continue
				}
				if known := codes[what]; known != "" && known != sum {
					return fails("launch %d has other code mapped than the launches before it", launch.Number)
				}
				codes[what] = sum
			}
		}
		for _, request := range launch.Requests {
			if request.DescendantCPUNanoseconds != nil && *request.DescendantCPUNanoseconds > 0 {
				return fails("launch %d: processes that it started used %d ns of CPU in a request of the phase %s", launch.Number, *request.DescendantCPUNanoseconds, request.Phase)
			}
		}
	}
	if looks == 0 {
		return skips("looks at the processes and at what they have started")
	}
	return passes("no launch starts a program, and all map the same code").with("compilers of others alive at the end of a block", "%s", c.compilersSeen())
}

func (c *Case) compilersSeen() string {
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
func plannedThreads(c *Case, contender *Contender) ruling {
	const mostCPU = 1.05
	planned, threads := c.Bundle.Environment.Placement.Contender, c.Bundle.Plan.Threads
	if len(planned) == 0 {
		return skips("CPUs that contenders are pinned to")
	}
	looks := 0
	for _, launch := range contender.Finished {
		mask := launch.mask()
		if mask == nil {
			continue
		}
		if looks++; !slices.Equal(mask, planned) {
			return fails("the threads of launch %d may run on the CPUs %v where %v are planned", launch.Number, mask, planned)
		}
		for _, look := range launch.Inspections {
			if len(look.Descendants) > 0 {
				return fails("launch %d has a helper process, %s", launch.Number, look.Descendants[0].Name)
			}
		}
	}
	if looks == 0 {
		return skips("looks at the CPUs that threads may run on")
	}
	for _, block := range c.Bundle.Blocks {
		for _, process := range block.Processes {
			if process.Contender == contender.Name && process.Use.DescendantCPUNanoseconds > 0 {
				return fails("processes that launch %d started used %.3f ms of CPU in a block", process.Launch, float64(process.Use.DescendantCPUNanoseconds)/1e6)
			}
		}
	}
	cpu := contender.perLaunch(cpuOfOuter)
	beside, work := othersWork(contender)
	if len(cpu) == 0 || len(beside) == 0 {
		return skips("CPU times of long bursts, by thread")
	}
	r := passes("threads may run on the CPUs %v alone, and have %.3f CPUs in long bursts", planned, stats.Median(cpu))
	if limit := mostCPU * float64(threads); beyond(cpu, limit) {
		r = fails("threads have %.3f CPUs in long bursts; %.2f is the most for %s", stats.Median(cpu), limit, plural(threads, "thread"))
	}
	rulings := []ruling{r.with("CPUs used in long bursts", "%.4f", stats.Median(cpu))}
	if threads == 1 {
		b := passes("")
		if work {
			b = fails("all threads but the busiest have %.1f%% of the CPU time of long bursts; at most %.0f%%, or %d ms of a burst, is one thread's work", 100*stats.Median(beside), 100*mostBeside, runtimesOwn/1_000_000)
		}
		rulings = append(rulings, b.with("other threads' share", "%.3f%%", 100*stats.Median(beside)), contender.holds("threads"))
	}
	return all(append(rulings, contender.holds("helpers"))...)
}

// cpuOfOuter is the CPU time of a launch's median long burst over the harness's time.
func cpuOfOuter(l *Launch) float64 {
	return medianOf(slices.Concat(l.bursts(evidence.PhaseLong), l.bursts(evidence.PhaseNear)), func(s evidence.Sample) (float64, bool) {
		if s.CPUNanoseconds == nil || s.OuterNanoseconds == nil || *s.OuterNanoseconds <= 0 {
			return 0, false
		}
		return float64(*s.CPUNanoseconds) / float64(*s.OuterNanoseconds), true
	})
}

// oneNode: the machine has one NUMA node, or CPUs and memory are on one.
func oneNode(c *Case, contender *Contender) ruling {
	const least = 0.95
	if len(c.Bundle.Machines) == 0 {
		return skips("how many NUMA nodes the machine has")
	}
	if !slices.ContainsFunc(c.Bundle.Machines, func(m evidence.Machine) bool { return m.Memory.Nodes != 1 }) {
		return passes("the machine has one NUMA node")
	}
	looks, worst := 0, 1.0
	for _, launch := range contender.Finished {
		var nodes []int
		for _, cpu := range c.Bundle.Environment.Machine.Topology.CPUs {
			if slices.Contains(launch.mask(), cpu.Number) {
				nodes = append(nodes, cpu.Node)
			}
		}
		slices.Sort(nodes)
		if nodes = slices.Compact(nodes); len(nodes) > 1 {
			return fails("launch %d may run on CPUs of %d NUMA nodes", launch.Number, len(nodes))
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
		return skips("on which NUMA nodes the processes' memory lies")
	}
	r := passes("CPUs and %.1f%% of the memory or more are on one NUMA node", 100*worst)
	if worst < least {
		r = fails("only %.1f%% of the memory is on the NUMA node of the CPUs", 100*worst)
	}
	return r.with("memory on the node", "%.2f%%", 100*worst)
}
