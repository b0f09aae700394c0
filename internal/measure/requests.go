package measure

// This file writes down what a launch was asked, request by request, and the
// kernel's accounts of single ones.

import (
	"encoding/json"
	"runtime"
	"slices"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/observe"
	"cupel/internal/protocol"
)

// keepRequest writes a request down and returns its place among the launch's.
func (a *attempt) keepRequest(file inputsFile, request protocol.InferRequest, reply protocol.Infer, timed evidence.Sample) int {
	kept := evidence.Request{
		Launch: int32(a.number), Op: protocol.OpInfer, Phase: timed.Phase, Round: timed.Round, Model: file.variant.Name,
		Inputs: int32(file.number), Rows: int32(request.Rows), Dim: int32(request.Dim), Hop: int32(request.Hop),
		Batch: int32(request.Batch), First: narrow(request.First), Step: narrow(request.Step),
		Warmup: int32(request.Warmup), Calls: int32(request.Calls),
		Want: request.Want, Samples: request.Samples, Scores: request.Scores, Labels: int32(len(reply.Labels)),
		RequestBytes:     lineBytes(request),
		StartNanoseconds: *timed.StartNanoseconds, OuterNanoseconds: *timed.OuterNanoseconds, InnerNanoseconds: timed.InnerNanoseconds,
		CPUNanoseconds: timed.CPUNanoseconds,
	}
	a.rows += int64(request.Warmup+request.Calls) * int64(request.Batch)
	return a.keep(kept)
}

// keepLoad writes down that a model was given.
func (a *attempt) keepLoad(request protocol.LoadRequest, start time.Time, took time.Duration) {
	a.keep(evidence.Request{
		Launch: int32(a.number), Op: protocol.OpLoad, Model: a.loaded.Name, ModelSHA256: a.loaded.SHA256[a.format],
		RequestBytes: lineBytes(request), StartNanoseconds: start.Sub(a.cell.run.began).Nanoseconds(), OuterNanoseconds: took.Nanoseconds(),
	})
}

// keep adds what the process did since its last reply.
func (a *attempt) keep(request evidence.Request) int {
	request.IdleNanoseconds = a.idle.lastWall.Nanoseconds()
	if a.idle.lastWall > 0 {
		request.IdleCPUNanoseconds = pointer(a.idle.lastCPU.Nanoseconds())
	}
	a.idle.lastWall, a.idle.lastCPU = 0, 0
	a.requests = append(a.requests, request)
	return len(a.requests) - 1
}

// agreed marks the last request as checked where the check found nothing.
func (a *attempt) agreed(found error) error {
	a.requests[len(a.requests)-1].Checked = found == nil
	return found
}

func narrow(value *int) *int32 {
	if value == nil {
		return nil
	}
	return pointer(int32(*value))
}

// lineBytes is how long a request's line is, its end included.
func lineBytes(request any) int32 {
	text, err := json.Marshal(request)
	if err != nil {
		return 0
	}
	return int32(len(text) + 1)
}

// accounted reports whether the kernel is asked about a single request: it takes as
// long as many a short burst.
func accounted(phase evidence.Phase, round int) bool {
	switch phase {
	case evidence.PhaseLong, evidence.PhaseNear, evidence.PhaseRequest, evidence.PhaseHard:
		return true
	case evidence.PhaseEmpty:
		return round > 0
	}
	return false
}

// ownWait follows how long the thread of the harness that asks and is answered waits for
// a CPU.
type ownWait struct {
	cell *cell
	// before is what it had waited when it began, -1 where that is not asked.
	before time.Duration
}

// followWait begins to follow the wait, where that is asked and says something: on a CPU
// that both use, a contender that goes on working makes the harness wait. It keeps the
// goroutine on its thread until end.
func (c *cell) followWait(phase evidence.Phase, round int) ownWait {
	shared := len(c.harnessCPUs) == 0 || len(c.cpus) == 0 ||
		slices.ContainsFunc(c.cpus, func(cpu int) bool { return slices.Contains(c.harnessCPUs, cpu) })
	if shared || !accounted(phase, round) {
		return ownWait{before: -1}
	}
	runtime.LockOSThread()
	return ownWait{c, c.threadWait()}
}

func (c *cell) threadWait() time.Duration {
	waited, err := c.run.outside.witness.wait()
	if err != nil {
		return -1
	}
	return waited
}

// end is how long it waited, nil where that is not known.
func (w ownWait) end() *int64 {
	if w.cell == nil {
		return nil
	}
	defer runtime.UnlockOSThread()
	return spent(w.before, w.cell.threadWait())
}

// openAccount takes an account of a process that is stopped, where one is due and can
// be had.
func (a *attempt) openAccount(phase evidence.Phase, round int) *observe.Account {
	if !accounted(phase, round) {
		return nil
	}
	account, err := a.cell.run.outside.witness.account(a.process.PID())
	if err != nil {
		return nil
	}
	return &account
}

// closeAccount writes down what the process did since.
func (a *attempt) closeAccount(before *observe.Account, request *evidence.Request) {
	if before == nil {
		return
	}
	if after, err := a.cell.run.outside.witness.account(a.process.PID()); err == nil {
		observe.Settle(request, *before, after)
	}
}
