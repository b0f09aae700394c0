//go:build !linux

package observe

// This file reports that snapshots of processes need Linux.

import "cupel/internal/evidence"

// Process fails: it needs Linux.
func Process(int) (evidence.ProcessSnapshot, error) {
	return evidence.ProcessSnapshot{}, unobserved("process")
}

// Descendants fails: it needs Linux.
func Descendants(int) ([]evidence.ProcessTime, error) { return nil, unobserved("descendants") }

// Stopped fails: it needs Linux.
func Stopped(int) (bool, error) { return false, unobserved("state of a process") }

// Details fails: it needs Linux.
func Details(int) (evidence.ProcessDetails, error) {
	return evidence.ProcessDetails{}, unobserved("details of a process")
}
