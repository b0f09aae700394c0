package contender

// This file answers train, for engines that can train.

import (
	"fmt"
	"os"
	"time"

	"cupel/internal/protocol"
)

// Trainer is an Engine that can fit a logistic regression.
type Trainer interface {
	Engine
	// Train fits a model to the rows x, which lie one after the other, and to their
	// labels. Train is timed as a whole. It ends with the weights in memory.
	Train(request protocol.TrainRequest, x []float32, labels []uint8) (Trained, error)
}

// Trained is a fitted model.
type Trained interface {
	// Parameters returns how many numbers the model holds.
	Parameters() int
	// Safetensors encodes the model. It is not timed.
	Safetensors() ([]byte, error)
}

func (s *server) train(line []byte) (any, error) {
	trainer, can := s.engine.(Trainer)
	if !can {
		return nil, fmt.Errorf("op %q is not offered", protocol.OpTrain)
	}
	var request protocol.TrainRequest
	if err := decode(line, &request); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	reply, err := s.fit(trainer, request)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return reply, nil
}

func (s *server) fit(trainer Trainer, request protocol.TrainRequest) (protocol.Train, error) {
	if err := request.Check(); err != nil {
		return protocol.Train{}, err
	}
	rows := protocol.InferRequest{Inputs: request.Inputs, Rows: request.Rows, Dim: request.Dim, Hop: request.Dim}
	if err := s.buffers.read(rows); err != nil {
		return protocol.Train{}, err
	}
	labels, err := os.ReadFile(request.Labels)
	if err != nil {
		return protocol.Train{}, err
	}
	if len(labels) < request.Rows {
		return protocol.Train{}, fmt.Errorf("%s has %d labels for %d rows", request.Labels, len(labels), request.Rows)
	}
	started := time.Now()
	trained, err := trainer.Train(request, s.buffers.inputs, labels[:request.Rows])
	elapsed := time.Since(started)
	if err != nil {
		return protocol.Train{}, err
	}
	content, err := trained.Safetensors()
	if err != nil {
		return protocol.Train{}, err
	}
	if err := os.WriteFile(request.Weights, content, 0o644); err != nil {
		return protocol.Train{}, fmt.Errorf("weights: %w", err)
	}
	return protocol.Train{ElapsedNanoseconds: elapsed.Nanoseconds(), Parameters: int64(trained.Parameters())}, nil
}
