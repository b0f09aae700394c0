package observe

// This file reads how long a thread of this process has waited for a CPU, on Linux.

import (
	"errors"
	"fmt"
	"time"
)

// ThreadWait returns how long the calling thread has waited for a CPU while it could
// run. The goroutine must be locked to its thread. A call costs about 10 us.
func ThreadWait() (time.Duration, error) { return threadWait(live) }

func threadWait(t tree) (time.Duration, error) {
	_, wait, told := schedulerTimes(t.path("proc/thread-self"))
	if !told {
		return 0, fmt.Errorf("a thread's waits for a CPU: %w by this kernel", errors.ErrUnsupported)
	}
	return time.Duration(wait), nil
}
