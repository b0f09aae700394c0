package measure

// This file compares copies of one contender with each other, to learn how often
// this method and others are wrong on this machine.

import (
	"context"
	"fmt"
	"math"
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
// multiple of unit calls (SlowdownUnit), at least as many launches as given, of so many
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
	return &plan
}

// roundsPerLoad is how many rounds copies make before each loads the model again. Where a
// process has its weights, its stack and its inputs decides in which ways of the nearest
// cache they get into each other's way: on some processors one launch in six is slower by
// 2 to 5% for its whole life, by nothing but addresses. Loading again draws the weights'
// anew, so that the median over a launch's rounds is that of tens of layouts (Curtsinger &
// Berger, Stabilizer, ASPLOS 2013, draw them anew for the same reason).
const roundsPerLoad = 4

// Launches are added by the four until the intervals are as narrow as asked, as a run's
// are. Looking after each one would call more copies different: 6.7% of simulated ones
// from ten launches on, where by the four and from twelve on it was 4.2% to 5.1%. A
// comparison that has taken its time has no more, and none has more than mostLaunches.
const (
	launchesAtOnce   = 4
	mostLaunches     = 40
	comparisonBudget = 8 * time.Second
)

// leastQuiet is how many of a comparison's launches have to have found the machine quiet
// for it to be of their quiet rounds alone, where it has so many. A run has minutes for
// what it lacks, a comparison seconds, and the interval of six launches is their range:
// of sixteen launches with six or seven quiet ones it was 2% wide and more, and 0.2% of
// all sixteen. What a neighbour does to the ratio of two engines it does not do to that of
// copies.
const leastQuiet = 10

// quietShare is of how many rounds one has to have found the machine quiet for a launch to
// be of its quiet rounds: a fifth, of which half are of copies as they are. The median of
// fifteen was off by up to 4% where a burst's time has two levels.
const quietShare = 5

// mostUnit bounds the calls of a burst, and with them how small a slowdown may be:
// 0.1%. A thousand calls of 100 ns last twice as long as a burst should.
const mostUnit = 1000

// SlowdownUnit is what the calls of a burst are a multiple of, so that each slowdown is
// a whole number of uncounted calls: 1/s for the smallest, or a multiple of that. The
// smaller it is, the shorter are the bursts of a slow engine.
func SlowdownUnit(slowdowns []float64) (int, error) {
	for _, slowdown := range slowdowns {
		if !(slowdown > 0 && slowdown <= 1) {
			return 0, fmt.Errorf("a slowdown of %v; expected a share above 0 and at most 1, such as 0.02", slowdown)
		}
	}
	for unit := 1; unit <= mostUnit; unit++ {
		if !slices.ContainsFunc(slowdowns, func(slowdown float64) bool { return !whole(slowdown * float64(unit)) }) {
			return unit, nil
		}
	}
	return 0, fmt.Errorf("slowdowns of %v are no whole numbers of calls in any burst of a multiple of %d calls or fewer; expected shares such as 0.02", slowdowns, mostUnit)
}

// whole reports whether x is a whole number of calls, but for what binary fractions are
// off decimal ones.
func whole(x float64) bool { return x > 0.5 && math.Abs(x-math.Round(x)) < 1e-9 }

// Copies is what one comparison of two copies gave.
type Copies struct {
	// Same compares the two as they are; Slowed one that makes calls which are not
	// counted, Slowdown of them.
	Same, Slowed estimate.Comparison
	Slowdown     float64
	// Doubled compares the two, as they are, in rounds before which the harness did its
	// own work twice. Load is by how much calls took longer in those, Canary and
	// CanaryAfter the same of the canary right after that work and after the bursts, as
	// logarithms by launch. Empty where that was not asked for.
	Doubled                   estimate.Comparison
	Load, Canary, CanaryAfter []float64
	// First and Second are classic samples of the two, in nanoseconds, taken one
	// after the other; Counts means of classic samples, ten of each, likewise.
	First, Second []float64
	Counts        [2][]float64
	// Wall is the time that the comparison took, launches included; what was taken
	// for others' methods is not. Starting is what of it launches took until they had
	// loaded the model and agreed with the reference.
	Wall, Starting time.Duration
	// sequential is the time that was taken for others' methods.
	sequential time.Duration
	// idleShares are by launch the share of its waiting that it was on a CPU.
	idleShares []float64
	double     bool
	// readings are the canary's of the launch that is going, where that was asked for.
	readings loadReadings
}

