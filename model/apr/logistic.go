// This file holds the payload: the logistic regression itself.

package apr

import (
	"encoding/binary"
	"math"
)

// LogisticRegression is the crate's binary classifier: P(class 1) is 1/(1+exp(-(Intercept +
// Weights*x))). It also has the settings of its fit, which do not affect a prediction.
type LogisticRegression struct {
	Fitted       bool // false: there are no weights
	Weights      []float32
	Intercept    float32
	LearningRate float32
	Iterations   uint64 // at most
	Tolerance    float32

	// The fields below are zero in files in the short form.

	ClassWeight ClassWeight
	// ManualWeights has one weight for each class. It is set only with ManualClasses.
	ManualWeights []float32
	L2            float32 // penalty

	// The fields below are also zero in files in the penalised form.

	Mode      FitMode
	BatchSize uint64 // examples; only with MiniBatch
}

// ClassWeight says how the fit weighted the classes.
type ClassWeight uint32

// The class weights.
const (
	UniformClasses ClassWeight = iota
	BalancedClasses
	ManualClasses
)

// FitMode says how many examples a step of the fit took.
type FitMode uint32

// The fit modes.
const (
	FullBatch FitMode = iota
	Stochastic
	MiniBatch
)

// decodePayload reads the three forms. The short and the penalised form may end where the
// next field would begin. Bytes after the long form are ignored, as the crate ignores them.
func decodePayload(payload []byte) (LogisticRegression, error) {
	r := &reader{data: payload}
	var m LogisticRegression
	switch some := r.byte("the option of weights"); some {
	case 0:
	case 1:
		m.Fitted = true
		m.Weights = r.floats("the weights")
	default:
		return m, bad("payload offset 0: the option of weights is %d instead of 0 or 1", some)
	}
	m.Intercept = r.float("the intercept")
	m.LearningRate = r.float("the learning rate")
	m.Iterations = r.uint64("the iterations")
	m.Tolerance = r.float("the tolerance")
	if r.err == nil && !r.done() {
		r.penalty(&m)
	}
	if r.err == nil && !r.done() {
		r.mode(&m)
	}
	if r.err != nil {
		return LogisticRegression{}, r.err
	}
	return m, nil
}

func (r *reader) penalty(m *LogisticRegression) {
	at := r.at
	m.ClassWeight = ClassWeight(r.uint32("the class weight"))
	if m.ClassWeight == ManualClasses {
		m.ManualWeights = r.floats("the class weights")
	}
	m.L2 = r.float("the penalty")
	if r.err == nil && m.ClassWeight > ManualClasses {
		r.err = bad("payload offset %d: unknown class weight %d", at, m.ClassWeight)
	}
}

func (r *reader) mode(m *LogisticRegression) {
	at := r.at
	m.Mode = FitMode(r.uint32("the fit mode"))
	if m.Mode == MiniBatch {
		m.BatchSize = r.uint64("the batch size")
	}
	if r.err == nil && m.Mode > MiniBatch {
		r.err = bad("payload offset %d: unknown fit mode %d", at, m.Mode)
	}
}

// reader reads fields from a payload. After an error it returns zeros.
type reader struct {
	data []byte
	at   int
	err  error
}

func (r *reader) done() bool { return r.at == len(r.data) }

// take returns the next n bytes, or nil and sets an error that names the missing field.
func (r *reader) take(n uint64, what string) []byte {
	if r.err != nil {
		return nil
	}
	if left := uint64(len(r.data) - r.at); n > left {
		r.err = bad("payload offset %d: %s take %d bytes, and %d are left", r.at, what, n, left)
		return nil
	}
	r.at += int(n)
	return r.data[r.at-int(n) : r.at]
}

func (r *reader) byte(what string) byte {
	if b := r.take(1, what); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint32(what string) uint32 {
	if b := r.take(4, what); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64(what string) uint64 {
	if b := r.take(8, what); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) float(what string) float32 { return math.Float32frombits(r.uint32(what)) }

// floats reads a length and that number of float32.
func (r *reader) floats(what string) []float32 {
	at := r.at
	n := r.uint64(what)
	if n > maxPayload/4 {
		r.err = bad("payload offset %d: %s are %d numbers, and at most %d are read", at, what, n, maxPayload/4)
		return nil
	}
	b := r.take(4*n, what)
	values := make([]float32, len(b)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return values
}

// encodePayload writes the long form.
func encodePayload(m LogisticRegression) ([]byte, error) {
	switch {
	case !m.Fitted && len(m.Weights) > 0:
		return nil, bad("encode: %d weights in a model that is not fitted", len(m.Weights))
	case m.ClassWeight > ManualClasses || m.Mode > MiniBatch:
		return nil, bad("encode: unknown class weight %d or fit mode %d", m.ClassWeight, m.Mode)
	}
	order := binary.LittleEndian
	b := []byte{0}
	if m.Fitted {
		b = appendFloats([]byte{1}, m.Weights)
	}
	b = appendFloat(b, m.Intercept)
	b = appendFloat(b, m.LearningRate)
	b = order.AppendUint64(b, m.Iterations)
	b = appendFloat(b, m.Tolerance)
	b = order.AppendUint32(b, uint32(m.ClassWeight))
	if m.ClassWeight == ManualClasses {
		b = appendFloats(b, m.ManualWeights)
	}
	b = appendFloat(b, m.L2)
	b = order.AppendUint32(b, uint32(m.Mode))
	if m.Mode == MiniBatch {
		b = order.AppendUint64(b, m.BatchSize)
	}
	return b, nil
}

func appendFloat(b []byte, v float32) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
}

func appendFloats(b []byte, values []float32) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(len(values)))
	for _, v := range values {
		b = appendFloat(b, v)
	}
	return b
}
