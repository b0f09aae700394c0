package sandbox

// This file finds the machine's layers by trying them.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"cupel/internal/evidence"
	"cupel/internal/spawn"
)

// Find tries the layers on a process that does nothing else. stage is the command that
// calls Stage with the arguments that follow it.
func Find(ctx context.Context, stage []string) (*Sandbox, error) {
	return find(ctx, stage, nil)
}

// find is Find without some layers.
func find(ctx context.Context, stage, without []string) (*Sandbox, error) {
	found := &Sandbox{stage: stage, without: without}
	tried, err := found.try(ctx)
	if err == nil || !found.applies(Namespaces) {
		found.layers = tried
		return found, err
	}
	// Without permission to make namespaces, even the start of the process in them
	// fails.
	reason := err
	found.without = append(found.without, Namespaces)
	if tried, err = found.try(ctx); err != nil {
		return nil, err
	}
	for i := range tried {
		if tried[i].Name == Namespaces {
			tried[i].Detail = reason.Error()
		}
	}
	found.layers = tried
	return found, nil
}

func (s *Sandbox) applies(layer string) bool { return applies(s.without, layer) }

// try starts the stage without a command. The stage puts on the layers and reports the
// outcome of each.
func (s *Sandbox) try(ctx context.Context) ([]evidence.ConfinementLayer, error) {
	const limit = 30 * time.Second
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	scratch, err := os.MkdirTemp("", "cupel-confine-")
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	defer os.RemoveAll(scratch)
	confined, err := s.Confine(Policy{Scratch: scratch}, nil)
	if err != nil {
		return nil, err
	}
	var output, log bytes.Buffer
	command := exec.CommandContext(ctx, confined.Command[0], confined.Command[1:]...)
	command.Stdout, command.Stderr = &output, &log
	command.SysProcAttr = confined.Attributes
	if err := spawn.Start(command, nil); err != nil {
		return nil, fmt.Errorf("a confined process can't be started: %w", err)
	}
	if err := command.Wait(); err != nil {
		return nil, fmt.Errorf("a process can't be confined: %w: %s", err, strings.TrimSpace(log.String()))
	}
	var tried []evidence.ConfinementLayer
	if err := json.Unmarshal(output.Bytes(), &tried); err != nil {
		return nil, fmt.Errorf("a process can't be confined: it said «%.200s»: %w", output.String(), err)
	}
	return tried, nil
}

// attributes make the namespaces. In a user namespace of its own the process keeps its
// user's id and has the privileges that it needs to confine itself. It then gives them
// up.
func attributes(without []string) *syscall.SysProcAttr {
	if !applies(without, Namespaces) {
		return nil
	}
	return &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWIPC,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP},
	}
}
