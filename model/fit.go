// This file holds fitting: mini-batch stochastic gradient descent.

package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	"cupel/model/kernel"
)

// FitVersion changes whenever the same architecture, examples and FitConfig give other
// bytes than before. Within a version they are the same on every processor: every sum has
// one fixed order, no product is fused with a sum, vector instructions run only along
// elements that are separate sums, and no called function has bits that depend on the
// processor.
const FitVersion = 1

// FitConfig has the settings of a fit.
type FitConfig struct {
	Seed      uint64 // of the initial weights and of the order of the examples
	Epochs    int    // passes over the examples
	BatchSize int    // examples per step; the last step of an epoch may have fewer
	// LearningRate is the step along the gradient of the batch's mean loss, in the first
	// epoch.
	LearningRate float32
	// LearningRateDecay is the share by which the rate shrinks from one epoch to the next:
	// 0 keeps it, 0.1 multiplies it by 0.9.
	LearningRateDecay float32
	// InOrder takes the examples in their order in every epoch. Otherwise each epoch has a
	// random order.
	InOrder bool
}

// ErrFit is wrapped, with the reason, in the error for unusable data or an unusable
// configuration.
var ErrFit = errors.New("cannot fit")

// Fit minimises the mean softmax cross-entropy of the examples by mini-batch stochastic
// gradient descent. It draws the order of the examples again for each epoch. A logistic
// regression starts at zero. An MLP starts at zero biases and uniform random weights of
// variance 2/inputs (He et al. 2015, "Delving deep into rectifiers"). Fit runs on the
// caller's goroutine. It returns the context's error soon after the context ends.
func Fit(ctx context.Context, arch Architecture, data Examples, config FitConfig) (*Model, error) {
	return fitWith(ctx, arch, data, config, kernel.Best())
}

// fitWith is Fit with a chosen implementation of the kernels, for tests.
func fitWith(ctx context.Context, arch Architecture, data Examples, config FitConfig, kernels kernel.Set) (*Model, error) {
	if err := arch.Validate(); err != nil {
		return nil, err
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	if err := data.check(arch); err != nil {
		return nil, err
	}
	// The second word is arbitrary, but fixed.
	random := rand.NewPCG(config.Seed, 0x6375_7065_6c20_6669)
	t := newTrainer(arch, kernels, random)
	order := make([]int, len(data.Labels))
	for i := range order {
		order[i] = i
	}
	rate := config.LearningRate
	for range config.Epochs {
		if !config.InOrder {
			shuffle(order, random)
		}
		for at := 0; at < len(order); at += config.BatchSize {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("fit: %w", err)
			}
			batch := order[at:min(at+config.BatchSize, len(order))]
			for _, i := range batch {
				t.example(data.row(i), int(data.Labels[i]), float32(len(batch)))
			}
			t.step(rate)
		}
		rate -= float32(rate * config.LearningRateDecay)
	}
	m, err := newModel(arch, t.weights(), kernels)
	if err != nil {
		return nil, fmt.Errorf("%w: the descent diverged, use a lower learning rate: %w", ErrFit, err)
	}
	return m, nil
}

func (c FitConfig) check() error {
	switch {
	case c.Epochs < 1:
		return fmt.Errorf("%w: %d epochs, at least 1 is needed", ErrFit, c.Epochs)
	case c.BatchSize < 1:
		return fmt.Errorf("%w: a batch size of %d, at least 1 is needed", ErrFit, c.BatchSize)
	case !(c.LearningRate > 0) || c.LearningRate > math.MaxFloat32:
		return fmt.Errorf("%w: the learning rate %v is not positive and finite", ErrFit, c.LearningRate)
	case !(c.LearningRateDecay >= 0 && c.LearningRateDecay < 1):
		return fmt.Errorf("%w: the learning rate's decay %v is outside [0, 1)", ErrFit, c.LearningRateDecay)
	}
	return nil
}

func (e Examples) check(arch Architecture) error {
	switch {
	case e.Dim != arch.Inputs():
		return fmt.Errorf("%w: examples of %d values for a model of %d inputs", ErrFit, e.Dim, arch.Inputs())
	case len(e.Labels) == 0:
		return fmt.Errorf("%w: no examples", ErrFit)
	case len(e.X)/e.Dim != len(e.Labels) || len(e.X)%e.Dim != 0:
		return fmt.Errorf("%w: %d values are not %d examples of %d", ErrFit, len(e.X), len(e.Labels), e.Dim)
	}
	for i, label := range e.Labels {
		if int(label) >= arch.Classes() {
			return fmt.Errorf("%w: example %d has label %d, and there are %d classes", ErrFit, i, label, arch.Classes())
		}
	}
	if i := notFinite(e.X); i >= 0 {
		return fmt.Errorf("%w: value %d of example %d is %v, not finite", ErrFit, i%e.Dim, i/e.Dim, e.X[i])
	}
	return nil
}

