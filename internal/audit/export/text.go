package export

// This file writes an audit for a terminal.

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"cupel/internal/audit"
	"cupel/internal/report"
	"cupel/internal/stats"
)

// categoryTitles are in the checklist's order.
var categoryTitles = []struct {
	category audit.Category
	title    string
}{
	{audit.Methodology, "Methodology"}, {audit.Statistics, "Statistical rigour"}, {audit.Code, "Code correctness"},
	{audit.Data, "Data integrity"}, {audit.Environment, "Environment fairness"}, {audit.Reproducibility, "Reproducibility"},
	{audit.Plausibility, "Plausibility"}, {audit.Bias, "Bias"},
}

// textHandler writes the verdict with the rule that it follows from, the findings, and
// the points that are decided. In full it has the skips too, and of each point the kind
// of evidence, the judgements and their figures.
type textHandler struct{}

func (textHandler) Name() string { return "text" }

func (textHandler) Write(w io.Writer, r *audit.Report, options Options) error {
	page, full := &auditPage{style: options.Style}, options.Full
	page.line("claim    %s", r.Claim)
	page.line("verdict  %s: %d of 100 points pass, %d fail, %d are skips", page.colored(verdictColor(r.Verdict), string(r.Verdict)), r.Counts.Pass, r.Counts.Fail, r.Counts.Skip)
	if r.Undecided != "" {
		page.line("undecided, whatever the points say: %s", r.Undecided)
	}
	page.line("rule     %s", ruleLine(r))
	for _, claim := range r.Claims {
		page.line("%s", claimLine(claim))
	}
	page.findings(r.Findings)
	// A skip of a bundle says what the bundle lacks.
	page.points(r.Points, full || r.Claims != nil, full)
	page.phases(r.Phases)
	_, err := io.WriteString(w, page.text.String())
	return err
}

