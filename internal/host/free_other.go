//go:build !linux

package host

// This file stands for room in directories where there is none in memory.

func freeBytes(string) uint64 { return 0 }
