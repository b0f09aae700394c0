package observe

// This file computes what a process did between two snapshots.

import "cupel/internal/evidence"

// Between computes what a process did between two snapshots of it.
func Between(before, after evidence.ProcessSnapshot) evidence.ProcessUse {
	use := evidence.ProcessUse{
		Process:         after.Process,
		WallNanoseconds: after.Time.Sub(before.Time).Nanoseconds(),
		CPUNanoseconds:  after.CPUNanoseconds - before.CPUNanoseconds,
		MinorFaults:     after.MinorFaults - before.MinorFaults,
		MajorFaults:     after.MajorFaults - before.MajorFaults,
	}
	addThreads(&use, before.Threads, after.Threads)
	use.DescendantCPUNanoseconds = after.ReapedCPUNanoseconds - before.ReapedCPUNanoseconds
	use.Descendants = growth(before.Descendants, after.Descendants)
	for _, descendant := range use.Descendants {
		use.DescendantCPUNanoseconds += descendant.CPUNanoseconds
	}
	if before.IO != nil && after.IO != nil {
		use.IO = &evidence.InputOutput{
			ReadBytes:    after.IO.ReadBytes - before.IO.ReadBytes,
			WrittenBytes: after.IO.WrittenBytes - before.IO.WrittenBytes,
			ReadCalls:    after.IO.ReadCalls - before.IO.ReadCalls,
			WriteCalls:   after.IO.WriteCalls - before.IO.WriteCalls,
		}
	}
	return use
}

func addThreads(use *evidence.ProcessUse, before, after []evidence.ThreadSnapshot) {
	earlier := map[int]evidence.ThreadSnapshot{}
	for _, thread := range before {
		earlier[thread.Thread] = thread
	}
	for _, now := range after {
		then, known := earlier[now.Thread]
		if known && now.CPUNanoseconds < then.CPUNanoseconds {
			// The kernel has reused the id of a thread that ended.
			then, known = evidence.ThreadSnapshot{}, false
		}
		if !known {
			use.ThreadsStarted++
		}
		use.Threads = append(use.Threads, evidence.ThreadUse{
			Thread: now.Thread, Name: now.Name, CPUNanoseconds: now.CPUNanoseconds - then.CPUNanoseconds,
		})
		use.VoluntarySwitches += now.VoluntarySwitches - then.VoluntarySwitches
		use.InvoluntarySwitches += now.InvoluntarySwitches - then.InvoluntarySwitches
	}
	use.ThreadsEnded = len(before) + use.ThreadsStarted - len(after)
}

// growth returns the CPU time of each later process since the earlier snapshot. A
// process that is absent from the earlier snapshot has used all its time since then.
func growth(before, after []evidence.ProcessTime) []evidence.ProcessTime {
	earlier := map[int]int64{}
	for _, process := range before {
		earlier[process.Process] = process.CPUNanoseconds
	}
	var grown []evidence.ProcessTime
	for _, process := range after {
		// A smaller time means another process: the kernel has reused the id.
		if then := earlier[process.Process]; then <= process.CPUNanoseconds {
			process.CPUNanoseconds -= then
		}
		grown = append(grown, process)
	}
	return grown
}
