package session

// This file keeps the machine's log of runs. Each run adds a row when it begins and one
// when it ends. A bundle has a copy of the rows of its own suite and plan.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/observe"
	"cupel/internal/report"
	"cupel/internal/suite"
)

// logRun adds a row about this run to the machine's log.
func (o opened) logRun(event, reason string, claims []evidence.RunLogClaim) error {
	_, digest, err := o.plan.Encode()
	if err != nil {
		return err
	}
	same, err := samePlanDigest(*o.plan)
	if err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	// On a platform without digests the row has no digest of the program.
	cupel, _, _ := o.inventory.digests.Of(o.provisioner.Executable)
	line, err := json.Marshal(evidence.RunLogRow{
		Run: digest, Time: time.Now().UTC(), Event: event, Suite: o.plan.SuiteSHA256, Plan: same,
		Cupel: cupel, Boot: observe.Identify().BootID, Reason: reason, Claims: claims,
	})
	if err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	return appendRow(o.runLog(), line)
}

// samePlanDigest returns the digest by which the log recognizes runs of one plan. It
// ignores the nonce, budget, precision, and the suite's name and comments: with any of
// these changed, several runs could still be made to show the most favourable.
func samePlanDigest(plan suite.Plan) (string, error) {
	common := plan.Common()
	common.Suite, common.SuiteFile, common.SuiteSHA256 = "", "", ""
	text, err := json.Marshal(common)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

func (o opened) runLog() string { return filepath.Join(o.provisioner.Cache, evidence.RunLogFile) }

// appendRow adds a row to the log of runs, on its own line: a full disk may have left half
// a row there.
func appendRow(path string, line []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	whole, err := endsALine(file)
	if err == nil {
		if !whole {
			line = append([]byte{'\n'}, line...)
		}
		_, err = file.Write(append(line, '\n'))
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	return nil
}

// endsALine reports whether a file is empty or ends with a line break.
func endsALine(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return true, err
	}
	last := make([]byte, 1)
	_, err = file.ReadAt(last, info.Size()-1)
	return last[0] == '\n', err
}

// copyRunLog copies the machine's runs of this suite or this plan into the bundle.
func (o opened) copyRunLog() error {
	text, err := os.ReadFile(o.runLog())
	if errors.Is(err, os.ErrNotExist) {
		return nil // The run began elsewhere, or the log was cleared.
	}
	if err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	same, err := samePlanDigest(*o.plan)
	if err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	return o.bundle.WriteFile(evidence.RunLogFile, runsOf(text, o.plan.SuiteSHA256, same))
}

// runsOf returns the rows of a log that have this suite or this plan. It leaves out a line
// that is not a row, such as half a row left by a full disk.
func runsOf(log []byte, suiteSHA256, samePlanSHA256 string) []byte {
	var kept bytes.Buffer
	for line := range bytes.Lines(log) {
		var row evidence.RunLogRow
		if err := json.Unmarshal(line, &row); err != nil || row.Suite != suiteSHA256 && row.Plan != samePlanSHA256 {
			continue
		}
		kept.Write(bytes.TrimSuffix(line, []byte{'\n'}))
		kept.WriteByte('\n')
	}
	return kept.Bytes()
}

// logEnd adds to the machine's log what this run found. The bundle is already sealed, and
// has its own figures.
func (o opened) logEnd(results *report.Results, interrupted bool) error {
	reason := "finished"
	if interrupted {
		reason = "interrupted"
	}
	var claims []evidence.RunLogClaim
	if results.Estimates != nil {
		for _, claim := range results.Estimates.Claims {
			if math.IsInf(claim.Ratio.High, 0) || math.IsInf(claim.Ratio.Low, 0) {
				continue // Too few launches for an interval, and JSON has no infinity.
			}
			claims = append(claims, evidence.RunLogClaim{
				Faster: claim.A, Than: claim.B, Ratio: claim.Ratio.Estimate, Low: claim.Ratio.Low, High: claim.Ratio.High, Verdict: string(claim.Verdict),
			})
		}
	}
	return o.logRun("ended", reason, claims)
}
