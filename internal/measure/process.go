package measure

// This file holds what a run needs of the outside: processes, the kernel's
// accounts and the canary. Tests put scripts in their place.

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

// process is one launched contender.
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
	canary func() time.Duration
	kernel accountant
	// witness looks at processes and machine more closely than the accounts do.
	witness witness
	// cycle is what one cycle of the contenders' core takes, in nanoseconds.
	cycle func() float64
	// wake makes the contenders' core work for a moment.
	wake func()
	// spread does work on all cores, the contenders' too.
	spread func(work func())
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
