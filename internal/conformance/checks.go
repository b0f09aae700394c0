package conformance

// This file holds the checks.

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"cupel/internal/observe"
	"cupel/internal/protocol"
	"cupel/internal/reference"
	"cupel/internal/suite"
)

func (c *checker) answersHello(ctx context.Context) error {
	hello, err := c.process.Hello(ctx)
	if err != nil {
		return err
	}
	// Every contender answers hello and quits.
	for _, op := range []string{protocol.OpLoad, protocol.OpInfer} {
		if !slices.Contains(hello.Ops, op) {
			return fmt.Errorf("ops is %q and lacks %q", hello.Ops, op)
		}
	}
	c.hello = hello
	return nil
}

func (c *checker) ignoresUnknownFields(ctx context.Context) error {
	line, err := c.process.Ask(ctx, protocol.OpHello, map[string]any{
		"op": protocol.OpHello, "protocol": protocol.Version, "a field of a later version": map[string]int{"x": 1},
	})
	if err != nil {
		return err
	}
	_, err = protocol.ParseHello(line)
	return err
}

// step is one check of a contender that holds a model.
type step struct {
	name  string
	check func(*checker, context.Context) error
}

func pointer(n int) *int { return &n }

// request is a check that one request gets the right reply.
func request(name string, r protocol.InferRequest) step {
	return step{name, func(c *checker, ctx context.Context) error {
		r := r
		r.Dim = c.loaded.model.Architecture.Inputs()
		if r.Hop == 0 {
			r.Hop = r.Dim
		}
		return c.infer(ctx, r)
	}}
}

var inferences = []step{
	request("labels and scores", protocol.InferRequest{Rows: 64, Batch: 1, Calls: 64, Want: true, Scores: true}),
	request("overlapping rows (hop 1)", protocol.InferRequest{Rows: 97, Hop: 1, Batch: 1, Calls: 97, Want: true, Scores: true}),
	request("wraps round after the last row", protocol.InferRequest{Rows: 5, Batch: 1, Warmup: 3, Calls: 23, Want: true}),
	request("batch of 4", protocol.InferRequest{Rows: 10, Batch: 4, Calls: 6, Want: true}),
	request("batch of 4, overlapping rows", protocol.InferRequest{Rows: 10, Hop: 1, Batch: 4, Calls: 6, Want: true}),
	request("batch larger than rows", protocol.InferRequest{Rows: 3, Batch: 8, Calls: 2, Want: true}),
	request("chained calls", protocol.InferRequest{Rows: 509, Hop: 1, Batch: 1, First: pointer(17), Step: pointer(977), Calls: 300, Want: true}),
	request("chained calls after a warm-up", protocol.InferRequest{Rows: 509, Hop: 1, Batch: 1, First: pointer(508), Step: pointer(protocol.MaxStep - 1), Warmup: 16, Calls: 30, Want: true}),
	request("chained batches", protocol.InferRequest{Rows: 31, Hop: 3, Batch: 7, First: pointer(30), Step: pointer(5), Warmup: 2, Calls: 40, Want: true}),
	request("no labels unless wanted", protocol.InferRequest{Rows: 509, Hop: 1, Batch: 1, First: pointer(3), Step: pointer(11), Warmup: 4, Calls: 50}),
	request("no calls", protocol.InferRequest{Rows: 9, Hop: 1, Batch: 1, First: pointer(2), Step: pointer(1), Warmup: 5, Want: true, Samples: true}),
	{"single row, one sample a call", (*checker).timesEachCall},
	{"rows at the decision boundary", (*checker).boundaryRows},
	{"scores in another order", (*checker).reorders},
	{"does its own work", (*checker).worksItself},
	{"defaults of hop and want, unknown fields", (*checker).defaults},
	{"reads the file anew", (*checker).readsAnew},
	{"another load replaces the model", (*checker).reloads},
}

// infer sends one request on drawn rows and checks the whole reply.
func (c *checker) infer(ctx context.Context, request protocol.InferRequest) error {
	_, err := c.answer(ctx, request)
	return err
}

// answer is infer and also returns the reply.
func (c *checker) answer(ctx context.Context, request protocol.InferRequest) (protocol.Infer, error) {
	if request.Inputs == "" {
		request.Inputs = c.file("f32")
		defer os.Remove(request.Inputs)
	}
	values, err := c.drawInputs(request.Inputs, request.Floats())
	// A path can begin on a row for which two labels are right. Then it has two right
	// ends.
	for err == nil && !c.loaded.reference.Inputs(values, request.Rows, request.Hop).CertainWarmup(request) {
		values, err = c.drawInputs(request.Inputs, request.Floats())
	}
	if err != nil {
		return protocol.Infer{}, err
	}
	return c.ask(ctx, request, values)
}

