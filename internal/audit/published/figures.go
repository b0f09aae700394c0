package published

// This file holds the rules about the figures of one engine.

import (
	"fmt"
	"math"
	"regexp"
	"strconv"

	"cupel/internal/audit"
	"cupel/internal/audit/published/publication"
	"cupel/internal/interval"
	"cupel/internal/stats"
)

// engine makes every judgement about one engine's figures.
func (t *tables) engine(b *box) {
	t.finite(b)
	t.throughput(b)
	t.confidence(b)
	t.percentiles(b)
	t.shape(b)
	t.moments(b)
	t.granularity(b)
	t.samples(b)
	t.tail(b)
}

// finite finds figures that no time can have.
func (t *tables) finite(b *box) {
	for _, quantity := range engineQuantities {
		for _, figure := range b.engine.Figures[quantity] {
			negative := figure.Interval.High < 0 && quantity != publication.CILow
			if !negative && !math.IsInf(figure.Value, 0) && !math.IsNaN(figure.Value) {
				continue
			}
			t.find(audit.Finding{
				Rule: audit.RuleTimeOverflow, Contender: b.engine.Name, Severity: audit.Error,
				Message:   fmt.Sprintf("%s is %s, which no measurement gives", quantity, figure.Text),
				Published: []audit.Shown{shown(b.engine.Name, figure)}, Remedy: "measure again; look for an overflow in the clock's arithmetic",
			})
		}
	}
}

func (t *tables) throughput(b *box) {
	// The mean without what the throughput says of it.
	figures := b.engine.Figures[publication.Mean]
	if len(figures) == 0 || t.severalAtOnce() {
		return
	}
	tight, _ := intersection(figures)
	mean := input{name: "mean of " + b.engine.Name, tight: tight}
	for _, figure := range b.engine.Figures[publication.Throughput] {
		t.solve(t.isSide(b), b.engine.Name, relation{
			rule: RuleThroughputMean, points: []int{23}, contender: b.engine.Name, printed: figure, inputs: []input{mean},
			compute: func(in []interval.Interval) interval.Interval { return interval.Point(1e6).Div(in[0]) },
			formula: func(of []string) string { return "1e6 / " + of[0] }, remedy: remedies[23],
		})
	}
}

// atOnce matches a stated batch size or number of threads.
var atOnce = regexp.MustCompile(`(?i)\b(?:batch(?:[ _-]?size)?|threads|concurrency)\b[^0-9a-z]{0,8}(\d+)`)

// severalAtOnce reports whether it is said that a call takes several rows or that
// several run at once: then throughput is not the reciprocal of a call's time.
func (t *tables) severalAtOnce() bool {
	return t.texts(func(text string) bool {
		for _, match := range atOnce.FindAllStringSubmatch(text, -1) {
			if n, err := strconv.Atoi(match[1]); err == nil && n > 1 {
				return true
			}
		}
		return false
	})
}

// z is the checklist's quantile of the normal distribution.
const z = 1.96

func (t *tables) confidence(b *box) {
	mean, hasMean := b.input(publication.Mean)
	deviation, hasDeviation := b.input(publication.StdDev)
	if !hasMean || !hasDeviation || b.n < 2 {
		return
	}
	for _, end := range []struct {
		quantity publication.Quantity
		sign     float64
	}{{publication.CILow, -1}, {publication.CIHigh, 1}} {
		quantity, sign := end.quantity, end.sign
		for _, figure := range b.engine.Figures[quantity] {
			t.solve(t.isSide(b), b.engine.Name, relation{
				rule: RuleInterval, points: []int{21}, contender: b.engine.Name, printed: figure, inputs: []input{mean, deviation},
				compute: func(in []interval.Interval) interval.Interval {
					return in[0].Add(in[1].Scale(sign * z / math.Sqrt(b.n)))
				},
				formula: func(of []string) string {
					return fmt.Sprintf("%s %s 1.96 * %s / √%.0f", of[0], map[float64]string{-1: "-", 1: "+"}[sign], of[1], b.n)
				},
				remedy: remedies[21],
			})
		}
	}
}

// percentiles judges their order, as printed (point 88) and as intervals.
func (t *tables) percentiles(b *box) {
	order := []publication.Quantity{publication.Min, publication.P50, publication.P95, publication.P99, publication.Max}
	t.orderAsPrinted(b)
	for i, lower := range order {
		for _, higher := range order[i+1:] {
			low, okLow := b.tight[lower]
			high, okHigh := b.tight[higher]
			if !okLow || !okHigh || !(low.Low > high.High) || low.Overlaps(high) {
				continue
			}
			t.find(audit.Finding{
				Rule: RuleMoments, Contender: b.engine.Name, Severity: audit.Error,
				Message:    fmt.Sprintf("%s is above %s", lower, higher),
				Published:  []audit.Shown{shown(b.engine.Name, b.engine.Figures[lower][0]), shown(b.engine.Name, b.engine.Figures[higher][0])},
				Consistent: &interval.Interval{Low: low.Low, High: math.MaxFloat64},
				Arithmetic: []string{fmt.Sprintf("%s %s > %s %s", lower, number(low), higher, number(high))},
				Remedy:     "recompute the percentiles from the samples",
			})
		}
	}
}

