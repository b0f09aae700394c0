package audit

// This file audits published figures without raw data: which points they can
// decide, and every relation between them.

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cupel/internal/published"
)

// ErrNoClaim is the error, wrapped with the reason, where there is nothing to
// judge.
var ErrNoClaim = errors.New("nothing to audit")

// Published audits published figures. claim is "A/B", or empty for the first
// comparison; where the files compare nothing, each engine is judged alone.
func Published(p *published.Publication, claim string) (*Report, error) {
	t, err := newTables(p, claim)
	if err != nil {
		return nil, err
	}
	t.judge()
	t.report.Files = p.Files
	t.report.conclude(func(Finding) bool { return true })
	return t.report, nil
}

// tables is an audit of published figures at work.
type tables struct {
	publication *published.Publication
	report      *Report
	boxes       map[string]*box
	// sides are the claim's engines: two, or one where nothing is compared.
	sides []*box
	// comparison is the claim's, or nil.
	comparison *published.Comparison
	// judged has the judgements of the points so far.
	judged map[int][]Judgement
}

func newTables(p *published.Publication, claim string) (*tables, error) {
	t := &tables{publication: p, report: &Report{Findings: []Finding{}}, boxes: map[string]*box{}, judged: map[int][]Judgement{}}
	if len(p.Engines) == 0 {
		return nil, fmt.Errorf("%w: no engine's figures were found in %s", ErrNoClaim, strings.Join(p.Files, ", "))
	}
	t.separate()
	for _, engine := range p.Engines {
		var findings []Finding
		t.boxes[engine.Name], findings = newBox(p, engine)
		t.report.Findings = append(t.report.Findings, findings...)
	}
	a, b, err := t.choose(claim)
	if err != nil {
		return nil, err
	}
	t.sides = []*box{t.boxes[a]}
	t.report.Claim = a
	if b != "" {
		t.sides = append(t.sides, t.boxes[b])
		t.report.Claim = a + "/" + b
	}
	return t, nil
}

// choose finds the claim's two engines.
func (t *tables) choose(claim string) (a, b string, err error) {
	if claim != "" {
		a, b = t.splitClaim(strings.ToLower(claim))
		if t.boxes[a] == nil || t.boxes[b] == nil || a == b {
			return "", "", fmt.Errorf("%w: claim %q; the files have %s", ErrNoClaim, claim, strings.Join(t.names(), ", "))
		}
		t.comparison = t.comparisonOf(a, b)
		return a, b, nil
	}
	for _, comparison := range t.publication.Comparisons {
		if t.boxes[comparison.A] != nil && t.boxes[comparison.B] != nil {
			t.comparison = comparison
			return comparison.A, comparison.B, nil
		}
	}
	if names := t.names(); len(names) >= 2 {
		return names[0], names[1], nil
	}
	return t.names()[0], "", nil
}

func (t *tables) names() []string {
	var names []string
	for _, engine := range t.publication.Engines {
		names = append(names, engine.Name)
	}
	return names
}

// splitClaim splits A/B at the slash that leaves two known names, since a name may
// be a path.
func (t *tables) splitClaim(claim string) (a, b string) {
	for at, r := range claim {
		if r == '/' && t.boxes[claim[:at]] != nil && t.boxes[claim[at+1:]] != nil {
			return claim[:at], claim[at+1:]
		}
	}
	a, b, _ = strings.Cut(claim, "/")
	return a, b
}

// comparisonOf finds the comparison of two engines, either way round.
func (t *tables) comparisonOf(a, b string) *published.Comparison {
	at := slices.IndexFunc(t.publication.Comparisons, func(c *published.Comparison) bool {
		return c.A == a && c.B == b || c.A == b && c.B == a
	})
	if at < 0 {
		return nil
	}
	return t.publication.Comparisons[at]
}

// judge makes every judgement that published figures allow.
func (t *tables) judge() {
	for _, engine := range t.publication.Engines {
		t.engine(t.boxes[engine.Name])
	}
	for _, comparison := range t.publication.Comparisons {
		if t.boxes[comparison.A] != nil && t.boxes[comparison.B] != nil {
			t.pair(comparison)
		}
	}
	t.intervalsApart()
	t.precision()
	t.limits()
	t.missing()
	t.points()
}

// isSide reports whether the claim has the engine.
func (t *tables) isSide(b *box) bool { return slices.Contains(t.sides, b) }

// decide records a judgement of a point for an engine of the claim.
func (t *tables) decide(point int, contender string, status Status, format string, args ...any) {
	t.judged[point] = append(t.judged[point], Judgement{Contender: contender, Status: status, Detail: fmt.Sprintf(format, args...)})
}

func (t *tables) find(finding Finding) { t.report.Findings = append(t.report.Findings, finding) }

// solve solves a relation, records what is found, judges the points that stand on
// it where the relation is the claim's, and reports whether it holds.
func (t *tables) solve(counts bool, contender string, r relation) (holds bool) {
	finding := r.solve()
	if finding != nil {
		t.find(*finding)
	}
	if !counts {
		return finding == nil
	}
	for _, point := range r.points {
		if finding == nil {
			t.decide(point, contender, Pass, "%s %s agrees with the other figures", r.printed.Quantity, r.printed.Text)
		} else {
			t.decide(point, contender, Fail, "%s", finding.Message)
		}
	}
	return finding == nil
}

// points turns the judgements into 100 results; what nothing judged is a skip.
func (t *tables) points() {
	for _, point := range Points() {
		result := PointResult{
			ID: point.ID, Category: point.Category, Title: point.Title,
			Status: Skip, Evidence: Stated, Detail: "needs " + point.Needs, Remedy: "publish " + point.Needs, Judgements: []Judgement{},
		}
		if judgements := t.judged[point.ID]; len(judgements) > 0 {
			result.Judgements = judgements
			result.Status, result.Evidence = worst(judgements), Recomputed
			at := slices.IndexFunc(judgements, func(j Judgement) bool { return j.Status == result.Status })
			result.Detail, result.Remedy = judgements[at].Detail, tableRemedy(point.ID, result.Status)
		}
		t.report.Points = append(t.report.Points, result)
	}
}

// tableRemedy is what would make a judged point pass; nothing where it does.
func tableRemedy(id int, status Status) string {
	if status == Pass {
		return ""
	}
	if remedy, ok := remedies[id]; ok {
		return remedy
	}
	return "see the finding that the point rests on"
}
