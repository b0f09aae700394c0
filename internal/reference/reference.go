// Package reference says what the right answer is: scores in float64 from the
// same float32 weights, and whether a contender's labels and scores agree.
//
// Engines differ in the order and precision of their sums, so a label decides
// nothing where the two best classes are closer than the tolerance, and a score
// may be off by it. The tolerances are the protocol's (docs/PROTOCOL.md, What is
// right). Answers are never compared between contenders.
//
// Rows at the decision boundary (BoundaryRows) go below that tolerance: they tell
// float32 from anything coarser, by how often a label is wrong.
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
	// LogitTolerance bounds |a-b| relative to max(1, |b|), a and b being
	// differences to output 0.
	LogitTolerance = 1e-4
	// ProbabilityTolerance bounds |p-q|.
	ProbabilityTolerance = 1e-5
)

// Reference answers for one model. It is safe for concurrent use.
type Reference struct {
	network network
}

// New returns the reference of m. It costs a copy of the weights in float64.
func New(m *model.Model) *Reference { return &Reference{newNetwork(m)} }

// Inputs are the rows of one request, with the answers found so far. It is safe
// for concurrent use, so that the replies of several contenders that were given
// the same rows can be checked side by side: an answer is found once, or at worst
// once by each of those who need it at the same moment, with the same result.
type Inputs struct {
	network network
	values  []float64
	// rows is their number, row i beginning at value i*hop.
	rows, hop int
	// verdicts has a packed verdict per row, or 0 where there is none yet.
	verdicts []atomic.Uint32
	// sample says of which rows labels are compared; nil for all.
	sample []bool
}

// Inputs makes the reference ready for rows rows, row i of which starts at value
// i*hop. It keeps no hold of values.
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

// verdict returns the verdict on one row, from the table where it is there.
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
	// Logits has one entry per class; a model with one output has 0 for class 0.
	Logits []float64
	Label  int
}

// Answer returns the answer for one row. Its logits are computed at each call.
func (in *Inputs) Answer(row int) *Answer { return in.answer(row, in.network.newScratch()) }

// answer has its logits in s.
func (in *Inputs) answer(row int, s scratch) *Answer {
	label := in.verdict(row, s).label
	return &Answer{Logits: in.network.logits(in.row(row), s), Label: label}
}

// Accepts reports whether label is right: the reference's, or one that ties with
// it within the tolerance.
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
