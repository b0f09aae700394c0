// Package measure runs a plan: it starts contenders, makes sure that each gives
// the right answers, times it, and writes everything to the bundle.
//
// Every round starts each contender once, in an order drawn from the run's
// nonce, so that a machine that slows down slows all of them. In each launch the
// contender first answers rows drawn for the purpose; only one that agrees with
// the float64 reference is timed, and the labels that it gives while it is timed
// are checked as well. A launch that fails is recorded and the run goes on.
package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/launch"
	"cupel/internal/protocol"
	"cupel/internal/reference"
	"cupel/internal/suite"
)

// Contender is a contender that can be started.
type Contender struct {
	Name    string
	Command []string
	Dir     string
	Env     []string
	// Recorded is the command as the bundle shows it, without paths that tell
	// whose machine this is.
	Recorded []string
	// Build says how the engine was built or installed.
	Build string
}

// Progress says what a run is doing: a launch that begins has no outcome yet.
type Progress struct {
	Round, Rounds int
	Contender     string
	Outcome       evidence.Outcome
	Reason        string
}

// Run is one run of a plan. Its methods are called from one goroutine.
type Run struct {
	Plan     *suite.Plan
	Material *Material
	Bundle   *evidence.Writer
	// Scratch is a directory for input files; the run removes what it writes.
	Scratch string
	// Nonce is what the plan has the digest of.
	Nonce string
	// Redact takes out of a text what says whose machine this is.
	Redact func(string) string
	// Report is told of each launch that begins and that has ended.
	Report func(Progress)
	// Now is the clock of ledger and budget; timing has its own.
	Now func() time.Time

	launches int
	failures map[string]int
	excluded map[string]bool
}

// maxFailures is how many failed launches a contender may have.
const maxFailures = 2

// Preview launches each contender once. Its samples are kept but enter no figure.
func (r *Run) Preview(ctx context.Context, contenders []Contender) error {
	return r.round(ctx, contenders, 0)
}

// Measure runs the rounds of the plan. It returns ctx's error where it was
// interrupted; what was measured until then is in the bundle.
func (r *Run) Measure(ctx context.Context, contenders []Contender) error {
	// The preview's failures are no reason to give a contender fewer chances.
	r.failures = nil
	budget, err := time.ParseDuration(r.Plan.Budget)
	if err != nil {
		return fmt.Errorf("plan: budget: %w", err)
	}
	began := r.Now()
	for round := 1; round <= r.Plan.Launches; round++ {
		if spent := r.Now().Sub(began); round > 1 && spent > budget {
			return r.stopped(fmt.Sprintf("the budget of %v was spent after %d of %d rounds", budget, round-1, r.Plan.Launches))
		}
		if err := r.round(ctx, contenders, round); err != nil {
			return err
		}
	}
	return r.stopped(fmt.Sprintf("all %d rounds were made", r.Plan.Launches))
}

func (r *Run) stopped(reason string) error {
	return r.Bundle.Append(evidence.LedgerRow{Time: r.Now(), Event: evidence.EventStopped, Reason: reason})
}

func (r *Run) round(ctx context.Context, contenders []Contender, round int) error {
	for _, at := range order(r.Nonce, round, len(contenders)) {
		if r.excluded[contenders[at].Name] {
			continue
		}
		if err := r.attempt(ctx, contenders[at], round); err != nil {
			return err
		}
	}
	return nil
}

