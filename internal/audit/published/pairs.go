package published

// This file holds the rules about the figures of a comparison.

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/audit/published/publication"
	"cupel/internal/interval"
	"cupel/internal/stats"
)

// pair makes every judgement about one comparison.
func (t *tables) pair(c *publication.Comparison) {
	a, b := t.boxes[c.A], t.boxes[c.B]
	counts := c == t.comparison
	t.ratios(c, a, b, counts)
	t.welch(c, a, b, counts)
	t.cohen(c, a, b, counts)
	t.pValue(c, a, b, counts)
	t.effects(c, a, b, counts)
}

func pairName(c *publication.Comparison) string { return c.A + "/" + c.B }

// ratioParts says which quantity each ratio is of. A throughput's ratio is the
// first's over the second's, which is that of the means the other way round.
var ratioParts = []struct {
	ratio publication.Quantity
	of    publication.Quantity
}{
	{publication.RatioP50, publication.P50}, {publication.RatioP95, publication.P95}, {publication.RatioP99, publication.P99},
	{publication.RatioMean, publication.Mean}, {publication.RatioThroughput, publication.Throughput},
}

func (t *tables) ratios(c *publication.Comparison, a, b *box, counts bool) {
	for _, part := range ratioParts {
		above, okAbove := b.input(part.of)
		below, okBelow := a.input(part.of)
		if part.of == publication.Throughput {
			above, below, okAbove, okBelow = below, above, okBelow, okAbove
		}
		if !okAbove || !okBelow {
			continue
		}
		for _, figure := range c.Figures[part.ratio] {
			t.solve(counts, pairName(c), ratioOf(c, figure, above, below))
		}
	}
	t.meansAndThroughputs(c)
	t.statedRatios(c, a, b, counts)
}

func ratioOf(c *publication.Comparison, figure publication.Figure, above, below input) relation {
	return relation{
		rule: audit.RuleRatio, points: []int{29}, contender: pairName(c), printed: figure, inputs: []input{above, below},
		compute: func(in []interval.Interval) interval.Interval { return in[0].Div(in[1]) },
		formula: func(of []string) string { return of[0] + " / " + of[1] },
		remedy:  "compute the ratio from the figures beside it, unrounded",
	}
}

// meansAndThroughputs: the ratio of means and that of throughputs are one number.
func (t *tables) meansAndThroughputs(c *publication.Comparison) {
	for _, mean := range c.Figures[publication.RatioMean] {
		for _, throughput := range c.Figures[publication.RatioThroughput] {
			if mean.Interval.Overlaps(throughput.Interval) {
				continue
			}
			t.find(audit.Finding{
				Rule: audit.RuleRatio, Contender: pairName(c), Severity: audit.Error,
				Message:    fmt.Sprintf("the ratio of means is printed as %s and the ratio of throughputs as %s, and they are one number", mean.Text, throughput.Text),
				Published:  []audit.Shown{shown(pairName(c), mean), shown(pairName(c), throughput)},
				Consistent: &throughput.Interval,
				Arithmetic: []string{fmt.Sprintf("%s is %v, %s is %v", mean.Text, mean.Interval, throughput.Text, throughput.Interval)},
				Remedy:     "compute both from the unrounded means",
			})
		}
	}
}

// statedRatios: a ratio in a sentence must be one of p50, means or throughputs.
func (t *tables) statedRatios(c *publication.Comparison, a, b *box, counts bool) {
	var candidates []interval.Interval
	var names []string
	for _, part := range ratioParts {
		above, okAbove := b.tight[part.of]
		below, okBelow := a.tight[part.of]
		if part.of == publication.Throughput {
			above, below = below, above
		}
		if okAbove && okBelow {
			candidates = append(candidates, above.Div(below))
			names = append(names, fmt.Sprintf("%s %s", part.ratio, number(above.Div(below))))
		}
	}
	for _, figure := range c.Figures[publication.RatioStated] {
		if len(candidates) == 0 || !t.aboutThese(figure, c) {
			continue
		}
		matched := false
		for _, candidate := range candidates {
			matched = matched || candidate.Overlaps(figure.Interval)
		}
		if matched {
			if counts {
				t.decide(29, pairName(c), audit.Pass, "the stated %s is one of the ratios", figure.Text)
			}
			continue
		}
		message := fmt.Sprintf("the text says %s, and the figures give %s", figure.Text, strings.Join(names, ", "))
		t.find(audit.Finding{
			Rule: audit.RuleRatio, Contender: pairName(c), Severity: audit.Error, Message: message,
			Published: []audit.Shown{shown(pairName(c), figure)}, Consistent: &candidates[0],
			Arithmetic: names, Remedy: "state a ratio that the table has, and say of what",
		})
		if counts {
			t.decide(29, pairName(c), audit.Fail, "%s", message)
		}
	}
}

