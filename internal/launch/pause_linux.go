package launch

// This file stops a contender while it is not its turn, on Linux.

import (
	"os"

	"golang.org/x/sys/unix"
)

// Pause stops the contender and what it has started within its process group, and
// returns when all of its threads have stopped, so that nothing of it runs into
// the next contender's turn.
func (l *Launch) Pause() error {
	if err := unix.Kill(-l.PID(), unix.SIGSTOP); err != nil {
		return l.failed("cannot be stopped: "+err.Error(), err)
	}
	for {
		// Neither the stop nor an exit is taken: an exit is Wait's to reap, and a
		// stop that is over is no longer reported.
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, l.PID(), &info, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return l.failed("cannot be stopped: "+err.Error(), os.NewSyscallError("waitid", err))
		}
		return nil
	}
}

// Resume lets a contender go on that Pause has stopped.
func (l *Launch) Resume() error {
	if err := unix.Kill(-l.PID(), unix.SIGCONT); err != nil {
		return l.failed("cannot be resumed: "+err.Error(), err)
	}
	return nil
}
