package corpus

// This file plays the whole corpus on this machine. A person starts it by .ci/corpus before
// a change of rules is done. On a disturbed machine bursts wait for a CPU, judgements leave
// them out, and cheats stay unjudged.

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// mode is the environment variable for work that needs a machine without other load:
// playing the corpus live, or recording it.
const mode = "CUPEL_CORPUS"

// only skips a test unless the variable asks for it.
func only(t *testing.T, asked string) {
	t.Helper()
	if os.Getenv(mode) != asked {
		t.Skipf("only with %s=%s, on a machine that nothing else uses: see .ci/corpus", mode, asked)
	}
}

func TestLive(t *testing.T) {
	only(t, "live")
	began := time.Now()
	for _, group := range []struct {
		launches int
		disturbs bool
	}{{few, false}, {few, true}, {many, false}} {
		var names []string
		for _, name := range contenderNames() {
			entry := cheats[name]
			if entry.engine == "" && max(entry.launches, few) == group.launches && entry.disturbs == group.disturbs {
				names = append(names, name)
			}
		}
		for try := 1; len(names) > 0; try++ {
			names = play(t, names, group.launches, try == tries || time.Since(began) > patience)
		}
	}
}

// tries is how often contenders are measured at most whose run was disturbed and did not
// come out as it should. After patience no contender is measured again: where the host
// took most of the time, one run of all took ten minutes in the place of two and a half.
const (
	tries    = 3
	patience = 6 * time.Minute
)

// play measures contenders and judges those that came out as they should, or all if
// this is the last try or nothing disturbed the run; it returns the others.
func play(t *testing.T, names []string, launches int, last bool) (again []string) {
	asked := names
	if !slices.Contains(names, "honest") {
		// An audit compares two contenders, so the audit of a cheat's points needs an
		// honest one.
		asked = append(slices.Clone(names), "honest")
	}
	dir := filepath.Join(t.TempDir(), "bundle")
	measured(t, dir, asked, played(launches))
	found, disturbed := judged(t, dir, asked)
	t.Logf("%d contenders: tasks waited for a CPU for up to %.0f%% of the time, the host took up to %.0f%% of one", len(asked), 100*disturbed.waited, 100*disturbed.stolen)
	for _, name := range names {
		fault := faultOf(name, found, disturbed, last)
		if fault != "" && !last && disturbed.much() {
			t.Logf("%s, measured again: %s", name, fault)
			again = append(again, name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, f := range found {
				if f.contender == slug(name) {
					t.Logf("%s: %s", f.rule, f.text)
				}
			}
			if fault != "" {
				t.Error(fault)
			}
		})
	}
	return again
}
