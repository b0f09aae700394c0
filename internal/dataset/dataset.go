// Package dataset holds the data that models are fitted on and the classic
// protocol asks about: the synthetic rows of the published benchmark that
// this project starts from, and MNIST.
//
// The package is opinionated in three ways. Data is either computed from a
// formula or embedded and checked against a pinned digest; nothing is ever
// downloaded, so an auditor with the binary alone makes the same bytes again
// (points 41-44 and 72 of the audit). Pixels are float32 from the start, each
// the correctly rounded quotient k/255 for a byte k, and labels are bytes:
// there is no second representation that could disagree with the first. And
// the package knows neither models nor suites: whoever needs another type
// converts.
//
// The rows that the headline figure is measured on do not come from here.
// They are drawn from a nonce of the run, because a contender could know
// these by heart.
package dataset

// This file: the Examples type, the sets by name.

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
	// Labels has one class in 0..Classes-1 a row.
	Labels []uint8
	// Classes is the number of classes the labels are drawn from.
	Classes int
}

// Rows is the number of examples.
func (e Examples) Rows() int { return len(e.Labels) }

// Set is a dataset as a suite names it. Several callers may share its slices,
// so none may write to them.
type Set struct {
	Name string
	// Train is what models are fitted on.
	Train Examples
	// Test has no rows where the dataset has no separate test set.
	Test Examples
	// ClassicRow is the single row, Train.Dim pixels, that the classic
	// protocol asks about in every call.
	ClassicRow []float32
}

// The names that ByName knows.
const (
	NameSynthetic = "mnist-synthetic"
	NameMNIST     = "mnist"
)

// Names lists the names that ByName knows, in the order in which they are
// shown to people. It makes no data.
func Names() []string { return []string{NameSynthetic, NameMNIST} }

// Shape returns the width of a row and the number of classes of the named set,
// without making it. The error is that of [ByName].
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
	return fmt.Errorf("no dataset is called %q; there are %s", name, strings.Join(Names(), ", "))
}

// ByName makes the named set:
//
//   - mnist-synthetic: the 1000 x 784 training rows and the inference row of
//     the published benchmark, two classes, no test set;
//   - mnist: 60,000 training and 10,000 test images, ten classes, the classic
//     row being the first test image. Its slices are those of [MNIST].
//
// An unknown name is an error that lists the known ones. ByName may be called
// from several goroutines.
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
