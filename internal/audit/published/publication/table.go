package publication

// This file reads tables.

import (
	"math"
	"regexp"
	"strings"
)

// set is a set of the words that name a kind of column.
type set map[string]bool

func words(list string) set {
	s := set{}
	for _, word := range strings.Split(list, ",") {
		s[word] = true
	}
	return s
}

var (
	metricHeads    = words("metric,metrics,statistic,measure,measurement,percentile,quantity,latency")
	engineHeads    = words("method,benchmark name,test,contender,contenders,framework,engine,name,library,command,implementation,tool,runtime,language,backend,program,candidate,system,benchmark")
	settingHeads   = words("parameter,setting,property,component,option,field,key,item,environment")
	valueHeads     = words("value,values,setting,details,detail,specification,spec,version")
	otherHeads     = words(",notes,note,winner,difference,diff,change,delta,improvement,faster,better,comment,remark,unit,units")
	effectHeads    = words("interpretation,effect,effect size,magnitude")
	unitHeads      = words("unit,units")
	tStatHeads     = words("t,t stat")
	pValueHeads    = words("p")
	cohenHeads     = words("d")
	deviationHeads = words("command")
)

// derivedHeads are of columns that hold something about two engines, not one's
// figures.
var derivedHeads = regexp.MustCompile(`(?i)%|Δ|\bdelta\b|overhead|reduction|\bgain|saving|\bvs\b`)

// tableKind is what a table is, told by its head.
type tableKind byte

const (
	tableOther tableKind = iota
	tableSettings
	tableStatistics
	tableEngineSettings
	tableMetrics
	tableEngines
	tablePairs
)

func (t *table) kind() tableKind {
	first := engineName(unmarked(t.column(0)))
	second := engineName(unmarked(t.column(1)))
	switch {
	case len(t.header) < 2:
		return tableOther
	case first == "pair" || first == "pairs" || first == "comparison":
		return tablePairs
	case first == "" && t.rowsHaveQuantities():
		return tableMetrics
	case settingHeads[first] && valueHeads[second]:
		return tableSettings
	case metricHeads[first] && valueHeads[second]:
		return tableStatistics
	case settingHeads[first]:
		return tableEngineSettings
	case metricHeads[first]:
		return tableMetrics
	case (first == "" || engineHeads[first]) && t.hasQuantities():
		return tableEngines
	}
	return tableOther
}

func (t *table) hasQuantities() bool {
	for _, head := range t.header[1:] {
		if l := readLabel(head); l.quantity != "" || l.isInterval {
			return true
		}
	}
	return false
}

// rowsHaveQuantities is what tells a table of metrics whose first head is empty.
func (t *table) rowsHaveQuantities() bool {
	for _, row := range t.rows {
		if l := readLabel(row.cell(0)); l.quantity != "" || l.isInterval {
			return true
		}
	}
	return false
}

// readTable reads the tables of figures and settings. Those that need to know the
// engines or the pair at hand are read with the text.
func (d *document) readTable(t *table) {
	switch t.kind() {
	case tableSettings:
		for _, row := range t.rows {
			d.noted(&d.p.Settings, row.line, row.cell(0), row.cell(1))
		}
	case tableMetrics:
		d.metrics(t)
	case tableEngines:
		d.engines(t)
	case tablePairs:
		d.pairs(t)
	}
}

// unit is that of the first head or row name that has one, for those without.
func (t *table) unit() float64 {
	for _, head := range t.header {
		if l := readLabel(head); l.unit != 0 {
			return l.unit
		}
	}
	for _, row := range t.rows {
		if l := readLabel(row.cell(0)); l.unit != 0 && l.quantity != "" {
			return l.unit
		}
	}
	return 0
}

// metricColumn is a column of a table of metrics: an engine's, or the ratio's.
type metricColumn struct {
	engine *Engine
	ratio  bool
	unit   float64
}

// metrics reads a table with a row for each metric and a column for each engine.
func (d *document) metrics(t *table) {
	columns, sides := d.metricColumns(t)
	if len(sides) == 0 || d.err != nil {
		return
	}
	reader := metricReader{d, columns, t.unitColumn(), t.unit()}
	var ratios []printed
	seen := valuesOf{}
	for _, row := range t.rows {
		ratios = append(ratios, reader.row(row, seen)...)
	}
	if len(sides) < 2 {
		return
	}
	a, b := sides[0], sides[1]
	if seen.swapped(a, b, ratios) {
		a, b = b, a
	}
	d.addRatios(a, b, ratios)
}

func (t *table) unitColumn() int {
	for i, head := range t.header {
		if i > 0 && unitHeads[settingKey(head)] {
			return i
		}
	}
	return -1
}

