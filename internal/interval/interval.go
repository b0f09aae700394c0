// Package interval computes with intervals of real numbers. A figure printed with k
// decimals stands for all values that round to it, and a result computed from such figures
// is an interval again.
//
// Bounds are float64 and are not rounded outwards at each step. Instead, Overlaps allows a
// relative slack that is far above float64's error and far below the last printed digit.
package interval

// This file holds the type and its arithmetic.

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Interval is the closed interval from Low to High. It is empty if Low > High.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// slack is the allowed relative error of computed bounds.
const slack = 1e-9

// Point returns the interval of one number.
func Point(x float64) Interval { return Interval{x, x} }

// Of returns the smallest interval that holds all of xs.
func Of(xs ...float64) Interval {
	i := Interval{math.Inf(1), math.Inf(-1)}
	for _, x := range xs {
		i.Low, i.High = math.Min(i.Low, x), math.Max(i.High, x)
	}
	return i
}

// Printed returns the number in text, and the interval of the numbers that are printed like
// this: half a unit of the last digit to either side. step is that unit. Commas may
// separate thousands.
func Printed(text string) (value float64, i Interval, step float64, err error) {
	plain := strings.ReplaceAll(strings.TrimSpace(text), ",", "")
	value, err = strconv.ParseFloat(plain, 64)
	if err != nil || math.IsInf(value, 0) || math.IsNaN(value) || strings.ContainsAny(plain, "xXpP_") {
		return 0, Interval{}, 0, fmt.Errorf("%q is not a decimal number", text)
	}
	mantissa, exponent := plain, 0
	if at := strings.IndexAny(plain, "eE"); at >= 0 {
		mantissa = plain[:at]
		if exponent, err = strconv.Atoi(plain[at+1:]); err != nil {
			return 0, Interval{}, 0, fmt.Errorf("%q has an unusable exponent", text)
		}
	}
	decimals := 0
	if at := strings.IndexByte(mantissa, '.'); at >= 0 {
		decimals = len(mantissa) - at - 1
	}
	step = math.Pow(10, float64(exponent-decimals))
	return value, Interval{value - step/2, value + step/2}, step, nil
}

// Empty reports whether the interval holds no number.
func (i Interval) Empty() bool { return !(i.Low <= i.High) }

// Width returns High - Low.
func (i Interval) Width() float64 { return i.High - i.Low }

// Middle returns the interval's middle.
func (i Interval) Middle() float64 { return i.Low + (i.High-i.Low)/2 }

// Contains reports whether x is in the interval, up to the slack.
func (i Interval) Contains(x float64) bool { return i.Overlaps(Point(x)) }

// Overlaps reports whether some number is in both intervals, up to the slack.
func (i Interval) Overlaps(j Interval) bool {
	if i.Empty() || j.Empty() {
		return false
	}
	room := 0.0
	for _, bound := range []float64{i.Low, i.High, j.Low, j.High} {
		if !math.IsInf(bound, 0) {
			room = math.Max(room, slack*math.Abs(bound))
		}
	}
	return i.Low <= j.High+room && j.Low <= i.High+room
}

// Intersect returns the numbers that are in both intervals. If the gap between them is
// within the slack, it returns the point between them.
func (i Interval) Intersect(j Interval) Interval {
	both := Interval{math.Max(i.Low, j.Low), math.Min(i.High, j.High)}
	if both.Empty() && i.Overlaps(j) {
		return Point(both.Middle())
	}
	return both
}

// Scale multiplies by a number.
func (i Interval) Scale(by float64) Interval { return Of(i.Low*by, i.High*by) }

// Add returns the sum of independent numbers.
func (i Interval) Add(j Interval) Interval { return Interval{i.Low + j.Low, i.High + j.High} }

// Sub returns the difference of independent numbers.
func (i Interval) Sub(j Interval) Interval { return Interval{i.Low - j.High, i.High - j.Low} }

// Div returns the quotient of positive numbers. It is unbounded above if the divisor may be
// 0.
func (i Interval) Div(j Interval) Interval {
	return Interval{math.Max(i.Low, 0) / j.High, i.High / math.Max(j.Low, 0)}
}

// Square returns the square of numbers that are not negative.
func (i Interval) Square() Interval {
	low := math.Max(i.Low, 0)
	return Interval{low * low, i.High * i.High}
}

// Sqrt returns the root of numbers that are not negative.
func (i Interval) Sqrt() Interval {
	return Interval{math.Sqrt(math.Max(i.Low, 0)), math.Sqrt(i.High)}
}

// Abs returns the absolute value.
func (i Interval) Abs() Interval {
	switch {
	case i.Low >= 0:
		return i
	case i.High <= 0:
		return Interval{-i.High, -i.Low}
	default:
		return Interval{0, math.Max(-i.Low, i.High)}
	}
}

// String prints the bounds with six significant digits.
func (i Interval) String() string { return fmt.Sprintf("[%.6g, %.6g]", i.Low, i.High) }
