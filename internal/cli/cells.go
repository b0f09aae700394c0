package cli

// This file holds what `cupel run` does for the cells of a suite, and for a suite of
// trainings.

import (
	"fmt"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/measure"
	"cupel/internal/observe"
	"cupel/internal/suite"
)

// placeCells chooses the cores of each cell, by its threads, of those that this process
// had before it took the harness's.
func placeCells(cells []suite.CellPlan, had cores) map[string]evidence.Placement {
	if len(cells) == 0 {
		return nil
	}
	placements := map[string]evidence.Placement{}
	for _, cell := range cells {
		placement := had.placement
		if had.topology != nil {
			placement = observe.ChooseCores(*had.topology, cell.Threads)
		}
		placements[cell.Name] = placement
	}
	return placements
}

// roundsOf is how many rounds a replicate of a cell has.
func (r *runner) roundsOf(cell string) int {
	if plan, found := r.plan.InCell(cell); found {
		return plan.Paired.Rounds
	}
	return r.plan.Paired.Rounds
}

// prepareTraining makes the data of a suite of trainings: it has no model.
func (r *runner) prepareTraining() (*measure.Material, error) {
	material, err := measure.PrepareTraining(r.suite.Workload)
	if err != nil {
		return nil, err
	}
	train := r.plan.Train
	fmt.Fprintf(r.stderr, "trainings of %d epochs over %d of %d rows\n", train.Epochs, train.Rows, material.TrainingRows)
	return material, r.bundle.Append(evidence.LedgerRow{
		Time: time.Now(), Event: evidence.EventFitted, SHA256: material.Digests, TrainingRows: material.TrainingRows,
	})
}
