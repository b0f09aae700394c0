// Command asm writes the assembly of package kernel, kernel_amd64.s, and its Go
// declarations, stubs_amd64.go, with avo.
//
// It is a separate module: avo is needed only to change the kernels. Run it by `go
// generate` in the folder above.
//
// It writes two families from the same descriptions: AVX2 with FMA (8 floats in a register)
// and AVX-512 (16 floats). Each has rows, a product whose lanes run along the inputs;
// lanes, a product whose lanes run along the outputs; dot; and axpy, which never fuses its
// multiply and add.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The panel heights that package kernel may ask for; its constants of the
// same names must agree.
const (
	maxRows  = 12
	minLanes = 4
	maxLanes = 8
)

// isa is the register file of one instruction set, as vectors of floats.
type isa struct {
	name  string // suffix of the functions' names
	words string // in the docstrings
	width int    // floats a register
	bytes int    // bytes a register
	count int    // vector registers
}

var sets = []isa{
	{name: "AVX2", words: "AVX2 and FMA", width: 8, bytes: 32, count: 16},
	{name: "AVX512", words: "AVX-512 F, DQ and VL", width: 16, bytes: 64, count: 32},
}

func (s isa) wide() bool { return s.width == 16 }

// vec returns register i at the full width of the set.
func (s isa) vec(i int) reg.VecPhysical {
	if s.wide() {
		return zmm[i]
	}
	return ymm[i]
}

var (
	xmm = []reg.VecPhysical{
		reg.X0, reg.X1, reg.X2, reg.X3, reg.X4, reg.X5, reg.X6, reg.X7,
		reg.X8, reg.X9, reg.X10, reg.X11, reg.X12, reg.X13, reg.X14, reg.X15,
		reg.X16, reg.X17, reg.X18, reg.X19, reg.X20, reg.X21, reg.X22, reg.X23,
		reg.X24, reg.X25, reg.X26, reg.X27, reg.X28, reg.X29, reg.X30, reg.X31,
	}
	ymm = []reg.VecPhysical{
		reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
		reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15,
		reg.Y16, reg.Y17, reg.Y18, reg.Y19, reg.Y20, reg.Y21, reg.Y22, reg.Y23,
		reg.Y24, reg.Y25, reg.Y26, reg.Y27, reg.Y28, reg.Y29, reg.Y30, reg.Y31,
	}
	zmm = []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}
)

func main() {
	ConstraintExpr("!purego")
	masks := tailMasks()
	for _, s := range sets {
		s.dot(masks)
		s.axpy()
		for r := 1; r <= maxRows; r++ {
			s.rows(r, masks)
		}
		for v := minLanes; v <= maxLanes; v++ {
			s.lanes(v)
		}
	}
	Generate()
}

// tailMasks has eight words of ones and eight of zeros. Loaded from word 8-t, it is the
// AVX2 mask for a tail of t floats.
func tailMasks() Mem {
	m := GLOBL("tailMasks", RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(0xffffffff))
	}
	for i := 8; i < 16; i++ {
		DATA(4*i, U32(0))
	}
	return m
}

func (s isa) zero(v reg.VecPhysical) {
	if s.wide() {
		VPXORD(v, v, v)
		return
	}
	VXORPS(v, v, v)
}

// tail sets the mask of the first n floats of a register, n below the width: in K1 on
// AVX-512, in the vector register `mask` on AVX2.
func (s isa) tail(n reg.GPVirtual, masks Mem, mask int) {
	if s.wide() {
		ones := GP64()
		MOVQ(U64(1), ones)
		SHLXQ(n, ones, ones)
		DECQ(ones)
		KMOVW(ones.As32(), reg.K1)
		return
	}
	base := GP64()
	LEAQ(masks.Offset(32), base)
	back := GP64()
	MOVQ(n, back)
	NEGQ(back)
	VMOVDQU(Mem{Base: base, Index: back, Scale: 4}, s.vec(mask))
}

// masked loads the floats that tail selected and sets the others to zero. It does not read
// the memory of the others.
func (s isa) masked(m Mem, mask, into int) {
	if s.wide() {
		VMOVUPS_Z(m, reg.K1, s.vec(into))
		return
	}
	VMASKMOVPS(m, s.vec(mask), s.vec(into))
}

