package estimate

// This file tests the estimates of bundles with several cells.

import (
	"math"
	"testing"

	"cupel/internal/evidence"
	"cupel/internal/suite"
)

func TestHolmIsOverTheClaimsOfAllCells(t *testing.T) {
	plan := probed
	plan.Claims, plan.Contenders = []suite.ClaimPlan{{Faster: "a", Than: "b"}}, []string{"a", "b"}
	replicates := calmly.perform(map[string]engine{"a": honest(100), "b": honest(130)}, "a", "b")
	alone := derive(t, bundled(t, plan, replicates, nil)).Claims[0]

	celled := plan
	for _, name := range []string{"batch-1", "batch-2", "batch-4"} {
		celled.Cells = append(celled.Cells, suite.CellPlan{
			Cell: suite.Cell{Name: name, Batch: 1, Threads: 1}, Classic: plan.Classic, Agreement: plan.Agreement, Paired: plan.Paired, Probes: plan.Probes,
		})
	}
	// The same launches stand for each cell: an eleventh of them has no second row.
	b := bundled(t, plan, replicates, nil)
	b.Plan = celled
	var ledger []evidence.LedgerRow
	for _, cell := range celled.Cells {
		for _, row := range b.Ledger {
			row.Cell = cell.Name
			ledger = append(ledger, row)
		}
	}
	b.Ledger = ledger
	estimates, err := DeriveCellsFrom(b, FromBundle(b))
	if err != nil || len(estimates) != 3 {
		t.Fatalf("%d cells, %v", len(estimates), err)
	}
	for _, e := range estimates {
		claim := e.Claims[0]
		if claim.Verdict != Faster || claim.Ratio != alone.Ratio || e.Replicates != 10 {
			t.Errorf("%+v", claim)
		}
		if want := alone.LogP + math.Log(3); math.Abs(claim.LogP-want) > 1e-9 {
			t.Errorf("log p %v, want three times the one alone: %v", claim.LogP, want)
		}
	}
	if _, err := DeriveFrom(b, FromBundle(b)); err == nil {
		t.Error("a bundle of several cells has estimates of its own")
	}
}

func TestABundleOfOneCellIsItsOnlyCell(t *testing.T) {
	plan := probed
	plan.Claims, plan.Contenders = []suite.ClaimPlan{{Faster: "a", Than: "b"}}, []string{"a", "b"}
	b := bundled(t, plan, calmly.perform(map[string]engine{"a": honest(100), "b": honest(130)}, "a", "b"), nil)
	estimates, err := DeriveCellsFrom(b, FromBundle(b))
	if err != nil || len(estimates) != 1 || estimates[0].Claims[0].LogP != derive(t, b).Claims[0].LogP {
		t.Errorf("%+v, %v", estimates, err)
	}
}
