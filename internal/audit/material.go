package audit

// This file makes a run's data and model again, from the plan's seed alone.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"cupel/internal/dataset"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/suite"
	"cupel/model"
)

// Material is what a run's contenders were given, as the auditor makes it.
type Material struct {
	Set   dataset.Set
	Model *model.Model
	// SHA256 are the digests of the training data and of the model in each format
	// that can hold it, by the names that the ledger gives them.
	SHA256 map[string]string
}

// Material makes data and model again, once.
func (c *Case) Material() (*Material, error) { return c.material() }

// ErrTooCostly is the error for a fit that an audit does not make again.
var ErrTooCostly = errors.New("a fit of this size is not made again by an audit")

// maxRefit is how many multiply-adds a fit may take. The largest built-in one, of
// real MNIST with a hidden layer, takes half of it.
const maxRefit = 1 << 38

func remake(plan suite.Plan, ledger []evidence.LedgerRow) (*Material, error) {
	if err := plan.Model.Validate(); err != nil {
		return nil, fmt.Errorf("plan: model: %w", err)
	}
	set, err := dataset.ByName(plan.Dataset)
	if err != nil {
		return nil, err
	}
	m := &Material{Set: set, SHA256: map[string]string{TrainingData: dataset.Digest(set.Train)}}
	cost := float64(plan.Model.MultiplyAdds()) * float64(set.Train.Rows()) * float64(plan.Fit.Epochs) * 3
	if !(cost >= 0 && cost <= maxRefit) {
		return m, fmt.Errorf("%w: %.2g multiply-adds", ErrTooCostly, cost)
	}
	if m.Model, err = refit(plan, set.Train); err != nil {
		return m, fmt.Errorf("fit: %w", err)
	}
	for format, encode := range protocol.ModelEncoders {
		text, err := encode(m.Model)
		if errors.Is(err, model.ErrNotRepresentable) {
			continue
		}
		if err != nil {
			return m, fmt.Errorf("model file: %w", err)
		}
		m.SHA256[ModelFile(format)] = Digest(text)
	}
	return m, nil
}

// refits are the models that were made again: several bundles of one plan need one.
var refits sync.Map

// refit fits the plan's model.
func refit(plan suite.Plan, train dataset.Examples) (*model.Model, error) {
	key := fmt.Sprint(plan.Model, plan.Dataset, plan.Fit, plan.Seed)
	if known, ok := refits.Load(key); ok {
		return known.(*model.Model), nil
	}
	made, err := model.Fit(context.Background(), plan.Model, model.Examples{X: train.X, Dim: train.Dim, Labels: train.Labels}, model.FitConfig{
		Epochs: plan.Fit.Epochs, BatchSize: plan.Fit.Batch, LearningRate: plan.Fit.LearningRate,
		LearningRateDecay: plan.Fit.LearningRateDecay, Seed: plan.Seed,
	})
	if err == nil {
		refits.Store(key, made)
	}
	return made, err
}

// TrainingData and modelFile are the ledger's names of digests.
const TrainingData = "training data"

// ModelFile is the name of the model's file in a format.
func ModelFile(format string) string { return "model." + format }

// Digest is the SHA-256 of data, in hexadecimal.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Model is the suite's model: the bundle's own file where its digest is the
// ledger's, or else made again. That the digest is the right one is point 4's.
func (c *Case) Model() (*model.Model, error) {
	const format = "safetensors"
	text, err := c.Read(evidence.ModelDir, "model."+format)
	if err != nil {
		return nil, err
	}
	if row := c.FittedRow(); text != nil && row != nil && Digest(text) == row.SHA256[ModelFile(format)] {
		return model.FromSafetensors(c.Bundle.Plan.Model, text)
	}
	material, err := c.Material()
	if err != nil {
		return nil, err
	}
	return material.Model, nil
}

// Encoded are values as a file of rows has them.
func Encoded(values []float32) []byte { return protocol.EncodeInputs(values) }
