package compare

// This file says how two machines differ.

import (
	"fmt"

	"cupel/internal/evidence"
)

// Machine says how the machine of one bundle stands to that of another.
type Machine string

// The kinds. A machine says of itself what it is, so SameMachine is a statement, and
// no proof; OtherMachine is one where the two do not fit.
const (
	// SameMachine: not started again between the two.
	SameMachine Machine = "the same"
	// LikeMachine: described alike, and perhaps the same one, started again.
	LikeMachine Machine = "the same or one like it"
	// OtherMachine: described otherwise.
	OtherMachine Machine = "another"
)

// Difference is one thing in which two environments differ.
type Difference struct {
	What  string `json:"what"`
	First string `json:"first"`
	This  string `json:"this"`
}

// environments compares two environments. What a machine is made of decides whether
// it is another one; what runs on it is listed.
func environments(first, this evidence.Environment) (Machine, []Difference) {
	differences := []Difference{}
	differs := func(what string, a, b any) bool {
		one, other := fmt.Sprint(a), fmt.Sprint(b)
		if one == other {
			return false
		}
		differences = append(differences, Difference{what, one, other})
		return true
	}
	other := false
	for _, made := range []struct {
		what string
		a, b any
	}{
		{"CPU", first.CPU, this.CPU}, {"cores", first.Cores, this.Cores}, {"architecture", first.Architecture, this.Architecture},
		{"memory bytes", first.MemoryBytes, this.MemoryBytes}, {"hypervisor", first.Hypervisor, this.Hypervisor},
	} {
		if differs(made.what, made.a, made.b) {
			other = true
		}
	}
	for _, runs := range []struct {
		what string
		a, b any
	}{
		{"kernel", first.Kernel, this.Kernel}, {"distribution", first.Distribution, this.Distribution},
		{"cupel", first.Cupel, this.Cupel}, {"Go", first.Go, this.Go}, {"confinement", first.Confinement, this.Confinement},
		{"governors", first.Machine.Governors, this.Machine.Governors}, {"turbo", first.Machine.Turbo, this.Machine.Turbo},
		{"hardware threads", first.Machine.HardwareThreads, this.Machine.HardwareThreads},
	} {
		differs(runs.what, runs.a, runs.b)
	}
	switch {
	case other:
		return OtherMachine, differences
	case first.Boot != "" && first.Boot == this.Boot:
		return SameMachine, differences
	default:
		return LikeMachine, differences
	}
}
