package judge_test

// This file puts any bytes in the place of a bundle's file and audits it: an auditor
// reads bundles of strangers, and says of each in one line what can't be read.

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/audit/judge"
	"cupel/internal/bundletest"
)

func FuzzBundle(f *testing.F) {
	honest := bundletest.Make(f, bundletest.Size{Replicates: 2, Rounds: 12, Calls: 5})
	names := bundletest.Kinds(f, honest)
	for at, name := range names {
		text, err := os.ReadFile(filepath.Join(honest, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(at), text[:len(text)/2])
	}
	f.Fuzz(func(t *testing.T, at uint8, text []byte) {
		dir := filepath.Join(t.TempDir(), "bundle")
		if err := os.CopyFS(dir, os.DirFS(honest)); err != nil {
			t.Fatal(err)
		}
		name := names[int(at)%len(names)]
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
		opened, err := audit.Open(dir, audit.Options{Parse: func([]string) error { return nil }})
		if err != nil {
			if strings.Contains(err.Error(), "\n") || len(err.Error()) > 10_000 {
				t.Errorf("%s: error of %d bytes %.200q", name, len(err.Error()), err)
			}
			return
		}
		report := judge.Bundle(opened)
		if len(report.Points) != 100 {
			t.Errorf("%s: %d points", name, len(report.Points))
		}
		for _, finding := range report.Findings {
			if strings.Contains(finding.Message, "\n") {
				t.Errorf("%s: finding %s %.200q", name, finding.Rule, finding.Message)
			}
		}
	})
}
