package launch_test

// This file tests launches of real processes, honest ones and each kind of
// misbehaviour.

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/procfs"

	"cupel/internal/fake"
	"cupel/internal/launch"
	"cupel/internal/protocol"
	"cupel/internal/suite"
	"cupel/model"
)

func TestMain(m *testing.M) { fake.Main(m) }

// patience is longer than any honest reply takes on a loaded machine. Behaviours that
// hang get limits of their own.
const patience = suite.Duration(30 * time.Second)

func start(t *testing.T, behaviour fake.Behaviour, limit suite.Duration) (*launch.Launch, string) {
	t.Helper()
	command, env := fake.Command(behaviour)
	log := filepath.Join(t.TempDir(), "stderr.log")
	process, err := launch.Start(launch.Spec{
		Contender: "fake", Command: command, Env: env, Threads: 1, Log: log,
		Limits: suite.Limits{Hello: limit, Load: limit, Infer: limit, Quit: min(limit, suite.Duration(5*time.Second))},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.End() })
	return process, log
}

// files writes a small model and one row, and returns the requests for them.
func files(t *testing.T) (protocol.LoadRequest, protocol.InferRequest) {
	t.Helper()
	architecture := model.Architecture{Kind: model.LogisticRegression, Layers: []int{2, 2}}
	m, err := model.New(architecture, []model.Layer{{In: 2, Out: 2, Weight: []float32{1, 0, 0, 1}, Bias: []float32{0, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := model.ToSafetensors(m)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path, inputs := filepath.Join(dir, "model"), filepath.Join(dir, "inputs")
	for name, content := range map[string][]byte{path: text, inputs: {0, 0, 0, 0, 0, 0, 128, 63}} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return protocol.LoadRequest{Format: protocol.FormatSafetensors, Path: path, Architecture: architecture, Threads: 1},
		protocol.InferRequest{Inputs: inputs, Rows: 1, Dim: 2, Hop: 2, Batch: 1, Calls: 3, Want: true}
}

// converse holds the conversation of a run, up to quit.
func converse(ctx context.Context, t *testing.T, process *launch.Launch) error {
	t.Helper()
	load, infer := files(t)
	if _, err := process.Hello(ctx); err != nil {
		return err
	}
	if _, err := process.Load(ctx, load); err != nil {
		return err
	}
	for range 2 {
		reply, _, err := process.Infer(ctx, infer, 2)
		if err != nil {
			return err
		}
		if string(reply.Labels) != "\x01\x01\x01" {
			t.Errorf("labels %v, want three times 1", reply.Labels)
		}
	}
	return process.Quit(ctx)
}

func TestHonestContender(t *testing.T) {
	process, _ := start(t, fake.Honest, patience)
	if err := converse(t.Context(), t, process); err != nil {
		t.Fatal(err)
	}
	exit := process.End()
	if exit.Leftovers != 0 {
		t.Errorf("an honest contender left %d processes", exit.Leftovers)
	}
	if exit.Usage.UserCPU+exit.Usage.SystemCPU <= 0 || exit.Wall <= 0 {
		t.Errorf("the kernel's account is empty: %+v", exit)
	}
}

func TestFaultsEndTheLaunchWithAReason(t *testing.T) {
	const soon = suite.Duration(2 * time.Second)
	for _, test := range []struct {
		behaviour fake.Behaviour
		limit     suite.Duration
		reason    string
	}{
		{fake.CrashAtStart, patience, "hello: ended by exit status 127; its log ends «cannot open shared object file»"},
		{fake.CrashAtInfer, patience, "infer: ended by exit status 134; its log ends «assertion failed: weights are finite»"},
		{fake.KilledAtInfer, patience, "infer: ended by signal: killed"},
		{fake.HangAtHello, soon, "hello: no reply within 2s"},
		{fake.HangAtInfer, soon, "infer: no reply within 2s (warmup 0, calls 3, batch 1, rows 1); a suite with fewer iterations asks for fewer calls"},
		{fake.HangAtQuit, soon, "quit: still running after 2s"},
		{fake.CloseStdout, patience, "infer: closed its stdout"},
		{fake.Banner, patience, "hello: no JSON object in reply «Welcome to the engine!»"},
		{fake.Garbage, patience, `infer: no JSON object in reply «Segmentation fault?\x1b[31m yyy`},
		{fake.TwoReplies, patience, "wrote to stdout unasked: «{"},
		{fake.FloodOneLine, patience, "infer: a line longer than 64 MiB: «zzz"},
		{fake.FloodManyLines, patience, "infer: no JSON object in reply «z»"},
		{fake.MissingField, patience, `infer: field "elapsed_ns" is missing in reply`},
		{fake.NegativeTime, patience, `infer: field "elapsed_ns" is negative in reply`},
		{fake.FractionalTime, patience, `infer: field "elapsed_ns": 1234.5 where a whole number is due in reply`},
		{fake.NotANumber, patience, "infer: no JSON object in reply"},
		{fake.FewLabels, patience, `infer: field "labels" has 2 bytes where 3 are due`},
		{fake.OtherDescription, patience, `hello: field "formats" is missing`},
		{fake.ErrorAtInfer, patience, "infer refused: out of luck"},
		{fake.RefuseLoad, patience, "load refused: this engine holds decision trees"},
		{fake.ExitStatus, patience, "quit: ended by exit status 3"},
	} {
		t.Run(string(test.behaviour), func(t *testing.T) {
			t.Parallel()
			process, _ := start(t, test.behaviour, test.limit)
			err := converse(t.Context(), t, process)
			failure := new(launch.Failure)
			if !errors.As(err, &failure) {
				t.Fatalf("error %v, want a *launch.Failure", err)
			}
			if !strings.HasPrefix(failure.Reason, test.reason) {
				t.Errorf("reason %q, want it to begin %q", failure.Reason, test.reason)
			}
			if strings.ContainsAny(failure.Reason, "\n\x1b") || len(failure.Reason) > 1200 {
				t.Errorf("reason is no clean short line: %q", failure.Reason)
			}
			process.End()
			if alive(process.PID()) {
				t.Error("the process is still there")
			}
		})
	}
}

// Odd replies that break no rule end no launch.
func TestOddRepliesAreReplies(t *testing.T) {
	for _, behaviour := range []fake.Behaviour{fake.NullError, fake.WordyHello, fake.FewOps, fake.ReplyToQuit} {
		t.Run(string(behaviour), func(t *testing.T) {
			process, _ := start(t, behaviour, patience)
			if err := converse(t.Context(), t, process); err != nil {
				t.Error(err)
			}
			if err := process.Quiet(); (err != nil) != (behaviour == fake.ReplyToQuit) {
				t.Errorf("quiet: %v", err)
			}
		})
	}
}

func TestLogTailIsItsLastLines(t *testing.T) {
	process, _ := start(t, fake.CrashAtInfer, patience)
	if err := converse(t.Context(), t, process); err == nil {
		t.Fatal("it did not crash")
	}
	process.End()
	if got := process.LogTail(); len(got) != 1 || got[0] != "assertion failed: weights are finite" {
		t.Errorf("%q", got)
	}
	flood, _ := start(t, fake.FloodLog, patience)
	if err := converse(t.Context(), t, flood); err != nil {
		t.Fatal(err)
	}
	flood.End()
	if got := flood.LogTail(); len(got) != 10 || got[9] != "log" {
		t.Errorf("%q", got)
	}
}

func alive(id int) bool {
	process, err := procfs.NewProc(id)
	if err != nil {
		return false
	}
	stat, err := process.Stat()
	return err == nil && stat.State != "Z"
}

// lingering counts the processes that fakes of this test binary left behind.
func lingering(t *testing.T) int {
	t.Helper()
	processes, err := procfs.AllProcs()
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	count := 0
	for _, process := range processes {
		line, err := process.CmdLine()
		if err == nil && len(line) == 2 && line[0] == os.Args[0] && line[1] == "linger" && alive(process.PID) {
			count++
		}
	}
	return count
}

func TestChildrenEndWithTheLaunch(t *testing.T) {
	for _, behaviour := range []fake.Behaviour{fake.ForkChild, fake.ForkDaemon, fake.ForkAndCrash} {
		t.Run(string(behaviour), func(t *testing.T) {
			process, _ := start(t, behaviour, patience)
			err := converse(t.Context(), t, process)
			if (err != nil) != (behaviour == fake.ForkAndCrash) {
				t.Fatalf("error %v", err)
			}
			if lingering(t) == 0 {
				t.Fatal("the fake started no child, so this test shows nothing")
			}
			if exit := process.End(); exit.Leftovers != 1 {
				t.Errorf("%d leftovers, want 1", exit.Leftovers)
			}
			if left := lingering(t); left != 0 {
				t.Errorf("%d children outlived the launch", left)
			}
		})
	}
}

func TestLogIsCut(t *testing.T) {
	process, log := start(t, fake.FloodLog, patience)
	if err := converse(t.Context(), t, process); err != nil {
		t.Fatal(err)
	}
	process.End()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 2<<20 || !strings.HasSuffix(strings.TrimSpace(string(text)), "bytes]") {
		t.Errorf("the log has %d bytes and ends %q", len(text), text[max(0, len(text)-80):])
	}
}

func TestInterruptEndsARequestThatHangs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	process, _ := start(t, fake.HangAtHello, patience)
	go func() {
		time.Sleep(50 * time.Millisecond)
		cancel()
	}()
	if _, err := process.Hello(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	process.End()
	if alive(process.PID()) {
		t.Error("the process is still there")
	}
}

func TestProgramThatIsNotThere(t *testing.T) {
	_, err := launch.Start(launch.Spec{Contender: "fake", Command: []string{"/nonexistent/engine"}})
	if failure := new(launch.Failure); !errors.As(err, &failure) || !strings.Contains(failure.Reason, "cannot be started") {
		t.Errorf("error %v", err)
	}
}

func TestThreadVariablesAreSet(t *testing.T) {
	dump := filepath.Join(t.TempDir(), "env")
	process, err := launch.Start(launch.Spec{
		Contender: "env", Command: []string{"/bin/sh", "-c", "env > " + dump}, Threads: 3,
		Limits: suite.Limits{Hello: patience, Quit: patience},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = process.Hello(t.Context())
	process.End()
	text, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "GOMAXPROCS"} {
		if !strings.Contains(string(text), name+"=3\n") {
			t.Errorf("%s is not 3", name)
		}
	}
}
