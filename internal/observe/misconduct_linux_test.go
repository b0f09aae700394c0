package observe

// This file holds children that do what a contender must not do, and tests that each
// misconduct is recorded.

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cupel/internal/evidence"
)

// What these children do before they are ready, or at each request.
const (
	childListens = "opens a socket"
	childPairs   = "makes a pair of sockets"
	childServes  = "listens to a socket with a name, and talks to it"
	childMaps    = "maps memory to be executed"
	childHides   = "runs code from a file without a name"
	// At each request: write a hundred lines into a log, use a hundred mebibytes of new
	// memory, work on a second thread, or sleep.
	childLogs      = "logs a line a call"
	childAllocates = "allocates"
	childThreads   = "works in two threads"
	childSleepsOn  = "sleeps at each request"
)

func misbehave(behaviour string) {
	switch behaviour {
	case childListens:
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		held = append(held, listener)
	case childPairs:
		if _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); err != nil {
			panic(err)
		}
	case childServes:
		listener, err := net.Listen("unix", "")
		if err != nil {
			panic(err)
		}
		client, err := net.Dial("unix", listener.Addr().String())
		if err != nil {
			panic(err)
		}
		held = append(held, listener, client)
	case childMaps:
		memory, err := unix.Mmap(-1, 0, 1<<16, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			panic(err)
		}
		held = append(held, memory)
	case childHides:
		file, err := unix.MemfdCreate("code", 0)
		if err != nil {
			panic(err)
		}
		if err := unix.Ftruncate(file, 1<<16); err != nil {
			panic(err)
		}
		memory, err := unix.Mmap(file, 0, 1<<16, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_SHARED)
		if err != nil {
			panic(err)
		}
		held = append(held, memory)
	}
}

// held keeps open what children have opened.
var held []any

func work(behaviour string) {
	switch behaviour {
	case childLogs:
		null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		if err != nil {
			panic(err)
		}
		defer null.Close()
		for range 100 {
			if _, err := null.WriteString("called\n"); err != nil {
				panic(err)
			}
		}
	case childAllocates:
		memory := make([]byte, 100<<20)
		for i := 0; i < len(memory); i += 4096 {
			memory[i] = 1
		}
		held = append(held, memory)
	case childThreads:
		other := make(chan bool)
		go func() { spin(); close(other) }()
		spin()
		<-other
	case childSleepsOn:
		for range 10 {
			time.Sleep(time.Millisecond)
		}
	case childForks:
		if _, err := startChild(childBurns); err != nil {
			panic(err)
		}
	}
}

func spin() {
	for began := time.Now(); time.Since(began) < 100*time.Millisecond; {
	}
}

// settled returns the account of one request of a child.
func settled(t *testing.T, behaviour string) evidence.Request {
	t.Helper()
	process, ask := talker(t, behaviour)
	ask() // The first request makes room for the others.
	before, err := TakeAccount(process)
	if err != nil {
		t.Fatal(err)
	}
	ask()
	after, err := TakeAccount(process)
	if err != nil {
		t.Fatal(err)
	}
	var request evidence.Request
	Settle(&request, before, after)
	return request
}

func TestAnAccountShowsALogLineACall(t *testing.T) {
	quiet, logs := settled(t, childSleeps), settled(t, childLogs)
	if more := *logs.WriteCalls - *quiet.WriteCalls; more < 100 {
		t.Errorf("%d more writes than those of a child that does not log", more)
	}
	if more := *logs.WrittenBytes - *quiet.WrittenBytes; more < 700 {
		t.Errorf("%d more bytes", more)
	}
	if *quiet.WriteCalls > 20 {
		t.Errorf("a child that does not log wrote %d times", *quiet.WriteCalls)
	}
}

func TestAnAccountShowsMemoryAndFaults(t *testing.T) {
	quiet, allocates := settled(t, childSleeps), settled(t, childAllocates)
	if *allocates.MinorFaults < 40 || *quiet.MinorFaults > *allocates.MinorFaults {
		t.Errorf("%d faults, of a child that allocates nothing %d", *allocates.MinorFaults, *quiet.MinorFaults)
	}
	if *allocates.ResidentBytes < 200<<20 || *quiet.ResidentBytes > 100<<20 {
		t.Errorf("%d bytes resident, of a child that allocates nothing %d", *allocates.ResidentBytes, *quiet.ResidentBytes)
	}
}

func TestAnAccountShowsASecondThread(t *testing.T) {
	process, ask := talker(t, childThreads)
	ask()
	before, err := TakeAccount(process)
	if err != nil {
		t.Fatal(err)
	}
	clock, err := CPUClock(process)
	if err != nil {
		t.Fatal(err)
	}
	ask()
	after, err := TakeAccount(process)
	if err != nil {
		t.Fatal(err)
	}
	used, err := CPUClock(process)
	if err != nil {
		t.Fatal(err)
	}
	var request evidence.Request
	Settle(&request, before, after)
	if rest := (used - clock).Nanoseconds() - *request.BusiestNanoseconds; rest <= 0 {
		t.Errorf("the busiest thread had %d ns of %v", *request.BusiestNanoseconds, used-clock)
	}
	if *request.Threads < 2 {
		t.Errorf("%d threads", *request.Threads)
	}
}

