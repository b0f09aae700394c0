// Package sandbox confines a contender: no network, no writing but in a scratch
// directory of its own, no sight of other processes or of directories that are
// hidden from it, and bounds on memory and processes.
//
// There are several layers, each of the kernel's own: namespaces, Landlock,
// seccomp, dropped privileges and limits. Most of what is forbidden is forbidden
// by two of them, since machines differ in what they allow: a usual container has
// no user namespaces, an older kernel no Landlock. What there is is found out once,
// by trying, and each layer is reported apart; a layer that is there is then
// required in every launch.
//
// The layers can only be put on from inside. So the contender's process begins as
// this program again, the stage: it confines itself and becomes the contender by
// exec, with the same process id, pipes, CPUs and environment. Nothing stands
// between harness and contender afterwards, and nothing is paid for but a filter
// at each system call, whose verdict the kernel keeps in a table.
package sandbox

// This file holds what a launch is to be confined to, and what came of looking for
// the means.

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"cupel/internal/evidence"
)

// Policy says what a contender may do.
type Policy struct {
	// Scratch is the only directory that it may write to.
	Scratch string `json:"scratch"`
	// Hidden are directories that it does not see, but for what Readable names of
	// them. Readable paths that lie elsewhere are ignored: all else can be read.
	Hidden   []string `json:"hidden,omitempty"`
	Readable []string `json:"readable,omitempty"`
	// MemoryBytes is how much memory of its own each of its processes may have, and
	// Processes how many processes and threads there may be; 0 is the default.
	MemoryBytes uint64 `json:"memory_bytes,omitempty"`
	Processes   int    `json:"processes,omitempty"`
}

// The layers.
const (
	Namespaces = "namespaces"
	Landlock   = "landlock"
	Seccomp    = "seccomp"
	Privileges = "privileges"
	Limits     = "limits"
)

// layers are all of them, in the order in which they are put on.
var layers = []string{Namespaces, Limits, Privileges, Landlock, Seccomp}

// order is what the stage is told.
type order struct {
	Policy
	// Without are layers to leave off.
	Without []string `json:"without,omitempty"`
	// Expect is what the layers came to when they were tried; a launch for which
	// they come to something else does not begin. Empty is a trial.
	Expect []evidence.ConfinementLayer `json:"expect,omitempty"`
}

// Sandbox is what this machine has to confine contenders with. A nil one confines
// nothing.
type Sandbox struct {
	stage   []string
	without []string
	layers  []evidence.ConfinementLayer
}

// Confined is how a confined process is to be started.
type Confined struct {
	Command []string
	// Attributes are what the process is to be started with, nil for nothing.
	Attributes *syscall.SysProcAttr
	// Env is added to its environment.
	Env []string
}

// Confine returns what starts a command confined.
func (s *Sandbox) Confine(policy Policy, command []string) (Confined, error) {
	if s == nil {
		return Confined{Command: command}, nil
	}
	if err := canBegin(command); err != nil {
		return Confined{}, err
	}
	if err := policy.makeAbsolute(); err != nil {
		return Confined{}, fmt.Errorf("sandbox: %w", err)
	}
	text, err := json.Marshal(order{Policy: policy, Without: s.without, Expect: s.layers})
	if err != nil {
		return Confined{}, fmt.Errorf("sandbox: %w", err)
	}
	return Confined{
		Command:    slices.Concat(s.stage, []string{string(text)}, command),
		Attributes: attributes(s.without),
		Env:        []string{"TMPDIR=" + policy.Scratch},
	}, nil
}

// canBegin reports a program that is not there, which only the stage would find
// out otherwise. A path that is relative to the process's directory is left to it.
func canBegin(command []string) error {
	if len(command) == 0 || !filepath.IsAbs(command[0]) && strings.ContainsRune(command[0], filepath.Separator) {
		return nil
	}
	_, err := exec.LookPath(command[0])
	return err
}

// makeAbsolute makes the paths mean the same in any directory.
func (p *Policy) makeAbsolute() (err error) {
	absolute := func(path string) string {
		if path == "" || err != nil {
			return path
		}
		path, err = filepath.Abs(path)
		return path
	}
	p.Scratch = absolute(p.Scratch)
	all := func(paths []string) (made []string) {
		for _, path := range paths {
			if path != "" {
				made = append(made, absolute(path))
			}
		}
		return made
	}
	p.Hidden, p.Readable = all(p.Hidden), all(p.Readable)
	return err
}

// Layers say what each layer came to.
func (s *Sandbox) Layers() []evidence.ConfinementLayer {
	if s == nil {
		return nil
	}
	return slices.Clone(s.layers)
}

// Unconfined is what a run says whose contenders are not confined on purpose.
const Unconfined = "none, as was asked for: contenders run as ordinary processes of this user"

// Summary says in a sentence what contenders are kept from, and what not.
func (s *Sandbox) Summary() string {
	if s == nil {
		return Unconfined
	}
	var kept, open []string
	for _, end := range ends {
		if slices.ContainsFunc(end.by, s.has) {
			kept = append(kept, end.kept)
		} else {
			open = append(open, end.open)
		}
	}
	switch {
	case len(kept) == 0:
		return "none: this machine offers no means of it"
	case len(open) == 0:
		return "contenders have " + strings.Join(kept, ", ")
	default:
		return "contenders have " + strings.Join(kept, ", ") + "; this machine does not keep them from " + strings.Join(open, ", ")
	}
}

// has reports whether a layer is there in full.
func (s *Sandbox) has(name string) bool {
	return slices.ContainsFunc(s.layers, func(l evidence.ConfinementLayer) bool {
		return l.Name == name && l.State == evidence.LayerFull
	})
}

// ends are what confinement is for, and the layers each of which is enough for it.
var ends = []struct {
	kept, open string
	by         []string
}{
	{"no network", "the network", []string{Namespaces, Seccomp}},
	{"no writing outside a scratch directory", "writing files", []string{Namespaces, Landlock}},
	{"no sight of others' files", "reading others' files", []string{Namespaces, Landlock}},
	{"no sight of others' memory", "reading others' memory", []string{Namespaces, Landlock}},
	{"no signals to others", "signals to others", []string{Namespaces, Landlock}},
	{"no privileges", "privileges", []string{Privileges}},
	{"bounded memory and processes", "using up memory or processes", []string{Limits}},
}