// metricColumns returns what each column is, and the names of the engines.
func (d *document) metricColumns(t *table) (columns []metricColumn, sides []string) {
	columns = make([]metricColumn, len(t.header))
	for i, head := range t.header[1:] {
		name := writtenName(head)
		_, unit := cutUnit(strings.ToLower(unmarked(head)))
		column := metricColumn{unit: unit}
		switch {
		case isRatioHead(name):
			column.ratio = true
		case !otherHeads[name] && !derivedHeads.MatchString(head) && !readLabel(head).isInterval && t.hasFigure(i+1):
			if column.engine = d.engine(t.line, name); column.engine == nil {
				return nil, nil
			}
			sides = append(sides, column.engine.Name)
		}
		columns[i+1] = column
	}
	return columns, sides
}

func isRatioHead(name string) bool {
	switch name {
	case "speed-up", "times", "factor", "times faster", "x faster", "relative":
		return true
	}
	return strings.HasPrefix(name, "speedup") || strings.HasPrefix(name, "ratio")
}

// hasFigure reports whether a column has a number in a row of a known quantity.
func (t *table) hasFigure(column int) bool {
	for _, row := range t.rows {
		l := readLabel(row.cell(0))
		if (l.quantity != "" || l.isInterval) && strings.ContainsAny(row.cell(column), "0123456789") {
			return true
		}
	}
	return false
}

type metricReader struct {
	*document
	columns    []metricColumn
	unitColumn int
	unit       float64
}

// row reads one metric of every engine and returns the ratio's cell.
func (m metricReader) row(row row, seen valuesOf) (ratios []printed) {
	l := readLabel(row.cell(0))
	if l.quantity == "" && !l.isInterval {
		return nil
	}
	for i, column := range m.columns {
		cell := row.cell(i)
		switch {
		case column.engine != nil:
			l := l
			l.unit = m.unitOf(l, column, row)
			m.engineCell(column.engine, l, cell, row.line, seen)
		case column.ratio:
			if q, ok := ratioOf(l.quantity); ok && !isAbsent(cell) {
				ratios = append(ratios, printed{q, l.quantity, cell, row.line})
			}
		}
	}
	return ratios
}

func (m metricReader) unitOf(l label, column metricColumn, row row) float64 {
	if l.unit != 0 {
		return l.unit
	}
	if m.unitColumn > 0 {
		if unit := microseconds[strings.ToLower(row.cell(m.unitColumn))]; unit != 0 {
			return unit
		}
	}
	if column.unit != 0 {
		return column.unit
	}
	return m.unit
}

// engineCell reads a cell: a figure, both ends of an interval, or a mean with its
// deviation.
func (d *document) engineCell(engine *Engine, l label, cell string, line int, seen valuesOf) {
	switch {
	case isAbsent(cell):
	case l.isInterval:
		low, high, ok := rangeCell(cell)
		if !ok {
			d.unread(line, engine.Name, "%q is no interval", clipped(cell))
			return
		}
		d.cellOf(engine, CILow, low, l.unit, line)
		d.cellOf(engine, CIHigh, high, l.unit, line)
	default:
		value, deviation := splitDeviation(cell)
		if x, ok := d.cellOf(engine, l.quantity, value, l.unit, line); ok {
			seen.set(engine.Name, l.quantity, x)
		}
		switch {
		case deviation == "":
		case l.quantity == Mean && l.deviates:
			d.cellOf(engine, StdDev, deviation, l.unit, line)
		default:
			// It may as well be half of an interval.
			d.unread(line, engine.Name, "what is meant by ± in %q is not said", clipped(cell))
		}
	}
}

func (d *document) cellOf(engine *Engine, q Quantity, cell string, unit float64, line int) (float64, bool) {
	figure, err := cellFigure(q, cell, unit, d.place(line))
	if err != nil {
		d.unread(line, engine.Name, "%s: %v", q, err)
		return 0, false
	}
	d.add(engine.Figures, figure)
	return figure.Value, true
}

// valuesOf keeps a table's values, to tell which engine a ratio calls faster.
type valuesOf map[string]map[Quantity]float64

func (v valuesOf) set(engine string, q Quantity, x float64) {
	if v[engine] == nil {
		v[engine] = map[Quantity]float64{}
	}
	v[engine][q] = x
}

// printed is a ratio in a table.
type printed struct {
	ratio, of Quantity
	cell      string
	line      int
}

