package evidence

// This file shows one cell of a bundle by itself, and knows the columns of samples that
// files of earlier versions lack.

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Cell is the bundle as if the cell of that name were all that it had: its plan,
// its rows of the ledger with those of no cell, and its blocks. The unnamed cell of a
// bundle is the bundle.
func (b *Bundle) Cell(name string) (*Bundle, error) {
	plan, found := b.Plan.InCell(name)
	if !found {
		return nil, fmt.Errorf("bundle: the plan has no cell %q", name)
	}
	if name == b.cell {
		return b, nil
	}
	cell := *b
	cell.Plan, cell.cell = plan, name
	if placement, known := b.Environment.CellPlacements[name]; known {
		cell.Environment.Placement = placement
	}
	cell.Ledger = slices.DeleteFunc(slices.Clone(b.Ledger), func(row LedgerRow) bool { return row.Cell != "" && row.Cell != name })
	cell.Blocks = slices.DeleteFunc(slices.Clone(b.Blocks), func(row Block) bool { return row.Cell != name })
	return &cell, nil
}

// CellName names the cell that the bundle is of; it is empty for the whole and for the
// unnamed cell.
func (b *Bundle) CellName() string { return b.cell }

// Cells are the bundle's cells by themselves; there is one at least.
func (b *Bundle) Cells() ([]*Bundle, error) {
	var cells []*Bundle
	for _, planned := range b.Plan.Cells {
		cell, err := b.Cell(planned.Name)
		if err != nil {
			return nil, err
		}
		cells = append(cells, cell)
	}
	return cells, nil
}

// laterColumns are those that files of earlier versions lack, the last one first: who
// lacks one lacks those before it here as well.
var laterColumns = []string{"harness_wait_ns", "cell"}

// checkColumns refuses columns other than those of samples.
func checkColumns(schema *parquet.Schema) error {
	due := parquet.SchemaOf(Sample{})
	earlier := due.String()
	for _, later := range laterColumns {
		if earlier = withoutColumn(earlier, later); schema.String() == earlier {
			return nil
		}
	}
	return sameColumns(schema, due)
}

// sameColumns refuses columns other than those due. A schema's text has a line for
// each; an error has one for all, of which the first that differ are named.
func sameColumns(schema, due *parquet.Schema) error {
	if schema.String() == due.String() {
		return nil
	}
	got, want := columnLines(schema), columnLines(due)
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(want):
			return fmt.Errorf("there are %d columns; expected %d", len(got), len(want))
		case i >= len(got):
			return fmt.Errorf("there are no more columns after %d; expected %q", len(got), want[i])
		case got[i] != want[i]:
			return fmt.Errorf("of the columns the one with number %d is %.200q; expected %q", i+1, got[i], want[i])
		}
	}
	return errors.New("the columns have another message's name")
}

// columnLines are the lines of a schema's columns.
func columnLines(schema *parquet.Schema) []string {
	var lines []string
	for line := range strings.Lines(schema.String()) {
		if line = strings.TrimSpace(line); strings.HasSuffix(line, ";") {
			lines = append(lines, line)
		}
	}
	return lines
}

// withoutColumn takes the line of one column out of a schema's text.
func withoutColumn(schema, column string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(schema, "\n"), func(line string) bool {
		return strings.Contains(line, " "+column+" ")
	}), "\n")
}