// attempt makes one launch and writes down how it ended. Its error is one of the
// harness, or ctx's; a contender's fault is an outcome.
func (r *Run) attempt(ctx context.Context, contender Contender, round int) error {
	r.launches++
	l := &attempt{run: r, contender: contender, number: r.launches, round: round}
	row := evidence.LedgerRow{Contender: contender.Name, Launch: l.number, Round: round, Preview: round == 0}
	started := row
	started.Time, started.Event = r.Now(), evidence.EventStarted
	if err := r.Bundle.Append(started); err != nil {
		return err
	}
	progress := Progress{Round: round, Rounds: r.Plan.Launches, Contender: contender.Name}
	r.Report(progress)
	err := l.make(ctx)
	ended := row
	ended.Time, ended.Event = r.Now(), evidence.EventEnded
	ended.Outcome, ended.Reason = outcome(ctx, err)
	ended.Reason = r.Redact(ended.Reason)
	ended.LabelsChecked, ended.Parameters = l.labelsChecked, l.parameters
	if harness := new(harnessError); errors.As(err, &harness) {
		ended.Outcome, ended.Reason = evidence.Interrupted, "the harness failed: "+harness.Error()
		return errors.Join(harness.err, r.Bundle.Append(ended))
	}
	if err := r.Bundle.Append(ended); err != nil {
		return err
	}
	progress.Outcome, progress.Reason = ended.Outcome, ended.Reason
	r.Report(progress)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.exclude(contender, ended)
}

// exclude decides whether a contender is started again.
func (r *Run) exclude(contender Contender, ended evidence.LedgerRow) error {
	reason := ""
	switch ended.Outcome {
	case evidence.Finished:
		return nil
	case evidence.Failed:
		if r.failures == nil {
			r.failures = map[string]int{}
		}
		if r.failures[contender.Name]++; r.failures[contender.Name] < maxFailures {
			return nil
		}
		reason = fmt.Sprintf("it failed in %d launches", maxFailures)
	default:
		reason = string(ended.Outcome)
	}
	if r.excluded == nil {
		r.excluded = map[string]bool{}
	}
	r.excluded[contender.Name] = true
	return r.Bundle.Append(evidence.LedgerRow{
		Time: r.Now(), Event: evidence.EventExcluded, Contender: contender.Name, Reason: reason,
	})
}

// harnessError is a fault of the harness or its machine, such as a full disk: it
// ends the run, since going on would blame contenders for it.
type harnessError struct{ err error }

func (e *harnessError) Error() string { return e.err.Error() }
func (e *harnessError) Unwrap() error { return e.err }

func ours(err error) error {
	if err == nil {
		return nil
	}
	return &harnessError{err}
}

// notApplicable says that the contender can't hold the suite's model.
type notApplicable struct{ reason string }

func (e *notApplicable) Error() string { return e.reason }

// outcome tells what an attempt's error means.
func outcome(ctx context.Context, err error) (evidence.Outcome, string) {
	if err == nil {
		return evidence.Finished, ""
	}
	if ctx.Err() != nil {
		return evidence.Interrupted, "the run was interrupted"
	}
	if inapplicable := new(notApplicable); errors.As(err, &inapplicable) {
		return evidence.NotApplicable, inapplicable.reason
	}
	if disagreement := new(reference.Disagreement); errors.As(err, &disagreement) {
		return evidence.Wrong, err.Error()
	}
	if failure := new(launch.Failure); errors.As(err, &failure) {
		return evidence.Failed, failure.Reason
	}
	return evidence.Failed, err.Error()
}

// attempt is one launch of one contender.
type attempt struct {
	run       *Run
	contender Contender
	number    int
	round     int

	process       *launch.Launch
	hello         protocol.Hello
	parameters    int64
	firstAnswer   time.Duration
	labelsChecked int
	samples       []evidence.Sample
}

// make makes the launch, from start to end.
func (a *attempt) make(ctx context.Context) error {
	logs := a.run.Bundle.Path(evidence.ContendersDir, a.contender.Name, "stderr")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return ours(fmt.Errorf("bundle: %w", err))
	}
	log := filepath.Join(logs, fmt.Sprintf("%04d.log", a.number))
	process, err := launch.Start(launch.Spec{
		Contender: a.contender.Name, Command: a.contender.Command, Dir: a.contender.Dir, Env: a.contender.Env,
		Threads: a.run.Plan.Threads, Log: log, Limits: a.run.Plan.Limits,
	})
	if err != nil {
		return err
	}
	a.process = process
	asked := a.ask(ctx)
	peak := process.PeakResidentBytes()
	if asked == nil {
		asked = process.Quit(ctx)
	}
	kept := a.observe(process.End(), peak)
	removeEmpty(log)
	if len(a.samples) > 0 {
		// Whatever came of the launch: figures go by its outcome, evidence does not.
		kept = errors.Join(kept, a.run.Bundle.WriteSamples(a.number, a.contender.Name, a.samples))
	}
	return errors.Join(asked, ours(kept))
}

