package observe

// This file reads the processor's name on Linux.

import (
	"github.com/klauspost/cpuid/v2"
	"github.com/prometheus/procfs"
)

// processor returns the CPU's name as the kernel gives it, because other tools show
// that name.
func processor() string {
	if proc, err := procfs.NewDefaultFS(); err == nil {
		if cores, err := proc.CPUInfo(); err == nil && len(cores) > 0 && cores[0].ModelName != "" {
			return cores[0].ModelName
		}
	}
	return cpuid.CPU.BrandName
}
