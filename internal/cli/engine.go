package cli

// This file holds `cupel engine`: the Go contenders, which are this same binary, and the
// test of any contender against the protocol.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cupel/engines"
	"cupel/internal/conformance"
	"cupel/internal/contender"
	"cupel/internal/goengines"
	"cupel/internal/host"
	"cupel/internal/provision"
	"cupel/internal/sandbox"
	"cupel/internal/suite"
)

func engineCommand(stdin io.Reader, stdout io.Writer) *cobra.Command {
	command := &cobra.Command{
		Use:   "engine",
		Short: "Run a Go engine as a contender, or test a contender against the protocol",
		// Without RunE, cobra prints help for a misspelt subcommand and returns no error.
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return exit(ExitUsage, errors.New("engine needs a subcommand: "+strings.Join(engineVerbs(), ", ")))
			}
			return exit(ExitUsage, fmt.Errorf("engine has no %q; it has %s, and `cupel engine check %s` tests a built-in engine", args[0], strings.Join(engineVerbs(), ", "), args[0]))
		},
	}
	for _, record := range engines.OfLanguage(engines.Go) {
		engine, implemented := goengines.Lookup(record.Name)
		if !implemented {
			continue
		}
		command.AddCommand(&cobra.Command{
			Use:   record.Name,
			Short: "Run as contender " + record.Name + ": requests on stdin, replies on stdout",
			Args:  cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				// With its own thread, the timed loop changes processors only when the
				// kernel moves that thread.
				runtime.LockOSThread()
				return contender.Serve(engine, stdin, stdout)
			},
		})
	}
	command.AddCommand(engineCheckCommand(stdout))
	return command
}

// engineVerbs are the subcommands of `cupel engine`.
func engineVerbs() []string {
	var verbs []string
	for _, record := range engines.OfLanguage(engines.Go) {
		verbs = append(verbs, record.Name)
	}
	return append(verbs, "check")
}

func engineCheckCommand(stdout io.Writer) *cobra.Command {
	asJSON := false
	var limit time.Duration
	unconfined := false
	command := &cobra.Command{
		Use:   "check {ENGINE | -- COMMAND [ARGUMENT...]}",
		Short: "Test a contender's program against the protocol",
		Long: `Test a contender's program against the protocol and print what is wrong. The
program is your own, after --, or a built-in engine that is installed. It runs
confined, as in a run: it has no network and writes only below $TMPDIR.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			program, dir, err := contenderProgram(args, command.ArgsLenAtDash() == 0)
			if err != nil {
				return err
			}
			box, err := host.Sandbox(command.Context(), unconfined)
			if err != nil {
				return err
			}
			return checkEngine(command.Context(), program, dir, box, limit, asJSON, stdout)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	command.Flags().DurationVar(&limit, "limit", 0, "how long to wait for each reply (default: the limits of a run)")
	command.Flags().BoolVar(&unconfined, "unconfined", false, "for debugging: run the program without the confinement of a run")
	return command
}

// contenderProgram returns the command to test: args themselves after a "--", or else
// the command of the built-in engine that the single argument names.
func contenderProgram(args []string, dashed bool) (command []string, dir string, err error) {
	if dashed {
		return args, "", nil
	}
	engine, known := engines.Lookup(args[0])
	if len(args) > 1 || !known {
		return nil, "", exit(ExitUsage, fmt.Errorf("%q is not a built-in engine (%s); put your own command after --",
			strings.Join(args, " "), strings.Join(engines.Names(), ", ")))
	}
	provisioner, err := provision.New()
	if err != nil {
		return nil, "", err
	}
	installed, err := provisioner.Find(engine)
	if err != nil {
		return nil, "", exit(ExitUsage, err)
	}
	return installed.Command, installed.Dir, nil
}

func checkEngine(ctx context.Context, program []string, dir string, box *sandbox.Sandbox, limit time.Duration, asJSON bool, stdout io.Writer) error {
	directory, remove, err := host.Scratch()
	if err != nil {
		return err
	}
	defer remove()
	if !asJSON {
		fmt.Fprintf(stdout, "confinement: %s\n", box.Summary())
	}
	limits := suite.DefaultLimits
	if each := suite.Duration(limit); limit > 0 {
		limits = suite.Limits{Hello: each, Load: each, Infer: each, Quit: min(each, limits.Quit)}
	}
	findings, err := conformance.Run(ctx, conformance.Config{
		Command: program, Dir: dir, Scratch: directory, Sandbox: box, Limits: limits,
		Report: func(finding conformance.Finding) {
			if !asJSON {
				writeFinding(stdout, finding)
			}
		},
	})
	if err != nil {
		return err
	}
	if asJSON {
		if err := writeJSON(stdout, findings); err != nil {
			return err
		}
	}
	counts := map[conformance.Status]int{}
	for _, finding := range findings {
		counts[finding.Status]++
	}
	if !asJSON {
		fmt.Fprintf(stdout, "%d passed, %d failed, %d skipped\n", counts[conformance.Pass], counts[conformance.Fail], counts[conformance.Skip])
	}
	if counts[conformance.Fail] > 0 {
		return &exitError{code: ExitNo, err: errors.New("the contender breaks the protocol"), quiet: true}
	}
	return nil
}

func writeFinding(w io.Writer, finding conformance.Finding) {
	detail := finding.Detail
	if detail != "" {
		detail = ": " + detail
	}
	fmt.Fprintf(w, "%s  %s%s\n", finding.Status, finding.Check, detail)
	for _, line := range finding.Log {
		fmt.Fprintf(w, "      stderr: %s\n", line)
	}
}
