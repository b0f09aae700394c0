// Package host reserves what a measurement needs of this machine: a scratch directory,
// a sandbox for contenders, and cores for contenders and harness. One call releases all
// of it.
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
	// Scratch is a directory for temporary files.
	Scratch string
	// Sandbox confines contenders. nil means unconfined.
	Sandbox *sandbox.Sandbox
	// Cores are the cores of harness and contenders.
	Cores Cores

	remove func()
}

// Take reserves a scratch directory, a sandbox, and cores for contenders with the given
// number of threads. From then on this process is pinned to the harness's cores.
// unconfined leaves out the sandbox.
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

// Release releases everything.
func (h Host) Release() {
	h.Cores.unpin()
	h.remove()
}

// ConfineVerb is the hidden verb of this program with which a contender's process
// begins: there the process confines itself, and then it becomes the contender by exec.
const ConfineVerb = "confine"

// Sandbox finds out how contenders can be confined on this machine. It returns nil with
// unconfined.
func Sandbox(ctx context.Context, unconfined bool) (*sandbox.Sandbox, error) {
	if unconfined {
		return nil, nil
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find the path of the cupel program: %w", err)
	}
	found, err := sandbox.Find(ctx, []string{executable, ConfineVerb})
	if err != nil {
		return nil, fmt.Errorf("contenders can't be confined: %w; --unconfined does without", err)
	}
	return found, nil
}
