package launch

// This file ends what a killed harness has left, on Linux.

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// EndRun ends every process that carries the mark of a harness's launches, with its
// descendants, and returns how many there were. The contenders themselves die with the
// harness, stopped or not; their children do not. EndRun does not find a process that
// has cleared its environment and whose parent is gone.
func EndRun(mark string) int {
	killed := map[int]bool{}
	for range 100 {
		found := ofRun(mark)
		for _, id := range found {
			killed[id] = true
			_ = unix.Kill(id, unix.SIGKILL)
		}
		if len(found) == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return len(killed)
}

// ofRun lists the living processes of a run. A process group proves no membership here:
// a contender may have put a child into another program's group.
func ofRun(mark string) []int {
	processes, err := procfs.AllProcs()
	if err != nil {
		return nil
	}
	parents := map[int]int{}
	belongs := map[int]bool{}
	for _, process := range processes {
		stat, err := process.Stat()
		if err != nil || stat.State == "Z" || process.PID == os.Getpid() {
			continue
		}
		parents[process.PID] = stat.PPID
		environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", process.PID))
		belongs[process.PID] = err == nil && bytes.Contains(environ, []byte(runVariable+"="+mark))
	}
	descend(parents, belongs)
	var ids []int
	for id, is := range belongs {
		if is {
			ids = append(ids, id)
		}
	}
	return ids
}

// descend adds to belongs all descendants of the processes in it.
func descend(parents map[int]int, belongs map[int]bool) {
	for grown := true; grown; {
		grown = false
		for id, parent := range parents {
			if !belongs[id] && belongs[parent] {
				belongs[id], grown = true, true
			}
		}
	}
}
