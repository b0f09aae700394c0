package verify_test

// This file puts any bytes in the place of a bundle's file, with digests, chain and
// seal made anew: a bundle of a stranger who means to make its reader stumble.

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cupel/internal/bundletest"
	"cupel/internal/evidence"
	"cupel/internal/verify"
)

func FuzzBundle(f *testing.F) {
	honest := bundletest.Make(f, bundletest.Size{Replicates: 2, Rounds: 12, Calls: 5})
	names := bundletest.Kinds(f, honest)
	key, err := evidence.NewKey()
	if err != nil {
		f.Fatal(err)
	}
	for at, name := range names {
		text, err := os.ReadFile(filepath.Join(honest, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(at), text)
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
		// What can't be sealed again is verified as it is.
		_ = evidence.WriteSeal(context.Background(), dir, key)
		_ = evidence.WriteResultsManifest(dir)
		report, err := verify.Bundle(t.Context(), dir, verify.Options{})
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: error %q", name, err)
			}
			return
		}
		for _, fault := range report.Faults {
			if strings.Contains(fault.Message, "\n") || len(fault.Message) > 10_000 {
				t.Errorf("%s: fault of %d bytes %.200q", name, len(fault.Message), fault.Message)
			}
		}
	})
}
