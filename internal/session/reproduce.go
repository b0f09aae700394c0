package session

// This file settles how a bundle's suite is run again on this machine.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cupel/internal/evidence"
	"cupel/internal/recheck"
	"cupel/internal/suite"
)

// NoAnswerError says that nothing could be measured.
type NoAnswerError struct{ Err error }

func (e *NoAnswerError) Error() string { return e.Err.Error() }
func (e *NoAnswerError) Unwrap() error { return e.Err }

// Reproduction returns the configuration that runs a bundle's suite again. It takes what
// config asks for, and the rest from the bundle's run; config.Suite becomes the bundle's
// suite. Contenders with the suite's own commands are left out unless runCommands is set,
// and the observer is told so.
//
// The error is an *InputError for a bundle that can't be read. It is a *NoAnswerError for a
// bundle that is not intact or has no contender that may run here.
func Reproduction(ctx context.Context, bundle string, config Config, runCommands bool, observer Observer) (Config, error) {
	original, err := evidence.Open(bundle)
	if err != nil {
		return Config{}, inputError(err)
	}
	if config.Suite, err = SuiteOf(bundle, "."); err != nil {
		return Config{}, inputError(err)
	}
	if config.Only, err = reproducible(config, original.Plan, runCommands, observer); err != nil {
		return Config{}, err
	}
	if config.Budget, config.Precision, err = asBefore(original.Plan, config.Budget, config.Precision); err != nil {
		return Config{}, inputError(err)
	}
	config.Reproduced = bundle
	return config, intact(ctx, bundle)
}

// intact returns an error for a bundle that is not intact: no result could be compared with
// it, so minutes of measuring would be lost.
func intact(ctx context.Context, bundle string) error {
	checked, err := recheck.Bundle(ctx, bundle, recheck.Options{})
	if err != nil {
		return inputError(err)
	}
	if !checked.Intact {
		return &NoAnswerError{fmt.Errorf("%s is not intact, so nothing is measured: %s", bundle, checked.Faults[0])}
	}
	return nil
}

// reproducible returns the names of the contenders in the bundle's plan that may run here.
func reproducible(config Config, plan suite.Plan, runCommands bool, observer Observer) ([]string, error) {
	for _, name := range config.Only {
		if !slices.Contains(plan.Contenders, name) {
			return nil, inputError(fmt.Errorf("--only: the bundle's run has no %q; it has %s", name, strings.Join(plan.Contenders, ", ")))
		}
	}
	var only, left []string
	for _, c := range config.Suite.Contenders {
		if !slices.Contains(plan.Contenders, c.Name) || len(config.Only) > 0 && !slices.Contains(config.Only, c.Name) {
			continue
		}
		if !c.BuiltIn() && !runCommands {
			left = append(left, c.Name)
			continue
		}
		only = append(only, c.Name)
	}
	if len(left) > 0 {
		observer.Note(strings.Join(left, ", ") + ": run by the suite's own commands, which are not run without --run-commands")
	}
	if len(only) == 0 {
		return nil, &NoAnswerError{errors.New("no contender of this suite can be run here")}
	}
	return only, nil
}
