package fake

// This file holds the faults of training.

import (
	"errors"
	"slices"

	"cupel/internal/contender"
	"cupel/internal/protocol"
	"cupel/model"
)

// Train trains with this project's engine and adds a fault.
func (e *engine) Train(request protocol.TrainRequest, x []float32, labels []uint8) (contender.Trained, error) {
	switch e.behaviour {
	case FewEpochs:
		request.Epochs--
	case LowRate:
		request.LearningRate *= 0.99
	case ShuffledRows:
		x, labels = backwards(x, request.Dim), backwards(labels, 1)
	case RefuseBatches:
		if request.Batch < request.Rows {
			return nil, errors.New("this engine only knows full-batch descent")
		}
	}
	trained, err := e.Engine.Train(request, x, labels)
	if err != nil {
		return nil, err
	}
	return &mistrained{trained, e.behaviour, request.Architecture}, nil
}

// backwards returns the rows from last to first.
func backwards[T any](values []T, width int) []T {
	rows := slices.Collect(slices.Chunk(values, width))
	slices.Reverse(rows)
	return slices.Concat(rows...)
}

type mistrained struct {
	contender.Trained
	behaviour    Behaviour
	architecture model.Architecture
}

func (m *mistrained) Safetensors() ([]byte, error) {
	content, err := m.Trained.Safetensors()
	switch m.behaviour {
	case NoWeights:
		return nil, err
	case Penalty:
		return m.shrunk(content)
	}
	return content, err
}

// shrunk shrinks the weights once at the end, as a penalty would.
func (m *mistrained) shrunk(content []byte) ([]byte, error) {
	trained, err := model.FromSafetensors(m.architecture, content)
	if err != nil {
		return nil, err
	}
	for _, layer := range trained.Layers {
		for i := range layer.Weight {
			layer.Weight[i] *= 0.999
		}
	}
	return model.ToSafetensors(trained)
}
