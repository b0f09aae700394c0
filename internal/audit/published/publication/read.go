package publication

// This file opens files, tells their formats apart and bounds what is kept.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// The bounds of what is read. They are far above what anybody publishes, and
// what is beyond them is refused and never cut off silently.
const (
	maxFileBytes   = 64 << 20
	maxLines       = 100_000
	maxEngines     = 256
	maxComparisons = 1_000
	maxFigures     = 200_000
	maxSettings    = 100_000
	maxNameBytes   = 1_000
)

// Error says where a file can't be read.
type Error struct {
	File string
	// Line is 0 where the file as a whole is meant.
	Line    int
	Message string
}

// Error is one line, whatever the file's name and contents are.
func (e *Error) Error() string {
	if e.Line == 0 {
		return oneLine(e.File + ": " + e.Message)
	}
	return oneLine(e.File + ":" + strconv.Itoa(e.Line) + ": " + e.Message)
}

func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// Read reads files and merges what they say of engines of the same name. Its
// errors are of type *Error.
func Read(paths []string) (*Publication, error) {
	p := &Publication{}
	for _, path := range paths {
		text, err := readFile(path)
		if err != nil {
			return nil, err
		}
		if err := Parse(p, path, text); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// readFile looks before it opens, as opening a pipe would wait for its writer.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &Error{File: path, Message: reason(err)}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{File: path, Message: "is not a regular file"}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, &Error{File: path, Message: reason(err)}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err != nil {
		return nil, &Error{File: path, Message: reason(err)}
	}
	if len(text) > maxFileBytes {
		return nil, &Error{File: path, Message: "is larger than 64 MiB"}
	}
	return text, nil
}

func reason(err error) string {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}

// Parse adds one file's contents to p. name is what places and errors call it.
// The format is told by the contents. After an error, which is of type *Error,
// p holds a part of the file.
func Parse(p *Publication, name string, text []byte) error {
	r := &reader{p: p, file: name}
	p.Files = append(p.Files, name)
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	body := bytes.TrimSpace(text)
	at := bytes.IndexByte(text, 0)
	switch {
	case len(text) > maxFileBytes:
		r.fail(0, "is larger than 64 MiB")
	case at >= 0:
		r.fail(1+bytes.Count(text[:at], []byte{'\n'}), "is not text: it holds a zero byte")
	case len(body) == 0:
		r.fail(1, "is empty")
	case body[0] == '{' || strings.EqualFold(filepath.Ext(name), ".json"):
		r.json(text)
	default:
		r.markdown(string(bytes.ToValidUTF8(text, []byte("\uFFFD"))))
	}
	if r.err != nil {
		return r.err
	}
	return nil
}

// reader adds what one file says. The first error stays; what is added after it
// is dropped.
type reader struct {
	p    *Publication
	file string
	err  *Error
	// figures and settings count what p holds, which is walked once.
	figures, settings int
	counted           bool
}

func (r *reader) fail(line int, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{File: r.file, Line: line, Message: fmt.Sprintf(format, args...)}
	}
}

func (r *reader) place(line int) Place { return Place{File: r.file, Line: line} }

// unread keeps what is passed over. Markdown is for people, so one odd cell is
// no reason to refuse the rest.
func (r *reader) unread(line int, key, format string, args ...any) {
	r.setting(&r.p.Unread, line, key, fmt.Sprintf(format, args...))
}

func (r *reader) setting(list *[]Setting, line int, key, text string) {
	r.count()
	if r.settings++; r.settings > maxSettings {
		r.fail(line, "more than %d settings", maxSettings)
	}
	if r.err == nil {
		*list = append(*list, Setting{Key: key, Text: text, Place: r.place(line)})
	}
}

// engine returns the engine of that name, which is made where there is none. It
// is nil after an error.
func (r *reader) engine(line int, name string) *Engine {
	name = engineName(name)
	if engine := r.p.Engine(name); engine != nil {
		return engine
	}
	if name == "" {
		r.fail(line, "an engine without a name")
	}
	if len(r.p.Engines) >= maxEngines {
		r.fail(line, "more than %d engines", maxEngines)
	}
	if r.err != nil {
		return nil
	}
	engine := &Engine{Name: name, Figures: map[Quantity][]Figure{}}
	r.p.Engines = append(r.p.Engines, engine)
	return engine
}

// sampled returns an engine for raw samples. Files of samples name programs, not
// sides of a comparison, and the same program before and after a change has the
// same name in both files, so that a name that has samples already is another's.
func (r *reader) sampled(line int, name string) *Engine {
	plain := engineName(name)
	name = plain
	for n := 2; n <= maxEngines+1; n++ {
		if engine := r.p.Engine(name); engine == nil || len(engine.Samples) == 0 {
			break
		}
		name = fmt.Sprintf("%s #%d", plain, n)
	}
	return r.engine(line, name)
}

// comparison returns that of a and b in this order, made where there is none.
func (r *reader) comparison(line int, a, b string) *Comparison {
	for _, c := range r.p.Comparisons {
		if c.A == a && c.B == b {
			return c
		}
	}
	if len(r.p.Comparisons) >= maxComparisons {
		r.fail(line, "more than %d comparisons", maxComparisons)
	}
	c := &Comparison{A: a, B: b, Figures: map[Quantity][]Figure{}}
	if r.err == nil {
		r.p.Comparisons = append(r.p.Comparisons, c)
	}
	return c
}

// add adds a figure to those of an engine or of a comparison.
func (r *reader) add(figures map[Quantity][]Figure, figure Figure) {
	r.count()
	if r.figures++; r.figures > maxFigures {
		r.fail(figure.Place.Line, "more than %d figures", maxFigures)
	}
	if r.err == nil {
		figures[figure.Quantity] = append(figures[figure.Quantity], figure)
	}
}

// count brings the counts up to what earlier files left.
func (r *reader) count() {
	if r.counted {
		return
	}
	r.counted = true
	p := r.p
	r.settings = len(p.Settings) + len(p.Unread)
	for _, engine := range p.Engines {
		r.settings += len(engine.Settings)
		r.figures += countFigures(engine.Figures)
	}
	for _, c := range p.Comparisons {
		r.settings += len(c.Effects) + len(c.Significant)
		r.figures += countFigures(c.Figures)
	}
}

func countFigures(figures map[Quantity][]Figure) int {
	n := 0
	for _, list := range figures {
		n += len(list)
	}
	return n
}

// processes notes how many processes an engine's samples come from; of several
// engines the fewest count.
func (r *reader) processes(n int) {
	if r.p.Processes == 0 || n < r.p.Processes {
		r.p.Processes = n
	}
}