// fold adds a register's 128-bit parts into its lowest part, using t.
func (s isa) fold(i, t int) {
	if s.wide() {
		VEXTRACTF64X4(U8(1), zmm[i], ymm[t])
		VADDPS(ymm[t], ymm[i], ymm[i])
	}
	VEXTRACTF128(U8(1), ymm[i], xmm[t])
	VADDPS(xmm[t], xmm[i], xmm[i])
}

// fold4 writes the sums of the registers a, b, c, d into the four lanes of register a (as
// xmm); a missing register is -1. Adding transposed halves takes 13 instructions for four
// registers. Four separate sums take 28.
func (s isa) fold4(a, b, c, d, t int) {
	pair := func(p, q int) {
		if q < 0 {
			q = p
		}
		VUNPCKHPS(s.vec(q), s.vec(p), s.vec(t))
		VUNPCKLPS(s.vec(q), s.vec(p), s.vec(p))
		VADDPS(s.vec(t), s.vec(p), s.vec(p))
	}
	pair(a, b)
	q := a
	if c >= 0 {
		pair(c, d)
		q = c
	}
	VUNPCKHPD(s.vec(q), s.vec(a), s.vec(t))
	VUNPCKLPD(s.vec(q), s.vec(a), s.vec(a))
	VADDPS(s.vec(t), s.vec(a), s.vec(a))
	s.fold(a, t)
}

// rowsUnroll returns the number of chunks of inputs in one turn of the loop, each with its
// own accumulators. Eight or more independent chains hide the latency of the multiply-add
// on two units.
func rowsUnroll(rows int) int {
	switch {
	case rows == 1:
		return 8
	case rows <= 3:
		return 4
	case rows <= 6:
		return 2
	}
	return 1
}

