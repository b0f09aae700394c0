package points

// This file holds the numbers of the checklist: of the acceptance rule, and of the phases
// of its verification protocol.

import (
	"cupel/internal/audit"
)

// The numbers of the checklist's rule: at least LeastPasses pass, all of the first
// three categories do, and none of the last ten fails.
const (
	LeastPasses   = 95
	LastMustPass  = 45
	FirstMayNot   = 91
	Total         = 100
	MostTolerated = Total - LeastPasses
)

// Phases are those of the checklist, and the points that belong to none.
var Phases = []audit.PhaseCount{
	{Phase: "code review", First: 1, Last: 45},
	{Phase: "independent execution", First: 46, Last: 80},
	{Phase: "statistical validation", First: 16, Last: 30},
	{Phase: "cross-machine verification", First: 78, Last: 80},
	{Phase: "in no phase", First: 81, Last: 100},
}
