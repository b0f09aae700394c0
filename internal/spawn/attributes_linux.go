package spawn

// This file ties a child to its parent's life and to its CPUs, on Linux.

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

func attributes(given *syscall.SysProcAttr) *syscall.SysProcAttr {
	var attributes syscall.SysProcAttr
	if given != nil {
		attributes = *given
	}
	ownGroup(&attributes)
	attributes.Pdeathsig = syscall.SIGKILL
	return &attributes
}

// maxCPUs is the largest number of CPUs that a Linux kernel can be built for.
const maxCPUs = 8192

// Pin restricts the calling thread, and the processes that it forks, to these CPUs
// until unpin is called.
func Pin(cpus []int) (unpin func(), err error) {
	if len(cpus) == 0 {
		return func() {}, nil
	}
	before, wanted := unix.NewCPUSet(maxCPUs), unix.NewCPUSet(maxCPUs)
	if err := unix.SchedGetaffinityDynamic(0, before); err != nil {
		return nil, fmt.Errorf("CPU affinity: %w", err)
	}
	for _, cpu := range cpus {
		wanted.Set(cpu)
	}
	if err := unix.SchedSetaffinityDynamic(0, wanted); err != nil {
		return nil, fmt.Errorf("CPU affinity %v: %w", cpus, err)
	}
	return func() { _ = unix.SchedSetaffinityDynamic(0, before) }, nil
}
