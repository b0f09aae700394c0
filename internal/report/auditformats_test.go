package report

// This file tests the formats of an audit on a report made by hand, with every status
// and every severity.

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"cupel/internal/audit"
	"cupel/internal/published"
)

// sampleAudit has a failed point, skips, a forensic error, a warning about a place in
// a file and texts of a stranger's that a careless page would act on.
func sampleAudit() *audit.Report {
	ratio, low, high := 20.34, 20.1, 20.6
	r := &audit.Report{
		Claim: "go/pytorch", Verdict: audit.Rejected, Counts: audit.Counts{Pass: 97, Fail: 1, Skip: 2}, Files: []string{"runs/a bundle"},
		Claims: []audit.ClaimResult{{Claim: "go/pytorch", Verdict: "faster", Judged: true, Ratio: &ratio, Low: &low, High: &high}},
		Findings: []audit.Finding{
			{Rule: "point-91", Contender: "pytorch", Severity: audit.Error, Message: "No contender is slowed: no. a call gives the CPU away 1.000 times", Remedy: "let nothing in it wait"},
			{Rule: "samples-reused", Contender: "go", Severity: audit.Error, Message: "64 calls of launch 7 are those of launch 3 | <b>bold</b> ]]>", Remedy: "publish the samples that were taken"},
			{
				Rule: "computed-from-rounded", Contender: "go/pytorch", Severity: audit.Warning, Message: "9.6 is reachable from 0.53 alone", Remedy: "compute before rounding",
				Published: []audit.Shown{{What: "Speedup", Text: "9.6x", Place: published.Place{File: "BENCHMARK_RESULTS.md", Line: 12}}},
			},
			{Rule: "point-78", Contender: "run", Severity: audit.Note, Message: "Runs elsewhere: not judged. needs a second bundle", Remedy: "run it elsewhere"},
		},
	}
	phases := []audit.PhaseCount{{Phase: "code review", First: 1, Last: 45, Counts: audit.Counts{Pass: 45}}}
	r.Phases = phases
	for _, point := range audit.Points() {
		result := audit.PointResult{ID: point.ID, Category: point.Category, Title: point.Title, Status: audit.Pass, Evidence: audit.Measured, Detail: "go: all is well; pytorch: all is well", Remedy: "nothing is needed"}
		switch point.ID {
		case 78, 79:
			result.Status, result.Detail = audit.Skip, "needs a second bundle"
		case 91:
			result.Status, result.Detail = audit.Fail, "pytorch: a call gives the CPU away 1.000 times"
		}
		if n := len(r.Categories); n == 0 || r.Categories[n-1].Category != point.Category {
			r.Categories = append(r.Categories, audit.CategoryCount{Category: point.Category})
		}
		counts := &r.Categories[len(r.Categories)-1].Counts
		switch result.Status {
		case audit.Pass:
			counts.Pass++
		case audit.Skip:
			counts.Skip++
		default:
			counts.Fail++
		}
		r.Points = append(r.Points, result)
	}
	return r
}

func TestAuditAsMarkdown(t *testing.T) {
	var page bytes.Buffer
	if err := WriteAuditMarkdown(&page, sampleAudit()); err != nil {
		t.Fatal(err)
	}
	golden(t, "audit.md", page.Bytes())
	for _, due := range []string{"| Category | Points | Pass | Fail | Skip |", "| # | Validation Point | How to Verify | Pass/Fail |", "| Role | Name | Date | Signature |", "## Category 8: Bias (10 points)"} {
		if !strings.Contains(page.String(), due) {
			t.Errorf("the page lacks %q", due)
		}
	}
	rows := 0
	for line := range strings.Lines(page.String()) {
		if strings.HasSuffix(line, "| PASS |\n") || strings.HasSuffix(line, "| FAIL |\n") || strings.HasSuffix(line, "| SKIP |\n") {
			rows++
		}
	}
	if rows != 100 || strings.Contains(page.String(), "<b>") {
		t.Errorf("%d points in the tables, or a stranger's markup is taken over", rows)
	}
}

func TestAuditAsSARIF(t *testing.T) {
	var log bytes.Buffer
	if err := WriteAuditSARIF(&log, sampleAudit(), "v1.2.3"); err != nil {
		t.Fatal(err)
	}
	golden(t, "audit.sarif", log.Bytes())
	parsed, err := sarif.FromBytes(log.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Validate(); err != nil {
		t.Errorf("the schema of SARIF 2.1.0: %v", err)
	}
	var shape struct {
		Version string `json:"version"`
		Schema  string `json:"$schema"`
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string `json:"name"`
					Rules []struct {
						ID string `json:"id"`
					} `json:"rules"`
				} `json:"driver"`
			} `json:"tool"`
			Results []struct {
				RuleID    string `json:"ruleId"`
				RuleIndex int    `json:"ruleIndex"`
				Level     string `json:"level"`
				Kind      string `json:"kind"`
				Message   struct {
					Text string `json:"text"`
				} `json:"message"`
				Locations []struct {
					Physical struct {
						Artifact struct {
							URI string `json:"uri"`
						} `json:"artifactLocation"`
					} `json:"physicalLocation"`
				} `json:"locations"`
			} `json:"results"`
		} `json:"runs"`
	}
	if err := json.Unmarshal(log.Bytes(), &shape); err != nil {
		t.Fatal(err)
	}
	if shape.Version != "2.1.0" || shape.Schema == "" || len(shape.Runs) != 1 || shape.Runs[0].Tool.Driver.Name != "cupel" {
		t.Fatalf("version %q, schema %q, %d runs", shape.Version, shape.Schema, len(shape.Runs))
	}
	run := shape.Runs[0]
	if len(run.Results) != 4 || len(run.Tool.Driver.Rules) < 120 {
		t.Errorf("%d results, %d rules", len(run.Results), len(run.Tool.Driver.Rules))
	}
	for _, result := range run.Results {
		if result.Message.Text == "" || len(result.Locations) == 0 || result.Locations[0].Physical.Artifact.URI == "" {
			t.Errorf("%s has no text or no place", result.RuleID)
		}
		if result.RuleIndex < 0 || run.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID {
			t.Errorf("%s has the rule index %d", result.RuleID, result.RuleIndex)
		}
		if result.Kind != "fail" && result.Level != "none" {
			t.Errorf("%s is %s and of level %s", result.RuleID, result.Kind, result.Level)
		}
	}
}

func TestAuditAsJUnit(t *testing.T) {
	var text bytes.Buffer
	if err := WriteAuditJUnit(&text, sampleAudit()); err != nil {
		t.Fatal(err)
	}
	golden(t, "audit.junit.xml", text.Bytes())
	var suites junit.Testsuites
	if err := xml.Unmarshal(text.Bytes(), &suites); err != nil {
		t.Fatal(err)
	}
	if len(suites.Suites) != 9 || suites.Tests < 120 || suites.Failures != 2 || suites.Skipped != 2 {
		t.Errorf("%d suites, %d tests, %d failures, %d skipped", len(suites.Suites), suites.Tests, suites.Failures, suites.Skipped)
	}
}
