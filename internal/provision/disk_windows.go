package provision

// This file asks how much room a disk has, on Windows.

import "golang.org/x/sys/windows"

// freeBytes is how much may be written below a directory.
func freeBytes(directory string) (free uint64, err error) {
	name, err := windows.UTF16PtrFromString(directory)
	if err != nil {
		return 0, err
	}
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return free, err
}
