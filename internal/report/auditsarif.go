package report

// This file writes an audit as SARIF 2.1.0, which code hosts and editors show.

import (
	"cmp"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"cupel/internal/audit"
	"cupel/internal/audit/forensic"
	"cupel/internal/audit/published"
)

// WriteAuditSARIF writes the findings, skips among them. All points and forensic
// rules are there as rules, so that a reader sees what was looked for; those that pass
// have no result, which tools would show as an alert, so each point's status, evidence
// and judgements are properties of its rule. version is the program's.
func WriteAuditSARIF(w io.Writer, r *audit.Report, version string) error {
	log := sarif.NewReport()
	driver := sarif.NewToolComponent().WithName("cupel").WithVersion(version)
	run := sarif.NewRun().WithTool(sarif.NewTool().WithDriver(driver))
	for _, point := range r.Points {
		rule := run.AddRule(audit.PointRule(point.ID)).WithDescription(point.Title)
		if point.Remedy != "" {
			rule.WithHelp(sarif.NewMultiformatMessageString().WithText(point.Remedy))
		}
		rule.WithProperties(sarif.NewPropertyBag().Add("status", point.Status).Add("evidence", point.Evidence).Add("judgements", point.Judgements))
	}
	for _, id := range append(published.Names(), forensic.Names()...) {
		run.AddRule(id).WithDescription(strings.ReplaceAll(id, "-", " "))
	}
	for _, finding := range r.Findings {
		run.AddRule(finding.Rule)
		run.AddResult(sarifResult(r, finding).WithRuleIndex(run.GetRuleIndex(finding.Rule)))
	}
	properties := sarif.NewPropertyBag()
	properties.Add("claim", r.Claim).Add("verdict", string(r.Verdict)).Add("pass", r.Counts.Pass).Add("fail", r.Counts.Fail).Add("skip", r.Counts.Skip)
	properties.Add("acceptance", r.Acceptance).Add("phases", r.Phases)
	run.WithProperties(properties)
	log.AddRun(run)
	if err := log.PrettyWrite(w); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func sarifResult(r *audit.Report, finding audit.Finding) *sarif.Result {
	text := finding.Message
	if finding.Remedy != "" {
		text += ". What would help: " + finding.Remedy
	}
	result := sarif.NewResult().WithRuleID(finding.Rule).WithMessage(sarif.NewTextMessage(text))
	switch skipped := strings.HasPrefix(finding.Rule, "point-") && finding.Severity == audit.Note; {
	case skipped:
		// It was not evaluated to the end, which is no failure.
		result.WithKind("open").WithLevel("none")
	default:
		result.WithKind("fail").WithLevel(string(finding.Severity))
	}
	if properties := sarifEvidence(r, finding); properties != nil {
		result.WithProperties(properties)
	}
	about := sarif.NewLogicalLocation().WithName(finding.Contender).WithKind("object")
	if len(finding.Published) == 0 {
		return result.AddLocation(sarifLocation(uriOf(r.Files), 0).AddLogicalLocation(about))
	}
	for _, shown := range finding.Published {
		result.AddLocation(sarifLocation(uriOf([]string{shown.File}), shown.Line).AddLogicalLocation(about))
	}
	return result
}

// sarifEvidence is what a point's finding rests on; nil where the point has no judgement
// of it, as of contenders that the claim is not about.
func sarifEvidence(r *audit.Report, finding audit.Finding) *sarif.PropertyBag {
	for _, point := range r.Points {
		if audit.PointRule(point.ID) != finding.Rule {
			continue
		}
		for _, judgement := range point.Judgements {
			if judgement.Contender == finding.Contender && judgement.Status != audit.Pass {
				return sarif.NewPropertyBag().Add("evidence", cmp.Or(judgement.Evidence, point.Evidence)).Add("figures", append([]audit.Figure{}, judgement.Figures...))
			}
		}
	}
	return nil
}

func sarifLocation(uri string, line int) *sarif.Location {
	place := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(uri))
	if line > 0 {
		place.WithRegion(sarif.NewSimpleRegion(line, line))
	}
	return sarif.NewLocationWithPhysicalLocation(place)
}

// uriOf is the first of the audited files, or the bundle, as a relative reference
// where the path is relative.
func uriOf(files []string) string {
	if len(files) == 0 {
		return "."
	}
	path := filepath.ToSlash(files[0])
	if filepath.IsAbs(files[0]) {
		return (&url.URL{Scheme: "file", Path: path}).String()
	}
	return (&url.URL{Path: path}).String()
}
