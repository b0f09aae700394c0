package evidence

// This file opens the bundle of a run that has not come to its end, to go on with
// it, and writes down what was lost.

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrNotBegun is the error, wrapped with the directory, for a bundle whose plan is
// not in its ledger: nothing was measured, and there is nothing to go on with.
var ErrNotBegun = errors.New("no run has begun there")

// ErrInUse is the error, wrapped with the directory, for a bundle that another
// process is writing.
var ErrInUse = errors.New("another cupel is writing this bundle")

// Reopen opens a bundle to go on with it. It waits for a process that still has it
// for at most patience. A line that was being written when the writer ended is cut
// off and files that were not whole are removed; the ledger then gets a row for each
// launch that was going, which is lost, and one that says what else was found. A
// bundle whose run has ended well is left as it is.
//
// A whole line that can't be read, or does not follow from the one before it, is
// another matter: somebody has changed it, and going on would cover that up.
func Reopen(ctx context.Context, dir string, patience time.Duration) (*Writer, error) {
	lock, err := lockDir(ctx, dir, patience)
	if err != nil {
		return nil, err
	}
	w, err := reopen(dir, lock)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return w, nil
}

// Recover does what Reopen does, and reveals the nonce, for the process that had
// the bundle's lock from the writer that ended: whoever reads the bundle can then
// draw again what was drawn.
func Recover(dir string, lock *os.File, nonce string) error {
	w, err := reopen(dir, lock)
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	if w.recovered {
		err = w.Append(LedgerRow{Time: time.Now(), Event: EventNonce, Nonce: nonce})
	}
	return errors.Join(err, w.Close())
}

// Sealed reports whether the seal of the bundle in dir is of its ledger as it is.
func Sealed(dir string) bool {
	envelope, err := ReadSeal(dir)
	if err != nil {
		return false
	}
	payload, err := base64.StdEncoding.DecodeString(envelope.Payload)
	if err != nil {
		return false
	}
	var statement InToto[SealPredicate]
	if err := json.Unmarshal(payload, &statement); err != nil {
		return false
	}
	chain, err := CheckLedger(dir)
	return err == nil && statement.Predicate.LedgerHead == chain.Head()
}

