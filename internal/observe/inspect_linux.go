package observe

// This file takes a close look at a process, on Linux: what it has open and mapped,
// what it was given, and how the kernel treats it.

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/procfs"

	"cupel/engines"
	"cupel/internal/evidence"
)

// Inspect looks closely at a process that is stopped: about a millisecond, some
// more for a Python with many libraries. What can't be looked at is named in
// Incomplete; the process being gone is an error.
func Inspect(process int) (evidence.Inspection, error) { return inspect(live, process) }

func inspect(t tree, process int) (evidence.Inspection, error) {
	began := time.Now()
	look := evidence.Inspection{Process: process}
	folder := t.path("proc", strconv.Itoa(process))
	fields, err := statFields(filepath.Join(folder, "stat"))
	if err != nil {
		return look, fmt.Errorf("look at process %d: %w", process, err)
	}
	look.StartTicks = fields.number(22)
	look.Scheduling = scheduling(folder, fields)
	for _, part := range []struct {
		what string
		look func() error
	}{
		{"mappings", func() error { return addMappings(t, &look) }},
		{"open files", func() error { return addOpenFiles(t, folder, &look) }},
		{"environment", func() error { return addEnvironment(folder, &look) }},
		{"limits", func() error { return addLimits(folder, &look) }},
		{"threads", func() (err error) { look.Threads, err = affinity(t, process); return err }},
		{"descendants", func() (err error) { look.Descendants, err = descendants(t, process); return err }},
		{"network", func() error { return addNetwork(t, folder, &look) }},
		{"memory", func() error { return addMemory(t, folder, &look) }},
	} {
		if err := part.look(); err != nil {
			look.Incomplete = append(look.Incomplete, part.what+": "+reason(err))
		}
	}
	look.Nanoseconds = time.Since(began).Nanoseconds()
	return look, nil
}

