// Package cli is the command line: one file a verb. A verb reads its arguments,
// calls the packages below, and writes what they return; it decides nothing
// itself.
package cli

// This file holds the root command, exit codes and what all verbs share.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"cupel/internal/protocol"
	"cupel/internal/suite"
	"cupel/internal/version"
)

// The exit codes. `go run` turns all but 0 into 1, so scripts use the built binary.
const (
	// ExitOK says that what was asked for is done.
	ExitOK = 0
	// ExitNo says that the answer is no.
	ExitNo = 1
	// ExitUsage says that the command line or an input can't be used.
	ExitUsage = 2
	// ExitNoAnswer says that there is no answer: nothing measured, or interrupted.
	ExitNoAnswer = 3
)

// exitError is an error with an exit code. quiet ones have been told already.
type exitError struct {
	code  int
	err   error
	quiet bool
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func exit(code int, err error) error { return &exitError{code: code, err: err} }

// Run runs the command line args, without the program's name, and returns the
// exit code. It writes errors to stderr as one line.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand(stdin, stdout, stderr)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	code, quiet := codeOf(err)
	if !quiet {
		// Errors that were joined are lines of their own.
		fmt.Fprintln(stderr, "cupel:", protocol.Printable(strings.ReplaceAll(err.Error(), "\n", "; "), 4000))
	}
	return code
}

func codeOf(err error) (code int, quiet bool) {
	if coded := new(exitError); errors.As(err, &coded) {
		return coded.code, coded.quiet
	}
	if code, found := sessionCode(err); found {
		return code, false
	}
	if inFile := new(suite.Error); errors.As(err, &inFile) {
		return ExitUsage, false
	}
	if errors.Is(err, context.Canceled) {
		return ExitNoAnswer, false
	}
	// What remains are cobra's own errors, about verbs and flags, and inputs that
	// can't be used.
	return ExitUsage, false
}

func rootCommand(stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "cupel",
		Short: "Measures inference engines against each other and shows the evidence",
		Long: `cupel measures inference engines against each other, makes sure that each gives
the right answers before it is timed, and keeps every sample.

  cupel run            measure the default suite
  cupel audit FILE     audit what somebody published
  cupel list           what there is to measure, and what is installed`,
		Version:       "unused", // cobra has the flag where this is not empty
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	// The version is digested from the sources only when it is asked for: a contender is
	// this program too, and its start is timed.
	cobra.AddTemplateFunc("cupelVersion", version.Cupel)
	root.SetVersionTemplate("{{.Name}} version {{cupelVersion}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		runCommand(stdout, stderr),
		calibrateCommand(stdout, stderr),
		provisionCommand(stdout, stderr),
		interruptible(listCommand(stdout)),
		engineCommand(stdin, stdout),
		interruptible(auditCommand(stdout)),
		interruptible(verifyCommand(stdout)),
		signCommand(stdout),
		confineCommand(),
		interruptible(compareCommand(stdout)),
		reproduceCommand(stdout, stderr),
		watchdogCommand(stdin),
	)
	return root
}

// interruptible has a verb that only reads and prints end at the first signal. It has
// nothing to bring to an end, so it need not look for one.
func interruptible(command *cobra.Command) *cobra.Command {
	run := command.RunE
	command.RunE = func(command *cobra.Command, args []string) error {
		ctx, done := command.Context(), make(chan error, 1)
		go func() { done <- run(command, args) }()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return exit(ExitNoAnswer, errors.New("interrupted"))
		}
	}
	return command
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
