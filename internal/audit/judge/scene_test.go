package judge_test

// This file makes an honest bundle without running anything: samples from a seeded
// generator in the shape of a real run, records as a run would write them, and
// results derived by the code that derives real ones. Tests change it at its
// source; everything derived, digests included, is then made again.

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cupel/engines"
	"cupel/internal/dataset"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/report"
	"cupel/internal/suite"
	"cupel/model"
)

// scene is a bundle in the making.
type scene struct {
	suiteText   []byte
	plan        *suite.Plan
	environment evidence.Environment
	ledger      []evidence.LedgerRow
	// observations are by launch.
	observations map[int]*evidence.Observation
	blocks       []evidence.Block
	statements   map[string]*evidence.Statement
	// files are those of the contenders' folders, by path within the bundle.
	files map[string][]byte

	records
	fitted *fitted

	samples map[int][]evidence.Sample
	// changed are the launches whose samples are not the honest ones.
	changed map[int]bool
	// after changes the derived files, once they are written.
	after []func(t testing.TB, dir string)
	// resealed changes the seal, once it is made.
	resealed []func(t testing.TB, dir string)
}

// performer is a contender of the scene: what its calls and requests take.
type performer struct {
	name string
	role evidence.Role
	// call is what every call takes, multiplyAdd what each multiply-add does.
	call, multiplyAdd float64
	request           float64
	parameters        int64
	format            string
	hello             protocol.Hello
	command           []string
	build             string
}

const (
	nonce         = "honest"
	iterations    = 1000
	replicates    = 10
	canaryTime    = 10_000
	multiplyAdds  = 1568
	stalledCalls  = 400
	practiceCalls = 64
)

const suiteTOML = `name = "honest"
title = "An honest run, made up for tests"

[workload]
kind = "inference"
model = "logistic-regression"
layers = [784, 2]
dataset = "mnist-synthetic"
batch = 1
threads = 1
seed = 42

[protocol]
warmup = 100
iterations = 1000
launches = 10
precision = 0.01
tolerance = 0.01
budget = "180s"

[[contender]]
name = "go"

[[contender]]
name = "pytorch"

[[contender]]
name = "aprender"

[[claim]]
faster = "go"
than = "pytorch"

[[claim]]
faster = "aprender"
than = "pytorch"
`

var python = []string{"$CACHE/engines/pytorch-1/.venv/bin/python", "-E", "-s", "runner.py"}

// performers are the scene's contenders, in the plan's order.
func performers() []performer {
	golang := performer{
		name: "go", call: 300, multiplyAdd: 0.15, request: 50_000, parameters: 1570, format: "safetensors",
		hello: protocol.Hello{Name: "cupel", Version: "v1.0.0", Language: "go", Runtime: "go1.26.8", Device: "cpu", Precision: "f32", Scale: "logits"},
		build: "go build, go1.26.8 GOAMD64=v1", command: []string{"cupel", "engine", "go"},
	}
	control := golang
	control.name, control.role = suite.ControlName("go"), evidence.RoleControl
	return []performer{
		golang,
		{
			name: "pytorch", call: 11_000, multiplyAdd: 0.19, request: 80_000, parameters: 1570, format: "safetensors",
			hello: protocol.Hello{Name: "pytorch", Version: "2.9.1+cu128", Language: "python", Runtime: "CPython 3.11.7", Device: "cpu", Precision: "f32", Scale: "logits"},
			build: "published wheels by lock file with hashes, CPython 3.11.7", command: python,
		},
		{
			name: "aprender", call: 300, multiplyAdd: 0.5, request: 50_000, parameters: 785, format: "apr",
			hello: protocol.Hello{Name: "aprender", Version: "0.11.0", Language: "rust", Runtime: "rustc 1.95.0 (59807616e 2026-04-14)", Device: "cpu", Precision: "f32", Scale: "probability"},
			build: "cargo build --release --locked, cargo 1.95.0 (f2d3ce0bd 2026-03-21)", command: []string{"$CACHE/engines/aprender-1/target/release/cupel-engine-aprender"},
		},
		control,
	}
}

