package corpus

// This file lists the cheats, each with what it must raise.

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"runtime"
	"slices"
	"time"

	"cupel/internal/contender"
	"cupel/internal/protocol"
	"cupel/model"
)

// entry is a cheat and the rules that must see it, all of them, or one where any: others
// may.
type entry struct {
	cheat  cheat
	raises []string
	any    bool
	// launches is how many it takes, 0 for few; canonical that the honest program
	// runs beside it as that of the engine that it names.
	launches  int
	canonical bool
	// disturbs is that of a cheat which takes CPUs from others while these have their
	// turns: it runs in a run without them.
	disturbs bool
	// debug is this project's own engine, built for debugging.
	debug bool
	// engine is the runner of that engine in place of the corpus's program. It is
	// recorded, and takes no part in the corpus that is played live.
	engine string
}

// few launches are enough to judge planted stops, many are enough for an interval.
const (
	few  = 3
	many = 6
)

// wrong and failed are outcomes of launches, not rules.
const (
	wrong  = "wrong"
	failed = "failed"
)

var cheats = map[string]entry{
	"the helper itself": {cheat: cheat{start: func(*program) {
		for {
			spin(2 * time.Millisecond)
			time.Sleep(8 * time.Millisecond)
		}
	}}},
	// Times.
	"invented samples": {cheat: cheat{reply: func(c *program, r protocol.InferRequest, reply *protocol.Infer) {
		if r.Samples {
			mean := float64(reply.ElapsedNanoseconds) / float64(max(r.Calls, 1))
			for i := range reply.SampleNanoseconds {
				reply.SampleNanoseconds[i] = uint32(max(1, mean*(0.9+0.05*c.random.NormFloat64())))
			}
		}
	}}, raises: []string{"planted-stall", "samples-invented"}},
	"invented samples that add up": {cheat: cheat{reply: func(c *program, r protocol.InferRequest, reply *protocol.Infer) {
		if r.Samples {
			c.invent(reply, float64(reply.ElapsedNanoseconds)/float64(max(r.Calls, 1)))
		}
	}}, raises: []string{"planted-stall", "samples-invented"}},
	"invented samples with their sum for the time": {cheat: cheat{reply: func(c *program, r protocol.InferRequest, reply *protocol.Infer) {
		if !r.Samples {
			return
		}
		if c.usual == 0 {
			c.usual = float64(reply.ElapsedNanoseconds) / float64(max(r.Calls, 1))
		}
		c.invent(reply, c.usual)
		reply.ElapsedNanoseconds = 0
		for _, sample := range reply.SampleNanoseconds {
			reply.ElapsedNanoseconds += int64(sample)
		}
	}}, raises: []string{"planted-stall", "samples-invented"}},
	"every third classic call left out": {cheat: cheat{predict: func(c *program, r protocol.InferRequest, row, call int) uint8 {
		// Its row never changes, so the label is still right.
		if r.Samples && !r.Chained() && call%3 == 2 {
			return c.last
		}
		c.last = c.honest(r, row)
		return c.last
	}}, raises: []string{"samples-invented"}},
	"two of five classic calls set to nothing": {cheat: cheat{reply: func(_ *program, r protocol.InferRequest, reply *protocol.Infer) {
		for i := range reply.SampleNanoseconds {
			if !r.Chained() && i%5 < 2 {
				reply.SampleNanoseconds[i] = 1
			}
		}
	}}, raises: []string{"samples-invented"}},
	"a nanosecond for everything": {cheat: cheat{reply: func(_ *program, _ protocol.InferRequest, reply *protocol.Infer) {
		reply.ElapsedNanoseconds = min(reply.ElapsedNanoseconds, 1)
		for i := range reply.SampleNanoseconds {
			reply.SampleNanoseconds[i] = 1
		}
	}}, raises: []string{"outer-clock"}},
	"nothing for long bursts": {cheat: cheat{reply: func(_ *program, r protocol.InferRequest, reply *protocol.Infer) {
		if r.Calls >= 2000 && r.Chained() {
			reply.ElapsedNanoseconds = 0
		}
	}}, raises: []string{"outer-clock", "inner-scaled"}},
	// A contender that waits in requests without calls widens the limits of the clock
	// checks, until the clocks clear no contender. The CPU clock shows a quarter; the short
	// bursts show half.
	"a clock 25% slow behind slow requests": {cheat: cheat{arrive: slowRequest,
		reply: func(_ *program, _ protocol.InferRequest, reply *protocol.Infer) { scale(reply, 0.75) },
	}, raises: []string{"inner-inconsistent"}},
	"a clock at half speed behind slow requests": {cheat: cheat{arrive: slowRequest,
		reply: func(_ *program, _ protocol.InferRequest, reply *protocol.Infer) { scale(reply, 0.5) },
	}, raises: []string{"short-bursts", "inner-scaled"}},
	"samples of an earlier request": {cheat: cheat{reply: func(c *program, r protocol.InferRequest, reply *protocol.Infer) {
		if r.Samples && len(c.kept) == 0 {
			// A contender that chooses its samples chooses good ones: a pause in them would
			// appear again with each copy.
			c.kept = slices.Clone(reply.SampleNanoseconds)
			usual := slices.Sorted(slices.Values(c.kept))[len(c.kept)/2]
			for i := range c.kept {
				c.kept[i] = min(c.kept[i], 3*usual)
			}
		}
		for i := range reply.SampleNanoseconds {
			reply.SampleNanoseconds[i] = c.kept[i%len(c.kept)]
		}
	}}, raises: []string{"planted-stall", "samples-invented"}},
	"a clock at half speed": {cheat: cheat{reply: func(_ *program, _ protocol.InferRequest, reply *protocol.Infer) { scale(reply, 0.5) }},
		raises: []string{"outer-clock", "inner-scaled"}},
	"a clock 10% slow": {cheat: cheat{reply: func(_ *program, _ protocol.InferRequest, reply *protocol.Infer) { scale(reply, 0.9) }},
		raises: []string{"outer-clock", "inner-scaled"}},
	"a clock that lies in short bursts": {cheat: cheat{reply: func(_ *program, r protocol.InferRequest, reply *protocol.Infer) {
		if r.Calls < 2000 {
			scale(reply, 0.6)
		}
	}}, raises: []string{"short-bursts", "inner-scaled"}},
	"a clock that lies in every third burst": {cheat: cheat{reply: func(c *program, _ protocol.InferRequest, reply *protocol.Infer) {
		if c.requests%3 == 0 {
			scale(reply, 0.5)
		}
	}}, raises: []string{"inner-inconsistent"}},
	"a clock that is honest until it counts": {cheat: cheat{reply: func(c *program, r protocol.InferRequest, reply *protocol.Infer) {
		if c.requests > 40 && !r.Samples && r.Want {
			scale(reply, 0.6)
		}
	}}, raises: []string{"short-bursts", "inner-scaled"}},
	// Answers before their calls, or with no calls made.
	"answers on arrival": {cheat: cheat{predict: fromTable, arrive: func(c *program, r protocol.InferRequest) {
		if r.Calls > 0 {
			tabulate(c, r)
		}
	}}, raises: []string{"outer-clock", "inner-scaled"}},
	"answers on arrival, without calls too": {cheat: cheat{predict: fromTable, arrive: tabulate}, raises: []string{"outer-clock", "inner-scaled"}},
	"answers in the warm-up":                {cheat: cheat{predict: fromTable, warmup: tabulate}, raises: []string{"short-bursts", "inner-scaled"}},
	"answers remembered": {cheat: cheat{
		arrive: func(c *program, r protocol.InferRequest) { c.table = slices.Repeat([]uint8{255}, r.Rows) },
		predict: func(c *program, r protocol.InferRequest, row, _ int) uint8 {
			if c.table[row] == 255 {
				c.table[row] = c.honest(r, row)
			}
			return fromTable(c, r, row, 0)
		},
	}, raises: []string{"classic-calls", "samples-invented", "watched-behaviour"}},
	"every fourth call skipped": {cheat: cheat{predict: func(c *program, r protocol.InferRequest, row, call int) uint8 {
		if call%4 == 3 {
			return 0
		}
		return c.honest(r, row)
	}}, raises: []string{wrong}},
	"a batch handed out as single calls": {cheat: cheat{predict: fromTable, arrive: func(c *program, r protocol.InferRequest) {
		if !r.Chained() && r.Calls > 0 {
			tabulate(c, r)
		}
	}}, raises: []string{"classic-calls", "samples-invented"}},
	// Answers that are not the model's.
	"constant answers": {cheat: cheat{predict: func(*program, protocol.InferRequest, int, int) uint8 { return 1 }}, raises: []string{wrong}},
	"half of the pixels": {cheat: cheat{load: func(m contender.Model) contender.Model {
		return &changed{m, func(x []float32) []float32 {
			return append(slices.Clone(x[:len(x)/2]), make([]float32, len(x)-len(x)/2)...)
		}}
	}}, raises: []string{wrong}},
	// Its scores are the exact model's: only labels tell.
	"weights rounded to half precision": {cheat: cheat{load: func(m contender.Model) contender.Model {
		return &coarse{m, reweighted(func(w float32) float32 {
			return math.Float32frombits((math.Float32bits(w) + 1<<12) &^ (1<<13 - 1))
		})(m)}
	}}, raises: []string{wrong}},
	"weights of another model": {cheat: cheat{load: reweighted(func(w float32) float32 { return w * w })}, raises: []string{wrong}},
	// More than the allowed share of the machine.
	"two threads": {cheat: cheat{start: func(*program) {
		runtime.GOMAXPROCS(2)
		go func() {
			runtime.LockOSThread()
			for {
				spin(time.Millisecond)
			}
		}()
		// The scheduler decides what is seen: bursts that take their own time, of which
		// another thread has a share, or bursts that begin late and use far more of a CPU
		// than they say, with the spinning thread by far the busiest.
	}}, raises: []string{"threads", "clock-by-bursts"}, any: true, disturbs: true},
	"a helper in a session of its own": {cheat: cheat{start: func(*program) { helper(true) }}, raises: []string{"helpers", "work-elsewhere", "work-while-stopped"}, disturbs: true},
	"a helper beside it":               {cheat: cheat{start: func(*program) { helper(false) }}, raises: []string{"helpers", "work-elsewhere", "work-while-stopped"}, disturbs: true},
	// Peers that are slow on purpose.
	"a peer that sleeps": {cheat: cheat{predict: func(c *program, r protocol.InferRequest, row, call int) uint8 {
		if call%64 == 0 {
			time.Sleep(10 * time.Microsecond)
		}
		return c.honest(r, row)
	}}, raises: []string{"canonical", "sabotaged-peer"}, launches: many, canonical: true},
	"a peer that spins": {cheat: cheat{predict: func(c *program, r protocol.InferRequest, row, _ int) uint8 {
		for range work / 2 {
			c.once(r, row)
		}
		return c.honest(r, row)
	}}, raises: []string{"canonical", "sabotaged-peer"}, launches: many, canonical: true},
	"a peer that is slow in the classic request": {cheat: cheat{predict: func(c *program, r protocol.InferRequest, row, _ int) uint8 {
		if r.Samples && !r.Chained() {
			for range 9 * work {
				c.once(r, row)
			}
		}
		return c.honest(r, row)
	}}, raises: []string{"sabotaged-peer"}, launches: many, canonical: true},
	// A point of the audit finds it, not a rule.
	"a build for debugging": {debug: true, raises: []string{"point-37"}},
	// Invalid figures.
	"NaN":                        {cheat: cheat{line: inPlaceOfTime(`NaN`)}, raises: []string{failed}},
	"negative":                   {cheat: cheat{line: inPlaceOfTime(`-5`)}, raises: []string{failed}},
	"infinite":                   {cheat: cheat{line: inPlaceOfTime(`1e999`)}, raises: []string{failed}},
	"beyond what a clock counts": {cheat: cheat{line: inPlaceOfTime(`18446744073709551617`)}, raises: []string{failed}},
	"longer than the request":    {cheat: cheat{line: inPlaceOfTime(`9000000000000000000`)}, raises: []string{"inner-time", "inner-exceeds-outer"}},
	// The honest.
	"honest":              {},
	"engine go":           {engine: "go"},
	"engine gonum":        {engine: "gonum"},
	"engine numpy":        {engine: "numpy"},
	"engine pytorch":      {engine: "pytorch"},
	"engine onnxruntime":  {engine: "onnxruntime"},
	"engine scikit-learn": {engine: "scikit-learn"},
	"engine aprender":     {engine: "aprender"},
	"honest, once more":   {},
	"honest with garbage": {cheat: cheat{arrive: func(*program, protocol.InferRequest) { runtime.KeepAlive(make([]byte, 1<<16)) }}},
}

