package verify

// This file compares BENCHMARK_RESULTS.md with what its lines must say. It makes
// every line that has a figure, with all digits. A printed line agrees with one of
// these if the words between figures are the same and each figure is what the other
// rounds to.

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// token is one figure of a line, by its place.
type token struct{ from, to int }

// tokens finds the figures of a line. Digits that are part of a word (p50, f32,
// sha256) are none.
func tokens(line string) []token {
	var found []token
	for i := 0; i < len(line); {
		if !digit(line[i]) {
			i++
			continue
		}
		from, to := i, i
		for to < len(line) && (digit(line[to]) || line[to] == '.' && to+1 < len(line) && digit(line[to+1])) {
			to++
		}
		if to+1 < len(line) && line[to] == 'e' {
			exponent := to + 1
			if line[exponent] == '-' || line[exponent] == '+' {
				exponent++
			}
			if exponent < len(line) && digit(line[exponent]) {
				for to = exponent; to < len(line) && digit(line[to]); to++ {
				}
			}
		}
		i = to
		if from > 0 && line[from-1] == '-' && (from == 1 || !wordy(line[from-2])) {
			from--
		}
		if from > 0 && wordy(line[from-1]) {
			continue
		}
		found = append(found, token{from, to})
	}
	return found
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func wordy(c byte) bool {
	return digit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '.' || c == '-' || c >= 0x80
}

// skeleton is a line without its figures.
func skeleton(line string) string {
	var text strings.Builder
	at := 0
	for _, t := range tokens(line) {
		text.WriteString(line[at:t.from])
		text.WriteByte(0)
		at = t.to
	}
	text.WriteString(line[at:])
	return text.String()
}

// agrees reports whether a printed figure is what the other, in full, rounds to.
func agrees(printed, full string) bool {
	if printed == full {
		return true // a version, too, which is no number
	}
	mantissa, exponent, _ := strings.Cut(printed, "e")
	power, _ := strconv.Atoi(exponent)
	if _, decimals, ok := strings.Cut(mantissa, "."); ok {
		power -= len(decimals)
	}
	if power < -1_000_000 || power > 1_000_000 {
		return false
	}
	a, okA := new(big.Float).SetPrec(128).SetString(printed)
	b, okB := new(big.Float).SetPrec(128).SetString(full)
	unit, okUnit := new(big.Float).SetPrec(128).SetString("1e" + strconv.Itoa(power))
	if !okA || !okB || !okUnit {
		return false
	}
	off := new(big.Float).Sub(a, b)
	off.Abs(off)
	allowed := new(big.Float).Mul(unit, big.NewFloat(0.5000001))
	slack := new(big.Float).Mul(new(big.Float).Abs(b), big.NewFloat(1e-9))
	return off.Cmp(allowed.Add(allowed, slack)) <= 0
}

func (v *verification) compareMarkdown(o *outcome) {
	text, err := v.read(markdownFile)
	if err != nil {
		v.fault(markdownFile, "", "can't be read: %v", cause(err))
		return
	}
	page := &page{v: v, o: o}
	page.write()
	if line := v.earlierRuns(); line != "" {
		page.lines = append(page.lines, line)
	}
	due := map[string][]int{}
	for i, line := range page.lines {
		due[skeleton(line)] = append(due[skeleton(line)], i)
	}
	used := make([]bool, len(page.lines))
	for number, line := range strings.Split(string(text), "\n") {
		figures := tokens(line)
		candidates := due[skeleton(line)]
		if len(candidates) == 0 {
			if len(figures) > 0 {
				v.unknown(markdownFile, fmt.Sprintf("line %d", number+1), "has figures or words that do not follow from the raw data: %q", line)
			}
			continue
		}
		v.report.Figures += len(figures)
		// Of lines alike but for their figures, the first that is not taken is meant.
		at := candidates[0]
		for _, candidate := range candidates {
			if !used[candidate] {
				at = candidate
				break
			}
		}
		used[at] = true
		v.compareLine(number+1, line, figures, page.lines[at])
	}
	for i, line := range page.lines {
		if !used[i] {
			v.unknown(markdownFile, "", "lacks a line that follows from the raw data: %q", line)
		}
	}
}

func (v *verification) compareLine(number int, line string, figures []token, due string) {
	full := tokens(due)
	for i, t := range figures {
		printed, value := line[t.from:t.to], due[full[i].from:full[i].to]
		if !agrees(printed, value) {
			v.fault(markdownFile, fmt.Sprintf("line %d, column %d", number, t.from+1), "says %s; the raw data give %s", printed, value)
		}
	}
}

// page makes the lines that have figures or verdicts.
type page struct {
	v     *verification
	o     *outcome
	lines []string
}

func (p *page) line(format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}

// row is one of a table.
func (p *page) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(cell, "|", `\|`)
	}
	p.line("| %s |", strings.Join(cells, " | "))
}

