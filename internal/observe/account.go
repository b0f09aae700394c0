package observe

// This file holds accounts of a process (CPU time, switches, input and output) and what
// changed between two of them.

import "cupel/internal/evidence"

// Account holds the kernel's counters of a process since its start.
type Account struct {
	MinorFaults, MajorFaults int64
	IO                       evidence.InputOutput
	ResidentBytes            int64
	// DescendantNanoseconds is the CPU time of the living descendants.
	DescendantNanoseconds int64
	// Threads holds the living threads by their ids.
	Threads map[int]threadAccount
	Clocks  evidence.Clocks
}

// threadAccount holds the kernel's counters of one thread.
type threadAccount struct {
	cpu, wait              int64
	voluntary, involuntary int64
}

// Settle writes into a request what the process did between two accounts.
func Settle(request *evidence.Request, before, after Account) {
	set := func(field **int64, value int64) { *field = &value }
	set(&request.MinorFaults, after.MinorFaults-before.MinorFaults)
	set(&request.MajorFaults, after.MajorFaults-before.MajorFaults)
	set(&request.ReadCalls, after.IO.ReadCalls-before.IO.ReadCalls)
	set(&request.WriteCalls, after.IO.WriteCalls-before.IO.WriteCalls)
	set(&request.ReadBytes, after.IO.ReadBytes-before.IO.ReadBytes)
	set(&request.WrittenBytes, after.IO.WrittenBytes-before.IO.WrittenBytes)
	set(&request.ResidentBytes, after.ResidentBytes)
	set(&request.DescendantCPUNanoseconds, after.DescendantNanoseconds-before.DescendantNanoseconds)
	set(&request.OffsetNanoseconds, after.Clocks.OffsetNanoseconds-before.Clocks.OffsetNanoseconds)
	set(&request.Threads, int64(len(after.Threads)))
	var total threadAccount
	var busiest int64
	for id, now := range after.Threads {
		then := before.Threads[id]
		if now.cpu < then.cpu {
			then = threadAccount{} // Another thread has been given the id of one that ended.
		}
		busiest = max(busiest, now.cpu-then.cpu)
		total.wait += now.wait - then.wait
		total.voluntary += now.voluntary - then.voluntary
		total.involuntary += now.involuntary - then.involuntary
	}
	set(&request.BusiestNanoseconds, busiest)
	set(&request.WaitNanoseconds, total.wait)
	set(&request.VoluntarySwitches, total.voluntary)
	set(&request.InvoluntarySwitches, total.involuntary)
}

// WaitBetween returns how many nanoseconds a process's threads waited for a CPU between
// two accounts.
func WaitBetween(before, after Account) int64 {
	var settled evidence.Request
	Settle(&settled, before, after)
	return *settled.WaitNanoseconds
}
