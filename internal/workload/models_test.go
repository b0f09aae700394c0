package workload

// This file tests the choice of a workload and the models of the probes.

import (
	"testing"

	"cupel/internal/draw"
	"cupel/internal/suite"
	"cupel/model"
)

func TestAPlanWithATrainingIsOneOfTrainings(t *testing.T) {
	if kind := Of(suite.Plan{}).Kind(); kind != suite.KindInference {
		t.Errorf("a plan without a training is of kind %q", kind)
	}
	if kind := Of(suite.Plan{Train: &suite.TrainPlan{}}).Kind(); kind != suite.KindFit {
		t.Errorf("a plan with a training is of kind %q", kind)
	}
}

func TestModelsOfProbesAreWiderAndHeavierByWhatIsAsked(t *testing.T) {
	for _, of := range []model.Architecture{
		{Kind: model.LogisticRegression, Layers: []int{8, 2}},
		{Kind: model.MLP, Layers: []int{8, 5, 3}, Activation: "relu"},
	} {
		wider, heavier := Infer{}.Wider(of, 4), Infer{}.Heavier(of, 3)
		if wider.Inputs() != 4*of.Inputs() || wider.Outputs() != of.Outputs() {
			t.Errorf("four times as wide as %v: %v", of.Layers, wider.Layers)
		}
		if heavier.Inputs() != of.Inputs() || heavier.MultiplyAdds() != 3*of.MultiplyAdds() {
			t.Errorf("three times as heavy as %v: %v", of.Layers, heavier.Layers)
		}
		if of.Inputs() != 8 {
			t.Errorf("the architecture itself has changed: %v", of.Layers)
		}
		drawn, err := Infer{}.Draw(draw.Stream("test", "weights", 0), wider)
		if err != nil || len(drawn.Layers[0].Weight) != wider.Layers[0]*wider.Layers[1] {
			t.Errorf("%v: %v", wider.Layers, err)
		}
	}
}
