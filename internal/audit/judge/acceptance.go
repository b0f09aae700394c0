package judge

// This file holds the acceptance rule, criterion by criterion, and the verdict that
// follows from it.

import (
	"fmt"
	"slices"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/audit/points"
	"cupel/internal/audit/published"
	"cupel/internal/protocol"
)

// applyRule applies the rule. Of the findings that no point stands for, those decide that
// the function says.
func applyRule(r *audit.Report, decides func(audit.Finding) bool) {
	r.Acceptance = []audit.Criterion{enoughPass(r), firstPass(r), lastHold(r), noError(r, decides)}
	if r.Claims != nil {
		r.Acceptance = append(r.Acceptance, answered(r))
	}
	r.Verdict = decide(r)
}

// decide gives the verdict that follows from the criteria. A run without an answer has
// none, whatever the points say.
func decide(r *audit.Report) audit.Verdict {
	if r.Undecided != "" {
		return audit.Undecided
	}
	verdict := audit.Accepted
	for _, criterion := range r.Acceptance {
		switch {
		case criterion.Met:
		case criterion.Open:
			verdict = audit.Undecided
		default:
			return audit.Rejected
		}
	}
	return verdict
}

// leaveOpen takes the verdict back, for a reason.
func leaveOpen(r *audit.Report, reason string) {
	r.Undecided = protocol.Printable(reason, 1000)
	r.Acceptance[len(r.Acceptance)-1] = answered(r)
	r.Verdict = decide(r)
}

func enoughPass(r *audit.Report) audit.Criterion {
	return audit.Criterion{
		Name:  fmt.Sprintf("at least %d points pass", points.LeastPasses),
		Found: fmt.Sprintf("%d pass", r.Counts.Pass),
		Met:   r.Counts.Pass >= points.LeastPasses,
		Open:  r.Counts.Fail <= points.MostTolerated,
	}
}

func firstPass(r *audit.Report) audit.Criterion {
	var short []string
	open := true
	for _, point := range r.Points {
		if point.ID <= points.LastMustPass && point.Status != audit.Pass {
			short = append(short, fmt.Sprint(point.ID))
			open = open && point.Status != audit.Fail
		}
	}
	return audit.Criterion{
		Name:  fmt.Sprintf("all of points 1 to %d pass", points.LastMustPass),
		Found: standing(short, "all pass", "does not", "do not"),
		Met:   len(short) == 0,
		Open:  open,
	}
}

func lastHold(r *audit.Report) audit.Criterion {
	var failed []string
	for _, point := range r.Points {
		if point.ID >= points.FirstMayNot && point.Status == audit.Fail {
			failed = append(failed, fmt.Sprint(point.ID))
		}
	}
	return audit.Criterion{
		Name:  fmt.Sprintf("no point of %d to %d fails", points.FirstMayNot, points.Total),
		Found: standing(failed, "none fails", "fails", "fail"),
		Met:   len(failed) == 0,
	}
}

// noError: a forensic error that no point stands for rejects, where it is about what
// is judged: figures that can't come from one sample support no claim. Missing
// evidence does not, as its points are skips.
func noError(r *audit.Report, decides func(audit.Finding) bool) audit.Criterion {
	var rules []string
	for _, finding := range r.Findings {
		if finding.Severity == audit.Error && finding.Rule != published.RuleEvidenceMissing && !isPoint(finding) && decides(finding) && !slices.Contains(rules, finding.Rule) {
			rules = append(rules, finding.Rule)
		}
	}
	return audit.Criterion{
		Name:  "no forensic rule finds an error in what is judged",
		Found: standing(rules, "none does", "does", "do"),
		Met:   len(rules) == 0,
	}
}

// answered is asked of runs alone: a published table has no controls.
func answered(r *audit.Report) audit.Criterion {
	found := r.Undecided
	if found == "" {
		found = "its controls hold, and the claim is resolved and not disputed"
	}
	return audit.Criterion{Name: "the run has an answer", Found: found, Met: r.Undecided == "", Open: true}
}

// standing names what stands against a criterion, where these are few enough to read.
func standing(against []string, none, one, several string) string {
	const most = 10
	switch n := len(against); {
	case n == 0:
		return none
	case n == 1:
		return fmt.Sprintf("1 %s: %s", one, against[0])
	case n > most:
		return fmt.Sprintf("%d %s", n, several)
	default:
		return fmt.Sprintf("%d %s: %s", n, several, strings.Join(against, ", "))
	}
}
