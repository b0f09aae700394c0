package judge_test

// This file holds every point and every rule against the honest bundle, which must
// pass, and against bundles that were tampered with, which must not. What has no
// tampered case turns it red.

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/audit/forensic"
	"cupel/internal/audit/judge"
	"cupel/internal/audit/points"
	"cupel/internal/testtier"
)

// tampering is a bundle that somebody has tampered with, at its source.
type tampering struct {
	// point or rule is the one that must see it.
	point int
	rule  string
	name  string
	// contender is the one that the finding is about; empty where it is anybody.
	contender string
	// change changes the honest scene.
	change func(t *testing.T, s *scene)
}

// tamperings are all cases: one list a category, and one of the forensic rules.
func tamperings() []tampering {
	return slices.Concat(
		methodologyCases, statisticsCases, codeCases, dataCases,
		environmentCases, reproducibilityCases, plausibilityCases, biasCases, forensicCases,
	)
}

// withFurther are points that one bundle alone can't decide: what the honest bundle
// is audited with.
var withFurther = map[int]func(t *testing.T) audit.Options{78: besideAnother, 79: besideAnother}

// open opens what a scene comes to.
func (s *scene) open(t *testing.T, options audit.Options) *audit.Case {
	t.Helper()
	if options.Parse == nil {
		options.Parse = parse
	}
	opened, err := audit.Open(s.write(t), options)
	must(t, err)
	return opened
}

// audit audits what a scene comes to.
func (s *scene) audit(t *testing.T, options audit.Options) *audit.Report {
	t.Helper()
	return judge.Bundle(s.open(t, options))
}

func TestTheHonestBundlePasses(t *testing.T) {
	report := honest(t).audit(t, audit.Options{})
	for _, finding := range report.Findings {
		if finding.Severity != audit.Note {
			t.Errorf("%s %s: %s", finding.Rule, finding.Contender, finding.Message)
		}
	}
	if report.Undecided != "" {
		t.Error(report.Undecided)
	}
	for _, point := range report.Points {
		if point.Status != audit.Pass && withFurther[point.ID] == nil && !slices.Contains(undone, point.ID) {
			t.Errorf("point %d is a %s: %s", point.ID, point.Status, point.Detail)
		}
	}
}

// Outside of the gate each point and each rule has the first of its cases.
func TestTamperedBundlesFail(t *testing.T) {
	seen := map[string]bool{}
	for _, tampered := range tamperings() {
		rule := tampered.rule
		if tampered.point > 0 {
			rule = fmt.Sprintf("point-%02d", tampered.point)
		}
		if seen[rule] && !testtier.InGate() {
			continue
		}
		seen[rule] = true
		t.Run(rule+"/"+tampered.name, func(t *testing.T) {
			t.Parallel()
			s := honest(t)
			tampered.change(t, s)
			options := audit.Options{}
			if with := withFurther[tampered.point]; with != nil {
				options = with(t)
			}
			findings := judge.FindingsOf(s.open(t, options), rule)
			found := slices.ContainsFunc(findings, func(f audit.Finding) bool {
				return f.Rule == rule && f.Severity != audit.Note && (tampered.contender == "" || f.Contender == tampered.contender)
			})
			if !found {
				t.Errorf("no finding %s about %q; there are: %+v", rule, tampered.contender, findings)
			}
		})
	}
}

// Every point and every rule has a bundle that was tampered with; that an honest one
// passes is TestTheHonestBundlePasses's.
func TestEveryPointAndRuleHasATamperedBundle(t *testing.T) {
	cases := tamperings()
	for _, point := range points.All() {
		has := slices.ContainsFunc(cases, func(c tampering) bool { return c.point == point.ID })
		if has == slices.Contains(undone, point.ID) {
			t.Errorf("point %d: has a tampered bundle: %v, is listed as undone: %v", point.ID, has, !has)
		}
	}
	for _, rule := range forensic.Names() {
		if !slices.ContainsFunc(cases, func(c tampering) bool { return c.rule == rule }) {
			t.Errorf("rule %s has no tampered bundle", rule)
		}
	}
}

func TestReportsAddUp(t *testing.T) {
	report := honest(t).audit(t, audit.Options{})
	if len(report.Points) != 100 || report.Counts.Pass+report.Counts.Fail+report.Counts.Skip != 100 {
		t.Errorf("%d points, %+v", len(report.Points), report.Counts)
	}
	for i, point := range report.Points {
		if point.ID != i+1 {
			t.Errorf("place %d has point %d", i, point.ID)
		}
	}
	total := 0
	for _, category := range report.Categories {
		total += category.Pass + category.Fail + category.Skip
	}
	if total != 100 || len(report.Categories) != 8 {
		t.Errorf("%d categories with %d points", len(report.Categories), total)
	}
	for _, phase := range report.Phases {
		if got, want := phase.Pass+phase.Fail+phase.Skip, phase.Last-phase.First+1; got != want {
			t.Errorf("phase %s counts %d points of %d", phase.Phase, got, want)
		}
	}
	for _, criterion := range report.Acceptance {
		if criterion.Name == "" || criterion.Found == "" {
			t.Errorf("%+v", criterion)
		}
	}
	if met := !slices.ContainsFunc(report.Acceptance, func(c audit.Criterion) bool { return !c.Met }); len(report.Acceptance) != 5 || met != (report.Verdict == audit.Accepted) {
		t.Errorf("%s by %+v", report.Verdict, report.Acceptance)
	}
	if len(report.Claims) != 2 || !report.Claims[0].Judged || report.Claims[0].Claim != "go/pytorch" || report.Claims[1].Judged {
		t.Errorf("claims %+v", report.Claims)
	}
}

// The acceptance rule, and what goes before it.
func TestAClaimThatIsNotResolvedIsUndecided(t *testing.T) {
	s := honest(t)
	s.each("go@control", func(sample *evidenceSample) { sample.InnerNanoseconds = sample.InnerNanoseconds * 11 / 10 })
	report := s.audit(t, audit.Options{})
	if report.Verdict != audit.Undecided || report.Undecided == "" {
		t.Errorf("%s, %q", report.Verdict, report.Undecided)
	}
	if last := report.Acceptance[len(report.Acceptance)-1]; last.Met || last.Found != report.Undecided {
		t.Errorf("%+v", last)
	}
}

func TestAClaimIsChosen(t *testing.T) {
	dir := honest(t).write(t)
	opened, err := audit.Open(dir, audit.Options{Claim: "aprender/go"})
	must(t, err)
	if report := judge.Bundle(opened); report.Claim != "aprender/go" || len(report.Claims) != 3 {
		t.Errorf("%s, %+v", report.Claim, report.Claims)
	}
	for _, claim := range []string{"go", "go/go", "go/nobody", "/"} {
		if _, err := audit.Open(dir, audit.Options{Claim: claim}); err == nil {
			t.Errorf("claim %q is taken", claim)
		}
	}
}

// scaled is a number times a factor, rounded.
func scaled(nanoseconds int64, factor float64) int64 {
	return int64(math.Round(float64(nanoseconds) * factor))
}
