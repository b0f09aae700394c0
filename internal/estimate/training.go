package estimate

// This file holds what is different where contenders train: a call is an epoch, and
// a training's time is split into what it costs besides its epochs and what these
// cost.

import (
	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// trainingPoints are the times of whole trainings of one launch, by their epochs.
func trainingPoints(plan suite.Plan, samples []evidence.Sample) []WidthCost {
	var points []WidthCost
	for _, epochs := range []int{1, plan.Train.Epochs, plan.Train.LongEpochs} {
		var nanoseconds []float64
		for _, sample := range samples {
			switch sample.Phase {
			case evidence.PhaseShort, evidence.PhaseLong, evidence.PhaseNear, evidence.PhaseEmpty:
				if int(sample.Calls) == epochs {
					nanoseconds = append(nanoseconds, float64(sample.InnerNanoseconds))
				}
			}
		}
		if len(nanoseconds) > 0 {
			points = append(points, WidthCost{epochs, trainingMultiplyAdds(plan, epochs), stats.Median(nanoseconds)})
		}
	}
	return points
}

// trainingMultiplyAdds is how many a training of so many epochs takes: for each value
// and class one on the way to the scores and one on the way back.
func trainingMultiplyAdds(plan suite.Plan, epochs int) float64 {
	return 2 * float64(epochs) * float64(plan.Train.Rows) * float64(plan.Model.Inputs()) * float64(plan.Model.Outputs())
}