// Unseal removes manifest and seal, which are of what was there before the run goes
// on.
func (w *Writer) Unseal() error {
	for _, row := range Contents() {
		if !row.DroppedOnResume {
			continue
		}
		if err := os.Remove(w.Path(row.Path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("bundle: %w", err)
		}
	}
	return nil
}

// Clear removes from dir what a run writes there before its plan is in the ledger,
// for a run that ended before that: Create refuses a directory that is not empty.
// A ledger with a row stays, and all that no run writes.
func Clear(dir string) error {
	ledger := filepath.Join(dir, LedgerFile)
	if text, err := os.ReadFile(ledger); err == nil && bytes.IndexByte(text, '\n') >= 0 {
		return fmt.Errorf("bundle: %s has rows", ledger)
	}
	if _, err := removePartial(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	early := []string{SamplesDir, ContendersDir, ResultsDir}
	for _, row := range Contents() {
		if row.BeforePlan {
			early = append(early, row.Path)
		}
	}
	for _, name := range early {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("bundle: %w", err)
		}
	}
	return nil
}

func reopen(dir string, lock *os.File) (*Writer, error) {
	torn := map[string]int64{}
	rows, chain, err := mendLedger(dir, torn)
	if err != nil {
		return nil, err
	}
	if _, err := mend(filepath.Join(dir, ObservationsFile), ObservationsFile, torn); err != nil {
		return nil, err
	}
	unfinished, err := removePartial(dir)
	if err != nil {
		return nil, err
	}
	w := &Writer{dir: dir, lock: lock, chain: chain, began: time.Now()}
	w.before = time.Duration(rows[len(rows)-1].ElapsedNanoseconds)
	if w.ledger, err = openLines(filepath.Join(dir, LedgerFile), os.O_APPEND); err != nil {
		return nil, err
	}
	if w.observations, err = openLines(filepath.Join(dir, ObservationsFile), os.O_CREATE|os.O_APPEND); err != nil {
		return nil, errors.Join(err, w.ledger.Close())
	}
	if err := w.recordLosses(rows, torn, unfinished); err != nil {
		return nil, errors.Join(err, w.ledger.Close(), w.observations.Close())
	}
	return w, nil
}

// mendLedger cuts off a torn line and reads the rest.
func mendLedger(dir string, torn map[string]int64) (rows []LedgerRow, chain Chain, err error) {
	path := filepath.Join(dir, LedgerFile)
	text, err := mend(path, LedgerFile, torn)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, chain, fmt.Errorf("%s: %w", dir, ErrNotBegun)
	}
	if err != nil {
		return nil, chain, err
	}
	if chain, err = follow(bytes.NewReader(text)); err != nil {
		return nil, chain, fmt.Errorf("bundle: %s:%d: %w", path, chain.Rows+1, err)
	}
	for line := range bytes.Lines(text) {
		var row LedgerRow
		if err := json.Unmarshal(line, &row); err != nil {
			return nil, chain, fmt.Errorf("bundle: %s:%d: %w", path, len(rows)+1, err)
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil, chain, fmt.Errorf("%s: %w", dir, ErrNotBegun)
	}
	return rows, chain, nil
}

// mend cuts off what follows the last line feed of a file and returns the rest.
func mend(path, name string, torn map[string]int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	if info.Size() > maxLedgerBytes {
		return nil, fmt.Errorf("bundle: %s: %d bytes; at most %d are read", path, info.Size(), maxLedgerBytes)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	if len(whole) == len(text) {
		return text, nil
	}
	torn[name] = int64(len(text) - len(whole))
	if err := os.Truncate(path, int64(len(whole))); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return whole, nil
}

// maxLedgerBytes bounds what is read of a ledger or of observations to go on with
// them: some 2 KB a row, and a block of rounds has a row.
const maxLedgerBytes = 1 << 30

// removePartial removes files that were being written, and counts them.
func removePartial(dir string) (count int, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || !strings.HasPrefix(entry.Name(), partialPrefix) {
			return err
		}
		count++
		return os.Remove(path)
	})
	if err != nil {
		return count, fmt.Errorf("bundle: %w", err)
	}
	return count, nil
}

// recordLosses writes down what the ledger does not say yet.
func (w *Writer) recordLosses(rows []LedgerRow, torn map[string]int64, unfinished int) error {
	lost := going(rows)
	if len(lost) == 0 && len(torn) == 0 && unfinished == 0 && ended(rows) {
		return nil
	}
	w.recovered = true
	for _, row := range lost {
		row.Event, row.Time, row.Outcome, row.Reason = EventEnded, time.Now(), Lost, "the harness ended while the launch was going"
		if err := w.Append(row); err != nil {
			return err
		}
	}
	reason := "the harness ended without a word, as by a kill or a crash"
	if unfinished > 0 {
		reason += fmt.Sprintf("; unfinished files removed: %d", unfinished)
	}
	return w.Append(LedgerRow{Time: time.Now(), Event: EventBroken, Reason: reason, Torn: torn})
}

// going are the rows of launches that have begun and not ended.
func going(rows []LedgerRow) []LedgerRow {
	var open []LedgerRow
	for _, row := range rows {
		switch row.Event {
		case EventStarted:
			open = append(open, row)
		case EventEnded:
			for i := range open {
				if open[i].Launch == row.Launch {
					open = append(open[:i], open[i+1:]...)
					break
				}
			}
		}
	}
	return open
}

// ended reports whether the last session came to an end that it wrote down: what
// it does last is to reveal the nonce.
func ended(rows []LedgerRow) bool {
	last := rows[len(rows)-1].Event
	return last == EventNonce || last == EventBroken
}
