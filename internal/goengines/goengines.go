// Package goengines maps the Go engines' records to their implementations.
//
// The records themselves cannot hold the implementations: an implementation imports
// packages that import the records. A test compares the two lists.
package goengines

import (
	goengine "cupel/engines/go"
	"cupel/engines/gonum"
	"cupel/internal/contender"
)

// implementations are keyed by the name in the engine's record.
var implementations = map[string]contender.Engine{
	"go":    goengine.Engine{},
	"gonum": gonum.Engine{},
}

// Lookup returns the implementation of a Go engine.
func Lookup(name string) (contender.Engine, bool) {
	engine, known := implementations[name]
	return engine, known
}
