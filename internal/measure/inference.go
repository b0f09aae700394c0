package measure

// This file asks for inference: each contender is given the suite's model and answers
// rows with it.

import (
	"context"
	"fmt"
	"maps"
	"math/bits"
	"math/rand/v2"
	"slices"

	"cupel/internal/evidence"
	"cupel/internal/protocol"
)

// inference is the asking of suites of inference.
type inference struct{}

// prepare implements asking.
func (inference) prepare(ctx context.Context, a *attempt) {
	var path string
	if a.hello.Name == "" {
		a.do(func() (err error) { a.hello, err = a.process.Hello(ctx); return err })
	} else {
		a.do(func() error { return a.process.Resume() })
	}
	a.do(func() (err error) { a.format, path, err = a.chooseFormat(a.cell.run.Material.Variant); return err })
	a.do(func() error { return a.load(ctx, a.cell.run.Material.Variant, path) })
	if a.hello.Name != "" {
		if err := a.state(); err != nil {
			a.err = ours(err)
		}
	}
	a.do(func() error { return a.firstCall(ctx) })
	a.do(func() error { return a.agree(ctx) })
	a.do(func() error { return a.label(ctx) })
	a.do(func() error { return a.settleScores(ctx) })
	a.do(func() error { return a.look(evidence.MomentLoaded) })
}

// classic implements asking: one row, warm-up calls, then calls timed one by one.
func (inference) classic(ctx context.Context, a *attempt) error {
	plan := a.cell.plan.Classic
	file, err := a.replicate.file(a.cell.run.Material.Variant, holdsClassic, slices.Repeat(a.cell.run.Material.ClassicRow, plan.Rows), plan.Rows, a.dim())
	if err != nil {
		return err
	}
	defer file.remove()
	request := protocol.InferRequest{
		Rows: plan.Rows, Dim: a.dim(), Hop: a.dim(), Batch: a.cell.plan.Batch,
		Warmup: plan.Warmup, Calls: plan.Iterations, Want: true, Samples: true,
	}
	reply, err := a.ask(ctx, file, request, evidence.PhaseRequest, 0)
	if err != nil {
		return err
	}
	a.keepCalls(reply, evidence.PhaseCall, 0, request)
	if err := a.check(); err != nil {
		return fmt.Errorf("the timed calls: %w", err)
	}
	return reply.Resolves()
}

// practise implements asking.
func (inference) practise(ctx context.Context, a *attempt, random *rand.Rand, made int) (float64, error) {
	drawn := drawRound(random, a.cell.plan.Paired)
	size, known := a.cell.sizes[a.sizedAs()]
	if !known {
		size = a.provisionalSize(made)
	}
	reply, err := a.burst(ctx, random, a.cell.run.Material.Variant, drawn.rows, size.Warmup, drawn.calls(size, evidence.PhasePractice), drawn.want, evidence.PhasePractice)
	if err != nil {
		return 0, err
	}
	return float64(reply.ElapsedNanoseconds) / float64(drawn.calls(size, evidence.PhasePractice)), nil
}

// size implements asking. A contender is sized once a run, so that all of its launches
// make the same bursts.
func (inference) size(ctx context.Context, a *attempt, random *rand.Rand, nanosecondsPerCall float64) error {
	name := a.sizedAs()
	if _, known := a.cell.sizes[name]; known {
		return nil
	}
	plan := a.cell.plan.Paired
	empty, err := a.emptyRequest(ctx, random, plan.RowsMost)
	if err != nil {
		return err
	}
	nanosecondsPerCall = a.believed(nanosecondsPerCall, empty)
	if rows := a.cell.plan.Batch * longCalls(plan, a.cell.plan.Batch, max(nanosecondsPerCall, 1), 0); rows > plan.RowsMost {
		if empty, err = a.emptyRequest(ctx, random, rows); err != nil {
			return err
		}
	}
	size := sizeBursts(plan, a.cell.plan.Batch, nanosecondsPerCall, empty, name == a.cell.control)
	a.cell.resize(name, size)
	row := a.row()
	row.Contender, row.Event, row.Burst = name, evidence.EventSized, &size
	return ours(a.cell.run.Bundle.Append(row))
}

