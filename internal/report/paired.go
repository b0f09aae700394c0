package report

// This file shows what the paired protocol comes to: ratios with their verdicts,
// controls, checks, and what a call costs.

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"cupel/internal/estimate"
	"cupel/internal/stats"
)

// Unanswered says in one line why the run gives no answer, or nothing where it
// does: its controls hold, whether it has claims or not, and each claim about
// available contenders is resolved.
func (r *Results) Unanswered() string {
	if len(r.Cells) > 0 {
		return r.unansweredCells()
	}
	var reasons []string
	if failed := r.failedControls(); len(failed) > 0 {
		reasons = append(reasons, failed...)
		if r.Machine != "" {
			reasons = append(reasons, r.Machine)
		}
	}
	for _, claim := range r.Bundle.Plan.Claims {
		if reason := r.unresolved(claim.Faster, claim.Than); reason != "" {
			reasons = append(reasons, fmt.Sprintf("the claim that %s is faster than %s is not resolved: %s", claim.Faster, claim.Than, reason))
		}
	}
	return strings.Join(reasons, "; ")
}

// failedControls says which controls failed, of a run that made rounds: whatever it
// was to compare, and with whom, it has no verdict then.
func (r *Results) failedControls() []string {
	e := r.Estimates
	if roundless := !(e.Quiet.FastNanoseconds > 0); roundless && len(e.Claims)+len(e.Others)+len(e.Canonical) == 0 {
		return nil
	}
	var failed []string
	for _, control := range r.Estimates.Controls {
		if fault := control.Fault(); fault != "" {
			failed = append(failed, fault)
		}
	}
	if len(failed) == 0 && !r.Estimates.Holds() {
		return []string{"the run has no controls, as no control copy finished its launches"}
	}
	return failed
}

// unresolved says why a claim is not resolved; nothing where it is, or where it
// can't be because a contender is not to be had here.
func (r *Results) unresolved(faster, than string) string {
	for _, name := range []string{faster, than} {
		at := slices.IndexFunc(r.Contenders, func(c Contender) bool { return c.Name == name })
		if at < 0 {
			return ""
		}
		switch c := r.Contenders[at]; c.Status {
		case Measured:
		case Unavailable, NotApplicable:
			return ""
		default:
			return name + " " + statusText(&c)
		}
	}
	for _, name := range []string{faster, than} {
		if check := r.Estimates.Accused(name); check != nil {
			return fmt.Sprintf("%s fails the check %s: %s", name, check.Rule, check.Text)
		}
	}
	for _, c := range r.Estimates.Claims {
		if c.A == faster && c.B == than {
			return unresolvedText(c)
		}
	}
	return "no replicate has both"
}

