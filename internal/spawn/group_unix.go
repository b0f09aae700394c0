//go:build unix

package spawn

// This file holds process groups and sessions where there are those of Unix.

import "syscall"

// OwnSession are the attributes of a process that what ends this one by its terminal or
// its process group does not end.
func OwnSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// KillGroup kills the processes of a leader's group.
func KillGroup(leader int) error { return syscall.Kill(-leader, syscall.SIGKILL) }

func ownGroup(attributes *syscall.SysProcAttr) { attributes.Setpgid = true }
