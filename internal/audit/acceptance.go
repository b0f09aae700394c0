package audit

// This file holds the acceptance rule, criterion by criterion, and the verdict that
// follows from it.

import (
	"fmt"
	"slices"
	"strings"

	"cupel/internal/protocol"
)

// Criterion is one of those of the acceptance rule: the checklist's three, and two of
// this project's, without which the points would decide nothing.
type Criterion struct {
	Name string `json:"name"`
	// Found says what stands for it or against it.
	Found string `json:"found"`
	Met   bool   `json:"met"`
	// open: what stands against it leaves the question open.
	open bool
}

// The numbers of the checklist's rule: at least leastPasses pass, all of the first
// three categories do, and none of the last ten fails.
const (
	leastPasses   = 95
	lastMustPass  = 45
	firstMayNot   = 91
	points        = 100
	mostTolerated = points - leastPasses
)

// accept applies the rule. Of the findings that no point stands for, those decide that
// the function says.
func (r *Report) accept(decides func(Finding) bool) {
	r.Acceptance = []Criterion{r.enoughPass(), r.firstPass(), r.lastHold(), r.noError(decides)}
	if r.Claims != nil {
		r.Acceptance = append(r.Acceptance, r.answered())
	}
	r.Verdict = r.decide()
}

// decide gives the verdict that follows from the criteria. A run without an answer has
// none, whatever the points say.
func (r *Report) decide() Verdict {
	if r.Undecided != "" {
		return Undecided
	}
	verdict := Accepted
	for _, criterion := range r.Acceptance {
		switch {
		case criterion.Met:
		case criterion.open:
			verdict = Undecided
		default:
			return Rejected
		}
	}
	return verdict
}

// leaveOpen takes the verdict back, for a reason.
func (r *Report) leaveOpen(reason string) {
	r.Undecided = protocol.Printable(reason, 1000)
	r.Acceptance[len(r.Acceptance)-1] = r.answered()
	r.Verdict = r.decide()
}

func (r *Report) enoughPass() Criterion {
	return Criterion{
		Name:  fmt.Sprintf("at least %d points pass", leastPasses),
		Found: fmt.Sprintf("%d pass", r.Counts.Pass),
		Met:   r.Counts.Pass >= leastPasses,
		open:  r.Counts.Fail <= mostTolerated,
	}
}

func (r *Report) firstPass() Criterion {
	var short []string
	open := true
	for _, point := range r.Points {
		if point.ID <= lastMustPass && point.Status != Pass {
			short = append(short, fmt.Sprint(point.ID))
			open = open && point.Status != Fail
		}
	}
	return Criterion{
		Name:  fmt.Sprintf("all of points 1 to %d pass", lastMustPass),
		Found: standing(short, "all pass", "does not", "do not"),
		Met:   len(short) == 0,
		open:  open,
	}
}

func (r *Report) lastHold() Criterion {
	var failed []string
	for _, point := range r.Points {
		if point.ID >= firstMayNot && point.Status == Fail {
			failed = append(failed, fmt.Sprint(point.ID))
		}
	}
	return Criterion{
		Name:  fmt.Sprintf("no point of %d to %d fails", firstMayNot, points),
		Found: standing(failed, "none fails", "fails", "fail"),
		Met:   len(failed) == 0,
	}
}

// noError: a forensic error that no point stands for rejects, where it is about what
// is judged: figures that can't come from one sample support no claim. Missing
// evidence does not, as its points are skips.
func (r *Report) noError(decides func(Finding) bool) Criterion {
	var rules []string
	for _, finding := range r.Findings {
		if finding.Severity == Error && finding.Rule != ruleEvidenceMissing && !isPoint(finding) && decides(finding) && !slices.Contains(rules, finding.Rule) {
			rules = append(rules, finding.Rule)
		}
	}
	return Criterion{
		Name:  "no forensic rule finds an error in what is judged",
		Found: standing(rules, "none does", "does", "do"),
		Met:   len(rules) == 0,
	}
}

// answered is asked of runs alone: a published table has no controls.
func (r *Report) answered() Criterion {
	found := r.Undecided
	if found == "" {
		found = "its controls hold, and the claim is resolved and not disputed"
	}
	return Criterion{Name: "the run has an answer", Found: found, Met: r.Undecided == "", open: true}
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
