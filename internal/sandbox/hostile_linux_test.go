package sandbox

// This file tests confinement with hostile programs, which try forbidden acts. Each act
// succeeds in an unconfined process, so that a test can fail.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"cupel/internal/spawn"
)

// TestMain becomes the stage, or a hostile program, where this binary was started as
// one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		var err error
		switch os.Args[1] {
		case "confine":
			err = Stage(os.Args[2:])
		case "hostile":
			err = acts[os.Args[2]](os.Args[3:])
		default:
			os.Exit(m.Run())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// acts are what a hostile program can try. An error means that the act was stopped.
var acts = map[string]func(arguments []string) error{
	"connect": func(a []string) error {
		connection, err := net.DialTimeout(a[0], a[1], 5*time.Second)
		if err == nil {
			connection.Close()
		}
		return err
	},
	"write": func(a []string) error { return os.WriteFile(a[0], []byte("written"), 0o644) },
	"read":  func(a []string) error { _, err := os.ReadFile(a[0]); return err },
	"list":  func(a []string) error { _, err := os.ReadDir(a[0]); return err },
	"chmod": func(a []string) error { return os.Chmod(a[0], 0o777) },
	"peek":  peek,
	"kill": func(a []string) error {
		id, err := strconv.Atoi(a[0])
		if err != nil {
			return err
		}
		return syscall.Kill(id, syscall.SIGKILL)
	},
	"limit": func(a []string) error {
		id, err := strconv.Atoi(a[0])
		if err != nil {
			return err
		}
		return unix.Prlimit(id, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}, nil)
	},
	// share writes to shared memory and expects to find what it wrote.
	"share": func(a []string) error {
		if err := os.WriteFile(a[0], []byte("shared"), 0o600); err != nil {
			return err
		}
		_, err := os.ReadFile(a[0])
		return err
	},
	"fork":     forkMany,
	"allocate": allocate,
	"spread":   func([]string) error { return unix.SchedSetaffinity(0, allCPUs()) },
	"watch": func(a []string) error {
		file, err := unix.InotifyInit1(0)
		if err != nil {
			return err
		}
		_, err = unix.InotifyAddWatch(file, a[0], unix.IN_CREATE)
		return err
	},
	"mount": func(a []string) error { return unix.Mount("x", a[0], "tmpfs", 0, "") },
	"honest": func(a []string) error {
		for _, needed := range []string{
			"/proc/self/status", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu/online", os.Args[0],
			"/dev/stdin", "/dev/stdout", "/dev/fd/0",
		} {
			if _, err := os.Stat(needed); err != nil {
				return err
			}
		}
		log, err := os.OpenFile("/dev/stderr", os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(log, "a line of a log"); err != nil {
			return err
		}
		var limit unix.Rlimit
		if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &limit); err != nil {
			return fmt.Errorf("its own limits: %w", err)
		}
		random, err := os.Open("/dev/urandom")
		if err != nil {
			return err
		}
		if _, err := random.Read(make([]byte, 8)); err != nil {
			return err
		}
		if err := os.WriteFile("/dev/null", []byte("x"), 0); err != nil {
			return err
		}
		if os.Getenv("TMPDIR") != a[0] {
			return fmt.Errorf("TMPDIR is %q", os.Getenv("TMPDIR"))
		}
		made := filepath.Join(a[0], "made")
		if err := os.MkdirAll(made, 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(made, "file"), make([]byte, 1<<20), 0o644)
	},
}

// peek reads another process's memory. Its arguments are the process's id, an address,
// and the expected content.
func peek(a []string) error {
	memory, err := os.Open("/proc/" + a[0] + "/mem")
	if err != nil {
		return err
	}
	address, err := strconv.ParseInt(a[1], 10, 64)
	if err != nil {
		return err
	}
	seen := make([]byte, len(a[2]))
	if _, err := memory.ReadAt(seen, address); err != nil {
		return err
	}
	if string(seen) != a[2] {
		return fmt.Errorf("saw %q", seen)
	}
	return nil
}

