package measure

// This file asks what bursts alone don't tell: how the time grows with the model,
// what few rows change, and whether other weights change answers and not speed.

import (
	"context"
	"errors"
	"math/rand/v2"

	"cupel/internal/draw"
	"cupel/internal/evidence"
)

// probe makes the probes of one launch. A contender that can't hold one of the
// probes' models has no samples of it.
func (a *attempt) probe(ctx context.Context) error {
	random := draw.Stream(a.cell.nonce, "probes", a.number)
	if err := a.probeRows(ctx, random); err != nil {
		return err
	}
	altered := []weighed{{a.cell.run.Material.Altered, evidence.PhaseAltered}, {a.cell.run.Material.Variant, evidence.PhaseOriginal}}
	for _, model := range altered {
		if _, err := a.probeModel(ctx, random, model, 1); err != nil {
			return err
		}
	}
	for _, times := range a.cell.plan.Probes.Widths {
		model := weighed{a.cell.run.Material.Widths[times], evidence.PhaseWidth(times)}
		loaded, err := a.probeModel(ctx, random, model, times)
		if err != nil {
			return err
		}
		if !loaded {
			continue
		}
		if err := a.probeReading(ctx, random, times); err != nil {
			return err
		}
	}
	return nil
}

// weighed is a model and the phase of its bursts.
type weighed struct {
	variant *Variant
	phase   evidence.Phase
}

// probeRows makes bursts over few rows and over many, in turns.
func (a *attempt) probeRows(ctx context.Context, random *rand.Rand) error {
	few := a.cell.plan.Probes.FewRows
	for range a.cell.plan.Probes.Bursts {
		for _, probe := range []struct {
			rows  int
			phase evidence.Phase
		}{{few, evidence.PhaseFewRows}, {0, evidence.PhaseManyRows}} {
			if err := a.probeBurst(ctx, random, a.cell.run.Material.Variant, probe.rows, 1, probe.phase); err != nil {
				return err
			}
		}
	}
	return nil
}

// probeModel loads a model and makes bursts with it, unless the contender can't
// hold it.
func (a *attempt) probeModel(ctx context.Context, random *rand.Rand, model weighed, times int) (loaded bool, err error) {
	path, ok := model.variant.Files[a.format]
	if !ok {
		return false, nil
	}
	if err := a.reload(ctx, model.variant, path); err != nil {
		return false, tolerate(err)
	}
	for range a.cell.plan.Probes.Bursts {
		if err := a.probeBurst(ctx, random, model.variant, 0, times, model.phase); err != nil {
			return true, err
		}
	}
	return true, a.check()
}

// tolerate drops the error of a contender that can't hold a probe's model.
func tolerate(err error) error {
	if inapplicable := new(notApplicable); errors.As(err, &inapplicable) {
		return nil
	}
	return err
}

func (a *attempt) reload(ctx context.Context, variant *Variant, path string) error {
	if _, err := a.resume(); err != nil {
		return err
	}
	refusal := a.load(ctx, variant, path)
	// The turn of one that refuses is over as well: it is asked on.
	_, err := a.pause()
	if refusal != nil {
		return refusal
	}
	return err
}

// probeBurst makes a burst like any other's, of fewer calls where the model is
// times as wide. Without rows, they are drawn as for a round.
func (a *attempt) probeBurst(ctx context.Context, random *rand.Rand, variant *Variant, rows, times int, phase evidence.Phase) error {
	drawn := drawRound(random, a.cell.plan.Paired)
	if rows == 0 {
		// A wider model has fewer rows, so that the file stays as near to the core.
		rows = max(drawn.rows-(times-1)*a.dim(), a.cell.plan.Paired.RowsLeast/100)
	}
	size := a.cell.sizes[a.sizedAs()]
	size.Calls, size.Multiple = max(size.Calls/times, 4), 1
	_, err := a.burst(ctx, random, variant, rows, max(size.Warmup/times, 2), drawn.calls(size, phase), true, phase)
	return err
}

// probeReading asks for no calls at the model that is loaded: what that takes is reading,
// or work that is not the clock's.
func (a *attempt) probeReading(ctx context.Context, random *rand.Rand, times int) error {
	_, err := a.burst(ctx, random, a.cell.run.Material.Widths[times], a.cell.plan.Paired.RowsMost, 0, 0, false, evidence.PhaseWidthEmpty(times))
	return err
}
