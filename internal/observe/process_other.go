//go:build !linux

package observe

// This file says that processes are not observed, on systems other than Linux.

import "cupel/internal/evidence"

// Process fails: this system's processes are not observed.
func Process(int) (evidence.ProcessSnapshot, error) {
	return evidence.ProcessSnapshot{}, unobserved("process")
}

// Descendants fails: this system's processes are not observed.
func Descendants(int) ([]evidence.ProcessTime, error) { return nil, unobserved("descendants") }

// Stopped fails: this system's processes are not observed.
func Stopped(int) (bool, error) { return false, unobserved("state of a process") }

// Details fails: this system's processes are not observed.
func Details(int) (evidence.ProcessDetails, error) {
	return evidence.ProcessDetails{}, unobserved("details of a process")
}
