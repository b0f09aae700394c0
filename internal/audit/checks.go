package audit

// This file judges: every point has a check, which looks at each side of the claim,
// at the two together, or at the run as a whole.

import (
	"fmt"
	"slices"
	"strings"

	"cupel/internal/estimate"
	"cupel/internal/suite"
)

// Figure is a figure that a judgement rests on.
type Figure struct {
	What  string `json:"what"`
	Value string `json:"value"`
}

// ruling is what a check finds about one contender, a pair or a run.
type ruling struct {
	status  Status
	detail  string
	figures []Figure
	// evidence is the kind where it is not the check's own.
	evidence Evidence
}

func passes(format string, values ...any) ruling {
	return ruling{status: Pass, detail: fmt.Sprintf(format, values...)}
}
func fails(format string, values ...any) ruling {
	return ruling{status: Fail, detail: fmt.Sprintf(format, values...)}
}

// skips says what the bundle lacks: "needs" is followed by it.
func skips(format string, values ...any) ruling {
	return ruling{status: Skip, detail: "needs " + fmt.Sprintf(format, values...)}
}

// with adds a figure.
func (r ruling) with(what, format string, values ...any) ruling {
	r.figures = append(slices.Clip(r.figures), Figure{what, fmt.Sprintf(format, values...)})
	return r
}

// by says that the ruling rests on another kind of evidence than the check's other
// ones.
func (r ruling) by(kind Evidence) ruling {
	r.evidence = kind
	return r
}

// bad reports whether a ruling is worse than another.
func (r ruling) bad(than ruling) bool {
	return slices.Index(statuses, r.status) < slices.Index(statuses, than.status)
}

// statuses are from bad to good.
var statuses = []Status{Fail, Skip, Pass}

// all is the worst of several rulings about the same, with the figures of all and
// the details of those that are as bad as the worst.
func all(rulings ...ruling) ruling {
	worst := ruling{status: Pass}
	var figures []Figure
	for _, r := range rulings {
		figures = append(figures, r.figures...)
		if r.bad(worst) {
			worst = r
		}
	}
	var details []string
	for _, r := range rulings {
		if r.status == worst.status && r.detail != "" && !slices.Contains(details, r.detail) {
			details = append(details, r.detail)
		}
	}
	worst.detail, worst.figures = strings.Join(details, "; "), figures
	return worst
}

// rulingKey is a ruling that was asked for: contender is empty for pair and run.
type rulingKey struct {
	point     int
	contender string
}

// once makes the ruling of a point for a contender and remembers it.
func (c *Case) once(point int, contender string, judge func() ruling) ruling {
	key := rulingKey{point, contender}
	found, made := c.rulings[key]
	if !made {
		found = judge()
		c.rulings[key] = found
	}
	return found
}

// guard runs a check and reports whether it came to its end. A stranger's bundle may
// hold what a check does not expect: one that breaks off accuses nobody, and nothing is
// accepted then.
func (c *Case) guard(what string, judge func()) (ended bool) {
	defer func() {
		if fault := recover(); fault != nil {
			c.brokeOff = append(c.brokeOff, fmt.Sprintf("the %s broke off: %v", what, fault))
		}
	}()
	judge()
	return true
}

// ruling is what came of a point for a contender, for checks that rest on others.
// Points about the pair or the run ignore the contender.
func (c *Case) ruling(id int, contender *Contender) ruling {
	k := PointByID(id)
	if k == nil {
		return skips("a check of point %d", id)
	}
	name := ""
	if k.Side != nil {
		name = contender.Name
	}
	return c.once(id, name, func() ruling { return k.judge(c, contender) })
}

// judge is the check's ruling.
func (k Point) judge(c *Case, contender *Contender) ruling {
	r := skips("evidence that its check can read: it broke off")
	c.guard(fmt.Sprintf("check of point %d", k.ID), func() { r = k.ask(c, contender) })
	if r.evidence == "" {
		r.evidence = k.Evidence
	}
	return r
}

func (k Point) ask(c *Case, contender *Contender) ruling {
	switch {
	case k.Pair != nil:
		return k.Pair(c)
	case k.Run != nil:
		return k.Run(c)
	case len(contender.Finished) == 0 && !k.AnyLaunch:
		return skips("a finished launch of %s", contender.Name)
	default:
		return k.Side(c, contender)
	}
}

// RunContender names the run as a whole among judgements.
const RunContender = "run"

// points judges all 100.
func (c *Case) points() []PointResult {
	var results []PointResult
	for _, point := range Points() {
		results = append(results, c.point(point))
	}
	return results
}

