//go:build !linux

package launch

// This file ends a contender's children on systems other than Linux: those in its
// process group. A contender can leave the group.

import "cupel/internal/spawn"

// noProcess is the id of no process and of no process group.
const noProcess = -1

func lookAround() {}

// PeakResidentBytes returns 0 on this system.
func (l *Launch) PeakResidentBytes() uint64 { return 0 }

func killAll(leader int, _ string, killed map[int]bool) {
	if leader != noProcess && spawn.KillGroup(leader) == nil {
		killed[leader] = true
	}
}

// EndRun does nothing on this system, where processes cannot be searched by their
// environment.
func EndRun(string) int { return 0 }
