package suite

// This file holds the plan: everything that is decided before the first
// measurement.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"cupel/engines"
	"cupel/model"
)

// PlanSchema is the name of plan.json's schema.
const PlanSchema = "cupel/plan/1"

// Plan is the result of a suite and a command line. Its digest is in the first row of a
// run's ledger, so the plan can't be changed afterwards to fit the data.
type Plan struct {
	Schema      string `json:"schema"`
	Suite       string `json:"suite"`
	SuiteSHA256 string `json:"suite_sha256"`
	// SuiteFile is the name of the suite's file; empty for a built-in suite.
	SuiteFile string `json:"suite_file,omitempty"`
	// Only, BudgetGiven and PrecisionGiven record what the command line changed.
	Only           []string           `json:"only,omitempty"`
	BudgetGiven    bool               `json:"budget_given,omitempty"`
	PrecisionGiven bool               `json:"precision_given,omitempty"`
	Workload       string             `json:"workload"`
	Model          model.Architecture `json:"model"`
	Dataset        string             `json:"dataset"`
	Accuracy       float64            `json:"accuracy_at_least"`
	// Batch and Threads are those of the first cell.
	Batch   int `json:"batch"`
	Threads int `json:"threads"`
	// Cells has at least one cell. In a suite with one cell it is the unnamed cell, which
	// the file leaves out (planFile).
	Cells []CellPlan `json:"cells,omitempty"`
	Seed  uint64     `json:"seed"`
	Fit   FitPlan    `json:"fit"`
	// Train is the training of a workload of kind fit, and nil for inference.
	Train *TrainPlan `json:"train,omitempty"`
	// NonceSHA256 is the digest of the nonce. The nonce seeds the drawn rows and the order
	// of launches. It is random or a reviewer's, and never the public seed. The run reveals
	// it at its end, because a contender could read it here.
	NonceSHA256 string `json:"nonce_sha256"`
	// Challenge is true if the nonce was given with --challenge, and false if it was drawn
	// at random.
	Challenge bool `json:"challenge,omitempty"`
	// Precision is the half-width that each claim's 95% interval must reach. Tolerance is
	// what counts as equal. Both are shares of the ratio.
	Precision  float64  `json:"precision"`
	Tolerance  float64  `json:"tolerance"`
	Contenders []string `json:"contenders"`
	// Own are the contenders that the suite starts by its own command.
	Own []string `json:"own_commands,omitempty"`
	// Compiles are those of them that compile at run time, as the suite declares.
	Compiles []string    `json:"compiles,omitempty"`
	Claims   []ClaimPlan `json:"claims"`
	Launches int         `json:"launches"`
	Classic  ClassicPlan `json:"classic"`
	Paired   PairedPlan  `json:"paired"`
	Probes   ProbesPlan  `json:"probes"`
	// Control are the contenders that may have the control copy. The first available one
	// has it.
	Control []string `json:"control"`
	// Canonical has, by contender, the built-in engine that the contender says it runs. The
	// canonical runner of that engine runs beside it.
	Canonical map[string]string `json:"canonical,omitempty"`
	// Engines are the facts about each built-in engine when the plan was made. A bundle is
	// judged by these facts. Plans of earlier versions have none.
	Engines   []EnginePlan  `json:"engines,omitempty"`
	Agreement AgreementPlan `json:"agreement"`
	Limits    Limits        `json:"limits"`
	// Thresholds are the thresholds that judge the run. Plans of earlier versions have none;
	// [ThresholdsOf] returns theirs.
	Thresholds *Thresholds `json:"thresholds,omitempty"`
	Budget     string      `json:"budget"`
	// Rules are the harness's rules, in words.
	Rules []string `json:"rules"`
}

// FitPlan sets how the model is fitted.
type FitPlan struct {
	Version      int     `json:"version"`
	Epochs       int     `json:"epochs"`
	Batch        int     `json:"batch"`
	LearningRate float32 `json:"learning_rate"`
	// LearningRateDecay is the share by which the learning rate shrinks in each epoch.
	LearningRateDecay float32 `json:"learning_rate_decay"`
}

// EnginePlan has the facts about a built-in engine that later rules need.
type EnginePlan struct {
	Name string `json:"name"`
	// Language is the language of the runner.
	Language string `json:"language"`
	// Interpreted means that the runner calls the engine from an interpreter. Compiles
	// means that the engine generates code at run time.
	Interpreted bool `json:"interpreted"`
	Compiles    bool `json:"compiles,omitempty"`
}

// ClaimPlan is a claim as in plan.json.
type ClaimPlan struct {
	Faster string `json:"faster"`
	Than   string `json:"than"`
}

