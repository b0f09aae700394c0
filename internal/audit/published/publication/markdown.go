package publication

// This file splits a Markdown file into its parts and reads them in two passes:
// first the tables, which name the engines, then the text, which speaks of them.

import (
	"regexp"
	"strings"
)

// maxCells bounds a file's tables, and maxColumns one row of them.
const (
	maxCells   = 1_000_000
	maxColumns = 256
	// maxLineBytes is where a line is no longer one that a person wrote, but, say,
	// a picture. It is kept and noted, and not read.
	maxLineBytes = 16 << 10
)

type partKind byte

const (
	partHeading partKind = iota
	partBullet
	partText
	partTable
)

// part is a heading, a bullet, a line of text, or a table.
type part struct {
	kind  partKind
	line  int
	text  string
	table *table
	in    *section
}

// section is the heading that a part stands under.
type section struct {
	title string
	// settings says that bullets in it are settings.
	settings bool
	// under is the title of the subsection of such a section, where there is one.
	under string
	level int
	// top is the level of the heading that began the settings.
	top int
	// versioned says that a bullet of it names a version.
	versioned bool
}

type table struct {
	line   int
	header []string
	rows   []row
}

type row struct {
	line  int
	cells []string
}

var (
	headingPattern = regexp.MustCompile(`^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$`)
	bulletPattern  = regexp.MustCompile(`^\s*[-*+]\s+(.*)$`)
	rulePattern    = regexp.MustCompile(`^\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?$`)
	fencePattern   = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})")
)

// document is a Markdown file on its way to the publication.
type document struct {
	*reader
	parts   []part
	section *section
	cells   int
	// fence is what began the code block that lines are in.
	fence string
	// words has the names of all engines.
	words map[string]bool
	// known says that tables or earlier files name engines.
	known bool
	// a and b are the engines that the text last named together.
	a, b string
}

