package verify

// This file compares contenders, and judges controls and checks.

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// comparison is how many times as fast a is as b.
type comparison struct {
	a, b               string
	claim              bool
	ratio, short, long interval
	fromLong           bool
	quiet              bool
	n                  int
	// logP is corrected where this is a claim, uncorrected is not.
	logP, uncorrected float64
	verdict           string
}

type control struct {
	name  string
	due   float64
	ratio interval
	n     int
	holds bool
}

type check struct {
	rule                   string
	judged, holds, accuses bool
	// figures are those of the sentence that tells of the check, in its order.
	figures []float64
}

type costs struct {
	call, multiplyAdd interval
	// least and largest are the multiply-adds of the narrowest and widest model.
	least, largest, misfit float64
}

func second(name string) string { return name + "@control" }

// pairs are the ratios that may be asked for.
func (v *verification) pairs(rows []ledgerRow) []pairOf {
	p := v.records.plan
	var pairs []pairOf
	add := func(a, b string) {
		for _, source := range []string{"short", "long", "near"} {
			pairs = append(pairs, pairOf{a, b, source, source})
		}
	}
	for _, claim := range p.Claims {
		add(claim.Faster, claim.Than)
	}
	for _, name := range p.Contenders {
		if base := v.base(rows); base != "" && name != base {
			add(name, base)
		}
	}
	for name := range p.Canonical {
		add(name, name+"@canonical")
	}
	for _, name := range p.Control {
		pairs = append(pairs, pairOf{name, second(name), "short", "short"}, pairOf{name, second(name), "short", "counted"})
	}
	return pairs
}

// base is whom contenders without a claim are compared with.
func (v *verification) base(rows []ledgerRow) string {
	there := func(name string) bool {
		return slices.ContainsFunc(rows, func(row ledgerRow) bool {
			return row.Contender == name && row.Role == "" && row.Replicate > 0
		})
	}
	for _, claim := range v.records.plan.Claims {
		if there(claim.Than) {
			return claim.Than
		}
	}
	for _, name := range v.records.plan.Contenders {
		if there(name) {
			return name
		}
	}
	return ""
}

// values are a ratio's, by replicate, and whether they are of quiet rounds.
func (o *outcome) values(pair pairOf, least, claims int) ([]float64, bool) {
	var all, quiet []float64
	for _, made := range o.replicates {
		rounds := made.pairs[pair]
		if rounds.some > 0 {
			all = append(all, rounds.all)
		}
		if rounds.enough >= least && rounds.some > 0 {
			quiet = append(quiet, rounds.quiet)
		}
	}
	// Of so few the least p-value, corrected for all claims, must be able to decide.
	enough := 6
	for math.Pow(0.5, float64(enough-1))*float64(claims) > 0.05 {
		enough++
	}
	if len(quiet) > 0 && len(quiet) >= min(len(all), enough) {
		return quiet, true
	}
	return all, false
}

func (v *verification) compareAll(o *outcome) {
	p := v.records.plan
	var counted []ledgerRow
	for _, made := range o.replicates {
		for _, one := range made.launches {
			counted = append(counted, one.row)
		}
	}
	if len(o.replicates) == 0 {
		return
	}
	var logs []float64
	claimed := map[string]bool{}
	for _, claim := range p.Claims {
		claimed[claim.Faster+"/"+claim.Than] = true
		if c := v.compareTwo(o, claim.Faster, claim.Than); c.n > 0 {
			c.claim = true
			o.claims = append(o.claims, c)
			logs = append(logs, c.logP)
		}
	}
	for i, corrected := range holm(logs) {
		o.claims[i].logP = corrected
		o.claims[i].verdict = v.verdict(o.claims[i])
	}
	base := v.base(counted)
	for _, name := range p.Contenders {
		if name == base || claimed[name+"/"+base] {
			continue
		}
		if c := v.compareTwo(o, name, base); c.n > 0 {
			o.others = append(o.others, c)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Canonical)) {
		if c := v.compareTwo(o, name, name+"@canonical"); c.n > 0 {
			o.canonical = append(o.canonical, c)
		}
	}
	o.controls = v.controls(o)
	for _, c := range o.contenders {
		if len(c.paired) > 0 {
			c.costs = v.costs(c)
			c.checks = v.checks(c, o.share)
			for _, other := range o.canonical {
				if other.a == c.name {
					c.checks = append(c.checks, likeCanonical(other, p.limits().Canonical))
				}
			}
		}
	}
}

