package cli

// This file holds `cupel provision`, and the installing that `cupel run` shares.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"cupel/engines"
	"cupel/internal/provision"
)

func provisionCommand(stdout, stderr io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "provision [ENGINE...]",
		Short: "Install the engines that runs compare, or those named",
		Long: `Install the engines that runs compare, from lock files with hashes, into cupel's
cache. What is installed already is left as it is. PyTorch takes some 3 GB to
download and 6.6 GB of disk; name other engines to leave it out. Those that the
default suite does not compare (aprender-core, which mnist-fit does,
pytorch-compile, pytorch-cuda) are installed when they or a suite with them are
named.`,
		RunE: func(command *cobra.Command, args []string) error {
			return provisionEngines(command.Context(), args, stdout, stderr)
		},
	}
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
	outcomes := install(ctx, provisioner, chosen, stderr)
	if ctx.Err() != nil {
		return exit(ExitNoAnswer, errors.New("interrupted; what was installed stays installed"))
	}
	missing := 0
	for _, engine := range chosen {
		if err := outcomes[engine.Name].err; err != nil {
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
	reason, remedy := provisionReason(err)
	line := fmt.Sprintf("%s is unavailable: %s", name, reason)
	if remedy != "" {
		line = strings.TrimRight(line, " \n") + "; " + remedy
	}
	return line
}

// enginesNamed returns the engines of these names, or the standard ones where
// there are none.
func enginesNamed(names []string) ([]engines.Engine, error) {
	if len(names) == 0 {
		names = engines.StandardNames()
	}
	var chosen []engines.Engine
	for _, name := range names {
		engine, ok := engines.Lookup(name)
		if !ok {
			return nil, exit(ExitUsage, fmt.Errorf("no engine is called %q; there are %s", name, strings.Join(engines.Names(), ", ")))
		}
		chosen = append(chosen, engine)
	}
	return chosen, nil
}

// outcome is what came of one installation.
type outcome struct {
	installed provision.Installed
	err       error
}

// installers is how many engines are installed at once: one mostly downloads
// while another compiles.
const installers = 2

// install installs engines and shows progress on stderr. Engines that build for
// long begin first.
func install(ctx context.Context, provisioner *provision.Provisioner, chosen []engines.Engine, stderr io.Writer) map[string]outcome {
	outcomes := map[string]outcome{}
	var missing []engines.Engine
	for _, engine := range chosen {
		installed, err := provisioner.Find(engine)
		outcomes[engine.Name] = outcome{installed, err}
		if err != nil {
			missing = append(missing, engine)
		}
	}
	if len(missing) == 0 {
		return outcomes
	}
	slices.SortStableFunc(missing, func(a, b engines.Engine) int { return weight(b) - weight(a) })
	board := newBoard(stderr)
	defer board.close()
	queue := make(chan engines.Engine)
	var mutex sync.Mutex
	var workers sync.WaitGroup
	for range min(installers, len(missing)) {
		workers.Go(func() {
			for engine := range queue {
				result := installOne(ctx, provisioner, engine, board)
				mutex.Lock()
				outcomes[engine.Name] = result
				mutex.Unlock()
			}
		})
	}
	for _, engine := range missing {
		queue <- engine
	}
	close(queue)
	workers.Wait()
	return outcomes
}

func weight(engine engines.Engine) int {
	switch {
	case engine.DiskBytes > 0:
		return 2
	case engine.Language == engines.Rust:
		return 1
	default:
		return 0
	}
}

func installOne(ctx context.Context, provisioner *provision.Provisioner, engine engines.Engine, board *board) outcome {
	if ctx.Err() != nil {
		return outcome{err: ctx.Err()}
	}
	note := "installing"
	if engine.Download != "" {
		note += ", " + engine.Download + " (leave it out with --only)"
	}
	return show(board.begin(engine.Name, note, 0), func(progress provision.Progress) (provision.Installed, error) {
		return provisioner.Install(ctx, engine, progress)
	})
}

// show has an installation show its progress and how it ends.
func show(task *task, install func(provision.Progress) (provision.Installed, error)) outcome {
	installed, err := install(func(step string, done, total int) {
		if total > 0 {
			step = fmt.Sprintf("installing %s", step)
		}
		task.step(step, done, total)
	})
	if err != nil {
		reason, _ := provisionReason(err)
		first, _, _ := strings.Cut(reason, "\n")
		task.fail("unavailable: " + first)
		return outcome{err: err}
	}
	task.done("installed")
	return outcome{installed: installed}
}
