package report

// This file writes an audit as JUnit's XML, which build servers show: a suite for
// each category, one for the forensic rules, and one without cases that says how the
// acceptance rule came out and what each phase counts.

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"cupel/internal/audit"
	"cupel/internal/audit/forensic"
	"cupel/internal/audit/published"
)

// WriteAuditJUnit writes all points as test cases, each with its judgements and kinds
// of evidence as output. A finding of a forensic rule that is no error stands in its
// suite's output.
func WriteAuditJUnit(w io.Writer, r *audit.Report) error {
	suites := junit.Testsuites{Name: "cupel audit of " + r.Claim + ": " + string(r.Verdict)}
	for i, category := range categoryTitles {
		suite := junit.Testsuite{Name: category.title, ID: i, Time: "0", Package: "cupel.audit"}
		for _, point := range r.Points {
			if point.Category == category.category {
				suite.AddTestcase(junitCase(point))
			}
		}
		suites.AddSuite(suite)
	}
	suites.AddSuite(junitForensic(r, len(categoryTitles)))
	suites.AddSuite(junitAcceptance(r, len(categoryTitles)+1))
	if _, err := io.WriteString(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"); err != nil {
		return err
	}
	return suites.WriteXML(w)
}

func junitCase(point audit.PointResult) junit.Testcase {
	found := junit.Testcase{
		Name: fmt.Sprintf("%d %s", point.ID, point.Title), Classname: "cupel.audit." + string(point.Category), Time: "0",
		SystemOut: &junit.Output{Data: "evidence: " + string(point.Evidence) + "\n" + strings.Join(judgementLines(point), "\n")},
	}
	switch point.Status {
	case audit.Pass:
	case audit.Skip:
		found.Skipped = &junit.Result{Message: point.Detail, Data: point.Remedy}
	default:
		found.Failure = &junit.Result{Message: point.Detail, Type: audit.PointRule(point.ID), Data: point.Remedy}
	}
	return found
}

// junitForensic has a case for each rule that the audit went by, and for each other
// one that found something.
func junitForensic(r *audit.Report, id int) junit.Testsuite {
	suite := junit.Testsuite{Name: "Forensic rules", ID: id, Time: "0", Package: "cupel.audit"}
	rules := published.Names()
	if len(r.Claims) > 0 {
		rules = forensic.Names()
	}
	rules = slices.Clone(rules)
	for _, finding := range r.Findings {
		if !slices.Contains(rules, finding.Rule) && !strings.HasPrefix(finding.Rule, "point-") {
			rules = append(rules, finding.Rule)
		}
	}
	for _, rule := range rules {
		found := junit.Testcase{Name: rule, Classname: "cupel.audit.forensic", Time: "0"}
		var failures, notes []string
		for _, finding := range r.Findings {
			if finding.Rule != rule {
				continue
			}
			text := finding.Contender + ": " + finding.Message
			if finding.Severity == audit.Error {
				failures = append(failures, text)
			} else {
				notes = append(notes, string(finding.Severity)+": "+text)
			}
		}
		if len(failures) > 0 {
			found.Failure = &junit.Result{Message: failures[0], Type: rule, Data: strings.Join(failures, "\n")}
		}
		if len(notes) > 0 {
			found.SystemOut = &junit.Output{Data: strings.Join(notes, "\n")}
		}
		suite.AddTestcase(found)
	}
	return suite
}

func junitAcceptance(r *audit.Report, id int) junit.Testsuite {
	suite := junit.Testsuite{Name: "Acceptance rule", ID: id, Time: "0", Package: "cupel.audit"}
	for _, criterion := range r.Acceptance {
		suite.AddProperty(criterion.Name, yesNo(criterion.Met)+", "+criterion.Found)
	}
	for _, phase := range r.Phases {
		suite.AddProperty(fmt.Sprintf("%s, points %s", phase.Phase, pointsOf(phase)), fmt.Sprintf("%d pass, %d fail, %d skip", phase.Pass, phase.Fail, phase.Skip))
	}
	return suite
}