// CompareCopies compares two copies of a contender over the plan's number of
// launches or more, and one with a copy that is slowed by a share. It records nothing.
// With doubled, the slowed rounds' place is taken by ones before which the harness
// does its own work twice.
func (r *Run) CompareCopies(ctx context.Context, contender Contender, pair int, slowdown float64, doubled bool) (*Copies, error) {
	r.acquaint()
	began := r.outside.now()
	r.Control = contender.Name
	copies := &Copies{Slowdown: slowdown, double: doubled, readings: loadReadings{map[bool][]float64{}, map[bool][]float64{}}}
	var replicates []estimate.Replicate
	for due := r.Plan.Launches; ; due += launchesAtOnce {
		for number := len(replicates) + 1; number <= due; number++ {
			replicate, err := r.copiesReplicate(ctx, contender, pair, number, copies)
			if err != nil {
				return nil, err
			}
			replicates = append(replicates, replicate)
			if err := r.keepInputs(number); err != nil {
				return nil, err
			}
		}
		copies.estimate(*r.Plan, replicates)
		copies.Wall = r.outside.now().Sub(began) - copies.sequential
		if copies.precise(r.Plan.Precision) || copies.Wall >= comparisonBudget || due+launchesAtOnce > mostLaunches {
			break
		}
	}
	if err := copies.waited(*r.Plan, contender); err != nil {
		return nil, err
	}
	return copies, nil
}

// estimate makes the comparisons of the launches that there are.
func (c *Copies) estimate(plan suite.Plan, replicates []estimate.Replicate) {
	quiet := estimate.NewQuiet(plan, replicates).AtLeast(leastQuiet)
	c.Same = estimate.Compare(plan, quiet, replicates, nameOfFirst, nameOfSecond)
	if c.double {
		c.Doubled = estimate.Compare(plan, quiet, replicates, nameOfFirstDoubled, nameOfSecondDoubled)
		c.Load = callsUnderLoad(replicates)
		return
	}
	c.Slowed = estimate.Compare(plan, quiet, replicates, nameOfFirst, nameOfSlowed)
}

// precise reports whether the intervals are as narrow as asked. It looks at their width
// alone: who stops at a difference finds one.
func (c *Copies) precise(precision float64) bool {
	other := c.Slowed
	if c.double {
		other = c.Doubled
	}
	return c.Same.Precise(precision) && other.Precise(precision)
}

// The copies' names in a replicate.
const (
	nameOfFirst  = "first"
	nameOfSecond = "second"
	nameOfSlowed = "second, slowed"

	nameOfFirstDoubled  = "first, harness's load doubled"
	nameOfSecondDoubled = "second, harness's load doubled"
)

// loadReadings are the canary's of the rounds of a launch, in nanoseconds, by whether
// the harness had done its work twice: right after that work, whatever it showed, and
// after the bursts. The reading before the bursts would not do: it is the one that ended
// the wait for a quiet machine.
type loadReadings struct{ written, after map[bool][]float64 }

// add takes in the readings of a round.
func (l loadReadings) add(doubled bool, written, after time.Duration) {
	l.written[doubled] = append(l.written[doubled], float64(written))
	l.after[doubled] = append(l.after[doubled], float64(after))
}

