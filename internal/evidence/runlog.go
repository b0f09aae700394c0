package evidence

// This file reads the machine's log of runs as a bundle has it.

import (
	"errors"
	"fmt"
	"os"
)

// RunLog reads the machine's runs of the suite, nothing where the bundle has no log.
func (b *Bundle) RunLog() ([]RunLogRow, error) {
	var rows []RunLogRow
	err := readLines(b, RunLogFile, func(row RunLogRow) error {
		rows = append(rows, row)
		return nil
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("log of runs: %w", err)
	}
	return rows, nil
}

// PlanDigest is the digest of the plan as the ledger's first row has it, which names
// the run in the machine's log.
func (b *Bundle) PlanDigest() string {
	for _, row := range b.Ledger {
		if row.Event == EventPlan {
			return row.SHA256[PlanFile]
		}
	}
	return ""
}

// EarlierRuns are the runs of the same plan, but for nonce, budget and precision, that
// began before the one of that digest. known is false where the log does not have that one.
func EarlierRuns(log []RunLogRow, run string) (earlier []string, known bool) {
	var own RunLogRow
	for _, row := range log {
		if row.Run == run {
			own, known = row, true
			break
		}
	}
	if !known {
		return nil, false
	}
	seen := map[string]bool{run: true}
	for _, row := range log {
		if !seen[row.Run] && row.Plan == own.Plan && row.Time.Before(own.Time) {
			seen[row.Run] = true
			earlier = append(earlier, row.Run)
		}
	}
	return earlier, true
}
