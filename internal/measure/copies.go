package measure

// This file has two copies of one contender take turns. What is found out by comparing
// them, package calibrate computes.

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"cupel/internal/draw"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// CopiesPlan makes a suite's plan one for comparing copies: no probes, bursts of a
// multiple of unit calls, at least as many launches as given, of so many
// rounds, and more until the half-width of each interval is the precision.
// Rounds are short: files of few rows, which takes nothing from anybody here, since
// the copies are cupel's own engines, and copies that wait rather than being stopped.
func CopiesPlan(plan suite.Plan, launches, rounds, unit int, precision float64) *suite.Plan {
	plan.Claims, plan.Contenders, plan.Canonical = nil, nil, nil
	plan.Probes = suite.ProbesPlan{FewRows: plan.Probes.FewRows}
	plan.Launches, plan.Precision = launches, precision
	plan.Agreement.Rows, plan.Agreement.PathRows = 8, 101
	plan.Paired.Rounds, plan.Paired.PositiveCalls = rounds, unit
	plan.Paired.RowsLeast, plan.Paired.RowsMost = 768, 1024
	plan.Paired.Unstopped, plan.Paired.StartAlone = true, 0
	plan.Paired.Quiet.WaitReplicate = suite.Duration(60 * time.Millisecond)
	plan.Paired.Quiet.LeastShort = max(plan.Paired.Quiet.LeastShort, rounds/quietShare)
	plan.Paired.Steady.Bursts, plan.Paired.Steady.Most = 32, suite.Duration(100*time.Millisecond)
	plan.Cells = nil
	alone, _ := plan.InCell(suite.Unnamed)
	return &alone
}

// roundsPerLoad is how many rounds copies make before each loads the model again. Where a
// process has its weights, its stack and its inputs decides in which ways of the nearest
// cache they get into each other's way: on some processors one launch in six is slower by
// 2 to 5% for its whole life, by nothing but addresses. Loading again draws the weights'
// anew, so that the median over a launch's rounds is that of tens of layouts (Curtsinger &
// Berger, Stabilizer, ASPLOS 2013, draw them anew for the same reason).
const roundsPerLoad = 4

// quietShare is of how many rounds one has to have found the machine quiet for a launch to
// be of its quiet rounds: a fifth, of which half are of copies as they are. The median of
// fifteen was off by up to 4% where a burst's time has two levels.
const quietShare = 5

// The names of the copies in a launch's samples: as they are; one that makes calls which
// are not counted; both in rounds before which the harness did its own work twice.
const (
	FirstCopy  = "first"
	SecondCopy = "second"
	SlowedCopy = "second, slowed"

	FirstCopyDoubled  = "first, harness's load doubled"
	SecondCopyDoubled = "second, harness's load doubled"
)

// CopiesOrder says what a launch of copies is to be.
type CopiesOrder struct {
	// Index numbers the launch among all that are drawn from the run's nonce, Number
	// among those of its comparison, from 1.
	Index, Number int
	// Slowdown is the share of its calls that the second copy makes uncounted, in half of
	// the rounds. DoubleLoad has the harness do its own work twice before these instead.
	Slowdown   float64
	DoubleLoad bool
}

// CopiesLaunch is what one launch of each copy gave.
type CopiesLaunch struct {
	// Samples are the bursts, by the copies' names.
	Samples estimate.Replicate
	// Calls are classic samples of the two in nanoseconds, taken one after the other, and
	// Counts means of classic samples, ten of each. Only the first launch of a comparison
	// has them.
	Calls, Counts [2][]float64
	// Starting is what the copies took until they had loaded the model and agreed with
	// the reference, and Sequential what the classic samples took.
	Starting, Sequential time.Duration
	// IdleShares are the shares of their waiting that the copies were on a CPU.
	IdleShares []float64
	// Canary has the canary's readings right after the harness's work, whatever they
	// showed, and CanaryAfter those after the bursts. The reading before the bursts would
	// not do: it is the one that ended the wait for a quiet machine. Both are empty unless
	// the load was doubled.
	Canary, CanaryAfter CanaryReadings
}

// CanaryReadings are the canary's in nanoseconds, in rounds before which the harness did
// its work once, and in those before which it did it twice.
type CanaryReadings struct{ Once, Twice []float64 }

func (c *CanaryReadings) add(twice bool, reading time.Duration) {
	if twice {
		c.Twice = append(c.Twice, float64(reading))
	} else {
		c.Once = append(c.Once, float64(reading))
	}
}

