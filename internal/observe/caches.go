package observe

// This file reads the sizes of the caches from the processor.

import (
	"github.com/klauspost/cpuid/v2"

	"cupel/internal/evidence"
)

// cachesByInstruction asks the processor by its CPUID instruction. That does not tell
// which CPUs share a cache, and some processors answer nothing.
func cachesByInstruction() []evidence.Cache {
	lineBytes := int64(cpuid.CPU.CacheLine)
	var found []evidence.Cache
	for _, cache := range []evidence.Cache{
		{Level: 1, Kind: "Data", Bytes: int64(cpuid.CPU.Cache.L1D), LineBytes: lineBytes},
		{Level: 1, Kind: "Instruction", Bytes: int64(cpuid.CPU.Cache.L1I), LineBytes: lineBytes},
		{Level: 2, Kind: "Unified", Bytes: int64(cpuid.CPU.Cache.L2), LineBytes: lineBytes},
		{Level: 3, Kind: "Unified", Bytes: int64(cpuid.CPU.Cache.L3), LineBytes: lineBytes},
	} {
		if cache.Bytes > 0 {
			found = append(found, cache)
		}
	}
	return found
}

// largestCache returns the size in bytes of the largest cache, or 0 where the list is
// empty.
func largestCache(caches []evidence.Cache) int64 {
	var largest int64
	for _, cache := range caches {
		largest = max(largest, cache.Bytes)
	}
	return largest
}
