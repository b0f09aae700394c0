package audit

// This file judges the points of the category bias: that no contender was helped or
// hindered, that the comparison is of like with like, and that it says what it
// leaves out.

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"cupel/engines"
	"cupel/internal/dataset"
	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// nobodySlowed: it costs no more than its canonical runner, does not wait, and has
// the same surroundings as everybody.
func nobodySlowed(c *Case, contender *Contender) ruling {
	return all(c.atMostTwin(contender), c.noWaiting(contender), c.sameSurroundings(contender))
}

// noWaiting: a call gives the CPU to nobody, and the time of long bursts is time on
// it.
func (c *Case) noWaiting(contender *Contender) ruling {
	const (
		mostSwitches = 0.01 // a call
		mostIdle     = 0.05
	)
	switches := contender.perLaunch(func(l *Launch) float64 {
		return l.timed(c, func(_ *Case, request evidence.Request) (float64, bool) {
			return optionalTime(request.VoluntarySwitches)
		})
	})
	if len(switches) == 0 {
		return skips("the kernel's accounts of voluntary switches over long bursts")
	}
	r := passes("a call gives the CPU away %.5f times", stats.Median(switches))
	if beyond(switches, mostSwitches) {
		r = fails("a call gives the CPU away %.3f times; at most %v is no waiting", stats.Median(switches), mostSwitches)
	}
	r = r.with("voluntary switches a call", "%.5f", stats.Median(switches))
	shares := contender.perLaunch(c.ownShare)
	if len(shares) == 0 {
		// Under much steal the count of it, coarse as it is, may still leave no doubt.
		if stolen := contender.perLaunch(busyShare); len(stolen) > 0 && stats.Median(stolen) >= 1-mostIdle {
			shares = stolen
		}
	}
	if len(shares) == 0 {
		return all(r, skips("CPU times of long bursts with how long they waited for a CPU"))
	}
	busy := passes("it has a CPU for %.1f%% of the time of long bursts that nobody took from it", 100*stats.Median(shares))
	if below(shares, 1-mostIdle) {
		busy = fails("it has a CPU for only %.1f%% of the time of long bursts that nobody took from it; %.0f%% are due", 100*stats.Median(shares), 100*(1-mostIdle))
	}
	return all(r, busy.with("CPU time over time, without waits and steal", "%.3f", stats.Median(shares)))
}

// ownShare is busyShare where what was taken from a launch is known: while the host
// takes much, its own count of it is too coarse to subtract.
func (c *Case) ownShare(l *Launch) float64 {
	if l.Observation == nil || l.Observation.StolenShare > mostSteal {
		return math.NaN()
	}
	return busyShare(l)
}

// sameSurroundings: priority, limits, cores and the variables that bear on timings
// are those of every other contender. No language needs another one: of runs of seven
// engines in three languages all launches had the same.
func (c *Case) sameSurroundings(contender *Contender) ruling {
	own := surroundingsOf(contender)
	if len(own) == 0 {
		return skips("looks at the process's priority, limits, cores and environment")
	}
	if len(own) > 1 {
		return fails("its launches differ in %s", firstDifference(own[0], own[1]))
	}
	for _, other := range c.Contenders {
		for _, theirs := range surroundingsOf(other) {
			if what := firstDifference(own[0], theirs); what != "" {
				return fails("%s differs from that of %s: %s", strings.SplitN(what, " ", 2)[0], other.Name, what)
			}
		}
	}
	return passes("priority, limits, cores and environment are those of all others")
}

// surroundings is what a process was given, by its parts.
type surroundings map[string]string

