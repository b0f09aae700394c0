//go:build !linux

package observe

// This file says that the machine is not observed, on systems other than Linux.

import "cupel/internal/evidence"

// Machine fails: this system is not observed.
func Machine() (evidence.MachineSnapshot, error) {
	return evidence.MachineSnapshot{}, unobserved("machine")
}
