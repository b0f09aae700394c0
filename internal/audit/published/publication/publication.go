// Package publication reads what somebody else has published about a comparison:
// tables in Markdown, JSON result files, and the files of other tools. It keeps
// each number as it was printed, with the interval of values that print so and
// the line it stands on, and judges nothing.
//
// A reviewer's files come from strangers. Readers are bounded in memory, never
// follow a path that a file names, and answer damage with one line that says
// where it is.
package publication

// This file holds what is read.

import "cupel/internal/interval"

// Quantity is what a number is about.
type Quantity string

// The quantities of one engine. Times are in microseconds, whatever the file's
// unit; throughput is calls a second; iterations are calls.
const (
	Iterations Quantity = "iterations"
	Mean       Quantity = "mean"
	StdDev     Quantity = "standard deviation"
	P50        Quantity = "p50"
	P95        Quantity = "p95"
	P99        Quantity = "p99"
	Min        Quantity = "minimum"
	Max        Quantity = "maximum"
	CILow      Quantity = "lower end of the 95% interval"
	CIHigh     Quantity = "upper end of the 95% interval"
	Throughput Quantity = "throughput"
)

// The quantities of a pair. A ratio is how many times faster the first engine is
// than the second: of times the second's over the first's, of throughputs the
// first's over the second's.
const (
	RatioP50        Quantity = "ratio of p50"
	RatioP95        Quantity = "ratio of p95"
	RatioP99        Quantity = "ratio of p99"
	RatioMean       Quantity = "ratio of means"
	RatioThroughput Quantity = "ratio of throughputs"
	// RatioStated is a ratio in a sentence, which does not say of what.
	RatioStated Quantity = "stated ratio"
	TStatistic  Quantity = "t statistic"
	Degrees     Quantity = "degrees of freedom"
	PValue      Quantity = "p-value"
	// PBelow is the bound in a sentence such as "p < 0.001".
	PBelow Quantity = "bound on the p-value"
	CohenD Quantity = "Cohen's d"
)

// Place is where something stands.
type Place struct {
	File string `json:"file"`
	// Line counts from 1.
	Line int `json:"line"`
}

// Figure is a number as it was printed.
type Figure struct {
	Quantity Quantity
	// Text is what the file has, such as "0.53" or "1,896,707".
	Text string
	// Value and Interval are in the quantity's unit: the number that Text says,
	// and all numbers that are printed so.
	Value    float64
	Interval interval.Interval
	// UnitStep is the size of the last printed digit, in the quantity's unit.
	UnitStep float64
	// Exact says that the file's format keeps whole float64 values, as JSON does,
	// so that the last digit says nothing of what was meant to be shown.
	Exact bool
	Place Place
}

// Setting is a named text, such as a version.
type Setting struct {
	Key   string
	Text  string
	Place Place
}

// Engine is one side of a comparison.
type Engine struct {
	// Name is lower case and without what stands in brackets behind it.
	Name string
	// Figures has every printed number, in the order of files and lines; one
	// quantity may be there several times.
	Figures map[Quantity][]Figure
	// Settings are versions and the like, under lower-case keys.
	Settings []Setting
	// Samples are raw times in microseconds, in order, one slice a process, where
	// the file has them.
	Samples [][]float64
}

// Comparison is two engines with the numbers printed about them.
type Comparison struct {
	// A and B are names of engines: A is the one called faster.
	A, B    string
	Figures map[Quantity][]Figure
	// Effects are words for the size of the effect, such as "large".
	Effects []Setting
	// Significant has what is said about significance: "yes", "no", "true".
	Significant []Setting
}

// Publication is everything read from one or more files.
type Publication struct {
	Files       []string
	Engines     []*Engine
	Comparisons []*Comparison
	// Settings are those of the whole comparison, such as seed and threads, under
	// lower-case keys.
	Settings []Setting
	// Headings are the section titles of Markdown files.
	Headings []Setting
	// Lines are the lines of Markdown files, for what only prose says.
	Lines []Setting
	// Commands are the lines of code blocks.
	Commands []Setting
	// Unread are places where a figure was expected and none could be read; Text
	// says why.
	Unread []Setting
	// Processes is how many processes each engine's numbers come from, as far as
	// the format itself says: 0 where it does not.
	Processes int
}

// Engine returns the engine of that name, or nil.
func (p *Publication) Engine(name string) *Engine {
	for _, engine := range p.Engines {
		if engine.Name == name {
			return engine
		}
	}
	return nil
}
