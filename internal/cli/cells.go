package cli

// This file holds what `cupel run` does for the cells of a suite, and for a suite of
// trainings.

import (
	"errors"
	"fmt"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/measure"
	"cupel/internal/observe"
	"cupel/internal/suite"
)

// placeCells chooses the cores of each cell, by its threads. whole is the placement
// of the first, which the harness has taken already.
func placeCells(cells []suite.CellPlan, whole evidence.Placement) (map[string]evidence.Placement, error) {
	if len(cells) == 0 {
		return nil, nil
	}
	topology, err := observe.ReadTopology()
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, err
	}
	placements := map[string]evidence.Placement{}
	for _, cell := range cells {
		placement := whole
		if err == nil {
			placement = observe.ChooseCores(topology, cell.Threads)
		}
		placements[cell.Name] = placement
	}
	return placements, nil
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