// surroundingsOf are the distinct ones of a contender's launches. Limits and variables
// are told by the first look alone, since a process has them from its start.
func surroundingsOf(contender *Contender) []surroundings {
	var distinct []surroundings
	for _, launch := range contender.Finished {
		first, look := launch.look(evidence.MomentLoaded), launch.look(evidence.MomentSteady)
		if first == nil || look == nil || len(first.Limits) == 0 || len(first.Environment) == 0 {
			continue
		}
		found := surroundings{"priority": fmt.Sprintf("%+v", look.Scheduling)}
		for name, limit := range first.Limits {
			found["limit "+name] = limit
		}
		var cores []int
		for _, thread := range look.Threads {
			cores = append(cores, thread.CPUs...)
		}
		slices.Sort(cores)
		found["cores"] = fmt.Sprint(slices.Compact(cores))
		for _, variable := range first.Environment {
			if variable.Value != nil {
				found["variable "+variable.Name] = *variable.Value
			}
		}
		if !slices.ContainsFunc(distinct, func(known surroundings) bool { return firstDifference(known, found) == "" }) {
			distinct = append(distinct, found)
		}
	}
	return distinct
}

// firstDifference names what differs first, nothing where nothing does.
func firstDifference(a, b surroundings) string {
	var names []string
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if a[name] != b[name] {
			return fmt.Sprintf("%s (%q, %q)", name, a[name], b[name])
		}
	}
	return ""
}

// nobodyFavoured: it is the engine as published, and no faster than its canonical
// runner.
func nobodyFavoured(c *Case, contender *Contender) ruling {
	return all(c.ruling(36, contender), c.atLeastTwin(contender))
}

// atLeastTwin is atMostTwin for a contender that is too fast to be what it is called.
func (c *Case) atLeastTwin(contender *Contender) ruling {
	const least = 0.95
	return c.besideTwin(contender, (*Launch).cost, func(ratios []float64) ruling {
		cost := math.Exp(stats.Median(ratios))
		r := passes("it costs %.3f times what the same engine's canonical runner does", cost)
		if below(ratios, math.Log(least)) {
			r = fails("it costs %.3f times what the same engine's canonical runner does; less than %v is no longer the same engine", cost, least)
		}
		return r.with("cost over the canonical runner's", "%.3f", cost)
	})
}

// vectorSlope is the number of cycles of a multiply-add below which it is done in
// vectors.
const vectorSlope = 0.6

// disablers are variables that take vectors from an engine.
var disablers = regexp.MustCompile(`^(ATEN_CPU_CAPABILITY|MKL_ENABLE_INSTRUCTIONS|MKL_DEBUG_CPU_TYPE|MKL_CBWR|OPENBLAS_CORETYPE|NPY_DISABLE_CPU_FEATURES|DNNL_MAX_CPU_ISA|ONEDNN_MAX_CPU_ISA|BLIS_ARCH_TYPE|XNNPACK_.*|EIGEN_DONT_.*)$`)

// vectorsAlike: both sides use vectors, or neither, or the slower alone; else override
// D shows that this is how the engines are.
func vectorsAlike(c *Case) ruling {
	comparison := c.Comparison()
	if comparison == nil {
		return skips("replicates that have both contenders")
	}
	for _, side := range c.Sides {
		if r := c.vectorsAllowed(side); r.status != Pass {
			return r
		}
	}
	cycle := c.cycle()
	faster, slower, _ := c.ordered(comparison)
	fast, slow := c.slopes(faster), c.slopes(slower)
	if math.IsNaN(cycle) || len(fast) == 0 || len(slow) == 0 {
		return skips("bursts of both contenders at several widths, and what a cycle takes")
	}
	a, b := stats.Median(fast)/cycle, stats.Median(slow)/cycle
	figured := func(r ruling) ruling {
		return r.with("cycles of a multiply-add of "+faster.Name, "%.3f", a).with("cycles of a multiply-add of "+slower.Name, "%.3f", b)
	}
	text := fmt.Sprintf("a multiply-add takes %s %.2f cycles and %s %.2f, where less than %v is done in vectors", faster.Name, a, slower.Name, b, vectorSlope)
	if a >= vectorSlope || b < vectorSlope || !beyond(slow, vectorSlope*cycle) {
		return figured(passes("%s: the faster one has no advantage by them", text))
	}
	return figured(override("D", text,
		part{"the engine of " + faster.Name, func() ruling { return c.slopeOfTwin(faster) }},
		part{"the engine of " + slower.Name, func() ruling { return c.slopeOfTwin(slower) }},
		part{"the ratio at equal slopes in the report", func() ruling { return c.equalSlopesShown(faster, slower) }},
	))
}

