package stats

// This file holds p-values as logarithms, the tails of Student's t and of the normal
// distribution, the correction for several claims, and the printing of p-values.

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// PValue is the two-sided p-value of a test.
type PValue struct {
	// LogP is the natural logarithm of p. Compare and keep this field.
	LogP float64
	// P is exp(LogP), but never 0: the smallest positive float64 takes its place.
	P float64
	// Underflow is set if p is below the smallest normal float64, about 2.2e-308, so that P
	// has lost its digits.
	Underflow bool
}

func newPValue(logP float64) PValue {
	p := math.Exp(logP)
	return PValue{
		LogP:      logP,
		P:         max(p, math.SmallestNonzeroFloat64), // NaN stays NaN
		Underflow: p < 0x1p-1022,
	}
}

// StudentLogP returns the natural logarithm of the probability that |T| ≥ |t| for Student's
// t with df degrees of freedom, any positive number. It is accurate to about 1e-13,
// relative or absolute, whichever is larger, for any t and df, also in the far tail and for
// a huge df. df = +Inf is the normal distribution. It is NaN if t is NaN or df is not
// positive.
//
// The probability is the regularised incomplete beta function I_x(df/2, 1/2) at x =
// df/(df+t²) (DLMF 8.17). Towards the tail it is the even part of the continued fraction
// DLMF 8.17.22, in the form of DiDonato and Morris, "Significant digit computation of the
// incomplete beta function ratios", ACM TOMS 18 (1992), equation 9. The odd form of
// Numerical Recipes takes 1-x from a difference and was off by 2e-4 at df = 1e12. Towards 0
// it is the complement of a series with positive terms, DLMF 8.17.8.
func StudentLogP(t, df float64) float64 {
	switch {
	case math.IsNaN(t) || !(df > 0):
		return math.NaN()
	case math.IsInf(df, 1):
		return normalLogP(t)
	}
	// y = t²/(df+t²) and x = 1-y, neither from a difference.
	a, r := df/2, math.Abs(t)/math.Sqrt(df)
	x, y := 1/(1+r*r), 1/(1+1/(r*r))
	logX := -math.Log1p(r * r)
	if r > 1e100 {
		logX = -2 * math.Log(r)
	}
	// The factor x^a y^(1/2) / B(a, 1/2) is common to both forms.
	logFactor := a*logX + math.Log(y)/2 + math.Log(gammaRatioHalf(a)) - math.Log(math.Pi)/2
	if (a+2.5)*y > 1.5 {
		return logFactor - math.Log(tailFraction(a, x, y))
	}
	return math.Log1p(-math.Exp(logFactor) * centralSeries(a, y))
}

// tailFraction returns the continued fraction that divides x^a y^(1/2) / B(a, 1/2) to give
// I_x(a, 1/2), y = 1-x, by Lentz's method. It is used for x below its mean and takes at
// most about 50 terms there.
func tailFraction(a, x, y float64) float64 {
	const b = 0.5
	partial := func(m float64) float64 {
		return m + m*(b-m)*x/(a+2*m-1) + (a+m)*(a*y-b*x+1+m*(2-x))/(a+2*m+1)
	}
	f := partial(0)
	c, d := f, 0.0
	for m := 1.0; m < 10_000; m++ {
		den := a + 2*m - 1
		num := m * (b - m) * x * x * ((a + m - 1) / den) * ((a + b + m - 1) / den)
		step := partial(m)
		d = 1 / (step + num*d)
		c = step + num/c
		f *= c * d
		if math.Abs(c*d-1) < 1e-16 {
			break
		}
	}
	return f
}

// centralSeries returns 2 Σ (a+1/2)_n / (3/2)_n y^n, which multiplies x^a y^(1/2) / B(a,
// 1/2) to give I_y(1/2, a).
func centralSeries(a, y float64) float64 {
	sum, term := 1.0, 1.0
	for n := 0.0; term > 1e-17*sum; n++ {
		term *= (a + 0.5 + n) / (1.5 + n) * y
		sum += term
	}
	return 2 * sum
}

// gammaRatioHalf returns Γ(a+1/2)/Γ(a), a > 0. The difference of two log-gammas would lose
// as many digits as a has. This is the difference of their asymptotic series (DLMF 5.11.8
// with h = 1/2 and h = 0), in which the large terms cancel on paper. First the recurrence
// carries a beyond 10.
func gammaRatioHalf(a float64) float64 {
	ratio := 1.0
	for ; a < 10; a++ {
		ratio *= a / (a + 0.5)
	}
	u := 1 / (a * a)
	series := (-1./8 + u*(1./192+u*(-1./640+u*(17./14336+u*(-31./18432+u*691./180224))))) / a
	return ratio * math.Sqrt(a) * math.Exp(series)
}

// normalLogP returns the natural logarithm of the probability that a standard normal
// variable is at least |z| from 0: ln erfc(|z|/√2). In the far tail it is the limit of
// tailFraction for a → ∞ with a·y = z²/2, the continued fraction of the incomplete gamma
// function, DLMF 8.9.2.
func normalLogP(z float64) float64 {
	u := z * z / 2
	if u < 25 {
		return math.Log(math.Erfc(math.Abs(z) / math.Sqrt2))
	}
	if math.IsInf(u, 1) {
		return -u
	}
	f := 0.0
	for m := 30.0; m >= 1; m-- {
		f = m * (m - 0.5) / (u + 2*m + 0.5 - f)
	}
	return math.Log(u)/2 - u - math.Log(math.Pi)/2 - math.Log(u+0.5-f)
}

// Holm adjusts the p-values of several claims. They are natural logarithms, given and
// returned in the same order. The chance of at least one false claim among those below a
// level is then at most that level (Holm, "A simple sequentially rejective multiple test
// procedure", 1979). A NaN stays NaN and counts as a claim.
func Holm(logP []float64) []float64 {
	order := make([]int, len(logP))
	for i := range order {
		order[i] = i
	}
	last := func(p float64) float64 { // what has no p-value comes after all that have
		if math.IsNaN(p) {
			return math.Inf(1)
		}
		return p
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(last(logP[i]), last(logP[j])) })
	adjusted := make([]float64, len(logP))
	highest := math.Inf(-1)
	for rank, i := range order {
		if math.IsNaN(logP[i]) {
			adjusted[i] = logP[i]
			continue
		}
		highest = max(highest, math.Log(float64(len(logP)-rank))+logP[i])
		adjusted[i] = min(highest, 0)
	}
	return adjusted
}

// FormatP formats the p-value with the given natural logarithm: three digits from 0.0001 up
// ("0.0312"), two and an exponent below ("2.1e-17", "1.3e-6860"). It never prints 0. It
// prints "NaN" for a value that is not the logarithm of a p-value (NaN, -Inf, above 0).
func FormatP(logP float64) string {
	if !finite(logP) || logP > 0 {
		return "NaN"
	}
	if p := math.Exp(logP); p >= 1e-4 {
		return strconv.FormatFloat(p, 'g', 3, 64)
	}
	log10 := logP * math.Log10E
	exponent := math.Floor(log10)
	tenths := math.Round(10 * math.Pow(10, log10-exponent))
	if tenths >= 100 {
		tenths, exponent = 10, exponent+1
	}
	return strconv.FormatFloat(tenths/10, 'f', 1, 64) + "e" + strconv.FormatFloat(exponent, 'f', 0, 64)
}
