//go:build !linux

package observe

// This file reports that pinning is not supported on systems other than Linux.

// PinSelf fails: pinning needs Linux.
func PinSelf([]int) (restore func() error, err error) { return nil, unobserved("pin this process") }

// PinProcess fails: pinning needs Linux.
func PinProcess(int, []int) error { return unobserved("pin a process") }

// AllowedCPUs fails: it needs Linux.
func AllowedCPUs() ([]int, error) { return nil, unobserved("allowed CPUs") }
