package measure

// This file prepares what all contenders share: the data, the fitted model and
// its files.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"cupel/internal/dataset"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/reference"
	"cupel/internal/suite"
	"cupel/model"
)

// Material is what a suite's contenders are given.
type Material struct {
	Model     *model.Model
	Reference *reference.Reference
	// Accuracy is the model's share of right answers on the test rows, or on the
	// training rows where the dataset has no others.
	Accuracy     float64
	TrainingRows int
	// ClassicRow is the one row of the classic protocol.
	ClassicRow []float32
	// Files has the model in each format that can hold it, by the format's name;
	// Reasons says why a format can't.
	Files   map[string]string
	Reasons map[string]string
	// SHA256 are the digests of training data, labels and model files.
	SHA256 map[string]string
}

// ErrInaccurate is the error, wrapped with the figures, for a fitted model that
// misses the suite's accuracy.
var ErrInaccurate = errors.New("the fitted model misses the suite's accuracy")

// Prepare makes the data, fits the model, or takes it from the cache, and writes
// its files into scratch.
func Prepare(ctx context.Context, w suite.Workload, cache, scratch string) (*Material, error) {
	set, err := dataset.ByName(w.Dataset)
	if err != nil {
		return nil, err
	}
	m := &Material{
		TrainingRows: set.Train.Rows(), ClassicRow: set.ClassicRow,
		Files: map[string]string{}, Reasons: map[string]string{},
		SHA256: map[string]string{"training data": dataset.Digest(set.Train)},
	}
	if m.Model, err = fitted(ctx, w, set, m.SHA256["training data"], cache); err != nil {
		return nil, err
	}
	m.Reference = reference.New(m.Model)
	if m.Accuracy, err = accuracy(m.Model, set, w.Accuracy); err != nil {
		return nil, err
	}
	return m, m.write(scratch)
}

func examples(e dataset.Examples) model.Examples {
	return model.Examples{X: e.X, Dim: e.Dim, Labels: e.Labels}
}

func accuracy(m *model.Model, set dataset.Set, least float64) (float64, error) {
	judged := set.Test
	if judged.Rows() == 0 {
		judged = set.Train
	}
	share := m.Accuracy(examples(judged))
	if share < least {
		return share, fmt.Errorf("%w: %.4f on %d rows where it asks for %.4f; change [fit] or accuracy", ErrInaccurate, share, judged.Rows(), least)
	}
	return share, nil
}

// fitted returns the suite's model. An entry of the cache is named by all that
// decides its bytes and by their digest, so a damaged one is not taken. One that
// was made on purpose to be taken is: contenders run as the same user.
func fitted(ctx context.Context, w suite.Workload, set dataset.Set, data, cache string) (*model.Model, error) {
	key, err := json.Marshal(map[string]any{
		"fit version": model.FitVersion, "fit": w.Fit, "architecture": w.Architecture, "data": data,
	})
	if err != nil {
		return nil, fmt.Errorf("fit: %w", err)
	}
	stem := filepath.Join(cache, "models", digest(key)[:32]+"-")
	if cached := lookUp(stem, w.Architecture); cached != nil {
		return cached, nil
	}
	m, err := model.Fit(ctx, w.Architecture, examples(set.Train), w.Fit)
	if err != nil {
		return nil, fmt.Errorf("fit: %w", err)
	}
	text, err := model.ToSafetensors(m)
	if err != nil {
		return nil, fmt.Errorf("fit: %w", err)
	}
	// A cache that can't be written costs the next run some seconds, no more.
	_ = evidence.WriteAtomic(stem+digest(text)+".safetensors", text)
	return m, nil
}

// lookUp returns the model of the first entry that is what its name says, or nil.
func lookUp(stem string, architecture model.Architecture) *model.Model {
	entries, err := filepath.Glob(stem + "*.safetensors")
	if err != nil {
		return nil
	}
	for _, path := range entries {
		text, err := os.ReadFile(path)
		if err != nil || path != stem+digest(text)+".safetensors" {
			continue
		}
		if cached, err := model.FromSafetensors(architecture, text); err == nil {
			return cached
		}
	}
	return nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// write writes the model's file in each format that can hold it.
func (m *Material) write(scratch string) error {
	for format, encode := range protocol.ModelEncoders {
		text, err := encode(m.Model)
		if errors.Is(err, model.ErrNotRepresentable) {
			m.Reasons[format] = err.Error()
			continue
		}
		if err != nil {
			return fmt.Errorf("model file: %w", err)
		}
		path := filepath.Join(scratch, "model."+format)
		if err := os.WriteFile(path, text, 0o444); err != nil {
			return fmt.Errorf("model file: %w", err)
		}
		m.Files[format] = path
		m.SHA256["model."+format] = digest(text)
	}
	return nil
}