// vectorsAllowed: no variable takes vectors from a contender.
func (c *Case) vectorsAllowed(contender *Contender) ruling {
	looks := 0
	for _, launch := range contender.Finished {
		for _, look := range launch.Inspections {
			looks++
			for _, variable := range look.Environment {
				cpu := variable.Name == "GODEBUG" && variable.Value != nil && strings.Contains(*variable.Value, "cpu.")
				if disablers.MatchString(variable.Name) || cpu {
					return fails("%s has %s in its environment, which takes vectors from an engine", contender.Name, variable.Name)
				}
			}
		}
	}
	if looks == 0 {
		return skips("looks at the environment of %s", contender.Name)
	}
	return passes("no variable takes vectors from %s", contender.Name)
}

// slopeOfTwin: a contender is its own canonical runner, or its multiply-adds take as
// long as that one's.
func (c *Case) slopeOfTwin(contender *Contender) ruling {
	const most = 0.15
	return c.besideTwin(contender, c.slope, func(ratios []float64) ruling {
		text := fmt.Sprintf("a multiply-add of %s takes %.2f times as long as its canonical runner's", contender.Name, math.Exp(stats.Median(ratios)))
		if beyond(ratios, math.Log1p(most)) || below(ratios, math.Log1p(-most)) {
			return fails("%s", text)
		}
		return passes("%s", text)
	})
}

// equalSlopes is how a report states both costs of a multiply-add and the ratio at
// equal ones.
var equalSlopes = regexp.MustCompile(`(?m)^- (\S+) and (\S+): ([\d.]+) and ([\d.]+) ns per multiply-add; at equal slopes, ([\d.]+) ns, the ratio is ([\d.]+)x\.?$`)

// equalSlopesShown: the report has both slopes and the ratio at the slower's, as
// recomputed.
func (c *Case) equalSlopesShown(faster, slower *Contender) ruling {
	fast, slow := faster.costs(), slower.costs()
	if fast == nil || slow == nil {
		return skips("both contenders' costs per call and per multiply-add")
	}
	a, b, n := fast.MultiplyAddNanoseconds.Estimate, slow.MultiplyAddNanoseconds.Estimate, c.multiplyAdds(1)
	ratio := (slow.CallNanoseconds.Estimate + b*n) / (fast.CallNanoseconds.Estimate + b*n)
	for _, found := range equalSlopes.FindAllStringSubmatch(c.Published.Report, -1) {
		if found[1] != faster.Name || found[2] != slower.Name {
			continue
		}
		for i, computed := range []float64{a, b, b, ratio} {
			if value, digit, ok := printedNumber(found[i+3]); !ok || !rounds(value, digit, computed) {
				return fails("the report gives %s where %v is recomputed", found[i+3], computed)
			}
		}
		return passes("the report gives both slopes and the ratio at equal ones, %.3g", ratio)
	}
	return fails("the report does not give %.4f and %.4f ns per multiply-add beside the pair and the ratio at equal slopes, %.3g", a, b, ratio)
}

// computed: the work shows in the time, answers are right and follow the weights, at
// the same cost, and none is kept from a row that was there before: over few rows and
// on the one row of the classic protocol a call takes as long as on new ones, but for
// nearer caches.
func computed(c *Case, contender *Contender) ruling {
	return all(
		contender.holds("slope"), c.slopeAboveFloor(contender), labelsRight(contender), c.followsWeights(contender),
		contender.holds("near-rows"), contender.holds("classic-calls"),
	)
}

