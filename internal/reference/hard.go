package reference

// This file holds hard rows: rows whose margin is just above the tolerance. Each honest
// label of them is right, and an engine that cuts corners is wrong about as often as not.
// Boundary rows distinguish float32 from float16. Hard rows distinguish the model from one
// that is coarse or reads only a part of the inputs, and they can be used where each label
// has to be right.

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"cupel/internal/protocol"
)

// nearTolerance is the band of hard rows. Its unit is the protocol's tolerance at the row.
var nearTolerance = band{
	aimed: 1.6, smallest: 1.2, largest: 2, otherClasses: 2, mixes: true,
	unit: func(_ *boundarySearch, logits []float64, _, _ int) float64 { return slack(logits) },
}

// HardRows draws n rows with a margin of 1.2 to 2 times the tolerance. Each is a mix of two
// drawn rows with different labels, or of a drawn row and one further along the difference
// of two classes' weights. They lie on both sides equally often, in random order, and each
// value is in [-1, 1]. For the rest see BoundaryRows.
func (r *Reference) HardRows(random *rand.Rand, n int) (*Boundary, error) {
	inputs := r.network.inputs
	found := &Boundary{Values: make([]float32, n*inputs), Labels: make([]byte, n)}
	search := newBoundarySearch(r.network, random, nearTolerance)
	for _, place := range random.Perm(n) {
		label, err := search.find(found.Values[place*inputs : (place+1)*inputs])
		if err != nil {
			return nil, fmt.Errorf("hard rows: %w", err)
		}
		found.Labels[place] = byte(label)
	}
	return found, nil
}

// Visited returns the rows of a request's timed calls, in order, along the received labels:
// one row for each label. warmup are the labels of the untimed calls.
func Visited(request protocol.InferRequest, warmup, labels []byte) []int {
	path := newPath(request)
	for _, label := range warmup {
		path.next(int(label))
	}
	path.endWarmUp()
	var rows []int
	for call := range len(labels) / max(1, request.Batch) {
		given := labels[call*request.Batch : (call+1)*request.Batch]
		for i := range given {
			rows = append(rows, (path.row+i)%request.Rows)
		}
		path.next(int(given[len(given)-1]))
	}
	return rows
}

// Cut is a model that cuts a corner.
type Cut struct {
	// Corner names the shortcut.
	Corner  string
	network network
	// always is the label of a model that gives only one label, and -1 for others.
	always int
}

// Cuts returns models of an engine that saves work: coarser weights, a part of the inputs,
// one label for everything.
func (r *Reference) Cuts() []Cut {
	var cuts []Cut
	for _, coarse := range []struct {
		corner string
		change func(weights []float64)
	}{
		{"float16 weights", each(toFloat16)},
		{"bfloat16 weights", each(toBfloat16)},
		{"int8 weights", toInt8},
	} {
		cuts = append(cuts, Cut{coarse.corner, r.network.changed(coarse.change), -1})
	}
	inputs := r.network.inputs
	cuts = append(cuts,
		Cut{"the first half of the inputs alone", r.network.without(inputs-inputs/2, inputs), -1},
		Cut{"the second half of the inputs alone", r.network.without(0, inputs/2), -1},
		Cut{"all inputs but the last 16", r.network.without(max(0, inputs-16), inputs), -1},
	)
	for class := range r.network.classes() {
		cuts = append(cuts, Cut{fmt.Sprintf("always %d", class), r.network, class})
	}
	return cuts
}

// Labels returns the labels that the model gives to n rows.
func (c Cut) Labels(values []float32, n int) []byte {
	s := c.network.newScratch()
	labels := make([]byte, n)
	for row := range labels {
		if c.always >= 0 {
			labels[row] = byte(c.always)
			continue
		}
		x := widened(values[row*c.network.inputs : (row+1)*c.network.inputs])
		labels[row] = byte(judged(c.network.logits(x, s)).label)
	}
	return labels
}

// BlockInputs is the number of inputs in a block of Deciding.
const BlockInputs = 16

// Deciding reports for each of n rows and each block of 16 inputs whether the row's label
// changes if these inputs are 0.
func (r *Reference) Deciding(values []float32, n int) [][]bool {
	net := r.network
	s, first := net.newScratch(), net.layers[0]
	rest := network{layers: net.layers[1:]}
	sums, hidden, kept := make([]float64, first.weight.Rows), make([]float64, first.weight.Rows), make([]float64, net.classes())
	decisions := make([][]bool, n)
	for row := range decisions {
		x := widened(values[row*net.inputs : (row+1)*net.inputs])
		label := net.judge(x, s).label
		first.apply(sums, x)
		for from := 0; from < net.inputs; from += BlockInputs {
			to := min(from+BlockInputs, net.inputs)
			for output := range sums {
				hidden[output] = sums[output] - floats.Dot(first.row(output)[from:to], x[from:to])
			}
			decisions[row] = append(decisions[row], rest.labelOf(hidden, s, kept) != label)
		}
	}
	return decisions
}

// labelOf computes the label from the outputs of the first layer. s is the scratch of the
// whole network.
func (n network) labelOf(hidden []float64, s scratch, logits []float64) int {
	if len(n.layers) > 0 {
		rectify(hidden)
		last := n.logits(hidden, s[1:])
		return judged(last).label
	}
	clear(logits)
	copy(logits[len(logits)-len(hidden):], hidden)
	return judged(logits).label
}

// changed returns the network with the weights of each output changed and the biases
// unchanged.
func (n network) changed(change func(weights []float64)) network {
	other := network{inputs: n.inputs}
	for _, l := range n.layers {
		weight := l.weight
		weight.Data = append([]float64(nil), l.weight.Data...)
		copied := layer{weight: weight, bias: l.bias}
		for output := range weight.Rows {
			change(copied.row(output))
		}
		other.layers = append(other.layers, copied)
	}
	return other
}

// without returns the network with the weights of the inputs in [from, to) set to 0.
func (n network) without(from, to int) network {
	other := n.changed(func([]float64) {})
	first := other.layers[0]
	for output := range first.weight.Rows {
		clear(first.row(output)[from:to])
	}
	return other
}

func each(round func(float64) float64) func([]float64) {
	return func(weights []float64) {
		for i, weight := range weights {
			weights[i] = round(weight)
		}
	}
}

// toFloat16 rounds to 11 significant bits, with a least exponent of -14.
func toFloat16(value float64) float64 { return toBits(value, 11, -14) }

// toBfloat16 rounds to 8 significant bits.
func toBfloat16(value float64) float64 { return toBits(value, 8, -126) }

func toBits(value float64, bits, leastExponent int) float64 {
	if value == 0 {
		return 0
	}
	_, exponent := math.Frexp(value) // value = fraction * 2^exponent, fraction in [1/2, 1)
	unit := math.Ldexp(1, max(exponent-1, leastExponent)-(bits-1))
	return math.RoundToEven(value/unit) * unit
}

// toInt8 rounds to 127 steps on each side of 0, scaled by the largest weight of the output.
func toInt8(weights []float64) {
	largest := 0.0
	for _, weight := range weights {
		largest = max(largest, math.Abs(weight))
	}
	if largest == 0 {
		return
	}
	unit := largest / 127
	for i, weight := range weights {
		weights[i] = math.RoundToEven(weight/unit) * unit
	}
}
