// This file holds the exponential that fitting uses.

package model

import "math"

// exp returns e^x for x <= 0 (and moderately above), with the same bits on every processor.
// math.Exp does not promise that: it has its own assembly on some. The relative error is
// below 1e-15. Below e^-708, where the result would be subnormal, it is 0.
//
// The argument is split as x = k ln 2 + r with |r| <= ln 2 / 2, with ln 2 in two parts as
// in Cody and Waite, Software Manual for the Elementary Functions, 1980. e^r is its Taylor
// series to the 13th power, whose remainder is below 1e-17. The conversions prevent the
// compiler from fusing a product with a sum.
func exp(x float64) float64 {
	const (
		log2e  = 1.44269504088896338700e+00
		ln2Hi  = 6.93147180369123816490e-01
		ln2Lo  = 1.90821492927058770002e-10
		lowest = -708
	)
	if math.IsNaN(x) {
		return x
	}
	if x < lowest {
		return 0
	}
	if x > -lowest {
		return math.Inf(1)
	}
	k := math.Floor(float64(x*log2e) + 0.5)
	r := x - float64(k*ln2Hi) - float64(k*ln2Lo)
	sum := 1.0
	for n := len(reciprocals) - 1; n >= 0; n-- {
		sum = 1 + float64(float64(r*reciprocals[n])*sum)
	}
	return sum * math.Float64frombits(uint64(1023+int64(k))<<52)
}

// reciprocals is 1, 1/2, ..., 1/13, the factors of Horner's scheme.
var reciprocals = [...]float64{
	1, 1.0 / 2, 1.0 / 3, 1.0 / 4, 1.0 / 5, 1.0 / 6, 1.0 / 7,
	1.0 / 8, 1.0 / 9, 1.0 / 10, 1.0 / 11, 1.0 / 12, 1.0 / 13,
}
