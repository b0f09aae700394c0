package verify_test

// This file tests what verify says of the digests of a file's blocks: where a file was
// changed, and that the lists themselves are held to what they are of.

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cupel/internal/bundletest"
	"cupel/internal/evidence"
	"cupel/internal/verify"
)

// listed changes a manifest and writes it as it is written.
func listed(t *testing.T, dir, name string, change func(*evidence.Manifest)) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var manifest evidence.Manifest
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	change(&manifest)
	if text, err = json.MarshalIndent(manifest, "", "  "); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// faultOf is the one fault of a file.
func faultOf(t *testing.T, report *verify.Report, file string) verify.Fault {
	t.Helper()
	var of []verify.Fault
	for _, fault := range report.Faults {
		if fault.File == file {
			of = append(of, fault)
		}
	}
	if len(of) != 1 {
		t.Fatalf("%d faults of %s: %v", len(of), file, report.Faults)
	}
	return of[0]
}

// What was changed of a file is named by the first block that differs, with how many do.
func TestChangedBlocksAreNamed(t *testing.T) {
	const name = "contenders/go/build.log"
	whole := make([]byte, 3000) // six blocks of 512 bytes, the last one of 440
	for i := range whole {
		whole[i] = byte('a' + i%23)
	}
	for _, one := range []struct {
		name   string
		change func([]byte) []byte
		where  string
		says   []string
	}{
		{"a byte", func(b []byte) []byte { b[513] = '!'; return b }, "bytes 512 to 1023", []string{"has SHA-256 "}},
		{"the first byte", func(b []byte) []byte { b[0] = '!'; return b }, "bytes 0 to 511", nil},
		{"the last byte", func(b []byte) []byte { b[2999] = '!'; return b }, "bytes 2560 to 2999", nil},
		{"two bytes", func(b []byte) []byte { b[600], b[2100] = '!', '!'; return b }, "bytes 512 to 1023", []string{"2 blocks of 512 bytes differ, this one is the first"}},
		{"a byte taken out", func(b []byte) []byte { return append(b[:1000], b[1001:]...) }, "bytes 512 to 1023", []string{"has 2999 bytes; manifest.json has 3000", "5 blocks of 512 bytes differ"}},
		{"a byte put in", func(b []byte) []byte { return append(b[:2600], append([]byte("!"), b[2600:]...)...) }, "bytes 2560 to 3000", []string{"has 3001 bytes"}},
		{"the end cut off", func(b []byte) []byte { return b[:1536] }, "bytes 1536 to 2047", []string{"has 1536 bytes", "3 blocks"}},
		{"nothing left", func(b []byte) []byte { return nil }, "bytes 0 to 511", []string{"has 0 bytes", "6 blocks"}},
		{"something added", func(b []byte) []byte { return append(b, bytes.Repeat([]byte("!"), 5000)...) }, "bytes 2560 to 3071", []string{"has 8000 bytes", "11 blocks"}},
	} {
		t.Run(one.name, func(t *testing.T) {
			dir := resealed(t, func(dir string) {
				if err := os.WriteFile(filepath.Join(dir, name), whole, 0o644); err != nil {
					t.Fatal(err)
				}
			})
			if report := verified(t, dir); found(report, name, "") {
				t.Fatalf("unchanged: faults %v", report.Faults)
			}
			if err := os.WriteFile(filepath.Join(dir, name), one.change(bytes.Clone(whole)), 0o644); err != nil {
				t.Fatal(err)
			}
			fault := faultOf(t, verified(t, dir), name)
			if fault.Where != one.where {
				t.Errorf("where %q; expected %q", fault.Where, one.where)
			}
			for _, text := range one.says {
				if !strings.Contains(fault.Message, text) {
					t.Errorf("%q does not say %q", fault.Message, text)
				}
			}
		})
	}
}

// What was added at the end of a block is a block of its own, though none is listed.
func TestWhatIsAddedAfterAWholeBlockIsNamed(t *testing.T) {
	const name = "contenders/go/build.log"
	dir := resealed(t, func(dir string) {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 1024), 0o644); err != nil {
			t.Fatal(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 1030), 0o644); err != nil {
		t.Fatal(err)
	}
	if fault := faultOf(t, verified(t, dir), name); fault.Where != "bytes 1024 to 1029" {
		t.Errorf("%v", fault)
	}
}

