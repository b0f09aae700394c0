package verify_test

// This file tests what somebody could try who seals a bundle again or makes its
// unsealed parts anew, and that a bundle is not called changed for being large.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cupel/internal/bundletest"
	"cupel/internal/evidence"
	"cupel/internal/verify"
)

var tiny = bundletest.Size{Replicates: 1, Rounds: 12, Calls: 5}

// Of two members of one name a reader may take either, so there must be none.
func TestRepeatedNamesAreFound(t *testing.T) {
	for _, one := range []struct{ file, pattern, by, where string }{
		{"results/comparison_summary.json", `"ratio": 1\d\d`, `"ratio": 1743, "ratio": 1`, "/side_by_side/0/ratio"},
		{"results/go_mnist_results.json", `"mean_us": `, `"mean_us": 0.001, "mean_us": `, "/results/0/mean_us"},
		{"environment.json", `"cores": 2`, `"cores": 64, "cores": 2`, "/cores"},
		{"observations.jsonl", `"idle_ns":2000000000`, `"idle_ns":1,"idle_ns":2000000000`, "line 1"},
		{"ledger.jsonl", `"outcome":"failed"`, `"outcome":"finished","outcome":"failed"`, "/outcome"},
		{"manifest.json", `"schema": `, `"schema": "x", "schema": `, "/schema"},
	} {
		t.Run(one.file, func(t *testing.T) {
			dir := resealed(t, func(dir string) { replace(t, dir, one.file, one.pattern, one.by) })
			if one.file == evidence.ManifestFile { // sealing has written it anew
				replace(t, dir, one.file, one.pattern, one.by)
			}
			if report := verified(t, dir); !found(report, one.file, one.where) || !found(report, one.file, "twice") {
				t.Errorf("faults %v", report.Faults)
			}
		})
	}
}

