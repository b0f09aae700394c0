package verify

// This file tells what a bundle's plan says of the built-in engines. No name of an
// engine of today stands here: the plan has what the run knew.

import "slices"

// engine is a built-in engine as a plan has it.
type engine struct {
	Name        string `json:"name"`
	Interpreted bool   `json:"interpreted"`
}

// engine returns what the run knew of a built-in engine, or nil where there was none of
// that name.
func (p plan) engine(name string) *engine {
	known := p.Engines
	if len(known) == 0 {
		known = unwritten
	}
	at := slices.IndexFunc(known, func(e engine) bool { return e.Name == name })
	if at < 0 {
		return nil
	}
	return &known[at]
}

// unwritten are the engines that there were until plans wrote them down, on 2026-12-01.
// It is frozen: a newer engine is in the plans of its runs.
var unwritten = []engine{
	{"go", false}, {"gonum", false}, {"aprender", false}, {"aprender-core", false},
	{"pytorch", true}, {"onnxruntime", true}, {"numpy", true}, {"scikit-learn", true},
	{"pytorch-compile", true}, {"pytorch-cuda", true},
}