// followsWeights: with other weights loaded into the same process, answers are theirs
// and cost as much.
func (c *Case) followsWeights(contender *Contender) ruling {
	const most = 0.05
	asked := 0
	for _, launch := range contender.Finished {
		if refusedWeights(launch) {
			return fails("launch %d: %s", launch.Number, refusal)
		}
		launch.requests(evidence.PhaseAltered, func(evidence.Request) { asked++ })
	}
	altered := contender.perLaunch(func(l *Launch) float64 {
		per := clock(innerOf).perCall
		return math.Log(l.phaseMedian(evidence.PhaseAltered, per) / l.phaseMedian(evidence.PhaseOriginal, per))
	})
	if asked == 0 || len(altered) == 0 {
		return skips("bursts of a model with other weights, with answers that were checked")
	}
	median := math.Exp(stats.Median(altered))
	r := passes("answers follow other weights, at %.3f times the cost", median)
	if beyond(altered, math.Log1p(most)) || below(altered, math.Log1p(-most)) {
		r = fails("with other weights a call costs %.3f times as much; they make no difference to what is computed", median)
	}
	return r.with("cost with other weights over that with the suite's", "%.4f", median)
}

// refusedWeights reports whether a launch that held the suite's model was given the one
// with other weights, of the same shape and in the same format, and made no burst with
// it. A contender may refuse models that it can't hold; this one it can.
func refusedWeights(launch *Launch) bool {
	given, asked := false, false
	for _, request := range launch.Requests {
		given = given || request.Op == "load" && request.Model == alteredModel
		asked = asked || request.Phase == evidence.PhaseAltered
	}
	return given && !asked
}

// refusal is what such a launch is told.
const refusal = "it held the suite's model and refused the same one with other weights"

// sameGrade: both are optimised builds, by what their binaries say and by how long a
// multiply-add takes.
func sameGrade(c *Case) ruling {
	var rulings []ruling
	for _, side := range c.Sides {
		grade := c.ruling(37, side)
		if grade.status != Pass {
			grade.detail = side.Name + ": " + grade.detail
		}
		rulings = append(rulings, grade, c.releaseGrade(side))
	}
	return all(rulings...)
}

// releaseGrade: it maps no files of a debug build, and where it is compiled its
// multiply-adds are as fast as an optimised build's. A slow build of a contender that no
// claim is about makes others look good in the table beside it.
func (c *Case) releaseGrade(contender *Contender) ruling {
	if c.interpreted(contender) {
		return c.noDebugFiles(contender)
	}
	return all(c.noDebugFiles(contender), c.optimisedSlope(contender))
}

// debugNames are files of debug builds of interpreters and libraries.
var debugNames = regexp.MustCompile(`(^|/)(python\d(\.\d+)?d|libpython\d\.\d+d\.so[^/]*|[^/]*\.cpython-\d+d-[^/]*|lib[^/]+_debug\.so[^/]*)$|/target/debug/`)

// noDebugFiles: no mapped file is named, or marked, as one of a debug build.
func (c *Case) noDebugFiles(contender *Contender) ruling {
	files, fault := 0, ""
	c.mapped(contender, func(file evidence.MappedFile) {
		files++
		if debugNames.MatchString(file.Path) {
			fault = file.Path + " is of a debug build"
		} else if file.Binary != nil && fault == "" {
			if found := unoptimised(file.Binary); found != "" {
				fault = file.Path + ": " + found
			}
		}
	})
	switch {
	case files == 0:
		return skips("the files of code that %s had mapped", contender.Name)
	case fault != "":
		return fails("%s: %s", contender.Name, fault)
	}
	return passes("none of %d files of %s is of a debug build", files, contender.Name)
}

// sameDevice: both compute on CPUs.
func sameDevice(c *Case) ruling {
	var rulings []ruling
	for _, side := range c.Sides {
		r := c.ruling(32, side)
		r.detail = side.Name + ": " + r.detail
		rulings = append(rulings, r)
	}
	return all(rulings...)
}

