//go:build !linux

package observe

// This file names the processor, on systems other than Linux.

import "github.com/klauspost/cpuid/v2"

func processor() string { return cpuid.CPU.BrandName }
