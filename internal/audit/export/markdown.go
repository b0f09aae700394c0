package export

// This file writes an audit as a filled-in checklist, in Markdown: the tables of the
// published one, with what was found and rows to sign.

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/markup"
	"cupel/internal/report"
	"cupel/internal/stats"
)

// markdownHandler writes the checklist with all 100 points.
type markdownHandler struct{}

func (markdownHandler) Name() string { return "markdown" }

func (markdownHandler) Write(w io.Writer, r *audit.Report, _ Options) error {
	page := &checklist{}
	page.Line("# QA Checklist: %s\n", cell(r.Claim))
	page.Line("**Verdict:** %s\n", r.Verdict)
	if r.Undecided != "" {
		page.Line("**Undecided, whatever the points say:** %s\n", cell(r.Undecided))
	}
	for _, file := range r.Files {
		page.Line("**Audited:** `%s`\n", strings.ReplaceAll(cell(file), "`", "'"))
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
	page.auditAcceptance(r.Acceptance)
	page.Heading(2, "Sign-Off")
	page.Header("Role", "Name", "Date", "Signature")
	for _, role := range []string{"Benchmark Author", "Red Team Lead", "Independent Reviewer"} {
		page.Row(role, "", "", "")
	}
	_, err := io.WriteString(w, page.String())
	return err
}

// checklist is the page being written.
type checklist struct{ markup.Page }

// cell is a stranger's text as one line that a page shows as it is.
func cell(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.NewReplacer(`\`, `\\`, "<", "&lt;", "[", `\[`, "*", `\*`).Replace(text)
}

func (m *checklist) auditClaims(claims []audit.ClaimResult) {
	m.Heading(2, "Claims")
	m.Header("Claim", "Measured", "Ratio with its 95% interval", "Judged here")
	for _, claim := range claims {
		ratio, judged := "-", ""
		if claim.Ratio != nil && claim.Low != nil && claim.High != nil {
			ratio = report.Interval(stats.Interval{Estimate: *claim.Ratio, Low: *claim.Low, High: *claim.High})
		}
		if claim.Judged {
			judged = "yes"
		}
		m.Row(cell(claim.Claim), cell(claim.Verdict), ratio, judged)
	}
}

func (m *checklist) auditSummary(r *audit.Report) {
	m.Heading(2, "Validation Summary")
	m.Header("Category", "Points", "Pass", "Fail", "Skip")
	counted := func(title string, c audit.Counts) {
		m.Row(title, fmt.Sprint(c.Pass+c.Fail+c.Skip), fmt.Sprint(c.Pass), fmt.Sprint(c.Fail), fmt.Sprint(c.Skip))
	}
	for _, category := range r.Categories {
		counted(titleOf(category.Category), category.Counts)
	}
	counted("**Total**", r.Counts)
	m.Heading(3, "By phase of the verification protocol")
	m.Header("Phase", "Points", "Pass", "Fail", "Skip")
	for _, phase := range r.Phases {
		m.Row(phase.Phase, pointsOf(phase), fmt.Sprint(phase.Pass), fmt.Sprint(phase.Fail), fmt.Sprint(phase.Skip))
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
// that is how it was. What the checklist's table has no column for follows in one of
// its own.
func (m *checklist) auditCategory(number int, title string, category audit.Category, points []audit.PointResult) {
	var own []audit.PointResult
	for _, point := range points {
		if point.Category == category {
			own = append(own, point)
		}
	}
	m.Heading(2, fmt.Sprintf("Category %d: %s (%d points)", number, title, len(own)))
	m.Header("#", "Validation Point", "How to Verify", "Pass/Fail")
	for _, point := range own {
		found := fmt.Sprintf("%s: %s", point.Evidence, point.Detail)
		if point.Status != audit.Pass && point.Remedy != "" {
			found += ". To pass: " + point.Remedy
		}
		m.Row(fmt.Sprint(point.ID), cell(point.Title), cell(found), strings.ToUpper(string(point.Status)))
	}
	m.auditJudgements(own)
}

// auditJudgements has a row for each that a point is judged on.
func (m *checklist) auditJudgements(points []audit.PointResult) {
	judged := 0
	for _, point := range points {
		for _, judgement := range point.Judgements {
			if judged++; judged == 1 {
				m.Line("")
				m.Header("#", "Judged on", "Pass/Fail", "Evidence", "What it rests on")
			}
			kind := cmp.Or(judgement.Evidence, point.Evidence)
			m.Row(fmt.Sprint(point.ID), cell(judgement.Contender), strings.ToUpper(string(judgement.Status)), string(kind), cell(restsOn(point, judgement)))
		}
	}
}

// restsOn are a judgement's figures, and what it says where the point's own row does
// not say it.
func restsOn(point audit.PointResult, judgement audit.Judgement) string {
	var parts []string
	if !strings.Contains(point.Detail, judgement.Detail) {
		parts = append(parts, judgement.Detail)
	}
	for _, figure := range judgement.Figures {
		parts = append(parts, figure.What+": "+figure.Value)
	}
	if len(parts) == 0 {
		return "as above"
	}
	return strings.Join(parts, "; ")
}

func (m *checklist) auditFindings(findings []audit.Finding) {
	m.Heading(2, "Findings")
	shown := 0
	for _, finding := range findings {
		if finding.Severity == audit.Note && strings.HasPrefix(finding.Rule, "point-") {
			continue // A skip is in its category's table.
		}
		if shown++; shown == 1 {
			m.Header("Severity", "Rule", "About", "What was found", "What would help")
		}
		m.Row(string(finding.Severity), finding.Rule, cell(finding.Contender), cell(finding.Message), cell(finding.Remedy))
	}
	if shown == 0 {
		m.Line("None.")
	}
}

func (m *checklist) auditAcceptance(criteria []audit.Criterion) {
	m.Heading(2, "Acceptance Criteria")
	m.Header("Criterion", "Found", "Met")
	for _, criterion := range criteria {
		m.Row(criterion.Name, cell(criterion.Found), yesNo(criterion.Met))
	}
}
