package measure

// This file tests the fitted models: their bytes, their accuracy, their cache.

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cupel/internal/dataset"
	"cupel/internal/suite"
	"cupel/internal/testtier"
	"cupel/model"
)

// modelDigests are of the built-in suites' model.safetensors. The same seed gives
// the same bytes on every CPU, so they change with the fit alone, and then
// model.FitVersion must change too.
var modelDigests = map[string]string{
	"mnist-logreg": "a76a58dc0b74252f2f77b954071a237ea12422c1577cebf9f99b4ae30fa46982",
	"mnist-digits": "ec34f6ce301c50d3966c35a955b62a9f6c9eda19f2cabfb31009017114ccb16f",
	"mnist-mlp":    "bb267684f789f542461fa3c608279dafaf9f813fcda7da1dd591663474be18b7",
}

func TestBuiltInModels(t *testing.T) {
	cache := t.TempDir()
	for name, want := range modelDigests {
		t.Run(name, func(t *testing.T) {
			s, err := suite.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if s.Workload.Dataset == "mnist" {
				testtier.Gate(t) // It fits on 60,000 images.
			}
			m, err := Prepare(t.Context(), s.Workload, suite.ProbesPlan{}, "test", cache, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Digests["model.safetensors"]; got != want {
				t.Errorf("model %s with accuracy %.4f, want %s", got, m.Accuracy, want)
			}
			if s.Workload.Dataset == "mnist-synthetic" {
				return
			}
			if m.Accuracy < s.Workload.Accuracy {
				t.Errorf("accuracy %v", m.Accuracy)
			}
		})
	}
}

// The best constant answer to the published benchmark's labels has a
// cross-entropy of 0.3251; a model that does no better was not fitted.
func TestDefaultModelIsFitted(t *testing.T) {
	s, err := suite.Load(suite.Default)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Prepare(t.Context(), s.Workload, suite.ProbesPlan{}, "test", t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if loss := m.Model.CrossEntropy(trainingExamples(t)); loss > 0.32 {
		t.Errorf("training cross-entropy %.4f", loss)
	}
}

func TestFittedModelIsCached(t *testing.T) {
	s, err := suite.Load(suite.Default)
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	first, err := Prepare(t.Context(), s.Workload, suite.ProbesPlan{}, "test", cache, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := filepath.Glob(filepath.Join(cache, "models", "*.safetensors"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("cache has %v, %v", entries, err)
	}
	// A marked cache entry shows that it is used.
	marked := *first.Model
	marked.Layers = []model.Layer{first.Model.Layers[0]}
	marked.Layers[0].Bias = []float32{0.5, -0.5}
	text, err := model.ToSafetensors(&marked)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(entries[0]); err != nil {
		t.Fatal(err)
	}
	stem := entries[0][:strings.LastIndexByte(entries[0], '-')+1]
	entries[0] = stem + digest(text) + ".safetensors"
	if err := os.WriteFile(entries[0], text, 0o644); err != nil {
		t.Fatal(err)
	}
	second, err := Prepare(t.Context(), s.Workload, suite.ProbesPlan{}, "test", cache, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if second.Model.Layers[0].Bias[0] != 0.5 {
		t.Error("the cache was not used")
	}
	other := s.Workload
	other.Fit.Seed++
	third, err := Prepare(t.Context(), other, suite.ProbesPlan{}, "test", cache, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if third.Digests["model.safetensors"] == first.Digests["model.safetensors"] || third.Model.Layers[0].Bias[0] == 0.5 {
		t.Error("another seed gave the same model")
	}
	// One changed weight: still a model, no longer the one that the name says.
	text[len(text)-1] ^= 1
	if err := os.WriteFile(entries[0], text, 0o644); err != nil {
		t.Fatal(err)
	}
	fourth, err := Prepare(t.Context(), s.Workload, suite.ProbesPlan{}, "test", cache, t.TempDir())
	if err != nil || fourth.Digests["model.safetensors"] != first.Digests["model.safetensors"] {
		t.Errorf("a damaged cache entry was not made again: %v", err)
	}
}

func TestAccuracyThatIsMissedIsAnError(t *testing.T) {
	s, err := suite.Load(suite.Default)
	if err != nil {
		t.Fatal(err)
	}
	s.Workload.Accuracy = 0.999
	if _, err := Prepare(t.Context(), s.Workload, suite.ProbesPlan{}, "test", t.TempDir(), t.TempDir()); !errors.Is(err, ErrInaccurate) {
		t.Errorf("error %v", err)
	}
}

func TestFormatsThatCannotHoldTheModel(t *testing.T) {
	m, err := newVariant(drawnModel(t), t.TempDir(), "model")
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Files) != 3 || len(m.Reasons) != 0 {
		t.Errorf("two classes: files %v, reasons %v", m.Files, m.Reasons)
	}
	three, err := model.New(model.Architecture{Kind: model.LogisticRegression, Layers: []int{1, 3}},
		[]model.Layer{{In: 1, Out: 3, Weight: []float32{1, 2, 3}, Bias: []float32{0, 0, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	if m, err = newVariant(three, t.TempDir(), "model"); err != nil {
		t.Fatal(err)
	}
	if len(m.Files) != 2 || m.Reasons["apr"] == "" {
		t.Errorf("three classes: files %v, reasons %v", m.Files, m.Reasons)
	}
}

func trainingExamples(t *testing.T) model.Examples {
	t.Helper()
	set, err := dataset.ByName("mnist-synthetic")
	if err != nil {
		t.Fatal(err)
	}
	return examples(set.Train)
}
