//go:build unix

package launch

// This file waits for pipes, and reads what the kernel says of a process that has ended.

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// awaitReply waits until there is something to read or the wait is over. The read that
// follows tells which. The calling thread sleeps in the kernel; transport.exchange says
// why.
func awaitReply(ctx context.Context, file *os.File, deadline time.Time) {
	// most bounds the delay until awaitReply notices the end of the context.
	const most = 50 * time.Millisecond
	connection, err := file.SyscallConn()
	if err != nil {
		return
	}
	for waiting := true; waiting && ctx.Err() == nil; {
		left := min(time.Until(deadline), most)
		if left <= 0 {
			return
		}
		err := connection.Control(func(fd uintptr) {
			count, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
			waiting = err == nil && count == 0 || errors.Is(err, unix.EINTR)
		})
		if err != nil {
			return
		}
	}
}

// readable reports whether a read would return at once.
func readable(file *os.File) bool {
	connection, err := file.SyscallConn()
	if err != nil {
		return false
	}
	ready := false
	_ = connection.Control(func(fd uintptr) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		count, err := unix.Poll(poll, 0)
		ready = err == nil && count > 0 && poll[0].Revents&unix.POLLIN != 0
	})
	return ready
}

func usageOf(state *os.ProcessState) Usage {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return Usage{}
	}
	return Usage{
		UserCPU: time.Duration(usage.Utime.Nano()), SystemCPU: time.Duration(usage.Stime.Nano()),
		VoluntarySwitches: usage.Nvcsw, InvoluntarySwitches: usage.Nivcsw,
		MajorFaults: usage.Majflt, MinorFaults: usage.Minflt,
	}
}
