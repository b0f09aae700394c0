//go:build !linux

package observe

// This file says that the CPUs are not described, on systems other than Linux.

import "cupel/internal/evidence"

// ReadTopology fails: this system does not describe its CPUs.
func ReadTopology() (evidence.Topology, error) {
	return evidence.Topology{}, unobserved("topology")
}
