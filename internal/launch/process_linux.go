package launch

// This file finds and ends a contender's children, on Linux.

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// nobody is no process's id and no group's.
const nobody = -1

// before are the children that this process had before it started a contender: those of
// a shell that has become cupel, the watchdog, and what a build tool left running. They
// are never ours to end.
var before = map[int]bool{}

// survivors are processes that belonged to a launch and would not end. They are not
// taken for somebody else's at the next start.
var survivors sync.Map

// subreap makes this process the parent of whatever its descendants leave behind, so
// that a double fork does not escape. An old kernel that can't leaves the search by
// group and by mark.
var subreap = sync.OnceFunc(func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) })

// lookAround takes the children that there are while no contender is running for
// somebody else's. Once and for all at the first start would not do: installers run
// between launches, and their daemons would be ended as a contender's leftovers.
func lookAround() {
	subreap()
	found, err := children()
	if err != nil {
		return // What was known is better than nothing.
	}
	before = map[int]bool{}
	for _, id := range found {
		if _, survived := survivors.Load(id); !survived {
			before[id] = true
		}
	}
}

// children are the processes whose parent this one is.
func children() (ids []int, err error) {
	processes, err := procfs.AllProcs()
	if err != nil {
		return nil, err
	}
	for _, process := range processes {
		if stat, err := process.Stat(); err == nil && stat.PPID == os.Getpid() {
			ids = append(ids, process.PID)
		}
	}
	return ids, nil
}

// killAll ends the process leader and every process that belongs to it, and adds their
// ids to killed. It looks again until it finds none, because a process may fork while
// it is being looked for.
func killAll(leader int, mark string, killed map[int]bool) {
	var found []int
	for range looks {
		found = members(leader, mark)
		for _, id := range found {
			killed[id] = true
			_ = unix.Kill(id, unix.SIGKILL)
			if id != leader {
				// Reaps an orphan that this process has adopted; no child otherwise.
				_, _ = unix.Wait4(id, nil, unix.WNOHANG, nil)
			}
		}
		if len(found) == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	for _, id := range found {
		survivors.Store(id, true)
	}
}

// looks is how often processes are looked for that should have ended.
const looks = 100

// members lists the processes of a launch: the leader, its group, those that
// carry its mark, orphans adopted from it, and their descendants.
func members(leader int, mark string) []int {
	processes, err := procfs.AllProcs()
	if err != nil {
		killGroup(leader)
		return nil
	}
	stats := map[int]procfs.ProcStat{}
	belongs := map[int]bool{}
	for _, process := range processes {
		stat, err := process.Stat()
		if err != nil {
			continue
		}
		if stat.State == "Z" && stat.PPID != os.Getpid() {
			continue // Its parent's to reap.
		}
		stats[process.PID] = stat
		switch {
		case stat.State == "Z" && (process.PID == leader || leaders.has(process.PID)):
			delete(stats, process.PID) // Ended; its own launch waits for it.
		case process.PID == leader, stat.PGRP == leader, marked(process.PID, mark), adopted(stat):
			belongs[process.PID] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for id, stat := range stats {
			if !belongs[id] && belongs[stat.PPID] {
				belongs[id], grown = true, true
			}
		}
	}
	var ids []int
	for id := range belongs {
		ids = append(ids, id)
	}
	return ids
}

// killGroup is what can be done where /proc can't be read. Nobody has no group: the
// signal would go to process 1.
func killGroup(leader int) {
	if leader != nobody {
		_ = kill(-leader, unix.SIGKILL)
	}
}

// kill is unix.Kill, but in tests.
var kill = unix.Kill

// adopted reports whether a child of the harness was forked by a contender and
// left behind. The harness starts nothing but contenders while one is running, so
// every other child that it did not have before is one, whatever group or
// environment it gave itself.
func adopted(stat procfs.ProcStat) bool {
	return stat.PPID == os.Getpid() && !before[stat.PID] && !leaders.has(stat.PID)
}

func marked(id int, mark string) bool {
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", id))
	return err == nil && bytes.Contains(environ, []byte(markVariable+"="+mark))
}

// PeakResidentBytes is the most memory that the process itself has had resident,
// without its children, or 0 where the kernel does not say. The figure that comes
// with a process's end will not do: it begins with the harness's own.
func (l *Launch) PeakResidentBytes() uint64 {
	process, err := procfs.NewProc(l.PID())
	if err != nil {
		return 0
	}
	status, err := process.NewStatus()
	if err != nil {
		return 0
	}
	return status.VmHWM
}
