// This file holds the tests of the format.

package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var two = []Tensor{
	{Name: "b", Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, float32(math.Inf(1))}},
	{Name: "a", Shape: []int{1}, Data: []float32{-0.5}},
	{Name: "scalar", Shape: []int{}, Data: []float32{7}},
	{Name: "empty", Shape: []int{0, 4}, Data: []float32{}},
}

func TestRoundTrip(t *testing.T) {
	var file bytes.Buffer
	if err := Write(&file, two); err != nil {
		t.Fatal(err)
	}
	if n := binary.LittleEndian.Uint64(file.Bytes()); n%8 != 0 {
		t.Errorf("the header has %d bytes, no multiple of 8", n)
	}
	got, err := Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(two, got); diff != "" {
		t.Error(diff)
	}
}

func TestBytesAreFixed(t *testing.T) {
	file, err := Encode([]Tensor{{Name: "weight", Shape: []int{1, 2}, Data: []float32{1, -2}}})
	if err != nil {
		t.Fatal(err)
	}
	want := "\x40\x00\x00\x00\x00\x00\x00\x00" + `{"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}   ` + "\x00\x00\x80\x3f\x00\x00\x00\xc0"
	if diff := cmp.Diff(want, string(file)); diff != "" {
		t.Error(diff)
	}
}

// laid returns a file with this header and n bytes of data.
func laid(header string, n int) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(file, header...), make([]byte, n)...)
}

func TestDecodeReadsFilesOfOthers(t *testing.T) {
	header := `{"__metadata__":{"format":"pt"}, "x" : {"shape":[1],"data_offsets":[4,8],"dtype":"F32"},
		"y":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}  `
	got, err := Decode(laid(header, 8))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Name != "y" || got[1].Name != "x" {
		t.Errorf("got %v", got)
	}
}

func TestDecodeRefuses(t *testing.T) {
	f32 := func(rest string) string { return `{"x":{"dtype":"F32",` + rest + `}}` }
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"nothing":        {nil, "too short"},
		"long header":    {[]byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), "offset 0"},
		"cut header":     {laid("{}", 0)[:9], "offset 0"},
		"no JSON":        {laid("[]", 0), "offset 8"},
		"open JSON":      {laid("{", 0), "does not end"},
		"text after":     {laid("{} x", 0), "more follows"},
		"bad key":        {laid(`{1:2}`, 0), "not valid JSON"},
		"bad entry":      {laid(`{"x":3}`, 0), `"x" has no valid entry`},
		"dtype":          {laid(`{"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, 2), `tensor "x" has dtype "F16"`},
		"no shape":       {laid(f32(`"data_offsets":[0,4]`), 4), `"x" lacks a shape`},
		"one offset":     {laid(f32(`"shape":[1],"data_offsets":[0]`), 4), "two data_offsets"},
		"past the end":   {laid(f32(`"shape":[2],"data_offsets":[0,8]`), 4), `"x" ends at offset 8 of 4`},
		"wrong size":     {laid(f32(`"shape":[3],"data_offsets":[0,8]`), 8), "needs 12"},
		"turned round":   {laid(f32(`"shape":[1],"data_offsets":[4,0]`), 4), "offsets 4 to 0"},
		"negative":       {laid(f32(`"shape":[-1,-1],"data_offsets":[0,4]`), 4), "dimension of -1"},
		"overflow":       {laid(f32(`"shape":[65536,65536,65536,65536],"data_offsets":[0,0]`), 0), "over"},
		"wrap":           {laid(f32(`"shape":[1],"data_offsets":[18446744073709551612,0]`), 4), "offsets"},
		"many dims":      {laid(f32(`"shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]`), 4), "17 dimensions"},
		"unused bytes":   {laid(f32(`"shape":[1],"data_offsets":[0,4]`), 5), "1 bytes belong to no tensor"},
		"gap":            {laid(f32(`"shape":[1],"data_offsets":[4,8]`), 8), "begins at offset 4"},
		"overlap":        {laid(`{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), `"y" begins at offset 4`},
		"same name":      {laid(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), `"x" is given twice`},
		"broken comment": {laid(`{"__metadata__":`, 0), "__metadata__"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Decode(c.file)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v: %v does not say %q in one line", got, err, c.says)
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, tensors := range map[string][]Tensor{
		"same name": {two[1], two[1]},
		"metadata":  {{Name: metadata, Shape: []int{0}}},
		"length":    {{Name: "x", Shape: []int{3}, Data: []float32{1}}},
		"shape":     {{Name: "x", Shape: []int{-1}, Data: []float32{1}}},
	} {
		if _, err := Encode(tensors); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Everything that Decode accepts is unchanged after Encode and Decode.
func FuzzDecode(f *testing.F) {
	file, err := Encode(two)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(laid(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{}}`, 4))
	f.Fuzz(func(t *testing.T, file []byte) {
		tensors, err := Decode(file)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("not one line: %q", err)
			}
			return
		}
		again, err := Encode(tensors)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(again)
		if err != nil {
			t.Fatal(err)
		}
		for i := range tensors {
			if got[i].Name != tensors[i].Name && len(tensors[i].Data) > 0 {
				t.Errorf("tensor %d came back as %q, was %q", i, got[i].Name, tensors[i].Name)
			}
		}
	})
}
