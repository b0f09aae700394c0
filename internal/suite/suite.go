// Package suite reads suite files (TOML), holds the built-in suites, and makes the plan of
// a run. A suite says what is compared, on which data, and by which protocol.
//
// A suite is a statement to be tested, so it is read strictly: an unknown key or a value of
// the wrong type is an error with file and line. Such a key is never ignored, and no
// default replaces such a value. The plan is the result of the suite and the command line.
// It is written and hashed before the first measurement.
package suite

// This file holds the types of a suite.

import (
	"time"

	"cupel/model"
)

// Suite is a parsed and checked suite.
type Suite struct {
	Name       string
	Title      string
	Workload   Workload
	Protocol   Protocol
	Contenders []Contender
	Claims     []Claim

	// File is the path of the suite's file, or "NAME (built in)". Relative commands start
	// from Dir. Text is the content of the file.
	File    string
	Dir     string
	Text    []byte
	BuiltIn bool
}

// Workload is the model, its data, and what contenders are asked.
type Workload struct {
	Kind         string
	Architecture model.Architecture
	Dataset      string
	// Batch and Threads are those of the first cell. Cells has at least one entry.
	Batch   int
	Threads int
	Cells   []Cell
	Seed    uint64
	// Accuracy is the least share of test rows that the fitted model must get right; 0 if
	// the suite sets none.
	Accuracy float64
	// Fit sets how the model is fitted before inference. In a workload of kind fit, it sets
	// how contenders fit the model, with Rows rows each time.
	Fit  model.FitConfig
	Rows int
}

// The kinds of workloads.
const (
	KindInference = "inference"
	KindFit       = "fit"
)

// Protocol sets how long and how often contenders are measured.
type Protocol struct {
	Warmup     int
	Iterations int
	Launches   int
	// Precision is the wanted half-width of each claim's 95% interval. Tolerance is what
	// counts as equal. Both are shares of the ratio.
	Precision float64
	Tolerance float64
	// Budget is the measuring time, without provisioning.
	Budget time.Duration
}

// Contender is an engine with its runner program.
type Contender struct {
	Name string
	// Command starts the user's own runner; empty for a built-in engine.
	Command []string
	// Engine is the built-in engine that a runner says it runs, or empty.
	Engine string
	// Source are the files and folders of the runner, below the suite's folder. Build is
	// the command that builds it. Either may be empty. A runner with Source is built and
	// started in a folder that holds nothing else, so that the published source is what
	// ran.
	Source []string
	Build  []string
	// Compiles declares that the contender compiles at run time, as a JIT does.
	Compiles bool
}

// BuiltIn reports whether the contender is a built-in engine.
func (c Contender) BuiltIn() bool { return len(c.Command) == 0 }

// Claim says that one contender is faster than another.
type Claim struct {
	Faster string
	Than   string
}

// Digest is the SHA-256 of the suite's text, in hexadecimal.
func (s *Suite) Digest() string {
	return digestOf(s.Text)
}
