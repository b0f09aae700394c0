package measure

// This file takes the kernel's accounts of machine and processes, over blocks of
// rounds and over the run.

import (
	"os"
	"slices"

	"cupel/internal/evidence"
	"cupel/internal/observe"
)

// accountant asks the kernel. An account that can't be had leaves its place empty:
// no measurement fails for the want of one.
type accountant interface {
	machine() (evidence.MachineSnapshot, error)
	process(id int) (evidence.ProcessSnapshot, error)
	details(id int) (evidence.ProcessDetails, error)
	stopped(id int) (bool, error)
}

type kernel struct{}

func (kernel) machine() (evidence.MachineSnapshot, error)       { return observe.Machine() }
func (kernel) process(id int) (evidence.ProcessSnapshot, error) { return observe.Process(id) }
func (kernel) details(id int) (evidence.ProcessDetails, error)  { return observe.Details(id) }
func (kernel) stopped(id int) (bool, error)                     { return observe.Stopped(id) }

// blockRounds is how many rounds an account covers.
const blockRounds = 100

// block is an account that is open.
type block struct {
	run       *Run
	launches  []*attempt
	replicate int
	first     int
	machine   *evidence.MachineSnapshot
	processes map[int]evidence.ProcessSnapshot
	watch     blockWatch
}

// openBlock begins an account before a round.
func (r *Run) openBlock(launches []*attempt, replicate, first int) *block {
	b := &block{run: r, launches: launches, replicate: replicate, first: first, processes: map[int]evidence.ProcessSnapshot{}}
	if snapshot, err := r.outside.kernel.machine(); err == nil {
		b.machine = &snapshot
	}
	for _, a := range launches {
		if !a.finished() {
			continue
		}
		if snapshot, err := r.outside.kernel.process(a.process.PID()); err == nil {
			b.processes[a.number] = snapshot
		}
	}
	b.watch = r.openWatch(launches)
	return b
}

// close ends an account after a round and writes it down.
func (b *block) close(last int) error {
	kernel := b.run.outside.kernel
	began := b.run.outside.now()
	row := evidence.Block{Cell: b.run.cell, Replicate: b.replicate, FirstRound: b.first, LastRound: last, Processes: []evidence.LaunchProcess{}}
	known := []int{os.Getpid()}
	for _, a := range b.launches {
		before, opened := b.processes[a.number]
		if !opened || !a.finished() {
			continue
		}
		known = append(known, a.process.PID())
		after, err := kernel.process(a.process.PID())
		if err != nil {
			continue
		}
		stopped, err := kernel.stopped(a.process.PID())
		row.Processes = append(row.Processes, evidence.LaunchProcess{
			Launch: a.number, Contender: a.contender.Name, Use: observe.Between(before, after),
			Stopped: stopped && err == nil, AllowedCPUs: after.AllowedCPUs,
		})
	}
	if after, err := kernel.machine(); err == nil && b.machine != nil {
		use := observe.MachineBetween(*b.machine, after, known...)
		row.Machine = &use
		stolen := b.run.stolen(use)
		for _, a := range b.launches {
			a.stolen += stolen
			if use.Pressure != nil {
				a.pressed += use.Pressure.CPU.SomeNanoseconds
			}
			a.accounted += use.WallNanoseconds
		}
	}
	row.Watch = b.watch.close(b.run, b.launches)
	row.AccountNanoseconds = b.run.outside.now().Sub(began).Nanoseconds()
	return ours(b.run.Bundle.ObserveBlock(row))
}

// stolen is what the host took of the contenders' cores, in nanoseconds of one
// core.
func (r *Run) stolen(use evidence.MachineUse) int64 {
	total, cores := int64(0), int64(0)
	for _, cpu := range use.CPUs {
		if len(r.CPUs) == 0 || slices.Contains(r.CPUs, cpu.Number) {
			total += cpu.StealNanoseconds
			cores++
		}
	}
	return total / max(cores, 1)
}

// disturbances says what the machine did besides since before.
func (r *Run) disturbances(before evidence.MachineSnapshot) []string {
	after, err := r.outside.kernel.machine()
	if err != nil {
		return nil
	}
	return observe.Disturbances(observe.MachineBetween(before, after, os.Getpid()), r.CPUs...)
}