func (p *page) write() {
	p.constants()
	p.claims()
	p.parameters()
	p.machine()
	p.classic()
	p.pairs()
	p.sideBySide()
	p.conduct()
	p.costs()
	p.notes()
}

// constants are lines with figures that are no results.
func (p *page) constants() {
	plan := p.v.records.plan
	p.lines = append(p.lines,
		"Following Box et al. (2005) and Georges et al. (2007).",
		"| Contender | p50 (us) | p95 (us) | p99 (us) | Mean (us) | Std Dev (us) | Min (us) | Max (us) | Median p50 over launches, least to greatest |",
		"| Framework | Mean (us) | 95% CI |",
		"### 95% Confidence Intervals",
		"1. Box, G. E. P., Hunter, J. S., & Hunter, W. G. (2005). *Statistics for Experimenters*. Wiley.",
		"2. Georges, A., Buytaert, D., & Eeckhout, L. (2007). Statistically Rigorous Java Performance Evaluation. OOPSLA '07.",
		"3. Welch, B. L. (1947). The generalization of Student's problem when several different population variances are involved. *Biometrika* 34.",
		"4. Cohen, J. (1988). *Statistical Power Analysis for the Behavioral Sciences*. 2nd edition. Erlbaum.",
		"*Measured: "+p.v.records.environment.Time.UTC().Format(time.DateTime)+" UTC*",
	)
	for _, rule := range plan.Rules {
		p.line("- %s", rule)
	}
	p.line("./cupel run %s", strings.Join(p.arguments(), " "))
	p.line("- Batch %d, %d thread(s), CPU, inference only.", plan.Batch, plan.Threads)
	if plan.SuiteFile != "" {
		p.line("where `%s` is the file that lies here as `suite.toml`; commands in it start from its folder.", plan.SuiteFile)
	}
	stopped := false
	for _, row := range p.v.records.ledger {
		if row.Event == "stopped" && row.Reason != "" {
			p.line("The run ended because %s.", row.Reason)
			if len(row.Disturbances) > 0 && len(p.o.comparisons()) > 0 {
				p.line("While it was measured, %s.", strings.Join(row.Disturbances, "; "))
			}
			stopped = true
		}
	}
	sessions, lost := 1, 0
	for _, row := range p.v.records.ledger {
		if row.Event == "resumed" {
			sessions++
		}
		if row.Outcome == "lost" {
			lost++
		}
	}
	if sessions > 1 || lost > 0 {
		p.line("The run had %d sessions; of its launches %d were lost where a session ended without a word.", sessions, lost)
	}
	if !stopped {
		p.line("**The run was interrupted: what follows is what had been measured by then.**")
	}
	names := make([]string, len(p.o.fastest))
	for i, c := range p.o.fastest {
		names[i] = c.name
	}
	if len(names) == 0 {
		p.line("# Inference benchmark %s: nothing could be measured", plan.Suite)
	} else {
		p.line("# Inference benchmark %s: %s", plan.Suite, strings.Join(names, ", "))
	}
}