// honest returns a scene of its own that nobody has tampered with.
func honest(t *testing.T) *scene {
	t.Helper()
	s, err := honestOnce()
	if err != nil {
		t.Fatal(err)
	}
	return s.clone()
}

var honestOnce = sync.OnceValues(func() (*scene, error) { return newScene(suiteTOML, (*stage).wholeRun) })

// clone copies what tests change. Samples are shared until they are changed.
func (s *scene) clone() *scene {
	c := *s
	c.plan, c.environment, c.ledger, c.blocks = copied(s.plan), copied(s.environment), copied(s.ledger), copied(s.blocks)
	c.observations, c.statements = copied(s.observations), copied(s.statements)
	c.records = s.records.clone()
	c.files = map[string][]byte{}
	for name, text := range s.files {
		c.files[name] = text
	}
	c.samples, c.changed, c.after = map[int][]evidence.Sample{}, map[int]bool{}, nil
	c.resealed = nil
	for launch, samples := range s.samples {
		c.samples[launch] = samples
	}
	return &c
}

// newScene makes a scene of a suite: act is what happens between fit and end.
func newScene(text string, act func(*stage)) (*scene, error) {
	parsed, err := suite.Parse("suite.toml", ".", []byte(text))
	if err != nil {
		return nil, err
	}
	s := &scene{
		suiteText: parsed.Text, observations: map[int]*evidence.Observation{}, statements: map[string]*evidence.Statement{},
		files: map[string][]byte{}, samples: map[int][]evidence.Sample{}, records: newRecords(),
	}
	parsed.File = evidence.SuiteFile
	if s.plan, err = parsed.Plan(suite.Options{Nonce: nonce}); err != nil {
		return nil, err
	}
	environment, err := os.ReadFile("../../../examples/mnist-logreg/environment.json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(environment, &s.environment); err != nil {
		return nil, err
	}
	s.environment.Identity, s.environment.MemoryBytes = identity, memoryBytes
	if err := s.describe(); err != nil {
		return nil, err
	}
	s.makings()
	return s, s.perform(act)
}

// describe makes the statements and the contenders' folders.
func (s *scene) describe() error {
	for _, p := range performers() {
		s.statements[p.name] = &evidence.Statement{
			Contender: p.name, Command: p.command, Hello: p.hello, Build: p.build, InstalledBytes: 1 << 20, Format: p.format, Parameters: p.parameters,
		}
		engine, ok := engines.Lookup(p.name)
		if !ok {
			continue
		}
		files, err := engines.Files(engine)
		if err != nil {
			return err
		}
		for name, text := range files {
			s.files[filepath.Join(evidence.ContendersDir, p.name, name)] = text
		}
		log, err := os.ReadFile(filepath.Join("../../../examples/mnist-logreg/contenders", p.name, "build.log"))
		if err == nil {
			s.files[filepath.Join(evidence.ContendersDir, p.name, "build.log")] = log
		}
	}
	return nil
}

// stage is a run being made up: one clock for all.
type stage struct {
	*scene
	random *rand.Rand
	now    time.Time
	began  time.Time
	number int
	// inputsMade is how many files of rows were written, shared the number of the one
	// that a replicate's requests are over.
	inputsMade int32
	shared     map[int]int32
	// hardMade are the rows near the boundary of replicates, by nonce and number.
	hardMade map[string]hardDrawn
	// nonce is the session's, cell the one that has a turn; empty where there is one.
	nonce, cell string
}

