// Package goengines puts the Go engines' implementations beside their records.
//
// They can't stand in the records themselves: an implementation imports what serves
// contenders, and the records are below that. A test holds the two against each other.
package goengines

import (
	goengine "cupel/engines/go"
	"cupel/engines/gonum"
	"cupel/internal/contender"
)

// implementations are by the name in the engine's record.
var implementations = map[string]contender.Engine{
	"go":    goengine.Engine{},
	"gonum": gonum.Engine{},
}

// Lookup returns the implementation of a Go engine.
func Lookup(name string) (contender.Engine, bool) {
	engine, known := implementations[name]
	return engine, known
}
