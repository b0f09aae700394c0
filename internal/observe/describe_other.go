//go:build !linux

package observe

// This file says what is known of the machine on systems other than Linux.

import "cupel/internal/evidence"

// Describe knows the caches alone: how this system is set up is not observed.
func Describe() evidence.MachineDescription {
	return evidence.MachineDescription{Caches: cachesByInstruction()}
}
