// This file chooses an implementation and holds the vector operations.

// Package kernel has the arithmetic of the engine: dot product, axpy, and the product of a
// packed matrix with a vector or with a batch of vectors, all in float32.
//
// A Set is one implementation: AVX-512, AVX2 with FMA, or plain Go. Best is the fastest one
// that processor and operating system support. Available lists all of them, so that tests
// can compare them. The module in the folder asm generates the assembly, which never
// branches on the values. The time of a product therefore does not depend on the values.
//
// The operations make two different promises. Axpy has the same bits in every Set and on
// every processor, because each element is a separate chain in which product and sum are
// rounded one after the other. Fitting uses it. The products fuse and reorder, so they
// agree between Sets only up to rounding. Prediction uses them.
//
// The build tag purego leaves the assembly out.
package kernel

//go:generate go -C asm run . -out ../kernel_amd64.s -stubs ../stubs_amd64.go -pkg kernel

// Set is one implementation of the operations. The zero value is not usable; call Best,
// Portable or Available. A Set is immutable and safe for concurrent use.
type Set struct {
	name  string
	width int                // floats in a vector register; 1 for plain Go
	rows  [maxRows + 1]panel // by panel height, lanes along the inputs
	lanes [maxLanes + 1]panel
	dot   func(a, b *float32, n int) float32
	axpy  func(alpha float32, x, y *float32, n int)
}

// panel multiplies one packed panel of a matrix with the vector at x, which has `in`
// elements. It adds the bias at b, replaces values below floor by floor, and writes the
// result at y.
type panel func(y, w, b, x *float32, in int, floor float32)

// The panels that the generator in the folder asm writes.
const (
	maxRows  = 12 // tallest panel with the lanes along the inputs
	minLanes = 4  // registers of outputs in a panel with the lanes along them
	maxLanes = 8
)

var portable = Set{name: "portable", width: 1}

// Best returns the fastest implementation that this machine supports.
func Best() Set { return Available()[0] }

// Portable returns the implementation in plain Go.
func Portable() Set { return portable }

// Available lists the implementations that this machine supports, fastest first. Portable
// is the last.
func Available() []Set { return append(supported(), portable) }

// Name returns "avx512", "avx2" or "portable".
func (s Set) Name() string { return s.name }

// Dot returns the sum of a[i]*b[i] over the length of the shorter slice. Each
// implementation has its own order of the additions.
func (s *Set) Dot(a, b []float32) float32 {
	n := min(len(a), len(b))
	if n == 0 {
		return 0
	}
	if s.dot == nil {
		return dotPortable(a[:n], b[:n])
	}
	return s.dot(&a[0], &b[0], n)
}

// Axpy adds alpha*x[i] to y[i] over the length of the shorter slice. The product is rounded
// to float32 before the sum, so every implementation gives the same bits. x and y must be
// the same slice or not overlap.
func (s *Set) Axpy(alpha float32, x, y []float32) {
	n := min(len(x), len(y))
	if n == 0 {
		return
	}
	if s.axpy == nil {
		axpyPortable(alpha, x[:n], y[:n])
		return
	}
	s.axpy(alpha, &x[0], &y[0], n)
}
