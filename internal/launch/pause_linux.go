package launch

// This file pauses a contender between its turns, on Linux.

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// stopsWithin is how long a contender may take to stop. It usually takes about 25 us.
// On a busy machine each of its threads first needs a CPU. A contender with a thread
// that waits for a vforked child or for a device does not stop before that wait ends.
const stopsWithin = 5 * time.Second

// Pause stops the contender and its descendants in its process group. It returns when
// all of their threads have stopped, so that the contender takes no time from the next
// contender's turn. Pause kills a contender that does not stop.
func (l *Launch) Pause() error {
	if err := unix.Kill(-l.PID(), unix.SIGSTOP); err != nil {
		return l.failed("cannot be stopped: "+err.Error(), err)
	}
	stopped, err := awaitStop(l.PID())
	if err != nil {
		return l.failed("cannot be stopped: "+err.Error(), err)
	}
	if !stopped {
		_ = unix.Kill(-l.PID(), unix.SIGKILL)
		return l.failed(fmt.Sprintf("cannot be stopped: still running %v after it was told to stop", stopsWithin), nil)
	}
	return nil
}

// awaitStop waits until a child has stopped or ended. At first it polls without
// sleeping: a stop is shorter than any sleep, and no contender is being timed.
func awaitStop(id int) (bool, error) {
	const asks, longest = 200 * time.Microsecond, time.Millisecond
	began, sleep := time.Now(), 50*time.Microsecond
	for {
		over, err := hasStopped(id)
		waited := time.Since(began)
		switch {
		case over || err != nil:
			return over, err
		case waited > stopsWithin:
			return false, nil
		case waited < asks:
			// The contender may need this CPU in order to stop.
			_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
		default:
			time.Sleep(sleep)
			sleep = min(2*sleep, longest)
		}
	}
}

// hasStopped reports whether a child has stopped or ended. It consumes neither event:
// Wait must still reap an end. A stop that is over is no longer reported.
func hasStopped(id int) (bool, error) {
	for {
		// Where the child has neither stopped nor ended, the signal stays 0.
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, id, &info, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return info.Signo != 0, os.NewSyscallError("waitid", err)
	}
}

// Resume continues a contender that Pause has stopped.
func (l *Launch) Resume() error {
	if err := unix.Kill(-l.PID(), unix.SIGCONT); err != nil {
		return l.failed("cannot be resumed: "+err.Error(), err)
	}
	return nil
}
