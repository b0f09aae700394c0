package verify

// This file finds the bounds of the checklist that figures cross, which the report and
// its summary name among the limits.

import (
	"fmt"
	"math"
	"slices"
)

// crossing is one bound that was crossed: its id, and the report's words for it.
type crossing struct {
	id, text string
}

// crossings are those of a run of answers, or of one of its cells, whose title is put
// behind each name.
func crossings(p plan, o *outcome, title string) []crossing {
	if p.Train != nil {
		return nil
	}
	var crossed []crossing
	for _, c := range o.contenders {
		if c.status == measured && c.quickest() < 100 {
			crossed = append(crossed, crossing{"override-83 " + c.name, fmt.Sprintf(
				"A call of %s takes less than 100 ns; that its work is done in so little time is for other evidence to show (point 83)", c.name+title)})
		}
	}
	for _, c := range slices.Concat(o.claims, o.others) {
		if times := c.ratio.estimate; times > 100 || times < 0.01 {
			crossed = append(crossed, crossing{"override-86 " + c.a + "/" + c.b, fmt.Sprintf(
				"%s and %s are more than 100 times apart; that nothing slows the slower one is for other evidence to show (point 86)", c.a+title, c.b+title)})
		}
		if first, second := p.closeBy(c); first != "" {
			crossed = append(crossed, crossing{"override-87 " + first + "/" + second, fmt.Sprintf(
				"%s, compiled, is less than 2 times as fast as %s, interpreted; that it is an optimised build is for other evidence to show (point 87)", first+title, second+title)})
		}
	}
	return crossed
}

// quickest is the least of p50, mean and time in short bursts, medians over launches.
func (c *contender) quickest() float64 {
	var middles, means []float64
	for _, one := range c.launches {
		middles, means = append(middles, one.calls.middle), append(means, one.calls.mean)
	}
	least := math.Min(median(middles), median(means))
	if short := over(c.paired, named("short")); !math.IsNaN(short) {
		least = math.Min(least, short)
	}
	return least
}

// closeBy are a compiled engine and an interpreted one that it is not far ahead of, with
// a small model and one row a call.
func (p plan) closeBy(c comparison) (fast, slow string) {
	work := 0
	for i := 1; i < len(p.Model.Layers); i++ {
		work += p.Model.Layers[i-1] * p.Model.Layers[i]
	}
	if p.Batch != 1 || work > 10_000 || slices.Contains(p.Own, c.a) || slices.Contains(p.Own, c.b) {
		return "", ""
	}
	a, b := p.engine(c.a), p.engine(c.b)
	switch {
	case a == nil || b == nil:
		return "", ""
	case !a.Interpreted && b.Interpreted && c.ratio.estimate < 2:
		return c.a, c.b
	case !b.Interpreted && a.Interpreted && 1/c.ratio.estimate < 2:
		return c.b, c.a
	}
	return "", ""
}

// stolen is how much of the time of the contenders' launches the host took, in the
// middle one.
func (o *outcome) stolen() float64 {
	var shares []float64
	for _, c := range o.contenders {
		for _, seen := range c.seen {
			shares = append(shares, seen.Stolen)
		}
	}
	if len(shares) == 0 {
		return 0
	}
	return median(shares)
}
