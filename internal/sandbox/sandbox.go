// Package sandbox confines a contender: it has no network, writes only to a scratch
// directory of its own, sees neither other processes nor hidden directories, and is
// bounded in memory and processes.
//
// The confinement has several layers, all provided by the kernel: namespaces, Landlock,
// seccomp, dropped privileges and limits. Machines differ in which layers they allow: a
// usual container has no user namespaces, an older kernel no Landlock. Two layers
// therefore forbid most of what is forbidden. Find tries once which layers exist and
// reports each separately. Every launch then requires the layers that were found.
//
// A process can only put on the layers itself. A contender's process therefore begins
// as this program, the stage: it confines itself and then becomes the contender by
// exec, with the same process id, pipes, CPUs and environment. Nothing remains between
// harness and contender. The only cost is a filter at each system call, whose verdict
// the kernel caches.
package sandbox

// This file holds the policy of a launch, and the layers that were found.

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
	// Hidden are directories that it does not see, except the paths in Readable within
	// them. Other Readable paths have no effect: everything outside Hidden can be read.
	Hidden   []string `json:"hidden,omitempty"`
	Readable []string `json:"readable,omitempty"`
	// MemoryBytes is how much memory of its own each of its processes may have.
	// Processes is how many processes and threads there may be. 0 means the default.
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

// layers are all layers, in the order in which they are put on.
var layers = []string{Namespaces, Limits, Privileges, Landlock, Seccomp}

// order tells the stage what to do.
type order struct {
	Policy
	// Without are layers to leave out.
	Without []string `json:"without,omitempty"`
	// Expect is the outcome of each layer in the trial. A launch with another outcome
	// does not begin. Empty means that this is the trial.
	Expect []evidence.ConfinementLayer `json:"expect,omitempty"`
}

// Sandbox holds the layers that this machine has. A nil Sandbox confines nothing.
type Sandbox struct {
	stage   []string
	without []string
	layers  []evidence.ConfinementLayer
	// unsupported says that this system has no layer and no stage.
	unsupported bool
}

// Stages reports whether a launch begins as the stage. Where it does not, what is started
// is the contender's program itself.
func (s *Sandbox) Stages() bool { return s != nil && !s.unsupported }

// Confined is how a confined process is started.
type Confined struct {
	Command []string
	// Attributes are the attributes of the process. nil means none.
	Attributes *syscall.SysProcAttr
	// Env is added to its environment.
	Env []string
}

// Confine returns what starts a command confined, or the command itself where this system
// has no means of confinement. Layers and Summary say so.
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
	environment := []string{"TMPDIR=" + policy.Scratch}
	if !s.Stages() {
		return Confined{Command: command, Env: environment}, nil
	}
	text, err := json.Marshal(order{Policy: policy, Without: s.without, Expect: s.layers})
	if err != nil {
		return Confined{}, fmt.Errorf("sandbox: %w", err)
	}
	return Confined{
		Command:    slices.Concat(s.stage, []string{string(text)}, command),
		Attributes: attributes(s.without),
		Env:        environment,
	}, nil
}

// canBegin reports a missing program, which otherwise only the stage would find. It
// leaves a path that is relative to the process's directory to the stage.
func canBegin(command []string) error {
	if len(command) == 0 || !filepath.IsAbs(command[0]) && strings.ContainsRune(command[0], filepath.Separator) {
		return nil
	}
	_, err := exec.LookPath(command[0])
	return err
}

// makeAbsolute makes the paths independent of the current directory.
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

// Layers returns the outcome of each layer.
func (s *Sandbox) Layers() []evidence.ConfinementLayer {
	if s == nil {
		return nil
	}
	return slices.Clone(s.layers)
}

// Unconfined is the summary of a run that does not confine its contenders on purpose.
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

// has reports whether a layer is fully in effect.
func (s *Sandbox) has(name string) bool {
	return slices.ContainsFunc(s.layers, func(l evidence.ConfinementLayer) bool {
		return l.Name == name && l.State == evidence.LayerFull
	})
}

// ends are the purposes of confinement. Each of the layers in by is enough for its
// purpose.
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