func (t *tables) orderAsPrinted(b *box) {
	p50, p95, p99 := b.engine.Figures[publication.P50], b.engine.Figures[publication.P95], b.engine.Figures[publication.P99]
	if !t.isSide(b) || len(p50) == 0 || len(p95) == 0 || len(p99) == 0 {
		return
	}
	// The finest figure of each: a file with more digits may tell apart what a
	// table with two does not.
	a, c, d := finest(p50), finest(p95), finest(p99)
	switch {
	case a.Value < c.Value && c.Value < d.Value:
		t.decide(88, b.engine.Name, audit.Pass, "%s < %s < %s", a.Text, c.Text, d.Text)
	case a.Value > c.Value || c.Value > d.Value:
		t.decide(88, b.engine.Name, audit.Fail, "p50 %s, p95 %s, p99 %s are not in order", a.Text, c.Text, d.Text)
	default:
		t.decide(88, b.engine.Name, audit.Fail, "p50 %s, p95 %s, p99 %s: two are equal as printed, though unrounded values may be in order", a.Text, c.Text, d.Text)
	}
}

func finest(figures []publication.Figure) publication.Figure {
	best := figures[0]
	for _, figure := range figures[1:] {
		if figure.UnitStep < best.UnitStep {
			best = figure
		}
	}
	return best
}

// shape judges points 89 and 90: mean near median, deviation below half the mean.
func (t *tables) shape(b *box) {
	mean, hasMean := b.tight[publication.Mean]
	if p50, ok := b.tight[publication.P50]; ok && hasMean && t.isSide(b) {
		quotient := mean.Div(p50)
		if quotient.Overlaps(interval.Interval{Low: 0.9, High: 1.25}) {
			t.decide(89, b.engine.Name, audit.Pass, "mean / p50 is %s, within 0.9 to 1.25", number(quotient))
		} else {
			t.decide(89, b.engine.Name, audit.Fail, "mean / p50 is %s, outside 0.9 to 1.25", number(quotient))
		}
	}
	if deviation, ok := b.tight[publication.StdDev]; ok && hasMean && t.isSide(b) {
		quotient := deviation.Div(mean)
		if quotient.Low < 0.5 {
			t.decide(90, b.engine.Name, audit.Pass, "deviation / mean is %s, below 0.5", number(quotient))
		} else {
			t.decide(90, b.engine.Name, audit.Fail, "deviation / mean is %s, not below 0.5", number(quotient))
		}
	}
}

// moments finds moments that no sample with these percentiles can have.
func (t *tables) moments(b *box) {
	mean, hasMean := b.tight[publication.Mean]
	deviation, hasDeviation := b.tight[publication.StdDev]
	p50, hasMedian := b.tight[publication.P50]
	if !hasMean {
		return
	}
	if hasDeviation && hasMedian {
		// The mean lies within one deviation of the median, whatever the sample;
		// √((n-1)/n) for the divisor, and a step for sorted[⌊n/2⌋] of an even n.
		if gap := mean.Sub(p50).Abs(); gap.Low > deviation.High && !gap.Overlaps(deviation) {
			t.impossible(b, "the mean is further from the median than one standard deviation",
				fmt.Sprintf("|mean - p50| = %s > s = %s", number(gap), number(deviation)), publication.Mean, publication.P50, publication.StdDev)
		}
	}
	t.extremes(b, mean, deviation, hasDeviation)
	t.meanOfBins(b, mean)
	t.deviationOfBins(b, mean, deviation, hasDeviation)
}

func (t *tables) impossible(b *box, message, arithmetic string, quantities ...publication.Quantity) {
	finding := audit.Finding{
		Rule: RuleMoments, Contender: b.engine.Name, Severity: audit.Error, Message: message,
		Arithmetic: []string{arithmetic}, Remedy: "compute all figures from one sample",
	}
	for _, quantity := range quantities {
		if figures := b.engine.Figures[quantity]; len(figures) > 0 {
			finding.Published = append(finding.Published, shown(b.engine.Name, figures[0]))
		}
	}
	t.find(finding)
}

