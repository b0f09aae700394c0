package stats

// This file finds whether a launch ran at one speed or was still warming up.

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Course says how the level of a series changes with time.
type Course string

const (
	// CourseUndecided is the course of a series without an answer.
	CourseUndecided Course = "undecided"
	// CourseSteady is a series without a relevant change.
	CourseSteady Course = "steady"
	// CourseWarmingUp is a series whose relevant changes all go to smaller values.
	CourseWarmingUp Course = "warming up"
	// CourseSlowingDown is a series whose relevant changes all go to greater values.
	CourseSlowingDown Course = "slowing down"
	// CourseUnsteady is a series with relevant changes in both directions.
	CourseUnsteady Course = "unsteady"
)

// Segment is a part of a series, up to the start of the next segment.
type Segment struct {
	// Start is the index of the first value.
	Start int
	// Median is the median of the segment's values.
	Median float64
}

// SteadyState is the result of [Steady].
type SteadyState struct {
	Course Course
	// Segments are the parts between the relevant changes, in order. There is one if the
	// course is steady, and none if it is undecided.
	Segments []Segment
}

const (
	// steadyGroups is the approximate number of groups of a series. More groups find a
	// short warm-up more often, but also mistake slower flipping for a change. Of 1000
	// series of 400 values, 40 groups found 86% of the first decay in the table of Steady
	// and called 94% of the slowest flipping steady; 80 groups 99% and 90%.
	steadyGroups = 50
	// leastGroups is the least number of groups in which a change is looked for.
	leastGroups = 8
	// leastPart is the least number of groups whose mean is subtracted before their
	// autocorrelation is estimated. With fewer, the mean would remove noise.
	leastPart = 3
)

// Steady classifies the series of one launch by its changes of level, as Barrett et al. do
// ("Virtual Machine Warmup Blows Hot and Cold", 2017). The series has the logarithms of the
// nanoseconds per call, in order of time. A change is relevant only if
//
//   - it is significant at the level alpha, in (0, 1): by Pettitt's test, or
//     by Kuiper's for a stretch that differs from what is on both sides of it,
//     with half of alpha each; and
//   - the lower decile, the median and the upper decile all move by more than
//     tolerance, a share: 0.02 is 2%.
//
// The parts on both sides of a change are searched in turn. A series is undecided if it has
// fewer than eight values, or a NaN or an infinity.
//
// Shared machines flip between speeds up to twice apart. A series that flips at random is
// steady: it will not be faster later. The tests therefore use medians of about 50 groups
// of consecutive values, and are corrected for the remaining autocorrelation of the groups.
// The deciles distinguish a mixture of two speeds, which both parts have, from a change of
// both. The price is that a cycle is also steady if the series goes through it more than
// once. So are most warm-ups that end in the first twentieth of the series; they do not
// affect the median of the series either.
//
// With a tolerance of 2% and alpha of 1%, the answer was right in this share of 1000
// simulated series of 400 and of 100 values:
//
//	                                             400     100
//	steady
//	  white noise, sd 10%                       99.7%   99.5%
//	  AR(1), ρ = 0.5, sd 3%                    100.0%   97.7%
//	  AR(1), ρ = 0.5, sd 10%                    99.2%   96.2%
//	  AR(1), ρ = 0.8, sd 10%                    98.3%   96.4%
//	  tails of Student's t2 and 5% outliers    100.0%   99.3%
//	  flips 2x, each speed for 1/20             99.9%  100.0%
//	  flips 2x, each speed for 1/8              91.8%   91.1%
//	warming up, noise AR(1), ρ = 0.5, sd 3%
//	  first 30-60% slower by 10%                99.9%   92.4%
//	  30%, decaying with 1/10                   92.0%   43.5%
//	  20%, decaying with 1/5                    97.0%   72.8%
//	  50%, decaying with 1/20                   53.0%   13.3%
//	slowing down, the same noise
//	  by 10% after 30-60%                       99.6%   92.7%
//	  by 10% little by little                   97.8%   73.9%
//	unsteady, the same noise
//	  slower by 10% for a third                 97.0%   69.4%
//	  three levels, 0, 20%, 10%                 99.0%   80.9%
//
// Fractions are of the series. Pettitt's test by itself calls 94% of the series of 400 with
// flips of 1/20 changed, and 28% of those with ρ = 0.5. A speed that lasts an eighth of the
// series or longer can be mistaken for a change, so a verdict should not rest on one
// launch: a real warm-up shows in all launches.
func Steady(series []float64, tolerance, alpha float64) SteadyState {
	if !usable(series) || len(series) < leastGroups || !validLevel(alpha) || !(tolerance >= 0) {
		return SteadyState{Course: CourseUndecided}
	}
	s := steadySearch{
		group:     max(1, len(series)/steadyGroups),
		tolerance: math.Log1p(tolerance),
		logAlpha:  math.Log(alpha / 2),
	}
	segments := s.segments(series, 0)
	return SteadyState{Course: s.course(segments), Segments: segments}
}

// steadySearch has the settings with which all parts of a series are searched.
type steadySearch struct {
	group     int     // values in a group
	tolerance float64 // a difference of logarithms
	logAlpha  float64 // of each of the two tests
}

func (s steadySearch) course(segments []Segment) Course {
	var up, down bool
	for i := 1; i < len(segments); i++ {
		change := segments[i].Median - segments[i-1].Median
		up = up || change > s.tolerance
		down = down || change < -s.tolerance
	}
	switch {
	case up && down:
		return CourseUnsteady
	case up:
		return CourseSlowingDown
	case down:
		return CourseWarmingUp
	}
	return CourseSteady
}

