package audit

// This file makes a run's data and model again, from the plan's seed alone.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

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

// errTooCostly is the error for a fit that an audit does not make again.
var errTooCostly = errors.New("a fit of this size is not made again by an audit")

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
	m := &Material{Set: set, SHA256: map[string]string{trainingData: dataset.Digest(set.Train)}}
	cost := float64(plan.Model.MultiplyAdds()) * float64(set.Train.Rows()) * float64(plan.Fit.Epochs) * 3
	if !(cost >= 0 && cost <= maxRefit) {
		return m, fmt.Errorf("%w: %.2g multiply-adds", errTooCostly, cost)
	}
	config := model.FitConfig{
		Epochs: plan.Fit.Epochs, BatchSize: plan.Fit.Batch, LearningRate: plan.Fit.LearningRate,
		LearningRateDecay: plan.Fit.LearningRateDecay, Seed: plan.Seed,
	}
	m.Model, err = model.Fit(context.Background(), plan.Model, model.Examples{X: set.Train.X, Dim: set.Train.Dim, Labels: set.Train.Labels}, config)
	if err != nil {
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
		m.SHA256[modelFile(format)] = digest(text)
	}
	return m, nil
}

// trainingData and modelFile are the ledger's names of digests.
const trainingData = "training data"

func modelFile(format string) string { return "model." + format }

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
