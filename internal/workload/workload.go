// Package workload says what contenders are asked for: to answer with a model that they
// are given, or to train one. It is the one place that chooses between the two from a
// plan.
//
// The seam has two halves that meet in Kind. Package measure holds the half that asks:
// how a launch is prepared and checked, the classic protocol, one turn of a round, the
// probes (measure.asking). This package holds the half that tells: what estimates and
// reports call calls and bursts. A workload to come, such as a graph or a served model,
// is one more of each.
package workload

import "cupel/internal/suite"

// Workload is what estimates and reports need to know of what contenders are asked for.
// Implementations are not changed after they were made, and are safe for concurrent use.
type Workload interface {
	// Kind is the name that suites and plans have for it (suite.KindInference,
	// suite.KindFit).
	Kind() string
	// Words are what estimates and reports call things.
	Words() Words
	// Excludes says why a check of that rule can't be asked here; it is empty where it can.
	Excludes(rule string) string
	// Sizes are the points of the line that splits a contender's time into costs.
	Sizes() []Size
}

// Of is the workload of a plan, or of one cell of it: trainings where the plan has one,
// inference otherwise.
func Of(plan suite.Plan) Workload {
	if plan.Train != nil {
		return Fit{Plan: plan}
	}
	return Infer{Plan: plan}
}

// Infer is inference: contenders answer rows with a model that they are given.
type Infer struct{ Plan suite.Plan }

// Kind implements Workload.
func (Infer) Kind() string { return suite.KindInference }

// Fit is training: contenders make a model from rows with labels. Its plan has a training.
type Fit struct{ Plan suite.Plan }

// Kind implements Workload.
func (Fit) Kind() string { return suite.KindFit }
