package workload

// This file holds the sizes at which contenders are timed for the line that splits a time
// into what every call costs and what a multiply-add costs.

import (
	"slices"

	"cupel/internal/evidence"
)

// Size is one point of the line.
type Size struct {
	// Times is the multiple of the suite's input width, or the epochs of a training.
	Times int
	// MultiplyAdds is how many a call takes, or a training.
	MultiplyAdds float64
	phases       []evidence.Phase
	// calls is how many a burst must have to show the size, whose whole time then counts;
	// 0 where a burst has any number, and a call's time counts.
	calls int
}

// Nanoseconds is the time of a call, or of a training, of that size; false where the sample
// is of another size.
func (s Size) Nanoseconds(sample evidence.Sample) (nanoseconds float64, ok bool) {
	switch {
	case !slices.Contains(s.phases, sample.Phase):
		return 0, false
	case s.calls > 0:
		return float64(sample.InnerNanoseconds), int(sample.Calls) == s.calls
	}
	return float64(sample.InnerNanoseconds) / float64(sample.Calls), sample.Calls > 0
}

// Sizes implements Workload: the widths of the scaling probe.
func (w Infer) Sizes() []Size {
	var sizes []Size
	for _, times := range w.Plan.Probes.Widths {
		wider := w.Wider(w.Plan.Model, times)
		sizes = append(sizes, Size{Times: times, MultiplyAdds: float64(wider.MultiplyAdds() * w.Plan.Batch), phases: []evidence.Phase{evidence.PhaseWidth(times)}})
	}
	return sizes
}

// Sizes implements Workload: trainings of one epoch, of the suite's and of many. For each
// value and class there is one multiply-add on the way to the scores and one on the way
// back.
func (w Fit) Sizes() []Size {
	train := w.Plan.Train
	var sizes []Size
	for _, epochs := range []int{1, train.Epochs, train.LongEpochs} {
		sizes = append(sizes, Size{
			Times: epochs, calls: epochs, MultiplyAdds: 2 * float64(epochs) * float64(train.Rows) * float64(w.Plan.Model.MultiplyAdds()),
			phases: []evidence.Phase{evidence.PhaseShort, evidence.PhaseLong, evidence.PhaseNear, evidence.PhaseEmpty},
		})
	}
	return sizes
}