// perform makes ledger, observations and samples.
func (s *scene) perform(act func(*stage)) error {
	var err error
	if s.fitted, err = fit(s.plan); err != nil {
		return err
	}
	began := s.environment.Time
	run := &stage{scene: s, random: rand.New(rand.NewPCG(1, 2)), now: began, began: began, nonce: nonce, shared: map[int]int32{}, hardMade: map[string]hardDrawn{}}
	_, digest, err := s.plan.Encode()
	if err != nil {
		return err
	}
	run.append(evidence.LedgerRow{Event: evidence.EventPlan, SHA256: map[string]string{evidence.PlanFile: digest}})
	accuracy := 0.9
	run.append(evidence.LedgerRow{Event: evidence.EventFitted, SHA256: s.fitted.digests, TrainingRows: dataset.SyntheticRows, Accuracy: &accuracy})
	act(run)
	run.append(evidence.LedgerRow{Event: evidence.EventNonce, Nonce: run.nonce})
	return nil
}

// wholeRun makes all replicates in one go.
func (r *stage) wholeRun() {
	for replicate := 1; replicate <= replicates; replicate++ {
		r.replicate(replicate)
	}
	r.stop(replicates, replicates)
}

// stop ends the run after a replicate, so many of which were not broken off.
func (r *stage) stop(last, whole int) {
	r.machine(last, true)
	r.append(evidence.LedgerRow{Event: evidence.EventStopped, Reason: fmt.Sprintf("%d replicates were made and no claim needs more", whole)})
}

// fit fits the scene's model.
func fit(plan *suite.Plan) (*fitted, error) {
	set, err := dataset.ByName(plan.Dataset)
	if err != nil {
		return nil, err
	}
	made, err := model.Fit(context.Background(), plan.Model, model.Examples{X: set.Train.X, Dim: set.Train.Dim, Labels: set.Train.Labels}, model.FitConfig{
		Epochs: plan.Fit.Epochs, BatchSize: plan.Fit.Batch, LearningRate: plan.Fit.LearningRate,
		LearningRateDecay: plan.Fit.LearningRateDecay, Seed: plan.Seed,
	})
	if err != nil {
		return nil, err
	}
	f := &fitted{made, map[string]string{"training data": dataset.Digest(set.Train)}}
	for format, encode := range protocol.ModelEncoders {
		text, err := encode(made)
		if err != nil {
			return nil, err
		}
		f.digests["model."+format] = sha256Of(text)
	}
	return f, nil
}

func classicRow() []float32 { return dataset.SyntheticInferenceRow(dataset.SyntheticDim) }

func (r *stage) append(row evidence.LedgerRow) {
	row.Time, row.ElapsedNanoseconds = r.now, r.now.Sub(r.began).Nanoseconds()
	r.ledger = append(r.ledger, row)
	r.now = r.now.Add(time.Millisecond)
}

// replicate launches all performers, gives them turns, and ends them.
func (r *stage) replicate(number int) {
	r.machine(number, false)
	var launches []*appearance
	all := performers()
	for _, at := range r.startOrder(number, len(all)) {
		launches = append(launches, r.begin(all[at], number))
	}
	r.rounds(launches, number)
	for _, a := range launches {
		a.probes()
	}
	for _, a := range launches {
		r.end(a)
	}
}

// appearance is one launch of a performer.
type appearance struct {
	performer
	*stage
	launch, replicate int
	speed             float64
	size              evidence.BurstSize
	samples           []evidence.Sample
}

func (r *stage) begin(p performer, replicate int) *appearance {
	r.number++
	a := &appearance{
		performer: p, stage: r, launch: r.number, replicate: replicate, speed: 1 + 0.002*r.random.NormFloat64(),
		samples: make([]evidence.Sample, 0, 8192),
	}
	r.append(a.row(evidence.EventStarted))
	a.load("model", r.fitted.digests["model."+p.format])
	a.first()
	for _, asked := range []evidence.ProbeScores{evidence.ScoresFirst, evidence.ScoresSecond, evidence.ScoresThird} {
		a.score(asked, 1)
	}
	if replicate == 1 {
		a.score(evidence.ScoresUnit, 200)
	}
	a.inspect(evidence.MomentLoaded)
	a.classic()
	a.practice()
	a.inspect(evidence.MomentSteady)
	if replicate == 1 {
		row := a.row(evidence.EventSized)
		row.Contender, _, _ = strings.Cut(p.name, "@")
		row.Burst = &a.size
		r.append(row)
	}
	return a
}

