package launch_test

// This file tests that a contender does nothing between its turns.

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/procfs"

	"cupel/internal/fake"
	"cupel/internal/launch"
)

// states returns the states of all threads of a process, as the kernel's letters.
func states(t *testing.T, process int) string {
	t.Helper()
	threads, err := procfs.AllThreads(process)
	if err != nil {
		t.Fatal(err)
	}
	var letters strings.Builder
	for _, thread := range threads {
		stat, err := thread.Stat()
		if err != nil {
			continue // It has ended meanwhile.
		}
		letters.WriteString(stat.State)
	}
	return letters.String()
}

// allStopped reports whether all threads are in a stopped state.
func allStopped(states string) bool { return states != "" && strings.Trim(states, "T") == "" }

// groupOf lists the processes of a process group, without its leader.
func groupOf(t *testing.T, leader int) (members []int) {
	t.Helper()
	processes, err := procfs.AllProcs()
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range processes {
		if stat, err := process.Stat(); err == nil && stat.PGRP == leader && process.PID != leader {
			members = append(members, process.PID)
		}
	}
	return members
}

// eventually waits for something that the kernel does in its own time.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Duration(patience)); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

// asked is a contender that has a model and answers.
func asked(t *testing.T, behaviour fake.Behaviour) (*launch.Launch, func() error) {
	t.Helper()
	process, _ := start(t, behaviour, patience)
	load, infer := files(t)
	if _, err := process.Hello(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := process.Load(t.Context(), load); err != nil {
		t.Fatal(err)
	}
	return process, func() error {
		_, _, err := process.Infer(t.Context(), infer, 2)
		return err
	}
}

func TestPauseStopsAllThreads(t *testing.T) {
	process, infer := asked(t, fake.Honest)
	if got := states(t, process.PID()); len(got) < 2 || allStopped(got) {
		t.Fatalf("threads %q before the pause, so this test shows nothing", got)
	}
	// Repeated, because the threads are in another state each time.
	for range 20 {
		if err := process.Pause(); err != nil {
			t.Fatal(err)
		}
		// Checked at once: the next contender's turn would begin here.
		if got := states(t, process.PID()); !allStopped(got) {
			t.Fatalf("threads %q after the pause", got)
		}
		if err := process.Resume(); err != nil {
			t.Fatal(err)
		}
		if err := infer(); err != nil {
			t.Fatal(err)
		}
	}
	if err := process.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestPauseMayComeTwice(t *testing.T) {
	process, infer := asked(t, fake.Honest)
	for range 2 {
		if err := process.Pause(); err != nil {
			t.Fatal(err)
		}
	}
	if err := process.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := infer(); err != nil {
		t.Fatal(err)
	}
}

func TestPauseStopsTheGroup(t *testing.T) {
	process, infer := asked(t, fake.ForkChild)
	children := groupOf(t, process.PID())
	if len(children) != 1 {
		t.Fatalf("the group has the children %v, so this test shows nothing", children)
	}
	if err := process.Pause(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child stops", func() bool { return allStopped(states(t, children[0])) })
	if err := process.Resume(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child goes on", func() bool { return !strings.Contains(states(t, children[0]), "T") })
	if err := infer(); err != nil {
		t.Fatal(err)
	}
}

func TestARequestToAStoppedContenderWaitsForItsTurn(t *testing.T) {
	process, infer := asked(t, fake.Honest)
	if err := process.Pause(); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() { answered <- infer() }()
	select {
	case err := <-answered:
		t.Fatalf("a stopped contender answered: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if err := process.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func TestAStoppedContenderIsEnded(t *testing.T) {
	process, _ := asked(t, fake.ForkChild)
	children := groupOf(t, process.PID())
	if err := process.Pause(); err != nil {
		t.Fatal(err)
	}
	if exit := process.End(); exit.Leftovers != 1 {
		t.Errorf("%d leftovers, want the child", exit.Leftovers)
	}
	for _, id := range append(children, process.PID()) {
		if alive(id) {
			t.Errorf("process %d is still there", id)
		}
	}
}

// A thread that waits for its vforked child does not stop. The contender is ended, and
// the harness goes on.
func TestAContenderThatDoesNotStopIsEnded(t *testing.T) {
	process, infer := asked(t, fake.HalfAChild)
	if err := infer(); err != nil {
		t.Fatal(err)
	}
	children := groupOf(t, process.PID())
	if len(children) != 1 {
		t.Fatalf("the group has the children %v, so this test shows nothing", children)
	}
	err := process.Pause()
	if failure := new(launch.Failure); !errors.As(err, &failure) || !strings.HasPrefix(failure.Reason, "cannot be stopped: still running ") {
		t.Fatalf("failure %v", err)
	}
	process.End()
	for _, id := range append(children, process.PID()) {
		eventually(t, "it is gone", func() bool { return !alive(id) })
	}
}

func TestWhatHasEndedCannotBeStopped(t *testing.T) {
	process, infer := asked(t, fake.KilledAtInfer)
	if err := infer(); err == nil {
		t.Fatal("a contender that was killed answered")
	}
	process.End()
	for _, step := range []func() error{process.Pause, process.Resume} {
		if failure := new(launch.Failure); !errors.As(step(), &failure) || !strings.HasPrefix(failure.Reason, "cannot be ") {
			t.Errorf("failure %+v", failure)
		}
	}
}

// A planted stop lengthens the current burst by at least its own length, by the
// contender's clock and by the harness's.
func TestAPlantedStopShowsInBothClocks(t *testing.T) {
	process, _ := asked(t, fake.Honest)
	_, request := files(t)
	const length, enough = 250 * time.Millisecond, 30 * time.Millisecond
	unstopped := func() time.Duration {
		reply, _, err := process.Infer(t.Context(), request, 2)
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(reply.ElapsedNanoseconds)
	}
	// The burst is so long that the stop falls into it, unless the harness oversleeps.
	for request.Want = false; unstopped() < enough; request.Calls *= 2 {
	}
	for range 20 {
		plain := unstopped()
		reply, outer, err := process.InferStalled(t.Context(), request, 2, time.Millisecond, length)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(states(t, process.PID()), "T") {
			t.Fatal("the stop is not over")
		}
		if elapsed := time.Duration(reply.ElapsedNanoseconds); plain < length/2 && elapsed >= length && outer >= elapsed {
			return
		}
	}
	t.Errorf("in no burst of some %v did a stop of %v show", enough, length)
}

// A stop that is planned for a time after the reply does not happen. Otherwise a
// contender that claims calls of hours would delay the run for as long.
func TestAStopAfterTheReplyIsNone(t *testing.T) {
	process, _ := asked(t, fake.Honest)
	_, request := files(t)
	done := make(chan error, 1)
	go func() {
		_, _, err := process.InferStalled(t.Context(), request, 2, 24*time.Hour, time.Hour)
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the harness waits for a stop that it planned, and has its reply")
	}
	if strings.Contains(states(t, process.PID()), "T") {
		t.Error("it was stopped")
	}
}
