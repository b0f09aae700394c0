//go:build !linux

package spawn

// This file gives a child a process group, on systems that have no parent-death signal.

import "syscall"

func attributes(given *syscall.SysProcAttr) *syscall.SysProcAttr {
	var attributes syscall.SysProcAttr
	if given != nil {
		attributes = *given
	}
	ownGroup(&attributes)
	return &attributes
}

// Pin does nothing on this system, which has no affinity.
func Pin([]int) (unpin func(), err error) { return func() {}, nil }
