// This file holds the reader and the writer of the format.

// Package safetensors reads and writes float32 tensors in the safetensors format.
//
// A file has the length of its header (8 bytes, little-endian), the header (a JSON object:
// tensor name to dtype, shape and the two ends of its bytes within the data), and the data.
// Files are untrusted, so Decode checks each number against the file before it uses it. The
// header's length is bounded, and each tensor must have exactly the bytes of its shape. All
// tensors together must cover the data without gap or overlap, as the format demands, so
// that a file has no hidden bytes.
//
// Only F32 is supported. Another type is an error that names the tensor.
package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
)

// Tensor is one named array of float32, row-major.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// ErrFormat is wrapped, with the place, in the error for bytes that are not a safetensors
// file of float32, and for tensors that no file can hold.
var ErrFormat = errors.New("safetensors")

const (
	maxHeader = 16 << 20      // models here have a handful of tensors
	maxSize   = math.MaxInt32 // bytes that Read takes in
	maxDims   = 16
	metadata  = "__metadata__" // the one key of the header that names no tensor
)

// entry is a tensor's place in the header.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets []uint64 `json:"data_offsets"`
}

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// Encode writes the tensors in the given order. The header's keys are sorted, and the
// header is padded with spaces to a multiple of 8 bytes, so the same tensors give the same
// bytes. Names must be distinct, and each Data must have the length of its Shape.
func Encode(tensors []Tensor) ([]byte, error) {
	entries := make(map[string]entry, len(tensors))
	end := uint64(0)
	for _, t := range tensors {
		if _, twice := entries[t.Name]; twice || t.Name == metadata {
			return nil, bad("encode: the name %q is taken", t.Name)
		}
		n, err := elements(t.Shape)
		if err != nil || n != uint64(len(t.Data)) {
			return nil, bad("encode: tensor %q of shape %v has %d values", t.Name, t.Shape, len(t.Data))
		}
		shape := append([]int{}, t.Shape...) // a scalar's shape is [], not null
		entries[t.Name] = entry{DType: "F32", Shape: shape, Offsets: []uint64{end, end + 4*n}}
		end += 4 * n
	}
	header, err := json.Marshal(entries)
	if err != nil {
		return nil, fmt.Errorf("%w: encode the header: %w", ErrFormat, err)
	}
	header = append(header, bytes.Repeat([]byte(" "), (8-len(header)%8)%8)...)
	file := make([]byte, 0, 8+uint64(len(header))+end)
	file = binary.LittleEndian.AppendUint64(file, uint64(len(header)))
	file = append(file, header...)
	for _, t := range tensors {
		for _, v := range t.Data {
			file = binary.LittleEndian.AppendUint32(file, math.Float32bits(v))
		}
	}
	return file, nil
}

// Write encodes the tensors to w.
func Write(w io.Writer, tensors []Tensor) error {
	file, err := Encode(tensors)
	if err != nil {
		return err
	}
	if _, err := w.Write(file); err != nil {
		return fmt.Errorf("%w: write: %w", ErrFormat, err)
	}
	return nil
}

// Read decodes all of r, at most 2 GiB.
func Read(r io.Reader) ([]Tensor, error) {
	file, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("%w: read: %w", ErrFormat, err)
	}
	if len(file) > maxSize {
		return nil, bad("the file is over %d bytes", maxSize)
	}
	return Decode(file)
}

