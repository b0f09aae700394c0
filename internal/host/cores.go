package host

// This file chooses the cores of harness and contenders.

import (
	"errors"
	"runtime"

	"cupel/internal/evidence"
	"cupel/internal/observe"
	"cupel/internal/suite"
)

// Cores are the cores of harness and contenders.
type Cores struct {
	Machine   evidence.MachineDescription
	Placement evidence.Placement

	// topology describes the CPUs that there were to choose from. It is nil where that
	// is unknown.
	topology *evidence.Topology
	// unpin gives this process back the cores that it had.
	unpin func()
}

// needsLinux is the reason for a placement without CPUs on other systems. It names what
// else the run does without.
const needsLinux = "pinning, pausing and process accounting need Linux, and were off on " + runtime.GOOS

// takeCores chooses the cores of harness and contenders, and pins this process to the
// harness's cores. On systems other than Linux nothing is pinned, and the placement
// says why, which the report prints.
func takeCores(threads int) (Cores, error) {
	topology, err := observe.ReadTopology()
	if errors.Is(err, errors.ErrUnsupported) {
		return Cores{Placement: evidence.Placement{Reason: needsLinux}, unpin: func() {}}, nil
	}
	if err != nil {
		return Cores{}, err
	}
	chosen := Cores{Machine: observe.Describe(), Placement: observe.ChooseCores(topology, threads), topology: &topology, unpin: func() {}}
	if len(chosen.Placement.Harness) == 0 {
		return chosen, nil
	}
	restore, err := observe.PinSelf(chosen.Placement.Harness)
	if err != nil {
		return Cores{}, err
	}
	chosen.unpin = func() { _ = restore() }
	return chosen, nil
}

// OfCells chooses the cores of each cell by its number of threads, among the cores that
// this process had before takeCores pinned it. The result is keyed by the cell's name.
// It is nil for a run of one cell, which uses the run's placement.
func (c Cores) OfCells(cells []suite.CellPlan) map[string]evidence.Placement {
	if len(cells) < 2 {
		return nil
	}
	placements := map[string]evidence.Placement{}
	for _, cell := range cells {
		placement := c.Placement
		if c.topology != nil {
			placement = observe.ChooseCores(*c.topology, cell.Threads)
		}
		placements[cell.Name] = placement
	}
	return placements
}
