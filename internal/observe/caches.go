package observe

// This file says how large the caches are.

import (
	"github.com/klauspost/cpuid/v2"

	"cupel/internal/evidence"
)

// cachesByInstruction asks the processor itself, which tells no sharing and, on
// some, nothing.
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

// largestCache is the size in bytes of the largest of some caches, 0 of none.
func largestCache(caches []evidence.Cache) int64 {
	var largest int64
	for _, cache := range caches {
		largest = max(largest, cache.Bytes)
	}
	return largest
}
