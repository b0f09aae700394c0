package provision

// This file tests how a suite's own contenders are made, with scripts as programs.

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// brought returns a contender of three files, of which the suite names two, in a folder
// that a script builds from, and a provisioner with a cache of its own.
func brought(t *testing.T) (*Provisioner, Own) {
	t.Helper()
	dir := t.TempDir()
	lay(t, dir, map[string]string{
		"build.sh":         "ls > seen; mkdir bin; cp src/runner.sh bin/runner; chmod 755 bin/runner; echo built",
		"src/runner.sh":    "#!/bin/sh\n",
		"src/.git/config":  "secret",
		"notes.txt":        "not named",
		"env/bin/python":   "#!/bin/sh\n",
		"cupel-runs/a/raw": "a bundle",
	})
	if err := os.Chmod(filepath.Join(dir, "env/bin/python"), 0o755); err != nil {
		t.Fatal(err)
	}
	own := Own{Name: "mine", Dir: dir, Beside: dir, Source: []string{"build.sh", "src"}, Build: []string{"sh", "build.sh"}, Command: []string{"./bin/runner", "--fast"}}
	return &Provisioner{Cache: t.TempDir(), Executable: "/cupel"}, own
}

func lay(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func quiet(string, int, int) {}

func made(t *testing.T, p *Provisioner, own Own) Installed {
	t.Helper()
	installed, err := p.InstallOwn(t.Context(), own, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return installed
}

func TestAnOwnContenderIsMadeOfWhatTheSuiteNames(t *testing.T) {
	p, own := brought(t)
	if _, err := p.FindOwn(own); !errors.As(err, new(*Unavailable)) {
		t.Fatalf("before it is made: error %v", err)
	}
	installed := made(t, p, own)
	if want := []string{filepath.Join(installed.Dir, "bin/runner"), "--fast"}; !slices.Equal(installed.Command, want) {
		t.Errorf("it is started by %q, not %q", installed.Command, want)
	}
	if !strings.HasPrefix(installed.Build, "sh build.sh, ") {
		t.Errorf("it was built by %q", installed.Build)
	}
	// The folder holds the log and what the suite named: no notes, no bundles, no
	// hidden folder.
	seen, err := os.ReadFile(filepath.Join(installed.Dir, "seen"))
	if err != nil || string(seen) != "build.log\nbuild.sh\nseen\nsrc\n" {
		t.Errorf("the build saw %q, error %v", seen, err)
	}
	if want := []string{"build.sh", "src/runner.sh"}; !slices.Equal(installed.Sources, want) {
		t.Errorf("it was made from %q, not %q", installed.Sources, want)
	}
	if len(installed.Products) != 1 || installed.Products["bin/runner"] != sumOf([]byte("#!/bin/sh\n")) {
		t.Errorf("its products are %q", installed.Products)
	}
	build, err := BuildOf("mine", installed, readDigest)
	if err != nil || build.LogFile != LogFile || build.Executable != build.Recorded || build.Products["bin/runner"] != build.Executable {
		t.Errorf("the record of its build is %+v, error %v", build, err)
	}
	log, err := Log(installed)
	if err != nil || string(log) != "$ sh build.sh\nbuilt\n" {
		t.Errorf("its log is %q, error %v", log, err)
	}
}

func TestAnOwnContenderIsMadeOnce(t *testing.T) {
	p, own := brought(t)
	first := made(t, p, own)
	mark := filepath.Join(first.Dir, "mark")
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := p.FindOwn(own)
	if err != nil || again.Dir != first.Dir || !slices.Equal(again.Sources, first.Sources) || len(again.Products) != 1 {
		t.Errorf("it is found as %+v, error %v", again, err)
	}
	if made(t, p, own); !exists(mark) {
		t.Error("it was made twice")
	}
	// A source that was changed in the build folder is no longer the suite's.
	if err := os.WriteFile(filepath.Join(first.Dir, "src/runner.sh"), []byte("#!/bin/false\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := p.FindOwn(own); err == nil {
		t.Error("what was changed since is found")
	}
	if made(t, p, own); exists(mark) {
		t.Error("what was changed since was not made again")
	}
	for name, other := range map[string]func(Own) Own{
		"command": func(own Own) Own { own.Command = []string{"./bin/runner"}; return own },
		"build":   func(own Own) Own { own.Build = []string{"sh", "-e", "build.sh"}; return own },
		"source": func(own Own) Own {
			lay(t, own.Dir, map[string]string{"src/runner.sh": "#!/bin/sh -e\n"})
			return own
		},
	} {
		if installed := made(t, p, other(own)); installed.Dir == first.Dir {
			t.Errorf("another %s is the same contender", name)
		}
	}
}

// A program that is not built may be an interpreter, the system's or one beside the
// suite.
func TestAnOwnContenderThatIsNotBuilt(t *testing.T) {
	p, own := brought(t)
	own.Build = nil
	for command, want := range map[string]string{"env/bin/python": filepath.Join(own.Dir, "env/bin/python"), "sh": "/sh"} {
		own.Command = []string{command, "src/runner.sh"}
		installed := made(t, p, own)
		if !strings.HasSuffix(installed.Command[0], want) || !filepath.IsAbs(installed.Command[0]) {
			t.Errorf("%s is started by %q", command, installed.Command)
		}
		if !strings.HasPrefix(installed.Build, "not built, ") || len(installed.Products) != 0 {
			t.Errorf("it is said to be built by %q, with %q", installed.Build, installed.Products)
		}
	}
}

func TestOwnContendersThatCantBeMadeSayWhyAndWhatHelps(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*testing.T, *Own)
		want   string
	}{
		"no such source": {func(_ *testing.T, own *Own) { own.Source = []string{"main.rs"} }, "main.rs"},
		"a link out of the folder": {func(t *testing.T, own *Own) {
			if err := os.Symlink("/etc", filepath.Join(own.Dir, "etc")); err != nil {
				t.Fatal(err)
			}
			own.Source = []string{"etc/passwd"}
		}, "escapes"},
		"an empty folder": {func(t *testing.T, own *Own) {
			if err := os.Mkdir(filepath.Join(own.Dir, "empty"), 0o755); err != nil {
				t.Fatal(err)
			}
			own.Source = []string{"empty"}
		}, "no file"},
		"a name of the bundle's": {func(t *testing.T, own *Own) {
			lay(t, own.Dir, map[string]string{"statement.json": "{}"})
			own.Source = []string{"statement.json"}
		}, "statement.json is a name"},
		"a log of the bundle's": {func(t *testing.T, own *Own) {
			lay(t, own.Dir, map[string]string{"stderr/1.log": "fine"})
			own.Source = []string{"stderr"}
		}, "stderr/1.log is a name"},
		"too large": {func(t *testing.T, own *Own) {
			lay(t, own.Dir, map[string]string{"weights": strings.Repeat("w", maxSourceBytes+1)})
			own.Source = []string{"weights"}
		}, "more than"},
		"no tool":             {func(_ *testing.T, own *Own) { own.Build = []string{"ninja-of-nowhere"} }, "no program ninja-of-nowhere, which builds it"},
		"a build that fails":  {func(_ *testing.T, own *Own) { own.Build = []string{"sh", "-c", "echo cannot find -lblas; exit 1"} }, "cannot find -lblas"},
		"nothing built":       {func(_ *testing.T, own *Own) { own.Build = []string{"true"} }, "no program ./bin/runner where it was built"},
		"a program as source": {func(_ *testing.T, own *Own) { own.Command = []string{"./src/runner.sh"} }, "part of its source"},
		"no interpreter":      {func(_ *testing.T, own *Own) { own.Command = []string{"julia-of-nowhere", "runner.jl"} }, "no program julia-of-nowhere is on the path"},
	} {
		t.Run(name, func(t *testing.T) {
			p, own := brought(t)
			test.change(t, &own)
			_, err := p.InstallOwn(t.Context(), own, quiet)
			unavailable := new(Unavailable)
			if !errors.As(err, &unavailable) || !strings.Contains(unavailable.Reason, test.want) || unavailable.Remedy == "" {
				t.Errorf("error %v; expected one with %q and a remedy", err, test.want)
			}
		})
	}
}
