package measure

// This file makes one launch: from its start to the point where it can have its
// turn, and its end.

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/launch"
	"cupel/internal/protocol"
	"cupel/internal/reference"
	"cupel/internal/sandbox"
)

// attempt is one launch of one contender.
type attempt struct {
	cell      *cell
	replicate *replicate
	contender Contender
	number    int

	process process
	log     string
	// own is the launch's scratch directory, "" where it is not confined.
	own           string
	hello         protocol.Hello
	format        string
	parameters    int64
	firstAnswer   time.Duration
	labelsChecked int
	// trainings is how many the launch has made.
	trainings int
	boundary  reference.BoundaryResult
	steady    *evidence.Steady
	samples   []evidence.Sample
	unchecked []unchecked
	// requests are all that the launch was asked, rows how many it has predicted.
	requests []evidence.Request
	rows     int64
	// loaded is the model that it holds.
	loaded *Variant
	// fixed are its scores of the fixed rows when it had just loaded its model.
	fixed   []float32
	idle    idle
	details *evidence.ProcessDetails
	// transferPerCall is how many nanoseconds of a call are copies to and from the
	// engine's device.
	transferPerCall float64
	// stolen is what the host took of the contenders' cores while the launch was
	// accounted for, both in nanoseconds.
	stolen, accounted int64
	// pressed is how long some task of the machine waited for a CPU meanwhile.
	pressed int64
	// err is why the launch is over.
	err error
}

// unchecked is a reply whose labels are yet to be compared with the reference:
// that takes longer than many a burst, and has time until the round is over.
type unchecked struct {
	// on is what was asked about: answers found for one are found for all.
	on any
	// check compares with the reference and says how many labels it looked at.
	check func() (labels int, err error)
	// made is the request's place among the launch's.
	made int
}

// idle adds up what a process did between its requests.
type idle struct {
	since     time.Time
	clock     time.Duration
	cpu, wall time.Duration
	// lastCPU and lastWall are of the last time between two requests.
	lastCPU, lastWall time.Duration
}

// begin starts a launch and writes that down. Its error is the harness's; a
// contender that can't be started is an attempt with an err.
func (r *replicate) begin(contender Contender) (*attempt, error) {
	run, plan := r.cell.run, r.cell.plan
	a := &attempt{cell: r.cell, replicate: r, contender: contender, number: run.nextLaunch()}
	row := a.row()
	row.Event = evidence.EventStarted
	if err := run.Bundle.Append(row); err != nil {
		return nil, err
	}
	r.cell.report(Progress{Cell: r.cell.name, Replicate: r.number, Replicates: plan.Launches, Contender: contender.Name})
	logs := run.Bundle.Path(evidence.ContendersDir, contender.Name, evidence.StderrDir)
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	a.log = filepath.Join(logs, fmt.Sprintf("%04d.log", a.number))
	cpus := r.cell.cpus
	if r.startsTogether() {
		cpus = slices.Concat(r.cell.harnessCPUs, r.cell.cpus)
	}
	r.launches = append(r.launches, a)
	confined, err := a.confine()
	if err != nil {
		a.err = unconfinable(contender.Name, err)
		return a, nil
	}
	a.process, err = run.outside.start(launch.Spec{
		Contender: contender.Name, Command: confined.Command, Dir: cmp.Or(contender.Dir, a.own), Env: slices.Concat(contender.Env, confined.Env),
		Attributes: confined.Attributes, Threads: plan.Threads, CPUs: cpus, Log: a.log, Limits: plan.Limits,
	})
	a.err = run.unstartable(err)
	return a, nil
}

// unconfinable is the error of a contender that can't be confined: its own where its
// program is not there, and else the harness's.
func unconfinable(contender string, err error) error {
	if missing := new(exec.Error); errors.As(err, &missing) {
		return &launch.Failure{Contender: contender, Reason: "cannot be started: " + err.Error(), Err: err}
	}
	return ours(err)
}