// ask sends one request, whose file holds these values, and checks the whole reply.
func (c *checker) ask(ctx context.Context, request protocol.InferRequest, values []float32) (protocol.Infer, error) {
	reply, outer, err := c.process.Infer(ctx, request, c.loaded.model.Architecture.Outputs())
	if err != nil {
		return reply, err
	}
	if err := plausible(request, reply, outer.Nanoseconds()); err != nil {
		return reply, err
	}
	return reply, c.right(request, values, reply)
}

func (c *checker) right(request protocol.InferRequest, values []float32, reply protocol.Infer) error {
	inputs := c.loaded.reference.Inputs(values, request.Rows, request.Hop)
	if err := inputs.Check(request, reply); err != nil {
		return err
	}
	if !request.Scores {
		return nil
	}
	return inputs.CheckScores(c.hello.Scale, reply.Scores)
}

// plausible checks the contender's statement of its own time. It allows a microsecond,
// because two clocks do not tick alike.
func plausible(request protocol.InferRequest, reply protocol.Infer, outerNanoseconds int64) error {
	const slackNanoseconds = 1000
	if reply.ElapsedNanoseconds > outerNanoseconds+slackNanoseconds {
		return fmt.Errorf("elapsed_ns is %d, and the whole request took %d ns", reply.ElapsedNanoseconds, outerNanoseconds)
	}
	total := int64(0)
	for _, sample := range reply.SampleNanoseconds {
		total += int64(sample)
	}
	if total > reply.ElapsedNanoseconds+slackNanoseconds {
		return fmt.Errorf("the samples add up to %d ns, more than elapsed_ns, %d", total, reply.ElapsedNanoseconds)
	}
	return nil
}

// timesEachCall asks for a time of each call, as the classic protocol does.
func (c *checker) timesEachCall(ctx context.Context) error {
	dim := c.loaded.model.Architecture.Inputs()
	reply, err := c.answer(ctx, protocol.InferRequest{Rows: 1, Dim: dim, Hop: dim, Batch: 1, Warmup: 100, Calls: 5000, Want: true, Samples: true})
	if err != nil {
		return err
	}
	return reply.Resolves()
}

// boundaryRows asks for the labels of boundary rows, which show arithmetic coarser than
// float32.
func (c *checker) boundaryRows(ctx context.Context) error {
	dim, rows := c.loaded.model.Architecture.Inputs(), suite.DefaultProbes.BoundaryRows
	drawn, err := c.loaded.reference.BoundaryRows(c.random, rows)
	if errors.Is(err, reference.ErrNoBoundary) {
		return skip("%v", err)
	}
	if err != nil {
		return err
	}
	request := protocol.InferRequest{Inputs: c.file("f32"), Rows: rows, Dim: dim, Hop: dim, Batch: 1, Calls: rows, Want: true}
	if err := writeInputs(request.Inputs, drawn.Values); err != nil {
		return err
	}
	reply, _, err := c.process.Infer(ctx, request, c.loaded.model.Architecture.Outputs())
	if err != nil {
		return err
	}
	return drawn.Check(request, reply.Labels).Err()
}

// mostScoreChange is by how much a row's score may change with its place. Float32 sums
// in any order change it less. For a suite's own model the audit allows a tenth of
// this.
const mostScoreChange = 1e-5

// reorders asks for the scores of the same rows in two orders.
func (c *checker) reorders(ctx context.Context) error {
	const rows = 64
	dim := c.loaded.model.Architecture.Inputs()
	request := protocol.InferRequest{Inputs: c.file("f32"), Rows: rows, Dim: dim, Hop: dim, Batch: 1, Calls: 1, Want: true, Scores: true}
	values, err := c.drawInputs(request.Inputs, rows*dim)
	if err != nil {
		return err
	}
	first, err := c.ask(ctx, request, values)
	if err != nil {
		return err
	}
	order := c.random.Perm(rows)
	var moved []float32
	for _, row := range order {
		moved = append(moved, values[row*dim:(row+1)*dim]...)
	}
	request.Inputs = c.file("f32")
	if err := writeInputs(request.Inputs, moved); err != nil {
		return err
	}
	again, err := c.ask(ctx, request, moved)
	if err != nil {
		return err
	}
	if len(first.Scores) != len(again.Scores) {
		return fmt.Errorf("the rows have %d scores in one order and %d in another", len(first.Scores), len(again.Scores))
	}
	outputs := len(first.Scores) / rows
	for place, row := range order {
		for i := range outputs {
			before, after := float64(first.Scores[row*outputs+i]), float64(again.Scores[place*outputs+i])
			if !(math.Abs(before-after) <= mostScoreChange*max(1, math.Abs(before))) {
				return fmt.Errorf("score %d of a row is %v in place %d and %v in place %d", i, before, row, after, place)
			}
		}
	}
	return nil
}

// helperShare is the share of the work that other processes may do, as in a run.
const helperShare = 0.01

