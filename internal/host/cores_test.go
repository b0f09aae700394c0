package host

// This file tests which cores the cells of a suite get.

import (
	"reflect"
	"testing"

	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// Cells choose among the cores that the process had before it was pinned. Among the
// harness's own cores there would be one, and nothing would be pinned.
func TestCellsChooseOfAllCores(t *testing.T) {
	had, err := takeCores(1)
	if err != nil {
		t.Fatal(err)
	}
	defer had.unpin()
	placed := had.OfCells([]suite.CellPlan{{Cell: suite.Cell{Name: "batch-1", Threads: 1}}, {Cell: suite.Cell{Name: "batch-16", Threads: 1}}})
	for _, cell := range []string{"batch-1", "batch-16"} {
		if !reflect.DeepEqual(placed[cell], had.Placement) {
			t.Errorf("%s is placed %+v; the whole %+v", cell, placed[cell], had.Placement)
		}
	}
	if placed := had.OfCells(nil); placed != nil {
		t.Errorf("a suite without cells: %v", placed)
	}
}

func TestCellsAreGivenAsManyCoresAsThreads(t *testing.T) {
	four := evidence.Topology{Allowed: []int{0, 1, 2, 3}}
	for cpu := range 4 {
		four.CPUs = append(four.CPUs, evidence.LogicalCPU{Number: cpu, Core: cpu, Siblings: []int{cpu}})
	}
	whole := evidence.Placement{Contender: []int{1}, Harness: []int{0}}
	cells := []suite.CellPlan{{Cell: suite.Cell{Name: "threads-1", Threads: 1}}, {Cell: suite.Cell{Name: "threads-2", Threads: 2}}}
	placed := Cores{topology: &four, Placement: whole}.OfCells(cells)
	for _, cell := range cells {
		if got := placed[cell.Name]; len(got.Contender) != cell.Threads || len(got.Harness) != 1 {
			t.Errorf("%s: %+v", cell.Name, got)
		}
	}
	// Where the topology is unknown nothing is pinned, in any cell.
	for name, got := range (Cores{Placement: whole}).OfCells(cells) {
		if !reflect.DeepEqual(got, whole) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