func (a *appearance) row(event evidence.Event) evidence.LedgerRow {
	return evidence.LedgerRow{Event: event, Contender: a.name, Role: a.role, Cell: a.cell, Launch: a.launch, Replicate: a.replicate}
}

// perCall is what a call of a model so many times as wide takes.
func (a *appearance) perCall(times float64) float64 {
	return (a.call + a.multiplyAdd*multiplyAdds*times) * a.speed
}

// burst makes one request. A row of more inputs takes longer to read.
func (a *appearance) burst(phase evidence.Phase, round, calls, warmup, rows int, times float64) *evidence.Sample {
	inner := a.perCall(times) * float64(calls) * (1 + 0.01*a.random.NormFloat64())
	request := a.request*(1+0.02*a.random.NormFloat64()) + float64(rows) + float64(warmup)*a.perCall(times)
	outer := int64(inner*1.005 + request)
	cpu := int64(inner*0.995 + 0.6*request)
	start := a.now.Sub(a.began).Nanoseconds()
	sample := evidence.Sample{
		Launch: int32(a.launch), Contender: a.name, Cell: a.cell, Replicate: int32(a.replicate), Phase: phase, Round: int32(round),
		Calls: int32(calls), Warmup: int32(warmup), Rows: int32(rows),
		StartNanoseconds: &start, OuterNanoseconds: &outer, InnerNanoseconds: int64(inner), CPUNanoseconds: &cpu,
	}
	if round > 0 {
		before := a.canary()
		sample.CanaryBeforeNanoseconds = &before
	}
	if len(a.samples)+2*stalledCalls > cap(a.samples) && round > 0 {
		panic("a launch of the scene has more samples than were thought of, and places of earlier ones are kept")
	}
	a.samples = append(a.samples, sample)
	a.ask(sample, hopOf(phase))
	a.now = a.now.Add(time.Duration(outer) + 200*time.Microsecond)
	return &a.samples[len(a.samples)-1]
}

// hopOf is how far apart rows begin.
func hopOf(phase evidence.Phase) int32 {
	switch phase {
	case evidence.PhaseFirst, evidence.PhaseRequest, evidence.PhaseHard, evidence.PhaseLone, evidence.PhaseLoneEmpty, evidence.PhaseEager, evidence.PhaseEagerHeavy:
		return 784
	default:
		return 1
	}
}

// last is the request made last, to be changed with its sample.
func (a *appearance) last() *evidence.Request {
	rows := a.scene.requests[a.launch]
	return &rows[len(rows)-1]
}

func (r *stage) canary() int64 { return int64(canaryTime * (1 + 0.005*r.random.NormFloat64())) }

func (a *appearance) first() { a.burst(evidence.PhaseFirst, 0, 1, 0, 1, 40) }

// classic makes the calls that are timed one by one.
func (a *appearance) classic() {
	request := a.burst(evidence.PhaseRequest, 0, a.plan.Classic.Iterations, a.plan.Classic.Warmup, a.plan.Classic.Rows, 1)
	outer := *request.OuterNanoseconds
	one := *request
	one.Phase, one.Calls, one.Warmup = evidence.PhaseCall, 1, 0
	one.StartNanoseconds, one.OuterNanoseconds, one.CPUNanoseconds = nil, nil, nil
	total := int64(0)
	for call := range a.plan.Classic.Iterations {
		one.InnerNanoseconds = a.single(call)
		total += one.InnerNanoseconds
		a.samples = append(a.samples, one)
	}
	// The loop's own clock readings take time that no call has.
	spent := total + int64(25*a.plan.Classic.Iterations)
	*request.OuterNanoseconds = outer - request.InnerNanoseconds + spent
	request.InnerNanoseconds = spent
	*request.CPUNanoseconds = spent + int64(0.6*a.request)
	asked := a.last()
	asked.OuterNanoseconds, asked.InnerNanoseconds, asked.Samples, asked.BusiestNanoseconds = *request.OuterNanoseconds, spent, true, request.CPUNanoseconds
}

