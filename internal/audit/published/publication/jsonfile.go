package publication

// This file reads result files and comparison summaries in JSON.

import (
	"path/filepath"
	"strings"
)

// json reads a JSON file of any of the known kinds.
func (r *reader) json(data []byte) {
	root := r.readTree(data)
	if root == nil {
		return
	}
	results := root.get("results")
	switch {
	case root.kind != kindObject:
		r.fail(root.line, "not an object, so of no kind of result file that is known here")
	case root.get("benchmarks") != nil:
		r.pyperf(root)
	case results != nil && isHyperfine(results):
		r.hyperfine(results)
	case results != nil:
		r.resultFile(root, results)
	case root.get("pairs") != nil || root.get("winner") != nil || root.get("speedup_p50") != nil || root.get("t_statistic") != nil:
		r.summary(root)
	default:
		r.fail(root.line, "of no kind of result file that is known here: there are no results, benchmarks or pairs in it")
	}
}

// numberFigure adds the figure of a JSON number. JSON keeps whole float64 values,
// so the figure is marked exact.
func (r *reader) numberFigure(figures map[Quantity][]Figure, q Quantity, key string, v *value, scale float64) {
	if v.kind == kindNull {
		return
	}
	if v.kind != kindNumber {
		r.fail(v.line, "%s is not a number", clipped(key))
		return
	}
	figure, err := newFigure(q, v.text, scale, r.place(v.line))
	if err != nil {
		r.fail(v.line, "%s: %v", clipped(key), err)
		return
	}
	figure.Exact = true
	r.add(figures, figure)
}

// resultFile reads one contender's results. The config is that of every entry.
func (r *reader) resultFile(root, results *value) {
	entries := results.entries()
	if len(entries) == 0 {
		r.fail(results.line, "results has no entry")
	}
	for i, entry := range entries {
		if entry.kind != kindObject {
			r.fail(entry.line, "a result that is not an object")
		}
		engine := r.engine(entry.line, r.resultName(i, entry.textOf("name")))
		if engine == nil {
			return
		}
		for _, m := range entry.members {
			r.resultMember(engine, m)
		}
		r.config(&engine.Settings, "", root.get("config"))
	}
}

// resultName is the engine's name. Published files are called after the engine,
// such as aprender_mnist_results.json, and their first entry after the engine and
// its model, "Aprender LogisticRegression"; the report that goes with them calls
// that entry by the engine alone. Further entries keep their whole names.
func (r *reader) resultName(index int, name string) string {
	first, _, _ := strings.Cut(strings.TrimSuffix(strings.ToLower(filepath.Base(r.file)), ".json"), "_")
	name = engineName(name)
	if index == 0 && (name == "" || strings.HasPrefix(name, first+" ")) {
		return first
	}
	return name
}

func (r *reader) resultMember(engine *Engine, m member) {
	l := readLabel(m.key)
	scale := 1.0
	if isTime(l.quantity) && l.unit != 0 {
		scale = l.unit
	}
	switch {
	case m.value.kind == kindList && l.unit != 0 && len(m.value.numbers) > 0:
		engine.Samples = append(engine.Samples, scaled(m.value.numbers, l.unit))
	case l.quantity != "" && m.value.kind != kindList && m.value.kind != kindObject:
		r.numberFigure(engine.Figures, l.quantity, m.key, m.value, scale)
	}
}

// scaled changes the numbers in place, as nobody else has them.
func scaled(numbers []float64, by float64) []float64 {
	for i := range numbers {
		numbers[i] *= by
	}
	return numbers
}

// config adds an object's texts as settings; those of objects within get keys
// with dots.
func (r *reader) config(settings *[]Setting, prefix string, config *value) {
	if config == nil {
		return
	}
	if config.kind != kindObject {
		r.fail(config.line, "config is not an object")
		return
	}
	for _, m := range config.members {
		key := prefix + strings.ToLower(strings.TrimSpace(m.key))
		switch {
		case r.err != nil:
			return
		case m.value.kind == kindObject && len(key) < maxNameBytes:
			r.config(settings, key+".", m.value)
		case m.value.text != "":
			r.setting(settings, m.value.line, key, m.value.text)
		}
	}
}

