package verify

// This file holds BENCHMARK_RESULTS.md against the page that the renderer makes again.
// verify has no sentences of its own. It checks the figures that the renderer prints by
// its own code, and then that the file is what the renderer makes of them.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Page is the report as the renderer makes it from a bundle.
type Page struct {
	Markdown []byte
	// Figures are the figures that the page prints, as JSON, unrounded. Their shape is
	// that of pageFigures.
	Figures []byte
}

// ErrTooLarge is the error, wrapped, of a renderer for a bundle that may be honest and is
// larger than it reads.
var ErrTooLarge = errors.New("the bundle is larger than a renderer reads")

// checkPage checks the renderer's figures, and then the file by the renderer's page.
func (v *verification) checkPage(parts []part) {
	if v.options.Page == nil {
		v.report.Unchecked = append(v.report.Unchecked, markdownFile+" is not looked at: nothing renders it again here")
		return
	}
	made, err := v.options.Page(v.report.Bundle)
	if errors.Is(err, ErrTooLarge) {
		v.report.Unchecked = append(v.report.Unchecked, printable(fmt.Sprintf("%s can't be rendered again: %v", markdownFile, err)))
		return
	}
	if err != nil {
		v.fault(markdownFile, "", "can't be rendered again: %v", err)
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(made.Figures))
	decoder.UseNumber()
	var rendered any
	if err := decoder.Decode(&rendered); err != nil {
		v.fault(markdownFile, "", "the figures of the page rendered again: %v", err)
		return
	}
	v.compareValue(markdownFile, "rendered again, figures", rendered, v.pageFigures(parts))
	text, err := v.read(markdownFile)
	if err != nil {
		v.unreadable(markdownFile, err)
		return
	}
	if !bytes.Equal(text, made.Markdown) {
		(&pageCheck{v, numbersIn(rendered)}).compare(string(text), string(made.Markdown))
	}
}

// pageFigures are the figures that the page prints of samples and observations. What it
// prints of plan, environment and statements are copies of sealed records.
func (v *verification) pageFigures(parts []part) object {
	whole := v.records
	defer func() { v.records = whole }()
	sessions, lost, accuracy := 1, 0, 0.0
	for _, row := range whole.ledger {
		if row.Event == "resumed" {
			sessions++
		}
		if row.Outcome == "lost" {
			lost++
		}
		if row.Event == "fitted" && row.Accuracy != nil {
			accuracy = *row.Accuracy
		}
	}
	cells := []any{}
	for _, p := range parts {
		v.records = p.records
		cells = append(cells, v.cellFigures(p.outcome))
	}
	return object{
		"sessions": float64(sessions), "lost": float64(lost), "accuracy": accuracy,
		"training_rows": float64(v.trainingRows()), "earlier_runs": float64(v.earlierRuns()), "cells": cells,
	}
}

func (v *verification) cellFigures(o *outcome) object {
	made := object{"replicates": float64(len(o.replicates))}
	if len(o.comparisons()) > 0 {
		made["canary"] = object{"fast_ns": o.fast, "median_ns": o.middle, "quiet_share": o.share}
	}
	contenders, comparisons, controls, pairs := []any{}, []any{}, []any{}, []any{}
	for _, c := range o.contenders {
		contenders = append(contenders, c.figures())
	}
	for _, c := range o.comparisons() {
		comparisons = append(comparisons, object{
			"a": c.a, "b": c.b, "claim": c.claim, "ratio": c.ratio.object(), "short": c.short.estimate, "long": c.long.estimate,
			"from_long": c.fromLong, "quiet": c.quiet, "replicates": float64(c.n), "verdict": o.shown(c),
		})
	}
	for _, c := range o.controls {
		controls = append(controls, object{"name": c.name, "due": c.due, "ratio": c.ratio.object(), "replicates": float64(c.n), "holds": c.holds})
	}
	for _, p := range v.classicPairs(o) {
		a, b := p.a.calls, p.b.calls
		pairs = append(pairs, object{
			"a": p.a.name, "b": p.b.name, "claim": p.claim, "t": p.t, "degrees": p.degrees, "log_p": p.logP, "cohens_d": p.cohen, "effect": p.effect,
			"speedups":   []any{b.middle / a.middle, b.p95 / a.p95, b.p99 / a.p99, b.mean / a.mean},
			"throughput": a.perSecond / b.perSecond,
		})
	}
	made["contenders"], made["comparisons"], made["controls"], made["pairs"] = contenders, comparisons, controls, pairs
	made["crossovers"], made["equal_slopes"] = o.crossovers(v.records.plan), o.equalSlopes(v.records.plan)
	return made
}