// single is the time of one call: mostly alike, now and then disturbed, and once
// interrupted.
func (a *appearance) single(call int) int64 {
	nanoseconds := a.perCall(1)*(1+0.02*a.random.NormFloat64()) + 20
	switch {
	case call == a.plan.Classic.Iterations/2:
		nanoseconds += 6_000
	case a.random.IntN(12) == 0:
		nanoseconds *= 1 + 0.2*a.random.Float64()
	}
	return int64(nanoseconds)
}

func (a *appearance) practice() {
	for range practiceCalls {
		a.burst(evidence.PhasePractice, 0, a.calls(1), 16, 700, 1)
	}
	calls := max(int(25_000/a.perCall(1)), 20)
	multiple := 1
	if a.role == evidence.RoleControl || a.name == "go" {
		multiple = a.plan.Paired.PositiveCalls
	}
	calls = (calls + multiple - 1) / multiple * multiple
	a.size = evidence.BurstSize{
		NanosecondsPerCall: a.perCall(1), Warmup: 16, Calls: calls, LongCalls: int(10e6 / a.perCall(1)), Multiple: multiple,
	}
}

func (a *appearance) calls(factor float64) int { return max(int(25_000/a.perCall(1)*factor), 20) }

// probes makes the bursts that stand beside the rounds.
func (a *appearance) probes() {
	plan := a.plan.Probes
	a.score(evidence.ScoresLast, 500_000)
	a.score(evidence.ScoresReordered, 500_000)
	a.burst(evidence.PhaseHard, 0, plan.HardCalls, 0, plan.HardRows, 1)
	a.hardRows()
	if a.replicate <= plan.DeepReplicates {
		a.dear()
	}
	for range plan.Bursts {
		a.burst(evidence.PhaseFewRows, 0, a.size.Calls, 16, plan.FewRows, 1)
		a.burst(evidence.PhaseManyRows, 0, a.size.Calls, 16, 700, 1)
	}
	for _, phase := range []evidence.Phase{evidence.PhaseAltered, evidence.PhaseOriginal} {
		digest := sha256Of([]byte(modelOf(phase)))
		if modelOf(phase) == "model" {
			digest = a.fitted.digests["model."+a.format]
		}
		a.load(modelOf(phase), digest)
		for range plan.Bursts {
			a.burst(phase, 0, a.size.Calls, 16, 700, 1)
		}
	}
	for _, times := range plan.Widths {
		a.load(modelOf(evidence.PhaseWidth(times)), sha256Of([]byte(modelOf(evidence.PhaseWidth(times)))))
		for range plan.Bursts {
			a.burst(evidence.PhaseWidth(times), 0, max(a.size.Calls/times, 4), max(16/times, 2), 700, float64(times))
		}
		a.burst(evidence.PhaseWidthEmpty(times), 0, 0, 0, a.plan.Paired.RowsMost, float64(times))
	}
}

// dear are the questions that are asked in the first replicates alone.
func (a *appearance) dear() {
	for range 20 {
		a.burst(evidence.PhaseLone, 0, 1, 0, 1, 1)
		a.burst(evidence.PhaseLoneEmpty, 0, 0, 0, 1, 1)
	}
	for range 15 {
		a.burst(evidence.PhaseUnwarmed, 0, 20, 0, 700, 1)
		a.burst(evidence.PhaseWarmed, 0, 20, a.size.LongCalls, 700, 1)
	}
	for range 15 {
		for _, times := range []int{1, 2, 4} {
			a.burst(evidence.PhaseMultiple(times), 0, times*a.size.LongCalls/4, 0, a.size.LongCalls, 1)
		}
	}
	for range 15 {
		a.burst(evidence.PhaseEager, 0, 0, 0, 256, 1)
	}
	a.load("heavy", sha256Of([]byte("heavy")))
	for range 15 {
		a.burst(evidence.PhaseEagerHeavy, 0, 0, 0, 256, 1)
	}
}

