package sandbox

// This file bounds memory, processes and files.

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"cupel/internal/evidence"
)

// defaultProcesses is how many processes and threads a contender may have by default.
// It is far above the number of cores and far below what harms a machine.
const defaultProcesses = 512

// leastProcesses is the smallest bound that a PID namespace accepts.
const leastProcesses = 301

// limits sets the limits that a process can set for itself. It does not bound address
// space, because numeric libraries reserve more of it than any machine has.
func (s *stage) limits() (evidence.LayerState, string, error) {
	memory := cmp.Or(s.MemoryBytes, defaultMemory())
	wanted := map[int]uint64{
		unix.RLIMIT_CORE: 0,
		unix.RLIMIT_DATA: memory,
	}
	if !s.masked {
		// With namespaces, the file systems that it can write to are bounded as a
		// whole.
		wanted[unix.RLIMIT_FSIZE] = temporaryBytes
	}
	for resource, value := range wanted {
		var now unix.Rlimit
		if err := unix.Getrlimit(resource, &now); err != nil {
			return "", "", fmt.Errorf("limit %d: %w", resource, err)
		}
		value = min(value, now.Max)
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: value, Max: value}); err != nil {
			return "", "", fmt.Errorf("limit %d: %w", resource, err)
		}
	}
	detail := fmt.Sprintf("%d MB of memory of a process's own, no core dumps", memory/1e6)
	if s.processes == "" {
		return evidence.LayerPartial, detail + "; the number of processes is not bounded: that takes a user namespace and Linux 5.14, or 6.14 for root", nil
	}
	return evidence.LayerFull, detail + ", " + s.processes, nil
}

// goFirst makes this process the first that the kernel ends where memory runs out all
// the same.
func goFirst() error {
	return os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
}

// defaultMemory is half of the machine's memory, in bytes.
func defaultMemory() uint64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 8 << 30
	}
	return uint64(info.Totalram) * uint64(info.Unit) / 2
}

// boundTasks bounds the number of processes and threads in this process's own
// namespaces. It returns how, or "" where that is impossible. Outside namespaces the
// limit would count all processes of the user.
func boundTasks(most int) string {
	most = cmp.Or(most, defaultProcesses)
	major, minor := kernelVersion()
	atLeast := func(wantMajor, wantMinor int) bool {
		return major > wantMajor || major == wantMajor && minor >= wantMinor
	}
	// Before Linux 6.14 this file is the whole machine's.
	if atLeast(6, 14) {
		bound := max(most, leastProcesses)
		if err := os.WriteFile("/proc/sys/kernel/pid_max", []byte(strconv.Itoa(bound)), 0); err == nil {
			return fmt.Sprintf("%d processes and threads", bound)
		}
	}
	// The kernel does not apply this limit to root, and before Linux 5.14 it counted
	// across namespaces.
	if os.Geteuid() != 0 && atLeast(5, 14) {
		limit := unix.Rlimit{Cur: uint64(most), Max: uint64(most)}
		if err := unix.Setrlimit(unix.RLIMIT_NPROC, &limit); err == nil {
			return fmt.Sprintf("%d processes and threads", most)
		}
	}
	return ""
}

func kernelVersion() (major, minor int) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return 0, 0
	}
	parts := strings.SplitN(unix.ByteSliceToString(name.Release[:]), ".", 3)
	if len(parts) < 2 {
		return 0, 0
	}
	major, _ = strconv.Atoi(parts[0])
	digits := strings.TrimRightFunc(parts[1], func(r rune) bool { return r < '0' || r > '9' })
	minor, _ = strconv.Atoi(digits)
	return major, minor
}
