package goengine

// This file trains models.

import (
	"context"

	"cupel/internal/contender"
	"cupel/internal/protocol"
	"cupel/model"
)

// Train implements contender.Trainer.
func (Engine) Train(request protocol.TrainRequest, x []float32, labels []uint8) (contender.Trained, error) {
	rate := request.LearningRate
	if request.Architecture.Outputs() == 1 {
		// With one output the score moves half as far as the difference of two outputs.
		rate *= 2
	}
	fitted, err := model.Fit(context.Background(), request.Architecture,
		model.Examples{X: x, Dim: request.Dim, Labels: labels},
		model.FitConfig{Epochs: request.Epochs, BatchSize: request.Batch, LearningRate: float32(rate), InOrder: true})
	if err != nil {
		return nil, err
	}
	return trained{fitted}, nil
}

type trained struct{ model *model.Model }

func (t trained) Parameters() int              { return t.model.Architecture.Parameters() }
func (t trained) Safetensors() ([]byte, error) { return model.ToSafetensors(t.model) }
