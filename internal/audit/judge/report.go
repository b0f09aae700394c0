// Package judge puts an audit together: it asks the points and the forensic rules of a
// bundle, or the auditor of published figures, counts what came of them, and gives the
// verdict by the acceptance rule.
package judge

// This file finishes a report: counts, findings for failed points, and bounds on what a
// stranger's files can make of it.

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"cupel/internal/audit"
	"cupel/internal/audit/points"
	"cupel/internal/protocol"
)

// conclude counts, adds a finding for each failed point, and decides. Of the findings
// that no point stands for, those decide that the function says.
func conclude(r *audit.Report, decides func(audit.Finding) bool) {
	slices.SortFunc(r.Points, func(a, b audit.PointResult) int { return a.ID - b.ID })
	for i, point := range r.Points {
		r.Points[i].Detail = protocol.Printable(point.Detail, 1000)
		for j := range point.Judgements {
			judgement := &point.Judgements[j]
			judgement.Contender, judgement.Detail = protocol.Printable(judgement.Contender, 400), protocol.Printable(judgement.Detail, 1000)
			for k, figure := range judgement.Figures {
				judgement.Figures[k] = audit.Figure{What: protocol.Printable(figure.What, 400), Value: protocol.Printable(figure.Value, 400)}
			}
		}
		switch point.Status {
		case audit.Pass:
			r.Counts.Pass++
		case audit.Skip:
			r.Counts.Skip++
		case audit.Fail:
			r.Counts.Fail++
			r.Findings = append(r.Findings, failedPoint(point)...)
		}
	}
	r.Claim = protocol.Printable(r.Claim, 400)
	r.Undecided = protocol.Printable(r.Undecided, 1000)
	// Before long lists end.
	applyRule(r, decides)
	countGroups(r)
	shorten(r)
	for i := range r.Findings {
		makePrintable(&r.Findings[i])
	}
	slices.SortStableFunc(r.Findings, func(a, b audit.Finding) int { return rank(a.Severity) - rank(b.Severity) })
}

// shorten keeps a report readable, and bounded, whatever it was made from.
func shorten(r *audit.Report) {
	const most = 50
	counts := map[string]int{}
	kept := r.Findings[:0]
	for _, finding := range r.Findings {
		if counts[finding.Rule]++; counts[finding.Rule] <= most {
			kept = append(kept, finding)
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(counts)) {
		if more := counts[rule] - most; more > 0 {
			kept = append(kept, audit.Finding{
				Rule: rule, Severity: audit.Note, Contender: r.Claim,
				Message: fmt.Sprintf("%d more findings of this rule", more), Remedy: "mend those that are shown first",
			})
		}
	}
	r.Findings = kept
}

// makePrintable makes every text of a stranger's printable: it may hold what a terminal
// would act on.
func makePrintable(f *audit.Finding) {
	const most = 1000
	f.Contender, f.Message = protocol.Printable(f.Contender, most), protocol.Printable(f.Message, most)
	for i, step := range f.Arithmetic {
		f.Arithmetic[i] = protocol.Printable(step, most)
	}
	for i := range f.Published {
		shown := &f.Published[i]
		shown.What, shown.Text = protocol.Printable(shown.What, most), protocol.Printable(shown.Text, most)
		shown.File = protocol.Printable(shown.File, most)
	}
	if f.Consistent != nil {
		// JSON has no infinity.
		f.Consistent.Low = math.Max(f.Consistent.Low, -math.MaxFloat64)
		f.Consistent.High = math.Min(f.Consistent.High, math.MaxFloat64)
	}
}

func rank(severity audit.Severity) int {
	return slices.Index([]audit.Severity{audit.Error, audit.Warning, audit.Note}, severity)
}

// failedPoint are the findings of a failed point: one for each contender that fails
// it, or for the point where what failed is the arithmetic of a table.
func failedPoint(point audit.PointResult) []audit.Finding {
	finding := audit.Finding{
		Rule: audit.PointRule(point.ID), Severity: points.ByID(point.ID).Severity,
		Message: point.Title + ": no. " + point.Detail, Remedy: point.Remedy,
	}
	var findings []audit.Finding
	for _, judgement := range point.Judgements {
		if judgement.Status != audit.Fail {
			continue
		}
		finding.Contender = judgement.Contender
		if judgement.Evidence == "" {
			return []audit.Finding{finding} // The detail is this one's.
		}
		finding.Message = point.Title + ": no. " + judgement.Detail
		findings = append(findings, finding)
	}
	return findings
}

// skippedPoint notes a point that could not be judged.
func skippedPoint(point audit.PointResult) audit.Finding {
	finding := audit.Finding{
		Rule: audit.PointRule(point.ID), Severity: audit.Note, Message: point.Title + ": not judged. " + point.Detail, Remedy: point.Remedy,
	}
	for _, judgement := range point.Judgements {
		if judgement.Status == audit.Skip {
			finding.Contender = judgement.Contender
			break
		}
	}
	return finding
}

func isPoint(finding audit.Finding) bool {
	return len(finding.Rule) > 6 && finding.Rule[:6] == "point-"
}
