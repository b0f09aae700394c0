// Package published audits figures that somebody has published, without raw data.
//
// Every figure that was printed is an interval, and a relation between figures fails only
// if no values in their intervals satisfy it, so that rounding accuses nobody. Package
// publication reads the files; this one judges what was read.
package published

// This file decides what is judged, and goes through the points that published figures
// can decide and every relation between them.

import (
	"fmt"
	"slices"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/audit/published/publication"
)

// Judged is what published figures come to.
type Judged struct {
	// Claim is what is judged: "A/B", or one engine where nothing is compared.
	Claim string
	// Points are the judgements of the points that the figures decide, by number.
	Points   map[int][]audit.Judgement
	Findings []audit.Finding
}

// Judge judges published figures. claim is "A/B", or empty for the first comparison;
// where the files compare nothing, each engine is judged alone.
func Judge(p *publication.Publication, claim string) (*Judged, error) {
	t, err := newTables(p, claim)
	if err != nil {
		return nil, err
	}
	t.judge()
	return t.judged, nil
}

// tables is an audit of published figures at work.
type tables struct {
	publication *publication.Publication
	boxes       map[string]*box
	// sides are the claim's engines: two, or one where nothing is compared.
	sides []*box
	// comparison is the claim's, or nil.
	comparison *publication.Comparison
	judged     *Judged
}

func newTables(p *publication.Publication, claim string) (*tables, error) {
	t := &tables{publication: p, boxes: map[string]*box{}, judged: &Judged{Points: map[int][]audit.Judgement{}, Findings: []audit.Finding{}}}
	if len(p.Engines) == 0 {
		return nil, fmt.Errorf("%w: no engine's figures were found in %s", audit.ErrNoClaim, strings.Join(p.Files, ", "))
	}
	t.separate()
	for _, engine := range p.Engines {
		var findings []audit.Finding
		t.boxes[engine.Name], findings = newBox(p, engine)
		t.judged.Findings = append(t.judged.Findings, findings...)
	}
	a, b, err := t.choose(claim)
	if err != nil {
		return nil, err
	}
	t.sides = []*box{t.boxes[a]}
	t.judged.Claim = a
	if b != "" {
		t.sides = append(t.sides, t.boxes[b])
		t.judged.Claim = a + "/" + b
	}
	return t, nil
}

// choose finds the claim's two engines.
func (t *tables) choose(claim string) (a, b string, err error) {
	if claim != "" {
		a, b = t.splitClaim(strings.ToLower(claim))
		if t.boxes[a] == nil || t.boxes[b] == nil || a == b {
			return "", "", fmt.Errorf("%w: claim %q; the files have %s", audit.ErrNoClaim, claim, strings.Join(t.names(), ", "))
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
func (t *tables) comparisonOf(a, b string) *publication.Comparison {
	at := slices.IndexFunc(t.publication.Comparisons, func(c *publication.Comparison) bool {
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
}

// isSide reports whether the claim has the engine.
func (t *tables) isSide(b *box) bool { return slices.Contains(t.sides, b) }

// decide records a judgement of a point for an engine of the claim.
func (t *tables) decide(point int, contender string, status audit.Status, format string, args ...any) {
	t.judged.Points[point] = append(t.judged.Points[point], audit.Judgement{Contender: contender, Status: status, Detail: fmt.Sprintf(format, args...)})
}

func (t *tables) find(finding audit.Finding) { t.judged.Findings = append(t.judged.Findings, finding) }

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
			t.decide(point, contender, audit.Pass, "%s %s agrees with the other figures", r.printed.Quantity, r.printed.Text)
		} else {
			t.decide(point, contender, audit.Fail, "%s", finding.Message)
		}
	}
	return finding == nil
}
