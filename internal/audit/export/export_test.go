package export

// This file tests the formats of an audit on a report made by hand, with every status
// and every severity.

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"cupel/internal/audit"
	"cupel/internal/audit/points"
	"cupel/internal/report"
)

// sampleAudit has a failed point, skips, a point of which one side alone passes, a
// forensic error, a warning about a place in a file and texts of a stranger's that a
// careless page would act on.
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
				Published: []audit.Shown{{What: "Speedup", Text: "9.6x", Place: audit.Place{File: "BENCHMARK_RESULTS.md", Line: 12}}},
			},
			{Rule: "point-78", Contender: "run", Severity: audit.Note, Message: "Runs elsewhere: not judged. needs a second bundle", Remedy: "run it elsewhere"},
		},
	}
	r.Phases = []audit.PhaseCount{
		{Phase: "code review", First: 1, Last: 45, Counts: audit.Counts{Pass: 45}},
		{Phase: "in no phase", First: 81, Last: 100, Counts: audit.Counts{Pass: 19, Fail: 1}},
	}
	r.Acceptance = []audit.Criterion{
		{Name: "at least 95 points pass", Found: "97 pass", Met: true},
		{Name: "no point of 91 to 100 fails", Found: "1 fails: 91"},
		{Name: "the run has an answer", Found: "its controls hold <i>", Met: true},
	}
	for _, point := range points.All() {
		result := audit.PointResult{ID: point.ID, Category: point.Category, Title: point.Title, Status: audit.Pass, Evidence: audit.Measured, Detail: "go: all is well; pytorch: all is well", Remedy: "nothing is needed"}
		switch point.ID {
		case 78, 79:
			result.Status, result.Detail, result.Remedy = audit.Skip, "needs a second bundle", "run it elsewhere"
			result.Judgements = []audit.Judgement{{Contender: "run", Status: audit.Skip, Detail: result.Detail, Evidence: audit.Recomputed}}
		case 91:
			result.Status, result.Detail, result.Remedy = audit.Fail, "pytorch: a call gives the CPU away 1.000 times", "let nothing in it wait"
			result.Judgements = []audit.Judgement{
				{Contender: "go", Status: audit.Pass, Detail: "it never gives the CPU away", Evidence: audit.Inspected},
				{
					Contender: "pytorch", Status: audit.Fail, Detail: "a call gives the CPU away 1.000 times", Evidence: audit.Measured,
					Figures: []audit.Figure{{What: "switches | a call", Value: "1.000 <b>"}},
				},
			}
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

var update = flag.Bool("update", false, "write the files in testdata anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (write anew with -update):\n%s", name, diff)
	}
}

