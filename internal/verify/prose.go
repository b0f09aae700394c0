package verify

// This file compares BENCHMARK_RESULTS.md with the lines that are due. The page is not
// sealed, and a reader believes its words as much as its figures, so every line but
// blank ones must be due, in the order due, in the words due. Figures are due as the
// report prints them; the raw data give them with all digits.

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// A figure within a due line stands between marks, as the verb that prints it and its
// value with all digits. A bundle's own text may have marks too; what is no figure
// between them is text.
const (
	markFrom, markValue, markTo = "\x00", "\x01", "\x02"
	probabilityVerb             = "p"
)

// printedBy writes a figure for a due line. What is no number is text.
func printedBy(verb string, value float64) string {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return figure{verb, value}.text()
	}
	return markFrom + verb + markValue + strconv.FormatFloat(value, 'g', -1, 64) + markTo
}

// fixed is a figure with so many decimals, significant one with so many digits.
func fixed(decimals int, value float64) string {
	return printedBy(fmt.Sprintf("%%.%df", decimals), value)
}

func significant(digits int, value float64) string {
	return printedBy(fmt.Sprintf("%%.%dg", digits), value)
}

// percent is a share with one decimal.
func percent(share float64) string { return fixed(1, 100*share) + "%" }

// probability is given by its logarithm, however small it is.
func probability(logP float64) string { return printedBy(probabilityVerb, logP) }

// times is a ratio, with decimals that fit its interval: two digits of the half-width.
func times(of interval, value float64) string {
	decimals := 2
	if half := (of.high - of.low) / 2; half > 0 && !math.IsInf(half, 0) {
		decimals = min(max(1-int(math.Floor(math.Log10(half))), 0), 6)
	}
	return fixed(decimals, value) + "x"
}

// quotientOf is a ratio of classic figures, with three digits.
func quotientOf(a, b float64) string {
	decimals := 2
	switch q := a / b; {
	case q >= 99.95:
		decimals = 0
	case q >= 9.995:
		decimals = 1
	}
	return fixed(decimals, a/b) + "x"
}

// micro prints a contender's nanoseconds as microseconds: with two decimals where the
// mean is known to no better than 100 ns, else with three.
func micro(of summary) func(nanoseconds float64) string {
	decimals := 3
	if (of.high-of.low)/2 > 100 {
		decimals = 2
	}
	return func(nanoseconds float64) string { return fixed(decimals, nanoseconds/1e3) }
}

type figure struct {
	verb  string
	value float64
}

// text is the figure as it is printed.
func (f figure) text() string {
	if f.verb != probabilityVerb {
		return fmt.Sprintf(f.verb, f.value)
	}
	if !(f.value <= 0) || math.IsInf(f.value, 0) {
		return "NaN"
	}
	if p := math.Exp(f.value); p >= 1e-4 {
		return strconv.FormatFloat(p, 'g', 3, 64)
	}
	log10 := f.value * math.Log10E
	exponent := math.Floor(log10)
	mantissa := fmt.Sprintf("%.1f", math.Pow(10, log10-exponent))
	if mantissa == "10.0" {
		mantissa, exponent = "1.0", exponent+1
	}
	return fmt.Sprintf("%se%.0f", mantissa, exponent)
}

// full is the figure with all digits.
func (f figure) full() string {
	if f.verb != probabilityVerb {
		return strconv.FormatFloat(f.value, 'g', -1, 64)
	}
	log10 := f.value * math.Log10E
	exponent := math.Floor(log10)
	return fmt.Sprintf("%.12fe%.0f", math.Pow(10, log10-exponent), exponent)
}

// prints reports whether the text is how the figure is printed, with the allowance for
// sums that were made in another order. That may come to more than the last decimal of a
// large figure, so of those with decimals it asks for the form and for the value.
func (f figure) prints(text string) bool {
	if strings.HasSuffix(f.verb, "f") {
		value, err := strconv.ParseFloat(text, 64)
		return err == nil && fmt.Sprintf(f.verb, value) == text && f.roundsTo(text)
	}
	for _, share := range []float64{1, 1 + 1e-9, 1 - 1e-9} {
		if text == (figure{f.verb, f.value * share}).text() {
			return true
		}
	}
	return false
}

