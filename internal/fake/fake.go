// Package fake is a contender for tests that misbehaves on purpose. Each of its
// behaviours is a fault that a real contender has had or could have.
//
// Otherwise it is real: a process of its own that speaks the protocol and runs this
// project's engine. A test therefore sees what a run would see.
package fake

// This file holds the behaviours and the program.

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	goengine "cupel/engines/go"
	"cupel/internal/contender"
	"cupel/internal/protocol"
	"cupel/internal/spawn"
)

// Behaviour is how a fake contender behaves.
type Behaviour string

// The behaviours. One that concerns a certain request appears at the first such
// request.
const (
	Honest Behaviour = "honest"

	CrashAtStart     Behaviour = "crash at start"
	CrashAtInfer     Behaviour = "crash at infer"
	KilledAtInfer    Behaviour = "killed at infer"
	HangAtHello      Behaviour = "hang at hello"
	HangAtInfer      Behaviour = "hang at infer"
	HangAtQuit       Behaviour = "hang at quit"
	CloseStdout      Behaviour = "close stdout"
	Banner           Behaviour = "banner before hello"
	Garbage          Behaviour = "garbage instead of a reply"
	TwoReplies       Behaviour = "two replies to one request"
	FloodOneLine     Behaviour = "flood in one line"
	FloodManyLines   Behaviour = "flood of lines"
	FloodLog         Behaviour = "flood of the log"
	MissingField     Behaviour = "reply without elapsed_ns"
	NegativeTime     Behaviour = "negative elapsed_ns"
	FractionalTime   Behaviour = "fractional elapsed_ns"
	NotANumber       Behaviour = "NaN as elapsed_ns"
	FewLabels        Behaviour = "too few labels"
	ErrorAtInfer     Behaviour = "error at infer"
	RefuseLoad       Behaviour = "refuse to load"
	ForkChild        Behaviour = "child in the same group"
	ForkDaemon       Behaviour = "daemon in a session of its own"
	ForkAndCrash     Behaviour = "daemon, then crash"
	ExitStatus       Behaviour = "exit status 3 after quit"
	ConstantAnswer   Behaviour = "constant answer"
	HalfTheInputs    Behaviour = "half the inputs ignored"
	StaleInputs      Behaviour = "first inputs kept"
	ScaledScores     Behaviour = "scores off by a thousandth"
	SlowClock        Behaviour = "clock at double speed"
	StoppedClock     Behaviour = "clock that stands still"
	UnaskedLabels    Behaviour = "labels that were not asked for"
	OtherDescription Behaviour = "hello without formats"
	FewEpochs        Behaviour = "an epoch too few"
	LowRate          Behaviour = "learning rate too low"
	ShuffledRows     Behaviour = "rows in another order"
	Penalty          Behaviour = "weights shrunk by a penalty"
	NoWeights        Behaviour = "empty file of weights"
	RefuseBatches    Behaviour = "full batch only"
	HalfAChild       Behaviour = "child that never becomes a program"
	NullError        Behaviour = "null where there is no error"
	WordyHello       Behaviour = "hello with lines and without a version"
	FewOps           Behaviour = "hello that names only load and infer"
	ExitAfterHello   Behaviour = "exit after hello"
	ReplyToQuit      Behaviour = "reply to quit"
	PlaceInScores    Behaviour = "scores that depend on a row's place"
	CoarseInputs     Behaviour = "inputs of half precision"
	RefuseOthers     Behaviour = "refuse models but those of the suites"
	WideKept         Behaviour = "first wide model kept"
)

const variable = "CUPEL_FAKE"

// Main runs the fake contender where this process was started as one, and otherwise the
// tests. A test package that starts fakes calls it from its TestMain.
func Main(m *testing.M) {
	if behaviour, ok := os.LookupEnv(variable); ok {
		os.Exit(serve(Behaviour(behaviour)))
	}
	os.Exit(m.Run())
}

// Command returns the command that starts a fake contender, this test binary, and the
// variables to add to its environment.
func Command(behaviour Behaviour) (command, env []string) {
	return []string{os.Args[0]}, []string{variable + "=" + string(behaviour)}
}

