package evidence

// This file holds what the kernel says of CPUs, processes and the machine: plain
// data, which package observe fills in.

import "time"

// LogicalCPU is one CPU as the scheduler sees it: a hardware thread of a core.
type LogicalCPU struct {
	Number int `json:"cpu"`
	// Core is the core's number within its package, as the kernel gives it: not
	// unique over packages, nor without gaps.
	Core    int `json:"core"`
	Package int `json:"package"`
	// Node is the NUMA node, 0 where the kernel tells none.
	Node int `json:"node"`
	// Siblings are the CPUs of the same physical core, this one among them.
	Siblings []int `json:"siblings"`
	// MaximumHertz is the highest frequency the CPU can be given, 0 where that is
	// hidden, as in most virtual machines.
	MaximumHertz int64 `json:"maximum_hz,omitempty"`
	// Capacity is the kernel's measure of the CPU's speed relative to the fastest
	// of the machine, which has 1024; 0 where it gives none.
	Capacity int `json:"capacity,omitempty"`
}

// Topology is how the CPUs of a machine lie together.
type Topology struct {
	// Allowed are the CPUs that this process may use, ascending: what is left of
	// the online ones by cgroup cpuset and affinity.
	Allowed []int `json:"allowed"`
	// CPUs are the online CPUs that the kernel describes, ascending by number.
	CPUs []LogicalCPU `json:"cpus"`
}

// Placement says which CPUs harness and contender are given. Both lists are empty
// where nothing is to be pinned.
type Placement struct {
	Harness   []int `json:"harness"`
	Contender []int `json:"contender"`
	// Shared says that harness and contender have a physical core in common.
	Shared bool `json:"shared"`
	// Node is the NUMA node of the contender's CPUs, -1 where they span several or
	// nothing is pinned.
	Node int `json:"node"`
	// Reason is one sentence on why these CPUs.
	Reason string `json:"reason"`
}

// ThreadAffinity is the CPUs that one thread may run on.
type ThreadAffinity struct {
	Thread int `json:"tid"`
	// CPUs is ascending.
	CPUs []int `json:"cpus"`
}

// ThreadSnapshot is one thread of a process at one moment. Its figures count from
// the thread's start.
type ThreadSnapshot struct {
	Thread int    `json:"tid"`
	Name   string `json:"name"`
	// CPUNanoseconds is user and system time. It is exact for a thread that does
	// not run, and behind by up to a tick of the scheduler for one that does.
	CPUNanoseconds      int64 `json:"cpu_ns"`
	VoluntarySwitches   int64 `json:"voluntary_switches"`
	InvoluntarySwitches int64 `json:"involuntary_switches"`
}

// InputOutput is what a process has read and written by system calls, to files
// and pipes alike, or did within some time.
type InputOutput struct {
	ReadBytes    int64 `json:"read_bytes"`
	WrittenBytes int64 `json:"written_bytes"`
	ReadCalls    int64 `json:"read_calls"`
	WriteCalls   int64 `json:"write_calls"`
}

// ProcessTime is another process and the CPU time that it used.
type ProcessTime struct {
	Process int    `json:"pid"`
	Parent  int    `json:"parent,omitempty"`
	Name    string `json:"name"`
	// CPUNanoseconds is user and system time, with that of threads that ended.
	CPUNanoseconds int64 `json:"cpu_ns"`
	// Processors are those that its threads were last on, where that was asked.
	Processors []int `json:"processors,omitempty"`
}

// ProcessSnapshot is what is cheap to know of a process at one moment. Its figures
// count from the process's start.
type ProcessSnapshot struct {
	Process int       `json:"pid"`
	Time    time.Time `json:"time"`
	Name    string    `json:"name"`
	// State is that of the first thread, by the kernel's letter: R running, S
	// sleeping, D waiting for a device, T stopped, Z ended and not waited for.
	State string `json:"state"`
	// CPUNanoseconds is user and system time of all threads, also of those that
	// ended, without children.
	CPUNanoseconds int64 `json:"cpu_ns"`
	// ReapedCPUNanoseconds is that of children that ended and were waited for, in
	// steps of a hundredth of a second.
	ReapedCPUNanoseconds int64            `json:"reaped_cpu_ns"`
	Threads              []ThreadSnapshot `json:"threads"`
	MinorFaults          int64            `json:"minor_faults"`
	MajorFaults          int64            `json:"major_faults"`
	// IO is nil where the kernel does not tell it.
	IO *InputOutput `json:"io"`
	// Descendants are the processes that this one and its children have started
	// and that are its descendants still.
	Descendants       []ProcessTime `json:"descendants"`
	AllowedCPUs       []int         `json:"allowed_cpus"`
	ResidentBytes     int64         `json:"resident_bytes"`
	PeakResidentBytes int64         `json:"peak_resident_bytes"`
}