// reason is an error without the path, which names the process.
func reason(err error) string {
	if path := new(fs.PathError); errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// policies are the kernel's numbers of its scheduling policies.
var policies = map[int64]string{0: "other", 1: "fifo", 2: "rr", 3: "batch", 5: "idle", 6: "deadline"}

func scheduling(folder string, fields stat) evidence.Scheduling {
	policy, known := policies[fields.number(41)]
	if !known {
		policy = fields.text(41)
	}
	score, _ := number(filepath.Join(folder, "oom_score_adj"))
	return evidence.Scheduling{
		Policy: policy, Nice: int(fields.number(19)), Priority: int(fields.number(18)), OutOfMemoryScore: int(score),
	}
}

// addMappings finds executable memory without a file, and mapped devices.
func addMappings(t tree, look *evidence.Inspection) error {
	mappings, err := mappingsOf(t, look.Process)
	if err != nil {
		return err
	}
	for _, mapping := range mappings {
		if strings.HasPrefix(mapping.Pathname, "/dev/") && !harmless(mapping.Pathname) {
			look.Devices = append(look.Devices, strings.TrimSuffix(mapping.Pathname, deletedMark))
		}
		if mapping.Perms.Execute && unfiled(mapping.Pathname) {
			look.Unfiled = append(look.Unfiled, evidence.UnfiledMapping{
				Name: mapping.Pathname, Bytes: int64(mapping.EndAddr - mapping.StartAddr), Writable: mapping.Perms.Write,
			})
		}
	}
	return nil
}

func mappingsOf(t tree, process int) ([]*procfs.ProcMap, error) {
	proc, err := procfs.NewFS(t.path("proc"))
	if err != nil {
		return nil, err
	}
	source, err := proc.Proc(process)
	if err != nil {
		return nil, err
	}
	return source.ProcMaps()
}

// deletedMark ends the path of a file that is mapped or open and has no name any
// more.
const deletedMark = " (deleted)"

// unfiled reports whether no file on disk stands behind a mapping. The kernel's own
// pages are in every process.
func unfiled(path string) bool {
	switch path {
	case "[vdso]", "[vsyscall]", "[uprobes]":
		return false
	}
	return !filepath.IsAbs(path) || strings.HasSuffix(path, deletedMark) || strings.HasPrefix(path, "/memfd:") || strings.HasPrefix(path, "/dev/zero")
}

// harmlessDevices are those that every program may open.
var harmlessDevices = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/console", "/dev/ptmx"}

func harmless(device string) bool {
	device = strings.TrimSuffix(device, deletedMark)
	return slices.Contains(harmlessDevices, device) || strings.HasPrefix(device, "/dev/pts/") || strings.HasPrefix(device, "/dev/shm/")
}

// addOpenFiles sorts what is open into devices, sockets and files.
func addOpenFiles(t tree, folder string, look *evidence.Inspection) error {
	entries, err := os.ReadDir(filepath.Join(folder, "fd"))
	if err != nil {
		return err
	}
	sockets := socketsKnown(folder)
	for _, entry := range entries {
		target, err := os.Readlink(filepath.Join(folder, "fd", entry.Name()))
		if err != nil {
			continue // Closed since.
		}
		if inode, isSocket := strings.CutPrefix(target, "socket:["); isSocket {
			number, _ := strconv.ParseInt(strings.TrimSuffix(inode, "]"), 10, 64)
			socket := sockets[number]
			socket.Inode = number
			look.Sockets = append(look.Sockets, socket)
			continue
		}
		switch {
		case !filepath.IsAbs(target):
			// A pipe or one of the kernel's own kinds of files.
		case strings.HasPrefix(target, "/dev/") && !harmless(target):
			look.Devices = append(look.Devices, target)
		case !strings.HasPrefix(target, "/dev/"):
			look.OpenFiles = append(look.OpenFiles, target)
		}
	}
	slices.Sort(look.Devices)
	look.Devices = slices.Compact(look.Devices)
	slices.Sort(look.OpenFiles)
	look.OpenFiles = slices.Compact(look.OpenFiles)
	slices.SortFunc(look.Sockets, func(a, b evidence.Socket) int { return int(a.Inode - b.Inode) })
	return nil
}

// socketTables are the kernel's lists of sockets, with the column that has the
// inode.
var socketTables = []struct {
	name   string
	column int
}{{"tcp", 9}, {"tcp6", 9}, {"udp", 9}, {"udp6", 9}, {"unix", 6}, {"netlink", 9}, {"packet", 8}}

// socketsKnown tells, by inode, which of the tables of the process's network namespace
// a socket is in.
func socketsKnown(folder string) map[int64]evidence.Socket {
	known := map[int64]evidence.Socket{}
	for _, table := range socketTables {
		file, err := os.Open(filepath.Join(folder, "net", table.name))
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) <= table.column {
				continue
			}
			if inode, err := strconv.ParseInt(fields[table.column], 10, 64); err == nil {
				known[inode] = evidence.Socket{Family: table.name, Unnamed: table.name == "unix" && unnamed(fields)}
			}
		}
		file.Close()
	}
	return known
}

// unnamed reports whether a line of the kernel's list of unix sockets is of one that is
// connected and has no name, which would stand behind the inode. To which other end, only
// a query in the process's own namespace tells.
func unnamed(fields []string) bool {
	const state, inode, connected = 5, 6, "03"
	return fields[state] == connected && len(fields) == inode+1
}

// telling are the beginnings of the names of variables whose values bear on
// timings: what loads code into a process, allocators, tracing, threads, BLAS,
// accelerators, the runtimes of the languages, engines that suites bring along, and
// the engines of this program's own by their records.
var telling = slices.Concat(engines.Variables(), []string{
	"LD_", "GLIBC_TUNABLES", "MALLOC_", "MALLOCCONF", "MIMALLOC_", "TCMALLOC_", "SCUDO_", "ASAN_", "MSAN_", "TSAN_", "UBSAN_", "LSAN_",
	"OMP_", "GOMP_", "KMP_", "OPENBLAS_", "GOTO_", "MKL_", "BLIS_", "FLEXIBLAS", "VECLIB_", "NUMEXPR_", "RAYON_", "TBB_", "BLAS_",
	"PYTHON", "DNNL_", "ONEDNN_", "TF_", "XLA_", "JAX_",
	"CUDA_", "HIP_", "ROCR_", "NVIDIA_", "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK", "GORACE", "GOAMD64", "RUST_",
	"VALGRIND", "HEAPPROFILE", "CPUPROFILE", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS",
})

// silent are the beginnings of names in those families that may hold what is
// nobody's business.
var silent = []string{"RUST_LOG_", "PYTHONSTARTUP"}

