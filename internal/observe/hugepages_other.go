//go:build !linux

package observe

// This file leaves pages as they are, on systems other than Linux.

func adviseHugePages([]byte) {}
