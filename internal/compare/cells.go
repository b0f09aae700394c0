package compare

// This file compares bundles, cell by cell.

import (
	"fmt"
	"slices"

	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// Title is the contender as a reader has it, with its cell where there are several.
func (c Change) Title() string { return c.Contender + inCell(c.Cell) }

// Title is the pair as a reader has it, with its cell where there are several.
func (p Pair) Title() string { return p.Faster + " / " + p.Than + inCell(p.Cell) }

func inCell(name string) string {
	if name == "" {
		return ""
	}
	return ", " + suite.Cell{Name: name}.Title()
}

// Bundles compares bundles, named by their directories, in each cell of the first.
// What is said of a bundle is said of all its cells: its controls hold where they hold
// in each.
func Bundles(names []string, bundles []*evidence.Bundle) (*Result, error) {
	var all *Result
	for _, cell := range bundles[0].Plan.Cells {
		var views []*evidence.Bundle
		for i, b := range bundles {
			view, err := b.Cell(cell.Name)
			if err != nil || len(b.Plan.Cells) != len(bundles[0].Plan.Cells) {
				return nil, fmt.Errorf("%w: %s and %s differ in cells", ErrUnlike, names[0], names[i])
			}
			views = append(views, view)
		}
		one, err := inOneCell(names, views)
		if err != nil {
			return nil, err
		}
		for i := range one.Pairs {
			one.Pairs[i].Cell = cell.Name
		}
		if all == nil {
			all = one
			continue
		}
		all.Pairs = append(all.Pairs, one.Pairs...)
		for i := range all.Bundles {
			all.Bundles[i].add(one.Bundles[i])
		}
	}
	all.judge()
	return all, nil
}

// add takes in the same bundle in another cell.
func (b *Bundle) add(other Bundle) {
	b.Replicates += other.Replicates
	b.Controls = b.Controls && other.Controls
	for _, name := range other.Missing {
		if !slices.Contains(b.Missing, name) {
			b.Missing = append(b.Missing, name)
		}
	}
}
