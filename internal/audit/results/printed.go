package results

// This file finds the figures that the report prints, in its tables and in the lines
// that it begins with, and makes each of them again from the samples.

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// printedFigure is one figure of the report, and what the samples give for it.
type printedFigure struct {
	where    string
	text     string
	computed float64
	// about are the contenders of a ratio, of which one may be the claim's.
	about [2]string
}

// Fault says what is wrong with a printed figure, nothing where all is well.
func (f printedFigure) Fault() string {
	value, digit, ok := PrintedNumber(f.text)
	switch {
	case !audit.IsNumber(f.computed) && !ok:
		return ""
	case !audit.IsNumber(f.computed):
		return fmt.Sprintf("%s: %q is printed where the samples give no figure", f.where, f.text)
	case !ok:
		return fmt.Sprintf("%s: %q is no number", f.where, f.text)
	case !Rounds(value, digit, f.computed):
		return fmt.Sprintf("%s: %s is not the rounding of %v", f.where, f.text, f.computed)
	}
	return ""
}

// Printed are those that the report has of contenders, pairs and controls, and
// faults what is said there in words and is otherwise.
func Printed(c *audit.Case) (figures []printedFigure, faults []string) {
	r := &pageReader{c: c}
	for _, table := range MarkdownTables(c.Published.Report) {
		for _, row := range table.Rows {
			r.row(table.Header, row)
		}
	}
	for _, line := range headlines(c) {
		r.headline(line)
	}
	return r.figures, r.faults
}

// pageReader is a report being read.
type pageReader struct {
	c       *audit.Case
	figures []printedFigure
	faults  []string
}

func (r *pageReader) figure(where, text string, computed float64) {
	r.figures = append(r.figures, printedFigure{where: where, text: text, computed: computed})
}

func (r *pageReader) ratio(where, text string, computed float64, a, b string) {
	r.figures = append(r.figures, printedFigure{where, text, computed, [2]string{a, b}})
}

func (r *pageReader) fault(format string, values ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, values...))
}

// word holds a cell's words against those that are due.
func (r *pageReader) word(where, text, due string) {
	if text != due {
		r.fault("%s: it says %q where the samples give %q", where, text, due)
	}
}

// row reads a table's row by what the table's columns are called.
func (r *pageReader) row(header, row []string) {
	column := func(name string) (text string, ok bool) {
		at := slices.Index(header, name)
		if at < 0 {
			return "", false
		}
		return row[at], true
	}
	switch header[0] {
	case "Metric":
		r.speedup(header, row)
	case "Framework", "Contender":
		r.ofContender(header, row)
		if header[0] == "Framework" && len(header) == 2 {
			r.throughputRatio(header[1], row)
		}
	case "Control":
		r.ofControl(row[0], column)
	case "Cell":
		if title := cellTitle(r.c); title == row[0] {
			r.ofPair(" faster than ", row[1], column)
		}
	case "Pair":
		r.ofPair(" and ", row[0], column)
	}
}

// cellTitle is what the report calls the cell that is judged; empty where the plan has
// one.
func cellTitle(c *audit.Case) string {
	name := c.Bundle.CellName()
	for _, cell := range c.Whole.Plan.Cells {
		if cell.Name == name && name != "" {
			return cell.Title()
		}
	}
	return ""
}

// classic is the summary that a contender's classic figures are of.
func classicOf(c *audit.Case, name string) (stats.Summary, bool) {
	contender := c.Contender(name)
	if contender == nil {
		return stats.Summary{}, false
	}
	_, launch := Of(c, contender)
	if launch == nil {
		return stats.Summary{}, false
	}
	return launch.Calls.Summary, true
}

// speedup reads a row of a table that sets two contenders beside each other.
func (r *pageReader) speedup(header, row []string) {
	of := latencies[row[0]]
	if len(header) != 4 || header[3] != "Speedup" || of == nil || row[3] == "-" {
		return
	}
	a, okA := classicOf(r.c, header[1])
	b, okB := classicOf(r.c, header[2])
	if okA && okB {
		r.ratio(fmt.Sprintf("speedup by %s of %s and %s", row[0], header[1], header[2]), row[3], of(b)/of(a), header[1], header[2])
	}
}

