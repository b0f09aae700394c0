package measure

// This file makes a replicate: one launch of each contender, alive together,
// taking turns.

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"cupel/internal/draw"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/launch"
	"cupel/internal/suite"
)

// replicate is one launch of each contender. The preview is the one with number 0.
type replicate struct {
	cell   *cell
	number int
	// launches are those that were begun, in that order.
	launches []*attempt
	// inputs are the files of rows that were written.
	inputs []evidence.InputsFile
	// patience is how long its rounds may still wait for a quiet machine.
	patience time.Duration
}

func (c *cell) newReplicate(number int) *replicate {
	return &replicate{cell: c, number: number, patience: time.Duration(c.plan.Paired.Quiet.WaitReplicate)}
}

// nextReplicate is the one after the last. It draws no file that was drawn before, in a
// session that was killed either.
func (c *cell) nextReplicate() *replicate {
	c.replicates++
	c.files = max(c.files, c.replicates*filesOfReplicate)
	return c.newReplicate(c.replicates)
}

// preview launches the contenders one after the other, for the classic protocol alone.
func (r *replicate) preview(ctx context.Context, contenders []Contender) error {
	for _, at := range draw.Order(r.cell.nonce, r.number, len(contenders)) {
		a, err := r.begin(contenders[at])
		if err != nil {
			return err
		}
		r.cell.asking.prepare(ctx, a)
		a.do(func() error { return r.cell.asking.classic(ctx, a) })
		if err := a.finish(ctx); err != nil {
			return err
		}
	}
	return r.keepInputs()
}

// measure launches each contender, lets them take turns, and ends them. What is
// wrong with one of them ends that one.
func (r *replicate) measure(ctx context.Context, contenders []Contender) (err error) {
	defer func() { err = r.end(ctx, err) }()
	if err := r.cell.noteMachine(r.number, false); err != nil {
		return err
	}
	if err := r.startAll(ctx, contenders); err != nil {
		return err
	}
	if err := r.rounds(ctx); err != nil {
		return err
	}
	hard, err := r.drawHard()
	if err != nil {
		return err
	}
	defer hard.remove()
	for _, a := range r.launches {
		a.do(func() error { return r.cell.asking.probe(ctx, a, hard) })
		if err := fatal(ctx, a.err); err != nil {
			return err
		}
	}
	r.cell.checkAll(r.launches)
	return nil
}

// startAll starts the launches and brings each to its steady state.
func (r *replicate) startAll(ctx context.Context, contenders []Contender) error {
	ordered := draw.Order(r.cell.nonce, r.number, len(contenders))
	if r.startsTogether() {
		for _, at := range ordered {
			if _, err := r.begin(contenders[at]); err != nil {
				return err
			}
		}
		for _, a := range r.launches {
			a.settle(ctx)
		}
		if err := fatal(ctx, nil); err != nil {
			return err
		}
	}
	for nth, at := range ordered {
		if nth == len(r.launches) {
			if _, err := r.begin(contenders[at]); err != nil {
				return err
			}
		}
		a := r.launches[nth]
		r.cell.asking.prepare(ctx, a)
		a.do(func() error { return r.cell.asking.classic(ctx, a) })
		a.do(func() error { return a.practice(ctx) })
		a.do(func() error { return a.look(evidence.MomentSteady) })
		if err := fatal(ctx, a.err); err != nil {
			return err
		}
	}
	return nil
}

