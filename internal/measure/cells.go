package measure

// This file measures the cells of a plan that has several: each as a run of its
// own, on CPUs of its own, in turns with the others.

import (
	"fmt"
	"slices"
	"strings"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/observe"
)

// cells are the runs of the plan's cells: the run itself where the plan has one.
func (r *Run) cells() ([]*Run, error) {
	if len(r.Plan.Cells) < 2 {
		return []*Run{r}, nil
	}
	var cells []*Run
	for _, planned := range r.Plan.Cells {
		cell, err := r.ofCell(planned.Name)
		if err != nil {
			return nil, err
		}
		cells = append(cells, cell)
	}
	return cells, nil
}

// ofCell is the run of one cell. What it draws is its own.
func (r *Run) ofCell(name string) (*Run, error) {
	if entered := r.entered[name]; entered != nil {
		// These two the table may have been given since, as after a preview.
		entered.Control, entered.Report = r.Control, r.Report
		return entered, nil
	}
	plan, found := r.Plan.InCell(name)
	if !found {
		return nil, fmt.Errorf("the plan has no cell %q", name)
	}
	cell := *r
	cell.Plan, cell.cell, cell.table = &plan, name, r
	cell.Nonce = draw.ForCell(r.Nonce, name)
	if placement, known := r.Placements[name]; known && !slices.Equal(placement.Contender, r.CPUs) {
		cell.CPUs, cell.HarnessCPUs = placement.Contender, placement.Harness
		cell.outside = newOutside(&cell)
		// What is known of the files of code is so on any CPU.
		cell.outside.witness = r.outside.witness
	}
	if r.entered == nil {
		r.entered = map[string]*Run{}
	}
	r.entered[name] = &cell
	return &cell, nil
}

// firstCell is the run of the plan's first cell, and what leaves it.
func (r *Run) firstCell() (cell *Run, leave func(), err error) {
	if len(r.Plan.Cells) < 2 {
		return r, func() {}, nil
	}
	if cell, err = r.ofCell(r.Plan.Cells[0].Name); err != nil {
		return nil, nil, err
	}
	leave, err = cell.takeCores()
	return cell, leave, err
}

// enter does something on the cell's CPUs.
func (r *Run) enter(work func() error) error {
	leave, err := r.takeCores()
	if err != nil {
		return err
	}
	defer leave()
	return work()
}

// takeCores gives the harness the CPUs that it has beside the cell's contenders,
// where these are others than it has.
func (r *Run) takeCores() (leave func(), err error) {
	if r.table == nil || slices.Equal(r.HarnessCPUs, r.table.HarnessCPUs) {
		return func() {}, nil
	}
	cpus := r.HarnessCPUs
	if len(cpus) == 0 {
		// Nobody is bound in this cell: the harness may be where it may.
		cpus = slices.Concat(r.table.HarnessCPUs, r.table.CPUs)
	}
	restore, err := observe.PinSelf(cpus)
	if err != nil {
		return nil, fmt.Errorf("cell %s: %w", r.cell, err)
	}
	return func() { _ = restore() }, nil
}

// continueCells takes up each cell where an earlier process has left it.
func (r *Run) continueCells(bundle *evidence.Bundle) error {
	cells, err := r.cells()
	if err != nil {
		return err
	}
	for _, cell := range cells {
		alone, err := bundle.Cell(cell.cell)
		if err != nil {
			return err
		}
		if err := cell.Continue(alone); err != nil {
			return err
		}
		r.launches = max(r.launches, cell.launches)
	}
	r.spent = evidence.Measured(bundle.Ledger)
	return nil
}

// inOrder draws the order in which cells have their turns.
func (r *Run) inOrder(cells []*Run, turn int) []*Run {
	if len(cells) == 1 {
		return cells
	}
	var drawn []*Run
	for _, at := range draw.Stream(r.Nonce, "cells", turn).Perm(len(cells)) {
		drawn = append(drawn, cells[at])
	}
	return drawn
}

// stopReason says why a run ends: for its one cell, or why none of several goes on.
func stopReason(cells []*Run, reasons []string, turn int) string {
	slices.Sort(reasons)
	if reasons = slices.Compact(reasons); len(reasons) == 1 && len(cells) == 1 {
		return reasons[0]
	}
	return fmt.Sprintf("no cell goes on after %d turns: %s", turn-1, strings.Join(reasons, "; "))
}

// ofAll is the run that launches are counted in.
func (r *Run) ofAll() *Run {
	if r.table != nil {
		return r.table
	}
	return r
}

func (r *Run) nextLaunch() int {
	r.ofAll().launches++
	return r.ofAll().launches
}
