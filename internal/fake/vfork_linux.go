package fake

// This file holds a contender that can't be stopped, on Linux.

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"unsafe"
)

// halfAChild has a thread wait for a child to become another program, which it never
// does. The kernel lets a thread that waits so be killed, and does not let it be
// stopped.
func halfAChild() {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	// The thread takes its processor with it, by calls that the scheduler does not see:
	// a copy of the scheduler has no threads to go on with.
	runtime.GOMAXPROCS(2)
	// A collection would wait for that thread, and everybody for the collection.
	debug.SetGCPercent(-1)
	word, ready := []byte{1}, w.Fd()
	go func() {
		child, _, fault := syscall.RawSyscall6(syscall.SYS_CLONE, syscall.CLONE_VFORK|uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
		if fault != 0 || child != 0 {
			panic(fmt.Sprintf("child %d: %v", child, fault))
		}
		syscall.RawSyscall(syscall.SYS_WRITE, ready, uintptr(unsafe.Pointer(&word[0])), 1)
		for {
			syscall.RawSyscall6(syscall.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}()
	if _, err := r.Read(word); err != nil {
		panic(err)
	}
}