// roundsTo reports whether the text is what the figure rounds to, at whatever digits: a
// report of another version may print others.
func (f figure) roundsTo(text string) bool {
	mantissa, exponent, _ := strings.Cut(text, "e")
	power, _ := strconv.Atoi(exponent)
	if _, decimals, ok := strings.Cut(mantissa, "."); ok {
		power -= len(decimals)
	}
	if power < -1_000_000 || power > 1_000_000 {
		return false
	}
	a, okA := new(big.Float).SetPrec(128).SetString(text)
	b, okB := new(big.Float).SetPrec(128).SetString(f.full())
	unit, okUnit := new(big.Float).SetPrec(128).SetString("1e" + strconv.Itoa(power))
	if !okA || !okB || !okUnit {
		return false
	}
	off := new(big.Float).Sub(a, b)
	off.Abs(off)
	allowed := new(big.Float).Mul(unit, big.NewFloat(0.5000001))
	slack := new(big.Float).Mul(new(big.Float).Abs(b), big.NewFloat(1e-9))
	return off.Cmp(allowed.Add(allowed, slack)) <= 0
}

// dueLine is a line apart: texts, one more than there are figures, and these.
type dueLine struct {
	texts   []string
	figures []figure
}

var marked = regexp.MustCompile(markFrom + `(p|%\.[0-9][fg])` + markValue + `([-+0-9.e]{1,32})` + markTo)

func parseLine(line string) dueLine {
	var due dueLine
	at := 0
	for _, found := range marked.FindAllStringSubmatchIndex(line, -1) {
		value, err := strconv.ParseFloat(line[found[4]:found[5]], 64)
		if err != nil {
			continue
		}
		due.texts = append(due.texts, line[at:found[0]])
		due.figures = append(due.figures, figure{line[found[2]:found[3]], value})
		at = found[1]
	}
	due.texts = append(due.texts, line[at:])
	return due
}

func (d dueLine) String() string {
	var text strings.Builder
	for i, one := range d.texts {
		text.WriteString(one)
		if i < len(d.figures) {
			text.WriteString(d.figures[i].text())
		}
	}
	return text.String()
}

var numeral = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?`)

// place is a figure's in a printed line.
type place struct{ from, to int }

// fit finds the places of the figures in a printed line that has the words due.
func (d dueLine) fit(printed string) ([]place, bool) {
	var places []place
	at := 0
	for i, text := range d.texts {
		if !strings.HasPrefix(printed[at:], text) {
			return nil, false
		}
		at += len(text)
		if i == len(d.figures) {
			break
		}
		found := numeral.FindString(printed[at:])
		if found == "" {
			return nil, false
		}
		places = append(places, place{at, at + len(found)})
		at += len(found)
	}
	return places, at == len(printed)
}

// comparePage compares the page with the lines due.
func (v *verification) comparePage(lines []string) {
	text, err := v.read(markdownFile)
	if err != nil {
		v.unreadable(markdownFile, err)
		return
	}
	due := make([]dueLine, len(lines))
	for i, line := range lines {
		due[i] = parseLine(line)
	}
	lacking := func(from, to int) {
		for _, line := range due[from:to] {
			v.unknown(markdownFile, "", "lacks a line that follows from the raw data: %q", line)
		}
	}
	at, number := 0, 0
	for line := range strings.SplitSeq(string(text), "\n") {
		number++
		if line == "" {
			continue
		}
		if len(v.report.Faults) >= maxFaults || len(v.strange) >= maxFaults {
			return
		}
		next, places := firstFit(due, at, line)
		if next == len(due) {
			v.unknown(markdownFile, fmt.Sprintf("line %d", number), "has figures or words that do not follow from the raw data, or not here: %.300q", line)
			continue
		}
		lacking(at, next)
		v.compareLine(number, line, places, due[next].figures)
		at = next + 1
	}
	lacking(at, len(due))
}

// firstFit is the first of the lines from at on that has a printed line's words.
func firstFit(due []dueLine, at int, printed string) (int, []place) {
	for ; at < len(due); at++ {
		if places, ok := due[at].fit(printed); ok {
			return at, places
		}
	}
	return at, nil
}

func (v *verification) compareLine(number int, printed string, places []place, due []figure) {
	for i, at := range places {
		text := printed[at.from:at.to]
		v.report.Figures++
		if due[i].prints(text) || v.foreign() && due[i].roundsTo(text) {
			continue
		}
		v.fault(markdownFile, fmt.Sprintf("line %d, column %d", number, at.from+1), "says %s; the raw data give %s", text, due[i].full())
	}
}
