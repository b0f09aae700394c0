package stats

// This file describes one sample.

import (
	"math"
	"math/big"
	"math/bits"
	"slices"
)

// Summary describes one sample. All fields except N are in the sample's unit.
type Summary struct {
	// N is the number of values.
	N int
	// Mean is the sum divided by N.
	Mean float64
	// StdDev is the sample standard deviation, with the divisor N-1; NaN
	// for a single value.
	StdDev   float64
	Min, Max float64
	// P50, P95 and P99 are sorted[⌊p·N⌋], counted from 0. They are always values of the
	// sample; P50 of an even number is the upper one of the two middle values. NumPy and R
	// have another default. This is the definition of the checklist that judges published
	// figures.
	P50, P95, P99 float64
	// CI95Low and CI95High are Mean ± 1.96·StdDev/√N, with the two-decimal
	// quantile of that checklist (1.959964 makes it narrower by 1.8e-5 of its width).
	CI95Low, CI95High float64
}

// Describe summarises a sample. Mean and StdDev have an error of a few units in the last
// place for any size and offset of the sample. If all values are integers and their sum is
// below 2^53, Mean is the correctly rounded quotient.
func Describe(sample []float64) Summary {
	if !usable(sample) {
		return undefinedSummary(len(sample))
	}
	sorted := ascending(sample)
	mean, deviation := moments(sorted)
	return summarize(sorted, mean, deviation)
}

// DescribeNanoseconds summarises a sample of integer durations. Its sums are exact integers
// of any size, so Mean and StdDev are the true values rounded once. The result is in
// nanoseconds.
func DescribeNanoseconds[T uint32 | int64](sample []T) Summary {
	return DescribeAscending(ascending(sample))
}

// DescribeAscending is DescribeNanoseconds for durations in ascending order.
func DescribeAscending[T uint32 | int64](sorted []T) Summary {
	if len(sorted) == 0 {
		return undefinedSummary(0)
	}
	mean, deviation := integerMoments(sorted)
	return summarize(sorted, mean, deviation)
}

// Median returns the middle value, or the mean of the two middle values.
func Median(sample []float64) float64 {
	if !usable(sample) {
		return math.NaN()
	}
	sorted := ascending(sample)
	n := len(sorted)
	return sorted[(n-1)/2]/2 + sorted[n/2]/2
}

func summarize[T uint32 | int64 | float64](sorted []T, mean, deviation float64) Summary {
	n := len(sorted)
	half := 1.96 * deviation / math.Sqrt(float64(n))
	return Summary{
		N: n, Mean: mean, StdDev: deviation,
		Min: float64(sorted[0]), Max: float64(sorted[n-1]),
		P50: percentile(sorted, 50), P95: percentile(sorted, 95), P99: percentile(sorted, 99),
		CI95Low: mean - half, CI95High: mean + half,
	}
}

func undefinedSummary(n int) Summary {
	nan := math.NaN()
	return Summary{N: n, Mean: nan, StdDev: nan, Min: nan, Max: nan, P50: nan, P95: nan, P99: nan, CI95Low: nan, CI95High: nan}
}

// percentile returns sorted[⌊p·n⌋], computed in integers. A program that computes ⌊0.95·n⌋
// in floating point gets the same index: 0.95 and 0.99 are represented so closely that the
// product rounds to the integer whenever p·n is one.
func percentile[T uint32 | int64 | float64](sorted []T, percent int) float64 {
	return float64(sorted[len(sorted)*percent/100])
}

// moments returns the mean and the sample standard deviation by the corrected
// two-pass algorithm (Chan, Golub and LeVeque, "Algorithms for computing the
// sample variance", 1983, equation 1.7) with compensated sums.
func moments(sample []float64) (mean, deviation float64) {
	n := float64(len(sample))
	var sum compensated
	for _, x := range sample {
		sum.add(x)
	}
	mean = sum.value() / n
	if len(sample) < 2 {
		return mean, math.NaN()
	}
	var squares, rest compensated
	for _, x := range sample {
		d := x - mean
		squares.add(d * d)
		rest.add(d)
	}
	r := rest.value()
	variance := (squares.value() - r*r/n) / (n - 1)
	return mean, math.Sqrt(max(variance, 0))
}

// integerMoments computes moments in exact arithmetic, on differences to the first
// (smallest) value. Their sum fits in 128 bits and the sum of their squares in 192.
func integerMoments[T uint32 | int64](sorted []T) (mean, deviation float64) {
	var sum [2]uint64
	var squares [3]uint64
	for _, x := range sorted {
		d := uint64(int64(x)) - uint64(int64(sorted[0]))
		var carry uint64
		sum[0], carry = bits.Add64(sum[0], d, 0)
		sum[1] += carry
		hi, lo := bits.Mul64(d, d)
		squares[0], carry = bits.Add64(squares[0], lo, 0)
		squares[1], carry = bits.Add64(squares[1], hi, carry)
		squares[2] += carry
	}
	n := big.NewInt(int64(len(sorted)))
	total := bigFromLimbs(sum[:])
	shifted := new(big.Int).Mul(big.NewInt(int64(sorted[0])), n)
	mean, _ = new(big.Rat).SetFrac(shifted.Add(shifted, total), n).Float64()
	if len(sorted) < 2 {
		return mean, math.NaN()
	}
	// (n Σd² - (Σd)²) / (n (n-1))
	spread := bigFromLimbs(squares[:])
	spread.Mul(spread, n).Sub(spread, total.Mul(total, total))
	pairs := new(big.Int).Mul(n, big.NewInt(int64(len(sorted)-1)))
	variance := new(big.Float).SetPrec(256).SetRat(new(big.Rat).SetFrac(spread, pairs))
	deviation, _ = variance.Sqrt(variance).Float64()
	return mean, deviation
}

// bigFromLimbs returns the integer with the given 64-bit digits, lowest first.
func bigFromLimbs(limbs []uint64) *big.Int {
	v := new(big.Int)
	for _, limb := range slices.Backward(limbs) {
		v.Lsh(v, 64).Or(v, new(big.Int).SetUint64(limb))
	}
	return v
}

// compensated is a running sum by Neumaier's variant of Kahan's algorithm (Neumaier,
// "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974). It is
// about as accurate as a sum in twice the precision.
type compensated struct{ sum, lost float64 }

func (c *compensated) add(x float64) {
	sum := c.sum + x
	if math.Abs(c.sum) >= math.Abs(x) {
		c.lost += (c.sum - sum) + x
	} else {
		c.lost += (x - sum) + c.sum
	}
	c.sum = sum
}

func (c *compensated) value() float64 { return c.sum + c.lost }

// usable reports whether there are values and all of them are finite.
func usable(sample []float64) bool {
	return len(sample) > 0 && !slices.ContainsFunc(sample, func(x float64) bool { return !finite(x) })
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// ascending returns a sorted copy.
func ascending[T uint32 | int64 | float64](sample []T) []T {
	sorted := slices.Clone(sample)
	slices.Sort(sorted)
	return sorted
}