// draw implements asking: all launches have the same rows for the same purpose.
func (inference) draw(r *replicate, random *rand.Rand, drawn round, taking []int) (roundFiles, error) {
	phases := []evidence.Phase{evidence.PhaseShort}
	if drawn.long {
		phases = []evidence.Phase{drawn.longPhase(), evidence.PhaseEmpty}
		if drawn.stalled {
			phases = append(phases, evidence.PhaseStall)
		}
	}
	rows := map[int]int{}
	for _, who := range taking {
		size := r.cell.sizes[r.launches[who].sizedAs()]
		class := r.cell.rowsClass(size, drawn)
		rows[class] = max(rows[class], drawn.rows)
		if class > 0 {
			rows[class] = max(rows[class], r.cell.longRows(size, drawn))
		}
	}
	files := roundFiles{}
	add := func(key fileKey, rows, warmup int) error {
		file, path, err := r.chainedFile(r.cell.run.Material.Variant, random, rows, warmup)
		if err != nil {
			files.remove()
			return err
		}
		files[key] = roundFile{inputsFile: file, path: path, rows: rows, discard: file.remove}
		return nil
	}
	if err := add(fileKey{phase: evidence.PhaseOpening}, r.cell.plan.Probes.FewRows, 0); err != nil {
		return nil, err
	}
	for _, class := range slices.Sorted(maps.Keys(rows)) {
		for _, phase := range phases {
			if err := add(fileKey{phase, class}, rows[class], r.cell.plan.Paired.Warmup); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

// rowsClass is 0 where a file of as many rows as a short burst has is enough. A long
// burst that predicts more has at least as many rows as that: to compute all of them in
// advance then takes as long as the burst. Those of about as many, up to a power of two,
// share a file: with one for all, an engine that makes a tenth of the fastest one's calls
// read ten times the rows that it needs, for 13% of its long burst. Near bursts do with
// few: they are judged beside the others.
func (c *cell) rowsClass(size evidence.BurstSize, drawn round) int {
	rows := c.longRows(size, drawn)
	if !drawn.long || drawn.near || rows <= c.plan.Paired.RowsMost {
		return 0
	}
	return bits.Len(uint(rows - 1))
}

// longRows is how many rows a long burst predicts.
func (c *cell) longRows(size evidence.BurstSize, drawn round) int {
	return c.plan.Batch * drawn.calls(size, evidence.PhaseLong)
}

// open implements asking: it asks for no calls over few rows.
func (i inference) open(ctx context.Context, a *attempt, files roundFiles, drawn round) error {
	return i.turn(ctx, a, files, drawn, evidence.PhaseOpening)
}

// turn implements asking.
func (inference) turn(ctx context.Context, a *attempt, files roundFiles, drawn round, phase evidence.Phase) error {
	size := a.cell.sizes[a.sizedAs()]
	key := fileKey{phase: filePhase(phase)}
	if phase != evidence.PhaseOpening {
		key.class = a.cell.rowsClass(size, drawn)
	}
	file := files[key]
	request := a.request(file.rows)
	request.First, request.Step = &file.first, &file.step
	request.Calls, request.Want = drawn.calls(size, phase), drawn.want
	request.Samples = phase == evidence.PhaseStall
	if warmed(phase) {
		request.Warmup = size.Warmup
	}
	reply, err := a.ask(ctx, file.inputsFile, request, phase, drawn.number)
	if err == nil && phase == evidence.PhaseStall {
		a.keepCalls(reply, evidence.PhaseStallCall, drawn.number, request)
	}
	return err
}

// warmed reports whether bursts of a phase begin with untimed calls. Those that the
// outer clock judges do not: it would see them and the contender's clock not.
func warmed(phase evidence.Phase) bool {
	return phase == evidence.PhaseShort || phase == evidence.PhasePositive
}

// filePhase is the phase whose file a burst reads. A positive burst stands in the
// place of the control copy's short one, on the same inputs as everybody's.
func filePhase(phase evidence.Phase) evidence.Phase {
	if phase == evidence.PhasePositive {
		return evidence.PhaseShort
	}
	return phase
}

// probe implements asking.
func (inference) probe(ctx context.Context, a *attempt, hard *hardRows) error {
	if err := a.question(ctx, hard); err != nil {
		return err
	}
	return a.probe(ctx)
}
