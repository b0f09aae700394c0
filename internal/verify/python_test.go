package verify_test

// This file tests docs/verify_bundle.py, and that pyarrow reads the tables.

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cupel/internal/bundletest"
	"cupel/internal/evidence"
	"cupel/internal/testtier"
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
		testtier.Lacks(t, "no Python with pyarrow ("+pythonVariable+"): "+err.Error())
	}
	return python
}

const script = "../../docs/verify_bundle.py"

func TestScriptVerifiesBundles(t *testing.T) {
	python := pyarrow(t)
	bundles, err := filepath.Glob("../../examples/*/" + evidence.ManifestFile)
	if err != nil || len(bundles) == 0 {
		t.Fatalf("no example has a manifest: %v", err)
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

// pythonTable is what pyarrow reads of a Parquet file.
type pythonTable struct {
	Types map[string]string
	Rows  []map[string]any
}

func readByPyarrow(t *testing.T, path string) (read pythonTable) {
	t.Helper()
	output, err := exec.Command(pyarrow(t), "-c", `
import json, sys
import pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
print(json.dumps({"types": {f.name: str(f.type) for f in table.schema}, "rows": table.to_pylist()}))
`, path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if err := json.Unmarshal(output, &read); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return read
}

// written is an empty bundle to write tables to.
func written(t *testing.T) *evidence.Writer {
	t.Helper()
	w, err := evidence.Create(filepath.Join(t.TempDir(), "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// What pyarrow reads is what was written, in names, types and values: of each table that
// docs/EVIDENCE.md describes.
func TestPyarrowReadsWhatIsWritten(t *testing.T) {
	t.Run("samples", func(t *testing.T) {
		w, outer := written(t), int64(99)
		rows := []evidence.Sample{
			{Launch: 1, Contender: "a", Cell: "batch-1", Replicate: 2, Phase: evidence.PhaseShort, Round: 3, Calls: 200, Rows: 8, OuterNanoseconds: &outer, InnerNanoseconds: 90},
			{Launch: 1, Contender: "a", Cell: "batch-1", Replicate: 2, Phase: evidence.PhaseCall, Calls: 1, InnerNanoseconds: 1 << 40},
		}
		if err := w.WriteSamples(1, "a", rows); err != nil {
			t.Fatal(err)
		}
		readAsWritten(t, w.Path(evidence.SamplesFile(1, "a")), rows)
	})
	t.Run("requests", func(t *testing.T) {
		w, first, faults := written(t), int32(7), int64(1<<40)
		rows := []evidence.Request{
			{Launch: 1, Op: "infer", Phase: evidence.PhaseLong, Round: 3, Model: "model", Inputs: 2, Rows: 8, Dim: 784, Hop: 1, Batch: 1, First: &first, Step: &first,
				Calls: 20_000, Want: true, Labels: 20_000, Checked: true, RequestBytes: 150, StartNanoseconds: 1 << 41, OuterNanoseconds: 3, MinorFaults: &faults, OffsetNanoseconds: new(int64)},
			{Launch: 1, Op: "load", Model: "altered", ModelSHA256: strings.Repeat("0f", 32)},
		}
		if err := w.WriteRequests(1, "a", rows); err != nil {
			t.Fatal(err)
		}
		readAsWritten(t, w.Path(evidence.RequestsFile(1, "a")), rows)
	})
	t.Run("inputs", func(t *testing.T) {
		w := written(t)
		rows := []evidence.InputsFile{
			{Number: 1, Drawn: "rows", Attempt: 3, Values: 1 << 33, Bytes: 1 << 35, SHA256: strings.Repeat("0f", 32)},
			{Number: 2, Drawn: "classic", Values: 784, Bytes: 3136, SHA256: strings.Repeat("1e", 32)},
		}
		if err := w.WriteInputs("", 1, rows); err != nil {
			t.Fatal(err)
		}
		readAsWritten(t, w.Path(evidence.InputsDigestsFile("", 1)), rows)
	})
}

// readAsWritten compares all columns and values that pyarrow reads with the records.
func readAsWritten[R any](t *testing.T, path string, rows []R) {
	t.Helper()
	read, record := readByPyarrow(t, path), reflect.TypeFor[R]()
	types := map[string]string{}
	for name, kind := range writtenColumns(record) {
		types[name] = map[string]string{"boolean": "bool"}[kind]
		if types[name] == "" {
			types[name] = strings.TrimSuffix(kind, "?")
		}
	}
	if diff := cmp.Diff(types, read.Types); diff != "" {
		t.Errorf("types:\n%s", diff)
	}
	if len(read.Rows) != len(rows) {
		t.Fatalf("%d rows; %d were written", len(read.Rows), len(rows))
	}
	for number, row := range rows {
		for i := range record.NumField() {
			name, _, _ := strings.Cut(record.Field(i).Tag.Get("parquet"), ",")
			if got, want := read.Rows[number][name], asJSON(t, reflect.ValueOf(row).Field(i).Interface()); got != want {
				t.Errorf("row %d: %s is %v; %v was written", number, name, got, want)
			}
		}
	}
}

// asJSON is a value as it comes back from JSON, as pyarrow's do here.
func asJSON(t *testing.T, value any) (back any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	return back
}
