package measure

// This file holds a stage: contenders that are scripts, a canary and a clock that
// moves by what they say that they took, and by nothing else (the idea is
// hyperfine's, whose tests time scripts as well). A run on a stage is a run in all
// but its processes and its time, so tests may say exactly what comes out. The
// stage also watches what no run may do: see watch.

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cupel/internal/draw"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/launch"
	"cupel/internal/observe"
	"cupel/internal/protocol"
	"cupel/internal/reference"
	"cupel/internal/suite"
	"cupel/model"
)

// pace is what the timed calls of a request take, now being the time since the
// stage was set up.
type pace func(now time.Duration, request protocol.InferRequest) time.Duration

// steadily takes so many nanoseconds for a call.
func steadily(nanoseconds float64) pace {
	return func(_ time.Duration, request protocol.InferRequest) time.Duration {
		return time.Duration(math.Round(nanoseconds * float64(request.Calls)))
	}
}

// script is what a contender does.
type script struct {
	name string
	// pace is that of the contender's launches, counted from 0.
	pace func(launch int) pace
	// tamper, where there is one, sees each reply before the harness does.
	tamper func(p *actor, request protocol.InferRequest, reply *protocol.Infer) error
	// refuses says which models it can't hold.
	refuses func(protocol.LoadRequest) bool
	// mistrain, where there is one, changes a training before it is made, and declines
	// it with an error.
	mistrain func(p *actor, request *protocol.TrainRequest) error
	// pin, where there is one, is what comes of giving it CPUs.
	pin func(contender string) error
	// starts, where there is one, is what comes of starting it.
	starts func(contender string) error
	// ops are its operations; none for all.
	ops []string
	// device is where it computes; none for a CPU.
	device string
	// clockless says that the kernel tells nothing of its time on a CPU.
	clockless bool
}

// constant is a contender of which all launches are alike.
func constant(name string, nanoseconds float64) script {
	return script{name: name, pace: func(int) pace { return steadily(nanoseconds) }}
}

// What a request takes beside its calls.
const (
	scriptedRoundTrip = 10 * time.Microsecond
	scriptedRow       = time.Nanosecond
	scriptedCanary    = 10 * time.Microsecond
)

// performed is a request that a contender was given.
type performed struct {
	contender string
	// launch is the launch's number as the ledger has it.
	launch  int
	start   time.Duration
	request protocol.InferRequest
	inRound bool
	replied bool
}

// stage is the world of a scripted run.
type stage struct {
	now     time.Duration
	scripts []script
	actors  []*actor
	all     []performed
	// loaded are the launches that were given a model, in that order.
	loaded []int
	// witness is what the harness sees beside the accounts.
	witness witness
	// canary is what the harness's loop takes; woken counts the rounds that began,
	// played the requests since, but for what opens the round.
	canary        func(s *stage) time.Duration
	woken, played int
	// waits are how long the harness waited for quiet, by round.
	waits   []time.Duration
	wokenAt time.Duration
	// readings counts those of the canary, lastReading is how long the last one took.
	readings    int
	lastReading time.Duration
	canaryRead  bool
	faults      []string
	// unstopped says that launches wait without being stopped.
	unstopped bool
	// together says that launches start beside each other.
	together      bool
	contenderCPUs []int
}

// epoch is when the stage was set up.
var epoch = time.Unix(1_000_000_000, 0)

func (s *stage) outside() outside {
	return outside{
		start: s.start, now: func() time.Time { return epoch.Add(s.now) }, kernel: noKernel{}, witness: s.witness,
		core:   func([]int) core { return scriptedCore{s} },
		spread: func(_ []int, work func()) { work() },
	}
}

// scriptedCore is the contenders' core on a stage.
type scriptedCore struct{ *stage }

func (c scriptedCore) time() time.Duration { return c.readCanary() }
func (c scriptedCore) wake()               { c.woken, c.played, c.wokenAt = c.woken+1, 0, c.now }
func (scriptedCore) cycle() float64        { return 0.25 }

func (s *stage) readCanary() time.Duration {
	s.lastReading = s.canary(s)
	s.now += s.lastReading
	s.readings++
	s.canaryRead = s.woken > 0
	return s.lastReading
}

func (s *stage) fault(format string, values ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, values...))
}

// noKernel tells nothing.
type noKernel struct{}

func (noKernel) machine() (evidence.MachineSnapshot, error) {
	return evidence.MachineSnapshot{}, errors.ErrUnsupported
}

