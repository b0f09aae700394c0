// Package audit judges a claim by the 100 points of the checklist and by
// forensic rules that go past it.
//
// It sees evidence only: it starts no process and reads no clock. A point passes
// on what was measured, recomputed or inspected; a statement alone passes
// nothing, and a point that can't be judged is a skip with what would be needed,
// which is not a pass. Every figure that was printed is an interval, and a
// relation between figures fails only if no values in their intervals satisfy
// it, so that rounding accuses nobody.
package audit

// This file holds what an audit says, and the verdict.

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"cupel/internal/interval"
	"cupel/internal/protocol"
	"cupel/internal/published"
)

// Severity is how bad a finding is. It is fixed by the rule, never chosen.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Status is what came of a point.
type Status string

// The statuses of a point, from bad to good.
const (
	Fail Status = "fail"
	Skip Status = "skip"
	Pass Status = "pass"
)

// Evidence is the kind of evidence that a judgement rests on.
type Evidence string

// The kinds of evidence. Stated evidence passes nothing by itself.
const (
	Measured   Evidence = "measured"
	Recomputed Evidence = "recomputed"
	Inspected  Evidence = "inspected"
	Stated     Evidence = "stated"
)

// Verdict is the answer of an audit.
type Verdict string

// The verdicts. Undecided says that skips leave the question open.
const (
	Accepted  Verdict = "accepted"
	Rejected  Verdict = "rejected"
	Undecided Verdict = "undecided"
)

// Shown is a figure as it was published.
type Shown struct {
	What string `json:"what"`
	Text string `json:"text"`
	published.Place
}

// Finding is one thing wrong.
type Finding struct {
	Rule      string   `json:"rule"`
	Contender string   `json:"contender"`
	Severity  Severity `json:"severity"`
	Message   string   `json:"message"`
	// Published are the figures as they were printed.
	Published []Shown `json:"published,omitempty"`
	// Consistent holds all values that agree with the other figures.
	Consistent *interval.Interval `json:"consistent,omitempty"`
	// Arithmetic is the computation, written out.
	Arithmetic []string `json:"arithmetic,omitempty"`
	Remedy     string   `json:"remedy"`
}

// Judgement is what came of a point for one contender, for the claim's pair, or for
// the run.
type Judgement struct {
	Contender string   `json:"contender"`
	Status    Status   `json:"status"`
	Detail    string   `json:"detail"`
	Evidence  Evidence `json:"evidence,omitempty"`
	// Figures are those that it rests on.
	Figures []Figure `json:"figures,omitempty"`
}

// PointResult is what came of a point.
type PointResult struct {
	ID       int      `json:"id"`
	Category Category `json:"category"`
	Title    string   `json:"title"`
	Status   Status   `json:"status"`
	Evidence Evidence `json:"evidence"`
	Detail   string   `json:"detail"`
	// Remedy is what would make it pass.
	Remedy     string      `json:"remedy,omitempty"`
	Judgements []Judgement `json:"judgements"`
}

// ClaimResult is what one claim of the plan came to.
type ClaimResult struct {
	Claim   string `json:"claim"`
	Verdict string `json:"verdict"`
	// Judged marks the claim that the audit is about.
	Judged bool     `json:"judged"`
	Ratio  *float64 `json:"ratio"`
	Low    *float64 `json:"ratio_ci_95_lower"`
	High   *float64 `json:"ratio_ci_95_upper"`
}

// Counts counts points by status.
type Counts struct {
	Pass int `json:"pass"`
	Fail int `json:"fail"`
	Skip int `json:"skip"`
}

// Report is what an audit says.
type Report struct {
	Claim    string        `json:"claim"`
	Verdict  Verdict       `json:"verdict"`
	Counts   Counts        `json:"counts"`
	Points   []PointResult `json:"points"`
	Findings []Finding     `json:"findings"`
	// Categories and Phases count the points once more, by the checklist's
	// categories and by the phases of its verification protocol.
	Categories []CategoryCount `json:"categories"`
	Phases     []PhaseCount    `json:"phases"`
	// Acceptance are the criteria of the acceptance rule, from which the verdict follows.
	// Audits of earlier versions lack them.
	Acceptance []Criterion `json:"acceptance,omitempty"`
	// Claims are all of the plan's; Undecided says why the run has no answer whatever
	// the points say. Both are of bundles alone.
	Claims    []ClaimResult `json:"claims,omitempty"`
	Undecided string        `json:"undecided,omitempty"`
	Files     []string      `json:"files,omitempty"`
}

