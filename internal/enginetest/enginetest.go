// Package enginetest lets tests use the engines that are installed on the
// machine: a test never installs one.
package enginetest

import (
	"os"
	"testing"

	"cupel/engines"
	"cupel/internal/provision"
)

// Require returns the installed engine of that name. Where it is not installed
// the test is skipped with the reason, or fails if CUPEL_REQUIRE is "all". That asks
// for what can be installed: an engine that needs a GPU is skipped without one.
func Require(t *testing.T, name string) provision.Installed {
	t.Helper()
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
		Lacks(t, err.Error())
	}
	return installed
}

// Lacks skips a test for what the machine has not got, or fails it if CUPEL_REQUIRE is
// "all".
func Lacks(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CUPEL_REQUIRE") == "all" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}
