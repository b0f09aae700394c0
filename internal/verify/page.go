package verify

// This file writes BENCHMARK_RESULTS.md as it must be, line by line and but for blank
// lines: every heading, table and sentence, with figures in full. What was measured is in
// tables.go.

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// page makes lines; of a cell, where there are several, or of the whole run.
type page struct {
	v    *verification
	plan plan
	// parts are the cells, one without a name where there is one alone; o is that of
	// the cell that the page is of.
	parts []part
	o     *outcome
	// contenders are those of the whole run: each as the first cell has it that
	// measured it.
	contenders []*contender
	// cell is the cell's title, empty where there are not several.
	cell  string
	lines []string
}

// page writes the report of a run.
func (v *verification) page(parts []part) []string {
	p := &page{v: v, plan: v.records.plan, parts: parts, o: parts[0].outcome}
	for i := range parts[0].outcome.contenders {
		p.contenders = append(p.contenders, anywhere(parts, i))
	}
	p.title()
	p.executiveSummary()
	p.methodology()
	p.environment()
	p.measurements()
	p.limits()
	p.reproducibility()
	p.references()
	return p.lines
}

func anywhere(parts []part, index int) *contender {
	for _, one := range parts {
		if c := one.outcome.contenders[index]; c.status == measured {
			return c
		}
	}
	return parts[0].outcome.contenders[index]
}

// ofCell is an empty page of one cell.
func (p *page) ofCell(one part) *page {
	return &page{v: p.v, plan: one.records.plan, parts: []part{one}, o: one.outcome, contenders: one.outcome.contenders, cell: strings.TrimPrefix(one.title(), ", ")}
}

// several reports whether the page is of several cells.
func (p *page) several() bool { return len(p.plan.Cells) > 0 }

func (p *page) trains() bool { return p.plan.Train != nil }

// wording is one of two texts: of answers, or of trainings.
func (p *page) wording(answers, trainings string) string {
	if p.trains() {
		return trainings
	}
	return answers
}

func (p *page) line(format string, args ...any) {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = harmless.Replace(text)
		}
	}
	if text := fmt.Sprintf(format, args...); text != "" {
		p.lines = append(p.lines, text)
	}
}

// harmless takes from a bundle's text what would make it more than a part of a line.
var harmless = strings.NewReplacer("\n", " ", "\r", " ", "<", "&lt;")

func (p *page) heading(level int, title string) {
	text := strings.Repeat("#", level) + " " + title
	if p.cell != "" {
		text += ", " + p.cell
	}
	p.line("%s", text)
}

// row is one of a table; header is the first, with its rule.
func (p *page) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(cell, "|", `\|`)
	}
	p.line("| %s |", strings.Join(cells, " | "))
}

func (p *page) header(cells ...string) {
	p.row(cells...)
	p.line("|%s", strings.Repeat("---|", len(cells)))
}

// label is a contender's name beside its classic figures.
func (p *page) label(name string) string {
	if p.cell == "" {
		return name
	}
	return name + ", " + p.cell
}

// fastest are the measured contenders of the page, by p50.
func (p *page) fastest() []*contender {
	var list []*contender
	for _, c := range p.contenders {
		if c.status == measured {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b *contender) int { return cmp.Compare(a.calls.middle, b.calls.middle) })
	return list
}

func (p *page) title() {
	what := p.wording("Inference benchmark", "Training benchmark")
	var names []string
	for _, c := range p.fastest() {
		names = append(names, c.name)
	}
	if len(names) == 0 {
		p.line("# %s %s: nothing could be measured", what, p.plan.Suite)
		return
	}
	p.line("# %s %s: %s", what, p.plan.Suite, strings.Join(names, ", "))
}

func (p *page) executiveSummary() {
	p.heading(2, "Executive Summary")
	if !p.several() {
		p.claims()
	} else {
		for _, one := range p.parts {
			own := p.ofCell(one)
			own.claims()
			if len(own.lines) > 0 {
				p.line("%s:", strings.ToUpper(own.cell[:1])+own.cell[1:])
				p.lines = append(p.lines, own.lines...)
			}
		}
	}
	p.line("Ratios are from %s. The classic figures further down are the published benchmark's: one process after the other, %s timed by the contender itself. "+
		"Such timings of identical programs can differ by more than their intervals say, so they decide no claim.",
		p.wording("contenders that took turns within milliseconds", trainingTurns), p.wording("each call", "each training"))
}

