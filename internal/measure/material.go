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
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cupel/internal/dataset"
	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/reference"
	"cupel/internal/suite"
	"cupel/internal/workload"
	"cupel/model"
)

// Material is what a suite's contenders are given.
type Material struct {
	// Variant is the suite's own model.
	*Variant
	// Altered is a model of the same shape with other weights; Widths are models
	// for inputs so many times as wide.
	Altered *Variant
	Widths  map[int]*Variant
	// Heavy is a model for the suite's inputs with many more multiply-adds; nil where
	// the plan has no use for it.
	Heavy *Variant
	// Accuracy is the model's share of right answers on the test rows, or on the
	// training rows where the dataset has no others.
	Accuracy     float64
	TrainingRows int
	// Train is the data that trainings are drawn from, where the workload is fit; then
	// there is no model.
	Train dataset.Examples
	// ClassicRow is the one row of the classic protocol.
	ClassicRow []float32
	// Summary says in one line what was made.
	Summary string
	// Digests are the SHA-256 of training data and model files.
	Digests map[string]string
}

// Variant is a model with its files.
type Variant struct {
	// Name tells it from the run's other models.
	Name      string
	Model     *model.Model
	Reference *reference.Reference
	// Files has the model in each format that can hold it, by the format's name;
	// Reasons says why a format can't; SHA256 are the files' digests.
	Files   map[string]string
	Reasons map[string]string
	SHA256  map[string]string
}

// ErrInaccurate is the error, wrapped with the figures, for a fitted model that
// misses the suite's accuracy.
var ErrInaccurate = errors.New("the fitted model misses the suite's accuracy")

// Prepare makes what a suite's contenders are given: data, and where they are given a
// model, the model's files in scratch. An error that is ErrInaccurate is the suite's.
func Prepare(ctx context.Context, w suite.Workload, probes suite.ProbesPlan, nonce, cache, scratch string) (*Material, error) {
	return askingOf(w.Kind).material(ctx, w, probes, nonce, cache, scratch)
}

// material implements asking. It makes the data, fits the model, or takes it from the
// cache, and writes its files into scratch, with those of the probes' models, whose
// weights are drawn from the nonce.
func (inference) material(ctx context.Context, w suite.Workload, probes suite.ProbesPlan, nonce, cache, scratch string) (*Material, error) {
	began := time.Now()
	set, err := dataset.ByName(w.Dataset)
	if err != nil {
		return nil, err
	}
	m := &Material{
		TrainingRows: set.Train.Rows(), ClassicRow: set.ClassicRow, Widths: map[int]*Variant{},
		Digests: map[string]string{"training data": dataset.Digest(set.Train)},
	}
	own, err := fitted(ctx, w, set, m.Digests["training data"], cache)
	if err != nil {
		return nil, err
	}
	if m.Accuracy, err = accuracy(own, set, w.Accuracy); err != nil {
		return nil, err
	}
	if m.Variant, err = newVariant(own, scratch, "model"); err != nil {
		return nil, err
	}
	if err := m.addProbes(probes, nonce, scratch); err != nil {
		return nil, err
	}
	m.Summary = fmt.Sprintf("model ready in %v: %d parameters, accuracy %.4f", time.Since(began).Round(10*time.Millisecond), w.Architecture.Parameters(), m.Accuracy)
	for _, variant := range m.variants() {
		for format, digest := range variant.SHA256 {
			m.Digests[variant.Name+"."+format] = digest
		}
	}
	return m, nil
}

// variants are all models of the run.
func (m *Material) variants() []*Variant {
	all := []*Variant{m.Variant, m.Altered}
	if m.Heavy != nil {
		all = append(all, m.Heavy)
	}
	for _, times := range slices.Sorted(maps.Keys(m.Widths)) {
		all = append(all, m.Widths[times])
	}
	return all
}

// addProbes makes the models of the probes.
func (m *Material) addProbes(probes suite.ProbesPlan, nonce, scratch string) error {
	var err error
	asked, architecture := workload.Infer{}, m.Model.Architecture
	if m.Altered, err = drawnVariant(architecture, nonce, scratch, "altered"); err != nil {
		return err
	}
	if probes.HeavyTimes > 0 {
		heavier := asked.Heavier(architecture, probes.HeavyTimes)
		if m.Heavy, err = drawnVariant(heavier, nonce, scratch, "heavy"); err != nil {
			return err
		}
	}
	for _, times := range probes.Widths {
		wider := asked.Wider(architecture, times)
		if m.Widths[times], err = drawnVariant(wider, nonce, scratch, fmt.Sprintf("width-%d", times)); err != nil {
			return err
		}
	}
	return nil
}

// drawnVariant makes a model with weights drawn for the purpose.
func drawnVariant(architecture model.Architecture, nonce, scratch, name string) (*Variant, error) {
	drawn, err := workload.Infer{}.Draw(draw.Stream(nonce, "weights of "+name, 0), architecture)
	if err != nil {
		return nil, fmt.Errorf("probe %s: %w", name, err)
	}
	return newVariant(drawn, scratch, name)
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

// newVariant writes a model's file in each format that can hold it.
func newVariant(m *model.Model, scratch, name string) (*Variant, error) {
	v := &Variant{
		Name: name, Model: m, Reference: reference.New(m),
		Files: map[string]string{}, Reasons: map[string]string{}, SHA256: map[string]string{},
	}
	for format, encode := range protocol.ModelEncoders {
		text, err := encode(m)
		if errors.Is(err, model.ErrNotRepresentable) {
			v.Reasons[format] = err.Error()
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("model file: %w", err)
		}
		path := unknownName(scratch, format)
		if err := os.WriteFile(path, text, 0o444); err != nil {
			return nil, fmt.Errorf("model file: %w", err)
		}
		v.Files[format] = path
		v.SHA256[format] = digest(text)
	}
	return v, nil
}