// ProcessDetails is what is dear to know of a process, and changes seldom.
type ProcessDetails struct {
	Process    int    `json:"pid"`
	Executable string `json:"executable"`
	// CodeFiles are the distinct files that are mapped to be executed, programs and
	// shared libraries, ascending. A file that has been deleted ends in " (deleted)".
	CodeFiles []string `json:"code_files"`
	// MappedFiles is how many distinct files are mapped, for whatever purpose.
	MappedFiles int `json:"mapped_files"`
	// AllowedNodes are the NUMA nodes whose memory the process may use.
	AllowedNodes []int `json:"allowed_nodes"`
}

// ThreadUse is what one thread did between two snapshots.
type ThreadUse struct {
	Thread         int    `json:"tid"`
	Name           string `json:"name"`
	CPUNanoseconds int64  `json:"cpu_ns"`
}

// ProcessUse is what a process did between two snapshots.
type ProcessUse struct {
	Process         int   `json:"pid"`
	WallNanoseconds int64 `json:"wall_ns"`
	// CPUNanoseconds is of the process itself.
	CPUNanoseconds int64 `json:"cpu_ns"`
	// DescendantCPUNanoseconds is of the descendants that the later snapshot shows
	// and of children that ended and were waited for meanwhile, the latter in steps
	// of a hundredth of a second.
	DescendantCPUNanoseconds int64 `json:"descendant_cpu_ns"`
	// Threads are those of the later snapshot. What threads used that ended between
	// the two is in CPUNanoseconds alone.
	Threads        []ThreadUse `json:"threads"`
	ThreadsStarted int         `json:"threads_started"`
	ThreadsEnded   int         `json:"threads_ended"`
	// The switches are those of the later snapshot's threads.
	VoluntarySwitches   int64 `json:"voluntary_switches"`
	InvoluntarySwitches int64 `json:"involuntary_switches"`
	MinorFaults         int64 `json:"minor_faults"`
	MajorFaults         int64 `json:"major_faults"`
	// IO is nil where one of the two snapshots has none.
	IO *InputOutput `json:"io"`
	// Descendants are those of the later snapshot.
	Descendants []ProcessTime `json:"descendants"`
}

// CPUTimes is how CPUs have spent their time, in steps of a hundredth of a second,
// summed where it is for several.
type CPUTimes struct {
	// UserNanoseconds and NiceNanoseconds include the two guest times.
	UserNanoseconds              int64 `json:"user_ns"`
	NiceNanoseconds              int64 `json:"nice_ns"`
	SystemNanoseconds            int64 `json:"system_ns"`
	IdleNanoseconds              int64 `json:"idle_ns"`
	IOWaitNanoseconds            int64 `json:"io_wait_ns"`
	InterruptNanoseconds         int64 `json:"interrupt_ns"`
	SoftwareInterruptNanoseconds int64 `json:"software_interrupt_ns"`
	// StealNanoseconds is what the host gave to others while this machine had work.
	StealNanoseconds     int64 `json:"steal_ns"`
	GuestNanoseconds     int64 `json:"guest_ns"`
	GuestNiceNanoseconds int64 `json:"guest_nice_ns"`
}

// CPUState is one CPU at one moment, or what it did between two.
type CPUState struct {
	Number int `json:"cpu"`
	CPUTimes
	// FrequencyHertz is at the moment, the later one of two; 0 where hidden. An
	// idle CPU is slow and a virtual machine may show a constant.
	FrequencyHertz int64 `json:"frequency_hz,omitempty"`
	// Throttles is how often the core or its package was slowed for its heat, nil
	// where hidden.
	Throttles *int64 `json:"throttles,omitempty"`
}

// StallTimes is how long tasks waited for a resource.
type StallTimes struct {
	// SomeNanoseconds is the time in which at least one task waited.
	SomeNanoseconds int64 `json:"some_ns"`
	// FullNanoseconds is the time in which all that had something to do waited; for
	// CPUs the kernel does not define it and has 0.
	FullNanoseconds int64 `json:"full_ns"`
}

// Pressure is how long tasks waited for each resource (pressure stall
// information).
type Pressure struct {
	CPU    StallTimes `json:"cpu"`
	Memory StallTimes `json:"memory"`
	IO     StallTimes `json:"io"`
}

