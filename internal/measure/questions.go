package measure

// This file asks each launch, between its rounds and its probes, what bursts over
// drawn rows don't tell: whether it holds the suite's model and all of it, whether
// its answers stay as they are, and whether it does its work while it is timed.

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/reference"
)

// question asks everything that is asked of a launch in this replicate, while it
// still holds the suite's model.
func (a *attempt) question(ctx context.Context, hard *hardRows) error {
	if a.cell.plan.Probes.FixedRows == 0 {
		return nil
	}
	steps := []func(context.Context) error{a.finalScores}
	if hard != nil {
		steps = append(steps, func(ctx context.Context) error { return a.hard(ctx, hard) })
	}
	if a.deep() {
		steps = append(steps, a.unitScores, a.lone, a.multiples, a.warmings, a.transfer, a.eager)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return a.check()
}

// deep reports whether the dear questions are asked.
func (a *attempt) deep() bool { return a.replicate.number <= a.cell.plan.Probes.DeepReplicates }

// settleScores asks for the scores of the fixed rows, three times.
func (a *attempt) settleScores(ctx context.Context) error {
	if a.cell.plan.Probes.FixedRows == 0 {
		return nil
	}
	for _, asked := range []evidence.ProbeScores{evidence.ScoresFirst, evidence.ScoresSecond, evidence.ScoresThird} {
		if err := a.fixedScores(ctx, asked, nil); err != nil {
			return err
		}
	}
	return nil
}

// finalScores asks for them again after many thousand other rows, and once more in
// another order.
func (a *attempt) finalScores(ctx context.Context) error {
	if err := a.fixedScores(ctx, evidence.ScoresLast, nil); err != nil {
		return err
	}
	reordered := draw.Stream(a.cell.nonce, "reordered", a.number).Perm(a.cell.plan.Probes.FixedRows)
	return a.fixedScores(ctx, evidence.ScoresReordered, reordered)
}

// fixedScores asks for the scores of the fixed rows, in an order if one is given.
func (a *attempt) fixedScores(ctx context.Context, asked evidence.ProbeScores, order []int) error {
	rows, dim := a.cell.plan.Probes.FixedRows, a.dim()
	fixed := draw.Fixed(a.cell.nonce, rows*dim)
	values, holds := fixed, holdsFixed
	if order != nil {
		values, holds = make([]float32, 0, rows*dim), holdsReordered
		for _, row := range order {
			values = append(values, fixed[row*dim:(row+1)*dim]...)
		}
	}
	file, err := a.replicate.file(a.cell.run.Material.Variant, holds, values, rows, dim)
	if err != nil {
		return err
	}
	scores, err := a.scores(ctx, file, rows, dim)
	if err != nil {
		return err
	}
	outputs := len(scores) / rows
	if order != nil {
		inOrder := make([]float32, len(scores))
		for at, row := range order {
			copy(inOrder[row*outputs:(row+1)*outputs], scores[at*outputs:(at+1)*outputs])
		}
		scores = inOrder
	}
	if asked == evidence.ScoresFirst {
		a.fixed = slices.Clone(scores)
	}
	return a.noteScores(asked, file, rows, scores, a.fixed)
}

// unitScores asks for the scores of a row of zeros and of each row that has a
// single 1. With rows that overlap, a file of twice the width holds them all.
func (a *attempt) unitScores(ctx context.Context) error {
	dim := a.dim()
	values := make([]float32, 2*dim)
	values[dim] = 1
	// Row i has its 1 at input dim-i, row 0 none.
	file, err := a.replicate.file(a.cell.run.Material.Variant, holdsUnit, values, dim+1, 1)
	if err != nil {
		return err
	}
	given, err := a.scores(ctx, file, dim+1, 1)
	if err != nil {
		return err
	}
	outputs := len(given) / (dim + 1)
	scores := slices.Clone(given)
	for row := 1; row <= dim; row++ {
		copy(scores[(dim+1-row)*outputs:(dim+2-row)*outputs], given[row*outputs:(row+1)*outputs])
	}
	return a.noteScores(evidence.ScoresUnit, file, dim+1, scores, nil)
}

// scores makes one call and asks for the scores of every row.
func (a *attempt) scores(ctx context.Context, file inputsFile, rows, hop int) ([]float32, error) {
	defer file.remove()
	request := protocol.InferRequest{Rows: rows, Dim: a.dim(), Hop: hop, Batch: 1, Calls: 1, Want: true, Scores: true}
	reply, err := a.inferUntimed(ctx, file, request)
	if err != nil {
		return nil, err
	}
	if err := a.agreed(file.inputs.Check(request, reply)); err != nil {
		return nil, err
	}
	return reply.Scores, file.inputs.CheckScores(a.hello.Scale, reply.Scores)
}

// noteScores writes scores down, beside their difference to the first ones where there
// are some.
func (a *attempt) noteScores(asked evidence.ProbeScores, file inputsFile, rows int, scores, first []float32) error {
	row := evidence.Scores{
		Launch: a.number, Contender: a.contender.Name, Asked: asked, Inputs: file.number, Rows: rows,
		Outputs: len(scores) / rows, Scale: string(a.hello.Scale), RowsBefore: a.rows - 1,
	}
	same := len(first) == len(scores)
	for i := range min(len(first), len(scores)) {
		row.Difference = max(row.Difference, math.Abs(float64(scores[i])-float64(first[i])))
		same = same && math.Float32bits(scores[i]) == math.Float32bits(first[i])
	}
	row.SameAsFirst = same && asked != evidence.ScoresFirst
	if !row.SameAsFirst {
		row.Float32 = protocol.EncodeInputs(scores)
	}
	return ours(a.cell.run.Bundle.Note(row))
}

// hardRows are a replicate's rows near the decision boundary: the same for each of
// its launches, as in a round.
type hardRows struct {
	file inputsFile
	path path
	rows *reference.Boundary
	// cuts are the labels that models which cut corners would give, by their names.
	corners []string
	cuts    [][]byte
	// decisions are which blocks of inputs decide a row; nil where not found out.
	decisions [][]bool
}

func (h *hardRows) remove() {
	if h != nil {
		h.file.remove()
	}
}

// drawHard draws a replicate's hard rows while everybody is stopped. It returns nil
// where none are due.
func (r *replicate) drawHard() (*hardRows, error) {
	plan := r.cell.plan.Probes
	if plan.HardRows == 0 || plan.FixedRows == 0 {
		return nil, nil
	}
	random := draw.Stream(r.cell.nonce, "hard", r.number)
	variant := r.cell.run.Material.Variant
	hard := &hardRows{}
	var err error
	r.cell.spread(func() { err = hard.draw(r.cell, random, r.number) })
	if err != nil {
		return nil, ours(err)
	}
	dim := variant.Model.Architecture.Inputs()
	if hard.file, err = r.file(variant, holdsHard, hard.rows.Values, plan.HardRows, dim); err != nil {
		return nil, err
	}
	hard.path = path{random.IntN(plan.HardRows), random.IntN(protocol.MaxStep)}
	return hard, nil
}

func (h *hardRows) draw(c *cell, random *rand.Rand, replicate int) (err error) {
	answers, n := c.run.Material.Variant.Reference, c.plan.Probes.HardRows
	if h.rows, err = answers.HardRows(random, n); err != nil {
		return err
	}
	cuts := answers.Cuts()
	h.cuts = make([][]byte, len(cuts))
	var tasks [][]func()
	for i, cut := range cuts {
		h.corners = append(h.corners, cut.Corner)
		tasks = append(tasks, []func(){func() { h.cuts[i] = cut.Labels(h.rows.Values, n) }})
	}
	if replicate <= c.plan.Probes.DeepReplicates {
		tasks = append(tasks, []func(){func() { h.decisions = answers.Deciding(h.rows.Values, n) }})
	}
	sideBySide(tasks)
	return nil
}

// hard has the launch label hard rows in a timed request like any other. Within the
// tolerance any single label may differ; how many do is for the audit to judge.
func (a *attempt) hard(ctx context.Context, hard *hardRows) error {
	plan := a.cell.plan.Probes
	request := protocol.InferRequest{
		Rows: plan.HardRows, Dim: a.dim(), Hop: a.dim(), Batch: 1, First: &hard.path.first, Step: &hard.path.step,
		Calls: plan.HardCalls, Want: true,
	}
	reply, err := a.ask(ctx, hard.file, request, evidence.PhaseHard, 0)
	if err != nil {
		return err
	}
	// Its labels are counted here: a wrong one of these rows is no end of a launch.
	a.unchecked = a.unchecked[:len(a.unchecked)-1]
	a.labelsChecked += len(reply.Labels)
	request.Inputs = ""
	return ours(a.cell.run.Bundle.Note(a.judgeHard(hard, request, reply.Labels)))
}

func (a *attempt) judgeHard(hard *hardRows, request protocol.InferRequest, labels []byte) evidence.HardRows {
	classes := a.cell.run.Material.Model.Architecture.Classes()
	row := evidence.HardRows{
		Launch: a.number, Contender: a.contender.Name, Inputs: hard.file.number, Rows: request.Rows, Calls: request.Calls,
		First: *request.First, Step: *request.Step, Labels: labels, ByClass: make([]int, classes), WrongByClass: make([]int, classes),
	}
	visited := reference.Visited(request, nil, labels)
	for call, at := range visited {
		expected := hard.rows.Labels[at]
		row.Expected = append(row.Expected, expected)
		row.ByClass[expected]++
		if labels[call] != expected {
			row.WrongByClass[expected]++
		}
	}
	for i, corner := range hard.corners {
		suspect := evidence.Suspect{Corner: corner}
		for call, at := range visited {
			if labels[call] != hard.cuts[i][at] {
				continue
			}
			suspect.Same++
			if labels[call] != row.Expected[call] {
				suspect.SameWhereWrong++
			}
		}
		row.Suspects = append(row.Suspects, suspect)
	}
	if hard.decisions != nil {
		row.Blocks = make([]int, len(hard.decisions[0]))
		for _, at := range visited {
			for block, decides := range hard.decisions[at] {
				if decides {
					row.Blocks[block]++
				}
			}
		}
	}
	return row
}

// asked is one request of a series.
type asked struct {
	file    inputsFile
	request protocol.InferRequest
	phase   evidence.Phase
}

// series makes requests one right after the other: a process that has just been
// stopped finds less in its caches.
func (a *attempt) series(ctx context.Context, all []asked) error {
	defer func() {
		for _, one := range all {
			one.file.remove()
		}
	}()
	if _, err := a.resume(); err != nil {
		return err
	}
	for _, one := range all {
		one.request.Inputs = one.file.path
		before, start := a.clock(), a.cell.run.outside.now()
		reply, outer, err := a.process.Infer(ctx, one.request, a.outputs(one.file))
		if err != nil {
			return err
		}
		sample := a.timed(one.phase, 0, one.request, start, outer, reply.ElapsedNanoseconds)
		sample.CPUNanoseconds = spent(before, a.clock())
		a.samples = append(a.samples, sample)
		made := a.keepRequest(one.file, one.request, reply, sample)
		a.await(one.file, one.request, reply, made)
	}
	_, err := a.pause()
	return err
}

// lone asks for one call on a new row, over and over, in turns with none: what comes
// out in batches shows.
func (a *attempt) lone(ctx context.Context) error {
	var all []asked
	for range a.cell.plan.Probes.Lone {
		for calls, phase := range []evidence.Phase{evidence.PhaseLoneEmpty, evidence.PhaseLone} {
			file, err := a.replicate.rowFile(a.cell.run.Material.Variant, 1)
			if err != nil {
				return err
			}
			request := a.request(1)
			request.Hop, request.Calls, request.Want = a.dim(), calls, true
			all = append(all, asked{file, request, phase})
		}
	}
	return a.series(ctx, all)
}

// multiples makes bursts of a number of calls, of twice and of four times as many,
// over the same number of rows: a loop that is a loop takes as many times as long.
func (a *attempt) multiples(ctx context.Context) error {
	random := draw.Stream(a.cell.nonce, "multiples", a.number)
	once := max(1, a.cell.sizes[a.sizedAs()].LongCalls/4)
	for range a.cell.plan.Probes.Bursts {
		for _, i := range random.Perm(3) {
			times := 1 << i
			if _, err := a.burst(ctx, random, a.cell.run.Material.Variant, a.questionRows(), 0, times*once, false, evidence.PhaseMultiple(times)); err != nil {
				return err
			}
		}
	}
	return nil
}

// questionRows is how many rows a question has that is about time alone: few, so
// that the reference is soon through with them.
func (a *attempt) questionRows() int { return max(1, a.cell.plan.Paired.RowsLeast/8) }

// warmings makes bursts after many untimed calls and after none: the untimed ones
// must take their time as well.
func (a *attempt) warmings(ctx context.Context) error {
	random := draw.Stream(a.cell.nonce, "warmings", a.number)
	calls := a.cell.sizes[a.sizedAs()].Calls
	for range a.cell.plan.Probes.Bursts {
		for _, phase := range []evidence.Phase{evidence.PhaseUnwarmed, evidence.PhaseWarmed} {
			warmup := 0
			if phase == evidence.PhaseWarmed {
				warmup = a.warmedCalls()
			}
			if _, err := a.burst(ctx, random, a.cell.run.Material.Variant, a.questionRows(), warmup, calls, true, phase); err != nil {
				return err
			}
		}
	}
	return nil
}

// transfer asks an engine on a device of its own how much of a call is copying rows
// there and labels back. It is part of every call's time; told apart, it says what
// another way to feed the device could save at most.
func (a *attempt) transfer(ctx context.Context) error {
	if strings.HasPrefix(strings.ToLower(a.hello.Device), "cpu") {
		return nil
	}
	file, path, err := a.replicate.chainedFile(a.cell.run.Material.Variant, draw.Stream(a.cell.nonce, "transfer", a.number), a.questionRows(), 0)
	if err != nil {
		return err
	}
	defer file.remove()
	request := a.request(a.questionRows())
	request.First, request.Step, request.Transfer = &path.first, &path.step, true
	request.Calls = max(1, a.cell.sizes[a.sizedAs()].LongCalls)
	reply, err := a.ask(ctx, file, request, evidence.PhaseTransfer, 0)
	if err == nil {
		a.transferPerCall = float64(reply.TransferNanoseconds) / float64(request.Calls)
	}
	return err
}

// warmedMost is how long the untimed calls of that probe may take: of a slow engine
// fewer are as telling.
const warmedMost = 20 * time.Millisecond

func (a *attempt) warmedCalls() int {
	affordable := int(float64(warmedMost) / max(a.cell.sizes[a.sizedAs()].NanosecondsPerCall, 1))
	return max(min(a.cell.plan.Probes.WarmedCalls, affordable), 20)
}

// eager asks for no calls under the suite's model and under a heavy one of the same
// width: who has answers ready before they are asked for takes longer under that.
func (a *attempt) eager(ctx context.Context) error {
	heavy := a.cell.run.Material.Heavy
	if heavy == nil {
		return nil
	}
	if err := a.eagerUnder(ctx, a.cell.run.Material.Variant, evidence.PhaseEager); err != nil {
		return err
	}
	path, ok := heavy.Files[a.format]
	if !ok {
		return nil
	}
	err := a.reload(ctx, heavy, path)
	if err == nil {
		err = a.eagerUnder(ctx, heavy, evidence.PhaseEagerHeavy)
	}
	if err := tolerate(err); err != nil {
		return err
	}
	// One that refuses a model may hold none now.
	return a.reload(ctx, a.cell.run.Material.Variant, a.cell.run.Material.Files[a.format])
}

// eagerRows is how many rows a request of no calls has in that question.
const eagerRows = 256

func (a *attempt) eagerUnder(ctx context.Context, variant *Variant, phase evidence.Phase) error {
	random := draw.Stream(a.cell.nonce, phase, a.number)
	var all []asked
	for range a.cell.plan.Probes.Eager {
		file, path, err := a.replicate.chainedFile(variant, random, eagerRows, 0)
		if err != nil {
			return err
		}
		request := a.request(eagerRows)
		request.First, request.Step, request.Want = &path.first, &path.step, true
		all = append(all, asked{file, request, phase})
	}
	return a.series(ctx, all)
}
