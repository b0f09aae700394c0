package observe

// This file tests the digests of code files and the build facts in them.

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func digestOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func TestAClosureHasWhatIsMapped(t *testing.T) {
	process := child(t, childSleeps)
	digests := NewDigests()
	executable, err := digests.Executable(process)
	if err != nil || executable != digestOf(t, os.Args[0]) {
		t.Errorf("executable %s, %v", executable, err)
	}
	closure, err := digests.Closure(process, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, file := range closure.Files {
		if file.Unread != "" || file.Replaced || len(file.SHA256) != 64 {
			t.Errorf("%+v", file)
		}
		if file.Path == own {
			found = true
			if file.SHA256 != executable || file.Binary == nil || file.Binary.Go == nil || file.Binary.Go.Version != runtime.Version() {
				t.Errorf("%+v", file)
			}
		}
	}
	if !found || closure.SHA256 != closure.Digest() {
		t.Errorf("%+v", closure)
	}
	again, err := digests.Closure(process, func(string) bool { return true })
	if err != nil || again.SHA256 != closure.SHA256 {
		t.Errorf("%s and then %s, %v", closure.SHA256, again.SHA256, err)
	}
}

func TestAChangedFileHasAnotherDigest(t *testing.T) {
	digests := NewDigests()
	path := filepath.Join(t.TempDir(), "engine.so")
	var seen []string
	info := os.FileInfo(nil)
	for _, content := range []string{"one", "two"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if info != nil {
			// A program that changes a file can set its times back, except ctime.
			if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}
		sha, size, err := digests.Of(path)
		if err != nil || size != 3 || sha != digestOf(t, path) {
			t.Fatalf("%s, %d, %v", sha, size, err)
		}
		seen = append(seen, sha)
		if info, err = os.Stat(path); err != nil {
			t.Fatal(err)
		}
	}
	if seen[0] == seen[1] {
		t.Error("one digest for two contents")
	}
	if _, _, err := digests.Of(filepath.Dir(path)); err == nil {
		t.Error("a folder has a digest")
	}
}

func TestAReplacedFileShows(t *testing.T) {
	// The test starts a copy of this program, and then puts another file under its
	// name.
	path := filepath.Join(t.TempDir(), "engine")
	data, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path)
	command.Env = append(os.Environ(), "OBSERVE_CHILD="+childSleeps)
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	if _, err := stdout.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("another"), 0o755); err != nil {
		t.Fatal(err)
	}
	executable, err := NewDigests().Executable(command.Process.Pid)
	if err != nil || executable != digestOf(t, os.Args[0]) {
		t.Errorf("the executable is %s, %v", executable, err)
	}
	look, err := Inspect(command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if len(look.Unfiled) == 0 || !strings.HasSuffix(look.Unfiled[0].Name, deletedMark) {
		t.Errorf("unfiled %+v", look.Unfiled)
	}
}

func TestBinariesSayHowTheyWereMade(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\nfunc main() { println(\"attempt to add with overflow\") }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	build := func(name string, flags ...string) string {
		path := filepath.Join(dir, name)
		command := exec.Command("go", append(append([]string{"build", "-o", path}, flags...), source)...)
		command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		return path
	}
	plain, err := BinaryOf(build("plain"), true)
	if err != nil || plain == nil || plain.Go == nil {
		t.Fatalf("%+v, %v", plain, err)
	}
	if !plain.DebugInfo || !plain.OverflowChecks || !plain.Symbols || len(plain.Producers) == 0 || strings.Contains(plain.Producers[0], "-N") || plain.Go.Settings["-gcflags"] != "" {
		t.Errorf("%+v", plain)
	}
	debug, err := BinaryOf(build("debug", "-gcflags=all=-N -l"), false)
	if err != nil || debug.Go.Settings["-gcflags"] == "" || !slices.ContainsFunc(debug.Producers, func(p string) bool { return strings.Contains(p, "-N -l") }) {
		t.Errorf("%+v, %v", debug, err)
	}
	stripped, err := BinaryOf(build("stripped", "-ldflags=-s -w", "-gcflags=all=-N"), false)
	if err != nil || stripped.DebugInfo || stripped.Symbols || stripped.Go.Settings["-gcflags"] == "" {
		t.Errorf("%+v, %v", stripped, err)
	}
	text, err := BinaryOf(source, true)
	if err != nil || text != nil {
		t.Errorf("%+v, %v", text, err)
	}
	damaged := filepath.Join(dir, "damaged")
	if err := os.WriteFile(damaged, []byte("\x7fELF and then nothing"), 0o644); err != nil {
		t.Fatal(err)
	}
	if found, err := BinaryOf(damaged, true); err == nil {
		t.Errorf("%+v", found)
	}
}

func TestATextAcrossTwoReadingsIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	data := append(make([]byte, 1<<20-5), overflowText...)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if found, err := contains(file, overflowText); !found || err != nil {
		t.Errorf("%t, %v", found, err)
	}
	if found, err := contains(file, []byte("something else")); found || err != nil {
		t.Errorf("%t, %v", found, err)
	}
}
