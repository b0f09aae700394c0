// Package bundletest makes synthetic bundles, from a seed and without a clock, for tests of
// code that reads bundles.
package bundletest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/report"
	"cupel/internal/suite"
)

// Size is the size of a bundle, with its deviations from an ordinary one.
type Size struct {
	// Replicates is the number of replicates. Each launch has Rounds rounds and Calls
	// classic calls.
	Replicates, Rounds, Calls int
	// Threads is the number of threads of a contender; 0 means 1.
	Threads int
	// Denies names a contender whose planted stops show only in the harness's clock.
	Denies string
	// Beside is, by contender, the CPU time over a launch's rounds of all threads except
	// the busiest one. The busiest has 20 ms. The other contenders have no record of it.
	Beside map[string]time.Duration
	// StallCalls is the number of calls in a burst with a planted stop; 0 means 20.
	StallCalls int
	// Plan changes the plan before it is written; nil leaves it as it is.
	Plan func(*suite.Plan)
}

// Small has every kind of row and an interval for each ratio. Making it takes less than a
// second.
var Small = Size{Replicates: 8, Rounds: 48, Calls: 60}

// Make makes a sealed bundle with results in a new directory, and returns the directory.
func Make(t testing.TB, size Size) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundle")
	key, err := evidence.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), dir, size, key); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The contenders. The last three have no figures.
var (
	timed  = []engine{{"go", 100, 0.05}, {"gonum", 240, 0.14}, {"pytorch", 14_000, 0.25}}
	absent = []string{"numpy", "onnxruntime", "scikit-learn"}
)

// engine is a contender with its time for a call, in nanoseconds, and its additional time
// for each multiply-add in the scaling probe.
type engine struct {
	name              string
	call, multiplyAdd float64
}

// Write writes a bundle into dir, with results, and seals it with key.
func Write(ctx context.Context, dir string, size Size, key *evidence.Key) error {
	w, err := evidence.Create(dir)
	if err != nil {
		return err
	}
	defer w.Close()
	m := &maker{Writer: w, size: size, at: time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)}
	for _, step := range []func() error{m.begin, m.launches, m.end} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := evidence.WriteSeal(ctx, dir, key); err != nil {
		return err
	}
	return Derive(dir, w)
}

// Derive writes the results of the bundle that w has written.
func Derive(dir string, w *evidence.Writer) error {
	bundle, err := evidence.Open(dir)
	if err != nil {
		return err
	}
	results, err := report.Derive(bundle)
	if err != nil {
		return err
	}
	if err := results.Write(w); err != nil {
		return err
	}
	return evidence.WriteResultsManifest(dir)
}

// KeepAudit writes an audit's report among the results of the bundle in dir and returns
// its file.
func KeepAudit(t testing.TB, dir string, audited any) (file string) {
	t.Helper()
	text, err := json.MarshalIndent(audited, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, evidence.ResultsDir, report.AuditFile)
	writeDerived(t, dir, file, append(text, '\n'))
	return file
}

// ChangeDerived replaces the first occurrence of a text in a file of the results of the
// bundle in dir. The manifest of the results has the changed file's digest.
func ChangeDerived(t testing.TB, dir, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(text, []byte(from), []byte(to), 1)
	if bytes.Equal(changed, text) {
		t.Fatalf("%s has no %q", file, from)
	}
	writeDerived(t, dir, file, changed)
}

func writeDerived(t testing.TB, dir, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteResultsManifest(dir); err != nil {
		t.Fatal(err)
	}
}

type maker struct {
	*evidence.Writer
	size   Size
	at     time.Time
	plan   *suite.Plan
	launch int
}

const nonce = "a nonce"

