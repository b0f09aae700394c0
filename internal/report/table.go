package report

// This file writes the table that a terminal shows.

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Style says how a terminal's table may look.
type Style struct {
	// Color allows escape sequences for colour.
	Color bool
	// Width is the terminal's width in columns, or 0 where there is none.
	Width int
}

// WriteTable writes the classic figures, the fastest contender first, then the
// ratios side by side with the controls, and under them one line for each
// contender without figures.
func (r *Results) WriteTable(w io.Writer, style Style) error {
	if len(r.Cells) > 0 {
		return r.writeCells(w, style)
	}
	if err := r.WritePreview(w, style); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	if err := r.writeComparisons(w, style); err != nil {
		return err
	}
	for _, line := range r.notes(r.Measured()) {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// WritePreview writes the table alone.
func (r *Results) WritePreview(w io.Writer, style Style) error {
	measured := r.Measured()
	if len(measured) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(w, r.table(measured, style))
	return err
}

func (r *Results) table(measured []*Contender, style Style) string {
	writer := PlainTable()
	writer.AppendHeader(table.Row{"contender", "p50 µs", "p95 µs", "p99 µs", "mean µs", "p50 over launches", "times the fastest", "parameters"})
	for i, c := range measured {
		least, greatest := c.Spread()
		row := table.Row{
			c.Name, microseconds(c.Summary.P50), microseconds(c.Summary.P95), microseconds(c.Summary.P99), microseconds(c.Summary.Mean),
			fmt.Sprintf("%s-%s (%d)", microseconds(least), microseconds(greatest), len(c.Launches)),
			ratio(c.Summary.P50 / measured[0].Summary.P50), c.Statement.Parameters,
		}
		if i == 0 && style.Color {
			row[0] = text.Colors{text.Bold, text.FgGreen}.Sprint(c.Name)
		}
		writer.AppendRow(row)
	}
	var columns []table.ColumnConfig
	for number := 2; number <= 8; number++ {
		columns = append(columns, table.ColumnConfig{Number: number, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	writer.SetColumnConfigs(columns)
	return writer.Render()
}

// PlainTable is a table without more lines than one under its header.
func PlainTable() table.Writer {
	writer := table.NewWriter()
	writer.SetStyle(table.StyleLight)
	writer.Style().Format.Header = text.FormatDefault
	writer.Style().Options.SeparateColumns = false
	writer.Style().Options.DrawBorder = false
	return writer
}

// notes are the lines under a table.
func (r *Results) notes(measured []*Contender) []string {
	var notes []string
	full := r.Bundle.Plan.Model.Parameters()
	for _, c := range measured {
		if r.Reduced(c) {
			notes = append(notes, fmt.Sprintf("%s holds an equivalent model of %d parameters, the suite's has %d", c.Name, c.Statement.Parameters, full))
		}
		if slices.Contains(r.Bundle.Plan.Own, c.Name) {
			notes = append(notes, c.Name+" is run by the suite's own command, not by a runner of cupel's"+r.withoutTwin(c))
		}
		if c.FailedLaunches > 0 {
			notes = append(notes, fmt.Sprintf("%s failed in %d of its launches", c.Name, c.FailedLaunches))
		}
	}
	for _, c := range r.Others() {
		notes = append(notes, c.Name+" "+statusText(c))
	}
	return notes
}

// withoutTwin says of a contender that calls itself by a built-in engine's name that
// cupel's own runner of that engine was not measured beside it, which would show one that
// was slowed down on purpose.
func (r *Results) withoutTwin(c *Contender) string {
	name := strings.ToLower(c.Statement.Hello.Name)
	if _, known := r.Bundle.Plan.Engine(name); !known || r.Bundle.Plan.Canonical[c.Name] != "" {
		return ""
	}
	return fmt.Sprintf(", and cupel's runner of %s was not measured beside it (engine = %q in the suite asks for that)", name, name)
}

// microseconds prints nanoseconds as microseconds, to the nanosecond: clocks
// here resolve no more.
func microseconds(nanoseconds float64) string { return fmt.Sprintf("%.3f", nanoseconds/1e3) }

// ratio prints three significant digits, which is what one classic run bears.
func ratio(x float64) string {
	switch {
	case x >= 99.95:
		return fmt.Sprintf("%.0fx", x)
	case x >= 9.995:
		return fmt.Sprintf("%.1fx", x)
	default:
		return fmt.Sprintf("%.2fx", x)
	}
}
