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

// Stage confines this process by the order in the first argument, and becomes the
// command in the other arguments. With no command it writes the outcome of each layer
// to stdout. It returns only where that fails, or after a trial.
func Stage(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("confine: no order is given; cupel calls this verb itself")
	}
	// Privileges, filters and the parent-death signal belong to a thread. exec keeps
	// those of the thread that calls it.
	runtime.LockOSThread()
	var given order
	if err := json.Unmarshal([]byte(arguments[0]), &given); err != nil {
		return fmt.Errorf("confine: the order cannot be read: %w", err)
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
	// Details contain the policy's figures and may therefore differ.
	sameState := func(a, b evidence.ConfinementLayer) bool { return a.Name == b.Name && a.State == b.State }
	if !slices.EqualFunc(outcomes, given.Expect, sameState) {
		return fmt.Errorf("confine: the layers are %v, but the trial found %v", outcomes, given.Expect)
	}
	return become(arguments[1:])
}

// become replaces this program by another.
func become(command []string) error {
	// The signal belongs to a thread, and this may be another thread than the first.
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
	// masked says that mounts cover the hidden directories.
	masked bool
	// processes says how the number of processes is bounded. It is "" where it is not
	// bounded.
	processes string
}

func applies(without []string, layer string) bool { return !slices.Contains(without, layer) }

// confine puts on the layers. A layer that the machine lacks is an outcome. A layer
// that should have worked and did not is an error.
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
			// Mounts may now cover the path to the directory, so it is entered again by
			// name.
			if err := os.Chdir(directory); err != nil {
				return nil, err
			}
		}
	}
	return outcomes, nil
}
