package host

// This file asks how much room a directory has, on Linux.

import "golang.org/x/sys/unix"

// freeBytes is how much may be written below a directory, 0 where it is not there.
func freeBytes(directory string) uint64 {
	var stat unix.Statfs_t
	if err := unix.Statfs(directory, &stat); err != nil || stat.Bsize <= 0 {
		return 0
	}
	return stat.Bavail * uint64(stat.Bsize)
}
