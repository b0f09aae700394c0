package cli

// This file holds the hidden verbs as which cupel starts itself again.

import (
	"io"

	"github.com/spf13/cobra"

	"cupel/internal/host"
	"cupel/internal/sandbox"
	"cupel/internal/session"
)

// confineCommand is as what a contender's process begins.
func confineCommand() *cobra.Command {
	return &cobra.Command{
		Use:                host.ConfineVerb,
		Short:              "Confine this process and become a contender",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE:               func(_ *cobra.Command, arguments []string) error { return sandbox.Stage(arguments) },
	}
}

// watchdogCommand is the process beside a run that sleeps until the harness has ended.
func watchdogCommand(stdin io.Reader) *cobra.Command {
	return &cobra.Command{
		Use: session.WatchdogVerb, Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return session.KeepWatch(stdin) },
	}
}
