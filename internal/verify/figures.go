package verify

// This file makes every figure anew from samples and records.

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// launched is what is kept of a finished launch.
type launched struct {
	row   ledgerRow
	calls summary
	// per has the launch's medians by name; what it has no samples for is missing.
	per map[string]float64
	// widths are the medians of a call by the multiple of the input's width.
	widths map[int]float64
	// hit counts planted stops by what the contender says, watched those that the
	// harness's clock shows besides; seen are those of both that one call shows.
	hit, watched, seen int
	bursts             []burst
	stalls             map[int32]*stallCalls
	// limits are the plan's thresholds.
	limits thresholds
	// contended says that tasks waited for a CPU for more of its time than a run alone
	// has them wait.
	contended bool
	// stolen says that the host took too much of its time.
	stolen bool
	// onCPU has, by kind of long burst, each one's time on a CPU over what the
	// contender says; innerMost the largest share of a request's time that it says.
	onCPU     map[string][]float64
	innerMost float64
	// requests are counted by round.
	requests map[int32]int
	// clocks has, by kind of long burst, each one's outer time over what the contender says.
	clocks map[string][]float64
}

// pairOf names a ratio that is made of each replicate.
type pairOf struct{ a, b, ofA, ofB string }

// roundsOf is what a replicate has for a ratio: the median over its rounds, of all
// and of the quiet ones, and how many there were.
type roundsOf struct {
	all, quiet   float64
	some, enough int
}

// replicate is what is kept of one.
type replicate struct {
	launches map[string]*launched
	pairs    map[pairOf]roundsOf
	canary   float64
}

// outcome is all that the samples come to.
type outcome struct {
	contenders []*contender
	// fastest are the measured ones by p50.
	fastest    []*contender
	replicates []replicate
	// bound is up to where the canary counts as quiet.
	fast, middle, share, bound float64
	claims, others, canonical  []comparison
	controls                   []control
}

// contender is what came of one contender.
type contender struct {
	name           string
	status         string
	reason, remedy string
	said           spoken
	// calls are those of the median launch.
	calls    summary
	launch   int
	launches []*launched
	seen     []observation
	failed   int
	// paired are the launches with paired bursts, by replicate.
	paired   []*launched
	unsteady map[string]int
	checks   []check
	costs    *costs
}

// The words for what comes of a contender.
const (
	measured      = "measured"
	wrong         = "wrong"
	notApplicable = "not applicable"
	unavailable   = "unavailable"
	failed        = "failed"
	notReached    = "not reached"
	finished      = "finished"
)

// derive makes all figures.
func (v *verification) derive(ctx context.Context) (*outcome, error) {
	o := &outcome{}
	var counted []ledgerRow
	for _, row := range v.records.ledger {
		if row.Event == "launch-ended" && row.Outcome == finished && !row.Preview {
			if row.Replicate < 0 || row.Replicate > len(v.records.ledger) {
				return nil, fmt.Errorf("%s: launch %d is of replicate %d", ledgerFile, row.Launch, row.Replicate)
			}
			counted = append(counted, row)
		}
	}
	if err := v.quiet(ctx, o, counted); err != nil {
		return nil, err
	}
	launches, err := v.reduce(ctx, o, counted)
	if err != nil {
		return nil, err
	}
	for _, name := range v.records.plan.Contenders {
		o.contenders = append(o.contenders, v.contender(name, launches, o))
	}
	for _, c := range o.contenders {
		if c.status == measured {
			o.fastest = append(o.fastest, c)
		}
	}
	slices.SortStableFunc(o.fastest, func(a, b *contender) int {
		switch {
		case a.calls.middle < b.calls.middle:
			return -1
		case a.calls.middle > b.calls.middle:
			return 1
		}
		return 0
	})
	v.compareAll(o)
	return o, nil
}

