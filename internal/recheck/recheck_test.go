package recheck

// This file tests what is made again: an audit that does not follow is found, and so is a
// renderer that prints what verify does not find in the raw data.

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/audit/judge"
	"cupel/internal/bundletest"
	"cupel/internal/evidence"
	"cupel/internal/report"
	"cupel/internal/verify"
	"cupel/internal/version"
)

func parses([]string) error { return nil }

// audited is a bundle with the audit of it among the results.
func audited(t *testing.T) (dir, file string) {
	t.Helper()
	dir = bundletest.Make(t, bundletest.Size{Replicates: 2, Rounds: 12, Calls: 5})
	opened, err := audit.Open(dir, audit.Options{Parse: parses})
	if err != nil {
		t.Fatal(err)
	}
	return dir, bundletest.KeepAudit(t, dir, judge.Bundle(opened))
}

func TestChangedAuditsAreFound(t *testing.T) {
	compared := func(dir string) *verify.Report {
		c := &checker{dir: dir, parse: parses}
		c.openAudit()
		// By the version that made it, so that a difference is a fault.
		found := &verify.Report{Cupel: version.Cupel(), Intact: true}
		c.compareAudit(found)
		return found
	}
	dir, file := audited(t)
	if report := compared(dir); !report.Intact || len(report.Unchecked) > 0 {
		t.Fatalf("%+v", report)
	}
	honest, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct{ from, to, where string }{
		{`"verdict": "undecided"`, `"verdict": "accepted"`, "verdict"},
		{`"fail": `, `"fail": 1`, "counts"},
		{`"claim": "go`, `"claim": "gonum`, "claim"},
		{`"detail": "`, `"detail": "all is well; `, "line"},
	} {
		bundletest.ChangeDerived(t, dir, file, one.from, one.to)
		report := compared(dir)
		if report.Intact || len(report.Faults) != 1 || !strings.Contains(report.Faults[0].String(), "results/audit.json: "+one.where) {
			t.Errorf("%s: faults %v", one.from, report.Faults)
		}
		if err := os.WriteFile(file, honest, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// altered renders with results that a fault in the renderer's derivation could make.
func altered(t *testing.T, dir string, change func(*report.Results)) verify.Page {
	t.Helper()
	bundle, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	results, err := report.Derive(bundle)
	if err != nil {
		t.Fatal(err)
	}
	change(results)
	var page bytes.Buffer
	if err := results.WriteMarkdown(&page); err != nil {
		t.Fatal(err)
	}
	figures, err := results.Figures()
	if err != nil {
		t.Fatal(err)
	}
	return verify.Page{Markdown: page.Bytes(), Figures: figures}
}

// A renderer that derives a wrong figure, and a page that has it, agree with each other.
// verify's own figures contradict both.
func TestFaultsOfTheRendererAreFound(t *testing.T) {
	dir := bundletest.Make(t, bundletest.Size{Replicates: 8, Rounds: 24, Calls: 10})
	for name, change := range map[string]func(*report.Results){
		"a ratio":          func(r *report.Results) { r.Estimates.Claims[0].Ratio.Estimate *= 1.01 },
		"a bound":          func(r *report.Results) { r.Estimates.Claims[0].Ratio.Low *= 0.99 },
		"the other source": func(r *report.Results) { r.Estimates.Others[0].Long.Estimate *= 1.01 },
		"replicates":       func(r *report.Results) { r.Estimates.Replicates++ },
		"which rounds":     func(r *report.Results) { r.Estimates.Claims[0].Quiet = !r.Estimates.Claims[0].Quiet },
		"a control":        func(r *report.Results) { r.Estimates.Controls[1].Ratio.High *= 1.01 },
		"the canary":       func(r *report.Results) { r.Estimates.Quiet.Share /= 2 },
		"a percentile":     func(r *report.Results) { r.Contenders[0].Summary.P99 *= 1.01 },
		"a test":           func(r *report.Results) { r.Pairs[0].Welch.T *= 1.01 },
		"an effect":        func(r *report.Results) { r.Pairs[0].Effect = "negligible" },
		"memory": func(r *report.Results) {
			for i := range r.Contenders[0].Launches {
				r.Contenders[0].Launches[i].Observation.PeakResidentBytes *= 2
			}
		},
		"the first call":   func(r *report.Results) { r.Estimates.Contenders[0].FirstCallNanoseconds *= 2 },
		"calls of a burst": func(r *report.Results) { r.Estimates.Contenders[0].Calls++ },
		"a cost":           func(r *report.Results) { r.Estimates.Contenders[0].Costs.CallNanoseconds.Low -= 50 },
		"a check's figure": func(r *report.Results) {
			c := &r.Estimates.Contenders[0].Checks[0]
			c.Text = strings.Replace(c.Text, "1.0", "1.9", 1)
		},
		"a check's verdict":  func(r *report.Results) { r.Estimates.Contenders[0].Checks[0].Holds = false },
		"a check left out":   func(r *report.Results) { c := &r.Estimates.Contenders[0]; c.Checks = c.Checks[1:] },
		"a contender's fate": func(r *report.Results) { r.Contenders[0].Status = report.Failed },
		"a claim left out":   func(r *report.Results) { r.Estimates.Claims = r.Estimates.Claims[1:] },
		"the accuracy":       func(r *report.Results) { r.Accuracy += 0.01 },
	} {
		t.Run(name, func(t *testing.T) {
			page := altered(t, dir, change)
			if err := os.WriteFile(filepath.Join(dir, evidence.ResultsDir, report.MarkdownFile), page.Markdown, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := evidence.WriteResultsManifest(dir); err != nil {
				t.Fatal(err)
			}
			found, err := verify.Bundle(t.Context(), dir, verify.Options{Page: func(string) (verify.Page, error) { return page, nil }})
			if err != nil {
				t.Fatal(err)
			}
			if found.Intact || !strings.Contains(found.Faults[0].String(), report.MarkdownFile+": rendered again, figures") {
				t.Errorf("intact %v, faults %v", found.Intact, found.Faults)
			}
		})
	}
}
