package verify

// This file compares the result files with what they must be.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// compareFiles compares the JSON files with what is due. What else lies in results/ is
// a fault but for files that are checked elsewhere: nothing there is sealed, so anybody
// could have laid it there.
func (v *verification) compareFiles(due map[string]any) {
	for name := range v.digests {
		_, known := due[name]
		if known || !strings.HasPrefix(name, resultsDir+"/") || name == markdownFile || name == resultsManifestFile || name == auditFile {
			continue
		}
		if strings.HasSuffix(name, resultSuffix) {
			v.fault(name, "", "is the result file of no contender that was measured")
		} else {
			v.fault(name, "", "is none of the files that follow from the raw data")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(due)) {
		v.compareJSON(name, due[name])
	}
}

// object is a JSON object.
type object = map[string]any

// compareJSON compares a file's every field with what is due.
func (v *verification) compareJSON(name string, due any) {
	text, err := v.read(name)
	if err != nil {
		v.unreadable(name, err)
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var found any
	if err := decoder.Decode(&found); err != nil {
		v.fault(name, offset(err), "%v", err)
		return
	}
	v.compareValue(name, "", found, due)
}

func (v *verification) compareValue(file, field string, found, due any) {
	switch due := due.(type) {
	case object:
		have, ok := found.(object)
		if !ok {
			v.fault(file, field, "is %v; an object is due", found)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(due)) {
			if value, there := have[key]; there {
				v.compareValue(file, inside(field, key), value, due[key])
			} else {
				v.fault(file, inside(field, key), "is missing")
			}
		}
		for _, key := range slices.Sorted(maps.Keys(have)) {
			if _, known := due[key]; !known {
				v.unknown(file, inside(field, key), "is no field that verify makes from the raw data")
			}
		}
	case []any:
		have, ok := found.([]any)
		if !ok || len(have) != len(due) {
			v.fault(file, field, "has %d entries; %d are due", len(have), len(due))
			return
		}
		for i := range due {
			v.compareValue(file, fmt.Sprintf("%s[%d]", field, i), have[i], due[i])
		}
	case printed:
		v.comparePrinted(file, field, found, due)
	case float64:
		v.report.Figures++
		printed, isNumber := found.(json.Number)
		switch have, err := printed.Float64(); {
		case math.IsNaN(due) || math.IsInf(due, 0):
			if found != nil {
				v.fault(file, field, "is %v; it has no value", found)
			}
		case !isNumber || err != nil || !near(have, due):
			v.fault(file, field, "is %v; the raw data give %v", found, due)
		}
	default:
		v.report.Figures++
		if found != due {
			v.fault(file, field, "is %q; %q is due", fmt.Sprint(found), fmt.Sprint(due))
		}
	}
}

// comparePrinted compares the figures of a sentence, in its order, with those due.
func (v *verification) comparePrinted(file, field string, found any, due printed) {
	due = slices.DeleteFunc(slices.Clone(due), func(figure float64) bool { return math.IsNaN(figure) || math.IsInf(figure, 0) })
	texts, _ := found.([]any)
	if len(texts) != len(due) {
		v.fault(file, field, "has the figures %v; those of %v are due", found, due)
		return
	}
	for i, text := range texts {
		v.report.Figures++
		if text, _ := text.(string); !roundsTo(text, due[i]) {
			v.fault(file, fmt.Sprintf("%s[%d]", field, i), "is %s; the raw data give %v", text, due[i])
		}
	}
}

func inside(field, key string) string {
	if field == "" {
		return key
	}
	return field + "." + key
}

// near allows for sums that were made in another order.
func near(a, b float64) bool {
	return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) || math.Abs(a-b) < 1e-300
}

// unknown is about something that verify does not know how to make. Of a bundle by
// another version it may be new or gone, or changed by somebody: which one, this
// version can't tell.
func (v *verification) unknown(file, where, format string, args ...any) {
	if !v.foreign() {
		v.fault(file, where, format, args...)
		return
	}
	if len(v.strange) < maxFaults {
		v.strange = append(v.strange, Fault{file, where, fmt.Sprintf(format, args...)})
	}
}

// tellUnknown says in one line a file what was unknown of it.
func (v *verification) tellUnknown() {
	slices.SortStableFunc(v.strange, func(a, b Fault) int { return strings.Compare(a.File, b.File) })
	for first := 0; first < len(v.strange); {
		last := first
		for last < len(v.strange) && v.strange[last].File == v.strange[first].File {
			last++
		}
		v.report.Unchecked = append(v.report.Unchecked, printable(fmt.Sprintf(
			"%s is not all as this version would write it, in %d places, of which the first: %s. The bundle is by cupel %s, this is %s: that one can tell whether it was changed",
			v.strange[first].File, last-first, Fault{v.strange[first].File, v.strange[first].Where, v.strange[first].Message}, v.records.environment.Cupel, v.options.Version)))
		first = last
	}
}

// foreign reports whether another version than this one made the bundle.
func (v *verification) foreign() bool {
	return v.options.Version != "" && v.records.environment.Cupel != v.options.Version
}

const seedUse = "of the fit: initial weights and order of the examples; the same fitted weights for all"

func (v *verification) trainingRows() int {
	for _, row := range v.records.ledger {
		if row.TrainingRows > 0 {
			return row.TrainingRows
		}
	}
	return 0
}

func (v *verification) resultOf(c *contender) object {
	p, e, s := v.records.plan, v.records.environment, c.calls
	layers := p.Model.Layers
	config := object{
		"seed": float64(p.Seed), "warmup_iterations": float64(p.Classic.Warmup), "benchmark_iterations": float64(p.Classic.Iterations),
		"training_samples": float64(v.trainingRows()), "batch": float64(p.Batch), "threads": float64(p.Threads),
		"parameters": float64(c.said.Parameters), "platform": e.Platform, "cpu": e.CPU, "timestamp": e.Time.Format(time.RFC3339),
		"launch": float64(c.launch), "launches": float64(len(c.launches)), "model_format": c.said.Format, "build": c.said.Build,
		"seed_use": seedUse, "raw_samples": samplesFile(c.launch, c.name),
	}
	if len(layers) > 0 {
		config["input_dim"], config["num_classes"] = float64(layers[0]), float64(layers[len(layers)-1])
	}
	for key, version := range versionsOf(c.said) {
		config[key] = version
	}
	return object{"config": config, "results": []any{object{
		"name": c.name, "iterations": float64(s.n),
		"mean_us": s.mean / 1e3, "std_us": s.deviation / 1e3, "ci_95_lower": s.low / 1e3, "ci_95_upper": s.high / 1e3,
		"p50_us": s.middle / 1e3, "p95_us": s.p95 / 1e3, "p99_us": s.p99 / 1e3, "min_us": s.least / 1e3, "max_us": s.greatest / 1e3,
		"throughput_per_sec": s.perSecond,
	}}}
}

// versionsOf names what a contender said of its versions as published files do.
func versionsOf(said spoken) map[string]string {
	hello := said.Hello
	if hello.Name == "" {
		return nil
	}
	key := func(name string) string {
		return strings.ReplaceAll(strings.ToLower(name), "-", "_") + "_version"
	}
	versions := map[string]string{key(hello.Name): hello.Version, "runtime": hello.Runtime, "device": hello.Device, "precision": hello.Precision}
	words := strings.Fields(hello.Runtime)
	switch {
	case len(hello.Runtime) > 2 && strings.HasPrefix(hello.Runtime, "go") && hello.Runtime[2] >= '0' && hello.Runtime[2] <= '9':
		versions["go_version"] = hello.Runtime[2:]
	case len(words) >= 2:
		language := strings.ToLower(words[0])
		language = map[string]string{"cpython": "python", "pypy": "python", "rustc": "rust"}[language]
		if language == "" {
			language = strings.ToLower(words[0])
		}
		versions[key(language)] = words[1]
	}
	return versions
}

// classicPair is a pair's classic comparison; a is the one with the lower p50.
type classicPair struct {
	a, b                    *contender
	claim                   bool
	t, degrees, logP, cohen float64
	effect                  string
}

func classic(a, b *contender, claim bool) classicPair {
	p := classicPair{a: a, b: b, claim: claim}
	va, vb := a.calls.standardError*a.calls.standardError, b.calls.standardError*b.calls.standardError
	p.t, p.degrees, p.logP = math.NaN(), math.NaN(), math.NaN()
	if va+vb > 0 {
		p.t = (a.calls.mean - b.calls.mean) / math.Sqrt(va+vb)
		p.degrees = (va + vb) * (va + vb) / (va*va/float64(a.calls.n-1) + vb*vb/float64(b.calls.n-1))
		p.logP = studentLog(p.t, p.degrees)
	}
	p.cohen = math.NaN()
	if pooled := math.Sqrt((a.calls.deviation*a.calls.deviation + b.calls.deviation*b.calls.deviation) / 2); pooled > 0 {
		p.cohen = (a.calls.mean - b.calls.mean) / pooled
	}
	switch size := math.Abs(p.cohen); {
	case size >= 0.8:
		p.effect = "large"
	case size >= 0.5:
		p.effect = "medium"
	case size >= 0.2:
		p.effect = "small"
	case size >= 0:
		p.effect = "negligible"
	default:
		p.effect = "undefined"
	}
	return p
}

// classicPairs has every two measured contenders: those of claims first, then by
// speed.
func (v *verification) classicPairs(o *outcome) []classicPair {
	var pairs []classicPair
	done := map[[2]string]bool{}
	add := func(a, b *contender, claim bool) {
		if a == nil || b == nil || a == b || a.status != measured || b.status != measured ||
			done[[2]string{a.name, b.name}] || done[[2]string{b.name, a.name}] {
			return
		}
		done[[2]string{a.name, b.name}] = true
		pairs = append(pairs, classic(a, b, claim))
	}
	for _, claim := range v.records.plan.Claims {
		add(o.contender(claim.Faster), o.contender(claim.Than), true)
	}
	for i, a := range o.fastest {
		for _, b := range o.fastest[i+1:] {
			add(a, b, false)
		}
	}
	return pairs
}

func (v *verification) pairObject(p classicPair) object {
	// The winner has the lower p50; of two equal ones it is the first.
	if b, a := p.b.calls.middle, p.a.calls.middle; b < a {
		p = classic(p.b, p.a, p.claim)
	}
	engine := func(c *contender) object {
		s := c.calls
		return object{
			"p50_us": s.middle / 1e3, "p95_us": s.p95 / 1e3, "p99_us": s.p99 / 1e3, "max_us": s.greatest / 1e3,
			"mean_us": s.mean / 1e3, "throughput_per_sec": s.perSecond, "parameters": float64(c.said.Parameters),
		}
	}
	a, b := p.a.calls, p.b.calls
	probability := math.Exp(p.logP)
	made := object{
		"winner": p.a.name, "loser": p.b.name, "speedup_p50": b.middle / a.middle, "speedup_mean": b.mean / a.mean,
		"throughput_ratio": a.perSecond / b.perSecond, "t_statistic": p.t, "degrees_of_freedom": p.degrees,
		"p_value": math.Max(probability, math.SmallestNonzeroFloat64), "p_value_is_upper_bound": probability < 0x1p-1022,
		"log10_p_value": p.logP / math.Ln10, "significant": probability < 0.05, "cohens_d": p.cohen, "effect_size": p.effect,
		"engines": object{p.a.name: engine(p.a), p.b.name: engine(p.b)},
	}
	if math.IsNaN(p.logP) {
		made["p_value"], made["p_value_is_upper_bound"] = math.NaN(), false
	}
	return made
}

func (v *verification) summaryOf(o *outcome) object {
	p := v.records.plan
	made := object{
		"timestamp": v.records.environment.Time.Format(time.RFC3339), "suite": p.Suite, "seed": float64(p.Seed), "seed_use": seedUse,
		"benchmark_iterations": float64(p.Classic.Iterations), "launches": float64(p.Launches), "threads": float64(p.Threads), "raw_samples": "samples",
	}
	pairs := []any{}
	for _, pair := range v.classicPairs(o) {
		pairs = append(pairs, v.pairObject(pair))
	}
	if len(pairs) > 0 {
		maps.Copy(made, pairs[0].(object))
	}
	made["pairs"] = pairs
	side := []any{}
	for _, c := range o.comparisons() {
		source := "short bursts"
		if c.fromLong {
			source = "long bursts, by the outer clock"
		}
		side = append(side, object{
			"faster": c.a, "than": c.b, "claim": c.claim, "ratio": c.ratio.estimate, "ratio_ci_95_lower": c.ratio.low, "ratio_ci_95_upper": c.ratio.high,
			"verdict": o.shown(c), "source": source, "ratio_short_bursts": c.short.estimate, "ratio_long_bursts": c.long.estimate,
			"replicates": float64(c.n), "log10_p_value_adjusted": c.logP / math.Ln10,
		})
	}
	made["side_by_side"] = side
	controls := []any{}
	for _, c := range o.controls {
		controls = append(controls, object{
			"name": c.name, "due": c.due, "ratio": c.ratio.estimate, "ratio_ci_999_lower": c.ratio.low, "ratio_ci_999_upper": c.ratio.high, "holds": c.holds,
		})
	}
	made["controls"] = controls
	builds, away := object{}, object{}
	for _, c := range o.contenders {
		if c.status == measured {
			builds[c.name] = c.said.Build
		} else {
			away[c.name] = statusOf(c)
		}
	}
	made["build"], made["limits"] = builds, v.limits(o)
	if len(away) > 0 {
		made["absent"] = away
	}
	return made
}

func (o *outcome) comparisons() []comparison {
	return slices.Concat(o.claims, o.others, o.canonical)
}

// statusOf says in one line what came of a contender without figures.
func statusOf(c *contender) string {
	text := c.status
	switch c.status {
	case failed:
	case notReached:
		text = "was not measured before the run ended"
	default:
		text = "is " + text
	}
	if c.reason != "" {
		text += ": " + strings.Join(strings.Fields(c.reason), " ")
	}
	if c.remedy != "" {
		text += "; " + c.remedy
	}
	return text
}

// limits are the ids of what the comparison leaves out, sorted.
func (v *verification) limits(o *outcome) []any {
	p := v.records.plan
	ids := []string{"batch", "threads"}
	elsewhere := o.devicesElsewhere()
	for _, device := range elsewhere {
		ids = append(ids, "device "+device)
	}
	if len(elsewhere) == 0 {
		ids = append(ids, "cpu-only")
	}
	if p.Train != nil {
		ids = append(ids, "training-only")
	} else {
		ids = append(ids, "inference-only")
	}
	if n := len(p.Model.Layers); n > 0 && (p.Model.Layers[n-1] == 2) {
		ids = append(ids, "two-classes")
	}
	if p.Dataset == "mnist-synthetic" {
		ids = append(ids, "synthetic-data")
	}
	if confinement := v.records.environment.Confinement; confinement == "" || strings.HasPrefix(confinement, "none") {
		ids = append(ids, "no-sandbox")
	}
	for _, c := range o.contenders {
		switch {
		case c.status == wrong:
			ids = append(ids, "wrong "+c.name)
		case c.status != measured:
			ids = append(ids, "missing "+c.name)
		case c.said.Parameters > 0 && c.said.Parameters < int64(p.parameters()):
			ids = append(ids, "reduced "+c.name)
		}
	}
	ids = append(ids, crossings(p, o)...)
	if o.stolen() > 0.05 {
		ids = append(ids, "steal")
	}
	return sorted(ids)
}

// devicesElsewhere are those, other than CPUs, that measured contenders say they compute on.
func (o *outcome) devicesElsewhere() []string {
	named := map[string]bool{}
	for _, c := range o.contenders {
		if device := c.said.Hello.Device; c.status == measured && device != "" && !strings.EqualFold(device, "cpu") {
			named[device] = true
		}
	}
	return slices.Sorted(maps.Keys(named))
}

// sorted are the texts in order, as a JSON list.
func sorted(texts []string) []any {
	slices.Sort(texts)
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}

// crossings are the ids of the checklist's bounds that figures cross, of a run of answers
// or of one of its cells.
func crossings(p plan, o *outcome) []string {
	if p.Train != nil {
		return nil
	}
	var crossed []string
	for _, c := range o.contenders {
		if c.status == measured && c.quickest() < 100 {
			crossed = append(crossed, "override-83 "+c.name)
		}
	}
	for _, c := range slices.Concat(o.claims, o.others) {
		if times := c.ratio.estimate; times > 100 || times < 0.01 {
			crossed = append(crossed, "override-86 "+c.a+"/"+c.b)
		}
		if first, second := p.closeBy(c); first != "" {
			crossed = append(crossed, "override-87 "+first+"/"+second)
		}
	}
	return crossed
}

// quickest is the least of p50, mean and time in short bursts, medians over launches.
func (c *contender) quickest() float64 {
	var middles, means []float64
	for _, one := range c.launches {
		middles, means = append(middles, one.calls.middle), append(means, one.calls.mean)
	}
	least := math.Min(median(middles), median(means))
	if short := over(c.paired, named("short")); !math.IsNaN(short) {
		least = math.Min(least, short)
	}
	return least
}

// closeBy are a compiled engine and an interpreted one that it is not far ahead of, with
// a small model and one row a call.
func (p plan) closeBy(c comparison) (fast, slow string) {
	work := 0
	for i := 1; i < len(p.Model.Layers); i++ {
		work += p.Model.Layers[i-1] * p.Model.Layers[i]
	}
	if p.Batch != 1 || work > 10_000 || slices.Contains(p.Own, c.a) || slices.Contains(p.Own, c.b) {
		return "", ""
	}
	a, b := p.engine(c.a), p.engine(c.b)
	switch {
	case a == nil || b == nil:
		return "", ""
	case !a.Interpreted && b.Interpreted && c.ratio.estimate < 2:
		return c.a, c.b
	case !b.Interpreted && a.Interpreted && 1/c.ratio.estimate < 2:
		return c.b, c.a
	}
	return "", ""
}

// stolen is how much of the time of the contenders' launches the host took, in the
// middle one.
func (o *outcome) stolen() float64 {
	var shares []float64
	for _, c := range o.contenders {
		for _, seen := range c.seen {
			shares = append(shares, seen.Stolen)
		}
	}
	if len(shares) == 0 {
		return 0
	}
	return median(shares)
}
