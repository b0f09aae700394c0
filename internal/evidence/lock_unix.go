//go:build unix

package evidence

// This file locks a file by flock, where there is that call.

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// isLocked takes the lock of a file, or reports that another process has it.
func isLocked(file *os.File) bool {
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}
