// This file holds the packed matrix: the division of its outputs into panels, the layout of
// each panel in memory, and the products.

package kernel

import (
	"fmt"
	"math"
	"unsafe"
)

// Matrix is the affine map x -> w*x + b. Its weights are copied into the order in which a
// Set's panels read them. It is immutable and safe for concurrent use.
//
// Outputs are divided into panels. Each panel is stored as one stream that is read from
// front to back, which suits a prefetcher best. There are two shapes of panels. With many
// outputs, the lanes run along the outputs and each input is broadcast, so that no sum
// across lanes is left at the end. With few outputs, the lanes run along the inputs, so
// that no lane idles, and up to four outputs share the sums across lanes at the end. The
// last outputs of a wide matrix are also few.
type Matrix struct {
	in, out int
	panels  []part
	weights []float32 // packed; row-major for the portable Set
	bias    []float32 // followed by the slack that a panel may read
}

// part is one panel with the places of its operands.
type part struct {
	mul  panel
	w, b *float32
	at   int // first output
}

// slack is the number of floats past the last output that a panel may read of the bias and
// write of the result: panels of rows move four outputs at a time.
const slack = 3

// noFloor is the floor that changes nothing.
var noFloor = float32(math.Inf(-1))

// Pack copies w, which is out x in in row-major order, and b, which has out elements. An
// error says which length is wrong.
func (s *Set) Pack(w, b []float32, in int) (*Matrix, error) {
	out := len(b)
	if in < 1 || out < 1 {
		return nil, fmt.Errorf("kernel: pack a matrix of %d outputs and %d inputs: both must be at least 1", out, in)
	}
	if len(w) != in*out {
		return nil, fmt.Errorf("kernel: pack a matrix of %d outputs and %d inputs: %d weights instead of %d", out, in, len(w), in*out)
	}
	m := &Matrix{in: in, out: out, bias: make([]float32, out+slack)}
	copy(m.bias, b)
	if s.width == 1 {
		m.weights = append([]float32(nil), w...)
		return m, nil
	}
	m.pack(s, w)
	return m, nil
}

// In returns the number of inputs.
func (m *Matrix) In() int { return m.in }

// Out returns the number of outputs.
func (m *Matrix) Out() int { return m.out }

// Room returns the required length of Mul's result: a little more than Out, because panels
// write whole registers.
func (m *Matrix) Room() int { return m.out + slack }

// Mul writes w*x + b into y[:Out()]. The content of y[Out():Room()] is undefined
// afterwards. It reads the first In() elements of x. Shorter slices panic, as indexing
// does.
func (m *Matrix) Mul(y, x []float32) { m.mul(y, x, noFloor) }

// MulReLU is Mul followed by max(0, .) on each output; NaN stays NaN.
func (m *Matrix) MulReLU(y, x []float32) { m.mul(y, x, 0) }

func (m *Matrix) mul(y, x []float32, floor float32) {
	x, y = x[:m.in], y[:m.out+slack]
	if m.panels == nil {
		mulPortable(y, m.weights, m.bias[:m.out], x, floor)
		return
	}
	for i := range m.panels {
		p := &m.panels[i]
		p.mul(&y[p.at], p.w, p.b, &x[0], m.in, floor)
	}
}

// pack divides the outputs into panels: first as many full panels with lanes along the
// outputs as possible, then one lower such panel if the rest is large enough, then panels
// of rows of equal height.
func (m *Matrix) pack(s *Set, w []float32) {
	heights := cut(m.out, s.width)
	total := 0
	for _, h := range heights {
		total += h.size(m.in, s.width)
	}
	m.weights = aligned(total)
	at, used := 0, 0
	for _, h := range heights {
		dst := m.weights[used : used+h.size(m.in, s.width)]
		p := part{w: &dst[0], b: &m.bias[at], at: at}
		rows := w[at*m.in : (at+h.outputs)*m.in]
		if h.lanes {
			p.mul = s.lanes[h.outputs/s.width]
			packLanes(dst, rows, m.in, h.outputs)
		} else {
			p.mul = s.rows[h.outputs]
			packRows(dst, rows, m.in, h.outputs, s.width)
		}
		m.panels = append(m.panels, p)
		at += h.outputs
		used += len(dst)
	}
}

// height is the shape of one panel.
type height struct {
	outputs int
	lanes   bool // along the outputs
}

// size returns the panel's length in floats.
func (h height) size(in, width int) int {
	if h.lanes {
		return in * h.outputs
	}
	return (in + width - 1) / width * width * h.outputs
}

// cut divides `out` outputs into panels for registers of `width` floats.
func cut(out, width int) []height {
	var panels []height
	for out >= minLanes*width {
		h := min(out/width, maxLanes) * width
		panels = append(panels, height{outputs: h, lanes: true})
		out -= h
	}
	for n := (out + maxRows - 1) / maxRows; n > 0; n-- {
		h := (out + n - 1) / n
		panels = append(panels, height{outputs: h})
		out -= h
	}
	return panels
}

// packLanes stores the weights of all outputs for each input in turn.
func packLanes(dst, rows []float32, in, outputs int) {
	for o := range outputs {
		for j, v := range rows[o*in : (o+1)*in] {
			dst[j*outputs+o] = v
		}
	}
}

// packRows stores, for each register of inputs in turn, that register of each output. The
// last register is padded with zeros, and the masked load of x has zeros there too.
func packRows(dst, rows []float32, in, outputs, width int) {
	for o := range outputs {
		for j, v := range rows[o*in : (o+1)*in] {
			dst[(j/width*outputs+o)*width+j%width] = v
		}
	}
}

// aligned allocates n floats at a multiple of 64 bytes, so that each load of weights stays
// within one cache line. The collector does not move memory.
func aligned(n int) []float32 {
	const line = 64
	buffer := make([]float32, n+line/4)
	skip := 0
	if rest := uintptr(unsafe.Pointer(&buffer[0])) % line; rest != 0 {
		skip = int(line-rest) / 4
	}
	return buffer[skip : skip+n : skip+n]
}
