package evidence

// This file holds what a run sees of its contenders and of the machine beside the
// times: the rows of observations.jsonl that are about one moment, one file or one
// question. Package observe and package measure fill them in; the audit reads them.

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// The kinds of rows in observations.jsonl, beside launches and blocks.
const (
	kindMachine    = "machine"
	kindInspection = "inspection"
	kindClosure    = "closure"
	kindScores     = "scores"
	kindHardRows   = "hard-rows"
)

// Noted is a row of the observations: a Machine, an Inspection, a Closure, a
// Scores or a HardRows.
type Noted interface {
	// noted returns the row with its kind filled in.
	noted() any
}

// Machine says which machine this is and how it stands, at the start of a
// replicate and at the end of the run.
type Machine struct {
	Kind string    `json:"kind"`
	Time time.Time `json:"time"`
	// Replicate is the one that begins; that of the run's end has the last one's
	// number and Last.
	Replicate int             `json:"replicate"`
	Last      bool            `json:"last,omitempty"`
	Identity  MachineIdentity `json:"identity"`
	// Clocks are the system's clocks at that moment.
	Clocks Clocks `json:"clocks"`
	Memory Memory `json:"memory"`
	// Processors are the CPUs of the contenders.
	Processors []Processor `json:"processors"`
	// CycleNanoseconds is what one cycle of the contenders' core takes, by a chain of
	// dependent instructions: readings, raw.
	CycleNanoseconds []float64 `json:"cycle_ns"`
}

func (m Machine) noted() any { m.Kind = kindMachine; return m }

// MachineIdentity tells machines and their boots apart without naming one.
type MachineIdentity struct {
	// BootID is the kernel's random name of this boot; empty where hidden.
	BootID string `json:"boot_id"`
	// SHA256 is over something that is the machine's own, which From names:
	// "machine-id", or "hardware" for a description that a machine of the same make
	// shares.
	SHA256 string `json:"machine_sha256"`
	From   string `json:"machine_from"`
}

// Clocks are readings of the system's clocks, as close together as they come.
type Clocks struct {
	// MonotonicNanoseconds is since the machine's start.
	MonotonicNanoseconds int64 `json:"monotonic_ns"`
	// OffsetNanoseconds is the wall clock less the monotonic one. It moves where
	// somebody sets the wall clock.
	OffsetNanoseconds int64 `json:"offset_ns"`
}

// Memory is the machine's.
type Memory struct {
	TotalBytes     int64 `json:"total_bytes"`
	AvailableBytes int64 `json:"available_bytes"`
	// SwappedBytes is how much lies in swap, of whomever.
	SwappedBytes int64 `json:"swapped_bytes"`
	// Nodes is how many NUMA nodes there are.
	Nodes int `json:"nodes"`
}

// Processor identifies one CPU as the kernel describes it.
type Processor struct {
	Number    int    `json:"cpu"`
	Vendor    string `json:"vendor"`
	Family    string `json:"family"`
	Model     string `json:"model"`
	Name      string `json:"name"`
	Stepping  string `json:"stepping"`
	Microcode string `json:"microcode"`
	// FlagsSHA256 is over the flags, in order, separated by spaces.
	FlagsSHA256 string `json:"flags_sha256"`
	// CoreType is "performance" or "efficiency" where the processor has both, and
	// empty where it has one type or hides it.
	CoreType string `json:"core_type,omitempty"`
	// Governor and the frequencies are empty and 0 where hidden.
	Governor     string `json:"governor,omitempty"`
	Hertz        int64  `json:"frequency_hz,omitempty"`
	MaximumHertz int64  `json:"maximum_hz,omitempty"`
	// Throttles is how often core and package were slowed for their heat since the
	// machine's start, nil where hidden.
	Throttles *int64 `json:"throttles,omitempty"`
}

// BlockWatch is what a block of rounds has beside the accounts of machine and
// processes.
type BlockWatch struct {
	// Before and After are the clocks at the block's ends.
	Before Clocks `json:"clocks_before"`
	After  Clocks `json:"clocks_after"`
	// Memory is at its end.
	Memory Memory `json:"memory"`
	// CycleNanoseconds are readings at its end, raw.
	CycleNanoseconds []float64 `json:"cycle_ns"`
	// Compilers are the names of compilers and linkers that were alive at its end,
	// of whomever, ascending.
	Compilers []string `json:"compilers"`
	// Waits are how long the threads of each process waited for a CPU while they
	// could have run, by launch.
	Waits []LaunchWait `json:"waits"`
}

