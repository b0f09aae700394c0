package publication

// This file reads JSON into a tree that knows its lines.

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// The bounds of a JSON file. Numbers in lists, of which raw samples have many,
// take 8 bytes each.
const (
	maxDepth   = 64
	maxValues  = 500_000
	maxNumbers = 2_000_000
)

type kind byte

const (
	kindNull kind = iota
	kindBoolean
	kindNumber
	kindText
	kindList
	kindObject
)

// value is a JSON value. A list keeps its numbers apart from its other items.
type value struct {
	kind kind
	line int
	// text is that of a string, a number or a boolean, as the file has it.
	text    string
	members []member
	items   []*value
	numbers []float64
}

type member struct {
	key   string
	value *value
}

// get returns the member of that key, or nil where there is none or it is null.
// Of members with the same key the last counts, as for most readers.
func (v *value) get(key string) *value {
	if v == nil {
		return nil
	}
	for i := len(v.members) - 1; i >= 0; i-- {
		if v.members[i].key == key {
			if v.members[i].value.kind == kindNull {
				return nil
			}
			return v.members[i].value
		}
	}
	return nil
}

// textOf returns the text of a string member, or nothing.
func (v *value) textOf(key string) string {
	if member := v.get(key); member != nil && member.kind == kindText {
		return member.text
	}
	return ""
}

// entries are a list's items, or the one object that stands in its place.
func (v *value) entries() []*value {
	switch {
	case v == nil:
		return nil
	case v.kind == kindObject:
		return []*value{v}
	}
	return v.items
}

// tree reads tokens and counts lines.
type tree struct {
	r       *reader
	decoder *json.Decoder
	data    []byte
	offset  int64
	line    int
	values  int
	numbers int
}

// readTree returns nil after an error.
func (r *reader) readTree(data []byte) *value {
	t := &tree{r: r, decoder: json.NewDecoder(bytes.NewReader(data)), data: data, line: 1}
	t.decoder.UseNumber()
	root := t.value(0)
	if r.err != nil {
		return nil
	}
	if _, err := t.decoder.Token(); !errors.Is(err, io.EOF) {
		t.advance()
		r.fail(t.line, "more follows the JSON value")
		return nil
	}
	return root
}

// advance brings the line up to the end of the last token.
func (t *tree) advance() {
	end := min(t.decoder.InputOffset(), int64(len(t.data)))
	if end > t.offset {
		t.line += bytes.Count(t.data[t.offset:end], []byte{'\n'})
		t.offset = end
	}
}

// token returns nil for a null and after an error.
func (t *tree) token() json.Token {
	if t.r.err != nil {
		return nil
	}
	token, err := t.decoder.Token()
	t.advance()
	if err != nil {
		t.damaged(err)
		return nil
	}
	return token
}

func (t *tree) damaged(err error) {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		t.r.fail(1+bytes.Count(bytes.TrimSpace(t.data), []byte{'\n'}), "the JSON value ends too early")
	case errors.As(err, &syntax):
		end := max(min(syntax.Offset, int64(len(t.data))), t.offset)
		t.r.fail(t.line+bytes.Count(t.data[t.offset:end], []byte{'\n'}), "%s", clipped(syntax.Error()))
	default:
		t.r.fail(t.line, "%s", clipped(err.Error()))
	}
}

func (t *tree) value(depth int) *value { return t.from(t.token(), depth) }

// from makes the value that begins with token.
func (t *tree) from(token json.Token, depth int) *value {
	if t.values++; t.values > maxValues {
		t.r.fail(t.line, "more than %d values", maxValues)
	}
	v := &value{line: t.line}
	switch token := token.(type) {
	case bool:
		v.kind, v.text = kindBoolean, strconv.FormatBool(token)
	case json.Number:
		v.kind, v.text = kindNumber, token.String()
	case string:
		v.kind, v.text = kindText, token
	case json.Delim:
		if depth >= maxDepth {
			t.r.fail(t.line, "more than %d levels deep", maxDepth)
			return v
		}
		if token == '{' {
			v.kind = kindObject
			t.fillObject(v, depth+1)
		} else {
			v.kind = kindList
			t.fillList(v, depth+1)
		}
	}
	return v
}

func (t *tree) fillObject(v *value, depth int) {
	for t.r.err == nil {
		switch token := t.token().(type) {
		case json.Delim:
			return
		case string:
			v.members = append(v.members, member{token, t.value(depth)})
		}
	}
}

func (t *tree) fillList(v *value, depth int) {
	for t.r.err == nil {
		switch token := t.token().(type) {
		case json.Number:
			v.numbers = append(v.numbers, t.float(token))
		case json.Delim:
			if token == ']' {
				return
			}
			v.items = append(v.items, t.from(token, depth))
		default:
			v.items = append(v.items, t.from(token, depth))
		}
	}
}

func (t *tree) float(token json.Number) float64 {
	if t.numbers++; t.numbers > maxNumbers {
		t.r.fail(t.line, "more than %d numbers in lists", maxNumbers)
	}
	x, err := token.Float64()
	if err != nil {
		t.r.fail(t.line, "%q is beyond all bounds", clipped(token.String()))
	}
	return x
}
