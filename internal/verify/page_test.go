package verify_test

// This file tests that the report has the lines that are due, in the order due, and
// none besides, whatever they are written with.

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cupel/internal/evidence"
	"cupel/internal/recheck"
	"cupel/internal/report"
	"cupel/internal/verify"
)

const markdown = "results/BENCHMARK_RESULTS.md"

// rewritten changes the report of a bundle and its digest.
func rewritten(t *testing.T, change func(page string) string) string {
	t.Helper()
	return resealed(t, func(dir string) {
		path := filepath.Join(dir, filepath.FromSlash(markdown))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := change(string(text))
		if changed == string(text) {
			t.Fatal("nothing was changed")
		}
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
	})
}

// forgeries are reports that say something else than was measured.
var forgeries = map[string]func(page string) string{
	"the true page in a comment, a false headline above": func(page string) string {
		return "# go is 1\u00a0743 times as fast\n<!--\n" + page + "-->\n"
	},
	"a table with no-break spaces": func(page string) string {
		return strings.Replace(page, "### Controls", "| go / pytorch | \u00a01743x | faster |\n\n### Controls", 1)
	},
	"a table with a multiplication sign": func(page string) string {
		return strings.Replace(page, "### Controls", "| go / pytorch | ×1743 | faster |\n\n### Controls", 1)
	},
	"digits of another script": func(page string) string {
		return strings.Replace(page, "## Methodology", "go is ١٧٤٣ times as fast.\n\n## Methodology", 1)
	},
	"a verdict in words": func(page string) string {
		return strings.Replace(page, "## Methodology", "aprender is faster than pytorch, resolved.\n\n## Methodology", 1)
	},
	"a reference to another place": func(page string) string {
		return page + "[the true figures](elsewhere.md)\n"
	},
	"a heading":        func(page string) string { return strings.Replace(page, "## Limits", "## Limits, none", 1) },
	"a limit left out": func(page string) string { return strings.Replace(page, "- Two classes only.\n", "", 1) },
	"a static sentence changed": func(page string) string {
		return strings.Replace(page, "so they decide no claim", "so they decide every claim", 1)
	},
	"spaces before a row": func(page string) string { return strings.Replace(page, "\n| go |", "\n    | go |", 1) },
	"spaces after a line": func(page string) string { return strings.Replace(page, "## Limits\n", "## Limits  \n", 1) },
	"a row in another table": func(page string) string {
		row := line(page, "| go and pytorch | 1")
		return strings.Replace(strings.Replace(page, row, "", 1), "### Throughput\n\n", "### Throughput\n\n"+row, 1)
	},
	"a line twice": func(page string) string {
		row := line(page, "- **go is faster than pytorch")
		return strings.Replace(page, row, row+row, 1)
	},
	"two sections in another order": func(page string) string {
		from, to := strings.Index(page, "## Limits"), strings.Index(page, "## Reproducibility")
		return page[:from] + page[to:] + page[from:to]
	},
	"rounded until it says more": func(page string) string {
		row := line(page, "- **go is faster than pytorch, side by side: ")
		before, rest, _ := strings.Cut(row, "side: ")
		_, after, _ := strings.Cut(rest, "x**")
		return strings.Replace(page, row, before+"side: 0e4x**"+after, 1)
	},
	"digits that are not there": func(page string) string { return strings.Replace(page, "0.9000", "0.90000000", 1) },
}

// line is the first line that begins so, with its end.
func line(page, begin string) string {
	at := strings.Index(page, "\n"+begin) + 1
	return page[at : at+strings.IndexByte(page[at:], '\n')+1]
}

func TestForgedReportsAreFound(t *testing.T) {
	for name, forge := range forgeries {
		t.Run(name, func(t *testing.T) {
			if report := verified(t, rewritten(t, forge)); report.Intact || !found(report, markdown, "") {
				t.Errorf("faults %v", report.Faults)
			}
		})
	}
}