const trainingTurns = "trainings that took turns within some ten milliseconds"

func bounds(i interval) string {
	if math.IsInf(i.high, 1) {
		return "too few replicates"
	}
	return times(i, i.low) + " to " + times(i, i.high)
}

// claims are the sentences about claims.
func (p *page) claims() {
	o := p.o
	for _, c := range o.claims {
		p.claim(c)
	}
	for _, claim := range p.plan.Claims {
		if reason := p.unresolved(claim.Faster, claim.Than); reason != "" {
			p.line("- The claim that %s is faster than %s is not resolved: %s.", claim.Faster, claim.Than, strings.TrimSuffix(reason, "."))
			continue
		}
		a, b := o.contender(claim.Faster), o.contender(claim.Than)
		if a == nil || b == nil || a.status != measured || b.status != measured {
			p.line("- The claim that %s is faster than %s could not be measured here.", claim.Faster, claim.Than)
		}
	}
	// Without a round there was nothing for a control to be wrong about.
	if len(o.comparisons()) == 0 && !(o.fast > 0) {
		return
	}
	failing := false
	for _, c := range o.controls {
		if !c.holds {
			failing = true
			wrong := "failed"
			if c.n < 2 {
				wrong = "could not be judged, for which 2 replicates at least need rounds that found the machine quiet"
			}
			p.line("- **No verdict**: the %s control %s: %s: %s where %s is due (99.9%% interval %s to %s, %d replicates).",
				c.name, wrong, c.what, fixed(4, c.ratio.estimate), fixed(4, c.due), fixed(4, c.ratio.low), fixed(4, c.ratio.high), c.n)
		}
	}
	if !failing && !o.hold() {
		p.line("- **No verdict**: the run has no controls, as no control copy finished its launches.")
	}
}

func (p *page) claim(c comparison) {
	claim := fmt.Sprintf("claim: %s faster than %s", c.a, c.b)
	switch verdict := p.o.shown(c); verdict {
	case "faster", "slower":
		p.line("- **%s is %s than %s, side by side: %s**, 95%% interval %s (%s).", c.a, verdict, c.b, times(c.ratio, c.ratio.estimate), bounds(c.ratio), claim)
	case "equal":
		p.line("- %s and %s are equal within %s%%: 95%% interval of the ratio %s (%s).", c.a, c.b, significant(3, 100*p.plan.Tolerance), bounds(c.ratio), claim)
	default:
		return
	}
	if c.fromLong {
		p.line("  - The figure is of long bursts, by the harness's clock; short bursts gave %s.", times(c.short, c.short.estimate))
	}
	for _, name := range []string{c.a, c.b} {
		if side := p.o.contender(name); side != nil && side.status == measured && p.reduced(side) {
			p.line("  - %s holds an equivalent model of %d parameters, the suite's model has %d.", name, side.said.Parameters, p.plan.parameters())
		}
	}
}

func (p *page) reduced(c *contender) bool {
	return c.said.Parameters > 0 && c.said.Parameters < int64(p.plan.parameters())
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
		return fmt.Sprintf("the ratio is %s (95%% interval %s to %s)", times(c.ratio, c.ratio.estimate), times(c.ratio, c.ratio.low), times(c.ratio, c.ratio.high))
	}
	return "no replicate has both"
}