// extremes are the bounds that minimum and maximum put on mean and deviation:
// Bhatia and Davis (2000), and Samuelson (1968).
func (t *tables) extremes(b *box, mean, deviation interval.Interval, hasDeviation bool) {
	least, hasMin := b.tight[publication.Min]
	most, hasMax := b.tight[publication.Max]
	if hasMin && mean.High < least.Low && !mean.Overlaps(least) || hasMax && mean.Low > most.High && !mean.Overlaps(most) {
		t.impossible(b, "the mean is not between minimum and maximum",
			fmt.Sprintf("mean %s, minimum %s, maximum %s", number(mean), number(least), number(most)), publication.Mean, publication.Min, publication.Max)
		return
	}
	if !hasDeviation || b.n < 2 {
		return
	}
	if hasMax {
		// With the divisor n the bound is s√(n-1), a little wider than s(n-1)/√n;
		// the divisor is another point's matter.
		bound := mean.Add(deviation.Scale(math.Sqrt(b.n - 1)))
		if most.Low > bound.High && !most.Overlaps(bound) {
			t.impossible(b, "the maximum is further from the mean than the deviation allows",
				fmt.Sprintf("maximum %s > mean + s √(n-1) = %s", number(most), number(bound)), publication.Max, publication.Mean, publication.StdDev)
		}
	}
	if hasMin && hasMax {
		above, below := most.Sub(mean), mean.Sub(least)
		largest := math.Sqrt(b.n / (b.n - 1) * math.Max(above.High, 0) * math.Max(below.High, 0))
		if deviation.Low > largest*(1+1e-9) {
			t.impossible(b, "the deviation is larger than minimum and maximum allow",
				fmt.Sprintf("s = %s > √(n/(n-1) (max-mean)(mean-min)) = %.6g", number(deviation), largest), publication.StdDev, publication.Min, publication.Max)
		}
	}
}

// bin is a share of the sample between two values.
type bin struct {
	share     float64
	low, high float64
}

// bins are what the percentiles say of where the sample lies. An end that is not
// published is open.
func (b *box) bins() []bin {
	edges := []struct {
		quantity publication.Quantity
		from     float64
	}{{publication.P50, 0.5}, {publication.P95, 0.95}, {publication.P99, 0.99}}
	low, from := 0.0, 0.0
	if least, ok := b.tight[publication.Min]; ok {
		low = least.Low
	}
	var all []bin
	for _, edge := range edges {
		at, ok := b.tight[edge.quantity]
		if !ok {
			continue
		}
		all = append(all, bin{edge.from - from, low, at.High})
		low, from = at.Low, edge.from
	}
	high := math.Inf(1)
	if most, ok := b.tight[publication.Max]; ok {
		high = most.High
	}
	return append(all, bin{1 - from, low, high})
}

// meanOfBins: the mean is at least the sum of the bins' lower ends, each times
// its share, and at most that of the upper ones. ⌊p·n⌋ may put one value of n
// into the neighbouring bin.
func (t *tables) meanOfBins(b *box, mean interval.Interval) {
	all := b.bins()
	if len(all) < 2 || b.n < 2 {
		return
	}
	var possible interval.Interval
	span := 0.0
	for _, part := range all {
		possible.Low += part.share * part.low
		possible.High += part.share * part.high
		if !math.IsInf(part.high, 1) {
			span = math.Max(span, part.high)
		}
	}
	room := float64(len(all)) * span / b.n
	possible = interval.Interval{Low: possible.Low - room, High: possible.High + room}
	if !mean.Overlaps(possible) {
		t.impossible(b, "the mean is outside what the percentiles allow",
			fmt.Sprintf("mean %s, percentiles allow %v", number(mean), possible), publication.Mean, publication.P50, publication.P95, publication.P99)
	}
}

// deviationOfBins: each bin lies at least as far from the mean as its nearer end,
// which bounds the deviation from below.
func (t *tables) deviationOfBins(b *box, mean, deviation interval.Interval, hasDeviation bool) {
	all := b.bins()
	if !hasDeviation || len(all) < 2 || b.n < 2 {
		return
	}
	variance := 0.0
	for _, part := range all {
		distance := math.Max(0, math.Max(mean.Low-part.high, part.low-mean.High))
		variance += math.Max(part.share-2/b.n, 0) * distance * distance
	}
	least := math.Sqrt(variance * (b.n - 1) / b.n)
	if deviation.High < least*(1-1e-9) {
		t.impossible(b, "the deviation is smaller than the percentiles allow",
			fmt.Sprintf("s = %s, percentiles need at least %.6g", number(deviation), least), publication.StdDev, publication.P50, publication.P95, publication.P99)
	}
}

