package engines

// This file tests that the engines' folders are complete and locked, and that they name
// no hosts.

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
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

// In a checkout a Python folder also has the shared module, by a link.
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

// Each further Rust runner's folder links to the files that it shares with the first.
func TestRustFoldersWorkByThemselves(t *testing.T) {
	for _, engine := range All() {
		if engine.Language != Rust {
			continue
		}
		for file, source := range shared[Rust] {
			here := filepath.Join(engine.Folder(), file)
			if here == source {
				continue
			}
			linked, err := os.ReadFile(here)
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Lstat(here)
			if err != nil || info.Mode()&os.ModeSymlink == 0 {
				t.Errorf("%s is no link, %v", here, err)
			}
			if original, err := os.ReadFile(source); err != nil || string(original) != string(linked) {
				t.Errorf("%s leads elsewhere than %s, %v", here, source, err)
			}
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

// The locked version is the version that users run. Without its date the audit cannot
// judge its age.
func TestEveryLockedReleaseHasADate(t *testing.T) {
	for _, engine := range All() {
		name := engine.Package.Name
		if name == "" {
			if engine.Name != "go" {
				t.Errorf("the record of %s names no package", engine.Name)
			}
			continue
		}
		for version, day := range engine.Package.Released {
			if _, err := time.Parse(time.DateOnly, day); err != nil {
				t.Errorf("%s %s: %v", name, version, err)
			}
		}
		version := lockedVersion(t, engine)
		if Released(name, version) == "" {
			t.Errorf("the record of %s has no date of %s %s, which its lock file names", engine.Name, name, version)
		}
	}
}

// lockedVersion returns the version of the engine's package in its lock file.
func lockedVersion(t *testing.T, engine Engine) string {
	t.Helper()
	lock, form := "../go.mod", `(?m)^\s*(?:require )?%s (\S+)`
	switch engine.Language {
	case Python:
		lock, form = filepath.Join(engine.Folder(), "requirements.lock"), `(?m)^%s==(\S+)`
	case Rust:
		lock, form = filepath.Join(engine.Folder(), "Cargo.lock"), `(?m)^name = "%s"\nversion = "([^"]+)"`
	}
	text, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(fmt.Sprintf(form, regexp.QuoteMeta(engine.Package.Name))).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s has no %s", lock, engine.Package.Name)
	}
	return string(found[1])
}

// A runner is known by its bytes: this program's own and each earlier version, and no
// other.
func TestRunnersAreKnownByTheirBytes(t *testing.T) {
	engine, _ := Lookup("numpy")
	own, err := Files(engine)
	if err != nil {
		t.Fatal(err)
	}
	known := func(files map[string][]byte) bool {
		return IsRunner(engine, func(name string) ([]byte, error) { return files[name], nil })
	}
	if !known(own) {
		t.Error("the program's own runner is not known")
	}
	edited := maps.Clone(own)
	edited["runner.py"] = append(slices.Clone(own["runner.py"]), '\n')
	if known(edited) {
		t.Error("an edited runner is known")
	}
	engine.Earlier = append(slices.Clone(engine.Earlier), RunnerDigest(edited))
	if !known(edited) {
		t.Error("an earlier version of the runner is not known")
	}
	delete(edited, "runner.py")
	if known(edited) {
		t.Error("files without a runner are known")
	}
}
