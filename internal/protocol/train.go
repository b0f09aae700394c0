package protocol

// This file holds training: the request, its validation by the contender, and the
// reply.

import (
	"errors"
	"fmt"
	"math"

	"cupel/model"
)

// TrainRequest asks for a logistic regression fitted to rows. The method is plain
// gradient descent on the mean cross-entropy of a batch, from zero weights and without
// penalty. Every epoch takes the rows in the order of the file. The last batch of an
// epoch has the rows that remain. Batch equal to Rows is full-batch descent.
//
// An engine with one output uses twice LearningRate. With two outputs, the difference
// of the scores moves by the gradient twice; the doubled rate gives the same model.
type TrainRequest struct {
	Op string `json:"op"`
	// Inputs is a file of Rows x Dim float32 values, little-endian. Labels is a file
	// with one byte for each row.
	Inputs       string             `json:"inputs"`
	Labels       string             `json:"labels"`
	Rows         int                `json:"rows"`
	Dim          int                `json:"dim"`
	Classes      int                `json:"classes"`
	Architecture model.Architecture `json:"architecture"`
	Epochs       int                `json:"epochs"`
	LearningRate float64            `json:"learning_rate"`
	Batch        int                `json:"batch"`
	// Weights is the path to which the contender writes the model, as safetensors.
	Weights string `json:"weights"`
}

// Train is the reply to a train request.
type Train struct {
	// ElapsedNanoseconds is the contender's own time, from the rows in its memory to
	// the weights in host memory.
	ElapsedNanoseconds int64 `json:"elapsed_ns"`
	// Parameters is how many numbers the fitted model holds.
	Parameters int64 `json:"parameters"`
}

// maxTrainValues bounds the inputs of a training in one process's memory.
const maxTrainValues = 1 << 28

// Check returns what is wrong with the request, or nil.
func (r TrainRequest) Check() error {
	switch {
	case r.Inputs == "" || r.Labels == "" || r.Weights == "":
		return errors.New("inputs, labels and weights must be paths")
	case r.Rows < 1 || r.Dim < 1 || r.Epochs < 1 || r.Batch < 1:
		return fmt.Errorf("rows, dim, epochs and batch must be at least 1, not %d, %d, %d and %d", r.Rows, r.Dim, r.Epochs, r.Batch)
	case r.Rows > maxTrainValues/r.Dim:
		return fmt.Errorf("%d rows of %d are more than %d values", r.Rows, r.Dim, maxTrainValues)
	case r.Batch > r.Rows:
		return fmt.Errorf("batch is %d of %d rows", r.Batch, r.Rows)
	case !(r.LearningRate > 0) || r.LearningRate > math.MaxFloat32:
		return fmt.Errorf("learning_rate must be positive and finite, not %v", r.LearningRate)
	case r.Architecture.Kind != model.LogisticRegression:
		return fmt.Errorf("architecture: only a %s is trained, not kind %q", model.LogisticRegression, r.Architecture.Kind)
	}
	if err := r.Architecture.Validate(); err != nil {
		return fmt.Errorf("architecture: %w", err)
	}
	switch {
	case r.Architecture.Inputs() != r.Dim:
		return fmt.Errorf("dim is %d, the architecture's is %d", r.Dim, r.Architecture.Inputs())
	case r.Architecture.Classes() != r.Classes:
		return fmt.Errorf("classes is %d, the architecture's are %d", r.Classes, r.Architecture.Classes())
	}
	return nil
}

// ParseTrain parses the reply to request. It does not judge the weights: they are in
// the request's file, and package reference judges them.
func ParseTrain(line []byte, request TrainRequest) (Train, error) {
	r, err := newReader(OpTrain, line)
	if err != nil {
		return Train{}, err
	}
	reply := Train{ElapsedNanoseconds: r.count("elapsed_ns"), Parameters: r.count("parameters")}
	allowed := []int64{int64(request.Architecture.Parameters())}
	if request.Classes == 2 {
		// The engine may have one output or two, because it may hold the equivalent
		// model.
		one := int64(request.Dim) + 1
		allowed = []int64{one, 2 * one}
	}
	r.oneOf("parameters", reply.Parameters, allowed)
	return reply, r.err
}