// granularity: where every order statistic is a whole number of nanoseconds, the
// clock's step is one, and so is the sum, which is mean times n. Only figures in
// full precision can show it.
func (t *tables) granularity(b *box) {
	if b.n < 2 {
		return
	}
	for _, quantity := range []publication.Quantity{publication.Min, publication.P50, publication.P95, publication.P99, publication.Max} {
		figures := b.engine.Figures[quantity]
		if len(figures) == 0 || !finest(figures).Exact || !whole(finest(figures).Value*1e3) {
			return
		}
	}
	figures := b.engine.Figures[publication.Mean]
	if len(figures) == 0 || !finest(figures).Exact {
		return
	}
	mean := finest(figures)
	sum := mean.Interval.Scale(1e3 * b.n)
	// A float64 holds the sum to far less than one nanosecond up to here.
	if sum.High < 1e14 && !holdsWhole(sum) {
		t.find(audit.Finding{
			Rule: audit.RuleGranularity, Contender: b.engine.Name, Severity: audit.Error,
			Message:    fmt.Sprintf("the mean times %.0f is no whole number of nanoseconds, though every percentile is one", b.n),
			Published:  []audit.Shown{shown(b.engine.Name, mean)},
			Arithmetic: []string{fmt.Sprintf("%s us * 1000 * %.0f = [%.6f, %.6f] ns", mean.Text, b.n, sum.Low, sum.High)},
			Remedy:     "publish the mean of the samples that gave the percentiles",
		})
	}
}

// whole allows what float64 loses in a product of two roundings.
func whole(x float64) bool {
	return math.Abs(x-math.Round(x)) <= 1e-6+1e-13*math.Abs(x)
}

// holdsWhole reports whether a whole number is in the interval.
func holdsWhole(i interval.Interval) bool {
	room := 1e-6 + 1e-13*math.Abs(i.High)
	return math.Ceil(i.Low-room) <= math.Floor(i.High+room)
}

// samples recomputes the figures of files that have raw times.
func (t *tables) samples(b *box) {
	var all []float64
	for _, process := range b.engine.Samples {
		all = append(all, process...)
	}
	if len(all) < 2 {
		return
	}
	for i, sample := range all {
		// Zeros are left alone: tools that subtract an overhead stop there.
		if !(sample >= 0) || math.IsInf(sample, 0) {
			t.find(audit.Finding{
				Rule: audit.RuleTimeOverflow, Contender: b.engine.Name, Severity: audit.Error,
				Message: fmt.Sprintf("raw sample %d is %v us, which no measurement gives", i, sample),
				Remedy:  "measure again; look for an overflow in the clock's arithmetic",
			})
			return
		}
	}
	summary := stats.Describe(all)
	for _, check := range []struct {
		quantity publication.Quantity
		point    int
		values   []float64
	}{
		{publication.Mean, 19, []float64{summary.Mean}},
		{publication.StdDev, 20, []float64{summary.StdDev}},
		// Tools differ in what they call the median of an even number.
		{publication.P50, 22, []float64{summary.P50, stats.Median(all)}},
		{publication.Min, 22, []float64{summary.Min}},
		{publication.Max, 22, []float64{summary.Max}},
	} {
		t.recomputed(b, check.quantity, check.point, check.values)
	}
}

func (t *tables) recomputed(b *box, quantity publication.Quantity, point int, values []float64) {
	for _, figure := range b.engine.Figures[quantity] {
		agrees := false
		for _, value := range values {
			agrees = agrees || figure.Interval.Overlaps(interval.Of(value*(1-1e-9), value*(1+1e-9)))
		}
		if agrees {
			if t.isSide(b) {
				t.decide(point, b.engine.Name, audit.Pass, "%s %s is that of the samples", quantity, figure.Text)
			}
			continue
		}
		message := fmt.Sprintf("%s is printed as %s, and the samples give %.9g us", quantity, figure.Text, values[0])
		t.find(audit.Finding{
			Rule: RuleSummaryFromTimes, Contender: b.engine.Name, Severity: audit.Error, Message: message,
			Published: []audit.Shown{shown(b.engine.Name, figure)}, Consistent: &interval.Interval{Low: values[0], High: values[len(values)-1]},
			Arithmetic: []string{fmt.Sprintf("%s of the published samples = %.9g us", quantity, values[0])}, Remedy: remedies[point],
		})
		if t.isSide(b) {
			t.decide(point, b.engine.Name, audit.Fail, "%s", message)
		}
	}
}

// tail judges whether the slow calls are shown.
func (t *tables) tail(b *box) {
	if !t.isSide(b) {
		return
	}
	_, p99 := b.tight[publication.P99]
	_, most := b.tight[publication.Max]
	switch {
	case p99 && most:
		t.decide(99, b.engine.Name, audit.Pass, "p99 and maximum are shown")
	case p99:
		t.decide(99, b.engine.Name, audit.Pass, "p99 is shown, the maximum is not")
	case len(b.engine.Samples) > 0:
		t.decide(99, b.engine.Name, audit.Pass, "every sample is shown")
	default:
		t.decide(99, b.engine.Name, audit.Fail, "no p99 is shown")
	}
}
