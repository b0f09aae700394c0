// This file holds the tests of the format: the message is taken apart again.

package onnx

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

// message is one message's fields: varints as uint64, the rest as bytes.
type message map[protowire.Number][]any

func parse(t *testing.T, b []byte) message {
	t.Helper()
	m := message{}
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		b = b[n:]
		switch kind {
		case protowire.VarintType:
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				t.Fatal(protowire.ParseError(n))
			}
			m[field], b = append(m[field], v), b[n:]
		case protowire.BytesType:
			v, n := protowire.ConsumeBytes(b)
			if n < 0 {
				t.Fatal(protowire.ParseError(n))
			}
			m[field], b = append(m[field], v), b[n:]
		default:
			t.Fatalf("field %d has wire type %d", field, kind)
		}
	}
	return m
}

func (m message) text(n protowire.Number) string { return string(m[n][0].([]byte)) }

func (m message) texts(n protowire.Number) []string {
	var list []string
	for _, v := range m[n] {
		list = append(list, string(v.([]byte)))
	}
	return list
}

func (m message) sub(t *testing.T, n protowire.Number) message {
	t.Helper()
	if len(m[n]) != 1 {
		t.Fatalf("field %d occurs %d times", n, len(m[n]))
	}
	return parse(t, m[n][0].([]byte))
}

var network = []Layer{
	{In: 3, Out: 2, Weight: []float32{1, 2, 3, 4, 5, 6}, Bias: []float32{7, 8}},
	{In: 2, Out: 1, Weight: []float32{-1, 0.5}, Bias: []float32{9}},
}

func TestEncodeWritesTheNetwork(t *testing.T) {
	file, err := Encode(network...)
	if err != nil {
		t.Fatal(err)
	}
	m := parse(t, file)
	if m[modelIRVersion][0] != uint64(8) || m.text(modelProducer) != "cupel" || m.sub(t, modelOpset)[opsetVersionField][0] != uint64(13) {
		t.Errorf("versions and producer: %v", m)
	}
	g := m.sub(t, modelGraph)

	type op struct {
		Type string
		In   []string
		Out  []string
	}
	var ops []op
	for _, b := range g[graphNode] {
		n := parse(t, b.([]byte))
		ops = append(ops, op{n.text(nodeOp), n.texts(nodeInput), n.texts(nodeOutput)})
		if n.text(nodeOp) == "Gemm" {
			a := n.sub(t, nodeAttribute)
			if a.text(attributeName) != "transB" || a[attributeInt][0] != uint64(1) || a[attributeType][0] != uint64(attrInt) {
				t.Errorf("attribute %v", a)
			}
		}
	}
	want := []op{
		{"Gemm", []string{"x", "layers.0.weight", "layers.0.bias"}, []string{"layers.0"}},
		{"Relu", []string{"layers.0"}, []string{"layers.0.relu"}},
		{"Gemm", []string{"layers.0.relu", "layers.1.weight", "layers.1.bias"}, []string{"scores"}},
	}
	if diff := cmp.Diff(want, ops); diff != "" {
		t.Error(diff)
	}
	checkWeights(t, g)
	checkValue(t, g.sub(t, graphInput), "x", 3)
	checkValue(t, g.sub(t, graphOutput), "scores", 1)
}

func checkWeights(t *testing.T, g message) {
	type array struct {
		Shape  []uint64
		Values []float32
	}
	got := map[string]array{}
	for _, b := range g[graphInitializer] {
		m := parse(t, b.([]byte))
		var a array
		for dims := m[tensorDims][0].([]byte); len(dims) > 0; {
			v, n := protowire.ConsumeVarint(dims)
			a.Shape, dims = append(a.Shape, v), dims[n:]
		}
		for raw := m[tensorRaw][0].([]byte); len(raw) > 0; raw = raw[4:] {
			a.Values = append(a.Values, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
		}
		if m[tensorType][0] != uint64(elemFloat) {
			t.Errorf("%s has type %v", m.text(tensorName), m[tensorType])
		}
		got[m.text(tensorName)] = a
	}
	want := map[string]array{
		"layers.0.weight": {[]uint64{2, 3}, network[0].Weight},
		"layers.0.bias":   {[]uint64{2}, network[0].Bias},
		"layers.1.weight": {[]uint64{1, 2}, network[1].Weight},
		"layers.1.bias":   {[]uint64{1}, network[1].Bias},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func checkValue(t *testing.T, v message, name string, width uint64) {
	t.Helper()
	tensor := v.sub(t, valueType).sub(t, typeTensor)
	dims := tensor.sub(t, tensorShape)[shapeDim]
	if v.text(valueName) != name || tensor[tensorElemType][0] != uint64(elemFloat) || len(dims) != 2 {
		t.Fatalf("%v is not %s", v, name)
	}
	if n := parse(t, dims[0].([]byte)); n.text(dimParam) != "N" {
		t.Errorf("%s: rows %v", name, n)
	}
	if n := parse(t, dims[1].([]byte)); n[dimValue][0] != width {
		t.Errorf("%s: columns %v, want %d", name, n, width)
	}
}

func TestEncodeRefusesShapesThatDoNotFit(t *testing.T) {
	first := network[0]
	short := first
	short.Bias = short.Bias[:1]
	for name, layers := range map[string][]Layer{
		"none":  nil,
		"bias":  {short},
		"zero":  {{}},
		"chain": {first, first},
	} {
		if _, err := Encode(layers...); !errors.Is(err, ErrLayers) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