// segments divides a part of a series. start is the index of the part's first value.
func (s steadySearch) segments(part []float64, start int) []Segment {
	cuts := s.cuts(part)
	if len(cuts) == 0 {
		return []Segment{{Start: start, Median: Median(part)}}
	}
	var all []Segment
	from := 0
	for _, cut := range append(cuts, len(part)) {
		all = append(all, s.segments(part[from:cut], start+from)...)
		from = cut
	}
	return all
}

// cuts returns the first division of a part: none, one place, or both ends of a stretch.
func (s steadySearch) cuts(part []float64) []int {
	medians := groupMedians(part, s.group)
	if len(medians) < leastGroups {
		return nil
	}
	ranks := centredRanks(medians)
	if at, logP := stepTest(ranks); logP <= s.logAlpha {
		at *= s.group
		if s.counts(part[:at], part[at:]) {
			return []int{at}
		}
	}
	if from, to, logP := stretchTest(ranks); logP <= s.logAlpha {
		from, to = from*s.group, to*s.group
		if s.counts(slices.Concat(part[:from], part[to:]), part[from:to]) {
			return []int{from, to}
		}
	}
	return nil
}

// counts reports whether the whole distribution, not only its middle, moves by more than
// the tolerance from a to b.
func (s steadySearch) counts(a, b []float64) bool {
	up, down := true, true
	a, b = ascending(a), ascending(b)
	for _, percent := range []int{10, 50, 90} {
		change := percentile(b, percent) - percentile(a, percent)
		up = up && change > s.tolerance
		down = down && change < -s.tolerance
	}
	return up || down
}

// groupMedians returns the median of each group of consecutive values. The last group also
// has the remaining values.
func groupMedians(x []float64, group int) []float64 {
	medians := make([]float64, len(x)/group)
	for i := range medians {
		end := (i + 1) * group
		if i == len(medians)-1 {
			end = len(x)
		}
		medians[i] = Median(x[i*group : end])
	}
	return medians
}

// stepTest is Pettitt's test of centred ranks that may be autocorrelated.
func stepTest(ranks []float64) (at int, logP float64) {
	at, peak := bridgePeak(ranks)
	if peak == 0 {
		return at, 0
	}
	height := peak / bridgeScale(ranks) * shrinkage(ranks, []int{0, at, len(ranks)})
	return at, bridgeLogP(height + discreteBridge/math.Sqrt(float64(len(ranks))))
}

// stretchTest tests whether ranks[from:to] differ from those on both sides. It is stepTest
// on a circle: the height is from the lowest of the partial sums to the highest, and both
// ends are corrected by discreteBridge.
func stretchTest(ranks []float64) (from, to int, logP float64) {
	var sum, lowest, highest float64
	var lowestAt, highestAt int
	for i, rank := range ranks[:len(ranks)-1] {
		sum += rank
		if sum < lowest {
			lowest, lowestAt = sum, i+1
		}
		if sum > highest {
			highest, highestAt = sum, i+1
		}
	}
	from, to = min(lowestAt, highestAt), max(lowestAt, highestAt)
	if from == 0 {
		return from, to, 0
	}
	height := (highest - lowest) / bridgeScale(ranks) * shrinkage(ranks, []int{0, from, to, len(ranks)})
	return from, to, bridgeRangeLogP(height + 2*discreteBridge/math.Sqrt(float64(len(ranks))))
}

// shrinkage returns the factor that corrects partial sums for the autocorrelation ρ of
// successive ranks: √((1-ρ)/(1+ρ)), exact in the limit for an AR(1) process. ρ is estimated
// from the differences to the means of the parts between the cuts and one more cut. Without
// the additional cut, a decay or a second change would be mistaken for autocorrelation: of
// the three levels in the table of [Steady] 44% were found, and 93% with it, with 40
// groups.
func shrinkage(ranks []float64, cuts []int) float64 {
	cuts = withBestCut(ranks, cuts)
	var own, lag float64
	for i := 1; i < len(cuts); i++ {
		o, l := autocovariance(ranks[cuts[i-1]:cuts[i]])
		own += o
		lag += l
	}
	if own == 0 {
		return 1
	}
	rho := lag / own
	// Each subtracted mean lowers ρ by about (1+3ρ)/n (Kendall, "Note on bias in the
	// estimation of autocorrelation", 1954). The cuts that were made for more power are not
	// counted.
	means := float64(len(cuts) - 2)
	rho += means * (1 + 3*rho) / float64(len(ranks))
	rho = min(max(rho, 0), 0.95)
	return math.Sqrt((1 - rho) / (1 + rho))
}

// autocovariance returns Σ d[i]² and Σ d[i]·d[i+1], where d are the differences to the
// mean.
func autocovariance(x []float64) (own, lag float64) {
	mean := floats.Sum(x) / float64(len(x))
	for i, v := range x {
		own += (v - mean) * (v - mean)
		if i > 0 {
			lag += (v - mean) * (x[i-1] - mean)
		}
	}
	return own, lag
}

// withBestCut adds the cut that reduces the sum of squares within parts most.
func withBestCut(ranks []float64, cuts []int) []int {
	best, gain := 0, 0.0
	for i := 1; i < len(cuts); i++ {
		part := ranks[cuts[i-1]:cuts[i]]
		mean := floats.Sum(part) / float64(len(part))
		sum := 0.0
		for k, rank := range part {
			sum += rank - mean
			before, after := k+1, len(part)-k-1
			if before < leastPart || after < leastPart {
				continue
			}
			if g := sum * sum * (1/float64(before) + 1/float64(after)); g > gain {
				best, gain = cuts[i-1]+before, g
			}
		}
	}
	if gain == 0 {
		return cuts
	}
	cuts = append(slices.Clone(cuts), best)
	slices.Sort(cuts)
	return cuts
}
