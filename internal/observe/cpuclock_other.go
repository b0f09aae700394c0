//go:build !linux

package observe

// This file reports that CPU clocks of other processes need Linux.

import "time"

// CPUClock fails: it needs Linux.
func CPUClock(int) (time.Duration, error) { return 0, unobserved("CPU clock") }
