//go:build !linux

package observe

// This file reports that snapshots of the machine need Linux.

import "cupel/internal/evidence"

// Machine fails: it needs Linux.
func Machine() (evidence.MachineSnapshot, error) {
	return evidence.MachineSnapshot{}, unobserved("machine")
}
