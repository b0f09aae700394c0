package forensic

// This file holds the forensic rules about samples: invented, copied, trimmed, or not
// those that the results are of.

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"cupel/internal/audit"
	"cupel/internal/audit/results"
	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// The shape of what no two honest launches have in common: so many calls one after
// the other, of so many different times.
const (
	reusedRun      = 64
	reusedDistinct = 20
	// Of each run at least one window of these, at a multiple of the stride, lies
	// inside it.
	reusedStride = 8
	reusedWindow = reusedRun - reusedStride + 1
)

// callsOf is a launch's single calls, with where they are from.
type callsOf struct {
	launch *audit.Launch
	bundle string
	calls  []int64
}

// samplesReused: the same calls occur twice, here or in a further bundle. Each
// contender is named once, of two the one that the claim is about.
func samplesReused(c *audit.Case) []audit.Finding {
	var sources []callsOf
	for at, opened := range append([]*audit.Case{c}, c.Further...) {
		for _, launch := range opened.Launches {
			if launch.Samples != nil {
				name := ""
				if at > 0 {
					name = fmt.Sprintf(" of further bundle %d", at)
				}
				sources = append(sources, callsOf{launch, name, launch.Samples.Calls})
			}
		}
	}
	known := knownWindows(sources)
	candidates := make([][]int32, len(sources))
	audit.InParallel(len(sources), func(i int) { candidates[i] = known.again(i, sources[i].calls) })
	var findings []audit.Finding
	accused := map[string]bool{}
	for i, source := range sources {
		next := 0
		for _, candidate := range candidates[i] {
			at := int(candidate)
			if at < next {
				continue
			}
			found, _ := known.find(hashOf(source.calls[at : at+reusedWindow]))
			other := sources[found.source]
			before, after := sharedRun(source.calls, at, other.calls, found.at)
			run := before + after
			if run < reusedRun {
				continue
			}
			contender := source.launch.Contender
			if c.Decides(audit.Finding{Contender: other.launch.Contender}) {
				contender = other.launch.Contender
			}
			if !accused[contender] {
				accused[contender] = true
				findings = append(findings, audit.Finding{
					Contender: contender,
					Message: fmt.Sprintf("%d calls one after the other of launch %d%s (%s), from call %d on, are those of launch %d%s (%s), from call %d on",
						run, source.launch.Number, source.bundle, source.launch.Contender, at+1, other.launch.Number, other.bundle, other.launch.Contender, found.at+1),
				})
			}
			// One run is one finding, and to follow it from each of its calls would take
			// hours where all of a large bundle is one.
			next = at + max(after, reusedRun) + 1
		}
	}
	return findings
}

// place is where a window begins: at a call of a source.
type place struct{ source, at int }

// windows are those that begin at multiples of the stride, by their hashes: of several
// alike the first.
type windows struct {
	places map[uint64]place
	// filter has one bit or more for each hash, and tells most that are not there: one
	// bit lies nearer than an entry of a map, and of ten million windows all are looked up.
	filter []uint64
}

// knownWindows are those of all sources.
func knownWindows(sources []callsOf) windows {
	type window struct {
		hash uint64
		at   int
	}
	found, total := make([][]window, len(sources)), 0
	audit.InParallel(len(sources), func(i int) {
		found[i] = make([]window, 0, len(sources[i].calls)/reusedStride+1)
		eachWindow(sources[i].calls, func(at int, hash uint64) {
			if at%reusedStride == 0 {
				found[i] = append(found[i], window{hash, at})
			}
		})
	})
	for _, of := range found {
		total += len(of)
	}
	known := windows{make(map[uint64]place, total), make([]uint64, 1<<bits.Len(uint(total/4)))}
	for i, of := range found {
		for _, w := range of {
			if _, there := known.places[w.hash]; !there {
				known.places[w.hash] = place{i, w.at}
				known.filter[known.word(w.hash)] |= 1 << (w.hash & 63)
			}
		}
	}
	return known
}

// word is the place of a hash's bit in the filter: from its upper half, since its
// lowest bits choose the bit.
func (w windows) word(hash uint64) uint64 { return hash >> 32 & uint64(len(w.filter)-1) }

func (w windows) find(hash uint64) (place, bool) {
	if w.filter[w.word(hash)]>>(hash&63)&1 == 0 {
		return place{}, false
	}
	found, there := w.places[hash]
	return found, there
}

