// Package reference computes the right answers: scores in float64 from the same float32
// weights. It checks whether a contender's labels and scores agree with them.
//
// Engines differ in the order and precision of their sums. If the two best classes are
// closer than the tolerance, both labels are right, and a score may be off by the
// tolerance. The tolerances are the protocol's (docs/PROTOCOL.md, What is right). Answers
// of contenders are never compared with each other.
//
// Boundary rows (BoundaryRows) go below that tolerance. They distinguish float32 from
// coarser arithmetic by the share of wrong labels.
package reference

// This file holds the reference of a model and its answers, row by row.

import (
	"math"
	"sync/atomic"

	"gonum.org/v1/gonum/floats"

	"cupel/model"
)

// The protocol's tolerances.
const (
	// LogitTolerance bounds |a-b| relative to max(1, |b|), where a and b are differences to
	// output 0.
	LogitTolerance = 1e-4
	// ProbabilityTolerance bounds |p-q|.
	ProbabilityTolerance = 1e-5
)

// Reference answers for one model. It is safe for concurrent use.
type Reference struct {
	network network
}

// New returns the reference of m. It copies the weights as float64.
func New(m *model.Model) *Reference { return &Reference{newNetwork(m)} }

// Inputs are the rows of one request, with the answers found so far. It is safe for
// concurrent use, so that the replies of several contenders to the same rows can be checked
// at the same time. An answer is computed once, or once by each goroutine that needs it at
// the same moment, with the same result.
type Inputs struct {
	network network
	values  []float64
	// rows is the number of rows. Row i starts at value i*hop.
	rows, hop int
	// verdicts has a packed verdict for each row, or 0 if there is none yet.
	verdicts []atomic.Uint32
	// sample has the rows whose labels are compared; nil for all rows.
	sample []bool
}

// Inputs prepares the reference for a number of rows; row i starts at value i*hop. It does
// not retain values.
func (r *Reference) Inputs(values []float32, rows, hop int) *Inputs {
	return &Inputs{
		network: r.network, values: widened(values), rows: rows, hop: hop,
		verdicts: make([]atomic.Uint32, rows),
	}
}

func (in *Inputs) row(row int) []float64 {
	start := row * in.hop
	return in.values[start : start+in.network.inputs]
}

// A packed verdict is the label in the low byte and these bits.
const (
	labelBits    = 0xff
	contestedBit = 1 << 8
	knownBit     = 1 << 9
)

func (v verdict) pack() uint32 {
	packed := uint32(v.label) | knownBit
	if v.contested {
		packed |= contestedBit
	}
	return packed
}

func unpack(packed uint32) verdict {
	return verdict{label: int(packed & labelBits), contested: packed&contestedBit != 0}
}

// verdict returns the verdict on one row, from the table if it is there.
func (in *Inputs) verdict(row int, s scratch) verdict {
	if packed := in.verdicts[row].Load(); packed != 0 {
		return unpack(packed)
	}
	found := in.network.judge(in.row(row), s)
	in.verdicts[row].Store(found.pack())
	return found
}

// Answer is the reference's answer for one row.
type Answer struct {
	// Logits has one entry for each class; a model with one output has 0 for class 0.
	Logits []float64
	Label  int
}

// Answer returns the answer for one row. Each call computes the logits.
func (in *Inputs) Answer(row int) *Answer { return in.answer(row, in.network.newScratch()) }

// answer returns the answer with its logits in s.
func (in *Inputs) answer(row int, s scratch) *Answer {
	label := in.verdict(row, s).label
	return &Answer{Logits: in.network.logits(in.row(row), s), Label: label}
}

// Accepts reports whether label is right: the reference's label, or one that ties with it
// within the tolerance.
func (a *Answer) Accepts(label int) bool {
	if label < 0 || label >= len(a.Logits) {
		return false
	}
	return label == a.Label || a.Logits[a.Label]-a.Logits[label] <= slack(a.Logits)
}

func softmax(logits []float64) []float64 {
	probabilities := make([]float64, len(logits))
	total := floats.LogSumExp(logits)
	for i, logit := range logits {
		probabilities[i] = math.Exp(logit - total)
	}
	return probabilities
}