// sameBatch: everything that is published is of calls of as many rows, as requested
// and as answered.
func sameBatch(c *Case) ruling {
	planned, published := c.Bundle.Plan.Batch, 0
	for _, contender := range c.Contenders {
		result := c.Published.Contenders[contender.Name]
		if result == nil {
			continue
		}
		published++
		if result.Config.Batch == nil || *result.Config.Batch != planned {
			return fails("the result file of %s does not state calls of %s as planned", contender.Name, plural(planned, "row"))
		}
	}
	if published == 0 {
		return skips("result files")
	}
	var rulings []ruling
	for _, contender := range c.Contenders {
		if len(contender.Finished) == 0 || c.Published.Contenders[contender.Name] == nil && contender.Role == "" {
			continue
		}
		r := c.ruling(9, contender)
		r.detail = contender.Name + ": " + r.detail
		rulings = append(rulings, r)
	}
	if r := all(rulings...); r.status != Pass {
		return r
	}
	return passes("all %d result files are of calls of %s, and so are all requests and answers", published, plural(planned, "row"))
}

// noTraining: no launch was asked to train, and a burst has no large time beside its
// calls.
func noTraining(_ *Case, contender *Contender) ruling {
	const (
		fixed = 2e6 // ns
		share = 0.05
	)
	asked := 0
	for _, launch := range contender.Finished {
		for _, request := range launch.Requests {
			if asked++; strings.HasPrefix(request.Op, "train") {
				return fails("launch %d was asked to train", launch.Number)
			}
		}
	}
	if asked == 0 {
		return skips("the requests of the launches")
	}
	var beside []float64
	excess := contender.perLaunch(func(l *Launch) float64 {
		one, four := l.phaseMedian(evidence.PhaseMultiple(1), outerOf), l.phaseMedian(evidence.PhaseMultiple(4), outerOf)
		rest := one - (four-one)/3
		if !math.IsNaN(rest) {
			beside = append(beside, rest)
		}
		return rest - fixed - share*four
	})
	if len(excess) == 0 {
		return skips("bursts of N and 4N calls (phases %s, %s)", evidence.PhaseMultiple(1), evidence.PhaseMultiple(4))
	}
	r := passes("no request trains, and a long burst has %.3f ms beside its calls", stats.Median(beside)/1e6)
	switch {
	case tooFew(excess, math.Inf(-1), 0):
		r = notTold(excess, r.detail)
	case beyond(excess, 0):
		r = fails("a long burst has %.3f ms beside its calls; 2 ms and 5%% of it are a request's", stats.Median(beside)/1e6)
	}
	return r.with("time of a long burst beside its calls", "%.3f ms", stats.Median(beside)/1e6)
}

// tailShown: p95, p99 and the maximum stand in the result file and in a table, as
// recomputed.
func tailShown(c *Case, contender *Contender) ruling {
	figures, launch := c.publishedOf(contender)
	if figures == nil {
		return skips("a result file of %s", contender.Name)
	}
	if launch == nil {
		return fails("the result file names no launch that counts")
	}
	summary := launch.Calls.Summary
	var rulings []ruling
	for _, tail := range []struct {
		column    string
		published *float64
		computed  float64
	}{{"p95 (us)", figures.P95, summary.P95 / 1e3}, {"p99 (us)", figures.P99, summary.P99 / 1e3}, {"Max (us)", figures.Max, summary.Max / 1e3}} {
		rulings = append(rulings, recomputed(tail.column, tail.published, tail.computed), c.inTable(contender, tail.column, tail.computed))
	}
	if r := all(rulings...); r.status != Pass {
		return r
	}
	return passes("p95, p99 and the maximum, %.2f, %.2f and %.2f us, stand in the result file and in a table", summary.P95/1e3, summary.P99/1e3, summary.Max/1e3)
}

// inTable: a table of the report has a contender's figure.
func (c *Case) inTable(contender *Contender, column string, computed float64) ruling {
	for _, table := range markdownTables(c.Published.Report) {
		at := slices.Index(table.header, column)
		if at < 0 {
			continue
		}
		for _, row := range table.rows {
			if row[0] != contender.Name {
				continue
			}
			if fault := badDigits(row[at], computed, microseconds); fault != "" {
				return fails("%s in the report's table: %s", column, fault)
			}
			return passes("%s stands in a table", column)
		}
	}
	return fails("no table of the report has %s of %s", column, contender.Name)
}

