//go:build !linux

package observe

// This file describes the machine on systems other than Linux.

import "cupel/internal/evidence"

// Describe fills in only the caches. Hardware and settings are not read on this system.
func Describe() evidence.MachineDescription {
	return evidence.MachineDescription{Caches: cachesByInstruction()}
}
