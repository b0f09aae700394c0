// Package audit holds what all auditors share: the case, which is a bundle opened for
// its audit with the facts that it gives, the ruling on one question, and the report.
//
// The points of the checklist, the forensic rules of bundles and the auditor of
// published figures are packages below this one. Package judge puts a report together
// from them. They see evidence only: they start no process and read no clock.
//
// A point passes on what was measured, recomputed or inspected; a statement alone passes
// nothing, and a point that can't be judged is a skip with what would be needed,
// which is not a pass.
package audit

// This file holds what an audit says.

import (
	"errors"
	"fmt"
	"math"

	"cupel/internal/interval"
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

// Place is where something stands in what was published.
type Place struct {
	File string `json:"file"`
	// Line counts from 1.
	Line int `json:"line"`
}

// Shown is a figure as it was published.
type Shown struct {
	What string `json:"what"`
	Text string `json:"text"`
	Place
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

// PointRule is the rule that a failed or skipped point is a finding of.
func PointRule(id int) string { return fmt.Sprintf("point-%02d", id) }

// Worst is the status of a point that is judged on several sides.
func Worst(judgements []Judgement) Status {
	status := Pass
	for _, judgement := range judgements {
		if judgement.Status == Fail || judgement.Status == Skip && status == Pass {
			status = judgement.Status
		}
	}
	return status
}

// Criterion is one of those of the acceptance rule: the checklist's three, and two of
// this project's, without which the points would decide nothing.
type Criterion struct {
	Name string `json:"name"`
	// Found says what stands for it or against it.
	Found string `json:"found"`
	Met   bool   `json:"met"`
	// Open: what stands against it leaves the question open.
	Open bool `json:"-"`
}

// RunContender names the run as a whole among judgements.
const RunContender = "run"

// Finite is nil for a number that JSON does not have.
func Finite(value float64) *float64 {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return nil
	}
	return &value
}

// CategoryCount is what came of a category.
type CategoryCount struct {
	Category Category `json:"category"`
	Counts
}

// PhaseCount is what came of a phase of the red team's protocol. Points may be in
// several phases, and the last ones are in none.
type PhaseCount struct {
	Phase string `json:"phase"`
	First int    `json:"first"`
	Last  int    `json:"last"`
	Counts
}

// Add counts one point.
func (c *Counts) Add(status Status) {
	switch status {
	case Pass:
		c.Pass++
	case Fail:
		c.Fail++
	default:
		c.Skip++
	}
}

// Category is one of the checklist's eight.
type Category string

// The categories, in the checklist's order.
const (
	Methodology     Category = "methodology"
	Statistics      Category = "statistics"
	Code            Category = "code"
	Data            Category = "data"
	Environment     Category = "environment"
	Reproducibility Category = "reproducibility"
	Plausibility    Category = "plausibility"
	Bias            Category = "bias"
)

// The rules that bundles and published figures are both judged by.
const (
	RuleRatio        = "ratio-mismatch"
	RuleGranularity  = "granularity-impossible"
	RuleTimeOverflow = "time-overflow"
)

// ErrNoClaim is the error, wrapped with the reason, where there is nothing to
// judge.
var ErrNoClaim = errors.New("nothing to audit")
