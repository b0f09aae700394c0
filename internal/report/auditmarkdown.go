package report

// This file writes an audit as a filled-in checklist, in Markdown: the tables of the
// published one, with what was found and rows to sign.

import (
	"fmt"
	"io"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/stats"
)

// WriteAuditMarkdown writes the checklist with all 100 points.
func WriteAuditMarkdown(w io.Writer, r *audit.Report) error {
	page := &markdown{}
	page.line("# QA Checklist: %s\n", cell(r.Claim))
	page.line("**Verdict:** %s\n", r.Verdict)
	if r.Undecided != "" {
		page.line("**Undecided, whatever the points say:** %s\n", cell(r.Undecided))
	}
	for _, file := range r.Files {
		page.line("**Audited:** `%s`\n", strings.ReplaceAll(cell(file), "`", "'"))
	}
	if len(r.Claims) > 0 {
		page.auditClaims(r.Claims)
	}
	page.auditSummary(r)
	section := 0
	for _, category := range categoryTitles {
		section++
		page.auditCategory(section, category.title, category.category, r.Points)
	}
	page.auditFindings(r.Findings)
	page.auditAcceptance(r)
	page.heading(2, "Sign-Off")
	page.header("Role", "Name", "Date", "Signature")
	for _, role := range []string{"Benchmark Author", "Red Team Lead", "Independent Reviewer"} {
		page.row(role, "", "", "")
	}
	_, err := io.WriteString(w, page.text.String())
	return err
}

// cell is a stranger's text as one line that a page shows as it is.
func cell(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.NewReplacer(`\`, `\\`, "<", "&lt;", "[", `\[`, "*", `\*`).Replace(text)
}

func (m *markdown) auditClaims(claims []audit.ClaimResult) {
	m.heading(2, "Claims")
	m.header("Claim", "Measured", "Ratio with its 95% interval", "Judged here")
	for _, claim := range claims {
		ratio, judged := "-", ""
		if claim.Ratio != nil && claim.Low != nil && claim.High != nil {
			ratio = interval(stats.Interval{Estimate: *claim.Ratio, Low: *claim.Low, High: *claim.High})
		}
		if claim.Judged {
			judged = "yes"
		}
		m.row(cell(claim.Claim), cell(claim.Verdict), ratio, judged)
	}
}

func (m *markdown) auditSummary(r *audit.Report) {
	m.heading(2, "Validation Summary")
	m.header("Category", "Points", "Pass", "Fail", "Skip")
	counted := func(title string, c audit.Counts) {
		m.row(title, fmt.Sprint(c.Pass+c.Fail+c.Skip), fmt.Sprint(c.Pass), fmt.Sprint(c.Fail), fmt.Sprint(c.Skip))
	}
	for _, category := range r.Categories {
		counted(titleOf(category.Category), category.Counts)
	}
	counted("**Total**", r.Counts)
	m.heading(3, "By phase of the verification protocol")
	m.header("Phase", "Points", "Pass", "Fail", "Skip")
	for _, phase := range r.Phases {
		m.row(phase.Phase, fmt.Sprintf("%d-%d", phase.First, phase.Last), fmt.Sprint(phase.Pass), fmt.Sprint(phase.Fail), fmt.Sprint(phase.Skip))
	}
}

func titleOf(category audit.Category) string {
	for _, known := range categoryTitles {
		if known.category == category {
			return known.title
		}
	}
	return string(category)
}

// auditCategory has what was found where the published checklist says how to verify:
// that is how it was.
func (m *markdown) auditCategory(number int, title string, category audit.Category, points []audit.PointResult) {
	var own []audit.PointResult
	for _, point := range points {
		if point.Category == category {
			own = append(own, point)
		}
	}
	m.heading(2, fmt.Sprintf("Category %d: %s (%d points)", number, title, len(own)))
	m.header("#", "Validation Point", "How to Verify", "Pass/Fail")
	for _, point := range own {
		m.row(fmt.Sprint(point.ID), cell(point.Title), fmt.Sprintf("%s: %s", point.Evidence, cell(point.Detail)), strings.ToUpper(string(point.Status)))
	}
}

func (m *markdown) auditFindings(findings []audit.Finding) {
	m.heading(2, "Findings")
	shown := 0
	for _, finding := range findings {
		if finding.Severity == audit.Note && strings.HasPrefix(finding.Rule, "point-") {
			continue // A skip is in its category's table.
		}
		if shown++; shown == 1 {
			m.header("Severity", "Rule", "About", "What was found", "What would help")
		}
		m.row(string(finding.Severity), finding.Rule, cell(finding.Contender), cell(finding.Message), cell(finding.Remedy))
	}
	if shown == 0 {
		m.line("None.")
	}
}

func (m *markdown) auditAcceptance(r *audit.Report) {
	early, bias := 0, 0
	for _, point := range r.Points {
		switch {
		case point.Category == audit.Methodology || point.Category == audit.Statistics || point.Category == audit.Code:
			if point.Status != audit.Pass {
				early++
			}
		case point.Category == audit.Bias && point.Status == audit.Fail:
			bias++
		}
	}
	m.heading(2, "Acceptance Criteria")
	m.header("Criterion", "Found", "Met")
	m.row("95 points or more pass", fmt.Sprint(r.Counts.Pass), yesNo(r.Counts.Pass >= 95))
	m.row("All points of the first three categories pass", fmt.Sprintf("%d do not", early), yesNo(early == 0))
	m.row("No point of the last category fails", fmt.Sprintf("%d fail", bias), yesNo(bias == 0))
}

func yesNo(holds bool) string {
	if holds {
		return "yes"
	}
	return "no"
}
