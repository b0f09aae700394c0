package main

// This file tests what a kill of the harness leaves behind, with real processes.

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"

	"cupel/internal/evidence"
	"cupel/internal/testtier"
)

const killSuite = `name = "small"
[workload]
kind = "inference"
model = "logistic-regression"
layers = [784, 2]
dataset = "mnist-synthetic"
seed = 42
[protocol]
warmup = 1
iterations = 20
launches = 2
precision = 0.9
budget = "10m"
[[contender]]
name = "go"
[[contender]]
name = "gonum"
[[claim]]
faster = "go"
than = "gonum"
`

// bench is a place to run cupel in. Its tests belong to the gate: they run the program
// repeatedly, kill it, and fill disks.
type bench struct {
	dir, binary string
	// mark is in the environment of every process that is started here.
	mark string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	testtier.Gate(t)
	b := &bench{dir: t.TempDir(), mark: fmt.Sprintf("CUPEL_KILL_TEST=%d-%d", os.Getpid(), time.Now().UnixNano())}
	b.binary = filepath.Join(b.dir, "cupel")
	if text, err := exec.Command("go", "build", "-o", b.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return b
}

func (b *bench) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// command prepares a command without starting it. Its output goes to log.
func (b *bench) command(log *bytes.Buffer, args ...string) *exec.Cmd {
	command := exec.Command(b.binary, args...)
	command.Dir = b.dir
	command.Env = append(os.Environ(), b.mark, "XDG_CACHE_HOME="+filepath.Join(b.dir, "cache"), "PATH="+b.dir+":"+os.Getenv("PATH"))
	command.Stdout, command.Stderr = log, log
	// A process that outlives the command can hold the pipes open.
	command.WaitDelay = time.Second
	return command
}

// runAndKill runs cupel and kills it: after the given time, or once it has added rows
// lines to the ledger in dir. It does nothing to a run that has ended by then.
func (b *bench) runAndKill(t *testing.T, dir string, rows int, after time.Duration, args ...string) (log string) {
	t.Helper()
	before := rowsOf(dir)
	var text bytes.Buffer
	command := b.command(&text, args...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		for rowsOf(dir) < before+rows {
			select {
			case <-ended:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
		select {
		case <-ended:
		case <-time.After(after):
			_ = command.Process.Kill()
		}
	}()
	_ = command.Wait()
	close(ended)
	return text.String()
}

// rowsOf counts the lines of a ledger. An absent ledger has none.
func rowsOf(dir string) int {
	text, _ := os.ReadFile(filepath.Join(dir, evidence.LedgerFile))
	return bytes.Count(text, []byte("\n"))
}

// run runs cupel to its end and returns its exit code.
func (b *bench) run(t *testing.T, args ...string) (code int, log string) {
	t.Helper()
	var text bytes.Buffer
	command := b.command(&text, args...)
	err := command.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), text.String()
}

// left lists the commands of the living processes that were started here.
func (b *bench) left(t *testing.T) (left []string) {
	t.Helper()
	processes, err := procfs.AllProcs()
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range processes {
		environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", process.PID))
		executable, _ := process.Executable()
		if !bytes.Contains(environ, []byte(b.mark)) && executable != b.binary {
			continue
		}
		stat, err := process.Stat()
		if err != nil || stat.State == "Z" {
			continue
		}
		command, _ := process.CmdLine()
		left = append(left, fmt.Sprintf("%d %s %q", process.PID, stat.State, command))
	}
	return left
}

// awaitNoneLeft waits until no process is left.
func (b *bench) awaitNoneLeft(t *testing.T) {
	t.Helper()
	var left []string
	for range 1000 {
		if left = b.left(t); len(left) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("still there: %s", strings.Join(left, "; "))
}

// finished returns the finished launches of a bundle, with the digests of their
// samples. A bundle whose run had not begun when it was killed has none.
func finished(t *testing.T, dir string) map[int]string {
	t.Helper()
	launches := map[int]string{}
	b, err := evidence.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		ledger, err := os.ReadFile(filepath.Join(dir, evidence.LedgerFile))
		if err == nil && bytes.IndexByte(ledger, '\n') >= 0 {
			t.Fatalf("a run has begun in %s, and the bundle can't be read", dir)
		}
		return launches
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range b.Ledger {
		if row.Outcome != evidence.Finished {
			continue
		}
		if _, err := b.Samples(row.Launch, row.Contender); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, evidence.SamplesFile(row.Launch, row.Contender)))
		if err != nil {
			t.Fatal(err)
		}
		launches[row.Launch] = fmt.Sprintf("%x", sha256.Sum256(text))
	}
	return launches
}

// TestKilledAtAnyMoment kills the harness 50 times at random moments and resumes each
// run until it has ended. Every bundle is readable, no finished launch is lost, no
// process is left running, and the run completes.
func TestKilledAtAnyMoment(t *testing.T) {
	b := newBench(t)
	b.write(t, "small.toml", killSuite)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const kills, perBundle = 50, 25
	lost := 0
	for number := range kills / perBundle {
		out := fmt.Sprintf("bundle-%d", number)
		dir := filepath.Join(b.dir, out)
		kept := map[int]string{}
		for range perBundle {
			// The moment is a time, or a point in the run: on a busy machine a time
			// alone would kill only early in the run.
			rows, after := 0, time.Duration(random.Int64N(int64(time.Second)))
			if random.IntN(2) == 0 {
				rows, after = 1+random.IntN(8), after/5
			}
			log := b.runAndKill(t, dir, rows, after, "run", "small.toml", "--resume", "--out", out)
			// Before the watchdog has acted, and after.
			finished(t, dir)
			b.awaitNoneLeft(t)
			now := finished(t, dir)
			for launch, digest := range kept {
				if now[launch] != digest {
					t.Fatalf("launch %d is lost or changed\n%s", launch, log)
				}
			}
			kept = now
		}
		code, log := b.run(t, "run", "small.toml", "--resume", "--out", out)
		if code != 0 && code != 3 {
			t.Fatalf("exit code %d\n%s", code, log)
		}
		lost += complete(t, dir, kept, log)
		b.awaitNoneLeft(t)
	}
	if lost == 0 {
		t.Error("no kill has hit a launch: the moments were not at random")
	}
}

// A signal that arrives twice at once, as timeout(1) sends it, ends a run like a single
// one: what was measured is sealed.
func TestASignalToProgramAndGroupIsOne(t *testing.T) {
	b := newBench(t)
	b.write(t, "small.toml", killSuite)
	dir := filepath.Join(b.dir, "bundle")
	var text bytes.Buffer
	command := b.command(&text, "run", "small.toml", "--out", "bundle")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	for waited := 0; rowsOf(dir) < 3; waited++ {
		if waited > 6000 {
			t.Fatal("the run did not begin")
		}
		time.Sleep(10 * time.Millisecond)
	}
	for range 2 {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		// The kernel would merge two signals that are pending together.
		time.Sleep(20 * time.Millisecond)
	}
	_ = command.Wait()
	if code := command.ProcessState.ExitCode(); code != 3 || !evidence.Sealed(dir) {
		t.Errorf("exit code %d, sealed %t\n%s", code, evidence.Sealed(dir), &text)
	}
	b.awaitNoneLeft(t)
}

// complete checks a bundle whose run has ended, and returns how many of its launches
// were lost.
func complete(t *testing.T, dir string, kept map[int]string, log string) (lost int) {
	t.Helper()
	now := finished(t, dir)
	for launch, digest := range kept {
		if now[launch] != digest {
			t.Errorf("launch %d is lost or changed\n%s", launch, log)
		}
	}
	if _, err := evidence.CheckLedger(dir); err != nil {
		t.Error(err)
	}
	if !evidence.Sealed(dir) {
		t.Error("the bundle is not sealed")
	}
	b, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	started, ended, replicates, stopped := map[int]bool{}, map[int]bool{}, map[int]int{}, 0
	for _, row := range b.Ledger {
		switch row.Event {
		case evidence.EventStarted:
			started[row.Launch] = true
		case evidence.EventEnded:
			ended[row.Launch] = true
			if row.Outcome == evidence.Finished {
				replicates[row.Replicate]++
			}
			if row.Outcome == evidence.Lost {
				lost++
			}
		case evidence.EventStopped:
			stopped++
		}
	}
	delete(replicates, 0)
	whole := 0
	for _, launches := range replicates {
		if launches == 3 {
			whole++
		}
	}
	if len(started) != len(ended) || stopped != 1 || whole < b.Plan.Launches {
		t.Errorf("%d launches began and %d ended, %d whole replicates, %d ends\n%s", len(started), len(ended), whole, stopped, log)
	}
	for i, session := range b.Sessions() {
		if session.Nonce == "" {
			t.Errorf("the nonce of session %d is lost", i+1)
		}
	}
	for _, name := range []string{"comparison_summary.json", "BENCHMARK_RESULTS.md"} {
		if _, err := os.Stat(filepath.Join(dir, evidence.ResultsDir, name)); err != nil {
			t.Error(err)
		}
	}
	return lost
}

// A contender's children do not die with the harness by themselves: neither one in its
// process group, nor one in a session of its own.
func TestWhatContendersHaveStartedEndsWithTheHarness(t *testing.T) {
	b := newBench(t)
	b.write(t, "engine.sh", "#!/bin/sh\nsleep 1000 &\nsetsid sleep 1000 &\nexec cupel engine go\n")
	b.write(t, "small.toml", killSuite+"[[contender]]\nname = \"mine\"\ncommand = [\"./engine.sh\"]\n")
	dir := filepath.Join(b.dir, "bundle")
	var text bytes.Buffer
	command := b.command(&text, "run", "small.toml", "--only", "mine", "--out", "bundle")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = command.Wait() }()
	defer func() { _ = command.Process.Kill() }()
	sleepers := func() (count int) {
		for _, process := range b.left(t) {
			if strings.Contains(process, `"sleep"`) {
				count++
			}
		}
		return count
	}
	for waited := 0; sleepers() < 2; waited++ {
		if waited > 3000 {
			t.Fatalf("the contender's children did not come: %s", text.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait()
	b.awaitNoneLeft(t)
	if got, err := evidence.Open(dir); err != nil || got.Sessions()[0].Nonce == "" {
		t.Errorf("the nonce was not revealed: %v", err)
	}
}