// throughputRatio reads a row such as "Ratio go/pytorch".
func (r *pageReader) throughputRatio(column string, row []string) {
	pair, is := strings.CutPrefix(row[0], "Ratio ")
	if !is || !strings.HasSuffix(column, "/sec") {
		return
	}
	for _, first := range r.c.Bundle.Plan.Contenders {
		second, is := strings.CutPrefix(pair, first+"/")
		if !is {
			continue
		}
		a, okA := classicOf(r.c, first)
		b, okB := classicOf(r.c, second)
		if okA && okB {
			r.ratio("ratio of throughputs of "+pair, row[1], b.Mean/a.Mean, first, second)
		}
	}
}

// ofContender reads what a row has of one contender. Latencies are read with their
// digits elsewhere.
func (r *pageReader) ofContender(header, row []string) {
	contender := r.c.Contender(row[0])
	if contender == nil {
		return
	}
	summary, ok := classicOf(r.c, row[0])
	for at, column := range header {
		where, text := column+" of "+row[0], row[at]
		switch {
		case at == 0 || text == "-":
		case strings.HasSuffix(column, "/sec") && ok:
			r.figure(where, text, 1e9/summary.Mean)
		case column == "95% CI" && ok:
			r.ends(where, strings.Trim(text, "[]"), ", ", summary.CI95Low/1e3, summary.CI95High/1e3)
		case strings.HasPrefix(column, "Median p50 over launches") && ok:
			least, greatest := spread(contender)
			ends, launches, _ := strings.Cut(text, " of ")
			r.ends(where, ends, " to ", least/1e3, greatest/1e3)
			r.figure(where, launches, float64(len(contender.Finished)))
		case ofProcess[column] != nil:
			r.figure(where, text, ofProcess[column](contender))
		case ofEstimate[column] != nil && contender.Estimate != nil:
			r.figure(where, text, ofEstimate[column](contender.Estimate))
		case contender.Estimate != nil && contender.Estimate.Costs != nil:
			r.ofCosts(column, where, text, contender.Estimate.Costs)
		}
	}
}

// ends reads the two ends of an interval.
func (r *pageReader) ends(where, text, between string, low, high float64) {
	first, second, ok := strings.Cut(text, between)
	if !ok {
		if audit.IsNumber(low) && audit.IsNumber(high) {
			r.fault("%s: %q is no interval", where, text)
		}
		return
	}
	r.figure(where, first, low)
	r.figure(where, second, high)
}

// spread are the least and the greatest p50 of a contender's launches.
func spread(c *audit.Contender) (least, greatest float64) {
	values := c.PerLaunch(func(l *audit.Launch) float64 { return l.Calls.Summary.P50 })
	if len(values) == 0 {
		return math.NaN(), math.NaN()
	}
	return slices.Min(values), slices.Max(values)
}

// ofProcess are columns of what the kernel accounted for each process, as medians over
// launches.
var ofProcess = map[string]func(*audit.Contender) float64{
	"First answer (ms)": func(c *audit.Contender) float64 {
		return observed(c, func(o *evidence.Observation) (float64, bool) {
			return float64(o.FirstAnswerNanoseconds) / 1e6, o.FirstAnswerNanoseconds > 0
		})
	},
	"Peak memory (MB)": func(c *audit.Contender) float64 {
		return observed(c, func(o *evidence.Observation) (float64, bool) { return float64(o.PeakResidentBytes) / 1e6, true })
	},
	"CPU time of a launch (s)": func(c *audit.Contender) float64 {
		return observed(c, func(o *evidence.Observation) (float64, bool) {
			return float64(o.UserCPUNanoseconds+o.SystemCPUNanoseconds) / 1e9, true
		})
	},
	"Installed (MB)": func(c *audit.Contender) float64 {
		return stated(c, func(s *evidence.Statement) int64 { return s.InstalledBytes }) / 1e6
	},
	"Numbers held": func(c *audit.Contender) float64 {
		return stated(c, func(s *evidence.Statement) int64 { return s.Parameters })
	},
}

// observed is the median over launches of what was observed of those that have it.
func observed(c *audit.Contender, value func(*evidence.Observation) (float64, bool)) float64 {
	return c.Median(func(l *audit.Launch) float64 {
		observation := l.Observation
		if observation == nil {
			observation = &evidence.Observation{}
		}
		if v, has := value(observation); has {
			return v
		}
		return math.NaN()
	})
}

func stated(c *audit.Contender, value func(*evidence.Statement) int64) float64 {
	if c.Statement == nil {
		return 0
	}
	return float64(value(c.Statement))
}