// quiet finds the canary's fast level over all launches.
func (v *verification) quiet(ctx context.Context, o *outcome, rows []ledgerRow) error {
	counts := map[int64]int{}
	var mutex sync.Mutex
	var failure error
	inParallel(len(rows), func(i int) {
		if ctx.Err() != nil {
			return
		}
		own := map[int64]int{}
		err := v.canary(samplesFile(rows[i].Launch, rows[i].Contender), own)
		mutex.Lock()
		defer mutex.Unlock()
		for reading, n := range own {
			counts[reading] += n
		}
		if err != nil && failure == nil {
			failure = fmt.Errorf("%s: %w", samplesFile(rows[i].Launch, rows[i].Contender), cause(err))
		}
	})
	if failure != nil || ctx.Err() != nil {
		return firstOf(failure, ctx.Err())
	}
	readings := make([]int64, 0, len(counts))
	n := 0
	for reading, count := range counts {
		readings = append(readings, reading)
		n += count
	}
	o.fast, o.middle, o.share, o.bound = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	if n == 0 {
		return nil
	}
	slices.Sort(readings)
	at := func(rank int) float64 {
		for _, reading := range readings {
			if rank < counts[reading] {
				return float64(reading)
			}
			rank -= counts[reading]
		}
		return math.NaN()
	}
	o.fast = at(int(v.records.plan.limits().CanaryQuantile * float64(n)))
	o.middle = (at((n-1)/2) + at(n/2)) / 2
	o.bound = v.records.plan.Paired.Quiet.Within * o.fast
	within := 0
	for reading, count := range counts {
		if float64(reading) <= o.bound {
			within += count
		}
	}
	o.share = float64(within) / float64(n)
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// reduce reads the launches, replicate by replicate, and keeps what figures are made
// of.
func (v *verification) reduce(ctx context.Context, o *outcome, rows []ledgerRow) (map[int]*launched, error) {
	byReplicate := map[int][]ledgerRow{}
	for _, row := range rows {
		byReplicate[row.Replicate] = append(byReplicate[row.Replicate], row)
		for len(o.replicates) < row.Replicate {
			o.replicates = append(o.replicates, replicate{launches: map[string]*launched{}})
		}
	}
	tasks := make([][]ledgerRow, 0, len(byReplicate))
	for _, group := range byReplicate {
		tasks = append(tasks, group)
	}
	slices.SortFunc(tasks, func(a, b []ledgerRow) int { return a[0].Replicate - b[0].Replicate })
	launches := map[int]*launched{}
	var mutex sync.Mutex
	var failure error
	pairs := v.pairs(rows)
	inParallel(len(tasks), func(i int) {
		mutex.Lock()
		stop := failure != nil || ctx.Err() != nil
		mutex.Unlock()
		if stop {
			return
		}
		made, samples, err := v.reduceReplicate(o.bound, tasks[i], pairs)
		mutex.Lock()
		defer mutex.Unlock()
		if err != nil {
			failure = firstOf(failure, err)
			return
		}
		v.report.Samples += samples
		for _, one := range made.launches {
			launches[one.row.Launch] = one
		}
		if number := tasks[i][0].Replicate; number > 0 {
			o.replicates[number-1] = made
		}
	})
	return launches, firstOf(failure, ctx.Err())
}

func (v *verification) reduceReplicate(bound float64, rows []ledgerRow, pairs []pairOf) (made replicate, samples int64, err error) {
	made = replicate{launches: map[string]*launched{}, pairs: map[pairOf]roundsOf{}}
	stop, err := time.ParseDuration(v.records.plan.Paired.StallFor)
	if err != nil && v.records.plan.Paired.StallFor != "" {
		return made, 0, fmt.Errorf("%s: stall_for: %w", planFile, err)
	}
	held, limits := 0, v.records.plan.limits()
	for _, row := range rows {
		read, err := v.readLaunch(row)
		if err != nil {
			return made, samples, fmt.Errorf("%s: %w", samplesFile(row.Launch, row.Contender), cause(err))
		}
		samples += read.rows
		if held += len(read.bursts); held > maxBursts {
			return made, samples, boundError(fmt.Sprintf("replicate %d has more than %d bursts", row.Replicate, maxBursts))
		}
		seen := v.records.observations[row.Launch]
		one := &launched{row: row, calls: summarize(read.calls), bursts: read.bursts, stalls: read.stalls, limits: limits, contended: seen.Pressure > limits.PressureShare, stolen: seen.Stolen > limits.StolenShare}
		one.reduce(v.records.plan, float64(stop))
		one.keepConduct()
		made.launches[row.Contender] = one
	}
	for _, pair := range pairs {
		a, b := made.launches[pair.a], made.launches[pair.b]
		if a != nil && b != nil {
			made.pairs[pair] = v.roundRatios(bound, a.bursts, b.bursts, pair)
		}
	}
	made.canary = firstAgainstLast(bound, made.launches)
	for _, one := range made.launches {
		one.bursts, one.stalls = nil, nil
	}
	return made, samples, nil
}

// perCall is what a call of a burst took, by the source that is asked.
func (v *verification) perCall(b burst, source string) float64 {
	calls := float64(b.calls)
	switch {
	case source == "short" && b.phase == "short":
		return float64(b.inner) / calls
	case source == "counted" && b.phase == "positive":
		p := float64(v.records.plan.Paired.PositiveCalls)
		return float64(b.inner) / (calls * p / (p + 1))
	case source == b.phase && (source == "long" || source == "near") && b.outer != absent && b.calls != 0:
		return float64(b.outer) / calls
	}
	return math.NaN()
}

func (v *verification) roundRatios(bound float64, a, b []burst, pair pairOf) roundsOf {
	type seen struct {
		log   float64
		quiet bool
	}
	quiet := func(b burst) bool {
		return b.before != absent && b.after != absent && float64(b.before) <= bound && float64(b.after) <= bound
	}
	ofA := map[int32]seen{}
	for _, one := range a {
		if t := v.perCall(one, pair.ofA); t > 0 {
			ofA[one.round] = seen{math.Log(t), quiet(one)}
		}
	}
	var all, quietly []float64
	for _, one := range b {
		other, both := ofA[one.round]
		t := v.perCall(one, pair.ofB)
		if !both || !(t > 0) {
			continue
		}
		log := math.Log(t) - other.log
		all = append(all, log)
		if other.quiet && quiet(one) {
			quietly = append(quietly, log)
		}
	}
	return roundsOf{median(all), median(quietly), len(all), len(quietly)}
}

// firstAgainstLast is the median over rounds of the log ratio of the canary after a
// round's last burst to that before its first, of rounds quiet at both ends.
func firstAgainstLast(bound float64, launches map[string]*launched) float64 {
	type ends struct{ start, end, first, last int64 }
	rounds := map[int32]ends{}
	for _, one := range launches {
		for _, b := range one.bursts {
			if b.before == absent || b.after == absent || b.start == absent {
				continue
			}
			round, known := rounds[b.round]
			if !known || b.start < round.start {
				round.start, round.first = b.start, b.before
			}
			if !known || b.start > round.end {
				round.end, round.last = b.start, b.after
			}
			rounds[b.round] = round
		}
	}
	var logs []float64
	for _, round := range rounds {
		if float64(round.first) <= bound && float64(round.last) <= bound {
			logs = append(logs, math.Log(float64(round.last)/float64(round.first)))
		}
	}
	return median(logs)
}

// descheduled reports whether a long burst is left out of judgements: it had to wait for
// a CPU in a contended launch.
func (l *launched) descheduled(b burst) bool {
	return l.contended && b.cpu != absent && b.outer != absent && float64(b.cpu) < l.limits.OnCPUShare*float64(b.outer)
}

// harnessDelayed reports whether a long burst is left out where the harness's clock is
// asked: the harness waited for a CPU.
func (l *launched) harnessDelayed(b burst) bool {
	return b.harness != absent && b.outer != absent && float64(b.harness) > l.limits.HarnessWaitShare*float64(b.outer)
}

// reduce makes a launch's medians.
func (l *launched) reduce(p plan, stop float64) {
	l.clocks = map[string][]float64{}
	values := map[string][]float64{}
	add := func(name string, value float64) { values[name] = append(values[name], value) }
	longRounds := map[string]map[int32]bool{"long": {}, "near": {}, "undelayed long": {}, "undelayed near": {}}
	for _, b := range l.bursts {
		if (b.phase == "long" || b.phase == "near") && !l.descheduled(b) {
			longRounds[b.phase][b.round] = true
			if !l.harnessDelayed(b) {
				longRounds["undelayed "+b.phase][b.round] = true
			}
		}
	}
	widths := map[string]int{}
	for _, times := range p.Probes.Widths {
		widths[fmt.Sprintf("width-%d", times)] = times
	}
	perWidth := map[int][]float64{}
	for _, b := range l.bursts {
		l.keepTraining(p, b, perWidth)
		inner, outer, calls := float64(b.inner), float64(b.outer), float64(b.calls)
		switch b.phase {
		case "first-call":
			add("first", inner)
		case "short":
			add("short", inner/calls)
			add("calls", calls)
		case "classic-request":
			if calls > 0 {
				add("classic", inner/calls)
			}
		case "few-rows", "many-rows", "altered", "original":
			add(b.phase, inner/max(calls, 1))
		case "long", "near":
			if l.descheduled(b) {
				continue
			}
			said := max(inner, 1)
			add("inner "+b.phase, said)
			if !l.harnessDelayed(b) {
				add("inner undelayed "+b.phase, said)
				if b.outer != absent {
					add("clock "+b.phase, outer/said)
					l.clocks[b.phase] = append(l.clocks[b.phase], outer/said)
				}
				if b.outer != absent && b.calls != 0 {
					add("outer undelayed "+b.phase, outer/calls)
				}
			}
			if b.outer != absent && b.calls != 0 {
				add("outer "+b.phase, outer/calls)
				add("whole "+b.phase, outer)
			}
			if b.cpu != absent && b.phase == "near" {
				add("cpu near", float64(b.cpu)/calls)
			}
			if b.cpu != absent && b.phase == "long" {
				add("cpu long", float64(b.cpu)/said)
			}
		case "empty":
			for phase, rounds := range longRounds {
				if rounds[b.round] && b.outer != absent {
					add("empty "+phase, outer)
				}
			}
		default:
			if times, ok := widths[b.phase]; ok && b.calls > 0 {
				perWidth[times] = append(perWidth[times], inner/calls)
			}
			for _, times := range p.Probes.Widths {
				if b.phase == fmt.Sprintf("width-%d-empty", times) && b.outer != absent {
					add(fmt.Sprintf("reading %d", times), outer/float64(b.rows))
				}
			}
		}
	}
	l.per, l.widths = map[string]float64{}, map[int]float64{}
	for name, of := range values {
		l.per[name] = median(of)
	}
	for times, of := range perWidth {
		l.widths[times] = median(of)
	}
	l.stops(stop)
}

// keepTraining keeps the time of a whole training by its epochs, which stand in the
// place of widths.
func (l *launched) keepTraining(p plan, b burst, byEpochs map[int][]float64) {
	if p.Train == nil {
		return
	}
	switch b.phase {
	case "short", "long", "near", "empty":
		byEpochs[int(b.calls)] = append(byEpochs[int(b.calls)], float64(b.inner))
	}
}

// stops counts the planted stops that fell into bursts, and those of them that one
// single call shows, within the burst's own time. A stop that the harness's time alone
// shows counts where the launch had its CPU to itself and where a request without calls
// takes little of a long burst: it may have come while rows were read elsewhere.
func (l *launched) stops(stop float64) {
	type stalled struct{ elapsed, calls, longest, slowest, over float64 }
	kind := "long"
	if _, ok := l.per["outer long"]; !ok {
		kind = "near"
	}
	elsewhere, known := l.per["outer "+kind]
	if !known {
		elsewhere = math.NaN()
	}
	reading, read := l.per["empty "+kind]
	watched := known && read && !l.contended && !l.stolen && reading <= l.limits.StopReading*l.per["whole "+kind]
	bursts := map[int32]*stalled{}
	for _, b := range l.bursts {
		if b.phase != "stall" {
			continue
		}
		at := &stalled{elapsed: float64(b.inner), slowest: float64(b.calls) * (l.limits.StopSlower*elsewhere + l.limits.StopClock)}
		if watched && b.outer != absent {
			at.over = float64(b.outer) - float64(b.calls)*elsewhere
		}
		bursts[b.round] = at
	}
	for round, calls := range l.stalls {
		if at := bursts[round]; at != nil {
			at.calls, at.longest = calls.sum, calls.longest
		}
	}
	due := l.limits.StopLanded * stop
	for _, b := range bursts {
		if b.longest >= due && b.longest <= b.elapsed {
			l.seen++
		}
		switch {
		case b.longest >= due || b.elapsed-(1+l.limits.StopBetween)*b.calls >= due || b.elapsed-b.slowest >= due:
			l.hit++
		case b.over >= due:
			l.watched++
		}
	}
}

// contender gathers what came of a contender, row by row of the ledger.
func (v *verification) contender(name string, launches map[int]*launched, o *outcome) *contender {
	c := &contender{name: name, status: notReached, said: v.records.statements[name], unsteady: map[string]int{}}
	for _, row := range v.records.ledger {
		if row.Contender != name {
			continue
		}
		if row.Event == "unavailable" {
			c.status, c.reason, c.remedy = unavailable, row.Reason, row.Remedy
		}
		stands := row.Outcome == wrong || row.Outcome == notApplicable
		if row.Event != "launch-ended" || row.Preview && !stands {
			continue
		}
		c.take(row, launches[row.Launch], v.records.observations[row.Launch])
	}
	for _, made := range o.replicates {
		if one := made.launches[name]; one != nil && one.row.Role == "" {
			c.paired = append(c.paired, one)
		}
	}
	if c.status == measured {
		ordered := slices.Clone(c.launches)
		slices.SortStableFunc(ordered, func(a, b *launched) int {
			switch {
			case a.calls.middle < b.calls.middle:
				return -1
			case a.calls.middle > b.calls.middle:
				return 1
			}
			return 0
		})
		chosen := ordered[(len(ordered)-1)/2]
		c.launch, c.calls = chosen.row.Launch, chosen.calls
	}
	return c
}

func (c *contender) take(row ledgerRow, made *launched, seen observation) {
	switch row.Outcome {
	case finished:
		if made == nil {
			return
		}
		c.launches, c.seen = append(c.launches, made), append(c.seen, seen)
		if row.Steady != nil && row.Steady.Course != "steady" {
			c.unsteady[row.Steady.Course]++
		}
		if c.status != wrong {
			c.status, c.reason = measured, ""
		}
	case wrong, notApplicable:
		c.status, c.reason = row.Outcome, row.Reason
	case "interrupted", "lost":
		if c.status == notReached {
			c.reason = row.Reason
		}
	case failed:
		c.failed++
		if len(c.launches) == 0 && c.status != wrong {
			c.status, c.reason = failed, row.Reason
		}
	}
}

// over is the median over launches of a launch's figure.
func over(launches []*launched, of func(*launched) (float64, bool)) float64 {
	var values []float64
	for _, one := range launches {
		if value, ok := of(one); ok {
			values = append(values, value)
		}
	}
	return median(values)
}

func named(name string) func(*launched) (float64, bool) {
	return func(l *launched) (float64, bool) {
		value, ok := l.per[name]
		return value, ok
	}
}

// quotient is of two of a launch's figures.
func quotient(over, under string) func(*launched) (float64, bool) {
	return func(l *launched) (float64, bool) {
		a, hasA := l.per[over]
		b, hasB := l.per[under]
		q := a / b
		return q, hasA && hasB && !math.IsNaN(q)
	}
}
