package conformance

// This file holds the checks of a contender that trains.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"cupel/internal/protocol"
	"cupel/internal/reference"
	"cupel/model"
)

// training is a training that a contender is asked for.
type training struct {
	name               string
	rows, dim, outputs int
	epochs, batch      int
	learningRate       float64
}

// trainings are small, because they test arithmetic. An engine may decline any of them;
// one that only knows full-batch descent declines batches.
var trainings = []training{
	{name: "two classes, full batch", rows: 300, dim: 784, outputs: 2, epochs: 12, batch: 300, learningRate: 0.005},
	{name: "two classes, batches", rows: 300, dim: 784, outputs: 2, epochs: 3, batch: 32, learningRate: 0.005},
	{name: "ten classes, full batch", rows: 200, dim: 784, outputs: 10, epochs: 6, batch: 200, learningRate: 0.005},
	{name: "ten classes, batches", rows: 200, dim: 784, outputs: 10, epochs: 3, batch: 48, learningRate: 0.005},
	{name: "one output, full batch", rows: 150, dim: 23, outputs: 1, epochs: 5, batch: 150, learningRate: 0.05},
	{name: "one row a batch", rows: 120, dim: 19, outputs: 2, epochs: 2, batch: 1, learningRate: 0.02},
}

// checkTraining makes the checks of training where the contender says that it trains.
func (c *checker) checkTraining(ctx context.Context) {
	if !slices.Contains(c.hello.Ops, protocol.OpTrain) {
		return
	}
	any := false
	for _, t := range trainings {
		any = c.check(ctx, "trains: "+t.name, func(ctx context.Context) error { return c.train(ctx, t) }) || any
	}
	if !any && ctx.Err() == nil {
		c.record("trains", errors.New("ops has \"train\", but no training passed"), nil)
	}
}

func (c *checker) train(ctx context.Context, t training) error {
	request, x, labels, err := c.drawTraining(t)
	if err != nil {
		return err
	}
	descent, err := reference.NewDescent(request, x, labels)
	if err != nil {
		return err
	}
	reply, outer, err := c.process.Train(ctx, request)
	if refusal := new(protocol.RefusalError); errors.As(err, &refusal) {
		return skip("it declines the training: %s", refusal.Why)
	}
	if err != nil {
		return err
	}
	if err := plausible(protocol.InferRequest{}, protocol.Infer{ElapsedNanoseconds: reply.ElapsedNanoseconds}, outer.Nanoseconds()); err != nil {
		return err
	}
	// A confined contender has its own file system. The harness reaches its scratch
	// directory only through the process.
	written := request
	seen := filepath.Join("/proc", strconv.Itoa(c.process.PID()), "root", request.Weights)
	if _, err := os.Lstat(seen); err == nil {
		written.Weights = seen
	}
	content, err := reference.ReadWeights(written)
	if err != nil {
		return err
	}
	return descent.Check(reply, content)
}

// drawTraining draws rows, and labels from a hidden model of its own, so that there is
// something to learn.
func (c *checker) drawTraining(t training) (protocol.TrainRequest, []float32, []uint8, error) {
	request := protocol.TrainRequest{
		Inputs: c.file("f32"), Labels: c.file("u8"), Weights: filepath.Join(c.config.Scratch, "own", filepath.Base(c.file("safetensors"))),
		Rows: t.rows, Dim: t.dim, Epochs: t.epochs, Batch: t.batch, LearningRate: t.learningRate,
		Architecture: model.Architecture{Kind: model.LogisticRegression, Layers: []int{t.dim, t.outputs}},
	}
	request.Classes = request.Architecture.Classes()
	teacher, err := c.drawModel(request.Architecture)
	if err != nil {
		return request, nil, nil, err
	}
	x, err := c.drawInputs(request.Inputs, t.rows*t.dim)
	if err != nil {
		return request, nil, nil, err
	}
	labels := make([]uint8, t.rows)
	answers := reference.New(teacher).Inputs(x, t.rows, t.dim)
	for i := range labels {
		labels[i] = uint8(answers.Answer(i).Label)
	}
	if err := os.WriteFile(request.Labels, labels, 0o644); err != nil {
		return request, nil, nil, fmt.Errorf("labels: %w", err)
	}
	return request, x, labels, nil
}
