// Package evidence is the bundle: the directory that holds everything a run
// has seen, in formats that ordinary tools read.
//
// Nothing is sorted, rounded, trimmed or dropped on its way to disk. Records of
// what happened are append-only lines of JSON (ledger.jsonl, observations.jsonl);
// samples are one Parquet file a launch, which appears by an atomic rename when
// the launch has ended, so a run that is killed loses the launch that was going
// and no other. What can be derived from the rest lies in results/ alone.
//
// Three things show that nothing was changed afterwards:
//
//   - Each row of the ledger carries in `previous` the SHA-256 of the row before it,
//     in lower-case hex, over the exact bytes of that row's line without its line
//     feed. The first row carries the SHA-256 of no bytes. The digest of the last
//     row is the chain's head, so a row can't be changed, dropped, moved or added
//     without another head.
//   - manifest.json lists every file but those in results/, itself and the seal, with
//     size and SHA-256, and the SHA-256 of each block of it, so that damage shows
//     where it is. What is in results/ is no evidence: it is recomputed.
//     results/manifest.json lists it likewise, so that damage shows.
//   - seal.dsse.json is an in-toto statement about the digests of manifest and plan
//     and the ledger's head, signed in a DSSE envelope.
package evidence

// This file holds a bundle's layout and the writer.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The files of a bundle, relative to its directory.
const (
	SuiteFile        = "suite.toml"
	PlanFile         = "plan.json"
	LedgerFile       = "ledger.jsonl"
	EnvironmentFile  = "environment.json"
	ObservationsFile = "observations.jsonl"
	SamplesDir       = "samples"
	ContendersDir    = "contenders"
	ResultsDir       = "results"
	ManifestFile     = "manifest.json"
	SealFile         = "seal.dsse.json"
	// ResultsManifestFile is of the derived files alone, and not sealed.
	ResultsManifestFile = "results/manifest.json"
)

// Writer writes a bundle. Its methods may be called concurrently.
type Writer struct {
	dir          string
	mutex        sync.Mutex
	ledger       *os.File
	observations *os.File
	chain        Chain
	// lock keeps other processes from writing the bundle.
	lock *os.File
	// began is when this process took up the run, before what the run had lasted
	// until then.
	began  time.Time
	before time.Duration
	// recovered says that the run had ended without a word.
	recovered bool
}

// Create makes a new bundle in dir, which must not exist or be empty.
func Create(dir string) (*Writer, error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("output directory %s is not empty; give another with --out", dir)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("output directory: %w", err)
	}
	for _, sub := range []string{SamplesDir, ContendersDir, ResultsDir} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("output directory: %w", err)
		}
	}
	lock, err := lockDir(context.Background(), dir, 0)
	if err != nil {
		return nil, err
	}
	ledger, err := openLines(filepath.Join(dir, LedgerFile), os.O_CREATE|os.O_EXCL|os.O_APPEND)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	observations, err := openLines(filepath.Join(dir, ObservationsFile), os.O_CREATE|os.O_EXCL|os.O_APPEND)
	if err != nil {
		return nil, errors.Join(err, ledger.Close(), lock.Close())
	}
	return &Writer{dir: dir, ledger: ledger, observations: observations, lock: lock, began: time.Now()}, nil
}

func openLines(path string, flags int) (*os.File, error) {
	file, err := os.OpenFile(path, flags|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return file, nil
}

// Dir is the bundle's directory.
func (w *Writer) Dir() string { return w.dir }

// Elapsed is the time since the run began, by a clock that nobody sets. The time
// between a session of the run and its resumption is not in it.
func (w *Writer) Elapsed() time.Duration { return w.before + time.Since(w.began) }

// Lock is the open file that holds the bundle's lock, for a process that is to have
// it when this one ends.
func (w *Writer) Lock() *os.File { return w.lock }

// Path is the path of a file of the bundle, given relative to it.
func (w *Writer) Path(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}

// Append adds a row to the ledger and sees it to the disk.
func (w *Writer) Append(row LedgerRow) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	row.Sequence, row.Previous = w.chain.Rows, w.chain.Head()
	row.ElapsedNanoseconds = w.Elapsed().Nanoseconds()
	line, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if err := appendLine(w.ledger, line); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	w.chain.Add(line)
	if err := w.ledger.Sync(); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// Observe adds what was seen of a launch to the observations.
func (w *Writer) Observe(row Observation) error {
	row.Kind = kindLaunch
	return w.observe(row)
}

// ObserveBlock adds what was seen over a block of rounds to the observations.
func (w *Writer) ObserveBlock(row Block) error {
	row.Kind = kindBlock
	return w.observe(row)
}

// Note adds what was seen at one moment, or answered to one question, to the
// observations.
func (w *Writer) Note(row Noted) error { return w.observe(row.noted()) }

func (w *Writer) observe(row any) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	line, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("observations: %w", err)
	}
	if err := appendLine(w.observations, line); err != nil {
		return fmt.Errorf("observations: %w", err)
	}
	return nil
}

// appendLine writes a line whole or not at all, as on a full disk, where half of one
// would spoil the next.
func appendLine(file *os.File, line []byte) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		return errors.Join(err, file.Truncate(info.Size()))
	}
	return nil
}

// WriteFile writes a file of the bundle whole or not at all.
func (w *Writer) WriteFile(name string, data []byte) error {
	return WriteAtomic(w.Path(name), data)
}

// WriteJSON writes value as an indented JSON file.
func (w *Writer) WriteJSON(name string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("bundle: %s: %w", name, err)
	}
	return w.WriteFile(name, append(text, '\n'))
}

// Close ends the writing.
func (w *Writer) Close() error {
	return errors.Join(w.ledger.Close(), w.observations.Close(), w.lock.Close())
}

// WriteAtomic writes a file whole or not at all, and its directory if need be.
func WriteAtomic(path string, data []byte) error {
	return writeAtomic(path, func(file *os.File) error {
		_, err := file.Write(data)
		return err
	})
}

// partialPrefix begins the names of files that are being written.
const partialPrefix = ".partial-"

// writeAtomic writes path through a temporary file beside it, so that no reader
// ever sees a part of it.
//
// Rejected: google/renameio. It does not synchronise the directory after the rename,
// does not let the caller name temporary files so that a resumed run can remove what a
// killed one left, and has no functions on Windows.
func writeAtomic(path string, write func(*os.File) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), partialPrefix+"*")
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	steps := []func() error{
		func() error { return write(file) },
		func() error { return file.Chmod(0o644) },
		file.Sync,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("bundle: %s: %w", path, errors.Join(err, file.Close()))
		}
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("bundle: %s: %w", path, err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// syncDir sees a new name to the disk: a ledger must not tell of a file that a power
// cut takes back. What can't be synchronised on this file system is left to it.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	_ = dir.Sync()
	return dir.Close()
}
