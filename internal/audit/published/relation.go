package published

// This file solves one relation between a printed figure and those that it must
// come from, over their intervals.

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/audit/published/publication"
	"cupel/internal/interval"
)

// relation is a printed figure and how it follows from others.
type relation struct {
	// rule is found broken where no values satisfy the relation; points are those
	// of the checklist that stand on it.
	rule      string
	points    []int
	contender string
	printed   publication.Figure
	inputs    []input
	// compute is exact where each input occurs once in its formula.
	compute func([]interval.Interval) interval.Interval
	// formula writes the computation with these operands.
	formula func([]string) string
	remedy  string
}

// reading is one way to take the inputs: as unrounded values, or some of them as
// they were printed.
type reading struct {
	values  []interval.Interval
	rounded []int
}

// solve returns nil where the printed figure can come from unrounded inputs.
func (r relation) solve() *audit.Finding {
	exact := r.unrounded()
	consistent := r.compute(exact.values)
	if consistent.Overlaps(r.printed.Interval) {
		return nil
	}
	finding := &audit.Finding{
		Rule: r.rule, Contender: r.contender, Severity: audit.Error,
		Published: []audit.Shown{shown(r.contender, r.printed)}, Consistent: &consistent, Remedy: r.remedy,
		Arithmetic: []string{r.written(exact, consistent)},
	}
	reached := r.reachedFromRounded()
	if len(reached) == 0 {
		finding.Message = fmt.Sprintf("%s is printed as %s, and the other figures allow only %v", r.printed.Quantity, r.printed.Text, consistent)
		return finding
	}
	finding.Rule = RuleFromRounded
	finding.Message = fmt.Sprintf("%s is printed as %s, which only rounded inputs give; unrounded ones give %v",
		r.printed.Quantity, r.printed.Text, consistent)
	finding.Remedy = "compute from unrounded values and round once, for printing"
	for _, way := range reached {
		finding.Arithmetic = append(finding.Arithmetic, r.written(way, r.compute(way.values))+", which prints as "+r.printed.Text)
		for _, at := range way.rounded {
			for _, figure := range r.inputs[at].rounded {
				if way.values[at] == interval.Point(figure.Value) {
					finding.Published = append(finding.Published, audit.Shown{What: r.inputs[at].name, Text: figure.Text, Place: audit.Place(figure.Place)})
				}
			}
		}
	}
	return finding
}

func (r relation) unrounded() reading {
	var way reading
	for _, in := range r.inputs {
		way.values = append(way.values, in.tight)
	}
	return way
}

// readings are all ways to take the inputs.
func (r relation) readings() []reading {
	ways := []reading{r.unrounded()}
	for at, in := range r.inputs {
		for _, way := range slices.Clone(ways) {
			for _, figure := range in.rounded {
				other := reading{slices.Clone(way.values), append(slices.Clone(way.rounded), at)}
				other.values[at] = interval.Point(figure.Value)
				ways = append(ways, other)
			}
		}
	}
	return ways
}

// reachedFromRounded returns the readings with the fewest rounded inputs that
// give the printed figure.
func (r relation) reachedFromRounded() []reading {
	fewest := math.MaxInt
	var reached []reading
	for _, way := range r.readings() {
		if len(way.rounded) == 0 || !r.compute(way.values).Overlaps(r.printed.Interval) {
			continue
		}
		if len(way.rounded) < fewest {
			fewest, reached = len(way.rounded), nil
		}
		if len(way.rounded) == fewest {
			reached = append(reached, way)
		}
	}
	return reached
}

// written is the computation of one reading in words.
func (r relation) written(way reading, result interval.Interval) string {
	var operands, names []string
	for at, value := range way.values {
		operands = append(operands, number(value))
		if slices.Contains(way.rounded, at) {
			names = append(names, r.inputs[at].name)
		}
	}
	text := fmt.Sprintf("%s = %s", r.formula(operands), number(result))
	if len(names) > 0 {
		text += " from the rounded " + strings.Join(names, " and ")
	}
	return text
}

// number prints an interval as one number where six digits can't tell its ends
// apart.
func number(i interval.Interval) string {
	low, high := fmt.Sprintf("%.6g", i.Low), fmt.Sprintf("%.6g", i.High)
	if low == high || math.Abs(i.Width()) <= 2e-6*math.Abs(i.Middle()) {
		return fmt.Sprintf("%.6g", i.Middle())
	}
	return "[" + low + ", " + high + "]"
}
