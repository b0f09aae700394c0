// Package spawn starts processes that do not outlive this one.
package spawn

// This file holds the thread that starts them.

import (
	"os/exec"
	"runtime"
	"sync"
)

// Start starts a process on a thread that lives as long as this process, with a
// process group of its own, so that a terminal's Ctrl-C reaches this process
// alone, and on Linux with SIGKILL as its parent-death signal: the kernel sends
// that when the starting thread ends, not when the process does.
//
// Where cpus are given, it runs on these alone, from its first instruction; on
// systems other than Linux they are ignored. Attributes that the command has
// already, such as namespaces, are kept.
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