func (c *Case) point(point Point) PointResult {
	result := PointResult{ID: point.ID, Category: point.Category, Title: point.Title, Remedy: point.Remedy, Judgements: []Judgement{}}
	add := func(name string, contender *Contender) {
		r := c.ruling(point.ID, contender)
		result.Judgements = append(result.Judgements, Judgement{Contender: name, Status: r.status, Detail: r.detail, Evidence: r.evidence, Figures: r.figures})
	}
	switch {
	case point.Side != nil:
		add(c.Sides[0].Name, c.Sides[0])
		add(c.Sides[1].Name, c.Sides[1])
	case point.Pair != nil:
		add(claimName(c.Claim), nil)
	default:
		add(RunContender, nil)
	}
	result.Status = worst(result.Judgements)
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
func (c *Case) others(points []Point) []Finding {
	var findings []Finding
	for _, k := range points {
		if k.Side == nil && k.Alone == nil {
			continue
		}
		for _, contender := range c.Contenders {
			if contender.Role != "" || contender == c.Sides[0] || contender == c.Sides[1] || len(contender.Launches) == 0 {
				continue
			}
			if r := c.rulingAlone(k, contender); r.status == Fail {
				findings = append(findings, Finding{
					Rule: PointRule(k.ID), Contender: contender.Name, Severity: k.Severity,
					Message: k.Title + ": no. " + r.detail, Remedy: k.Remedy,
				})
			}
		}
	}
	return findings
}

// rulingAlone is what a point comes to for one contender that the claim is not about.
func (c *Case) rulingAlone(k Point, contender *Contender) ruling {
	if k.Alone == nil {
		return c.ruling(k.ID, contender)
	}
	return Point{ID: k.ID, Side: k.Alone}.judge(c, contender)
}

func claimName(claim suite.ClaimPlan) string { return claim.Faster + "/" + claim.Than }

// choose settles which claim is judged.
func (c *Case) choose(claim string) error {
	if workload := c.Bundle.Plan.Workload; workload != suite.KindInference {
		return fmt.Errorf("%w: the points are about inference, and the bundle measures %q", ErrNoClaim, workload)
	}
	if claim == "" {
		if len(c.Bundle.Plan.Claims) == 0 {
			return fmt.Errorf("%w: the bundle's plan has no claim; name one with --claim A/B, of %s", ErrNoClaim, strings.Join(c.Bundle.Plan.Contenders, ", "))
		}
		c.Claim = c.Bundle.Plan.Claims[0]
	} else {
		faster, than, ok := strings.Cut(claim, "/")
		if !ok || faster == than || !slices.Contains(c.Bundle.Plan.Contenders, faster) || !slices.Contains(c.Bundle.Plan.Contenders, than) {
			return fmt.Errorf("%w: claim %q; the bundle has %s", ErrNoClaim, claim, strings.Join(c.Bundle.Plan.Contenders, ", "))
		}
		c.Claim = suite.ClaimPlan{Faster: faster, Than: than}
	}
	c.Sides = [2]*Contender{c.Contender(c.Claim.Faster), c.Contender(c.Claim.Than)}
	if c.Sides[0] == nil || c.Sides[1] == nil || c.Sides[0] == c.Sides[1] {
		return fmt.Errorf("%w: claim %q names a contender that the bundle lacks", ErrNoClaim, claimName(c.Claim))
	}
	return nil
}

// Audit judges the case.
func (c *Case) Audit() *Report {
	r := &Report{Claim: claimName(c.Claim), Points: c.points(), Findings: []Finding{}, Files: []string{c.Bundle.Dir}}
	r.Findings = append(r.Findings, c.others(Points())...)
	for _, rule := range bundleRules {
		r.Findings = append(r.Findings, c.found(rule)...)
	}
	for _, point := range r.Points {
		if point.Status == Skip {
			r.Findings = append(r.Findings, skippedPoint(point))
		}
	}
	r.Claims = c.claims()
	r.Undecided = c.undecided()
	r.conclude(c.decides)
	if disputed := c.disputed(); r.Verdict == Accepted && disputed != "" {
		r.leaveOpen(disputed)
	}
	return r
}

// found are a rule's findings.
func (c *Case) found(rule bundleRule) []Finding {
	var findings []Finding
	c.guard("rule "+rule.id, func() { findings = rule.judge(c) })
	for i := range findings {
		findings[i].Rule, findings[i].Severity = rule.id, rule.severity
		if findings[i].Remedy == "" {
			findings[i].Remedy = rule.remedy
		}
	}
	return findings
}

// decides reports whether a finding is about the claim's two, the two together or the
// run, to which its control copies and canonical runners belong. What other contenders
// did is shown.
func (c *Case) decides(finding Finding) bool {
	if companion := c.Contender(finding.Contender); companion != nil && companion.Role != "" {
		return true
	}
	return slices.Contains([]string{RunContender, c.Sides[0].Name, c.Sides[1].Name, claimName(c.Claim)}, finding.Contender)
}

// disputed says which check of the run's own accuses a side of the claim: the run
// gives such a claim no verdict, so the audit accepts none. Each of these checks is
// asked by a point or a rule, which rejects where launches are enough to tell. What
// is left are few launches, and they leave the question open.
func (c *Case) disputed() string {
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
func (c *Case) undecided() string {
	reasons := slices.Clone(c.brokeOff)
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
func (c *Case) claims() []ClaimResult {
	var results []ClaimResult
	listed := slices.Clone(c.Bundle.Plan.Claims)
	if !slices.Contains(listed, c.Claim) {
		listed = append(listed, c.Claim)
	}
	for _, claim := range listed {
		result := ClaimResult{Claim: claimName(claim), Verdict: "not measured", Judged: claim == c.Claim}
		if comparison := c.comparison(claim); comparison != nil {
			result.Verdict = string(comparison.Verdict)
			result.Ratio, result.Low, result.High = finite(comparison.Ratio.Estimate), finite(comparison.Ratio.Low), finite(comparison.Ratio.High)
		}
		results = append(results, result)
	}
	return results
}
