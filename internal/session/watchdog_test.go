package session

// This file tests what a run says of its watchdog at the end.

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cupel/internal/evidence"
)

// standIn starts a script as the watchdog of a new bundle.
func standIn(t *testing.T, script string) *watchdog {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "watchdog")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	bundle, err := evidence.Create(filepath.Join(dir, "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bundle.Close() })
	w, err := startWatchdog(program, bundle, "nonce")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// A run that has come to its end does not fail for the want of its watchdog.
func TestAWatchdogThatWasKilledIsSaidAndNoFault(t *testing.T) {
	for _, test := range []struct {
		name, script string
		killed       bool
		said         string
	}{
		{"there to the end", "exec cat >/dev/null", false, ""},
		{"killed", "exec cat >/dev/null", true, "watchdog: signal: killed; nothing is lost"},
		{"failed", "cat >/dev/null; exit 3", false, "watchdog: exit status 3; nothing is lost"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := standIn(t, test.script)
			if test.killed {
				if err := w.command.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			got := ""
			w.dismiss(func(line string) { got += line })
			if !strings.HasPrefix(got, test.said) || (test.said == "") != (got == "") {
				t.Errorf("said %q, want %q", got, test.said)
			}
		})
	}
}