func TestAnAccountShowsSleepAndChildren(t *testing.T) {
	if sleeps := settled(t, childSleepsOn); *sleeps.VoluntarySwitches < 10 {
		t.Errorf("%d voluntary switches in ten sleeps", *sleeps.VoluntarySwitches)
	}
	if forks := settled(t, childForks); *forks.DescendantCPUNanoseconds <= 0 {
		t.Errorf("a child's child used %d ns", *forks.DescendantCPUNanoseconds)
	}
}

func TestAnAccountOfNobodyFails(t *testing.T) {
	if _, err := TakeAccount(1 << 30); err == nil {
		t.Error("an account of a process that is not there")
	}
}

// looked returns the inspection of a child.
func looked(t *testing.T, behaviour string, env ...string) evidence.Inspection {
	t.Helper()
	process, _ := talker(t, behaviour, env...)
	look, err := Inspect(process)
	if err != nil {
		t.Fatal(err)
	}
	if len(look.Incomplete) > 0 {
		t.Errorf("incomplete: %v", look.Incomplete)
	}
	return look
}

func TestALookShowsAnHonestChildAsSuch(t *testing.T) {
	look := looked(t, childSleeps)
	if len(look.Unfiled) > 0 || len(look.Devices) > 0 || len(look.Sockets) > 0 || len(look.Descendants) > 0 || look.SwappedBytes != 0 {
		t.Errorf("%+v", look)
	}
	if look.StartTicks == 0 || look.Scheduling.Policy != "other" || look.Scheduling.Priority == 0 || look.Limits["Max open files"] == "" || len(look.Threads) == 0 {
		t.Errorf("%+v", look)
	}
	if look.Network.Own {
		t.Error("a network namespace of its own")
	}
}

func TestALookShowsASocket(t *testing.T) {
	if look := looked(t, childListens); !slices.ContainsFunc(look.Sockets, func(s evidence.Socket) bool { return s.Family == "tcp" && s.Inode > 0 }) {
		t.Errorf("sockets %+v", look.Sockets)
	}
}

// An event loop wakes itself through a socket pair. The inspection must tell the pair
// from a socket with a name.
func TestALookTellsPairsOfSockets(t *testing.T) {
	named := func(s evidence.Socket) bool { return s.Family != "unix" || !s.Unnamed }
	if look := looked(t, childPairs); len(look.Sockets) != 2 || slices.ContainsFunc(look.Sockets, named) {
		t.Errorf("a pair is %+v", look.Sockets)
	}
	if look := looked(t, childServes); !slices.ContainsFunc(look.Sockets, named) {
		t.Errorf("a socket with a name is %+v", look.Sockets)
	}
}

func TestALookShowsCodeWithoutAFile(t *testing.T) {
	if look := looked(t, childMaps); !slices.Contains(look.Unfiled, evidence.UnfiledMapping{Bytes: 1 << 16, Writable: true}) {
		t.Errorf("unfiled %+v", look.Unfiled)
	}
	if look := looked(t, childHides); !slices.Contains(look.Unfiled, evidence.UnfiledMapping{Name: "/memfd:code (deleted)", Bytes: 1 << 16}) {
		t.Errorf("unfiled %+v", look.Unfiled)
	}
}

func TestALookShowsTheEnvironmentAndNoSecrets(t *testing.T) {
	look := looked(t, childSleeps, "LD_PRELOAD=/nowhere/hook.so", "OPENBLAS_NUM_THREADS=3", "API_TOKEN=secret")
	values := map[string]*string{}
	for _, variable := range look.Environment {
		values[variable.Name] = variable.Value
	}
	for name, want := range map[string]string{"LD_PRELOAD": "/nowhere/hook.so", "OPENBLAS_NUM_THREADS": "3"} {
		if values[name] == nil || *values[name] != want {
			t.Errorf("%s is %v", name, values[name])
		}
	}
	if value, named := values["API_TOKEN"]; !named || value != nil {
		t.Errorf("API_TOKEN: named %t, %v", named, value)
	}
}

func TestALookShowsAChild(t *testing.T) {
	if look := looked(t, childForks); len(look.Descendants) != 1 {
		t.Errorf("descendants %+v", look.Descendants)
	}
}