func (v *verification) compareTwo(o *outcome, a, b string) comparison {
	quiet := v.records.plan.Paired.Quiet
	short, quietly := o.values(pairOf{a, b, "short", "short"}, quiet.LeastShort, len(v.records.plan.Claims))
	long, longQuietly := o.values(pairOf{a, b, "long", "long"}, quiet.LeastLong, len(v.records.plan.Claims))
	c := comparison{a: a, b: b, short: pseudomedian(short).exp(), long: pseudomedian(long).exp(), quiet: quietly}
	values := short
	if v.clocksDiffer(o, a, b) {
		values, c.fromLong, c.quiet = long, true, longQuietly
	}
	c.n, c.ratio, c.logP = len(values), pseudomedian(values).exp(), signedRank(values)
	c.uncorrected = c.logP
	c.verdict = v.verdict(c)
	return c
}

// clocksDiffer asks whether the ratios by the two clocks, over few rows, differ by
// more than the plan allows and by more than chance.
func (v *verification) clocksDiffer(o *outcome, a, b string) bool {
	quiet := v.records.plan.Paired.Quiet
	var differences []float64
	for _, made := range o.replicates {
		one := &outcome{replicates: []replicate{made}}
		short, quietly := one.values(pairOf{a, b, "short", "short"}, quiet.LeastShort, len(v.records.plan.Claims))
		near, nearQuietly := one.values(pairOf{a, b, "near", "near"}, quiet.LeastLong, len(v.records.plan.Claims))
		if len(short) == 1 && len(near) == 1 && quietly == nearQuietly {
			differences = append(differences, near[0]-short[0])
		}
	}
	i, allowed := pseudomedian(differences), math.Log(1+v.records.plan.limits().ClocksDiffer)
	return i.low > allowed || i.high < -allowed
}

func (v *verification) verdict(c comparison) string {
	within := math.Log(1 + v.records.plan.Tolerance)
	low, high := math.Log(c.ratio.low), math.Log(c.ratio.high)
	switch {
	case low >= -within && high <= within:
		return "equal"
	case !(c.logP <= math.Log(0.05)+1e-12):
		return "not resolved"
	case low > 0:
		return "faster"
	case high < 0:
		return "slower"
	}
	return "not resolved"
}

func (v *verification) controls(o *outcome) []control {
	p := v.records.plan
	var canary []float64
	for _, made := range o.replicates {
		if !math.IsNaN(made.canary) && len(made.launches) > 0 {
			canary = append(canary, made.canary)
		}
	}
	last := v.control("canary", canary, 1)
	for _, name := range p.Control {
		there := slices.ContainsFunc(o.replicates, func(r replicate) bool { return r.launches[second(name)] != nil })
		if !there {
			continue
		}
		negative, _ := o.values(pairOf{name, second(name), "short", "short"}, p.Paired.Quiet.LeastShort, len(p.Claims))
		positive, _ := o.values(pairOf{name, second(name), "short", "counted"}, p.Paired.Quiet.LeastShort, len(p.Claims))
		return []control{
			v.control("negative", negative, 1),
			v.control("positive", positive, 1+1/float64(p.Paired.PositiveCalls)),
			last,
		}
	}
	return []control{last}
}

func (v *verification) control(name string, logs []float64, due float64) control {
	limits := v.records.plan.limits()
	i := meanInterval(logs, 1-limits.ControlConfidence)
	off := math.Abs(i.estimate - math.Log(due))
	beyond := i.low > math.Log(due) || i.high < math.Log(due)
	return control{
		name: name, due: due, ratio: i.exp(), n: len(logs),
		holds: len(logs) >= limits.ControlReplicates && !math.IsNaN(off) && !(beyond && off > math.Log(1+v.records.plan.Tolerance)),
	}
}

