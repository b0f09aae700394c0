package publication

// This file reads what bullets and sentences say of engines and pairs.

import (
	"regexp"
	"strings"
)

var (
	claimPattern  = regexp.MustCompile(`(?i)^(.*?)(?:\s(?:is|was|are|runs|ran)|:)\s+([\d.,]*\d)\s*(?:x|×|times)\s+(faster than|as fast as|slower than)\s+(.*)$`)
	inlineP       = regexp.MustCompile(`(?i)\bp(?:-value)?\s*([<=≤])\s*([\d.][\d.,]*(?:[eE][+-]?\d+)?)`)
	inlineCohen   = regexp.MustCompile(`(?i)\bcohen'?s d\s*=\s*([+-]?[\d.][\d.,]*)`)
	pCell         = regexp.MustCompile(`^(?:[pP]\s*)?([<=≤])?\s*(` + numberPattern + `)$`)
	boldPattern   = regexp.MustCompile(`\*\*(.+?)\*\*`)
	wordSeparator = func(r rune) bool { return strings.ContainsRune(" \t,;:()[]=\"'!?", r) }
)

// readText reads bullets, sentences and the tables that need to know the engines.
func (d *document) readText() {
	d.words = map[string]bool{}
	for _, engine := range d.p.Engines {
		d.words[engine.Name] = true
	}
	for _, c := range d.p.Comparisons {
		d.words[c.A], d.words[c.B] = true, true
	}
	d.known = len(d.words) > 0
	for _, part := range d.parts {
		if d.err != nil {
			return
		}
		switch part.kind {
		case partTable:
			d.lateTable(part.table)
		case partBullet:
			d.bullet(part)
		case partText:
			d.sentence(part)
		case partHeading:
			d.naming(part.text)
		}
	}
}

// lateTable reads tables of statistics of the pair at hand and of settings of each
// engine, and notes which pair a table of two engines is about.
func (d *document) lateTable(t *table) {
	switch t.kind() {
	case tableStatistics:
		for _, row := range t.rows {
			d.keyed(row.cell(0), row.cell(1), row.line)
		}
	case tableEngineSettings:
		d.engineSettings(t)
	case tableMetrics:
		d.naming(strings.Join(t.header[1:], " , "))
	}
}

func (d *document) engineSettings(t *table) {
	for i := range t.header {
		engine := d.p.Engine(writtenName(t.column(i)))
		if i == 0 || engine == nil {
			continue
		}
		for _, row := range t.rows {
			if !isAbsent(row.cell(i)) {
				d.noted(&engine.Settings, row.line, row.cell(0), row.cell(i))
			}
		}
	}
}

// bullet reads "- key: value", as a statistic or, in a section of settings, as a
// setting, or else a sentence.
func (d *document) bullet(part part) {
	key, text, ok := cutKey(part.text)
	switch {
	case d.claim(part):
	case !ok:
		d.sentence(part)
	case d.keyed(key, text, part.line):
	case part.in.settings:
		d.settingBullet(part, key, text)
	default:
		d.naming(part.text)
	}
}

// cutKey splits at the first colon, or else at an equals sign. A key is short and
// has no link in it.
func cutKey(line string) (key, text string, ok bool) {
	const most = 80
	line = unmarked(line)
	at := strings.IndexByte(line, ':')
	if at < 0 {
		at = strings.IndexByte(line, '=')
	}
	if at <= 0 || at > most {
		return "", "", false
	}
	key, text = strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+1:])
	return key, text, text != "" && !strings.HasPrefix(text, "//")
}

// settingBullet gives a subsection's bullets to its engine, and other ones to the
// whole. A subsection with a version but no figures anywhere is an engine's too.
func (d *document) settingBullet(part part, key, text string) {
	name := writtenName(part.in.under)
	settings := &d.p.Settings
	engine := d.p.Engine(name)
	if engine == nil && name != "" && part.in.versioned {
		engine = d.engine(part.line, name)
	}
	if engine != nil {
		settings = &engine.Settings
	}
	d.language(engine, part)
	d.noted(settings, part.line, key, text)
}

// noted adds a setting. What stands in brackets behind its key, such as what a
// seed is used for, is a setting of its own.
func (d *document) noted(settings *[]Setting, line int, key, text string) {
	name, note := cutBracket(unmarked(key))
	if name == "" || text == "" {
		return
	}
	d.setting(settings, line, settingKey(name), text)
	if note != "" {
		d.setting(settings, line, settingKey(name)+" note", note)
	}
}