// ofEstimate are columns of what the paired protocol says of one contender.
var ofEstimate = map[string]func(*estimate.Contender) float64{
	"First call (us)":             func(e *estimate.Contender) float64 { return e.FirstCallNanoseconds / 1e3 },
	"Few rows / fresh rows":       func(e *estimate.Contender) float64 { return e.FewRows },
	"Other weights / the suite's": func(e *estimate.Contender) float64 { return e.Altered },
	"Calls in a short burst":      func(e *estimate.Contender) float64 { return e.Calls },
	"Time of a call in it (us)":   func(e *estimate.Contender) float64 { return e.ShortNanoseconds / 1e3 },
}

// ofCosts reads the columns of what a call and a multiply-add cost.
func (r *pageReader) ofCosts(column, where, text string, costs *estimate.Costs) {
	switch column {
	case "Cost per call (ns)":
		r.figure(where, text, costs.CallNanoseconds.Estimate)
	case "95% interval (ns)":
		r.ends(where, text, " to ", costs.CallNanoseconds.Low, costs.CallNanoseconds.High)
	case "Cost per multiply-add (ns)":
		r.figure(where, text, costs.MultiplyAddNanoseconds.Estimate)
	case "95% interval (ns per multiply-add)":
		r.ends(where, text, " to ", costs.MultiplyAddNanoseconds.Low, costs.MultiplyAddNanoseconds.High)
	case "Largest misfit of the line":
		r.figure(where, text, 100*costs.Misfit)
	}
}

// ofControl reads what a row has of a control.
func (r *pageReader) ofControl(name string, column func(string) (string, bool)) {
	at := slices.IndexFunc(r.c.Estimates.Controls, func(control estimate.Control) bool { return control.Name == name })
	if at < 0 {
		r.fault("a control called %q is in the report, and the run has none", name)
		return
	}
	control := r.c.Estimates.Controls[at]
	where := "the " + name + " control"
	if text, ok := column("Due"); ok {
		r.figure(where, text, control.Expected)
	}
	if text, ok := column("Measured"); ok {
		r.figure(where, text, control.Ratio.Estimate)
	}
	if text, ok := column("99.9% interval"); ok {
		r.ends(where, text, " to ", control.Ratio.Low, control.Ratio.High)
	}
	if text, ok := column("Holds"); ok {
		r.word(where, text, map[bool]string{true: "yes", false: "no"}[control.Holds])
	}
}

// ofPair reads what a row has of two contenders: of the paired protocol where it says
// how many times as fast, of the classic one where it has a test.
func (r *pageReader) ofPair(between, text string, column func(string) (string, bool)) {
	first, second, ok := pairIn(r.c, text, between)
	if !ok {
		return
	}
	where := first + " and " + second
	if text, ok := column("Times as fast"); ok {
		comparison := comparisonOf(r.c, first, second)
		if comparison == nil {
			r.fault("%s: the report has a ratio of the two, and no replicate has both", where)
			return
		}
		r.ratio("times as fast, "+where, text, comparison.Ratio.Estimate, first, second)
		r.ofComparison(where, comparison, column)
	}
	if _, ok := column("t-statistic"); ok {
		r.ofTest(where, first, second, column)
	}
}

// pairIn finds the two contenders that a text names.
func pairIn(c *audit.Case, text, between string) (first, second string, ok bool) {
	for _, a := range c.Contenders {
		if rest, is := strings.CutPrefix(text, a.Name+between); is && c.Contender(rest) != nil {
			return a.Name, rest, true
		}
	}
	return "", "", false
}

// comparisonOf is a comparison, those of canonical runners included.
func comparisonOf(c *audit.Case, a, b string) *estimate.Comparison {
	for i := range c.Estimates.Canonical {
		if twin := &c.Estimates.Canonical[i]; twin.A == a && twin.B == b {
			return twin
		}
	}
	return c.ComparisonOf(claimOf(a, b))
}

func claimOf(a, b string) suite.ClaimPlan { return suite.ClaimPlan{Faster: a, Than: b} }

func (r *pageReader) ofComparison(where string, comparison *estimate.Comparison, column func(string) (string, bool)) {
	if text, ok := column("95% interval"); ok {
		r.ends("95% interval, "+where, text, " to ", comparison.Ratio.Low, comparison.Ratio.High)
	}
	if text, ok := column("Replicates"); ok {
		r.figure("replicates, "+where, text, float64(len(comparison.Replicates)))
	}
	if text, ok := column("From"); ok {
		r.word("source, "+where, text, string(comparison.Source))
	}
	if text, ok := column("Other source"); ok {
		other := comparison.Long
		if comparison.Source == estimate.FromLong {
			other = comparison.Short
		}
		r.figure("other source, "+where, text, other.Estimate)
	}
	text, ok := column("Verdict")
	switch estimate.Verdict(text) {
	case estimate.Equal, estimate.Faster, estimate.Slower, estimate.NotResolved:
		if ok {
			r.word("verdict, "+where, text, string(comparison.Verdict))
		}
	}
}

