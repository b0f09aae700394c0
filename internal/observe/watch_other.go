//go:build !linux

package observe

// This file reports that accounts, inspections and digests need Linux.

import "cupel/internal/evidence"

// TakeAccount fails: it needs Linux.
func TakeAccount(int) (Account, error) { return Account{}, unobserved("account of a process") }

// Inspect fails: it needs Linux.
func Inspect(int) (evidence.Inspection, error) {
	return evidence.Inspection{}, unobserved("look at a process")
}

// DescribeVariable returns the variable's name only.
func DescribeVariable(name, _ string) evidence.Variable { return evidence.Variable{Name: name} }

// Identify returns an empty identity on this system.
func Identify() evidence.MachineIdentity { return evidence.MachineIdentity{} }

// Processors returns nothing on this system.
func Processors([]int) []evidence.Processor { return nil }

// ReadClocks returns no times on this system.
func ReadClocks() evidence.Clocks { return evidence.Clocks{} }

// ReadMemory returns no sizes on this system.
func ReadMemory() evidence.Memory { return evidence.Memory{} }

// Compilers returns nothing on this system.
func Compilers() []string { return nil }

// Digests is empty on this system.
type Digests struct{}

// NewDigests returns an empty collection.
func NewDigests() *Digests { return &Digests{} }

// Of fails: it needs Linux.
func (d *Digests) Of(string) (string, int64, error) { return "", 0, unobserved("digest") }

// Executable fails: it needs Linux.
func (d *Digests) Executable(int) (string, error) { return "", unobserved("executable of a process") }

// Closure fails: it needs Linux.
func (d *Digests) Closure(int, func(string) bool) (evidence.Closure, error) {
	return evidence.Closure{}, unobserved("files of code of a process")
}
