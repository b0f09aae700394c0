package observe

// This file computes what the machine did between two snapshots, and what of that can
// disturb a measurement.

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/protocol"
)

const (
	// maxBusiest is how many other processes are named.
	maxBusiest = 3
	// busyShare is the share of one CPU that a process must use to be named. It leaves
	// out what every machine does, such as kernel threads and shells.
	busyShare = 0.01
)

// MachineBetween computes what the machine did between two snapshots. known are the
// processes of the run: the harness, the contenders, and their descendants.
// MachineBetween looks up the names of the busiest other processes when it is called,
// so call it soon after the later snapshot. A process that has ended by then has no
// name.
func MachineBetween(before, after evidence.MachineSnapshot, known ...int) evidence.MachineUse {
	return machineBetween(live, before, after, known)
}

func machineBetween(t tree, before, after evidence.MachineSnapshot, known []int) evidence.MachineUse {
	wall := after.Time.Sub(before.Time)
	use := evidence.MachineUse{
		WallNanoseconds: wall.Nanoseconds(),
		Total:           minusTimes(after.Total, before.Total),
		CPUs:            minusCPUs(after.CPUs, before.CPUs),
		LoadAverage:     after.LoadAverage,
		SwapInBytes:     after.SwapInBytes - before.SwapInBytes,
		SwapOutBytes:    after.SwapOutBytes - before.SwapOutBytes,
		ContextSwitches: after.ContextSwitches - before.ContextSwitches,
		Interrupts:      after.Interrupts - before.Interrupts,
		Busiest:         busiest(before.Processes, after.Processes, wall, known),
	}
	for i := range use.Busiest {
		use.Busiest[i].Name = nameOf(t, use.Busiest[i].Process)
		use.Busiest[i].Processors = lastProcessors(t, use.Busiest[i].Process)
	}
	if before.Pressure != nil && after.Pressure != nil {
		use.Pressure = &evidence.Pressure{
			CPU:    minusStalls(after.Pressure.CPU, before.Pressure.CPU),
			Memory: minusStalls(after.Pressure.Memory, before.Pressure.Memory),
			IO:     minusStalls(after.Pressure.IO, before.Pressure.IO),
		}
	}
	return use
}

// mostThreads bounds the threads whose last CPU is read, because each costs a file
// read.
const mostThreads = 128