// LaunchWait is how long a launch's threads waited for a CPU over a block.
type LaunchWait struct {
	Launch          int   `json:"launch"`
	WaitNanoseconds int64 `json:"wait_ns"`
}

// Moment says when in a launch's life a look was taken.
type Moment string

// The moments of an inspection.
const (
	// MomentLoaded is after the model was loaded and has given its first answers.
	MomentLoaded Moment = "loaded"
	// MomentSteady is after practice, before the rounds.
	MomentSteady Moment = "steady"
	// MomentLast is after the launch's last request, before it is asked to quit.
	MomentLast Moment = "last"
)

// Inspection is a look at the process of a launch, while it is stopped.
type Inspection struct {
	Kind      string `json:"kind"`
	Launch    int    `json:"launch"`
	Contender string `json:"contender"`
	Moment    Moment `json:"moment"`
	Process   int    `json:"pid"`
	// StartTicks is when the kernel says that the process was started, in ticks since
	// the machine's start: with the id it tells one process from every other.
	StartTicks int64 `json:"start_ticks"`
	// Closure is the digest of the files of code that are mapped (Closure.SHA256);
	// empty where it was not taken at this moment.
	Closure string `json:"closure_sha256,omitempty"`
	// Executable is what the process runs, by its SHA-256.
	Executable string `json:"executable_sha256,omitempty"`
	// Unfiled are the executable mappings that no file on disk stands behind.
	Unfiled []UnfiledMapping `json:"unfiled_code"`
	// Devices are the device files that are open or mapped, but for terminals and
	// the likes of /dev/null, ascending.
	Devices []string `json:"devices"`
	// Sockets are those that are open.
	Sockets []Socket `json:"sockets"`
	// OpenFiles are the regular files that are open, ascending.
	OpenFiles []string `json:"open_files"`
	Network   Network  `json:"network"`
	// Environment is what the kernel was given at the process's start.
	Environment []Variable `json:"environment"`
	Scheduling  Scheduling `json:"scheduling"`
	// Limits are the kernel's bounds on the process, by their names there, each as
	// "soft hard".
	Limits map[string]string `json:"limits"`
	// Threads have the CPUs that each may run on.
	Threads []ThreadAffinity `json:"threads"`
	// Descendants are the living processes that this one has started.
	Descendants []ProcessTime `json:"descendants"`
	// NodePages is how many of its pages lie on each NUMA node, by the node's
	// number. It is nil on a machine with one node and where it was not looked up.
	NodePages    map[int]int64 `json:"node_pages,omitempty"`
	SwappedBytes int64         `json:"swapped_bytes"`
	// WeightsSHA256 is the digest of the model file that was last given to the launch,
	// read again at this moment.
	WeightsSHA256 string `json:"weights_sha256,omitempty"`
	// Incomplete says what could not be looked at, and why.
	Incomplete []string `json:"incomplete,omitempty"`
	// Nanoseconds is what the look took.
	Nanoseconds int64 `json:"look_ns"`
}

func (i Inspection) noted() any { i.Kind = kindInspection; return i }

// UnfiledMapping is memory that may be executed and that no file on disk stands
// behind: what a compiler at run time leaves.
type UnfiledMapping struct {
	// Name is the kernel's: empty for anonymous memory, "/memfd:NAME (deleted)", or
	// a path that ends in " (deleted)".
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	// Writable says that it may be written as well.
	Writable bool `json:"writable"`
}

// Socket is an open socket.
type Socket struct {
	Inode int64 `json:"inode"`
	// Family is "tcp", "tcp6", "udp", "udp6", "unix", "netlink" or "packet", and empty
	// where the kernel's tables do not tell.
	Family string `json:"family"`
	// Unnamed says that it is of the family unix, connected, and has no name: an end of
	// a pair, or of a connection to a socket that has one.
	Unnamed bool `json:"unnamed,omitempty"`
}

