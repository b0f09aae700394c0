package evidence

// This file tests the ledger's chain, the manifest and the seal.

import (
	"context"
	"crypto"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"google.golang.org/protobuf/encoding/protojson"
)

func sealed(t *testing.T, key *Key) *Writer {
	t.Helper()
	w := complete(t)
	for _, row := range []LedgerRow{{Event: EventPlan}, {Event: EventEnded, Contender: "a"}, {Event: EventStopped}} {
		if err := w.Append(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteSeal(t.Context(), w.Dir(), key); err != nil {
		t.Fatal(err)
	}
	return w
}

func newKey(t *testing.T) *Key {
	t.Helper()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestLedgerChainHolds(t *testing.T) {
	w := sealed(t, newKey(t))
	chain, err := CheckLedger(w.Dir())
	if err != nil || chain.Rows != 3 {
		t.Fatalf("%d rows, %v", chain.Rows, err)
	}
	text, err := os.ReadFile(w.Path(LedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if chain.Head() != digest([]byte(lines[2])) {
		t.Error("the head is not the last row's digest")
	}
}

func TestLedgerChainNoticesEveryChange(t *testing.T) {
	for name, change := range map[string]func(lines []string) []string{
		"row changed":   func(l []string) []string { l[1] = strings.Replace(l[1], `"a"`, `"b"`, 1); return l },
		"row dropped":   func(l []string) []string { return []string{l[0], l[2]} },
		"rows swapped":  func(l []string) []string { return []string{l[0], l[2], l[1]} },
		"row doubled":   func(l []string) []string { return []string{l[0], l[1], l[1], l[2]} },
		"first dropped": func(l []string) []string { return l[1:] },
		"no row":        func(l []string) []string { l[1] = "[]"; return l },
	} {
		t.Run(name, func(t *testing.T) {
			w := sealed(t, newKey(t))
			text, err := os.ReadFile(w.Path(LedgerFile))
			if err != nil {
				t.Fatal(err)
			}
			lines := change(strings.Split(strings.TrimSpace(string(text)), "\n"))
			if err := os.WriteFile(w.Path(LedgerFile), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := CheckLedger(w.Dir()); err == nil || !strings.Contains(err.Error(), LedgerFile+":") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestManifestListsWhatIsNotDerived(t *testing.T) {
	w := sealed(t, newKey(t))
	if err := w.WriteFile(filepath.Join(ResultsDir, "x.json"), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	manifest, err := MakeManifest(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, entry := range manifest.Files {
		paths = append(paths, entry.Path)
		if data, err := os.ReadFile(w.Path(entry.Path)); err != nil || int64(len(data)) != entry.Bytes || digest(data) != entry.SHA256 {
			t.Errorf("%+v is not the file's: %v", entry, err)
		}
	}
	for _, entry := range manifest.Files {
		data, err := os.ReadFile(w.Path(entry.Path))
		if err != nil {
			t.Fatal(err)
		}
		var due []string
		for block := range slices.Chunk(data, int(max(entry.BlockBytes, 1))) {
			due = append(due, digest(block))
		}
		if !slices.Equal(entry.BlockSHA256s, due) || (len(data) == 0) != (entry.BlockBytes == 0) {
			t.Errorf("%s: blocks of %d bytes %v; expected %v", entry.Path, entry.BlockBytes, entry.BlockSHA256s, due)
		}
	}
	want := "contenders/a/statement.json environment.json ledger.jsonl observations.jsonl plan.json"
	if got := strings.Join(paths, " "); got != want {
		t.Errorf("files %s; expected %s", got, want)
	}
}

// A file has few blocks, and none that is shorter than needed.
func TestBlocksAreFew(t *testing.T) {
	for size, want := range map[int64]int64{0: 512, 1: 512, 512: 512, 32 << 10: 512, 32<<10 + 1: 1 << 10, 80_000: 2 << 10, 1 << 20: 16 << 10, 1 << 30: 16 << 20} {
		if got := blockOf(size); got != want {
			t.Errorf("a file of %d bytes has blocks of %d; expected %d", size, got, want)
		}
	}
}

func TestManifestRefusesLinks(t *testing.T) {
	w := sealed(t, newKey(t))
	if err := os.Symlink("/etc/hostname", w.Path("contenders", "a", "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := MakeManifest(w.Dir()); err == nil || !strings.Contains(err.Error(), "contenders/a/link") {
		t.Errorf("error %v", err)
	}
}

// The seal is what the formats' own libraries take: every signature of it, and the
// statements in it.
func TestSealIsDSSEAndInToto(t *testing.T) {
	author, reviewer := newKey(t), newKey(t)
	w := sealed(t, author)
	if err := Sign(t.Context(), w.Dir(), reviewer, "reviewer"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(w.Path(SealFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []*Key{author, reviewer} {
		var envelope dsse.Envelope
		if err := json.Unmarshal(text, &envelope); err != nil {
			t.Fatal(err)
		}
		verifier, err := dsse.NewEnvelopeVerifier(verifying{key})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verifier.Verify(t.Context(), &envelope); err != nil {
			t.Error(err)
		}
		payload, err := envelope.DecodeB64Payload()
		if err != nil {
			t.Fatal(err)
		}
		var statement intoto.Statement
		if err := protojson.Unmarshal(payload, &statement); err != nil {
			t.Fatal(err)
		}
		if err := statement.Validate(); err != nil {
			t.Error(err)
		}
	}
	if err := Sign(t.Context(), w.Dir(), reviewer, "somebody else"); err == nil {
		t.Error("one key signed for two roles")
	}
}

// verifying is a key as package dsse's verifier takes it.
type verifying struct{ *Key }

func (v verifying) Verify(_ context.Context, data, sig []byte) error {
	return v.PublicKey().Verify(data, sig)
}
func (v verifying) Public() crypto.PublicKey { return v.private.Public() }