// forkMany starts more children than the tests allow.
func forkMany(a []string) error {
	most, err := strconv.Atoi(a[0])
	if err != nil {
		return err
	}
	var children []*exec.Cmd
	defer func() {
		for _, child := range children {
			_ = child.Process.Kill()
			_ = child.Wait()
		}
	}()
	for range most {
		child := exec.Command("/bin/sleep", "300")
		if err := child.Start(); err != nil {
			return err
		}
		children = append(children, child)
	}
	return nil
}

func allocate(a []string) error {
	most, err := strconv.Atoi(a[0])
	if err != nil {
		return err
	}
	const part = 16 << 20
	for taken := 0; taken < most; taken += part {
		memory, err := unix.Mmap(-1, 0, part, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			return err
		}
		for i := 0; i < part; i += 4096 {
			memory[i] = 1
		}
	}
	return nil
}

func allCPUs() *unix.CPUSet {
	set := new(unix.CPUSet)
	for cpu := range 1024 {
		set.Set(cpu)
	}
	return set
}

// ownStage starts this binary as the stage.
var ownStage = []string{os.Args[0], "confine"}

func sandboxWithout(t *testing.T, without ...string) *Sandbox {
	t.Helper()
	found, err := find(t.Context(), ownStage, without)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// try starts a hostile program and returns the reason why its act was stopped.
func try(t *testing.T, box *Sandbox, policy Policy, act string, arguments ...string) error {
	t.Helper()
	confined, err := box.Confine(policy, slices.Concat([]string{os.Args[0], "hostile", act}, arguments))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var log bytes.Buffer
	command := exec.CommandContext(ctx, confined.Command[0], confined.Command[1:]...)
	command.Env = append(os.Environ(), confined.Env...)
	command.Stderr = &log
	command.SysProcAttr = confined.Attributes
	if err := spawn.Start(command, nil); err != nil {
		t.Fatal(err)
	}
	err = command.Wait()
	if strings.Contains(log.String(), "confine:") {
		t.Fatalf("the stage failed: %s", log.String())
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, log.String())
	}
	return nil
}

// hidden is a policy with a hidden directory that contains a readable one.
func hidden(t *testing.T) (policy Policy, secret, shared string) {
	t.Helper()
	return hiddenIn(t, t.TempDir())
}