// hold reports whether the run has its three controls and all hold.
func (o *outcome) hold() bool {
	return len(o.controls) == 3 && !slices.ContainsFunc(o.controls, func(c control) bool { return !c.holds })
}

func (o *outcome) contender(name string) *contender {
	for _, c := range o.contenders {
		if c.name == name {
			return c
		}
	}
	return nil
}

// accused is the first check that accuses a contender, or nil.
func (o *outcome) accused(name string) *check {
	c := o.contender(name)
	if c == nil {
		return nil
	}
	for i := range c.checks {
		if one := &c.checks[i]; one.accuses && one.judged && !one.holds {
			return one
		}
	}
	return nil
}

// shown is the verdict as results show it.
func (o *outcome) shown(c comparison) string {
	switch {
	case !o.hold():
		return "no verdict"
	case o.accused(c.a) != nil || o.accused(c.b) != nil:
		return "disputed"
	}
	return c.verdict
}

// costs splits a contender's time of a call by a line through its widths.
func (v *verification) costs(c *contender) *costs {
	p := v.records.plan
	var calls, slopes []float64
	byWidth := map[int][]float64{}
	points := p.Probes.Widths
	if p.Train != nil {
		points = []int{1, p.Train.Epochs, p.Train.LongEpochs}
	}
	for _, one := range c.paired {
		var xs, ys []float64
		for _, times := range points {
			if y, ok := one.widths[times]; ok {
				xs, ys = append(xs, v.multiplyAdds(times)), append(ys, y)
				byWidth[times] = append(byWidth[times], y)
			}
		}
		if a, b, ok := straight(xs, ys); ok {
			calls, slopes = append(calls, a), append(slopes, b)
		}
	}
	if len(calls) < 2 {
		return nil
	}
	made := &costs{call: pseudomedian(calls), multiplyAdd: pseudomedian(slopes)}
	first := true
	for _, times := range points {
		if len(byWidth[times]) == 0 {
			continue
		}
		x := v.multiplyAdds(times)
		if first {
			made.least, first = x, false
		}
		made.largest = x
		fitted := made.call.estimate + made.multiplyAdd.estimate*x
		made.misfit = max(made.misfit, math.Abs(median(byWidth[times])/fitted-1))
	}
	return made
}

// multiplyAdds is how many a call takes at so many times the input's width, or a
// training of so many epochs: there one on the way to a score and one on the way back.
func (v *verification) multiplyAdds(times int) float64 {
	layers := v.records.plan.Model.Layers
	if train := v.records.plan.Train; train != nil && len(layers) > 0 {
		return 2 * float64(times) * float64(train.Rows) * float64(layers[0]) * float64(layers[len(layers)-1])
	}
	total := 0
	for i := 1; i < len(layers); i++ {
		wide := layers[i-1]
		if i == 1 {
			wide *= times
		}
		total += wide * layers[i]
	}
	return float64(total * v.records.plan.Batch)
}

// straight fits y = a + b·x by least squares of relative deviations, about the
// weighted means.
func straight(xs, ys []float64) (a, b float64, ok bool) {
	var total, mx, my float64
	for i, y := range ys {
		if !(y > 0) {
			return 0, 0, false
		}
		w := 1 / (y * y)
		total += w
		mx += w * xs[i]
		my += w * y
	}
	mx, my = mx/total, my/total
	var sxx, sxy float64
	for i, y := range ys {
		w := 1 / (y * y)
		sxx += w * (xs[i] - mx) * (xs[i] - mx)
		sxy += w * (xs[i] - mx) * (y - my)
	}
	if len(xs) < 2 || !(sxx > 0) {
		return 0, 0, false
	}
	b = sxy / sxx
	return my - b*mx, b, true
}

