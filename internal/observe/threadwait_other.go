//go:build !linux

package observe

// This file reports that waiting times of threads need Linux.

import "time"

// ThreadWait fails: it needs Linux.
func ThreadWait() (time.Duration, error) { return 0, unobserved("waits for a CPU") }
