package published

// This file holds what the published figures allow of the true, unrounded values
// of one engine.

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/audit/published/publication"
	"cupel/internal/interval"
)

// box is all that the figures of one engine allow.
type box struct {
	engine *publication.Engine
	// n is the number of samples, 0 where it is not known.
	n float64
	// tight has, by quantity, the values that agree with every figure printed of
	// it; the mean also with the throughput.
	tight map[publication.Quantity]interval.Interval
}

// newBox works out the box and finds figures of one quantity that exclude each
// other.
func newBox(p *publication.Publication, engine *publication.Engine) (*box, []audit.Finding) {
	b := &box{engine: engine, tight: map[publication.Quantity]interval.Interval{}}
	var findings []audit.Finding
	for _, quantity := range engineQuantities {
		figures := engine.Figures[quantity]
		if len(figures) == 0 {
			continue
		}
		both, contradicting := intersection(figures)
		for _, figure := range contradicting {
			findings = append(findings, disagreement(engine.Name, audit.Error, figures[0], figure))
		}
		b.tight[quantity] = both
	}
	b.n = sampleSize(p, b)
	b.narrowMean()
	return b, findings
}

// intersection is what agrees with the figures, the first of which there must be,
// in their order; those that contradict the ones before them are left out and
// returned.
func intersection(figures []publication.Figure) (both interval.Interval, contradicting []publication.Figure) {
	both = figures[0].Interval
	for _, figure := range figures[1:] {
		if narrowed := both.Intersect(figure.Interval); !narrowed.Empty() {
			both = narrowed
		} else {
			contradicting = append(contradicting, figure)
		}
	}
	return both, contradicting
}

var engineQuantities = []publication.Quantity{
	publication.Iterations, publication.Mean, publication.StdDev, publication.P50, publication.P95, publication.P99,
	publication.Min, publication.Max, publication.CILow, publication.CIHigh, publication.Throughput,
}

// disagreement is an error between files, which were given as one publication;
// within one file it may be two workloads under one name.
func disagreement(name string, severity audit.Severity, first, second publication.Figure) audit.Finding {
	return audit.Finding{
		Rule: RuleFiguresDisagree, Contender: name, Severity: severity,
		Message:    fmt.Sprintf("%s is printed as %s and as %s, and no value prints as both", first.Quantity, first.Text, second.Text),
		Published:  []audit.Shown{shown(name, first), shown(name, second)},
		Consistent: &first.Interval,
		Arithmetic: []string{fmt.Sprintf("%s is %v, %s is %v", first.Text, first.Interval, second.Text, second.Interval)},
		Remedy:     "derive both figures from the same samples, or tell the two workloads apart by name",
	}
}

func shown(name string, figure publication.Figure) audit.Shown {
	what := string(figure.Quantity)
	if name != "" {
		what = name + " " + what
	}
	return audit.Shown{What: what, Text: figure.Text, Place: audit.Place(figure.Place)}
}

// narrowMean uses that a throughput is usually printed with more digits than the
// mean it comes from.
func (b *box) narrowMean() {
	mean, ok := b.tight[publication.Mean]
	throughput, has := b.tight[publication.Throughput]
	if !has {
		return
	}
	implied := interval.Point(1e6).Div(throughput)
	if !ok {
		b.tight[publication.Mean] = implied
		return
	}
	if narrowed := mean.Intersect(implied); !narrowed.Empty() {
		b.tight[publication.Mean] = narrowed
	}
}

// sampleSize is the engine's own number of iterations or the comparison's.
func sampleSize(p *publication.Publication, b *box) float64 {
	if n, ok := b.tight[publication.Iterations]; ok {
		return math.Round(n.Middle())
	}
	for _, settings := range [][]publication.Setting{b.engine.Settings, p.Settings} {
		for _, setting := range settings {
			key := strings.ReplaceAll(setting.Key, "_", " ")
			if key != "benchmark iterations" && key != "iterations" {
				continue
			}
			if n, err := strconv.ParseFloat(strings.ReplaceAll(setting.Text, ",", ""), 64); err == nil && n >= 2 {
				return n
			}
		}
	}
	return 0
}

// input is one value that a relation starts from.
type input struct {
	name  string
	tight interval.Interval
	// rounded are printed values outside of tight: who starts from one of them
	// started from a rounded figure.
	rounded []publication.Figure
}

func (b *box) input(quantity publication.Quantity) (input, bool) {
	tight, ok := b.tight[quantity]
	in := input{name: fmt.Sprintf("%s of %s", quantity, b.engine.Name), tight: tight}
	for _, figure := range b.engine.Figures[quantity] {
		known := slices.ContainsFunc(in.rounded, func(other publication.Figure) bool { return other.Value == figure.Value })
		// One that contradicts what is known was not rounded but is wrong. More than
		// a few add readings and no knowledge.
		if !known && len(in.rounded) < 3 && !tight.Contains(figure.Value) && figure.Interval.Overlaps(tight) {
			in.rounded = append(in.rounded, figure)
		}
	}
	return in, ok
}
