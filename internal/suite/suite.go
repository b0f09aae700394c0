// Package suite holds what is compared, on what, and by which protocol: suite
// files (TOML), the suites that are built in, and the plan made from one.
//
// A suite is a sentence to be tested, so it is read strictly: an unknown key or
// a value of the wrong type is an error with file and line, never a default
// that quietly takes its place. The plan is what the suite and the command line
// come to, written and hashed before the first measurement.
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

	// File is the path it was read from, or "NAME (built in)"; Dir is what
	// relative commands start from; Text is the file as read.
	File    string
	Dir     string
	Text    []byte
	BuiltIn bool
}

// Workload is the model, its data, and how it is asked.
type Workload struct {
	Kind         string
	Architecture model.Architecture
	Dataset      string
	// Batch and Threads are those of the first cell; Cells has one entry at least.
	Batch   int
	Threads int
	Cells   []Cell
	Seed    uint64
	// Accuracy is the least share of test rows that the fitted model must get
	// right; 0 where the suite asks for none.
	Accuracy float64
	// Fit is how the model is fitted before it is asked, or, where the kind is fit,
	// how contenders fit it, Rows at a time.
	Fit  model.FitConfig
	Rows int
}

// The kinds of workloads.
const (
	KindInference = "inference"
	KindFit       = "fit"
)

// Protocol is how long and how often is measured.
type Protocol struct {
	Warmup     int
	Iterations int
	Launches   int
	// Precision is the half-width asked of each claim's 95% interval, and
	// Tolerance what counts as equal; both as shares of the ratio.
	Precision float64
	Tolerance float64
	// Budget is the measuring time; provisioning is not counted.
	Budget time.Duration
}

// Contender is an engine with its runner program.
type Contender struct {
	Name string
	// Command starts a runner of the user's own; empty for a built-in engine.
	Command []string
	// Engine is the built-in engine that a runner says it runs, or empty.
	Engine string
	// Source are files and folders below the suite's that the runner is made from, and
	// Build is the command that makes it; either may be empty. With Source the runner is
	// built and started where nothing else of the suite's folder lies, so that what is
	// published of it is what ran.
	Source []string
	Build  []string
	// Compiles declares that it compiles at run time, as a JIT does.
	Compiles bool
}

// BuiltIn reports whether the contender is an engine that cupel brings along.
func (c Contender) BuiltIn() bool { return len(c.Command) == 0 }

// Claim says that one contender is faster than another.
type Claim struct {
	Faster string
	Than   string
}

// String returns the claim as the command line writes it, "A/B".
func (c Claim) String() string { return c.Faster + "/" + c.Than }

// Digest is the SHA-256 of the suite's text, in hexadecimal.
func (s *Suite) Digest() string {
	return digestOf(s.Text)
}