func (p *page) arguments() []string {
	plan := p.v.records.plan
	arguments := []string{plan.Suite}
	if plan.SuiteFile != "" {
		arguments[0] = shellWord(plan.SuiteFile)
	}
	if len(plan.Only) > 0 {
		arguments = append(arguments, "--only", strings.Join(plan.Only, ","))
	}
	if plan.BudgetGiven {
		arguments = append(arguments, "--budget", plan.Budget)
	}
	if plan.PrecisionGiven {
		arguments = append(arguments, "--precision", fmt.Sprint(plan.Precision))
	}
	return arguments
}

func shellWord(text string) string {
	plain := strings.IndexFunc(text, func(r rune) bool {
		return !(r < 0x80 && (wordy(byte(r)) || strings.ContainsRune("/@%+=:,", r)))
	}) < 0
	if plain && text != "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func times(value float64) string { return n(value) + "x" }

func bounds(i interval) string {
	if math.IsInf(i.high, 1) {
		return "too few replicates"
	}
	return times(i.low) + " to " + times(i.high)
}

// claims are the sentences about claims.
func (p *page) claims() {
	o, plan := p.o, p.v.records.plan
	for _, c := range o.claims {
		claim := fmt.Sprintf("claim: %s faster than %s", c.a, c.b)
		verdict := o.shown(c)
		switch verdict {
		case "faster", "slower":
			p.line("- **%s is %s than %s, side by side: %s**, 95%% interval %s (%s).", c.a, verdict, c.b, times(c.ratio.estimate), bounds(c.ratio), claim)
		case "equal":
			p.line("- %s and %s are equal within %s%%: 95%% interval of the ratio %s (%s).", c.a, c.b, n(100*plan.Tolerance), bounds(c.ratio), claim)
		default:
			continue
		}
		if c.fromLong {
			p.line("  - The figure is of long bursts, by the harness's clock; short bursts gave %s.", times(c.short.estimate))
		}
		for _, name := range []string{c.a, c.b} {
			if side := o.contender(name); side != nil && side.status == measured && p.reduced(side) {
				p.line("  - %s holds an equivalent model of %d numbers, the suite's model has %d.", name, side.said.Parameters, plan.parameters())
			}
		}
	}
	for _, claim := range plan.Claims {
		if reason := p.unresolved(claim.Faster, claim.Than); reason != "" {
			p.line("- The claim that %s is faster than %s is not resolved: %s.", claim.Faster, claim.Than, strings.TrimSuffix(reason, "."))
			continue
		}
		a, b := o.contender(claim.Faster), o.contender(claim.Than)
		if a == nil || b == nil || a.status != measured || b.status != measured {
			p.line("- The claim that %s is faster than %s could not be measured here.", claim.Faster, claim.Than)
		}
	}
	if len(o.claims) == 0 {
		return
	}
	failing := false
	for _, c := range o.controls {
		if !c.holds {
			failing = true
			p.line("- **No verdict**: the %s control failed: %s: %s where %s is due (99.9%% interval %s to %s, %d replicates).",
				c.name, c.what, n(c.ratio.estimate), n(c.due), n(c.ratio.low), n(c.ratio.high), c.n)
		}
	}
	if !failing && !o.hold() {
		p.line("- **No verdict**: the run has no controls, as no control copy finished its launches.")
	}
}

func (p *page) reduced(c *contender) bool {
	return c.said.Parameters > 0 && c.said.Parameters < int64(p.v.records.plan.parameters())
}

// unresolved says why a claim is not resolved; nothing where it is, or can't be.
func (p *page) unresolved(faster, than string) string {
	for _, name := range []string{faster, than} {
		c := p.o.contender(name)
		switch {
		case c == nil || c.status == unavailable || c.status == notApplicable:
			return ""
		case c.status != measured:
			return name + " " + statusOf(c)
		}
	}
	for _, name := range []string{faster, than} {
		if one := p.o.accused(name); one != nil {
			return fmt.Sprintf("%s fails the check %s: %s", name, one.rule, one.text)
		}
	}
	for _, c := range p.o.claims {
		if c.a != faster || c.b != than {
			continue
		}
		switch {
		case c.verdict != "not resolved":
			return ""
		case math.IsInf(c.ratio.high, 1) && c.n == 1:
			return "1 replicate is too few for a 95% interval"
		case math.IsInf(c.ratio.high, 1):
			return fmt.Sprintf("%d replicates are too few for a 95%% interval", c.n)
		}
		return fmt.Sprintf("the ratio is %s (95%% interval %s to %s)", times(c.ratio.estimate), times(c.ratio.low), times(c.ratio.high))
	}
	return "no replicate has both"
}

// parameters is the table of the method.
func (p *page) parameters() {
	plan := p.v.records.plan
	layers := make([]string, len(plan.Model.Layers))
	for i, layer := range plan.Model.Layers {
		layers[i] = strconv.Itoa(layer)
	}
	accuracy, label := 0.0, "Accuracy on the 10,000 test images"
	for _, row := range p.v.records.ledger {
		if row.Event == "fitted" && row.Accuracy != nil {
			accuracy = *row.Accuracy
		}
	}
	if plan.Dataset == "mnist-synthetic" {
		label = "Accuracy on the training samples"
	}
	p.row("Suite", plan.Suite)
	p.row("Model", plan.Model.Kind+" "+strings.Join(layers, " -> "))
	p.row("Dataset", plan.Dataset)
	count := func(name string, value int) { p.row(name, strconv.Itoa(value)) }
	count("Numbers in the model", plan.parameters())
	p.row("Random seed ("+seedUse+")", strconv.FormatUint(plan.Seed, 10))
	if len(plan.Model.Layers) > 0 {
		count("Input dimensions", plan.Model.Layers[0])
		count("Output classes", plan.Model.Layers[len(plan.Model.Layers)-1])
	}
	count("Training samples", p.v.trainingRows())
	p.row(label, n(accuracy))
	count("Batch", plan.Batch)
	count("Threads", plan.Threads)
	count("Warmup iterations", plan.Classic.Warmup)
	count("Benchmark iterations", plan.Classic.Iterations)
	count("Replicates planned, at least", plan.Launches)
	if every := plan.Paired.LongEvery; every > 0 {
		p.row("Rounds of a replicate", fmt.Sprintf("%d, of which %d of long bursts", plan.Paired.Rounds, plan.Paired.Rounds/every))
	}
}

// machine is what the environment says.
func (p *page) machine() {
	e := p.v.records.environment
	p.line("- CPU: %s", e.CPU)
	p.line("- Cores: %d", e.Cores)
	p.line("- Memory: %s GB", n(e.MemoryBytes/1e9))
	p.line("- Platform: %s", e.Platform)
	p.line("- Distribution: %s", e.Distribution)
	if e.Hypervisor != "" {
		p.line("- Virtual machine: %s", e.Hypervisor)
	}
	if len(e.Placement.Contender) > 0 {
		p.line("- CPUs: harness on %v, contenders on %v", e.Placement.Harness, e.Placement.Contender)
	} else if e.Placement.Reason != "" {
		p.line("- CPUs: nobody is bound to one: %s", e.Placement.Reason)
	}
	if c := e.Calibration; c.Pipe > 0 {
		p.line("- Floor: a clock reading %s ns in steps of %s ns, a pipe's round trip %s us, the canary %s us, memory %s GB/s",
			n(c.Clock), n(c.Step), n(c.Pipe/1e3), n(c.Canary/1e3), n(c.Memory.Fastest/1e9))
	}
	p.line("- cupel: %s", e.Cupel)
	p.line("- Confinement: %s", e.Confinement)
	p.line("- Confinement: %s.", e.Confinement)
	for _, layer := range e.Layers {
		p.line("  - %s: %s (%s).", layer.Name, layer.State, layer.Detail)
	}
	if system, _, _ := strings.Cut(e.Platform, "-"); system != "Linux" {
		p.line("- The system is %s and not Linux: contenders were neither stopped while it was not their turn nor bound to cores nor confined, and checks that need the kernel's account of a process were not made.", cmp.Or(system, "unknown"))
	}
	for _, name := range p.v.records.plan.Contenders {
		said := p.v.records.statements[name]
		if said.Hello.Name == "" {
			continue
		}
		p.line("### %s", name)
		p.line("- Engine: %s", said.Hello.Name)
		p.line("- Version: %s", said.Hello.Version)
		p.line("- Runtime: %s", said.Hello.Runtime)
		p.line("- Device: %s", said.Hello.Device)
		if c := p.o.contender(name); c != nil {
			p.transfer(c)
		}
		p.line("- Precision: %s", said.Hello.Precision)
		if said.Build != "" {
			p.line("- Build: %s", said.Build)
		}
		if said.Format != "" {
			p.line("- Model: %s, %d numbers", said.Format, said.Parameters)
		}
	}
}

// transfer is the line about copies to a device, where launches made any.
func (p *page) transfer(c *contender) {
	var asked []float64
	for _, seen := range c.seen {
		if seen.Transfer > 0 {
			asked = append(asked, seen.Transfer)
		}
	}
	if len(asked) > 0 {
		p.line("- Transfer: %s us of a call are copies to the device and back, by the contender's clock", us(median(asked)))
	}
}

func us(nanoseconds float64) string { return n(nanoseconds / 1e3) }

// classic are the tables of the classic protocol.
func (p *page) classic() {
	for _, c := range p.o.fastest {
		s := c.calls
		least, greatest := s.middle, s.middle
		for _, one := range c.launches {
			least, greatest = min(least, one.calls.middle), max(greatest, one.calls.middle)
		}
		p.row(c.name, us(s.middle), us(s.p95), us(s.p99), us(s.mean), us(s.deviation), us(s.least), us(s.greatest),
			fmt.Sprintf("%s to %s of %d", us(least), us(greatest), len(c.launches)))
		p.row(c.name, n(s.perSecond))
		p.row(c.name, us(s.mean), fmt.Sprintf("[%s, %s]", us(s.low), us(s.high)))
		observed := func(of func(observation) float64) string {
			var values []float64
			for _, seen := range c.seen {
				values = append(values, of(seen))
			}
			return n(median(values))
		}
		first := "-"
		if len(c.paired) > 0 {
			first = n(over(c.paired, named("first")) / 1e3)
		}
		installed := "-"
		if c.said.Installed > 0 {
			installed = n(c.said.Installed / 1e6)
		}
		p.row(c.name, firstAnswer(c), first,
			observed(func(s observation) float64 { return s.PeakResident / 1e6 }), installed,
			observed(func(s observation) float64 { return (s.UserCPU + s.SystemCPU) / 1e9 }), strconv.FormatInt(c.said.Parameters, 10))
	}
}

// firstAnswer is of the launches that started alone, which have a time above 0.
func firstAnswer(c *contender) string {
	var alone []float64
	for _, seen := range c.seen {
		if seen.FirstAnswer > 0 {
			alone = append(alone, seen.FirstAnswer/1e6)
		}
	}
	if len(alone) == 0 {
		return "-"
	}
	return n(median(alone))
}

func (p *page) pairs() {
	for _, pair := range p.v.classicPairs(p.o) {
		a, b := pair.a.calls, pair.b.calls
		probability := "undefined, as neither sample has any spread"
		if !math.IsNaN(pair.logP) {
			probability = power(pair.logP)
		}
		p.row(pair.a.name+" and "+pair.b.name, n(pair.t), n(pair.degrees), probability, n(pair.cohen), pair.effect)
		if !pair.claim {
			continue
		}
		p.line("### Latency Comparison: %s and %s", pair.a.name, pair.b.name)
		p.row("Metric", pair.a.name, pair.b.name, "Speedup")
		p.row("p50 (us)", us(a.middle), us(b.middle), times(b.middle/a.middle))
		p.row("p95 (us)", us(a.p95), us(b.p95), times(b.p95/a.p95))
		p.row("p99 (us)", us(a.p99), us(b.p99), times(b.p99/a.p99))
		p.row("Mean (us)", us(a.mean), us(b.mean), times(b.mean/a.mean))
		p.row("Std Dev (us)", us(a.deviation), us(b.deviation), "-")
		p.row(fmt.Sprintf("**Ratio %s/%s**", pair.a.name, pair.b.name), "**"+times(a.perSecond/b.perSecond)+"**")
	}
}

// power writes a probability by its logarithm, however small.
func power(logP float64) string {
	log10 := logP / math.Ln10
	exponent := math.Floor(log10)
	return fmt.Sprintf("%.12fe%d", math.Pow(10, log10-exponent), int(exponent))
}

// sideBySide are the paired protocol's tables.
func (p *page) sideBySide() {
	o, plan := p.o, p.v.records.plan
	if len(o.comparisons()) == 0 {
		return
	}
	p.line("How many times as fast the first is as the second, from bursts that took turns within milliseconds, with the interval over %d replicates. "+
		"Claims are corrected for their number (Holm); other rows are not.", len(o.replicates))
	p.row("Pair", "Times as fast", "95% interval", "Verdict", "Replicates", "From", "Other source", "Rounds")
	for _, c := range o.comparisons() {
		source, other, which := "short bursts", c.long, "all"
		if c.fromLong {
			source, other = "long bursts, by the outer clock", c.short
		}
		if c.quiet {
			which = "quiet"
		}
		p.row(c.a+" and "+c.b, times(c.ratio.estimate), bounds(c.ratio), o.shown(c), strconv.Itoa(c.n), source, times(other.estimate), which)
	}
	p.line("What was known beforehand and measured with the rest. A control fails where it is off at the 99.9%% level and by more than %s%%.", n(100*plan.Tolerance))
	p.row("Control", "Due", "Measured", "99.9% interval", "Holds", "What it is")
	for _, c := range o.controls {
		p.row(c.name, n(c.due), n(c.ratio.estimate), n(c.ratio.low)+" to "+n(c.ratio.high), yes(c.holds), c.what)
	}
	p.line("The canary took %s us in the middle and %s us at its fast level; %s%% of its readings found the machine quiet, within %s times that level. "+
		"Ratios are of quiet rounds, by the canary just before and after each burst, but where the last column says otherwise.",
		us(o.middle), us(o.fast), n(100*o.share), n(plan.Paired.Quiet.Within))
	for _, c := range o.contenders {
		for _, one := range c.checks {
			holds := "not judged"
			if one.judged {
				holds = yes(one.holds)
			}
			p.row(c.name, one.rule, holds, one.text)
		}
		for course, count := range c.unsteady {
			p.line("%s: %d of %d launches did not come to a steady state (%s); they count all the same.", c.name, count, len(c.paired), course)
		}
	}
}

func yes(holds bool) string {
	if holds {
		return "yes"
	}
	return "**no**"
}

func (p *page) conduct() {
	for _, c := range p.o.contenders {
		if len(c.paired) == 0 {
			continue
		}
		p.row(c.name, n(over(c.paired, quotient("few-rows", "many-rows"))), n(over(c.paired, quotient("altered", "original"))),
			n(over(c.paired, named("calls"))), us(over(c.paired, named("short"))))
	}
}

// costs are what a call and a multiply-add cost, and where two contenders cross.
func (p *page) costs() {
	var split []*contender
	for _, c := range p.o.contenders {
		if c.costs != nil {
			split = append(split, c)
		}
	}
	if len(split) == 0 {
		return
	}
	slices.SortStableFunc(split, func(a, b *contender) int {
		switch {
		case a.costs.call.estimate < b.costs.call.estimate:
			return -1
		case a.costs.call.estimate > b.costs.call.estimate:
			return 1
		}
		return 0
	})
	widths := make([]string, len(p.v.records.plan.Probes.Widths))
	for i, times := range p.v.records.plan.Probes.Widths {
		widths[i] = strconv.Itoa(times)
	}
	p.line("The same model at %s times the input width splits the time of a call, by a straight line: nanoseconds = cost per call + cost per multiply-add x multiply-adds.", strings.Join(widths, ", "))
	p.row("Contender", "Cost per call (ns)", "95% interval (ns)", "Cost per multiply-add (ns)", "95% interval (ns per multiply-add)", "Largest misfit of the line")
	spread := func(i interval) string {
		if math.IsInf(i.high, 1) {
			return "too few launches"
		}
		return n(i.low) + " to " + n(i.high)
	}
	for i, a := range split {
		c := a.costs
		p.row(a.name, n(c.call.estimate), spread(c.call), n(c.multiplyAdd.estimate), spread(c.multiplyAdd), n(100*c.misfit)+"%")
		for _, b := range split[i+1:] {
			p.crossover(a, b)
		}
	}
	for _, claim := range p.o.claims {
		p.equalSlopes(p.o.contender(claim.a), p.o.contender(claim.b))
	}
}

// equalSlopes is what the ratio would be if a multiply-add cost both the same.
func (p *page) equalSlopes(a, b *contender) {
	if a == nil || b == nil || a.costs == nil || b.costs == nil {
		return
	}
	slope := b.costs.multiplyAdd.estimate
	compute := slope * b.costs.least
	up, down := b.costs.call.estimate+compute, a.costs.call.estimate+compute
	if a.costs.multiplyAdd.estimate <= 0 || slope <= 0 || up <= 0 || down <= 0 {
		return
	}
	p.line("- %s and %s: %s and %s ns per multiply-add; at equal slopes, %s ns, the ratio is %s.", a.name, b.name,
		n(a.costs.multiplyAdd.estimate), n(slope), n(slope), times(up/down))
}

func (p *page) crossover(a, b *contender) {
	slope := a.costs.multiplyAdd.estimate - b.costs.multiplyAdd.estimate
	at := (b.costs.call.estimate - a.costs.call.estimate) / slope
	switch {
	case slope == 0 || !(at > 0):
		p.line("- %s costs less than %s per call and no more per multiply-add: no size of this model makes %s the faster one.", a.name, b.name, b.name)
	case at < a.costs.least:
		p.line("- %s costs less than %s per multiply-add: it is the faster one at every size measured, from %s multiply-adds on.", b.name, a.name, n(a.costs.least))
	case at > 10*a.costs.largest:
		p.line("- %s costs less than %s per call; their lines cross at %s multiply-adds, far beyond the largest model measured (%s), so where they do is not known.", a.name, b.name, n(at), n(a.costs.largest))
	default:
		p.line("- %s costs less than %s per call and more per multiply-add: by their lines, %s is the faster one from %s multiply-adds on.", a.name, b.name, b.name, n(at))
	}
}

// notes are the lines about single contenders, which stand in two places.
func (p *page) notes() {
	plan := p.v.records.plan
	both := func(format string, args ...any) {
		note := fmt.Sprintf(format, args...)
		p.line("- %s", note)
		p.line("- %s.", strings.TrimSuffix(note, "."))
	}
	for _, c := range p.o.fastest {
		if p.reduced(c) {
			both("%s holds an equivalent model of %d numbers, the suite's has %d", c.name, c.said.Parameters, plan.parameters())
		}
		if slices.Contains(plan.Own, c.name) {
			both("%s is run by the suite's own command, not by a runner of cupel's", c.name)
		}
		if c.failed > 0 {
			both("%s failed in %d of its launches", c.name, c.failed)
		}
	}
	for _, c := range p.o.contenders {
		if c.status != measured {
			both("%s %s", c.name, statusOf(c))
		}
	}
}
