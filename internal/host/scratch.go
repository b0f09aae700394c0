package host

// This file makes the scratch directory.

import (
	"fmt"
	"os"
)

// Scratch makes a temporary directory; remove removes it. The directory cannot be
// listed, so that a contender opens only the files in it whose names it is told.
func Scratch() (directory string, remove func(), err error) {
	directory, err = os.MkdirTemp(inMemory(), "cupel-")
	if err != nil {
		return "", nil, fmt.Errorf("no temporary directory: %w", err)
	}
	remove = func() {
		_ = os.Chmod(directory, 0o700)
		os.RemoveAll(directory)
	}
	if err := os.Chmod(directory, 0o300); err != nil {
		remove()
		return "", nil, fmt.Errorf("temporary directory: %w", err)
	}
	return directory, remove, nil
}

// inMemory returns a directory that the kernel keeps in memory, where it has space for
// the inputs of a round and for models. It returns nothing on other systems, and where
// TMPDIR names a directory. Files that are written and read thousands of times a second
// should not go to a disk.
func inMemory() string {
	const shared, enoughBytes = "/dev/shm", 512 << 20
	if os.Getenv("TMPDIR") != "" || freeBytes(shared) < enoughBytes {
		return ""
	}
	return shared
}
