package measure

// This file takes up a run where an earlier process has left it.

import (
	"maps"
	"slices"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
)

// Continue takes up the run of a bundle: its finished launches count, and its
// numbers go on, so that nothing is drawn twice from a nonce and no launch has the
// number of another. A replicate that was broken off is not made again; the plan's
// number is of whole ones.
func (r *Run) Continue(bundle *evidence.Bundle) error {
	cells, err := r.cells()
	if err != nil {
		return err
	}
	for _, cell := range cells {
		alone, err := bundle.Cell(cell.name)
		if err != nil {
			return err
		}
		if err := cell.continueFrom(alone); err != nil {
			return err
		}
	}
	r.spent = evidence.Measured(bundle.Ledger)
	return nil
}

// continueFrom takes up a cell where an earlier process has left it.
func (c *cell) continueFrom(bundle *evidence.Bundle) error {
	replicates := map[int]*replicateSoFar{}
	owed := map[string]evidence.LedgerRow{}
	for _, row := range bundle.Ledger {
		c.run.launches = max(c.run.launches, row.Launch)
		if row.Event == evidence.EventSized && row.Burst != nil {
			c.resize(row.Contender, *row.Burst)
		}
		if row.Event == evidence.EventExcluded {
			c.markExcluded(row.Contender)
			delete(owed, row.Contender)
		}
		if row.Outcome == evidence.Wrong || row.Outcome == evidence.NotApplicable {
			owed[row.Contender] = row
		}
		if row.Replicate == 0 || row.Preview {
			continue
		}
		c.replicates = max(c.replicates, row.Replicate)
		so := replicates[row.Replicate]
		if so == nil {
			so = &replicateSoFar{samples: estimate.Replicate{}, whole: true}
			replicates[row.Replicate] = so
		}
		if err := c.recall(bundle, so, row); err != nil {
			return err
		}
		if c.failures[row.Contender] >= maxFailures && !c.excluded[row.Contender] {
			owed[row.Contender] = row
		}
	}
	for number := 1; number <= c.replicates; number++ {
		if so := replicates[number]; so != nil {
			c.progress.Add(so.samples)
			if so.whole {
				c.whole++
			}
		}
	}
	return c.settle(owed)
}

// settle excludes the contenders of which an earlier session had no time to write
// down that they are.
func (c *cell) settle(owed map[string]evidence.LedgerRow) error {
	for _, name := range slices.Sorted(maps.Keys(owed)) {
		reason := string(owed[name].Outcome)
		if owed[name].Outcome == evidence.Failed {
			reason = failedOften()
		}
		if err := c.leaveOut(name, reason); err != nil {
			return err
		}
	}
	return nil
}

// replicateSoFar is what a ledger says of a replicate.
type replicateSoFar struct {
	samples estimate.Replicate
	// whole is false where a launch of it did not come to its own end.
	whole bool
}

// recall takes in one row about a launch of a replicate.
func (c *cell) recall(bundle *evidence.Bundle, so *replicateSoFar, row evidence.LedgerRow) error {
	if row.Event != evidence.EventEnded {
		return nil
	}
	switch row.Outcome {
	case evidence.Lost, evidence.Interrupted:
		so.whole = false
	case evidence.Failed:
		c.countFailure(row.Contender)
	case evidence.Finished:
		if row.Role != "" {
			return nil
		}
		samples, err := bundle.Samples(row.Launch, row.Contender)
		if err != nil {
			return err
		}
		so.samples[row.Contender] = samples
	}
	return nil
}
