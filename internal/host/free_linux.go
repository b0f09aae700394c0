package host

// This file reads how much space a directory has, on Linux.

import "golang.org/x/sys/unix"

// freeBytes returns how many bytes may be written below a directory, or 0 where it does
// not exist.
func freeBytes(directory string) uint64 {
	var stat unix.Statfs_t
	if err := unix.Statfs(directory, &stat); err != nil || stat.Bsize <= 0 {
		return 0
	}
	return stat.Bavail * uint64(stat.Bsize)
}
