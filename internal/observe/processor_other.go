//go:build !linux

package observe

// This file reads the processor's name on systems other than Linux.

import "github.com/klauspost/cpuid/v2"

func processor() string { return cpuid.CPU.BrandName }
