package sandbox

// This file tests what holds on every system.

import (
	"path/filepath"
	"slices"
	"testing"
)

// A system without means of confinement has no stage: the contender's program is started
// itself, and the summary says that nothing confines it.
func TestWithoutSupportTheContenderStartsAsItIs(t *testing.T) {
	box, command, scratch := &Sandbox{unsupported: true}, []string{"./engine", "run"}, t.TempDir()
	if _, err := box.Confine(Policy{Scratch: scratch}, []string{filepath.Join(scratch, "missing")}); err == nil {
		t.Error("a program that is not there can be confined")
	}
	confined, err := box.Confine(Policy{Scratch: scratch}, command)
	if err != nil || !slices.Equal(confined.Command, command) || confined.Attributes != nil || !slices.Equal(confined.Env, []string{"TMPDIR=" + scratch}) {
		t.Errorf("%+v, %v", confined, err)
	}
	if got, want := box.Summary(), "none: this machine offers no means of it"; box.Stages() || got != want {
		t.Errorf("stages: %v; %q", box.Stages(), got)
	}
}
