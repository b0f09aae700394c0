//go:build unix

package provision

// This file asks how much room a disk has, on Unix.

import "golang.org/x/sys/unix"

// freeBytes is how much may be written below a directory.
func freeBytes(directory string) (uint64, error) {
	var disk unix.Statfs_t
	if err := unix.Statfs(directory, &disk); err != nil {
		return 0, err
	}
	return uint64(disk.Bavail) * uint64(disk.Bsize), nil
}