// ClassicPlan is the classic protocol: calls on one row, each timed by the contender. With
// a batch, the file repeats the row as often as a call needs it, so that no contender has
// to copy rows together.
type ClassicPlan struct {
	Warmup     int `json:"warmup"`
	Iterations int `json:"iterations"`
	Rows       int `json:"rows"`
}

// AgreementPlan is what a launch must answer correctly before it is timed: Rows separate
// rows with labels and scores; then, after Warmup calls, a chained path of Calls calls over
// PathRows overlapping rows.
type AgreementPlan struct {
	Rows     int `json:"rows"`
	PathRows int `json:"path_rows"`
	Warmup   int `json:"warmup"`
	Calls    int `json:"calls"`
}

// defaultAgreement is the agreement for calls of one row.
var defaultAgreement = AgreementPlan{Rows: 64, PathRows: 509, Warmup: 7, Calls: 200}

// Limits is how long the harness waits for each reply before it ends a launch.
type Limits struct {
	Hello Duration `json:"hello"`
	Load  Duration `json:"load"`
	Infer Duration `json:"infer"`
	Quit  Duration `json:"quit"`
}

// Duration is a time.Duration written as text, such as "2m0s".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// DefaultLimits are generous: the first import of PyTorch on a cold disk takes half a
// minute. A limit ends a launch that hangs; it must not end a slow one.
var DefaultLimits = Limits{
	Hello: Duration(2 * time.Minute),
	Load:  Duration(time.Minute),
	Infer: Duration(2 * time.Minute),
	Quit:  Duration(5 * time.Second),
}

// Options are the settings that the command line can change.
type Options struct {
	// Only keeps these contenders; empty keeps all.
	Only []string
	// Budget and Precision replace the suite's values unless they are 0.
	Budget    time.Duration
	Precision float64
	// Nonce is required. Challenge says that a reviewer gave it.
	Nonce     string
	Challenge bool
}

// Plan makes the plan of a run.
func (s *Suite) Plan(options Options) (*Plan, error) {
	contenders, err := s.selected(options.Only)
	if err != nil {
		return nil, err
	}
	budget := s.Protocol.Budget
	if options.Budget > 0 {
		budget = options.Budget
	}
	plan := &Plan{
		Schema: PlanSchema, Suite: s.Name, SuiteSHA256: s.Digest(),
		Workload: s.Workload.Kind, Model: s.Workload.Architecture, Dataset: s.Workload.Dataset,
		Accuracy: s.Workload.Accuracy, Batch: s.Workload.Batch, Threads: s.Workload.Threads, Seed: s.Workload.Seed,
		Fit: FitPlan{
			Version: model.FitVersion, Epochs: s.Workload.Fit.Epochs,
			Batch: s.Workload.Fit.BatchSize, LearningRate: s.Workload.Fit.LearningRate,
			LearningRateDecay: s.Workload.Fit.LearningRateDecay,
		},
		NonceSHA256: DigestNonce(options.Nonce), Challenge: options.Challenge, Precision: s.Protocol.Precision, Tolerance: s.Protocol.Tolerance,
		Contenders: contenders, Launches: s.Protocol.Launches,
		Classic:   s.classic(s.Workload.Cells[0]),
		Agreement: defaultAgreement.forBatch(s.Workload.Batch),
		Paired:    DefaultPaired.forBatch(s.Workload.Batch), Probes: DefaultProbes.forBatch(s.Workload.Batch),
		Limits: DefaultLimits, Thresholds: new(defaultThresholds), Budget: budget.String(),
		Rules: []string{
			"A replicate starts each contender once, as a process of its own, in an order drawn from the nonce; all are alive together, and stopped while it is not their turn.",
			"A contender is timed in a launch only after its labels and scores there agreed with a float64 reference; labels or the last row of every timed call are compared with it too.",
			"A round is one burst of each contender, in an order drawn from the nonce, on inputs drawn for the round. A replicate's ratio of two contenders is the median over its rounds of the ratio of their times per call.",
			"A ratio's 95% interval is over replicates. Inside the tolerance the verdict is equal; else, where it excludes 1 after Holm's correction over the claims, faster or slower; else not resolved.",
			"A ratio is of rounds in which the machine was quiet, by a loop of the harness's own just before and after each burst, where there are enough of them. It is of short bursts; where the ratio by the harness's clock, from long bursts over as few rows, differs by more than 5% and by more than chance, that from long bursts over many rows, by the harness's clock, is the figure.",
			"A claim about a contender that a check of its clock or its conduct accuses is disputed, and not resolved.",
			"A control fails where it is off at the 99.9% level and by more than the tolerance. A run whose controls fail has no verdict.",
			"A contender's classic figures come from its median launch: of its finished launches, ordered by p50, the lower middle one.",
			"After the planned number of replicates, more follow with the contenders of claims whose interval is wider than the precision. No replicate begins after the budget is spent.",
			"A contender that disagrees with the reference, or that fails in two launches, is not started again.",
		},
	}
	plan.Only, plan.BudgetGiven, plan.PrecisionGiven = options.Only, options.Budget > 0, options.Precision > 0
	if options.Precision > 0 {
		plan.Precision = options.Precision
	}
	if !s.BuiltIn {
		plan.SuiteFile = filepath.Base(s.File)
	}
	for _, contender := range s.Contenders {
		if !contender.BuiltIn() && slices.Contains(contenders, contender.Name) {
			plan.Own = append(plan.Own, contender.Name)
			if contender.Compiles {
				plan.Compiles = append(plan.Compiles, contender.Name)
			}
		}
	}
	for _, claim := range s.Claims {
		if slices.Contains(contenders, claim.Faster) && slices.Contains(contenders, claim.Than) {
			plan.Claims = append(plan.Claims, ClaimPlan(claim))
		}
	}
	if s.Workload.Kind == KindFit {
		plan.forFit(s.Workload)
	}
	plan.Cells = s.cellPlans()
	if len(plan.Cells) > 1 {
		plan.Rules = append(plan.Rules, cellRules...)
	}
	plan.Control = plan.controlOrder()
	plan.Canonical = s.canonical(contenders)
	plan.Engines = enginePlans()
	return plan, nil
}

