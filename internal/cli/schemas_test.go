package cli

// This file tests that the published schemas have every field that is written.

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"cupel/docs/schemas"
	"cupel/internal/audit"
	"cupel/internal/compare"
	"cupel/internal/evidence"
	"cupel/internal/report"
	"cupel/internal/suite"
)

func TestSchemasHaveEveryField(t *testing.T) {
	compared := map[string]bool{}
	for _, one := range []struct {
		schema string
		record reflect.Type
	}{
		{schemas.Plan, reflect.TypeFor[suite.Plan]()},
		{schemas.Ledger, reflect.TypeFor[evidence.LedgerRow]()},
		{schemas.Environment, reflect.TypeFor[evidence.Environment]()},
		{schemas.Observations, reflect.TypeFor[evidence.Observation]()},
		{schemas.Observations, reflect.TypeFor[evidence.Block]()},
		{schemas.Observations, reflect.TypeFor[evidence.Machine]()},
		{schemas.Observations, reflect.TypeFor[evidence.Inspection]()},
		{schemas.Observations, reflect.TypeFor[evidence.Closure]()},
		{schemas.Observations, reflect.TypeFor[evidence.Scores]()},
		{schemas.Observations, reflect.TypeFor[evidence.HardRows]()},
		{schemas.Packages, reflect.TypeFor[evidence.Packages]()},
		{schemas.Build, reflect.TypeFor[evidence.Build]()},
		{schemas.Harness, reflect.TypeFor[evidence.Harness]()},
		{schemas.RunLog, reflect.TypeFor[evidence.RunLogRow]()},
		{schemas.Statement, reflect.TypeFor[evidence.Statement]()},
		{schemas.Manifest, reflect.TypeFor[evidence.Manifest]()},
		{schemas.Seal, reflect.TypeFor[evidence.Envelope]()},
		{schemas.SealPayload, reflect.TypeFor[evidence.InToto[evidence.SealPredicate]]()},
		{schemas.RolePayload, reflect.TypeFor[evidence.InToto[evidence.RolePredicate]]()},
		{schemas.Result, reflect.TypeFor[report.Result]()},
		{schemas.ComparisonSummary, reflect.TypeFor[report.ComparisonSummary]()},
		{schemas.Audit, reflect.TypeFor[audit.Report]()},
		{schemas.Compare, reflect.TypeFor[compare.Result]()},
		{schemas.Baseline, reflect.TypeFor[compare.Baseline]()},
		{schemas.Calibrate, reflect.TypeFor[calibration]()},
	} {
		missing, err := schemas.Missing(one.schema, one.record)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range missing {
			t.Error(fault)
		}
		compared[one.schema] = true
	}
	for _, name := range schemas.Names() {
		if !compared[name] {
			t.Errorf("schema %s is compared with no record type", name)
		}
	}
}

func TestMissingFieldsAreNamed(t *testing.T) {
	type outdated struct {
		evidence.Manifest
		Added int `json:"added"`
	}
	missing, err := schemas.Missing(schemas.Manifest, reflect.TypeFor[outdated]())
	if err != nil {
		t.Fatal(err)
	}
	if len(missing) != 1 || !strings.Contains(missing[0], `"added", which the schema lacks`) {
		t.Errorf("found %q", missing)
	}
	missing, err = schemas.Missing(schemas.Manifest, reflect.TypeFor[struct {
		Schema string `json:"schema,omitempty"`
	}]())
	if err != nil || len(missing) != 2 {
		t.Errorf("found %q, %v", missing, err)
	}
}

// What is printed as JSON has its schema's shape.
func TestPrintedJSONIsValid(t *testing.T) {
	var stdout, stderr bytes.Buffer
	Run(t.Context(), []string{"audit", "--json", "../../examples/published/BENCHMARK_RESULTS.md"}, nil, &stdout, &stderr)
	if err := schemas.Validate(schemas.Audit, stdout.Bytes()); err != nil {
		t.Errorf("audit --json: %v", err)
	}
	rate := 0.5
	text, err := json.Marshal(calibration{
		Engine: "go", Pairs: 1, Power: map[string]*float64{"0.01": &rate, "0.05": nil}, PowerPairs: map[string]int{"0.01": 1},
		Classic: map[string]classicRates{"welch": {FalseAlarmRate: 0.5, Pairs: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := schemas.Validate(schemas.Calibrate, text); err != nil {
		t.Errorf("calibrate --json: %v", err)
	}
	if err := schemas.Validate(schemas.Calibrate, []byte(`{"engine": "go"}`)); err == nil {
		t.Error("a text without required fields is valid")
	}
}