// unstartable is the error of a start: a failure of the contender's, or else the
// harness's. Confined, what is started is cupel's own stage, and no failure of a start
// is the contender's: that its program is none comes as the stage's end.
func (r *Run) unstartable(err error) error {
	if failure := new(launch.Failure); !r.Sandbox.Stages() && errors.As(err, &failure) {
		return failure
	}
	return ours(err)
}

// confine makes the launch's scratch directory and returns what starts it confined.
func (a *attempt) confine() (sandbox.Confined, error) {
	if a.cell.run.Sandbox == nil {
		return sandbox.Confined{Command: a.contender.Command}, nil
	}
	a.own = filepath.Join(a.cell.run.Scratch, rand.Text())
	if err := os.Mkdir(a.own, 0o700); err != nil {
		return sandbox.Confined{}, ours(fmt.Errorf("scratch directory: %w", err))
	}
	return a.cell.run.Sandbox.Confine(sandbox.Policy{
		Scratch: a.own, Hidden: a.cell.run.Hidden, Readable: []string{a.cell.run.Scratch, a.contender.Dir},
	}, a.contender.Command)
}

func (a *attempt) row() evidence.LedgerRow {
	return evidence.LedgerRow{
		Time: a.cell.run.outside.now(), Cell: a.cell.name, Contender: a.contender.Name, Role: a.contender.Role,
		Launch: a.number, Replicate: a.replicate.number, Preview: a.replicate.number == 0,
	}
}

// do takes a step of a launch that is not over, and ends it where the step fails:
// it is stopped then, since others have their turns before its process is ended.
func (a *attempt) do(step func() error) {
	if a.err != nil {
		return
	}
	if a.err = step(); a.err != nil && a.process != nil {
		// One that has gone can't be stopped, nor need be.
		_ = a.process.Pause()
	}
}

// chooseFormat chooses the first format of the contender's that can hold the model.
func (a *attempt) chooseFormat(variant *Variant) (format, path string, err error) {
	reason := ""
	for _, format := range a.hello.Formats {
		if path, ok := variant.Files[format]; ok {
			return format, path, nil
		}
		if reason == "" {
			reason = variant.Reasons[format]
		}
	}
	if reason == "" {
		reason = fmt.Sprintf("it reads %q, of which cupel writes none", a.hello.Formats)
	}
	return "", "", &notApplicable{reason}
}

func (a *attempt) load(ctx context.Context, variant *Variant, path string) error {
	// A contender runs as the same user and could change the file for the others.
	if text, err := os.ReadFile(path); err != nil || digest(text) != variant.SHA256[a.format] {
		return ours(fmt.Errorf("%s is not the model file that was written; something has changed it", path))
	}
	request := protocol.LoadRequest{Format: a.format, Path: path, Architecture: variant.Model.Architecture, Threads: a.cell.plan.Threads}
	start := a.cell.run.outside.now()
	loaded, err := a.process.Load(ctx, request)
	a.loaded = variant
	a.keepLoad(request, start, a.cell.run.outside.now().Sub(start))
	if refusal := new(protocol.RefusalError); errors.As(err, &refusal) {
		return &notApplicable{refusal.Why}
	}
	if variant == a.cell.run.Material.Variant {
		a.parameters = loaded.Parameters
	}
	return err
}

// state writes down what the contender said of itself, once a contender.
func (a *attempt) state() error {
	name := filepath.Join(evidence.ContendersDir, a.contender.Name, evidence.StatementFile)
	if _, err := os.Stat(a.cell.run.Bundle.Path(name)); err == nil {
		return nil
	}
	return a.cell.run.Bundle.WriteJSON(name, evidence.Statement{
		Contender: a.contender.Name, Command: a.contender.Recorded, Build: a.contender.Build,
		InstalledBytes: a.contender.InstalledBytes, Hello: a.hello, Format: a.format, Parameters: a.parameters,
	})
}