// limit is something that the comparison leaves out, and what a report that states
// it says.
type limit struct {
	id    string
	words *regexp.Regexp
	// anywhere has the words stand anywhere in the report, and not in its section on
	// limits alone.
	anywhere bool
}

// limits derives what limits the comparison, from plan and ledger.
func (c *Case) limits() []limit {
	plan := c.Bundle.Plan
	stated := func(id, words string) limit { return limit{id: id, words: regexp.MustCompile(`(?i)` + words)} }
	limits := []limit{
		stated("batch", fmt.Sprintf(`\bbatch(es)?\b[^\n]{0,20}\b%d\b`, plan.Batch)),
		stated("threads", fmt.Sprintf(`\b%d thread|threads?\b[^\n]{0,20}\b%d\b`, plan.Threads, plan.Threads)),
		stated("inference-only", `\binference only\b`),
	}
	if elsewhere := c.devices(); len(elsewhere) == 0 {
		limits = append(limits, stated("cpu-only", `\bCPUs?\b`))
	} else {
		for _, device := range elsewhere {
			limits = append(limits, stated("device "+device, regexp.QuoteMeta(device)))
		}
	}
	if plan.Model.Outputs() == 2 {
		limits = append(limits, stated("two-classes", `\b(two|2) classes\b|\bbinary\b`))
	}
	if plan.Dataset == dataset.NameSynthetic {
		limits = append(limits, stated("synthetic-data", `\bsynthetic\b`))
	}
	if strings.HasPrefix(c.Bundle.Environment.Confinement, "none") || c.Bundle.Environment.Confinement == "" {
		limits = append(limits, stated("no-sandbox", `\bconfinement: none\b|\bno sandbox\b|\bnot confined\b`))
	}
	for _, contender := range c.Contenders {
		if contender.Role != "" {
			continue
		}
		name := regexp.QuoteMeta(contender.Name)
		about := func(kind, words string) {
			limits = append(limits, stated(kind+" "+contender.Name, `(?m)^[^\n]*(^|[^\w-])`+name+`([^\w-])[^\n]*(`+words+`)`))
		}
		switch {
		case contender.wrong():
			about("wrong", `\bwrong\b`)
		case contender.Unavailable != nil:
			about("missing", `\bunavailable\b`)
		case len(contender.Finished) == 0:
			about("missing", `\bfailed\b|not measured|not applicable`)
		case contender.Statement != nil && contender.Statement.Parameters < int64(plan.Model.Parameters()):
			about("reduced", fmt.Sprintf(`\b%d\b`, contender.Statement.Parameters))
		}
	}
	limits = append(limits, c.overrides()...)
	if c.stolen() > mostSteal {
		limits = append(limits, limit{"steal", regexp.MustCompile(`(?i)\bthe host took\b|\bsteal\b`), true})
	}
	return limits
}

// devices are those that contenders say they compute on and that are no CPUs.
func (c *Case) devices() []string {
	var elsewhere []string
	for _, contender := range c.Contenders {
		if contender.Role != "" || len(contender.Finished) == 0 || contender.wrong() || contender.Statement == nil {
			continue
		}
		device := contender.Statement.Hello.Device
		if device != "" && !strings.EqualFold(device, "cpu") && !slices.Contains(elsewhere, device) {
			elsewhere = append(elsewhere, device)
		}
	}
	return elsewhere
}

