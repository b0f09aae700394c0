package observe

// This file says what a process did between two snapshots.

import "cupel/internal/evidence"

// Between is what a process did between two snapshots of it.
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
			// Another thread has been given the id of one that ended.
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

// growth is what each of the later processes used since the earlier snapshot. One
// that was not there has used all of its time since.
func growth(before, after []evidence.ProcessTime) []evidence.ProcessTime {
	earlier := map[int]int64{}
	for _, process := range before {
		earlier[process.Process] = process.CPUNanoseconds
	}
	var grown []evidence.ProcessTime
	for _, process := range after {
		// Less than before is another process with the id of one that ended.
		if then := earlier[process.Process]; then <= process.CPUNanoseconds {
			process.CPUNanoseconds -= then
		}
		grown = append(grown, process)
	}
	return grown
}
