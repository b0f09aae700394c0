package session

// This file finds or installs the contenders of a run.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cupel/engines"
	"cupel/internal/evidence"
	"cupel/internal/measure"
	"cupel/internal/provision"
	"cupel/internal/suite"
)

// gathered has the contenders that a run measures.
type gathered struct {
	// contenders are the contenders that can be started, companions and the control copy
	// included.
	contenders []measure.Contender
	// control is the name of the contender that has a second copy, or empty.
	control string
}

// gather finds or installs every contender and its companions. It writes to the ledger
// which of them are unavailable, and why.
func (o opened) gather(ctx context.Context) (gathered, error) {
	needed := o.builtIn()
	var results map[string]Installed
	if o.config.NoProvision {
		results = find(o.provisioner, needed)
	} else {
		results = Install(ctx, o.provisioner, needed, o.observer)
	}
	own := o.buildOwn(ctx)
	if ctx.Err() != nil {
		return gathered{}, ctx.Err()
	}
	var ready []measure.Contender
	for _, c := range o.contenders() {
		if o.history.lacks(c.Name) {
			continue
		}
		result, found := own[c.Name]
		if !found {
			result = results[c.Name]
		}
		contender, err := o.take(c, result)
		if err != nil {
			return gathered{}, err
		}
		ready = append(ready, contender...)
	}
	companions, err := o.companions()
	if err != nil {
		return gathered{}, err
	}
	return o.withControl(append(ready, companions...)), nil
}

// builtIn returns the engines that the contenders and their companions need.
func (o opened) builtIn() []engines.Engine {
	var needed []engines.Engine
	for _, c := range o.contenders() {
		if engine, ok := engines.Lookup(c.Name); c.BuiltIn() && ok && !o.history.lacks(c.Name) {
			needed = append(needed, engine)
		}
	}
	for contender, name := range o.plan.Canonical {
		if o.history.lacks(suite.CanonicalName(contender)) {
			continue
		}
		if engine, ok := engines.Lookup(name); ok && !slices.ContainsFunc(needed, func(e engines.Engine) bool { return e.Name == name }) {
			needed = append(needed, engine)
		}
	}
	return needed
}

// buildOwn builds the contenders whose source the suite gives. The key of the result is
// the contender's name.
func (o opened) buildOwn(ctx context.Context) map[string]Installed {
	results := map[string]Installed{}
	var missing []provision.Own
	for _, c := range o.contenders() {
		if len(c.Source) == 0 || o.history.lacks(c.Name) {
			continue
		}
		own := provision.Own{Name: c.Name, Dir: o.sourceDir(c), Source: c.Source, Build: c.Build, Command: c.Command, Beside: o.config.Suite.Dir}
		installed, err := o.provisioner.FindOwn(own)
		results[c.Name] = Installed{installed, err}
		if err != nil {
			missing = append(missing, own)
		}
	}
	if o.config.NoProvision || len(missing) == 0 {
		return results
	}
	shown := o.observer.Installations()
	defer shown.Close()
	for _, own := range missing {
		if ctx.Err() != nil {
			break
		}
		task := shown.Own(own.Name)
		installed, err := o.provisioner.InstallOwn(ctx, own, task.Step)
		task.End(err)
		results[own.Name] = Installed{installed, err}
	}
	return results
}

// sourceDir returns the directory of a contender's source: the suite's folder, or the
// contender's folder in the bundle that is reproduced.
func (o opened) sourceDir(c suite.Contender) string {
	if o.config.Reproduced != "" {
		return filepath.Join(o.config.Reproduced, evidence.ContendersDir, c.Name)
	}
	return o.config.Suite.Dir
}

// take returns a contender that can be started. If it can't be started, take returns none
// and writes the reason to the ledger.
func (o opened) take(c suite.Contender, result Installed) ([]measure.Contender, error) {
	if !c.BuiltIn() && len(c.Source) == 0 {
		command := ownCommand(c.Command, o.config.Suite.Dir)
		if reason, remedy := unstartable(command[0], c.Command[0]); reason != "" {
			return nil, o.unavailable(c.Name, reason, remedy)
		}
		return []measure.Contender{{Name: c.Name, Command: command, Dir: o.config.Suite.Dir, Recorded: c.Command}}, nil
	}
	if result.Err != nil {
		reason, remedy := provision.Reason(result.Err)
		return nil, o.unavailable(c.Name, reason, remedy)
	}
	if err := o.history.sameBuild(c.Name, result.Build); err != nil {
		return nil, o.refused(err)
	}
	return []measure.Contender{o.startable(c.Name, result.Installed)}, o.describeContender(c.Name, result.Installed)
}

