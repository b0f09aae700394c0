// Package cli is the command line: one file for each verb. A verb reads its arguments,
// calls the packages below, and writes what they return. It decides nothing itself.
package cli

// This file holds the root command, the exit codes and what all verbs share.

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
	// ExitOK says that the command did what was asked, or that the answer is yes.
	ExitOK = 0
	// ExitNo says that the answer is no.
	ExitNo = 1
	// ExitUsage says that the command line or an input can't be used.
	ExitUsage = 2
	// ExitNoAnswer says that there is no answer: nothing was measured, or the command was interrupted.
	ExitNoAnswer = 3
)

// exitError is an error with an exit code. A quiet one has already been printed.
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
		// errors.Join puts each error on its own line.
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
	// The rest are cobra's errors about verbs and flags, and unusable inputs.
	return ExitUsage, false
}

func rootCommand(stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "cupel",
		Short: "Measure inference engines against each other and show the evidence",
		Long: `cupel measures inference engines against each other. It checks that each engine
gives the right answers before it times it, and it keeps every sample.

  cupel run            measure the default suite
  cupel audit FILE     audit published results
  cupel list           show the suites and engines, and which are installed`,
		Version:       "unused", // cobra adds --version if this is not empty
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	// The version is a digest of the sources, computed only for --version: a contender is
	// also this program, and the harness times its start.
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

// interruptible makes a verb that only reads and prints end at the first signal. Such a
// verb has nothing to finish, so it does not check its context.
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
