package measure

// This file holds what a cell of the plan has while it is measured. Each cell is on CPUs
// of its own, draws from a nonce of its own, and takes turns with the others.

import (
	"fmt"
	"slices"
	"strings"

	"cupel/internal/draw"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/observe"
	"cupel/internal/suite"
	"cupel/internal/workload"
)

// cell is one cell of the plan and how far it is.
type cell struct {
	run  *Run
	name string
	// plan is the cell's alone, nonce what its draws are from.
	plan   *suite.Plan
	nonce  string
	asking asking
	// cpus are those of its contenders, harnessCPUs those of the harness beside them.
	cpus, harnessCPUs []int
	core              core
	canary            canaryReadings
	// control is the contender that has a second copy. report is told of launches.
	control string
	report  func(Progress)

	// replicates is the last one's number, whole how many of them were not broken off.
	replicates, whole int
	// files is how many files of rows were drawn.
	files    int
	sizes    map[string]evidence.BurstSize
	failures map[string]int
	excluded map[string]bool
	progress estimate.Progress
}

// cells are the plan's cells.
func (r *Run) cells() ([]*cell, error) {
	if len(r.entered) > 0 {
		return r.entered, nil
	}
	var cells []*cell
	for _, planned := range r.Plan.Cells {
		cell, err := r.newCell(planned.Name, cells)
		if err != nil {
			return nil, err
		}
		cells = append(cells, cell)
	}
	r.entered = cells
	return cells, nil
}

// newCell makes the cell of that name. It shares the core's loop with an earlier cell on
// the same CPUs.
func (r *Run) newCell(name string, earlier []*cell) (*cell, error) {
	plan, found := r.Plan.InCell(name)
	if !found {
		return nil, fmt.Errorf("the plan has no cell %q", name)
	}
	c := &cell{
		run: r, name: name, plan: &plan, nonce: draw.ForCell(r.Nonce, name), asking: askingOf(workload.Of(plan).Kind()),
		cpus: r.CPUs, harnessCPUs: r.HarnessCPUs, report: func(Progress) {},
		sizes: map[string]evidence.BurstSize{}, failures: map[string]int{}, excluded: map[string]bool{},
	}
	if placement, known := r.Placements[name]; known && !slices.Equal(placement.Contender, r.CPUs) {
		c.cpus, c.harnessCPUs = placement.Contender, placement.Harness
	}
	if at := slices.IndexFunc(earlier, func(other *cell) bool { return slices.Equal(other.cpus, c.cpus) }); at >= 0 {
		c.core = earlier[at].core
	} else {
		c.core = r.outside.core(c.cpus)
	}
	c.canary.core = c.core
	return c, nil
}

// enter does something on the cell's CPUs: the harness has those that it has beside the
// cell's contenders, where these are others than the run's.
func (c *cell) enter(work func() error) error {
	if slices.Equal(c.harnessCPUs, c.run.HarnessCPUs) {
		return work()
	}
	cpus := c.harnessCPUs
	if len(cpus) == 0 {
		// Nothing is bound in this cell: the harness may be where it may.
		cpus = slices.Concat(c.run.HarnessCPUs, c.run.CPUs)
	}
	restore, err := observe.PinSelf(cpus)
	if err != nil {
		return fmt.Errorf("cell %s: %w", c.name, err)
	}
	defer func() { _ = restore() }()
	return work()
}

// spread does work on the harness's cores and the contenders' together.
func (c *cell) spread(work func()) {
	var cpus []int
	if len(c.harnessCPUs) > 0 {
		cpus = slices.Concat(c.harnessCPUs, c.cpus)
	}
	c.run.outside.spread(cpus, work)
}

// inOrder draws the order in which cells have their turns.
func (r *Run) inOrder(cells []*cell, turn int) []*cell {
	var drawn []*cell
	for _, at := range draw.Stream(r.Nonce, "cells", turn).Perm(len(cells)) {
		drawn = append(drawn, cells[at])
	}
	return drawn
}

// stopReason says why a run ends: for its one cell, or why none of several goes on.
func stopReason(cells []*cell, reasons []string, turn int) string {
	slices.Sort(reasons)
	if reasons = slices.Compact(reasons); len(reasons) == 1 && len(cells) == 1 {
		return reasons[0]
	}
	return fmt.Sprintf("no cell goes on after %d turns: %s", turn-1, strings.Join(reasons, "; "))
}

func (r *Run) nextLaunch() int {
	r.launches++
	return r.launches
}
