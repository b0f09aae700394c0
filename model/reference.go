// This file holds the float64 reference, and the measures of a fit that use it.

package model

import "math"

// Examples is labelled data.
type Examples struct {
	X      []float32 // one example after the other, Dim values each
	Dim    int
	Labels []uint8 // one per example
}

// row returns example i.
func (e Examples) row(i int) []float32 { return e.X[i*e.Dim : (i+1)*e.Dim] }

// ScoresFloat64 returns the logits of one example by the definition: every product and sum
// in float64, inputs in order, bias first, never fused. The result is therefore the same on
// every processor. x has at least Inputs() values. It is safe for concurrent use.
func (m *Model) ScoresFloat64(x []float32) []float64 {
	h := make([]float64, m.Architecture.Inputs())
	for j := range h {
		h[j] = float64(x[j])
	}
	for i := range m.Layers {
		h = m.Layers[i].applyFloat64(h)
		if i == len(m.Layers)-1 {
			break
		}
		for o, v := range h {
			if v < 0 {
				h[o] = 0
			}
		}
	}
	return h
}

// applyFloat64 computes four outputs at a time. The chain of each is unchanged, and four of
// them hide the latency of an addition.
func (l *Layer) applyFloat64(x []float64) []float64 {
	y := make([]float64, l.Out)
	for o, b := range l.Bias {
		y[o] = float64(b)
	}
	o := 0
	for ; o+4 <= l.Out; o += 4 {
		w0, w1 := l.row(o), l.row(o+1)
		w2, w3 := l.row(o+2), l.row(o+3)
		y0, y1, y2, y3 := y[o], y[o+1], y[o+2], y[o+3]
		for j, v := range x {
			y0 += float64(float64(w0[j]) * v)
			y1 += float64(float64(w1[j]) * v)
			y2 += float64(float64(w2[j]) * v)
			y3 += float64(float64(w3[j]) * v)
		}
		y[o], y[o+1], y[o+2], y[o+3] = y0, y1, y2, y3
	}
	for ; o < l.Out; o++ {
		w, sum := l.row(o), y[o]
		for j, v := range x {
			sum += float64(float64(w[j]) * v)
		}
		y[o] = sum
	}
	return y
}

// row returns the weights of output o.
func (l *Layer) row(o int) []float32 { return l.Weight[o*l.In : (o+1)*l.In : (o+1)*l.In] }

// Accuracy returns the share of examples whose predicted label is right, or NaN without
// examples.
func (m *Model) Accuracy(data Examples) float64 {
	p, right := m.NewPredictor(), 0
	for i, label := range data.Labels {
		if p.Predict(data.row(i)) == int(label) {
			right++
		}
	}
	return float64(right) / float64(len(data.Labels))
}

// CrossEntropy returns the mean over the examples of -log P(label), in nats. P is the
// softmax of the float64 scores, or of (0, score) for one output. It is NaN without
// examples, and if a label is not a class.
func (m *Model) CrossEntropy(data Examples) float64 {
	total := 0.0
	for i, label := range data.Labels {
		total += surprise(m.ScoresFloat64(data.row(i)), int(label))
	}
	return total / float64(len(data.Labels))
}

// surprise returns -log softmax(scores)[label]. It uses the log-sum-exp shifted by the
// highest score, so that no exponential overflows.
func surprise(scores []float64, label int) float64 {
	if len(scores) == 1 {
		scores = []float64{0, scores[0]}
	}
	if label >= len(scores) {
		return math.NaN()
	}
	top := scores[0]
	for _, v := range scores {
		top = max(top, v)
	}
	sum := 0.0
	for _, v := range scores {
		sum += exp(v - top)
	}
	return math.Log(sum) + top - scores[label]
}
