package observe

// This file tests the comparison of two snapshots of a process.

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cupel/internal/evidence"
)

func TestBetweenTwoSnapshots(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	before := evidence.ProcessSnapshot{
		Process: 7, Time: start, CPUNanoseconds: 1000, ReapedCPUNanoseconds: 10_000_000,
		Threads: []evidence.ThreadSnapshot{
			{Thread: 7, Name: "engine", CPUNanoseconds: 400, VoluntarySwitches: 10, InvoluntarySwitches: 1},
			{Thread: 8, Name: "ends", CPUNanoseconds: 300, VoluntarySwitches: 5},
			{Thread: 9, Name: "ends, its id is given away", CPUNanoseconds: 300, VoluntarySwitches: 50},
		},
		MinorFaults: 100, MajorFaults: 2,
		IO: &evidence.InputOutput{ReadBytes: 1, WrittenBytes: 2, ReadCalls: 3, WriteCalls: 4},
		Descendants: []evidence.ProcessTime{
			{Process: 20, Name: "worker", CPUNanoseconds: 500},
			{Process: 21, Name: "ends", CPUNanoseconds: 800},
			{Process: 22, Name: "ends, its id is given away", CPUNanoseconds: 800},
		},
	}
	after := evidence.ProcessSnapshot{
		Process: 7, Time: start.Add(time.Second), CPUNanoseconds: 1900, ReapedCPUNanoseconds: 30_000_000,
		Threads: []evidence.ThreadSnapshot{
			{Thread: 7, Name: "engine", CPUNanoseconds: 900, VoluntarySwitches: 13, InvoluntarySwitches: 3},
			{Thread: 9, Name: "new, with an old id", CPUNanoseconds: 100, VoluntarySwitches: 2},
			{Thread: 11, Name: "new", CPUNanoseconds: 200, VoluntarySwitches: 1, InvoluntarySwitches: 1},
		},
		MinorFaults: 110, MajorFaults: 2,
		IO: &evidence.InputOutput{ReadBytes: 11, WrittenBytes: 22, ReadCalls: 4, WriteCalls: 6},
		Descendants: []evidence.ProcessTime{
			{Process: 20, Name: "worker", CPUNanoseconds: 700},
			{Process: 22, Name: "new, with an old id", CPUNanoseconds: 30},
			{Process: 23, Name: "new", CPUNanoseconds: 5},
		},
	}
	want := evidence.ProcessUse{
		Process: 7, WallNanoseconds: 1_000_000_000, CPUNanoseconds: 900,
		DescendantCPUNanoseconds: 20_000_000 + 200 + 30 + 5,
		Threads: []evidence.ThreadUse{
			{Thread: 7, Name: "engine", CPUNanoseconds: 500},
			{Thread: 9, Name: "new, with an old id", CPUNanoseconds: 100},
			{Thread: 11, Name: "new", CPUNanoseconds: 200},
		},
		ThreadsStarted: 2, ThreadsEnded: 2,
		VoluntarySwitches: 3 + 2 + 1, InvoluntarySwitches: 2 + 1,
		MinorFaults: 10,
		IO:          &evidence.InputOutput{ReadBytes: 10, WrittenBytes: 20, ReadCalls: 1, WriteCalls: 2},
		Descendants: []evidence.ProcessTime{
			{Process: 20, Name: "worker", CPUNanoseconds: 200},
			{Process: 22, Name: "new, with an old id", CPUNanoseconds: 30},
			{Process: 23, Name: "new", CPUNanoseconds: 5},
		},
	}
	if diff := cmp.Diff(want, Between(before, after)); diff != "" {
		t.Errorf("use (-want +got):\n%s", diff)
	}
	after.IO = nil
	if use := Between(before, after); use.IO != nil {
		t.Errorf("what is not known of one side is %+v between both", *use.IO)
	}
}
