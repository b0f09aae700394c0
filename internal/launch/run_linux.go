package launch

// This file ends what a harness that is gone has left, on Linux.

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// EndRun ends every process that carries the mark of a harness's launches, and what
// those have started, and returns how many there were. The contenders themselves
// die with the harness, stopped or not; what they have started does not. One that
// has cleared its environment and whose parent is gone is not found.
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

// ofRun lists the live processes of a run. Membership of a process group is no
// sign here: a contender may have put one of its children into somebody else's.
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

// descend adds the children of those who belong, and theirs.
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