// methodology is the table of the method, the plan's rules, and how the run ended.
func (p *page) methodology() {
	p.heading(2, "Methodology")
	p.line("Following Box et al. (2005) and Georges et al. (2007).")
	p.header("Parameter", "Value")
	p.parameters()
	p.line("Rules, fixed before the first measurement:")
	for _, rule := range p.plan.Rules {
		p.line("- %s", rule)
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
	if stopped := p.stopped(); stopped.Reason != "" {
		p.line("The run ended because %s.", stopped.Reason)
	} else {
		p.line("**The run was interrupted: what follows is what had been measured by then.**")
	}
	p.line("%s", p.v.earlierRuns())
}

// disturbances are what each session of the run says that the machine did besides.
func (p *page) disturbances() []string {
	var sentences []string
	for _, row := range p.v.records.ledger {
		sentences = append(sentences, row.Disturbances...)
	}
	return sentences
}

// stopped is the row of the run's end; an empty one where there is none.
func (p *page) stopped() ledgerRow {
	var end ledgerRow
	for _, row := range p.v.records.ledger {
		if row.Event == "stopped" {
			end = row
		}
	}
	return end
}

func (p *page) parameters() {
	layers := make([]string, len(p.plan.Model.Layers))
	for i, layer := range p.plan.Model.Layers {
		layers[i] = strconv.Itoa(layer)
	}
	count := func(name string, value int) { p.row(name, strconv.Itoa(value)) }
	p.row("Suite", p.plan.Suite)
	p.row("Model", p.plan.Model.Kind+" "+strings.Join(layers, " -> "))
	count("Numbers in the model", p.plan.parameters())
	p.row("Random seed ("+p.wording(seedUse, trainingSeedUse)+")", strconv.FormatUint(p.plan.Seed, 10))
	if len(p.plan.Model.Layers) > 0 {
		count("Input dimensions", p.plan.Model.Layers[0])
		count("Output classes", p.plan.Model.Layers[len(layers)-1])
	}
	p.row("Dataset", p.plan.Dataset)
	count("Training samples", p.v.trainingRows())
	if train := p.plan.Train; train != nil {
		count("Rows of a training", train.Rows)
		count("Epochs", train.Epochs)
		count("Rows of a step", train.Batch)
		p.row("Learning rate", fmt.Sprint(train.LearningRate))
	} else {
		p.accuracy()
	}
	if p.several() {
		p.parametersOfCells()
	} else {
		if !p.trains() {
			count("Batch", p.plan.Batch)
		}
		count("Threads", p.plan.Threads)
		count("Warmup iterations", p.plan.Classic.Warmup)
		count("Benchmark iterations", p.plan.Classic.Iterations)
	}
	count("Replicates planned, at least", p.plan.Launches)
	if every := p.plan.Paired.LongEvery; every > 0 && !p.several() {
		p.row("Rounds of a replicate", fmt.Sprintf("%d, of which %d of long bursts", p.plan.Paired.Rounds, p.plan.Paired.Rounds/every))
	}
}

func (p *page) accuracy() {
	accuracy, label := 0.0, "Accuracy on the 10,000 test images"
	for _, row := range p.v.records.ledger {
		if row.Event == "fitted" && row.Accuracy != nil {
			accuracy = *row.Accuracy
		}
	}
	if p.plan.Dataset == syntheticData {
		label = "Accuracy on the training samples"
	}
	p.row(label, fixed(4, accuracy))
}

const syntheticData = "mnist-synthetic"

func (p *page) parametersOfCells() {
	var titles []string
	for _, one := range p.parts {
		titles = append(titles, strings.TrimPrefix(one.title(), ", "))
	}
	p.row("Cells", strings.Join(titles, "; "))
	for _, of := range []struct {
		name  string
		value func(cellPlan) int
	}{
		{"Batch", func(c cellPlan) int { return c.Batch }},
		{"Threads", func(c cellPlan) int { return c.Threads }},
		{"Warmup iterations", func(c cellPlan) int { return c.Classic.Warmup }},
		{"Benchmark iterations", func(c cellPlan) int { return c.Classic.Iterations }},
		{"Rounds of a replicate", func(c cellPlan) int { return c.Paired.Rounds }},
	} {
		var values []string
		for _, one := range p.parts {
			values = append(values, strconv.Itoa(of.value(one.plan)))
		}
		p.row(of.name+", by cell", strings.Join(values, ", "))
	}
}

// environment is what the machine and the contenders were.
func (p *page) environment() {
	e := p.v.records.environment
	p.heading(2, "Environment")
	p.line("- CPU: %s", e.CPU)
	p.line("- Cores: %d", e.Cores)
	p.line("- Memory: %s GB", fixed(1, e.MemoryBytes/1e9))
	p.line("- Platform: %s", e.Platform)
	p.line("- Distribution: %s", e.Distribution)
	if e.Hypervisor != "" {
		p.line("- Virtual machine: %s", e.Hypervisor)
	}
	const noReason = "there was nothing to choose"
	switch {
	case p.several():
		p.placements(noReason)
	case len(e.Placement.Contender) > 0:
		p.line("- CPUs: harness on %v, contenders on %v", e.Placement.Harness, e.Placement.Contender)
	default:
		p.line("- CPUs: nobody is bound to one: %s", cmp.Or(e.Placement.Reason, noReason))
	}
	if c := e.Calibration; c.Pipe > 0 {
		p.line("- Floor: a clock reading %s ns in steps of %.0f ns, a pipe's round trip %s us, the canary %s us, memory %s GB/s",
			fixed(0, c.Clock), c.Step, fixed(1, c.Pipe/1e3), fixed(1, c.Canary/1e3), fixed(1, c.Memory.Fastest/1e9))
	}
	p.line("- cupel: %s", e.Cupel)
	p.line("- Confinement: %s", e.Confinement)
	for _, c := range p.contenders {
		p.spoken(c)
	}
}

// placements says which CPUs the cells had, by their threads.
func (p *page) placements(noReason string) {
	e := p.v.records.environment
	parts := slices.SortedFunc(slices.Values(p.parts), func(a, b part) int { return cmp.Compare(a.plan.Threads, b.plan.Threads) })
	told := map[int]bool{}
	for _, one := range parts {
		threads := one.plan.Threads
		if told[threads] {
			continue
		}
		told[threads] = true
		where, known := e.Cells[one.plan.Name]
		if !known {
			where = e.Placement
		}
		text, noun := "nobody is bound to one", "threads"
		if len(where.Contender) > 0 {
			text = fmt.Sprintf("harness on %v, contenders on %v", where.Harness, where.Contender)
		}
		if threads == 1 {
			noun = "thread"
		}
		p.line("- CPUs with %d %s: %s: %s", threads, noun, text, cmp.Or(where.Reason, noReason))
	}
}

// spoken is what a contender said of itself.
func (p *page) spoken(c *contender) {
	if c.said.Hello.Name == "" {
		return
	}
	p.heading(3, c.name)
	p.line("- Engine: %s", c.said.Hello.Name)
	p.line("- Version: %s", c.said.Hello.Version)
	p.line("- Runtime: %s", c.said.Hello.Runtime)
	p.line("- Device: %s", c.said.Hello.Device)
	var copies []float64
	for _, seen := range c.seen {
		if seen.Transfer > 0 {
			copies = append(copies, seen.Transfer)
		}
	}
	if len(copies) > 0 {
		p.line("- Transfer: %s us of a call are copies to the device and back, by the contender's clock", fixed(1, median(copies)/1e3))
	}
	p.line("- Precision: %s", c.said.Hello.Precision)
	if c.said.Build != "" {
		p.line("- Build: %s", c.said.Build)
	}
	if c.said.Format != "" {
		p.line("- Model: %s, %d parameters", c.said.Format, c.said.Parameters)
	}
}

// notes are about single contenders.
func (p *page) notes() []string {
	var notes []string
	for _, c := range p.fastest() {
		if p.reduced(c) {
			notes = append(notes, fmt.Sprintf("%s holds an equivalent model of %d parameters, the suite's has %d", c.name, c.said.Parameters, p.plan.parameters()))
		}
		if slices.Contains(p.plan.Own, c.name) {
			note := c.name + " is run by the suite's own command, not by a runner of cupel's"
			name := strings.ToLower(c.said.Hello.Name)
			if p.plan.engine(name) != nil && p.plan.Canonical[c.name] == "" {
				note += ", and cupel's runner of " + name + " was not measured beside it (engine = \"" + name + "\" in the suite asks for that)"
			}
			notes = append(notes, note)
		}
		if c.failed > 0 {
			notes = append(notes, fmt.Sprintf("%s failed in %d of its launches", c.name, c.failed))
		}
	}
	for _, c := range p.contenders {
		if c.status != measured {
			notes = append(notes, c.name+" "+statusOf(c))
		}
	}
	return notes
}

func (p *page) limits() {
	p.heading(2, "Limits")
	if layers := p.plan.Model.Layers; len(layers) > 0 && layers[len(layers)-1] == 2 {
		p.line("- Two classes only.")
	}
	if p.plan.Dataset == syntheticData {
		p.line("- Synthetic data.")
	}
	for _, one := range p.parts {
		plan := one.records.plan
		if p.trains() {
			p.line("- %d thread(s), %s, training only.", plan.Threads, one.outcome.deviceWords())
		} else {
			p.line("- Batch %d, %d thread(s), %s, inference only.", plan.Batch, plan.Threads, one.outcome.deviceWords())
		}
	}
	p.line("- %s, timed from outside, bound how wrong it can be: the table of clocks says by how much.", p.wording(
		"In short bursts and in the classic protocol each contender times itself. Long bursts", "Each contender times its trainings itself. Long ones"))
	p.line("- The classic figures of different contenders were measured one after the other, so a change of the machine's speed between them shows as a difference.")
	for _, one := range p.parts {
		for _, crossed := range crossings(one.records.plan, one.outcome, one.title()) {
			p.line("- %s.", crossed.text)
		}
	}
	if system, _, _ := strings.Cut(p.v.records.environment.Platform, "-"); system != "Linux" {
		p.line("- The system is %s and not Linux: contenders were neither stopped while it was not their turn nor bound to cores nor confined, and checks that need the kernel's account of a process were not made.", cmp.Or(system, "unknown"))
	}
	p.line("- Confinement: %s.", p.v.records.environment.Confinement)
	for _, layer := range p.v.records.environment.Layers {
		p.line("  - %s: %s (%s).", layer.Name, layer.State, layer.Detail)
	}
	for _, note := range p.notes() {
		p.line("- %s.", strings.TrimSuffix(note, "."))
	}
}

func (p *page) reproducibility() {
	p.heading(2, "Reproducibility")
	p.line("In a checkout of cupel, with Go:")
	p.line("```bash")
	p.line("go build -o cupel ./cmd/cupel")
	p.line("./cupel run %s", strings.Join(p.arguments(), " "))
	p.line("./cupel audit BUNDLE")
	p.line("```")
	p.line("`BUNDLE` is the directory that the run writes, such as the one that this page lies in.")
	if p.plan.SuiteFile != "" {
		p.line("where `%s` is the file that lies here as `suite.toml`; commands in it start from its folder.", p.plan.SuiteFile)
	}
	p.line("Raw samples are in `samples/`, one Parquet file a launch; the plan is `plan.json`, and every attempt a row of `ledger.jsonl`.")
}

func (p *page) arguments() []string {
	arguments := []string{p.plan.Suite}
	if p.plan.SuiteFile != "" {
		arguments[0] = shellWord(p.plan.SuiteFile)
	}
	if len(p.plan.Only) > 0 {
		arguments = append(arguments, "--only", strings.Join(p.plan.Only, ","))
	}
	if p.plan.BudgetGiven {
		arguments = append(arguments, "--budget", p.plan.Budget)
	}
	if p.plan.PrecisionGiven {
		arguments = append(arguments, "--precision", fmt.Sprint(p.plan.Precision))
	}
	return arguments
}

func shellWord(text string) string {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("._/@%+=:,-", r)
	}
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func (p *page) references() {
	p.heading(2, "References")
	p.line("1. Box, G. E. P., Hunter, J. S., & Hunter, W. G. (2005). *Statistics for Experimenters*. Wiley.")
	p.line("2. Georges, A., Buytaert, D., & Eeckhout, L. (2007). Statistically Rigorous Java Performance Evaluation. OOPSLA '07.")
	p.line("3. Welch, B. L. (1947). The generalization of Student's problem when several different population variances are involved. *Biometrika* 34.")
	p.line("4. Cohen, J. (1988). *Statistical Power Analysis for the Behavioral Sciences*. 2nd edition. Erlbaum.")
	p.line("---")
	p.line("*Measured: %s UTC*", p.v.records.environment.Time.UTC().Format(time.DateTime))
}
