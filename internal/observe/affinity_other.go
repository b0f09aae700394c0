//go:build !linux

package observe

// This file says that threads can't be pinned, on systems other than Linux.

import "cupel/internal/evidence"

// PinSelf fails: this system has no affinity.
func PinSelf([]int) (restore func() error, err error) { return nil, unobserved("pin this process") }

// PinProcess fails: this system has no affinity.
func PinProcess(int, []int) error { return unobserved("pin a process") }

// Affinity fails: this system has none.
func Affinity(int) ([]evidence.ThreadAffinity, error) { return nil, unobserved("affinity") }

// AllowedCPUs fails: this system has no affinity.
func AllowedCPUs() ([]int, error) { return nil, unobserved("allowed CPUs") }
