package protocol

// This file holds the requests from the harness to a contender.

import "cupel/model"

// Version is the protocol's version, sent with every hello.
const Version = 1

// MaxLineBytes bounds one line in either direction, without the line break.
const MaxLineBytes = 64 << 20

// The operations of the protocol.
const (
	OpHello = "hello"
	OpLoad  = "load"
	OpInfer = "infer"
	OpTrain = "train"
	OpQuit  = "quit"
)

// The model formats that a contender can name in its hello.
const (
	FormatSafetensors = "safetensors"
	FormatONNX        = "onnx"
	FormatAPR         = "apr"
)

// ModelEncoders encode a model's file, by the format's name. Where a format cannot hold
// the model, the error wraps model.ErrNotRepresentable with the reason.
var ModelEncoders = map[string]func(*model.Model) ([]byte, error){
	FormatSafetensors: model.ToSafetensors,
	FormatONNX:        model.ToONNX,
	FormatAPR:         model.ToAPR,
}

// EncodeInputs returns the content of an inputs file.
func EncodeInputs(values []float32) []byte { return littleEndian(values) }

// MaxStep is the exclusive upper bound of InferRequest.Step. It keeps the path's
// arithmetic far from overflow in 64 bits.
const MaxStep = 1 << 31

// HelloRequest asks a contender for its description.
type HelloRequest struct {
	Op       string `json:"op"`
	Protocol int    `json:"protocol"`
}

// NewHello returns the request for this version of the protocol.
func NewHello() HelloRequest { return HelloRequest{Op: OpHello, Protocol: Version} }

// LoadRequest gives a contender a model, which replaces the previous one.
type LoadRequest struct {
	Op           string             `json:"op"`
	Format       string             `json:"format"`
	Path         string             `json:"path"`
	Architecture model.Architecture `json:"architecture"`
	Threads      int                `json:"threads"`
}

// InferRequest asks for Calls timed calls of Batch rows each.
//
// Row i of the file at Inputs consists of the Dim float32 values, little-endian, that
// start at value i*Hop. First and Step are both set or both nil. Where they are set,
// they chain the calls: each call's label decides the next call's row (NextRow).
type InferRequest struct {
	Op      string `json:"op"`
	Inputs  string `json:"inputs"`
	Rows    int    `json:"rows"`
	Dim     int    `json:"dim"`
	Hop     int    `json:"hop"`
	Batch   int    `json:"batch"`
	First   *int   `json:"first,omitempty"`
	Step    *int   `json:"step,omitempty"`
	Warmup  int    `json:"warmup"`
	Calls   int    `json:"calls"`
	Want    bool   `json:"want"`
	Samples bool   `json:"samples"`
	Scores  bool   `json:"scores"`
	// Transfer asks for the time in which as many calls only copy rows to the engine's
	// device and labels back. It is measured after the timed part.
	Transfer bool `json:"transfer,omitempty"`
}

// Chained reports whether each call's label decides the next call's row.
func (r InferRequest) Chained() bool { return r.First != nil && r.Step != nil }

// Floats returns the least number of float32 values in the inputs file.
func (r InferRequest) Floats() int { return (r.Rows-1)*r.Hop + r.Dim }

// QuitRequest ends a contender. It has no reply.
type QuitRequest struct {
	Op string `json:"op"`
}

// NextRow returns the row after a call on a chained path. label is the label of the
// call's last row. call counts from 0 over warm-up and timed calls together.
//
// The term call keeps the path from falling into a cycle, which a contender that
// remembers answers could exploit (see docs/EXPERIMENTS.md, The chain).
func NextRow(row, step, label, call, rows int) int {
	return int((5*int64(row) + int64(step) + int64(label) + int64(call)) % int64(rows))
}
