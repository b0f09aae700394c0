package evidence

// This file reads bundles. A bundle may come from a stranger: sizes are bounded
// and paths are the layout's own.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"cupel/internal/suite"
)

// Bounds on what is read into memory.
const (
	maxJSONBytes    = 64 << 20
	maxLineBytes    = 4 << 20
	maxLedgerRows   = 1 << 20
	maxLaunchValues = 1 << 24
)

// Bundle is a bundle opened for reading.
type Bundle struct {
	Dir string
	// kept are samples by their file's name; nil where none are kept.
	kept map[string]*LaunchSamples
	// cell names the cell that this is of; empty for the whole.
	cell        string
	Plan        suite.Plan
	Environment Environment
	Ledger      []LedgerRow
	// Observations are by launch, Blocks in the order of their rounds.
	Observations map[int]Observation
	Blocks       []Block
	// These are in the order in which they were written.
	Machines    []Machine
	Inspections []Inspection
	Scores      []Scores
	HardRows    []HardRows
	// Closures are by their digest.
	Closures map[string]Closure
	// Statements are by contender; those that never answered have none.
	Statements map[string]Statement
	// Torn names files whose last line was being written when the harness ended: it
	// has no line feed and is left out.
	Torn []string
}

// Open reads everything of a bundle but its samples.
func Open(dir string) (*Bundle, error) {
	b := &Bundle{Dir: dir, Observations: map[int]Observation{}, Statements: map[string]Statement{}, Closures: map[string]Closure{}}
	if err := readJSON(dir, PlanFile, &b.Plan); err != nil {
		return nil, err
	}
	if err := b.Plan.Check(); err != nil {
		return nil, fmt.Errorf("bundle: %s: %w", filepath.Join(dir, PlanFile), err)
	}
	if err := readJSON(dir, EnvironmentFile, &b.Environment); err != nil {
		return nil, err
	}
	keep := func(row LedgerRow) error { b.Ledger = append(b.Ledger, row); return nil }
	if err := readLines(b, LedgerFile, keep); err != nil {
		return nil, err
	}
	if err := readLines(b, ObservationsFile, b.observe); err != nil {
		return nil, err
	}
	for _, name := range b.Plan.Contenders {
		var statement Statement
		err := readJSON(dir, filepath.Join(ContendersDir, filepath.Base(name), StatementFile), &statement)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		b.Statements[name] = statement
	}
	return b, nil
}

// observe takes in one row of the observations.
func (b *Bundle) observe(text json.RawMessage) error {
	var of struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(text, &of); err != nil {
		return err
	}
	switch of.Kind {
	case kindLaunch:
		var row Observation
		if err := json.Unmarshal(text, &row); err != nil {
			return err
		}
		b.Observations[row.Launch] = row
	case kindBlock:
		var row Block
		if err := json.Unmarshal(text, &row); err != nil {
			return err
		}
		b.Blocks = append(b.Blocks, row)
	case kindMachine:
		return keep(text, &b.Machines)
	case kindInspection:
		return keep(text, &b.Inspections)
	case kindScores:
		return keep(text, &b.Scores)
	case kindHardRows:
		return keep(text, &b.HardRows)
	case kindClosure:
		var row Closure
		if err := json.Unmarshal(text, &row); err != nil {
			return err
		}
		b.Closures[row.SHA256] = row
	default:
		return fmt.Errorf("kind %q is not known", of.Kind)
	}
	return nil
}

// keep adds a row to those of its kind.
func keep[T any](text json.RawMessage, rows *[]T) error {
	var row T
	if err := json.Unmarshal(text, &row); err != nil {
		return err
	}
	*rows = append(*rows, row)
	return nil
}

// StatementFile lies in a contender's folder of the bundle.
const StatementFile = "statement.json"

// StderrDir lies in a contender's folder of the bundle and has what it wrote there.
const StderrDir = "stderr"

// Samples reads the samples of one launch.
func (b *Bundle) Samples(launch int, contender string) ([]Sample, error) {
	name := SamplesFile(launch, filepath.Base(contender))
	file, size, err := openWithin(b.Dir, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	samples, err := readSamples(file, size)
	if err != nil {
		return nil, fmt.Errorf("bundle: %s: %w", filepath.Join(b.Dir, name), err)
	}
	return samples, nil
}

func readJSON(dir, name string, into any) error {
	file, size, err := openWithin(dir, name)
	if err != nil {
		return err
	}
	defer file.Close()
	path := filepath.Join(dir, name)
	if size > maxJSONBytes {
		return fmt.Errorf("bundle: %s: %d bytes; at most %d are read", path, size, maxJSONBytes)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxJSONBytes))
	if err != nil {
		return fmt.Errorf("bundle: %s: %w", path, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("bundle: %s: %w", path, err)
	}
	return nil
}

func readLines[T any](b *Bundle, name string, keep func(T) error) error {
	path := filepath.Join(b.Dir, name)
	file, _, err := openWithin(b.Dir, name)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxLineBytes)
	torn := false
	lines.Split(wholeLines(&torn))
	for number := 1; lines.Scan(); number++ {
		if number > maxLedgerRows {
			return fmt.Errorf("bundle: %s: more than %d lines", path, maxLedgerRows)
		}
		var row T
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return fmt.Errorf("bundle: %s:%d: %w", path, number, err)
		}
		if err := keep(row); err != nil {
			return fmt.Errorf("bundle: %s:%d: %w", path, number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("bundle: %s: %w", path, err)
	}
	if torn {
		b.Torn = append(b.Torn, name)
	}
	return nil
}

// wholeLines splits at line feeds and leaves out what comes after the last one.
func wholeLines(torn *bool) bufio.SplitFunc {
	return func(data []byte, atEnd bool) (advance int, line []byte, err error) {
		if at := bytes.IndexByte(data, '\n'); at >= 0 {
			return at + 1, data[:at], nil
		}
		*torn = atEnd && len(data) > 0
		if *torn {
			return len(data), nil, nil
		}
		return 0, nil, nil
	}
}