// ask makes one request and keeps what was timed.
func (a *attempt) ask(ctx context.Context, file inputsFile, request protocol.InferRequest, phase evidence.Phase, round int) (protocol.Infer, error) {
	request.Inputs = file.path
	account := a.openAccount(phase, round)
	before, err := a.resume()
	if err != nil {
		return protocol.Infer{}, err
	}
	wait := a.cell.followWait(phase, round)
	start := a.cell.run.outside.now()
	var reply protocol.Infer
	var outer time.Duration
	if phase == evidence.PhaseStall {
		reply, outer, err = a.process.InferStalled(ctx, request, a.outputs(file), a.stallAfter(), time.Duration(a.cell.plan.Paired.StallFor))
	} else {
		reply, outer, err = a.process.Infer(ctx, request, a.outputs(file))
	}
	waited := wait.end()
	if err != nil {
		return reply, err
	}
	a.noteFirstAnswer()
	after, err := a.pause()
	if err != nil {
		return reply, err
	}
	sample := a.timed(phase, round, request, start, outer, reply.ElapsedNanoseconds)
	sample.CPUNanoseconds, sample.HarnessWaitNanoseconds = spent(before, after), waited
	a.samples = append(a.samples, sample)
	made := a.keepRequest(file, request, reply, sample)
	a.closeAccount(account, &a.requests[made])
	a.await(file, request, reply, made)
	return reply, nil
}

func pointer[T any](value T) *T { return &value }

// noteFirstAnswer keeps how long a launch took from its start to its first answer. One
// that started beside others has none: it was stopped on the way until its turn.
func (a *attempt) noteFirstAnswer() {
	if a.firstAnswer == 0 && !a.replicate.startsTogether() {
		a.firstAnswer = a.cell.run.outside.now().Sub(a.process.Started())
	}
}

// timed is the sample of a request, by the harness's clock and the contender's.
func (a *attempt) timed(phase evidence.Phase, round int, request protocol.InferRequest, start time.Time, outer time.Duration, inner int64) evidence.Sample {
	sample := a.sample(phase, round, request)
	sample.StartNanoseconds = pointer(start.Sub(a.cell.run.began).Nanoseconds())
	sample.OuterNanoseconds, sample.InnerNanoseconds = pointer(outer.Nanoseconds()), inner
	return sample
}

// spent is by how much a clock of the kernel's went on, nil where it was not read.
func spent(before, after time.Duration) *int64 {
	if before < 0 || after < 0 {
		return nil
	}
	return pointer((after - before).Nanoseconds())
}

func (a *attempt) sample(phase evidence.Phase, round int, request protocol.InferRequest) evidence.Sample {
	return evidence.Sample{
		Launch: int32(a.number), Contender: a.contender.Name, Cell: a.cell.name, Replicate: int32(a.replicate.number), Phase: phase,
		Round: int32(round), Calls: int32(request.Calls), Warmup: int32(request.Warmup), Rows: int32(request.Rows),
	}
}

// resume gives the launch its turn and returns its CPU clock, -1 where there is
// none.
func (a *attempt) resume() (time.Duration, error) {
	clock := a.clock()
	// Where a clock could not be read, nobody knows whether the process was idle.
	if !a.idle.since.IsZero() && clock >= 0 && a.idle.clock >= 0 {
		a.idle.lastWall, a.idle.lastCPU = a.cell.run.outside.now().Sub(a.idle.since), max(clock-a.idle.clock, 0)
		a.idle.wall += a.idle.lastWall
		a.idle.cpu += a.idle.lastCPU
	}
	if a.cell.plan.Paired.Unstopped {
		return clock, nil
	}
	return clock, a.process.Resume()
}

// pause ends the launch's turn and returns its CPU clock, -1 where there is none.
func (a *attempt) pause() (time.Duration, error) {
	var err error
	if !a.cell.plan.Paired.Unstopped {
		err = a.process.Pause()
	}
	clock := a.clock()
	a.idle.since, a.idle.clock = a.cell.run.outside.now(), clock
	return clock, err
}

