package cli

// This file holds the hidden verbs with which cupel starts itself again.

import (
	"io"

	"github.com/spf13/cobra"

	"cupel/internal/host"
	"cupel/internal/sandbox"
	"cupel/internal/session"
)

// confineCommand is the first program of a contender's process: it confines the process
// and then executes the contender.
func confineCommand() *cobra.Command {
	return &cobra.Command{
		Use:                host.ConfineVerb,
		Short:              "Confine this process and become a contender",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE:               func(_ *cobra.Command, arguments []string) error { return sandbox.Stage(arguments) },
	}
}

// watchdogCommand is the watchdog, a process that waits for the end of the harness.
func watchdogCommand(stdin io.Reader) *cobra.Command {
	return &cobra.Command{
		Use: session.WatchdogVerb, Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return session.KeepWatch(stdin) },
	}
}
