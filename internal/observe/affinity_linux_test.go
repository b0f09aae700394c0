package observe

// This file tests pinning on this machine.

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cupel/internal/evidence"
)

// lastCPU returns the highest allowed CPU, and all allowed CPUs.
func lastCPU(t *testing.T) (last int, all []int) {
	t.Helper()
	allowed, err := AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	return allowed[len(allowed)-1], allowed
}

func readAffinity(t *testing.T, process int) []evidence.ThreadAffinity {
	t.Helper()
	threads, err := affinity(live, process)
	if err != nil {
		t.Fatal(err)
	}
	if len(threads) == 0 {
		t.Fatal("no threads")
	}
	return threads
}

// elsewhere lists the threads that may run on other CPUs than these.
func elsewhere(threads []evidence.ThreadAffinity, cpus ...int) []evidence.ThreadAffinity {
	return slices.DeleteFunc(slices.Clone(threads), func(thread evidence.ThreadAffinity) bool {
		return slices.Equal(thread.CPUs, cpus)
	})
}

// startThreads makes the Go runtime start threads, and ends them.
func startThreads(count int) {
	release, done := make(chan struct{}), make(chan struct{})
	for range count {
		go func() {
			runtime.LockOSThread()
			<-release
			done <- struct{}{}
		}()
	}
	close(release)
	for range count {
		<-done
	}
}

func TestPinSelfAndRestore(t *testing.T) {
	last, _ := lastCPU(t)
	startThreads(4)
	before := readAffinity(t, os.Getpid())
	restore, err := PinSelf([]int{last})
	if err != nil {
		t.Fatal(err)
	}
	startThreads(4)
	if others := elsewhere(readAffinity(t, os.Getpid()), last); len(others) > 0 {
		t.Errorf("threads that are not pinned to CPU %d: %v", last, others)
	}
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	if others := elsewhere(readAffinity(t, os.Getpid()), before[0].CPUs...); len(others) > 0 {
		t.Errorf("threads that are not as before: %v", others)
	}
}

func TestPinProcess(t *testing.T) {
	last, _ := lastCPU(t)
	process := child(t, childSleeps)
	if err := PinProcess(process, []int{last}); err != nil {
		t.Fatal(err)
	}
	if others := elsewhere(readAffinity(t, process), last); len(others) > 0 {
		t.Errorf("threads that are not pinned to CPU %d: %v", last, others)
	}
}

func TestPinningToNoSuchCPU(t *testing.T) {
	before := readAffinity(t, os.Getpid())
	for _, test := range []struct {
		cpus   []int
		reason string
	}{
		{nil, "no CPUs given"},
		{[]int{-1}, "there is no CPU -1"},
		{[]int{maxCPUs}, "there is no CPU 8192"},
		{[]int{maxCPUs - 1}, "to CPUs 8191"},
	} {
		if _, err := PinSelf(test.cpus); err == nil || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%v: error %v, want %q in it", test.cpus, err, test.reason)
		}
	}
	if others := elsewhere(readAffinity(t, os.Getpid()), before[0].CPUs...); len(others) > 0 {
		t.Errorf("threads that are not as before: %v", others)
	}
}

func TestAffinityOfAFixture(t *testing.T) {
	root := fixture(t, map[string]string{
		"proc/7/task/7/status":  "Name:\tengine\nCpus_allowed_list:\t0-2,5\n",
		"proc/7/task/12/status": "Name:\tengine\nCpus_allowed_list:\t3\n",
	})
	got, err := affinity(root, 7)
	if err != nil {
		t.Fatal(err)
	}
	want := []evidence.ThreadAffinity{{Thread: 7, CPUs: []int{0, 1, 2, 5}}, {Thread: 12, CPUs: []int{3}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("affinity (-want +got):\n%s", diff)
	}
	if _, err := affinity(root, 8); err == nil {
		t.Error("a process that is not there has an affinity")
	}
}

func BenchmarkAffinity(b *testing.B) {
	for b.Loop() {
		if _, err := affinity(live, os.Getpid()); err != nil {
			b.Fatal(err)
		}
	}
}
