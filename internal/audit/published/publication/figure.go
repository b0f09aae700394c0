package publication

// This file turns printed numbers into figures.

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"cupel/internal/interval"
)

// maxNumberBytes is more than any float64 needs.
const maxNumberBytes = 400

// newFigure reads a number and scales it to the quantity's unit.
func newFigure(q Quantity, text string, scale float64, place Place) (Figure, error) {
	if len(text) > maxNumberBytes {
		return Figure{}, fmt.Errorf("a number of %d bytes", len(text))
	}
	value, all, step, err := interval.Printed(text)
	if err != nil {
		return Figure{}, err
	}
	f := Figure{Quantity: q, Text: text, Value: value * scale, Interval: all.Scale(scale), UnitStep: step * scale, Place: place}
	for _, x := range []float64{f.Value, f.Interval.Low, f.Interval.High, f.UnitStep} {
		if math.IsInf(x, 0) || math.IsNaN(x) {
			return Figure{}, fmt.Errorf("%q is beyond all bounds", text)
		}
	}
	return f, nil
}

// A number's commas must stand before three digits each, so that a decimal comma
// is not taken for a separator.
const numberPattern = `[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|\.)?(?:[eE][+-]?\d{1,5})?`

var (
	cellPattern     = regexp.MustCompile(`^(` + numberPattern + `)\s*([^\d.,+-].*)?$`)
	rangePattern    = regexp.MustCompile(`^[\[(]?\s*(` + numberPattern + `)\s*(?:,\s+|;\s*|–|—|\s-\s|\sto\s|\.\.)\s*(` + numberPattern + `)\s*([^\d.,+\-\])]*)[\])]?$`)
	tightRange      = regexp.MustCompile(`^[\[(]([+-]?[\d.]+),([+-]?[\d.]+)[\])]$`)
	ratePattern     = regexp.MustCompile(`^([kmg])?\s*(?:[a-z]*(?:/s(?:ec|econd)?| per sec(?:ond)?))?$`)
	ratioWords      = map[string]bool{"": true, "x": true, "×": true, "times": true, "x faster": true, "× faster": true, "times faster": true}
	thousands       = map[string]float64{"": 1, "k": 1e3, "m": 1e6, "g": 1e9}
	absentCells     = map[string]bool{"": true, "-": true, "--": true, "–": true, "—": true, "n/a": true, "na": true, "none": true, "null": true, "nan": true, "undefined": true}
	deviationSplits = []string{"±", "+/-", "+-"}
)

// isAbsent reports whether a cell stands for no number.
func isAbsent(cell string) bool {
	cell = strings.ToLower(cell)
	return absentCells[cell] || strings.HasPrefix(cell, "undefined,")
}

// cellFigure reads a cell such as "1,896,707", "9.7x" or "12.3 ms". unit is the
// column's, 0 where it has none.
func cellFigure(q Quantity, cell string, unit float64, place Place) (Figure, error) {
	match := cellPattern.FindStringSubmatch(cell)
	if match == nil || match[1] == "" {
		return Figure{}, fmt.Errorf("%q is no number", clipped(cell))
	}
	scale, ok := cellScale(q, strings.ToLower(strings.TrimSpace(match[2])), unit)
	if !ok {
		return Figure{}, fmt.Errorf("%q: the unit of the %s is not known", clipped(cell), q)
	}
	return newFigure(q, match[1], scale, place)
}

// cellScale is the factor that the text behind a number stands for.
func cellScale(q Quantity, suffix string, unit float64) (float64, bool) {
	switch {
	case isTime(q):
		if suffix != "" {
			unit = microseconds[suffix]
		}
		return unit, unit != 0
	case q == Throughput:
		match := ratePattern.FindStringSubmatch(suffix)
		if match == nil || strings.HasSuffix(suffix, "b/s") {
			return 0, false
		}
		return thousands[match[1]], true
	case isRatio(q):
		return 1, ratioWords[suffix]
	default:
		return 1, suffix == ""
	}
}

func isRatio(q Quantity) bool {
	switch q {
	case RatioP50, RatioP95, RatioP99, RatioMean, RatioThroughput, RatioStated:
		return true
	}
	return false
}

// rangeCell splits a cell such as "[5.09, 5.13]" into both numbers, with what
// unit stands behind them.
func rangeCell(cell string) (low, high string, ok bool) {
	if match := rangePattern.FindStringSubmatch(cell); match != nil && match[1] != "" && match[2] != "" {
		suffix := " " + strings.TrimSpace(match[3])
		return strings.TrimSpace(match[1] + suffix), strings.TrimSpace(match[2] + suffix), true
	}
	if match := tightRange.FindStringSubmatch(cell); match != nil {
		return match[1], match[2], true
	}
	return "", "", false
}

// splitDeviation splits "12.3 ± 0.4 ms" into mean and deviation. The unit may
// stand behind the second only.
func splitDeviation(cell string) (mean, deviation string) {
	for _, sign := range deviationSplits {
		before, after, ok := strings.Cut(cell, sign)
		if !ok {
			continue
		}
		mean, deviation = strings.TrimSpace(before), strings.TrimSpace(after)
		first, second := cellPattern.FindStringSubmatch(mean), cellPattern.FindStringSubmatch(deviation)
		if first != nil && second != nil && first[2] == "" {
			mean += " " + second[2]
		}
		return strings.TrimSpace(mean), deviation
	}
	return cell, ""
}

// clipped keeps messages short.
func clipped(text string) string {
	const most = 60
	runes := []rune(text[:min(len(text), 4*most)])
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "..."
}