// reweighted loads a model with each weight changed.
func reweighted(change func(float32) float32) func(contender.Model) contender.Model {
	return func(m contender.Model) contender.Model {
		// The engine's weights show in its scores of unit rows.
		dim, outputs := m.Inputs(), m.Outputs()
		bias := make([]float32, outputs)
		m.Scores(bias, make([]float32, dim))
		layer := model.Layer{In: dim, Out: outputs, Weight: make([]float32, dim*outputs), Bias: bias}
		unit, scores := make([]float32, dim), make([]float32, outputs)
		for i := range dim {
			unit[i] = 1
			m.Scores(scores, unit)
			unit[i] = 0
			for o := range outputs {
				layer.Weight[o*dim+i] = change(scores[o] - bias[o])
			}
		}
		made, err := model.New(model.Architecture{Kind: model.LogisticRegression, Layers: []int{dim, outputs}}, []model.Layer{layer})
		if err != nil {
			panic(err)
		}
		file, err := os.CreateTemp("", "*.safetensors")
		if err != nil {
			panic(err)
		}
		text, err := model.ToSafetensors(made)
		if err != nil {
			panic(err)
		}
		if _, err := file.Write(text); err != nil {
			panic(err)
		}
		loaded, err := new(program).engine.Load(protocol.LoadRequest{
			Format: protocol.FormatSafetensors, Path: file.Name(), Architecture: made.Architecture, Threads: 1,
		})
		if err != nil {
			panic(err)
		}
		return loaded
	}
}

// inPlaceOfTime writes something else for the time once bursts have begun.
func inPlaceOfTime(text string) func(*program, protocol.InferRequest, []byte) []byte {
	return func(c *program, _ protocol.InferRequest, line []byte) []byte {
		if c.requests < 20 {
			return line
		}
		var reply map[string]json.RawMessage
		if err := json.Unmarshal(line, &reply); err != nil {
			panic(err)
		}
		old := append([]byte(`"elapsed_ns":`), reply["elapsed_ns"]...)
		return bytes.Replace(line, old, []byte(`"elapsed_ns":`+text), 1)
	}
}

// slowRequest waits where a request asks for no calls.
func slowRequest(_ *program, r protocol.InferRequest) {
	if r.Calls == 0 {
		time.Sleep(8 * time.Millisecond)
	}
}
