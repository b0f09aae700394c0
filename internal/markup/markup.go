// Package markup writes Markdown whose texts are a stranger's: none of them becomes more
// than text.
package markup

import (
	"fmt"
	"reflect"
	"strings"
)

// Page is a page being written. It is not safe for concurrent use.
type Page struct{ text strings.Builder }

// Line writes one line.
func (p *Page) Line(format string, args ...any) {
	for i, arg := range args {
		if reflect.ValueOf(arg).Kind() == reflect.String {
			args[i] = plain.Replace(fmt.Sprint(arg))
		}
	}
	fmt.Fprintf(&p.text, format, args...)
	p.text.WriteByte('\n')
}

// Heading writes a heading with one empty line around it.
func (p *Page) Heading(level int, title string) {
	text := strings.TrimRight(p.text.String(), "\n")
	p.text.Reset()
	p.text.WriteString(text)
	p.Line("\n\n%s %s\n", strings.Repeat("#", level), title)
}

// plain keeps text of the bundle from being more than text: a contender's version that
// began a comment would hide what follows from a reader, and a line break would make a
// heading of what is no line of this page.
var plain = strings.NewReplacer("<", "&lt;", "\n", " ", "\r", " ")

// Row writes one row of a table.
func (p *Page) Row(cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(cell, "|", `\|`)
	}
	p.Line("| %s |", strings.Join(cells, " | "))
}

// Header writes the first row of a table and its rule.
func (p *Page) Header(cells ...string) {
	p.Row(cells...)
	p.Line("|%s", strings.Repeat("---|", len(cells)))
}

// Append adds what another page holds.
func (p *Page) Append(other *Page) { p.text.WriteString(other.text.String()) }

// String is the page's text.
func (p *Page) String() string { return p.text.String() }