// Network is what the interfaces of a process's network namespace have carried.
type Network struct {
	// Own says that the namespace is not the harness's.
	Own bool `json:"own_namespace"`
	// The counts are of all interfaces but the loopback, since the namespace began.
	ReceivedBytes int64 `json:"received_bytes"`
	SentBytes     int64 `json:"sent_bytes"`
	// LoopbackBytes is what the loopback interface has carried.
	LoopbackBytes int64 `json:"loopback_bytes"`
}

// Variable is one of the environment. Of those that bear on no timing the name
// alone is told.
type Variable struct {
	Name string `json:"name"`
	// Value is nil where it is not told.
	Value *string `json:"value,omitempty"`
}

// Scheduling is how the kernel schedules a process.
type Scheduling struct {
	// Policy is "other", "batch", "idle", "fifo", "rr" or "deadline".
	Policy   string `json:"policy"`
	Nice     int    `json:"nice"`
	Priority int    `json:"priority"`
	// OutOfMemoryScore is by how much the kernel favours the process when memory is
	// short.
	OutOfMemoryScore int `json:"oom_score_adj"`
}

// Closure is a set of files of code that a process had mapped. Launches whose sets
// are the same name it by its digest.
type Closure struct {
	Kind string `json:"kind"`
	// SHA256 is over the lines "PATH SHA256\n" of the files, ascending by path.
	SHA256    string `json:"closure_sha256"`
	Contender string `json:"contender"`
	// Launch is the first that had it.
	Launch int          `json:"launch"`
	Files  []MappedFile `json:"files"`
	// Nanoseconds is what reading the files took.
	Nanoseconds int64 `json:"read_ns"`
}

func (c Closure) noted() any { c.Kind = kindClosure; return c }

// Digest is what SHA256 must be.
func (c Closure) Digest() string {
	sum := sha256.New()
	for _, file := range c.Files {
		fmt.Fprintf(sum, "%s %s\n", file.Path, file.SHA256)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Origin says where a file of code comes from.
type Origin string

// The origins of a mapped file.
const (
	// OriginPackage is a package that the contender's lock names; Package says which.
	OriginPackage Origin = "package"
	// OriginBuild is what cupel built for this contender from its lock.
	OriginBuild Origin = "build"
	// OriginHarness is cupel's own program.
	OriginHarness Origin = "harness"
	// OriginSystem is the base system: what lies in its folders for libraries and
	// programs, an interpreter among them.
	OriginSystem Origin = "base system"
	// OriginRuntime is the language's runtime that the engine was installed with,
	// where it is not the base system's.
	OriginRuntime Origin = "runtime"
	// OriginUnknown is any other place.
	OriginUnknown Origin = "unknown"
)

// MappedFile is a file that is mapped to be executed.
type MappedFile struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	Origin Origin `json:"origin"`
	// Package is the installed package that the file belongs to, as "NAME VERSION".
	Package string `json:"package,omitempty"`
	// Replaced says that what lies under the path is not what is mapped.
	Replaced bool `json:"replaced,omitempty"`
	// Unread says why there is no digest.
	Unread string `json:"unread,omitempty"`
	// Binary is what the file says of how it was made, nil where it is no ELF file.
	Binary *Binary `json:"binary,omitempty"`
}

// Binary is what an ELF file says of how it was made.
type Binary struct {
	// Comments are the entries of its section .comment, ascending: the compilers'
	// and linkers' names and versions.
	Comments []string `json:"comments"`
	BuildID  string   `json:"build_id,omitempty"`
	// DebugInfo says that there is a section .debug_info, compressed or not, and
	// Symbols that there is a symbol table beside that of dynamic linking.
	DebugInfo bool `json:"debug_info"`
	Symbols   bool `json:"symbols"`
	// Producers are the distinct compilers that the debug information names, with the
	// flags that they recorded, ascending; at most 64, from the first units.
	Producers []string `json:"producers,omitempty"`
	// OverflowChecks says that the text of Rust's check of additions is in the file, as
	// a debug build has it.
	OverflowChecks bool `json:"overflow_checks,omitempty"`
	// Needed are the libraries that it names.
	Needed []string `json:"needed,omitempty"`
	// Go is nil where no Go build information is in the file.
	Go *GoBuild `json:"go,omitempty"`
}

// GoBuild is a Go program's build information.
type GoBuild struct {
	Version string `json:"go_version"`
	Path    string `json:"path"`
	Main    Module `json:"main"`
	// Settings are the build's, such as -gcflags, -race, -pgo, GOAMD64, vcs.revision.
	Settings map[string]string `json:"settings"`
	Modules  []Module          `json:"modules"`
}

// Module is a Go module as it was built in.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	// Sum is its checksum, as in go.sum; empty for a main module.
	Sum string `json:"sum,omitempty"`
	// Replaced says that another module took its place.
	Replaced bool `json:"replaced,omitempty"`
}

