package compare

// This file tests comparisons of bundles with several cells.

import (
	"errors"
	"slices"
	"testing"

	"cupel/docs/schemas"
	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// inCells shows a bundle's launches as those of each of the cells.
func inCells(b *evidence.Bundle, names ...string) *evidence.Bundle {
	rows := b.Ledger
	b.Ledger, b.Plan.Cells = nil, nil
	for _, name := range names {
		b.Plan.Cells = append(b.Plan.Cells, suite.CellPlan{
			Cell: suite.Cell{Name: name, Batch: 1, Threads: 1}, Classic: b.Plan.Classic, Agreement: b.Plan.Agreement, Paired: b.Plan.Paired, Probes: b.Plan.Probes,
		})
		for _, row := range rows {
			row.Cell = name
			b.Ledger = append(b.Ledger, row)
		}
	}
	return b
}

func TestCellsAreComparedWithTheirOwn(t *testing.T) {
	one, other := inCells(usual().bundle(t), "batch-1", "batch-16"), inCells(usual().seeded(2).bundle(t), "batch-1", "batch-16")
	r := compared(t, one, other)
	alone := compared(t, usual().bundle(t), usual().seeded(2).bundle(t))
	if r.Verdict != alone.Verdict || len(r.Pairs) != 2*len(alone.Pairs) || r.Bundles[0].Replicates != 2*alone.Bundles[0].Replicates {
		t.Errorf("%s with %d pairs, %d replicates", r.Verdict, len(r.Pairs), r.Bundles[0].Replicates)
	}
	for i, pair := range r.Pairs {
		want := alone.Pairs[i%len(alone.Pairs)]
		if pair.Cell == "" || pair.Ratios[0].Ratio != want.Ratios[0].Ratio || *pair.Within != *want.Within {
			t.Errorf("%s: %+v", pair.Title(), pair)
		}
	}
	if !slices.ContainsFunc(r.Pairs, func(p Pair) bool { return p.Title() == "a / b, batch 16" }) {
		t.Errorf("%+v", r.Pairs)
	}
	follows(t, schemas.Compare, r)
}

func TestBundlesOfOtherCellsAreNotCompared(t *testing.T) {
	for name, other := range map[string]*evidence.Bundle{
		"other cells": inCells(usual().bundle(t), "batch-1", "batch-256"),
		"fewer cells": inCells(usual().bundle(t), "batch-1"),
		"no cells":    usual().bundle(t),
	} {
		if _, err := Bundles([]string{"one", "two"}, []*evidence.Bundle{inCells(usual().bundle(t), "batch-1", "batch-16"), other}); !errors.Is(err, ErrUnlike) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Bundles([]string{"one", "two"}, []*evidence.Bundle{usual().bundle(t), inCells(usual().bundle(t), "batch-1", "batch-16")}); err == nil {
		t.Error("a bundle without cells was compared with one that has them")
	}
}
