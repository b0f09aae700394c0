package report

// This file holds what reads differently where contenders train: a classic call is a
// whole training, a call of the rounds an epoch.

import (
	"fmt"

	"cupel/internal/estimate"
	"cupel/internal/suite"
	"cupel/internal/workload"
)

// trains reports whether the run is of trainings.
func (r *Results) trains() bool { return workload.Of(r.Bundle.Plan).Kind() == suite.KindFit }

// words are what a page calls things.
func (r *Results) words() workload.Words { return workload.Of(r.Bundle.Plan).Words() }

// trainingConfig adds to a result file's config what was trained.
func (r *Results) trainingConfig(config map[string]any) {
	train := r.Bundle.Plan.Train
	config["epochs"], config["training_rows"], config["training_batch"], config["learning_rate"] = train.Epochs, train.Rows, train.Batch, train.LearningRate
	delete(config, "batch")
}

func (m *markdown) trainingRows() {
	train := m.plan.Train
	m.row("Rows of a training", fmt.Sprint(train.Rows))
	m.row("Epochs", fmt.Sprint(train.Epochs))
	m.row("Rows of a step", fmt.Sprint(train.Batch))
	m.row("Learning rate", fmt.Sprint(train.LearningRate))
}

// trainingConduct writes what a training took in rounds.
func (m *markdown) trainingConduct() {
	m.line("\nTimes in rounds, medians over launches:\n")
	m.header("Contender", "Epochs of a training", "Time of an epoch in it (us)")
	for _, c := range m.results.Estimates.Contenders {
		m.row(c.Name, fmt.Sprintf("%.0f", c.Calls), fmt.Sprintf("%.1f", c.ShortNanoseconds/1e3))
	}
}

// trainingCosts writes what a training costs besides its epochs, and what these do.
func (m *markdown) trainingCosts(measured []estimate.Contender) {
	m.line("\nTrainings of 1, %d and %d epochs split a training's time, by a straight line: nanoseconds = cost per training + cost per multiply-add x multiply-adds, "+
		"two for each value and class and epoch, whether the value is 0 or not.\n", m.plan.Train.Epochs, m.plan.Train.LongEpochs)
	m.header("Contender", "Cost per training (us)", "95% interval (us)", "Cost per multiply-add (ns)", "95% interval (ns per multiply-add)", "Largest misfit of the line")
	for _, c := range measured {
		call, slope := c.Costs.CallNanoseconds, c.Costs.MultiplyAddNanoseconds
		call.Estimate, call.Low, call.High = call.Estimate/1e3, call.Low/1e3, call.High/1e3
		m.row(c.Name, fmt.Sprintf("%.0f", call.Estimate), spread(call, "%.0f"), fmt.Sprintf("%.4f", slope.Estimate), spread(slope, "%.4f"),
			fmt.Sprintf("%.0f%%", 100*c.Costs.Misfit))
	}
}
