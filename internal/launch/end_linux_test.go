package launch

// This file tests that ending a launch ends nobody else.

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cupel/internal/suite"
)

// The kernel gives the id of a process that has ended and been reaped to another one
// in time. A stranger's process stands for that one.
func TestEndSparesAnotherProcessWithTheIDOfOneThatHasEnded(t *testing.T) {
	limit := suite.Duration(30 * time.Second)
	l, err := Start(Spec{Contender: "brief", Command: []string{"true"}, Threads: 1, Limits: suite.Limits{Quit: limit}})
	if err != nil {
		t.Fatal(err)
	}
	<-l.exited
	stranger := exec.Command("sleep", "60")
	// As a leader of a group it has its own id for its group's, as a contender has.
	stranger.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	id := stranger.Process.Pid
	// Not an orphan that the harness has adopted.
	leaders.mutex.Lock()
	leaders.ids[id] = true
	leaders.mutex.Unlock()
	defer leaders.remove(id)
	own := l.command.Process.Pid
	l.command.Process = &os.Process{Pid: id}
	if exit := l.End(); exit.Leftovers != 0 {
		t.Errorf("%d leftovers of a process that left none", exit.Leftovers)
	}
	leaders.remove(own)
	if err := unix.Kill(id, 0); err != nil {
		t.Fatal(err)
	}
	var state unix.WaitStatus
	if reaped, err := unix.Wait4(id, &state, unix.WNOHANG, nil); err != nil || reaped != 0 {
		t.Errorf("the stranger's process has ended: %v, %v", state, err)
	}
	_ = stranger.Process.Kill()
	_ = stranger.Wait()
}
