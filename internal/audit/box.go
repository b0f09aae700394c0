package audit

// This file holds what the published figures allow of the true, unrounded values
// of one engine.

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cupel/internal/interval"
	"cupel/internal/published"
)

// box is all that the figures of one engine allow.
type box struct {
	engine *published.Engine
	// n is the number of samples, 0 where it is not known.
	n float64
	// tight has, by quantity, the values that agree with every figure printed of
	// it; the mean also with the throughput.
	tight map[published.Quantity]interval.Interval
}

// newBox works out the box and finds figures of one quantity that exclude each
// other.
func newBox(p *published.Publication, engine *published.Engine) (*box, []Finding) {
	b := &box{engine: engine, tight: map[published.Quantity]interval.Interval{}}
	var findings []Finding
	for _, quantity := range engineQuantities {
		figures := engine.Figures[quantity]
		if len(figures) == 0 {
			continue
		}
		both, contradicting := intersection(figures)
		for _, figure := range contradicting {
			findings = append(findings, disagreement(engine.Name, Error, figures[0], figure))
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
func intersection(figures []published.Figure) (both interval.Interval, contradicting []published.Figure) {
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

var engineQuantities = []published.Quantity{
	published.Iterations, published.Mean, published.StdDev, published.P50, published.P95, published.P99,
	published.Min, published.Max, published.CILow, published.CIHigh, published.Throughput,
}

// disagreement is an error between files, which were given as one publication;
// within one file it may be two workloads under one name.
func disagreement(name string, severity Severity, first, second published.Figure) Finding {
	return Finding{
		Rule: ruleFiguresDisagree, Contender: name, Severity: severity,
		Message:    fmt.Sprintf("%s is printed as %s and as %s, and no value prints as both", first.Quantity, first.Text, second.Text),
		Published:  []Shown{shown(name, first), shown(name, second)},
		Consistent: &first.Interval,
		Arithmetic: []string{fmt.Sprintf("%s is %v, %s is %v", first.Text, first.Interval, second.Text, second.Interval)},
		Remedy:     "derive both figures from the same samples, or tell the two workloads apart by name",
	}
}

func shown(name string, figure published.Figure) Shown {
	what := string(figure.Quantity)
	if name != "" {
		what = name + " " + what
	}
	return Shown{What: what, Text: figure.Text, Place: figure.Place}
}

// narrowMean uses that a throughput is usually printed with more digits than the
// mean it comes from.
func (b *box) narrowMean() {
	mean, ok := b.tight[published.Mean]
	throughput, has := b.tight[published.Throughput]
	if !has {
		return
	}
	implied := interval.Point(1e6).Div(throughput)
	if !ok {
		b.tight[published.Mean] = implied
		return
	}
	if narrowed := mean.Intersect(implied); !narrowed.Empty() {
		b.tight[published.Mean] = narrowed
	}
}

// sampleSize is the engine's own number of iterations or the comparison's.
func sampleSize(p *published.Publication, b *box) float64 {
	if n, ok := b.tight[published.Iterations]; ok {
		return math.Round(n.Middle())
	}
	for _, settings := range [][]published.Setting{b.engine.Settings, p.Settings} {
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
	rounded []published.Figure
}

func (b *box) input(quantity published.Quantity) (input, bool) {
	tight, ok := b.tight[quantity]
	in := input{name: fmt.Sprintf("%s of %s", quantity, b.engine.Name), tight: tight}
	for _, figure := range b.engine.Figures[quantity] {
		known := slices.ContainsFunc(in.rounded, func(other published.Figure) bool { return other.Value == figure.Value })
		// One that contradicts what is known was not rounded but is wrong. More than
		// a few add readings and no knowledge.
		if !known && len(in.rounded) < 3 && !tight.Contains(figure.Value) && figure.Interval.Overlaps(tight) {
			in.rounded = append(in.rounded, figure)
		}
	}
	return in, ok
}
