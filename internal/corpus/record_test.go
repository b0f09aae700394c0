package corpus

// This file records each contender of the corpus, once on a quiet machine and once beside
// busy neighbours, as small sealed bundles: .ci/corpus record.

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

// recordings is the directory of the recordings, relative to this package.
const recordings = "testdata/recordings"

func recordingOf(name string, how condition) string {
	return filepath.Join(recordings, slug(name)+"."+string(how)+bundletest.PackedSuffix)
}

// conditionsOf returns the conditions under which a contender is recorded. Neighbours do
// not affect a cheat that its labels or an invalid reply reveal, so one recording of it is
// enough.
func conditionsOf(name string) []condition {
	due := cheats[name].raises
	if len(due) > 0 && !slices.ContainsFunc(due, func(rule string) bool { return rule != wrong && rule != failed }) {
		return []condition{quiet}
	}
	return []condition{quiet, disturbed}
}

// helperName is a program that a cheat starts. It is not a contender.
const helperName = "the helper itself"

// contenderNames are the corpus's contenders, sorted.
func contenderNames() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(cheats)), func(name string) bool { return name == helperName })
}

// recorded returns the extent of a recording: no more than the rules need, so that all
// recordings together stay small.
func recorded(launches int) extent {
	return extent{
		launches: launches, iterations: 300, rounds: 42, stalls: 5, lone: 6, eager: 6, practice: 20,
		longLeast: 3 * time.Millisecond, longMost: 5 * time.Millisecond,
	}
}

// beside returns the contender and an honest one, because an audit compares two.
func beside(name string) []string {
	if name == "honest" {
		return []string{name, "honest, once more"}
	}
	return []string{name, "honest"}
}

// attempts is the largest number of recordings of a contender. A host that takes a CPU away
// at the wrong moment leaves a check unjudged.
const attempts = 3

// TestRecord records the contenders whose names match CUPEL_CORPUS_ONLY, all where it is
// empty. It goes on past one that comes out otherwise than it should each time: of that one
// it keeps no recording, and says where the last bundle lies.
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
	file := recordingOf(name, how)
	if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for attempt := 1; ; attempt++ {
		dir := recordedOnce(t, name, how)
		found, shared := judged(t, dir, beside(name))
		v := verdictOf(name, found)
		t.Logf("%stasks waited for a CPU for up to %.0f%% of the time, the host took up to %.0f%% of one", v.line(how), 100*shared.waited, 100*shared.stolen)
		if how == quiet && shared.much() {
			t.Log("the machine was not quiet")
		}
		fault := v.fault(how)
		if fault == "" {
			pack(t, dir, file)
			return
		}
		t.Logf("attempt %d of %d: %s", attempt, attempts, fault)
		if attempt == attempts {
			failed := filepath.Join(os.TempDir(), "cupel-corpus-"+filepath.Base(file))
			pack(t, dir, failed)
			t.Fatalf("not recorded; the last bundle is %s", failed)
		}
	}
}

// recordedOnce measures a contender, and returns the directory of its bundle.
func recordedOnce(t *testing.T, name string, how condition) (dir string) {
	t.Helper()
	if how == disturbed {
		defer neighbours(t)()
	}
	dir = filepath.Join(t.TempDir(), "bundle")
	measured(t, dir, beside(name), recorded(max(cheats[name].launches, few)))
	return dir
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
	// Without owner and time, so that the archive depends only on the content.
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
		return err
	}
	_, err = archive.Write(text)
	return err
}

// neighbours starts a process for each CPU that is busy on and off. It returns a function
// that ends them.
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