// removeEmpty keeps a bundle free of files that say nothing.
func removeEmpty(path string) {
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		os.Remove(path)
	}
}

func (a *attempt) ask(ctx context.Context) error {
	var err error
	if a.hello, err = a.process.Hello(ctx); err != nil {
		return err
	}
	format, path, err := a.format()
	if err == nil {
		err = a.load(ctx, format, path)
	}
	if stated := a.state(format); stated != nil {
		return ours(stated)
	}
	if err != nil {
		return err
	}
	if err := a.agree(ctx); err != nil {
		return err
	}
	return a.classic(ctx)
}

// format chooses the first format of the contender's that can hold the model.
func (a *attempt) format() (format, path string, err error) {
	reason := ""
	for _, format := range a.hello.Formats {
		if path, ok := a.run.Material.Files[format]; ok {
			return format, path, nil
		}
		if reason == "" {
			reason = a.run.Material.Reasons[format]
		}
	}
	if reason == "" {
		reason = fmt.Sprintf("it reads %q, of which cupel writes none", a.hello.Formats)
	}
	return "", "", &notApplicable{reason}
}

func (a *attempt) load(ctx context.Context, format, path string) error {
	// A contender runs as the same user and could change the file for the others.
	if text, err := os.ReadFile(path); err != nil || digest(text) != a.run.Material.SHA256["model."+format] {
		return ours(fmt.Errorf("%s is not the model file that was written; something has changed it", path))
	}
	loaded, err := a.process.Load(ctx, protocol.LoadRequest{
		Format: format, Path: path, Architecture: a.run.Plan.Model, Threads: a.run.Plan.Threads,
	})
	if refusal := new(protocol.RefusalError); errors.As(err, &refusal) {
		return &notApplicable{refusal.Why}
	}
	a.parameters = loaded.Parameters
	return err
}

// state writes down what the contender said of itself, once a contender.
func (a *attempt) state(format string) error {
	name := filepath.Join(evidence.ContendersDir, a.contender.Name, evidence.StatementFile)
	if _, err := os.Stat(a.run.Bundle.Path(name)); err == nil {
		return nil
	}
	return a.run.Bundle.WriteJSON(name, evidence.Statement{
		Contender: a.contender.Name, Command: a.contender.Recorded, Build: a.contender.Build, Hello: a.hello, Format: format, Parameters: a.parameters,
	})
}

// infer asks, with its inputs in a file of their own.
func (a *attempt) infer(ctx context.Context, values []float32, request protocol.InferRequest) (protocol.Infer, time.Duration, error) {
	request.Inputs = filepath.Join(a.run.Scratch, fmt.Sprintf("%d.f32", a.number))
	if err := writeValues(request.Inputs, values); err != nil {
		return protocol.Infer{}, 0, ours(err)
	}
	defer os.Remove(request.Inputs)
	reply, outer, err := a.process.Infer(ctx, request, a.run.Plan.Model.Outputs())
	if err == nil && a.firstAnswer == 0 {
		a.firstAnswer = time.Since(a.process.Started())
	}
	return reply, outer, err
}

// agree compares labels and scores with the reference, on rows that are drawn
// after the contender has loaded its model.
func (a *attempt) agree(ctx context.Context) error {
	random := stream(a.run.Nonce, "agreement", a.number)
	if err := a.agreeOnRows(ctx, drawValues(random, a.run.Plan.Agreement.Rows*a.dim())); err != nil {
		return err
	}
	shape := protocol.InferRequest{
		Rows: a.run.Plan.Agreement.PathRows, Dim: a.dim(), Hop: 1, Batch: a.run.Plan.Batch,
		Warmup: a.run.Plan.Agreement.Warmup, Calls: a.run.Plan.Agreement.Calls, Want: true,
	}
	values := drawValues(random, shape.Floats())
	inputs := a.run.Material.Reference.Inputs(values, shape.Rows, shape.Hop)
	request, err := drawPath(random, inputs, shape)
	if err != nil {
		return ours(err)
	}
	reply, _, err := a.infer(ctx, values, request)
	if err != nil {
		return err
	}
	a.labelsChecked += len(reply.Labels)
	return inputs.Check(request, reply)
}

