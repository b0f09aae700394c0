package report

// This file shows runs with several cells: each cell's results one after the other,
// and the claims of all in one table.

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
)

// ofAll are the results of several cells.
func ofAll(bundle *evidence.Bundle, cells []*Results) *Results {
	first := cells[0]
	all := &Results{
		Bundle: bundle, Estimates: &estimate.Estimates{}, Cells: cells,
		Accuracy: first.Accuracy, Stopped: first.Stopped, Machine: first.Machine,
	}
	for i := range first.Contenders {
		all.Contenders = append(all.Contenders, all.anywhere(i))
	}
	return all
}

// anywhere is a contender as the first cell has it that measured it.
func (r *Results) anywhere(index int) Contender {
	for _, cell := range r.Cells {
		if c := cell.Contenders[index]; c.Status == Measured {
			return c
		}
	}
	return r.Cells[0].Contenders[index]
}

func (r *Results) unansweredCells() string {
	var reasons []string
	for _, cell := range r.Cells {
		if reason := cell.Unanswered(); reason != "" {
			reasons = append(reasons, cell.Cell.Title()+": "+reason)
		}
	}
	return strings.Join(reasons, "; ")
}

// writeCells writes the tables of each cell, and then the claims of all.
func (r *Results) writeCells(w io.Writer, style Style) error {
	for _, cell := range r.Cells {
		if _, err := fmt.Fprintf(w, "%s\n\n", cell.Cell.Title()); err != nil {
			return err
		}
		if err := cell.WriteTable(w, style); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	writer := PlainTable()
	writer.AppendHeader(table.Row{"cell", "claim", "times as fast", "95% interval", "verdict"})
	claims := 0
	for _, cell := range r.Cells {
		for _, c := range cell.Estimates.Claims {
			claims++
			writer.AppendRow(table.Row{cell.Cell.Title(), c.A + " / " + c.B, times(c.Ratio)(c.Ratio.Estimate), bounds(c.Ratio), string(cell.verdict(c))})
		}
	}
	if claims == 0 {
		return nil
	}
	writer.SetColumnConfigs([]table.ColumnConfig{
		{Number: 3, Align: text.AlignRight, AlignHeader: text.AlignRight}, {Number: 4, Align: text.AlignRight, AlignHeader: text.AlignRight},
	})
	_, err := fmt.Fprintln(w, writer.Render())
	return err
}

// CellSummary is one cell of comparison_summary.json.
type CellSummary struct {
	Cell       string `json:"cell"`
	Batch      int    `json:"batch"`
	Threads    int    `json:"threads"`
	Iterations int    `json:"benchmark_iterations"`
	Replicates int    `json:"replicates"`
}

// summaryOfCells has the pairs, ratios and controls of all cells, each with its
// cell's name. No pair is the first of all.
func (r *Results) summaryOfCells() ComparisonSummary {
	all := r.Cells[0].Summary()
	all.PairSummary = nil
	for i, cell := range r.Cells {
		summary := cell.Summary()
		if i > 0 {
			all.Pairs = append(all.Pairs, summary.Pairs...)
			all.SideBySide = append(all.SideBySide, summary.SideBySide...)
			all.Controls = append(all.Controls, summary.Controls...)
		}
		for _, id := range summary.Limits {
			if !slices.Contains(all.Limits, id) {
				all.Limits = append(all.Limits, id)
			}
		}
		all.Cells = append(all.Cells, CellSummary{
			Cell: cell.Cell.Name, Batch: cell.Cell.Batch, Threads: cell.Cell.Threads,
			Iterations: cell.Bundle.Plan.Classic.Iterations, Replicates: cell.Estimates.Replicates,
		})
	}
	slices.Sort(all.Limits)
	all.Absent = map[string]string{}
	for _, c := range r.Others() {
		all.Absent[c.Name] = statusText(c)
	}
	for _, cell := range r.Cells {
		for _, c := range cell.Others() {
			if _, nowhere := all.Absent[c.Name]; !nowhere {
				all.Absent[c.Name+", "+cell.Cell.Title()] = statusText(c)
			}
		}
	}
	return all
}

// resultOfCells has the figures of each cell that measured the contender. A figure's
// name has the cell in it, so that nobody takes two of them for one.
func (r *Results) resultOfCells(c *Contender) Result {
	result := Result{Config: r.config(c)}
	for _, of := range []string{"batch", "threads", "launch", "launches", "raw_samples", "benchmark_iterations"} {
		delete(result.Config, of)
	}
	for _, cell := range r.Cells {
		measured := cell.contender(c.Name)
		if measured == nil {
			continue
		}
		figures := cell.figuresOf(measured)
		figures.Name = cell.label(c.Name)
		figures.ResultCell = &ResultCell{
			Cell: cell.Cell.Name, Batch: cell.Cell.Batch, Threads: cell.Cell.Threads, Launch: measured.Launch,
			Launches: len(measured.Launches), RawSamples: evidence.SamplesFile(measured.Launch, c.Name),
		}
		result.Results = append(result.Results, figures)
	}
	return result
}

// cells writes what was measured in each cell, and the claims of all beforehand.
func (m *markdown) cells() {
	m.heading(2, "Cells")
	m.line("Each cell has launches, controls and verdicts of its own; Holm's correction is over the claims of all.\n")
	m.header("Cell", "Claim", "Times as fast", "95% interval", "Verdict", "Replicates")
	for _, cell := range m.results.Cells {
		for _, c := range cell.Estimates.Claims {
			m.row(cell.Cell.Title(), c.A+" faster than "+c.B, times(c.Ratio)(c.Ratio.Estimate), bounds(c.Ratio), string(cell.verdict(c)), fmt.Sprint(len(c.Replicates)))
		}
	}
	for _, cell := range m.results.Cells {
		page := m.ofCell(cell)
		page.measurements()
		m.text.Append(&page.text)
	}
}

func (m *markdown) ofCell(cell *Results) *markdown {
	return &markdown{results: cell, plan: cell.Bundle.Plan, of: ", " + cell.Cell.Title()}
}

func (m *markdown) cellVerdicts() {
	for i, cell := range m.results.Cells {
		page := m.ofCell(cell)
		page.verdicts()
		if page.text.String() != "" {
			if i > 0 {
				m.line("")
			}
			m.line("%s:\n", strings.ToUpper(cell.Cell.Title()[:1])+cell.Cell.Title()[1:])
			m.text.Append(&page.text)
		}
	}
}

func (m *markdown) cellRows() {
	of := func(name string, value func(*Results) int) {
		var parts []string
		for _, cell := range m.results.Cells {
			parts = append(parts, fmt.Sprint(value(cell)))
		}
		m.row(name+", by cell", strings.Join(parts, ", "))
	}
	var names []string
	for _, cell := range m.results.Cells {
		names = append(names, cell.Cell.Title())
	}
	m.row("Cells", strings.Join(names, "; "))
	of("Batch", func(r *Results) int { return r.Cell.Batch })
	of("Threads", func(r *Results) int { return r.Cell.Threads })
	of("Warmup iterations", func(r *Results) int { return r.Bundle.Plan.Classic.Warmup })
	of("Benchmark iterations", func(r *Results) int { return r.Bundle.Plan.Classic.Iterations })
	of("Rounds of a replicate", func(r *Results) int { return r.Bundle.Plan.Paired.Rounds })
}

// cellPlacements says which CPUs each cell had: what a machine with too few of them
// did stands in the reason.
func (m *markdown) cellPlacements() {
	said := map[int]bool{}
	cells := slices.SortedFunc(slices.Values(m.results.Cells), func(a, b *Results) int { return cmp.Compare(a.Cell.Threads, b.Cell.Threads) })
	for _, cell := range cells {
		if said[cell.Cell.Threads] {
			continue
		}
		said[cell.Cell.Threads] = true
		placement := cell.Bundle.Environment.Placement
		where := "nobody is bound to one"
		if len(placement.Contender) > 0 {
			where = fmt.Sprintf("harness on %v, contenders on %v", placement.Harness, placement.Contender)
		}
		m.line("- CPUs with %s: %s: %s", plural(cell.Cell.Threads, "thread", "threads"), where, cmp.Or(placement.Reason, "there was nothing to choose"))
	}
}
