package provision

// This file tests the steps of an installation, with scripts as toolchains.

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cupel/engines"
)

// The toolchains here are scripts: these tests cover the cache, and not pip or cargo.
// CI provisions every engine with the real toolchains.

const fakePython = `#!/bin/sh
echo "python $*" >> "$CALLS"
case "$*" in
*platform*) echo "CPython ${FAKE_VERSION:-3.12.1} ${FAKE_MINOR:-12}" ;;
"-m venv "*)
	[ -n "$FAKE_NO_VENV" ] && { echo "No module named venv"; exit 1; }
	mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
*"pip install"*uv.lock)
	[ -n "$FAKE_UV" ] && { printf '#!/bin/sh\necho "uv $*" >> "$CALLS"\n[ "$1" = venv ] && { mkdir -p "$5/bin"; cp "$4" "$5/bin/python"; }\necho " + numpy==2.4.6"\nexit 0\n' > "${0%python}uv"; chmod +x "${0%python}uv"; } ;;
*"pip install"*)
	echo "Looking in indexes: https://user:secret@example.org"
	echo "Collecting numpy==2.4.6"
	[ -n "$FAKE_NO_NETWORK" ] && { echo "ERROR: could not find a version"; exit 1; }
	echo "Successfully installed numpy-2.4.6" ;;
esac
exit 0
`

const fakeCargo = `#!/bin/sh
echo "cargo $*" >> "$CALLS"
case "$1" in
--version) echo "cargo 1.95.0 (abc 2026-01-01)" ;;
build)
	echo "   Compiling aprender v0.11.0" >&2
	[ -n "$FAKE_NO_BUILD" ] && { echo "error: linker not found" >&2; exit 101; }
	mkdir -p "$CARGO_TARGET_DIR/release"; echo program > "$CARGO_TARGET_DIR/release/cupel-engine-aprender" ;;
esac
exit 0
`

