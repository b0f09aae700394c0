package results

// This file reads the report's tables and judges the digits of their figures.

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/estimate"
	"cupel/internal/stats"
)

// markdownTable is a table of a Markdown page.
type markdownTable struct {
	Header []string
	Rows   [][]string
}

// MarkdownTables finds the tables of a page.
func MarkdownTables(page string) []markdownTable {
	var tables []markdownTable
	var open *markdownTable
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			open = nil
			continue
		}
		cells := tableCells(line)
		switch {
		case open == nil:
			tables = append(tables, markdownTable{Header: cells})
			open = &tables[len(tables)-1]
		case strings.Trim(line, "|-: ") == "":
		case len(cells) == len(open.Header):
			open.Rows = append(open.Rows, cells)
		}
	}
	return tables
}

func tableCells(line string) []string {
	cells := strings.Split(strings.Trim(line, "|"), "|")
	for i, cell := range cells {
		cells[i] = strings.Trim(strings.TrimSpace(cell), "*")
	}
	return cells
}

// tabulation says what a cell of a table holds.
type tabulation int

const (
	NotTabulated tabulation = iota
	Microseconds
)

// latencies are the columns, or rows, of tables of latency.
var latencies = map[string]func(stats.Summary) float64{
	"p50 (us)": func(s stats.Summary) float64 { return s.P50 / 1e3 }, "p95 (us)": func(s stats.Summary) float64 { return s.P95 / 1e3 },
	"p99 (us)": func(s stats.Summary) float64 { return s.P99 / 1e3 }, "Mean (us)": func(s stats.Summary) float64 { return s.Mean / 1e3 },
	"Std Dev (us)": func(s stats.Summary) float64 { return s.StdDev / 1e3 }, "Min (us)": func(s stats.Summary) float64 { return s.Min / 1e3 },
	"Max (us)": func(s stats.Summary) float64 { return s.Max / 1e3 },
}

// Tabulated is what a cell should hold: a table has contenders as rows and latencies
// as columns, or the other way round.
func Tabulated(c *audit.Case, header, row []string, at int) (float64, tabulation) {
	column, name := header[at], row[0]
	if latencies[column] == nil {
		column, name = row[0], header[at]
	}
	of, contender := latencies[column], c.Contender(name)
	if of == nil || contender == nil {
		return 0, NotTabulated
	}
	if _, launch := Of(c, contender); launch != nil {
		return of(launch.Calls.Summary), Microseconds
	}
	return 0, NotTabulated
}

var printed = regexp.MustCompile(`^[+-]?[\d,]*\.?\d+(e[+-]?\d+)?`)

// PrintedNumber reads a printed figure and what its last digit is worth.
func PrintedNumber(text string) (value, digit float64, ok bool) {
	found := printed.FindString(strings.TrimSpace(text))
	found = strings.ReplaceAll(found, ",", "")
	value, err := strconv.ParseFloat(found, 64)
	if err != nil {
		return 0, 0, false
	}
	mantissa, exponent, scientific := strings.Cut(found, "e")
	_, fraction, _ := strings.Cut(mantissa, ".")
	digit = math.Pow(10, -float64(len(fraction)))
	if scientific {
		power, err := strconv.Atoi(exponent)
		if err != nil {
			return 0, 0, false
		}
		digit *= math.Pow(10, float64(power))
	}
	return value, digit, true
}

// DigitsFault says what is wrong with a printed figure, nothing where all is well.
func DigitsFault(cell string, computed float64, kind tabulation) string {
	const coarsest = 0.01 // us
	value, digit, ok := PrintedNumber(cell)
	if !ok {
		return fmt.Sprintf("%q is no number", cell)
	}
	if !Rounds(value, digit, computed) {
		return fmt.Sprintf("%s is not the rounding of %v", cell, computed)
	}
	if kind == Microseconds && digit > coarsest*(1+1e-9) {
		return fmt.Sprintf("%s has fewer than two decimals", cell)
	}
	return ""
}

// Rounds reports whether a printed value is a right rounding.
func Rounds(value, digit, computed float64) bool {
	return math.Abs(value-computed) <= digit/2*(1+1e-6)+1e-12*math.Abs(computed)
}

// RatioDigits judges how the report prints a ratio: in the table of pairs.
func RatioDigits(c *audit.Case, comparison estimate.Comparison) string {
	name := comparison.A + " and " + comparison.B
	for _, table := range MarkdownTables(c.Published.Report) {
		at := slices.Index(table.Header, "Times as fast")
		if at < 0 {
			continue
		}
		for _, row := range table.Rows {
			if row[0] == name {
				return fittingRatio(row[at], comparison)
			}
		}
	}
	return "it is in no table of the report"
}

// fittingRatio says what is wrong with a printed ratio: its rounding, or more or fewer
// digits than its interval supports.
func fittingRatio(text string, comparison estimate.Comparison) string {
	half := (comparison.Ratio.High - comparison.Ratio.Low) / 2
	value, digit, ok := PrintedNumber(text)
	switch {
	case !ok:
		return fmt.Sprintf("%q is no number", text)
	case !Rounds(value, digit, comparison.Ratio.Estimate):
		return fmt.Sprintf("%s is not the rounding of %v", text, comparison.Ratio.Estimate)
	case math.IsInf(half, 0) || math.IsNaN(half):
		return ""
	case digit < half/100*(1-1e-9):
		return fmt.Sprintf("%s has more digits than an interval of ±%.2g supports", text, half)
	case digit > max(half, 0.01*comparison.Ratio.Estimate)*(1+1e-9):
		return fmt.Sprintf("%s has fewer digits than an interval of ±%.2g supports", text, half)
	}
	return ""
}