func (a *attempt) clock() time.Duration {
	clock, err := a.process.CPUClock()
	if err != nil {
		return -1
	}
	return clock
}

// await keeps an answer to be compared with the reference.
func (a *attempt) await(file inputsFile, request protocol.InferRequest, reply protocol.Infer, made int) {
	a.unchecked = append(a.unchecked, unchecked{file.inputs, func() (int, error) { return judgeAnswer(file.inputs, request, reply) }, made})
}

// unkept is the place of a request that is not among those written down.
const unkept = -1

// noteChecked writes down that a request's answers were right.
func (a *attempt) noteChecked(made int) {
	if made != unkept {
		a.requests[made].Checked = true
	}
}

// judgeAnswer compares an answer with the reference and says how many labels it
// looked at.
func judgeAnswer(inputs *reference.Inputs, request protocol.InferRequest, reply protocol.Infer) (labels int, err error) {
	labels, err = inputs.CheckCounted(request, reply)
	if err != nil {
		return labels, fmt.Errorf("%d calls over %d rows: %w", request.Calls, request.Rows, err)
	}
	return labels, nil
}

// check compares what has been answered since the last check with the reference.
func (a *attempt) check() error {
	pending := a.unchecked
	a.unchecked = nil
	for _, answer := range pending {
		labels, err := answer.check()
		if err != nil {
			return err
		}
		a.labelsChecked += labels
		a.noteChecked(answer.made)
	}
	return nil
}

// firstCall makes a single call, which finds nothing warm.
func (a *attempt) firstCall(ctx context.Context) error {
	file, err := a.replicate.rowFile(a.cell.run.Material.Variant, 1)
	if err != nil {
		return err
	}
	defer file.remove()
	request := a.request(1)
	request.Hop, request.Calls, request.Want = a.dim(), 1, true
	if _, err := a.ask(ctx, file, request, evidence.PhaseFirst, 0); err != nil {
		return err
	}
	return a.check()
}

// request is the start of a request over so many overlapping rows.
func (a *attempt) request(rows int) protocol.InferRequest {
	return protocol.InferRequest{Rows: rows, Dim: a.dim(), Hop: 1, Batch: a.cell.plan.Batch}
}

// agree compares labels and scores with the reference, on rows that are drawn
// after the contender has loaded its model.
func (a *attempt) agree(ctx context.Context) error {
	random := draw.Stream(a.cell.nonce, "agreement", a.number)
	if err := a.agreeOnRows(ctx); err != nil {
		return err
	}
	plan := a.cell.plan.Agreement
	file, path, err := a.replicate.chainedFile(a.cell.run.Material.Variant, random, plan.PathRows, plan.Warmup)
	if err != nil {
		return err
	}
	defer file.remove()
	request := a.request(plan.PathRows)
	request.First, request.Step, request.Warmup, request.Calls, request.Want = &path.first, &path.step, plan.Warmup, plan.Calls, true
	reply, err := a.inferUntimed(ctx, file, request)
	if err != nil {
		return err
	}
	a.labelsChecked += len(reply.Labels)
	return a.agreed(file.inputs.Check(request, reply))
}

func (a *attempt) agreeOnRows(ctx context.Context) error {
	rows := a.cell.plan.Agreement.Rows
	file, err := a.replicate.rowFile(a.cell.run.Material.Variant, rows)
	if err != nil {
		return err
	}
	defer file.remove()
	request := a.eachRow(rows)
	request.Scores = true
	reply, err := a.inferUntimed(ctx, file, request)
	if err != nil {
		return err
	}
	a.labelsChecked += len(reply.Labels)
	if err := a.agreed(file.inputs.Check(request, reply)); err != nil {
		return err
	}
	return file.inputs.CheckScores(a.hello.Scale, reply.Scores)
}

