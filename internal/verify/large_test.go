package verify_test

// This file measures a bundle of ten million samples, and tests that memory goes by
// what is read and not by what a file claims.

import (
	"os"
	"path/filepath"
	"testing"

	"cupel/internal/bundletest"
	"cupel/internal/evidence"
	"cupel/internal/verify"
)

// tenMillion is a bundle of ten million samples in 40 files.
var tenMillion = bundletest.Size{Replicates: 10, Rounds: 400, Calls: 249_000}

// The benchmark takes the bundle in CUPEL_BENCH_BUNDLE where that is set, and makes
// it there where there is none yet: making one takes longer than verifying it.
func BenchmarkTenMillionSamples(b *testing.B) {
	dir := os.Getenv("CUPEL_BENCH_BUNDLE")
	if dir == "" {
		dir = filepath.Join(b.TempDir(), "bundle")
	}
	if _, err := os.Stat(dir); err != nil {
		key, err := evidence.NewKey()
		if err != nil {
			b.Fatal(err)
		}
		if err := bundletest.Write(b.Context(), dir, tenMillion, key); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		report, err := verify.Bundle(b.Context(), dir, verify.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if !report.Intact || report.Samples < 10_000_000 {
			b.Fatalf("%d samples, faults %v", report.Samples, report.Faults)
		}
	}
}
