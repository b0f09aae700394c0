package observe

// This file takes snapshots of a process on Linux.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"

	"cupel/internal/evidence"
)

// tick is the step of the kernel's coarse CPU times. The kernel shows programs this
// step, whatever its own timer does.
const tick = time.Second / 100

// Process takes a snapshot of a process. It costs about 0.1 ms, 0.06 ms more for each
// thread and 0.03 ms for each descendant. It fails where the process does not exist. It
// may be called concurrently.
func Process(process int) (evidence.ProcessSnapshot, error) {
	return processSnapshot(live, process)
}

func processSnapshot(t tree, process int) (evidence.ProcessSnapshot, error) {
	snapshot, err := takeSnapshot(t, process)
	if err != nil {
		return evidence.ProcessSnapshot{}, fmt.Errorf("process %d: %w", process, err)
	}
	return snapshot, nil
}

func takeSnapshot(t tree, process int) (evidence.ProcessSnapshot, error) {
	snapshot := evidence.ProcessSnapshot{Process: process, Time: time.Now()}
	used, err := t.clock(process)
	if err != nil {
		return snapshot, err
	}
	snapshot.CPUNanoseconds = used.Nanoseconds()
	proc, err := procfs.NewFS(t.path("proc"))
	if err != nil {
		return snapshot, err
	}
	source, err := proc.Proc(process)
	if err != nil {
		return snapshot, err
	}
	stat, err := source.Stat()
	if err != nil {
		return snapshot, err
	}
	snapshot.Name, snapshot.State = stat.Comm, stat.State
	snapshot.MinorFaults, snapshot.MajorFaults = int64(stat.MinFlt), int64(stat.MajFlt)
	snapshot.ReapedCPUNanoseconds = int64(stat.CUTime+stat.CSTime) * tick.Nanoseconds()
	snapshot.IO = inputOutput(source)
	if err := addThreadSnapshots(&snapshot, proc); err != nil {
		return snapshot, err
	}
	snapshot.Descendants, err = descendants(t, process)
	return snapshot, err
}

// inputOutput returns nil where this user may not read the process's counters.
func inputOutput(source procfs.Proc) *evidence.InputOutput {
	counts, err := source.IO()
	if err != nil {
		return nil
	}
	return &evidence.InputOutput{
		ReadBytes: int64(counts.RChar), WrittenBytes: int64(counts.WChar),
		ReadCalls: int64(counts.SyscR), WriteCalls: int64(counts.SyscW),
	}
}

func addThreadSnapshots(snapshot *evidence.ProcessSnapshot, proc procfs.FS) error {
	threads, err := proc.AllThreads(snapshot.Process)
	if err != nil {
		return err
	}
	slices.SortFunc(threads, func(a, b procfs.Proc) int { return a.PID - b.PID })
	for _, thread := range threads {
		status, err := thread.NewStatus()
		if gone(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("thread %d: %w", thread.PID, err)
		}
		if thread.PID == snapshot.Process {
			// The status of any thread has the memory of the whole process.
			snapshot.AllowedCPUs = integers(status.CpusAllowedList)
			snapshot.ResidentBytes, snapshot.PeakResidentBytes = int64(status.VmRSS), int64(status.VmHWM)
		}
		used, err := threadCPU(thread)
		if gone(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("thread %d: %w", thread.PID, err)
		}
		snapshot.Threads = append(snapshot.Threads, evidence.ThreadSnapshot{
			Thread: thread.PID, Name: status.Name, CPUNanoseconds: used.Nanoseconds(),
			VoluntarySwitches: int64(status.VoluntaryCtxtSwitches), InvoluntarySwitches: int64(status.NonVoluntaryCtxtSwitches),
		})
	}
	return nil
}

// threadCPU returns a thread's CPU time: in steps of a nanosecond, or of a tick where
// the kernel was built without scheduler statistics.
func threadCPU(thread procfs.Proc) (time.Duration, error) {
	if counts, err := thread.Schedstat(); err == nil {
		return time.Duration(counts.RunningNanoseconds), nil
	}
	stat, err := thread.Stat()
	if err != nil {
		return 0, err
	}
	return time.Duration(stat.UTime+stat.STime) * tick, nil
}

// Descendants lists the living descendants of a process with their CPU time, ascending
// by id. The process itself is not among them. A descendant whose parent has ended
// belongs to the nearest ancestor that adopts processes (PR_SET_CHILD_SUBREAPER). What
// a contender leaves behind is therefore among the harness's descendants. Descendants
// costs about 0.01 ms for each thread of the process and 0.03 ms for each descendant.
// On a kernel without lists of children it costs 0.04 ms for each process of the
// machine.
func Descendants(process int) ([]evidence.ProcessTime, error) {
	found, err := descendants(live, process)
	if err != nil {
		return nil, fmt.Errorf("descendants of process %d: %w", process, err)
	}
	return found, nil
}

func descendants(t tree, process int) ([]evidence.ProcessTime, error) {
	parents, err := descendantsByChildren(t, process)
	if errors.Is(err, errNoChildrenFile) {
		parents, err = descendantsByParent(t, process)
	}
	if err != nil {
		return nil, err
	}
	var found []evidence.ProcessTime
	for id, parent := range parents {
		used, err := t.clock(id)
		if err != nil {
			continue // It has ended.
		}
		found = append(found, evidence.ProcessTime{
			Process: id, Parent: parent, Name: nameOf(t, id), CPUNanoseconds: used.Nanoseconds(),
		})
	}
	slices.SortFunc(found, func(a, b evidence.ProcessTime) int { return a.Process - b.Process })
	return found, nil
}