func (noKernel) process(int) (evidence.ProcessSnapshot, error) {
	return evidence.ProcessSnapshot{}, errors.ErrUnsupported
}

func (noKernel) details(int) (evidence.ProcessDetails, error) {
	return evidence.ProcessDetails{}, errors.ErrUnsupported
}

func (noKernel) stopped(int) (bool, error) { return false, errors.ErrUnsupported }

// blind sees nothing.
type blind struct{}

func (blind) account(int) (observe.Account, error) { return observe.Account{}, errors.ErrUnsupported }

func (blind) wait() (time.Duration, error) { return 0, errors.ErrUnsupported }
func (blind) inspect(int) (evidence.Inspection, error) {
	return evidence.Inspection{}, errors.ErrUnsupported
}

func (blind) closure(int, func(string) bool) (evidence.Closure, error) {
	return evidence.Closure{}, errors.ErrUnsupported
}

func (blind) executable(int) (string, error)        { return "", errors.ErrUnsupported }
func (blind) identity() evidence.MachineIdentity    { return evidence.MachineIdentity{} }
func (blind) processors([]int) []evidence.Processor { return nil }
func (blind) clocks() evidence.Clocks               { return evidence.Clocks{} }
func (blind) memory() evidence.Memory               { return evidence.Memory{} }
func (blind) compilers() []string                   { return nil }

// The states of an actor.
const (
	begun   = "begun"
	resumed = "resumed"
	stopped = "stopped"
	over    = "over"
)

// actor is a launch of a script.
type actor struct {
	script
	stage     *stage
	pace      pace
	launch    int
	state     string
	cpus      []int
	cpu       time.Duration
	reference *reference.Reference
	// seen are the digests of the files that it was given.
	seen map[[sha256.Size]byte]bool
	// performed counts requests, inRounds those in rounds.
	performed, inRounds int
}

func (s *stage) start(spec launch.Spec) (process, error) {
	nth := 0
	for _, other := range s.actors {
		if other.name == spec.Contender {
			nth++
		}
	}
	at := slices.IndexFunc(s.scripts, func(script script) bool { return script.name == spec.Contender })
	if starts := s.scripts[at].starts; starts != nil {
		if err := starts(spec.Contender); err != nil {
			return nil, err
		}
	}
	p := &actor{
		script: s.scripts[at], stage: s, launch: len(s.actors) + 1, state: begun,
		pace: s.scripts[at].pace(nth), cpus: spec.CPUs, seen: map[[sha256.Size]byte]bool{},
	}
	s.actors = append(s.actors, p)
	return p, nil
}

// alone notes where another launch is not stopped.
func (p *actor) alone(what string) {
	if p.stage.unstopped || p.stage.together && what == "hello" {
		return
	}
	for _, other := range p.stage.actors {
		if other != p && (other.state == begun || other.state == resumed) {
			p.stage.fault("launch %d (%s) runs while launch %d (%s) has its turn: %s", other.launch, other.name, p.launch, p.name, what)
		}
	}
}

func (p *actor) Hello(context.Context) (protocol.Hello, error) {
	p.alone("hello")
	return protocol.Hello{
		Name: p.name, Version: "1", Language: "script", Runtime: "stage", Device: cmp.Or(p.device, "cpu"), Precision: "f32",
		Scale: protocol.Logits, Formats: []string{protocol.FormatSafetensors}, Ops: p.operations(),
	}, nil
}

func (p *actor) Load(_ context.Context, request protocol.LoadRequest) (protocol.Load, error) {
	p.alone("load")
	p.stage.loaded = append(p.stage.loaded, p.launch)
	if p.stage.together && !slices.Equal(p.cpus, p.stage.contenderCPUs) {
		p.stage.fault("launch %d (%s) is given a model while it may run on CPUs %v", p.launch, p.name, p.cpus)
	}
	if p.state == stopped {
		p.stage.fault("launch %d (%s) is given a model while it is stopped", p.launch, p.name)
	}
	p.stage.now += time.Millisecond
	p.cpu += time.Millisecond
	if p.refuses != nil && p.refuses(request) {
		return protocol.Load{}, &launch.Failure{Contender: p.name, Reason: "load refused", Err: &protocol.RefusalError{Op: protocol.OpLoad, Why: "too wide"}}
	}
	text, err := os.ReadFile(request.Path)
	if err != nil {
		return protocol.Load{}, err
	}
	loaded, err := model.FromSafetensors(request.Architecture, text)
	if err != nil {
		return protocol.Load{}, err
	}
	p.reference = reference.New(loaded)
	return protocol.Load{Parameters: int64(numbers(loaded))}, nil
}