func hiddenIn(t *testing.T, root string) (policy Policy, secret, shared string) {
	t.Helper()
	for _, directory := range []string{"other", "shared", "own"} {
		if err := os.Mkdir(filepath.Join(root, directory), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	secret, shared = filepath.Join(root, "other", "answers"), filepath.Join(root, "shared", "inputs")
	for _, path := range []string{secret, shared} {
		if err := os.WriteFile(path, []byte("data"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return Policy{
		Scratch: filepath.Join(root, "own"), Hidden: []string{root}, Readable: []string{filepath.Join(root, "shared")},
		MemoryBytes: 256 << 20, Processes: leastProcesses,
	}, secret, shared
}

// memorable is what hostile programs look for in this process's memory.
var memorable = []byte("the reference answers of this run")

func TestHostileActsAreStopped(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	local, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	abstract, err := net.Listen("unix", "@cupel-sandbox-test-"+strconv.Itoa(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()
	policy, secret, _ := hidden(t)
	elsewhere := t.TempDir()
	self := strconv.Itoa(os.Getpid())
	address := strconv.FormatUint(uint64(uintptr(unsafe.Pointer(&memorable[0]))), 10)
	sibling := func() string {
		child := exec.Command("/bin/sleep", "300")
		if err := spawn.Start(child, nil); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
		return strconv.Itoa(child.Process.Pid)
	}
	configurations := map[string]*Sandbox{
		"all layers":         sandboxWithout(t),
		"without namespaces": sandboxWithout(t, Namespaces),
		"without Landlock":   sandboxWithout(t, Landlock),
		"without seccomp":    sandboxWithout(t, Seccomp),
	}
	for _, test := range []struct {
		name, act string
		arguments func() []string
		// by are the layers that each stop the act.
		by   []string
		root bool
	}{
		{name: "TCP", act: "connect", arguments: fixed("tcp", listener.Addr().String()), by: []string{Namespaces, Seccomp}},
		{name: "a socket in the file system", act: "connect", arguments: fixed("unix", local.Addr().String()), by: []string{Seccomp}},
		{name: "an abstract socket", act: "connect", arguments: fixed("unix", abstract.Addr().String()), by: []string{Namespaces, Seccomp}},
		{name: "writing outside", act: "write", arguments: func() []string { return []string{filepath.Join(elsewhere, strconv.Itoa(len(t.Name())))} }, by: []string{Namespaces, Landlock}},
		{name: "reading what is hidden", act: "read", arguments: fixed(secret), by: []string{Namespaces, Landlock}},
		{name: "listing what is hidden", act: "list", arguments: fixed(filepath.Dir(secret)), by: []string{Namespaces}},
		{name: "changing another's mode", act: "chmod", arguments: fixed(elsewhere), by: []string{Namespaces, Seccomp}},
		{name: "the harness's memory", act: "peek", arguments: fixed(self, address, string(memorable)), by: []string{Namespaces, Landlock}},
		{name: "the harness's arguments", act: "read", arguments: fixed("/proc/" + self + "/cmdline"), by: []string{Namespaces}},
		{name: "the harness's environment", act: "read", arguments: fixed("/proc/" + self + "/environ"), by: []string{Namespaces, Landlock}},
		{name: "killing a sibling", act: "kill", arguments: func() []string { return []string{sibling()} }, by: []string{Namespaces, Landlock}},
		{name: "a sibling's limits", act: "limit", arguments: func() []string { return []string{sibling()} }, by: []string{Namespaces, Seccomp}},
		{name: "a fork bomb", act: "fork", arguments: fixed("400"), by: []string{Limits}},
		{name: "memory without end", act: "allocate", arguments: fixed(strconv.Itoa(512 << 20)), by: []string{Limits}},
		{name: "other CPUs", act: "spread", arguments: fixed(), by: []string{Seccomp}},
		{name: "watching a directory", act: "watch", arguments: fixed(elsewhere), by: []string{Seccomp}},
		{name: "mounting", act: "mount", arguments: fixed(elsewhere), by: []string{Privileges}, root: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.root && os.Geteuid() != 0 {
				t.Skip("only root can do this unconfined")
			}
			if err := try(t, nil, policy, test.act, test.arguments()...); err != nil {
				t.Fatalf("unconfined, it should succeed: %v", err)
			}
			if test.act == "mount" {
				_ = unix.Unmount(elsewhere, 0)
			}
			for name, box := range configurations {
				if !slices.ContainsFunc(test.by, box.has) {
					continue // Without these layers it is not stopped, nor said to be.
				}
				if try(t, box, policy, test.act, test.arguments()...) == nil {
					t.Errorf("%s: it was not stopped", name)
				}
			}
		})
	}
	if len(configurations["all layers"].Layers()) != len(layers) {
		t.Errorf("layers %v", configurations["all layers"].Layers())
	}
	for _, layer := range configurations["all layers"].Layers() {
		t.Logf("%s: %s: %s", layer.Name, layer.State, layer.Detail)
	}
	t.Log(configurations["all layers"].Summary())
}

func fixed(arguments ...string) func() []string { return func() []string { return arguments } }

func TestWhatAnEngineNeedsIsThere(t *testing.T) {
	policy, _, shared := hidden(t)
	for name, box := range map[string]*Sandbox{
		"all layers": sandboxWithout(t), "without namespaces": sandboxWithout(t, Namespaces), "without Landlock": sandboxWithout(t, Landlock),
	} {
		for _, act := range [][]string{{"honest", policy.Scratch}, {"read", shared}, {"list", filepath.Dir(shared)}, {"read", os.Args[0]}} {
			if err := try(t, box, policy, act[0], act[1:]...); err != nil {
				t.Errorf("%s: %q: %v", name, act, err)
			}
		}
	}
}

// Each contender has shared memory of its own, even where the run's directories lie in
// the machine's.
func TestSharedMemoryIsItsOwn(t *testing.T) {
	box := sandboxWithout(t)
	if !box.has(Namespaces) {
		t.Skip("there are no namespaces here")
	}
	policy, _, _ := hidden(t)
	mine := filepath.Join(sharedMemory, "cupel-sandbox-test-"+strconv.Itoa(os.Getpid()))
	if err := try(t, box, policy, "share", mine); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(mine); err == nil {
		os.Remove(mine)
		t.Error("what a contender shares is there for all")
	}
	root, err := os.MkdirTemp(sharedMemory, "cupel-sandbox-test-")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(root)
	policy, secret, shared := hiddenIn(t, root)
	for _, act := range [][]string{{"honest", policy.Scratch}, {"read", shared}, {"share", mine}} {
		if err := try(t, box, policy, act[0], act[1:]...); err != nil {
			t.Errorf("%q: %v", act, err)
		}
	}
	if try(t, box, policy, "read", secret) == nil {
		t.Error("what is hidden in shared memory is read")
	}
}

// The process is the contender's own from its start: exec keeps its id and what its
// parent gave it.
func TestTheStageBecomesTheContender(t *testing.T) {
	policy, _, _ := hidden(t)
	box := sandboxWithout(t)
	confined, err := box.Confine(policy, []string{"/bin/cat"})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(confined.Command[0], confined.Command[1:]...)
	command.SysProcAttr = confined.Attributes
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := spawn.Start(command, []int{0}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(input, "hello")
	reply := make([]byte, 6)
	if _, err := output.Read(reply); err != nil || string(reply) != "hello\n" {
		t.Fatalf("%q, %v", reply, err)
	}
	process := "/proc/" + strconv.Itoa(command.Process.Pid)
	if program, err := os.Readlink(process + "/exe"); err != nil || !strings.HasSuffix(program, "cat") {
		t.Errorf("the process runs %q: %v", program, err)
	}
	status, err := os.ReadFile(process + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"CapPrm:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2", "Cpus_allowed_list:\t0\n"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("no %q in the process's status", want)
		}
	}
	// The harness can stop it, and sees the stop, as with any other process.
	if err := unix.Kill(-command.Process.Pid, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, command.Process.Pid, &info, unix.WSTOPPED|unix.WNOWAIT, nil); err != nil {
		t.Error(err)
	}
	if err := unix.Kill(-command.Process.Pid, unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	input.Close()
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
}

// A launch does not begin where a layer that was found is absent now.
func TestALayerThatHasGoneEndsTheLaunch(t *testing.T) {
	policy, _, _ := hidden(t)
	box := sandboxWithout(t)
	box.layers = slices.Clone(box.layers)
	box.layers[0].State = "something else"
	confined, err := box.Confine(policy, []string{"/bin/true"})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(confined.Command[0], confined.Command[1:]...)
	command.SysProcAttr = confined.Attributes
	output, err := command.CombinedOutput()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || !strings.Contains(string(output), "something else") {
		t.Errorf("%v: %s", err, output)
	}
}

func TestSummarySaysWhatIsOpen(t *testing.T) {
	for _, test := range []struct {
		box  *Sandbox
		want string
	}{
		{nil, "as was asked for"},
		{sandboxWithout(t, layers...), "no means"},
		{sandboxWithout(t, Namespaces, Limits), "does not keep them from using up memory or processes"},
	} {
		if got := test.box.Summary(); !strings.Contains(got, test.want) {
			t.Errorf("%q says nothing of %q", got, test.want)
		}
	}
}
