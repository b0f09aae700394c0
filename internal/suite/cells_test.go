package suite

// This file tests suites with several cells and their plans.

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func planOf(t *testing.T, change ...string) *Plan {
	t.Helper()
	s, err := Parse("own.toml", ".", []byte(strings.NewReplacer(change...).Replace(own)))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Plan(Options{Nonce: "n"})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestCellsAreAllPairsOfThreadsAndBatch(t *testing.T) {
	for _, test := range []struct {
		threads, batch, want string
	}{
		{"[1]", "[1, 16, 256]", "batch-1 batch-16 batch-256"},
		{"[1, 2]", "1", "threads-1 threads-2"},
		{"[2, 1]", "[1, 16]", "threads-2-batch-1 threads-2-batch-16 threads-1-batch-1 threads-1-batch-16"},
	} {
		plan := planOf(t, "threads = [1]", "threads = "+test.threads, "batch = 1", "batch = "+test.batch)
		var names []string
		for _, cell := range plan.Cells {
			names = append(names, cell.Name)
			alone, found := plan.InCell(cell.Name)
			if !found || alone.Batch != cell.Batch || alone.Threads != cell.Threads || len(alone.Cells) != 1 {
				t.Errorf("%s: %+v", cell.Name, alone)
			}
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("threads %s, batch %s: cells %s, want %s", test.threads, test.batch, got, test.want)
		}
	}
	if title := (Cell{Name: "threads-2-batch-16"}).Title(); title != "threads 2, batch 16" {
		t.Errorf("title %q", title)
	}
}

// A plan has one cell at least. Its file has no list of cells where there is one, as
// files of earlier versions.
func TestASuiteOfOneCellHasAPlanOfTheUnnamedCell(t *testing.T) {
	plan := planOf(t)
	if len(plan.Cells) != 1 || plan.Cells[0].Name != Unnamed || plan.Paired.CheckedShare != 0 || plan.Paired.RowsMost != DefaultPaired.RowsMost || plan.Agreement.Calls != 200 {
		t.Errorf("%+v", plan)
	}
	text, _, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "cell") {
		t.Errorf("%s", text)
	}
	var read Plan
	if err := json.Unmarshal(text, &read); err != nil || !reflect.DeepEqual(read.Cells, plan.Cells) {
		t.Errorf("%v: read %+v, written %+v", err, read.Cells, plan.Cells)
	}
	plan.Paired.Rounds = 7
	if alone, found := plan.InCell(Unnamed); !found || alone.Paired.Rounds != 7 || alone.Cells[0].Paired.Rounds != 7 {
		t.Errorf("%v, %+v", found, alone)
	}
	// One batch is one cell, whose calls are as many as the suite says.
	if plan = planOf(t, "batch = 1", "batch = [16]"); plan.Batch != 16 || plan.Classic.Iterations != 100 || plan.Classic.Rows != 16 || len(plan.Cells) != 1 {
		t.Errorf("%+v", plan)
	}
}

func TestACellIsSizedByItsBatch(t *testing.T) {
	plan := planOf(t, "batch = 1", "batch = [1, 16, 256]", "iterations = 100", "iterations = 10000")
	for i, want := range []struct{ iterations, rowsMost, rounds int }{{10_000, 8192, 200}, {625, 8192, 200}, {500, 51_200, 84}} {
		cell := plan.Cells[i]
		if cell.Classic.Iterations != want.iterations || cell.Paired.RowsMost != want.rowsMost || cell.Paired.Rounds != want.rounds || cell.Classic.Rows != cell.Batch {
			t.Errorf("%s: %+v", cell.Name, cell)
		}
		if cell.Paired.RowsLeast > cell.Paired.RowsMost || cell.Paired.RowsLeast < cell.Paired.RowsMost/2 {
			t.Errorf("%s: %d to %d rows", cell.Name, cell.Paired.RowsLeast, cell.Paired.RowsMost)
		}
	}
	if share := plan.Cells[2].Paired.CheckedShare; share != 1.0/16 {
		t.Errorf("share %v", share)
	}
	if few := planOf(t, "batch = 1", "batch = [1, 16]"); few.Cells[1].Classic.Iterations != 100 {
		t.Errorf("a suite of 100 calls makes %d", few.Cells[1].Classic.Iterations)
	}
}

func TestTooManyCellsAreRefused(t *testing.T) {
	var batches []string
	for batch := range maxCells + 1 {
		batches = append(batches, fmt.Sprint(batch+1))
	}
	text := strings.Replace(own, "batch = 1", "batch = ["+strings.Join(batches, ", ")+"]", 1)
	if _, err := Parse("own.toml", ".", []byte(text)); err == nil || !strings.Contains(err.Error(), "make 65 cells; expected at most 64") {
		t.Errorf("error %v", err)
	}
}
