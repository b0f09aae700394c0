package judge

// This file judges a bundle: all points, all forensic rules, and what the run itself says.

import (
	"fmt"
	"slices"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/audit/forensic"
	"cupel/internal/audit/points"
	"cupel/internal/estimate"
)

// judgeAll judges all 100.
func judgeAll(c *audit.Case) []audit.PointResult {
	var results []audit.PointResult
	for _, k := range points.All() {
		results = append(results, judgePoint(c, k))
	}
	return results
}

func judgePoint(c *audit.Case, point points.Point) audit.PointResult {
	result := audit.PointResult{ID: point.ID, Category: point.Category, Title: point.Title, Remedy: point.Remedy, Judgements: []audit.Judgement{}}
	add := func(name string, contender *audit.Contender) {
		r := points.RulingOf(c, point.ID, contender)
		result.Judgements = append(result.Judgements, audit.Judgement{Contender: name, Status: r.Status, Detail: r.Detail, Evidence: r.Evidence, Figures: r.Figures})
	}
	switch {
	case point.Side != nil:
		add(c.Sides[0].Name, c.Sides[0])
		add(c.Sides[1].Name, c.Sides[1])
	case point.Pair != nil:
		add(audit.ClaimName(c.Claim), nil)
	default:
		add(audit.RunContender, nil)
	}
	result.Status = audit.Worst(result.Judgements)
	var details []string
	for _, judgement := range result.Judgements {
		if judgement.Status != result.Status {
			continue
		}
		result.Evidence = judgement.Evidence
		if len(result.Judgements) > 1 {
			details = append(details, judgement.Contender+": "+judgement.Detail)
		} else {
			details = append(details, judgement.Detail)
		}
	}
	result.Detail = strings.Join(details, "; ")
	return result
}

// others are findings about contenders that the claim is not about: they are shown
// and do not decide.
func others(c *audit.Case, of []points.Point) []audit.Finding {
	var findings []audit.Finding
	for _, k := range of {
		if k.Side == nil && k.Alone == nil {
			continue
		}
		for _, contender := range c.Contenders {
			if contender.Role != "" || contender == c.Sides[0] || contender == c.Sides[1] || len(contender.Launches) == 0 {
				continue
			}
			if r := rulingAlone(c, k, contender); r.Status == audit.Fail {
				findings = append(findings, audit.Finding{
					Rule: audit.PointRule(k.ID), Contender: contender.Name, Severity: k.Severity,
					Message: k.Title + ": no. " + r.Detail, Remedy: k.Remedy,
				})
			}
		}
	}
	return findings
}

// rulingAlone is what a point comes to for one contender that the claim is not about.
func rulingAlone(c *audit.Case, k points.Point, contender *audit.Contender) audit.Ruling {
	if k.Alone == nil {
		return points.RulingOf(c, k.ID, contender)
	}
	return points.Point{ID: k.ID, Side: k.Alone}.Judge(c, contender)
}

// Bundle judges the case.
func Bundle(c *audit.Case) *audit.Report {
	r := &audit.Report{Claim: audit.ClaimName(c.Claim), Points: judgeAll(c), Findings: []audit.Finding{}, Files: []string{c.Bundle.Dir}}
	r.Findings = append(r.Findings, others(c, points.All())...)
	for _, rule := range forensic.Rules {
		r.Findings = append(r.Findings, found(c, rule)...)
	}
	for _, point := range r.Points {
		if point.Status == audit.Skip {
			r.Findings = append(r.Findings, skippedPoint(point))
		}
	}
	r.Claims = claims(c)
	r.Undecided = undecided(c)
	conclude(r, func(found audit.Finding) bool { return c.Decides(found) })
	if reason := disputedBy(c); r.Verdict == audit.Accepted && reason != "" {
		leaveOpen(r, reason)
	}
	return r
}

// found are a rule's findings.
func found(c *audit.Case, rule forensic.Rule) []audit.Finding {
	var findings []audit.Finding
	c.Guard("rule "+rule.Name, func() { findings = rule.Judge(c) })
	for i := range findings {
		findings[i].Rule, findings[i].Severity = rule.Name, rule.Severity
		if findings[i].Remedy == "" {
			findings[i].Remedy = rule.Remedy
		}
	}
	return findings
}

// disputedBy says which check of the run's own accuses a side of the claim: the run
// gives such a claim no verdict, so the audit accepts none. Each of these checks is
// asked by a point or a rule, which rejects where launches are enough to tell. What
// is left are few launches, and they leave the question open.
func disputedBy(c *audit.Case) string {
	var reasons []string
	for _, side := range c.Sides {
		if check := c.Estimates.Accused(side.Name); check != nil {
			reasons = append(reasons, fmt.Sprintf("the claim is disputed: %s, by the check %s: %s", side.Name, check.Rule, check.Text))
		}
	}
	return strings.Join(reasons, "; ")
}

// undecided says why the run has no answer whatever the points say: nothing where it
// has one.
func undecided(c *audit.Case) string {
	reasons := slices.Clone(c.BrokeOff)
	for _, control := range c.Estimates.Controls {
		if fault := control.Fault(); fault != "" {
			reasons = append(reasons, fault)
		}
	}
	if len(reasons) == 0 && !c.Estimates.Holds() {
		reasons = append(reasons, "the run lacks controls")
	}
	switch comparison := c.Comparison(); {
	case comparison == nil:
		reasons = append(reasons, "no replicate has both contenders of the claim")
	case comparison.Verdict == estimate.NotResolved:
		reasons = append(reasons, "the claim is not resolved")
	}
	return strings.Join(reasons, "; ")
}

// claims lists all claims of the plan with their verdicts.
func claims(c *audit.Case) []audit.ClaimResult {
	var results []audit.ClaimResult
	listed := slices.Clone(c.Bundle.Plan.Claims)
	if !slices.Contains(listed, c.Claim) {
		listed = append(listed, c.Claim)
	}
	for _, claim := range listed {
		result := audit.ClaimResult{Claim: audit.ClaimName(claim), Verdict: "not measured", Judged: claim == c.Claim}
		if comparison := c.ComparisonOf(claim); comparison != nil {
			result.Verdict = string(comparison.Verdict)
			result.Ratio, result.Low, result.High = audit.Finite(comparison.Ratio.Estimate), audit.Finite(comparison.Ratio.Low), audit.Finite(comparison.Ratio.High)
		}
		results = append(results, result)
	}
	return results
}