// workshop returns a provisioner with its own cache and only these programs, and a
// function that returns the calls since the last time.
func workshop(t *testing.T, programs map[string]string) (*Provisioner, func() string) {
	t.Helper()
	bin, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// The scripts need mkdir and cp. No Python or cargo of the machine may be on the
	// PATH.
	for _, tool := range []string{"mkdir", "cp", "chmod"} {
		if err := os.Symlink("/bin/"+tool, filepath.Join(bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	t.Setenv("CALLS", calls)
	return &Provisioner{Cache: t.TempDir(), Executable: "/cupel"}, func() string {
		text, _ := os.ReadFile(calls)
		os.Remove(calls)
		return string(text)
	}
}

func engine(t *testing.T, name string) engines.Engine {
	t.Helper()
	e, ok := engines.Lookup(name)
	if !ok {
		t.Fatal(name)
	}
	e.DiskBytes = 0
	return e
}

func silent(string, int, int) {}

func TestGoEnginesNeedNothing(t *testing.T) {
	p, _ := workshop(t, nil)
	installed, err := p.Find(engine(t, "gonum"))
	if err != nil || strings.Join(installed.Command, " ") != "/cupel engine gonum" || installed.Dir != "" {
		t.Errorf("%+v, %v", installed, err)
	}
}

func TestPythonEngine(t *testing.T) {
	p, calls := workshop(t, map[string]string{"python3": fakePython})
	numpy := engine(t, "numpy")
	if _, err := p.Find(numpy); err == nil || !strings.Contains(err.Error(), "cupel provision numpy") {
		t.Errorf("error %v", err)
	}
	var steps []string
	installed, err := p.Install(t.Context(), numpy, func(step string, _, _ int) { steps = append(steps, step) })
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(installed.Build, "CPython 3.12.1") || len(steps) < 3 {
		t.Errorf("%+v, steps %q", installed, steps)
	}
	for _, file := range []string{"runner.py", "cupel_contender.py", "pyproject.toml", "requirements.lock", LogFile} {
		if _, err := os.Stat(filepath.Join(installed.Dir, file)); err != nil {
			t.Error(err)
		}
	}
	made := calls()
	if !strings.Contains(made, "--require-hashes") || !strings.Contains(made, "compileall") {
		t.Errorf("calls:\n%s", made)
	}
	log, err := os.ReadFile(filepath.Join(installed.Dir, LogFile))
	if err != nil || strings.Contains(string(log), "secret") || !strings.Contains(string(log), "Successfully") {
		t.Errorf("log %q, %v", log, err)
	}
	if _, err := p.Install(t.Context(), numpy, silent); err != nil {
		t.Fatal(err)
	}
	if again := calls(); again != "" {
		t.Errorf("an installed engine was installed again:\n%s", again)
	}
}

// Without a uv of the user's, one is installed from its lock file, once for all
// engines.
func TestPythonEnginesByUV(t *testing.T) {
	p, calls := workshop(t, map[string]string{"python3": fakePython})
	t.Setenv("FAKE_UV", "1")
	for _, name := range []string{"numpy", "scikit-learn"} {
		installed, err := p.Install(t.Context(), engine(t, name), silent)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(installed.Command[0]); err != nil {
			t.Error(err)
		}
	}
	made := calls()
	if strings.Count(made, "uv.lock") != 1 || strings.Count(made, "uv pip install") != 2 || strings.Contains(made, "-m pip install --require-hashes --no-deps --only-binary :all: --no-compile --disable-pip-version-check --no-input --progress-bar off -r requirements.lock") {
		t.Errorf("calls:\n%s", made)
	}
}

func TestPipIsTriedWhereUVFails(t *testing.T) {
	p, calls := workshop(t, map[string]string{"python3": fakePython, "uv": "#!/bin/sh\nexit 2\n"})
	if _, err := p.Install(t.Context(), engine(t, "numpy"), silent); err != nil {
		t.Fatal(err)
	}
	if made := calls(); !strings.Contains(made, "pip install") || strings.Contains(made, "uv.lock") {
		t.Errorf("calls:\n%s", made)
	}
}

func TestRustEngine(t *testing.T) {
	p, calls := workshop(t, map[string]string{"cargo": fakeCargo})
	installed, err := p.Install(t.Context(), engine(t, "aprender"), silent)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(installed.Command[0]); err != nil || string(text) != "program\n" {
		t.Errorf("%q, %v", text, err)
	}
	if made := calls(); !strings.Contains(made, "build --release --locked") {
		t.Errorf("calls:\n%s", made)
	}
	if _, err := os.Stat(filepath.Join(installed.Dir, "target")); err == nil {
		t.Error("the build's intermediate files are still there")
	}
}

func TestUnavailableEnginesSayWhyAndWhatHelps(t *testing.T) {
	for name, test := range map[string]struct {
		engine   string
		programs map[string]string
		env      string
		reason   string
		remedy   string
	}{
		"no python":      {"numpy", nil, "", "no Python is on the PATH", "install Python 3.11 or newer"},
		"old python":     {"numpy", map[string]string{"python3": fakePython}, "FAKE_MINOR=9", "CPython 3.12.1 is too old", "install Python 3.11 or newer"},
		"no venv":        {"numpy", map[string]string{"python3": fakePython}, "FAKE_NO_VENV=1", "can't make a virtual environment", "python3-venv"},
		"failed install": {"numpy", map[string]string{"python3": fakePython}, "FAKE_NO_NETWORK=1", "ERROR: could not find a version", "the whole log is "},
		"no cargo":       {"aprender", nil, "", "no cargo is on the PATH", "install Rust"},
		"failed build":   {"aprender", map[string]string{"cargo": fakeCargo}, "FAKE_NO_BUILD=1", "error: linker not found", "the whole log is "},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := workshop(t, test.programs)
			if variable, value, ok := strings.Cut(test.env, "="); ok {
				t.Setenv(variable, value)
			}
			_, err := p.Install(t.Context(), engine(t, test.engine), silent)
			unavailable := new(Unavailable)
			if !errors.As(err, &unavailable) {
				t.Fatalf("error %v", err)
			}
			if !strings.Contains(unavailable.Reason, test.reason) || !strings.Contains(unavailable.Remedy, test.remedy) {
				t.Errorf("reason %q, remedy %q", unavailable.Reason, unavailable.Remedy)
			}
			if _, err := p.Find(engine(t, test.engine)); err == nil {
				t.Error("a failed installation counts as installed")
			}
		})
	}
}

// A killed installation leaves no record. The next one starts from an empty folder.
func TestHalfMadeInstallationIsMadeAgain(t *testing.T) {
	p, _ := workshop(t, map[string]string{"python3": fakePython})
	numpy := engine(t, "numpy")
	where, err := p.folder(numpy)
	if err != nil {
		t.Fatal(err)
	}
	stray := filepath.Join(where.dir, ".venv", "half")
	if err := os.MkdirAll(stray, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Install(t.Context(), numpy, silent); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stray); err == nil {
		t.Error("what was half made is still there")
	}
}

func TestInterpreterThatIsGoneIsFoundOut(t *testing.T) {
	p, _ := workshop(t, map[string]string{"python3": fakePython})
	numpy := engine(t, "numpy")
	installed, err := p.Install(t.Context(), numpy, silent)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(installed.Command[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Find(numpy); err == nil {
		t.Error("an environment without its interpreter counts as installed")
	}
}

// A changed installation is another engine. It must not be available under this
// engine's name.
func TestAChangedInstallationIsFoundOut(t *testing.T) {
	for name, change := range map[string]struct{ engine, file, content string }{
		"a changed runner":                             {"numpy", "runner.py", "while True: pass\n"},
		"changed code that runners share":              {"numpy", "cupel_contender.py", "while True: pass\n"},
		"another lock file":                            {"numpy", "requirements.lock", "numpy==1.0\n"},
		"a module in the place of a package":           {"numpy", "numpy.py", "def matmul(): pass\n"},
		"a folder in the place of a package":           {"numpy", "numpy/__init__.py", "def matmul(): pass\n"},
		"another manifest of a program that was built": {"aprender", "Cargo.toml", "[package]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p, calls := workshop(t, map[string]string{"python3": fakePython, "cargo": fakeCargo})
			installed, err := p.Install(t.Context(), engine(t, change.engine), silent)
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(installed.Dir, change.file), change.content)
			_, err = p.Find(engine(t, change.engine))
			if unavailable := new(Unavailable); !errors.As(err, &unavailable) || !strings.Contains(change.file, strings.Fields(unavailable.Reason)[0]) {
				t.Errorf("error %v", err)
			}
			calls()
			if installed, err = p.Install(t.Context(), engine(t, change.engine), silent); err != nil || calls() == "" {
				t.Errorf("it is not installed again: %v", err)
			}
			if text, err := os.ReadFile(filepath.Join(installed.Dir, change.file)); err == nil && string(text) == change.content {
				t.Errorf("%s is as it was changed", change.file)
			}
		})
	}
}

// The files that an installation or a run leaves in the folder are no change.
func TestAnInstallationInUseIsUnchanged(t *testing.T) {
	p, calls := workshop(t, map[string]string{"python3": fakePython})
	installed, err := p.Install(t.Context(), engine(t, "numpy"), silent)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(installed.Dir, "__pycache__", "cupel_contender.cpython-312.pyc"), "bytecode")
	write(t, filepath.Join(installed.Dir, "cache", "compiled"), "what an engine keeps")
	calls()
	if found, err := p.Find(engine(t, "numpy")); err != nil || found.Dir != installed.Dir {
		t.Errorf("%+v, %v", found, err)
	}
}