// ProbeScores says what scores were asked for.
type ProbeScores string

// What scores are asked for in a launch.
const (
	// ScoresFirst, ScoresSecond and ScoresThird are of the fixed rows, which are the
	// same in every launch of a run, asked three times after loading.
	ScoresFirst  ProbeScores = "first"
	ScoresSecond ProbeScores = "second"
	ScoresThird  ProbeScores = "third"
	// ScoresLast are of the fixed rows after the rounds, that is after many thousand
	// other rows; ScoresReordered of the same in another order, with their scores put
	// back in the first.
	ScoresLast      ProbeScores = "last"
	ScoresReordered ProbeScores = "reordered"
	// ScoresUnit are of a row of zeros and then of the rows that have a single 1, at
	// input 0, 1, ... : they give biases and weights of a logistic regression back.
	ScoresUnit ProbeScores = "unit"
)

// Scores are what a contender answered when it was asked for scores.
type Scores struct {
	Kind      string      `json:"kind"`
	Launch    int         `json:"launch"`
	Contender string      `json:"contender"`
	Asked     ProbeScores `json:"asked"`
	// Inputs is the number of the file (InputsFile); Rows and Outputs are the shape.
	Inputs  int `json:"inputs"`
	Rows    int `json:"rows"`
	Outputs int `json:"outputs"`
	// Scale is what the contender says they are.
	Scale string `json:"scale"`
	// Float32 are the scores, row-major, little-endian. They are left out where they
	// are those of ScoresFirst to the bit.
	Float32 []byte `json:"float32,omitempty"`
	// SameAsFirst says that they are, and Difference is the largest difference to
	// them, 0 for ScoresFirst and ScoresUnit.
	SameAsFirst bool    `json:"same_as_first,omitempty"`
	Difference  float64 `json:"largest_difference"`
	// RowsBefore is how many rows the launch had been asked about until then, calls
	// counted, warm-up calls among them.
	RowsBefore int64 `json:"rows_before"`
}

func (s Scores) noted() any { s.Kind = kindScores; return s }

// HardRows is what a contender made of rows near the decision boundary in a timed
// request that looks like any other, drawn anew in each launch.
type HardRows struct {
	Kind      string `json:"kind"`
	Launch    int    `json:"launch"`
	Contender string `json:"contender"`
	Inputs    int    `json:"inputs"`
	// The request: as many calls over as many rows, beginning at First by Step.
	Rows  int `json:"rows"`
	Calls int `json:"calls"`
	First int `json:"first"`
	Step  int `json:"step"`
	// Labels are those that came back, one byte a call, and Expected the reference's
	// of the same rows, along the way that the labels led.
	Labels   []byte `json:"labels"`
	Expected []byte `json:"expected"`
	// ByClass is how many of them are of each class by the reference, WrongByClass how
	// many of those got another label.
	ByClass      []int `json:"by_class"`
	WrongByClass []int `json:"wrong_by_class"`
	// Suspects are models that an engine which cuts corners might hold: how many of
	// the labels each would have given.
	Suspects []Suspect `json:"suspects"`
	// Blocks has, for each 16 inputs, how many of the calls were on a row whose label
	// by the reference changes where these inputs are 0; nil where it was not counted.
	Blocks []int `json:"blocks,omitempty"`
}

func (h HardRows) noted() any { h.Kind = kindHardRows; return h }

// Suspect is a model that cuts a corner.
type Suspect struct {
	// Corner names what is cut, such as "bfloat16 weights".
	Corner string `json:"corner"`
	// Same is how many of the labels are this model's, SameWhereWrong of those that
	// are not the reference's.
	Same           int `json:"same"`
	SameWhereWrong int `json:"same_where_wrong"`
}
