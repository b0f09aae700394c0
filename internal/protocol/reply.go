package protocol

// This file holds the replies from a contender to the harness, and their validation.

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Scale says what a contender's scores are.
type Scale string

const (
	// Logits is one number for each output of the model.
	Logits Scale = "logits"
	// Probability is one number for each class, or only P(class 1).
	Probability Scale = "probability"
)

// Hello is a contender's description of itself: a statement, not evidence.
type Hello struct {
	Name      string   `json:"name"`
	Version   string   `json:"version"`
	Language  string   `json:"language"`
	Runtime   string   `json:"runtime"`
	Device    string   `json:"device"`
	Precision string   `json:"precision"`
	Scale     Scale    `json:"scale"`
	Formats   []string `json:"formats"`
	Ops       []string `json:"ops"`
}

// Load is the reply to a load request: how many numbers the loaded model holds.
type Load struct {
	Parameters int64 `json:"parameters"`
}

// Infer is the reply to an infer request.
type Infer struct {
	// ElapsedNanoseconds is the contender's own time for all timed calls.
	ElapsedNanoseconds int64
	// Last is the index of the row that would come next.
	Last int
	// Labels has Calls*Batch entries in the order of the predictions, or is nil.
	Labels []byte
	// SampleNanoseconds has one entry for each call, saturating, or is nil.
	SampleNanoseconds []uint32
	// Scores has rows x outputs entries, row-major, or is nil.
	Scores []float32
	// TransferNanoseconds is the time in which as many calls only copy rows to the
	// engine's device and labels back, where the request asked for it. It is 0 for an
	// engine on the CPU, and for a contender that does not state it.
	TransferNanoseconds int64
}

// Resolves returns an error where the clock's step is longer than most calls. Such
// samples do not tell how long a call takes.
func (i Infer) Resolves() error {
	zeros := 0
	for _, sample := range i.SampleNanoseconds {
		if sample == 0 {
			zeros++
		}
	}
	if 2*zeros >= len(i.SampleNanoseconds) {
		return fmt.Errorf("its clock does not resolve a call: %d of %d samples are 0", zeros, len(i.SampleNanoseconds))
	}
	return nil
}

// RefusalError is a contender's {"error": why}.
type RefusalError struct {
	Op  string
	Why string
}

func (e *RefusalError) Error() string { return fmt.Sprintf("%s refused: %s", e.Op, e.Why) }

// ReplyError describes a line that is not a valid reply to the request.
type ReplyError struct {
	Op     string
	Reason string
	// Line is the offending line, cut at 200 characters.
	Line string
}

func (e *ReplyError) Error() string {
	return fmt.Sprintf("%s: %s in reply %s", e.Op, e.Reason, e.Line)
}

const shownCharacters = 200

// Printable returns text, cut at most characters, with a question mark for each control
// character of terminals.
func Printable(text string, most int) string {
	shown := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text[:min(len(text), 4*most)])
	if runes := []rune(shown); len(runes) > most {
		return string(runes[:most])
	}
	return shown
}

// Excerpt returns line cut at 200 characters. It quotes the line where the line
// contains unprintable characters.
func Excerpt(line []byte) string {
	text := []rune(string(line[:min(len(line), 4*shownCharacters)]))
	cut := len(text) > shownCharacters || len(line) > 4*shownCharacters
	if len(text) > shownCharacters {
		text = text[:shownCharacters]
	}
	shown := strings.Trim(fmt.Sprintf("%q", string(text)), `"`)
	shown = strings.ReplaceAll(shown, `\"`, `"`)
	if cut {
		shown += "..."
	}
	return "«" + shown + "»"
}

// integer is a JSON number that is a whole number, in any notation.
type integer int64

func (i *integer) UnmarshalJSON(text []byte) error {
	if bytes.Equal(text, []byte("null")) {
		return fmt.Errorf("null where a number is due")
	}
	value, ok := new(big.Rat).SetString(boundedNumber(text))
	if !ok {
		return fmt.Errorf("%s where a number is due", text)
	}
	if !value.IsInt() || !value.Num().IsInt64() {
		return fmt.Errorf("%s where a whole number is due", text)
	}
	*i = integer(value.Num().Int64())
	return nil
}

// boundedNumber returns the number's text. It returns nothing where the exponent would
// make exact arithmetic expensive; no field of the protocol needs such a number.
func boundedNumber(text []byte) string {
	if len(text) > 40 || bytes.ContainsAny(text, `"`) {
		return ""
	}
	if at := bytes.IndexAny(text, "eE"); at >= 0 && len(text)-at > 4 {
		return ""
	}
	return string(text)
}