// elsewhere are the words of sentences about something that no table of latencies
// shows.
var elsewhere = regexp.MustCompile(`(?i)start|cold|load|train|memor|import|compil|throughput|batch`)

// aboutThese reports whether a sentence with a ratio is about the figures of the
// pair: it begins with the engine and names no other subject.
func (t *tables) aboutThese(figure publication.Figure, c *publication.Comparison) bool {
	for _, line := range t.publication.Lines {
		if line.Place != figure.Place {
			continue
		}
		text := strings.ToLower(strings.TrimLeft(line.Text, "*_#>-+ \t`0123456789."))
		return strings.HasPrefix(text, c.A) && !elsewhere.MatchString(text)
	}
	return true
}

// samplesOf are the inputs of Welch's t and Cohen's d: both means, both
// deviations.
func samplesOf(a, b *box) ([]input, bool) {
	var inputs []input
	for _, quantity := range []publication.Quantity{publication.Mean, publication.StdDev} {
		for _, side := range []*box{a, b} {
			in, ok := side.input(quantity)
			if !ok {
				return nil, false
			}
			inputs = append(inputs, in)
		}
	}
	return inputs, true
}

// welchT is |t| from means, deviations and numbers. Each value occurs once, so
// the interval is exact.
func welchT(in []interval.Interval, nA, nB float64) interval.Interval {
	variance := in[2].Square().Scale(1 / nA).Add(in[3].Square().Scale(1 / nB))
	return in[0].Sub(in[1]).Abs().Div(variance.Sqrt())
}

func (t *tables) welch(c *publication.Comparison, a, b *box, counts bool) {
	inputs, ok := samplesOf(a, b)
	if !ok || a.n < 2 || b.n < 2 {
		return
	}
	for _, figure := range c.Figures[publication.TStatistic] {
		if t.otherTest(figure) {
			continue
		}
		absolute := figure
		absolute.Interval = figure.Interval.Abs()
		r := relation{
			rule: RuleWelch, points: []int{24}, contender: pairName(c), printed: absolute, inputs: inputs,
			compute: func(in []interval.Interval) interval.Interval { return welchT(in, a.n, b.n) },
			formula: func(of []string) string {
				return fmt.Sprintf("|%s - %s| / √(%s²/%.0f + %s²/%.0f)", of[0], of[1], of[2], a.n, of[3], b.n)
			},
			remedy: remedies[24],
		}
		if t.solve(counts, pairName(c), r) {
			t.edge(c, r, a.n, b.n)
		}
	}
	t.degrees(c, inputs, a, b, counts)
}

// edge warns of a t that is possible only at the very edge of what the printed
// deviations allow, and says for which readings of the inputs it is not.
func (t *tables) edge(c *publication.Comparison, r relation, nA, nB float64) {
	const little = 0.01
	share := edgeShare(r.unrounded().values, r.printed.Interval, nA, nB)
	if share >= little {
		return
	}
	finding := audit.Finding{
		Rule: RuleWelch, Contender: pairName(c), Severity: audit.Warning,
		Message: fmt.Sprintf("t = %s is possible, but only at the edge: %.2g%% of what the printed deviations allow gives a t as extreme",
			r.printed.Text, 100*share),
		Published: []audit.Shown{shown(pairName(c), r.printed)},
		Remedy:    remedies[24],
	}
	consistent := r.compute(r.unrounded().values)
	finding.Consistent = &consistent
	finding.Arithmetic = append(finding.Arithmetic, r.written(r.unrounded(), consistent))
	for _, way := range r.readings() {
		if other := edgeShare(way.values, r.printed.Interval, nA, nB); len(way.rounded) > 0 && other > share {
			finding.Arithmetic = append(finding.Arithmetic,
				fmt.Sprintf("%s, where %.2g%% of the deviations allowed give a t as extreme", r.written(way, r.compute(way.values)), 100*other))
		}
	}
	t.find(finding)
}