func (a *attempt) agreeOnRows(ctx context.Context, values []float32) error {
	rows := a.run.Plan.Agreement.Rows
	request := protocol.InferRequest{
		Rows: rows, Dim: a.dim(), Hop: a.dim(), Batch: 1, Calls: rows, Want: true, Scores: true,
	}
	reply, _, err := a.infer(ctx, values, request)
	if err != nil {
		return err
	}
	inputs := a.run.Material.Reference.Inputs(values, rows, a.dim())
	a.labelsChecked += len(reply.Labels)
	if err := inputs.Check(request, reply); err != nil {
		return err
	}
	return inputs.CheckScores(a.hello.Scale, reply.Scores)
}

// classic is the published benchmark's own protocol: one row, warm-up calls,
// then calls timed one by one.
func (a *attempt) classic(ctx context.Context) error {
	plan := a.run.Plan.Classic
	request := protocol.InferRequest{
		Rows: plan.Rows, Dim: a.dim(), Hop: a.dim(), Batch: a.run.Plan.Batch,
		Warmup: plan.Warmup, Calls: plan.Iterations, Want: true, Samples: true,
	}
	values := slices.Repeat(a.run.Material.ClassicRow, plan.Rows)
	reply, outer, err := a.infer(ctx, values, request)
	if err != nil {
		return err
	}
	a.keep(reply, outer)
	a.labelsChecked += len(reply.Labels)
	if err := a.run.Material.Reference.Inputs(values, plan.Rows, a.dim()).Check(request, reply); err != nil {
		return fmt.Errorf("the timed calls: %w", err)
	}
	return resolves(reply.SampleNanoseconds)
}

// resolves refuses samples of a clock whose step is longer than most calls: they
// say nothing of how long a call takes.
func resolves(nanoseconds []uint32) error {
	zeros := 0
	for _, sample := range nanoseconds {
		if sample == 0 {
			zeros++
		}
	}
	if 2*zeros >= len(nanoseconds) {
		return fmt.Errorf("its clock does not resolve a call: %d of %d samples are 0", zeros, len(nanoseconds))
	}
	return nil
}

func (a *attempt) keep(reply protocol.Infer, outer time.Duration) {
	sample := evidence.Sample{Launch: int32(a.number), Contender: a.contender.Name, Round: int32(a.round)}
	whole := sample
	outerNanoseconds := outer.Nanoseconds()
	whole.Phase, whole.Calls = evidence.PhaseRequest, int32(len(reply.SampleNanoseconds))
	whole.OuterNanoseconds, whole.InnerNanoseconds = &outerNanoseconds, reply.ElapsedNanoseconds
	a.samples = append(a.samples, whole)
	for _, nanoseconds := range reply.SampleNanoseconds {
		call := sample
		call.Phase, call.Calls, call.InnerNanoseconds = evidence.PhaseCall, 1, int64(nanoseconds)
		a.samples = append(a.samples, call)
	}
}

func (a *attempt) dim() int { return a.run.Plan.Model.Inputs() }

func (a *attempt) observe(exit launch.Exit, peakResidentBytes uint64) error {
	usage := exit.Usage
	return a.run.Bundle.Observe(evidence.Observation{
		Launch: a.number, Contender: a.contender.Name,
		WallNanoseconds: exit.Wall.Nanoseconds(), FirstAnswerNanoseconds: a.firstAnswer.Nanoseconds(),
		UserCPUNanoseconds: usage.Utime.Nano(), SystemCPUNanoseconds: usage.Stime.Nano(),
		PeakResidentBytes: peakResidentBytes,
		VoluntarySwitches: usage.Nvcsw, InvoluntarySwitches: usage.Nivcsw,
		MajorFaults: usage.Majflt, MinorFaults: usage.Minflt, Leftovers: exit.Leftovers,
	})
}
