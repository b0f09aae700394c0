package observe

// This file reads how long this process has waited for a CPU, on Linux.

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// OwnWait is how long the threads of this process that are alive have waited for a CPU
// while they could have run, together: about 5 us a thread. It may be called
// concurrently.
func OwnWait() (time.Duration, error) { return ownWait(live) }

func ownWait(t tree) (time.Duration, error) {
	own := strconv.Itoa(os.Getpid())
	threads, err := os.ReadDir(t.path("proc", own, "task"))
	if err != nil {
		return 0, fmt.Errorf("this process's waits for a CPU: %w", err)
	}
	var total int64
	for _, thread := range threads {
		_, wait, told := schedulerTimes(t.path("proc", own, "task", thread.Name()))
		if !told {
			return 0, fmt.Errorf("this process's waits for a CPU: thread %s: %w", thread.Name(), errors.ErrUnsupported)
		}
		total += wait
	}
	return time.Duration(total), nil
}
