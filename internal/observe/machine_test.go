package observe

// This file tests the comparison of two snapshots of the machine.

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cupel/internal/evidence"
)

func milliseconds(count int64) int64 { return count * time.Millisecond.Nanoseconds() }

func counted(count int64) *int64 { return &count }

func TestProcessorsOfAProcess(t *testing.T) {
	const rest = " 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 2 0 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 17 "
	root := fixture(t, map[string]string{
		"proc/7/task/7/stat": "7 (a name) with) S" + rest + "3 0 0 0 0 0\n",
		"proc/7/task/8/stat": "8 (other) R" + rest + "1 0 0 0 0 0\n",
		"proc/9/task/9/stat": "9 (cut) R 1\n",
	})
	if found := lastProcessors(root, 7); !slices.Equal(found, []int{1, 3}) {
		t.Errorf("%v", found)
	}
	for _, process := range []int{9, 10} {
		if found := lastProcessors(root, process); found != nil {
			t.Errorf("process %d: %v", process, found)
		}
	}
}

func TestMachineBetweenTwoSnapshots(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	before := evidence.MachineSnapshot{
		Time:  start,
		Total: evidence.CPUTimes{UserNanoseconds: milliseconds(100), IdleNanoseconds: milliseconds(500)},
		CPUs: []evidence.CPUState{
			{Number: 0, CPUTimes: evidence.CPUTimes{StealNanoseconds: milliseconds(10)}, FrequencyHertz: 1, Throttles: counted(5)},
			{Number: 1, Throttles: counted(3)},
		},
		Pressure:    &evidence.Pressure{CPU: evidence.StallTimes{SomeNanoseconds: 5, FullNanoseconds: 1}},
		LoadAverage: [3]float64{1, 2, 3}, SwapInBytes: 4096, SwapOutBytes: 8192, ContextSwitches: 10, Interrupts: 20,
		Processes: []evidence.ProcessTime{
			{Process: 1, CPUNanoseconds: milliseconds(5000)},
			{Process: 2, CPUNanoseconds: milliseconds(100)},
			{Process: 3, CPUNanoseconds: milliseconds(100)},
		},
	}
	after := evidence.MachineSnapshot{
		Time:  start.Add(time.Second),
		Total: evidence.CPUTimes{UserNanoseconds: milliseconds(700), IdleNanoseconds: milliseconds(490)},
		CPUs: []evidence.CPUState{
			{Number: 0, CPUTimes: evidence.CPUTimes{StealNanoseconds: milliseconds(240)}, FrequencyHertz: 2, Throttles: counted(12)},
			{Number: 1},
			{Number: 2, CPUTimes: evidence.CPUTimes{StealNanoseconds: milliseconds(900)}},
		},
		Pressure:    &evidence.Pressure{CPU: evidence.StallTimes{SomeNanoseconds: 25, FullNanoseconds: 2}},
		LoadAverage: [3]float64{4, 5, 6}, SwapInBytes: 8192, SwapOutBytes: 8192, ContextSwitches: 15, Interrupts: 27,
		Processes: []evidence.ProcessTime{
			{Process: 1, CPUNanoseconds: milliseconds(5010)},
			{Process: 2, CPUNanoseconds: milliseconds(900)},
			{Process: 3, CPUNanoseconds: milliseconds(120)},
			{Process: 4, CPUNanoseconds: milliseconds(300)},
			{Process: 5, CPUNanoseconds: milliseconds(40)},
			{Process: 6, CPUNanoseconds: milliseconds(950)},
		},
	}
	root := fixture(t, map[string]string{"proc/2/comm": "ffmpeg\n", "proc/4/comm": "cc1plus\n"})
	want := evidence.MachineUse{
		WallNanoseconds: milliseconds(1000),
		Total:           evidence.CPUTimes{UserNanoseconds: milliseconds(600)},
		CPUs: []evidence.CPUState{
			{Number: 0, CPUTimes: evidence.CPUTimes{StealNanoseconds: milliseconds(230)}, FrequencyHertz: 2, Throttles: counted(7)},
			{Number: 1},
		},
		Pressure:    &evidence.Pressure{CPU: evidence.StallTimes{SomeNanoseconds: 20, FullNanoseconds: 1}},
		LoadAverage: [3]float64{4, 5, 6}, SwapInBytes: 4096, ContextSwitches: 5, Interrupts: 7,
		Busiest: []evidence.ProcessTime{
			{Process: 2, Name: "ffmpeg", CPUNanoseconds: milliseconds(800)},
			{Process: 4, Name: "cc1plus", CPUNanoseconds: milliseconds(300)},
			{Process: 5, CPUNanoseconds: milliseconds(40)},
		},
	}
	if diff := cmp.Diff(want, machineBetween(root, before, after, []int{6, 77})); diff != "" {
		t.Errorf("use (-want +got):\n%s", diff)
	}
	before.Pressure = nil
	if use := machineBetween(root, before, after, nil); use.Pressure != nil {
		t.Errorf("what is not known of one side is %+v between both", *use.Pressure)
	}
}

// stolen is a CPU from which the host took a share of the second.
func stolen(cpu int, share float64) evidence.CPUState {
	return evidence.CPUState{Number: cpu, CPUTimes: evidence.CPUTimes{StealNanoseconds: milliseconds(int64(1000 * share))}}
}