// The command line's --format follows from the list: each name has one handler.
func TestEveryFormatHasItsHandler(t *testing.T) {
	for _, name := range Formats() {
		handler, err := For(name)
		if err != nil || handler.Name() != name {
			t.Errorf("%s: %v, %v", name, handler, err)
			continue
		}
		if err := handler.Write(io.Discard, sampleAudit(), Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := For("pdf"); err == nil || !strings.Contains(err.Error(), "sarif") {
		t.Errorf("an unknown format: %v", err)
	}
}

func TestAuditAsText(t *testing.T) {
	var full, short, summary bytes.Buffer
	for page, write := range map[*bytes.Buffer]func(*bytes.Buffer) error{
		&full:    func(w *bytes.Buffer) error { return textHandler{}.Write(w, sampleAudit(), Options{Full: true}) },
		&short:   func(w *bytes.Buffer) error { return textHandler{}.Write(w, sampleAudit(), Options{}) },
		&summary: func(w *bytes.Buffer) error { return WriteSummary(w, sampleAudit(), report.Style{}) },
	} {
		if err := write(page); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "audit.txt", full.Bytes())
	for _, due := range []string{
		"\nrule     at least 95 points pass: yes; no point of 91 to 100 fails: no, 1 fails: 91; the run has an answer: yes\n",
		"   91  fail  No contender is slowed by its runner or its surroundings: pytorch: a call gives the CPU away 1.000 times\n         remedy  let nothing in it wait\n",
		"   78  skip  The comparison has been run on another machine too: needs a second bundle\n         remedy  run it elsewhere\n",
		"  in no phase                 81-100  19 pass, 1 fail, 0 skip\n",
	} {
		if !strings.Contains(short.String(), due) {
			t.Errorf("the page lacks %q", due)
		}
	}
	if strings.Contains(short.String(), "switches") || strings.Count(short.String(), "remedy  ") != strings.Count(full.String(), "remedy  ") {
		t.Error("what is short is as long as what is in full, or lacks a remedy")
	}
	if !strings.Contains(summary.String(), "        remedy  let nothing in it wait\n") {
		t.Errorf("the summary of a failed point lacks its remedy:\n%s", summary.String())
	}
}

// A reason that leaves the question open is said once.
func TestAnUndecidedAuditSaysWhyOnce(t *testing.T) {
	r := sampleAudit()
	r.Undecided = "the claim is not resolved"
	r.Acceptance[2] = audit.Criterion{Name: "the run has an answer", Found: r.Undecided}
	var page bytes.Buffer
	if err := (textHandler{}).Write(&page, r, Options{}); err != nil {
		t.Fatal(err)
	}
	if strings.Count(page.String(), r.Undecided) != 1 || !strings.Contains(page.String(), "the run has an answer: no\n") {
		t.Errorf("the page is\n%s", page.String())
	}
}

func TestAuditAsMarkdown(t *testing.T) {
	var page bytes.Buffer
	if err := (markdownHandler{}).Write(&page, sampleAudit(), Options{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "audit.md", page.Bytes())
	for _, due := range []string{
		"| Category | Points | Pass | Fail | Skip |", "| # | Validation Point | How to Verify | Pass/Fail |", "| Role | Name | Date | Signature |", "## Category 8: Bias (10 points)",
		"| in no phase | 81-100 | 19 | 1 | 0 |", "| no point of 91 to 100 fails | 1 fails: 91 | no |", "needs a second bundle. To pass: run it elsewhere | SKIP |",
		"| 91 | go | PASS | inspected | it never gives the CPU away |", `| 91 | pytorch | FAIL | measured | switches \| a call: 1.000 &lt;b> |`, "| 78 | run | SKIP | recomputed | as above |",
	} {
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
	if err := (sarifHandler{}).Write(&log, sampleAudit(), Options{Version: "v1.2.3"}); err != nil {
		t.Fatal(err)
	}
	golden(t, "audit.sarif", log.Bytes())
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(log.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
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
						ID         string `json:"id"`
						Properties struct {
							Status     audit.Status      `json:"status"`
							Evidence   audit.Evidence    `json:"evidence"`
							Judgements []audit.Judgement `json:"judgements"`
						} `json:"properties"`
					} `json:"rules"`
				} `json:"driver"`
			} `json:"tool"`
			Properties struct {
				Acceptance []audit.Criterion `json:"acceptance"`
			} `json:"properties"`
			Results []struct {
				Properties struct {
					Evidence audit.Evidence `json:"evidence"`
					Figures  []audit.Figure `json:"figures"`
				} `json:"properties"`
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
	if of := run.Tool.Driver.Rules[90].Properties; of.Status != audit.Fail || of.Evidence != audit.Measured || len(of.Judgements) != 2 || len(run.Properties.Acceptance) != 3 {
		t.Errorf("point 91 has %+v, and the acceptance rule %d criteria", of, len(run.Properties.Acceptance))
	}
	if of := run.Results[0].Properties; of.Evidence != audit.Measured || len(of.Figures) != 1 {
		t.Errorf("the result of point 91 has %+v", of)
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
	if err := (junitHandler{}).Write(&text, sampleAudit(), Options{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "audit.junit.xml", text.Bytes())
	var suites junitSuites
	if err := xml.Unmarshal(text.Bytes(), &suites); err != nil {
		t.Fatal(err)
	}
	for _, suite := range suites.Suites[:8] {
		for _, found := range suite.Cases {
			if found.SystemOut == nil || !strings.HasPrefix(found.SystemOut.Data, "evidence: ") {
				t.Errorf("%s lacks the kind of evidence", found.Name)
			}
			if found.Skipped != nil && found.Skipped.Data != "run it elsewhere" {
				t.Errorf("%s is skipped without a remedy: %+v", found.Name, found.Skipped)
			}
		}
	}
	if of := suites.Suites[9]; of.Properties == nil || len(*of.Properties) != 5 {
		t.Errorf("the acceptance rule has %+v", of)
	}
	if len(suites.Suites) != 10 || suites.Tests < 120 || suites.Failures != 2 || suites.Skipped != 2 {
		t.Errorf("%d suites, %d tests, %d failures, %d skipped", len(suites.Suites), suites.Tests, suites.Failures, suites.Skipped)
	}
}