// companions returns the canonical runners: the built-in runner of each engine that a
// contender of the suite's own says it runs.
func (o opened) companions() ([]measure.Contender, error) {
	var found []measure.Contender
	for _, c := range o.contenders() {
		engineName, named := o.plan.Canonical[c.Name]
		name := suite.CanonicalName(c.Name)
		if !named || o.history.lacks(name) {
			continue
		}
		engine, _ := engines.Lookup(engineName)
		installed, err := o.provisioner.Find(engine)
		if err != nil {
			reason, remedy := provision.Reason(err)
			if err := o.unavailable(name, reason, remedy); err != nil {
				return nil, err
			}
			continue
		}
		companion := o.startable(name, installed)
		companion.Role = evidence.RoleCanonical
		if err := o.describeContender(name, installed); err != nil {
			return nil, err
		}
		found = append(found, companion)
	}
	return found, nil
}

// withControl adds the control copy: a second copy of the first contender in plan.Control
// that can be started.
func (o opened) withControl(ready []measure.Contender) gathered {
	for _, name := range o.plan.Control {
		at := slices.IndexFunc(ready, func(c measure.Contender) bool { return c.Name == name })
		if at < 0 {
			continue
		}
		second := ready[at]
		second.Name, second.Role, second.SizedAs = suite.ControlName(name), evidence.RoleControl, name
		return gathered{contenders: append(ready, second), control: name}
	}
	return gathered{contenders: ready}
}

func (o opened) unavailable(name, reason, remedy string) error {
	return o.bundle.Append(evidence.LedgerRow{
		Time: time.Now(), Event: evidence.EventUnavailable, Contender: name, Reason: o.redact(reason), Remedy: o.redact(remedy),
	})
}

// startable returns an installed contender with the command that starts it.
func (o opened) startable(name string, installed provision.Installed) measure.Contender {
	recorded := make([]string, len(installed.Command))
	for i, argument := range installed.Command {
		recorded[i] = o.redact(argument)
	}
	return measure.Contender{
		Name: name, Command: installed.Command, Dir: installed.Dir, Recorded: recorded, Build: installed.Build,
		InstalledBytes: installedBytes(o.provisioner.Executable, installed),
	}
}

// installedBytes returns the size of an installation in bytes: of its folder, or of this
// program for an engine that is part of it. It returns 0 if the size can't be read.
func installedBytes(executable string, installed provision.Installed) int64 {
	root := installed.Dir
	if root == "" {
		root = executable
	}
	total := int64(0)
	err := filepath.WalkDir(root, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		return 0
	}
	return total
}

// ownCommand resolves a relative path with a slash from the suite's folder. A bare name
// stays, and is looked up in the PATH.
func ownCommand(command []string, dir string) []string {
	if filepath.IsAbs(command[0]) || !strings.ContainsRune(command[0], filepath.Separator) {
		return command
	}
	return append([]string{filepath.Join(dir, command[0])}, command[1:]...)
}

// unstartable returns why a suite's own program can't be started and what to do. Both are
// empty if it can be started. named is the program as the suite names it. A program that
// the PATH finds by an entry "." can be started.
func unstartable(program, named string) (reason, remedy string) {
	_, err := exec.LookPath(program)
	switch {
	case err == nil, errors.Is(err, exec.ErrDot):
		return "", ""
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Sprintf("there is no program %s on the PATH", named), fmt.Sprintf("install it, or write ./%s for a program beside the suite's file", named)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("there is no program %s", named), "build it, or correct the suite's command, in which a path starts from the suite's folder"
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("the program %s may not be executed", named), "make it executable (chmod +x)"
	}
	return fmt.Sprintf("the program %s can't be started: %v", named, errors.Unwrap(err)), "correct the suite's command"
}
