//go:build unix

package observe

// This file asks the kernel for its name and for memory where it is a Unix's.

import (
	"runtime"

	"golang.org/x/sys/unix"
)

func kernel() (release, platform string) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "", runtime.GOOS
	}
	release = unix.ByteSliceToString(name.Release[:])
	return release, unix.ByteSliceToString(name.Sysname[:]) + "-" + release + "-" + unix.ByteSliceToString(name.Machine[:])
}

// allocate returns memory outside the heap: the garbage collector does not scan or keep it.
func allocate(size int64) (buffer []byte, release func(), err error) {
	buffer, err = unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, err
	}
	return buffer, func() { _ = unix.Munmap(buffer) }, nil
}