// LaunchCopies launches two copies of a contender, in the plan's first cell, and lets them
// take turns.
func (r *Run) LaunchCopies(ctx context.Context, contender Contender, order CopiesOrder) (*CopiesLaunch, error) {
	cells, err := r.cells()
	if err != nil {
		return nil, err
	}
	cell := cells[0]
	cell.canary.acquaint()
	cell.control = contender.Name
	copies := copiesReplicate{cell.newReplicate(order.Number), order, &CopiesLaunch{Samples: estimate.Replicate{}}}
	if err := copies.measure(ctx, contender); err != nil {
		return nil, err
	}
	return copies.made, copies.keepInputs()
}

// copiesReplicate is a launch of each of two copies, and what it gave so far.
type copiesReplicate struct {
	*replicate
	order CopiesOrder
	made  *CopiesLaunch
}

// measure launches the copies and lets them take turns.
func (r copiesReplicate) measure(ctx context.Context, contender Contender) error {
	defer func() {
		for _, a := range r.launches {
			a.close()
			// A comparison makes thousands of logs, of which nobody reads any.
			_ = a.tidyLog()
		}
	}()
	if err := r.start(ctx, contender); err != nil {
		return err
	}
	random := draw.Stream(r.cell.nonce, "copies", r.order.Index)
	named := shuffled(random, r.launches)
	if r.number == 1 {
		r.sequential(ctx, named)
	}
	for _, a := range r.launches {
		a.do(func() error { return a.practice(ctx) })
	}
	if err := faultOf(ctx, r.launches); err != nil {
		return err
	}
	for number := range r.cell.plan.Paired.Rounds {
		if number > 0 && number%roundsPerLoad == 0 {
			if err := loadAgain(ctx, shuffled(random, r.launches)); err != nil {
				return err
			}
		}
		if err := r.round(ctx, random, named, number+1); err != nil {
			return err
		}
	}
	r.cell.checkAll(r.launches)
	for _, a := range r.launches {
		a.do(func() error { return a.process.Quit(ctx) })
		if a.err != nil {
			return a.err
		}
		r.made.IdleShares = append(r.made.IdleShares, float64(a.idle.cpu)/float64(max(a.idle.wall, 1)))
	}
	return nil
}

// start starts two copies. Which of them is the first, is drawn later; what is done to
// one and then to the other goes by another order than that. One that was always first to
// load again came out 0.06% faster, which calls 8% of identical copies different.
func (r copiesReplicate) start(ctx context.Context, contender Contender) error {
	began := r.cell.run.outside.now()
	for range 2 {
		a, err := r.begin(contender)
		if err != nil {
			return err
		}
		if a.err != nil {
			return a.err
		}
	}
	for _, a := range r.launches {
		if r.startsTogether() {
			a.settle(ctx)
		}
	}
	for _, a := range r.launches {
		r.cell.asking.prepare(ctx, a)
	}
	if err := faultOf(ctx, r.launches); err != nil {
		return err
	}
	r.made.Starting = r.cell.run.outside.now().Sub(began)
	return nil
}

// sequential takes the samples for others' methods.
func (r copiesReplicate) sequential(ctx context.Context, named []*attempt) {
	began := r.cell.run.outside.now()
	for which, a := range named {
		a.do(func() error { return a.sequential(ctx, which, r.made) })
	}
	r.made.Sequential = r.cell.run.outside.now().Sub(began)
}

// shuffled are the launches in an order of their own.
func shuffled(random *rand.Rand, launches []*attempt) []*attempt {
	order := slices.Clone(launches)
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}

// loadAgain has each copy load the model that it has.
func loadAgain(ctx context.Context, launches []*attempt) error {
	for _, a := range launches {
		variant := a.cell.run.Material.Variant
		a.do(func() error { return a.reload(ctx, variant, variant.Files[a.format]) })
	}
	return faultOf(ctx, launches)
}

// faultOf is why copies can't go on: a comparison of one that has failed has nothing to
// say.
func faultOf(ctx context.Context, launches []*attempt) error {
	for _, a := range launches {
		if a.err != nil {
			return a.err
		}
	}
	return ctx.Err()
}

// sequential takes classic samples of a copy, as somebody does who measures one
// program after the other: the calls of one request, and the means of ten.
func (a *attempt) sequential(ctx context.Context, which int, launch *CopiesLaunch) error {
	const counts = 10
	for range counts {
		made := len(a.samples)
		if err := a.cell.asking.classic(ctx, a); err != nil {
			return err
		}
		var nanoseconds []float64
		for _, sample := range a.samples[made:] {
			if sample.Phase == evidence.PhaseCall {
				nanoseconds = append(nanoseconds, float64(sample.InnerNanoseconds))
			}
		}
		launch.Counts[which] = append(launch.Counts[which], stats.Describe(nanoseconds).Mean)
		launch.Calls[which] = nanoseconds
	}
	return nil
}