// doubtfulShort takes back what short bursts say against a contender, where launches do
// not agree or neighbours may be why.
func doubtfulShort(found check, paired, launches []*launched, short, quiet float64, limits thresholds) check {
	beside := 0
	for _, one := range paired {
		if one.contended {
			beside++
		}
	}
	if due, all := dueInShort(launches, limits.ShortBursts); 2*due >= all || float64(due) > limits.ShortBurstsDissent*float64(all) {
		return unjudged(found.rule, short, limits.ShortBursts, float64(due), float64(all))
	} else if quiet < limits.QuietShare {
		return unjudged(found.rule, short, limits.ShortBursts, percent(quiet), percent(limits.QuietShare))
	} else if float64(beside) > limits.ContendedLaunches*float64(len(paired)) {
		return unjudged(found.rule, short, limits.ShortBursts, float64(beside), float64(len(paired)), percent(limits.PressureShare))
	}
	return found
}

// checks makes the checks of a contender's clock and conduct.
func (v *verification) checks(c *contender, quiet float64) []check {
	p, limits := v.records.plan, v.records.plan.limits()
	cost := func(phase string) float64 {
		return over(c.paired, named("empty "+phase)) / over(c.paired, named("inner "+phase))
	}
	var kept []*launched
	for _, one := range c.paired {
		if !one.stolen {
			kept = append(kept, one)
		}
	}
	many := worseClock(outerClock(c, "long", limits.OuterClock, cost("undelayed long")), outerClock(c, "near", limits.OuterClock, cost("undelayed near")))
	many = cleared(many, limits.RequestShare, cost("undelayed long"), cost("undelayed near"))
	cpu := unjudged("cpu-clock")
	shortBursts := unjudged("short-bursts")
	if p.Threads == 1 {
		found, limit := over(c.paired, named("cpu long")), limits.CPUClock+cost("long")
		cpu = judged("cpu-clock", found, limit, found <= limit, found, limit)
		cpu = cleared(cpu, limits.RequestShare, cost("long"))
		short := over(kept, quotient("short", "cpu near"))
		shortBursts = judged("short-bursts", short, limits.ShortBursts, short >= limits.ShortBursts, short, limits.ShortBursts)
		if shortBursts.judged && !shortBursts.holds && short >= limits.ShortBurstsNearMiss {
			shortBursts = doubtfulShort(shortBursts, c.paired, kept, short, quiet, limits)
		}
	}
	near := over(c.paired, quotient("outer undelayed near", "outer undelayed long"))
	nearRows := judged("near-rows", near, limits.NearRows, near >= limits.NearRows, near, limits.NearRows)
	many, nearRows = c.chance(many, limits.LaunchesIfStolen), c.chance(nearRows, limits.LaunchesIfStolen)
	slope := v.slope(c)
	if p.Train != nil {
		nearRows, slope = unjudged("near-rows"), unjudged("slope")
	}
	reading, alone := math.NaN(), slices.DeleteFunc(slices.Clone(kept), func(one *launched) bool { return one.contended })
	for _, times := range p.Probes.Widths {
		if per := over(alone, named(fmt.Sprintf("reading %d", times))); !math.IsNaN(per) && !(reading >= per) {
			reading = per
		}
	}
	last := judged("reading", reading, limits.Reading, reading <= limits.Reading, reading, limits.Reading)
	last.accuses = false
	return append([]check{
		many, cpu, shortBursts, nearRows, stalls(c, limits), v.idle(c), slope, last,
	}, v.conduct(c, cost)...)
}

// judged is a check that holds or not, where there is something to judge.
func judged(rule string, found, limit float64, holds bool, figures ...float64) check {
	if math.IsNaN(found) || math.IsNaN(limit) {
		return unjudged(rule)
	}
	return check{rule: rule, accuses: true, judged: true, holds: holds, figures: figures}
}

func unjudged(rule string, figures ...float64) check {
	return check{rule: rule, accuses: true, figures: figures}
}

func percent(share float64) float64 { return 100 * share }