// Decode returns the tensors in the order of their data. They share no memory with the
// file. Each error is one line that names the tensor or the offset.
func Decode(file []byte) ([]Tensor, error) {
	if len(file) < 8 {
		return nil, bad("%d bytes are too short for the header's length at offset 0", len(file))
	}
	length := binary.LittleEndian.Uint64(file)
	if length > maxHeader {
		return nil, bad("offset 0: a header of %d bytes, and at most %d are read", length, maxHeader)
	}
	if length > uint64(len(file)-8) {
		return nil, bad("offset 0: a header of %d bytes, and %d follow", length, len(file)-8)
	}
	header, data := file[8:8+length], file[8+length:]
	places, err := decodeHeader(header)
	if err != nil {
		return nil, err
	}
	end := uint64(0)
	tensors := make([]Tensor, 0, len(places))
	for _, p := range places {
		from, to := p.Offsets[0], p.Offsets[1]
		if from != end {
			return nil, bad("tensor %q begins at offset %d of the data, and the one before it ends at %d", p.name, from, end)
		}
		if to > uint64(len(data)) {
			return nil, bad("tensor %q ends at offset %d of %d bytes of data", p.name, to, len(data))
		}
		tensors = append(tensors, Tensor{Name: p.name, Shape: p.Shape, Data: floats(data[from:to])})
		end = to
	}
	if end != uint64(len(data)) {
		return nil, bad("offset %d of the data: %d bytes belong to no tensor", end, uint64(len(data))-end)
	}
	return tensors, nil
}

// place is an entry with its name.
type place struct {
	name string
	entry
}

// decodeHeader returns the tensors in the order of their data. It reads the JSON token by
// token, because a map would hide a duplicate name.
func decodeHeader(header []byte) ([]place, error) {
	d := json.NewDecoder(bytes.NewReader(header))
	at := func() int64 { return 8 + d.InputOffset() }
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, bad("offset 8: the header is not a JSON object")
	}
	var places []place
	seen := make(map[string]bool)
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, bad("offset %d: the header is not valid JSON", at())
		}
		if seen[name] {
			return nil, bad("offset %d: the name %.100q is given twice", at(), name)
		}
		seen[name] = true
		if name == metadata {
			var skipped json.RawMessage
			if err := d.Decode(&skipped); err != nil {
				return nil, bad("offset %d: %s is not valid JSON", at(), metadata)
			}
			continue
		}
		p := place{name: name}
		if err := d.Decode(&p.entry); err != nil {
			return nil, bad("offset %d: tensor %.100q has no valid entry", at(), name)
		}
		if err := p.check(); err != nil {
			return nil, err
		}
		places = append(places, p)
	}
	if _, err := d.Token(); err != nil {
		return nil, bad("offset %d: the header's JSON object does not end", at())
	}
	if rest := bytes.Trim(header[d.InputOffset():], " "); len(rest) > 0 {
		return nil, bad("offset %d: more follows the header's JSON object", at())
	}
	sort.SliceStable(places, func(i, j int) bool {
		a, b := places[i].Offsets, places[j].Offsets
		return a[0] < b[0] || a[0] == b[0] && a[1] < b[1]
	})
	return places, nil
}

// check checks the entry against itself.
func (p place) check() error {
	if p.DType != "F32" {
		return bad("tensor %.100q has dtype %.20q, and only F32 is read", p.name, p.DType)
	}
	n, err := elements(p.Shape)
	if err != nil {
		return bad("tensor %.100q: %v", p.name, err)
	}
	if p.Shape == nil || len(p.Offsets) != 2 {
		return bad("tensor %.100q lacks a shape or two data_offsets", p.name)
	}
	from, to := p.Offsets[0], p.Offsets[1]
	if from > to || to-from != 4*n {
		return bad("tensor %.100q of shape %v has offsets %d to %d, and needs %d bytes", p.name, p.Shape, from, to, 4*n)
	}
	return nil
}

// elements returns the product of the shape, at most 2^31.
func elements(shape []int) (uint64, error) {
	if len(shape) > maxDims {
		return 0, fmt.Errorf("a shape of %d dimensions, and at most %d are read", len(shape), maxDims)
	}
	n := uint64(1)
	for _, s := range shape {
		if s < 0 || s > math.MaxInt32 {
			return 0, fmt.Errorf("a dimension of %d", s)
		}
		// Both factors are below 2^31.
		if n *= uint64(s); n > math.MaxInt32 {
			return 0, fmt.Errorf("over %d elements", math.MaxInt32)
		}
	}
	return n, nil
}

// floats reads len(data)/4 little-endian float32.
func floats(data []byte) []float32 {
	values := make([]float32, len(data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values
}
