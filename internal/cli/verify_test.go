package cli

// This file tests what verify says of a bundle that another version made.

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/audit/judge"
	"cupel/internal/bundletest"
	"cupel/internal/evidence"
)

// audited is a bundle with the audit of it among the results.
func audited(t *testing.T) (dir, file string) {
	t.Helper()
	dir = bundletest.Make(t, bundletest.Size{Replicates: 2, Rounds: 12, Calls: 5})
	opened, err := audit.Open(dir, audit.Options{Parse: parseCommand})
	if err != nil {
		t.Fatal(err)
	}
	return dir, bundletest.KeepAudit(t, dir, judge.Bundle(opened))
}

// What another version made is intact where it is as this one would make it, and there
// is no answer where it is not: 3.
func TestVerifyOfAnotherVersionsBundle(t *testing.T) {
	verifies := func(dir string) (int, string) {
		var stdout bytes.Buffer
		code := Run(t.Context(), []string{"verify", dir}, strings.NewReader(""), &stdout, io.Discard)
		return code, stdout.String()
	}
	dir, file := audited(t)
	if code, output := verifies(dir); code != ExitOK || !strings.Contains(output, "verdict  intact: ") {
		t.Fatalf("exit code %d\n%s", code, output)
	}
	bundletest.ChangeDerived(t, dir, file, `"verdict": "undecided"`, `"verdict": "accepted"`)
	code, output := verifies(dir)
	if code != ExitNoAnswer || !strings.Contains(output, "unsure   results/audit.json is another than this version makes: ") || !strings.Contains(output, "verdict  intact, but not all") {
		t.Errorf("audit: exit code %d\n%s", code, output)
	}
	page := filepath.Join(dir, evidence.ResultsDir, "BENCHMARK_RESULTS.md")
	bundletest.ChangeDerived(t, dir, page, "## Methodology", "go is 1743 times as fast.\n\n## Methodology")
	if code, output := verifies(dir); code != ExitNoAnswer || !strings.Contains(output, "unsure   results/BENCHMARK_RESULTS.md") || !strings.Contains(output, "1743") {
		t.Errorf("report: exit code %d\n%s", code, output)
	}
	bundletest.ChangeDerived(t, dir, page, "0.9000", "0.9900")
	if code, output := verifies(dir); code != ExitNo || !strings.Contains(output, "NOT INTACT") {
		t.Errorf("figure: exit code %d\n%s", code, output)
	}
}

func TestNobodySignsAsTheMakerOfARun(t *testing.T) {
	dir := bundletest.Make(t, bundletest.Size{Replicates: 1, Rounds: 12, Calls: 5})
	key := filepath.Join(t.TempDir(), "key.pem")
	const text = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIBaSNlShDDAADODvXP4j3Mhxq77hJBCHKDlWbLHST9/z\n-----END PRIVATE KEY-----\n"
	if err := os.WriteFile(key, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for role, due := range map[string]int{"run": ExitUsage, "Run": ExitUsage, "run ": ExitUsage, "reviewer": ExitOK} {
		var stderr strings.Builder
		if code := Run(t.Context(), []string{"sign", dir, "--key", key, "--role", role}, strings.NewReader(""), io.Discard, &stderr); code != due {
			t.Errorf("role %q: exit code %d, %s", role, code, stderr.String())
		}
	}
}