// enginePlans returns the facts about all engines. The plan's contenders would not be
// enough: a contender of the suite's own may name a built-in engine, which is known only
// when it runs.
func enginePlans() []EnginePlan {
	var plans []EnginePlan
	for _, engine := range engines.All() {
		plans = append(plans, EnginePlan{
			Name: engine.Name, Language: string(engine.Language),
			Interpreted: engine.Language.Interpreted(), Compiles: engine.Compiles,
		})
	}
	return plans
}

// AgreesOnEngines reports whether two plans state the same facts about each engine that
// both have.
func (p *Plan) AgreesOnEngines(other *Plan) bool {
	return !slices.ContainsFunc(p.Engines, func(mine EnginePlan) bool {
		return slices.ContainsFunc(other.Engines, func(theirs EnginePlan) bool { return mine.Name == theirs.Name && mine != theirs })
	})
}

// Engine returns the facts about a built-in engine when the plan was made. For a plan of an
// earlier version without them, it returns today's facts.
func (p *Plan) Engine(name string) (EnginePlan, bool) {
	known := p.Engines
	if len(known) == 0 {
		known = enginePlans()
	}
	at := slices.IndexFunc(known, func(engine EnginePlan) bool { return engine.Name == name })
	if at < 0 {
		return EnginePlan{}, false
	}
	return known[at], true
}

// controlOrder puts the claims' contenders first, because the run is about them.
func (p *Plan) controlOrder() []string {
	var names []string
	for _, claim := range p.Claims {
		names = append(names, claim.Faster, claim.Than)
	}
	var once []string
	for _, name := range append(names, p.Contenders...) {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}

// canonical returns, by contender, the engine that each contender with its own command says
// it runs.
func (s *Suite) canonical(contenders []string) map[string]string {
	named := map[string]string{}
	for _, contender := range s.Contenders {
		if !contender.BuiltIn() && contender.Engine != "" && slices.Contains(contenders, contender.Name) {
			named[contender.Name] = contender.Engine
		}
	}
	return named
}

func (s *Suite) selected(only []string) ([]string, error) {
	var all []string
	for _, contender := range s.Contenders {
		all = append(all, contender.Name)
	}
	if len(only) == 0 {
		return all, nil
	}
	for _, name := range only {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("suite %s has no contender %q; it has %q", s.Name, name, all)
		}
	}
	return slices.DeleteFunc(all, func(name string) bool { return !slices.Contains(only, name) }), nil
}

// Encode returns the text of plan.json and its SHA-256 in hexadecimal.
func (p *Plan) Encode() (text []byte, digest string, err error) {
	text, err = json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, "", fmt.Errorf("plan: %w", err)
	}
	text = append(text, '\n')
	return text, digestOf(text), nil
}

// Common returns the part of a plan that runs of one question share. It leaves out the
// nonce, its origin, the bounds of a run's length, and the facts about engines: a run with
// another budget, or by a newer program, is the same question asked again. The result has
// thresholds also for a plan made without them.
func (p Plan) Common() Plan {
	p.NonceSHA256, p.Challenge, p.Engines = "", false, nil
	p.Budget, p.BudgetGiven, p.Precision, p.PrecisionGiven = "", false, 0, false
	p.Thresholds = new(ThresholdsOf(p))
	return p
}

// DigestNonce returns the digest under which a nonce is recorded before it is revealed.
func DigestNonce(nonce string) string { return digestOf([]byte(nonce)) }

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
