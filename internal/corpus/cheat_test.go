package corpus

// This file is the program of the cheats.

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"time"

	goengine "cupel/engines/go"
	"cupel/internal/contender"
	"cupel/internal/protocol"
	"cupel/internal/spawn"
)

// cheat is how a contender cheats. Each function that is nil is honest.
type cheat struct {
	// start runs once, before the first request.
	start func(c *program)
	// load gets the model that was loaded and returns the one to use.
	load func(m contender.Model) contender.Model
	// arrive sees a request and its rows before anything is timed.
	arrive func(c *program, r protocol.InferRequest)
	// warmup sees the rows when the warm-up begins.
	warmup func(c *program, r protocol.InferRequest)
	// predict answers the row of that number; call counts calls of the request.
	predict func(c *program, r protocol.InferRequest, row, call int) uint8
	// reply edits the reply.
	reply func(c *program, r protocol.InferRequest, reply *protocol.Infer)
	// line edits the reply's text.
	line func(c *program, r protocol.InferRequest, line []byte) []byte
}

// program is a contender with its cheat.
type program struct {
	cheat
	engine   goengine.Engine
	model    contender.Model
	inputs   []float32
	table    []uint8
	kept     []uint32
	last     uint8
	usual    float64
	requests int
	random   *rand.Rand
}

// be is the cheat's program.
func be(name string) error {
	how, known := cheats[name]
	if !known {
		return fmt.Errorf("no cheat %q", name)
	}
	runtime.LockOSThread()
	c := &program{cheat: how.cheat, random: rand.New(rand.NewPCG(1, 2))}
	if c.start != nil {
		c.start(c)
	}
	out := bufio.NewWriter(os.Stdout)
	lines := bufio.NewReaderSize(os.Stdin, 1<<16)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		reply, err := c.answer(line)
		if err != nil {
			return err
		}
		if reply == nil {
			return nil
		}
		out.Write(append(reply, '\n'))
		if err := out.Flush(); err != nil {
			return err
		}
	}
}

func (c *program) answer(line []byte) ([]byte, error) {
	var of struct {
		Op string `json:"op"`
	}
	if err := json.Unmarshal(line, &of); err != nil {
		return nil, err
	}
	switch of.Op {
	case protocol.OpHello:
		hello := c.engine.Describe()
		hello.Ops = []string{protocol.OpHello, protocol.OpLoad, protocol.OpInfer, protocol.OpQuit}
		return json.Marshal(hello)
	case protocol.OpLoad:
		var request protocol.LoadRequest
		if err := json.Unmarshal(line, &request); err != nil {
			return nil, err
		}
		loaded, err := c.engine.Load(request)
		if err != nil {
			return nil, err
		}
		c.model = loaded
		if c.load != nil {
			c.model = c.load(loaded)
		}
		return json.Marshal(protocol.Load{Parameters: int64(c.model.Parameters())})
	case protocol.OpInfer:
		return c.infer(line)
	}
	return nil, nil
}

func (c *program) infer(line []byte) ([]byte, error) {
	r := protocol.InferRequest{Want: true, Batch: 1}
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, err
	}
	if r.Hop == 0 {
		r.Hop = r.Dim
	}
	text, err := os.ReadFile(r.Inputs)
	if err != nil {
		return nil, err
	}
	c.inputs = c.inputs[:0]
	for i := range r.Floats() {
		c.inputs = append(c.inputs, math.Float32frombits(binary.LittleEndian.Uint32(text[4*i:])))
	}
	c.requests++
	c.table = nil
	if c.arrive != nil {
		c.arrive(c, r)
	}
	reply := c.run(r)
	if c.reply != nil {
		c.reply(c, r, &reply)
	}
	encoded, err := json.Marshal(reply)
	if err != nil {
		return nil, err
	}
	if c.line != nil {
		encoded = c.line(c, r, encoded)
	}
	return encoded, nil
}

// work is how often the program computes each row: a contender that takes longer
// than the engine needs fewer calls for a burst, and the reference less time to
// follow them.
const work = 10