func (i interval) object() object {
	return object{"estimate": i.estimate, "low": i.low, "high": i.high}
}

// figures are what the page prints of one contender.
func (c *contender) figures() object {
	made := object{
		"name": c.name, "status": c.status, "failed_launches": float64(c.failed),
		"installed_bytes": c.said.Installed, "parameters": float64(c.said.Parameters), "transfer_ns": c.observed(func(o observation) float64 { return o.Transfer }),
	}
	if c.status == measured {
		s := c.calls
		least, greatest := s.middle, s.middle
		for _, one := range c.launches {
			least, greatest = min(least, one.calls.middle), max(greatest, one.calls.middle)
		}
		var peaks, uses []float64
		for _, seen := range c.seen {
			peaks, uses = append(peaks, seen.PeakResident), append(uses, seen.UserCPU+seen.SystemCPU)
		}
		made["classic"] = object{
			"launches": float64(len(c.launches)), "p50_ns": s.middle, "p95_ns": s.p95, "p99_ns": s.p99, "mean_ns": s.mean, "std_ns": s.deviation,
			"min_ns": s.least, "max_ns": s.greatest, "ci_95_lower_ns": s.low, "ci_95_upper_ns": s.high, "per_second": s.perSecond,
			"least_p50_ns": least, "greatest_p50_ns": greatest,
			"first_answer_ns": c.observed(func(o observation) float64 { return o.FirstAnswer }), "peak_resident_bytes": median(peaks), "cpu_ns": median(uses),
		}
	}
	if len(c.paired) == 0 {
		return made
	}
	unsteady, checks := object{}, []any{}
	for course, n := range c.unsteady {
		unsteady[course] = float64(n)
	}
	for _, one := range c.checks {
		checks = append(checks, object{"rule": one.rule, "judged": one.judged, "holds": one.holds, "accuses": one.accuses, "figures": printed(one.figures)})
	}
	made["paired"] = object{
		"launches": float64(len(c.paired)), "first_call_ns": over(c.paired, named("first")), "few_rows": over(c.paired, quotient("few-rows", "many-rows")),
		"altered": over(c.paired, quotient("altered", "original")), "calls": over(c.paired, named("calls")), "short_ns": over(c.paired, named("short")),
		"unsteady": unsteady, "checks": checks,
	}
	if c.costs != nil {
		made["costs"] = object{
			"call_ns": c.costs.call.object(), "multiply_add_ns": c.costs.multiplyAdd.object(), "misfit": c.costs.misfit,
			"least_multiply_adds": c.costs.least, "largest_multiply_adds": c.costs.largest,
		}
	}
	return made
}

// observed is the median over launches of what those have that have any; no number where
// none has.
func (c *contender) observed(of func(observation) float64) float64 {
	var values []float64
	for _, seen := range c.seen {
		if value := of(seen); value > 0 {
			values = append(values, value)
		}
	}
	return median(values)
}

// byCallCost are the contenders whose costs are known, the cheapest call first.
func (o *outcome) byCallCost() []*contender {
	var known []*contender
	for _, c := range o.contenders {
		if c.costs != nil {
			known = append(known, c)
		}
	}
	slices.SortStableFunc(known, func(a, b *contender) int {
		switch {
		case a.costs.call.estimate < b.costs.call.estimate:
			return -1
		case a.costs.call.estimate > b.costs.call.estimate:
			return 1
		}
		return 0
	})
	return known
}

// crossovers are the multiply-adds at which the lines of two contenders cross; no number
// where they don't.
func (o *outcome) crossovers(p plan) []any {
	crossovers := []any{}
	if p.Train != nil {
		return crossovers
	}
	known := o.byCallCost()
	for i, a := range known {
		for _, b := range known[i+1:] {
			slope := a.costs.multiplyAdd.estimate - b.costs.multiplyAdd.estimate
			at := (b.costs.call.estimate - a.costs.call.estimate) / slope
			if slope == 0 || !(at > 0) {
				at = math.NaN()
			}
			crossovers = append(crossovers, object{"a": a.name, "b": b.name, "multiply_adds": at})
		}
	}
	return crossovers
}

