//go:build !linux

package observe

// This file says that there is no CPU clock of another process, on systems other
// than Linux.

import "time"

// CPUClock fails: this system has no CPU clock of another process.
func CPUClock(int) (time.Duration, error) { return 0, unobserved("CPU clock") }