// shuffle is Fisher and Yates's algorithm. It is written out, because the order must not
// change with the library. It takes the high half of a product instead of a rejection; the
// bias is below 2^-32 for any number of examples that fits into memory.
func shuffle(order []int, random *rand.PCG) {
	for i := len(order) - 1; i > 0; i-- {
		j, _ := bits.Mul64(random.Uint64(), uint64(i+1))
		order[i], order[j] = order[j], order[i]
	}
}

// trainer holds the weights during a fit.
type trainer struct {
	kernels kernel.Set
	layers  []*trainedLayer
	shares  []float64 // the softmax of the example at work
}

// trainedLayer is one layer, in one of two layouts.
//
// Wide layers store weights and gradient input-major. The contribution of an input is one
// axpy along the outputs, forward and backward. An input of zero, like most pixels,
// contributes nothing and is skipped. Each element is then one sequential sum over the
// inputs or examples, for any width of the vector instructions.
//
// Narrow layers store them output-major, because an axpy along a few outputs is all
// overhead. Forward is a dot product with its own order, dotInOrder. The gradient is one
// axpy along the inputs for each output.
type trainedLayer struct {
	in, out int
	narrow  bool
	stride  int       // wide: from one input's weights to the next, out and zeros
	weight  []float32 // in x stride; narrow: out x in
	bias    []float32 // stride
	slope   []float32 // gradient of the weights, laid out as they are
	drift   []float32 // gradient of the biases, stride
	rows    []float32 // the weights output-major, out x in, for passing the error on
	nonzero []int32   // the inputs of the example at work that are not zero
	count   int       // how many of them there are
	y       []float32 // outputs of the example at work, stride
	delta   []float32 // derivative of the loss by them, stride
}

// maxNarrow is the largest number of outputs of a narrow layer.
const maxNarrow = 4

// padded rounds a number of outputs up to whole registers of 16 floats, so that
// an axpy has no tail. The zeros in the gap change no sum.
func padded(out int) int { return (out + 15) / 16 * 16 }

func newTrainer(arch Architecture, kernels kernel.Set, random *rand.PCG) *trainer {
	t := &trainer{kernels: kernels, shares: make([]float64, arch.Outputs())}
	for i := range len(arch.Layers) - 1 {
		l := newTrainedLayer(arch.Layers[i], arch.Layers[i+1])
		if arch.Kind == MLP {
			l.randomise(random)
		}
		t.layers = append(t.layers, l)
	}
	return t
}

func newTrainedLayer(in, out int) *trainedLayer {
	stride, size := padded(out), in*padded(out)
	if out <= maxNarrow {
		size = in * out
	}
	l := &trainedLayer{
		in: in, out: out, stride: stride, narrow: out <= maxNarrow,
		weight: make([]float32, size), slope: make([]float32, size),
		bias: make([]float32, stride), drift: make([]float32, stride),
		y: make([]float32, stride), delta: make([]float32, stride),
	}
	if l.narrow {
		l.rows = l.weight
		return l
	}
	l.rows, l.nonzero = make([]float32, in*out), make([]int32, in)
	return l
}

// randomise draws uniformly from [-b, b) with b = sqrt(6/in), output after output. The
// distribution is uniform, because a normal draw needs logarithms, whose bits depend on the
// processor. A square root is correctly rounded everywhere.
func (l *trainedLayer) randomise(random *rand.PCG) {
	bound := math.Sqrt(6 / float64(l.in))
	for o := range l.out {
		for j := range l.in {
			unit := float64(random.Uint64()>>11) / (1 << 52) // [0, 2)
			l.rows[o*l.in+j] = float32((unit - 1) * bound)
		}
	}
	if l.narrow {
		return
	}
	for j := range l.in {
		for o := range l.out {
			l.weight[j*l.stride+o] = l.rows[o*l.in+j]
		}
	}
}

// transpose updates rows from weight.
func (l *trainedLayer) transpose() {
	if l.narrow {
		return
	}
	for j := range l.in {
		for o, v := range l.weight[j*l.stride:][:l.out] {
			l.rows[o*l.in+j] = v
		}
	}
}

// example adds the gradient of one example in a batch of `batch` examples.
func (t *trainer) example(x []float32, label int, batch float32) {
	h := x
	for i, l := range t.layers {
		t.forward(l, h)
		if i < len(t.layers)-1 {
			rectify(l.y)
		}
		h = l.y[:l.out]
	}
	last := t.layers[len(t.layers)-1]
	t.softmax(last.y[:last.out])
	for o, p := range t.shares {
		last.delta[o] = float32(p) / batch
	}
	subtractTarget(last.delta[:last.out], label, batch)
	for i := len(t.layers) - 1; i > 0; i-- {
		before := t.layers[i-1]
		t.gradient(t.layers[i], before.y)
		t.backward(t.layers[i], before)
	}
	t.gradient(t.layers[0], x)
}