// MachineSnapshot is the machine at one moment. Its figures count from its start.
type MachineSnapshot struct {
	Time  time.Time `json:"time"`
	Total CPUTimes  `json:"total"`
	// CPUs are the online ones, ascending.
	CPUs []CPUState `json:"cpus"`
	// Pressure is nil where the kernel does not tell it.
	Pressure *Pressure `json:"pressure"`
	// LoadAverage is how many tasks ran or waited to, on average over the last 1, 5
	// and 15 minutes.
	LoadAverage     [3]float64 `json:"load_average"`
	SwapInBytes     int64      `json:"swap_in_bytes"`
	SwapOutBytes    int64      `json:"swap_out_bytes"`
	ContextSwitches int64      `json:"context_switches"`
	Interrupts      int64      `json:"interrupts"`
	// Processes are all that this user can see, without their names. They are not
	// recorded: what else runs on a machine is no reader's business, but for the
	// busiest (MachineUse).
	Processes []ProcessTime `json:"-"`
}

// MachineUse is what a machine did between two snapshots.
type MachineUse struct {
	WallNanoseconds int64      `json:"wall_ns"`
	Total           CPUTimes   `json:"total"`
	CPUs            []CPUState `json:"cpus"`
	// Pressure is nil where one of the two snapshots has none.
	Pressure *Pressure `json:"pressure"`
	// LoadAverage is that of the later snapshot.
	LoadAverage     [3]float64 `json:"load_average"`
	SwapInBytes     int64      `json:"swap_in_bytes"`
	SwapOutBytes    int64      `json:"swap_out_bytes"`
	ContextSwitches int64      `json:"context_switches"`
	Interrupts      int64      `json:"interrupts"`
	// Busiest are the processes other than the run's own that used most CPU time:
	// at most three, the busiest first, each with more than 1% of one CPU.
	Busiest []ProcessTime `json:"busiest"`
}

// Cache is one cache of a machine's first CPU.
type Cache struct {
	Level int `json:"level"`
	// Kind is Data, Instruction or Unified.
	Kind      string `json:"kind"`
	Bytes     int64  `json:"size_bytes"`
	LineBytes int64  `json:"line_bytes"`
	// SharedBy is how many of the machine's CPUs have this cache in common, 0 where
	// that is hidden.
	SharedBy int `json:"shared_by"`
}

// MachineDescription is how the machine is built and set up, as far as that bears
// on timings. What is hidden, as much is in virtual machines and containers, is
// empty, which is not the same as a value.
type MachineDescription struct {
	Topology Topology `json:"topology"`
	// Governors are the distinct ways in which frequencies are chosen, of all CPUs.
	Governors []string `json:"governors"`
	// Turbo is "on" or "off".
	Turbo string `json:"turbo"`
	// HardwareThreads is whether cores have several, in the kernel's words: "on",
	// "off", "forceoff", "notsupported".
	HardwareThreads string `json:"hardware_threads"`
	// IsolatedCPUs and TicklessCPUs are kept free of other tasks and of the timer by
	// the kernel's command line (isolcpus, nohz_full).
	IsolatedCPUs []int  `json:"isolated_cpus"`
	TicklessCPUs []int  `json:"tickless_cpus"`
	Clocksource  string `json:"clocksource"`
	// AddressSpaceRandomization is the kernel's number: 0 none, 1 without the heap, 2
	// all; nil where hidden.
	AddressSpaceRandomization *int `json:"address_space_randomization"`
	// TransparentHugePages is "always", "madvise" or "never".
	TransparentHugePages string `json:"transparent_huge_pages"`
	// CPUQuota is how many CPUs' worth of time the control group may use, nil where
	// it has no limit.
	CPUQuota *float64 `json:"cpu_quota"`
	Caches   []Cache  `json:"caches"`
}

// MemoryReading is a measurement of how fast one core reads memory one after the
// other.
type MemoryReading struct {
	// BufferBytes is the size of what was read, over and over.
	BufferBytes int64 `json:"buffer_bytes"`
	// CacheBytes is the size of the largest cache, 0 where hidden. Where it is not
	// below BufferBytes, the reading is of the cache rather than of memory.
	CacheBytes  int64 `json:"cache_bytes"`
	Bytes       int64 `json:"read_bytes"`
	Nanoseconds int64 `json:"elapsed_ns"`
	// BytesPerSecond is over the whole; FastestBytesPerSecond is that of the fastest
	// 8 MiB, which interruptions hardly lower.
	BytesPerSecond        float64 `json:"bytes_per_second"`
	FastestBytesPerSecond float64 `json:"fastest_bytes_per_second"`
}
