package launch

// This file finds and ends a contender's children on Linux.

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// noProcess is the id of no process and of no process group.
const noProcess = -1

// before holds the children that this process had before it started a contender: those
// of a shell that has become cupel by exec, the watchdog, and what a build tool left
// running. This package never ends them.
var before = map[int]bool{}

// survivors holds processes that belonged to a launch and did not end. The next start
// does not count them among the children from before.
var survivors sync.Map

// subreap makes this process adopt the orphans of its descendants, so that a process
// cannot escape by forking twice. On an old kernel without this, the searches by group
// and by mark remain.
var subreap = sync.OnceFunc(func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) })

// lookAround records this process's children while no contender is running, as children
// that are not contenders'. Once at the first start is not enough: installers run
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

// children lists this process's children.
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
// ids to killed. It repeats the search until it finds none, because a process can fork
// during the search.
func killAll(leader int, mark string, killed map[int]bool) {
	var found []int
	for range looks {
		found = members(leader, mark)
		for _, id := range found {
			killed[id] = true
			_ = unix.Kill(id, unix.SIGKILL)
			if id != leader {
				// Reaps an orphan that this process has adopted, and has no effect on
				// other processes.
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

// looks is how often killAll searches for processes that should have ended.
const looks = 100

// members lists the processes of a launch: the leader, its group, those that carry its
// mark, orphans adopted from it, and their descendants.
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

// killGroup ends the leader's process group, which is all that can be done where /proc
// cannot be read. It does nothing for noProcess, because the signal would reach process
// 1.
func killGroup(leader int) {
	if leader != noProcess {
		_ = kill(-leader, unix.SIGKILL)
	}
}

// kill is unix.Kill, except in tests.
var kill = unix.Kill

// adopted reports whether a contender forked a child of the harness and left it behind.
// While a contender runs, the harness starts only contenders. Every other child that it
// did not have before is therefore such an orphan, whatever its group or environment.
func adopted(stat procfs.ProcStat) bool {
	return stat.PPID == os.Getpid() && !before[stat.PID] && !leaders.has(stat.PID)
}

func marked(id int, mark string) bool {
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", id))
	return err == nil && bytes.Contains(environ, []byte(markVariable+"="+mark))
}

// PeakResidentBytes returns the most memory that the process had resident, without its
// children, or 0 where the kernel does not say. The kernel's figure at a process's end
// is not usable: it starts from the harness's own memory at the fork.
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
