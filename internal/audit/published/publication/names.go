package publication

// This file makes out names, quantities and units in what people write.

import (
	"strings"
	"unicode/utf8"
)

var marks = strings.NewReplacer("**", "", "__", "", "`", "", "’", "'", "−", "-", "\u00a0", " ")

// unmarked is a text without Markdown's emphasis.
func unmarked(text string) string {
	text = strings.TrimSpace(marks.Replace(text))
	for len(text) > 2 && text[0] == '*' && text[len(text)-1] == '*' {
		text = strings.TrimSpace(text[1 : len(text)-1])
	}
	return text
}

// engineName is lower case, on one line, and without what stands in brackets
// behind it. A bracket that no space precedes belongs to the name, as in a
// command such as "nproc $(x)".
func engineName(text string) string {
	text, _ = cutBracket(strings.Join(strings.Fields(strings.ToLower(text)), " "))
	if len(text) <= maxNameBytes {
		return text
	}
	text = text[:maxNameBytes]
	for len(text) > 0 && !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text
}

// writtenName is the engine's name in a text with Markdown's emphasis or a link.
func writtenName(text string) string {
	text = unmarked(text)
	if strings.HasPrefix(text, "[") {
		if name, target, ok := strings.Cut(text[1:], "]("); ok && strings.HasSuffix(target, ")") {
			text = name
		}
	}
	return engineName(text)
}

// cutBracket splits "Aprender (Rust)" into the name and the bracketed word.
func cutBracket(text string) (name, inside string) {
	text = strings.TrimSpace(text)
	if !strings.HasSuffix(text, ")") {
		return text, ""
	}
	at := strings.LastIndex(text, " (")
	if at <= 0 {
		return text, ""
	}
	return strings.TrimSpace(text[:at]), strings.TrimSpace(text[at+2 : len(text)-1])
}

// settingKey is the key of a setting.
func settingKey(text string) string {
	return strings.Join(strings.Fields(strings.ToLower(unmarked(text))), " ")
}

// microseconds has the length of each unit of time.
var microseconds = map[string]float64{
	"ns": 1e-3, "nsec": 1e-3, "nanoseconds": 1e-3,
	"us": 1, "µs": 1, "μs": 1, "âµs": 1, "î¼s": 1, "usec": 1, "microseconds": 1,
	"ms": 1e3, "msec": 1e3, "milliseconds": 1e3,
	"s": 1e6, "sec": 1e6, "seconds": 1e6,
}

var quantities = map[string]Quantity{
	"iterations": Iterations, "n": Iterations,
	"mean": Mean, "average": Mean, "avg": Mean,
	"std dev": StdDev, "stddev": StdDev, "std": StdDev, "standard deviation": StdDev, "sd": StdDev, "σ": StdDev,
	"p50": P50, "median": P50, "p50 median": P50, "median p50": P50, "50th percentile": P50,
	"p95": P95, "95th percentile": P95,
	"p99": P99, "99th percentile": P99,
	"min": Min, "minimum": Min, "max": Max, "maximum": Max,
	"ci 95 lower": CILow, "95% ci lower": CILow, "ci lower": CILow, "95% ci low": CILow, "ci low": CILow,
	"ci 95 upper": CIHigh, "95% ci upper": CIHigh, "ci upper": CIHigh, "95% ci high": CIHigh, "ci high": CIHigh,
	"throughput": Throughput, "throughput per sec": Throughput,

	"speedup p50": RatioP50, "speedup p95": RatioP95, "speedup p99": RatioP99, "speedup mean": RatioMean,
	"throughput ratio": RatioThroughput, "speedup throughput": RatioThroughput,
	"t statistic": TStatistic, "welch's t": TStatistic, "t value": TStatistic,
	"degrees of freedom": Degrees, "df": Degrees, "dof": Degrees,
	"p value":   PValue,
	"cohen's d": CohenD, "cohens d": CohenD, "effect size cohen's d": CohenD,
}

// intervals are the names of the column that has both ends of the interval.
var intervals = map[string]bool{"95% ci": true, "ci 95%": true, "ci 95": true, "95% confidence interval": true, "95% confidence intervals": true}

// fillers are words that do not change what a column is about.
var fillers = map[string]bool{"latency": true, "time": true, "inference": true, "runtime": true, "duration": true}

// isTime reports whether a quantity has a unit of time.
func isTime(q Quantity) bool {
	switch q {
	case Mean, StdDev, P50, P95, P99, Min, Max, CILow, CIHigh:
		return true
	}
	return false
}

// ratioOf is the ratio of two engines' quantities.
func ratioOf(q Quantity) (Quantity, bool) {
	ratio, ok := map[Quantity]Quantity{P50: RatioP50, P95: RatioP95, P99: RatioP99, Mean: RatioMean, Throughput: RatioThroughput}[q]
	return ratio, ok
}

// label is what the head of a column or a row says.
type label struct {
	// name is the cell's text: lower case and without unit and fillers.
	name string
	// quantity is empty where none is meant.
	quantity Quantity
	// isInterval says that cells hold both ends of the 95% interval.
	isInterval bool
	// deviates says that a deviation stands behind a ± sign.
	deviates bool
	// unit is the factor to the quantity's unit, 0 where the text has none.
	unit float64
}

func readLabel(text string) label {
	text = strings.ToLower(unmarked(text))
	var l label
	text, l.unit = cutUnit(text)
	if before, after, ok := strings.Cut(text, "±"); ok {
		text, l.deviates = before, strings.ContainsAny(after, "σ") || strings.Contains(after, "std")
	}
	l.name = plainWords(text)
	l.isInterval = intervals[l.name]
	l.quantity = quantities[l.name]
	if l.quantity == "" && isRate(text) {
		l.quantity = Throughput
	}
	if l.quantity == Throughput && strings.Contains(text, "b/s") {
		l.quantity = ""
	}
	return l
}

// plainWords drops fillers and what joins words.
func plainWords(text string) string {
	text = strings.NewReplacer("_", " ", "-", " ", "(", " ", ")", " ", ",", " ", ".", " ").Replace(text)
	var words []string
	for _, word := range strings.Fields(text) {
		if !fillers[word] {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// isRate reports whether a column's name is of calls a second. Of other rates,
// such as of bytes, the name says what they count.
func isRate(text string) bool {
	for _, rate := range []string{"inferences/s", "inf/s", "ops/s", "calls/s", "req/s", "requests/s", "iterations/s", "it/s", "predictions/s", "samples/s", "inferences per second", "operations per second", "ops per second"} {
		if strings.HasPrefix(text, rate) || strings.HasPrefix(text, "throughput ("+rate) || strings.HasPrefix(text, "throughput ["+rate) {
			return true
		}
	}
	return false
}

// cutUnit takes a unit of time in brackets, or as the last word, off a name.
func cutUnit(text string) (rest string, unit float64) {
	for _, brackets := range []string{"()", "[]"} {
		open := strings.LastIndexByte(text, brackets[0])
		if open < 0 || open+1 > len(text) {
			continue
		}
		length := strings.IndexByte(text[open:], brackets[1])
		if length < 1 {
			continue
		}
		if unit := microseconds[strings.TrimSpace(text[open+1:open+length])]; unit != 0 {
			return text[:open] + " " + text[open+length+1:], unit
		}
	}
	at := strings.LastIndexAny(text, " _,")
	if at > 0 && !strings.HasSuffix(text[:at], "per") {
		if unit := microseconds[text[at+1:]]; unit != 0 {
			return text[:at], unit
		}
	}
	return text, 0
}
