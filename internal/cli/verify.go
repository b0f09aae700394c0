package cli

// This file holds `cupel verify` and `cupel sign`.

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"cupel/internal/evidence"
	"cupel/internal/recheck"
	"cupel/internal/verify"
)

func verifyCommand(stdout io.Writer) *cobra.Command {
	var key string
	var asJSON bool
	command := &cobra.Command{
		Use:   "verify BUNDLE",
		Short: "Check that a bundle is unchanged, and that its results follow from its samples",
		Long: `Check a bundle: the digest of each file, the seal and its signatures, the chain of
the ledger, the schema of each JSON text, and each figure in results/. The figures
are computed again from the samples, by other code than the code that wrote them. The
report and the audit in results/ are made again, by the same code. Each fault is printed with its
file and place. The exit code is 3 if nothing is wrong but something could not be
checked, such as a report in the words of another version.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			options := recheck.Options{Audit: true, Parse: parseCommand}
			if key != "" {
				public, err := evidence.LoadPublicKey(key)
				if err != nil {
					return exit(ExitUsage, err)
				}
				options.Key = ed25519.PublicKey(public)
			}
			report, err := recheck.Bundle(command.Context(), args[0], options)
			if err != nil {
				return err
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
	command.Flags().StringVar(&key, "key", "", "PEM file with a public key; the bundle must be signed with it")
	command.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return command
}

// verifiedExit returns the error with the exit code of a verification, or nil if all is
// intact and checked.
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
	fmt.Fprintf(&text, "verdict  %s: the digests of %d files were compared, and %d figures were computed again from %d samples\n", verdict, report.Files, report.Figures, report.Samples)
	_, err := io.WriteString(w, text.String())
	return err
}

func signCommand(stdout io.Writer) *cobra.Command {
	var key, role string
	command := &cobra.Command{
		Use:   "sign BUNDLE --key FILE --role NAME",
		Short: "Add a signature to a bundle's seal",
		Long: `Add a signature with a role, such as reviewer, to a bundle's seal. The bundle is
verified first; it is signed only if it is intact. The signature covers the
measurements; the results can be computed from them. The role "run" is reserved for
"cupel run --key". FILE is an ed25519 key, such as
"openssl genpkey -algorithm ed25519 -out FILE" writes.`,
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
			report, err := recheck.Bundle(command.Context(), args[0], recheck.Options{})
			if err != nil {
				return err
			}
			if !report.Intact {
				return exit(ExitNo, fmt.Errorf("%s is not intact, so it is not signed: %s", args[0], report.Faults[0]))
			}
			if err := evidence.Sign(command.Context(), args[0], loaded, role); err != nil {
				return err
			}
			_, err = fmt.Fprintf(stdout, "signed as %s by key %s\n", role, loaded.PublicKey().ID())
			return err
		},
	}
	command.Flags().StringVar(&key, "key", "", "PEM file with the private key")
	command.Flags().StringVar(&role, "role", "", "your role, such as reviewer; it is shown with the signature")
	return command
}