// object parses a reply line as a JSON object, or returns the contender's refusal as an
// error.
func object(op string, line []byte) (map[string]json.RawMessage, error) {
	if len(line) > MaxLineBytes {
		return nil, &ReplyError{op, fmt.Sprintf("more than %d MiB", MaxLineBytes>>20), Excerpt(line)}
	}
	// The decoder would replace invalid UTF-8 with a mark.
	if !utf8.Valid(line) {
		return nil, &ReplyError{op, "no UTF-8", Excerpt(line)}
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil || fields == nil {
		return nil, &ReplyError{op, "no JSON object", Excerpt(line)}
	}
	// A program that writes every field of a type writes null where there is no error.
	if raw, there := fields["error"]; there && !bytes.Equal(raw, []byte("null")) {
		return nil, refusal(op, line, raw)
	}
	return fields, nil
}

// refusal returns the error for a reply with an error field.
func refusal(op string, line []byte, raw json.RawMessage) error {
	var why string
	if err := json.Unmarshal(raw, &why); err != nil {
		return &ReplyError{op, `"error" is not a string`, Excerpt(line)}
	}
	if why = cleaned(why); why == "" {
		return &ReplyError{op, `"error" is empty where it must say why`, Excerpt(line)}
	}
	return &RefusalError{Op: op, Why: why}
}

// cleaned returns a contender's text in the form in which it is kept: one line, cut at
// shownCharacters.
func cleaned(text string) string {
	return Printable(strings.Join(strings.Fields(text), " "), shownCharacters)
}

// reader takes fields from one reply and keeps the first fault.
type reader struct {
	op     string
	line   []byte
	fields map[string]json.RawMessage
	err    error
}

func newReader(op string, line []byte) (*reader, error) {
	fields, err := object(op, line)
	if err != nil {
		return nil, err
	}
	return &reader{op: op, line: line, fields: fields}, nil
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = &ReplyError{r.op, fmt.Sprintf(format, args...), Excerpt(r.line)}
	}
}

func (r *reader) decode(field string, into any) bool {
	raw, present := r.fields[field]
	if !present {
		r.fail("field %q is missing", field)
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil || bytes.Equal(raw, []byte("null")) {
		r.fail("field %q has the wrong type", field)
		return false
	}
	return true
}

// text reads a statement. It cleans the text instead of refusing it: nothing depends on
// the text, and a library's description of itself may have several lines.
func (r *reader) text(field string) string {
	value := r.textOrNone(field)
	if value == "" {
		r.fail("field %q is empty", field)
	}
	return value
}

// textOrNone is text for a field that may be absent or empty.
func (r *reader) textOrNone(field string) string {
	var value string
	r.decode(field, &value)
	return cleaned(value)
}

func (r *reader) texts(field string) []string {
	const most = 64
	var values []string
	if r.decode(field, &values) && (len(values) == 0 || len(values) > most) {
		r.fail("field %q has %d entries; expected 1 to %d", field, len(values), most)
		return nil
	}
	for i, value := range values {
		if values[i] = cleaned(value); values[i] == "" {
			r.fail("field %q has an empty entry", field)
		}
	}
	return values
}

// count reads a whole number that is not negative.
func (r *reader) count(field string) int64 {
	raw, present := r.fields[field]
	if !present {
		r.fail("field %q is missing", field)
		return 0
	}
	// This is a fast path for plain numbers, because replies are read between bursts.
	value, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		err = (*integer)(&value).UnmarshalJSON(raw)
	}
	if err != nil {
		r.fail("field %q: %v", field, err)
		return 0
	}
	if value < 0 {
		r.fail("field %q is negative", field)
	}
	return int64(value)
}

// oneOf fails where a number is not among those that the request allows.
func (r *reader) oneOf(field string, value int64, allowed []int64) {
	if !slices.Contains(allowed, value) {
		r.fail("field %q is %d where %d is due", field, value, allowed[len(allowed)-1])
	}
}