// honest answers a row by the model.
func (c *program) honest(r protocol.InferRequest, row int) (label uint8) {
	for range work {
		label = c.once(r, row)
	}
	return label
}

func (c *program) once(r protocol.InferRequest, row int) uint8 {
	return uint8(c.model.Predict(c.inputs[row*r.Hop : row*r.Hop+r.Dim]))
}

func (c *program) run(r protocol.InferRequest) protocol.Infer {
	predict := c.predict
	if predict == nil {
		predict = func(c *program, r protocol.InferRequest, row, _ int) uint8 { return c.honest(r, row) }
	}
	labels := make([]uint8, r.Calls)
	samples := make([]uint32, r.Calls)
	row, made := 0, 0
	if r.Chained() {
		row = *r.First
	}
	call := func() uint8 {
		label := predict(c, r, row, made)
		if r.Chained() {
			row = protocol.NextRow(row, *r.Step, int(label), made, r.Rows)
		} else if row++; row == r.Rows {
			row = 0
		}
		made++
		return label
	}
	if c.warmup != nil && r.Warmup > 0 {
		c.warmup(c, r)
	}
	for range r.Warmup {
		call()
	}
	if !r.Chained() {
		row = 0
	}
	origin := time.Now()
	if r.Samples {
		for k := range labels {
			before := time.Since(origin)
			labels[k] = call()
			samples[k] = uint32(time.Since(origin) - before)
		}
	} else {
		for k := range labels {
			labels[k] = call()
		}
	}
	reply := protocol.Infer{ElapsedNanoseconds: time.Since(origin).Nanoseconds(), Last: row}
	if r.Want {
		reply.Labels = labels
	}
	if r.Samples {
		reply.SampleNanoseconds = samples
	}
	if r.Scores {
		outputs := c.model.Outputs()
		reply.Scores = make([]float32, r.Rows*outputs)
		for i := range r.Rows {
			c.model.Scores(reply.Scores[i*outputs:(i+1)*outputs], c.inputs[i*r.Hop:i*r.Hop+r.Dim])
		}
	}
	return reply
}

// tabulate computes the labels of all rows.
func tabulate(c *program, r protocol.InferRequest) {
	c.table = make([]uint8, r.Rows)
	for row := range c.table {
		c.table[row] = c.honest(r, row)
	}
}

// fromTable answers from the table where there is one. Looking it up takes as long
// as the engine's one prediction, so that bursts are not too many calls.
func fromTable(c *program, r protocol.InferRequest, row, _ int) uint8 {
	if c.table != nil {
		c.once(r, row)
		return c.table[row]
	}
	return c.honest(r, row)
}

// invent makes up the times of single calls that would take so long on average.
func (c *program) invent(reply *protocol.Infer, mean float64) {
	for i := range reply.SampleNanoseconds {
		reply.SampleNanoseconds[i] = uint32(max(1, mean*(1+0.05*c.random.NormFloat64())))
	}
}

// scale makes the reply's times shorter.
func scale(reply *protocol.Infer, by float64) {
	reply.ElapsedNanoseconds = int64(by * float64(reply.ElapsedNanoseconds))
	for i := range reply.SampleNanoseconds {
		reply.SampleNanoseconds[i] = uint32(by * float64(reply.SampleNanoseconds[i]))
	}
}

// spin keeps a CPU busy.
func spin(for_ time.Duration) {
	for began := time.Now(); time.Since(began) < for_; {
	}
}

// helper starts a child that works for a share of the time, whatever the
// contender does.
func helper(ownSession bool) {
	child := exec.Command(os.Args[0], "cheat", "the helper itself")
	if ownSession {
		child.SysProcAttr = spawn.OwnSession()
	}
	if err := child.Start(); err != nil {
		panic(err)
	}
}

// changed is a model with changed weights or inputs.
type changed struct {
	contender.Model
	inputs func(x []float32) []float32
}

func (m *changed) Predict(x []float32) int { return m.Model.Predict(m.inputs(x)) }

// coarse is a model whose labels are another's.
type coarse struct {
	contender.Model
	labels contender.Model
}

func (m *coarse) Predict(x []float32) int { return m.labels.Predict(x) }
