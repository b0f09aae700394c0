package observe

// This file tests snapshots of the machine, on a fixture and on this machine.

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cupel/internal/evidence"
)

func machineFixture(t *testing.T) tree {
	root := fixture(t, map[string]string{
		"proc/stat": "cpu  30 2 3 400 5 6 7 8 9 1\n" +
			"cpu0 10 1 1 200 2 3 3 4 4 0\n" +
			"cpu1 20 1 2 200 3 3 4 4 5 1\n" +
			"intr 1234 1 2 3\nctxt 5678\nbtime 1700000000\nprocesses 9\nprocs_running 1\nprocs_blocked 0\n" +
			"softirq 10 1 1 1 1 1 1 1 1 1 1\n",
		"proc/cpuinfo":         "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu MHz\t\t: 1000.5\n\nprocessor\t: 1\nvendor_id\t: GenuineIntel\ncpu MHz\t\t: 2000.25\n\n",
		"proc/loadavg":         "0.50 1.25 2.00 1/100 4242\n",
		"proc/vmstat":          "nr_free_pages 1\npswpin 2\npswpout 3\n",
		"proc/pressure/cpu":    "some avg10=0.00 avg60=0.00 avg300=0.00 total=11\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
		"proc/pressure/memory": "some avg10=0.00 avg60=0.00 avg300=0.00 total=22\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=21\n",
		"proc/pressure/io":     "some avg10=0.00 avg60=0.00 avg300=0.00 total=33\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=31\n",
		"proc/20/comm":         "worker\n",
		"proc/21/comm":         "another\n",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq":                "3100000\n",
		"sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count":    "4\n",
		"sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count": "5\n",
	})
	root.clock = func(process int) (time.Duration, error) {
		if process == 21 {
			return 0, os.ErrNotExist
		}
		return time.Duration(process), nil
	}
	return root
}

// ticks builds CPU times in the order of /proc/stat.
func ticks(user, nice, system, idle, ioWait, interrupt, softwareInterrupt, steal, guest, guestNice int64) evidence.CPUTimes {
	const one = 10_000_000
	return evidence.CPUTimes{
		UserNanoseconds: user * one, NiceNanoseconds: nice * one, SystemNanoseconds: system * one,
		IdleNanoseconds: idle * one, IOWaitNanoseconds: ioWait * one, InterruptNanoseconds: interrupt * one,
		SoftwareInterruptNanoseconds: softwareInterrupt * one, StealNanoseconds: steal * one,
		GuestNanoseconds: guest * one, GuestNiceNanoseconds: guestNice * one,
	}
}

func TestMachineOfAFixture(t *testing.T) {
	page := int64(os.Getpagesize())
	want := evidence.MachineSnapshot{
		Total: ticks(30, 2, 3, 400, 5, 6, 7, 8, 9, 1),
		CPUs: []evidence.CPUState{
			{Number: 0, CPUTimes: ticks(10, 1, 1, 200, 2, 3, 3, 4, 4, 0),
				FrequencyHertz: 3_100_000_000, Throttles: counted(9)},
			{Number: 1, CPUTimes: ticks(20, 1, 2, 200, 3, 3, 4, 4, 5, 1),
				FrequencyHertz: 2_000_250_000},
		},
		Pressure: &evidence.Pressure{
			CPU:    evidence.StallTimes{SomeNanoseconds: 11_000},
			Memory: evidence.StallTimes{SomeNanoseconds: 22_000, FullNanoseconds: 21_000},
			IO:     evidence.StallTimes{SomeNanoseconds: 33_000, FullNanoseconds: 31_000},
		},
		LoadAverage: [3]float64{0.5, 1.25, 2}, SwapInBytes: 2 * page, SwapOutBytes: 3 * page,
		ContextSwitches: 5678, Interrupts: 1234,
		Processes: []evidence.ProcessTime{{Process: 20, CPUNanoseconds: 20}},
	}
	if runtime.GOARCH != "amd64" {
		// /proc/cpuinfo has another format there, without a frequency.
		want.CPUs[1].FrequencyHertz = 0
	}
	root := machineFixture(t)
	got, err := machineSnapshot(root)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(evidence.MachineSnapshot{}, "Time")); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
	if err := os.RemoveAll(root.path("proc/pressure")); err != nil {
		t.Fatal(err)
	}
	if got, err = machineSnapshot(root); err != nil || got.Pressure != nil {
		t.Errorf("pressure %+v of a kernel without it, %v", got.Pressure, err)
	}
	if err := os.Remove(root.path("proc/stat")); err != nil {
		t.Fatal(err)
	}
	if _, err := machineSnapshot(root); err == nil {
		t.Error("no error without a count of CPU time")
	}
}

func TestABusyProcessIsSeenAndAKnownOneLeftOut(t *testing.T) {
	before, err := Machine()
	if err != nil {
		t.Fatal(err)
	}
	burner, fork := child(t, childBurns), child(t, childForks)
	after, err := Machine()
	if err != nil {
		t.Fatal(err)
	}
	growth := growth(before.Processes, after.Processes)
	at := slices.IndexFunc(growth, func(process evidence.ProcessTime) bool { return process.Process == burner })
	if at < 0 || growth[at].CPUNanoseconds < burnt.Nanoseconds() {
		t.Fatalf("the burner, process %d, is not among %+v", burner, growth)
	}
	for _, process := range MachineBetween(before, after, burner, fork).Busiest {
		if process.Process == burner {
			t.Errorf("a known process is among the others: %+v", process)
		}
		if process.Name == "" && nameOf(live, process.Process) != "" {
			t.Errorf("process %s has no name", strconv.Itoa(process.Process))
		}
	}
}

func BenchmarkMachine(b *testing.B) {
	processes := 0
	for b.Loop() {
		snapshot, err := Machine()
		if err != nil {
			b.Fatal(err)
		}
		processes = len(snapshot.Processes)
	}
	b.ReportMetric(float64(processes), "processes")
}
