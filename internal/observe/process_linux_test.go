package observe

// This file tests snapshots of processes, on fixtures and on this machine.

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cupel/internal/evidence"
)

// statLine is a line of /proc/PID/stat with the fields that matter.
func statLine(process, parent int, name, state string) string {
	return fmt.Sprintf("%d (%s) %s %d %d 1 0 -1 4194304 30 0 4 0 150 50 20 10 20 0 1 0 100 1000 200 18446744073709551615 "+
		"1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n", process, name, state, parent, process)
}

func processFixture(t *testing.T) tree {
	root := fixture(t, map[string]string{
		"proc/7/stat":   statLine(7, 1, "an (odd) name", "T"),
		"proc/7/io":     "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\ncancelled_write_bytes: 0\n",
		"proc/7/status": "Name:\tengine\nMems_allowed:\t3\nMems_allowed_list:\t0-1\n",
		"proc/7/maps": "00400000-00401000 r-xp 00000000 08:01 11 /opt/engine\n" +
			"00401000-00402000 rw-p 00001000 08:01 11 /opt/engine\n" +
			"7f0000000000-7f0000001000 r-xp 00000000 08:01 12 /lib/libm.so.6\n" +
			"7f0000001000-7f0000002000 r--p 00000000 08:01 13 /usr/share/a table\n" +
			"7f0000002000-7f0000003000 r-xp 00000000 00:05 14 /memfd:code (deleted)\n" +
			"7f0000003000-7f0000004000 rw-p 00000000 00:00 0 \n" +
			"7ffc00000000-7ffc00001000 r-xp 00000000 00:00 0 [vdso]\n",
		"proc/7/task/7/stat":      statLine(7, 1, "engine", "T"),
		"proc/7/task/8/stat":      statLine(8, 1, "pool", "R"),
		"proc/7/task/7/status":    "Name:\tengine\nVmHWM:\t2000 kB\nVmRSS:\t1000 kB\nCpus_allowed_list:\t1,3\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t6\n",
		"proc/7/task/8/status":    "Name:\tpool\nVmHWM:\t2000 kB\nVmRSS:\t1000 kB\nCpus_allowed_list:\t1\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t8\n",
		"proc/7/task/8/schedstat": "123456789 1 2\n",
		"proc/20/stat":            statLine(20, 7, "worker", "S"),
		"proc/20/comm":            "worker\n",
		"proc/21/stat":            statLine(21, 20, "its child", "S"),
		"proc/21/comm":            "its child\n",
		"proc/22/stat":            statLine(22, 1, "another's", "S"),
		"proc/22/comm":            "another's\n",
	})
	root.clock = func(process int) (time.Duration, error) { return time.Duration(process), nil }
	if err := os.Symlink("/opt/engine", root.path("proc/7/exe")); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestSnapshotOfAFixture(t *testing.T) {
	want := evidence.ProcessSnapshot{
		Process: 7, Name: "an (odd) name", State: "T", CPUNanoseconds: 7, ReapedCPUNanoseconds: 300_000_000,
		Threads: []evidence.ThreadSnapshot{
			{Thread: 7, Name: "engine", CPUNanoseconds: 2_000_000_000, VoluntarySwitches: 5, InvoluntarySwitches: 6},
			{Thread: 8, Name: "pool", CPUNanoseconds: 123456789, VoluntarySwitches: 7, InvoluntarySwitches: 8},
		},
		MinorFaults: 30, MajorFaults: 4,
		IO: &evidence.InputOutput{ReadBytes: 1, WrittenBytes: 2, ReadCalls: 3, WriteCalls: 4},
		Descendants: []evidence.ProcessTime{
			{Process: 20, Parent: 7, Name: "worker", CPUNanoseconds: 20},
			{Process: 21, Parent: 20, Name: "its child", CPUNanoseconds: 21},
		},
		AllowedCPUs: []int{1, 3}, ResidentBytes: 1000 << 10, PeakResidentBytes: 2000 << 10,
	}
	got, err := processSnapshot(processFixture(t), 7)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(evidence.ProcessSnapshot{}, "Time")); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
}

func TestDescendantsByListsOfChildren(t *testing.T) {
	root := fixture(t, map[string]string{
		"proc/7/task/7/children":   "20 ",
		"proc/7/task/8/children":   "22 \n",
		"proc/20/task/20/children": "21 ",
		"proc/21/task/21/children": "",
		"proc/22/task/22/children": "",
		"proc/23/task/23/children": "7 ",
	})
	got, err := descendantsByChildren(root, 7)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int]int{20: 7, 21: 20, 22: 7}, got); diff != "" {
		t.Errorf("parents (-want +got):\n%s", diff)
	}
}

