//go:build !linux

package spawn

// This file gives a child a process group, where there is no parent-death signal.

import "syscall"

func attributes(given *syscall.SysProcAttr) *syscall.SysProcAttr {
	var attributes syscall.SysProcAttr
	if given != nil {
		attributes = *given
	}
	attributes.Setpgid = true
	return &attributes
}

// Pin does nothing where there is no affinity to set.
func Pin([]int) (unpin func(), err error) { return func() {}, nil }