// end ends every launch and records it, whatever came in between, and returns why the
// replicate has ended.
func (r *replicate) end(ctx context.Context, err error) error {
	for _, a := range r.launches {
		a.do(func() error { return err })
	}
	// Before they end: of a launch that is found finished after a kill it is known what
	// it was sent.
	kept := r.keepInputs()
	for _, a := range r.launches {
		if ended := a.finish(ctx); ended != nil && !errors.Is(err, ended) {
			err = errors.Join(err, ended)
		}
	}
	err = errors.Join(err, kept)
	if err == nil {
		r.cell.progress.Add(samplesOf(r.launches))
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// filesOfReplicate is more files than a replicate has.
const filesOfReplicate = 100_000

// startsTogether reports whether the launches of a replicate start at once rather
// than one after the other.
func (r *replicate) startsTogether() bool {
	return r.number > r.cell.plan.Paired.StartAlone && len(r.cell.harnessCPUs) > 0 && len(r.cell.cpus) > 0
}

// settle waits until a launch that has started beside others can answer, gives it
// the contenders' CPUs and stops it until its turn.
func (a *attempt) settle(ctx context.Context) {
	a.do(func() (err error) { a.hello, err = a.process.Hello(ctx); return err })
	a.do(func() error {
		err := a.process.Pin(a.cell.cpus)
		if gone := new(launch.Failure); errors.As(err, &gone) {
			return gone
		}
		if err != nil {
			return ours(err)
		}
		return a.process.Pause()
	})
}

// fatal returns what ends a replicate for everybody: an interruption, or a fault
// of the harness.
func fatal(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if harness := new(harnessError); errors.As(err, &harness) {
		return harness
	}
	return nil
}

func samplesOf(launches []*attempt) estimate.Replicate {
	replicate := estimate.Replicate{}
	for _, a := range launches {
		if a.finished() && a.contender.Role == "" {
			replicate[a.contender.Name] = a.samples
		}
	}
	return replicate
}

// rounds lets the launches take turns.
func (r *replicate) rounds(ctx context.Context) error {
	plan := r.cell.plan
	random := draw.Stream(r.cell.nonce, "rounds", r.number)
	account := r.openBlock(1)
	for _, drawn := range drawRounds(random, plan.Paired) {
		if err := r.round(ctx, random, drawn); err != nil {
			return err
		}
		if drawn.number%checkEvery == 0 || drawn.number == plan.Paired.Rounds {
			r.cell.checkAll(r.launches)
			if drawn.number%blockRounds == 0 || drawn.number == plan.Paired.Rounds {
				if err := account.close(drawn.number); err != nil {
					return err
				}
				if drawn.number < plan.Paired.Rounds {
					account = r.openBlock(drawn.number + 1)
				}
			}
			r.cell.report(Progress{Cell: r.cell.name, Replicate: r.number, Replicates: plan.Launches, Rounds: drawn.number})
		}
	}
	return nil
}

// checkEvery is how many rounds are answered before answers are checked: a wrong
// contender is found soon, and memory stays small.
const checkEvery = 20

// round gives each launch its turn.
func (r *replicate) round(ctx context.Context, random *rand.Rand, drawn round) error {
	taking := r.taking(drawn)
	files, err := r.cell.asking.draw(r, random, drawn, taking)
	if err != nil {
		return err
	}
	defer files.remove()
	// What comes first would find a core that has slept while files were written.
	r.cell.core.wake()
	r.awaitQuiet()
	turns := drawn.turns(draw.Turns(r.cell.nonce, r.number, drawn.number), taking, controlOf(r.launches))
	if err := r.openRound(ctx, files, drawn, turns); err != nil {
		return err
	}
	var last *attempt
	lastAt := 0
	for _, turn := range turns {
		a := r.launches[turn.who]
		if !a.finished() {
			continue
		}
		made := len(a.samples)
		reading := pointer(r.cell.canary.read().Nanoseconds())
		a.do(func() error { return r.cell.asking.turn(ctx, a, files, drawn, turn.phase) })
		if err := fatal(ctx, a.err); err != nil {
			return err
		}
		if len(a.samples) == made {
			continue
		}
		// The reading before one burst is the one after the burst before it.
		if last != nil {
			last.samples[lastAt].CanaryAfterNanoseconds = reading
		}
		a.samples[made].CanaryBeforeNanoseconds = reading
		last, lastAt = a, made
	}
	if last != nil {
		last.samples[lastAt].CanaryAfterNanoseconds = pointer(r.cell.canary.read().Nanoseconds())
	}
	return nil
}

// openRound lets the launch that has the last turn open the round, so that the first
// turn too comes after another's: a core that has just served a contender is slower by a
// percent for the next one, the harness's own loop included, however long the core was
// kept busy before (docs/EXPERIMENTS.md, The round's opening).
func (r *replicate) openRound(ctx context.Context, files roundFiles, drawn round, turns []turn) error {
	if len(turns) == 0 {
		return nil
	}
	a := r.launches[turns[len(turns)-1].who]
	a.do(func() error { return r.cell.asking.open(ctx, a, files, drawn) })
	return fatal(ctx, a.err)
}

// awaitQuiet waits until the machine is quiet, as far as patience goes. It looks at the
// canary alone: what contenders took has no part in when they are timed.
func (r *replicate) awaitQuiet() {
	quiet, now := r.cell.plan.Paired.Quiet, r.cell.run.outside.now
	most := min(time.Duration(quiet.WaitRound), r.patience)
	began := now()
	spent := time.Duration(0)
	for spent < most {
		if float64(r.cell.canary.read()) <= quiet.Within*float64(r.cell.canary.fastest()) {
			break
		}
		spent = now().Sub(began)
	}
	r.patience -= spent
}

// taking lists the launches that take part in a round.
func (r *replicate) taking(drawn round) []int {
	var indices []int
	for i, a := range r.launches {
		if a.finished() && (drawn.everybody || r.cell.claimed(a)) {
			indices = append(indices, i)
		}
	}
	return indices
}

// claimed reports whether a launch is of a contender that a claim is about, or
// stands beside one. Without claims all are.
func (c *cell) claimed(a *attempt) bool {
	if len(c.plan.Claims) == 0 || a.contender.Role != "" {
		return true
	}
	return slices.ContainsFunc(c.plan.Claims, func(claim suite.ClaimPlan) bool {
		return a.contender.Name == claim.Faster || a.contender.Name == claim.Than || a.contender.Name == c.control
	})
}

func controlOf(launches []*attempt) int {
	for i, a := range launches {
		if a.contender.Role == evidence.RoleControl {
			return i
		}
	}
	return nobody
}

// fileKey tells a round's files apart.
type fileKey struct {
	phase evidence.Phase
	class int
}

// roundFiles are the inputs of a round: all launches have the same for the same
// purpose, and none has one twice. A contender whose long bursts are of few calls
// has a file of few rows for them, since reading many would take it long.
type roundFiles map[fileKey]roundFile

// roundFile is what a burst of inference is over, or what a training is made on.
type roundFile struct {
	inputsFile
	path
	rows        int
	trainingSet *trainingSet
	// discard removes it.
	discard func()
}

func (f roundFiles) remove() {
	for _, file := range f {
		file.discard()
	}
}

// checkAll compares the launches' answers with the reference. Those to the same
// inputs are looked at together, since one answer found is found for all, and
// different inputs side by side, on all cores: nobody is being timed.
func (c *cell) checkAll(launches []*attempt) {
	answers := map[any][]func(){}
	faults, labels := make([][]error, len(launches)), make([][]int, len(launches))
	made := make([][]int, len(launches))
	for i, a := range launches {
		pending := a.unchecked
		a.unchecked = nil
		faults[i], labels[i] = make([]error, len(pending)), make([]int, len(pending))
		for k, answer := range pending {
			answers[answer.on] = append(answers[answer.on], func() { labels[i][k], faults[i][k] = answer.check() })
			made[i] = append(made[i], answer.made)
		}
	}
	c.spread(func() { sideBySide(slices.Collect(maps.Values(answers))) })
	for i, a := range launches {
		for k, fault := range faults[i] {
			a.labelsChecked += labels[i][k]
			if fault == nil {
				a.noteChecked(made[i][k])
			}
			a.do(func() error { return fault })
		}
	}
}

// sideBySide works through groups of tasks, each group in order.
func sideBySide(groups [][]func()) {
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for _, group := range groups {
		workers.Go(func() error {
			for _, task := range group {
				task()
			}
			return nil
		})
	}
	_ = workers.Wait()
}
