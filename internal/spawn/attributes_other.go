//go:build !linux

package spawn

// This file gives a child a process group, where there is no parent-death signal.

import "syscall"

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// Pin does nothing where there is no affinity to set.
func Pin([]int) (unpin func(), err error) { return func() {}, nil }