// rows writes y[r] = max(floor, b[r] + sum_j w[r][j]*x[j]) for a panel of
// outputs, with the lanes along j.
func (s isa) rows(rows int, masks Mem) {
	unroll := rowsUnroll(rows)
	if !s.wide() && rows*unroll > 12 {
		unroll = 12 / rows
	}
	TEXT(fmt.Sprintf("rows%d%s", rows, s.name), NOSPLIT, "func(y, w, b, x *float32, in int, floor float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("rows%d%s is a panel of %d outputs with the lanes along the inputs, in %s.", rows, s.name, rows, s.words))
	y, w, b, x := Load(Param("y"), GP64()), Load(Param("w"), GP64()), Load(Param("b"), GP64()), Load(Param("x"), GP64())
	in := Load(Param("in"), GP64()).(reg.GPVirtual)

	const xr = 15 // the chunk of x; 14 and 13 are scratch afterwards
	acc := func(u, r int) int {
		i := u*rows + r
		if i >= 12 {
			i += 4
		}
		return i
	}
	for u := range unroll {
		for r := range rows {
			s.zero(s.vec(acc(u, r)))
		}
	}
	chunks := GP64()
	MOVQ(in, chunks)
	SHRQ(U8(log2(s.width)), chunks)
	ANDQ(U8(s.width-1), in)

	step := func(u int) {
		VMOVUPS(Mem{Base: x, Disp: u * s.bytes}, s.vec(xr))
		for r := range rows {
			VFMADD231PS(Mem{Base: w, Disp: (u*rows + r) * s.bytes}, s.vec(xr), s.vec(acc(u, r)))
		}
	}
	name := func(l string) string { return l }
	if unroll > 1 {
		Label(name("many"))
		CMPQ(chunks, U8(unroll))
		JB(LabelRef("one"))
		for u := range unroll {
			step(u)
		}
		ADDQ(I32(unroll*s.bytes), x)
		ADDQ(I32(unroll*rows*s.bytes), w)
		SUBQ(U8(unroll), chunks)
		JMP(LabelRef("many"))
	}
	TESTQ(chunks, chunks)
	Label("one")
	TESTQ(chunks, chunks)
	JZ(LabelRef("rest"))
	step(0)
	ADDQ(I32(s.bytes), x)
	ADDQ(I32(rows*s.bytes), w)
	DECQ(chunks)
	JMP(LabelRef("one"))

	Label("rest")
	TESTQ(in, in)
	JZ(LabelRef("sum"))
	s.tail(in, masks, 14)
	s.masked(Mem{Base: x}, 14, xr)
	for r := range rows {
		VFMADD231PS(Mem{Base: w, Disp: r * s.bytes}, s.vec(xr), s.vec(acc(0, r)))
	}

	Label("sum")
	for half := unroll; half > 1; {
		low := half / 2
		for u := 0; u+half-low < half; u++ {
			for r := range rows {
				VADDPS(s.vec(acc(u+half-low, r)), s.vec(acc(u, r)), s.vec(acc(u, r)))
			}
		}
		half -= low
	}
	VBROADCASTSS(NewParamAddr("floor", 40), xmm[14])
	at := func(r int) int {
		if r < rows {
			return acc(0, r)
		}
		return -1
	}
	for r := 0; r < rows; r += 4 {
		s.fold4(at(r), at(r+1), at(r+2), at(r+3), 15)
		i := at(r)
		VADDPS(Mem{Base: b, Disp: 4 * r}, xmm[i], xmm[i])
		VMAXPS(xmm[i], xmm[14], xmm[i])
		VMOVUPS(xmm[i], Mem{Base: y, Disp: 4 * r})
	}
	VZEROUPPER()
	RET()
}

// lanes writes y[o] = max(floor, b[o] + sum_j w[j][o]*x[j]) for a panel of
// `vectors` registers of outputs, with the lanes along o: no sum across lanes
// at the end and no tail.
func (s isa) lanes(vectors int) {
	unroll := 1
	if vectors < 8 && (s.wide() || vectors <= 6) {
		unroll = 2
	}
	TEXT(fmt.Sprintf("lanes%d%s", vectors, s.name), NOSPLIT, "func(y, w, b, x *float32, in int, floor float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("lanes%d%s is a panel of %d outputs with the lanes along the outputs, in %s.", vectors, s.name, vectors*s.width, s.words))
	y, w, b, x := Load(Param("y"), GP64()), Load(Param("w"), GP64()), Load(Param("b"), GP64()), Load(Param("x"), GP64())
	in := Load(Param("in"), GP64())

	acc := func(u, v int) reg.VecPhysical { return s.vec(u*vectors + v) }
	xr := s.vec(s.count - 1)
	for v := range vectors {
		VMOVUPS(Mem{Base: b, Disp: v * s.bytes}, acc(0, v))
	}
	for u := 1; u < unroll; u++ {
		for v := range vectors {
			s.zero(acc(u, v))
		}
	}
	step := func(u, set int) {
		VBROADCASTSS(Mem{Base: x, Disp: 4 * u}, xr)
		for v := range vectors {
			VFMADD231PS(Mem{Base: w, Disp: (u*vectors + v) * s.bytes}, xr, acc(set, v))
		}
	}
	turn := 4
	Label("many")
	CMPQ(in, U8(turn))
	JB(LabelRef("one"))
	for u := range turn {
		step(u, u%unroll)
	}
	ADDQ(I32(4*turn), x)
	ADDQ(I32(turn*vectors*s.bytes), w)
	SUBQ(U8(turn), in)
	JMP(LabelRef("many"))

	Label("one")
	TESTQ(in, in)
	JZ(LabelRef("sum"))
	step(0, 0)
	ADDQ(I32(4), x)
	ADDQ(I32(vectors*s.bytes), w)
	DECQ(in)
	JMP(LabelRef("one"))

	Label("sum")
	VBROADCASTSS(NewParamAddr("floor", 40), xr)
	for v := range vectors {
		for u := 1; u < unroll; u++ {
			VADDPS(acc(u, v), acc(0, v), acc(0, v))
		}
		VMAXPS(acc(0, v), xr, acc(0, v))
		VMOVUPS(acc(0, v), Mem{Base: y, Disp: v * s.bytes})
	}
	VZEROUPPER()
	RET()
}

// dot writes sum_i a[i]*b[i] in four chains of fused multiply-adds.
func (s isa) dot(masks Mem) {
	TEXT("dot"+s.name, NOSPLIT, "func(a, b *float32, n int) float32")
	Pragma("noescape")
	Doc(fmt.Sprintf("dot%s is the sum of a[i]*b[i], in %s.", s.name, s.words))
	a, b := Load(Param("a"), GP64()), Load(Param("b"), GP64())
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	const chains = 4
	for i := range chains {
		s.zero(s.vec(i))
	}
	step := func(i int) {
		VMOVUPS(Mem{Base: a, Disp: i * s.bytes}, s.vec(8+i))
		VFMADD231PS(Mem{Base: b, Disp: i * s.bytes}, s.vec(8+i), s.vec(i))
	}
	advance := func(k int) {
		ADDQ(I32(k*s.bytes), a)
		ADDQ(I32(k*s.bytes), b)
		SUBQ(I32(k*s.width), n)
	}
	Label("many")
	CMPQ(n, I32(chains*s.width))
	JB(LabelRef("one"))
	for i := range chains {
		step(i)
	}
	advance(chains)
	JMP(LabelRef("many"))
	Label("one")
	CMPQ(n, I32(s.width))
	JB(LabelRef("rest"))
	step(0)
	advance(1)
	JMP(LabelRef("one"))
	Label("rest")
	TESTQ(n, n)
	JZ(LabelRef("sum"))
	s.tail(n, masks, 14)
	s.masked(Mem{Base: a}, 14, 8)
	s.masked(Mem{Base: b}, 14, 9)
	VFMADD231PS(s.vec(9), s.vec(8), s.vec(1))
	Label("sum")
	VADDPS(s.vec(1), s.vec(0), s.vec(0))
	VADDPS(s.vec(3), s.vec(2), s.vec(2))
	VADDPS(s.vec(2), s.vec(0), s.vec(0))
	s.fold4(0, -1, -1, -1, 15)
	Store(reg.X0, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// axpy writes y[i] = y[i] + alpha*x[i]. The product is rounded before the sum, so that
// every element has the bits of the plain Go loop.
func (s isa) axpy() {
	TEXT("axpy"+s.name, NOSPLIT, "func(alpha float32, x, y *float32, n int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("axpy%s adds alpha*x[i] to y[i], product and sum rounded each, in %s.", s.name, s.words))
	const ar = 15
	VBROADCASTSS(NewParamAddr("alpha", 0), s.vec(ar))
	x, y := Load(Param("x"), GP64()), Load(Param("y"), GP64())
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	const chains = 4
	step := func(i int) {
		VMULPS(Mem{Base: x, Disp: i * s.bytes}, s.vec(ar), s.vec(i))
		VADDPS(Mem{Base: y, Disp: i * s.bytes}, s.vec(i), s.vec(i))
		VMOVUPS(s.vec(i), Mem{Base: y, Disp: i * s.bytes})
	}
	advance := func(k int) {
		ADDQ(I32(k*s.bytes), x)
		ADDQ(I32(k*s.bytes), y)
		SUBQ(I32(k*s.width), n)
	}
	Label("many")
	CMPQ(n, I32(chains*s.width))
	JB(LabelRef("one"))
	for i := range chains {
		step(i)
	}
	advance(chains)
	JMP(LabelRef("many"))
	Label("one")
	CMPQ(n, I32(s.width))
	JB(LabelRef("rest"))
	step(0)
	advance(1)
	JMP(LabelRef("one"))
	Label("rest")
	TESTQ(n, n)
	JZ(LabelRef("end"))
	VMULSS(Mem{Base: x}, xmm[ar], xmm[0])
	VADDSS(Mem{Base: y}, xmm[0], xmm[0])
	VMOVSS(xmm[0], Mem{Base: y})
	ADDQ(I32(4), x)
	ADDQ(I32(4), y)
	DECQ(n)
	JMP(LabelRef("rest"))
	Label("end")
	VZEROUPPER()
	RET()
}

func log2(n int) int {
	k := 0
	for n > 1 {
		n >>= 1
		k++
	}
	return k
}
