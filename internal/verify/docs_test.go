package verify_test

// This file tests that docs/EVIDENCE.md describes what a bundle holds.

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"cupel/internal/evidence"
)

func TestEvidenceDescribesBundles(t *testing.T) {
	text, err := os.ReadFile("../../docs/EVIDENCE.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	published, err := filepath.Glob("../../docs/schemas/*.schema.json")
	if err != nil || len(published) == 0 {
		t.Fatalf("%d schemas, %v", len(published), err)
	}
	for _, file := range published {
		if !strings.Contains(page, "(schemas/"+filepath.Base(file)+")") {
			t.Errorf("there is no link to the schema %s", file)
		}
	}
	for title, row := range map[string]reflect.Type{
		"Samples": reflect.TypeFor[evidence.Sample](), "Requests": reflect.TypeFor[evidence.Request](), "Inputs": reflect.TypeFor[evidence.InputsFile](),
	} {
		if got, want := describedColumns(t, page, title), writtenColumns(row); !maps.Equal(got, want) {
			t.Errorf("the columns of %s are %v; the page describes %v", title, want, got)
		}
	}
	for _, phase := range phases(t) {
		if !strings.Contains(page, "`"+phase+"`") {
			t.Errorf("the phase %s is not described", phase)
		}
	}
	for _, name := range []string{
		evidence.SuiteFile, evidence.PlanFile, evidence.LedgerFile, evidence.EnvironmentFile, evidence.ObservationsFile, evidence.HarnessFile, evidence.RunLogFile,
		evidence.PackagesFile, evidence.BuildFile, evidence.StatementFile, evidence.ManifestFile, evidence.SealFile,
		path.Join(evidence.RequestsDir, "LAUNCH-CONTENDER.parquet"), path.Join(evidence.InputsDir, "REPLICATE.parquet"), evidence.ModelDir + "/model.safetensors",
	} {
		if !strings.Contains(page, name+"`") {
			t.Errorf("%s is not described", name)
		}
	}
}

// describedColumns are the columns in a section's first table, with their types.
func describedColumns(t *testing.T, page, title string) map[string]string {
	t.Helper()
	_, section, found := strings.Cut(page, "\n## "+title+"\n")
	_, table, headed := strings.Cut(section, "| column | type | meaning |\n|---|---|---|\n")
	if !found || !headed {
		t.Fatalf("there is no table of the columns of %s", title)
	}
	columns := map[string]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			break
		}
		types, optional := strings.CutSuffix(strings.TrimSpace(cells[2]), ", optional")
		each := strings.Split(types, ", ")
		for i, name := range strings.Split(strings.TrimSpace(cells[1]), ", ") {
			columns[strings.Trim(name, "`")] = each[min(i, len(each)-1)] + map[bool]string{true: "?"}[optional]
		}
	}
	return columns
}

// writtenColumns are the columns of a record, with their types as Parquet has them.
func writtenColumns(record reflect.Type) map[string]string {
	columns := map[string]string{}
	for i := range record.NumField() {
		field := record.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("parquet"), ",")
		of, optional := field.Type, strings.Contains(options, "optional")
		if of.Kind() == reflect.Pointer {
			of, optional = of.Elem(), true
		}
		kind := of.Kind().String()
		if kind == "bool" {
			kind = "boolean"
		}
		columns[name] = kind + map[bool]string{true: "?"}[optional]
	}
	return columns
}

// phases are those of samples, from the source: constants can't be listed otherwise.
func phases(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile("../evidence/records.go")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, match := range regexp.MustCompile(`\bPhase[A-Za-z]* +Phase = "([a-z-]+)"|return fmt\.Sprintf\("([a-z-]+%d[a-z-]*)", times\)`).FindAllStringSubmatch(string(source), -1) {
		found = append(found, match[1]+strings.ReplaceAll(match[2], "%d", "N"))
	}
	if len(found) < 20 {
		t.Fatalf("only %d phases were found: %q", len(found), found)
	}
	return found
}