// edgeShare is the share of the deviations' box in which |t| is at most, or at
// least, the printed one, whichever is less; the means take the values that are
// kindest to it. A box without extent has no edge.
func edgeShare(in []interval.Interval, printed interval.Interval, nA, nB float64) float64 {
	if in[2].Width() <= 1e-6*in[2].High || in[3].Width() <= 1e-6*in[3].High {
		return 1
	}
	difference := in[0].Sub(in[1]).Abs()
	// |t| <= T where s1²/n1 + s2²/n2 >= (Δ/T)².
	atMost := 1 - shareBelow(in[2], in[3], nA, nB, difference.Low/printed.High)
	atLeast := shareBelow(in[2], in[3], nA, nB, difference.High/printed.Low)
	return math.Min(atMost, atLeast)
}

// shareBelow is the share of the box in which √(s1²/n1 + s2²/n2) is at most
// bound, by integration over s1.
func shareBelow(s1, s2 interval.Interval, nA, nB, bound float64) float64 {
	const steps = 20_000
	total := 0.0
	for i := range steps {
		first := s1.Low + s1.Width()*(float64(i)+0.5)/steps
		rest := bound*bound - first*first/nA
		limit := math.Sqrt(math.Max(rest, 0) * nB)
		total += math.Min(math.Max(limit-s2.Low, 0), s2.Width()) / s2.Width()
	}
	return total / steps
}

// degrees judges the printed degrees of freedom.
func (t *tables) degrees(c *publication.Comparison, inputs []input, a, b *box, counts bool) {
	for _, figure := range c.Figures[publication.Degrees] {
		t.solve(counts, pairName(c), relation{
			rule: RuleWelch, points: []int{24}, contender: pairName(c), printed: figure, inputs: inputs[2:],
			compute: func(in []interval.Interval) interval.Interval { return satterthwaite(in[0], in[1], a.n, b.n) },
			formula: func(of []string) string {
				return fmt.Sprintf("Welch and Satterthwaite's degrees of freedom for s %s and %s, n %.0f and %.0f", of[0], of[1], a.n, b.n)
			},
			remedy: remedies[24],
		})
	}
}

// satterthwaite is the range of the degrees of freedom. They depend on the ratio
// of the two squared errors alone, rise to n1+n2-2 and fall again.
func satterthwaite(s1, s2 interval.Interval, nA, nB float64) interval.Interval {
	ratio := s1.Square().Scale(1 / nA).Div(s2.Square().Scale(1 / nB))
	at := func(r float64) float64 {
		if math.IsInf(r, 1) || math.IsNaN(r) {
			return nA - 1
		}
		return (1 + r) * (1 + r) / (r*r/(nA-1) + 1/(nB-1))
	}
	result := interval.Of(at(ratio.Low), at(ratio.High))
	if peak := (nA - 1) / (nB - 1); ratio.Low <= peak && peak <= ratio.High {
		result.High = nA + nB - 2
	}
	return result
}

// cohenD is |d| from means and deviations, in the order of samplesOf.
func cohenD(in []interval.Interval) interval.Interval {
	return in[0].Sub(in[1]).Abs().Div(in[2].Square().Add(in[3].Square()).Scale(0.5).Sqrt())
}

func (t *tables) cohen(c *publication.Comparison, a, b *box, counts bool) {
	inputs, ok := samplesOf(a, b)
	for _, figure := range c.Figures[publication.CohenD] {
		absolute := figure
		absolute.Interval = figure.Interval.Abs()
		if ok {
			t.solve(counts, pairName(c), relation{
				rule: RuleCohen, points: []int{26}, contender: pairName(c), printed: absolute, inputs: inputs,
				compute: cohenD,
				formula: func(of []string) string {
					return fmt.Sprintf("|%s - %s| / √((%s² + %s²)/2)", of[0], of[1], of[2], of[3])
				},
				remedy: remedies[26],
			})
		}
		t.cohenFromT(c, absolute, a, b, counts)
	}
}