func (r *reader) markdown(text string) {
	d := &document{reader: r, section: &section{}}
	lines := strings.Split(text, "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	}
	if len(r.p.Lines)+len(lines) > maxLines {
		r.fail(min(len(lines), maxLines), "more than %d lines", maxLines)
		return
	}
	d.split(lines)
	for i := range d.parts {
		if d.parts[i].kind == partTable && r.err == nil {
			d.readTable(d.parts[i].table)
		}
	}
	d.readText()
}

// split finds the parts and keeps lines, headings and commands.
func (d *document) split(lines []string) {
	for i := 0; i < len(lines) && d.err == nil; i++ {
		line := strings.TrimSuffix(lines[i], "\r")
		d.keepLine(i+1, line)
		switch {
		case d.code(i+1, line):
		case len(line) > maxLineBytes:
			d.unread(i+1, "line", "%d bytes", len(line))
		case isTableHead(lines, i):
			i = d.splitTable(lines, i)
		default:
			d.splitLine(i+1, line)
		}
	}
}

func (d *document) keepLine(line int, text string) {
	d.p.Lines = append(d.p.Lines, Setting{Key: d.section.title, Text: text, Place: d.place(line)})
}

// code reports whether a line is of a code block.
func (d *document) code(number int, line string) bool {
	match := fencePattern.FindStringSubmatch(line)
	switch {
	case d.fence == "" && match == nil:
		return false
	case d.fence == "":
		d.fence = match[1]
	case match != nil && strings.HasPrefix(match[1], d.fence) && strings.Trim(line, " `~\t") == "":
		d.fence = ""
	default:
		d.p.Commands = append(d.p.Commands, Setting{Key: d.section.title, Text: line, Place: d.place(number)})
	}
	return true
}

func (d *document) splitLine(number int, line string) {
	if match := headingPattern.FindStringSubmatch(line); match != nil {
		d.heading(number, len(match[1]), match[2])
		return
	}
	if match := bulletPattern.FindStringSubmatch(line); match != nil {
		key, _, _ := strings.Cut(match[1], ":")
		if settingKey(key) == "version" {
			d.section.versioned = true
		}
		d.parts = append(d.parts, part{kind: partBullet, line: number, text: match[1], in: d.section})
		return
	}
	if strings.TrimSpace(line) != "" {
		d.parts = append(d.parts, part{kind: partText, line: number, text: line, in: d.section})
	}
}

// settingSections are the titles of sections whose bullets are settings.
var settingSections = map[string]bool{
	"environment": true, "setup": true, "configuration": true, "methodology": true, "hardware": true, "system": true,
	"test environment": true, "benchmark environment": true, "environment details": true, "software": true,
}

func (d *document) heading(number, level int, title string) {
	d.p.Headings = append(d.p.Headings, Setting{Key: strings.Repeat("#", level), Text: title, Place: d.place(number)})
	before := d.section
	next := &section{title: settingKey(title), level: level}
	switch {
	case before.settings && level == before.top+1:
		next.settings, next.top, next.under = true, before.top, title
	case before.settings && level > before.top:
		next.settings, next.top, next.under = true, before.top, before.under
	default:
		next.settings, next.top = settingSections[next.title], level
	}
	d.section = next
	d.parts = append(d.parts, part{kind: partHeading, line: number, text: title, in: next})
}

// isTableHead reports whether a table begins at a line: its head, then a rule.
func isTableHead(lines []string, i int) bool {
	if i+1 >= len(lines) || len(lines[i+1]) > maxLineBytes || !strings.Contains(lines[i], "|") {
		return false
	}
	rule := strings.TrimSpace(lines[i+1])
	return strings.Contains(rule, "-") && strings.Contains(rule, "|") && rulePattern.MatchString(rule)
}

// splitTable reads a table's cells and returns the index of its last line.
func (d *document) splitTable(lines []string, i int) int {
	t := &table{line: i + 1, header: d.splitRow(i+1, lines[i])}
	d.keepLine(i+2, strings.TrimSuffix(lines[i+1], "\r"))
	at := i + 2
	for ; at < len(lines) && strings.Contains(lines[at], "|") && d.err == nil; at++ {
		d.keepLine(at+1, strings.TrimSuffix(lines[at], "\r"))
		t.rows = append(t.rows, row{at + 1, d.splitRow(at+1, lines[at])})
	}
	d.parts = append(d.parts, part{kind: partTable, line: i + 1, table: t, in: d.section})
	return at - 1
}

// splitRow splits one line into cells without Markdown's emphasis. A pipe behind a
// backslash is part of its cell.
func (d *document) splitRow(number int, line string) []string {
	line = strings.TrimSpace(line)
	line = strings.TrimPrefix(line, "|")
	if strings.HasSuffix(line, "|") && !strings.HasSuffix(line, `\|`) {
		line = line[:len(line)-1]
	}
	if len(line) > maxLineBytes || strings.Count(line, "|") >= maxColumns {
		d.fail(number, "a row of more than %d columns or %d bytes", maxColumns, maxLineBytes)
		return nil
	}
	var cells []string
	start := 0
	for i := 0; i <= len(line); i++ {
		if i == len(line) || line[i] == '|' && (i == 0 || line[i-1] != '\\') {
			cells = append(cells, strings.TrimSpace(strings.ReplaceAll(line[start:i], `\|`, "|")))
			start = i + 1
		}
	}
	if d.cells += len(cells); d.cells > maxCells {
		d.fail(number, "more than %d cells in tables", maxCells)
	}
	return cells
}

// cell is the row's cell of that column, without emphasis, empty where there is
// none.
func (r row) cell(column int) string {
	if column >= len(r.cells) {
		return ""
	}
	return unmarked(r.cells[column])
}

// column is the head of that column.
func (t *table) column(i int) string {
	if i >= len(t.header) {
		return ""
	}
	return t.header[i]
}
