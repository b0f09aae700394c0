// Package host takes what measuring needs of this machine: a scratch directory, a
// sandbox for contenders, and cores for contenders and harness. All of it is given back
// by one call.
package host

// This file holds the host as a whole, and the sandbox.

import (
	"context"
	"fmt"
	"os"

	"cupel/internal/sandbox"
)

// Host is what a run has of this machine until it releases it. It does not change.
type Host struct {
	// Scratch is a directory for files that nobody keeps.
	Scratch string
	// Sandbox confines contenders; nil confines nothing.
	Sandbox *sandbox.Sandbox
	// Cores are those of harness and contenders.
	Cores Cores

	remove func()
}

// Take takes a scratch directory, a sandbox, and cores for contenders of so many
// threads. This process is bound to the harness's cores from then on. unconfined leaves
// out the sandbox.
func Take(ctx context.Context, threads int, unconfined bool) (taken Host, err error) {
	directory, remove, err := Scratch()
	if err != nil {
		return Host{}, err
	}
	defer func() {
		if err != nil {
			remove()
		}
	}()
	box, err := Sandbox(ctx, unconfined)
	if err != nil {
		return Host{}, err
	}
	cores, err := takeCores(threads)
	if err != nil {
		return Host{}, err
	}
	return Host{Scratch: directory, Sandbox: box, Cores: cores, remove: remove}, nil
}

// Release gives everything back.
func (h Host) Release() {
	h.Cores.unpin()
	h.remove()
}

// ConfineVerb is the hidden verb of this program as which a contender's process begins:
// it confines itself there and then becomes the contender.
const ConfineVerb = "confine"

// Sandbox finds out how contenders can be confined here. It is nil where they are not
// to be.
func Sandbox(ctx context.Context, unconfined bool) (*sandbox.Sandbox, error) {
	if unconfined {
		return nil, nil
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cupel does not know its own path: %w", err)
	}
	found, err := sandbox.Find(ctx, []string{executable, ConfineVerb})
	if err != nil {
		return nil, fmt.Errorf("contenders can't be confined: %w; --unconfined does without", err)
	}
	return found, nil
}
