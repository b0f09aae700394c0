package evidence

// This file tests a bundle's cells, and that files of samples without them are read.

import (
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"

	"cupel/internal/suite"
)

func TestACellIsABundleByItself(t *testing.T) {
	b := &Bundle{
		Plan: suite.Plan{Batch: 1, Cells: []suite.CellPlan{
			{Cell: suite.Cell{Name: "batch-1", Batch: 1, Threads: 1}},
			{Cell: suite.Cell{Name: "batch-16", Batch: 16, Threads: 1}, Classic: suite.ClassicPlan{Rows: 16}},
		}},
		Environment: Environment{CellPlacements: map[string]Placement{"batch-16": {Contender: []int{1}}}},
		Ledger:      []LedgerRow{{Event: EventPlan}, {Cell: "batch-1", Launch: 1}, {Cell: "batch-16", Launch: 2}, {Event: EventStopped}},
		Blocks:      []Block{{Cell: "batch-1"}, {Cell: "batch-16", FirstRound: 1}},
	}
	cells, err := b.Cells()
	if err != nil || len(cells) != 2 {
		t.Fatalf("%d cells, %v", len(cells), err)
	}
	c := cells[1]
	if c.Plan.Batch != 16 || c.Plan.Classic.Rows != 16 || len(c.Plan.Cells) != 1 || !slices.Equal(c.Environment.Placement.Contender, []int{1}) {
		t.Errorf("plan %+v, placement %+v", c.Plan, c.Environment.Placement)
	}
	if len(c.Ledger) != 3 || c.Ledger[1].Launch != 2 || len(c.Blocks) != 1 || c.Blocks[0].FirstRound != 1 {
		t.Errorf("ledger %+v, blocks %+v", c.Ledger, c.Blocks)
	}
	if len(b.Ledger) != 4 || len(b.Blocks) != 2 {
		t.Error("the bundle itself has changed")
	}
	if _, err := b.Cell("batch-2"); err == nil {
		t.Error("a cell that is not there")
	}
	if cells, err := c.Cells(); err != nil || len(cells) != 1 || cells[0] != c {
		t.Errorf("a bundle of one cell: %v, %v", cells, err)
	}
}

func TestSamplesFromBeforeCellsAreRead(t *testing.T) {
	w := complete(t)
	if err := writeOlder(w.Path(SamplesFile(1, "a"))); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteSamples(2, "a", []Sample{{Launch: 2, Contender: "a", Cell: "batch-16", Phase: PhaseShort, InnerNanoseconds: 8}, {Launch: 2, Contender: "a"}}); err != nil {
		t.Fatal(err)
	}
	b, err := Open(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	before, err := b.Samples(1, "a")
	if err != nil || len(before) != 1 || before[0].Cell != "" || before[0].InnerNanoseconds != 7 {
		t.Errorf("%+v, %v", before, err)
	}
	now, err := b.Samples(2, "a")
	if err != nil || len(now) != 2 || now[0].Cell != "batch-16" || now[1].Cell != "" {
		t.Errorf("%+v, %v", now, err)
	}
}

func TestSamplesFromBeforeTheHarnesssWaitsAreRead(t *testing.T) {
	type Sample struct {
		Launch    int32   `parquet:"launch"`
		Contender string  `parquet:"contender,dict"`
		Cell      *string `parquet:"cell,dict,optional"`
		Replicate int32   `parquet:"replicate"`
		Phase     string  `parquet:"phase,dict"`
		Round     int32   `parquet:"round"`
		Calls     int32   `parquet:"calls"`
		Warmup    int32   `parquet:"warmup"`
		Rows      int32   `parquet:"rows"`
		Start     *int64  `parquet:"start_ns,optional"`
		Outer     *int64  `parquet:"outer_ns,optional"`
		Inner     int64   `parquet:"inner_ns"`
		CPU       *int64  `parquet:"cpu_ns,optional"`
		Before    *int64  `parquet:"canary_before_ns,optional"`
		After     *int64  `parquet:"canary_after_ns,optional"`
	}
	w := complete(t)
	if err := parquet.WriteFile(w.Path(SamplesFile(1, "a")), []Sample{{Launch: 1, Contender: "a", Phase: PhaseLong, Inner: 7}}); err != nil {
		t.Fatal(err)
	}
	waited := int64(5)
	if err := w.WriteSamples(2, "a", []evidenceSample{{Launch: 2, Contender: "a", HarnessWaitNanoseconds: &waited}, {Launch: 2, Contender: "a"}}); err != nil {
		t.Fatal(err)
	}
	b, err := Open(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	before, err := b.Samples(1, "a")
	if err != nil || len(before) != 1 || before[0].InnerNanoseconds != 7 || before[0].HarnessWaitNanoseconds != nil {
		t.Errorf("%+v, %v", before, err)
	}
	now, err := b.Samples(2, "a")
	if err != nil || len(now) != 2 || now[0].HarnessWaitNanoseconds == nil || *now[0].HarnessWaitNanoseconds != 5 || now[1].HarnessWaitNanoseconds != nil {
		t.Errorf("%+v, %v", now, err)
	}
}

// evidenceSample is a sample by a name that tests of earlier ones do not hide.
type evidenceSample = Sample

// writeOlder writes a sample as it was written before there were cells.
func writeOlder(path string) error {
	type Sample struct {
		Launch    int32  `parquet:"launch"`
		Contender string `parquet:"contender,dict"`
		Replicate int32  `parquet:"replicate"`
		Phase     string `parquet:"phase,dict"`
		Round     int32  `parquet:"round"`
		Calls     int32  `parquet:"calls"`
		Warmup    int32  `parquet:"warmup"`
		Rows      int32  `parquet:"rows"`
		Start     *int64 `parquet:"start_ns,optional"`
		Outer     *int64 `parquet:"outer_ns,optional"`
		Inner     int64  `parquet:"inner_ns"`
		CPU       *int64 `parquet:"cpu_ns,optional"`
		Before    *int64 `parquet:"canary_before_ns,optional"`
		After     *int64 `parquet:"canary_after_ns,optional"`
	}
	return parquet.WriteFile(path, []Sample{{Launch: 1, Contender: "a", Phase: PhaseShort, Inner: 7}})
}
