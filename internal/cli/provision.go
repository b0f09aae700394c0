package cli

// This file holds `cupel provision`.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"cupel/engines"
	"cupel/internal/provision"
	"cupel/internal/session"
)

func provisionCommand(stdout, stderr io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "provision [ENGINE...]",
		Short: "Install the engines that runs compare, or the named engines",
		Long:  provisionHelp(),
		RunE: func(command *cobra.Command, args []string) error {
			return provisionEngines(command.Context(), args, stdout, stderr)
		},
	}
}

// provisionHelp returns the help text, with the downloads that the engines' records give.
func provisionHelp() string {
	help := `Install the engines that runs compare into cupel's cache, from lock files with
hashes. An engine that is already installed stays as it is. If you name engines, only
these are installed.

Large installations:
`
	for _, engine := range engines.All() {
		if engine.Download != "" && engine.Runner == "" {
			help += fmt.Sprintf("  %s: %s\n", engine.Name, engine.Download)
		}
	}
	return help + "\nThese are installed only if you name them or run a suite that has them:\n  " +
		strings.Join(engines.NamesOnRequest(), ", ")
}

func provisionEngines(ctx context.Context, names []string, stdout, stderr io.Writer) error {
	provisioner, err := provision.New()
	if err != nil {
		return err
	}
	chosen, err := enginesNamed(names)
	if err != nil {
		return err
	}
	outcomes := session.Install(ctx, provisioner, chosen, observer{stderr: stderr})
	if ctx.Err() != nil {
		return exit(ExitNoAnswer, errors.New("interrupted; the engines installed so far stay installed"))
	}
	missing := 0
	for _, engine := range chosen {
		if err := outcomes[engine.Name].Err; err != nil {
			missing++
			fmt.Fprintln(stdout, unavailableLine(engine.Name, err))
			continue
		}
		fmt.Fprintf(stdout, "%s is installed\n", engine.Name)
	}
	if missing > 0 {
		return &exitError{code: ExitNo, err: fmt.Errorf("%d of %d engines could not be installed", missing, len(chosen))}
	}
	return nil
}

func unavailableLine(name string, err error) string {
	reason, remedy := provision.Reason(err)
	line := fmt.Sprintf("%s is unavailable: %s", name, reason)
	if remedy != "" {
		line = strings.TrimRight(line, " \n") + "; " + remedy
	}
	return line
}

// enginesNamed returns the engines with these names, or the standard engines if names is
// empty.
func enginesNamed(names []string) ([]engines.Engine, error) {
	if len(names) == 0 {
		names = engines.StandardNames()
	}
	var chosen []engines.Engine
	for _, name := range names {
		engine, ok := engines.Lookup(name)
		if !ok {
			return nil, exit(ExitUsage, fmt.Errorf("there is no engine %q; there are %s", name, strings.Join(engines.Names(), ", ")))
		}
		chosen = append(chosen, engine)
	}
	return chosen, nil
}