// again is where in a source's calls a varied window begins that is known from
// elsewhere. Few are, so that is asked first.
func (w windows) again(source int, calls []int64) []int32 {
	var places []int32
	eachWindow(calls, func(at int, hash uint64) {
		found, there := w.find(hash)
		if there && !(found.source == source && found.at <= at && at < found.at+reusedRun) && varied(calls[at:at+reusedWindow]) {
			places = append(places, int32(at))
		}
	})
	return places
}

// rollingBase is an odd number with bits all over.
const rollingBase = 0x9e3779b97f4a7c15

// eachWindow visits all windows of some calls with their hashes, each of which follows
// from the one before.
func eachWindow(calls []int64, visit func(at int, hash uint64)) {
	if len(calls) < reusedWindow {
		return
	}
	power := uint64(1)
	for range reusedWindow - 1 {
		power *= rollingBase
	}
	hash := hashOf(calls[:reusedWindow])
	visit(0, hash)
	for at := 1; at+reusedWindow <= len(calls); at++ {
		hash = (hash-mixed(calls[at-1])*power)*rollingBase + mixed(calls[at+reusedWindow-1])
		visit(at, hash)
	}
}

func hashOf(calls []int64) uint64 {
	hash := uint64(0)
	for _, call := range calls {
		hash = hash*rollingBase + mixed(call)
	}
	return hash
}