// conclude counts, adds a finding for each failed point, and decides. Of the findings
// that no point stands for, those decide that the function says.
func (r *Report) conclude(decides func(Finding) bool) {
	slices.SortFunc(r.Points, func(a, b PointResult) int { return a.ID - b.ID })
	for i, point := range r.Points {
		r.Points[i].Detail = protocol.Printable(point.Detail, 1000)
		for j := range point.Judgements {
			judgement := &point.Judgements[j]
			judgement.Contender, judgement.Detail = protocol.Printable(judgement.Contender, 400), protocol.Printable(judgement.Detail, 1000)
			for k, figure := range judgement.Figures {
				judgement.Figures[k] = Figure{protocol.Printable(figure.What, 400), protocol.Printable(figure.Value, 400)}
			}
		}
		switch point.Status {
		case Pass:
			r.Counts.Pass++
		case Skip:
			r.Counts.Skip++
		case Fail:
			r.Counts.Fail++
			r.Findings = append(r.Findings, failedPoint(point)...)
		}
	}
	r.Claim = protocol.Printable(r.Claim, 400)
	r.Undecided = protocol.Printable(r.Undecided, 1000)
	// Before long lists end.
	r.accept(decides)
	r.group()
	r.cap()
	for i := range r.Findings {
		r.Findings[i].clean()
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return rank(a.Severity) - rank(b.Severity) })
}

// cap keeps a report readable, and bounded, whatever it was made from.
func (r *Report) cap() {
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
			kept = append(kept, Finding{
				Rule: rule, Severity: Note, Contender: r.Claim,
				Message: fmt.Sprintf("%d more findings of this rule", more), Remedy: "mend those that are shown first",
			})
		}
	}
	r.Findings = kept
}

// clean makes every text of a stranger's printable: it may hold what a terminal
// would act on.
func (f *Finding) clean() {
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

func rank(severity Severity) int {
	return slices.Index([]Severity{Error, Warning, Note}, severity)
}

// failedPoint are the findings of a failed point: one for each contender that fails
// it, or for the point where what failed is the arithmetic of a table.
func failedPoint(point PointResult) []Finding {
	finding := Finding{
		Rule: PointRule(point.ID), Severity: PointByID(point.ID).Severity,
		Message: point.Title + ": no. " + point.Detail, Remedy: point.Remedy,
	}
	var findings []Finding
	for _, judgement := range point.Judgements {
		if judgement.Status != Fail {
			continue
		}
		finding.Contender = judgement.Contender
		if judgement.Evidence == "" {
			return []Finding{finding} // The detail is this one's.
		}
		finding.Message = point.Title + ": no. " + judgement.Detail
		findings = append(findings, finding)
	}
	return findings
}

// skippedPoint notes a point that could not be judged.
func skippedPoint(point PointResult) Finding {
	finding := Finding{
		Rule: PointRule(point.ID), Severity: Note, Message: point.Title + ": not judged. " + point.Detail, Remedy: point.Remedy,
	}
	for _, judgement := range point.Judgements {
		if judgement.Status == Skip {
			finding.Contender = judgement.Contender
			break
		}
	}
	return finding
}

// PointRule is the rule that a failed or skipped point is a finding of.
func PointRule(id int) string { return fmt.Sprintf("point-%02d", id) }

func isPoint(finding Finding) bool { return len(finding.Rule) > 6 && finding.Rule[:6] == "point-" }

// worst is the status of a point that is judged on several sides.
func worst(judgements []Judgement) Status {
	status := Pass
	for _, judgement := range judgements {
		if judgement.Status == Fail || judgement.Status == Skip && status == Pass {
			status = judgement.Status
		}
	}
	return status
}
