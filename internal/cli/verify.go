package cli

// This file holds `cupel verify` and `cupel sign`.

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"cupel/internal/audit"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/session"
	"cupel/internal/verify"
	"cupel/internal/version"
)

func verifyCommand(stdout io.Writer) *cobra.Command {
	var key string
	var asJSON bool
	command := &cobra.Command{
		Use:   "verify BUNDLE",
		Short: "Check that a bundle is as it was sealed, and that its results follow from its samples",
		Long: `Check a bundle: the digest of every file, the seal and who signed it, the chain of
the ledger, the shape of every JSON text, and every figure in results/, made anew
from the samples by code apart from the code that wrote it. The audit in results/ is
made again too, by the same code. What is not as it should be is named with its file
and place. The exit code is 3 where nothing is wrong and something could not be
checked: a report in the words of another version.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			options := verify.Options{Version: version.Cupel()}
			if key != "" {
				public, err := evidence.LoadPublicKey(key)
				if err != nil {
					return exit(ExitUsage, err)
				}
				options.Key = ed25519.PublicKey(public)
			}
			report, err := verify.Bundle(command.Context(), args[0], options)
			if err != nil {
				return err
			}
			if report.Intact {
				compareAudit(report)
			}
			if asJSON {
				err = writeJSON(stdout, report)
			} else {
				err = writeVerification(stdout, report)
			}
			if err != nil {
				return err
			}
			return verifiedExit(report)
		},
	}
	command.Flags().StringVar(&key, "key", "", "PEM file with the public key that must have signed")
	command.Flags().BoolVar(&asJSON, "json", false, "print what was found as JSON")
	return command
}

// verifiedExit is the exit code for what a verification found.
func verifiedExit(report *verify.Report) error {
	switch {
	case !report.Intact:
		return &exitError{code: ExitNo, err: errors.New("not intact"), quiet: true}
	case len(report.Unchecked) > 0:
		return &exitError{code: ExitNoAnswer, err: errors.New("not all checked"), quiet: true}
	default:
		return nil
	}
}

// compareAudit makes the audit of an intact bundle again and compares it with the one
// in results/, which is not sealed. Package verify knows no points, so it is done here;
// of another version's audit this one's may differ honestly.
func compareAudit(report *verify.Report) {
	name := path.Join(evidence.ResultsDir, session.AuditFile)
	text, err := os.ReadFile(filepath.Join(report.Bundle, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	where := ""
	if err == nil {
		where, err = auditDifference(report.Bundle, text)
	}
	switch {
	case err == nil:
	case report.Cupel != version.Cupel():
		report.Unchecked = append(report.Unchecked, fmt.Sprintf("%s is another than this version makes: %v. The bundle is by cupel %s, this is %s: that one can tell whether it was changed",
			name, err, report.Cupel, version.Cupel()))
	default:
		report.Faults = append(report.Faults, verify.Fault{File: name, Where: where, Message: protocol.Printable(err.Error(), 1000)})
		report.Intact = false
	}
}

// auditDifference says where an audit differs from the one that the bundle gives.
func auditDifference(dir string, text []byte) (where string, err error) {
	opened, err := audit.Open(dir, audit.Options{Parse: parseCommand})
	if err != nil {
		return "", fmt.Errorf("can't be made again: %w", err)
	}
	var told audit.Report
	if err := json.Unmarshal(text, &told); err != nil {
		return "", err
	}
	made := opened.Audit()
	// It names the bundle by where it lay then.
	if len(told.Files) == len(made.Files) {
		made.Files = told.Files
	}
	due, err := json.MarshalIndent(made, "", "  ")
	if err != nil || bytes.Equal(text, append(due, '\n')) {
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
	line := 1 + bytes.Count(text[:firstDifference(text, due)], []byte("\n"))
	return fmt.Sprintf("line %d", line), errors.New("is not what the bundle gives")
}

func firstDifference(a, b []byte) int {
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	return at
}

func writeVerification(w io.Writer, report *verify.Report) error {
	var text strings.Builder
	for _, fault := range report.Faults {
		fmt.Fprintf(&text, "fault    %s\n", fault)
	}
	for _, signer := range report.Signers {
		kind := ""
		if signer.Ephemeral {
			kind = ", ephemeral"
		}
		fmt.Fprintf(&text, "signed   as %s by key %s%s\n", signer.Role, signer.KeyID, kind)
	}
	for _, reason := range report.Unchecked {
		fmt.Fprintf(&text, "unsure   %s\n", reason)
	}
	for _, note := range report.Notes {
		fmt.Fprintf(&text, "note     %s\n", note)
	}
	verdict := "intact"
	switch {
	case !report.Intact:
		verdict = "NOT INTACT"
	case len(report.Unchecked) > 0:
		verdict = "intact, but not all of the results could be checked"
	}
	fmt.Fprintf(&text, "verdict  %s: %d files have their digests compared, %d figures were made again from %d samples\n", verdict, report.Files, report.Figures, report.Samples)
	_, err := io.WriteString(w, text.String())
	return err
}

func signCommand(stdout io.Writer) *cobra.Command {
	var key, role string
	command := &cobra.Command{
		Use:   "sign BUNDLE --key FILE --role NAME",
		Short: "Add a signature to a bundle's seal",
		Long: `Add the signature of a role, such as reviewer, to a bundle's seal. The bundle is
verified first: one that is not intact is not signed. What is signed is what was
measured; results can be made again from it. The role "run" is that of whoever made
the run, by "cupel run --key". FILE is an ed25519 key, as
"openssl genpkey -algorithm ed25519 -out FILE" makes it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if strings.TrimSpace(role) == "" || key == "" {
				return exit(ExitUsage, errors.New("sign needs --key FILE and --role NAME"))
			}
			if err := verify.CheckRole(role); err != nil {
				return exit(ExitUsage, err)
			}
			loaded, err := evidence.LoadKey(key)
			if err != nil {
				return exit(ExitUsage, err)
			}
			report, err := verify.Bundle(command.Context(), args[0], verify.Options{Version: version.Cupel()})
			if err != nil {
				return err
			}
			if !report.Intact {
				return exit(ExitNo, fmt.Errorf("%s is not intact and is not signed: %s", args[0], report.Faults[0]))
			}
			if err := evidence.Sign(command.Context(), args[0], loaded, role); err != nil {
				return err
			}
			_, err = fmt.Fprintf(stdout, "signed as %s by key %s\n", role, loaded.PublicKey().ID())
			return err
		},
	}
	command.Flags().StringVar(&key, "key", "", "PEM file with the private key")
	command.Flags().StringVar(&role, "role", "", "your role, such as reviewer: it is shown with the signature")
	return command
}
