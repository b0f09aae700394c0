package session

// This file installs engines, two at a time.

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"cupel/engines"
	"cupel/internal/provision"
)

// Installed is the result of one installation.
type Installed struct {
	provision.Installed
	Err error
}

// installers is the number of engines that are installed at once: one often downloads
// while the other compiles.
const installers = 2

// Install installs the engines that are not yet installed. Slow installations start
// first. The key of the result is the engine's name. The observer is called only if
// something has to be installed.
func Install(ctx context.Context, provisioner *provision.Provisioner, chosen []engines.Engine, observer Observer) map[string]Installed {
	results := find(provisioner, chosen)
	missing := slices.DeleteFunc(slices.Clone(chosen), func(engine engines.Engine) bool { return results[engine.Name].Err == nil })
	if len(missing) == 0 {
		return results
	}
	slices.SortStableFunc(missing, func(a, b engines.Engine) int { return weight(b) - weight(a) })
	shown := observer.Installations()
	defer shown.Close()
	var mutex sync.Mutex
	var workers errgroup.Group
	workers.SetLimit(installers)
	for _, engine := range missing {
		workers.Go(func() error {
			result := installOne(ctx, provisioner, engine, shown)
			mutex.Lock()
			defer mutex.Unlock()
			results[engine.Name] = result
			return nil
		})
	}
	// The workers return no error: a failed installation is in the engine's result.
	_ = workers.Wait()
	return results
}

// find returns which engines are installed. It installs nothing.
func find(provisioner *provision.Provisioner, chosen []engines.Engine) map[string]Installed {
	results := map[string]Installed{}
	for _, engine := range chosen {
		installed, err := provisioner.Find(engine)
		results[engine.Name] = Installed{installed, err}
	}
	return results
}

// weight orders engines by how long they take to install.
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

func installOne(ctx context.Context, provisioner *provision.Provisioner, engine engines.Engine, shown Installations) Installed {
	if ctx.Err() != nil {
		return Installed{Err: ctx.Err()}
	}
	task := shown.Engine(engine)
	installed, err := provisioner.Install(ctx, engine, task.Step)
	task.End(err)
	return Installed{installed, err}
}
