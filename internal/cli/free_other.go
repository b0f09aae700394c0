//go:build !linux

package cli

// This file stands for room in directories where there is none in memory.

func freeBytes(string) uint64 { return 0 }
