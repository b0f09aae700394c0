package measure

// This file looks closely at processes and machine between bursts.

import (
	"os"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/observe"
)

// witness looks closely. What can't be seen is left out: no measurement fails for
// the want of it.
type witness interface {
	account(process int) (observe.Account, error)
	// wait is how long the calling thread of the harness has waited for a CPU so far.
	wait() (time.Duration, error)
	inspect(process int) (evidence.Inspection, error)
	closure(process int, scan func(path string) bool) (evidence.Closure, error)
	executable(process int) (string, error)
	identity() evidence.MachineIdentity
	processors(cpus []int) []evidence.Processor
	clocks() evidence.Clocks
	memory() evidence.Memory
	compilers() []string
}

// eyes are the real ones.
type eyes struct{ digests *observe.Digests }

func (eyes) account(process int) (observe.Account, error)     { return observe.TakeAccount(process) }
func (eyes) wait() (time.Duration, error)                     { return observe.ThreadWait() }
func (eyes) inspect(process int) (evidence.Inspection, error) { return observe.Inspect(process) }
func (e eyes) closure(process int, scan func(string) bool) (evidence.Closure, error) {
	return e.digests.Closure(process, scan)
}
func (e eyes) executable(process int) (string, error)   { return e.digests.Executable(process) }
func (eyes) identity() evidence.MachineIdentity         { return observe.Identify() }
func (eyes) processors(cpus []int) []evidence.Processor { return observe.Processors(cpus) }
func (eyes) clocks() evidence.Clocks                    { return observe.ReadClocks() }
func (eyes) memory() evidence.Memory                    { return observe.ReadMemory() }
func (eyes) compilers() []string                        { return observe.Compilers() }

// cycleReadings is how often the cycle is timed at a time.
const cycleReadings = 9

func (c *cell) readCycles() []float64 {
	readings := make([]float64, cycleReadings)
	for i := range readings {
		readings[i] = c.core.cycle()
	}
	return readings
}

// noteMachine writes down which machine this is and how it stands.
func (c *cell) noteMachine(replicate int, last bool) error {
	w := c.run.outside.witness
	return ours(c.run.Bundle.Note(evidence.Machine{
		Time: c.run.outside.now(), Replicate: replicate, Last: last, Identity: w.identity(), Clocks: w.clocks(), Memory: w.memory(),
		Processors: w.processors(c.cpus), CycleNanoseconds: c.readCycles(),
	}))
}

// look takes a close look at the launch's process, which is stopped.
func (a *attempt) look(moment evidence.Moment) error {
	if a.cell.plan.Probes.FixedRows == 0 {
		return nil
	}
	w, process := a.cell.run.outside.witness, a.process.PID()
	seen, err := w.inspect(process)
	if err != nil {
		return nil
	}
	seen.Launch, seen.Contender, seen.Moment = a.number, a.contender.Name, moment
	if moment != evidence.MomentLoaded {
		// These do not change while a process lives, or were given to it.
		seen.Environment, seen.Limits = nil, nil
	}
	if executable, err := w.executable(process); err == nil {
		seen.Executable = executable
	}
	if a.loaded != nil {
		if text, err := os.ReadFile(a.loaded.Files[a.format]); err == nil {
			seen.WeightsSHA256 = digest(text)
		}
	}
	if moment == evidence.MomentLast {
		if seen.Closure, err = a.noteClosure(); err != nil {
			return err
		}
	}
	a.redact(&seen)
	return ours(a.cell.run.Bundle.Note(seen))
}

func (a *attempt) redact(seen *evidence.Inspection) {
	for i, path := range seen.OpenFiles {
		seen.OpenFiles[i] = a.cell.run.Redact(path)
	}
	for i, mapping := range seen.Unfiled {
		seen.Unfiled[i].Name = a.cell.run.Redact(mapping.Name)
	}
	for i, variable := range seen.Environment {
		if variable.Value != nil {
			seen.Environment[i].Value = pointer(a.cell.run.Redact(*variable.Value))
		}
	}
}

// noteClosure digests the files of code that the process has mapped, writes them
// down where no launch had the same before, and returns their digest.
func (a *attempt) noteClosure() (string, error) {
	origin := func(path string) (evidence.Origin, string) {
		if a.cell.run.Origin == nil {
			return evidence.OriginUnknown, ""
		}
		return a.cell.run.Origin(a.contender.Name, path)
	}
	closure, err := a.cell.run.outside.witness.closure(a.process.PID(), func(path string) bool {
		of, _ := origin(path)
		return of == evidence.OriginBuild || of == evidence.OriginUnknown
	})
	if err != nil {
		return "", nil
	}
	for i := range closure.Files {
		file := &closure.Files[i]
		file.Origin, file.Package = origin(file.Path)
		file.Path = a.cell.run.Redact(file.Path)
	}
	closure.Contender, closure.Launch, closure.SHA256 = a.contender.Name, a.number, closure.Digest()
	if a.cell.run.closures[closure.SHA256] {
		return closure.SHA256, nil
	}
	a.cell.run.closures[closure.SHA256] = true
	return closure.SHA256, ours(a.cell.run.Bundle.Note(closure))
}

// blockWatch is what is kept of a block of rounds from its start.
type blockWatch struct {
	clocks   evidence.Clocks
	accounts map[int]observe.Account
}

func (r *replicate) openWatch() blockWatch {
	watch := blockWatch{clocks: r.cell.run.outside.witness.clocks(), accounts: map[int]observe.Account{}}
	for _, a := range r.launches {
		if !a.finished() {
			continue
		}
		if account, err := r.cell.run.outside.witness.account(a.process.PID()); err == nil {
			watch.accounts[a.number] = account
		}
	}
	return watch
}

func (b blockWatch) close(r *replicate) *evidence.BlockWatch {
	w := r.cell.run.outside.witness
	row := &evidence.BlockWatch{
		Before: b.clocks, After: w.clocks(), Memory: w.memory(), CycleNanoseconds: r.cell.readCycles(), Compilers: w.compilers(),
		Waits: []evidence.LaunchWait{},
	}
	for _, a := range r.launches {
		before, opened := b.accounts[a.number]
		if !opened || !a.finished() {
			continue
		}
		if after, err := w.account(a.process.PID()); err == nil {
			row.Waits = append(row.Waits, evidence.LaunchWait{Launch: a.number, WaitNanoseconds: observe.WaitBetween(before, after)})
		}
	}
	return row
}