// eachRow asks for the label of each of so many separate rows at least once, in
// calls of the plan's batch.
func (a *attempt) eachRow(rows int) protocol.InferRequest {
	batch := a.cell.plan.Batch
	return protocol.InferRequest{Rows: rows, Dim: a.dim(), Hop: a.dim(), Batch: batch, Calls: (rows + batch - 1) / batch, Want: true}
}

// label asks for the labels of rows at the decision boundary, where arithmetic of
// less than float32, or other weights, show.
func (a *attempt) label(ctx context.Context) error {
	rows := a.cell.plan.Probes.BoundaryRows
	if rows == 0 {
		return nil
	}
	random := draw.Stream(a.cell.nonce, "boundary", a.number)
	drawn, err := a.cell.run.Material.Reference.BoundaryRows(random, rows)
	if err != nil {
		return ours(err)
	}
	file, err := a.replicate.file(a.cell.run.Material.Variant, holdsBoundary, drawn.Values, rows, a.dim())
	if err != nil {
		return err
	}
	defer file.remove()
	request := a.eachRow(rows)
	reply, err := a.inferUntimed(ctx, file, request)
	if err != nil {
		return err
	}
	a.boundary = drawn.Check(request, reply.Labels)
	return a.boundary.Err()
}

// inferUntimed asks for answers whose time is of no interest.
func (a *attempt) inferUntimed(ctx context.Context, file inputsFile, request protocol.InferRequest) (protocol.Infer, error) {
	request.Inputs = file.path
	before, err := a.resume()
	if err != nil {
		return protocol.Infer{}, err
	}
	start := a.cell.run.outside.now()
	reply, outer, err := a.process.Infer(ctx, request, a.outputs(file))
	if err != nil {
		return reply, err
	}
	after, err := a.pause()
	sample := a.timed("", 0, request, start, outer, reply.ElapsedNanoseconds)
	sample.CPUNanoseconds = spent(before, after)
	a.keepRequest(file, request, reply, sample)
	return reply, err
}

// keepCalls keeps the contender's times of single calls.
func (a *attempt) keepCalls(reply protocol.Infer, phase evidence.Phase, round int, request protocol.InferRequest) {
	request.Calls, request.Warmup = 1, 0
	for _, nanoseconds := range reply.SampleNanoseconds {
		call := a.sample(phase, round, request)
		call.InnerNanoseconds = int64(nanoseconds)
		a.samples = append(a.samples, call)
	}
}

func (a *attempt) dim() int { return a.cell.plan.Model.Inputs() }

func (a *attempt) outputs(file inputsFile) int { return file.variant.Model.Architecture.Outputs() }

// finish ends the launch and writes down how. Its error is the harness's, or
// ctx's.
func (a *attempt) finish(ctx context.Context) error {
	a.do(func() error { return a.check() })
	kept := error(nil)
	if a.process != nil {
		kept = a.end(ctx)
	} else {
		a.close()
	}
	if len(a.samples) > 0 {
		// Whatever came of the launch: figures go by its outcome, evidence does not.
		kept = errors.Join(kept, a.cell.run.Bundle.WriteSamples(a.number, a.contender.Name, a.samples))
	}
	if len(a.requests) > 0 {
		kept = errors.Join(kept, a.cell.run.Bundle.WriteRequests(a.number, a.contender.Name, a.requests))
	}
	if kept != nil {
		a.err = errors.Join(a.err, ours(kept))
	}
	return a.record(ctx)
}

// end ends the process.
func (a *attempt) end(ctx context.Context) error {
	peak := a.process.PeakResidentBytes()
	if details, err := a.cell.run.outside.kernel.details(a.process.PID()); err == nil {
		details.Executable = a.cell.run.Redact(details.Executable)
		for i, file := range details.CodeFiles {
			details.CodeFiles[i] = a.cell.run.Redact(file)
		}
		a.details = &details
	}
	a.do(func() error { return a.look(evidence.MomentLast) })
	a.do(func() error {
		if err := a.process.Resume(); err != nil {
			return err
		}
		return a.process.Quit(ctx)
	})
	exit := a.close()
	if err := a.tidyLog(); err != nil {
		return err
	}
	return a.observe(exit, peak)
}