// ofTest reads Welch's test and Cohen's d of two contenders.
func (r *pageReader) ofTest(where, first, second string, column func(string) (string, bool)) {
	a, okA := classicOf(r.c, first)
	b, okB := classicOf(r.c, second)
	if !okA || !okB {
		return
	}
	welch, d := stats.Welch(a, b), stats.CohenD(a, b)
	for _, test := range []struct {
		name     string
		computed float64
	}{{"t-statistic", welch.T}, {"Degrees of freedom", welch.DF}, {"Cohen's d", d}} {
		if text, ok := column(test.name); ok {
			r.figure(test.name+" of "+where, text, test.computed)
		}
	}
	if text, ok := column("Interpretation"); ok {
		r.word("effect of "+where, text, stats.EffectName(d))
	}
	if text, ok := column("p-value"); ok && !printsP(text, welch.LogP) {
		r.fault("p-value of %s: %q is not the rounding of %s", where, text, stats.FormatP(welch.LogP))
	}
}

// scientific is a figure with an exponent, which may be far below the least float64.
var scientific = regexp.MustCompile(`^(\d+(?:\.\d+)?)e([+-]?\d{1,9})$`)

// printsP reports whether a text is a rounding of a p-value whose logarithm is known.
func printsP(text string, logP float64) bool {
	if !audit.IsNumber(logP) {
		_, _, ok := PrintedNumber(text)
		return !ok
	}
	if found := scientific.FindStringSubmatch(text); found != nil {
		exponent, err := strconv.Atoi(found[2])
		value, digit, ok := PrintedNumber(found[1])
		mantissa := math.Pow(10, logP/math.Ln10-float64(exponent))
		return err == nil && ok && audit.IsNumber(mantissa) && Rounds(value, digit, mantissa)
	}
	value, digit, ok := PrintedNumber(text)
	return ok && Rounds(value, digit, math.Exp(logP))
}

// headline is a line that the report begins with: how many times as fast one contender
// is as another, or that the two are equal, which has no ratio.
type headline struct {
	first, second    string
	verdict          estimate.Verdict
	ratio, low, high string
}

var (
	different = regexp.MustCompile(`(?m)^- \*\*(.+) is (faster|slower) than (.+), side by side: ([^*\n]+)\*\*(?:, 95% interval (\S+) to (\S+))?`)
	alike     = regexp.MustCompile(`(?m)^- (.+) and (.+) are equal within [^:\n]*: 95% interval of the ratio (\S+) to (\S+)`)
)

// headlines are those of the report.
func headlines(c *audit.Case) []headline {
	var found []headline
	for _, match := range different.FindAllStringSubmatch(c.Published.Report, -1) {
		found = append(found, headline{match[1], match[3], estimate.Verdict(match[2]), match[4], match[5], match[6]})
	}
	for _, match := range alike.FindAllStringSubmatch(c.Published.Report, -1) {
		found = append(found, headline{first: match[1], second: match[2], verdict: estimate.Equal, low: match[3], high: match[4]})
	}
	return found
}

func (r *pageReader) headline(line headline) {
	where := line.first + " and " + line.second
	comparison := r.c.ComparisonOf(claimOf(line.first, line.second))
	if comparison == nil {
		r.fault("the report begins with a ratio of %s, which the run does not have", where)
		return
	}
	if line.verdict != estimate.Equal {
		r.ratio("the summary's ratio of "+where, line.ratio, comparison.Ratio.Estimate, line.first, line.second)
		if fault := fittingRatio(line.ratio, *comparison); fault != "" {
			r.fault("the summary's ratio of %s: %s", where, fault)
		}
	}
	r.figure("the summary's interval of "+where, line.low, comparison.Ratio.Low)
	r.figure("the summary's interval of "+where, line.high, comparison.Ratio.High)
	r.word("the summary's verdict on "+where, string(line.verdict), string(comparison.Verdict))
}