// language keeps the bracketed word of "### Aprender (Rust)", once.
func (d *document) language(engine *Engine, part part) {
	_, inside := cutBracket(unmarked(part.in.under))
	if engine == nil || inside == "" {
		return
	}
	for _, s := range engine.Settings {
		if s.Key == "language" && s.Text == inside {
			return
		}
	}
	d.setting(&engine.Settings, part.line, "language", inside)
}

// sentence reads a claim, or a statistic that stands in a line of its own, or
// notes which pair is named.
func (d *document) sentence(part part) {
	if d.claim(part) {
		return
	}
	if key, text, ok := cutKey(part.text); ok && d.keyed(key, text, part.line) {
		return
	}
	if part.kind == partBullet && strings.HasPrefix(strings.ToLower(unmarked(part.text)), "p") && inlineP.MatchString(part.text) {
		d.inline(part.text, part.line)
		return
	}
	d.naming(part.text)
}

// claim reads "**a is 9.7x faster than b**" and reports whether it is there.
func (d *document) claim(part part) bool {
	texts := []string{part.text}
	if lower := strings.ToLower(unmarked(part.text)); !strings.Contains(lower, "er than") && !strings.Contains(lower, "as fast as") {
		return false
	}
	for _, match := range boldPattern.FindAllStringSubmatch(part.text, 4) {
		texts = append([]string{match[1]}, texts...)
	}
	for _, text := range texts {
		match := claimPattern.FindStringSubmatch(unmarked(text))
		if match == nil {
			continue
		}
		a, b := d.nameAtEnd(match[1]), d.nameAtStart(match[4])
		if strings.EqualFold(match[3], "slower than") {
			a, b = b, a
		}
		if a == "" || b == "" || a == b {
			continue
		}
		d.stated(part, a, b, match[2])
		return true
	}
	return false
}

func (d *document) stated(part part, a, b, ratio string) {
	d.a, d.b = a, b
	figure, err := cellFigure(RatioStated, ratio, 0, d.place(part.line))
	if err != nil {
		d.unread(part.line, a+" and "+b, "%s: %v", RatioStated, err)
		return
	}
	d.add(d.comparison(part.line, a, b).Figures, figure)
	d.words[a], d.words[b] = true, true
	d.inline(part.text, part.line)
}

// nameAtEnd and nameAtStart find the engine that a claim is about. Where engines
// are known it must be one of them; a file without any is taken by its word.
func (d *document) nameAtEnd(text string) string {
	const most = 6
	text, _ = cutBracket(text)
	fields := strings.Fields(strings.ToLower(text))
	for n := min(most, len(fields)); n > 0; n-- {
		if name := strings.Join(fields[len(fields)-n:], " "); d.words[name] {
			return name
		}
	}
	if d.known || len(fields) == 0 {
		return ""
	}
	return engineName(fields[len(fields)-1])
}

func (d *document) nameAtStart(text string) string {
	const most = 6
	fields := strings.Fields(strings.ToLower(text[:min(len(text), maxNameBytes)]))
	for n := min(most, len(fields)); n > 0; n-- {
		if name := strings.TrimRight(strings.Join(fields[:n], " "), ".,;:!"); d.words[name] {
			return name
		}
	}
	if d.known || len(fields) == 0 {
		return ""
	}
	return engineName(strings.TrimRight(fields[0], ".,;:!"))
}

// naming notes the pair where a line names just two engines.
func (d *document) naming(line string) {
	var found []string
	fields := strings.FieldsFunc(strings.ToLower(unmarked(line)), wordSeparator)
	for _, word := range fields {
		word = strings.Trim(word, ".*_")
		if !d.words[word] || len(found) > 0 && found[0] == word || len(found) > 1 && found[1] == word {
			continue
		}
		if found = append(found, word); len(found) > 2 {
			return
		}
	}
	if len(found) == 2 {
		d.a, d.b = found[0], found[1]
	}
}

