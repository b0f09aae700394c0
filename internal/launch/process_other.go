//go:build !linux

package launch

// This file ends a contender's children on systems other than Linux: those of
// its process group, which a contender can leave.

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func adoptOrphans() {}

func killAll(leader int, _ string) int {
	if unix.Kill(-leader, unix.SIGKILL) != nil {
		return 0
	}
	return 1
}