func (p *actor) Infer(ctx context.Context, request protocol.InferRequest, _ int) (protocol.Infer, time.Duration, error) {
	return p.perform(ctx, request, 0, 0)
}

func (p *actor) InferStalled(ctx context.Context, request protocol.InferRequest, _ int, after, length time.Duration) (protocol.Infer, time.Duration, error) {
	return p.perform(ctx, request, after, length)
}

// perform answers a request rightly and takes the time that the script says.
func (p *actor) perform(ctx context.Context, request protocol.InferRequest, after, stop time.Duration) (protocol.Infer, time.Duration, error) {
	s := p.stage
	done := p.began(request)
	values, err := p.read(request)
	if err != nil {
		return protocol.Infer{}, 0, err
	}
	reply := p.answer(request, values)
	elapsed := p.pace(s.now, request)
	took := scriptedRoundTrip + time.Duration(request.Rows)*scriptedRow + elapsed
	if request.Calls > 0 {
		took += elapsed / time.Duration(request.Calls) * time.Duration(request.Warmup)
	}
	p.cpu += took
	if request.Samples {
		reply.SampleNanoseconds = slices.Repeat([]uint32{uint32(elapsed / time.Duration(request.Calls))}, request.Calls)
	}
	if stop > 0 && after < took {
		elapsed, took = elapsed+stop, took+stop
		reply.SampleNanoseconds[len(reply.SampleNanoseconds)/2] += uint32(stop)
	}
	reply.ElapsedNanoseconds = elapsed.Nanoseconds()
	if request.Transfer {
		reply.TransferNanoseconds = reply.ElapsedNanoseconds / 4
	}
	s.now += took
	if p.tamper != nil {
		if err := p.tamper(p, request, &reply); err != nil {
			return protocol.Infer{}, 0, err
		}
	}
	if ctx.Err() != nil && !done.inRound {
		return protocol.Infer{}, 0, &launch.Failure{Contender: p.name, Reason: "interrupted", Err: ctx.Err()}
	}
	done.replied = true
	s.all[len(s.all)-1] = done
	return reply, took, nil
}

// began writes a request down and notes what is out of turn.
func (p *actor) began(request protocol.InferRequest) performed {
	s := p.stage
	p.alone("infer")
	if p.state != resumed && !s.unstopped {
		s.fault("launch %d (%s) is asked while it is %s", p.launch, p.name, p.state)
	}
	// In rounds the canary is read before each request. It is read once more after
	// them, before a question that has few rows.
	inRound := s.canaryRead && request.Rows != scriptedFewRows
	s.canaryRead = false
	// A round is opened by a request of few rows, right after the wait for quiet.
	if opens := s.woken > 0 && s.played == 0 && request.Calls == 0 && request.Rows == scriptedFewRows; opens {
		s.waits = append(s.waits, s.now-s.wokenAt)
	} else {
		s.played++
	}
	if inRound {
		p.inRounds++
	}
	p.performed++
	done := performed{contender: p.name, launch: p.launch, start: s.now, request: request, inRound: inRound}
	s.all = append(s.all, done)
	return done
}