// close ends the process, if there is one, and removes the launch's scratch directory.
func (a *attempt) close() (exit launch.Exit) {
	if a.process != nil {
		exit = a.process.End()
	}
	if a.own != "" {
		// What can't be removed, a contender has locked; it goes with the run's.
		_ = os.RemoveAll(a.own)
	}
	return exit
}

// maxTidied is how much of a log is looked through for names of places: more than a
// log may have.
const maxTidied = 2 << 20

// tidyLog takes the names of this machine's places out of what the contender wrote,
// which a warning of a library is full of, and removes a log that says nothing.
func (a *attempt) tidyLog() error {
	info, err := os.Stat(a.log)
	switch {
	case err != nil || info.Size() > maxTidied:
		return nil // There may be none.
	case info.Size() == 0:
		os.Remove(a.log)
		return nil
	}
	text, err := os.ReadFile(a.log)
	if err != nil {
		return ours(fmt.Errorf("log: %w", err))
	}
	if err := os.WriteFile(a.log, []byte(a.cell.run.Redact(string(text))), 0o644); err != nil {
		return ours(fmt.Errorf("log: %w", err))
	}
	return nil
}

func (a *attempt) observe(exit launch.Exit, peakResidentBytes uint64) error {
	usage := exit.Usage
	return a.cell.run.Bundle.Observe(evidence.Observation{
		Launch: a.number, Contender: a.contender.Name,
		WallNanoseconds: exit.Wall.Nanoseconds(), FirstAnswerNanoseconds: a.firstAnswer.Nanoseconds(),
		UserCPUNanoseconds: usage.UserCPU.Nanoseconds(), SystemCPUNanoseconds: usage.SystemCPU.Nanoseconds(),
		PeakResidentBytes: peakResidentBytes,
		VoluntarySwitches: usage.VoluntarySwitches, InvoluntarySwitches: usage.InvoluntarySwitches,
		MajorFaults: usage.MajorFaults, MinorFaults: usage.MinorFaults, Leftovers: exit.Leftovers,
		IdleNanoseconds: a.idle.wall.Nanoseconds(), IdleCPUNanoseconds: a.idle.cpu.Nanoseconds(),
		StolenShare: float64(a.stolen) / float64(max(a.accounted, 1)), Details: a.details,
		PressureShare: float64(a.pressed) / float64(max(a.accounted, 1)), TransferNanosecondsPerCall: a.transferPerCall,
	})
}

// record writes the ledger's row of how the launch ended.
func (a *attempt) record(ctx context.Context) error {
	row := a.row()
	row.Event = evidence.EventEnded
	row.Outcome, row.Reason = outcome(ctx, a.err)
	row.Reason = a.cell.run.Redact(row.Reason)
	row.LabelsChecked, row.Parameters, row.Steady = a.labelsChecked, a.parameters, a.steady
	row.TrainingsMade = a.trainings
	row.BoundaryRows, row.BoundaryWrong = a.boundary.Checked, a.boundary.Wrong
	if harness := new(harnessError); errors.As(a.err, &harness) {
		row.Outcome, row.Reason = evidence.Interrupted, "the harness failed: "+harness.Error()
		if err := a.cell.run.Bundle.Append(row); err != nil {
			return errors.Join(harness, err)
		}
		return harness // Itself, so that a fault that ends many launches is told once.
	}
	if err := a.cell.run.Bundle.Append(row); err != nil {
		return err
	}
	a.cell.report(Progress{
		Cell: a.cell.name, Replicate: a.replicate.number, Replicates: a.cell.plan.Launches, Contender: a.contender.Name, Outcome: row.Outcome, Reason: row.Reason,
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return a.cell.exclude(a.contender, row)
}

// finished reports whether the launch came to a good end.
func (a *attempt) finished() bool { return a.err == nil }
