package verify_test

// This file tests what is asked of a report from a system that is not Linux.

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"cupel/internal/bundletest"
	"cupel/internal/evidence"
	"cupel/internal/report"
)

// The report says what was not done there; one that leaves that out is found.
func TestAReportFromAnotherSystemSaysWhatWasNotDone(t *testing.T) {
	dir := resealed(t, func(dir string) {
		replace(t, dir, evidence.EnvironmentFile, `"platform": "Linux`, `"platform": "Darwin`)
	})
	// The results are of the system as it was; they are made again.
	w, err := evidence.Reopen(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := bundletest.Derive(dir, w); err != nil {
		t.Fatal(err)
	}
	for _, fault := range verified(t, dir).Faults {
		t.Error(fault)
	}
	page := filepath.Join(dir, evidence.ResultsDir, report.MarkdownFile)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`(?m)^- The system is Darwin and not Linux: .*\n`)
	if !said.Match(text) {
		t.Fatal("the report does not say that the system is not Linux")
	}
	if err := os.WriteFile(page, said.ReplaceAll(text, nil), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteResultsManifest(dir); err != nil {
		t.Fatal(err)
	}
	if !found(verified(t, dir), report.MarkdownFile, "lacks a line") {
		t.Error("a report without that line is intact")
	}
}
