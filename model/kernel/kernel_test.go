// This file tests the kernels: agreement with float64, agreement of the implementations,
// and no write or read out of bounds.

package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// random returns n values in [-1, 1) at an address that is not a multiple of a register's
// size. NaN surrounds them, so that a read out of bounds shows.
func random(r *rand.Rand, n, offset int) []float32 {
	const guard = 32
	buffer := make([]float32, guard+offset+n+guard)
	for i := range buffer {
		buffer[i] = float32(math.NaN())
	}
	values := buffer[guard+offset:][:n:n]
	for i := range values {
		values[i] = 2*r.Float32() - 1
	}
	return values
}

func eachSet(t *testing.T, test func(t *testing.T, s *Set)) {
	for _, s := range Available() {
		t.Run(s.Name(), func(t *testing.T) { test(t, &s) })
	}
}

// near checks the error bound of a float32 sum of n products whose magnitudes add up to
// size: n+1 roundings of relative size 2^-24 each.
func near(got float32, want, size float64, n int) bool {
	return math.Abs(float64(got)-want) <= float64(n+2)*0x1p-24*size+1e-30
}

func TestBestIsAvailable(t *testing.T) {
	sets := Available()
	if Best().Name() != sets[0].Name() || sets[len(sets)-1].Name() != Portable().Name() {
		t.Errorf("Best is %s and Portable %s in %d implementations from %s on", Best().Name(), Portable().Name(), len(sets), sets[0].Name())
	}
}

func TestDotAgreesWithFloat64(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(1, 2))
		for n := range 201 {
			a, b := random(r, n, n%5), random(r, n, n%7)
			want, size := 0.0, 0.0
			for i := range a {
				p := float64(a[i]) * float64(b[i])
				want += p
				size += math.Abs(p)
			}
			if got := s.Dot(a, b); !near(got, want, size, n) {
				t.Errorf("n=%d: got %v, want %v", n, got, want)
			}
		}
	})
}

func TestAxpyHasTheSameBitsEverywhere(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(3, 4))
		for n := range 201 {
			alpha, x, y := 2*r.Float32()-1, random(r, n, n%5), random(r, n+2, n%7)
			want := append([]float32(nil), y...)
			for i := range x {
				want[i] += float32(alpha * x[i])
			}
			s.Axpy(alpha, x, y)
			for i := range y {
				if math.Float32bits(y[i]) != math.Float32bits(want[i]) {
					t.Fatalf("n=%d element %d: got %v, want %v", n, i, y[i], want[i])
				}
			}
		}
	})
}

// product is the reference of a matrix product. It returns the results and the magnitudes
// of their terms.
func product(w, b, x []float32) (want, size []float64) {
	for o := range b {
		sum, abs := float64(b[o]), math.Abs(float64(b[o]))
		for j, v := range x {
			p := float64(w[o*len(x)+j]) * float64(v)
			sum += p
			abs += math.Abs(p)
		}
		want, size = append(want, sum), append(size, abs)
	}
	return want, size
}

// shapes has outputs x inputs: every length with few outputs, every number of outputs with
// odd lengths, and the measured models.
func shapes() [][2]int {
	var list [][2]int
	for in := 1; in <= 200; in++ {
		list = append(list, [2]int{2, in}, [2]int{10, in})
	}
	for out := 1; out <= 300; out++ {
		list = append(list, [2]int{out, 1}, [2]int{out, 13}, [2]int{out, 67})
	}
	return append(list, [2]int{2, 784}, [2]int{10, 784}, [2]int{128, 784}, [2]int{10, 128}, [2]int{1, 12544}, [2]int{257, 333})
}