// rectify has no branch: half of the values would take it, and no predictor knows which.
func rectify(y []float32) {
	for o, v := range y {
		y[o] = max(v, 0)
	}
}

// subtractTarget subtracts the target distribution from the predicted one. The target of a
// single output is class 1.
func subtractTarget(delta []float32, label int, batch float32) {
	if len(delta) == 1 {
		label--
	}
	if label >= 0 {
		delta[label] -= 1 / batch
	}
}

// findNonzero lists the inputs that are not zero. It has no branch on them, because the
// edges of a digit cannot be predicted.
func (l *trainedLayer) findNonzero(x []float32) {
	n, list := 0, l.nonzero[:len(x)]
	for j, v := range x {
		list[n] = int32(j)
		b := math.Float32bits(v) << 1 // without the sign
		n += int((b | -b) >> 31)
	}
	l.count = n
}

// forward computes l.y without activation.
func (t *trainer) forward(l *trainedLayer, x []float32) {
	copy(l.y, l.bias)
	if l.narrow {
		for o := range l.out {
			l.y[o] += dotInOrder(l.weight[o*l.in:(o+1)*l.in], x)
		}
		return
	}
	l.findNonzero(x)
	for _, j := range l.nonzero[:l.count] {
		t.kernels.Axpy(x[j], l.weight[int(j)*l.stride:], l.y)
	}
}

// dotInOrder sums the products in eight chains, each of every eighth element, and then adds
// the chains in pairs. This order belongs to FitVersion.
func dotInOrder(a, b []float32) float32 {
	var s [8]float32
	for len(a) >= 8 && len(b) >= 8 {
		s[0] += float32(a[0] * b[0])
		s[1] += float32(a[1] * b[1])
		s[2] += float32(a[2] * b[2])
		s[3] += float32(a[3] * b[3])
		s[4] += float32(a[4] * b[4])
		s[5] += float32(a[5] * b[5])
		s[6] += float32(a[6] * b[6])
		s[7] += float32(a[7] * b[7])
		a, b = a[8:], b[8:]
	}
	for i := range min(len(a), len(b)) {
		s[i] += float32(a[i] * b[i])
	}
	return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))
}

// gradient adds the products of inputs and delta to l's gradient.
func (t *trainer) gradient(l *trainedLayer, x []float32) {
	t.kernels.Axpy(1, l.delta, l.drift)
	if l.narrow {
		for o, d := range l.delta[:l.out] {
			t.kernels.Axpy(d, x, l.slope[o*l.in:(o+1)*l.in])
		}
		return
	}
	for _, j := range l.nonzero[:l.count] {
		t.kernels.Axpy(x[j], l.delta, l.slope[int(j)*l.stride:])
	}
}

// backward passes l's delta to the layer before it. The delta is zero at outputs that the
// activation held at zero.
func (t *trainer) backward(l, before *trainedLayer) {
	clear(before.delta)
	for o, d := range l.delta[:l.out] {
		t.kernels.Axpy(d, l.rows[o*l.in:(o+1)*l.in], before.delta)
	}
	for j, v := range before.y {
		if v <= 0 {
			before.delta[j] = 0
		}
	}
}

// softmax writes the predicted distribution into t.shares; for a single output, the
// probability of class 1.
func (t *trainer) softmax(scores []float32) {
	if len(scores) == 1 {
		z := float64(scores[0])
		small := exp(-math.Abs(z))
		t.shares[0] = small / (1 + small)
		if z > 0 {
			t.shares[0] = 1 / (1 + small)
		}
		return
	}
	top := scores[0]
	for _, v := range scores {
		top = max(top, v)
	}
	sum := 0.0
	for o, v := range scores {
		t.shares[o] = exp(float64(v) - float64(top))
		sum += t.shares[o]
	}
	for o := range t.shares {
		t.shares[o] /= sum
	}
}

// step moves the weights against the gradient and starts a new one.
func (t *trainer) step(rate float32) {
	for i, l := range t.layers {
		t.kernels.Axpy(-rate, l.slope, l.weight)
		t.kernels.Axpy(-rate, l.drift, l.bias)
		clear(l.slope)
		clear(l.drift)
		if i > 0 { // the first layer passes nothing on
			l.transpose()
		}
	}
}

// weights returns the layers in the order of Layer.
func (t *trainer) weights() []Layer {
	var layers []Layer
	for _, l := range t.layers {
		l.transpose()
		layers = append(layers, Layer{In: l.in, Out: l.out, Weight: l.rows, Bias: l.bias[:l.out:l.out]})
	}
	return layers
}