// A report that another version wrote is checked all the same. What this one would not
// write may be that one's words or somebody's: it is told, and never plainly intact.
func TestReportsOfOtherVersions(t *testing.T) {
	by := func(dir string) *verify.Report {
		t.Helper()
		report, err := verify.Bundle(t.Context(), dir, verify.Options{Version: "v9.9.9", Page: recheck.Page})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	if report := by(small(t)); !report.Intact || len(report.Unchecked) > 0 || report.Cupel != "v0.1.0" {
		t.Errorf("the same words: %+v", report)
	}
	for name, forge := range forgeries {
		if strings.Contains(name, "round") || strings.Contains(name, "digits that") {
			continue // the words are the same, and the figures agree at other digits
		}
		if report := by(rewritten(t, forge)); len(report.Unchecked) != 1 || !strings.Contains(report.Unchecked[0], markdown) || !strings.Contains(report.Unchecked[0], "v0.1.0") {
			t.Errorf("%s: unchecked %q", name, report.Unchecked)
		}
	}
	changed := rewritten(t, func(page string) string { return strings.Replace(page, "0.9000", "0.9100", 1) })
	if report := by(changed); report.Intact || !found(report, markdown, "says 0.9100; the raw data give 0.9") {
		t.Errorf("a figure in the same words: faults %v", report.Faults)
	}
	// Other columns beside, and so no line with the words due: the figures are looked up by
	// row and column.
	columns := func(page string) string {
		lines := strings.Split(page, "\n")
		for i, line := range lines {
			if strings.HasPrefix(line, "| Control | ") {
				for ; strings.HasPrefix(lines[i], "|"); i++ {
					lines[i] += map[bool]string{true: "---|", false: " new |"}[strings.HasPrefix(lines[i], "|-")]
				}
				break
			}
		}
		return strings.Join(lines, "\n")
	}
	if report := by(rewritten(t, columns)); !report.Intact || len(report.Unchecked) != 1 {
		t.Errorf("another column: %+v", report)
	}
	if report := by(rewritten(t, func(page string) string {
		return strings.Replace(columns(page), "| negative | 1.0000 | ", "| negative | 1.0000 | 7", 1)
	})); report.Intact || !found(report, markdown, "of negative, Measured; the raw data give") {
		t.Errorf("a figure in another table: faults %v", report.Faults)
	}
}

// Runs of the same plan are counted, and those of another are not.
func TestEarlierRunsAreCounted(t *testing.T) {
	with := func(plans ...string) *verify.Report {
		t.Helper()
		return verified(t, resealed(t, func(dir string) {
			bundle, err := evidence.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			row := func(run, plan string, hour int) {
				fmt.Fprintf(&log, `{"run":%q,"time":"2026-11-21T%02d:00:00Z","event":"began","suite_sha256":"s","same_plan_sha256":%q,"cupel_sha256":"c","boot_id":"b"}`+"\n", run, hour, plan)
			}
			for i, plan := range plans {
				row(fmt.Sprintf("run %d", i), plan, i)
			}
			row(bundle.PlanDigest(), "this", len(plans))
			if err := os.WriteFile(filepath.Join(dir, evidence.RunLogFile), []byte(log.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			derived(t, dir)
		}))
	}
	for _, plans := range [][]string{nil, {"other"}, {"this"}, {"this", "other", "this"}} {
		if report := with(plans...); !report.Intact || len(report.Unchecked) > 0 {
			t.Errorf("plans %q: faults %v", plans, report.Faults)
		}
	}
}

// derived writes the report of a bundle as it is now.
func derived(t *testing.T, dir string) {
	t.Helper()
	bundle, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	results, err := report.Derive(bundle)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.Create(filepath.Join(dir, filepath.FromSlash(markdown)))
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	if err := results.WriteMarkdown(page); err != nil {
		t.Fatal(err)
	}
}

// What the bundle says of the machine, or a contender of itself, stays text on the page.
func TestTextOfTheBundleStaysText(t *testing.T) {
	dir := resealed(t, func(dir string) {
		replace(t, dir, "environment.json", `Debian 12`, `Debian 12 \u003c!-- \n# go is 1743 times as fast`)
		replace(t, dir, "environment.json", `"detail": "version 6"`, `"detail": "<details>"`)
		derived(t, dir)
	})
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(markdown)))
	if err != nil {
		t.Fatal(err)
	}
	if page := string(text); strings.Contains(page, "<") || strings.Contains(page, "\n# go is") || !strings.Contains(page, "(&lt;details>)") {
		t.Errorf("%s", page)
	}
	if report := verified(t, dir); !report.Intact {
		t.Errorf("faults %v", report.Faults)
	}
}
