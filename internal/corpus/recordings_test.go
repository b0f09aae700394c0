package corpus

// This file judges the recordings: every rule on each of them. It reads no clock, so the
// result is the same on every machine.

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"cupel/internal/bundletest"
	"cupel/internal/testtier"
)

// update writes the table of what is raised again: go test ./internal/corpus -update.
var update = flag.Bool("update", false, "write "+table+" anew")

// table lists for each recording what is raised and what is not judged, so that a change of
// rules shows its effect.
const table = "testdata/raised.txt"

// verdict is what the rules say of one contender.
type verdict struct {
	name             string
	raised, unjudged []string
}

func verdictOf(name string, found []finding) verdict {
	v := verdict{name: name}
	for _, f := range found {
		switch {
		case f.contender != slug(name):
		case f.unjudged:
			v.unjudged = append(v.unjudged, f.rule)
		default:
			v.raised = append(v.raised, f.rule)
		}
	}
	for _, rules := range []*[]string{&v.raised, &v.unjudged} {
		slices.Sort(*rules)
		*rules = slices.Compact(*rules)
	}
	return v
}

// fault says what is wrong with a verdict. An honest contender is accused of nothing, ever.
// In quiet a cheat raises what it must. Beside busy neighbours something accuses it, or
// something is honestly not judged.
func (v verdict) fault(how condition) string {
	due := cheats[v.name].raises
	missing := slices.DeleteFunc(slices.Clone(due), func(rule string) bool { return slices.Contains(v.raised, rule) })
	switch {
	case len(due) == 0 && len(v.raised) > 0:
		return fmt.Sprintf("an honest contender is accused by %q", v.raised)
	case len(missing) == 0 || cheats[v.name].any && len(missing) < len(due):
		return ""
	case how == disturbed && len(v.raised)+len(v.unjudged) > 0:
		return ""
	default:
		return fmt.Sprintf("raised %q; of %q, which are due, %q are missing", v.raised, due, missing)
	}
}

func (v verdict) line(how condition) string {
	list := func(rules []string) string {
		if len(rules) == 0 {
			return "nothing"
		}
		return strings.Join(rules, " ")
	}
	return fmt.Sprintf("%s, %s: raised %s; not judged %s\n", v.name, how, list(v.raised), list(v.unjudged))
}

func TestRecordings(t *testing.T) {
	var lines []string
	var lock sync.Mutex
	t.Run("each", func(t *testing.T) {
		for _, name := range contenderNames() {
			for _, how := range conditionsOf(name) {
				t.Run(string(how)+"/"+name, func(t *testing.T) {
					t.Parallel()
					if _, err := os.Stat(recordingOf(name, how)); err != nil {
						testtier.Lacks(t, fmt.Sprintf("%v; record it: .ci/corpus record", err))
					}
					dir := unpacked(t, recordingOf(name, how))
					found, _ := judged(t, dir, beside(name))
					v := verdictOf(name, found)
					lock.Lock()
					lines = append(lines, v.line(how))
					lock.Unlock()
					if fault := v.fault(how); fault != "" {
						t.Error(fault)
					}
				})
			}
		}
	})
	slices.Sort(lines)
	text := strings.Join(lines, "")
	if *update {
		if err := os.WriteFile(table, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if !strings.Contains(string(kept), line) {
			t.Errorf("%s has another line than: %s", table, line)
		}
	}
}

func unpacked(t *testing.T, file string) string {
	t.Helper()
	packed, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	dir, err := bundletest.Unpack(packed, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// All recordings together stay small, and each belongs to a contender of the corpus.
func TestRecordingsAreFewAndSmall(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(recordings, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, name := range contenderNames() {
		for _, how := range conditionsOf(name) {
			known = append(known, recordingOf(name, how))
		}
	}
	total := int64(0)
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
		if !slices.Contains(known, file) {
			t.Errorf("%s is of no contender of the corpus", file)
		}
	}
	if total > 20_000_000 {
		t.Errorf("the recordings have %d bytes; 20 million are enough", total)
	}
}
