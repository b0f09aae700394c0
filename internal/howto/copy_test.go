package howto

// This file copies the module, edits the copy, builds it and runs the program.

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is a copy of the module in a folder of the test's own.
type module struct {
	t   *testing.T
	dir string
}

// leftOut are names of files and folders that no build of the program needs.
var leftOut = []string{".git", ".venv", "testdata", "examples", "target", "__pycache__", ".ruff_cache"}

// copyModule copies the module's sources without its tests.
func copyModule(t *testing.T) module {
	t.Helper()
	source, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	m := module{t, t.TempDir()}
	err = filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		name := entry.Name()
		switch {
		// The program embeds the old bundles, although they lie in a folder for test
		// data.
		case slices.Contains(leftOut, name) && !strings.HasPrefix(relative, filepath.Join("internal", "bundletest")):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case strings.HasSuffix(name, "_test.go"):
			return nil
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(m.dir, relative), 0o755)
		case entry.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(target, filepath.Join(m.dir, relative))
		case !entry.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(m.dir, relative), content, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// read returns a file of the copy.
func (m module) read(name string) string {
	m.t.Helper()
	content, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(content)
}

// write writes a file of the copy.
func (m module) write(name, content string) {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// insert puts text after the mark, which must occur once in the file.
func (m module) insert(name, mark, text string) {
	m.t.Helper()
	content := m.read(name)
	if count := strings.Count(content, mark); count != 1 {
		m.t.Fatalf("%s has %q %d times; expected it once", name, mark, count)
	}
	m.write(name, strings.Replace(content, mark, mark+text, 1))
}

// build builds the program of the copy and returns its path.
func (m module) build() string {
	m.t.Helper()
	program := filepath.Join(m.dir, "cupel")
	command := exec.Command("go", "build", "-buildvcs=false", "-o", program, "./cmd/cupel")
	command.Dir = m.dir
	if output, err := command.CombinedOutput(); err != nil {
		m.t.Fatalf("%v\n%s", err, output)
	}
	return program
}

// result is a program's output and exit code.
type result struct {
	stdout, stderr string
	code           int
}

// run runs a program in the copy's folder, with a cache of its own.
func (m module) run(program string, args ...string) result {
	m.t.Helper()
	command := exec.CommandContext(m.t.Context(), program, args...)
	command.Dir = m.dir
	command.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(m.dir, "cache"))
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if ended := new(exec.ExitError); err != nil && !errors.As(err, &ended) {
		m.t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}
