package observe

// This file inspects a process on Linux: its open and mapped files, its environment and
// limits, and how the kernel schedules it.

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

// Inspect inspects a stopped process. It takes about a millisecond, and several for a
// Python process with many libraries. Incomplete names what could not be read. It is an
// error where the process has ended.
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

// reason returns an error's text without the path, because the path contains the
// process's id.
func reason(err error) string {
	if path := new(fs.PathError); errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// policies names the kernel's scheduling policies by their numbers.
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

// addMappings finds executable memory that has no file, and mapped devices.
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

// deletedMark ends the path of a mapped or open file that has been deleted.
const deletedMark = " (deleted)"

// unfiled reports whether a mapping has no file on disk. The kernel's own pages, which
// are in every process, do not count.
func unfiled(path string) bool {
	switch path {
	case "[vdso]", "[vsyscall]", "[uprobes]":
		return false
	}
	return !filepath.IsAbs(path) || strings.HasSuffix(path, deletedMark) || strings.HasPrefix(path, "/memfd:") || strings.HasPrefix(path, "/dev/zero")
}

// harmlessDevices lists the devices that every program may open.
var harmlessDevices = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/console", "/dev/ptmx"}

func harmless(device string) bool {
	device = strings.TrimSuffix(device, deletedMark)
	return slices.Contains(harmlessDevices, device) || strings.HasPrefix(device, "/dev/pts/") || strings.HasPrefix(device, "/dev/shm/")
}

// addOpenFiles sorts the open descriptors into devices, sockets and files.
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
			// A pipe, or one of the kernel's own kinds of files.
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

// socketTables lists the kernel's tables of sockets and the column that holds the
// inode.
var socketTables = []struct {
	name   string
	column int
}{{"tcp", 9}, {"tcp6", 9}, {"udp", 9}, {"udp6", 9}, {"unix", 6}, {"netlink", 9}, {"packet", 8}}

// socketsKnown maps the inode of each socket in the process's network namespace to its
// table.
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

// unnamed reports whether a line of the kernel's table of unix sockets describes a
// connected socket without a name: such a line has no path after the inode. The table
// does not tell which socket is at the other end; only a query inside the process's
// namespace would.
func unnamed(fields []string) bool {
	const state, inode, connected = 5, 6, "03"
	return fields[state] == connected && len(fields) == inode+1
}

// recordedPrefixes lists prefixes of the environment variables whose values can affect
// timings: loaders, allocators, tracing, threads, BLAS, accelerators, language
// runtimes, engines that suites often bring, and the built-in engines by their records.
var recordedPrefixes = slices.Concat(engines.Variables(), []string{
	"LD_", "GLIBC_TUNABLES", "MALLOC_", "MALLOCCONF", "MIMALLOC_", "TCMALLOC_", "SCUDO_", "ASAN_", "MSAN_", "TSAN_", "UBSAN_", "LSAN_",
	"OMP_", "GOMP_", "KMP_", "OPENBLAS_", "GOTO_", "MKL_", "BLIS_", "FLEXIBLAS", "VECLIB_", "NUMEXPR_", "RAYON_", "TBB_", "BLAS_",
	"PYTHON", "DNNL_", "ONEDNN_", "TF_", "XLA_", "JAX_",
	"CUDA_", "HIP_", "ROCR_", "NVIDIA_", "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK", "GORACE", "GOAMD64", "RUST_",
	"VALGRIND", "HEAPPROFILE", "CPUPROFILE", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS",
})

// privatePrefixes lists prefixes within those families whose values may be private.
var privatePrefixes = []string{"RUST_LOG_", "PYTHONSTARTUP"}

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

// DescribeVariable records a variable's value where the value can affect timings, and
// otherwise only the name.
func DescribeVariable(name, value string) evidence.Variable {
	starts := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	if !slices.ContainsFunc(recordedPrefixes, starts) || slices.ContainsFunc(privatePrefixes, starts) {
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
	// Name, soft limit, hard limit and unit stand in columns of fixed width.
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
		// Eight columns of received data come before the columns of sent data.
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

// addMemory records how much memory is swapped out. On a machine with several NUMA
// nodes it also records on which nodes the pages lie; for that the kernel walks all
// pages.
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

// executableOf opens a process's executable, even where the file has been renamed,
// replaced or deleted.
func executableOf(t tree, process int) (*os.File, error) {
	return os.Open(t.path("proc", strconv.Itoa(process), "exe"))
}

// fileID identifies a file on disk, and changes when the file changes. Only the kernel
// sets the time of the last change of state.
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
