package reference

// This file holds the reference of a training: the same gradient descent in float64, and
// how far rounding to float32 may lead away from it.

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"

	"cupel/internal/protocol"
	"cupel/model"
)

// Descent is the reference's own training for one request. It is safe for concurrent use.
//
// How far an honest float32 engine may end from the reference depends on the data, the
// learning rate and the number of steps. So it is measured: a second descent in float64
// runs beside the first, and each of its steps is disturbed by as much as float32 rounds. A
// weight's disturbance has a random sign that is the same in all steps, because some errors
// are: with a batch of 20,000 rows, one is the rounding of 1/20,000. If the two descents
// end apart by r, an engine may be off by allowance*r. All distances are Euclidean, over
// weights and biases as differences to output 0. A model's labels depend only on these
// differences, and a model with one output holds them.
//
// The disturbance of one weight in a step has three parts. u is half of float32's epsilon
// and B the number of rows in the batch. The error of a sum of n terms is modelled as a
// random walk, sqrt(n)*u of the terms' absolute sum (Higham & Mary 2019, "A New Approach to
// Probabilistic Rounding Error Analysis"). That is the error of the worst order, one term
// after the other.
//
//   - the sum over the batch and the scaling by 1/B and the rate:
//     (sqrt(B)+3) * u * mean |error*x|;
//   - the predicted probability: u*(4 + sqrt(n)/2 * sum |weight*x|) times
//     mean |x|, where 4 is for exp and the division, and 1/2 is the largest
//     slope of softmax;
//   - the weight's own rounding when it is stored: u*|weight|.
type Descent struct {
	request protocol.TrainRequest
	// weights is (Dim+1) x (Classes-1), the bias last. Each is the difference to output 0.
	weights []float64
	// allowed is the largest distance that rounding explains.
	allowed float64
}

const (
	halfEpsilon = 0x1p-24
	// allowance covers what the model of rounding leaves out. Of 18 honest trainings one
	// came to 0.41 r and the others to at most 0.04 r. Of 60 wrong ones, with among them a
	// rate off by a thousandth, none came nearer than 26 r (descent_test.go).
	allowance = 3
	// leastPower is how far, as a multiple of the allowed distance, the last epoch must
	// move the weights. With less, a missing epoch, or any error of that size, could not be
	// distinguished from rounding.
	leastPower = 4
)

// NewDescent trains the reference. x has the request's rows, labels a class for each row.
// An error concerns the request: its numbers, its data, or a descent that cannot be judged.
func NewDescent(request protocol.TrainRequest, x []float32, labels []uint8) (*Descent, error) {
	if err := request.Check(); err != nil {
		return nil, fmt.Errorf("reference training: %w", err)
	}
	if len(x) != request.Rows*request.Dim || len(labels) != request.Rows {
		return nil, fmt.Errorf("reference training: %d values and %d labels for %d rows of %d", len(x), len(labels), request.Rows, request.Dim)
	}
	for i, label := range labels {
		if int(label) >= request.Classes {
			return nil, fmt.Errorf("reference training: row %d has label %d of %d classes", i, label, request.Classes)
		}
	}
	exact, disturbed := newDescender(request, x, labels), newDescender(request, x, labels)
	disturbed.drawSigns()
	var before []float64
	for range request.Epochs {
		before = exact.differences()
		exact.epoch()
		disturbed.epoch()
	}
	d := &Descent{request: request, weights: exact.differences()}
	d.allowed = allowance * distance(d.weights, disturbed.differences())
	moved := distance(d.weights, before)
	if !(moved >= leastPower*d.allowed) || d.allowed == 0 {
		return nil, fmt.Errorf("reference training: the last epoch moves the weights by %.3g and rounding by up to %.3g, so nothing could be told from the weights; choose a lower learning rate or fewer epochs", moved, d.allowed)
	}
	return d, nil
}

// Check judges a trained model. content is the content of the weights file. For a model
// with two classes a contender may write one output.
func (d *Descent) Check(reply protocol.Train, content []byte) error {
	trained, err := model.FromSafetensors(d.request.Architecture, content)
	if err != nil {
		return fmt.Errorf("the weights can't be read: %w", err)
	}
	outputs := trained.Architecture.Outputs()
	if trained.Architecture.Inputs() != d.request.Dim || trained.Architecture.Classes() != d.request.Classes {
		return fmt.Errorf("the weights are of shape %v where %d inputs and %d classes are due",
			trained.Architecture.Layers, d.request.Dim, d.request.Classes)
	}
	if held := trained.Architecture.Parameters(); reply.Parameters != int64(held) {
		return fmt.Errorf("parameters is %d, and the weights are %d numbers", reply.Parameters, held)
	}
	got := make([]float64, 0, len(d.weights))
	layer := trained.Layers[0]
	for j := range d.request.Dim {
		got = appendDifferences(got, outputs, func(output int) float64 { return float64(layer.Weight[output*layer.In+j]) })
	}
	got = appendDifferences(got, outputs, func(output int) float64 { return float64(layer.Bias[output]) })
	if off := distance(got, d.weights); !(off <= d.allowed) {
		return fmt.Errorf("the trained weights are %.3g away from the reference's, which are %.3g long; rounding explains %.3g",
			off, distance(d.weights, make([]float64, len(d.weights))), d.allowed)
	}
	return nil
}

