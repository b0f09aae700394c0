//go:build !linux

package observe

// This file reports that the topology of CPUs needs Linux.

import "cupel/internal/evidence"

// ReadTopology fails: it needs Linux.
func ReadTopology() (evidence.Topology, error) {
	return evidence.Topology{}, unobserved("topology")
}
