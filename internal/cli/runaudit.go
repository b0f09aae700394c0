package cli

// This file audits what a run has measured, at its end.

import (
	"errors"
	"fmt"
	"path/filepath"

	"cupel/internal/audit"
	"cupel/internal/evidence"
	"cupel/internal/report"
)

// auditFile is the audit among the derived files.
const auditFile = "audit.json"

// audit judges the bundle and writes the audit among the derived files. It returns
// nothing where there is no claim to judge. An audit that can't be made is no reason to
// lose what was measured; one that can't be written is as any result that can't.
func (r *runner) audit() (*audit.Report, error) {
	opened, err := audit.Open(r.bundle.Dir(), audit.Options{Parse: parseCommand})
	if errors.Is(err, audit.ErrNoClaim) {
		return nil, nil
	}
	if err != nil {
		fmt.Fprintf(r.stderr, "the audit could not be made: %v\n", err)
		return nil, nil
	}
	result := opened.Audit()
	// The bundle is published, and where it lay on this machine is nobody's affair.
	result.Files = []string{filepath.Base(r.bundle.Dir())}
	return result, r.bundle.WriteJSON(filepath.Join(evidence.ResultsDir, auditFile), result)
}

// showAudit prints what an audit came to, in short.
func (r *runner) showAudit(result *audit.Report) error {
	if result == nil || r.options.asJSON {
		return nil
	}
	fmt.Fprintln(r.stdout)
	if err := report.WriteAuditSummary(r.stdout, result, styleOf(r.stdout)); err != nil {
		return err
	}
	fmt.Fprintf(r.stdout, "audit    %s\n", r.bundle.Path(evidence.ResultsDir, auditFile))
	return nil
}
