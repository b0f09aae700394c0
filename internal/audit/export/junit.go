package export

// This file writes an audit as JUnit's XML, which build servers show: a suite for
// each category, one for the forensic rules, and one without cases that says how the
// acceptance rule came out and what each phase counts.

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/audit/forensic"
	"cupel/internal/audit/published"
)

// junitHandler writes all points as test cases, each with its judgements and kinds
// of evidence as output. A finding of a forensic rule that is no error stands in its
// suite's output.
type junitHandler struct{}

func (junitHandler) Name() string { return "junit" }

func (junitHandler) Write(w io.Writer, r *audit.Report, _ Options) error {
	suites := junitSuites{Name: "cupel audit of " + r.Claim + ": " + string(r.Verdict)}
	for i, category := range categoryTitles {
		suite := junitSuite{Name: category.title, ID: i, Package: "cupel.audit"}
		for _, point := range r.Points {
			if point.Category == category.category {
				suite.add(junitCase(point))
			}
		}
		suites.add(suite)
	}
	suites.add(junitForensic(r, len(categoryTitles)))
	suites.add(junitAcceptance(r, len(categoryTitles)+1))
	text, err := xml.MarshalIndent(suites, "", "\t")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func junitCase(point audit.PointResult) junitTest {
	found := junitTest{
		Name: fmt.Sprintf("%d %s", point.ID, point.Title), Classname: "cupel.audit." + string(point.Category),
		SystemOut: &junitOutput{Data: "evidence: " + string(point.Evidence) + "\n" + strings.Join(judgementLines(point), "\n")},
	}
	switch point.Status {
	case audit.Pass:
	case audit.Skip:
		found.Skipped = &junitResult{Message: point.Detail, Data: point.Remedy}
	default:
		found.Failure = &junitResult{Message: point.Detail, Type: audit.PointRule(point.ID), Data: point.Remedy}
	}
	return found
}

// junitForensic has a case for each rule that the audit went by, and for each other
// one that found something.
func junitForensic(r *audit.Report, id int) junitSuite {
	suite := junitSuite{Name: "Forensic rules", ID: id, Package: "cupel.audit"}
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
		found := junitTest{Name: rule, Classname: "cupel.audit.forensic"}
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
			found.Failure = &junitResult{Message: failures[0], Type: rule, Data: strings.Join(failures, "\n")}
		}
		if len(notes) > 0 {
			found.SystemOut = &junitOutput{Data: strings.Join(notes, "\n")}
		}
		suite.add(found)
	}
	return suite
}

func junitAcceptance(r *audit.Report, id int) junitSuite {
	suite := junitSuite{Name: "Acceptance rule", ID: id, Package: "cupel.audit"}
	var properties []junitProperty
	for _, criterion := range r.Acceptance {
		properties = append(properties, junitProperty{criterion.Name, yesNo(criterion.Met) + ", " + criterion.Found})
	}
	for _, phase := range r.Phases {
		counts := fmt.Sprintf("%d pass, %d fail, %d skip", phase.Pass, phase.Fail, phase.Skip)
		properties = append(properties, junitProperty{fmt.Sprintf("%s, points %s", phase.Phase, pointsOf(phase)), counts})
	}
	suite.Properties = &properties
	return suite
}

// What follows is as much of JUnit's format as is written. Times are 0: an audit times
// nothing.

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr,omitempty"`
	Skipped  int          `xml:"skipped,attr,omitempty"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string           `xml:"name,attr"`
	Tests      int              `xml:"tests,attr"`
	Failures   int              `xml:"failures,attr"`
	Errors     int              `xml:"errors,attr"`
	ID         int              `xml:"id,attr"`
	Package    string           `xml:"package,attr"`
	Skipped    int              `xml:"skipped,attr,omitempty"`
	Time       int              `xml:"time,attr"`
	Properties *[]junitProperty `xml:"properties>property,omitempty"`
	Cases      []junitTest      `xml:"testcase"`
}

type junitTest struct {
	Name      string       `xml:"name,attr"`
	Classname string       `xml:"classname,attr"`
	Time      int          `xml:"time,attr"`
	Skipped   *junitResult `xml:"skipped"`
	Failure   *junitResult `xml:"failure"`
	SystemOut *junitOutput `xml:"system-out"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitResult struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Data    string `xml:",cdata"`
}

type junitOutput struct {
	Data string `xml:",cdata"`
}

func (s *junitSuites) add(suite junitSuite) {
	s.Suites = append(s.Suites, suite)
	s.Tests += suite.Tests
	s.Failures += suite.Failures
	s.Skipped += suite.Skipped
}

func (s *junitSuite) add(test junitTest) {
	s.Cases = append(s.Cases, test)
	s.Tests++
	if test.Failure != nil {
		s.Failures++
	}
	if test.Skipped != nil {
		s.Skipped++
	}
}
