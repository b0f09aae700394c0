package observe

// This file takes snapshots of the machine on Linux.

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"

	"cupel/internal/evidence"
)

// Machine takes a snapshot of the machine. It costs about 0.3 ms, 1 us more for each
// process and 0.1 ms for each CPU. It fails where the kernel's CPU times cannot be
// read. It leaves other unreadable fields empty. It may be called concurrently.
func Machine() (evidence.MachineSnapshot, error) { return machineSnapshot(live) }

func machineSnapshot(t tree) (evidence.MachineSnapshot, error) {
	snapshot := evidence.MachineSnapshot{Time: time.Now()}
	proc, err := procfs.NewFS(t.path("proc"))
	if err != nil {
		return snapshot, fmt.Errorf("machine: %w", err)
	}
	stat, err := proc.Stat()
	if err != nil {
		return snapshot, fmt.Errorf("machine: %w", err)
	}
	snapshot.Total = cpuTimes(stat.CPUTotal)
	snapshot.ContextSwitches, snapshot.Interrupts = int64(stat.ContextSwitches), int64(stat.IRQTotal)
	snapshot.CPUs = cpuStates(t, proc, stat)
	snapshot.Pressure = pressure(proc)
	if load, err := proc.LoadAvg(); err == nil {
		snapshot.LoadAverage = [3]float64{load.Load1, load.Load5, load.Load15}
	}
	snapshot.SwapInBytes, snapshot.SwapOutBytes = swapped(t)
	snapshot.Processes = processTimes(t, proc)
	return snapshot, nil
}

func cpuTimes(stat procfs.CPUStat) evidence.CPUTimes {
	// procfs returns seconds that are whole ticks.
	nanoseconds := func(seconds float64) int64 {
		return int64(math.Round(seconds*float64(time.Second/tick))) * tick.Nanoseconds()
	}
	return evidence.CPUTimes{
		UserNanoseconds: nanoseconds(stat.User), NiceNanoseconds: nanoseconds(stat.Nice),
		SystemNanoseconds: nanoseconds(stat.System), IdleNanoseconds: nanoseconds(stat.Idle),
		IOWaitNanoseconds: nanoseconds(stat.Iowait), InterruptNanoseconds: nanoseconds(stat.IRQ),
		SoftwareInterruptNanoseconds: nanoseconds(stat.SoftIRQ), StealNanoseconds: nanoseconds(stat.Steal),
		GuestNanoseconds: nanoseconds(stat.Guest), GuestNiceNanoseconds: nanoseconds(stat.GuestNice),
	}
}

func cpuStates(t tree, proc procfs.FS, stat procfs.Stat) []evidence.CPUState {
	var states []evidence.CPUState
	for cpu, times := range stat.CPU {
		states = append(states, evidence.CPUState{
			Number: int(cpu), CPUTimes: cpuTimes(times), Throttles: throttles(t, int(cpu)),
		})
	}
	slices.SortFunc(states, func(a, b evidence.CPUState) int { return a.Number - b.Number })
	addFrequencies(states, t, proc)
	return states
}

func throttles(t tree, cpu int) *int64 {
	core, coreKnown := number(t.cpu(cpu, "thermal_throttle/core_throttle_count"))
	whole, packageKnown := number(t.cpu(cpu, "thermal_throttle/package_throttle_count"))
	if !coreKnown && !packageKnown {
		return nil
	}
	total := core + whole
	return &total
}

// addFrequencies reads the frequencies from the frequency driver, or from /proc/cpuinfo
// where there is no driver.
func addFrequencies(states []evidence.CPUState, t tree, proc procfs.FS) {
	missing := map[int]*evidence.CPUState{}
	for i := range states {
		if kilohertz, ok := number(t.cpu(states[i].Number, "cpufreq/scaling_cur_freq")); ok {
			states[i].FrequencyHertz = kilohertz * 1000
			continue
		}
		missing[states[i].Number] = &states[i]
	}
	if len(missing) == 0 {
		return
	}
	described, err := proc.CPUInfo()
	if err != nil {
		return
	}
	for _, cpu := range described {
		if state := missing[int(cpu.Processor)]; state != nil {
			state.FrequencyHertz = int64(math.Round(cpu.CPUMHz * 1e6))
		}
	}
}

// pressure returns nil where the kernel has no pressure information or has it switched
// off.
func pressure(proc procfs.FS) *evidence.Pressure {
	var stalls [3]evidence.StallTimes
	for i, resource := range []string{"cpu", "memory", "io"} {
		stats, err := proc.PSIStatsForResource(resource)
		if err != nil || stats.Some == nil {
			return nil
		}
		stalls[i].SomeNanoseconds = int64(stats.Some.Total) * time.Microsecond.Nanoseconds()
		if stats.Full != nil {
			stalls[i].FullNanoseconds = int64(stats.Full.Total) * time.Microsecond.Nanoseconds()
		}
	}
	return &evidence.Pressure{CPU: stalls[0], Memory: stalls[1], IO: stalls[2]}
}

// swapped reads the swap counters, which procfs does not read.
func swapped(t tree) (inBytes, outBytes int64) {
	for entry := range strings.Lines(line(t.path("proc/vmstat"))) {
		name, value, _ := strings.Cut(strings.TrimSpace(entry), " ")
		if name != "pswpin" && name != "pswpout" {
			continue
		}
		pages, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			continue
		}
		if name == "pswpin" {
			inBytes = pages * int64(os.Getpagesize())
		} else {
			outBytes = pages * int64(os.Getpagesize())
		}
	}
	return inBytes, outBytes
}

// processTimes reads each process's CPU clock. That is much cheaper than reading its
// files, and finer than the ticks in them.
func processTimes(t tree, proc procfs.FS) []evidence.ProcessTime {
	processes, err := proc.AllProcs()
	if err != nil {
		return nil
	}
	var times []evidence.ProcessTime
	for _, process := range processes {
		used, err := t.clock(process.PID)
		if err != nil {
			continue // It has ended.
		}
		times = append(times, evidence.ProcessTime{Process: process.PID, CPUNanoseconds: used.Nanoseconds()})
	}
	slices.SortFunc(times, func(a, b evidence.ProcessTime) int { return a.Process - b.Process })
	return times
}
