package fake

// This file holds a contender that cannot be stopped, on Linux.

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"unsafe"
)

// halfAChild makes a thread wait for a child to become another program, which the child
// never does. The kernel can kill a thread that waits like this, but cannot stop it.
func halfAChild() {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	// The child holds on to the thread's processor, by calls that Go's scheduler does
	// not see. The copy of the scheduler in the child has no other threads.
	runtime.GOMAXPROCS(2)
	// A garbage collection would wait for that thread, and every other goroutine for
	// the collection.
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