var errNoChildrenFile = errors.New("the kernel was built without lists of children")

// descendantsByChildren follows the kernel's lists of children, which is much cheaper
// than reading every process. It returns the parent of each descendant.
func descendantsByChildren(t tree, process int) (map[int]int, error) {
	proc, err := procfs.NewFS(t.path("proc"))
	if err != nil {
		return nil, err
	}
	parents := map[int]int{}
	for pending := []int{process}; len(pending) > 0; pending = pending[1:] {
		children, err := childrenOf(t, proc, pending[0])
		if err != nil && pending[0] == process {
			return nil, err
		}
		for _, child := range children {
			if _, seen := parents[child]; !seen {
				parents[child] = pending[0]
				pending = append(pending, child)
			}
		}
	}
	return parents, nil
}

// childrenOf lists the children that each of a process's threads has started.
func childrenOf(t tree, proc procfs.FS, process int) ([]int, error) {
	threads, err := proc.AllThreads(process)
	if err != nil {
		return nil, err
	}
	tasks := t.path("proc", strconv.Itoa(process), "task")
	var children []int
	listed := false
	for _, thread := range threads {
		list, err := os.ReadFile(filepath.Join(tasks, strconv.Itoa(thread.PID), "children"))
		if err != nil {
			continue // The thread has ended, unless no thread has a list.
		}
		listed = true
		for _, text := range strings.Fields(string(list)) {
			if child, err := strconv.Atoi(text); err == nil {
				children = append(children, child)
			}
		}
	}
	if !listed {
		return nil, errNoChildrenFile
	}
	return children, nil
}

// descendantsByParent reads the parent of every process.
func descendantsByParent(t tree, process int) (map[int]int, error) {
	proc, err := procfs.NewFS(t.path("proc"))
	if err != nil {
		return nil, err
	}
	processes, err := proc.AllProcs()
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, other := range processes {
		stat, err := other.Stat()
		if err != nil {
			continue // It has ended.
		}
		children[stat.PPID] = append(children[stat.PPID], other.PID)
	}
	parents := map[int]int{}
	for pending := []int{process}; len(pending) > 0; pending = pending[1:] {
		for _, child := range children[pending[0]] {
			parents[child] = pending[0]
			pending = append(pending, child)
		}
	}
	return parents, nil
}

// Stopped reports whether every thread of a process is stopped: by a signal, by a
// tracer, or because it has ended. It costs about 0.02 ms for each thread.
func Stopped(process int) (bool, error) {
	return stopped(live, process)
}

func stopped(t tree, process int) (bool, error) {
	proc, err := procfs.NewFS(t.path("proc"))
	if err != nil {
		return false, fmt.Errorf("state of process %d: %w", process, err)
	}
	threads, err := proc.AllThreads(process)
	if err != nil {
		return false, fmt.Errorf("state of process %d: %w", process, err)
	}
	for _, thread := range threads {
		stat, err := thread.Stat()
		if gone(err) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("state of thread %d of process %d: %w", thread.PID, process, err)
		}
		if !strings.Contains("TtZX", stat.State) {
			return false, nil
		}
	}
	return true, nil
}

// Details reads what a process has mapped. It costs about 0.1 ms for a program without
// libraries, and some milliseconds for a Python process with many. Call it once a
// launch.
func Details(process int) (evidence.ProcessDetails, error) {
	return details(live, process)
}

func details(t tree, process int) (evidence.ProcessDetails, error) {
	described := evidence.ProcessDetails{Process: process}
	proc, err := procfs.NewFS(t.path("proc"))
	if err != nil {
		return described, fmt.Errorf("details of process %d: %w", process, err)
	}
	source, err := proc.Proc(process)
	if err != nil {
		return described, fmt.Errorf("details of process %d: %w", process, err)
	}
	described.Executable, err = source.Executable()
	if err != nil {
		return described, fmt.Errorf("details of process %d: %w", process, err)
	}
	mappings, err := source.ProcMaps()
	if err != nil {
		return described, fmt.Errorf("details of process %d: mapped files: %w", process, err)
	}
	described.CodeFiles, described.MappedFiles = mappedFiles(mappings)
	described.AllowedNodes, err = allowedNodes(t.path("proc", strconv.Itoa(process), "status"))
	if err != nil {
		return described, fmt.Errorf("details of process %d: %w", process, err)
	}
	return described, nil
}

func mappedFiles(mappings []*procfs.ProcMap) (code []string, all int) {
	executed := map[string]bool{}
	for _, mapping := range mappings {
		if !filepath.IsAbs(mapping.Pathname) {
			continue // Memory without a file, or the kernel's own.
		}
		executed[mapping.Pathname] = executed[mapping.Pathname] || mapping.Perms.Execute
	}
	for path, isCode := range executed {
		if isCode {
			code = append(code, path)
		}
	}
	slices.Sort(code)
	return code, len(executed)
}

// allowedNodes reads the allowed NUMA nodes from a process's status, which procfs does
// not read.
func allowedNodes(path string) ([]int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for entry := range strings.Lines(string(text)) {
		if nodes, ok := strings.CutPrefix(entry, "Mems_allowed_list:"); ok {
			return parseCPUList(nodes)
		}
	}
	return nil, nil
}
