package host

// This file makes the scratch directory.

import (
	"fmt"
	"os"
)

// Scratch makes a temporary directory that remove removes. It can't be listed: a
// contender opens the files in it that it is told of.
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

// inMemory is a directory that the kernel keeps in memory, where that has room for the
// inputs of a round and for models. It is empty elsewhere, and where TMPDIR names a
// directory. Files that are written and read thousands of times a second should not go
// to a disk.
func inMemory() string {
	const shared, enoughBytes = "/dev/shm", 512 << 20
	if os.Getenv("TMPDIR") != "" || freeBytes(shared) < enoughBytes {
		return ""
	}
	return shared
}
