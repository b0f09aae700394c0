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
	"os"
	"strings"

	"github.com/spf13/cobra"

	"cupel/internal/protocol"
	"cupel/internal/provision"
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

// scratch makes a temporary directory that remove removes. It can't be listed: a
// contender opens the files in it that it is told of.
func scratch() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(inMemory(), "cupel-")
	if err != nil {
		return "", nil, fmt.Errorf("no temporary directory: %w", err)
	}
	remove = func() {
		_ = os.Chmod(dir, 0o700)
		os.RemoveAll(dir)
	}
	if err := os.Chmod(dir, 0o300); err != nil {
		remove()
		return "", nil, fmt.Errorf("temporary directory: %w", err)
	}
	return dir, remove, nil
}

// inMemory is a directory that the kernel keeps in memory, where it has room for
// the inputs of a round and for models, or else nothing: files that are written and
// read thousands of times a second have no business on a disk.
func inMemory() string {
	const shared, enough = "/dev/shm", 512 << 20
	if os.Getenv("TMPDIR") != "" || freeBytes(shared) < enough {
		return ""
	}
	return shared
}

// provisionReason tells an error of an installation as reason and remedy.
func provisionReason(err error) (reason, remedy string) {
	if unavailable := new(provision.Unavailable); errors.As(err, &unavailable) {
		return unavailable.Reason, unavailable.Remedy
	}
	return err.Error(), ""
}