// ReadWeights returns the file that a contender has written for request. The file is not
// trusted: it is an error if it is not a regular file, or is longer than the model.
func ReadWeights(request protocol.TrainRequest) ([]byte, error) {
	const header = 1 << 16
	info, err := os.Lstat(request.Weights)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("it wrote no weights")
	case err != nil:
		return nil, fmt.Errorf("weights: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("weights: %s is no plain file", request.Weights)
	case info.Size() > int64(header+8*request.Architecture.Parameters()):
		return nil, fmt.Errorf("weights: %s has %d bytes for %d numbers", request.Weights, info.Size(), request.Architecture.Parameters())
	}
	content, err := os.ReadFile(request.Weights)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return content, nil
}

// appendDifferences appends the values of the outputs from 1 on minus that of output 0. For
// a single output it appends the output's own values.
func appendDifferences(to []float64, outputs int, value func(output int) float64) []float64 {
	if outputs == 1 {
		return append(to, value(0))
	}
	for output := 1; output < outputs; output++ {
		to = append(to, value(output)-value(0))
	}
	return to
}

func distance(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return math.Sqrt(sum)
}

// descender is a descent in progress. A model with one output is trained as the two outputs
// that it stands for.
type descender struct {
	request protocol.TrainRequest
	x       []float32
	labels  []uint8
	// signs are the signs of each weight's disturbance. Without signs, steps are exact.
	signs []float64

	// Each is (Dim+1) x Classes, the bias last: the weights, the gradient, and the mean of
	// |error*x|. wobble has Dim+1 elements, the mean of |x| times the error of the
	// probabilities.
	weights, gradient, spread []float64
	wobble                    []float64
	// For one row: scores, errors, and the sums of |weight*x|.
	scores, magnitudes []float64
}

func newDescender(request protocol.TrainRequest, x []float32, labels []uint8) *descender {
	size := (request.Dim + 1) * request.Classes
	return &descender{
		request: request, x: x, labels: labels,
		weights: make([]float64, size), gradient: make([]float64, size), spread: make([]float64, size),
		wobble: make([]float64, request.Dim+1),
		scores: make([]float64, request.Classes), magnitudes: make([]float64, request.Classes),
	}
}

// drawSigns draws the signs, which makes the steps disturbed ones.
func (d *descender) drawSigns() {
	// The seed is arbitrary, but the same in every run.
	random := rand.New(rand.NewPCG(0x6375_7065_6c, 0x7265_6665_7265))
	d.signs = make([]float64, len(d.weights))
	for i := range d.signs {
		d.signs[i] = float64(2*(random.Uint64()&1)) - 1
	}
}

func (d *descender) epoch() {
	for at := 0; at < d.request.Rows; at += d.request.Batch {
		rows := min(d.request.Batch, d.request.Rows-at)
		for row := at; row < at+rows; row++ {
			d.add(d.x[row*d.request.Dim:(row+1)*d.request.Dim], int(d.labels[row]))
		}
		d.step(float64(rows))
	}
}

// add adds one row's gradient.
func (d *descender) add(x []float32, label int) {
	wobble := d.forward(x)
	d.scores = softmaxInPlace(d.scores)
	d.scores[label]--
	for j, value := range x {
		if value != 0 {
			d.contribute(j, float64(value), wobble)
		}
	}
	d.contribute(len(x), 1, wobble)
}

// forward writes the logits into scores and returns the error of the probabilities.
func (d *descender) forward(x []float32) float64 {
	classes, terms := d.request.Classes, 1.0
	copy(d.scores, d.weights[len(x)*classes:])
	for k, bias := range d.scores {
		d.magnitudes[k] = math.Abs(bias)
	}
	for j, value := range x {
		if value == 0 {
			continue
		}
		terms++
		for k, weight := range d.weights[j*classes : (j+1)*classes] {
			term := weight * float64(value)
			d.scores[k] += term
			d.magnitudes[k] += math.Abs(term)
		}
	}
	largest := 0.0
	for _, magnitude := range d.magnitudes {
		largest = max(largest, magnitude)
	}
	return halfEpsilon * (4 + math.Sqrt(terms)/2*largest)
}

func softmaxInPlace(scores []float64) []float64 {
	top, total := scores[0], 0.0
	for _, score := range scores {
		top = max(top, score)
	}
	for k, score := range scores {
		scores[k] = math.Exp(score - top)
		total += scores[k]
	}
	for k := range scores {
		scores[k] /= total
	}
	return scores
}

// contribute adds one input's part of a row's gradient.
func (d *descender) contribute(input int, value, wobble float64) {
	at := input * d.request.Classes
	for k, wrong := range d.scores {
		term := wrong * value
		d.gradient[at+k] += term
		d.spread[at+k] += math.Abs(term)
	}
	d.wobble[input] += wobble * math.Abs(value)
}

// step moves the weights against the mean gradient of the added rows, and resets the sums
// for the next batch.
func (d *descender) step(rows float64) {
	rate := d.request.LearningRate / rows
	for i := range d.weights {
		d.weights[i] -= rate * d.gradient[i]
		if d.signs != nil {
			summed := (math.Sqrt(rows) + 3) * halfEpsilon * d.spread[i]
			d.weights[i] += d.signs[i] * (rate*(summed+d.wobble[i/d.request.Classes]) + halfEpsilon*math.Abs(d.weights[i]))
		}
	}
	clear(d.gradient)
	clear(d.spread)
	clear(d.wobble)
}

// differences returns the weights minus those of output 0.
func (d *descender) differences() []float64 {
	var all []float64
	classes := d.request.Classes
	for at := 0; at < len(d.weights); at += classes {
		all = appendDifferences(all, classes, func(output int) float64 { return d.weights[at+output] })
	}
	return all
}
