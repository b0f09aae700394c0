//go:build !linux

package sandbox

// This file is for systems that have none of the layers.

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"cupel/internal/evidence"
)

// Find returns a sandbox with no layer on this system. It starts contenders as they are.
func Find(context.Context, []string) (*Sandbox, error) {
	found := &Sandbox{unsupported: true}
	for _, name := range layers {
		found.layers = append(found.layers, evidence.ConfinementLayer{Name: name, State: evidence.LayerNone, Detail: "this system is not Linux"})
	}
	return found, nil
}

// Stage fails: it needs Linux.
func Stage([]string) error {
	return fmt.Errorf("confinement: %w", errors.ErrUnsupported)
}

func attributes([]string) *syscall.SysProcAttr { return nil }
