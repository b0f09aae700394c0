package verify_test

// This file tests that an untouched bundle is intact and that every change to one is
// found where it was made.

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cupel/internal/bundletest"
	"cupel/internal/evidence"
	"cupel/internal/recheck"
	"cupel/internal/verify"
	"cupel/internal/version"
)

func verified(t *testing.T, dir string) *verify.Report {
	t.Helper()
	report, err := verify.Bundle(t.Context(), dir, verify.Options{Version: "v0.1.0", Page: recheck.Page})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// found tells whether a fault names the file and has the text.
func found(report *verify.Report, file, text string) bool {
	for _, fault := range report.Faults {
		if strings.Contains(fault.String(), file) && strings.Contains(fault.String(), text) {
			return true
		}
	}
	return false
}

func TestUntouchedBundleIsIntact(t *testing.T) {
	report := verified(t, small(t))
	for _, fault := range report.Faults {
		t.Error(fault)
	}
	if report.Figures < 500 || report.Samples < 8*4*60 || len(report.Signers) != 1 || !report.Signers[0].Ephemeral {
		t.Errorf("%d figures, %d samples, signers %+v", report.Figures, report.Samples, report.Signers)
	}
}

// Checks that one thread alone allows are left out on both sides.
func TestBundleOfSeveralThreadsIsIntact(t *testing.T) {
	dir := bundletest.Make(t, bundletest.Size{Replicates: 8, Rounds: 24, Calls: 10, Threads: 2})
	for _, fault := range verified(t, dir).Faults {
		t.Error(fault)
	}
	page, err := os.ReadFile(filepath.Join(dir, "results", "BENCHMARK_RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range []string{`go \| short-bursts \|.*not judged: with several threads`, `go \| slope \|.*below 0\.0026 ns`} {
		if !regexp.MustCompile(check).Match(page) {
			t.Errorf("the page has no %s", check)
		}
	}
}

// Stops that the harness's clock alone shows are judged on both sides.
func TestBundleWithDeniedStopsIsIntact(t *testing.T) {
	dir := bundletest.Make(t, bundletest.Size{Replicates: 8, Rounds: 24, Calls: 10, Denies: "gonum"})
	for _, fault := range verified(t, dir).Faults {
		t.Error(fault)
	}
	page, err := os.ReadFile(filepath.Join(dir, "results", "BENCHMARK_RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`gonum \| planted-stall \| \*{0,2}no\*{0,2} \| of 16 stops that the harness's clock shows in bursts, 0 show`).Match(page) {
		t.Errorf("the page does not accuse: %s", regexp.MustCompile(`gonum \| planted-stall.*`).Find(page))
	}
}

// Beside slow requests long bursts are as long as they may be, and the calls of those with
// a stop are more than a replicate's bursts may be: they are read all the same.
func TestBundleWithManyStalledCallsIsIntact(t *testing.T) {
	dir := bundletest.Make(t, bundletest.Size{Replicates: 1, Rounds: 24, Calls: 10, StallCalls: 1 << 18})
	report := verified(t, dir)
	for _, fault := range report.Faults {
		t.Error(fault)
	}
	if report.Samples < 1<<20 {
		t.Errorf("%d samples: that is no more than may be bursts", report.Samples)
	}
}

// What threads other than the busiest have is judged on both sides, by share and by
// request: 24 rounds have 30.
func TestBundleWithOtherThreadsIsIntact(t *testing.T) {
	dir := bundletest.Make(t, bundletest.Size{Replicates: 8, Rounds: 24, Calls: 10, Beside: map[string]time.Duration{
		"go": 12 * time.Millisecond, "gonum": 18 * time.Millisecond, "pytorch": time.Millisecond,
	}})
	for _, fault := range verified(t, dir).Faults {
		t.Error(fault)
	}
	page, err := os.ReadFile(filepath.Join(dir, "results", "BENCHMARK_RESULTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range []string{`go \| threads \| yes \|.* ms a request`, `gonum \| threads \| \*\*no\*\* \|.* ms a request`, `pytorch \| threads \| yes \| [^,]*;`} {
		if !regexp.MustCompile(check).Match(page) {
			t.Errorf("the page has no %s: %s", check, regexp.MustCompile(`[^\n]*\| threads \|[^\n]*`).FindAll(page, -1))
		}
	}
}

// The bundles that are kept as examples are intact too.
func TestExamplesAreIntact(t *testing.T) {
	manifests, err := filepath.Glob("../../examples/*/" + evidence.ManifestFile)
	if err != nil || len(manifests) == 0 {
		t.Fatalf("no example has a manifest: %v", err)
	}
	for _, manifest := range manifests {
		report, err := verify.Bundle(t.Context(), filepath.Dir(manifest), verify.Options{Version: version.Cupel(), Page: recheck.Page})
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range report.Faults {
			t.Errorf("%s: %s", filepath.Dir(manifest), fault)
		}
	}
}

// A flipped byte in any file, at several places, is found, and the file is named with
// the bytes among which it is; manifests and seal, of which nothing has blocks, with the
// byte or the field.
func TestFlippedBytesAreFound(t *testing.T) {
	dir := bundletest.Make(t, bundletest.Size{Replicates: 2, Rounds: 12, Calls: 5})
	if report := verified(t, dir); !report.Intact {
		t.Fatal(report.Faults)
	}
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 20 {
		t.Fatalf("only %d files", len(names))
	}
	for _, path := range names {
		name, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range []int{0, len(whole) / 5, len(whole) / 2, len(whole) * 9 / 10, len(whole) - 1} {
			damaged := append([]byte(nil), whole...)
			damaged[at] ^= []byte{0x01, 0x20}[i%2]
			if err := os.WriteFile(path, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			if report := verified(t, dir); !placed(report, filepath.ToSlash(name), at, len(whole)) {
				t.Errorf("%s: byte %d of %d: intact %v, %v", name, at, len(whole), report.Intact, report.Faults)
			}
		}
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// placed reports whether a fault names the file and the place of a byte in it: by a
// range of bytes that is a small part of the file, or, in lists of digests, somehow.
func placed(report *verify.Report, name string, at, size int) bool {
	lists := name == evidence.ManifestFile || name == evidence.ResultsManifestFile || name == evidence.SealFile
	field := regexp.MustCompile(regexp.QuoteMeta(name) + ` lists it in files\[\d+\]\.path`)
	for _, fault := range report.Faults {
		if lists && (fault.File == name && fault.Where != "" || field.MatchString(fault.Message)) {
			return true
		}
		var first, last int
		if n, _ := fmt.Sscanf(fault.Where, "bytes %d to %d", &first, &last); n == 2 && fault.File == name {
			return first <= at && at <= last && last < size && last-first < max(512, size/16)
		}
	}
	return false
}

var smallDir string

// small is a bundle that all tests share, which none may change.
func small(t *testing.T) string {
	t.Helper()
	if smallDir != "" {
		return smallDir
	}
	dir, err := os.MkdirTemp("", "cupel-verify-")
	if err != nil {
		t.Fatal(err)
	}
	smallDir = filepath.Join(dir, "bundle")
	key, err := evidence.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := bundletest.Write(t.Context(), smallDir, bundletest.Small, key); err != nil {
		t.Fatal(err)
	}
	return smallDir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if smallDir != "" {
		os.RemoveAll(filepath.Dir(smallDir))
	}
	os.Exit(code)
}

// resealed makes a change to a bundle and seals it again, as somebody would who
// means to deceive.
func resealed(t *testing.T, change func(dir string)) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundle")
	if err := os.CopyFS(dir, os.DirFS(small(t))); err != nil {
		t.Fatal(err)
	}
	change(dir)
	key, err := evidence.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteSeal(context.Background(), dir, key); err != nil {
		t.Log("the seal can't be made again:", err)
	}
	if err := evidence.WriteResultsManifest(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func replace(t *testing.T, dir, name, pattern, by string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := regexp.MustCompile(pattern).FindIndex(text)
	if at == nil {
		t.Fatalf("%s has no %s", name, pattern)
	}
	changed := string(text[:at[0]]) + by + string(text[at[1]:])
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Figures that were changed are found though every digest was made again.
func TestChangedFiguresAreFoundDespiteNewDigests(t *testing.T) {
	summary, markdown, result := "results/comparison_summary.json", "results/BENCHMARK_RESULTS.md", "results/go_mnist_results.json"
	for _, one := range []struct{ name, file, pattern, by, where string }{
		{"ratio", summary, `"ratio": 1\d\d`, `"ratio": 999`, "side_by_side[0].ratio"},
		{"bound", summary, `"ratio_ci_95_lower": \d`, `"ratio_ci_95_lower": 9`, "side_by_side[0].ratio_ci_95_lower"},
		{"verdict", summary, `"verdict": "faster"`, `"verdict": "slower"`, "side_by_side[0].verdict"},
		{"p", summary, `"log10_p_value_adjusted": -\d`, `"log10_p_value_adjusted": -9`, "log10_p_value_adjusted"},
		{"control", summary, `"holds": true`, `"holds": false`, "controls[0].holds"},
		{"t", summary, `"t_statistic": -\d`, `"t_statistic": -99`, "t_statistic"},
		{"d", summary, `"cohens_d": -\d`, `"cohens_d": -99`, "cohens_d"},
		{"mean", result, `"mean_us": 0\.1`, `"mean_us": 0.2`, "results[0].mean_us"},
		{"percentile", result, `"p99_us": 0\.1`, `"p99_us": 0.2`, "results[0].p99_us"},
		{"launch", result, `"launch": \d+`, `"launch": 77`, "config.launch"},
		{"absent", summary, `label 1 where`, `label 0 where`, "absent.numpy"},
		{"printed latency", markdown, `\| go \| 0\.1`, `| go | 0.2`, "line"},
		{"printed ratio", markdown, `\| go and pytorch \| 1`, `| go and pytorch | 3`, "line"},
		{"printed verdict", markdown, `\| faster \|`, `| slower |`, "do not follow"},
		{"printed claim", markdown, `\*\*go is faster than pytorch`, `**go is slower than pytorch`, "do not follow"},
		{"printed interval", markdown, `95% interval \d`, `95% interval 9`, "line"},
		{"printed control", markdown, `\| negative \| 1\.0000 \| \d`, `| negative | 1.0000 | 7`, "line"},
		{"printed check", markdown, `the harness's time of long bursts is 1`, `the harness's time of long bursts is 3`, "line"},
		{"printed cost", markdown, `(\| go \| -?)\d+( \| -?\d+ to -?\d+ \| 0\.0\d+ \|)`, `| go | 4000 | 1 to 2 | 0.0500 |`, "line"},
		{"printed memory", markdown, `- Memory: 25`, `- Memory: 95`, "line"},
		{"a line left out", markdown, `- gonum failed in 1 of its launches\n`, ``, "lacks a line"},
	} {
		t.Run(one.name, func(t *testing.T) {
			dir := resealed(t, func(dir string) { replace(t, dir, one.file, one.pattern, one.by) })
			if report := verified(t, dir); !found(report, one.file, one.where) {
				t.Errorf("faults %v", report.Faults)
			}
		})
	}
}

// What was changed in the raw data shows in the records of each other, or in results
// that no longer follow.
func TestChangedRawDataAreFoundDespiteNewDigests(t *testing.T) {
	for _, one := range []struct {
		name, file, text string
		change           func(dir string)
	}{
		{"ledger row changed", "ledger.jsonl", "line ", func(dir string) { replace(t, dir, "ledger.jsonl", `within 2s`, `within 3s`) }},
		{"ledger row dropped", "ledger.jsonl", "line ", func(dir string) { replace(t, dir, "ledger.jsonl", `\{"sequence":3,.*\n`, ``) }},
		{"plan changed", "ledger.jsonl", "line 1", func(dir string) { replace(t, dir, "plan.json", `"tolerance": 0.01`, `"tolerance": 0.02`) }},
		{"suite changed", "plan.json", "suite_sha256", func(dir string) { replace(t, dir, "suite.toml", `name`, "# a remark\nname") }},
		{"unknown field", "environment.json", "added", func(dir string) { replace(t, dir, "environment.json", `"cores"`, `"added": 1, "cores"`) }},
		{"field missing", "environment.json", "cores", func(dir string) { replace(t, dir, "environment.json", `"cores": 2,`, ``) }},
		{"wrong type", "observations.jsonl", "line 1", func(dir string) { replace(t, dir, "observations.jsonl", `"idle_ns":2000000000`, `"idle_ns":"2"`) }},
		{"samples of another launch", "samples", "the ledger's row has", func(dir string) {
			data, err := os.ReadFile(filepath.Join(dir, "samples", "0001-go.parquet"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "samples", "0005-go.parquet"), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}},
		{"no samples", "samples", "0005-go", func(dir string) {
			if err := os.WriteFile(filepath.Join(dir, "samples", "0005-go.parquet"), []byte("PAR1"), 0o644); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(one.name, func(t *testing.T) {
			if report := verified(t, resealed(t, one.change)); !found(report, one.file, one.text) {
				t.Errorf("faults %v", report.Faults)
			}
		})
	}
}

func TestFilesOutOfPlaceAreFound(t *testing.T) {
	for _, one := range []struct {
		name, file, text string
		change           func(dir string) error
	}{
		{"missing", "samples/0002-gonum.parquet", "missing", func(dir string) error { return os.Remove(filepath.Join(dir, "samples", "0002-gonum.parquet")) }},
		{"extra", "samples/extra", "not listed", func(dir string) error { return os.WriteFile(filepath.Join(dir, "samples", "extra"), nil, 0o644) }},
		{"extra result", "results/extra", "not listed", func(dir string) error { return os.WriteFile(filepath.Join(dir, "results", "extra"), nil, 0o644) }},
		{"link", "samples/link", "no ordinary file", func(dir string) error { return os.Symlink("/etc/hostname", filepath.Join(dir, "samples", "link")) }},
		{"link in place of a file", "plan.json", "no ordinary file", func(dir string) error {
			if err := os.Rename(filepath.Join(dir, "plan.json"), filepath.Join(filepath.Dir(dir), "plan.json")); err != nil {
				return err
			}
			return os.Symlink("../plan.json", filepath.Join(dir, "plan.json"))
		}},
		{"path outside", "manifest.json", "no path of a file", func(dir string) error {
			replace(t, dir, "manifest.json", `"path": "plan.json"`, `"path": "../plan.json"`)
			return nil
		}},
		{"no manifest", "manifest.json", "can't be read", func(dir string) error { return os.Remove(filepath.Join(dir, "manifest.json")) }},
		{"no seal", "seal.dsse.json", "can't be read", func(dir string) error { return os.Remove(filepath.Join(dir, "seal.dsse.json")) }},
		{"no results", "results/BENCHMARK_RESULTS.md", "missing", func(dir string) error { return os.Remove(filepath.Join(dir, "results", "BENCHMARK_RESULTS.md")) }},
	} {
		t.Run(one.name, func(t *testing.T) {
			dir := bundletest.Make(t, bundletest.Size{Replicates: 1, Rounds: 12, Calls: 5})
			if err := one.change(dir); err != nil {
				t.Fatal(err)
			}
			if report := verified(t, dir); !found(report, one.file, one.text) {
				t.Errorf("faults %v", report.Faults)
			}
		})
	}
}

func TestWhatIsNoBundleIsAnError(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := verify.Bundle(t.Context(), dir, verify.Options{}); err == nil {
			t.Errorf("%s was verified", dir)
		}
	}
}

// Signatures are by the key and for the role that they say.
func TestSignersAreListed(t *testing.T) {
	dir := bundletest.Make(t, bundletest.Size{Replicates: 1, Rounds: 12, Calls: 5})
	reviewer, err := evidence.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	reviewer.Ephemeral = false
	if err := evidence.Sign(t.Context(), dir, reviewer, "reviewer"); err != nil {
		t.Fatal(err)
	}
	report := verified(t, dir)
	if !report.Intact || len(report.Signers) != 2 || report.Signers[1].Role != "reviewer" || report.Signers[1].Ephemeral {
		t.Errorf("%+v", report)
	}
	asked := func(key *evidence.Key) *verify.Report {
		report, err := verify.Bundle(t.Context(), dir, verify.Options{Key: ed25519.PublicKey(key.PublicKey())})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	if report := asked(reviewer); !report.Intact {
		t.Error(report.Faults)
	}
	stranger, err := evidence.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if report := asked(stranger); report.Intact || !found(report, "seal.dsse.json", "none is by the key") {
		t.Errorf("%v", report.Faults)
	}
}

// A signature can't be given another role, key or seal.
func TestForgedSignaturesAreFound(t *testing.T) {
	size := bundletest.Size{Replicates: 1, Rounds: 12, Calls: 5}
	other, err := evidence.ReadSeal(bundletest.Make(t, bundletest.Size{Replicates: 1, Rounds: 24, Calls: 5}))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*evidence.Envelope){
		"signature of another seal": func(e *evidence.Envelope) { e.Signatures = other.Signatures },
		"extension of another seal": func(e *evidence.Envelope) { e.Signatures[0].Extension = other.Signatures[0].Extension },
		"payload of another seal":   func(e *evidence.Envelope) { e.Payload = other.Payload },
		"key of another":            func(e *evidence.Envelope) { e.Signatures[0].KeyID = other.Signatures[0].KeyID },
		"no extension":              func(e *evidence.Envelope) { e.Signatures[0].Extension = nil },
		"no signature":              func(e *evidence.Envelope) { e.Signatures = nil },
	} {
		t.Run(name, func(t *testing.T) {
			dir := bundletest.Make(t, size)
			seal, err := evidence.ReadSeal(dir)
			if err != nil {
				t.Fatal(err)
			}
			change(&seal)
			text, err := json.MarshalIndent(seal, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, evidence.SealFile), fmt.Appendf(text, "\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			if report := verified(t, dir); !found(report, "seal.dsse.json", "") && !found(report, "manifest.json", "") {
				t.Errorf("faults %v", report.Faults)
			}
		})
	}
}