// overrides are the bounds of points 83, 86 and 87 that figures of the run cross, whatever
// claim is judged: whether an override holds is said by the points, that one is needed
// has to stand in the report.
func (c *Case) overrides() []limit {
	var crossed []limit
	add := func(id, words string, names ...any) {
		crossed = append(crossed, limit{id: id, words: regexp.MustCompile(fmt.Sprintf(words, names...))})
	}
	for _, contender := range c.Contenders {
		if contender.Role != "" || len(contender.Finished) == 0 || contender.wrong() {
			continue
		}
		if slices.ContainsFunc(c.typical(contender), func(figure typicalFigure) bool { return figure.value < leastCall }) {
			add("override-83 "+contender.Name, `(?m)^- A call of %s takes less than 100 ns`, regexp.QuoteMeta(contender.Name))
		}
	}
	for _, comparison := range slices.Concat(c.Estimates.Claims, c.Estimates.Others) {
		a, b, ratio := regexp.QuoteMeta(comparison.A), regexp.QuoteMeta(comparison.B), comparison.Ratio.Estimate
		if ratio > mostTimes || ratio < 1.0/mostTimes {
			add("override-86 "+comparison.A+"/"+comparison.B, `(?m)^- %s and %s are more than 100 times apart`, a, b)
		}
		switch first, second := c.builtInterpreted(comparison.A), c.builtInterpreted(comparison.B); {
		case first == nil || second == nil || *first == *second || c.Bundle.Plan.Batch != 1 || c.multiplyAdds(1) > smallMultiplyAdds:
		case *second && ratio < leastLead:
			add("override-87 "+comparison.A+"/"+comparison.B, `(?m)^- %s, compiled, is less than 2 times as fast as %s, interpreted`, a, b)
		case *first && 1/ratio < leastLead:
			add("override-87 "+comparison.B+"/"+comparison.A, `(?m)^- %s, compiled, is less than 2 times as fast as %s, interpreted`, b, a)
		}
	}
	return crossed
}

// builtInterpreted reports whether a built-in engine's runner is interpreted, nil for what
// a suite starts by a command of its own: of that the report knows nothing.
func (c *Case) builtInterpreted(name string) *bool {
	engine, known := engines.Lookup(name)
	if !known || slices.Contains(c.Bundle.Plan.Own, name) {
		return nil
	}
	interpreted := engine.Language.Interpreted()
	return &interpreted
}

// wrong reports whether a launch disagreed with the reference.
func (c *Contender) wrong() bool {
	return slices.ContainsFunc(c.Launches, func(l *Launch) bool { return l.Ended != nil && l.Ended.Outcome == evidence.Wrong })
}

// stolen is how much of the time of the contenders' launches the host took, in the
// middle one.
func (c *Case) stolen() float64 {
	var shares []float64
	for _, contender := range c.Contenders {
		for _, launch := range contender.Finished {
			switch {
			case launch.Role != "":
			case launch.Observation == nil:
				shares = append(shares, 0)
			default:
				shares = append(shares, launch.Observation.StolenShare)
			}
		}
	}
	if len(shares) == 0 {
		return 0
	}
	return stats.Median(shares)
}

// listsLimit reports whether the published summary has a limit's id.
func (c *Case) listsLimit(id string) bool {
	return c.Published.Summary != nil && slices.Contains(c.Published.Summary.Limits, id)
}

// limitsSection is a report's section on limits.
var limitsSection = regexp.MustCompile(`(?mis)^##+ [^\n]*\b(?:limits?|limitations?|caveats?)\b[^\n]*\n(.*?)(?:^## |\z)`)

// limitsStated: each limit that the auditor derives is in the report, and its id in
// the summary.
func limitsStated(c *Case) ruling {
	if c.Published.Report == "" {
		return skips("the report, %s", markdownFile)
	}
	section := ""
	if found := limitsSection.FindStringSubmatch(c.Published.Report); found != nil {
		section = found[1]
	}
	var missing, unlisted, stated []string
	for _, limit := range c.limits() {
		text := section
		if limit.anywhere {
			text = c.Published.Report
		}
		if limit.words.MatchString(text) {
			stated = append(stated, limit.id)
		} else {
			missing = append(missing, limit.id)
		}
		if !c.listsLimit(limit.id) {
			unlisted = append(unlisted, limit.id)
		}
	}
	if len(missing) > 0 {
		return fails("the report does not state these limits: %s", strings.Join(missing, ", "))
	}
	if len(unlisted) > 0 {
		return fails("%s does not list these limits: %s", summaryFile, strings.Join(unlisted, ", "))
	}
	return passes("the report states all %d limits: %s", len(stated), strings.Join(stated, ", "))
}