// ruleLine says how the acceptance rule came out, and what stands against it where it
// is not met.
func ruleLine(r *audit.Report) string {
	var parts []string
	for _, criterion := range r.Acceptance {
		text := criterion.Name + ": " + yesNo(criterion.Met)
		if !criterion.Met && criterion.Found != r.Undecided {
			text += ", " + criterion.Found
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

func yesNo(holds bool) string {
	if holds {
		return "yes"
	}
	return "no"
}

// claimLine says what a claim came to.
func claimLine(claim audit.ClaimResult) string {
	text := fmt.Sprintf("measured %s: %s", claim.Claim, claim.Verdict)
	if claim.Ratio != nil && claim.Low != nil && claim.High != nil {
		text += ", " + report.Interval(stats.Interval{Estimate: *claim.Ratio, Low: *claim.Low, High: *claim.High})
	}
	return text
}

type auditPage struct {
	style report.Style
	text  strings.Builder
}

func (p *auditPage) line(format string, args ...any) {
	fmt.Fprintf(&p.text, format, args...)
	p.text.WriteByte('\n')
}

func (p *auditPage) colored(color text.Color, word string) string {
	if !p.style.Color {
		return word
	}
	return text.Colors{text.Bold, color}.Sprint(word)
}

func verdictColor(verdict audit.Verdict) text.Color {
	switch verdict {
	case audit.Accepted:
		return text.FgGreen
	case audit.Rejected:
		return text.FgRed
	default:
		return text.FgYellow
	}
}

func severityColor(severity audit.Severity) text.Color {
	switch severity {
	case audit.Error:
		return text.FgRed
	case audit.Warning:
		return text.FgYellow
	default:
		return text.FgCyan
	}
}

func (p *auditPage) findings(findings []audit.Finding) {
	for _, finding := range findings {
		if finding.Severity == audit.Note && strings.HasPrefix(finding.Rule, "point-") {
			continue // A skip is shown among the points.
		}
		p.line("\n%s  %s  %s", p.colored(severityColor(finding.Severity), string(finding.Severity)), finding.Rule, finding.Contender)
		p.line("    %s", finding.Message)
		for _, shown := range finding.Published {
			p.line("    published   %s %s (%s:%d)", shown.What, shown.Text, shown.File, shown.Line)
		}
		if finding.Consistent != nil {
			p.line("    consistent  %v", finding.Consistent)
		}
		for _, step := range finding.Arithmetic {
			p.line("    arithmetic  %s", step)
		}
		p.line("    remedy      %s", finding.Remedy)
	}
}

func (p *auditPage) points(points []audit.PointResult, skips, full bool) {
	for _, category := range categoryTitles {
		counts := map[audit.Status]int{}
		var shown []audit.PointResult
		for _, point := range points {
			if point.Category != category.category {
				continue
			}
			counts[point.Status]++
			if skips || point.Status != audit.Skip {
				shown = append(shown, point)
			}
		}
		p.line("\n%-22s %d pass, %d fail, %d skip", category.title, counts[audit.Pass], counts[audit.Fail], counts[audit.Skip])
		for _, point := range shown {
			p.point(point, full)
		}
	}
}

func (p *auditPage) point(point audit.PointResult, full bool) {
	if full {
		p.line("  %3d  %s  %s (%s)", point.ID, point.Status, point.Title, point.Evidence)
		for _, line := range judgementLines(point) {
			p.line("         %s", line)
		}
	} else {
		p.line("  %3d  %s  %s: %s", point.ID, point.Status, point.Title, point.Detail)
	}
	if point.Status != audit.Pass && point.Remedy != "" {
		p.line("         remedy  %s", point.Remedy)
	}
}

// judgementLines say what came of a point for each that it is judged on, by which kind
// of evidence, and the figures.
func judgementLines(point audit.PointResult) []string {
	if len(point.Judgements) == 0 {
		return []string{point.Detail}
	}
	var lines []string
	for _, judgement := range point.Judgements {
		by := string(judgement.Status)
		if judgement.Evidence != "" {
			by += ", " + string(judgement.Evidence)
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s", judgement.Contender, by, judgement.Detail))
		for _, figure := range judgement.Figures {
			lines = append(lines, "    "+figure.What+": "+figure.Value)
		}
	}
	return lines
}

func (p *auditPage) phases(phases []audit.PhaseCount) {
	p.line("\nBy phase of the red team's protocol")
	for _, phase := range phases {
		p.line("  %-26s  %6s  %d pass, %d fail, %d skip", phase.Phase, pointsOf(phase), phase.Pass, phase.Fail, phase.Skip)
	}
}

func pointsOf(phase audit.PhaseCount) string { return fmt.Sprintf("%d-%d", phase.First, phase.Last) }

// WriteSummary writes an audit's verdict in a few lines: what fails, what would
// help, and what could not be judged.
func WriteSummary(w io.Writer, r *audit.Report, style report.Style) error {
	page := &auditPage{style: style}
	page.line("audit of %s: %s; %d of 100 points pass, %d fail, %d are skips", r.Claim, page.colored(verdictColor(r.Verdict), string(r.Verdict)), r.Counts.Pass, r.Counts.Fail, r.Counts.Skip)
	if r.Undecided != "" {
		page.line("  undecided, whatever the points say: %s", r.Undecided)
	}
	var skipped []string
	for _, point := range r.Points {
		switch point.Status {
		case audit.Fail:
			page.line("  %s  %d %s: %s", page.colored(severityColor(audit.Error), "fail"), point.ID, point.Title, point.Detail)
			page.line("        remedy  %s", point.Remedy)
		case audit.Skip:
			skipped = append(skipped, fmt.Sprint(point.ID))
		}
	}
	if len(skipped) > 0 {
		page.line("  not judged: %s", strings.Join(skipped, ", "))
	}
	for _, finding := range r.Findings {
		if finding.Severity == audit.Error && !strings.HasPrefix(finding.Rule, "point-") {
			page.line("  %s  %s  %s: %s", page.colored(severityColor(finding.Severity), string(finding.Severity)), finding.Rule, finding.Contender, finding.Message)
		}
	}
	_, err := io.WriteString(w, page.text.String())
	return err
}