func TestDetailsOfAFixture(t *testing.T) {
	want := evidence.ProcessDetails{
		Process: 7, Executable: "/opt/engine",
		CodeFiles:   []string{"/lib/libm.so.6", "/memfd:code (deleted)", "/opt/engine"},
		MappedFiles: 4, AllowedNodes: []int{0, 1},
	}
	got, err := details(processFixture(t), 7)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
}

func TestOneThreadThatRunsIsNotStopped(t *testing.T) {
	root := processFixture(t)
	if all, err := stopped(root, 7); err != nil || all {
		t.Errorf("%v, %v", all, err)
	}
	if err := os.WriteFile(root.path("proc/7/task/8/stat"), []byte(statLine(8, 1, "pool", "T")), 0o644); err != nil {
		t.Fatal(err)
	}
	if all, err := stopped(root, 7); err != nil || !all {
		t.Errorf("%v, %v", all, err)
	}
}

func TestProcessesThatAreNotThere(t *testing.T) {
	const noProcess = 1 << 28
	if _, err := Process(noProcess); err == nil || !strings.Contains(err.Error(), "268435456") {
		t.Errorf("error %v", err)
	}
	if _, err := Details(noProcess); err == nil {
		t.Error("it has details")
	}
	if _, err := Stopped(noProcess); err == nil {
		t.Error("it has a state")
	}
}

func TestSnapshotOfABurner(t *testing.T) {
	process := child(t, childBurns)
	snapshot, err := Process(process)
	if err != nil {
		t.Fatal(err)
	}
	var threads int64
	for _, thread := range snapshot.Threads {
		threads += thread.CPUNanoseconds
	}
	if snapshot.CPUNanoseconds < burnt.Nanoseconds() || threads < burnt.Nanoseconds()/2 {
		t.Errorf("a process that used %v: CPU time %v, of its threads %v", burnt, time.Duration(snapshot.CPUNanoseconds), time.Duration(threads))
	}
	if len(snapshot.Threads) == 0 || snapshot.IO == nil || snapshot.IO.WriteCalls == 0 || snapshot.MinorFaults == 0 {
		t.Errorf("snapshot %+v", snapshot)
	}
	if snapshot.ResidentBytes == 0 || snapshot.PeakResidentBytes < snapshot.ResidentBytes {
		t.Errorf("%d bytes resident, at most %d", snapshot.ResidentBytes, snapshot.PeakResidentBytes)
	}
}

func TestDescendantsOfAProcessThatForks(t *testing.T) {
	process := child(t, childForks)
	snapshot, err := Process(process)
	if err != nil {
		t.Fatal(err)
	}
	if len(snapshot.Descendants) != 1 || snapshot.Descendants[0].Parent != process || snapshot.Descendants[0].CPUNanoseconds < burnt.Nanoseconds() {
		t.Errorf("descendants %+v", snapshot.Descendants)
	}
	byParent, err := descendantsByParent(live, process)
	if err != nil {
		t.Fatal(err)
	}
	byChildren, err := descendantsByChildren(live, process)
	if err != nil {
		t.Skip(err)
	}
	if diff := cmp.Diff(byParent, byChildren); diff != "" {
		t.Errorf("by parent and by list of children: %s", diff)
	}
}

func TestStoppedProcess(t *testing.T) {
	process := child(t, childSleeps)
	if all, err := Stopped(process); err != nil || all {
		t.Fatalf("before it is stopped: %v, %v", all, err)
	}
	if err := syscall.Kill(process, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for all := false; !all; runtime.Gosched() {
		var err error
		if all, err = Stopped(process); err != nil {
			t.Fatal(err)
		}
	}
	snapshot, err := Process(process)
	if err != nil {
		t.Fatal(err)
	}
	if snapshot.State != "T" {
		t.Errorf("state %q", snapshot.State)
	}
}

func TestDetailsOfThisProcess(t *testing.T) {
	described, err := Details(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(described.CodeFiles, described.Executable) || described.MappedFiles < len(described.CodeFiles) {
		t.Errorf("details %+v", described)
	}
}

func BenchmarkProcess(b *testing.B) {
	threads := 0
	for b.Loop() {
		snapshot, err := Process(os.Getpid())
		if err != nil {
			b.Fatal(err)
		}
		threads = len(snapshot.Threads)
	}
	b.ReportMetric(float64(threads), "threads")
}

func BenchmarkDescendants(b *testing.B) {
	for b.Loop() {
		if _, err := Descendants(os.Getpid()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDescendantsByParent(b *testing.B) {
	for b.Loop() {
		if _, err := descendantsByParent(live, os.Getpid()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDetails(b *testing.B) {
	for b.Loop() {
		if _, err := Details(os.Getpid()); err != nil {
			b.Fatal(err)
		}
	}
}
