package observe

// This file names the processor, on Linux.

import (
	"github.com/klauspost/cpuid/v2"
	"github.com/prometheus/procfs"
)

// processor is the CPU's name as the kernel gives it, since that is what other
// tools show.
func processor() string {
	if proc, err := procfs.NewDefaultFS(); err == nil {
		if cores, err := proc.CPUInfo(); err == nil && len(cores) > 0 && cores[0].ModelName != "" {
			return cores[0].ModelName
		}
	}
	return cpuid.CPU.BrandName
}
