// This file holds the writer of the format.

// Package onnx writes dense networks as ONNX models.
//
// An ONNX file is one protocol buffer, ModelProto of onnx.proto3. A dense network needs
// only six of its messages, so they are written field by field, with the field numbers of
// that file and without generated code. The graph has a Gemm with transB = 1 for each
// layer, which computes x*W' + b with W as outputs x inputs, the order of package model.
// Between two layers it has a Relu. Its input is "x" [N, inputs], its output "scores" [N,
// outputs], with N left open. Weights are stored as raw little-endian bytes.
package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Layer is one affine map. A ReLU follows each layer except the last.
type Layer struct {
	In, Out int
	Weight  []float32 // Out x In, row-major
	Bias    []float32 // Out
}

// ErrLayers is wrapped, with the place, in the error for layers that do not form a network.
var ErrLayers = errors.New("onnx")

// The versions in the file. Operator set 13 is old enough for every current engine, and its
// Gemm and Relu are still the current ones.
const (
	irVersion    = 8
	opsetVersion = 13
	producer     = "cupel"
)

// Names within the graph.
const (
	inputName  = "x"
	outputName = "scores"
	batchName  = "N"
)

// Field numbers of onnx.proto3.
const (
	modelIRVersion protowire.Number = 1
	modelProducer  protowire.Number = 2
	modelGraph     protowire.Number = 7
	modelOpset     protowire.Number = 8

	opsetVersionField protowire.Number = 2

	graphNode        protowire.Number = 1
	graphName        protowire.Number = 2
	graphInitializer protowire.Number = 5
	graphInput       protowire.Number = 11
	graphOutput      protowire.Number = 12

	nodeInput     protowire.Number = 1
	nodeOutput    protowire.Number = 2
	nodeName      protowire.Number = 3
	nodeOp        protowire.Number = 4
	nodeAttribute protowire.Number = 5

	attributeName protowire.Number = 1
	attributeInt  protowire.Number = 3
	attributeType protowire.Number = 20

	tensorDims protowire.Number = 1
	tensorType protowire.Number = 2
	tensorName protowire.Number = 8
	tensorRaw  protowire.Number = 9

	valueName      protowire.Number = 1
	valueType      protowire.Number = 2
	typeTensor     protowire.Number = 1
	tensorElemType protowire.Number = 1
	tensorShape    protowire.Number = 2
	shapeDim       protowire.Number = 1
	dimValue       protowire.Number = 1
	dimParam       protowire.Number = 2
)

// Values of onnx.proto3's enumerations.
const (
	elemFloat = 1 // TensorProto.FLOAT
	attrInt   = 2 // AttributeProto.INT
)

// maxFile is the largest size of a protocol buffer, in bytes.
const maxFile = math.MaxInt32

// Encode returns the network as an ONNX file. The same layers give the same bytes. An error
// names the layer with the wrong shape.
func Encode(layers ...Layer) ([]byte, error) {
	if err := check(layers); err != nil {
		return nil, err
	}
	var opset, file []byte
	opset = appendInt(opset, opsetVersionField, opsetVersion)
	file = appendInt(file, modelIRVersion, irVersion)
	file = appendText(file, modelProducer, producer)
	file = appendMessage(file, modelGraph, graph(layers))
	file = appendMessage(file, modelOpset, opset)
	return file, nil
}

func check(layers []Layer) error {
	if len(layers) == 0 {
		return fmt.Errorf("%w: encode: no layers", ErrLayers)
	}
	size := 0
	for i, l := range layers {
		if l.In < 1 || l.Out < 1 || len(l.Bias) != l.Out || len(l.Weight)%l.Out != 0 || len(l.Weight)/l.Out != l.In {
			return fmt.Errorf("%w: encode: layer %d of %d outputs and %d inputs has %d weights and %d biases",
				ErrLayers, i, l.Out, l.In, len(l.Weight), len(l.Bias))
		}
		if i > 0 && l.In != layers[i-1].Out {
			return fmt.Errorf("%w: encode: layer %d has %d inputs, and the layer before it %d outputs",
				ErrLayers, i, l.In, layers[i-1].Out)
		}
		size += 4*(len(l.Weight)+len(l.Bias)) + 1024
	}
	if size > maxFile {
		return fmt.Errorf("%w: encode: %d bytes, and a protocol buffer holds %d", ErrLayers, size, maxFile)
	}
	return nil
}

func graph(layers []Layer) []byte {
	var nodes, weights []byte
	from := inputName
	for i, l := range layers {
		weight, bias := fmt.Sprintf("layers.%d.weight", i), fmt.Sprintf("layers.%d.bias", i)
		to := outputName
		if i < len(layers)-1 {
			to = fmt.Sprintf("layers.%d", i)
		}
		nodes = appendMessage(nodes, graphNode, gemm(fmt.Sprintf("gemm%d", i), from, weight, bias, to))
		weights = appendMessage(weights, graphInitializer, tensor(weight, l.Weight, l.Out, l.In))
		weights = appendMessage(weights, graphInitializer, tensor(bias, l.Bias, l.Out))
		if i < len(layers)-1 {
			active := to + ".relu"
			nodes = appendMessage(nodes, graphNode, node("Relu", fmt.Sprintf("relu%d", i), to, active))
			to = active
		}
		from = to
	}
	g := nodes
	g = appendText(g, graphName, producer)
	g = append(g, weights...)
	g = appendMessage(g, graphInput, value(inputName, layers[0].In))
	return appendMessage(g, graphOutput, value(outputName, layers[len(layers)-1].Out))
}

// node encodes an operator. The last of names is its output, the others are its inputs.
func node(op, name string, names ...string) []byte {
	var n []byte
	last := len(names) - 1
	for _, in := range names[:last] {
		n = appendText(n, nodeInput, in)
	}
	n = appendText(n, nodeOutput, names[last])
	n = appendText(n, nodeName, name)
	return appendText(n, nodeOp, op)
}

func gemm(name, from, weight, bias, to string) []byte {
	var transB []byte
	transB = appendText(transB, attributeName, "transB")
	transB = appendInt(transB, attributeInt, 1)
	transB = appendInt(transB, attributeType, attrInt)
	return appendMessage(node("Gemm", name, from, weight, bias, to), nodeAttribute, transB)
}

func tensor(name string, values []float32, shape ...int) []byte {
	var packed, t []byte
	for _, d := range shape {
		packed = protowire.AppendVarint(packed, uint64(d))
	}
	t = appendMessage(t, tensorDims, packed)
	t = appendInt(t, tensorType, elemFloat)
	t = appendText(t, tensorName, name)
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return appendMessage(t, tensorRaw, raw)
}

// value encodes the declaration of a float tensor [N, width].
func value(name string, width int) []byte {
	var rows, columns, shape, tensor, kind, v []byte
	rows = appendText(rows, dimParam, batchName)
	columns = appendInt(columns, dimValue, uint64(width))
	shape = appendMessage(shape, shapeDim, rows)
	shape = appendMessage(shape, shapeDim, columns)
	tensor = appendInt(tensor, tensorElemType, elemFloat)
	tensor = appendMessage(tensor, tensorShape, shape)
	kind = appendMessage(kind, typeTensor, tensor)
	v = appendText(v, valueName, name)
	return appendMessage(v, valueType, kind)
}

func appendInt(b []byte, n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

func appendText(b []byte, n protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), s)
}

func appendMessage(b []byte, n protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), m)
}