// lastProcessors returns the CPUs on which a process's threads last ran. It returns nil
// where that is unknown for any thread.
func lastProcessors(t tree, process int) []int {
	const processor = 36 // as a field of stat after the name
	folder := t.path("proc", strconv.Itoa(process), "task")
	threads, err := os.ReadDir(folder)
	if err != nil || len(threads) > mostThreads {
		return nil
	}
	var found []int
	for _, thread := range threads {
		text := line(filepath.Join(folder, thread.Name(), "stat"))
		// A name can contain spaces and brackets.
		fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
		if len(fields) <= processor {
			return nil
		}
		number, err := strconv.Atoi(fields[processor])
		if err != nil {
			return nil
		}
		found = append(found, number)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// minusTimes never returns a negative time: the kernel's idle and waiting times can
// step back by a tick.
func minusTimes(after, before evidence.CPUTimes) evidence.CPUTimes {
	since := func(after, before int64) int64 { return max(after-before, 0) }
	return evidence.CPUTimes{
		UserNanoseconds:              since(after.UserNanoseconds, before.UserNanoseconds),
		NiceNanoseconds:              since(after.NiceNanoseconds, before.NiceNanoseconds),
		SystemNanoseconds:            since(after.SystemNanoseconds, before.SystemNanoseconds),
		IdleNanoseconds:              since(after.IdleNanoseconds, before.IdleNanoseconds),
		IOWaitNanoseconds:            since(after.IOWaitNanoseconds, before.IOWaitNanoseconds),
		InterruptNanoseconds:         since(after.InterruptNanoseconds, before.InterruptNanoseconds),
		SoftwareInterruptNanoseconds: since(after.SoftwareInterruptNanoseconds, before.SoftwareInterruptNanoseconds),
		StealNanoseconds:             since(after.StealNanoseconds, before.StealNanoseconds),
		GuestNanoseconds:             since(after.GuestNanoseconds, before.GuestNanoseconds),
		GuestNiceNanoseconds:         since(after.GuestNiceNanoseconds, before.GuestNiceNanoseconds),
	}
}

// minusCPUs leaves out a CPU that came online between the two snapshots.
func minusCPUs(after, before []evidence.CPUState) []evidence.CPUState {
	var cpus []evidence.CPUState
	for _, now := range after {
		at := slices.IndexFunc(before, func(then evidence.CPUState) bool { return then.Number == now.Number })
		if at < 0 {
			continue
		}
		then := before[at]
		now.CPUTimes = minusTimes(now.CPUTimes, then.CPUTimes)
		if now.Throttles != nil && then.Throttles != nil {
			more := *now.Throttles - *then.Throttles
			now.Throttles = &more
		} else {
			now.Throttles = nil
		}
		cpus = append(cpus, now)
	}
	return cpus
}

func minusStalls(after, before evidence.StallTimes) evidence.StallTimes {
	return evidence.StallTimes{
		SomeNanoseconds: after.SomeNanoseconds - before.SomeNanoseconds,
		FullNanoseconds: after.FullNanoseconds - before.FullNanoseconds,
	}
}

func busiest(before, after []evidence.ProcessTime, wall time.Duration, known []int) []evidence.ProcessTime {
	return mostBusy(slices.DeleteFunc(growth(before, after), func(process evidence.ProcessTime) bool {
		return slices.Contains(known, process.Process)
	}), wall)
}

// mostBusy returns the processes that are to be named, the busiest first.
func mostBusy(processes []evidence.ProcessTime, wall time.Duration) []evidence.ProcessTime {
	busy := slices.DeleteFunc(processes, func(process evidence.ProcessTime) bool { return share(process.CPUNanoseconds, wall) <= busyShare })
	slices.SortFunc(busy, func(a, b evidence.ProcessTime) int {
		return cmp.Or(cmp.Compare(b.CPUNanoseconds, a.CPUNanoseconds), cmp.Compare(a.Process, b.Process))
	})
	return busy[:min(len(busy), maxBusiest)]
}

// AddUse adds the processes' CPU time in one part of a run to that in the earlier
// parts.
func AddUse(sum, part []evidence.ProcessTime) []evidence.ProcessTime {
	return joined(sum, part, func(a, b int64) int64 { return a + b })
}

// WithParts returns the use over a whole run, and adds the processes that were busy in
// parts of it. A process that ended before the later snapshot appears only in the
// parts. For a process in both, WithParts takes the larger figure, because there are
// gaps between the parts.
func WithParts(whole evidence.MachineUse, parts []evidence.ProcessTime) evidence.MachineUse {
	both := joined(whole.Busiest, parts, func(a, b int64) int64 { return max(a, b) })
	whole.Busiest = mostBusy(both, time.Duration(whole.WallNanoseconds))
	return whole
}

// joined merges two lists. Where a process is in both, rule combines its times. The
// kernel reuses ids, so the same id under another name is another process. A process
// whose name could not be read counts as the one with its id.
func joined(one, other []evidence.ProcessTime, rule func(a, b int64) int64) []evidence.ProcessTime {
	both := slices.Clone(one)
	for _, process := range other {
		at := slices.IndexFunc(both, func(known evidence.ProcessTime) bool {
			return known.Process == process.Process && (known.Name == process.Name || known.Name == "" || process.Name == "")
		})
		if at < 0 {
			both = append(both, process)
			continue
		}
		both[at].CPUNanoseconds = rule(both[at].CPUNanoseconds, process.CPUNanoseconds)
		both[at].Name = cmp.Or(both[at].Name, process.Name)
	}
	return both
}

// From these shares of the wall time on, a report calls the machine disturbed. They
// were chosen, not derived: above them a difference of 1% between two contenders can be
// the machine's. An idle machine stays below them.
const (
	// stealShare and interruptShare are shares of one CPU's time.
	stealShare     = 0.02
	interruptShare = 0.05
	// The stalls are shares of the time in which at least one task waited. Harness and
	// contender wait for a CPU now and then, even where each has its own.
	cpuStallShare    = 0.05
	memoryStallShare = 0.01
	ioStallShare     = 0.05
	// coarseTime is the least CPU time that counts as more than none: two steps of the
	// kernel's count.
	coarseTime = 20 * time.Millisecond
	// maxCPUsNamed is how many CPUs get a sentence each. More CPUs get one sentence
	// together.
	maxCPUsNamed = 4
	// maxName bounds a process's name, in characters. The kernel's own limit is 15, and
	// 63 for kernel threads.
	maxName = 64
)

// Disturbances says in short sentences what the machine did besides the run. It reports
// time that the host took from a CPU (from 2% of the CPU's time on), interrupts (5%),
// other processes (1% of a CPU), any throttling or swapping, and tasks that waited for
// a CPU (5% of the time), for memory (1%) or for storage (5%). Sentences about single
// CPUs cover the given CPUs, or all where none is given. No sentence means that nothing
// was seen; a virtual machine does not see everything.
func Disturbances(use evidence.MachineUse, cpus ...int) []string {
	wall := time.Duration(use.WallNanoseconds)
	if wall <= 0 {
		return nil
	}
	states := slices.DeleteFunc(slices.Clone(use.CPUs), func(cpu evidence.CPUState) bool {
		return len(cpus) > 0 && !slices.Contains(cpus, cpu.Number)
	})
	sentences := ofCPUs(states, wall, stealShare, "the host took", "(steal)",
		func(times evidence.CPUTimes) int64 { return times.StealNanoseconds })
	sentences = append(sentences, ofCPUs(states, wall, interruptShare, "interrupts took", "",
		func(times evidence.CPUTimes) int64 {
			return times.InterruptNanoseconds + times.SoftwareInterruptNanoseconds
		})...)
	for _, process := range use.Busiest {
		who := "another process"
		if process.Name != "" {
			who += ", " + protocol.Printable(process.Name, maxName)
		}
		sentences = append(sentences, fmt.Sprintf("%s (pid %d), used %.2g of a core", who, process.Process, share(process.CPUNanoseconds, wall)))
	}
	if times := throttled(use.CPUs); times > 0 {
		sentences = append(sentences, "the CPU was throttled "+quantity(int(times), "time"))
	}
	if use.SwapInBytes > 0 || use.SwapOutBytes > 0 {
		sentences = append(sentences, fmt.Sprintf("memory was swapped: %.3g MiB in, %.3g MiB out",
			float64(use.SwapInBytes)/(1<<20), float64(use.SwapOutBytes)/(1<<20)))
	}
	return append(sentences, stalls(use.Pressure, wall)...)
}

// ofCPUs says on which CPUs something took more than the given share of the time.
func ofCPUs(cpus []evidence.CPUState, wall time.Duration, least float64, what, cause string, of func(evidence.CPUTimes) int64) []string {
	var sentences []string
	lowest, highest := 1.0, 0.0
	for _, cpu := range cpus {
		taken := of(cpu.CPUTimes)
		part := share(taken, wall)
		if part < least || taken < coarseTime.Nanoseconds() {
			continue
		}
		lowest, highest = min(lowest, part), max(highest, part)
		sentences = append(sentences, strings.TrimSpace(fmt.Sprintf("%s %.0f%% of CPU %d's time %s", what, 100*part, cpu.Number, cause)))
	}
	if len(sentences) <= maxCPUsNamed {
		return sentences
	}
	return []string{strings.TrimSpace(fmt.Sprintf("%s %.0f%% to %.0f%% of the time of %d CPUs %s", what, 100*lowest, 100*highest, len(sentences), cause))}
}

// throttled returns the largest count of any CPU, because all CPUs of a package count
// the same event.
func throttled(cpus []evidence.CPUState) int64 {
	var most int64
	for _, cpu := range cpus {
		if cpu.Throttles != nil {
			most = max(most, *cpu.Throttles)
		}
	}
	return most
}

func stalls(pressure *evidence.Pressure, wall time.Duration) []string {
	if pressure == nil {
		return nil
	}
	var sentences []string
	for _, resource := range []struct {
		name  string
		times evidence.StallTimes
		least float64
	}{
		{"a CPU", pressure.CPU, cpuStallShare},
		{"memory", pressure.Memory, memoryStallShare},
		{"storage", pressure.IO, ioStallShare},
	} {
		if part := share(resource.times.SomeNanoseconds, wall); part >= resource.least {
			sentences = append(sentences, fmt.Sprintf("tasks waited for %s %.0f%% of the time (pressure)", resource.name, 100*part))
		}
	}
	return sentences
}

// share returns nanoseconds as a share of a time.
func share(nanoseconds int64, of time.Duration) float64 {
	if of <= 0 {
		return 0
	}
	return float64(nanoseconds) / float64(of.Nanoseconds())
}
