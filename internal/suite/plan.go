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

// PlanSchema names the shape of plan.json.
const PlanSchema = "cupel/plan/1"

// Plan is what a suite and a command line come to. Its digest is the first row
// of a run's ledger, so it can't be made to fit the data afterwards.
type Plan struct {
	Schema      string `json:"schema"`
	Suite       string `json:"suite"`
	SuiteSHA256 string `json:"suite_sha256"`
	// SuiteFile is the name of the file that the suite was read from; empty where
	// built in.
	SuiteFile string `json:"suite_file,omitempty"`
	// Only, BudgetGiven and PrecisionGiven are what the command line changed.
	Only           []string           `json:"only,omitempty"`
	BudgetGiven    bool               `json:"budget_given,omitempty"`
	PrecisionGiven bool               `json:"precision_given,omitempty"`
	Workload       string             `json:"workload"`
	Model          model.Architecture `json:"model"`
	Dataset        string             `json:"dataset"`
	Accuracy       float64            `json:"accuracy_at_least"`
	// Batch and Threads are those of the first cell where there are several.
	Batch   int `json:"batch"`
	Threads int `json:"threads"`
	// Cells has one cell at least in a plan that was made or read. Where the suite asks
	// for one, it is the unnamed cell, which the file leaves out (planFile).
	Cells []CellPlan `json:"cells,omitempty"`
	Seed  uint64     `json:"seed"`
	Fit   FitPlan    `json:"fit"`
	// Train is what contenders are asked for where the workload is fit.
	Train *TrainPlan `json:"train,omitempty"`
	// NonceSHA256 is the digest of what seeds the drawn rows and the order of
	// launches: random, or a reviewer's, and never the public seed. The nonce itself
	// is told when the run has ended, since a contender could read it here.
	NonceSHA256 string `json:"nonce_sha256"`
	// Challenge is true where the nonce was given by a reviewer, with --challenge, and
	// not drawn at random.
	Challenge bool `json:"challenge,omitempty"`
	// Precision is the half-width that each claim's 95% interval must come down to,
	// Tolerance what counts as equal, both as shares of the ratio.
	Precision  float64  `json:"precision"`
	Tolerance  float64  `json:"tolerance"`
	Contenders []string `json:"contenders"`
	// Own are the contenders that the suite starts by a command of its own.
	Own []string `json:"own_commands,omitempty"`
	// Compiles are those of them that the suite declares to compile at run time.
	Compiles []string    `json:"compiles,omitempty"`
	Claims   []ClaimPlan `json:"claims"`
	Launches int         `json:"launches"`
	Classic  ClassicPlan `json:"classic"`
	Paired   PairedPlan  `json:"paired"`
	Probes   ProbesPlan  `json:"probes"`
	// Control are the contenders of which a second copy may be the control: the
	// first of them that is available is.
	Control []string `json:"control"`
	// Canonical has, by contender, the built-in engine that it says it runs and
	// that is run beside it.
	Canonical map[string]string `json:"canonical,omitempty"`
	// Engines are the built-in engines and what the program knew of each when the plan
	// was made, so that a bundle is read by what was known then. Plans from before this
	// was written down have none.
	Engines   []EnginePlan  `json:"engines,omitempty"`
	Agreement AgreementPlan `json:"agreement"`
	Limits    Limits        `json:"limits"`
	// Thresholds are those by which the run is judged. Plans of earlier versions have none;
	// [ThresholdsOf] tells theirs.
	Thresholds *Thresholds `json:"thresholds,omitempty"`
	Budget     string      `json:"budget"`
	// Rules states in words what the harness does by rule.
	Rules []string `json:"rules"`
}

// FitPlan is how the model is fitted.
type FitPlan struct {
	Version      int     `json:"version"`
	Epochs       int     `json:"epochs"`
	Batch        int     `json:"batch"`
	LearningRate float32 `json:"learning_rate"`
	// LearningRateDecay is the share by which the rate shrinks from epoch to epoch.
	LearningRateDecay float32 `json:"learning_rate_decay"`
}

