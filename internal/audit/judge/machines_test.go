package judge_test

// This file tests what is read of the machine where looks at it are of several cells.

import (
	"slices"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/evidence"
)

// Cells have CPUs of their own, and their looks at the machine the same numbers: a CPU that
// another cell's look describes is described.
func TestACPUThatAnotherCellsLookDescribesIsKnown(t *testing.T) {
	s := honest(t)
	var more []evidence.Machine
	for _, machine := range s.machines {
		wide := machine
		wide.Processors = slices.Clone(machine.Processors)
		machine.Processors = []evidence.Processor{wide.Processors[0]}
		machine.Processors[0].Number = 1000
		more = append(more, machine, wide)
	}
	s.machines = more
	if point := s.audit(t, audit.Options{}).Points[56-1]; point.Status != audit.Pass {
		t.Errorf("point 56 is a %s: %s", point.Status, point.Detail)
	}
	for i := range s.machines {
		s.machines[i].Processors = []evidence.Processor{s.machines[0].Processors[0]}
	}
	if point := s.audit(t, audit.Options{}).Points[56-1]; point.Status == audit.Pass {
		t.Errorf("a CPU that nothing describes: point 56 is a %s: %s", point.Status, point.Detail)
	}
}
