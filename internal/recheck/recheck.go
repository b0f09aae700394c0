// Package recheck verifies a bundle whole: package verify checks files and figures by
// code of its own, and what stands in words, the Markdown page and the audit, is made
// again here by the packages that make it.
//
// The page is believed as far as verify has checked the figures that it prints. The audit
// has no second author: making it again shows one that was edited, and can't show one
// that was wrong from the start.
package recheck

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"cupel/internal/audit"
	"cupel/internal/audit/judge"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/report"
	"cupel/internal/verify"
	"cupel/internal/version"
)

// Options is what a check may be asked besides.
type Options struct {
	// Key must have signed, where it is given.
	Key ed25519.PublicKey
	// Audit asks for the audit too. Parse is the command line's parser, which the audit
	// asks whether commands of a bundle are commands of this program.
	Audit bool
	Parse func(arguments []string) error
	// Opened is the bundle, where the caller has opened it and kept its samples.
	Opened *evidence.Bundle
}

// Bundle checks the bundle in dir. An error says that there is none to check.
func Bundle(ctx context.Context, dir string, options Options) (*verify.Report, error) {
	c := &checker{dir: dir, audits: options.Audit, parse: options.Parse, bundle: options.Opened}
	found, err := verify.Bundle(ctx, dir, verify.Options{Key: options.Key, Version: version.Cupel(), Page: c.page})
	if err == nil && found.Intact && options.Audit {
		c.compareAudit(found)
	}
	return found, err
}

// Page renders the report of the bundle in dir again, with the figures that it prints. It
// is for a caller of package verify that does without the audit, as its tests do.
func Page(dir string) (verify.Page, error) { return (&checker{dir: dir}).page(dir) }

// checker holds what both parts of a check read, so that samples are read once for them.
type checker struct {
	dir    string
	audits bool
	parse  func([]string) error
	bundle *evidence.Bundle
	// text is the bundle's audit as it stands there; nil where it has none. textErr and
	// openErr say why it can't be read or made again.
	text             []byte
	opened           *audit.Case
	textErr, openErr error
}

func auditName() string { return path.Join(evidence.ResultsDir, report.AuditFile) }

// openAudit reads the audit, if the bundle has one, and what is needed to make it again.
func (c *checker) openAudit() {
	c.text, c.textErr = os.ReadFile(filepath.Join(c.dir, filepath.FromSlash(auditName())))
	if c.textErr == nil {
		c.opened, c.openErr = audit.Open(c.dir, audit.Options{Parse: c.parse})
	}
}

// page is called by verify when the raw data are as they were sealed.
func (c *checker) page(dir string) (verify.Page, error) {
	if c.audits {
		c.openAudit()
	}
	bundle, err := c.bundle, error(nil)
	if bundle == nil {
		bundle, err = evidence.Open(dir)
	}
	if err != nil {
		return verify.Page{}, err
	}
	results, err := report.DeriveFrom(bundle, c.samples(bundle))
	if err != nil {
		return verify.Page{}, err
	}
	var page bytes.Buffer
	if err := results.WriteMarkdown(&page); err != nil {
		return verify.Page{}, err
	}
	figures, err := results.Figures()
	return verify.Page{Markdown: page.Bytes(), Figures: figures}, err
}

// samples reads the samples of launches, of those that the audit has read from there.
func (c *checker) samples(bundle *evidence.Bundle) report.Reader {
	read := map[string]*evidence.LaunchSamples{}
	if c.opened != nil {
		for _, launch := range c.opened.Launches {
			if launch.Samples != nil {
				read[evidence.SamplesFile(launch.Number, launch.Contender)] = launch.Samples
			}
		}
	}
	bursts := 0
	return func(launch int, contender string) (*evidence.LaunchSamples, error) {
		if samples, known := read[evidence.SamplesFile(launch, contender)]; known {
			return samples, nil
		}
		samples, err := bundle.LaunchSamples(launch, contender)
		if err != nil {
			return nil, err
		}
		if bursts += len(samples.Bursts); bursts > maxBursts {
			return nil, fmt.Errorf("%w: more than %d bursts", verify.ErrTooLarge, maxBursts)
		}
		return samples, nil
	}
}

// maxBursts bounds what is kept of a stranger's bundle, each some 200 bytes. A run of ten
// minutes has some 100,000.
const maxBursts = 1 << 22

// compareAudit compares the audit in results/, which is not sealed, with the one made
// again. Of another version's audit this one's may differ honestly.
func (c *checker) compareAudit(found *verify.Report) {
	if errors.Is(c.textErr, fs.ErrNotExist) {
		return
	}
	where, err := "", c.textErr
	if err == nil {
		where, err = c.auditDifference()
	}
	switch {
	case err == nil:
	case found.Cupel != version.Cupel():
		found.Unchecked = append(found.Unchecked, fmt.Sprintf("%s is another than this version makes: %v. The bundle is by cupel %s, this is %s: that one can tell whether it was changed",
			auditName(), err, found.Cupel, version.Cupel()))
	default:
		found.Faults = append(found.Faults, verify.Fault{File: auditName(), Where: where, Message: protocol.Printable(err.Error(), 1000)})
		found.Intact = false
	}
}

// auditDifference says where the audit differs from the one that the bundle gives.
func (c *checker) auditDifference() (where string, err error) {
	if c.openErr != nil {
		return "", fmt.Errorf("can't be made again: %w", c.openErr)
	}
	var told audit.Report
	if err := json.Unmarshal(c.text, &told); err != nil {
		return "", err
	}
	made := judge.Bundle(c.opened)
	// It names the bundle by where it lay then.
	if len(told.Files) == len(made.Files) {
		made.Files = told.Files
	}
	due, err := json.MarshalIndent(made, "", "  ")
	if err != nil || bytes.Equal(c.text, append(due, '\n')) {
		return "", err
	}
	switch {
	case told.Claim != made.Claim:
		return "claim", fmt.Errorf("is %q; the bundle gives %q", told.Claim, made.Claim)
	case told.Verdict != made.Verdict:
		return "verdict", fmt.Errorf("is %q; the bundle gives %q", told.Verdict, made.Verdict)
	case told.Counts != made.Counts:
		return "counts", fmt.Errorf("are %+v; the bundle gives %+v", told.Counts, made.Counts)
	}
	line := 1 + bytes.Count(c.text[:firstDifference(c.text, due)], []byte("\n"))
	return fmt.Sprintf("line %d", line), errors.New("is not what the bundle gives")
}

func firstDifference(a, b []byte) int {
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	return at
}
