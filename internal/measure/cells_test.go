package measure

// This file tests runs of plans with several cells.

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"cupel/internal/draw"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/suite"
)

// celled gives a plan two cells, of calls of one row and of sixteen.
func celled(plan *suite.Plan) {
	for _, batch := range []int{1, 16} {
		paired := plan.Paired
		if batch > 1 {
			paired.CheckedShare = 0.25
		}
		plan.Cells = append(plan.Cells, suite.CellPlan{
			Cell:    suite.Cell{Name: fmt.Sprintf("batch-%d", batch), Batch: batch, Threads: 1},
			Classic: suite.ClassicPlan{Warmup: 1, Iterations: 5, Rows: batch}, Agreement: plan.Agreement,
			Paired: paired, Probes: plan.Probes,
		})
	}
}

// rowwise takes so many nanoseconds for a call and so many more for each of its
// rows.
func rowwise(name string, call, row float64) script {
	return script{name: name, pace: func(int) pace {
		return func(_ time.Duration, request protocol.InferRequest) time.Duration {
			return time.Duration(math.Round(float64(request.Calls) * (call + row*float64(request.Batch))))
		}
	}}
}

func inCell(t *testing.T, b *evidence.Bundle, name string) *evidence.Bundle {
	t.Helper()
	cell, err := b.Cell(name)
	if err != nil {
		t.Fatal(err)
	}
	return cell
}

func TestEachCellIsMeasuredForItself(t *testing.T) {
	// The first is faster by the call, the second by the row.
	r := rehearse(t, "cells", func(plan *suite.Plan) { celled(plan); plan.Launches = 7 }, rowwise("a", 500, 200), rowwise("b", 1500, 100), rowwise("a@control", 500, 200))
	b := r.perform(t)
	estimates, err := estimate.DeriveCellsFrom(b, estimate.FromBundle(b))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		cell    string
		batch   int
		ratio   float64
		verdict estimate.Verdict
	}{{"batch-1", 1, 1600.0 / 700, estimate.Faster}, {"batch-16", 16, 3100.0 / 3700, estimate.Slower}} {
		claim := estimates[i].Claims[0]
		if claim.Verdict != want.verdict || math.Abs(claim.Ratio.Estimate/want.ratio-1) > 0.002 || len(claim.Replicates) != 7 {
			t.Errorf("%s: %+v", want.cell, claim)
		}
		if !estimates[i].Holds() {
			t.Errorf("%s: %+v", want.cell, estimates[i].Controls)
		}
		cell := inCell(t, b, want.cell)
		for _, name := range []string{"a", "b", "a@control"} {
			rows := ended(cell, name)
			if len(rows) != 7 {
				t.Fatalf("%s: %d launches of %s", want.cell, len(rows), name)
			}
			for _, row := range rows {
				if row.Cell != want.cell || row.Outcome != evidence.Finished || row.LabelsChecked == 0 {
					t.Errorf("%s: %+v", want.cell, row)
				}
				for _, sample := range samplesIn(t, b, row) {
					if sample.Cell != want.cell {
						t.Fatalf("launch %d: a sample of cell %q", row.Launch, sample.Cell)
					}
				}
				for _, done := range r.stage.all {
					if done.launch == row.Launch && done.inRound && done.request.Batch != want.batch {
						t.Fatalf("launch %d of %s: %+v", row.Launch, want.cell, done.request)
					}
				}
			}
		}
		if plan := cell.Plan; plan.Batch != want.batch || len(plan.Cells) != 1 {
			t.Errorf("%s: plan %+v", want.cell, plan)
		}
	}
	// They take turns: no cell has two replicates more than the other.
	made := map[string]int{}
	for _, row := range b.Ledger {
		if row.Event == evidence.EventStarted && row.Contender == "a" {
			made[row.Cell]++
			if difference := made["batch-1"] - made["batch-16"]; difference < -1 || difference > 1 {
				t.Fatalf("replicates so far: %v", made)
			}
		}
	}
	if last := b.Ledger[len(b.Ledger)-1]; last.Reason != "no cell goes on after 7 turns: 7 replicates were made and no claim needs more" {
		t.Errorf("last row %+v", last)
	}
}

func TestACellThatIsPreciseLeavesTheBudgetToOthers(t *testing.T) {
	uneven := script{name: "a", pace: func(launch int) pace {
		return func(_ time.Duration, request protocol.InferRequest) time.Duration {
			// Launches of both cells are counted together; those with batches differ.
			each := 1000.0
			if request.Batch > 1 && launch < 14 {
				each *= 1 + unlike[launch%len(unlike)]
			}
			return time.Duration(math.Round(each * float64(request.Calls)))
		}
	}}
	r := rehearse(t, "shared", func(plan *suite.Plan) { celled(plan); plan.Precision = 0.02 }, uneven, constant("b", 1200))
	b := r.perform(t)
	if one, other := len(ended(inCell(t, b, "batch-1"), "a")), len(ended(inCell(t, b, "batch-16"), "a")); one != 6 || other <= 6 {
		t.Errorf("%d replicates of the precise cell, %d of the other", one, other)
	}
}