// mixed spreads a value over all bits.
func mixed(value int64) uint64 {
	x := uint64(value) + rollingBase
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// varied reports whether a window has reusedDistinct values that differ. Windows of real
// calls have them in the first half, so no hash table is worth its making.
func varied(window []int64) bool {
	different := make([]int64, 0, reusedDistinct)
	for _, value := range window {
		if slices.Contains(different, value) {
			continue
		}
		if different = append(different, value); len(different) == reusedDistinct {
			return true
		}
	}
	return false
}

// sharedRun is how long the run is that two places are in: how many calls agree before
// them, and how many from them on; none where they do not agree themselves.
func sharedRun(a []int64, i int, b []int64, j int) (before, after int) {
	for i+after < len(a) && j+after < len(b) && a[i+after] == b[j+after] {
		after++
	}
	if after == 0 {
		return 0, 0
	}
	for i-before-1 >= 0 && j-before-1 >= 0 && a[i-before-1] == b[j-before-1] {
		before++
	}
	return before, after
}

// classic is a launch's request of single calls with the harness's time and the
// kernel's account of it.
type classic struct {
	outer, inner      float64
	wait, involuntary float64
	// accounted says that the kernel's account is there.
	accounted bool
}

func classicRequests(l *audit.Launch) (classic, bool) {
	bursts := l.Bursts(evidence.PhaseRequest)
	if len(bursts) != 1 || bursts[0].OuterNanoseconds == nil || l.Calls.Summary.N == 0 {
		return classic{}, false
	}
	found := classic{outer: float64(*bursts[0].OuterNanoseconds), inner: float64(bursts[0].InnerNanoseconds)}
	l.EachRequest(evidence.PhaseRequest, func(request evidence.Request) {
		if request.WaitNanoseconds != nil && request.InvoluntarySwitches != nil {
			// Counters do not go back; figures that did would make probabilities outside of
			// what is one.
			wait, involuntary := *request.WaitNanoseconds, *request.InvoluntarySwitches
			found.wait, found.involuntary, found.accounted = float64(wait), float64(involuntary), wait >= 0 && involuntary >= 0
		}
	})
	return found, true
}

// within is the share of a request's time that lies inside calls: what disturbs the
// process falls into one with about this probability.
func within(l *audit.Launch, request classic) float64 {
	typical := float64(l.Calls.Summary.N) * l.Calls.Summary.P50
	between := max(request.inner-float64(l.Calls.Sum), 0)
	return share(typical / (typical + between))
}

// share keeps a probability between 0 and 1, whatever it was computed from.
func share(p float64) float64 {
	if !(p > 0) {
		return 0
	}
	return min(p, 1)
}

// over is how many calls take so much longer than the median, and their time beyond
// it.
func over(l *audit.Launch, by float64) (calls int, excess float64) {
	if l.Samples == nil {
		return 0, 0
	}
	for _, call := range l.Samples.Calls {
		if beyond := float64(call) - l.Calls.Summary.P50; beyond > by {
			calls, excess = calls+1, excess+beyond
		}
	}
	return calls, excess
}

// samplesInvented: single calls that don't add up to the time that passed, that are
// faster than calls are, that never fall, or that show none of what disturbed the
// process, stops that were planted included.
func samplesInvented(c *audit.Case, contender *audit.Contender) string {
	const (
		leastShare = 0.8
		shortest   = 1_000 // ns by which a call grows at least that is interrupted
		// ns that a task has a CPU for at least before another has its turn. Switches that
		// are closer are one disturbance: threads of a runtime that collects garbage in a
		// request of 1.3 ms took turns 11 times, around calls of 0.18 ms (Go, 23 Nov).
		slice = 1_000_000
	)
	if fault := faulty(contender.Holds("planted-stall")); fault != "" {
		return fault
	}
	for _, launch := range contender.Finished {
		if launch.Calls.Sorted && launch.Calls.Distinct > reusedDistinct {
			return fmt.Sprintf("the times of launch %d never fall from call to call", launch.Number)
		}
	}
	if fault := unaccounted(c, contender); fault != "" {
		return fault
	}
	if values := contender.PerLaunch(func(l *audit.Launch) float64 { return l.Calls.Summary.P50 / l.Cost() }); audit.Below(values, leastShare) {
		return fmt.Sprintf("a single call takes %.2f times the cost of a call in bursts; less than %v is no time of the same call", stats.Median(values), leastShare)
	}
	if fault := tooFast(contender); fault != "" {
		return fault
	}
	switches, long, inside := 0.0, 0, 0.0
	for _, launch := range contender.Finished {
		request, ok := classicRequests(launch)
		if !ok || !request.accounted {
			continue
		}
		calls, _ := over(launch, shortest)
		apart := min(request.involuntary, 1+math.Floor(request.inner/slice))
		switches, long, inside = switches+apart, long+calls, inside+apart*within(launch, request)*share(request.inner/request.outer)
	}
	// Half of the share allows for switches while the request is read.
	if switches > 0 && (distuv.Binomial{N: switches, P: share(inside / switches / 2)}).CDF(float64(long)) < audit.Accidents {
		return fmt.Sprintf("the kernel took the CPU from it %.0f times during single calls, and only %d of them are long", switches, long)
	}
	return ""
}

// unaccounted: time of the classic request that is in no single call, or more in them
// than passed. What passes between two calls is held against the contender's own time of
// all; what that time leaves out is the warm-up, the reading, and a reply of which a
// slow encoder makes a microsecond's work a byte. A bound on both together accused
// whoever brings base64 of his own to a request of a few milliseconds.
func unaccounted(c *audit.Case, contender *audit.Contender) string {
	const (
		slack      = 1_000 // ns a call that may pass between two
		slackShare = 0.1
		encoding   = 1_000      // ns a byte of the reply
		leastReply = 50_000_000 // ns that any reply may take
	)
	plan := c.Bundle.Plan
	between := func(l *audit.Launch) float64 {
		return ofClassic(l, func(r classic) float64 { return (r.inner - total(l)) / made(l) })
	}
	if values := contender.PerLaunch(func(l *audit.Launch) float64 { return between(l) - slack - slackShare*l.Calls.Summary.Mean }); audit.Beyond(values, 0) {
		return fmt.Sprintf("%.0f ns a call pass outside of the times of single calls; %d and a tenth of a call at most do", contender.Median(between), slack)
	}
	around := func(l *audit.Launch) float64 {
		untimed := float64(plan.Classic.Warmup) * l.Calls.Summary.Mean
		return ofClassic(l, func(r classic) float64 { return r.outer - r.inner - untimed })
	}
	if values := contender.PerLaunch(func(l *audit.Launch) float64 {
		// A label for each row and four bytes for each call, as base64.
		reply := made(l) * float64(plan.Batch+4) * 4 / 3
		return around(l) - max(leastReply, encoding*reply) - slackShare*total(l)
	}); audit.Beyond(values, 0) {
		return fmt.Sprintf("%.0f ms pass before and after the single calls that their request's own time leaves out; warm-up, reading and reply take less", contender.Median(around)/1e6)
	}
	if values := contender.PerLaunch(func(l *audit.Launch) float64 {
		return ofClassic(l, func(r classic) float64 { return (r.outer - total(l)) / made(l) })
	}); audit.Below(values, 0) {
		return fmt.Sprintf("the times of single calls add up to %.0f ns a call more than passed by the harness's clock", -stats.Median(values))
	}
	return ""
}

// ofClassic is a figure of the classic request, NaN where there is none.
func ofClassic(l *audit.Launch, figure func(classic) float64) float64 {
	request, ok := classicRequests(l)
	if !ok {
		return math.NaN()
	}
	return figure(request)
}

// total is the time of the single calls together, made is how many there are.
func total(l *audit.Launch) float64 { return float64(l.Calls.Sum) }

func made(l *audit.Launch) float64 { return float64(l.Calls.Summary.N) }

// tooFast: more than a few single calls take half the time of the fastest tenth of short
// bursts, or less. Their row never changes, so one that is left out, or whose time is set
// to nothing, gives no wrong label; a third of them leave the median where it is. Half,
// since single launches of honest engines have all of their calls at 0.48 to 0.6 of the
// cost where the machine was fast then and slow in the rounds; one launch condemns
// nobody.
func tooFast(contender *audit.Contender) string {
	const fast, most = 0.5, 0.01
	shares := contender.PerLaunch(func(l *audit.Launch) float64 { return callsBelow(l, fast*fastestCost(l)) })
	if !audit.Beyond(shares, most) {
		return ""
	}
	return fmt.Sprintf("%.1f%% of the single calls take less than %v of what calls in the fastest bursts do: they were not made, or their times are made up", 100*stats.Median(shares), fast)
}

// fastestCost is what a call takes at most in the fastest tenth of a launch's short
// bursts, NaN where there is none.
func fastestCost(l *audit.Launch) float64 {
	var costs []float64
	for _, burst := range l.Bursts(evidence.PhaseShort) {
		if cost, ok := audit.Clock(audit.InnerOf).PerCall(burst); ok {
			costs = append(costs, cost)
		}
	}
	if len(costs) == 0 {
		return math.NaN()
	}
	slices.Sort(costs)
	return costs[len(costs)/10]
}

// callsBelow is the share of a launch's single calls that take less than a time.
func callsBelow(l *audit.Launch, nanoseconds float64) float64 {
	if l.Samples == nil || len(l.Samples.Calls) == 0 || math.IsNaN(nanoseconds) {
		return math.NaN()
	}
	count := 0
	for _, call := range l.Samples.Calls {
		if float64(call) < nanoseconds {
			count++
		}
	}
	return float64(count) / float64(len(l.Samples.Calls))
}

// outliersTrimmed: the process waited for a CPU while its calls were timed, and no
// call shows it.
func outliersTrimmed(_ *audit.Case, contender *audit.Contender) string {
	const (
		longer = 10_000    // ns beyond the median
		heavy  = 1_000_000 // ns of waiting that can't be overlooked
		times  = 5         // as long as a request waits anyhow
		sure   = 0.8
	)
	waited, unseen, miss, lost := 0, 0, 0.0, 0.0
	for _, launch := range contender.Finished {
		request, ok := classicRequests(launch)
		if !ok || !request.accounted {
			continue
		}
		var waking []float64
		launch.EachRequest(evidence.PhaseEmpty, func(empty evidence.Request) {
			if empty.WaitNanoseconds != nil {
				waking = append(waking, float64(*empty.WaitNanoseconds))
			}
		})
		if request.wait < heavy || len(waking) > 0 && request.wait < times*slices.Max(waking) {
			continue
		}
		waited++
		miss += 1 - sure*within(launch, request)
		if _, excess := over(launch, longer); excess < request.wait/2 {
			unseen++
			lost += request.wait - excess
		}
	}
	if unseen == 0 {
		return ""
	}
	// An honest launch misses a wait that falls between its calls.
	chance := distuv.Binomial{N: float64(waited), P: share(miss / float64(waited))}
	if chance.CDF(float64(unseen-1)) > 1-audit.Accidents {
		return fmt.Sprintf("in %d of %d launches that waited for a CPU during single calls no call shows it: %.1f ms are missing", unseen, waited, lost/1e6)
	}
	return ""
}

// timeOverflow: a time that no clock gives, or one that wrapped.
func timeOverflow(_ *audit.Case, contender *audit.Contender) string {
	const (
		zeros = 64
		wrap  = 1 << 32
	)
	for _, launch := range contender.Finished {
		if launch.Samples == nil {
			continue
		}
		for _, sample := range launch.Samples.Bursts {
			for _, nanoseconds := range []*int64{&sample.InnerNanoseconds, sample.OuterNanoseconds, sample.CPUNanoseconds, sample.CanaryBeforeNanoseconds, sample.CanaryAfterNanoseconds} {
				if nanoseconds != nil && *nanoseconds < 0 {
					return fmt.Sprintf("launch %d has a time of %d ns in the phase %s", launch.Number, *nanoseconds, sample.Phase)
				}
			}
		}
		run := 0
		for i, call := range launch.Samples.Calls {
			if call < 0 {
				return fmt.Sprintf("call %d of launch %d took %d ns", i+1, launch.Number, call)
			}
			if run++; call > 0 {
				run = 0
			}
			if run >= zeros {
				return fmt.Sprintf("%d calls one after the other of launch %d took 0 ns", zeros, launch.Number)
			}
		}
		request, ok := classicRequests(launch)
		missing := request.inner - float64(launch.Calls.Sum)
		if turns := math.Round(missing / wrap); ok && turns != 0 && math.Abs(missing-turns*wrap) < 0.05*wrap {
			return fmt.Sprintf("the calls of launch %d add up to %.0f times 2^32 ns less than their request took: a time wrapped", launch.Number, turns)
		}
	}
	return ""
}

// impossiblePrecision: launches that are alike to the nanosecond, or that agree far
// better than the machine's own loop did.
func impossiblePrecision(_ *audit.Case, contender *audit.Contender) string {
	const (
		far   = 0.01
		least = 5
	)
	type medians struct{ short, long, near, request float64 }
	seen := map[medians]int{}
	for _, launch := range contender.Finished {
		found := medians{
			launch.Cost(), launch.PhaseMedian(evidence.PhaseLong, audit.OuterOf), launch.PhaseMedian(evidence.PhaseNear, audit.OuterOf), launch.PhaseMedian(evidence.PhaseRequest, audit.OuterOf),
		}
		if found != found { // A median is missing.
			continue
		}
		if other := seen[found]; other > 0 {
			return fmt.Sprintf("launches %d and %d have the same medians of short bursts, long ones and the classic request, to the nanosecond", other, launch.Number)
		}
		seen[found] = launch.Number
	}
	costs := contender.PerLaunch((*audit.Launch).Cost)
	canaries := contender.PerLaunch(func(l *audit.Launch) float64 {
		return audit.MedianOf(l.Bursts(evidence.PhaseShort), func(s evidence.Sample) (float64, bool) { return audit.OptionalTime(s.CanaryBeforeNanoseconds) })
	})
	if len(costs) < least || len(canaries) < least {
		return ""
	}
	own, machine := stats.Describe(costs), stats.Describe(canaries)
	if own.StdDev/own.Mean < far*machine.StdDev/machine.Mean {
		return fmt.Sprintf("launches agree to %.2g, where the harness's own loop beside them varied by %.2g", own.StdDev/own.Mean, machine.StdDev/machine.Mean)
	}
	return ""
}

// granularityImpossible: a published mean that no whole number of nanoseconds over
// the calls gives.
func granularityImpossible(c *audit.Case, contender *audit.Contender) string {
	figures, _ := results.Of(c, contender)
	if figures == nil || figures.Mean == nil || figures.Iterations == nil {
		return ""
	}
	total := *figures.Mean * 1e3 * float64(*figures.Iterations)
	// Beyond this a float64 no longer tells whole numbers apart by so much.
	const finest, largest = 1e-3, 1e12
	if off := math.Abs(total - math.Round(total)); math.Abs(total) < largest && off > finest {
		return fmt.Sprintf("a mean of %v us over %d calls is %.3f ns in all, and clocks count whole ones", *figures.Mean, *figures.Iterations, total)
	}
	return ""
}

// ratioMismatch: ratios of the results that are not those of the raw samples.
func ratioMismatch(c *audit.Case) []audit.Finding {
	var findings []audit.Finding
	for _, comparison := range slices.Concat(c.Estimates.Claims, c.Estimates.Others) {
		if fault := results.RatioFault(c, comparison); fault != "" {
			findings = append(findings, audit.Finding{Contender: comparison.A + "/" + comparison.B, Message: fault})
		}
	}
	return findings
}