func TestMulAgreesWithFloat64(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(5, 6))
		for i, shape := range shapes() {
			out, in := shape[0], shape[1]
			w, b, x := random(r, out*in, 0), random(r, out, 0), random(r, in, i%17)
			m, err := s.Pack(w, b, in)
			if err != nil {
				t.Fatal(err)
			}
			want, size := product(w, b, x)
			y := random(r, m.Room(), i%3)
			m.Mul(y, x)
			for o := range want {
				if !near(y[o], want[o], size[o], in) {
					t.Fatalf("%dx%d output %d: got %v, want %v", out, in, o, y[o], want[o])
				}
			}
			linear := append([]float32(nil), y[:out]...)
			m.MulReLU(y, x)
			for o, v := range linear {
				if y[o] != max(v, 0) {
					t.Fatalf("%dx%d output %d: ReLU of %v gave %v", out, in, o, v, y[o])
				}
			}
		}
	})
}

func TestMulStaysWithinItsRoom(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(7, 8))
		for out := 1; out <= 300; out++ {
			m, err := s.Pack(random(r, out*5, 0), random(r, out, 0), 5)
			if err != nil {
				t.Fatal(err)
			}
			y := make([]float32, m.Room()+64)
			for i := range y {
				y[i] = 7
			}
			m.Mul(y[:m.Room()], random(r, 5, 1))
			for i, v := range y[m.Room():] {
				if v != 7 {
					t.Fatalf("%d outputs: %d floats past the room were written", out, i+1)
				}
			}
		}
	})
}

// Infinities and NaN must have the results of the plain loop. In a masked lane, they must
// not be multiplied by a zero weight.
func TestMulPassesSpecialValuesOn(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	eachSet(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(9, 10))
		for _, shape := range [][2]int{{1, 1}, {2, 784}, {10, 37}, {33, 19}, {130, 21}} {
			out, in := shape[0], shape[1]
			w, b := random(r, out*in, 0), random(r, out, 0)
			m, err := s.Pack(w, b, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, special := range []float32{inf, -inf, nan} {
				x := random(r, in, 1)
				x[in-1] = special
				want, _ := product(w, b, x)
				y := make([]float32, m.Room())
				m.Mul(y, x)
				for o := range want {
					if !same(y[o], want[o]) {
						t.Fatalf("%dx%d with %v: output %d is %v, want %v", out, in, special, o, y[o], want[o])
					}
				}
				m.MulReLU(y, x)
				for o := range want {
					if rectified := want[o]; !same(y[o], max(rectified, 0)) {
						t.Fatalf("%dx%d with %v: ReLU output %d is %v of %v", out, in, special, o, y[o], rectified)
					}
				}
			}
		}
	})
}

func same(got float32, want float64) bool {
	if math.IsNaN(want) {
		return got != got
	}
	return float64(got) == want
}

func TestPackRefusesLengthsThatDoNotFit(t *testing.T) {
	eachSet(t, func(t *testing.T, s *Set) {
		for _, c := range []struct{ w, b, in int }{{6, 2, 4}, {0, 0, 3}, {0, 2, 0}, {2, 2, -1}} {
			if m, err := s.Pack(make([]float32, c.w), make([]float32, c.b), c.in); err == nil {
				t.Errorf("%d weights, %d biases, %d inputs were packed as %dx%d", c.w, c.b, c.in, m.Out(), m.In())
			}
		}
	})
}

func BenchmarkMul(b *testing.B) {
	for _, shape := range [][2]int{{1, 784}, {2, 784}, {10, 784}, {128, 784}, {10, 128}, {32, 784}, {512, 512}} {
		for _, s := range Available() {
			out, in := shape[0], shape[1]
			b.Run(fmt.Sprintf("shape=%dx%d/set=%s", out, in, s.Name()), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 1))
				m, err := s.Pack(random(r, out*in, 0), random(r, out, 0), in)
				if err != nil {
					b.Fatal(err)
				}
				x, y := random(r, in+8192, 0), make([]float32, m.Room())
				b.SetBytes(int64(4 * in * out))
				row := 0
				for b.Loop() {
					m.Mul(y, x[row:])
					row = (row + 1) & 8191
				}
			})
		}
	}
}
