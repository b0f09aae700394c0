package sandbox

// This file is the seccomp layer: it denies system calls that no contender needs.

import (
	"fmt"
	"slices"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"

	"cupel/internal/evidence"
)

// denied are the system calls that fail with EPERM. A list of allowed calls would be
// stricter, but would break an engine whenever its libraries or the C library use a new
// call.
var denied = []string{
	// The network, and what could replace it.
	"socket", "io_uring_setup", "io_uring_enter", "io_uring_register",
	// Other processes.
	"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp", "pidfd_open", "pidfd_getfd",
	// More CPUs than the harness has given. The harness sets those before.
	"sched_setaffinity",
	// Events in directories that cannot be listed.
	"inotify_init", "inotify_init1", "fanotify_init", "name_to_handle_at", "open_by_handle_at",
	// The machine.
	"acct", "adjtimex", "add_key", "bpf", "chroot", "clock_adjtime", "clock_settime", "delete_module", "finit_module", "fsconfig",
	"fsmount", "fsopen", "fspick", "init_module", "ioperm", "iopl", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie",
	"mount", "mount_setattr", "move_mount", "move_pages", "migrate_pages", "nfsservctl", "open_tree", "perf_event_open", "pivot_root",
	"quotactl", "quotactl_fd", "reboot", "request_key", "setdomainname", "sethostname", "setns", "settimeofday", "swapoff", "swapon",
	"syslog", "umount2", "unshare", "userfaultfd", "vhangup",
}

// unmasked are also denied where only their mode hides the hidden directories.
var unmasked = []string{"chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"}

// othersLimits match a prlimit64 that names another process or sets a limit. C
// libraries read a process's own limits by the same call.
var othersLimits = []seccomp.NameWithConditions{
	{Name: "prlimit64", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.NotEqual, Value: 0}}},
	{Name: "prlimit64", Conditions: seccomp.ArgumentConditions{{Argument: 2, Operation: seccomp.NotEqual, Value: 0}}},
}

// newNamespaces are the flags of clone that make namespaces.
const newNamespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP

// allowSpeculation keeps kernels before Linux 5.16 from disabling a kind of speculation
// in filtered processes, which would make them slower.
const allowSpeculation = seccomp.FilterFlag(unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW)

// seccomp puts on the filters. Each group of rules is a filter of its own, because a
// policy of the library with several groups ends at the first match.
func (s *stage) seccomp() (evidence.LayerState, string, error) {
	known, err := arch.GetInfo("")
	if err != nil {
		return evidence.LayerNone, err.Error(), nil
	}
	if !seccomp.Supported() {
		return evidence.LayerNone, "this kernel has none", nil
	}
	names := denied
	if !s.masked {
		names = slices.Concat(denied, unmasked)
	}
	// Some system calls do not exist on every architecture.
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { _, there := known.SyscallNames[name]; return !there })
	groups := []seccomp.SyscallGroup{
		// A program that finds no clone3 uses clone, whose flags a filter can see.
		{Names: []string{"clone3"}, Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS)},
		{NamesWithCondtions: namespaceFlags(), Action: seccomp.ActionErrno},
		{Names: names, Action: seccomp.ActionErrno},
	}
	if !s.masked {
		groups = append(groups, seccomp.SyscallGroup{NamesWithCondtions: othersLimits, Action: seccomp.ActionErrno})
	}
	for _, group := range groups {
		filter := seccomp.Filter{NoNewPrivs: true, Flag: allowSpeculation, Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow, Syscalls: []seccomp.SyscallGroup{group},
		}}
		if err := seccomp.LoadFilter(filter); err != nil {
			return "", "", err
		}
	}
	return evidence.LayerFull, fmt.Sprintf("%d system calls denied", len(names)+1), nil
}

// namespaceFlags match a clone that makes a namespace of any kind.
func namespaceFlags() []seccomp.NameWithConditions {
	var conditions []seccomp.NameWithConditions
	for bit := uint64(1); bit <= newNamespaces; bit <<= 1 {
		if newNamespaces&bit != 0 {
			conditions = append(conditions, seccomp.NameWithConditions{
				Name: "clone", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.BitsSet, Value: bit}},
			})
		}
	}
	return conditions
}