// chance takes back what the harness's clock says against a contender of few launches, of
// any of which the host took time.
func (c *contender) chance(found check, least int) check {
	if !found.judged || found.holds || len(c.paired) >= least || !slices.ContainsFunc(c.paired, func(one *launched) bool { return one.stolen }) {
		return found
	}
	return unjudged(found.rule, append([]float64{float64(least)}, found.figures...)...)
}

// clockCheck is what the outer clock says of one kind of long bursts, and by how much
// it is beyond what is allowed; not a number where there are none.
type clockCheck struct {
	check
	beyond float64
}

func outerClock(c *contender, phase string, allowed, cost float64) clockCheck {
	found, limit := over(c.paired, named("clock "+phase)), allowed+cost
	one := clockCheck{beyond: found - limit, check: judged("outer-clock", found, limit, found <= limit, found, limit, percent(cost), percent(limit-1))}
	if !one.judged || one.holds {
		return one
	}
	beyond, all := 0, 0
	for _, launch := range c.paired {
		for _, ratio := range launch.clocks[phase] {
			all++
			if ratio > limit {
				beyond++
			}
		}
	}
	if beyond <= all-beyond {
		one.check = unjudged("outer-clock", found, limit, float64(all-beyond), float64(all))
	}
	return one
}

// worseClock is the check of the two that says more against the contender.
func worseClock(many, few clockCheck) check {
	rank := func(c clockCheck) int {
		if math.IsNaN(c.beyond) {
			return 0
		}
		if !c.judged {
			return 2
		}
		if c.holds {
			return 1
		}
		return 3
	}
	if rank(few) > rank(many) || rank(few) == rank(many) && few.beyond > many.beyond {
		return few.check
	}
	return many.check
}

// dueInShort counts the launches whose short bursts take as long as long ones foretell.
func dueInShort(launches []*launched, least float64) (due, all int) {
	ratio := quotient("short", "cpu near")
	for _, one := range launches {
		if value, known := ratio(one); known {
			all++
			if value >= least {
				due++
			}
		}
	}
	return due, all
}

// cleared takes back what a check says in a contender's favour where its allowance was
// wider than any honest engine's.
func cleared(c check, widest float64, costs ...float64) check {
	for _, cost := range costs {
		if c.judged && c.holds && cost > widest {
			return unjudged(c.rule, percent(cost), percent(widest))
		}
	}
	return c
}

// stalls judges planted stops by what the contender says, and where that clears it
// by those too that the harness's clock alone shows.
func stalls(c *contender, limits thresholds) check {
	hit, watched, seen := 0, 0, 0
	for _, one := range c.paired {
		hit, watched, seen = hit+one.hit, watched+one.watched, seen+one.seen
	}
	said, all := limits.stopsSeen(seen, hit), limits.stopsSeen(seen, hit+watched)
	switch {
	case said.judged && !said.holds, !all.judged, said.judged && all.holds:
		return said
	}
	return all
}

func (t thresholds) stopsSeen(seen, hit int) check {
	if binomialUpTo(0, hit, t.StopShown) >= t.StopChance {
		return unjudged("planted-stall", float64(hit))
	}
	chance := binomialUpTo(seen, hit, t.StopShown)
	return judged("planted-stall", float64(seen), t.StopShown, chance >= t.StopChance || float64(seen) >= t.StopShown*float64(hit),
		float64(hit), float64(seen), percent(t.StopShown), chance)
}

func (v *verification) idle(c *contender) check {
	var wall, cpu float64
	for _, one := range c.launches {
		seen := v.records.observations[one.row.Launch]
		wall, cpu = wall+seen.Idle, cpu+seen.IdleCPU
	}
	share, most := cpu/wall, v.records.plan.limits().Idle
	return judged("idle", share, most, share <= most, percent(share), percent(most))
}

func (v *verification) slope(c *contender) check {
	found, least := math.NaN(), v.records.plan.limits().MultiplyAdd/float64(max(v.records.plan.Threads, 1))
	if c.costs != nil {
		found = c.costs.multiplyAdd.high
	}
	if math.IsInf(found, 1) {
		return unjudged("slope")
	}
	return judged("slope", found, least, found >= least, found, least)
}
