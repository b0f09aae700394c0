package cli

// This file holds the stage by which contenders are confined, and the choice of
// confining them.

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"cupel/internal/sandbox"
)

// confineVerb is for cupel itself: a contender's process begins as it.
const confineVerb = "confine"

func confineCommand() *cobra.Command {
	return &cobra.Command{
		Use:                confineVerb,
		Short:              "Confine this process and become a contender",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE:               func(_ *cobra.Command, arguments []string) error { return sandbox.Stage(arguments) },
	}
}

// confinement finds out how contenders can be confined here, or is nil where they
// are not to be.
func confinement(ctx context.Context, unconfined bool) (*sandbox.Sandbox, error) {
	if unconfined {
		return nil, nil
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cupel does not know its own path: %w", err)
	}
	found, err := sandbox.Find(ctx, []string{executable, confineVerb})
	if err != nil {
		return nil, fmt.Errorf("contenders can't be confined: %w; --unconfined does without", err)
	}
	return found, nil
}
