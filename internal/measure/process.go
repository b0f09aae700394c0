package measure

// This file holds what a run needs of the outside: processes, the kernel's accounts and
// the contenders' core. Tests put scripts in their place.

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
	"time"

	"cupel/internal/launch"
	"cupel/internal/observe"
	"cupel/internal/protocol"
)

// process is a contender that was started: what a run needs of launch.Launch, which
// speaks with it, and of the kernel.
type process interface {
	Hello(ctx context.Context) (protocol.Hello, error)
	Load(ctx context.Context, request protocol.LoadRequest) (protocol.Load, error)
	Infer(ctx context.Context, request protocol.InferRequest, outputs int) (protocol.Infer, time.Duration, error)
	InferStalled(ctx context.Context, request protocol.InferRequest, outputs int, after, length time.Duration) (protocol.Infer, time.Duration, error)
	Train(ctx context.Context, request protocol.TrainRequest) (protocol.Train, time.Duration, error)
	Pause() error
	Resume() error
	CPUClock() (time.Duration, error)
	// Pin gives the process and its descendants CPUs. That a process has gone which had
	// answered hello is a *launch.Failure; any other error is the harness's.
	Pin(cpus []int) error
	PeakResidentBytes() uint64
	PID() int
	Started() time.Time
	Quit(ctx context.Context) error
	End() launch.Exit
}

// outside is what a run has to do with beyond its own memory and its bundle.
type outside struct {
	start  func(spec launch.Spec) (process, error)
	now    func() time.Time
	kernel accountant
	// witness looks at processes and machine more closely than the accounts do.
	witness witness
	// core is the contenders' core on these CPUs, where the harness's own loop runs.
	core func(cpus []int) core
	// spread does work on these CPUs, wherever the kernel puts it where there are none.
	spread func(cpus []int, work func())
}

// core is what the harness does on the contenders' core itself.
type core interface {
	// time is what the canary takes now.
	time() time.Duration
	// wake makes the core work for a moment.
	wake()
	// cycle is what one cycle of it takes, in nanoseconds.
	cycle() float64
}

// realOutside is the outside of a run that is none of a test's.
func realOutside(digests *observe.Digests) outside {
	if digests == nil {
		digests = observe.NewDigests()
	}
	return outside{
		start: startProcess, now: time.Now, kernel: kernel{}, witness: eyes{digests},
		core: func(cpus []int) core { return startCanary(cpus) }, spread: spread,
	}
}

// spread does work on these CPUs. Where they can't be had, it takes longer.
func spread(cpus []int, work func()) {
	if len(cpus) > 0 {
		if restore, err := observe.PinSelf(cpus); err == nil {
			defer func() { _ = restore() }()
		}
	}
	work()
}

// realProcess is a launch with the kernel's clock of it.
type realProcess struct{ *launch.Launch }

func (p realProcess) CPUClock() (time.Duration, error) { return observe.CPUClock(p.PID()) }

// Pin implements process.
func (p realProcess) Pin(cpus []int) error {
	descendants, err := observe.Descendants(p.PID())
	if err == nil {
		err = observe.PinProcess(p.PID(), cpus)
	}
	if errors.Is(err, syscall.ESRCH) || errors.Is(err, fs.ErrNotExist) {
		return p.Exited(protocol.OpHello)
	}
	if err != nil {
		return err
	}
	for _, descendant := range descendants {
		// One that has ended meanwhile needs no CPU.
		_ = observe.PinProcess(descendant.Process, cpus)
	}
	return nil
}

func startProcess(spec launch.Spec) (process, error) {
	started, err := launch.Start(spec)
	if err != nil {
		return nil, err
	}
	return realProcess{started}, nil
}