func TestALookShowsANetworkOfItsOwn(t *testing.T) {
	command := exec.Command("unshare", "--user", "--net", "sleep", "60")
	if err := command.Start(); err != nil {
		t.Skip("no unshare here")
	}
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	for range 200 {
		look, err := Inspect(command.Process.Pid)
		if err == nil && look.Network.Own {
			if look.Network.ReceivedBytes != 0 || look.Network.SentBytes != 0 {
				t.Errorf("%+v", look.Network)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Skip("no namespaces here")
}

func TestDevicesAreToldFromWhatEveryProgramOpens(t *testing.T) {
	root := fixture(t, map[string]string{"proc/7/fd/x": ""})
	folder := root.path("proc/7")
	for fd, target := range map[string]string{"0": "/dev/null", "1": "/dev/pts/3", "2": "pipe:[5]", "3": "/dev/nvidia0", "4": "/dev/accel/accel0", "5": "/tmp/5.f32", "6": "socket:[77]", "7": "anon_inode:[eventpoll]"} {
		if err := os.Symlink(target, filepath.Join(folder, "fd", fd)); err != nil {
			t.Fatal(err)
		}
	}
	var look evidence.Inspection
	if err := addOpenFiles(root, folder, &look); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/dev/accel/accel0", "/dev/nvidia0"}; !slices.Equal(look.Devices, want) {
		t.Errorf("devices %v", look.Devices)
	}
	if want := []string{"/tmp/5.f32"}; !slices.Equal(look.OpenFiles, want) {
		t.Errorf("files %v", look.OpenFiles)
	}
	if len(look.Sockets) != 1 || look.Sockets[0].Inode != 77 {
		t.Errorf("sockets %v", look.Sockets)
	}
}

func TestPagesOfNodesAddUp(t *testing.T) {
	pages := nodePages("00400000 default file=/a mapped=3 N0=2 N1=1 kernelpagesize_kB=4\n7f00 default anon=5 dirty=5 N1=5 kernelpagesize_kB=4\n")
	if len(pages) != 2 || pages[0] != 2 || pages[1] != 6 {
		t.Errorf("%v", pages)
	}
}

func TestProcessorsAndMachineOfAFixture(t *testing.T) {
	files := map[string]string{
		"proc/cpuinfo":                    "processor\t: 0\nvendor_id\t: V\ncpu family\t: 6\nmodel\t\t: 1\nmodel name\t: One\nstepping\t: 8\nmicrocode\t: 0x1\nflags\t\t: a b\n\nprocessor\t: 1\nvendor_id\t: V\ncpu family\t: 6\nmodel\t\t: 1\nmodel name\t: One\nstepping\t: 8\nflags\t\t: a\n",
		"sys/devices/cpu_core/cpus":       "0\n",
		"sys/devices/cpu_atom/cpus":       "1\n",
		"proc/meminfo":                    "MemTotal: 100 kB\nMemAvailable: 40 kB\nSwapTotal: 10 kB\nSwapFree: 7 kB\n",
		"sys/devices/system/node/node0/x": "",
		"sys/devices/system/node/node1/x": "",
		"etc/machine-id":                  "abc\n",
		"proc/sys/kernel/random/boot_id":  "boot\n",
	}
	files["sys/devices/system/cpu/cpu1/cpufreq/scaling_governor"] = "powersave\n"
	root := fixture(t, files)
	both := processors(root, nil)
	if len(both) != 2 || both[0].Stepping != "8" || both[0].CoreType != "performance" || both[1].CoreType != "efficiency" ||
		both[1].Governor != "powersave" || both[0].FlagsSHA256 == both[1].FlagsSHA256 {
		t.Errorf("%+v", both)
	}
	if one := processors(root, []int{1}); len(one) != 1 || one[0].Number != 1 {
		t.Errorf("%+v", one)
	}
	if memory := memoryOf(root); memory != (evidence.Memory{TotalBytes: 100 << 10, AvailableBytes: 40 << 10, SwappedBytes: 3 << 10, Nodes: 2}) {
		t.Errorf("%+v", memory)
	}
	identity := identify(root)
	if identity.BootID != "boot" || identity.From != "machine-id" || strings.Contains(identity.SHA256, "abc") {
		t.Errorf("%+v", identity)
	}
	files["etc/machine-id"] = "another\n"
	if other := identify(fixture(t, files)); other.SHA256 == identity.SHA256 {
		t.Error("two machines have one digest")
	}
	delete(files, "etc/machine-id")
	if other := identify(fixture(t, files)); other.From != "hardware" || other.SHA256 == identity.SHA256 {
		t.Errorf("%+v", other)
	}
}

func TestCompilersAreSeen(t *testing.T) {
	root := fixture(t, map[string]string{"proc/4/comm": "cc1\n", "proc/5/comm": "rustc\n", "proc/6/comm": "rustc\n", "proc/7/comm": "python3\n", "proc/uptime": ""})
	if found := compilersAlive(root); !slices.Equal(found, []string{"cc1", "rustc"}) {
		t.Errorf("%v", found)
	}
}

func TestClocksGoOnTogether(t *testing.T) {
	before, after := ReadClocks(), ReadClocks()
	if before.MonotonicNanoseconds <= 0 || after.MonotonicNanoseconds < before.MonotonicNanoseconds {
		t.Errorf("%+v, %+v", before, after)
	}
	if wall := before.MonotonicNanoseconds + before.OffsetNanoseconds; time.Since(time.Unix(0, wall)).Abs() > time.Minute {
		t.Errorf("the wall clock is %v", time.Unix(0, wall))
	}
}
