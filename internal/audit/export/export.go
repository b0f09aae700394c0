// Package export writes an audit's report in every format that cupel has: each is a
// Handler in a file of its own.
package export

// This file holds the list of formats. To add one, write its handler and name it here:
// the command line's --format follows.

import (
	"fmt"
	"io"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/report"
)

// Options say how an audit is written. A format takes no notice of what it has no use for.
type Options struct {
	// Style is the terminal's.
	Style report.Style
	// Full shows all points with their evidence, judgements and figures.
	Full bool
	// Version is the program's.
	Version string
}

// Handler writes a report in one format. It keeps nothing between calls and is safe for
// concurrent use.
type Handler interface {
	// Name is what --format calls the format.
	Name() string
	// Write writes the whole report; its errors are those of the writer.
	Write(w io.Writer, r *audit.Report, options Options) error
}

// handlers are all formats; the first is the default.
var handlers = []Handler{textHandler{}, markdownHandler{}, sarifHandler{}, junitHandler{}, jsonHandler{}}

// Formats lists the formats' names, the default first.
func Formats() []string {
	var names []string
	for _, handler := range handlers {
		names = append(names, handler.Name())
	}
	return names
}

// For returns the handler of a format. The error says which formats there are.
func For(format string) (Handler, error) {
	for _, handler := range handlers {
		if handler.Name() == format {
			return handler, nil
		}
	}
	return nil, fmt.Errorf("%q: it is one of %s", format, strings.Join(Formats(), ", "))
}