// A record that names another folder has no influence on where an engine's files are
// read.
func TestAnInstallationLiesWhereItWasPut(t *testing.T) {
	p, _ := workshop(t, map[string]string{"python3": fakePython})
	installed, err := p.Install(t.Context(), engine(t, "numpy"), silent)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(installed.Dir, recordFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.Replace(string(text), `"dir": "`, `"dir": "/elsewhere`, 1))
	if found, err := p.Find(engine(t, "numpy")); err != nil || found.Dir != installed.Dir {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestTwoAtOnceInstallOnce(t *testing.T) {
	p, calls := workshop(t, map[string]string{"python3": fakePython})
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := p.Install(t.Context(), engine(t, "numpy"), silent); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if made := calls(); strings.Count(made, "requirements.lock") != 1 {
		t.Errorf("calls:\n%s", made)
	}
}

func TestInterruptedInstallationIsNoVerdictOnTheEngine(t *testing.T) {
	p, _ := workshop(t, map[string]string{"python3": fakePython})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := p.Install(ctx, engine(t, "numpy"), func(string, int, int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestTooLittleDisk(t *testing.T) {
	p, _ := workshop(t, map[string]string{"python3": fakePython})
	large := engine(t, "numpy")
	large.DiskBytes = 1 << 60
	_, err := p.Install(t.Context(), large, silent)
	if unavailable := new(Unavailable); !errors.As(err, &unavailable) || !strings.Contains(unavailable.Reason, "GB of disk") {
		t.Errorf("error %v", err)
	}
}

func TestDigestCoversNamesAndContents(t *testing.T) {
	base := digestOf(map[string][]byte{"a": []byte("x"), "b": nil})
	for _, other := range []map[string][]byte{{"a": []byte("y"), "b": nil}, {"c": []byte("x"), "b": nil}, {"a": []byte("x")}, {"a": nil, "b": []byte("x")}} {
		if digestOf(other) == base {
			t.Errorf("%v has the same digest", other)
		}
	}
}