func addEnvironment(folder string, look *evidence.Inspection) error {
	text, err := os.ReadFile(filepath.Join(folder, "environ"))
	if err != nil {
		return err
	}
	variables := map[string]evidence.Variable{}
	for entry := range strings.SplitSeq(string(text), "\x00") {
		name, value, found := strings.Cut(entry, "=")
		if !found || name == "" {
			continue
		}
		variables[name] = DescribeVariable(name, value)
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		look.Environment = append(look.Environment, variables[name])
	}
	return nil
}

// DescribeVariable tells a variable's value where that bears on timings, and its
// name alone where not.
func DescribeVariable(name, value string) evidence.Variable {
	starts := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	if !slices.ContainsFunc(telling, starts) || slices.ContainsFunc(silent, starts) {
		return evidence.Variable{Name: name}
	}
	return evidence.Variable{Name: name, Value: &value}
}

func addLimits(folder string, look *evidence.Inspection) error {
	text, err := os.ReadFile(filepath.Join(folder, "limits"))
	if err != nil {
		return err
	}
	look.Limits = map[string]string{}
	// Name, soft, hard and unit stand in columns of fixed width.
	const name, values = 26, 21
	for entry := range strings.Lines(string(text)) {
		if len(entry) < name+2*values || strings.HasPrefix(entry, "Limit") {
			continue
		}
		soft, hard := strings.TrimSpace(entry[name:name+values]), strings.TrimSpace(entry[name+values:name+2*values])
		look.Limits[strings.TrimSpace(entry[:name])] = soft + " " + hard
	}
	return nil
}

func addNetwork(t tree, folder string, look *evidence.Inspection) error {
	own, err := os.Readlink(filepath.Join(folder, "ns", "net"))
	if err != nil {
		return err
	}
	if ours, err := os.Readlink(t.path("proc/self/ns/net")); err == nil {
		look.Network.Own = own != ours
	}
	file, err := os.Open(filepath.Join(folder, "net", "dev"))
	if err != nil {
		return err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, rest, found := strings.Cut(lines.Text(), ":")
		fields := strings.Fields(rest)
		// Eight columns of what was received come before those of what was sent.
		if !found || len(fields) < 9 {
			continue
		}
		received, _ := strconv.ParseInt(fields[0], 10, 64)
		sent, _ := strconv.ParseInt(fields[8], 10, 64)
		if strings.TrimSpace(name) == "lo" {
			look.Network.LoopbackBytes += received
			continue
		}
		look.Network.ReceivedBytes += received
		look.Network.SentBytes += sent
	}
	return nil
}

// addMemory says how much is swapped out, and where there are several nodes, on
// which the pages lie: that makes the kernel walk all of them.
func addMemory(t tree, folder string, look *evidence.Inspection) error {
	text, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return err
	}
	const kibi = 1024
	look.SwappedBytes = kibi * named(text)["VmSwap"]
	if countNodes(t) < 2 {
		return nil
	}
	pages, err := os.ReadFile(filepath.Join(folder, "numa_maps"))
	if err != nil {
		return err
	}
	look.NodePages = nodePages(string(pages))
	return nil
}

// nodePages adds up fields such as N0=12.
func nodePages(text string) map[int]int64 {
	pages := map[int]int64{}
	for field := range strings.FieldsSeq(text) {
		name, count, found := strings.Cut(field, "=")
		digits, isNode := strings.CutPrefix(name, "N")
		if !found || !isNode {
			continue
		}
		node, nodeErr := strconv.Atoi(digits)
		value, valueErr := strconv.ParseInt(count, 10, 64)
		if nodeErr == nil && valueErr == nil {
			pages[node] += value
		}
	}
	return pages
}

// executableOf opens what a process runs, whatever has become of its name.
func executableOf(t tree, process int) (*os.File, error) {
	return os.Open(t.path("proc", strconv.Itoa(process), "exe"))
}

// fileID tells a file on disk from every other, and from itself after a change.
// Nothing but the kernel sets the time of the last change of its state.
type fileID struct {
	device, inode     uint64
	size              int64
	modified, changed int64
}

func identifyFile(info os.FileInfo) (fileID, bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, false
	}
	return fileID{device: stat.Dev, inode: stat.Ino, size: stat.Size, modified: stat.Mtim.Nano(), changed: stat.Ctim.Nano()}, true
}
