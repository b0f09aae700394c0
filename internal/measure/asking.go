package measure

// This file holds the seam between a run and what contenders are asked for. Rounds,
// accounts and the stop rule know nothing of models, rows or trainings.

import (
	"context"
	"math/rand/v2"

	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// asking is the half of a workload that asks (package workload has the half that tells).
// It stands here and not there because it works with launches: it times requests between
// their pauses, notes what was answered and has it checked. Implementations have no
// state; what a launch has been asked is the launch's.
type asking interface {
	// material makes what contenders are given (Prepare).
	material(ctx context.Context, w suite.Workload, probes suite.ProbesPlan, nonce, cache, scratch string) (*Material, error)
	// prepare brings a launch to where it can be timed: described, given its model where
	// there is one, and in agreement with the reference.
	prepare(ctx context.Context, a *attempt)
	// classic is the published benchmark's own protocol.
	classic(ctx context.Context, a *attempt) error
	// practise makes one burst after made ones, and returns the nanoseconds of a call or
	// an epoch by the contender's clock.
	practise(ctx context.Context, a *attempt, random *rand.Rand, made int) (float64, error)
	// size sizes the contender's bursts by what practice showed, where they have no size.
	size(ctx context.Context, a *attempt, random *rand.Rand, nanoseconds float64) error
	// draw draws and writes what a round is about, before its first burst. taking are the
	// places of the launches that take part.
	draw(r *replicate, random *rand.Rand, drawn round, taking []int) (roundFiles, error)
	// open opens a round with a request that is in no figure.
	open(ctx context.Context, a *attempt, files roundFiles, drawn round) error
	// turn makes one burst of a round.
	turn(ctx context.Context, a *attempt, files roundFiles, drawn round, phase evidence.Phase) error
	// probe asks after the rounds what bursts don't tell. hard are the replicate's rows near
	// the decision boundary; nil where none are due.
	probe(ctx context.Context, a *attempt, hard *hardRows) error
}

// askingOf is what a kind of workload asks.
func askingOf(kind string) asking {
	if kind == suite.KindFit {
		return training{}
	}
	return inference{}
}