func TestDisturbances(t *testing.T) {
	quiet := evidence.MachineUse{
		CPUs:     []evidence.CPUState{stolen(0, 0.01), stolen(1, 0), {Number: 2, Throttles: counted(0)}},
		Pressure: &evidence.Pressure{CPU: evidence.StallTimes{SomeNanoseconds: milliseconds(40)}},
	}
	for _, test := range []struct {
		name string
		use  evidence.MachineUse
		cpus []int
		want []string
	}{
		{"a quiet machine", quiet, nil, nil},
		{"a machine that tells nothing", evidence.MachineUse{}, nil, nil},
		{"steal", evidence.MachineUse{CPUs: []evidence.CPUState{stolen(0, 0.01), stolen(1, 0.23)}}, nil,
			[]string{"the host took 23% of CPU 1's time (steal)"}},
		{"steal of CPUs that the run does not use", evidence.MachineUse{CPUs: []evidence.CPUState{stolen(0, 0.4), stolen(1, 0.23)}}, []int{0, 5},
			[]string{"the host took 40% of CPU 0's time (steal)"}},
		{"steal of many CPUs", evidence.MachineUse{CPUs: []evidence.CPUState{
			stolen(0, 0.1), stolen(1, 0.2), stolen(2, 0.3), stolen(3, 0.4), stolen(4, 0.5), stolen(5, 0)}}, nil,
			[]string{"the host took 10% to 50% of the time of 5 CPUs (steal)"}},
		{"interrupts", evidence.MachineUse{CPUs: []evidence.CPUState{{Number: 0, CPUTimes: evidence.CPUTimes{
			InterruptNanoseconds: milliseconds(30), SoftwareInterruptNanoseconds: milliseconds(90)}}}}, nil,
			[]string{"interrupts took 12% of CPU 0's time"}},
		{"others", evidence.MachineUse{Busiest: []evidence.ProcessTime{
			{Process: 123, Name: "ffmpeg", CPUNanoseconds: milliseconds(800)},
			{Process: 124, Name: "\x1b[2J", CPUNanoseconds: milliseconds(100)},
			{Process: 125, CPUNanoseconds: milliseconds(20)}}}, nil,
			[]string{
				"another process, ffmpeg (pid 123), used 0.8 of a core",
				"another process, ?[2J (pid 124), used 0.1 of a core",
				"another process (pid 125), used 0.02 of a core"}},
		{"throttling", evidence.MachineUse{CPUs: []evidence.CPUState{{Throttles: counted(12)}, {Number: 1, Throttles: counted(3)}, {Number: 2}}}, []int{1},
			[]string{"the CPU was throttled 12 times"}},
		{"swapping", evidence.MachineUse{SwapInBytes: 3 << 20, SwapOutBytes: 4096}, nil,
			[]string{"memory was swapped: 3 MiB in, 0.00391 MiB out"}},
		{"pressure", evidence.MachineUse{Pressure: &evidence.Pressure{
			CPU: evidence.StallTimes{SomeNanoseconds: milliseconds(140)}, Memory: evidence.StallTimes{SomeNanoseconds: milliseconds(11)},
			IO: evidence.StallTimes{SomeNanoseconds: milliseconds(49)}}}, nil,
			[]string{"tasks waited for a CPU 14% of the time (pressure)", "tasks waited for memory 1% of the time (pressure)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.name != "a machine that tells nothing" {
				test.use.WallNanoseconds = milliseconds(1000)
			}
			if got := Disturbances(test.use, test.cpus...); !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// A process that ended before the later snapshot is named from the parts, with its name
// and its share of the whole time.
func TestProcessesThatWereBusyInPartsAreNamed(t *testing.T) {
	used := func(id int, name string, count int64) evidence.ProcessTime {
		return evidence.ProcessTime{Process: id, Name: name, CPUNanoseconds: milliseconds(count)}
	}
	for _, test := range []struct {
		name  string
		whole []evidence.ProcessTime
		parts [][]evidence.ProcessTime
		want  []evidence.ProcessTime
	}{
		{"nothing", nil, nil, []evidence.ProcessTime{}},
		{"one that ended", nil, [][]evidence.ProcessTime{{used(7, "burner", 30)}, {used(7, "burner", 40)}}, []evidence.ProcessTime{used(7, "burner", 70)}},
		{"too little of the whole", nil, [][]evidence.ProcessTime{{used(7, "burner", 5)}, {used(7, "burner", 5)}}, []evidence.ProcessTime{}},
		{"one that goes on", []evidence.ProcessTime{used(7, "burner", 90)}, [][]evidence.ProcessTime{{used(7, "burner", 30)}, {used(7, "burner", 40)}}, []evidence.ProcessTime{used(7, "burner", 90)}},
		{"a name that was seen once", []evidence.ProcessTime{used(7, "", 20)}, [][]evidence.ProcessTime{{used(7, "", 30)}, {used(7, "burner", 40)}}, []evidence.ProcessTime{used(7, "burner", 70)}},
		{"an id that the kernel reused", []evidence.ProcessTime{used(7, "cc1", 60)}, [][]evidence.ProcessTime{{used(7, "burner", 50)}}, []evidence.ProcessTime{used(7, "cc1", 60), used(7, "burner", 50)}},
		{"only the busiest", []evidence.ProcessTime{used(1, "a", 20), used(2, "b", 30)}, [][]evidence.ProcessTime{{used(3, "c", 25), used(4, "d", 15)}, {used(4, "d", 25)}},
			[]evidence.ProcessTime{used(4, "d", 40), used(2, "b", 30), used(3, "c", 25)}},
	} {
		var sum []evidence.ProcessTime
		for _, part := range test.parts {
			sum = AddUse(sum, part)
		}
		use := WithParts(evidence.MachineUse{WallNanoseconds: milliseconds(1000), Busiest: test.whole}, sum)
		if len(use.Busiest) != len(test.want) || len(test.want) > 0 && !reflect.DeepEqual(use.Busiest, test.want) {
			t.Errorf("%s: %+v, want %+v", test.name, use.Busiest, test.want)
		}
	}
}