func (m *maker) begin() error {
	s, err := suite.Load(suite.Default)
	if err != nil {
		return err
	}
	var names []string
	for _, one := range timed {
		names = append(names, one.name)
	}
	if m.plan, err = s.Plan(suite.Options{Only: append(names, absent...), Nonce: nonce}); err != nil {
		return err
	}
	m.plan.Launches, m.plan.Classic.Iterations, m.plan.Paired.Rounds = m.size.Replicates, m.size.Calls, m.size.Rounds
	m.plan.Threads = max(m.size.Threads, 1)
	if m.size.Plan != nil {
		m.size.Plan(m.plan)
	}
	text, digest, err := m.plan.Encode()
	if err != nil {
		return err
	}
	if err := m.WriteFile(evidence.SuiteFile, s.Text); err != nil {
		return err
	}
	if err := m.WriteFile(evidence.PlanFile, text); err != nil {
		return err
	}
	if err := m.WriteJSON(evidence.EnvironmentFile, evidence.Environment{
		Schema: evidence.EnvironmentSchema, Time: m.at, Platform: "Linux-6.1-x86_64", Distribution: "Debian 12",
		CPU: "A CPU @ 3.00GHz", Cores: 2, MemoryBytes: 25_300_000_000, Cupel: "v0.1.0", Confinement: "files and network",
		ConfinementLayers: []evidence.ConfinementLayer{{Name: "Landlock", State: evidence.LayerFull, Detail: "version 6"}},
		Placement:         evidence.Placement{Harness: []int{0}, Contender: []int{1}},
		Calibration:       evidence.Calibration{ClockNanoseconds: 64, ClockStepNanoseconds: 44, PipeNanoseconds: 64_123, CanaryNanoseconds: 17_600, Memory: evidence.MemoryReading{FastestBytesPerSecond: 9.87e9}},
	}); err != nil {
		return err
	}
	accuracy := 0.9
	return m.rows(
		evidence.LedgerRow{Event: evidence.EventPlan, SHA256: map[string]string{evidence.PlanFile: digest}},
		evidence.LedgerRow{Event: evidence.EventFitted, Accuracy: &accuracy, TrainingRows: 1000},
		evidence.LedgerRow{Event: evidence.EventUnavailable, Contender: "onnxruntime", Reason: "no Python 3.11 is on the PATH", Remedy: "install Python 3.11"},
		evidence.LedgerRow{Event: evidence.EventEnded, Contender: "numpy", Launch: 9001, Replicate: 1, Outcome: evidence.Wrong, Reason: "row 3: label 1 where the reference says 0"},
		evidence.LedgerRow{Event: evidence.EventEnded, Contender: "scikit-learn", Launch: 9002, Replicate: 1, Outcome: evidence.Failed, Reason: "hello: no reply within 2s"},
		evidence.LedgerRow{Event: evidence.EventEnded, Contender: "gonum", Launch: 9003, Replicate: 1, Outcome: evidence.Failed, Reason: "infer: ended by exit status 1"},
	)
}

