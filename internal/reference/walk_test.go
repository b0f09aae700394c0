package reference

// This file tests the survey of a request's path, against paths worked out by hand.

import (
	"slices"
	"testing"

	"cupel/internal/protocol"
)

func TestSurvey(t *testing.T) {
	first, step := 1, 4
	chained := protocol.InferRequest{Rows: 2, Dim: 2, Hop: 2, Batch: 1, First: &first, Step: &step, Warmup: 1, Calls: 3}
	// The rows of TestPath: 1 for warm-up, then 0, 1, 0.
	survey := identity(t, 2).Inputs(rows[:4], 2, 2).Survey(chained)
	if survey.DistinctRows != 2 || !slices.Equal(survey.Labels, []int{2, 1}) || !survey.CertainWarmup {
		t.Errorf("chained: %+v", survey)
	}
	if share := survey.LargestShare(); share != 2.0/3 {
		t.Errorf("largest share %v", share)
	}
	// Batches of two over three rows: 0 and 1, then 2 and again 0. Of row 2's tie the
	// lowest class wins.
	batches := protocol.InferRequest{Rows: 3, Dim: 2, Hop: 2, Batch: 2, Calls: 2}
	survey = identity(t, 2).Inputs(rows, 3, 2).Survey(batches)
	if survey.DistinctRows != 3 || !slices.Equal(survey.Labels, []int{3, 1}) || !survey.CertainWarmup {
		t.Errorf("batches: %+v", survey)
	}
	if share := (Survey{Labels: []int{0, 0}}).LargestShare(); share != 0 {
		t.Errorf("largest share of nothing %v", share)
	}
}

// The tie at row 2 makes a warm-up uncertain for good, and only a warm-up.
func TestSurveyOfAnUncertainWarmup(t *testing.T) {
	first, step := 2, 2
	request := protocol.InferRequest{Rows: 3, Dim: 2, Hop: 2, Batch: 1, First: &first, Step: &step, Calls: 1}
	inputs := identity(t, 2).Inputs(rows, 3, 2)
	if !inputs.Survey(request).CertainWarmup {
		t.Error("without a warm-up there is nothing uncertain in it")
	}
	// k=0 row 2, of which label 0 is kept: 10+2+0+0=12 -> 0; k=1 row 0.
	request.Warmup = 2
	if inputs.Survey(request).CertainWarmup {
		t.Error("the way depended on row 2")
	}
}
