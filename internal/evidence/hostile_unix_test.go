//go:build unix

package evidence

// This file puts links, pipes and directories where a bundle has files.

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A bundle's files are ordinary ones within it.
func TestLinksAndPipesAreRefused(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.json")
	if err := os.WriteFile(outside, []byte(`{"secret": 1}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(path string) error{
		"link":      func(path string) error { return os.Symlink(outside, path) },
		"pipe":      func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"directory": func(path string) error { return os.Mkdir(path, 0o755) },
	} {
		for _, file := range []string{PlanFile, EnvironmentFile, LedgerFile, ObservationsFile, filepath.Join(ContendersDir, "a", StatementFile)} {
			w := complete(t)
			if err := w.Append(LedgerRow{Event: EventPlan}); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(w.Path(file)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if err := put(w.Path(file)); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(w.Dir()); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "no ordinary file") {
				t.Errorf("%s for %s: error %v", name, file, err)
			}
		}
		w := complete(t)
		if err := w.Append(LedgerRow{Event: EventPlan}); err != nil {
			t.Fatal(err)
		}
		b, err := Open(w.Dir())
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{SamplesFile(1, "a"), RequestsFile(1, "a"), InputsDigestsFile("", 1)} {
			if err := os.MkdirAll(filepath.Dir(w.Path(file)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := put(w.Path(file)); err != nil {
				t.Fatal(err)
			}
		}
		for what, read := range map[string]func() error{
			"samples":           func() error { _, err := b.Samples(1, "a"); return err },
			"samples by column": func() error { _, err := b.LaunchSamples(1, "a"); return err },
			"requests":          func() error { _, err := b.Requests(1, "a"); return err },
			"inputs":            func() error { _, err := b.Inputs(1); return err },
		} {
			if err := read(); err == nil || !strings.Contains(err.Error(), "no ordinary file") {
				t.Errorf("%s for %s: error %v", name, what, err)
			}
		}
	}
}
