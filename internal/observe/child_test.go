package observe

// This file holds the child processes of the tests: this test binary again.

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// What a child does before it says that it is ready and waits for the end of its
// input.
const (
	childSleeps = "sleep"
	// childBurns uses 300 ms of CPU time.
	childBurns = "burn"
	// childForks starts a child that burns.
	childForks = "fork"
)

const burnt = 300 * time.Millisecond

func TestMain(m *testing.M) {
	switch behaviour := os.Getenv("OBSERVE_CHILD"); behaviour {
	case "":
		os.Exit(m.Run())
	case childBurns:
		for cpuTime() < burnt {
		}
	case childForks:
		if _, err := startChild(childBurns); err != nil {
			panic(err)
		}
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// child starts a child and returns its id when it is ready. It ends with the test.
func child(t *testing.T, behaviour string) int {
	t.Helper()
	command, err := startChild(behaviour)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	return command.Process.Pid
}

func startChild(behaviour string) (*exec.Cmd, error) {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "OBSERVE_CHILD="+behaviour)
	if _, err := command.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		return nil, fmt.Errorf("the child said %q: %w", line, err)
	}
	return command, nil
}