// summary reads comparison_summary.json. Where the top-level pair stands in pairs
// too, its figures are there twice.
func (r *reader) summary(root *value) {
	r.summarySettings(root)
	if root.get("winner") != nil || root.get("t_statistic") != nil || root.get("speedup_p50") != nil {
		r.pair(root)
	}
	for _, pair := range root.get("pairs").entries() {
		if pair.kind != kindObject {
			r.fail(pair.line, "a pair that is not an object")
			return
		}
		r.pair(pair)
	}
}

// summarySettings keeps what stands beside the pair's figures and says where they
// come from.
func (r *reader) summarySettings(root *value) {
	about := &value{kind: kindObject, line: root.line}
	for _, m := range root.members {
		known := isOfPair(quantities[plainWords(strings.ToLower(m.key))]) || m.value.kind == kindObject && m.key != "build"
		if !known {
			about.members = append(about.members, m)
		}
	}
	r.config(&r.p.Settings, "", about)
}

func (r *reader) pair(pair *value) {
	names := r.pairEngines(pair)
	winner, loser := engineName(pair.textOf("winner")), engineName(pair.textOf("loser"))
	for _, name := range names {
		switch {
		case winner == "" && name != loser:
			winner = name
		case loser == "" && name != winner:
			loser = name
		}
	}
	if winner == "" || loser == "" || winner == loser {
		r.fail(pair.line, "a pair that does not name two engines")
		return
	}
	c := r.comparison(pair.line, winner, loser)
	for _, m := range pair.members {
		r.pairMember(c, pair, m)
	}
}

func (r *reader) pairMember(c *Comparison, pair *value, m member) {
	q := quantities[plainWords(strings.ToLower(m.key))]
	if q == PValue {
		if bound := pair.get("p_value_is_upper_bound"); bound != nil && bound.text == "true" {
			q = PBelow
		}
	}
	switch {
	case m.value.kind == kindList, m.value.kind == kindObject, m.value.kind == kindNull:
	case m.key == "significant" || m.key == "effect_size":
		list := &c.Significant
		if m.key == "effect_size" {
			list = &c.Effects
		}
		r.setting(list, m.value.line, strings.ReplaceAll(m.key, "_", " "), strings.ToLower(m.value.text))
	case m.key == "speedup":
		r.numberFigure(c.Figures, RatioStated, m.key, m.value, 1)
	case isOfPair(q):
		r.numberFigure(c.Figures, q, m.key, m.value, 1)
	}
}

func isOfPair(q Quantity) bool {
	switch q {
	case TStatistic, Degrees, PValue, PBelow, CohenD:
		return true
	}
	return isRatio(q)
}

// pairEngines reads the objects of a pair's engines, which stand in "engines" or
// beside the pair's figures, and returns the engines' names.
func (r *reader) pairEngines(pair *value) []string {
	members := pair.members
	if engines := pair.get("engines"); engines != nil {
		members = engines.members
	}
	var names []string
	for _, m := range members {
		if r.err != nil {
			return nil
		}
		if name, ok := r.pairEngine(m); ok {
			names = append(names, name)
		}
	}
	return names
}

// pairEngine reads an engine's object; times without a unit in their key are in
// microseconds there.
func (r *reader) pairEngine(m member) (string, bool) {
	if m.value.kind != kindObject || m.value.get("p50_us") == nil && m.value.get("p50") == nil && m.value.get("mean_us") == nil && m.value.get("mean") == nil {
		return "", false
	}
	engine := r.engine(m.value.line, m.key)
	if engine == nil {
		return "", false
	}
	for _, figure := range m.value.members {
		r.resultMember(engine, figure)
	}
	return engine.Name, true
}