// otherTestWords name tests whose t and p are not Welch's.
var otherTestWords = regexp.MustCompile(`(?i)mann|wilcoxon|paired|permutation|bootstrap|student|one-sided|one-tailed`)

// otherTest reports whether a figure stands in a section about another test than
// Welch's: its relations are not judged.
func (t *tables) otherTest(figure publication.Figure) bool {
	return otherTestWords.MatchString(t.section(figure.Place).Text)
}

// cohenFromT: with equal numbers d is |t|√(2/n), whatever the samples.
func (t *tables) cohenFromT(c *publication.Comparison, d publication.Figure, a, b *box, counts bool) {
	if a.n < 2 || a.n != b.n {
		return
	}
	for _, statistic := range c.Figures[publication.TStatistic] {
		if t.otherTest(statistic) {
			continue
		}
		in := input{name: "t", tight: statistic.Interval.Abs()}
		t.solve(counts, pairName(c), relation{
			rule: RuleCohen, points: []int{26}, contender: pairName(c), printed: d, inputs: []input{in},
			compute: func(in []interval.Interval) interval.Interval { return in[0].Scale(math.Sqrt(2 / a.n)) },
			formula: func(of []string) string { return fmt.Sprintf("%s * √(2/%.0f)", of[0], a.n) },
			remedy:  remedies[26],
		})
	}
}

// logP is the range of ln p that t and its degrees of freedom allow: from the
// printed ones, else from the samples.
func logP(c *publication.Comparison, a, b *box) (interval.Interval, bool) {
	inputs, ok := samplesOf(a, b)
	ok = ok && a.n >= 2 && b.n >= 2
	var statistic, degrees interval.Interval
	switch figures := c.Figures[publication.TStatistic]; {
	case len(figures) > 0:
		statistic = finest(figures).Interval.Abs()
	case ok:
		statistic = welchT(intervals(inputs), a.n, b.n)
	default:
		return interval.Interval{}, false
	}
	switch figures := c.Figures[publication.Degrees]; {
	case len(figures) > 0:
		degrees = finest(figures).Interval
	case ok:
		degrees = satterthwaite(inputs[2].tight, inputs[3].tight, a.n, b.n)
	default:
		return interval.Interval{}, false
	}
	var ends []float64
	for _, x := range []float64{statistic.Low, statistic.High} {
		for _, df := range []float64{degrees.Low, degrees.High} {
			ends = append(ends, stats.StudentLogP(x, df))
		}
	}
	result := interval.Of(ends...)
	return result, !math.IsNaN(result.Low)
}

func intervals(inputs []input) []interval.Interval {
	var values []interval.Interval
	for _, in := range inputs {
		values = append(values, in.tight)
	}
	return values
}

func (t *tables) pValue(c *publication.Comparison, a, b *box, counts bool) {
	follows, known := logP(c, a, b)
	for _, figure := range c.Figures[publication.PValue] {
		if t.otherTest(figure) {
			continue
		}
		message, rule := t.pFault(figure, follows, known)
		if message == "" && counts && figure.Interval.Low >= 0.05 && t.calledDifferent() {
			t.decide(25, pairName(c), audit.Fail, "p = %s, and the two are called different", figure.Text)
			continue
		}
		if message == "" {
			if counts {
				t.decide(25, pairName(c), audit.Pass, "p = %s", figure.Text)
			}
			continue
		}
		finding := audit.Finding{
			Rule: rule, Contender: pairName(c), Severity: audit.Error, Message: message,
			Published: []audit.Shown{shown(pairName(c), figure)}, Remedy: remedies[25],
		}
		if known {
			finding.Arithmetic = []string{fmt.Sprintf("p from t and its degrees of freedom: %s to %s", stats.FormatP(follows.Low), stats.FormatP(follows.High))}
		}
		t.find(finding)
		if counts {
			t.decide(25, pairName(c), audit.Fail, "%s", message)
		}
	}
	t.pBounds(c, follows, known, counts)
}

