package cli

// This file tests that README and the committed example are what they say.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cupel/internal/audit"
	"cupel/internal/audit/judge"
	"cupel/internal/evidence"
	"cupel/internal/report"
)

const example = "../../examples/mnist-logreg"

// The example's derived files are what its raw samples give.
func TestExampleDerivesToItsResults(t *testing.T) {
	bundle, err := evidence.Open(example)
	if err != nil {
		t.Fatal(err)
	}
	results, err := report.Derive(bundle)
	if err != nil {
		t.Fatal(err)
	}
	if len(results.Measured()) != 7 {
		t.Errorf("%d contenders were measured", len(results.Measured()))
	}
	var page bytes.Buffer
	if err := results.WriteMarkdown(&page); err != nil {
		t.Fatal(err)
	}
	compareTexts(t, report.MarkdownFile, page.Bytes())
	summary, err := json.MarshalIndent(results.Summary(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	compareTexts(t, report.SummaryFile, append(summary, '\n'))
}

func compareTexts(t *testing.T, name string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join(example, evidence.ResultsDir, name))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s:\n%s", name, diff)
	}
}

// README's table is the example's.
func TestReadmeShowsTheExample(t *testing.T) {
	bundle, err := evidence.Open(example)
	if err != nil {
		t.Fatal(err)
	}
	results, err := report.Derive(bundle)
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := results.WriteTable(&table, report.Style{}); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(table.String()), "\n") {
		if !strings.Contains(string(readme), strings.TrimSpace(line)) {
			t.Errorf("README lacks %q", line)
		}
	}
	for _, text := range []string{bundle.Environment.CPU, bundle.Environment.Time.Format("2006-01-02"), "examples/mnist-logreg"} {
		if !strings.Contains(string(readme), text) {
			t.Errorf("README lacks %q", text)
		}
	}
	if strings.Contains(string(readme), "@@") {
		t.Error("README has a placeholder")
	}
}

// The usage page's table of verdicts is what an audit of the example says.
func TestUsageShowsTheExamplesVerdicts(t *testing.T) {
	usage, err := os.ReadFile("../../docs/USAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, claim := range []string{"go/pytorch", "aprender/pytorch"} {
		opened, err := audit.Open(example, audit.Options{Claim: claim, Parse: parseCommand})
		if err != nil {
			t.Fatal(err)
		}
		said := judge.Bundle(opened)
		var fails, skips []string
		for _, point := range said.Points {
			switch point.Status {
			case audit.Fail:
				fails = append(fails, strconv.Itoa(point.ID))
			case audit.Skip:
				skips = append(skips, strconv.Itoa(point.ID))
			}
		}
		row := fmt.Sprintf(" | %s | %d | %s | %s |\n", said.Verdict, said.Counts.Pass, strings.Join(fails, ", "), strings.Join(skips, ", "))
		if _, after, found := strings.Cut(string(usage), "\n| "+claim+" | "); !found || !strings.Contains(after[:strings.Index(after, "\n")+1], row) {
			t.Errorf("docs/USAGE.md lacks a row of %s that ends in %q", claim, row)
		}
	}
}

// What README quotes of the published benchmark's audit is what an audit prints.
func TestReadmeQuotesTheAudit(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, quote, found := strings.Cut(string(readme), "error  p-printed-as-zero")
	quote, _, closed := strings.Cut(quote, "```")
	if !found || !closed {
		t.Fatal("README quotes no audit")
	}
	t.Chdir("../..")
	var output bytes.Buffer
	if code := Run(t.Context(), []string{"audit", "examples/published/BENCHMARK_RESULTS.md"}, nil, &output, &output); code != ExitNo {
		t.Errorf("exit code %d", code)
	}
	for _, line := range strings.Split(strings.TrimSpace(quote), "\n") {
		if !strings.Contains(output.String(), line) {
			t.Errorf("an audit does not print %q", line)
		}
	}
}

// The example has no private path or name of a machine.
func TestExampleNamesNoPaths(t *testing.T) {
	err := filepath.Walk(example, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || strings.HasSuffix(path, ".parquet") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, word := range []string{"/root/", "/home/", "/tmp/", "/Users/"} {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("%s has %s", path, word)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