// copiesTurn is one burst of a round of copies.
type copiesTurn struct {
	name string
	of   *attempt
	// share of the calls is not counted.
	share float64
}

// round makes a burst of each copy, in random order, on the same inputs; that
// of the second is slowed or not, as drawn. Each has one burst: of two processes
// the one that ran more often would be warmer. As in a run, whoever is second opens the
// round and the canary is read before each burst, so that both come after the same. With
// nothing between them the second found a core that had just served a process where the
// first found one that the canary had kept busy: it was slower by 9% in most rounds, and
// the median over rounds lay between two heaps of ratios, one for each order.
func (r copiesReplicate) round(ctx context.Context, random *rand.Rand, named []*attempt, number int) error {
	drawn := drawRound(random, r.cell.plan.Paired)
	drawn.number = number
	turns := []copiesTurn{{name: FirstCopy, of: named[0]}, {name: SecondCopy, of: named[1]}}
	odd := random.IntN(2) == 0
	switch {
	case odd && r.order.DoubleLoad:
		turns[0].name, turns[1].name = FirstCopyDoubled, SecondCopyDoubled
		again, err := r.cell.asking.draw(r.replicate, random, drawn, r.taking(drawn))
		if err != nil {
			return err
		}
		again.remove()
	case odd:
		turns[1].name, turns[1].share = SlowedCopy, r.order.Slowdown
	}
	files, err := r.cell.asking.draw(r.replicate, random, drawn, r.taking(drawn))
	if err != nil {
		return err
	}
	defer files.remove()
	random.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
	var written time.Duration
	if r.order.DoubleLoad {
		written = r.cell.canary.read()
	}
	r.awaitQuiet()
	if err := r.cell.asking.open(ctx, turns[1].of, files, drawn); err != nil {
		return err
	}
	var samples [2]evidence.Sample
	before := r.cell.canary.read()
	for at, turn := range turns {
		if samples[at], err = turn.burst(ctx, files, drawn); err != nil {
			return err
		}
		after := r.cell.canary.read()
		samples[at].CanaryBeforeNanoseconds, samples[at].CanaryAfterNanoseconds = pointer(before.Nanoseconds()), pointer(after.Nanoseconds())
		before = after
	}
	if r.order.DoubleLoad {
		r.made.Canary.add(odd, written)
		r.made.CanaryAfter.add(odd, before)
	}
	for at, turn := range turns {
		r.made.Samples[turn.name] = append(r.made.Samples[turn.name], samples[at])
	}
	return nil
}

// burst makes a copy's burst, with as many calls more as are not counted.
func (t copiesTurn) burst(ctx context.Context, files roundFiles, drawn round) (evidence.Sample, error) {
	size := t.of.cell.sizes[t.of.sizedAs()]
	file := files[fileKey{phase: evidence.PhaseShort}]
	request := t.of.request(file.rows)
	counted := drawn.calls(size, evidence.PhaseShort)
	request.First, request.Step, request.Warmup = &file.first, &file.step, size.Warmup
	request.Calls, request.Want = counted+int(float64(counted)*t.share+0.5), drawn.want
	if _, err := t.of.ask(ctx, file.inputsFile, request, evidence.PhaseShort, drawn.number); err != nil {
		return evidence.Sample{}, err
	}
	sample := t.of.samples[len(t.of.samples)-1]
	sample.Calls = int32(counted)
	return sample, nil
}

// Nowhere records nothing; logs go below its directory.
type Nowhere struct{ Dir string }

// Append implements Recorder.
func (Nowhere) Append(evidence.LedgerRow) error { return nil }

// Observe implements Recorder.
func (Nowhere) Observe(evidence.Observation) error { return nil }

// ObserveBlock implements Recorder.
func (Nowhere) ObserveBlock(evidence.Block) error { return nil }

// Note implements Recorder.
func (Nowhere) Note(evidence.Noted) error { return nil }

// WriteRequests implements Recorder.
func (Nowhere) WriteRequests(int, string, []evidence.Request) error { return nil }

// WriteInputs implements Recorder.
func (Nowhere) WriteInputs(string, int, []evidence.InputsFile) error { return nil }

// WriteSamples implements Recorder.
func (Nowhere) WriteSamples(int, string, []evidence.Sample) error { return nil }

// WriteJSON implements Recorder.
func (Nowhere) WriteJSON(string, any) error { return nil }

// Path implements Recorder.
func (n Nowhere) Path(parts ...string) string {
	return filepath.Join(slices.Insert(parts, 0, n.Dir)...)
}