// EnginePlan is what later rules need to know of a built-in engine.
type EnginePlan struct {
	Name string `json:"name"`
	// Language is what its runner is written in.
	Language string `json:"language"`
	// Interpreted says that an interpreter stands between the runner and the engine, and
	// Compiles that the engine makes code at run time.
	Interpreted bool `json:"interpreted"`
	Compiles    bool `json:"compiles,omitempty"`
}

// ClaimPlan is a claim as it is written down.
type ClaimPlan struct {
	Faster string `json:"faster"`
	Than   string `json:"than"`
}

// ClassicPlan is the classic protocol: calls on one row, timed one by one. With a
// batch the row stands in the file as often as a call takes, so that no contender
// has to gather.
type ClassicPlan struct {
	Warmup     int `json:"warmup"`
	Iterations int `json:"iterations"`
	Rows       int `json:"rows"`
}

// AgreementPlan is what a launch must answer rightly before it is timed: Rows
// separate rows with labels and scores, then a chained path of Calls calls, after
// Warmup, over PathRows overlapping rows.
type AgreementPlan struct {
	Rows     int `json:"rows"`
	PathRows int `json:"path_rows"`
	Warmup   int `json:"warmup"`
	Calls    int `json:"calls"`
}

// defaultAgreement is what every launch must answer rightly, with calls of one row.
var defaultAgreement = AgreementPlan{Rows: 64, PathRows: 509, Warmup: 7, Calls: 200}

// Limits is how long the harness waits for each reply before it ends a launch.
type Limits struct {
	Hello Duration `json:"hello"`
	Load  Duration `json:"load"`
	Infer Duration `json:"infer"`
	Quit  Duration `json:"quit"`
}

// Duration is a time.Duration that reads and writes as text, such as "2m0s".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// DefaultLimits is generous: the first import of PyTorch on a cold disk takes
// half a minute, and a limit is there to end what hangs, not what is slow.
var DefaultLimits = Limits{
	Hello: Duration(2 * time.Minute),
	Load:  Duration(time.Minute),
	Infer: Duration(2 * time.Minute),
	Quit:  Duration(5 * time.Second),
}

// Options is what the command line may change.
type Options struct {
	// Only keeps these contenders; empty keeps all.
	Only []string
	// Budget and Precision replace the suite's where they are not 0.
	Budget    time.Duration
	Precision float64
	// Nonce is required; Challenge says that it was given.
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

// enginePlans has all engines and not the plan's contenders alone: that a contender of
// the suite's own calls itself by the name of a built-in engine is known only when it
// runs.
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

// AgreesOnEngines reports whether two plans say the same of each engine that both have.
func (p *Plan) AgreesOnEngines(other *Plan) bool {
	return !slices.ContainsFunc(p.Engines, func(mine EnginePlan) bool {
		return slices.ContainsFunc(other.Engines, func(theirs EnginePlan) bool { return mine.Name == theirs.Name && mine != theirs })
	})
}

// Engine returns what was known of a built-in engine when the plan was made. Of a plan
// that does not say, it is what is known now.
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

// controlOrder begins with the claims' contenders, since they are what the run is
// about.
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

// canonical has the engine that each contender with a command of its own says it
// runs.
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

// Encode returns the plan as plan.json holds it, and its SHA-256 in hexadecimal.
func (p *Plan) Encode() (text []byte, digest string, err error) {
	text, err = json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, "", fmt.Errorf("plan: %w", err)
	}
	text = append(text, '\n')
	return text, digestOf(text), nil
}

// Common is what runs of one plan have in common: all but the nonce, who gave it, what
// bounds a run's length, and what the program knew of engines. A run that is made again
// with another budget, or by a program that knows more engines, is the same question
// asked again. Thresholds are there even where the plan was made without.
func (p Plan) Common() Plan {
	p.NonceSHA256, p.Challenge, p.Engines = "", false, nil
	p.Budget, p.BudgetGiven, p.Precision, p.PrecisionGiven = "", false, 0, false
	p.Thresholds = new(ThresholdsOf(p))
	return p
}

// DigestNonce is the digest by which a nonce is written down before it is told.
func DigestNonce(nonce string) string { return digestOf([]byte(nonce)) }

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
