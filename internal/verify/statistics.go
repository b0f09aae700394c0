package verify

// This file holds the statistics, by other ways than package stats has where there
// are other ways: sums of floats for exact integers, every Walsh average for counted
// ones, the odd continued fraction for the even one.

import (
	"math"
	"slices"
)

// summary describes the calls of a launch, in nanoseconds.
type summary struct {
	n                        int
	mean, deviation          float64
	low, high                float64
	least, greatest          float64
	middle, p95, p99         float64
	standardError, perSecond float64
}

// summarize describes calls, which it sorts.
func summarize(calls []int64) summary {
	n := len(calls)
	if n == 0 {
		return summary{mean: math.NaN(), middle: math.NaN()}
	}
	slices.Sort(calls)
	// Offsets to the middle keep the sums small.
	origin := calls[n/2]
	sum, squares := 0.0, 0.0
	for _, call := range calls {
		sum += float64(call - origin)
	}
	shift := sum / float64(n)
	for _, call := range calls {
		off := float64(call-origin) - shift
		squares += off * off
	}
	s := summary{
		n: n, mean: float64(origin) + shift, deviation: math.Sqrt(squares / float64(n-1)),
		least: float64(calls[0]), greatest: float64(calls[n-1]),
		middle: float64(calls[n/2]), p95: float64(calls[95*n/100]), p99: float64(calls[99*n/100]),
	}
	s.standardError = s.deviation / math.Sqrt(float64(n))
	s.low, s.high = s.mean-1.96*s.standardError, s.mean+1.96*s.standardError
	s.perSecond = 1e9 / s.mean
	return s
}

// median is the mean of the two values in the middle, NaN of none or where one is
// not finite. It leaves the values as they are.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Clone(values)
	for _, value := range sorted {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return math.NaN()
		}
	}
	slices.Sort(sorted)
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// interval is an estimate with its bounds, infinite where there are none.
type interval struct{ estimate, low, high float64 }

func (i interval) exp() interval {
	return interval{math.Exp(i.estimate), math.Exp(i.low), math.Exp(i.high)}
}

func undefined() interval { return interval{math.NaN(), math.NaN(), math.NaN()} }

