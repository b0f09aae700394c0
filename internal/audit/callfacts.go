package audit

// This file describes the single calls of a launch: one pass over the raw times,
// whose results the checks share.

import (
	"slices"

	"cupel/internal/stats"
)

// CallFacts are facts of the classic calls of one launch.
type CallFacts struct {
	// Summary is in nanoseconds.
	Summary stats.Summary
	// Middle is the one with number n/2 in their order, which the summary has as P50, in
	// whole nanoseconds.
	Middle int64
	// Distinct is how many different times there are, SmallestGap the least
	// difference of two of them in nanoseconds, 0 where all are the same.
	Distinct    int
	SmallestGap int64
	// Sum is all of them together.
	Sum int64
	// Sorted says that the times never fall, as no measured ones do.
	Sorted bool
}

func describeCalls(nanoseconds []int64) CallFacts {
	sorted := slices.Clone(nanoseconds)
	slices.Sort(sorted)
	facts := CallFacts{Summary: stats.DescribeAscending(sorted), Sorted: slices.IsSorted(nanoseconds)}
	if len(nanoseconds) == 0 {
		return facts
	}
	facts.Middle, facts.Distinct = sorted[len(sorted)/2], 1
	for i, value := range sorted {
		facts.Sum += value
		if i == 0 || value == sorted[i-1] {
			continue
		}
		facts.Distinct++
		if gap := value - sorted[i-1]; facts.SmallestGap == 0 || gap < facts.SmallestGap {
			facts.SmallestGap = gap
		}
	}
	return facts
}
