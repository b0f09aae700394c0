// Package calibrate measures how often this method, and others, are wrong on this machine.
// It compares copies of one engine with each other, and counts how often identical copies
// are called different and how often a known slowdown is found.
package calibrate

// This file goes from a configuration to counts.

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"cupel/engines"
	"cupel/internal/host"
	"cupel/internal/measure"
	"cupel/internal/provision"
	"cupel/internal/suite"
)

// Config has the options of a calibration.
type Config struct {
	// Engine names the built-in engine whose copies are compared.
	Engine string
	// Pairs is the number of comparisons. Each has at least Launches launches of each copy,
	// with Rounds rounds each.
	Pairs, Launches, Rounds int
	// Budget is the time after which no further comparison starts; 0 means no limit.
	Budget time.Duration
	// Slowdowns are the known slowdowns that measure power, as shares of the calls.
	Slowdowns []float64
	// DoubleLoad measures whether the harness disturbs its own measurement: instead of
	// slowing a copy, the harness does its own work twice before half of the rounds.
	DoubleLoad bool
}

// DefaultSlowdowns are the slowdowns if none are given.
var DefaultSlowdowns = []float64{0.005, 0.01, 0.02, 0.05}

// The least numbers for a calibration: of launches, or pairs with doubled load, for an
// interval; and of rounds.
const (
	LeastForInterval = 6
	LeastRounds      = 20
)

// level is the confidence level of the tests and intervals.
const level = 0.95

// Run makes comparisons and counts the results. It calls progress with the number of
// comparisons made: first with 0 when everything is prepared. If ctx ends or a comparison
// fails, Run returns the counts so far with the error.
func Run(ctx context.Context, config Config, progress func(made int)) (*Tally, error) {
	config.Slowdowns = slices.Compact(slices.Sorted(slices.Values(config.Slowdowns)))
	tally := newTally(config.Engine, config.Slowdowns)
	contender, err := find(config.Engine)
	if err != nil {
		return tally, err
	}
	s, err := suite.Load(suite.Default)
	if err != nil {
		return tally, err
	}
	nonce := rand.Text()
	plan, err := plan(s, nonce, config)
	if err != nil {
		return tally, err
	}
	taken, err := host.Take(ctx, plan.Threads, false)
	if err != nil {
		return tally, err
	}
	defer taken.Release()
	run, err := prepare(ctx, s, plan, nonce, taken, contender.cache)
	if err != nil {
		return tally, err
	}
	c := comparer{plan: plan, contender: contender.Contender, doubleLoad: config.DoubleLoad, launch: run.LaunchCopies, now: time.Now}
	return tally, tally.count(ctx, config, c, findOtherTools(contender.Contender, taken.Scratch), progress)
}

// installed is an installed engine, with the cache that holds it.
type installed struct {
	measure.Contender
	cache string
}

func find(name string) (installed, error) {
	engine, ok := engines.Lookup(name)
	if !ok {
		return installed{}, fmt.Errorf("there is no built-in engine %q; expected one of %q", name, engines.Names())
	}
	provisioner, err := provision.New()
	if err != nil {
		return installed{}, err
	}
	found, err := provisioner.Find(engine)
	if err != nil {
		return installed{}, fmt.Errorf("%w; `cupel provision %s` installs it", err, name)
	}
	return installed{measure.Contender{Name: name, Command: found.Command, Dir: found.Dir}, provisioner.Cache}, nil
}

// plan returns the default suite's plan, adapted to the comparison of copies.
func plan(s *suite.Suite, nonce string, config Config) (*suite.Plan, error) {
	unit, err := SlowdownUnit(config.Slowdowns)
	if err != nil {
		return nil, err
	}
	plan, err := s.Plan(suite.Options{Nonce: nonce})
	if err != nil {
		return nil, err
	}
	return measure.CopiesPlan(*plan, config.Launches, config.Rounds, unit, config.Slowdowns[0]/2), nil
}

func prepare(ctx context.Context, s *suite.Suite, plan *suite.Plan, nonce string, taken host.Host, cache string) (*measure.Run, error) {
	material, err := measure.Prepare(ctx, s.Workload, plan.Probes, nonce, cache, taken.Scratch)
	if err != nil {
		return nil, err
	}
	return measure.New(measure.Config{
		Plan: plan, Material: material, Bundle: measure.Nowhere{Dir: taken.Scratch}, Scratch: taken.Scratch,
		Sandbox: taken.Sandbox, Hidden: []string{cache}, Nonce: nonce,
		CPUs: taken.Cores.Placement.Contender, HarnessCPUs: taken.Cores.Placement.Harness,
		Redact: func(text string) string { return text },
	}), nil
}

// count makes the comparisons, by this method and by other tools, and counts the results.
func (t *Tally) count(ctx context.Context, config Config, c comparer, others otherTools, progress func(made int)) error {
	began := time.Now()
	progress(0)
	for pair := range config.Pairs {
		if config.Budget > 0 && time.Since(began) > config.Budget {
			return nil
		}
		compared, err := c.compare(ctx, pair, slowdownOf(config.Slowdowns, pair))
		if err != nil {
			return err
		}
		t.add(compared)
		if err := others.add(ctx, t, compared.counts); err != nil {
			return err
		}
		progress(pair + 1)
	}
	return nil
}

// slowdownOf returns the slowdown of a pair. Each comparison has one slowdown, in half of
// its rounds. Every other pair has the smallest; the rest take the others in turn.
func slowdownOf(slowdowns []float64, pair int) float64 {
	if pair%2 == 0 || len(slowdowns) == 1 {
		return slowdowns[0]
	}
	return slowdowns[1+pair/2%(len(slowdowns)-1)]
}
