package suite

// This file holds cells: the combinations of threads and batch size in a suite. Each cell
// is measured, judged and reported separately.

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Cell is one number of threads and one batch size.
type Cell struct {
	// Name tells the cell from the suite's other cells, such as "batch-16" or
	// "threads-2-batch-16". It is empty in a suite with one cell.
	Name    string `json:"name"`
	Batch   int    `json:"batch"`
	Threads int    `json:"threads"`
}

// Title returns the name for a reader, such as "threads 2, batch 16".
func (c Cell) Title() string {
	return strings.ReplaceAll(strings.ReplaceAll(c.Name, "-batch", ", batch"), "-", " ")
}

// maxCells bounds a suite's cells: each takes as many launches as a suite with one cell.
const maxCells = 64

// cellsOf combines threads and batches: one cell for each pair, in the given order.
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

// CellPlan is a cell with the sizes that depend on its batch. Everything else in the plan
// holds for all cells.
type CellPlan struct {
	Cell
	Classic   ClassicPlan   `json:"classic"`
	Agreement AgreementPlan `json:"agreement"`
	Paired    PairedPlan    `json:"paired"`
	Probes    ProbesPlan    `json:"probes"`
}

// cellRules are the additional rules of a plan with several cells.
var cellRules = []string{
	"Each cell is measured with launches, replicates and controls of its own and has verdicts of its own. Cells take turns, a replicate each, in an order drawn from the nonce, and share the budget; Holm's correction is over the claims of all cells.",
	"A contender that is wrong or fails in one cell has figures in the others where it is right there.",
	"Of a large batch, the labels that decide the way and those of a drawn share of the rows are compared with the reference.",
}

// cellPlans returns the plan's cells.
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

// leastIterations is the least number of calls that the classic protocol times in a cell,
// unless the suite asks for fewer.
const leastIterations = 500

// classic returns the classic protocol of a cell. In a suite with several cells, each row
// of a batch counts as a call, so that a cell with a large batch does not use up the budget
// of all.
func (s *Suite) classic(cell Cell) ClassicPlan {
	plan := ClassicPlan{Warmup: s.Protocol.Warmup, Iterations: s.Protocol.Iterations, Rows: cell.Batch}
	if len(s.Workload.Cells) > 1 {
		plan.Iterations = max(plan.Iterations/cell.Batch, min(plan.Iterations, leastIterations))
	}
	return plan
}

// How sizes follow the batch. A file has many rows for each row of a call, so that a
// contender that caches labels finds few of them again. The reference takes as long for a
// row as an engine does. With a large batch, therefore, only a share of the labels is
// compared, and a launch has fewer bursts.
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

// forBatch sets the number of calls so that the path branches often.
func (p AgreementPlan) forBatch(batch int) AgreementPlan {
	p.Calls = max(p.Calls/batch, 20)
	return p
}

// forBatch leaves out the probes that are slowest with a large batch.
func (p ProbesPlan) forBatch(batch int) ProbesPlan {
	if batch >= largeBatch {
		p.Widths, p.Bursts = []int{1, 2, 4}, 3
	}
	return p
}

// Unnamed is the name of the only cell in a plan. Ledger rows and samples of such a run
// name no cell.
const Unnamed = ""

// unnamedCell returns the cell of a plan with one cell: its sizes are those of the plan.
func (p Plan) unnamedCell() CellPlan {
	return CellPlan{
		Cell: Cell{Name: Unnamed, Batch: p.Batch, Threads: p.Threads}, Classic: p.Classic,
		Agreement: p.Agreement, Paired: p.Paired, Probes: p.Probes,
	}
}

// InCell returns the plan as if the named cell were its only cell. found is false if there
// is no such cell. The unnamed cell has the plan's own sizes.
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

// planFile is a plan as in plan.json. The file of a plan with only the unnamed cell has no
// list of cells, because its sizes are already in the file. Files of earlier versions have
// no list either, and an audit compares the digest of a plan that is made again with
// theirs.
type planFile Plan

// MarshalJSON implements json.Marshaler.
func (p Plan) MarshalJSON() ([]byte, error) {
	if len(p.Cells) == 1 && p.Cells[0].Name == Unnamed {
		p.Cells = nil
	}
	return json.Marshal(planFile(p))
}

// UnmarshalJSON implements json.Unmarshaler. It gives each plan at least one cell.
func (p *Plan) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, (*planFile)(p)); err != nil {
		return err
	}
	if len(p.Cells) == 0 {
		p.Cells = []CellPlan{p.unnamedCell()}
	}
	return nil
}