// serve is the fake contender's program.
func serve(behaviour Behaviour) int {
	if len(os.Args) > 1 && os.Args[1] == "linger" {
		time.Sleep(time.Hour)
	}
	switch behaviour {
	case CrashAtStart:
		fmt.Fprintln(os.Stderr, "cannot open shared object file")
		return 127
	case Banner:
		fmt.Println("Welcome to the engine!")
	case ForkChild:
		linger(false)
	case ForkDaemon, ForkAndCrash:
		linger(true)
	}
	out := &tamper{behaviour: behaviour, out: os.Stdout}
	in := &watch{behaviour: behaviour, in: os.Stdin, out: out}
	if err := contender.Serve(&engine{behaviour: behaviour}, in, out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	switch behaviour {
	case HangAtQuit:
		time.Sleep(time.Hour)
	case ExitStatus:
		return 3
	case ReplyToQuit:
		fmt.Println("{}")
	}
	return 0
}

// linger starts a process that outlives this one.
func linger(ownSession bool) {
	child := exec.Command(os.Args[0], "linger")
	// The child lacks the mark by which a launch's processes are found. A contender
	// that wants to hide a child clears it.
	child.Env = []string{variable + "=" + string(Honest)}
	if ownSession {
		child.SysProcAttr = spawn.OwnSession()
	}
	if err := child.Start(); err != nil {
		panic(err)
	}
}

// watch reads requests and misbehaves at some of them.
type watch struct {
	behaviour Behaviour
	in        io.Reader
	out       *tamper
}

func (w *watch) Read(data []byte) (int, error) {
	n, err := w.in.Read(data)
	text := string(data[:n])
	w.out.op = op(text, w.out.op)
	switch {
	case w.behaviour == HangAtHello && strings.Contains(text, `"hello"`), w.behaviour == HangAtInfer && strings.Contains(text, `"infer"`):
		time.Sleep(time.Hour)
	case w.behaviour == ForkAndCrash && strings.Contains(text, `"load"`):
		os.Exit(9)
	case !strings.Contains(text, `"infer"`):
	case w.behaviour == CrashAtInfer:
		fmt.Fprintln(os.Stderr, "assertion failed: weights are finite")
		os.Exit(134)
	case w.behaviour == KilledAtInfer:
		self, _ := os.FindProcess(os.Getpid()) // this process is there
		_ = self.Kill()
	case w.behaviour == HalfAChild:
		halfAChild()
	}
	return n, err
}

func op(line, otherwise string) string {
	for _, name := range []string{protocol.OpHello, protocol.OpLoad, protocol.OpInfer, protocol.OpQuit} {
		if strings.Contains(line, `"op":"`+name+`"`) {
			return name
		}
	}
	return otherwise
}

// tamper writes replies and tampers with some of them.
type tamper struct {
	behaviour Behaviour
	out       *os.File
	op        string
}

func (t *tamper) Write(line []byte) (int, error) {
	switch t.behaviour {
	case OtherDescription:
		return t.edit(line, protocol.OpHello, func(reply map[string]any) { delete(reply, "formats") })
	case WordyHello:
		return t.edit(line, protocol.OpHello, func(reply map[string]any) { reply["runtime"], reply["version"] = "3.11.7 (main)\n[GCC 12.2]", "" })
	case FewOps:
		return t.edit(line, protocol.OpHello, func(reply map[string]any) { reply["ops"] = []string{protocol.OpLoad, protocol.OpInfer} })
	case NullError:
		return t.edit(line, t.op, func(reply map[string]any) {
			if _, refused := reply["error"]; !refused {
				reply["error"] = nil
			}
		})
	case ExitAfterHello:
		if t.op == protocol.OpHello {
			t.out.Write(line)
			fmt.Fprintln(os.Stderr, "the licence has expired")
			os.Exit(3)
		}
	case MissingField:
		return t.edit(line, protocol.OpInfer, func(reply map[string]any) { delete(reply, "elapsed_ns") })
	case NegativeTime:
		return t.edit(line, protocol.OpInfer, func(reply map[string]any) { reply["elapsed_ns"] = -5 })
	case FractionalTime:
		return t.edit(line, protocol.OpInfer, func(reply map[string]any) { reply["elapsed_ns"] = 1234.5 })
	case FewLabels:
		return t.edit(line, protocol.OpInfer, func(reply map[string]any) { reply["labels"] = "AAA=" })
	case UnaskedLabels:
		return t.edit(line, protocol.OpInfer, func(reply map[string]any) {
			if _, there := reply["labels"]; !there {
				reply["labels"] = "AAA="
			}
		})
	case StoppedClock:
		return t.edit(line, protocol.OpInfer, func(reply map[string]any) {
			if samples, there := reply["samples"].(string); there {
				data, _ := base64.StdEncoding.DecodeString(samples)
				reply["samples"] = base64.StdEncoding.EncodeToString(make([]byte, len(data)))
			}
		})
	case SlowClock:
		return t.edit(line, protocol.OpInfer, func(reply map[string]any) { reply["elapsed_ns"] = 1000 * reply["elapsed_ns"].(float64) })
	}
	if t.op != protocol.OpInfer {
		return t.out.Write(line)
	}
	switch t.behaviour {
	case NotANumber:
		line = bytes.Replace(line, []byte(`"elapsed_ns":`), []byte(`"elapsed_ns":NaN,"x":`), 1)
	case Garbage:
		line = []byte("Segmentation fault?\x1b[31m " + strings.Repeat("y", 500) + "\n")
	case ErrorAtInfer:
		line = []byte(`{"error":"out of\nluck"}` + "\n")
	case TwoReplies:
		line = slices.Concat(line, line)
	case CloseStdout:
		t.out.Close()
		time.Sleep(time.Hour)
	case FloodOneLine:
		t.flood(strings.Repeat("z", 1<<20))
	case FloodManyLines:
		t.flood(strings.Repeat("z\n", 1<<19))
	case FloodLog:
		for range 64 {
			os.Stderr.WriteString(strings.Repeat("log\n", 1<<18))
		}
	}
	return t.out.Write(line)
}

func (t *tamper) flood(part string) {
	for {
		if _, err := t.out.WriteString(part); err != nil {
			os.Exit(1)
		}
	}
}

func (t *tamper) edit(line []byte, at string, change func(map[string]any)) (int, error) {
	if t.op != at {
		return t.out.Write(line)
	}
	var reply map[string]any
	if err := json.Unmarshal(line, &reply); err != nil {
		return 0, err
	}
	change(reply)
	text, err := json.Marshal(reply)
	if err != nil {
		return 0, err
	}
	return t.out.Write(append(text, '\n'))
}

// engine is this project's engine with faults in its answers.
type engine struct {
	goengine.Engine
	behaviour Behaviour
	wide      contender.Model
}

func (e *engine) Load(request protocol.LoadRequest) (contender.Model, error) {
	layers := request.Architecture.Layers
	switch {
	case e.behaviour == RefuseLoad:
		return nil, fmt.Errorf("this engine holds decision trees")
	case e.behaviour == RefuseOthers && (layers[0] > widest || layers[len(layers)-1] > 10 || len(layers) > 2 && layers[1] > 128):
		return nil, fmt.Errorf("this engine holds small models")
	case e.wide != nil:
		return e.wide, nil
	}
	loaded, err := e.Engine.Load(request)
	if err != nil {
		return nil, err
	}
	made := &faulty{Model: loaded, behaviour: e.behaviour}
	if e.behaviour == WideKept && layers[0] > widest {
		e.wide = made
	}
	return made, nil
}

// widest is how many inputs the built-in suites' models have.
const widest = 784

type faulty struct {
	contender.Model
	behaviour Behaviour
	kept      map[int][]float32
	calls     int
	// scored is how many rows it has given scores for.
	scored int
}

func (f *faulty) Predict(x []float32) int {
	switch f.behaviour {
	case ConstantAnswer:
		return 1
	case HalfTheInputs:
		cut := make([]float32, len(x))
		copy(cut, x[:len(x)/2])
		x = cut
	case StaleInputs:
		x = f.first(x)
	case CoarseInputs:
		x = coarse(x)
	}
	return f.Model.Predict(x)
}

// first returns the row that came at the same call the first time round.
func (f *faulty) first(x []float32) []float32 {
	if f.kept == nil {
		f.kept = map[int][]float32{}
	}
	at := f.calls % 40
	f.calls++
	if _, there := f.kept[at]; !there {
		f.kept[at] = append([]float32(nil), x...)
	}
	return f.kept[at]
}

// coarse keeps the ten bits of each value that half precision has.
func coarse(x []float32) []float32 {
	cut := make([]float32, len(x))
	for i, value := range x {
		cut[i] = math.Float32frombits(math.Float32bits(value) &^ (1<<13 - 1))
	}
	return cut
}

func (f *faulty) Scores(dst, x []float32) {
	f.Model.Scores(dst, x)
	f.scored++
	for i := range dst {
		switch f.behaviour {
		case ScaledScores:
			dst[i] = dst[i]*1.001 + float32(i)*1e-3
		case PlaceInScores:
			// This stays within the allowed error of a score.
			dst[i] += float32(i%2) * float32(f.scored%64) * 1e-6
		}
	}
}