// equalSlopes are the claims' ratios if a multiply-add cost both contenders the same.
func (o *outcome) equalSlopes(p plan) []any {
	slopes := []any{}
	for _, claim := range o.claims {
		a, b := o.contender(claim.a), o.contender(claim.b)
		if p.Train != nil || a == nil || b == nil || a.costs == nil || b.costs == nil {
			continue
		}
		slope := b.costs.multiplyAdd.estimate
		up, down := b.costs.call.estimate+slope*b.costs.least, a.costs.call.estimate+slope*b.costs.least
		ratio := up / down
		if a.costs.multiplyAdd.estimate <= 0 || slope <= 0 || up <= 0 || down <= 0 {
			ratio = math.NaN()
		}
		slopes = append(slopes, object{"a": claim.a, "b": claim.b, "ratio": ratio})
	}
	return slopes
}

// printed are figures that a sentence has, in its order, as rounded there.
type printed []float64

// numeral is a figure in a text.
var numeral = regexp.MustCompile(`-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?`)

// skeleton is a line without its figures.
func skeleton(line string) string { return numeral.ReplaceAllString(line, "\x00") }

// rounded is a figure as printed: its value, and half of its last digit's unit.
func rounded(text string) (value, half float64, ok bool) {
	mantissa, exponent, _ := strings.Cut(text, "e")
	power, _ := strconv.Atoi(exponent)
	if _, decimals, point := strings.Cut(mantissa, "."); point {
		power -= len(decimals)
	}
	value, err := strconv.ParseFloat(text, 64)
	// What is below all floats, as a p-value may be, can't be told from another one.
	vanished := value == 0 && strings.Trim(mantissa, "-0.") != ""
	return value, 0.5000001 * math.Pow10(power), err == nil && !vanished
}

// roundsTo reports whether a text is what a figure rounds to, with an allowance for sums
// that were made in another order.
func roundsTo(text string, figure float64) bool {
	value, half, ok := rounded(text)
	return ok && math.Abs(value-figure) <= half+1e-9*math.Abs(figure)
}

// alike reports whether two printed figures can be roundings of one. Of two with equally
// many digits that takes a figure in the middle between them, which tie looks for.
func alike(a, b string) bool {
	valueA, halfA, okA := rounded(a)
	valueB, halfB, okB := rounded(b)
	if !okA || !okB || halfA == halfB {
		return a == b || okA && okB && valueA == valueB
	}
	return math.Abs(valueA-valueB) <= halfA+halfB
}

// pageCheck is a page being compared.
type pageCheck struct {
	*verification
	// figures are all that the page that is due prints.
	figures []float64
}

// tie reports whether one of the figures lies in the middle between two that are printed:
// a sum that was made in another order, as on another kind of processor, may round to
// the other side.
func (c *pageCheck) tie(a, b string) bool {
	valueA, halfA, okA := rounded(a)
	valueB, halfB, okB := rounded(b)
	if !okA || !okB || halfA != halfB || math.Abs(valueA-valueB) > 2.1*halfA {
		return false
	}
	middle := (valueA + valueB) / 2
	return slices.ContainsFunc(c.figures, func(figure float64) bool {
		return slices.ContainsFunc([]float64{1, 1e-3, 1e-6, 1e-9, 100}, func(unit float64) bool { return near(figure*unit, middle) })
	})
}

// numbersIn are all numbers of a JSON value.
func numbersIn(value any) (found []float64) {
	switch value := value.(type) {
	case json.Number:
		if number, err := value.Float64(); err == nil {
			found = append(found, number)
		}
	case []any:
		for _, one := range value {
			found = append(found, numbersIn(one)...)
		}
	case object:
		for _, one := range value {
			found = append(found, numbersIn(one)...)
		}
	}
	return found
}

// agree reports whether a figure of the page stands for the one that is due. Another
// version may print other digits.
func (c *pageCheck) agree(text, due string) bool {
	return text == due || c.tie(text, due) || c.foreign() && alike(text, due)
}