func (m *maker) rows(rows ...evidence.LedgerRow) error {
	for _, row := range rows {
		m.at = m.at.Add(time.Second)
		row.Time = m.at
		if err := m.Append(row); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) end() error {
	return m.rows(
		evidence.LedgerRow{Event: evidence.EventStopped, Reason: fmt.Sprintf("all %d replicates were made", m.size.Replicates), Disturbances: []string{"the host took 7% of CPU 1's time (steal)"}},
		evidence.LedgerRow{Event: evidence.EventNonce, Nonce: nonce},
	)
}

func (m *maker) launches() error {
	control := timed[0]
	for number := 1; number <= m.size.Replicates; number++ {
		var processes []evidence.LaunchProcess
		for _, one := range timed {
			if err := m.make(number, one, one.name, ""); err != nil {
				return err
			}
			if beside, kept := m.size.Beside[one.name]; kept {
				processes = append(processes, evidence.LaunchProcess{Launch: m.launch, Contender: one.name, Stopped: true, Use: used(20*time.Millisecond, beside)})
			}
		}
		if err := m.make(number, control, suite.ControlName(control.name), evidence.RoleControl); err != nil {
			return err
		}
		if err := m.ObserveBlock(evidence.Block{Replicate: number, FirstRound: 1, LastRound: m.size.Rounds, Processes: processes}); err != nil {
			return err
		}
	}
	return nil
}

// used returns the CPU time of a process with two threads.
func used(busiest, other time.Duration) evidence.ProcessUse {
	return evidence.ProcessUse{
		CPUNanoseconds: int64(busiest + other),
		Threads:        []evidence.ThreadUse{{CPUNanoseconds: int64(busiest)}, {CPUNanoseconds: int64(other)}},
	}
}

// make makes one launch.
func (m *maker) make(number int, one engine, name string, role evidence.Role) error {
	m.launch++
	p := &performance{
		engine: one, random: rand.New(rand.NewPCG(7, uint64(m.launch))), plan: m.plan, place: m.launch % 4, stallCalls: m.size.StallCalls, denies: name == m.size.Denies && name != "",
		sample: evidence.Sample{Launch: int32(m.launch), Contender: name, Replicate: int32(number)},
	}
	p.speed = 1 + 0.01*p.random.NormFloat64()
	p.perform(m.size, role == evidence.RoleControl)
	if err := m.WriteSamples(m.launch, name, p.samples); err != nil {
		return err
	}
	// Every other replicate starts several launches at once, and has no time of the first
	// answer.
	first := int64(number%2) * (9_000_000 + 10_000*int64(m.launch))
	if err := m.Observe(evidence.Observation{
		Launch: m.launch, Contender: name, WallNanoseconds: 3e9, FirstAnswerNanoseconds: first,
		UserCPUNanoseconds: 3e8, SystemCPUNanoseconds: 2e7, PeakResidentBytes: 19_000_000, IdleNanoseconds: 2e9, IdleCPUNanoseconds: 1e6,
	}); err != nil {
		return err
	}
	if number == 1 {
		if err := m.WriteJSON(filepath.Join(evidence.ContendersDir, name, evidence.StatementFile), evidence.Statement{
			Contender: name, Command: []string{"cupel", "engine", one.name}, Build: "go build, go1.26.8", Format: "safetensors", Parameters: parameters(name), InstalledBytes: 17_900_000,
			Hello: protocol.Hello{Name: one.name, Version: "2.9.1", Language: "Python", Runtime: "CPython 3.11.7", Device: "cpu", Precision: "f32"},
		}); err != nil {
			return err
		}
	}
	course := "steady"
	if m.launch == 5 {
		course = "warming up"
	}
	return m.rows(
		evidence.LedgerRow{Event: evidence.EventStarted, Contender: name, Role: role, Launch: m.launch, Replicate: number},
		evidence.LedgerRow{Event: evidence.EventEnded, Contender: name, Role: role, Launch: m.launch, Replicate: number, Outcome: evidence.Finished, Steady: &evidence.Steady{Course: course, Bursts: 64}},
	)
}

// parameters returns the number of parameters that a contender states; one contender states
// an equivalent smaller model.
func parameters(name string) int64 {
	if name == "gonum" {
		return 785
	}
	return 1570
}

// performance is a launch in progress.
type performance struct {
	engine
	random     *rand.Rand
	plan       *suite.Plan
	speed      float64
	place      int
	denies     bool
	stallCalls int
	sample     evidence.Sample
	samples    []evidence.Sample
}

func (p *performance) perform(size Size, control bool) {
	p.burst(evidence.PhaseFirst, 0, 1, 1)
	p.burst(evidence.PhasePractice, 0, 200, 8000)
	p.burst(evidence.PhaseRequest, 0, int32(size.Calls), 1)
	for range size.Calls {
		one := p.sample
		one.Phase, one.Calls, one.InnerNanoseconds = evidence.PhaseCall, 1, int64(p.took(1))
		p.samples = append(p.samples, one)
	}
	for round := int32(1); int(round) <= size.Rounds; round++ {
		p.round(round, control)
	}
	for range 4 {
		p.burst(evidence.PhaseFewRows, 0, 200, 8)
		p.burst(evidence.PhaseManyRows, 0, 200, 8000)
		p.burst(evidence.PhaseAltered, 0, 200, 8000)
		p.burst(evidence.PhaseOriginal, 0, 200, 8000)
	}
	base := p.call
	for _, times := range p.plan.Probes.Widths {
		p.call = base + p.multiplyAdd*float64(p.plan.Model.MultiplyAdds()*(times-1))
		for range 5 {
			p.burst(evidence.PhaseWidth(times), 0, 200, 8000)
		}
		p.burst(evidence.PhaseWidthEmpty(times), 0, 0, 8000)
	}
	p.call = base
}

func (p *performance) round(round int32, control bool) {
	const longEvery = 6
	switch {
	case round%longEvery != 0:
		p.burst(evidence.PhaseShort, round, 200, 8000)
		if control {
			p.burst(evidence.PhasePositive, round, 210, 8000)
		}
	case round%(2*longEvery) == 0:
		p.burst(evidence.PhaseNear, round, 20_000, 8000)
		p.burst(evidence.PhaseEmpty, round, 0, 8000)
	default:
		p.burst(evidence.PhaseLong, round, 20_000, 20_000)
		p.burst(evidence.PhaseEmpty, round, 0, 20_000)
		p.stall(round, p.stallCalls)
	}
}

// took returns the time of a number of calls, in nanoseconds.
func (p *performance) took(calls int32) float64 {
	return p.call * p.speed * float64(calls) * (1 + 0.03*p.random.Float64())
}

func (p *performance) burst(phase evidence.Phase, round, calls, rows int32) {
	s := p.sample
	s.Phase, s.Round, s.Calls, s.Rows = phase, round, calls, rows
	took := p.took(calls)
	request := 20_000 + float64(rows)
	s.InnerNanoseconds = int64(took)
	s.OuterNanoseconds, s.CPUNanoseconds = pointer(took+request), pointer(took+request/2)
	s.StartNanoseconds = pointer(float64(round)*1e6 + float64(p.place)*1e4 + float64(len(p.samples)%7))
	if round > 0 {
		// In one round of five the machine is busy.
		canary := 10_000 + 200*p.random.Float64()
		if round%5 == 0 {
			canary *= 1.5
		}
		s.CanaryBeforeNanoseconds, s.CanaryAfterNanoseconds = pointer(canary), pointer(canary+20*p.random.Float64())
	}
	p.samples = append(p.samples, s)
}

// stall adds a burst with a planted stop, which shows in one call.
func (p *performance) stall(round int32, made int) {
	calls := cmp.Or(made, 20)
	stop := int64(p.plan.Paired.StallFor)
	s := p.sample
	s.Phase, s.Round, s.Calls = evidence.PhaseStall, round, int32(calls)
	s.OuterNanoseconds = pointer(p.call*float64(calls) + 40_000 + float64(stop))
	if p.denies {
		stop = 0
	}
	s.InnerNanoseconds = int64(p.call*float64(calls)) + stop
	p.samples = append(p.samples, s)
	for call := range calls {
		one := p.sample
		one.Phase, one.Round, one.Calls, one.InnerNanoseconds = evidence.PhaseStallCall, round, 1, int64(p.call)
		if call == 7 {
			one.InnerNanoseconds += stop
		}
		p.samples = append(p.samples, one)
	}
}

func pointer(nanoseconds float64) *int64 {
	whole := int64(nanoseconds)
	return &whole
}
