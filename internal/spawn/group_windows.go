package spawn

// This file stands for process groups and sessions on Windows, which knows groups for
// Ctrl-C alone.

import (
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
)

// OwnSession are the attributes of a process that a Ctrl-C in this one's console does not
// end.
func OwnSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// KillGroup kills a process and its descendants.
func KillGroup(leader int) error {
	if err := exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(leader)).Run(); err != nil {
		return fmt.Errorf("taskkill of process %d: %w", leader, err)
	}
	return nil
}

func ownGroup(attributes *syscall.SysProcAttr) {
	attributes.CreationFlags |= syscall.CREATE_NEW_PROCESS_GROUP
}
