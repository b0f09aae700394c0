package observe

// This file pins threads to CPUs on Linux, and reads the affinity back.

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"cupel/internal/evidence"
)

// maxPasses bounds how often PinProcess lists a process's threads. PinProcess gives up
// a process that starts threads faster than it pins them.
const maxPasses = 100

// self stands for the calling thread where the kernel takes a thread's id.
const self = 0

// PinSelf restricts all threads of this process to cpus. Threads and child processes
// that they start later inherit the restriction. restore gives each thread the CPUs
// that it had before; a thread that was started meanwhile gets those of the process's
// first thread. After an error PinSelf has restored as much as the kernel let it.
//
// Do not call PinSelf and restore concurrently with each other.
func PinSelf(cpus []int) (restore func() error, err error) {
	process := os.Getpid()
	before, err := affinity(live, process)
	if err != nil {
		return nil, fmt.Errorf("pin this process: %w", err)
	}
	restore = func() error { return restoreThreads(process, before) }
	if err := PinProcess(process, cpus); err != nil {
		return nil, errors.Join(err, restore())
	}
	return restore, nil
}

// PinProcess restricts all threads of a process to cpus, and so the threads that they
// start later. It repeats until a pass finds every thread pinned, so that it also works
// while the process starts threads.
func PinProcess(process int, cpus []int) error {
	return pinThreads(process, func(int) []int { return cpus })
}

func pinThreads(process int, cpusOf func(thread int) []int) error {
	pinned := map[int]bool{}
	for range maxPasses {
		threads, err := procfs.AllThreads(process)
		if err != nil {
			return fmt.Errorf("pin process %d: %w", process, err)
		}
		found := false
		for _, thread := range threads {
			if pinned[thread.PID] {
				continue
			}
			found, pinned[thread.PID] = true, true
			if err := setAffinity(thread.PID, cpusOf(thread.PID)); err != nil {
				return fmt.Errorf("pin thread %d of process %d: %w", thread.PID, process, err)
			}
		}
		if !found {
			return nil
		}
	}
	return fmt.Errorf("pin process %d: it kept starting threads", process)
}

// affinity reads which CPUs each thread of a process may run on, ascending by thread.
// It costs about 40 us for each thread.
func affinity(t tree, process int) ([]evidence.ThreadAffinity, error) {
	proc, err := procfs.NewFS(t.path("proc"))
	if err != nil {
		return nil, fmt.Errorf("affinity of process %d: %w", process, err)
	}
	threads, err := proc.AllThreads(process)
	if err != nil {
		return nil, fmt.Errorf("affinity of process %d: %w", process, err)
	}
	var found []evidence.ThreadAffinity
	for _, thread := range threads {
		status, err := thread.NewStatus()
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("affinity of thread %d of process %d: %w", thread.PID, process, err)
		}
		found = append(found, evidence.ThreadAffinity{Thread: thread.PID, CPUs: integers(status.CpusAllowedList)})
	}
	slices.SortFunc(found, func(a, b evidence.ThreadAffinity) int { return a.Thread - b.Thread })
	return found, nil
}

// AllowedCPUs returns the online CPUs that the calling thread may run on, ascending.
func AllowedCPUs() ([]int, error) {
	set := unix.NewCPUSet(maxCPUs)
	if err := unix.SchedGetaffinityDynamic(self, set); err != nil {
		return nil, fmt.Errorf("sched_getaffinity: %w", err)
	}
	var cpus []int
	for cpu := range maxCPUs {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

func restoreThreads(process int, before []evidence.ThreadAffinity) error {
	earlier := map[int][]int{}
	for _, thread := range before {
		earlier[thread.Thread] = thread.CPUs
	}
	return pinThreads(process, func(thread int) []int {
		if cpus, known := earlier[thread]; known {
			return cpus
		}
		return earlier[process] // The first thread's id is the process's.
	})
}

func newSet(cpus []int) (unix.CPUSetDynamic, error) {
	if len(cpus) == 0 {
		return nil, errors.New("no CPUs given")
	}
	set := unix.NewCPUSet(maxCPUs)
	for _, cpu := range cpus {
		if cpu < 0 || cpu >= maxCPUs {
			return nil, fmt.Errorf("there is no CPU %d", cpu)
		}
		set.Set(cpu)
	}
	return set, nil
}

// setAffinity pins one thread. It ignores a thread that has ended.
func setAffinity(thread int, cpus []int) error {
	set, err := newSet(cpus)
	if err != nil {
		return err
	}
	if err := unix.SchedSetaffinityDynamic(thread, set); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("to CPUs %s: %w", formatCPUList(cpus), err)
	}
	return nil
}

// gone reports whether a read failed because the process or thread had ended.
func gone(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH)
}

func integers(values []uint64) []int {
	whole := make([]int, len(values))
	for i, value := range values {
		whole[i] = int(value)
	}
	return whole
}
