// This file holds the operations in plain Go, for processors without assembly and as the
// reference of the assembly in tests.

package kernel

// dotPortable sums in four chains. One chain would run at the latency of an addition, four
// run at its throughput.
func dotPortable(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

// axpyPortable converts the product explicitly. The language then forbids the compiler to
// fuse it with the sum, which it otherwise does on arm64.
func axpyPortable(alpha float32, x, y []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += float32(alpha * v)
	}
}

// mulPortable writes y = max(floor, w*x + b) for row-major w. It takes four rows at a time,
// so that each element of x is loaded once for four rows.
func mulPortable(y, w, b, x []float32, floor float32) {
	in, r := len(x), 0
	for ; r+4 <= len(b); r += 4 {
		w0, w1 := w[r*in:][:in], w[(r+1)*in:][:in]
		w2, w3 := w[(r+2)*in:][:in], w[(r+3)*in:][:in]
		var s0, s1, s2, s3 float32
		for j, v := range x {
			s0 += w0[j] * v
			s1 += w1[j] * v
			s2 += w2[j] * v
			s3 += w3[j] * v
		}
		y[r], y[r+1] = atLeast(s0+b[r], floor), atLeast(s1+b[r+1], floor)
		y[r+2], y[r+3] = atLeast(s2+b[r+2], floor), atLeast(s3+b[r+3], floor)
	}
	for ; r < len(b); r++ {
		y[r] = atLeast(dotPortable(w[r*in:][:in], x)+b[r], floor)
	}
}

// atLeast returns NaN for NaN, as VMAXPS does in the operand order used here, and as the
// ReLU of the usual frameworks does.
func atLeast(v, floor float32) float32 {
	if v < floor {
		return floor
	}
	return v
}
