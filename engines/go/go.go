// Package goengine is the runner of this project's own engine, the contender "go". It
// uses only the public API of package model, as any other program would.
package goengine

import (
	"fmt"
	"os"
	"runtime"

	"cupel/internal/contender"
	"cupel/internal/protocol"
	"cupel/internal/version"
	"cupel/model"
)

// Engine is the contender's engine.
type Engine struct{}

// Describe implements contender.Engine.
func (Engine) Describe() protocol.Hello {
	return protocol.Hello{
		Name: "cupel", Version: version.Cupel(), Language: "go", Runtime: runtime.Version(),
		Device: "cpu", Precision: "f32", Scale: protocol.Logits, Formats: []string{protocol.FormatSafetensors},
	}
}

// Load implements contender.Engine.
func (Engine) Load(request protocol.LoadRequest) (contender.Model, error) {
	loaded, err := ReadModel(request)
	if err != nil {
		return nil, err
	}
	return &predictor{loaded, loaded.NewPredictor()}, nil
}

// ReadModel reads the safetensors model of a request.
func ReadModel(request protocol.LoadRequest) (*model.Model, error) {
	if request.Format != protocol.FormatSafetensors {
		return nil, fmt.Errorf("load: format %q is not supported, only %q", request.Format, protocol.FormatSafetensors)
	}
	text, err := os.ReadFile(request.Path)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	loaded, err := model.FromSafetensors(request.Architecture, text)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return loaded, nil
}

type predictor struct {
	model *model.Model
	*model.Predictor
}

func (p *predictor) Parameters() int { return p.model.Architecture.Parameters() }
func (p *predictor) Inputs() int     { return p.model.Architecture.Inputs() }
func (p *predictor) Outputs() int    { return p.model.Architecture.Outputs() }

func (p *predictor) Scores(dst, x []float32) { p.Predictor.Scores(dst, x) }
