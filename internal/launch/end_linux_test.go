package launch

// This file tests which processes are ended with a launch.

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cupel/internal/suite"
)

// The kernel reuses the id of a process that has ended and been reaped. A process of
// another program stands for the one that gets the id.
func TestEndSparesAnotherProcessWithTheIDOfOneThatHasEnded(t *testing.T) {
	limit := suite.Duration(30 * time.Second)
	l, err := Start(Spec{Contender: "brief", Command: []string{"true"}, Threads: 1, Limits: suite.Limits{Quit: limit}})
	if err != nil {
		t.Fatal(err)
	}
	<-l.exited
	stranger := exec.Command("sleep", "60")
	// As the leader of a group its id is also its group's id, as a contender's is.
	stranger.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	id := stranger.Process.Pid
	// The process is no orphan that the harness has adopted.
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

// briefly makes a launch and ends it.
func briefly(t *testing.T) Exit {
	t.Helper()
	l, err := Start(Spec{Contender: "brief", Command: []string{"true"}, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	<-l.exited
	return l.End()
}

// A process that an installer leaves running between two launches becomes this
// process's child, like a contender's orphan. It belongs to no contender.
func TestEndSparesWhatWasLeftRunningBetweenLaunches(t *testing.T) {
	briefly(t)
	text, err := exec.Command("sh", "-c", "setsid sleep 60 >/dev/null 2>&1 & echo $!").Output()
	if err != nil {
		t.Fatal(err)
	}
	daemon, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(daemon, syscall.SIGKILL)
		_, _ = unix.Wait4(daemon, nil, 0, nil)
	}()
	if exit := briefly(t); exit.Leftovers != 0 {
		t.Errorf("%d leftovers of a process that left none", exit.Leftovers)
	}
	var state unix.WaitStatus
	if reaped, err := unix.Wait4(daemon, &state, unix.WNOHANG, nil); err != nil || reaped != 0 {
		t.Errorf("what was left running is not this process's child, or has ended: %v, %v", state, err)
	}
}

// A process that outlives its launch because the kernel did not end it still counts as
// the contender's.
func TestASurvivorOfALaunchStaysTheContenders(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
	id := child.Process.Pid
	lookAround()
	if !before[id] {
		t.Errorf("the child %d is not among %v", id, before)
	}
	survivors.Store(id, true)
	defer survivors.Delete(id)
	if lookAround(); before[id] {
		t.Error("a survivor is spared")
	}
}

// A signal to the group of no process would reach process 1.
func TestTheGroupOfNoProcessIsNotKilled(t *testing.T) {
	defer func() { kill = unix.Kill }()
	var killed []int
	kill = func(id int, _ syscall.Signal) error { killed = append(killed, id); return nil }
	killGroup(noProcess)
	killGroup(77)
	if len(killed) != 1 || killed[0] != -77 {
		t.Errorf("signals to %v", killed)
	}
}

// The contender is at fault only where its program cannot be run.
func TestOnlyAProgramThatCantBeRunIsAFailure(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct {
		name  string
		spec  Spec
		fault bool
	}{
		{"no program", Spec{Command: []string{filepath.Join(dir, "none")}}, true},
		{"no program in the PATH", Spec{Command: []string{"there-is-no-such-engine"}}, true},
		{"a program of another machine", Spec{Command: []string{write("elf", "\x7fELF and no more", 0o755)}}, true},
		{"a program that may not be run", Spec{Command: []string{write("plain", "#!/bin/sh\n", 0o644)}}, true},
		{"an interpreter that is not there", Spec{Command: []string{write("script", "#!/none/sh\n", 0o755)}}, true},
		{"a log that can't be written", Spec{Command: []string{"true"}, Log: filepath.Join(dir, "none", "log")}, false},
		{"a CPU that is not there", Spec{Command: []string{"true"}, CPUs: []int{1023}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.spec.Contender = "a"
			_, err := Start(test.spec)
			if failure := new(Failure); err == nil || errors.As(err, &failure) != test.fault {
				t.Errorf("%T: %v", err, err)
			}
			if err == nil || !strings.Contains(err.Error(), "a") || !strings.Contains(err.Error(), "cannot be started") {
				t.Errorf("%v", err)
			}
		})
	}
	for lack, fault := range map[syscall.Errno]bool{syscall.EMFILE: false, syscall.EAGAIN: false, syscall.ENOMEM: false, syscall.ENOENT: true, syscall.ENOEXEC: true} {
		if got := contendersFault(&execError{&fs.PathError{Op: "fork/exec", Path: "engine", Err: lack}}); got != fault {
			t.Errorf("%v is the contender's: %v", lack, got)
		}
	}
	if contendersFault(os.NewSyscallError("pipe2", syscall.EMFILE)) {
		t.Error("pipes that can't be had are the contender's fault")
	}
}
