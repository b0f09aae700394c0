package session

// This file tests where files of code are said to come from.

import (
	"path/filepath"
	"testing"

	"cupel/internal/evidence"
	"cupel/internal/provision"
)

func TestOriginsOfFilesOfCode(t *testing.T) {
	dir := t.TempDir()
	known := newInventory("/home/somebody/cupel")
	known.installed["built"] = provision.Installed{Dir: dir, Command: []string{filepath.Join(dir, "engine")}}
	known.owners["built"] = func(path string) string {
		if path == filepath.Join(dir, "libs", "blas.so") {
			return "blas 1.0"
		}
		return ""
	}
	for _, c := range []struct {
		contender, path string
		origin          evidence.Origin
		owner           string
	}{
		{"built", filepath.Join(dir, "libs", "blas.so"), evidence.OriginPackage, "blas 1.0"},
		{"built@control", filepath.Join(dir, "engine"), evidence.OriginBuild, ""},
		{"built", "/home/somebody/cupel", evidence.OriginHarness, ""},
		{"built", "/usr/lib/x86_64-linux-gnu/libc.so.6", evidence.OriginSystem, ""},
		{"built", "/usr/local/lib/libopenblas.so", evidence.OriginUnknown, ""},
		{"own", filepath.Join(dir, "engine"), evidence.OriginUnknown, ""},
		{"own", "/tmp/hook.so", evidence.OriginUnknown, ""},
	} {
		origin, owner := known.origin(c.contender, c.path)
		if origin != c.origin || owner != c.owner {
			t.Errorf("%s of %s: %s, %q; want %s, %q", c.path, c.contender, origin, owner, c.origin, c.owner)
		}
	}
}
