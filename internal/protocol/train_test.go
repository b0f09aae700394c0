package protocol

// This file tests the validation of training requests and replies.

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cupel/model"
)

func training() TrainRequest {
	return TrainRequest{
		Op: OpTrain, Inputs: "x.f32", Labels: "x.u8", Rows: 10, Dim: 3, Classes: 2,
		Architecture: model.Architecture{Kind: model.LogisticRegression, Layers: []int{3, 2}},
		Epochs:       4, LearningRate: 0.1, Batch: 10, Weights: "w.safetensors",
	}
}

func TestTrainRequestsAreChecked(t *testing.T) {
	if err := training().Check(); err != nil {
		t.Fatal(err)
	}
	one := training()
	one.Architecture.Layers = []int{3, 1}
	if err := one.Check(); err != nil {
		t.Errorf("one output for two classes: %v", err)
	}
	for reason, change := range map[string]func(*TrainRequest){
		"must be paths":         func(r *TrainRequest) { r.Weights = "" },
		"at least 1":            func(r *TrainRequest) { r.Epochs = 0 },
		"batch is 11":           func(r *TrainRequest) { r.Batch = 11 },
		"more than":             func(r *TrainRequest) { r.Rows = 1 << 40 },
		"positive and finite":   func(r *TrainRequest) { r.LearningRate = 0 },
		"logistic-regression":   func(r *TrainRequest) { r.Architecture.Kind = model.MLP },
		"2 sizes":               func(r *TrainRequest) { r.Architecture.Layers = []int{3, 4, 2} },
		"the architecture's is": func(r *TrainRequest) { r.Dim = 4 },
		"classes is 3":          func(r *TrainRequest) { r.Classes = 3 },
	} {
		r := training()
		change(&r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%v, want an error with %q", err, reason)
		}
	}
}

func TestParseTrain(t *testing.T) {
	for _, sent := range []Train{{ElapsedNanoseconds: 5, Parameters: 8}, {ElapsedNanoseconds: 0, Parameters: 4}} {
		line, err := json.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseTrain(line, training())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, got); diff != "" {
			t.Error(diff)
		}
	}
	for line, reason := range map[string]string{
		`{"parameters":8}`:                   `"elapsed_ns" is missing`,
		`{"elapsed_ns":5}`:                   `"parameters" is missing`,
		`{"elapsed_ns":-5,"parameters":8}`:   "negative",
		`{"elapsed_ns":5.5,"parameters":8}`:  "whole number",
		`{"elapsed_ns":5,"parameters":1570}`: "1570 where 8 is due",
		`[]`:                                 "no JSON object",
	} {
		reply := new(ReplyError)
		if _, err := ParseTrain([]byte(line), training()); !errors.As(err, &reply) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%s: error %v, want one with %q", line, err, reason)
		}
	}
}

func TestTenClassesHaveOneNumberOfParameters(t *testing.T) {
	r := training()
	r.Classes, r.Architecture.Layers = 10, []int{3, 10}
	if _, err := ParseTrain([]byte(`{"elapsed_ns":5,"parameters":40}`), r); err != nil {
		t.Error(err)
	}
	if _, err := ParseTrain([]byte(`{"elapsed_ns":5,"parameters":4}`), r); err == nil {
		t.Error("a model of two classes was taken for one of ten")
	}
}
