package points

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
	"cupel/internal/audit"
	"cupel/internal/audit/results"
	"cupel/internal/dataset"
	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// nobodySlowed: it costs no more than its canonical runner, does not wait, and has
// the same surroundings as everybody.
func nobodySlowed(c *audit.Case, contender *audit.Contender) audit.Ruling {
	return audit.All(c.AtMostTwin(contender), noWaiting(c, contender), sameSurroundings(c, contender))
}

// noWaiting: a call gives the CPU to nobody, and the time of long bursts is time on
// it.
func noWaiting(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const (
		mostSwitches = 0.01 // a call
		mostIdle     = 0.05
	)
	switches := contender.PerLaunch(func(l *audit.Launch) float64 {
		return timed(l, c, func(_ *audit.Case, request evidence.Request) (float64, bool) {
			return audit.OptionalTime(request.VoluntarySwitches)
		})
	})
	if len(switches) == 0 {
		return audit.Skips("the kernel's accounts of voluntary switches over long bursts")
	}
	r := audit.Passes("a call gives the CPU away %.5f times", stats.Median(switches))
	if audit.Beyond(switches, mostSwitches) {
		r = audit.Fails("a call gives the CPU away %.3f times; at most %v is no waiting", stats.Median(switches), mostSwitches)
	}
	r = r.With("voluntary switches a call", "%.5f", stats.Median(switches))
	shares := contender.PerLaunch(c.OwnShare)
	if len(shares) == 0 {
		// Under much steal the count of it, coarse as it is, may still leave no doubt.
		if stolen := contender.PerLaunch(audit.BusyShare); len(stolen) > 0 && stats.Median(stolen) >= 1-mostIdle {
			shares = stolen
		}
	}
	if len(shares) == 0 {
		return audit.All(r, audit.Skips("CPU times of long bursts with how long they waited for a CPU"))
	}
	busy := audit.Passes("it has a CPU for %.1f%% of the time of long bursts that nobody took from it", 100*stats.Median(shares))
	if audit.Below(shares, 1-mostIdle) {
		busy = audit.Fails("it has a CPU for only %.1f%% of the time of long bursts that nobody took from it; %.0f%% are due", 100*stats.Median(shares), 100*(1-mostIdle))
	}
	return audit.All(r, busy.With("CPU time over time, without waits and steal", "%.3f", stats.Median(shares)))
}

// sameSurroundings: priority, limits, cores and the variables that bear on timings
// are those of every other contender. No language needs another one: of runs of seven
// engines in three languages all launches had the same.
func sameSurroundings(c *audit.Case, contender *audit.Contender) audit.Ruling {
	own := surroundingsOf(contender)
	if len(own) == 0 {
		return audit.Skips("looks at the process's priority, limits, cores and environment")
	}
	if len(own) > 1 {
		return audit.Fails("its launches differ in %s", firstDifference(own[0], own[1]))
	}
	for _, other := range c.Contenders {
		for _, theirs := range surroundingsOf(other) {
			if what := firstDifference(own[0], theirs); what != "" {
				return audit.Fails("%s differs from that of %s: %s", strings.SplitN(what, " ", 2)[0], other.Name, what)
			}
		}
	}
	return audit.Passes("priority, limits, cores and environment are those of all others")
}

// surroundings is what a process was given, by its parts.
type surroundings map[string]string

