// Package testtier says which tests run when. There are three tiers:
//
//   - `go test ./...` runs within minutes on two cores, needs nothing installed, and has
//     no verdict that depends on what else the machine does.
//   - The gate, .ci/run, sets CUPEL_REQUIRE=all. It also runs the tests that start real
//     engines, kill runs, fill disks or take long, and a test that lacks something fails
//     there.
//   - The scripts .ci/corpus, .ci/soak and .ci/calibrate measure on a machine of their
//     own. They are started by hand before a change of rules is called done.
package testtier

import (
	"os"
	"testing"
)

const variable = "CUPEL_REQUIRE"

// InGate reports whether the gate runs the tests.
func InGate() bool { return os.Getenv(variable) == "all" }

// Gate skips the test outside the gate.
func Gate(t testing.TB) {
	t.Helper()
	if !InGate() {
		t.Skipf("only with %s=all", variable)
	}
}

// Lacks skips a test for which the machine lacks something. In the gate it fails the
// test.
func Lacks(t testing.TB, reason string) {
	t.Helper()
	if InGate() {
		t.Fatal(reason)
	}
	t.Skip(reason)
}
