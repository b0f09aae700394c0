package session

// This file ends a run: it reveals the nonce, seals the bundle, and derives results and
// audit from it.

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"cupel/internal/audit"
	"cupel/internal/audit/judge"
	"cupel/internal/evidence"
	"cupel/internal/report"
)

// end records an interruption, if there was one, and reveals the nonce. No contender runs
// any more, so none can use it.
func (o opened) end(ctx context.Context, disturbances []string) error {
	if ctx.Err() != nil {
		if err := o.bundle.Append(evidence.LedgerRow{Time: time.Now(), Event: evidence.EventInterrupted, Disturbances: disturbances}); err != nil {
			return err
		}
	}
	return o.bundle.Append(evidence.LedgerRow{Time: time.Now(), Event: evidence.EventNonce, Nonce: o.nonce})
}

// seal seals the bundle and derives the results from it. It does not seal again a bundle
// that an earlier session completed and sealed.
func (o opened) seal(ctx context.Context) (Outcome, error) {
	if o.history.over() && evidence.Sealed(o.bundle.Dir()) {
		return o.derive(ctx)
	}
	if err := o.copyRunLog(); err != nil {
		return Outcome{}, err
	}
	// The seal covers the measurements; the results are derived from them.
	if err := evidence.WriteSeal(context.WithoutCancel(ctx), o.bundle.Dir(), o.key); err != nil {
		return Outcome{}, err
	}
	return o.derive(ctx)
}

func (o opened) derive(ctx context.Context) (Outcome, error) {
	bundle, err := evidence.Open(o.bundle.Dir())
	if err != nil {
		return Outcome{}, err
	}
	results, err := report.Derive(bundle)
	if err != nil {
		return Outcome{}, err
	}
	if err := results.Write(o.bundle); err != nil {
		return Outcome{}, err
	}
	audited, err := o.audit()
	if err != nil {
		return Outcome{}, err
	}
	if err := evidence.WriteResultsManifest(o.bundle.Dir()); err != nil {
		return Outcome{}, err
	}
	interrupted := ctx.Err() != nil
	if err := o.logEnd(results, interrupted); err != nil {
		return Outcome{}, err
	}
	return Outcome{Dir: o.bundle.Dir(), Plan: o.plan, Results: results, Audit: audited, Interrupted: interrupted}, nil
}

// audit judges the bundle and writes the audit to the derived files. It returns nil if
// there is no claim to judge. An audit that can't be made is only noted, so that no
// measurement is lost. An audit that can't be written is an error, as for other results.
func (o opened) audit() (*audit.Report, error) {
	opened, err := audit.Open(o.bundle.Dir(), audit.Options{Parse: o.config.ParseCommand})
	if errors.Is(err, audit.ErrNoClaim) {
		return nil, nil
	}
	if err != nil {
		o.observer.Note(fmt.Sprintf("the audit could not be made: %v", err))
		return nil, nil
	}
	result := judge.Bundle(opened)
	// The bundle will be published, so it does not tell its private path.
	result.Files = []string{filepath.Base(o.bundle.Dir())}
	return result, o.bundle.WriteJSON(filepath.Join(evidence.ResultsDir, report.AuditFile), result)
}
