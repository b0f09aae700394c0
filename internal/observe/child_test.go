package observe

// This file holds the child processes of the tests. Each is this test binary, started
// again.

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// What a child does before it reports that it is ready. It then waits for the end of
// its input.
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
	default:
		misbehave(behaviour)
	}
	fmt.Println("ready")
	onRequest(os.Getenv("OBSERVE_CHILD"), os.Stdin)
}

// child starts a child process and returns its id when it is ready. The child ends with
// the test.
func child(t *testing.T, behaviour string) int {
	t.Helper()
	process, _ := talker(t, behaviour)
	return process
}

// talker starts a child process. It returns the process's id and a function that lets
// it work on one request.
func talker(t *testing.T, behaviour string, env ...string) (process int, ask func()) {
	t.Helper()
	command, talk, err := startTalker(behaviour, env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	return command.Process.Pid, func() {
		if err := talk("go\n", "done\n"); err != nil {
			t.Fatal(err)
		}
	}
}

func startChild(behaviour string) (*exec.Cmd, error) {
	command, _, err := startTalker(behaviour)
	return command, err
}

func startTalker(behaviour string, env ...string) (command *exec.Cmd, talk func(say, hear string) error, err error) {
	command = exec.Command(os.Args[0])
	command.Env = append(append(os.Environ(), env...), "OBSERVE_CHILD="+behaviour)
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	lines := bufio.NewReader(stdout)
	talk = func(say, hear string) error {
		if _, err := io.WriteString(stdin, say); err != nil {
			return err
		}
		if line, err := lines.ReadString('\n'); line != hear {
			return fmt.Errorf("the child said %q: %w", line, err)
		}
		return nil
	}
	return command, talk, talk("", "ready\n")
}

// onRequest works on requests until the end of the input.
func onRequest(behaviour string, in io.Reader) {
	lines := bufio.NewReader(in)
	for {
		if _, err := lines.ReadString('\n'); err != nil {
			return
		}
		work(behaviour)
		fmt.Println("done")
	}
}
