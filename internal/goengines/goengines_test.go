package goengines

// This file tests that every record of a Go engine has an implementation, and every
// implementation a record.

import (
	"testing"

	"cupel/engines"
)

func TestEveryGoEngineHasAnImplementation(t *testing.T) {
	recorded := map[string]bool{}
	for _, engine := range engines.OfLanguage(engines.Go) {
		recorded[engine.Name] = true
		if _, known := Lookup(engine.Name); !known {
			t.Errorf("the record of %s says that it is in Go; add its implementation to the map in goengines.go", engine.Name)
		}
	}
	for name := range implementations {
		if !recorded[name] {
			t.Errorf("the engine %s is implemented in Go; add its record to engines/records.go", name)
		}
	}
}