// atHand is the comparison that a statistic without names belongs to: of the pair
// named last, or else the only one.
func (d *document) atHand(line int) *Comparison {
	if d.a != "" {
		for _, c := range d.p.Comparisons {
			if c.A == d.a && c.B == d.b || c.A == d.b && c.B == d.a {
				return c
			}
		}
		return d.comparison(line, d.a, d.b)
	}
	switch {
	case len(d.p.Comparisons) == 1:
		return d.p.Comparisons[0]
	case len(d.p.Comparisons) == 0 && len(d.p.Engines) == 2:
		return d.comparison(line, d.p.Engines[0].Name, d.p.Engines[1].Name)
	}
	return nil
}

// keyed reads a statistic under its name and reports whether the name is of one.
func (d *document) keyed(key, text string, line int) bool {
	if !isStatistic(key) {
		return false
	}
	c := d.atHand(line)
	if c == nil {
		d.unread(line, settingKey(key), "of which pair is not said")
		return true
	}
	d.statistic(c, key, text, line)
	return true
}

func isStatistic(key string) bool {
	l := readLabel(key)
	return isOfPair(l.quantity) || l.name == "interpretation" || l.name == "effect size" || isSignificance(l.name)
}

func isSignificance(name string) bool {
	return name == "significance" || name == "significant" || name == "statistical significance" || name == "statistically significant" || strings.HasPrefix(name, "significant at ")
}

// statistic reads one figure or word about a pair.
func (d *document) statistic(c *Comparison, key, text string, line int) {
	l := readLabel(key)
	q := l.quantity
	switch {
	case tStatHeads[l.name]:
		q = TStatistic
	case pValueHeads[l.name]:
		q = PValue
	case cohenHeads[l.name]:
		q = CohenD
	}
	switch {
	case isAbsent(text):
	case effectHeads[l.name]:
		d.effect(c, l.name, text, line)
	case isSignificance(l.name):
		if !d.inlineOf(c, text, line) {
			d.setting(&c.Significant, line, settingKey(key), writtenName(text))
		}
	case q == PValue:
		d.pValue(c, text, line)
	case isOfPair(q):
		d.pairFigure(c, q, text, line)
	}
}

// effect reads "large (Cohen's d = 6.63)" and "large effect".
func (d *document) effect(c *Comparison, key, text string, line int) {
	d.inlineOf(c, text, line)
	word := strings.TrimSuffix(writtenName(text), " effect")
	if match := cellPattern.FindString(word); match != "" && strings.ContainsAny(word, "0123456789") {
		d.unread(line, key, "%q is a number without a name", clipped(text))
		return
	}
	d.setting(&c.Effects, line, key, word)
}

// pValue reads a p-value or, behind a sign, a bound on it.
func (d *document) pValue(c *Comparison, text string, line int) {
	text, _ = cutBracket(unmarked(text))
	match := pCell.FindStringSubmatch(text)
	if match == nil || match[2] == "" {
		d.unread(line, "p-value", "%q is no number", clipped(text))
		return
	}
	d.pairFigure(c, pQuantity(match[1]), match[2], line)
}

func pQuantity(sign string) Quantity {
	if sign == "" || sign == "=" {
		return PValue
	}
	return PBelow
}

func (d *document) pairFigure(c *Comparison, q Quantity, text string, line int) {
	figure, err := cellFigure(q, text, 0, d.place(line))
	if err != nil {
		// A word may stand behind the number, such as "6.63 (large)".
		plain, inside := cutBracket(text)
		if figure, err = cellFigure(q, plain, 0, d.place(line)); err != nil || inside == "" {
			d.unread(line, c.A+" and "+c.B, "%s: %q is no number", q, clipped(text))
			return
		}
	}
	d.add(c.Figures, figure)
}

// inline reads "p < 0.001" and "Cohen's d = 6.63" within a text about the pair at
// hand.
func (d *document) inline(text string, line int) {
	if c := d.atHand(line); c != nil {
		d.inlineOf(c, text, line)
	}
}

func (d *document) inlineOf(c *Comparison, text string, line int) bool {
	text = unmarked(text)
	p, cohen := inlineP.FindStringSubmatch(text), inlineCohen.FindStringSubmatch(text)
	if p != nil {
		d.pairFigure(c, pQuantity(p[1]), strings.TrimRight(p[2], ".,"), line)
	}
	if cohen != nil {
		d.pairFigure(c, CohenD, strings.TrimRight(cohen[1], ".,"), line)
	}
	return p != nil || cohen != nil
}
