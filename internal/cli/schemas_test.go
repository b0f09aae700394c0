package cli

// This file tests that the published schemas have every field that is written.

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"cupel/docs/schemas"
	"cupel/internal/audit"
	"cupel/internal/bundletest"
	"cupel/internal/calibrate"
	"cupel/internal/compare"
	"cupel/internal/conformance"
	"cupel/internal/evidence"
	"cupel/internal/report"
	"cupel/internal/verify"
)

func TestSchemasHaveEveryField(t *testing.T) {
	compared := map[string]bool{}
	type pair struct {
		schema string
		record reflect.Type
	}
	var pairs []pair
	for _, row := range evidence.Contents() {
		for _, record := range row.Records {
			pairs = append(pairs, pair{row.Schema, record})
		}
	}
	for _, one := range append(pairs, []pair{
		{schemas.SealPayload, reflect.TypeFor[evidence.InToto[evidence.SealPredicate]]()},
		{schemas.RolePayload, reflect.TypeFor[evidence.InToto[evidence.RolePredicate]]()},
		{schemas.Result, reflect.TypeFor[report.Result]()},
		{schemas.ComparisonSummary, reflect.TypeFor[report.ComparisonSummary]()},
		{schemas.Audit, reflect.TypeFor[audit.Report]()},
		{schemas.Compare, reflect.TypeFor[compare.Result]()},
		{schemas.Baseline, reflect.TypeFor[compare.Baseline]()},
		{schemas.Calibrate, reflect.TypeFor[calibrate.Result]()},
		{schemas.Verify, reflect.TypeFor[verify.Report]()},
		{schemas.List, reflect.TypeFor[listing]()},
		{schemas.EngineCheck, reflect.TypeFor[conformance.Finding]()},
	}...) {
		missing, err := missingFields(one.schema, one.record)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range missing {
			t.Error(fault)
		}
		compared[one.schema] = true
	}
	published, err := filepath.Glob("../../docs/schemas/*.schema.json")
	if err != nil || len(published) == 0 {
		t.Fatalf("%d schemas, %v", len(published), err)
	}
	for _, file := range published {
		if name := strings.TrimSuffix(filepath.Base(file), ".schema.json"); !compared[name] {
			t.Errorf("schema %s is compared with no record type", name)
		}
	}
}

func TestMissingFieldsAreNamed(t *testing.T) {
	type outdated struct {
		evidence.Manifest
		Added int `json:"added"`
	}
	missing, err := missingFields(schemas.Manifest, reflect.TypeFor[outdated]())
	if err != nil {
		t.Fatal(err)
	}
	if len(missing) != 1 || !strings.Contains(missing[0], `"added", which the schema lacks`) {
		t.Errorf("found %q", missing)
	}
	missing, err = missingFields(schemas.Manifest, reflect.TypeFor[struct {
		Schema string `json:"schema,omitempty"`
	}]())
	if err != nil || len(missing) != 2 {
		t.Errorf("found %q, %v", missing, err)
	}
}

// printedSchemas are the schemas of what verbs print with --json; of compare with a
// baseline it is another.
var printedSchemas = map[string][]string{
	"run":          {schemas.ComparisonSummary},
	"audit":        {schemas.Audit},
	"verify":       {schemas.Verify},
	"compare":      {schemas.Compare, schemas.Baseline},
	"reproduce":    {schemas.Compare},
	"calibrate":    {schemas.Calibrate},
	"list":         {schemas.List},
	"engine check": {schemas.EngineCheck},
}

// scripted finds in the scripts the commands with --json whose output is held against a
// schema in the next line.
var scripted = regexp.MustCompile(`(?m)^.*\bcupel ((?:engine )?[a-z]+)\b.* --json\b.*\nshaped ([a-z-]+) stdout$`)

// Every verb that has --json has a schema, docs/EVIDENCE.md names it, and a script
// prints with it and looks at what comes.
func TestPrintedJSONHasASchema(t *testing.T) {
	page, err := os.ReadFile("../../docs/EVIDENCE.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	looked := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range scripted.FindAllStringSubmatch(string(text), -1) {
			looked[match[1]+" as "+match[2]] = true
		}
	}
	found := 0
	for _, verb := range verbsWithJSON(rootCommand(nil, nil, nil), "") {
		found++
		if len(printedSchemas[verb]) == 0 {
			t.Errorf("cupel %s has --json and no schema", verb)
		}
		for _, schema := range printedSchemas[verb] {
			if !looked[verb+" as "+schema] {
				t.Errorf("no script holds what cupel %s --json prints against the schema %s", verb, schema)
			}
			row := regexp.MustCompile("(?m)^\\| .*`cupel " + verb + "[` ].*\\(schemas/" + schema + `\.schema\.json\)`)
			if !row.Match(page) {
				t.Errorf("docs/EVIDENCE.md does not say that cupel %s prints by %s", verb, schema)
			}
		}
	}
	if found != len(printedSchemas) {
		t.Errorf("%d verbs have --json; %d are known", found, len(printedSchemas))
	}
}

// verbsWithJSON lists the verbs below a command that have --json.
func verbsWithJSON(command *cobra.Command, above string) (verbs []string) {
	for _, sub := range command.Commands() {
		name := strings.TrimSpace(above + " " + sub.Name())
		if sub.Flags().Lookup("json") != nil {
			verbs = append(verbs, name)
		}
		verbs = append(verbs, verbsWithJSON(sub, name)...)
	}
	return verbs
}

// What is printed without a run has its schema's shape, and what has another has not.
func TestPrintedJSONIsValid(t *testing.T) {
	unsealed := bundletest.Make(t, bundletest.Size{Replicates: 1, Rounds: 12, Calls: 5})
	if err := os.Remove(filepath.Join(unsealed, evidence.SealFile)); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		schema string
		args   []string
	}{
		{schemas.Audit, []string{"audit", "--json", "../../examples/published/BENCHMARK_RESULTS.md"}},
		{schemas.Verify, []string{"verify", "--json", bundletest.Make(t, bundletest.Size{Replicates: 1, Rounds: 12, Calls: 5})}},
		{schemas.Verify, []string{"verify", "--json", unsealed}},
		{schemas.List, []string{"list", "--json"}},
	} {
		var stdout, stderr bytes.Buffer
		Run(t.Context(), one.args, nil, &stdout, &stderr)
		if err := schemas.Validate(one.schema, stdout.Bytes()); err != nil {
			t.Errorf("%q: %v, %s", one.args, err, &stderr)
		}
	}
	rate := 0.5
	text, err := json.Marshal(calibrate.Result{
		Engine: "go", Pairs: 1, Power: map[string]*float64{"0.01": &rate, "0.05": nil}, PowerPairs: map[string]int{"0.01": 1},
		Classic: map[string]calibrate.ClassicRates{"welch": {FalseAlarmRate: 0.5, Pairs: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := schemas.Validate(schemas.Calibrate, text); err != nil {
		t.Errorf("calibrate --json: %v", err)
	}
	for schema, wrong := range map[string]string{
		schemas.Calibrate:   `{"engine": "go"}`,
		schemas.Verify:      `{"bundle": "x", "intact": true}`,
		schemas.List:        `{"suites": [], "engines": []}`,
		schemas.EngineCheck: `[{"check": "answers hello", "status": "passed"}]`,
	} {
		if err := schemas.Validate(schema, []byte(wrong)); err == nil {
			t.Errorf("%s: %s is valid", schema, wrong)
		}
	}
}