// surroundingsOf are the distinct ones of a contender's launches. Limits and variables
// are told by the first look alone, since a process has them from its start.
func surroundingsOf(contender *audit.Contender) []surroundings {
	var distinct []surroundings
	for _, launch := range contender.Finished {
		first, look := launch.Look(evidence.MomentLoaded), launch.Look(evidence.MomentSteady)
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
func nobodyFavoured(c *audit.Case, contender *audit.Contender) audit.Ruling {
	return audit.All(RulingOf(c, 36, contender), c.AtLeastTwin(contender))
}

// vectorSlope is the number of cycles of a multiply-add below which it is done in
// vectors.
const vectorSlope = 0.6

// disablers are variables that take vectors from an engine.
var disablers = regexp.MustCompile(`^(ATEN_CPU_CAPABILITY|MKL_ENABLE_INSTRUCTIONS|MKL_DEBUG_CPU_TYPE|MKL_CBWR|OPENBLAS_CORETYPE|NPY_DISABLE_CPU_FEATURES|DNNL_MAX_CPU_ISA|ONEDNN_MAX_CPU_ISA|BLIS_ARCH_TYPE|XNNPACK_.*|EIGEN_DONT_.*)$`)

// vectorsAlike: both sides use vectors, or neither, or the slower alone; else override
// D shows that this is how the engines are.
func vectorsAlike(c *audit.Case) audit.Ruling {
	comparison := c.Comparison()
	if comparison == nil {
		return audit.Skips("replicates that have both contenders")
	}
	for _, side := range c.Sides {
		if r := vectorsAllowed(c, side); r.Status != audit.Pass {
			return r
		}
	}
	cycle := c.Cycle()
	faster, slower, _ := ordered(c, comparison)
	fast, slow := c.Slopes(faster), c.Slopes(slower)
	if math.IsNaN(cycle) || len(fast) == 0 || len(slow) == 0 {
		return audit.Skips("bursts of both contenders at several widths, and what a cycle takes")
	}
	a, b := stats.Median(fast)/cycle, stats.Median(slow)/cycle
	figured := func(r audit.Ruling) audit.Ruling {
		return r.With("cycles of a multiply-add of "+faster.Name, "%.3f", a).With("cycles of a multiply-add of "+slower.Name, "%.3f", b)
	}
	text := fmt.Sprintf("a multiply-add takes %s %.2f cycles and %s %.2f, where less than %v is done in vectors", faster.Name, a, slower.Name, b, vectorSlope)
	if a >= vectorSlope || b < vectorSlope || !audit.Beyond(slow, vectorSlope*cycle) {
		return figured(audit.Passes("%s: the faster one has no advantage by them", text))
	}
	return figured(override("D", text,
		part{"the engine of " + faster.Name, func() audit.Ruling { return slopeOfTwin(c, faster) }},
		part{"the engine of " + slower.Name, func() audit.Ruling { return slopeOfTwin(c, slower) }},
		part{"the ratio at equal slopes in the report", func() audit.Ruling { return equalSlopesShown(c, faster, slower) }},
	))
}

// vectorsAllowed: no variable takes vectors from a contender.
func vectorsAllowed(c *audit.Case, contender *audit.Contender) audit.Ruling {
	looks := 0
	for _, launch := range contender.Finished {
		for _, look := range launch.Inspections {
			looks++
			for _, variable := range look.Environment {
				cpu := variable.Name == "GODEBUG" && variable.Value != nil && strings.Contains(*variable.Value, "cpu.")
				if disablers.MatchString(variable.Name) || cpu {
					return audit.Fails("%s has %s in its environment, which takes vectors from an engine", contender.Name, variable.Name)
				}
			}
		}
	}
	if looks == 0 {
		return audit.Skips("looks at the environment of %s", contender.Name)
	}
	return audit.Passes("no variable takes vectors from %s", contender.Name)
}

// slopeOfTwin: a contender is its own canonical runner, or its multiply-adds take as
// long as that one's.
func slopeOfTwin(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const most = 0.15
	return c.BesideTwin(contender, c.Slope, func(ratios []float64) audit.Ruling {
		text := fmt.Sprintf("a multiply-add of %s takes %.2f times as long as its canonical runner's", contender.Name, math.Exp(stats.Median(ratios)))
		if audit.Beyond(ratios, math.Log1p(most)) || audit.Below(ratios, math.Log1p(-most)) {
			return audit.Fails("%s", text)
		}
		return audit.Passes("%s", text)
	})
}

// equalSlopes is how a report states both costs of a multiply-add and the ratio at
// equal ones.
var equalSlopes = regexp.MustCompile(`(?m)^- (\S+) and (\S+): ([\d.]+) and ([\d.]+) ns per multiply-add; at equal slopes, ([\d.]+) ns, the ratio is ([\d.]+)x\.?$`)

// equalSlopesShown: the report has both slopes and the ratio at the slower's, as
// recomputed.
func equalSlopesShown(c *audit.Case, faster, slower *audit.Contender) audit.Ruling {
	fast, slow := faster.Costs(), slower.Costs()
	if fast == nil || slow == nil {
		return audit.Skips("both contenders' costs per call and per multiply-add")
	}
	a, b, n := fast.MultiplyAddNanoseconds.Estimate, slow.MultiplyAddNanoseconds.Estimate, c.MultiplyAdds(1)
	ratio := (slow.CallNanoseconds.Estimate + b*n) / (fast.CallNanoseconds.Estimate + b*n)
	for _, found := range equalSlopes.FindAllStringSubmatch(c.Published.Report, -1) {
		if found[1] != faster.Name || found[2] != slower.Name {
			continue
		}
		for i, computed := range []float64{a, b, b, ratio} {
			if value, digit, ok := results.PrintedNumber(found[i+3]); !ok || !results.Rounds(value, digit, computed) {
				return audit.Fails("the report gives %s where %v is recomputed", found[i+3], computed)
			}
		}
		return audit.Passes("the report gives both slopes and the ratio at equal ones, %.3g", ratio)
	}
	return audit.Fails("the report does not give %.4f and %.4f ns per multiply-add beside the pair and the ratio at equal slopes, %.3g", a, b, ratio)
}

// computed: the work shows in the time, answers are right and follow the weights, at
// the same cost, and none is kept from a row that was there before: over few rows and
// on the one row of the classic protocol a call takes as long as on new ones, but for
// nearer caches.
func computed(c *audit.Case, contender *audit.Contender) audit.Ruling {
	return audit.All(
		contender.Holds("slope"), c.SlopeAboveFloor(contender), labelsRight(contender), followsWeights(c, contender),
		contender.Holds("near-rows"), contender.Holds("classic-calls"),
	)
}

// followsWeights: with other weights loaded into the same process, answers are theirs
// and cost as much.
func followsWeights(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const most = 0.05
	asked := 0
	for _, launch := range contender.Finished {
		if refusedWeights(launch) {
			return audit.Fails("launch %d: %s", launch.Number, refusal)
		}
		launch.EachRequest(evidence.PhaseAltered, func(evidence.Request) { asked++ })
	}
	altered := contender.PerLaunch(func(l *audit.Launch) float64 {
		per := audit.Clock(audit.InnerOf).PerCall
		return math.Log(l.PhaseMedian(evidence.PhaseAltered, per) / l.PhaseMedian(evidence.PhaseOriginal, per))
	})
	if asked == 0 || len(altered) == 0 {
		return audit.Skips("bursts of a model with other weights, with answers that were checked")
	}
	median := math.Exp(stats.Median(altered))
	r := audit.Passes("answers follow other weights, at %.3f times the cost", median)
	if audit.Beyond(altered, math.Log1p(most)) || audit.Below(altered, math.Log1p(-most)) {
		r = audit.Fails("with other weights a call costs %.3f times as much; they make no difference to what is computed", median)
	}
	return r.With("cost with other weights over that with the suite's", "%.4f", median)
}

// refusedWeights reports whether a launch that held the suite's model was given the one
// with other weights, of the same shape and in the same format, and made no burst with
// it. A contender may refuse models that it can't hold; this one it can.
func refusedWeights(launch *audit.Launch) bool {
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
func sameGrade(c *audit.Case) audit.Ruling {
	var rulings []audit.Ruling
	for _, side := range c.Sides {
		grade := RulingOf(c, 37, side)
		if grade.Status != audit.Pass {
			grade.Detail = side.Name + ": " + grade.Detail
		}
		rulings = append(rulings, grade, releaseGrade(c, side))
	}
	return audit.All(rulings...)
}

// releaseGrade: it maps no files of a debug build, and where it is compiled its
// multiply-adds are as fast as an optimised build's. A slow build of a contender that no
// claim is about makes others look good in the table beside it.
func releaseGrade(c *audit.Case, contender *audit.Contender) audit.Ruling {
	if isInterpreted(c, contender) {
		return noDebugFiles(c, contender)
	}
	return audit.All(noDebugFiles(c, contender), optimisedSlope(c, contender))
}

// debugNames are files of debug builds of interpreters and libraries.
var debugNames = regexp.MustCompile(`(^|/)(python\d(\.\d+)?d|libpython\d\.\d+d\.so[^/]*|[^/]*\.cpython-\d+d-[^/]*|lib[^/]+_debug\.so[^/]*)$|/target/debug/`)

// noDebugFiles: no mapped file is named, or marked, as one of a debug build.
func noDebugFiles(c *audit.Case, contender *audit.Contender) audit.Ruling {
	files, fault := 0, ""
	mapped(c, contender, func(file evidence.MappedFile) {
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
		return audit.Skips("the files of code that %s had mapped", contender.Name)
	case fault != "":
		return audit.Fails("%s: %s", contender.Name, fault)
	}
	return audit.Passes("none of %d files of %s is of a debug build", files, contender.Name)
}

// sameDevice: both compute on CPUs.
func sameDevice(c *audit.Case) audit.Ruling {
	var rulings []audit.Ruling
	for _, side := range c.Sides {
		r := RulingOf(c, 32, side)
		r.Detail = side.Name + ": " + r.Detail
		rulings = append(rulings, r)
	}
	return audit.All(rulings...)
}

// sameBatch: everything that is published is of calls of as many rows, as requested
// and as answered.
func sameBatch(c *audit.Case) audit.Ruling {
	planned, published := c.Bundle.Plan.Batch, 0
	for _, contender := range c.Contenders {
		result := c.Published.Contenders[contender.Name]
		if result == nil {
			continue
		}
		published++
		if result.Config.Batch == nil || *result.Config.Batch != planned {
			return audit.Fails("the result file of %s does not state calls of %s as planned", contender.Name, audit.Plural(planned, "row"))
		}
	}
	if published == 0 {
		return audit.Skips("result files")
	}
	var rulings []audit.Ruling
	for _, contender := range c.Contenders {
		if len(contender.Finished) == 0 || c.Published.Contenders[contender.Name] == nil && contender.Role == "" {
			continue
		}
		r := RulingOf(c, 9, contender)
		r.Detail = contender.Name + ": " + r.Detail
		rulings = append(rulings, r)
	}
	if r := audit.All(rulings...); r.Status != audit.Pass {
		return r
	}
	return audit.Passes("all %d result files are of calls of %s, and so are all requests and answers", published, audit.Plural(planned, "row"))
}

// noTraining: no launch was asked to train, and a burst has no large time beside its
// calls.
func noTraining(_ *audit.Case, contender *audit.Contender) audit.Ruling {
	const (
		fixed = 2e6 // ns
		share = 0.05
	)
	asked := 0
	for _, launch := range contender.Finished {
		for _, request := range launch.Requests {
			if asked++; strings.HasPrefix(request.Op, "train") {
				return audit.Fails("launch %d was asked to train", launch.Number)
			}
		}
	}
	if asked == 0 {
		return audit.Skips("the requests of the launches")
	}
	var beside []float64
	excess := contender.PerLaunch(func(l *audit.Launch) float64 {
		one, four := l.PhaseMedian(evidence.PhaseMultiple(1), audit.OuterOf), l.PhaseMedian(evidence.PhaseMultiple(4), audit.OuterOf)
		rest := one - (four-one)/3
		if !math.IsNaN(rest) {
			beside = append(beside, rest)
		}
		return rest - fixed - share*four
	})
	if len(excess) == 0 {
		return audit.Skips("bursts of N and 4N calls (phases %s, %s)", evidence.PhaseMultiple(1), evidence.PhaseMultiple(4))
	}
	r := audit.Passes("no request trains, and a long burst has %.3f ms beside its calls", stats.Median(beside)/1e6)
	switch {
	case audit.TooFew(excess, math.Inf(-1), 0):
		r = audit.NotTold(excess, r.Detail)
	case audit.Beyond(excess, 0):
		r = audit.Fails("a long burst has %.3f ms beside its calls; 2 ms and 5%% of it are a request's", stats.Median(beside)/1e6)
	}
	return r.With("time of a long burst beside its calls", "%.3f ms", stats.Median(beside)/1e6)
}

// tailShown: p95, p99 and the maximum stand in the result file and in a table, as
// recomputed.
func tailShown(c *audit.Case, contender *audit.Contender) audit.Ruling {
	figures, launch := results.Of(c, contender)
	if figures == nil {
		return audit.Skips("a result file of %s", contender.Name)
	}
	if launch == nil {
		return audit.Fails("the result file names no launch that counts")
	}
	summary := launch.Calls.Summary
	var rulings []audit.Ruling
	for _, tail := range []struct {
		column    string
		published *float64
		computed  float64
	}{{"p95 (us)", figures.P95, summary.P95 / 1e3}, {"p99 (us)", figures.P99, summary.P99 / 1e3}, {"Max (us)", figures.Max, summary.Max / 1e3}} {
		rulings = append(rulings, results.Recomputed(tail.column, tail.published, tail.computed), inTable(c, contender, tail.column, tail.computed))
	}
	if r := audit.All(rulings...); r.Status != audit.Pass {
		return r
	}
	return audit.Passes("p95, p99 and the maximum, %.2f, %.2f and %.2f us, stand in the result file and in a table", summary.P95/1e3, summary.P99/1e3, summary.Max/1e3)
}

// inTable: a table of the report has a contender's figure.
func inTable(c *audit.Case, contender *audit.Contender, column string, computed float64) audit.Ruling {
	for _, table := range results.MarkdownTables(c.Published.Report) {
		at := slices.Index(table.Header, column)
		if at < 0 {
			continue
		}
		for _, row := range table.Rows {
			if row[0] != contender.Name {
				continue
			}
			if fault := results.DigitsFault(row[at], computed, results.Microseconds); fault != "" {
				return audit.Fails("%s in the report's table: %s", column, fault)
			}
			return audit.Passes("%s stands in a table", column)
		}
	}
	return audit.Fails("no table of the report has %s of %s", column, contender.Name)
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
func limits(c *audit.Case) []limit {
	plan := c.Bundle.Plan
	stated := func(id, words string) limit { return limit{id: id, words: regexp.MustCompile(`(?i)` + words)} }
	limits := []limit{
		stated("batch", fmt.Sprintf(`\bbatch(es)?\b[^\n]{0,20}\b%d\b`, plan.Batch)),
		stated("threads", fmt.Sprintf(`\b%d thread|threads?\b[^\n]{0,20}\b%d\b`, plan.Threads, plan.Threads)),
		stated("inference-only", `\binference only\b`),
	}
	if elsewhere := devices(c); len(elsewhere) == 0 {
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
		case wrong(contender):
			about("wrong", `\bwrong\b`)
		case contender.Unavailable != nil:
			about("missing", `\bunavailable\b`)
		case len(contender.Finished) == 0:
			about("missing", `\bfailed\b|not measured|not applicable`)
		case contender.Statement != nil && contender.Statement.Parameters < int64(plan.Model.Parameters()):
			about("reduced", fmt.Sprintf(`\b%d\b`, contender.Statement.Parameters))
		}
	}
	limits = append(limits, overrides(c)...)
	if stolen(c) > audit.MostSteal {
		limits = append(limits, limit{"steal", regexp.MustCompile(`(?i)\bthe host took\b|\bsteal\b`), true})
	}
	return limits
}

// devices are those that contenders say they compute on and that are no CPUs.
func devices(c *audit.Case) []string {
	var elsewhere []string
	for _, contender := range c.Contenders {
		if contender.Role != "" || len(contender.Finished) == 0 || wrong(contender) || contender.Statement == nil {
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
func overrides(c *audit.Case) []limit {
	var crossed []limit
	add := func(id, words string, names ...any) {
		crossed = append(crossed, limit{id: id, words: regexp.MustCompile(fmt.Sprintf(words, names...))})
	}
	for _, contender := range c.Contenders {
		if contender.Role != "" || len(contender.Finished) == 0 || wrong(contender) {
			continue
		}
		if slices.ContainsFunc(typical(c, contender), func(figure typicalFigure) bool { return figure.value < leastCall }) {
			add("override-83 "+contender.Name, `(?m)^- A call of %s takes less than 100 ns`, regexp.QuoteMeta(contender.Name))
		}
	}
	for _, comparison := range slices.Concat(c.Estimates.Claims, c.Estimates.Others) {
		a, b, ratio := regexp.QuoteMeta(comparison.A), regexp.QuoteMeta(comparison.B), comparison.Ratio.Estimate
		if ratio > mostTimes || ratio < 1.0/mostTimes {
			add("override-86 "+comparison.A+"/"+comparison.B, `(?m)^- %s and %s are more than 100 times apart`, a, b)
		}
		switch first, second := builtInterpreted(c, comparison.A), builtInterpreted(c, comparison.B); {
		case first == nil || second == nil || *first == *second || c.Bundle.Plan.Batch != 1 || c.MultiplyAdds(1) > smallMultiplyAdds:
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
func builtInterpreted(c *audit.Case, name string) *bool {
	engine, known := engines.Lookup(name)
	if !known || slices.Contains(c.Bundle.Plan.Own, name) {
		return nil
	}
	interpreted := engine.Language.Interpreted()
	return &interpreted
}

// wrong reports whether a launch disagreed with the reference.
func wrong(c *audit.Contender) bool {
	return slices.ContainsFunc(c.Launches, func(l *audit.Launch) bool { return l.Ended != nil && l.Ended.Outcome == evidence.Wrong })
}

// stolen is how much of the time of the contenders' launches the host took, in the
// middle one.
func stolen(c *audit.Case) float64 {
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
func listsLimit(c *audit.Case, id string) bool {
	return c.Published.Summary != nil && slices.Contains(c.Published.Summary.Limits, id)
}

// limitsSection is a report's section on limits.
var limitsSection = regexp.MustCompile(`(?mis)^##+ [^\n]*\b(?:limits?|limitations?|caveats?)\b[^\n]*\n(.*?)(?:^## |\z)`)

// limitsStated: each limit that the auditor derives is in the report, and its id in
// the summary.
func limitsStated(c *audit.Case) audit.Ruling {
	if c.Published.Report == "" {
		return audit.Skips("the report, %s", audit.MarkdownFile)
	}
	section := ""
	if found := limitsSection.FindStringSubmatch(c.Published.Report); found != nil {
		section = found[1]
	}
	var missing, unlisted, stated []string
	for _, limit := range limits(c) {
		text := section
		if limit.anywhere {
			text = c.Published.Report
		}
		if limit.words.MatchString(text) {
			stated = append(stated, limit.id)
		} else {
			missing = append(missing, limit.id)
		}
		if !listsLimit(c, limit.id) {
			unlisted = append(unlisted, limit.id)
		}
	}
	if len(missing) > 0 {
		return audit.Fails("the report does not state these limits: %s", strings.Join(missing, ", "))
	}
	if len(unlisted) > 0 {
		return audit.Fails("%s does not list these limits: %s", audit.SummaryFile, strings.Join(unlisted, ", "))
	}
	return audit.Passes("the report states all %d limits: %s", len(stated), strings.Join(stated, ", "))
}