// SummaryFault says which figure of comparison_summary.json is not what the samples
// give: of the pair that it begins with, of the list of pairs, of the ratios side by
// side and of the controls.
func SummaryFault(c *audit.Case) string {
	summary := c.Published.Summary
	if summary == nil {
		return ""
	}
	for _, pair := range append([]audit.PublishedPair{summary.PublishedPair}, summary.Pairs...) {
		if pair.Winner == "" && pair.Loser == "" {
			continue // Of several cells none is the first pair.
		}
		if fault := pairFault(c, pair); fault != "" {
			return fault
		}
	}
	for _, published := range summary.SideBySide {
		comparison := comparisonOf(c, published.Faster, published.Than)
		where := published.Faster + " and " + published.Than
		if comparison == nil {
			return fmt.Sprintf("a ratio of %s, which the run does not have", where)
		}
		if fault := unlike(where, []recomputable{
			{"ratio", published.Ratio, comparison.Ratio.Estimate}, {"lower end", published.Low, comparison.Ratio.Low}, {"upper end", published.High, comparison.Ratio.High},
			{"ratio of short bursts", published.Short, comparison.Short.Estimate}, {"ratio of long bursts", published.Long, comparison.Long.Estimate},
		}); fault != "" {
			return fault
		}
	}
	for _, published := range summary.Controls {
		at := slices.IndexFunc(c.Estimates.Controls, func(control estimate.Control) bool { return control.Name == published.Name })
		if at < 0 {
			return fmt.Sprintf("a control %q, which the run does not have", published.Name)
		}
		control := c.Estimates.Controls[at]
		if published.Holds != control.Holds {
			return fmt.Sprintf("the %s control holds: %v, and by the samples %v", published.Name, published.Holds, control.Holds)
		}
		if fault := unlike("the "+published.Name+" control", []recomputable{{"ratio", published.Ratio, control.Ratio.Estimate}}); fault != "" {
			return fault
		}
	}
	return ""
}

// pairFault says which figure of a pair's classic protocol is not what the samples give.
func pairFault(c *audit.Case, pair audit.PublishedPair) string {
	where := pair.Winner + " and " + pair.Loser
	a, okA := classicOf(c, pair.Winner)
	b, okB := classicOf(c, pair.Loser)
	if !okA || !okB {
		return fmt.Sprintf("figures of %s, of which not both name a launch that counts", where)
	}
	welch, d := stats.Welch(a, b), stats.CohenD(a, b)
	if fault := unlike(where, []recomputable{
		{"speedup by p50", pair.SpeedupP50, b.P50 / a.P50}, {"speedup by mean", pair.SpeedupMean, b.Mean / a.Mean},
		{"ratio of throughputs", pair.ThroughputRatio, b.Mean / a.Mean}, {"t", pair.T, welch.T}, {"degrees of freedom", pair.Degrees, welch.DF},
		{"log10 of p", pair.Log10P, welch.LogP / math.Ln10}, {"Cohen's d", pair.CohenD, d},
	}); fault != "" {
		return fault
	}
	if due := stats.EffectName(d); pair.Effect != due {
		return fmt.Sprintf("%s: the effect is published as %q, it is %q", where, pair.Effect, due)
	}
	if significant := welch.P < Significance; pair.Significant != nil && *pair.Significant != significant {
		return fmt.Sprintf("%s: that the two differ beyond chance is published as %v, it is %v", where, *pair.Significant, significant)
	}
	for _, name := range slices.Sorted(maps.Keys(pair.Engines)) {
		engine := pair.Engines[name]
		s, ok := classicOf(c, name)
		if !ok {
			return fmt.Sprintf("%s: figures of %q, which names no launch that counts", where, name)
		}
		if fault := unlike(name+", beside "+where, []recomputable{
			{"p50", engine.P50, s.P50 / 1e3}, {"p95", engine.P95, s.P95 / 1e3}, {"p99", engine.P99, s.P99 / 1e3}, {"maximum", engine.Max, s.Max / 1e3},
			{"mean", engine.Mean, s.Mean / 1e3}, {"throughput", engine.Throughput, 1e9 / s.Mean},
			{"number of parameters", asFloat(engine.Parameters), stated(c.Contender(name), func(s *evidence.Statement) int64 { return s.Parameters })},
		}); fault != "" {
			return fault
		}
	}
	return ""
}

func asFloat(count *int64) *float64 {
	if count == nil {
		return nil
	}
	value := float64(*count)
	return &value
}

// recomputable is a published number and what the samples give for it.
type recomputable struct {
	what      string
	published *float64
	computed  float64
}

// unlike names the first number that is published and is another than computed.
func unlike(where string, numbers []recomputable) string {
	for _, n := range numbers {
		if n.published != nil && !audit.Recomputes(n.published, n.computed) {
			return fmt.Sprintf("%s: the %s is published as %v, the samples give %v", where, n.what, *n.published, n.computed)
		}
	}
	return ""
}