// end writes down how a launch ended.
func (r *stage) end(a *appearance) {
	row := a.row(evidence.EventEnded)
	row.Outcome, row.LabelsChecked, row.Parameters = evidence.Finished, 15_000, a.parameters
	row.BoundaryRows = r.plan.Probes.BoundaryRows
	row.Steady = &evidence.Steady{Course: "steady", Bursts: practiceCalls, Nanoseconds: 50_000_000}
	r.append(row)
	a.inspect(evidence.MomentLast)
	r.scene.samples[a.launch] = a.samples
	r.observations[a.launch] = &evidence.Observation{
		Launch: a.launch, Contender: a.name, WallNanoseconds: 16_000_000_000, FirstAnswerNanoseconds: 20_000_000,
		UserCPUNanoseconds: 900_000_000, SystemCPUNanoseconds: 50_000_000, PeakResidentBytes: 30 << 20,
		VoluntarySwitches: 600, InvoluntarySwitches: 20, MinorFaults: 2000,
		IdleNanoseconds: 15_000_000_000, IdleCPUNanoseconds: 10_000_000,
		Details: &evidence.ProcessDetails{Process: 1000 + a.launch, Executable: "cupel", CodeFiles: []string{"cupel"}, MappedFiles: 3, AllowedNodes: []int{0}},
	}
}

// edit gives the samples of a launch to be changed.
func (s *scene) edit(launch int) []evidence.Sample {
	if !s.changed[launch] {
		samples := slices.Clone(s.samples[launch])
		for i := range samples {
			for _, field := range []**int64{
				&samples[i].StartNanoseconds, &samples[i].OuterNanoseconds, &samples[i].CPUNanoseconds,
				&samples[i].CanaryBeforeNanoseconds, &samples[i].CanaryAfterNanoseconds,
			} {
				if *field != nil {
					copied := **field
					*field = &copied
				}
			}
		}
		s.samples[launch], s.changed[launch] = samples, true
	}
	return s.samples[launch]
}

// each visits the samples of every launch of a contender, to change them.
func (s *scene) each(contender string, visit func(sample *evidence.Sample)) {
	for _, launch := range s.launchesOf(contender) {
		samples := s.edit(launch)
		for i := range samples {
			visit(&samples[i])
		}
	}
}

// replace gives a launch other samples.
func (s *scene) replace(launch int, samples []evidence.Sample) {
	s.samples[launch], s.changed[launch] = samples, true
}

// launchesOf are the numbers of a contender's launches.
func (s *scene) launchesOf(contender string) []int {
	var numbers []int
	for _, row := range s.ledger {
		if row.Event == evidence.EventStarted && row.Contender == contender {
			numbers = append(numbers, row.Launch)
		}
	}
	return numbers
}

// rows visits the ledger's rows of an event, of one contender or, where that is
// empty, of all, to change them.
func (s *scene) rows(event evidence.Event, contender string, visit func(row *evidence.LedgerRow)) {
	for i := range s.ledger {
		if row := &s.ledger[i]; row.Event == event && (contender == "" || row.Contender == contender) {
			visit(row)
		}
	}
}

// planDigest has the plan's row of the ledger follow a plan that was changed.
func (s *scene) planDigest(t *testing.T) {
	t.Helper()
	_, digest, err := s.plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s.rows(evidence.EventPlan, "", func(row *evidence.LedgerRow) { row.SHA256[evidence.PlanFile] = digest })
}

