package main

// This file tests README's command about the example with the built program. A test
// binary has no build information, which audits need to know the modules.

import (
	"os/exec"
	"strings"
	"testing"
)

func TestTheExampleIsIntact(t *testing.T) {
	text, err := exec.Command("go", "run", ".", "verify", "../../examples/mnist-logreg").CombinedOutput()
	if err != nil || !strings.Contains(string(text), "verdict  intact: ") {
		t.Errorf("error %v\n%s", err, text)
	}
}