func finite(values []float64) bool {
	return !slices.ContainsFunc(values, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
}

// exactly is the largest sample whose signed ranks are counted; beyond it their
// distribution is taken for normal.
const exactly = 60

// pseudomedian is Hodges and Lehmann's estimate with the 95% interval of the
// signed-rank test.
func pseudomedian(values []float64) interval {
	if len(values) == 0 || !finite(values) {
		return undefined()
	}
	averages := walshAverages(values)
	m := len(averages)
	result := interval{(averages[(m-1)/2] + averages[m/2]) / 2, math.Inf(-1), math.Inf(1)}
	if k := outside(len(values), 0.025); k > 0 {
		result.low, result.high = averages[k-1], averages[m-k]
	}
	return result
}

// walshAverages are the means of any two values, or one with itself, ascending.
func walshAverages(values []float64) []float64 {
	averages := make([]float64, 0, len(values)*(len(values)+1)/2)
	for i, x := range values {
		for _, y := range values[i:] {
			averages = append(averages, x/2+y/2)
		}
	}
	slices.Sort(averages)
	return averages
}

// outside is how many averages the interval leaves out at each end: the largest k
// for which a sum of ranks below k has at most that probability.
func outside(n int, probability float64) int {
	if n > exactly {
		mean, deviation := rankMoments(n)
		k := 0
		for normalTail((float64(k)+0.5-mean)/deviation) <= probability {
			k++
		}
		return k
	}
	counts := rankSums(n)
	allowed := probability * math.Ldexp(1, n)
	below := 0.0
	for k, count := range counts {
		if below+count > allowed {
			return k
		}
		below += count
	}
	return len(counts)
}

func rankMoments(n int) (mean, deviation float64) {
	m := float64(n)
	return m * (m + 1) / 4, math.Sqrt(m * (m + 1) * (2*m + 1) / 24)
}

// normalTail is the probability that a standard normal variable is below z.
func normalTail(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// rankSums counts, of all sets of the ranks 1 to n, how many have each sum.
func rankSums(n int) []float64 {
	counts := []float64{1}
	for rank := 1; rank <= n; rank++ {
		next := make([]float64, len(counts)+rank)
		for sum, count := range counts {
			next[sum] += count
			next[sum+rank] += count
		}
		counts = next
	}
	return counts
}

// signedRank is the natural logarithm of the two-sided p-value of the values being
// symmetric about 0. Zeros count for both sides.
func signedRank(values []float64) float64 {
	if len(values) == 0 || !finite(values) {
		return math.NaN()
	}
	n := len(values)
	above, below := 0, 0
	for _, average := range walshAverages(values) {
		if average <= 0 {
			below++
		}
		if average >= 0 {
			above++
		}
	}
	s := min(above, below)
	mean, deviation := rankMoments(n)
	if float64(s) >= mean {
		return 0
	}
	if n > exactly {
		return math.Log(2 * normalTail((float64(s)+0.5-mean)/deviation))
	}
	tail := 0.0
	for _, count := range rankSums(n)[:s+1] {
		tail += count
	}
	return min(0, math.Log(2*tail)-float64(n)*math.Ln2)
}

// holm corrects logarithms of p-values for their number, in place of each its own.
func holm(logs []float64) []float64 {
	corrected := slices.Clone(logs)
	for i, p := range logs {
		if math.IsNaN(p) {
			continue
		}
		// The largest of what each p that is no larger comes to, times how many there
		// are from it on.
		largest := math.Inf(-1)
		for j, q := range logs {
			if math.IsNaN(q) || q > p || q == p && j > i {
				continue
			}
			before := 0
			for k, r := range logs {
				if !math.IsNaN(r) && (r < q || r == q && k < j) {
					before++
				}
			}
			largest = max(largest, q+math.Log(float64(len(logs)-before)))
		}
		corrected[i] = min(largest, 0)
	}
	return corrected
}

// studentLog is the natural logarithm of the probability that Student's t is as far
// from 0, on either side.
func studentLog(t, degrees float64) float64 {
	if math.IsNaN(t) || !(degrees > 0) {
		return math.NaN()
	}
	a, b := degrees/2, 0.5
	x := degrees / (degrees + t*t)
	if x < (a+1)/(a+b+2) {
		return logFront(a, b, degrees, t) - math.Log(a) + math.Log(betaFraction(a, b, x))
	}
	complement := math.Exp(logFront(a, b, degrees, t)) / b * betaFraction(b, a, t*t/(degrees+t*t))
	return math.Log1p(-complement)
}

// logFront is the logarithm of x^a (1-x)^b / B(a, b).
func logFront(a, b, degrees, t float64) float64 {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	logX := -math.Log1p(t * t / degrees)
	logY := -math.Log1p(degrees / (t * t))
	return a*logX + b*logY + lab - la - lb
}

// betaFraction is the continued fraction of the incomplete beta function in its
// usual form, by Lentz's method.
func betaFraction(a, b, x float64) float64 {
	const tiny = 1e-300
	c, d := 1.0, 1-(a+b)*x/(a+1)
	if math.Abs(d) < tiny {
		d = tiny
	}
	d = 1 / d
	h := d
	for m := 1.0; m < 1e5; m++ {
		for _, numerator := range []float64{
			m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m)),
			-(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1)),
		} {
			d, c = 1+numerator*d, 1+numerator/c
			if math.Abs(d) < tiny {
				d = tiny
			}
			if math.Abs(c) < tiny {
				c = tiny
			}
			d = 1 / d
			h *= d * c
		}
		if math.Abs(d*c-1) < 1e-15 {
			break
		}
	}
	return h
}

// studentQuantile is what Student's t exceeds on either side with the probability.
func studentQuantile(probability, degrees float64) float64 {
	low, high := 0.0, 1.0
	for studentLog(high, degrees) > math.Log(probability) {
		high *= 2
	}
	for range 200 {
		middle := (low + high) / 2
		if studentLog(middle, degrees) > math.Log(probability) {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// meanInterval is the mean with Student's interval that misses the truth with the
// probability.
func meanInterval(values []float64, probability float64) interval {
	if len(values) == 0 || !finite(values) {
		return undefined()
	}
	n := float64(len(values))
	mean := 0.0
	for _, value := range values {
		mean += value / n
	}
	if len(values) < 2 {
		return interval{mean, math.Inf(-1), math.Inf(1)}
	}
	squares := 0.0
	for _, value := range values {
		squares += (value - mean) * (value - mean)
	}
	half := studentQuantile(probability, n-1) * math.Sqrt(squares/(n-1)/n)
	return interval{mean, mean - half, mean + half}
}

// binomialUpTo is the probability of at most k successes among n.
func binomialUpTo(k, n int, p float64) float64 {
	total := 0.0
	term := math.Pow(1-p, float64(n))
	for i := 0; i <= k; i++ {
		total += term
		term *= float64(n-i) / float64(i+1) * p / (1 - p)
	}
	return min(total, 1)
}
