package verify_test

// This file tests docs/verify_bundle.py, and that pyarrow reads the samples.

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cupel/internal/bundletest"
	"cupel/internal/evidence"
)

// pythonVariable names a Python with pyarrow; without it python3 is tried. Tests
// install nothing: docs/requirements.lock is what .ci/run installs.
const pythonVariable = "CUPEL_PYARROW_PYTHON"

func pyarrow(t *testing.T) string {
	t.Helper()
	python := os.Getenv(pythonVariable)
	if python == "" {
		python = "python3"
	}
	if err := exec.Command(python, "-c", "import pyarrow.parquet").Run(); err != nil {
		reason := "no Python with pyarrow (" + pythonVariable + "): " + err.Error()
		if os.Getenv("CUPEL_REQUIRE") == "all" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	return python
}

const script = "../../docs/verify_bundle.py"

func TestScriptVerifiesBundles(t *testing.T) {
	python := pyarrow(t)
	bundles, err := filepath.Glob("../../examples/*/" + evidence.ManifestFile)
	if err != nil {
		t.Fatal(err)
	}
	dirs := []string{bundletest.Make(t, bundletest.Small)}
	for _, manifest := range bundles {
		dirs = append(dirs, filepath.Dir(manifest))
	}
	for _, dir := range dirs {
		output, err := exec.Command(python, script, dir).CombinedOutput()
		if err != nil || !strings.Contains(string(output), "all digests agree") || !strings.Contains(string(output), "go/pytorch") {
			t.Errorf("%s: %v\n%s", dir, err, output)
		}
	}
}

func TestScriptFindsChanges(t *testing.T) {
	python := pyarrow(t)
	for name, change := range map[string]func() string{
		"digest": func() string {
			dir := bundletest.Make(t, bundletest.Small)
			replace(t, dir, "environment.json", `"cores": 2`, `"cores": 3`)
			return dir
		},
		"ratio": func() string {
			return resealed(t, func(dir string) { replace(t, dir, "results/comparison_summary.json", `"ratio": 1\d\d`, `"ratio": 999`) })
		},
		"interval": func() string {
			return resealed(t, func(dir string) {
				replace(t, dir, "results/comparison_summary.json", `"ratio_ci_95_upper": \d`, `"ratio_ci_95_upper": 9`)
			})
		},
		"ledger": func() string {
			return resealed(t, func(dir string) { replace(t, dir, "ledger.jsonl", `within 2s`, `within 3s`) })
		},
	} {
		output, err := exec.Command(python, script, change()).CombinedOutput()
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 {
			t.Errorf("%s: %v\n%s", name, err, output)
		}
	}
}

func TestScriptIsShort(t *testing.T) {
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines > 100 {
		t.Errorf("%d lines; at most 100 are promised", lines)
	}
}

// What pyarrow reads is what was written, in names, types and values.
func TestPyarrowReadsSamples(t *testing.T) {
	python := pyarrow(t)
	w, err := evidence.Create(filepath.Join(t.TempDir(), "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	outer := int64(99)
	if err := w.WriteSamples(1, "a", []evidence.Sample{
		{Launch: 1, Contender: "a", Replicate: 2, Phase: evidence.PhaseShort, Round: 3, Calls: 200, Rows: 8, OuterNanoseconds: &outer, InnerNanoseconds: 90},
		{Launch: 1, Contender: "a", Replicate: 2, Phase: evidence.PhaseCall, Calls: 1, InnerNanoseconds: 1 << 40},
	}); err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command(python, "-c", `
import json, sys
import pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
print(json.dumps({"types": {f.name: str(f.type) for f in table.schema}, "rows": table.to_pylist()}))
`, w.Path(evidence.SamplesFile(1, "a"))).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	var read struct {
		Types map[string]string
		Rows  []map[string]any
	}
	if err := json.Unmarshal(output, &read); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for name, want := range map[string]string{"launch": "int32", "contender": "string", "phase": "string", "inner_ns": "int64", "outer_ns": "int64", "canary_before_ns": "int64"} {
		if read.Types[name] != want {
			t.Errorf("column %s has type %q, want %q", name, read.Types[name], want)
		}
	}
	if len(read.Types) != 15 || len(read.Rows) != 2 {
		t.Fatalf("%d columns, %d rows", len(read.Types), len(read.Rows))
	}
	if first, second := read.Rows[0], read.Rows[1]; first["phase"] != "short" || first["outer_ns"] != 99.0 || first["cpu_ns"] != nil ||
		second["inner_ns"] != float64(1<<40) || second["outer_ns"] != nil {
		t.Errorf("rows %v", read.Rows)
	}
}