func unresolvedText(c estimate.Comparison) string {
	if c.Verdict != estimate.NotResolved {
		return ""
	}
	if math.IsInf(c.Ratio.High, 1) {
		return fmt.Sprintf("%s too few for a 95%% interval", plural(len(c.Replicates), "replicate is", "replicates are"))
	}
	return "the ratio is " + Interval(c.Ratio)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// times prints a ratio with digits that fit its interval: the half-width has two.
func times(interval stats.Interval) func(float64) string {
	decimals := 2
	if half := (interval.High - interval.Low) / 2; half > 0 && !math.IsInf(half, 0) {
		decimals = min(max(1-int(math.Floor(math.Log10(half))), 0), 6)
	}
	return func(x float64) string { return fmt.Sprintf("%.*fx", decimals, x) }
}

// Interval writes a ratio with its 95% interval.
func Interval(i stats.Interval) string {
	print := times(i)
	if math.IsInf(i.High, 1) {
		return print(i.Estimate) + ", without an interval"
	}
	return fmt.Sprintf("%s (95%% interval %s to %s)", print(i.Estimate), print(i.Low), print(i.High))
}

func bounds(i stats.Interval) string {
	if math.IsInf(i.High, 1) {
		return "too few replicates"
	}
	return times(i)(i.Low) + " to " + times(i)(i.High)
}

// writeComparisons writes the terminal's table of ratios.
func (r *Results) writeComparisons(w io.Writer, style Style) error {
	if len(r.Estimates.Claims)+len(r.Estimates.Others)+len(r.Estimates.Canonical) == 0 {
		return nil
	}
	writer := PlainTable()
	writer.AppendHeader(table.Row{"side by side", "times as fast", "95% interval", "verdict", ""})
	add := func(comparisons []estimate.Comparison, note string) {
		for _, c := range comparisons {
			verdict := string(r.verdict(c))
			if note != "" && style.Color {
				verdict = text.Colors{text.Bold}.Sprint(verdict)
			}
			writer.AppendRow(table.Row{c.A + " / " + c.B, times(c.Ratio)(c.Ratio.Estimate), bounds(c.Ratio), verdict, note})
		}
	}
	add(r.Estimates.Claims, "claim")
	add(r.Estimates.Others, "")
	add(r.Estimates.Canonical, "same engine, built-in runner")
	writer.SetColumnConfigs([]table.ColumnConfig{
		{Number: 2, Align: text.AlignRight, AlignHeader: text.AlignRight}, {Number: 3, Align: text.AlignRight, AlignHeader: text.AlignRight},
	})
	if _, err := fmt.Fprintf(w, "%s\n\n", writer.Render()); err != nil {
		return err
	}
	for _, line := range r.controlLines() {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// The words for a comparison that its own verdict is not shown of.
const (
	noVerdict estimate.Verdict = "no verdict"
	disputed  estimate.Verdict = "disputed"
)

// verdict is none where the controls failed, and disputed where a check accuses
// one of the two contenders.
func (r *Results) verdict(c estimate.Comparison) estimate.Verdict {
	switch {
	case !r.Estimates.Holds():
		return noVerdict
	case r.Estimates.Accused(c.A) != nil || r.Estimates.Accused(c.B) != nil:
		return disputed
	default:
		return c.Verdict
	}
}

// controlLines say how the controls came out, and which checks do not hold.
func (r *Results) controlLines() []string {
	var parts []string
	for _, control := range r.Estimates.Controls {
		state := "holds"
		switch {
		case !control.Judged():
			state = "NOT JUDGED"
		case !control.Holds:
			state = "FAILS"
		}
		parts = append(parts, fmt.Sprintf("%s %s (%.4f, due %.4f)", control.Name, state, control.Ratio.Estimate, control.Expected))
	}
	lines := []string{"controls: " + strings.Join(parts, ", ")}
	if crowded := r.crowded(); len(crowded) > 0 {
		lines = append(lines, fmt.Sprintf("too few rounds found the machine quiet (%.0f%% of the canary's readings), so neighbours have a part in: %s",
			100*r.Estimates.Quiet.Share, strings.Join(crowded, ", ")))
	}
	if !r.Estimates.Holds() && r.Machine != "" {
		lines = append(lines, "meanwhile "+r.Machine)
	}
	for _, c := range r.Estimates.Contenders {
		for _, check := range c.Checks {
			if check.Judged && !check.Holds {
				lines = append(lines, fmt.Sprintf("%s, check %s: %s", c.Name, check.Rule, check.Text))
			}
		}
	}
	return lines
}

// crowded names the comparisons that rest on all rounds and not on quiet ones.
func (r *Results) crowded() []string {
	var pairs []string
	for _, group := range [][]estimate.Comparison{r.Estimates.Claims, r.Estimates.Others, r.Estimates.Canonical} {
		for _, c := range group {
			if !c.Quiet {
				pairs = append(pairs, c.A+" / "+c.B)
			}
		}
	}
	return pairs
}

func (m *markdown) paired() {
	e := m.results.Estimates
	if len(e.Claims)+len(e.Others)+len(e.Canonical) == 0 {
		return
	}
	m.heading(3, "Side by side")
	m.line("How many times as fast the first is as the second, from %s, with the interval over %d replicates. "+
		"Claims are corrected for their number (Holm); other rows are not.\n", m.results.words().Turns, e.Replicates)
	m.header("Pair", "Times as fast", "95% interval", "Verdict", "Replicates", "From", "Other source", "Rounds")
	for _, group := range [][]estimate.Comparison{e.Claims, e.Others, e.Canonical} {
		for _, c := range group {
			m.row(m.results.label(c.A)+" and "+m.results.label(c.B), times(c.Ratio)(c.Ratio.Estimate), bounds(c.Ratio), string(m.results.verdict(c)),
				fmt.Sprint(len(c.Replicates)), string(c.Source), otherSource(c), rounds(c))
		}
	}
	m.controls()
	m.checks()
}

// otherSource shows the figure that was not taken.
func otherSource(c estimate.Comparison) string {
	other := c.Long
	if c.Source == estimate.FromLong {
		other = c.Short
	}
	return times(other)(other.Estimate)
}

func rounds(c estimate.Comparison) string {
	if c.Quiet {
		return "quiet"
	}
	return "all"
}

func (m *markdown) controls() {
	e := m.results.Estimates
	m.heading(3, "Controls")
	m.line("What was known beforehand and measured with the rest. A control fails where it is off at the 99.9%% level and by more than %.3g%%.\n", 100*m.plan.Tolerance)
	m.header("Control", "Due", "Measured", "99.9% interval", "Holds", "What it is")
	for _, c := range e.Controls {
		what, _, _ := strings.Cut(c.Text, ":")
		m.row(c.Name, fmt.Sprintf("%.4f", c.Expected), fmt.Sprintf("%.4f", c.Ratio.Estimate),
			fmt.Sprintf("%.4f to %.4f", c.Ratio.Low, c.Ratio.High), yes(c.Holds), what)
	}
	m.line("\nThe canary took %.2f us in the middle and %.2f us at its fast level; %.0f%% of its readings found the machine quiet, within %.3g times that level. "+
		"Ratios are of quiet rounds, by the canary just before and after each burst, but where the last column says otherwise.",
		e.Quiet.MedianNanoseconds/1e3, e.Quiet.FastNanoseconds/1e3, 100*e.Quiet.Share, m.plan.Paired.Quiet.Within)
	if m.results.Machine != "" {
		m.line("\nWhile it was measured, %s.", m.results.Machine)
	}
}

func yes(holds bool) string {
	if holds {
		return "yes"
	}
	return "**no**"
}

func (m *markdown) checks() {
	m.heading(3, "Clocks and conduct")
	m.header("Contender", "Check", "Holds", "What was found")
	for _, c := range m.results.Estimates.Contenders {
		for _, check := range c.Checks {
			holds := "not judged"
			if check.Judged {
				holds = yes(check.Holds)
			}
			m.row(c.Name, check.Rule, holds, check.Text)
		}
	}
	for _, c := range m.results.Estimates.Contenders {
		for _, course := range slices.Sorted(maps.Keys(c.Unsteady)) {
			m.line("\n%s: %d of %d launches did not come to a steady state (%s); they count all the same.", c.Name, c.Unsteady[course], c.Launches, course)
		}
	}
}

// costs writes what a call and a multiply-add cost, and where two contenders cross.
func (m *markdown) costs() {
	measured := m.results.costed()
	if len(measured) == 0 {
		m.line("\nWhy one contender is faster than another is not asserted here: this run does not separate the causes.")
		return
	}
	if m.results.trains() {
		m.trainingCosts(measured)
		return
	}
	m.line("\nThe same model at %s times the input width splits the time of a call, by a straight line: nanoseconds = cost per call + cost per multiply-add x multiply-adds.\n", m.widths())
	m.header("Contender", "Cost per call (ns)", "95% interval (ns)", "Cost per multiply-add (ns)", "95% interval (ns per multiply-add)", "Largest misfit of the line")
	for _, c := range measured {
		call, slope := c.Costs.CallNanoseconds, c.Costs.MultiplyAddNanoseconds
		m.row(c.Name, fmt.Sprintf("%.0f", call.Estimate), spread(call, "%.0f"), fmt.Sprintf("%.4f", slope.Estimate), spread(slope, "%.4f"),
			fmt.Sprintf("%.0f%%", 100*c.Costs.Misfit))
	}
	m.line("")
	for i, a := range measured {
		for _, b := range measured[i+1:] {
			m.crossover(a, b)
		}
	}
	m.equalSlopes()
}

// equalSlopes says of each claim what its ratio would be if a multiply-add cost both
// contenders the same: how much of it is the use of vectors by one alone.
func (m *markdown) equalSlopes() {
	for _, claim := range m.results.Estimates.Claims {
		a, b := costsIn(m.results.Estimates, claim.A), costsIn(m.results.Estimates, claim.B)
		if a == nil || b == nil {
			continue
		}
		if ratio := estimate.AtEqualSlopes(a, b); !math.IsNaN(ratio) {
			m.line("- %s and %s: %.4f and %.4f ns per multiply-add; at equal slopes, %.4f ns, the ratio is %.2fx.", claim.A, claim.B,
				a.MultiplyAddNanoseconds.Estimate, b.MultiplyAddNanoseconds.Estimate, b.MultiplyAddNanoseconds.Estimate, ratio)
		}
	}
}

func spread(i stats.Interval, format string) string {
	if math.IsInf(i.High, 1) {
		return "too few launches"
	}
	return fmt.Sprintf(format+" to "+format, i.Low, i.High)
}

func (m *markdown) widths() string {
	var parts []string
	for _, times := range m.plan.Probes.Widths {
		parts = append(parts, fmt.Sprint(times))
	}
	return strings.Join(parts, ", ")
}

// crossover says what the two lines come to, for two contenders of which a costs
// less per call.
func (m *markdown) crossover(a, b estimate.Contender) {
	at := estimate.Crossover(a.Costs, b.Costs)
	least, largest := a.Costs.Widths[0].MultiplyAdd, a.Costs.Widths[len(a.Costs.Widths)-1].MultiplyAdd
	switch {
	case at < least:
		m.line("- %s costs less than %s per multiply-add: it is the faster one at every size measured, from %.2g multiply-adds on.", b.Name, a.Name, least)
	case math.IsNaN(at):
		m.line("- %s costs less than %s per call and no more per multiply-add: no size of this model makes %s the faster one.", a.Name, b.Name, b.Name)
	case at > 10*largest:
		m.line("- %s costs less than %s per call; their lines cross at %.2g multiply-adds, far beyond the largest model measured (%.2g), so where they do is not known.", a.Name, b.Name, at, largest)
	default:
		m.line("- %s costs less than %s per call and more per multiply-add: by their lines, %s is the faster one from %.2g multiply-adds on.", a.Name, b.Name, b.Name, at)
	}
}

// conduct writes what few rows and other weights changed.
func (m *markdown) conduct() {
	if len(m.results.Estimates.Contenders) == 0 {
		return
	}
	if m.results.trains() {
		m.trainingConduct()
		return
	}
	m.line("\nTimes of a call against each other, medians over launches; reported; the run judges nobody by them, its audit does:\n")
	m.header("Contender", "Few rows / fresh rows", "Other weights / the suite's", "Calls in a short burst", "Time of a call in it (us)")
	for _, c := range m.results.Estimates.Contenders {
		m.row(c.Name, fmt.Sprintf("%.2f", c.FewRows), fmt.Sprintf("%.2f", c.Altered), fmt.Sprintf("%.0f", c.Calls), fmt.Sprintf("%.3f", c.ShortNanoseconds/1e3))
	}
}

// ClaimSummary is one comparison of comparison_summary.json.
type ClaimSummary struct {
	Cell          string   `json:"cell,omitempty"`
	Faster        string   `json:"faster"`
	Than          string   `json:"than"`
	Claim         bool     `json:"claim"`
	Ratio         float64  `json:"ratio"`
	Low           *float64 `json:"ratio_ci_95_lower"`
	High          *float64 `json:"ratio_ci_95_upper"`
	Verdict       string   `json:"verdict"`
	Source        string   `json:"source"`
	RatioShort    *float64 `json:"ratio_short_bursts"`
	RatioLong     *float64 `json:"ratio_long_bursts"`
	Replicates    int      `json:"replicates"`
	Log10Adjusted *float64 `json:"log10_p_value_adjusted"`
}

// ControlSummary is one control of comparison_summary.json.
type ControlSummary struct {
	Cell  string   `json:"cell,omitempty"`
	Name  string   `json:"name"`
	Due   float64  `json:"due"`
	Ratio *float64 `json:"ratio"`
	Low   *float64 `json:"ratio_ci_999_lower"`
	High  *float64 `json:"ratio_ci_999_upper"`
	Holds bool     `json:"holds"`
}

func (r *Results) claimSummaries() []ClaimSummary {
	summaries := []ClaimSummary{}
	add := func(comparisons []estimate.Comparison, claim bool) {
		for _, c := range comparisons {
			summaries = append(summaries, ClaimSummary{
				Cell: r.Cell.Name, Faster: c.A, Than: c.B, Claim: claim, Ratio: c.Ratio.Estimate, Low: defined(c.Ratio.Low), High: defined(c.Ratio.High),
				Verdict: string(r.verdict(c)), Source: string(c.Source), RatioShort: defined(c.Short.Estimate), RatioLong: defined(c.Long.Estimate),
				Replicates: len(c.Replicates), Log10Adjusted: defined(c.LogP / math.Ln10),
			})
		}
	}
	add(r.Estimates.Claims, true)
	add(r.Estimates.Others, false)
	add(r.Estimates.Canonical, false)
	return summaries
}

func (r *Results) controlSummaries() []ControlSummary {
	summaries := []ControlSummary{}
	for _, c := range r.Estimates.Controls {
		summaries = append(summaries, ControlSummary{
			Cell: r.Cell.Name, Name: c.Name, Due: c.Expected, Ratio: defined(c.Ratio.Estimate), Low: defined(c.Ratio.Low), High: defined(c.Ratio.High), Holds: c.Holds,
		})
	}
	return summaries
}
