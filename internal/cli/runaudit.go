package cli

// This file audits what a run has measured, at its end.

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

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
	if r.options.asJSON {
		return nil
	}
	if len(r.plan.Claims) == 0 {
		fmt.Fprintf(r.stdout, "\nnothing is audited: no claim of the suite has both its contenders in this run; `%s --claim A/B` judges any two\n", r.auditCommand())
		return nil
	}
	if result == nil {
		return nil // Why is told.
	}
	fmt.Fprintln(r.stdout)
	if err := report.WriteAuditSummary(r.stdout, result, styleOf(r.stdout)); err != nil {
		return err
	}
	fmt.Fprintf(r.stdout, "audit    %s\n", r.bundle.Path(evidence.ResultsDir, auditFile))
	if others := r.notAudited(); others != "" {
		fmt.Fprintf(r.stdout, "others   `%s` with %s\n", r.auditCommand(), others)
	}
	return nil
}

func (r *runner) auditCommand() string {
	return commandLine([]string{"cupel", "audit", r.bundle.Dir()})
}

// notAudited are the flags by which the claims and cells are audited that the run's own
// audit, which is of the first of each, leaves out.
func (r *runner) notAudited() string {
	var flags []string
	for _, claim := range r.plan.Claims[1:] {
		flags = append(flags, fmt.Sprintf("--claim %s/%s", claim.Faster, claim.Than))
	}
	for _, cell := range r.plan.Cells[min(1, len(r.plan.Cells)):] {
		flags = append(flags, "--cell "+cell.Name)
	}
	return strings.Join(flags, ", ")
}
