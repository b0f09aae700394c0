package suite

// This file holds cells: the combinations of threads and batch that a suite asks
// for, each measured, judged and reported for itself.

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Cell is one number of threads and one batch.
type Cell struct {
	// Name says what tells the cell from the suite's others, such as "batch-16" or
	// "threads-2-batch-16"; empty where there are no others.
	Name    string `json:"name"`
	Batch   int    `json:"batch"`
	Threads int    `json:"threads"`
}

// Title is the name as a reader has it, such as "threads 2, batch 16".
func (c Cell) Title() string {
	return strings.ReplaceAll(strings.ReplaceAll(c.Name, "-batch", ", batch"), "-", " ")
}

// maxCells bounds a suite's cells: each takes at least as many launches as a suite
// of its own.
const maxCells = 64

// cellsOf combines threads and batches, a cell for each pair, in the order given.
func cellsOf(threads, batches []int) []Cell {
	var cells []Cell
	for _, thread := range threads {
		for _, batch := range batches {
			cells = append(cells, Cell{Name: cellName(thread, batch, len(threads) > 1, len(batches) > 1), Batch: batch, Threads: thread})
		}
	}
	return cells
}

func cellName(threads, batch int, severalThreads, severalBatches bool) string {
	switch {
	case severalThreads && severalBatches:
		return fmt.Sprintf("threads-%d-batch-%d", threads, batch)
	case severalThreads:
		return fmt.Sprintf("threads-%d", threads)
	case severalBatches:
		return fmt.Sprintf("batch-%d", batch)
	default:
		return ""
	}
}

// CellPlan is a cell with what is sized by its batch; in all else a cell has the
// whole plan.
type CellPlan struct {
	Cell
	Classic   ClassicPlan   `json:"classic"`
	Agreement AgreementPlan `json:"agreement"`
	Paired    PairedPlan    `json:"paired"`
	Probes    ProbesPlan    `json:"probes"`
}

// cellRules are the rules of a plan with cells, beside those of every plan.
var cellRules = []string{
	"Each cell is measured with launches, replicates and controls of its own and has verdicts of its own. Cells take turns, a replicate each, in an order drawn from the nonce, and share the budget; Holm's correction is over the claims of all cells.",
	"A contender that is wrong or fails in one cell has figures in the others where it is right there.",
	"Of a large batch, the labels that decide the way and those of a drawn share of the rows are compared with the reference.",
}

// cellPlans are the plan's cells.
func (s *Suite) cellPlans() []CellPlan {
	var plans []CellPlan
	for _, cell := range s.Workload.Cells {
		plans = append(plans, CellPlan{
			Cell: cell, Classic: s.classic(cell), Agreement: defaultAgreement.forBatch(cell.Batch),
			Paired: DefaultPaired.forBatch(cell.Batch), Probes: DefaultProbes.forBatch(cell.Batch),
		})
		if s.Workload.Kind == KindFit {
			plans[len(plans)-1].Paired, plans[len(plans)-1].Probes = fitPaired, ProbesPlan{Widths: []int{}}
		}
	}
	return plans
}

// leastIterations is how many calls the classic protocol times in a cell at least,
// where the suite asks for as many.
const leastIterations = 500

// classic is the classic protocol of a cell. Where there are several, a call of a
// batch counts as its rows do, so that a cell with a large one does not take the
// budget of all.
func (s *Suite) classic(cell Cell) ClassicPlan {
	plan := ClassicPlan{Warmup: s.Protocol.Warmup, Iterations: s.Protocol.Iterations, Rows: cell.Batch}
	if len(s.Workload.Cells) > 1 {
		plan.Iterations = max(plan.Iterations/cell.Batch, min(plan.Iterations, leastIterations))
	}
	return plan
}

// How sizes follow the batch. A file has so many rows for each row of a call that a
// contender who keeps labels finds few of them again. The reference takes as long
// for a row as an engine does, so of a large batch the labels of a share of the rows
// are compared, and a launch has fewer bursts, since each takes longer.
const (
	rowsPerBatchRow  = 200
	checkedBatchRows = 16
	largeBatch       = 64
)

// forBatch sizes bursts for a batch.
func (p PairedPlan) forBatch(batch int) PairedPlan {
	if rows := rowsPerBatchRow * batch; rows > p.RowsMost {
		p.RowsLeast, p.RowsMost = p.RowsLeast*rows/p.RowsMost, rows
	}
	if batch > checkedBatchRows {
		p.CheckedShare = checkedBatchRows / float64(batch)
	}
	if batch >= largeBatch {
		p.Rounds, p.LongEvery = 84, 6
		p.Steady.Bursts = 32
	}
	return p
}

// forBatch makes as many calls as it takes for a path that turns often.
func (p AgreementPlan) forBatch(batch int) AgreementPlan {
	p.Calls = max(p.Calls/batch, 20)
	return p
}

// forBatch leaves out what takes a large batch longest.
func (p ProbesPlan) forBatch(batch int) ProbesPlan {
	if batch >= largeBatch {
		p.Widths, p.Bursts = []int{1, 2, 4}, 3
	}
	return p
}

// Unnamed is the name of a plan's cell where the suite asks for one. Ledger rows and
// samples of such a run name no cell.
const Unnamed = ""

// unnamedCell is the cell of a plan that has one: its sizes are the plan's own.
func (p Plan) unnamedCell() CellPlan {
	return CellPlan{
		Cell: Cell{Name: Unnamed, Batch: p.Batch, Threads: p.Threads}, Classic: p.Classic,
		Agreement: p.Agreement, Paired: p.Paired, Probes: p.Probes,
	}
}

// InCell is the plan as if the cell of that name were its only one, and false where
// there is none of that name. The unnamed cell has the plan's own sizes.
func (p Plan) InCell(name string) (Plan, bool) {
	if name == Unnamed && len(p.Cells) < 2 {
		p.Cells = []CellPlan{p.unnamedCell()}
		return p, true
	}
	for _, cell := range p.Cells {
		if cell.Name != name {
			continue
		}
		p.Batch, p.Threads, p.Cells = cell.Batch, cell.Threads, []CellPlan{cell}
		p.Classic, p.Agreement, p.Paired, p.Probes = cell.Classic, cell.Agreement, cell.Paired, cell.Probes
		return p, true
	}
	return Plan{}, false
}

// planFile is a plan as plan.json holds it. The file of a plan with the unnamed cell
// has no list of cells: its sizes stand beside it already, files of earlier versions
// have none either, and an audit compares the digest of a plan made again with theirs.
type planFile Plan

// MarshalJSON implements json.Marshaler.
func (p Plan) MarshalJSON() ([]byte, error) {
	if len(p.Cells) == 1 && p.Cells[0].Name == Unnamed {
		p.Cells = nil
	}
	return json.Marshal(planFile(p))
}

// UnmarshalJSON implements json.Unmarshaler. A plan that was read has one cell at
// least.
func (p *Plan) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, (*planFile)(p)); err != nil {
		return err
	}
	if len(p.Cells) == 0 {
		p.Cells = []CellPlan{p.unnamedCell()}
	}
	return nil
}
