package session

// This file tests the machine's log of runs, and what is copied from it.

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cupel/internal/suite"
)

func TestTheLogOfASuiteHasItsRunsAlone(t *testing.T) {
	log := `{"run":"1","suite_sha256":"a","event":"began"}
{"run":"2","suite_sha256":"b","event":"began"}
{"run":"1","suite_sha256":"a","event":"ended"}
{"run":"3","suite_sh`
	kept := string(runsOf([]byte(log), "a", "p"))
	if strings.Count(kept, "\n") != 2 || strings.Contains(kept, `"2"`) || !strings.Contains(kept, "ended") {
		t.Errorf("%q", kept)
	}
}

// A row after half a row is complete, however long the rows before it are.
func TestARowOfTheLogStandsOnItsOwnLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache", "runs.jsonl")
	long := `{"suite_sha256":"a","event":"began","reason":"` + strings.Repeat("x", 2<<20) + `"}`
	for _, row := range []string{long, `{"suite_sha256":"a","event":"ended"}`} {
		if err := appendRow(path, []byte(row)); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"suite_sh`); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := appendRow(path, []byte(`{"suite_sha256":"a","event":"last"}`)); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if kept := string(runsOf(log, "a", "p")); strings.Count(kept, "\n") != 3 || !strings.Contains(kept, "last") {
		t.Errorf("%.300q", kept[max(0, len(kept)-300):])
	}
}

// A run with another budget or precision is one more run of the same plan. Otherwise the
// best of several runs could be shown, and the log would not tell.
func TestRunsOfOnePlanAreKnownByTheLog(t *testing.T) {
	s, err := suite.Load(suite.Default)
	if err != nil {
		t.Fatal(err)
	}
	digest := func(options suite.Options) string {
		plan, err := s.Plan(options)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := samePlanDigest(*plan)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	first := digest(suite.Options{Nonce: "a"})
	for name, options := range map[string]suite.Options{
		"another nonce":     {Nonce: "b"},
		"a challenge":       {Nonce: "c", Challenge: true},
		"another budget":    {Nonce: "d", Budget: time.Minute},
		"another precision": {Nonce: "e", Precision: 0.02},
	} {
		if digest(options) != first {
			t.Errorf("%s makes another plan of it", name)
		}
	}
	// One more comment changes the text but not the plan.
	if s, err = suite.Parse("mine.toml", ".", append([]byte("# mine\n"), bytes.Replace(s.Text, []byte(`name = "mnist-logreg"`), []byte(`name = "mine"`), 1)...)); err != nil {
		t.Fatal(err)
	}
	if digest(suite.Options{Nonce: "a"}) != first {
		t.Error("another name and a comment make another plan of it")
	}
	if digest(suite.Options{Nonce: "a", Only: []string{"go", "pytorch"}}) == first {
		t.Error("fewer contenders are the same plan")
	}
}
