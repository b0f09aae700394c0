// Package dataset holds the data on which models are fitted and which the classic protocol
// asks about: the synthetic rows of the published benchmark, and MNIST.
//
// Three design rules. Data is computed from a formula, or embedded and checked against a
// pinned digest. Nothing is downloaded, so an auditor with only the binary makes the same
// bytes again (points 41-44 and 72 of the audit). Pixels are float32 from the start, each
// the correctly rounded quotient k/255 for a byte k, and labels are bytes. There is no
// second representation that could disagree. The package knows neither models nor suites: a
// caller that needs another type converts.
//
// The rows of the headline figure do not come from here. They are drawn from the run's
// nonce, because a contender could store these rows in advance.
package dataset

// This file holds the Examples type and the sets by name.

import (
	"fmt"
	"strings"
)

// Examples are labelled rows.
type Examples struct {
	// X has Rows() x Dim pixels in [0, 1], row-major.
	X []float32
	// Dim is the number of pixels of a row.
	Dim int
	// Labels has one class in 0..Classes-1 for each row.
	Labels []uint8
	// Classes is the number of classes.
	Classes int
}

// Rows returns the number of examples.
func (e Examples) Rows() int { return len(e.Labels) }

// Set is a dataset of a suite. Several callers may share its slices, so they are read-only.
type Set struct {
	Name string
	// Train has the examples for fitting.
	Train Examples
	// Test has no rows if the dataset has no separate test set.
	Test Examples
	// ClassicRow is the row of the classic protocol, Train.Dim pixels. Every call asks
	// about it.
	ClassicRow []float32
}

// The names that ByName knows.
const (
	NameSynthetic = "mnist-synthetic"
	NameMNIST     = "mnist"
)

// Names lists the names that ByName knows, in the order for display. It computes no data.
func Names() []string { return []string{NameSynthetic, NameMNIST} }

// Shape returns the width of a row and the number of classes of the named set, without its
// data. The error is that of [ByName].
func Shape(name string) (dim, classes int, err error) {
	switch name {
	case NameSynthetic:
		return SyntheticDim, syntheticClasses, nil
	case NameMNIST:
		return mnistSide * mnistSide, mnistClasses, nil
	}
	return 0, 0, unknown(name)
}

func unknown(name string) error {
	return fmt.Errorf("there is no dataset %q; there are %s", name, strings.Join(Names(), ", "))
}

// ByName returns the named set:
//
//   - mnist-synthetic: the 1000 x 784 training rows and the inference row of
//     the published benchmark, two classes, no test set;
//   - mnist: 60,000 training and 10,000 test images, ten classes; the classic
//     row is the first test image. Its slices are those of [MNIST].
//
// An unknown name is an error that lists the known names. ByName is safe for concurrent
// use.
func ByName(name string) (Set, error) {
	switch name {
	case NameSynthetic:
		return Set{
			Name:       name,
			Train:      Synthetic(SyntheticRows, SyntheticDim),
			ClassicRow: SyntheticInferenceRow(SyntheticDim),
		}, nil
	case NameMNIST:
		train, test, err := MNIST()
		if err != nil {
			return Set{}, err
		}
		return Set{Name: name, Train: train, Test: test, ClassicRow: test.X[:test.Dim:test.Dim]}, nil
	}
	return Set{}, unknown(name)
}
