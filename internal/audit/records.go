package audit

// This file gathers what a bundle has beside ledger and samples: what was seen of
// processes and machine, what was sent, and how contenders were made. Bundles from
// before these were kept have none, and points that rest on them are skips.

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"cupel/internal/evidence"
)

// readRecords gathers the records of all launches and of the machine.
func (c *Case) readRecords() error {
	byNumber := map[int]*Launch{}
	replicates := map[int]bool{}
	for _, launch := range c.Launches {
		launch.Inspections, launch.Scores = map[evidence.Moment]*evidence.Inspection{}, map[evidence.ProbeScores]*evidence.Scores{}
		byNumber[launch.Number], replicates[launch.Replicate] = launch, true
	}
	for i := range c.Bundle.Inspections {
		if row := &c.Bundle.Inspections[i]; byNumber[row.Launch] != nil {
			byNumber[row.Launch].Inspections[row.Moment] = row
		}
	}
	for i := range c.Bundle.Scores {
		if row := &c.Bundle.Scores[i]; byNumber[row.Launch] != nil {
			byNumber[row.Launch].Scores[row.Asked] = row
		}
	}
	for i := range c.Bundle.HardRows {
		if row := &c.Bundle.HardRows[i]; byNumber[row.Launch] != nil {
			byNumber[row.Launch].Hard = row
		}
	}
	if err := c.readInputs(slices.Sorted(maps.Keys(replicates))); err != nil {
		return err
	}
	var err error
	if c.Harness, err = readRecord[evidence.Harness](c, evidence.HarnessFile); err != nil {
		return err
	}
	c.RunLog, err = c.Bundle.RunLog()
	return err
}

// maxInputs bounds the files of rows of a run; a replicate has some thousand.
const maxInputs = 1 << 21

// readInputs gathers what was sent in the replicates.
func (c *Case) readInputs(replicates []int) error {
	c.Inputs, c.FilesOf = map[int32]evidence.InputsFile{}, map[int32]int{}
	for _, replicate := range replicates {
		files, err := optionalRecord(c.Bundle.Inputs(replicate))
		if err != nil {
			return err
		}
		for _, file := range files {
			if first, twice := c.FilesOf[file.Number]; twice {
				return fmt.Errorf("bundle: %s: file %d of rows is in replicate %d and in replicate %d", evidence.InputsDir, file.Number, first, replicate)
			}
			c.Inputs[file.Number], c.FilesOf[file.Number] = file, replicate
		}
		if len(c.Inputs) > maxInputs {
			return fmt.Errorf("bundle: %s: more than %d files of rows", evidence.InputsDir, maxInputs)
		}
	}
	return nil
}

// readMaking gathers how a contender was made.
func (c *Case) readMaking(contender *Contender) (err error) {
	folder := filepath.Join(evidence.ContendersDir, filepath.Base(contender.Name))
	if contender.Packages, err = readRecord[evidence.Packages](c, filepath.Join(folder, evidence.PackagesFile)); err != nil {
		return err
	}
	contender.Build, err = readRecord[evidence.Build](c, filepath.Join(folder, evidence.BuildFile))
	return err
}

// readRecord reads a JSON file of the bundle, nil where there is none.
func readRecord[T any](c *Case, name string) (*T, error) {
	text, err := c.Read(name)
	if err != nil || text == nil {
		return nil, err
	}
	record := new(T)
	if err := json.Unmarshal(text, record); err != nil {
		return nil, fmt.Errorf("bundle: %s: %w", name, err)
	}
	return record, nil
}

// optionalRecord is nothing where a file is not there.
func optionalRecord[T any](rows []T, err error) ([]T, error) {
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return rows, err
}

// Look is what was seen of a launch at a moment, nil where nobody looked.
func (l *Launch) Look(moment evidence.Moment) *evidence.Inspection { return l.Inspections[moment] }

// EachRequest visits the requests of a launch of one phase, or all where it is empty.
func (l *Launch) EachRequest(phase evidence.Phase, visit func(evidence.Request)) {
	for _, request := range l.Requests {
		if phase == "" || request.Phase == phase {
			visit(request)
		}
	}
}

// InputFiles are all files of rows that were sent, by number.
func (c *Case) InputFiles() []evidence.InputsFile {
	files := make([]evidence.InputsFile, 0, len(c.Inputs))
	for _, file := range c.Inputs {
		files = append(files, file)
	}
	slices.SortFunc(files, func(a, b evidence.InputsFile) int { return int(a.Number) - int(b.Number) })
	return files
}

// FittedRow is the ledger's row of the fit, or nil.
func (c *Case) FittedRow() *evidence.LedgerRow { return c.FirstRow(evidence.EventFitted) }

// FirstRow is the ledger's first row of an event, nil where it has none.
func (c *Case) FirstRow(event evidence.Event) *evidence.LedgerRow {
	at := slices.IndexFunc(c.Bundle.Ledger, func(row evidence.LedgerRow) bool { return row.Event == event })
	if at < 0 {
		return nil
	}
	return &c.Bundle.Ledger[at]
}
