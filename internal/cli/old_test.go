package cli

// This file tests that bundles of earlier versions open, verify and audit, with the
// figures and the verdicts of their day. A failure here breaks the promise to the owner of
// such a bundle: mend the code, not the test.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/audit/judge"
	"cupel/internal/bundletest"
	"cupel/internal/evidence"
	"cupel/internal/report"
	"cupel/internal/suite"
)

func TestOldBundles(t *testing.T) {
	for _, name := range bundletest.Old(t) {
		dir := bundletest.UnpackOld(t, name)
		t.Run(name, func(t *testing.T) {
			t.Run("verifies", func(t *testing.T) { verifiesStill(t, dir) })
			t.Run("has the same figures", func(t *testing.T) { derivesStill(t, dir) })
			t.Run("is audited as then", func(t *testing.T) { auditsStill(t, dir) })
		})
	}
}

// verifiesStill allows words that are another version's, which is exit code 3.
func verifiesStill(t *testing.T, dir string) {
	var said bytes.Buffer
	code := Run(t.Context(), []string{"verify", "--json", dir}, nil, &said, &said)
	var verified struct {
		Intact  bool
		Figures int
	}
	if err := json.Unmarshal(said.Bytes(), &verified); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if code != ExitOK && code != ExitNoAnswer || !verified.Intact || verified.Figures < 100 {
		t.Errorf("exit code %d\n%s", code, said.String())
	}
}

// derivesStill compares the summary's figures, and not its words.
func derivesStill(t *testing.T, dir string) {
	bundle, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	results, err := report.Derive(bundle)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(dir, evidence.ResultsDir, report.SummaryFile))
	if err != nil {
		t.Fatal(err)
	}
	made, err := json.Marshal(results.Summary())
	if err != nil {
		t.Fatal(err)
	}
	then, now := figuresOf(t, kept), figuresOf(t, made)
	if len(then) < 50 {
		t.Fatalf("the summary has %d figures", len(then))
	}
	for place, figure := range then {
		if now[place] != figure {
			t.Errorf("%s was %v and is %v", place, figure, now[place])
		}
	}
}

// figuresOf are the numbers and truth values of a JSON text by their places.
func figuresOf(t *testing.T, text []byte) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	figures := map[string]any{}
	var walk func(place string, node any)
	walk = func(place string, node any) {
		switch node := node.(type) {
		case map[string]any:
			for key, child := range node {
				walk(place+"."+key, child)
			}
		case []any:
			for i, child := range node {
				walk(fmt.Sprintf("%s[%d]", place, i), child)
			}
		case json.Number, bool:
			figures[place] = node
		}
	}
	walk("", tree)
	return figures
}

// auditsStill compares the verdict and what each point came to.
func auditsStill(t *testing.T, dir string) {
	kept, err := os.ReadFile(filepath.Join(dir, evidence.ResultsDir, report.AuditFile))
	if os.IsNotExist(err) {
		t.Skip("the points are about inference, and this is a training")
	}
	if err != nil {
		t.Fatal(err)
	}
	var then audit.Report
	if err := json.Unmarshal(kept, &then); err != nil {
		t.Fatal(err)
	}
	opened, err := audit.Open(dir, audit.Options{Claim: then.Claim, Parse: parseCommand})
	if err != nil {
		t.Fatal(err)
	}
	now := judge.Bundle(opened)
	if now.Verdict != then.Verdict || len(now.Points) != len(then.Points) {
		t.Fatalf("%d points say %q; they were %d and said %q", len(now.Points), now.Verdict, len(then.Points), then.Verdict)
	}
	for i, point := range then.Points {
		if now.Points[i].ID != point.ID || now.Points[i].Status != point.Status {
			t.Errorf("point %d was a %s; it is a %s: %s", point.ID, point.Status, now.Points[i].Status, now.Points[i].Detail)
		}
	}
}

// The old bundles are of each kind of run, so that no kind breaks unseen.
func TestOldBundlesAreOfEachKind(t *testing.T) {
	var kinds []string
	for _, name := range bundletest.Old(t) {
		bundle, err := evidence.Open(bundletest.UnpackOld(t, name))
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, kindOf(bundle.Plan))
	}
	for _, kind := range []string{"one cell", "several cells", "training"} {
		if !slices.Contains(kinds, kind) {
			t.Errorf("no old bundle is of %s", kind)
		}
	}
}

func kindOf(plan suite.Plan) string {
	switch {
	case plan.Train != nil:
		return "training"
	case len(plan.Cells) > 1:
		return "several cells"
	default:
		return "one cell"
	}
}