// keepReadings makes the shifts of a launch from its readings.
func (c *Copies) keepReadings() {
	if !c.double {
		return
	}
	shift := func(readings map[bool][]float64) float64 {
		defer clear(readings)
		return medianShift(readings[false], readings[true])
	}
	c.Canary, c.CanaryAfter = append(c.Canary, shift(c.readings.written)), append(c.CanaryAfter, shift(c.readings.after))
}

// callsUnderLoad are by how much calls took longer, as logarithms by launch, in rounds
// before which the harness did its work twice.
func callsUnderLoad(replicates []estimate.Replicate) []float64 {
	var shifts []float64
	perCall := func(samples []evidence.Sample) []float64 {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = float64(s.InnerNanoseconds) / float64(s.Calls)
		}
		return values
	}
	for _, replicate := range replicates {
		for plain, doubled := range map[string]string{nameOfFirst: nameOfFirstDoubled, nameOfSecond: nameOfSecondDoubled} {
			shifts = append(shifts, medianShift(perCall(replicate[plain]), perCall(replicate[doubled])))
		}
	}
	return shifts
}

// medianShift is the logarithm of how many times b's median is a's.
func medianShift(a, b []float64) float64 { return math.Log(stats.Median(b) / stats.Median(a)) }

// copiesReplicate launches two copies and lets them take turns.
func (r *Run) copiesReplicate(ctx context.Context, contender Contender, pair, number int, copies *Copies) (estimate.Replicate, error) {
	index := pair*max(mostLaunches, r.Plan.Launches) + number
	starting := r.outside.now()
	var launches []*attempt
	defer func() {
		for _, a := range launches {
			a.close()
			// A comparison makes thousands of logs, of which nobody reads any.
			_ = a.tidyLog()
		}
	}()
	// Which of them is the first, is drawn below; what is done to one and then to the other
	// goes by another order than that. One that was always first to load again came out
	// 0.06% faster, which calls 8% of identical copies different.
	for range 2 {
		a, err := r.begin(contender, number)
		if err != nil {
			return nil, err
		}
		if launches = append(launches, a); a.err != nil {
			return nil, a.err
		}
	}
	for _, a := range launches {
		if r.startsTogether(number) {
			a.settle(ctx)
		}
	}
	for _, a := range launches {
		a.prepare(ctx)
	}
	if err := faultOf(ctx, launches); err != nil {
		return nil, err
	}
	copies.Starting += r.outside.now().Sub(starting)
	random := draw.Stream(r.Nonce, "copies", index)
	named := shuffled(random, launches)
	if number == 1 {
		began := r.outside.now()
		for which, a := range named {
			a.do(func() error { return a.sequential(ctx, which, copies) })
		}
		copies.sequential = r.outside.now().Sub(began)
	}
	for _, a := range launches {
		a.do(func() error { return a.practice(ctx) })
	}
	if err := faultOf(ctx, launches); err != nil {
		return nil, err
	}
	replicate := estimate.Replicate{}
	patience := time.Duration(r.Plan.Paired.Quiet.WaitReplicate)
	for number := range r.Plan.Paired.Rounds {
		if number > 0 && number%roundsPerLoad == 0 {
			if err := r.loadAgain(ctx, shuffled(random, launches)); err != nil {
				return nil, err
			}
		}
		if err := r.copiesRound(ctx, random, named, number+1, copies, replicate, &patience); err != nil {
			return nil, err
		}
	}
	copies.keepReadings()
	r.checkAll(launches)
	for _, a := range launches {
		a.do(func() error { return a.process.Quit(ctx) })
		if a.err != nil {
			return nil, a.err
		}
		copies.idleShares = append(copies.idleShares, float64(a.idle.cpu)/float64(max(a.idle.wall, 1)))
	}
	return replicate, nil
}

// shuffled are the launches in an order of their own.
func shuffled(random *rand.Rand, launches []*attempt) []*attempt {
	order := slices.Clone(launches)
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}