// worksItself checks that the process that was started makes the calls itself. A run
// gives the turn to that process and measures its CPU time.
func (c *checker) worksItself(ctx context.Context) error {
	before, err := c.accounts()
	if errors.Is(err, errors.ErrUnsupported) {
		return skip("%v", err)
	}
	if err != nil {
		return err
	}
	dim := c.loaded.model.Architecture.Inputs()
	if err := c.infer(ctx, protocol.InferRequest{
		Rows: 509, Dim: dim, Hop: 1, Batch: 1, First: pointer(17), Step: pointer(977), Calls: 2000, Want: true,
	}); err != nil {
		return err
	}
	after, err := c.accounts()
	if err != nil {
		return err
	}
	own, others := after.own-before.own, after.others-before.others
	if float64(others) > helperShare*float64(own) {
		return fmt.Errorf("2000 calls took %v of CPU time in the process itself and %v in its children (%s): where a script starts the program, end the script with exec",
			own, others, strings.Join(after.names, ", "))
	}
	return nil
}

// accounts holds the CPU times of the process that was started and of its descendants.
type accounts struct {
	own, others time.Duration
	names       []string
}

func (c *checker) accounts() (accounts, error) {
	own, err := observe.CPUClock(c.process.PID())
	if err != nil {
		return accounts{}, err
	}
	children, err := observe.Descendants(c.process.PID())
	if err != nil {
		return accounts{}, err
	}
	a := accounts{own: own}
	for _, child := range children {
		a.others += time.Duration(child.CPUNanoseconds)
		a.names = append(a.names, protocol.Printable(child.Name, 40))
	}
	return a, nil
}

// defaults leaves out the optional fields of a request.
func (c *checker) defaults(ctx context.Context) error {
	dim := c.loaded.model.Architecture.Inputs()
	request := protocol.InferRequest{Inputs: c.file("f32"), Rows: 6, Dim: dim, Hop: dim, Batch: 1, Calls: 6, Want: true}
	values, err := c.drawInputs(request.Inputs, request.Floats())
	if err != nil {
		return err
	}
	line, err := c.process.Ask(ctx, protocol.OpInfer, map[string]any{
		"op": protocol.OpInfer, "inputs": request.Inputs, "rows": 6, "dim": dim, "batch": 1, "warmup": 0, "calls": 6,
		"Rows": 1, "a field of a later version": true,
	})
	if err != nil {
		return err
	}
	reply, err := protocol.ParseInfer(line, request, c.loaded.model.Architecture.Outputs())
	if err != nil {
		return err
	}
	return c.right(request, values, reply)
}

// readsAnew asks twice about one path with different content.
func (c *checker) readsAnew(ctx context.Context) error {
	dim := c.loaded.model.Architecture.Inputs()
	path := c.file("f32")
	for range 2 {
		if err := c.infer(ctx, protocol.InferRequest{Inputs: path, Rows: 40, Dim: dim, Hop: dim, Batch: 1, Calls: 40, Want: true}); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) reloads(ctx context.Context) error {
	architecture := c.loaded.model.Architecture
	if err := c.load(ctx, architecture); err != nil {
		return err
	}
	dim := architecture.Inputs()
	return c.infer(ctx, protocol.InferRequest{Rows: 40, Dim: dim, Hop: dim, Batch: 1, Calls: 40, Want: true, Scores: true})
}

// endings are checks that end the contender.
var endings = []step{
	{"answers an unknown op with an error", (*checker).refusesUnknownOp},
	{"answers a missing file with an error", (*checker).refusesMissingFile},
	{"exits with status 0 after quit", func(c *checker, ctx context.Context) error {
		if _, err := c.process.Hello(ctx); err != nil {
			return err
		}
		if err := c.process.Quit(ctx); err != nil {
			return err
		}
		return c.process.Quiet()
	}},
	{"exits with status 0 at the end of its input", func(c *checker, ctx context.Context) error { return c.process.CloseInput(ctx) }},
}

func (c *checker) refusesUnknownOp(ctx context.Context) error {
	line, err := c.process.Ask(ctx, "dance", map[string]any{"op": "dance"})
	return refused(line, err)
}

func (c *checker) refusesMissingFile(ctx context.Context) error {
	loadable := errors.New("it holds none of the models that were offered")
	for _, architecture := range architectures {
		if loadable = c.load(ctx, architecture); loadable == nil {
			break
		}
	}
	if loadable != nil {
		return loadable
	}
	dim := c.loaded.model.Architecture.Inputs()
	line, err := c.process.Ask(ctx, protocol.OpInfer, protocol.InferRequest{
		Op: protocol.OpInfer, Inputs: c.file("missing"), Rows: 1, Dim: dim, Hop: dim, Batch: 1, Calls: 1, Want: true,
	})
	return refused(line, err)
}

func refused(line []byte, err error) error {
	if err != nil {
		return err
	}
	_, err = protocol.ParseLoad(line)
	if refusal := new(protocol.RefusalError); !errors.As(err, &refusal) {
		return fmt.Errorf(`the reply is %s where {"error": "why"} is due`, protocol.Excerpt(line))
	}
	return nil
}
