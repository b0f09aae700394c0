// Package enginetest gives tests of the gate the engines that are installed on the
// machine. A test never installs one.
package enginetest

import (
	"testing"

	"cupel/engines"
	"cupel/internal/provision"
	"cupel/internal/testtier"
)

// Require returns the installed engine of that name. Outside the gate it skips the
// test, installed or not, so that `go test ./...` has the same result on every machine.
// In the gate a missing engine fails the test. An engine that needs a GPU is skipped
// where there is none.
func Require(t *testing.T, name string) provision.Installed {
	t.Helper()
	testtier.Gate(t)
	engine, known := engines.Lookup(name)
	if !known {
		t.Fatalf("no engine is called %q", name)
	}
	if lacking := provision.Lacks(engine); lacking != nil && engine.Needs == engines.DeviceCUDA {
		t.Skip(lacking.Error())
	}
	provisioner, err := provision.New()
	if err != nil {
		t.Fatal(err)
	}
	installed, err := provisioner.Find(engine)
	if err != nil {
		t.Fatal(err)
	}
	return installed
}