// loadAgain has each copy load the model that it has.
func (r *Run) loadAgain(ctx context.Context, launches []*attempt) error {
	for _, a := range launches {
		a.do(func() error { return a.reload(ctx, r.Material.Variant, r.Material.Variant.Files[a.format]) })
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
func (a *attempt) sequential(ctx context.Context, which int, copies *Copies) error {
	const counts = 10
	for range counts {
		made := len(a.samples)
		if err := a.classic(ctx); err != nil {
			return err
		}
		var nanoseconds []float64
		for _, sample := range a.samples[made:] {
			if sample.Phase == evidence.PhaseCall {
				nanoseconds = append(nanoseconds, float64(sample.InnerNanoseconds))
			}
		}
		copies.Counts[which] = append(copies.Counts[which], stats.Describe(nanoseconds).Mean)
		if which == 0 {
			copies.First = nanoseconds
		} else {
			copies.Second = nanoseconds
		}
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

// copiesRound makes a burst of each copy, in random order, on the same inputs; that
// of the second is slowed or not, as drawn. Each has one burst: of two processes
// the one that ran more often would be warmer. As in a run, whoever is second opens the
// round and the canary is read before each burst, so that both come after the same. With
// nothing between them the second found a core that had just served a process where the
// first found one that the canary had kept busy: it was slower by 9% in most rounds, and
// the median over rounds lay between two heaps of ratios, one for each order.
func (r *Run) copiesRound(ctx context.Context, random *rand.Rand, launches []*attempt, number int, copies *Copies, replicate estimate.Replicate, patience *time.Duration) error {
	drawn := drawRound(random, r.Plan.Paired)
	drawn.number = number
	turns := []copiesTurn{{name: nameOfFirst, of: launches[0]}, {name: nameOfSecond, of: launches[1]}}
	odd := random.IntN(2) == 0
	switch {
	case odd && copies.double:
		turns[0].name, turns[1].name = nameOfFirstDoubled, nameOfSecondDoubled
		again, err := r.roundFiles(random, drawn, launches)
		if err != nil {
			return err
		}
		again.remove()
	case odd:
		turns[1].name, turns[1].share = nameOfSlowed, copies.Slowdown
	}
	files, err := r.roundFiles(random, drawn, launches)
	if err != nil {
		return err
	}
	defer files.remove()
	random.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
	var written time.Duration
	if copies.double {
		written = r.readCanary()
	}
	r.awaitQuiet(patience)
	if err := turns[1].of.takeTurn(ctx, files, drawn, evidence.PhaseOpening); err != nil {
		return err
	}
	var samples [2]evidence.Sample
	before := r.readCanary()
	for at, turn := range turns {
		if samples[at], err = turn.burst(ctx, files, drawn); err != nil {
			return err
		}
		after := r.readCanary()
		samples[at].CanaryBeforeNanoseconds, samples[at].CanaryAfterNanoseconds = pointer(before.Nanoseconds()), pointer(after.Nanoseconds())
		before = after
	}
	if copies.double {
		copies.readings.add(odd, written, before)
	}
	for at, turn := range turns {
		replicate[turn.name] = append(replicate[turn.name], samples[at])
	}
	return nil
}

// burst makes a copy's burst, with as many calls more as are not counted.
func (t copiesTurn) burst(ctx context.Context, files roundFiles, drawn round) (evidence.Sample, error) {
	size := t.of.run.sizes[t.of.sizedAs()]
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

// mostIdleCPU is the share of their waiting that launches may spend on a CPU. Before
// it sleeps Go's runtime looks for work: up to 8% of waits of a third of a
// millisecond. Threads that spin for the next request spend all of it.
const mostIdleCPU = 0.25

// waited refuses copies that were not stopped out of turn and worked then, by the
// middle launch: one may collect its garbage.
func (c *Copies) waited(plan suite.Plan, contender Contender) error {
	if share := stats.Median(c.idleShares); plan.Paired.Unstopped && share > mostIdleCPU {
		return fmt.Errorf("%s was on a CPU for %.0f%% of the time between its requests; copies that work then can't be compared unstopped", contender.Name, 100*share)
	}
	return nil
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
