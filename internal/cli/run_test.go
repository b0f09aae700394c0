package cli

// This file tests what a run takes for a contender's installation.

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"cupel/engines"
	"cupel/internal/evidence"
	"cupel/internal/provision"
	"cupel/internal/suite"
)

// An engine that is part of this program takes the program's room, wherever it is
// started.
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
	r := &runner{provisioner: &provision.Provisioner{Cache: filepath.Join(dir, "cache"), Executable: write("bin/cupel", 1000)}}
	write("here/large", 5000)
	t.Chdir(filepath.Join(dir, "here"))
	engine, _ := engines.Lookup("go")
	installed, err := r.provisioner.Find(engine)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.installedBytes(installed); got != 1000 {
		t.Errorf("%d bytes for an engine in a program of 1000", got)
	}
	write("engine/lib/code", 300)
	write("engine/data", 20)
	if got := r.installedBytes(provision.Installed{Dir: filepath.Join(dir, "engine")}); got != 320 {
		t.Errorf("%d bytes for a folder of 320", got)
	}
	if got := r.installedBytes(provision.Installed{Dir: filepath.Join(dir, "nothing")}); got != 0 {
		t.Errorf("%d bytes for nothing", got)
	}
}

// What was unavailable when the run began stays so, and is not installed.
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
	var stderr bytes.Buffer
	cache := filepath.Join(t.TempDir(), "cache")
	r := &runner{
		suite: s, plan: plan, bundle: bundle, stderr: &stderr, inventory: newInventory(),
		provisioner: &provision.Provisioner{Cache: cache, Executable: os.Args[0]},
		earlier:     &evidence.Bundle{Ledger: []evidence.LedgerRow{{Event: evidence.EventUnavailable, Contender: "numpy"}}},
	}
	if err := r.gather(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(cache); err == nil || stderr.Len() > 0 || len(r.ready) > 0 {
		t.Errorf("%d contenders are ready; said: %s", len(r.ready), &stderr)
	}
}