func TestTheBudgetIsOneForAllCells(t *testing.T) {
	r := rehearse(t, "budget", func(plan *suite.Plan) { celled(plan); plan.Budget = "1ns" }, constant("a", 1000), constant("b", 1200))
	b := r.perform(t)
	for _, name := range []string{"batch-1", "batch-16"} {
		if made := len(ended(inCell(t, b, name), "a")); made != 1 {
			t.Errorf("%s: %d replicates", name, made)
		}
	}
	if last := b.Ledger[len(b.Ledger)-1]; !strings.Contains(last.Reason, "the budget of 1ns was spent after 1 of at least 6 replicates") {
		t.Errorf("last row %+v", last)
	}
}

func TestWrongInOneCellIsRightInAnother(t *testing.T) {
	for name, wrong := range map[string]func(request protocol.InferRequest, labels []byte){
		"the last row of a call":          func(request protocol.InferRequest, labels []byte) { labels[request.Batch-1] ^= 1 },
		"rows in the middle of each call": wrongInTheMiddle,
	} {
		t.Run(name, func(t *testing.T) {
			cheat := constant("cheat", 900)
			cheat.tamper = func(p *actor, request protocol.InferRequest, reply *protocol.Infer) error {
				if request.Batch > 1 && p.inRounds > 3 && len(reply.Labels) > 0 && !request.Samples {
					wrong(request, reply.Labels)
				}
				return nil
			}
			r := rehearse(t, "wrong", celled, constant("a", 1000), constant("b", 1200), cheat)
			b := r.perform(t)
			if rows := ended(inCell(t, b, "batch-16"), "cheat"); len(rows) != 1 || rows[0].Outcome != evidence.Wrong {
				t.Errorf("with batches: %+v", rows)
			}
			if rows := ended(inCell(t, b, "batch-1"), "cheat"); len(rows) != 6 || rows[5].Outcome != evidence.Finished {
				t.Errorf("with single rows: %+v", rows)
			}
			excluded := slices.IndexFunc(b.Ledger, func(row evidence.LedgerRow) bool { return row.Event == evidence.EventExcluded })
			if excluded < 0 || b.Ledger[excluded].Cell != "batch-16" {
				t.Errorf("excluded in row %d", excluded)
			}
		})
	}
}

// wrongInTheMiddle exchanges labels that decide no way: a quarter of the rows are
// compared all the same.
func wrongInTheMiddle(request protocol.InferRequest, labels []byte) {
	for i := range labels {
		if i%request.Batch == request.Batch/2 {
			labels[i] ^= 1
		}
	}
}

// A preview makes the cells before there is a control copy and a display to report to.
func TestCellsThatWerePreviewedKnowTheControlAndReport(t *testing.T) {
	r := rehearse(t, "previewed", func(plan *suite.Plan) { celled(plan); plan.Budget = "1ns" }, rowwise("a", 500, 200), rowwise("a@control", 500, 200))
	if err := r.Preview(t.Context(), r.contenders[:1]); err != nil {
		t.Fatal(err)
	}
	reports := map[string]int{}
	r.report = func(p Progress) { reports[p.Cell]++ }
	r.perform(t)
	for _, cell := range r.entered {
		if cell.control != "a" || cell.sizes["a"].Multiple < 2 || reports[cell.name] == 0 {
			t.Errorf("%s has the control %q, bursts of %+v and %d reports", cell.name, cell.control, cell.sizes["a"], reports[cell.name])
		}
	}
}

// What one cell's launches are given no other cell's are.
func TestCellsDrawTheirOwnRows(t *testing.T) {
	r := rehearse(t, "drawn", func(plan *suite.Plan) { celled(plan); plan.Budget = "1ns" }, constant("a", 1000), constant("b", 1200))
	cells, err := r.cells()
	if err != nil {
		t.Fatal(err)
	}
	one, other := draw.Values(draw.Stream(cells[0].nonce, "rounds", 1), 8), draw.Values(draw.Stream(cells[1].nonce, "rounds", 1), 8)
	if slices.Equal(one, other) || cells[0].nonce == r.Nonce {
		t.Errorf("both cells draw %v", one)
	}
}

// A run with cells that is killed goes on in each of them.
func TestCellsGoOnWhereTheyWereKilled(t *testing.T) {
	small := func(plan *suite.Plan) {
		plan.Launches, plan.Precision, plan.Paired.Rounds = 2, 0.5, 12
		celled(plan)
	}
	for _, records := range []int{3, 14, 22, 33} {
		again := killed(t, records, small, constant("a", 1000), constant("b", 1500)).takeUp(t)
		b := again.perform(t)
		started := map[int]bool{}
		for _, row := range b.Ledger {
			if row.Event == evidence.EventStarted {
				if started[row.Launch] {
					t.Errorf("killed after %d records: two launches have the number %d", records, row.Launch)
				}
				started[row.Launch] = true
			}
		}
		for _, name := range []string{"batch-1", "batch-16"} {
			both := map[int]int{}
			for _, row := range inCell(t, b, name).Ledger {
				if row.Outcome == evidence.Finished {
					both[row.Replicate]++
				}
			}
			whole := 0
			for _, finished := range both {
				whole += finished / 2
			}
			if whole < 2 {
				t.Errorf("killed after %d records: %s has %d whole replicates", records, name, whole)
			}
		}
	}
}
