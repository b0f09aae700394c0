package measure

// This file makes a replicate: one launch of each contender, alive together,
// taking turns.

import (
	"context"
	"errors"
	"maps"
	"math/bits"
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

// replicate launches each contender, lets them take turns, and ends them. What is
// wrong with one of them ends that one.
func (r *Run) replicate(ctx context.Context, contenders []Contender, number int) (err error) {
	var launches []*attempt
	defer func() {
		// Every launch is ended and recorded, whatever came in between.
		for _, a := range launches {
			a.do(func() error { return err })
		}
		// Before they end: of a launch that is found finished after a kill it is known what
		// it was sent.
		kept := r.keepInputs(number)
		for _, a := range launches {
			if ended := a.finish(ctx); ended != nil && !errors.Is(err, ended) {
				err = errors.Join(err, ended)
			}
		}
		err = errors.Join(err, kept)
		if err == nil {
			r.progress.Add(samplesOf(launches))
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	}()
	// A run that is gone on with draws no file that it has drawn before.
	r.files = max(r.files, number*filesOfReplicate)
	if err := r.noteMachine(number, false); err != nil {
		return err
	}
	ordered := draw.Order(r.Nonce, number, len(contenders))
	if r.startsTogether(number) {
		for _, at := range ordered {
			a, err := r.begin(contenders[at], number)
			if err != nil {
				return err
			}
			launches = append(launches, a)
		}
		for _, a := range launches {
			a.settle(ctx)
		}
		if err := fatal(ctx, nil); err != nil {
			return err
		}
	}
	for nth, at := range ordered {
		if nth == len(launches) {
			a, err := r.begin(contenders[at], number)
			if err != nil {
				return err
			}
			launches = append(launches, a)
		}
		a := launches[nth]
		a.prepare(ctx)
		a.do(func() error { return a.classic(ctx) })
		a.do(func() error { return a.practice(ctx) })
		a.do(func() error { return a.look(evidence.MomentSteady) })
		if err := fatal(ctx, a.err); err != nil {
			return err
		}
	}
	if err := r.rounds(ctx, launches, number); err != nil {
		return err
	}
	hard, err := r.drawHard(number)
	if err != nil {
		return err
	}
	defer hard.remove()
	for _, a := range launches {
		a.do(func() error { return a.question(ctx, hard) })
		a.do(func() error { return a.probe(ctx) })
		if err := fatal(ctx, a.err); err != nil {
			return err
		}
	}
	r.checkAll(launches)
	return nil
}

// filesOfReplicate is more files than a replicate has.
const filesOfReplicate = 100_000

// startsTogether reports whether the launches of a replicate start at once rather
// than one after the other.
func (r *Run) startsTogether(number int) bool {
	return number > r.Plan.Paired.StartAlone && len(r.HarnessCPUs) > 0 && len(r.CPUs) > 0
}

// settle waits until a launch that has started beside others can answer, gives it
// the contenders' CPUs and stops it until its turn.
func (a *attempt) settle(ctx context.Context) {
	a.do(func() (err error) { a.hello, err = a.process.Hello(ctx); return err })
	a.do(func() error {
		err := a.process.Pin(a.run.CPUs)
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
func (r *Run) rounds(ctx context.Context, launches []*attempt, number int) error {
	random := draw.Stream(r.Nonce, "rounds", number)
	patience := time.Duration(r.Plan.Paired.Quiet.WaitReplicate)
	account := r.openBlock(launches, number, 1)
	for _, drawn := range drawRounds(random, r.Plan.Paired) {
		if err := r.round(ctx, random, drawn, launches, &patience); err != nil {
			return err
		}
		if drawn.number%checkEvery == 0 || drawn.number == r.Plan.Paired.Rounds {
			r.checkAll(launches)
			if drawn.number%blockRounds == 0 || drawn.number == r.Plan.Paired.Rounds {
				if err := account.close(drawn.number); err != nil {
					return err
				}
				if drawn.number < r.Plan.Paired.Rounds {
					account = r.openBlock(launches, number, drawn.number+1)
				}
			}
			r.Report(Progress{Cell: r.cell, Replicate: number, Replicates: r.Plan.Launches, Rounds: drawn.number})
		}
	}
	return nil
}

// checkEvery is how many rounds are answered before answers are checked: a wrong
// contender is found soon, and memory stays small.
const checkEvery = 20

// round gives each launch its turn.
func (r *Run) round(ctx context.Context, random *rand.Rand, drawn round, launches []*attempt, patience *time.Duration) error {
	files, err := r.roundFiles(random, drawn, launches)
	if err != nil {
		return err
	}
	defer files.remove()
	// What comes first would find a core that has slept while files were written.
	r.outside.wake()
	r.awaitQuiet(patience)
	turns := drawn.turns(draw.Turns(r.Nonce, launches[0].replicate, drawn.number), r.taking(launches, drawn), controlOf(launches))
	if err := r.openRound(ctx, files, drawn, turns, launches); err != nil {
		return err
	}
	var last *attempt
	lastAt := 0
	for _, turn := range turns {
		a := launches[turn.who]
		if !a.finished() {
			continue
		}
		made := len(a.samples)
		reading := pointer(r.readCanary().Nanoseconds())
		a.do(func() error { return a.takeTurn(ctx, files, drawn, turn.phase) })
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
		last.samples[lastAt].CanaryAfterNanoseconds = pointer(r.readCanary().Nanoseconds())
	}
	return nil
}

// openRound lets whoever has the last turn make a request without calls, so that the
// first turn too comes after somebody's: a core that has just served a contender is
// slower by a percent for whoever is next, the harness's own loop included, however long
// the core was kept busy before (docs/EXPERIMENTS.md, The round's opening). A request
// without a training can't be made; trainings are so long that it does not show.
func (r *Run) openRound(ctx context.Context, files roundFiles, drawn round, turns []turn, launches []*attempt) error {
	if r.fits() || len(turns) == 0 {
		return nil
	}
	a := launches[turns[len(turns)-1].who]
	if a.finished() {
		a.do(func() error { return a.takeTurn(ctx, files, drawn, evidence.PhaseOpening) })
	}
	return fatal(ctx, a.err)
}

// awaitQuiet waits until the machine is quiet, as far as patience goes. It looks at the
// canary alone: what contenders took has no part in when they are timed.
func (r *Run) awaitQuiet(patience *time.Duration) {
	quiet := r.Plan.Paired.Quiet
	most := min(time.Duration(quiet.WaitRound), *patience)
	began := r.outside.now()
	spent := time.Duration(0)
	for spent < most {
		if float64(r.readCanary()) <= quiet.Within*float64(r.fastest()) {
			break
		}
		spent = r.outside.now().Sub(began)
	}
	*patience -= spent
}

// readCanary reads the canary.
func (r *Run) readCanary() time.Duration {
	took := r.outside.canary()
	if len(r.readings) < canaryWindow {
		r.readings = append(r.readings, took)
	} else {
		r.readings[r.read%canaryWindow] = took
	}
	r.read++
	return took
}

// canaryLeast is how many readings a fast level is found from at least.
const canaryLeast = 100

// acquaint reads the canary until there is a fast level to wait for.
func (r *Run) acquaint() {
	for r.read < canaryLeast {
		r.readCanary()
	}
}

// canaryWindow is how many of the last readings the fast level is found from.
const canaryWindow = 4096

// fastest is the canary's fast level of late: the 2% quantile, found anew now and
// then.
func (r *Run) fastest() time.Duration {
	const anew = 500
	if r.fastLevel == 0 || r.read >= r.levelDue {
		sorted := slices.Sorted(slices.Values(r.readings))
		r.fastLevel, r.levelDue = sorted[len(sorted)/50], r.read+anew
	}
	return r.fastLevel
}

// taking lists the launches that take part in a round.
func (r *Run) taking(launches []*attempt, drawn round) []int {
	var indices []int
	for i, a := range launches {
		if a.finished() && (drawn.everybody || r.claimed(a)) {
			indices = append(indices, i)
		}
	}
	return indices
}

// claimed reports whether a launch is of a contender that a claim is about, or
// stands beside one. Without claims all are.
func (r *Run) claimed(a *attempt) bool {
	if len(r.Plan.Claims) == 0 || a.contender.Role != "" {
		return true
	}
	return slices.ContainsFunc(r.Plan.Claims, func(c suite.ClaimPlan) bool {
		return a.contender.Name == c.Faster || a.contender.Name == c.Than || a.contender.Name == r.Control
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

// takeTurn makes one burst of a round.
func (a *attempt) takeTurn(ctx context.Context, files roundFiles, drawn round, phase evidence.Phase) error {
	if a.run.fits() {
		return a.trainInTurn(ctx, files, drawn, phase)
	}
	size := a.run.sizes[a.sizedAs()]
	key := fileKey{phase: filePhase(phase)}
	if phase != evidence.PhaseOpening {
		key.class = a.run.rowsClass(size, drawn)
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

// fileKey tells a round's files apart.
type fileKey struct {
	phase evidence.Phase
	class int
}

// roundFiles are the inputs of a round: all launches have the same for the same
// purpose, and none has one twice. A contender whose long bursts are of few calls
// has a file of few rows for them, since reading many would take it long.
type roundFiles map[fileKey]roundFile

type roundFile struct {
	inputsFile
	path
	rows int
	// trainingSet is what a training is made on; the rest is of inference then.
	trainingSet *trainingSet
}

func (f roundFile) remove() {
	if f.trainingSet != nil {
		f.trainingSet.remove()
		return
	}
	f.inputsFile.remove()
}

func (f roundFiles) remove() {
	for _, file := range f {
		file.remove()
	}
}

// rowsClass is 0 where a file of as many rows as a short burst has is enough. A long
// burst that predicts more has at least as many rows as that: to compute all of them in
// advance then takes as long as the burst. Those of about as many, up to a power of two,
// share a file: with one for all, an engine that makes a tenth of the fastest one's calls
// read ten times the rows that it needs, for 13% of its long burst. Near bursts do with
// few: they are judged beside the others.
func (r *Run) rowsClass(size evidence.BurstSize, drawn round) int {
	rows := r.longRows(size, drawn)
	if !drawn.long || drawn.near || rows <= r.Plan.Paired.RowsMost {
		return 0
	}
	return bits.Len(uint(rows - 1))
}

// longRows is how many rows a long burst predicts.
func (r *Run) longRows(size evidence.BurstSize, drawn round) int {
	return r.Plan.Batch * drawn.calls(size, evidence.PhaseLong)
}

// roundFiles draws and writes the inputs of a round before its first burst.
func (r *Run) roundFiles(random *rand.Rand, drawn round, launches []*attempt) (roundFiles, error) {
	if r.fits() {
		return r.roundTrainingSets(random, drawn)
	}
	phases := []evidence.Phase{evidence.PhaseShort}
	if drawn.long {
		phases = []evidence.Phase{drawn.longPhase(), evidence.PhaseEmpty}
		if drawn.stalled {
			phases = append(phases, evidence.PhaseStall)
		}
	}
	rows := map[int]int{}
	for _, who := range r.taking(launches, drawn) {
		size := r.sizes[launches[who].sizedAs()]
		class := r.rowsClass(size, drawn)
		rows[class] = max(rows[class], drawn.rows)
		if class > 0 {
			rows[class] = max(rows[class], r.longRows(size, drawn))
		}
	}
	files := roundFiles{}
	add := func(key fileKey, rows, warmup int) error {
		file, path, err := r.chainedFile(r.Material.Variant, random, rows, warmup)
		if err != nil {
			files.remove()
			return err
		}
		files[key] = roundFile{inputsFile: file, path: path, rows: rows}
		return nil
	}
	if err := add(fileKey{phase: evidence.PhaseOpening}, r.Plan.Probes.FewRows, 0); err != nil {
		return nil, err
	}
	for _, class := range slices.Sorted(maps.Keys(rows)) {
		for _, phase := range phases {
			if err := add(fileKey{phase, class}, rows[class], r.Plan.Paired.Warmup); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

// checkAll compares the launches' answers with the reference. Those to the same
// inputs are looked at together, since one answer found is found for all, and
// different inputs side by side, on all cores: nobody is being timed.
func (r *Run) checkAll(launches []*attempt) {
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
	r.outside.spread(func() { sideBySide(slices.Collect(maps.Values(answers))) })
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
