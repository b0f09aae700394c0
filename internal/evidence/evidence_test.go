package evidence

// This file tests that a bundle reads back as it was written, and damage.

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"cupel/internal/suite"
)

func bundle(t testing.TB) *Writer {
	t.Helper()
	w, err := Create(filepath.Join(t.TempDir(), "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// planOf is the default suite's plan with other contenders.
func planOf(t testing.TB, contenders ...string) suite.Plan {
	t.Helper()
	s, err := suite.Load(suite.Default)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Plan(suite.Options{Nonce: "n"})
	if err != nil {
		t.Fatal(err)
	}
	plan.Contenders = contenders
	return *plan
}

func complete(t testing.TB) *Writer {
	t.Helper()
	w := bundle(t)
	for name, value := range map[string]any{
		PlanFile:        planOf(t, "a", "b"),
		EnvironmentFile: Environment{Schema: EnvironmentSchema, Cores: 2},
		filepath.Join(ContendersDir, "a", StatementFile): Statement{Contender: "a", Parameters: 7},
	} {
		if err := w.WriteJSON(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	w := complete(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for _, row := range []LedgerRow{
		{Time: at, Event: EventPlan},
		{Time: at, Event: EventEnded, Contender: "a", Launch: 1, Replicate: 1, Outcome: Wrong, Reason: "row 3"},
	} {
		if err := w.Append(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Observe(Observation{Launch: 1, Contender: "a", PeakResidentBytes: 5}); err != nil {
		t.Fatal(err)
	}
	outer := int64(99)
	samples := []Sample{
		{Launch: 1, Contender: "a", Phase: PhaseRequest, Replicate: 1, Calls: 3, OuterNanoseconds: &outer, InnerNanoseconds: 90},
		{Launch: 1, Contender: "a", Phase: PhaseCall, Replicate: 1, Calls: 1, InnerNanoseconds: 50},
		{Launch: 1, Contender: "a", Phase: PhaseCall, Replicate: 1, Calls: 1, InnerNanoseconds: 10},
		{Launch: 1, Contender: "a", Phase: PhaseCall, Replicate: 1, Calls: 1, InnerNanoseconds: 30},
	}
	if err := w.WriteSamples(1, "a", samples); err != nil {
		t.Fatal(err)
	}
	b, err := Open(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Ledger) != 2 || b.Ledger[1].Sequence != 1 || b.Ledger[1].Outcome != Wrong || !b.Ledger[1].Time.Equal(at) {
		t.Errorf("ledger %+v", b.Ledger)
	}
	if b.Observations[1].PeakResidentBytes != 5 || b.Statements["a"].Parameters != 7 || b.Environment.Cores != 2 {
		t.Errorf("bundle %+v", b)
	}
	got, err := b.Samples(1, "a")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(samples, got); diff != "" {
		t.Errorf("samples came back otherwise than they went in: %s", diff)
	}
}

func TestCreateRefusesADirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("error %v", err)
	}
}

func TestFilesAppearWholeOrNotAtAll(t *testing.T) {
	w := bundle(t)
	broken := errors.New("disk full")
	err := writeAtomic(w.Path(SamplesDir, "1.parquet"), func(file *os.File) error {
		if _, err := file.WriteString("half"); err != nil {
			t.Fatal(err)
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	entries, err := os.ReadDir(w.Path(SamplesDir))
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestDamagedFilesAreErrorsWithTheirName(t *testing.T) {
	for name, content := range map[string]string{
		PlanFile:         `{"suite": 5}`,
		EnvironmentFile:  `{`,
		LedgerFile:       "{}\n[]\n",
		ObservationsFile: `{"kind": "launch", "launch": "one"}` + "\n",
	} {
		w := complete(t)
		if err := os.WriteFile(w.Path(name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(w.Dir()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	w := complete(t)
	if err := os.WriteFile(w.Path(SamplesFile(1, "a")), []byte("PAR1 no PAR1"), 0o644); err != nil {
		t.Fatal(err)
	}
	b, err := Open(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Samples(1, "a"); err == nil || !strings.Contains(err.Error(), "0001-a.parquet") {
		t.Errorf("error %v", err)
	}
}

func TestSamplesStayInTheBundle(t *testing.T) {
	b := &Bundle{Dir: t.TempDir()}
	if _, err := b.Samples(1, "../../etc/passwd"); err == nil || strings.Contains(err.Error(), "..") {
		t.Errorf("error %v", err)
	}
}

// A file of samples with any byte changed is an error or other samples, and no
// panic.
func TestDamagedSamplesNeverPanic(t *testing.T) {
	w := complete(t)
	outer := int64(70)
	if err := w.WriteSamples(1, "a", []Sample{
		{Launch: 1, Contender: "a", Phase: PhaseShort, Round: 1, Calls: 20, InnerNanoseconds: 50, OuterNanoseconds: &outer},
		{Launch: 1, Contender: "a", Phase: PhaseCall, Calls: 1, InnerNanoseconds: 3},
	}); err != nil {
		t.Fatal(err)
	}
	path := w.Path(SamplesFile(1, "a"))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for at := range whole {
		damaged := slices.Clone(whole)
		damaged[at] ^= 0xff
		if err := os.WriteFile(path, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Samples(1, "a"); err != nil {
			refused++
		}
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
}

// Another program's columns are refused rather than read as if they were ours.
func TestOtherColumnsAreRefused(t *testing.T) {
	w := complete(t)
	type other struct {
		Launch int64 `parquet:"launch"`
	}
	path := w.Path(SamplesFile(1, "a"))
	if err := parquet.WriteFile(path, []other{{1}}); err != nil {
		t.Fatal(err)
	}
	b, err := Open(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Samples(1, "a"); err == nil || !strings.Contains(err.Error(), "columns") {
		t.Errorf("error %v", err)
	}
}