// Nothing in results/ is sealed, so only what is made anew may lie there.
func TestStrangersAmongResultsAreFound(t *testing.T) {
	for _, name := range []string{"results/SUMMARY.md", "results/README", "results/plots/ratio.svg", "results/julia_mnist_results.json"} {
		dir := resealed(t, func(dir string) {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("go is 1743 times as fast as pytorch\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		})
		if report := verified(t, dir); !found(report, name, "") {
			t.Errorf("%s: faults %v", name, report.Faults)
		}
	}
}

// What says how contenders were made, and which runs there were, has a shape as well.
func TestShapesOfAllRecordsAreChecked(t *testing.T) {
	honest := map[string]string{
		"runs.jsonl":                  `{"run":"a","time":"2026-11-22T01:02:03Z","event":"began","suite_sha256":"b","same_plan_sha256":"c","cupel_sha256":"d","boot_id":"e"}` + "\n",
		"contenders/go/build.json":    `{"contender":"go","how":"go build","log_file":"build.log","log_sha256":"","sources_sha256":"","source_files_sha256":{},"executable_sha256":"","environment":[]}`,
		"contenders/go/packages.json": `{"contender":"go","lock_file":"","lock_sha256":"","runtime":"","runtime_from":"","packages":[],"missing":[],"strays":[],"bytecode_files":0,"files":0,"bytes":0,"read_ns":0}`,
	}
	put := func(name, text string) *verify.Report {
		return verified(t, resealed(t, func(dir string) {
			if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}))
	}
	for name, text := range honest {
		if report := put(name, text); found(report, name, "") {
			t.Errorf("%s: faults %v", name, report.Faults)
		}
		if report := put(name, strings.Replace(text, "{", `{"added":1,`, 1)); !found(report, name, "added") {
			t.Errorf("%s with an added field: faults %v", name, report.Faults)
		}
	}
	for _, name := range []string{"harness.json", "results/audit.json"} {
		if report := put(name, `{"verdict": "accepted"}`); !found(report, name, "missing") {
			t.Errorf("%s: faults %v", name, report.Faults)
		}
	}
}

// Whether the seal shows who made the run goes by the key of that role, and one alone
// can have it.
func TestRolesAreHeldApart(t *testing.T) {
	sign := func(roles ...string) *verify.Report {
		t.Helper()
		dir := bundletest.Make(t, tiny)
		for _, role := range roles {
			key, err := evidence.NewKey()
			if err != nil {
				t.Fatal(err)
			}
			key.Ephemeral = false
			if err := evidence.Sign(t.Context(), dir, key, role); err != nil {
				t.Fatal(err)
			}
		}
		return verified(t, dir)
	}
	report := sign("reviewer")
	if !report.Intact || !strings.Contains(strings.Join(report.Notes, " "), "ephemeral") {
		t.Errorf("a reviewer's key that is kept stands for whoever made the run: %+v", report)
	}
	for _, role := range []string{"run", "Run", " run", "reviewer\nverdict  intact"} {
		if report := sign(role); !found(report, "seal.dsse.json", "role") {
			t.Errorf("role %q: faults %v", role, report.Faults)
		}
	}
}

func TestASealWithoutAMakerIsFound(t *testing.T) {
	dir := bundletest.Make(t, tiny)
	key, err := evidence.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := evidence.Sign(t.Context(), dir, key, "reviewer"); err != nil {
		t.Fatal(err)
	}
	seal, err := evidence.ReadSeal(dir)
	if err != nil {
		t.Fatal(err)
	}
	seal.Signatures = seal.Signatures[1:]
	text, err := json.MarshalIndent(seal, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, evidence.SealFile), append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	if report := verified(t, dir); !found(report, "seal.dsse.json", "0 are of the role run") {
		t.Errorf("faults %v", report.Faults)
	}
}

// What is larger than verify reads is no fault: an honest bundle may be.
func TestWhatIsBeyondABoundIsAnError(t *testing.T) {
	for name, grow := range map[string]func(dir string){
		"text": func(dir string) {
			if err := os.Truncate(filepath.Join(dir, evidence.ObservationsFile), 64<<20+1); err != nil {
				t.Fatal(err)
			}
		},
		"rows": func(dir string) { claimRows(t, filepath.Join(dir, "samples", "0001-go.parquet"), 1<<24+1) },
	} {
		dir := resealed(t, grow)
		if _, err := verify.Bundle(t.Context(), dir, verify.Options{}); err == nil || !strings.Contains(err.Error(), "at most") {
			t.Errorf("%s: error %v", name, err)
		}
		// A fault beside it is one all the same.
		replace(t, dir, "environment.json", `"cores": 2`, `"cores": 3`)
		if report := verified(t, dir); report.Intact || !found(report, "environment.json", "SHA-256") {
			t.Errorf("%s: faults %v", name, report.Faults)
		}
	}
}

// Cells that have no name, or one name for two, are no cells of a suite.
func TestCellsAreToldApart(t *testing.T) {
	for _, names := range [][]string{{""}, {"batch-1", "batch-1"}} {
		dir := resealed(t, func(dir string) {
			path := filepath.Join(dir, evidence.PlanFile)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var plan map[string]any
			if err := json.Unmarshal(text, &plan); err != nil {
				t.Fatal(err)
			}
			var cells []any
			for _, name := range names {
				cell := map[string]any{"name": name}
				for _, field := range []string{"batch", "threads", "classic", "paired", "probes", "agreement"} {
					cell[field] = plan[field]
				}
				cells = append(cells, cell)
			}
			plan["cells"] = cells
			if text, err = json.Marshal(plan); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
			relinked(t, dir)
		})
		if report := verified(t, dir); !found(report, "plan.json", "cells[") {
			t.Errorf("%q: faults %v", names, report.Faults)
		}
	}
}

// relinked makes the ledger's chain anew, of a plan that was changed.
func relinked(t *testing.T, dir string) {
	t.Helper()
	digest := func(data []byte) string {
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:])
	}
	plan, err := os.ReadFile(filepath.Join(dir, evidence.PlanFile))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, evidence.LedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	var chained []byte
	previous := digest(nil)
	for i, line := range bytes.SplitAfter(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		var row evidence.LedgerRow
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if row.Previous = previous; i == 0 {
			row.SHA256[evidence.PlanFile] = digest(plan)
		}
		made, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		previous, chained = digest(made), append(append(chained, made...), '\n')
	}
	if err := os.WriteFile(filepath.Join(dir, evidence.LedgerFile), chained, 0o644); err != nil {
		t.Fatal(err)
	}
}