// read reads the rows and notes where they have been given before: the classic
// protocol alone, which is not chained, has the same row again.
func (p *actor) read(request protocol.InferRequest) ([]float32, error) {
	data, err := os.ReadFile(request.Inputs)
	if err != nil {
		return nil, err
	}
	if len(data) != 4*request.Floats() {
		p.stage.fault("a file of %d bytes for a request that needs %d", len(data), 4*request.Floats())
	}
	if request.Chained() {
		digest := sha256.Sum256(data)
		for _, launch := range p.stage.actors {
			// Copies that are compared have the same rows in a round, each once.
			if (launch == p || launch.name == p.name && !p.stage.unstopped) && launch.seen[digest] {
				p.stage.fault("%s was given the same rows twice", p.name)
			}
		}
		p.seen[digest] = true
	}
	values := make([]float32, len(data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return values, nil
}

// answer makes the calls, along the reference's labels.
func (p *actor) answer(request protocol.InferRequest, values []float32) protocol.Infer {
	inputs := p.reference.Inputs(values, request.Rows, request.Hop)
	var reply protocol.Infer
	row := 0
	if request.Chained() {
		row = *request.First
	}
	for call := range request.Warmup + request.Calls {
		if call == request.Warmup && !request.Chained() {
			row = 0
		}
		label := 0
		for i := range request.Batch {
			label = inputs.Answer((row + i) % request.Rows).Label
			if call >= request.Warmup && request.Want {
				reply.Labels = append(reply.Labels, byte(label))
			}
		}
		if request.Chained() {
			row = protocol.NextRow(row, *request.Step, label, call, request.Rows)
		} else {
			row = (row + request.Batch) % request.Rows
		}
	}
	reply.Last = row
	if request.Scores {
		for row := range request.Rows {
			for _, logit := range inputs.Answer(row).Logits {
				reply.Scores = append(reply.Scores, float32(logit))
			}
		}
	}
	return reply
}

func (p *actor) Pause() error {
	if p.state != over {
		p.state = stopped
	}
	return nil
}

func (p *actor) Resume() error {
	p.state = resumed
	p.alone("resume")
	return nil
}

func (p *actor) Pin(cpus []int) error {
	p.cpus = cpus
	if p.pin != nil {
		return p.pin(p.name)
	}
	return nil
}

func (p *actor) Quit(context.Context) error {
	if p.state == stopped {
		p.stage.fault("launch %d (%s) is asked to quit while it is stopped", p.launch, p.name)
	}
	return nil
}

func (p *actor) End() launch.Exit {
	p.state = over
	return launch.Exit{}
}

func (p *actor) CPUClock() (time.Duration, error) {
	if p.clockless {
		return 0, errors.ErrUnsupported
	}
	return p.cpu, nil
}

func (p *actor) PeakResidentBytes() uint64 { return 1 << 20 }
func (p *actor) PID() int                  { return 1_000_000_000 + p.launch }
func (p *actor) Started() time.Time        { return epoch }

// scriptedFewRows is how few rows the probe with few rows has on a stage, and the
// questions that come right after the rounds, and no other request.
const scriptedFewRows = 9

// scriptedPlan is the plan of a scripted run: small in all that costs real time.
func scriptedPlan() *suite.Plan {
	paired := suite.DefaultPaired
	paired.Rounds, paired.LongEvery = 24, 6
	paired.Warmup, paired.LeastCalls, paired.RowsLeast, paired.RowsMost = 4, 20, 200, 256
	paired.LongLeast, paired.LongMost, paired.LongOverhead = suite.Duration(time.Millisecond), suite.Duration(2*time.Millisecond), 10
	paired.StallFor = suite.Duration(20 * time.Millisecond)
	paired.Steady.Bursts, paired.Steady.Most = 16, suite.Duration(10*time.Millisecond)
	paired.Quiet.LeastShort, paired.Quiet.LeastLong = 5, 1
	return &suite.Plan{
		Model: model.Architecture{Kind: model.LogisticRegression, Layers: []int{8, 2}},
		Batch: 1, Threads: 1, Precision: 0.01, Tolerance: 0.01, Launches: 6, Budget: "1h",
		Classic:   suite.ClassicPlan{Warmup: 1, Iterations: 5, Rows: 1},
		Agreement: suite.AgreementPlan{Rows: 4, PathRows: 61, Warmup: 3, Calls: 10},
		Paired:    paired,
		Probes: suite.ProbesPlan{
			Widths: []int{1, 2}, Bursts: 1, FewRows: scriptedFewRows, BoundaryRows: 4, FixedRows: scriptedFewRows,
			HardRows: 16, HardCalls: 20, DeepReplicates: 2, Lone: 3, Eager: 2, HeavyTimes: 4, WarmedCalls: 50,
		},
	}
}

// scripted is a run on a stage.
type scripted struct {
	*Run
	stage      *stage
	contenders []Contender
	control    string
	report     func(Progress)
}

// Measure is Run.Measure with the control and the report of the rehearsal.
func (r *scripted) Measure(ctx context.Context, contenders []Contender) error {
	return r.Run.Measure(ctx, contenders, r.control, r.report)
}

// first is the plan's first cell.
func (r *scripted) first(t *testing.T) *cell {
	t.Helper()
	cells, err := r.cells()
	if err != nil {
		t.Fatal(err)
	}
	return cells[0]
}

// rehearse sets up a run of scripts. The first two have a claim, that the first is
// faster; a script that is named as the second copy of a contender is the control.
// change, where there is one, has the last word on the plan.
func rehearse(t *testing.T, nonce string, change func(*suite.Plan), scripts ...script) *scripted {
	t.Helper()
	s := &stage{scripts: scripts, witness: blind{}, canary: func(*stage) time.Duration { return scriptedCanary }}
	r := &scripted{stage: s, report: func(Progress) {}}
	plan := scriptedPlan()
	config := Config{Plan: plan, Nonce: nonce, Scratch: t.TempDir(), Redact: func(text string) string { return text }}
	for _, script := range scripts {
		contender := Contender{Name: script.name}
		for _, original := range scripts {
			if script.name == suite.ControlName(original.name) {
				contender.Role, contender.SizedAs, r.control = evidence.RoleControl, original.name, original.name
				plan.Control = []string{original.name}
			}
		}
		if contender.Role == "" {
			plan.Contenders = append(plan.Contenders, script.name)
		}
		r.contenders = append(r.contenders, contender)
	}
	if len(plan.Contenders) > 1 {
		plan.Claims = []suite.ClaimPlan{{Faster: plan.Contenders[0], Than: plan.Contenders[1]}}
	}
	if change != nil {
		change(plan)
	}
	if len(plan.Cells) == 0 {
		plan.Cells = unnamed(plan)
	}
	if config.Material = scriptedTrainingData(); plan.Workload != suite.KindFit {
		config.Material = scriptedMaterial(t, plan)
	}
	bundle, err := evidence.Create(filepath.Join(t.TempDir(), "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bundle.Close() })
	for name, value := range map[string]any{evidence.PlanFile: plan, evidence.EnvironmentFile: evidence.Environment{}} {
		if err := bundle.WriteJSON(name, value); err != nil {
			t.Fatal(err)
		}
	}
	config.Bundle = bundle
	r.Run = newRun(config, s.outside(), epoch)
	return r
}

// unnamed are the cells of a plan that has one.
func unnamed(plan *suite.Plan) []suite.CellPlan {
	alone, _ := plan.InCell(suite.Unnamed)
	return alone.Cells
}

func scriptedMaterial(t *testing.T, plan *suite.Plan) *Material {
	t.Helper()
	scratch := t.TempDir()
	variant, err := drawnVariant(plan.Model, "stage", scratch, "model")
	if err != nil {
		t.Fatal(err)
	}
	material := &Material{Variant: variant, ClassicRow: draw.Values(draw.Stream("stage", "row", 0), plan.Model.Inputs()), Widths: map[int]*Variant{}}
	if err := material.addProbes(plan.Probes, "stage", scratch); err != nil {
		t.Fatal(err)
	}
	return material
}

// perform makes the run, which must come to its end, and looks after the rules.
func (r *scripted) perform(t *testing.T) *evidence.Bundle {
	t.Helper()
	if err := r.Measure(t.Context(), r.contenders); err != nil {
		t.Fatal(err)
	}
	r.watch(t)
	return opened(t, r.Run)
}

// watch reports what no run may do: let two launches run at once, ask one that is
// stopped, give rows twice, or leave a process behind.
func (r *scripted) watch(t *testing.T) {
	t.Helper()
	for i, fault := range r.stage.faults {
		if i == 5 {
			t.Errorf("and %d more", len(r.stage.faults)-i)
			break
		}
		t.Error(fault)
	}
	for _, p := range r.stage.actors {
		if p.state != over {
			t.Errorf("launch %d (%s) was left %s", p.launch, p.name, p.state)
		}
	}
	if left, err := filepath.Glob(filepath.Join(r.Scratch, "*.*")); err != nil || len(left) > 0 {
		t.Errorf("files of rows were left: %v, %v", left, err)
	}
}

// derived are the estimates of what was measured.
func derived(t *testing.T, b *evidence.Bundle) *estimate.Estimates {
	t.Helper()
	e, err := estimate.DeriveFrom(b, estimate.FromBundle(b))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// launchesOf are the ends of all launches, by their number.
func launchesOf(b *evidence.Bundle) map[int]evidence.LedgerRow {
	rows := map[int]evidence.LedgerRow{}
	for _, row := range b.Ledger {
		if row.Event == evidence.EventEnded {
			rows[row.Launch] = row
		}
	}
	return rows
}

func samplesIn(t *testing.T, b *evidence.Bundle, row evidence.LedgerRow) []evidence.Sample {
	t.Helper()
	samples, err := b.Samples(row.Launch, row.Contender)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func numbers(m *model.Model) int {
	count := 0
	for _, layer := range m.Layers {
		count += len(layer.Weight) + len(layer.Bias)
	}
	return count
}