// binary reads standard base64 and checks the number of bytes.
func (r *reader) binary(field string, lengths ...int) []byte {
	var text string
	if !r.decode(field, &text) {
		return nil
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	// The decoder skips line breaks, which the standard does not allow.
	if err != nil || len(text) != base64.StdEncoding.EncodedLen(len(data)) {
		r.fail("field %q is no standard base64", field)
		return nil
	}
	if !slices.Contains(lengths, len(data)) {
		r.fail("field %q has %d bytes where %d are due", field, len(data), lengths[0])
		return nil
	}
	return data
}

// ParseHello parses the reply to a hello.
func ParseHello(line []byte) (Hello, error) {
	r, err := newReader(OpHello, line)
	if err != nil {
		return Hello{}, err
	}
	hello := Hello{
		Name: r.text("name"), Version: r.textOrNone("version"), Language: r.text("language"),
		Runtime: r.textOrNone("runtime"), Device: r.text("device"), Precision: r.text("precision"),
		Scale: Scale(r.text("scale")), Formats: r.texts("formats"), Ops: r.texts("ops"),
	}
	if hello.Scale != Logits && hello.Scale != Probability {
		r.fail("field %q is neither %q nor %q", "scale", Logits, Probability)
	}
	return hello, r.err
}

// ParseLoad parses the reply to a load.
func ParseLoad(line []byte) (Load, error) {
	r, err := newReader(OpLoad, line)
	if err != nil {
		return Load{}, err
	}
	return Load{Parameters: r.count("parameters")}, r.err
}

// ParseInfer parses the reply to request. outputs is the number of the model's outputs.
// For a model of two classes, a reply may have one score for each row (class 1) or two,
// whether the model has one output or two: an engine may hold the equivalent model, and
// may give one probability for each class.
func ParseInfer(line []byte, request InferRequest, outputs int) (Infer, error) {
	r, err := newReader(OpInfer, line)
	if err != nil {
		return Infer{}, err
	}
	reply := Infer{ElapsedNanoseconds: r.count("elapsed_ns")}
	last := r.count("last")
	if last >= int64(request.Rows) {
		r.fail("field %q is %d of %d rows", "last", last, request.Rows)
	}
	reply.Last = int(last)
	if request.Want {
		reply.Labels = r.binary("labels", request.Calls*request.Batch)
	} else if _, present := r.fields["labels"]; present {
		r.fail("field %q came unasked", "labels")
	}
	if request.Samples {
		reply.SampleNanoseconds = decodeUint32(r.binary("samples", 4*request.Calls))
	}
	if request.Scores {
		lengths := []int{4 * request.Rows * outputs}
		if outputs <= 2 {
			lengths = append(lengths, 4*request.Rows, 8*request.Rows)
		}
		reply.Scores = decodeFloat32(r.binary("scores", lengths...))
		r.requireFinite(reply.Scores)
	}
	if _, said := r.fields["transfer_ns"]; request.Transfer && said {
		reply.TransferNanoseconds = r.count("transfer_ns")
	}
	return reply, r.err
}

func (r *reader) requireFinite(scores []float32) {
	for i, score := range scores {
		if math.IsNaN(float64(score)) || math.IsInf(float64(score), 0) {
			r.fail("score %d is not finite", i)
			return
		}
	}
}

func decodeUint32(data []byte) []uint32 {
	values := make([]uint32, len(data)/4)
	for i := range values {
		values[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return values
}

func decodeFloat32(data []byte) []float32 {
	values := make([]float32, len(data)/4)
	for i, bits := range decodeUint32(data) {
		values[i] = math.Float32frombits(bits)
	}
	return values
}

// MarshalJSON encodes an Infer as a contender sends it. A nil field is absent, an empty
// field is present.
func (i Infer) MarshalJSON() ([]byte, error) { return i.AppendJSON(nil), nil }

// AppendJSON appends the encoding of MarshalJSON.
func (i Infer) AppendJSON(text []byte) []byte {
	text = strconv.AppendInt(append(text, `{"elapsed_ns":`...), i.ElapsedNanoseconds, 10)
	text = strconv.AppendInt(append(text, `,"last":`...), int64(i.Last), 10)
	if i.Labels != nil {
		text = appendBinary(text, "labels", i.Labels)
	}
	if i.SampleNanoseconds != nil {
		text = appendBinary(text, "samples", littleEndian(i.SampleNanoseconds))
	}
	if i.Scores != nil {
		text = appendBinary(text, "scores", littleEndian(i.Scores))
	}
	if i.TransferNanoseconds != 0 {
		text = strconv.AppendInt(append(text, `,"transfer_ns":`...), i.TransferNanoseconds, 10)
	}
	return append(text, '}')
}

// appendBinary appends a field of standard base64.
func appendBinary(text []byte, field string, data []byte) []byte {
	text = append(append(append(text, `,"`...), field...), `":"`...)
	return append(base64.StdEncoding.AppendEncode(text, data), '"')
}

func littleEndian[T uint32 | float32](values []T) []byte {
	data := make([]byte, 4*len(values))
	switch values := any(values).(type) {
	case []float32:
		for i, value := range values {
			binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(value))
		}
	case []uint32:
		for i, value := range values {
			binary.LittleEndian.PutUint32(data[4*i:], value)
		}
	}
	return data
}
