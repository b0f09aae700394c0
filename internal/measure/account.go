package measure

// This file takes the kernel's accounts of machine and processes, over blocks of
// rounds and over the run.

import (
	"os"
	"slices"
	"time"

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
	replicate *replicate
	first     int
	machine   *evidence.MachineSnapshot
	processes map[int]evidence.ProcessSnapshot
	watch     blockWatch
	// opening is what opening it took.
	opening time.Duration
}

// openBlock begins an account before a round.
func (r *replicate) openBlock(first int) *block {
	began := r.cell.run.outside.now()
	b := &block{replicate: r, first: first, processes: map[int]evidence.ProcessSnapshot{}}
	if snapshot, err := r.cell.run.outside.kernel.machine(); err == nil {
		b.machine = &snapshot
	}
	for _, a := range r.launches {
		if !a.finished() {
			continue
		}
		if snapshot, err := r.cell.run.outside.kernel.process(a.process.PID()); err == nil {
			b.processes[a.number] = snapshot
		}
	}
	b.watch = r.openWatch()
	b.opening = r.cell.run.outside.now().Sub(began)
	return b
}

// close ends an account after a round and writes it down.
func (b *block) close(last int) error {
	cell, run := b.replicate.cell, b.replicate.cell.run
	kernel := run.outside.kernel
	began := run.outside.now()
	row := evidence.Block{Cell: cell.name, Replicate: b.replicate.number, FirstRound: b.first, LastRound: last, Processes: []evidence.LaunchProcess{}}
	known := []int{os.Getpid()}
	own := b.processIDs()
	for _, a := range b.replicate.launches {
		before, opened := b.processes[a.number]
		if !opened || !a.finished() {
			continue
		}
		known = append(known, a.process.PID())
		after, err := kernel.process(a.process.PID())
		if err != nil {
			continue
		}
		for _, descendant := range after.Descendants {
			own = append(own, descendant.Process)
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
		run.addOthers(use.Busiest, own)
		stolen := cell.stolen(use)
		for _, a := range b.replicate.launches {
			a.stolen += stolen
			if use.Pressure != nil {
				a.pressed += use.Pressure.CPU.SomeNanoseconds
			}
			a.accounted += use.WallNanoseconds
		}
	}
	row.Watch = b.watch.close(b.replicate)
	row.AccountNanoseconds = (b.opening + run.outside.now().Sub(began)).Nanoseconds()
	return ours(run.Bundle.ObserveBlock(row))
}

// stolen is what the host took of the contenders' cores, in nanoseconds of one
// core.
func (c *cell) stolen(use evidence.MachineUse) int64 {
	total, cores := int64(0), int64(0)
	for _, cpu := range use.CPUs {
		if len(c.cpus) == 0 || slices.Contains(c.cpus, cpu.Number) {
			total += cpu.StealNanoseconds
			cores++
		}
	}
	return total / max(cores, 1)
}

// processIDs are those of all launches, of which one that has failed is there still.
func (b *block) processIDs() []int {
	var ids []int
	for _, a := range b.replicate.launches {
		if a.process != nil {
			ids = append(ids, a.process.PID())
		}
	}
	return ids
}

// addOthers adds up what the busiest of a block used, the run's own apart: what ends
// before the run does is in no snapshot at its end.
func (r *Run) addOthers(busiest []evidence.ProcessTime, own []int) {
	strangers := slices.DeleteFunc(slices.Clone(busiest), func(p evidence.ProcessTime) bool { return slices.Contains(own, p.Process) })
	r.others = observe.AddUse(r.others, strangers)
}

// Disturbances says what the machine did besides since the run began to measure:
// nothing where it has not, and where the kernel does not tell.
func (r *Run) Disturbances() []string {
	if r.atStart == nil {
		return nil
	}
	after, err := r.outside.kernel.machine()
	if err != nil {
		return nil
	}
	use := observe.MachineBetween(*r.atStart, after, os.Getpid())
	return observe.Disturbances(observe.WithParts(use, r.others), r.CPUs...)
}
