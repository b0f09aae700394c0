// Package spawn starts processes that do not outlive this one.
package spawn

// This file holds the thread that starts them.

import (
	"os/exec"
	"runtime"
	"sync"
)

// Start starts a process from a thread that lives as long as this process. The process
// gets its own process group, so that Ctrl-C on a terminal reaches only this process.
// On Linux its parent-death signal is SIGKILL. The kernel sends that signal when the
// starting thread ends, and not when the parent process ends; hence the long-lived
// thread.
//
// Where cpus are given, the process runs only on these, from its first instruction.
// Systems other than Linux ignore them. Start keeps attributes that the command already
// has, such as namespaces.
func Start(command *exec.Cmd, cpus []int) error {
	command.SysProcAttr = attributes(command.SysProcAttr)
	result := make(chan error)
	starter() <- func() {
		unpin, err := Pin(cpus)
		if err == nil {
			err = command.Start()
			unpin()
		}
		result <- err
	}
	return <-result
}

var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range work {
			start()
		}
	}()
	return work
})
