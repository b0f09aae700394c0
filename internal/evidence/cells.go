package evidence

// This file shows one cell of a bundle by itself, and reads the files of samples
// that were written before there were cells.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Cell is the bundle as if the cell of that name were all that it had: its plan,
// its rows of the ledger with those of no cell, and its blocks. What looks at a
// bundle of one cell looks at a cell so.
func (b *Bundle) Cell(name string) (*Bundle, error) {
	plan, found := b.Plan.InCell(name)
	if !found {
		return nil, fmt.Errorf("bundle: the plan has no cell %q", name)
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

// Cells are the bundle's cells by themselves: the bundle where the plan has one.
func (b *Bundle) Cells() ([]*Bundle, error) {
	if len(b.Plan.Cells) == 0 {
		return []*Bundle{b}, nil
	}
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

// cellColumn is a column that files of earlier versions lack.
const cellColumn = "cell"

// checkColumns refuses columns other than those of samples.
func checkColumns(schema *parquet.Schema) error {
	got, want := schema.String(), parquet.SchemaOf(Sample{}).String()
	if got != want && got != withoutColumn(want, cellColumn) {
		return fmt.Errorf("the columns are %s; expected %s", got, want)
	}
	return nil
}

// withoutColumn takes the line of one column out of a schema's text.
func withoutColumn(schema, column string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(schema, "\n"), func(line string) bool {
		return strings.Contains(line, " "+column+" ")
	}), "\n")
}
