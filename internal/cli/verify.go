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
from the samples by code that shares nothing with the code that wrote it. What is
not as it should be is named with its file and place.`,
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
			if asJSON {
				err = writeJSON(stdout, report)
			} else {
				err = writeVerification(stdout, report)
			}
			if err == nil && !report.Intact {
				return &exitError{code: ExitNo, err: errors.New("not intact"), quiet: true}
			}
			return err
		},
	}
	command.Flags().StringVar(&key, "key", "", "PEM file with the public key that must have signed")
	command.Flags().BoolVar(&asJSON, "json", false, "print what was found as JSON")
	return command
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
	for _, note := range report.Notes {
		fmt.Fprintf(&text, "note     %s\n", note)
	}
	verdict := "intact"
	if !report.Intact {
		verdict = "NOT INTACT"
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
verified first: one that is not intact is not signed. FILE is an ed25519 key, as
"openssl genpkey -algorithm ed25519 -out FILE" makes it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if strings.TrimSpace(role) == "" || key == "" {
				return exit(ExitUsage, errors.New("sign needs --key FILE and --role NAME"))
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
	command.Flags().StringVar(&role, "role", "", "as what you sign")
	return command
}
