package session

// This file tests what a run takes as a contender's installation.

import (
	"os"
	"path/filepath"
	"testing"

	"cupel/engines"
	"cupel/internal/evidence"
	"cupel/internal/provision"
	"cupel/internal/report"
	"cupel/internal/suite"
)

// The size of an engine that is part of this program is the size of the program.
func TestInstalledBytes(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, bytes int) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, bytes), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	provisioner := &provision.Provisioner{Cache: filepath.Join(dir, "cache"), Executable: write("bin/cupel", 1000)}
	write("here/large", 5000)
	t.Chdir(filepath.Join(dir, "here"))
	engine, _ := engines.Lookup("go")
	installed, err := provisioner.Find(engine)
	if err != nil {
		t.Fatal(err)
	}
	if got := installedBytes(provisioner.Executable, installed); got != 1000 {
		t.Errorf("%d bytes for an engine in a program of 1000", got)
	}
	write("engine/lib/code", 300)
	write("engine/data", 20)
	if got := installedBytes(provisioner.Executable, provision.Installed{Dir: filepath.Join(dir, "engine")}); got != 320 {
		t.Errorf("%d bytes for a folder of 320", got)
	}
	if got := installedBytes(provisioner.Executable, provision.Installed{Dir: filepath.Join(dir, "nothing")}); got != 0 {
		t.Errorf("%d bytes for nothing", got)
	}
}

// A contender that was unavailable when the run began stays unavailable, and is not
// installed.
func TestAResumedRunInstallsNothingThatItWouldLeaveOut(t *testing.T) {
	s, err := suite.Load(suite.Default)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Plan(suite.Options{Only: []string{"numpy"}, Nonce: "n"})
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := evidence.Create(filepath.Join(t.TempDir(), "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	defer bundle.Close()
	cache := filepath.Join(t.TempDir(), "cache")
	provisioner := &provision.Provisioner{Cache: cache, Executable: os.Args[0]}
	run := prepared{config: Config{Suite: s}, planned: planned{plan: plan}, provisioner: provisioner, observer: silent{t}}.in(
		bundle, history{&evidence.Bundle{Ledger: []evidence.LedgerRow{{Event: evidence.EventUnavailable, Contender: "numpy"}}}})
	ready, err := run.gather(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(cache); err == nil || len(ready.contenders) > 0 {
		t.Errorf("%d contenders are ready", len(ready.contenders))
	}
}

// silent is an observer that fails the test when anything is reported.
type silent struct{ t *testing.T }

func (s silent) Note(line string)              { s.t.Errorf("told: %s", line) }
func (s silent) Preview(*report.Results) error { s.t.Error("a preview is shown"); return nil }
func (s silent) Installations() Installations  { s.t.Error("something is installed"); return nil }
func (s silent) Measuring(*suite.Plan, int) Measuring {
	s.t.Error("something is measured")
	return nil
}