// swapped reports whether a table's ratios are of b to a and not of a to b. The
// first that comes nearer to one than to the other decides.
func (v valuesOf) swapped(a, b string, ratios []printed) bool {
	for _, p := range ratios {
		figure, err := cellFigure(p.ratio, p.cell, 0, Place{})
		x, y := v[a][p.of], v[b][p.of]
		if err != nil || !(figure.Value > 0) || !(x > 0) || !(y > 0) {
			continue
		}
		forward := math.Log(y / x)
		if p.of == Throughput {
			forward = -forward
		}
		printed := math.Log(figure.Value)
		if near, far := math.Abs(printed-forward), math.Abs(printed+forward); near != far {
			return far < near
		}
	}
	return false
}

func (d *document) addRatios(a, b string, ratios []printed) {
	for _, p := range ratios {
		figure, err := cellFigure(p.ratio, p.cell, 0, d.place(p.line))
		if err != nil {
			d.unread(p.line, a+" and "+b, "%s: %v", p.ratio, err)
			continue
		}
		d.add(d.comparison(p.line, a, b).Figures, figure)
	}
}

// engines reads a table with a row for each engine and a column for each metric.
func (d *document) engines(t *table) {
	labels := d.engineLabels(t)
	seen := valuesOf{}
	var order []string
	for _, row := range t.rows {
		if isRatioHead(writtenName(row.cell(0))) {
			d.ratioRow(row, labels, order, seen)
			continue
		}
		name := writtenName(row.cell(0))
		if name == "" || !rowHasFigure(row, labels) {
			continue
		}
		engine := d.engine(row.line, name)
		if engine == nil {
			return
		}
		order = append(order, engine.Name)
		for i, l := range labels {
			if l.quantity != "" || l.isInterval {
				d.engineCell(engine, l, row.cell(i), row.line, seen)
			}
		}
	}
}

// engineLabels returns what the columns are. hyperfine's tables, which begin with
// Command, have deviations behind the means without saying so.
func (d *document) engineLabels(t *table) []label {
	unit := t.unit()
	deviates := deviationHeads[settingKey(t.column(0))]
	labels := make([]label, len(t.header))
	for i, head := range t.header[1:] {
		l := readLabel(head)
		if l.unit == 0 {
			l.unit = unit
		}
		l.deviates = l.deviates || deviates
		labels[i+1] = l
	}
	return labels
}

func rowHasFigure(row row, labels []label) bool {
	for i, l := range labels {
		if (l.quantity != "" || l.isInterval) && strings.ContainsAny(row.cell(i), "0123456789") {
			return true
		}
	}
	return false
}

// ratioRow reads a row "Ratio", which is of the first two engines, or "Ratio a/b".
func (d *document) ratioRow(row row, labels []label, order []string, seen valuesOf) {
	a, b := ratioSides(writtenName(row.cell(0)), order)
	if a == "" || b == "" {
		d.unread(row.line, "ratio", "of which engines is not said")
		return
	}
	var ratios []printed
	for i, l := range labels {
		if q, ok := ratioOf(l.quantity); ok && !isAbsent(row.cell(i)) {
			ratios = append(ratios, printed{q, l.quantity, row.cell(i), row.line})
		}
	}
	if seen.swapped(a, b, ratios) {
		a, b = b, a
	}
	d.addRatios(a, b, ratios)
}

func ratioSides(name string, order []string) (a, b string) {
	for at := range name {
		if name[at] != '/' {
			continue
		}
		before, after := strings.TrimSpace(name[:at]), strings.TrimSpace(name[at+1:])
		for _, engine := range order {
			if after == engine {
				b = engine
			}
			if strings.HasSuffix(before, " "+engine) {
				a = engine
			}
		}
		if a != "" && b != "" {
			return a, b
		}
	}
	if strings.Contains(name, "/") || len(order) < 2 {
		return "", ""
	}
	return order[0], order[1]
}

// pairs reads a table with a row for each pair.
func (d *document) pairs(t *table) {
	for _, row := range t.rows {
		a, b, ok := pairSides(row.cell(0))
		if !ok {
			d.unread(row.line, "pair", "%q does not name two engines", clipped(row.cell(0)))
			continue
		}
		c := d.comparison(row.line, a, b)
		for i := range t.header {
			if i > 0 {
				d.statistic(c, t.column(i), row.cell(i), row.line)
			}
		}
	}
}

func pairSides(cell string) (a, b string, ok bool) {
	for _, word := range []string{" and ", " vs. ", " vs ", " versus ", " / ", "/"} {
		if before, after, found := strings.Cut(strings.ToLower(cell), word); found {
			a, b = writtenName(before), writtenName(after)
			return a, b, a != "" && b != "" && a != b
		}
	}
	return "", "", false
}
