package verify_test

// This file tests what is asked of a report from a system that is not Linux, and of one
// about a device that is no CPU.

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"cupel/internal/bundletest"
	"cupel/internal/evidence"
	"cupel/internal/report"
)

// The report says what was not done, and where it was computed; one that leaves that out
// is found.
func TestAReportSaysWhereItWasMeasured(t *testing.T) {
	statement := filepath.Join(evidence.ContendersDir, "gonum", evidence.StatementFile)
	for name, machine := range map[string]struct {
		file, was, is string
		said          string
	}{
		"another system": {evidence.EnvironmentFile, `"platform": "Linux`, `"platform": "Darwin`, `- The system is Darwin and not Linux: .*`},
		"a GPU":          {statement, `"device": "cpu"`, `"device": "cuda:0"`, `- Batch 1, 1 thread\(s\), CPU and cuda:0, inference only\.`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := resealed(t, func(dir string) { replace(t, dir, machine.file, machine.was, machine.is) })
			// The results are of the machine as it was; they are made again.
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
			said := regexp.MustCompile(`(?m)^` + machine.said + `\n`)
			if !said.Match(text) {
				t.Fatalf("the report has no line %s", machine.said)
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
		})
	}
}