// write writes the bundle and returns its directory.
func (s *scene) write(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundle")
	w, err := evidence.Create(dir)
	must(t, err)
	defer w.Close()
	plan, _, err := s.plan.Encode()
	must(t, err)
	must(t, w.WriteFile(evidence.SuiteFile, s.suiteText))
	must(t, w.WriteFile(evidence.PlanFile, plan))
	must(t, w.WriteJSON(evidence.EnvironmentFile, s.environment))
	for name, statement := range s.statements {
		must(t, w.WriteJSON(filepath.Join(evidence.ContendersDir, name, evidence.StatementFile), statement))
	}
	for name, text := range s.files {
		must(t, w.WriteFile(name, text))
	}
	for _, row := range s.ledger {
		must(t, w.Append(row))
		if row.Event != evidence.EventEnded {
			continue
		}
		s.writeSamples(t, w, row)
		if observation := s.observations[row.Launch]; observation != nil {
			must(t, w.Observe(*observation))
		}
	}
	s.writeLedger(t, w)
	s.writeRecords(t, w)
	for launch, rows := range s.requests {
		s.writeRequests(t, w, launch, rows)
	}
	for _, block := range s.blocks {
		must(t, w.ObserveBlock(block))
	}
	bundle, err := evidence.Open(dir)
	must(t, err)
	results, err := report.Derive(bundle)
	must(t, err)
	must(t, results.Write(w))
	for _, change := range s.after {
		change(t, dir)
	}
	s.seal(t, dir)
	for _, change := range s.resealed {
		change(t, dir)
	}
	return dir
}

// writeLedger writes the ledger once more, with the scene's own times since the run
// began in the place of the test's.
func (s *scene) writeLedger(t testing.TB, w *evidence.Writer) {
	t.Helper()
	var text []byte
	var chain evidence.Chain
	for _, row := range s.ledger {
		row.Sequence, row.Previous = chain.Rows, chain.Head()
		line, err := json.Marshal(row)
		must(t, err)
		chain.Add(line)
		text = append(append(text, line...), '\n')
	}
	must(t, os.WriteFile(w.Path(evidence.LedgerFile), text, 0o644))
}

func (s *scene) writeRequests(t testing.TB, w *evidence.Writer, launch int, rows []evidence.Request) {
	t.Helper()
	for _, row := range s.ledger {
		if row.Event != evidence.EventStarted || row.Launch != launch {
			continue
		}
		write := func() error { return w.WriteRequests(launch, row.Contender, rows) }
		s.keep(t, w, evidence.RequestsFile(launch, row.Contender), !s.requestsChanged[launch], write)
	}
}

// seal makes manifest and seal, as a publisher would who has changed something.
func (s *scene) seal(t testing.TB, dir string) {
	t.Helper()
	key, err := evidence.NewKey()
	must(t, err)
	must(t, evidence.WriteSeal(t.Context(), dir, key))
}

// honestFiles are tables that nobody has tampered with, which nobody writes twice.
var honestFiles struct {
	sync.Mutex
	dir   string
	known map[string]bool
}

func (s *scene) writeSamples(t testing.TB, w *evidence.Writer, row evidence.LedgerRow) {
	t.Helper()
	samples := s.samples[row.Launch]
	if len(samples) == 0 {
		return
	}
	write := func() error { return w.WriteSamples(row.Launch, row.Contender, samples) }
	s.keep(t, w, evidence.SamplesFile(row.Launch, row.Contender), !s.changed[row.Launch], write)
}

// keep writes a file, or takes the one that was written before where it is honest.
func (s *scene) keep(t testing.TB, w *evidence.Writer, name string, honest bool, write func() error) {
	t.Helper()
	if !honest {
		must(t, write())
		return
	}
	honestFiles.Lock()
	defer honestFiles.Unlock()
	kept := filepath.Join(honestFiles.dir, strings.ReplaceAll(name, "/", "-"))
	if !honestFiles.known[name] {
		must(t, write())
		must(t, os.Link(w.Path(name), kept))
		honestFiles.known[name] = true
		return
	}
	must(t, os.MkdirAll(filepath.Dir(w.Path(name)), 0o755))
	must(t, os.Link(kept, w.Path(name)))
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "cupel-honest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	honestFiles.dir, honestFiles.known = dir, map[string]bool{}
	// Hundreds of bundles are written and read again, and a third of that was collecting.
	debug.SetGCPercent(400)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
