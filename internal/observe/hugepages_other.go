//go:build !linux

package observe

// This file does nothing about pages on systems other than Linux.

func adviseHugePages([]byte) {}