// pFault says what is wrong with a printed p-value.
func (t *tables) pFault(figure publication.Figure, follows interval.Interval, known bool) (message, rule string) {
	if figure.Value == 0 && strings.ContainsAny(mantissa(figure.Text), "123456789") {
		return "", "" // Too small for a float64, and printed rightly as what it is.
	}
	if figure.Value == 0 {
		return fmt.Sprintf("p is printed as %s, and no p-value is 0", figure.Text), RulePZero
	}
	if figure.Value < 0 || figure.Value > 1 {
		return fmt.Sprintf("p is printed as %s, and a probability lies between 0 and 1", figure.Text), RuleWelch
	}
	// Below this a float64 holds no p: files say the smallest number they can.
	const smallest = 1e-300
	if known && figure.Value >= smallest {
		allowed := interval.Of(math.Exp(follows.Low)*(1-1e-6), math.Exp(follows.High)*(1+1e-6))
		if !allowed.Overlaps(figure.Interval) {
			return fmt.Sprintf("p is printed as %s, and t gives %s to %s", figure.Text, stats.FormatP(follows.Low), stats.FormatP(follows.High)), RuleWelch
		}
	}
	if known && figure.Value < smallest && follows.Low > math.Log(smallest) {
		return fmt.Sprintf("p is printed as %s, and t gives %s to %s", figure.Text, stats.FormatP(follows.Low), stats.FormatP(follows.High)), RuleWelch
	}
	return "", ""
}

// mantissa is the part of a number's text before its exponent.
func mantissa(text string) string {
	text, _, _ = strings.Cut(strings.ToLower(text), "e")
	return text
}

// pBounds judges sentences such as "p < 0.001".
func (t *tables) pBounds(c *publication.Comparison, follows interval.Interval, known, counts bool) {
	for _, figure := range c.Figures[publication.PBelow] {
		if figure.Value <= 0 {
			t.find(audit.Finding{
				Rule: RulePZero, Contender: pairName(c), Severity: audit.Error,
				Message:   fmt.Sprintf("the text says p < %s, and no p-value is below 0", figure.Text),
				Published: []audit.Shown{shown(pairName(c), figure)}, Remedy: remedies[25],
			})
			continue
		}
		if !known || t.otherTest(figure) || follows.Low < math.Log(figure.Value) {
			if counts && known && figure.Value <= 0.05 {
				t.decide(25, pairName(c), audit.Pass, "p < %s, as t gives", figure.Text)
			}
			continue
		}
		t.find(audit.Finding{
			Rule: RuleWelch, Contender: pairName(c), Severity: audit.Error,
			Message:    fmt.Sprintf("the text says p < %s, and t gives at least %s", figure.Text, stats.FormatP(follows.Low)),
			Published:  []audit.Shown{shown(pairName(c), figure)},
			Arithmetic: []string{fmt.Sprintf("p from t and its degrees of freedom: %s to %s", stats.FormatP(follows.Low), stats.FormatP(follows.High))},
			Remedy:     remedies[25],
		})
	}
}

// effectNames are Cohen's, from weak to strong.
var effectNames = []string{"negligible", "small", "medium", "large"}

// effects judges the words for d.
func (t *tables) effects(c *publication.Comparison, a, b *box, counts bool) {
	d, ok := interval.Interval{}, false
	if figures := c.Figures[publication.CohenD]; len(figures) > 0 {
		d, ok = finest(figures).Interval.Abs(), true
	} else if inputs, has := samplesOf(a, b); has {
		d, ok = cohenD(intervals(inputs)), true
	}
	if !ok {
		return
	}
	for _, effect := range c.Effects {
		low, high := stats.EffectName(d.Low), stats.EffectName(d.High)
		word := strings.ToLower(effect.Text)
		at := slices.Index(effectNames, word)
		if at < 0 {
			continue // A word of another scale.
		}
		if slices.Index(effectNames, low) <= at && at <= slices.Index(effectNames, high) {
			if counts {
				t.decide(27, pairName(c), audit.Pass, "d %s is %s", number(d), word)
			}
			continue
		}
		message := fmt.Sprintf("the effect is called %s, and d %s is %s", word, number(d), low)
		t.find(audit.Finding{
			Rule: RuleCohen, Contender: pairName(c), Severity: audit.Error, Message: message,
			Published:  []audit.Shown{{What: "effect", Text: effect.Text, Place: audit.Place(effect.Place)}},
			Arithmetic: []string{"edges 0.2, 0.5, 0.8, the lower one included"}, Remedy: remedies[27],
		})
		if counts {
			t.decide(27, pairName(c), audit.Fail, "%s", message)
		}
	}
}
