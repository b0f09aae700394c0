package corpus

// This file records each contender of the corpus once in quiet and once beside busy
// neighbours, as small sealed bundles: .ci/corpus record.

import (
	"archive/tar"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"cupel/internal/bundletest"
)

// condition is how the machine is shared while a contender is recorded.
type condition string

const (
	quiet     condition = "quiet"
	disturbed condition = "disturbed"
)

// recordings is where they lie, relative to this package.
const recordings = "testdata/recordings"

func recordingOf(name string, how condition) string {
	return filepath.Join(recordings, slug(name)+"."+string(how)+bundletest.PackedSuffix)
}

// conditionsOf are those under which a contender is recorded. A cheat that is found by its
// labels or by a reply that is none is found whatever the neighbours do, and once is enough.
func conditionsOf(name string) []condition {
	due := cheats[name].raises
	if len(due) > 0 && !slices.ContainsFunc(due, func(rule string) bool { return rule != wrong && rule != failed }) {
		return []condition{quiet}
	}
	return []condition{quiet, disturbed}
}

// helperName is a program that a cheat starts, and no contender.
const helperName = "the helper itself"

// contenderNames are the corpus's contenders, sorted.
func contenderNames() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(cheats)), func(name string) bool { return name == helperName })
}

// recorded is the extent of a recording: no more than the rules need, so that all
// recordings together stay small.
func recorded(launches int) extent {
	return extent{
		launches: launches, iterations: 400, rounds: 42, stalls: 5, lone: 8, eager: 6, practice: 24,
		longLeast: 3 * time.Millisecond, longMost: 6 * time.Millisecond,
	}
}

// beside is the contender and an honest one: an audit is of two.
func beside(name string) []string {
	if name == "honest" {
		return []string{name, "honest, once more"}
	}
	return []string{name, "honest"}
}

// TestRecord records the contenders whose names match CUPEL_CORPUS_ONLY, all where it is
// empty. A contender that comes out otherwise than it should is recorded all the same and
// fails: look at why, then record it again.
func TestRecord(t *testing.T) {
	only(t, "record")
	wanted, err := regexp.Compile(os.Getenv("CUPEL_CORPUS_ONLY"))
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []condition{quiet, disturbed} {
		for _, name := range contenderNames() {
			if wanted.MatchString(name) && slices.Contains(conditionsOf(name), how) {
				t.Run(string(how)+"/"+name, func(t *testing.T) { record(t, name, how) })
			}
		}
	}
}

func record(t *testing.T, name string, how condition) {
	if how == disturbed {
		defer neighbours(t)()
	}
	names := beside(name)
	dir := filepath.Join(t.TempDir(), "bundle")
	measured(t, dir, names, recorded(max(cheats[name].launches, few)))
	file := recordingOf(name, how)
	pack(t, dir, file)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	found, shared := judged(t, dir, names)
	t.Logf("%s: %d KB; tasks waited for a CPU for up to %.0f%% of the time, the host took up to %.0f%% of one", file, info.Size()>>10, 100*shared.waited, 100*shared.stolen)
	v := verdictOf(name, found)
	t.Logf("raised %q, not judged %q", v.raised, v.unjudged)
	if how == quiet && shared.much() {
		t.Logf("the machine was not quiet")
	}
	if fault := v.fault(how); fault != "" {
		t.Error(fault)
	}
}

// pack packs the directory of a bundle into a file.
func pack(t *testing.T, dir, file string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	compressed, err := zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(compressed)
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(filepath.Dir(dir), path)
		if err != nil {
			return err
		}
		return packFile(archive, path, filepath.ToSlash(name))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, closer := range []io.Closer{archive, compressed} {
		if err := closer.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func packFile(archive *tar.Writer, path, name string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// Neither owner nor time: what is packed is the content.
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
		return err
	}
	_, err = archive.Write(text)
	return err
}

// neighbours starts a process for each CPU that is busy on and off, and returns what ends
// them.
func neighbours(t *testing.T) (end func()) {
	t.Helper()
	var started []*exec.Cmd
	for range runtime.NumCPU() {
		one := exec.Command(os.Args[0], "neighbour")
		if err := one.Start(); err != nil {
			t.Fatal(err)
		}
		started = append(started, one)
	}
	return func() {
		for _, one := range started {
			_ = one.Process.Kill()
			_ = one.Wait()
		}
	}
}

// disturb keeps a CPU busy for half of the time, in stretches of up to 400 ms: long
// enough to hit some replicates in full and some rounds not at all. It ends by itself,
// since the recording may be killed.
func disturb() {
	for began := time.Now(); time.Since(began) < 10*time.Minute && os.Getppid() != 1; {
		spin(time.Duration(rand.IntN(400)) * time.Millisecond)
		time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
	}
}
