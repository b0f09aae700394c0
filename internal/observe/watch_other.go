//go:build !linux

package observe

// This file says that processes and machines are not looked at closely, on systems
// other than Linux.

import "cupel/internal/evidence"

// TakeAccount fails: this system's processes are not observed.
func TakeAccount(int) (Account, error) { return Account{}, unobserved("account of a process") }

// Inspect fails: this system's processes are not observed.
func Inspect(int) (evidence.Inspection, error) {
	return evidence.Inspection{}, unobserved("look at a process")
}

// DescribeVariable tells a variable's name.
func DescribeVariable(name, _ string) evidence.Variable { return evidence.Variable{Name: name} }

// Identify tells nothing here.
func Identify() evidence.MachineIdentity { return evidence.MachineIdentity{} }

// Processors tells nothing here.
func Processors([]int) []evidence.Processor { return nil }

// ReadClocks tells nothing here.
func ReadClocks() evidence.Clocks { return evidence.Clocks{} }

// ReadMemory tells nothing here.
func ReadMemory() evidence.Memory { return evidence.Memory{} }

// Compilers tells nothing here.
func Compilers() []string { return nil }

// Digests keeps nothing here.
type Digests struct{}

// NewDigests returns an empty collection.
func NewDigests() *Digests { return &Digests{} }

// Of fails: files are not digested on this system.
func (d *Digests) Of(string) (string, int64, error) { return "", 0, unobserved("digest") }

// Executable fails: this system's processes are not observed.
func (d *Digests) Executable(int) (string, error) { return "", unobserved("executable of a process") }

// Closure fails: this system's processes are not observed.
func (d *Digests) Closure(int, func(string) bool) (evidence.Closure, error) {
	return evidence.Closure{}, unobserved("files of code of a process")
}
