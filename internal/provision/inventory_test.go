package provision

// This file tests inventories, of an installation that matches its lock file and of
// changed ones.

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cupel/engines"
	"cupel/internal/evidence"
)

func readDigest(path string) (string, int64, error) {
	data, err := os.ReadFile(path)
	return sumOf(data), int64(len(data)), err
}

// environment lays out an installation of one package, engine 1.2.
func environment(t *testing.T) (Installed, string) {
	t.Helper()
	dir := t.TempDir()
	site := filepath.Join(dir, ".venv", "lib", "python3.11", "site-packages")
	files := map[string]string{
		"engine/core.py": "core", "engine/native.so": "\x7fELF", "engine-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: Engine\nVersion: 1.2\n\nVersion: 9\n",
		"engine-1.2.dist-info/INSTALLER": "uv",
	}
	record := ""
	for name, content := range files {
		write(t, filepath.Join(site, name), content)
		sum := sha256.Sum256([]byte(content))
		record += fmt.Sprintf("%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(content))
	}
	write(t, filepath.Join(site, "engine-1.2.dist-info/RECORD"), record+"engine-1.2.dist-info/RECORD,,\n")
	write(t, filepath.Join(site, "engine/__pycache__/core.cpython-311.pyc"), "bytecode")
	write(t, filepath.Join(dir, ".venv/pyvenv.cfg"), "home = /usr/bin\nversion_info = 3.11.7\n")
	write(t, filepath.Join(dir, "requirements.lock"), "engine==1.2 \\\n    --hash=sha256:"+strings.Repeat("a", 64)+"\n    # released 2026-01-02\nelsewhere==3 ; sys_platform == 'win32' \\\n    --hash=sha256:"+strings.Repeat("b", 64)+"\n")
	return Installed{Dir: dir, Command: []string{filepath.Join(dir, "requirements.lock")}}, site
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func inventoryOf(t *testing.T, installed Installed) evidence.Packages {
	t.Helper()
	found, ok, err := Inventory("engine", installed, readDigest)
	if err != nil || !ok || len(found.Packages) != 1 {
		t.Fatalf("%+v, %t, %v", found, ok, err)
	}
	return found
}

func TestAnInstallationAsLocked(t *testing.T) {
	installed, site := environment(t)
	found := inventoryOf(t, installed)
	p := found.Packages[0]
	if p.Name != "Engine" || p.Version != "1.2" || !p.Locked || len(p.LockHashes) != 1 || p.Released != "2026-01-02" || p.Files != 3 || len(p.Changed)+len(p.Absent) > 0 {
		t.Errorf("%+v", p)
	}
	if found.Runtime != "Python 3.11.7" || found.Bytecode != 1 || len(found.Strays)+len(found.Missing) > 0 || found.Lock == "" {
		t.Errorf("%+v", found)
	}
	if owner := PackageOf(installed.Dir)(filepath.Join(site, "engine/native.so")); owner != "Engine 1.2" {
		t.Errorf("owner %q", owner)
	}
	if owner := PackageOf(installed.Dir)(filepath.Join(site, "other.so")); owner != "" {
		t.Errorf("owner %q", owner)
	}
}

func TestATamperedInstallation(t *testing.T) {
	installed, site := environment(t)
	honest := inventoryOf(t, installed).Packages[0].SHA256
	write(t, filepath.Join(site, "engine/native.so"), "\x7fELG")
	if p := inventoryOf(t, installed).Packages[0]; !slices.Equal(p.Changed, []string{"engine/native.so"}) || p.SHA256 == honest {
		t.Errorf("a changed byte: %+v", p)
	}
	if err := os.Remove(filepath.Join(site, "engine/core.py")); err != nil {
		t.Fatal(err)
	}
	if p := inventoryOf(t, installed).Packages[0]; !slices.Equal(p.Absent, []string{"engine/core.py"}) {
		t.Errorf("a file that is gone: %+v", p)
	}
	write(t, filepath.Join(site, "hook.pth"), "import hook")
	if found := inventoryOf(t, installed); !slices.Equal(found.Strays, []string{"hook.pth"}) {
		t.Errorf("a file of no package: %+v", found.Strays)
	}
	write(t, filepath.Join(installed.Dir, "requirements.lock"), "engine==1.3 \\\n    --hash=sha256:"+strings.Repeat("a", 64)+"\nother==1\n")
	if found := inventoryOf(t, installed); found.Packages[0].Locked || !slices.Equal(found.Missing, []string{"other 1"}) {
		t.Errorf("another version locked: %+v", found)
	}
}

func TestInstallationsWithoutPackages(t *testing.T) {
	if _, ok, err := Inventory("engine", Installed{Dir: t.TempDir()}, readDigest); ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
	// An engine that is part of this program has no folder. The current folder must not
	// be taken for it.
	t.Chdir(t.TempDir())
	write(t, "requirements.lock", "other==1\n")
	if _, ok, err := Inventory("go", Installed{}, readDigest); ok || err != nil {
		t.Errorf("without a folder: %t, %v", ok, err)
	}
}

// The record of a build describes the files in its folder, and not those that this
// program would lay out there.
func TestABuildTellsTheFilesThatRun(t *testing.T) {
	numpy := engine(t, "numpy")
	own, err := engines.Files(numpy)
	if err != nil {
		t.Fatal(err)
	}
	installed, _ := environment(t)
	for name, content := range own {
		installed.Sources = append(installed.Sources, name)
		write(t, filepath.Join(installed.Dir, name), string(content))
	}
	write(t, filepath.Join(installed.Dir, "runner.py"), "while True: pass\n")
	build, err := BuildOf("numpy", installed, readDigest)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range own {
		if same := build.SourceFiles[name] == sumOf(content); same != (name != "runner.py") {
			t.Errorf("%s: the digest of this program's own: %t", name, same)
		}
	}
	if err := os.Remove(filepath.Join(installed.Dir, "runner.py")); err != nil {
		t.Fatal(err)
	}
	if _, err := BuildOf("numpy", installed, readDigest); err == nil || !strings.Contains(err.Error(), "runner.py") {
		t.Errorf("a runner that is gone: %v", err)
	}
}

func TestVariablesOfABuild(t *testing.T) {
	set := buildEnvironment([]string{"RUSTFLAGS=-C target-cpu=native", "HOME=/x", "CCACHE_DIR=/y", "CARGO_PROFILE_RELEASE_LTO=fat"})
	if len(set) != 2 || set[0].Name != "CARGO_PROFILE_RELEASE_LTO" || *set[1].Value != "-C target-cpu=native" {
		t.Errorf("%+v", set)
	}
}
