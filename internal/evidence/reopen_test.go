package evidence

// This file tests what becomes of a bundle whose writer ended without a word.

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cupel/internal/suite"
)

// broken is the bundle of a run that has one finished launch and one that was going.
func broken(t *testing.T) *Writer {
	t.Helper()
	w := complete(t)
	for _, row := range []LedgerRow{
		{Event: EventPlan},
		{Event: EventStarted, Contender: "a", Launch: 1, Replicate: 1},
		{Event: EventEnded, Contender: "a", Launch: 1, Replicate: 1, Outcome: Finished},
		{Event: EventStarted, Contender: "b", Launch: 2, Replicate: 1, Role: RoleControl},
	} {
		if err := w.Append(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Observe(Observation{Launch: 1, Contender: "a"}); err != nil {
		t.Fatal(err)
	}
	return w
}

// kill ends a writer as a kill does: its lock goes, and nothing is written.
func kill(t *testing.T, w *Writer) {
	t.Helper()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func reopened(t *testing.T, dir string) *Writer {
	t.Helper()
	w, err := Reopen(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func opened(t *testing.T, dir string) *Bundle {
	t.Helper()
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CheckLedger(dir); err != nil {
		t.Error(err)
	}
	return b
}

func addTo(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasGoingIsLostAndTheRestIsKept(t *testing.T) {
	w := broken(t)
	kill(t, w)
	const half = `{"sequence":4,"event":"launch-en`
	addTo(t, w.Path(LedgerFile), half)
	addTo(t, w.Path(ObservationsFile), `{"kind":`)
	partial := w.Path(SamplesDir, partialPrefix+"12")
	if err := os.WriteFile(partial, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if b, err := Open(w.Dir()); err != nil || len(b.Ledger) != 4 || len(b.Torn) != 2 {
		t.Errorf("as it was left: %d rows, torn %q, error %v", len(b.Ledger), b.Torn, err)
	}

	again := reopened(t, w.Dir())
	if err := again.Append(LedgerRow{Event: EventStopped}); err != nil {
		t.Fatal(err)
	}
	b := opened(t, w.Dir())
	if len(b.Ledger) != 7 || len(b.Torn) != 0 || b.Observations[1].Contender != "a" {
		t.Fatalf("%+v, torn %q", b.Ledger, b.Torn)
	}
	lost, what := b.Ledger[4], b.Ledger[5]
	if lost.Event != EventEnded || lost.Outcome != Lost || lost.Launch != 2 || lost.Contender != "b" || lost.Role != RoleControl || lost.Reason == "" {
		t.Errorf("the launch that was going: %+v", lost)
	}
	if what.Event != EventBroken || what.Torn[LedgerFile] != int64(len(half)) || what.Torn[ObservationsFile] != 8 || !strings.Contains(what.Reason, "unfinished files removed: 1") {
		t.Errorf("what was found: %+v", what)
	}
	if _, err := os.Stat(partial); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the unfinished file is there: %v", err)
	}
}

// Time goes on from where the run was: rows and samples of two sessions never
// overlap.
func TestElapsedTimeGoesOn(t *testing.T) {
	w := broken(t)
	kill(t, w)
	before := opened(t, w.Dir()).Ledger
	again := reopened(t, w.Dir())
	if err := again.Append(LedgerRow{Event: EventStopped, Time: time.Unix(0, 0)}); err != nil {
		t.Fatal(err)
	}
	rows := opened(t, w.Dir()).Ledger
	for i := 1; i < len(rows); i++ {
		if rows[i].ElapsedNanoseconds < rows[i-1].ElapsedNanoseconds {
			t.Errorf("row %d is %d ns into the run, the one before it %d", i, rows[i].ElapsedNanoseconds, rows[i-1].ElapsedNanoseconds)
		}
	}
	if last := before[len(before)-1].ElapsedNanoseconds; again.Elapsed() < time.Duration(last) {
		t.Errorf("the run has gone on for %v, after %d ns", again.Elapsed(), last)
	}
}

func TestARunThatEndedWellIsLeftAsItIs(t *testing.T) {
	w := broken(t)
	for _, row := range []LedgerRow{
		{Event: EventEnded, Contender: "b", Launch: 2, Outcome: Finished}, {Event: EventStopped}, {Event: EventNonce, Nonce: "n"},
	} {
		if err := w.Append(row); err != nil {
			t.Fatal(err)
		}
	}
	kill(t, w)
	before, err := os.ReadFile(w.Path(LedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	kill(t, reopened(t, w.Dir()))
	lock, err := lockDir(t.Context(), w.Dir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := Recover(w.Dir(), lock, "other"); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(w.Path(LedgerFile)); err != nil || string(after) != string(before) {
		t.Errorf("the ledger became %s, %v", after, err)
	}
}

func TestANonceIsRevealedForAWriterThatCannot(t *testing.T) {
	w := broken(t)
	kill(t, w)
	lock, err := lockDir(t.Context(), w.Dir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := Recover(w.Dir(), lock, "secret"); err != nil {
		t.Fatal(err)
	}
	again := reopened(t, w.Dir())
	if err := again.Append(LedgerRow{Event: EventResumed, SHA256: map[string]string{NonceName: "d"}}); err != nil {
		t.Fatal(err)
	}
	if err := again.Append(LedgerRow{Event: EventStarted, Contender: "a", Launch: 3}); err != nil {
		t.Fatal(err)
	}
	sessions := opened(t, w.Dir()).Sessions()
	if len(sessions) != 2 || sessions[0].Nonce != "secret" || !sessions[0].Broken || sessions[0].FirstLaunch != 1 {
		t.Fatalf("%+v", sessions)
	}
	if second := sessions[1]; second.NonceSHA256 != "d" || second.Nonce != "" || second.Broken || second.FirstLaunch != 3 {
		t.Errorf("%+v", second)
	}
}

func TestABundleHasOneWriter(t *testing.T) {
	w := broken(t)
	if _, err := Reopen(t.Context(), w.Dir(), 20*time.Millisecond); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), w.Dir()) {
		t.Errorf("error %v", err)
	}
	released := time.AfterFunc(30*time.Millisecond, func() { w.Close() })
	defer released.Stop()
	again, err := Reopen(t.Context(), w.Dir(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

// Who waits for a bundle can be told to stop waiting.
func TestWaitingForABundleCanBeInterrupted(t *testing.T) {
	w := broken(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Reopen(ctx, w.Dir(), time.Hour); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), w.Dir()) {
		t.Errorf("error %v", err)
	}
}

// What was changed is refused, and not taken for what a kill leaves.
func TestAChangedLedgerIsNotGoneOnWith(t *testing.T) {
	for name, change := range map[string]func(text string) string{
		"a changed row": func(text string) string {
			return strings.Replace(text, `"outcome":"finished"`, `"outcome":"failed"`, 1)
		},
		"a missing row":  func(text string) string { return text[strings.Index(text, "\n")+1:] },
		"no row of ours": func(string) string { return "hello\n" },
	} {
		w := broken(t)
		kill(t, w)
		text, err := os.ReadFile(w.Path(LedgerFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(w.Path(LedgerFile), []byte(change(string(text))), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Reopen(t.Context(), w.Dir(), 0); err == nil || errors.Is(err, ErrNotBegun) || !strings.Contains(err.Error(), LedgerFile) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestThereMustBeARunToGoOnWith(t *testing.T) {
	empty := complete(t)
	addTo(t, empty.Path(LedgerFile), `{"sequence":0,"ev`)
	kill(t, empty)
	for _, dir := range []string{empty.Dir(), t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := Reopen(t.Context(), dir, 0); !errors.Is(err, ErrNotBegun) {
			t.Errorf("%s: error %v", dir, err)
		}
	}
}

func TestSessionsOfARunInOneGo(t *testing.T) {
	b := &Bundle{Plan: suite.Plan{NonceSHA256: "d"}, Ledger: []LedgerRow{{Event: EventPlan}, {Event: EventNonce, Nonce: "n"}}}
	if got := b.Sessions(); len(got) != 1 || got[0] != (Session{NonceSHA256: "d", Nonce: "n", FirstLaunch: 1}) {
		t.Errorf("%+v", got)
	}
}

// A full disk leaves no half of a line for the next one to stand behind.
func TestALineIsWrittenWholeOrNotAtAll(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	w := broken(t)
	ledger := w.ledger
	w.ledger = full
	if err := w.Append(LedgerRow{Event: EventStopped}); err == nil || !strings.Contains(err.Error(), "ledger") {
		t.Errorf("error %v", err)
	}
	w.ledger = ledger
	if err := w.Append(LedgerRow{Event: EventStopped}); err != nil {
		t.Fatal(err)
	}
	if b := opened(t, w.Dir()); len(b.Ledger) != 5 || len(b.Torn) > 0 {
		t.Errorf("%+v", b.Ledger)
	}
}

func TestOnlyWhatHasNotBegunIsCleared(t *testing.T) {
	w := bundle(t)
	// All that is written before the ledger's first row.
	for _, name := range []string{SuiteFile, PlanFile, EnvironmentFile, HarnessFile} {
		if err := w.WriteFile(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	addTo(t, w.Path(LedgerFile), `{"sequence":0,"ev`)
	kill(t, w)
	if err := Clear(w.Dir()); err != nil {
		t.Fatal(err)
	}
	again, err := Create(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	again.Close()

	begun := broken(t)
	if err := Clear(begun.Dir()); err == nil {
		t.Error("a run that has begun was cleared")
	}
	opened(t, begun.Dir())
}
