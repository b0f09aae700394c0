package sandbox

// This file is the stage: the program that confines itself and then becomes the
// contender.

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"cupel/internal/evidence"
)

// Stage confines this process by the order that is the first argument, and becomes
// the command that the others are; with none it writes what came of each layer to
// stdout. It returns where that fails.
func Stage(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("confine: there is no order; this verb is for cupel itself")
	}
	// Privileges, filters and the parent-death signal are a thread's, and exec keeps
	// those of the thread that calls it.
	runtime.LockOSThread()
	var given order
	if err := json.Unmarshal([]byte(arguments[0]), &given); err != nil {
		return fmt.Errorf("confine: the order is not one: %w", err)
	}
	directory, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("confine: %w", err)
	}
	s := &stage{order: given}
	outcomes, err := s.confine(directory)
	if err != nil {
		return fmt.Errorf("confine: %w", err)
	}
	if len(arguments) == 1 {
		return json.NewEncoder(os.Stdout).Encode(outcomes)
	}
	// Details differ with the policy's figures.
	sameState := func(a, b evidence.ConfinementLayer) bool { return a.Name == b.Name && a.State == b.State }
	if !slices.EqualFunc(outcomes, given.Expect, sameState) {
		return fmt.Errorf("confine: the layers came to %v where %v was found before", outcomes, given.Expect)
	}
	return become(arguments[1:])
}

// become replaces this program by another.
func become(command []string) error {
	// The signal is the thread's, and this may not be the one that began.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("confine: parent-death signal: %w", err)
	}
	path, err := exec.LookPath(command[0])
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return err
	}
	return fmt.Errorf("%s: %w", command[0], syscall.Exec(path, command, os.Environ()))
}

type stage struct {
	order
	// masked tells that hidden directories are out of sight by mounts.
	masked bool
	// processes says how their number is bounded, "" where it is not.
	processes string
}

func applies(without []string, layer string) bool { return !slices.Contains(without, layer) }

// confine puts on the layers. A layer that the machine lacks is an outcome; an
// error is one that should have worked.
func (s *stage) confine(directory string) ([]evidence.ConfinementLayer, error) {
	steps := map[string]func() (evidence.LayerState, string, error){
		Namespaces: s.namespaces, Limits: s.limits, Privileges: s.privileges, Landlock: s.landlock, Seccomp: s.seccomp,
	}
	if applies(s.Without, Limits) {
		if err := goFirst(); err != nil {
			return nil, err
		}
	}
	var outcomes []evidence.ConfinementLayer
	for _, name := range layers {
		outcome := evidence.ConfinementLayer{Name: name, State: evidence.LayerNone, Detail: "left off"}
		if applies(s.Without, name) {
			var err error
			if outcome.State, outcome.Detail, err = steps[name](); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		outcomes = append(outcomes, outcome)
		if name == Namespaces {
			// Where the directory was found before, mounts may lie on the way to it now.
			if err := os.Chdir(directory); err != nil {
				return nil, err
			}
		}
	}
	return outcomes, nil
}
