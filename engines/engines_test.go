package engines

// This file tests that the engines' folders are whole, locked, and name no hosts.

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestFoldersAreComplete(t *testing.T) {
	for _, name := range Names() {
		engine, _ := Lookup(name)
		files, err := Files(engine)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		switch engine.Language {
		case Python:
			want = []string{"runner.py", "cupel_contender.py", "pyproject.toml", "requirements.lock"}
		case Rust:
			want = []string{"Cargo.toml", "Cargo.lock", "build.rs", "src/main.rs", "src/protocol.rs"}
		}
		for _, file := range want {
			if len(files[file]) == 0 {
				t.Errorf("%s lacks %s", name, file)
			}
		}
	}
}

// hashed matches a locked package with at least one hash.
var hashed = regexp.MustCompile(`(?m)^([a-z0-9][a-z0-9._-]*)==\S+.*\\\n    --hash=sha256:[0-9a-f]{64}`)

func TestLocksHaveHashesAndNoHosts(t *testing.T) {
	host := regexp.MustCompile(`https?://|--index-url|--find-links`)
	for _, name := range Names() {
		engine, _ := Lookup(name)
		files, err := Files(engine)
		if err != nil {
			t.Fatal(err)
		}
		if engine.Language == Python {
			lock := string(files["requirements.lock"])
			packages := regexp.MustCompile(`(?m)^[a-z0-9][a-z0-9._-]*==`).FindAllString(lock, -1)
			if len(packages) == 0 || len(hashed.FindAllString(lock, -1)) != len(packages) {
				t.Errorf("%s: %d packages, %d of them with hashes", name, len(packages), len(hashed.FindAllString(lock, -1)))
			}
		}
		for file, content := range files {
			if file == "Cargo.lock" {
				continue // Its source line is cargo's own and fixed.
			}
			if found := host.Find(content); found != nil {
				t.Errorf("%s/%s names a host: %s", name, file, found)
			}
		}
	}
}

// In a checkout a Python folder has the shared module too, by a link.
func TestPythonFoldersWorkByThemselves(t *testing.T) {
	for _, name := range Names() {
		engine, _ := Lookup(name)
		if engine.Language != Python {
			continue
		}
		target, err := os.Readlink(filepath.Join(engine.Folder(), "cupel_contender.py"))
		if err != nil || target != "../python/cupel_contender.py" {
			t.Errorf("%s: %q, %v", name, target, err)
		}
	}
}

// The second Rust runner's folder has links to what it shares with the first.
func TestRustFoldersWorkByThemselves(t *testing.T) {
	for file, source := range shared["aprender-core"] {
		linked, err := os.ReadFile(filepath.Join("aprender-core", file))
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(filepath.Join("aprender-core", file))
		if err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no link, %v", file, err)
		}
		if original, err := os.ReadFile(source); err != nil || string(original) != string(linked) {
			t.Errorf("%s leads elsewhere than %s, %v", file, source, err)
		}
	}
}

func TestEnginesByNameAreNotStandard(t *testing.T) {
	standard := StandardNames()
	for _, name := range []string{"pytorch-compile", "pytorch-cuda", "aprender-core"} {
		if !slices.Contains(Names(), name) || slices.Contains(standard, name) {
			t.Errorf("%s: standard are %q", name, standard)
		}
	}
	if !slices.Contains(standard, "pytorch") {
		t.Errorf("standard are %q", standard)
	}
}

func TestLookup(t *testing.T) {
	if _, ok := Lookup("candle"); ok {
		t.Error("an unknown engine was found")
	}
	if engine, ok := Lookup("pytorch"); !ok || !strings.Contains(engine.Download, "GB") {
		t.Errorf("%+v", engine)
	}
}
