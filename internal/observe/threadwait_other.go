//go:build !linux

package observe

// This file says that waits for a CPU are not known, on systems other than Linux.

import "time"

// ThreadWait fails: this system does not say how long its threads have waited.
func ThreadWait() (time.Duration, error) { return 0, unobserved("waits for a CPU") }