// A bundle of an earlier version has digests of whole files alone: it is as intact as it
// was, and a change is named with the file.
func TestManifestsWithoutBlocksAreTaken(t *testing.T) {
	dir := bundletest.Make(t, tiny)
	without := func(m *evidence.Manifest) {
		for i := range m.Files {
			m.Files[i].BlockBytes, m.Files[i].BlockSHA256s = 0, nil
		}
	}
	listed(t, dir, evidence.ResultsManifestFile, without)
	if report := verified(t, dir); !report.Intact {
		t.Errorf("results: faults %v", report.Faults)
	}
	listed(t, dir, evidence.ManifestFile, without)
	// The seal is of the manifest that had blocks.
	if report := verified(t, dir); len(report.Faults) != 1 || !found(report, "manifest.json", "; the seal is of ") {
		t.Errorf("raw data: faults %v", report.Faults)
	}
	replace(t, dir, "environment.json", `"cores": 2`, `"cores": 3`)
	if fault := faultOf(t, verified(t, dir), "environment.json"); fault.Where != "" || !strings.Contains(fault.Message, "has SHA-256 ") {
		t.Errorf("%v", fault)
	}
}

// A list that does not agree with itself or with files that are as it says is at fault
// itself. None of what it may claim takes longer than reading it.
func TestWrongListsAreFound(t *testing.T) {
	const other = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	for _, one := range []struct {
		name, where, says string
		change            func(*evidence.ManifestEntry)
	}{
		{"a block's digest", "files[0].block_sha256s[1]", "is not the digest of that block", func(e *evidence.ManifestEntry) { e.BlockSHA256s[1] = other }},
		{"the file's digest", "files[0].sha256", "all its blocks are as listed", func(e *evidence.ManifestEntry) { e.SHA256 = other }},
		{"the length", "files[0].bytes", "which has the digest that is listed", func(e *evidence.ManifestEntry) { e.Bytes-- }},
		{"the blocks' length", "files[0].block_sha256s", "digests of blocks of 2048 bytes", func(e *evidence.ManifestEntry) { e.BlockBytes = 2048 }},
		{"a block too few", "files[0].block_sha256s", "digests of blocks of", func(e *evidence.ManifestEntry) { e.BlockSHA256s = e.BlockSHA256s[1:] }},
		{"a block too many", "files[0].block_sha256s", "digests of blocks of", func(e *evidence.ManifestEntry) { e.BlockSHA256s = append(e.BlockSHA256s, other) }},
		{"a length and no block", "files[0].block_sha256s", "has 0 digests", func(e *evidence.ManifestEntry) { e.BlockSHA256s = nil }},
		{"blocks of a byte", "files[0].block_sha256s", "at most 64, of 512 bytes or more", func(e *evidence.ManifestEntry) { e.BlockBytes = 1 }},
		{"blocks of less than nothing", "files[0].block_sha256s", "at most 64", func(e *evidence.ManifestEntry) { e.BlockBytes = -512 }},
		{"a block without end", "files[0].block_sha256s", "a file of", func(e *evidence.ManifestEntry) { e.BlockBytes = 1 << 62 }},
		{"a file without end", "files[0].block_sha256s", "a file of 9223372036854775807 bytes", func(e *evidence.ManifestEntry) { e.Bytes = 1<<63 - 1 }},
		{"a million blocks", "files[0].block_sha256s", "1000000 digests", func(e *evidence.ManifestEntry) {
			e.BlockSHA256s = make([]string, 1_000_000)
			for i := range e.BlockSHA256s {
				e.BlockSHA256s[i] = "0"
			}
		}},
	} {
		t.Run(one.name, func(t *testing.T) {
			dir := bundletest.Make(t, tiny)
			listed(t, dir, evidence.ResultsManifestFile, func(m *evidence.Manifest) {
				if len(m.Files[0].BlockSHA256s) < 3 {
					t.Fatalf("%s has only %d blocks", m.Files[0].Path, len(m.Files[0].BlockSHA256s))
				}
				one.change(&m.Files[0])
			})
			report := verified(t, dir)
			if !found(report, evidence.ResultsManifestFile+": "+one.where, one.says) {
				t.Errorf("faults %v", report.Faults)
			}
			for _, fault := range report.Faults {
				if text := fault.String(); strings.Contains(text, "\n") || len(text) > 2000 {
					t.Errorf("a fault of %d bytes: %.300q", len(text), text)
				}
			}
		})
	}
}