// comparePage tells every line of the page in which it differs from the one that is due.
// Another version may have other words and other digits: of its page only what
// contradicts a figure is a fault.
func (c *pageCheck) compare(page, due string) {
	v := c.verification
	faults, strange := len(v.report.Faults), len(v.strange)
	dueLines, tables := strings.Split(due, "\n"), tablesOf(due)
	pageLines, headers := strings.Split(page, "\n"), headersOf(page)
	lacking := func(lines []string) {
		for _, line := range lines {
			if line != "" {
				v.unknown(markdownFile, "", "lacks a line that follows from the raw data: %q", line)
			}
		}
	}
	at := 0
	for i, line := range pageLines {
		if line == "" {
			continue
		}
		if len(v.report.Faults) >= maxFaults || len(v.strange) >= maxFaults {
			return
		}
		form := skeleton(line)
		next := slices.IndexFunc(dueLines[at:], func(one string) bool { return one == line || skeleton(one) == form })
		if next < 0 {
			if !c.contradicts(i+1, headers[i], line, tables) {
				v.unknown(markdownFile, fmt.Sprintf("line %d", i+1), "has figures or words that do not follow from the raw data, or not here: %.300q", line)
			}
			continue
		}
		lacking(dueLines[at : at+next])
		c.compareLine(i+1, line, dueLines[at+next])
		at += next + 1
	}
	lacking(dueLines[at:])
	if len(v.report.Faults) > faults || len(v.strange) > strange || strings.Join(strings.Fields(page), " ") != strings.Join(strings.Fields(due), " ") {
		return // What differs is told, or is a tie.
	}
	first := 0
	for first < min(len(page), len(due)) && page[first] == due[first] {
		first++
	}
	v.unknown(markdownFile, fmt.Sprintf("line %d", 1+strings.Count(page[:first], "\n")), "has another number of blank lines than the report has")
}

// compareLine compares the figures of a line that has the words due.
func (c *pageCheck) compareLine(number int, line, due string) {
	dueFigures := numeral.FindAllString(due, -1)
	for i, place := range numeral.FindAllStringIndex(line, -1) {
		text := line[place[0]:place[1]]
		if c.agree(text, dueFigures[i]) {
			continue
		}
		c.fault(markdownFile, fmt.Sprintf("line %d, column %d", number, place[0]+1), "says %s; the raw data give %s", text, dueFigures[i])
	}
}

// tableRow is a row of a table of the page that is due, with the names of its columns.
type tableRow struct{ header, cells []string }

func cellsOf(line string) []string {
	if !strings.HasPrefix(line, "| ") || !strings.HasSuffix(line, " |") {
		return nil
	}
	return strings.Split(line[2:len(line)-2], " | ")
}

// headersOf are, by line, the columns of the table that the line is a row of.
func headersOf(page string) [][]string {
	lines := strings.Split(page, "\n")
	headers := make([][]string, len(lines))
	for i, line := range lines {
		switch {
		case cellsOf(line) == nil && !strings.HasPrefix(line, "|-"):
		case i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|-"):
			headers[i] = cellsOf(line)
		case i > 0:
			headers[i] = headers[i-1]
		}
	}
	return headers
}

func tablesOf(page string) []tableRow {
	var rows []tableRow
	headers := headersOf(page)
	for i, line := range strings.Split(page, "\n") {
		if cells := cellsOf(line); headers[i] != nil && len(cells) == len(headers[i]) {
			rows = append(rows, tableRow{headers[i], cells})
		}
	}
	return rows
}

// contradicts tells the figures of a row, in words that are not due, that no row of its
// name has in a column of the same name, and reports whether there are any.
func (c *pageCheck) contradicts(number int, header []string, line string, tables []tableRow) bool {
	cells := cellsOf(line)
	if len(cells) == 0 || len(cells) != len(header) {
		return false
	}
	found := false
	for column := 1; column < len(cells); column++ {
		var due []string
		for _, row := range tables {
			if at := slices.Index(row.header, header[column]); at > 0 && row.header[0] == header[0] && row.cells[0] == cells[0] && skeleton(row.cells[at]) == skeleton(cells[column]) {
				due = append(due, row.cells[at])
			}
		}
		agrees := func(one string) bool {
			return slices.EqualFunc(numeral.FindAllString(one, -1), numeral.FindAllString(cells[column], -1), func(due, text string) bool { return c.agree(text, due) })
		}
		if len(due) > 0 && !slices.ContainsFunc(due, agrees) {
			found = true
			c.fault(markdownFile, fmt.Sprintf("line %d", number), "says %q of %s, %s; the raw data give %q", cells[column], cells[0], header[column], due[0])
		}
	}
	return found
}
