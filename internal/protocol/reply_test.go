package protocol

// This file tests the parsing of valid and of invalid replies.

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const helloLine = `{"name":"numpy","version":"2.4.6","language":"python","runtime":"CPython 3.11.7","device":"cpu","precision":"f32","scale":"logits","formats":["safetensors"],"ops":["hello","load","infer","quit"],"extra":1}`

func TestParseHello(t *testing.T) {
	hello, err := ParseHello([]byte(helloLine))
	if err != nil {
		t.Fatal(err)
	}
	if hello.Name != "numpy" || hello.Scale != Logits || len(hello.Ops) != 4 {
		t.Errorf("got %+v", hello)
	}
	for _, field := range []string{"name", "version", "language", "runtime", "device", "precision", "scale", "formats", "ops"} {
		for _, value := range []any{nil, 7, " ", []string{}, []string{" "}, "absent"} {
			if value == " " && (field == "version" || field == "runtime") {
				continue // An engine may have none, or not know it.
			}
			if _, err := ParseHello(helloWith(t, field, value)); err == nil || !strings.Contains(err.Error(), field) {
				t.Errorf("%s = %v: error %v", field, value, err)
			}
		}
	}
}

// helloWith is helloLine with another value of a field, or without the field.
func helloWith(t *testing.T, field string, value any) []byte {
	t.Helper()
	var reply map[string]any
	if err := json.Unmarshal([]byte(helloLine), &reply); err != nil {
		t.Fatal(err)
	}
	reply[field] = value
	if value == "absent" {
		delete(reply, field)
	}
	line, err := json.Marshal(reply)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// A library's description of itself may have several lines or be empty. It is kept as
// one line.
func TestStatementsAreCleaned(t *testing.T) {
	for said, want := range map[string]string{
		"3.11.7 (main)\n[GCC 12]": "3.11.7 (main) [GCC 12]", "\x1b[2J1\r\n": "?[2J1", "": "", "\n": "",
		strings.Repeat("x", 300): strings.Repeat("x", 200),
	} {
		hello, err := ParseHello(helloWith(t, "runtime", said))
		if err != nil || hello.Runtime != want {
			t.Errorf("%q: %q, %v", said, hello.Runtime, err)
		}
	}
	if hello, err := ParseHello(helloWith(t, "version", "")); err != nil || hello.Version != "" {
		t.Errorf("%q, %v", hello.Version, err)
	}
}

// The conversation in docs/PROTOCOL.md.
func TestParseInferExample(t *testing.T) {
	first, step := 4711, 977
	request := InferRequest{Rows: 8192, Dim: 784, Hop: 1, Batch: 1, First: &first, Step: &step, Warmup: 16, Calls: 4, Want: true, Samples: true}
	reply, err := ParseInfer([]byte(`{"elapsed_ns":15870,"last":3129,"labels":"AQABAQ==","samples":"7A4AAOwOAADsDgAA7A4AAA=="}`), request, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := Infer{ElapsedNanoseconds: 15870, Last: 3129, Labels: []byte{1, 0, 1, 1}, SampleNanoseconds: []uint32{3820, 3820, 3820, 3820}}
	if diff := cmp.Diff(want, reply); diff != "" {
		t.Error(diff)
	}
}

func TestInferRoundTrip(t *testing.T) {
	request := InferRequest{Rows: 2, Dim: 1, Hop: 1, Batch: 3, Calls: 2, Want: true, Samples: true, Scores: true}
	sent := Infer{ElapsedNanoseconds: 1, Last: 1, Labels: []byte{0, 1, 2, 3, 4, 255},
		SampleNanoseconds: []uint32{7, math.MaxUint32}, Scores: []float32{1, -2.5, 3e-7, 4}}
	line, err := json.Marshal(sent)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseInfer(line, request, 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Error(diff)
	}
}

func TestEmptyLabelsArePresent(t *testing.T) {
	line, err := json.Marshal(Infer{Labels: []byte{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseInfer(line, InferRequest{Rows: 1, Dim: 1, Hop: 1, Batch: 1, Want: true}, 2); err != nil {
		t.Error(err)
	}
}

func TestParseInferRefusesWhatIsNotAReply(t *testing.T) {
	request := InferRequest{Rows: 2, Dim: 1, Hop: 1, Batch: 1, Calls: 1, Want: true, Samples: true, Scores: true}
	const labels, samples, scores = `"labels":"AA=="`, `"samples":"AQAAAA=="`, `"scores":"AAAAAAAAAAAAAAAAAAAAAA=="`
	good := `{"elapsed_ns":5,"last":0,` + labels + `,` + samples + `,` + scores + `}`
	if _, err := ParseInfer([]byte(good), request, 2); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ old, new, reason string }{
		"not JSON":            {"{", "[[", "no JSON object"},
		"null":                {good, "null", "no JSON object"},
		"array":               {good, "[]", "no JSON object"},
		"two objects":         {"}", "}{}", "no JSON object"},
		"negative time":       {`:5`, `:-5`, "negative"},
		"fractional time":     {`:5`, `:5.5`, "whole number"},
		"time as text":        {`:5`, `:"5"`, "number is due"},
		"time null":           {`:5`, `:null`, "null"},
		"time overflows":      {`:5`, `:9223372036854775808`, "whole number"},
		"time a huge number":  {`:5`, `:1e999`, "number is due"},
		"last out of range":   {`"last":0`, `"last":2`, "2 of 2 rows"},
		"last missing":        {`"last":0,`, ``, `"last" is missing`},
		"labels missing":      {labels + ",", ``, `"labels" is missing`},
		"labels too long":     {"AA==", "AAA=", "2 bytes where 1 are due"},
		"labels not base64":   {"AA==", "A-==", "base64"},
		"labels not strict":   {"AA==", "AB==", "base64"},
		"labels with a break": {"AA==", `AA=\n=`, "base64"},
		"labels with breaks":  {"AA==", `AA==\r\n`, "base64"},
		"not UTF-8":           {`"last"`, "\"x\":\"\xe4\",\"last\"", "UTF-8"},
		"samples short":       {"AQAAAA==", "AQAA", "3 bytes where 4 are due"},
		"scores short":        {scores, `"scores":"AAAA"`, "3 bytes where 16 are due"},
		"scores NaN":          {scores, `"scores":"AAAAAAAAwH8AAAAAAAAAAA=="`, "score 1 is not finite"},
		"scores infinite":     {scores, `"scores":"AAAAAAAAgH8AAAAAAAAAAA=="`, "score 1 is not finite"},
		"error of wrong type": {`"last":0`, `"error":5`, "not a string"},
		"error without a why": {`"last":0`, `"error":""`, "say why"},
		"error of blanks":     {`"last":0`, `"error":" \n"`, "say why"},
	} {
		line := strings.Replace(good, test.old, test.new, 1)
		_, err := ParseInfer([]byte(line), request, 2)
		reply := new(ReplyError)
		if !errors.As(err, &reply) || !strings.Contains(err.Error(), test.reason) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.reason)
		}
	}
}

func TestWholeNumbersMayBeWrittenOtherwise(t *testing.T) {
	for _, text := range []string{"15870", "15870.0", "1.587e4"} {
		var value integer
		if err := value.UnmarshalJSON([]byte(text)); err != nil || value != 15870 {
			t.Errorf("%s: %d, %v", text, value, err)
		}
	}
}

func TestUnaskedLabelsAreAFault(t *testing.T) {
	request := InferRequest{Rows: 1, Dim: 1, Hop: 1, Batch: 1, Calls: 1}
	if _, err := ParseInfer([]byte(`{"elapsed_ns":5,"last":0,"labels":"AA=="}`), request, 2); err == nil {
		t.Error("labels without want were accepted")
	}
}

func TestTransferIsReadWhereItWasAskedFor(t *testing.T) {
	request := InferRequest{Rows: 1, Dim: 1, Hop: 1, Batch: 1, Transfer: true}
	for line, want := range map[string]int64{`{"elapsed_ns":5,"last":0,"transfer_ns":3}`: 3, `{"elapsed_ns":5,"last":0}`: 0} {
		if reply, err := ParseInfer([]byte(line), request, 2); err != nil || reply.TransferNanoseconds != want {
			t.Errorf("%s: %+v, %v", line, reply, err)
		}
	}
	if _, err := ParseInfer([]byte(`{"elapsed_ns":5,"last":0,"transfer_ns":-3}`), request, 2); err == nil {
		t.Error("a negative transfer was accepted")
	}
}

func TestOneScoreARowForTwoClasses(t *testing.T) {
	request := InferRequest{Rows: 1, Dim: 1, Hop: 1, Batch: 1, Scores: true}
	line := []byte(`{"elapsed_ns":5,"last":0,"scores":"AAAAAA=="}`)
	if _, err := ParseInfer(line, request, 2); err != nil {
		t.Error(err)
	}
	if _, err := ParseInfer(line, request, 3); err == nil {
		t.Error("one score was accepted for three outputs")
	}
}

func TestRefusal(t *testing.T) {
	_, err := ParseLoad([]byte(`{"error":"ten\nclasses"}`))
	if refusal := new(RefusalError); !errors.As(err, &refusal) || refusal.Why != "ten classes" {
		t.Errorf("error %v", err)
	}
}

// Programs that write every field of a type write null where there is no error.
func TestANullErrorIsNone(t *testing.T) {
	if load, err := ParseLoad([]byte(`{"parameters":1570,"error":null}`)); err != nil || load.Parameters != 1570 {
		t.Errorf("%+v, %v", load, err)
	}
	if _, err := ParseLoad([]byte(`{"error":null}`)); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a reply with nothing but a null error: %v", err)
	}
}

func TestAClockThatResolvesNoCall(t *testing.T) {
	for _, test := range []struct {
		samples  []uint32
		resolves bool
	}{{[]uint32{0, 0, 41}, false}, {[]uint32{0, 41}, false}, {[]uint32{0, 41, 42}, true}} {
		if err := (Infer{SampleNanoseconds: test.samples}).Resolves(); (err == nil) != test.resolves {
			t.Errorf("%v: %v", test.samples, err)
		}
	}
}

func TestExcerptIsShortAndPrintable(t *testing.T) {
	for _, line := range []string{strings.Repeat("ä", 10_000), "\x1b[2Jgone\r", "a\xffb", strings.Repeat("x", 201)} {
		text := Excerpt([]byte(line))
		if len([]rune(text)) > 1000 || strings.ContainsAny(text, "\x1b\r\n") {
			t.Errorf("%.20q: %q", line, text)
		}
	}
	if got := Excerpt([]byte(strings.Repeat("x", 201))); got != "«"+strings.Repeat("x", 200)+"...»" {
		t.Errorf("got %s", got)
	}
}

// The test compares NextRow with arithmetic that cannot overflow, at the ends of its
// ranges.
func TestNextRow(t *testing.T) {
	for _, test := range []struct{ row, step, label, call, rows, want int }{
		{4711, 977, 1, 0, 8192, (5*4711 + 977 + 1) % 8192},
		{0, 0, 0, 0, 1, 0},
		{math.MaxInt32, MaxStep - 1, 255, 1 << 40, math.MaxInt32 + 1, (5*math.MaxInt32 + MaxStep - 1 + 255 + 1<<40) % (math.MaxInt32 + 1)},
	} {
		if got := NextRow(test.row, test.step, test.label, test.call, test.rows); got != test.want {
			t.Errorf("NextRow(%+v) = %d", test, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(helloLine))
	f.Add([]byte(`{"elapsed_ns":5,"last":0,"labels":"AA==","samples":"AQAAAA=="}`))
	f.Add([]byte(`{"error":"x"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		_, _ = ParseHello(line)
		_, _ = ParseLoad(line)
		request := InferRequest{Rows: 1, Dim: 1, Hop: 1, Batch: 1, Calls: 1, Want: true, Samples: true}
		if reply, err := ParseInfer(line, request, 2); err == nil && (len(reply.Labels) != 1 || len(reply.SampleNanoseconds) != 1 || reply.ElapsedNanoseconds < 0) {
			t.Errorf("accepted %+v", reply)
		}
	})
}
