package verify_test

// This file tests that docs/EVIDENCE.md describes what a bundle holds.

import (
	"os"
	"path"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"cupel/docs/schemas"
	"cupel/internal/evidence"
)

func TestEvidenceDescribesBundles(t *testing.T) {
	text, err := os.ReadFile("../../docs/EVIDENCE.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, name := range schemas.Names() {
		if !strings.Contains(page, "(schemas/"+name+".schema.json)") {
			t.Errorf("there is no link to the schema %s", name)
		}
	}
	sample := reflect.TypeFor[evidence.Sample]()
	for i := range sample.NumField() {
		column, _, _ := strings.Cut(sample.Field(i).Tag.Get("parquet"), ",")
		if !strings.Contains(page, "`"+column+"`") {
			t.Errorf("the column %s of samples is not described", column)
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
