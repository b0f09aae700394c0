package spawn

// This file tests from which CPUs processes are started, and what ties them to this
// one.

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"cupel/internal/observe"
)

func allowed(t *testing.T) []int {
	t.Helper()
	cpus, err := observe.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	return cpus
}

// sleeping starts a child that waits for the end of its input.
func sleeping(t *testing.T, cpus []int) *exec.Cmd {
	t.Helper()
	child := exec.Command("cat")
	input, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := Start(child, cpus); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		if err := child.Wait(); err != nil {
			t.Error(err)
		}
	})
	return child
}

func cpusOf(t *testing.T, process int) []int {
	t.Helper()
	found, err := procfs.NewProc(process)
	if err != nil {
		t.Fatal(err)
	}
	status, err := found.NewStatus()
	if err != nil || len(status.CpusAllowedList) == 0 {
		t.Fatalf("CPUs of process %d: %v, %v", process, status.CpusAllowedList, err)
	}
	var cpus []int
	for _, cpu := range status.CpusAllowedList {
		cpus = append(cpus, int(cpu))
	}
	return cpus
}

func TestAChildRunsOnItsCPUsAlone(t *testing.T) {
	all := allowed(t)
	if len(all) < 2 {
		t.Skip("needs two CPUs")
	}
	for _, cpu := range []int{all[0], all[len(all)-1]} {
		if got := cpusOf(t, sleeping(t, []int{cpu}).Process.Pid); !slices.Equal(got, []int{cpu}) {
			t.Errorf("a child for CPU %d may run on %v", cpu, got)
		}
	}
	// The thread that starts children does not keep the CPUs of the last child.
	if got := cpusOf(t, sleeping(t, nil).Process.Pid); !slices.Equal(got, all) {
		t.Errorf("a child for any CPU may run on %v, want %v", got, all)
	}
	if got := allowed(t); !slices.Equal(got, all) {
		t.Errorf("this process may run on %v, want %v as before", got, all)
	}
}

func TestACPUThatIsNotThereIsAnError(t *testing.T) {
	child := exec.Command("cat")
	if err := Start(child, []int{1023}); err == nil || !strings.Contains(err.Error(), "CPU affinity [1023]") {
		t.Errorf("error %v", err)
	}
	if child.Process != nil {
		t.Error("the child was started all the same")
	}
}

func TestPinLastsUntilUnpin(t *testing.T) {
	all := allowed(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	here := func() []int {
		var set unix.CPUSet
		if err := unix.SchedGetaffinity(0, &set); err != nil {
			t.Fatal(err)
		}
		var cpus []int
		for cpu := range 1024 {
			if set.IsSet(cpu) {
				cpus = append(cpus, cpu)
			}
		}
		return cpus
	}
	last := all[len(all)-1:]
	unpin, err := Pin(last)
	if err != nil {
		t.Fatal(err)
	}
	if got := here(); !slices.Equal(got, last) {
		t.Errorf("pinned to %v, runs on %v", last, got)
	}
	unpin()
	if got := here(); !slices.Equal(got, all) {
		t.Errorf("unpinned, runs on %v and not on %v", got, all)
	}
	if unpin, err = Pin(nil); err != nil {
		t.Fatal(err)
	}
	unpin()
	if got := here(); !slices.Equal(got, all) {
		t.Errorf("pinned to nothing, runs on %v", got)
	}
}

// Its own group protects a child from a terminal's Ctrl-C. The parent-death signal ends
// it where its harness has been killed.
func TestAChildHasAGroupOfItsOwnAndDiesWithItsParent(t *testing.T) {
	child := sleeping(t, nil)
	group, err := unix.Getpgid(child.Process.Pid)
	if err != nil || group != child.Process.Pid {
		t.Errorf("group %d of process %d: %v", group, child.Process.Pid, err)
	}
	if got := attributes(nil); !got.Setpgid || got.Pdeathsig != unix.SIGKILL {
		t.Errorf("attributes %+v", got)
	}
	process, err := procfs.NewProc(child.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if stat, err := process.Stat(); err != nil || stat.PPID != os.Getpid() {
		t.Errorf("the child's parent is %d and not %d: %v", stat.PPID, os.Getpid(), err)
	}
}
