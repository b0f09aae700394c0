package suite

// This file checks plans that were read from a bundle. A stranger's plan determines how
// much a reader computes and holds in memory, so its numbers are bounded.

import (
	"errors"
	"fmt"
	"time"
)

// The bounds of a plan's numbers. Where a suite file sets a number, its own bound is at
// most this. All other numbers are far below these in each plan that cupel makes.
const (
	maxNames   = 1 << 10
	maxTimes   = 1 << 22
	maxRows    = 1 << 24
	maxWidths  = 64
	maxWidth   = 1 << 10
	maxElapsed = 1000 * time.Hour
)

// ErrPlan is the error for a plan that no suite makes.
var ErrPlan = errors.New("the plan has a value that no suite gives")

// Check returns an error that wraps ErrPlan if a number of the plan is outside the range
// that suites make.
func (p *Plan) Check() error {
	c := &planCheck{}
	if err := p.Model.Validate(); err != nil {
		c.fail("model: %v", err)
	}
	c.names("contenders", p.Contenders)
	c.names("control", p.Control)
	c.names("own_commands", p.Own)
	c.names("compiles", p.Compiles)
	for name, engine := range p.Canonical {
		c.names("canonical", []string{name, engine})
	}
	for _, engine := range p.Engines {
		c.names("engines", []string{engine.Name, engine.Language})
	}
	c.between("engines", len(p.Engines), 0, maxNames)
	c.between("claims", len(p.Claims), 0, maxNames)
	c.between("rules", len(p.Rules), 0, maxNames)
	for _, claim := range p.Claims {
		c.names("claims", []string{claim.Faster, claim.Than})
	}
	c.share("tolerance", p.Tolerance)
	c.share("precision", p.Precision)
	c.between("launches", p.Launches, 0, 10_000)
	c.between("fit.epochs", p.Fit.Epochs, 0, maxTimes)
	c.between("fit.batch", p.Fit.Batch, 0, maxRows)
	c.cell(CellPlan{Cell{Batch: p.Batch, Threads: p.Threads}, p.Classic, p.Agreement, p.Paired, p.Probes})
	c.between("cells", len(p.Cells), 1, maxCells)
	for _, cell := range p.Cells {
		if unnamed := cell.Name == Unnamed && len(p.Cells) == 1; !unnamed && !nameRule.MatchString(cell.Name) {
			c.fail("cells: the name is %q", cell.Name)
		}
		c.cell(cell)
	}
	if p.Train != nil {
		c.train(*p.Train)
	}
	if p.Thresholds != nil {
		c.thresholds(*p.Thresholds)
	}
	return c.err
}

// planCheck keeps the first error.
type planCheck struct{ err error }

func (c *planCheck) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s", ErrPlan, fmt.Sprintf(format, args...))
	}
}

func (c *planCheck) between(what string, value, least, most int) {
	if value < least || value > most {
		c.fail("%s is %d; expected %d to %d", what, value, least, most)
	}
}

func (c *planCheck) share(what string, value float64) {
	if !(value > 0 && value < 1) {
		c.fail("%s is %v; expected a share between 0 and 1", what, value)
	}
}

func (c *planCheck) names(what string, names []string) {
	c.between(what, len(names), 0, maxNames)
	for _, name := range names {
		if !nameRule.MatchString(name) {
			c.fail("%s: the name is %q", what, name)
		}
	}
}

func (c *planCheck) elapsed(what string, value Duration) {
	if value < 0 || time.Duration(value) > maxElapsed {
		c.fail("%s is %v; expected 0 to %v", what, time.Duration(value), maxElapsed)
	}
}

func (c *planCheck) cell(p CellPlan) {
	c.between("batch", p.Batch, 1, 1<<16)
	c.between("threads", p.Threads, 1, 1<<16)
	c.between("classic.warmup", p.Classic.Warmup, 0, maxTimes)
	c.between("classic.iterations", p.Classic.Iterations, 0, maxTimes)
	c.between("classic.rows", p.Classic.Rows, 0, maxRows)
	c.between("agreement.rows", p.Agreement.Rows, 0, maxRows)
	c.between("agreement.path_rows", p.Agreement.PathRows, 0, maxRows)
	c.between("agreement.warmup", p.Agreement.Warmup, 0, maxTimes)
	c.between("agreement.calls", p.Agreement.Calls, 0, maxTimes)
	c.paired(p.Paired)
	c.probes(p.Probes)
}

func (c *planCheck) paired(p PairedPlan) {
	for what, value := range map[string]int{
		"rounds": p.Rounds, "long_every": p.LongEvery, "others_every": p.OthersEvery, "warmup": p.Warmup, "least_calls": p.LeastCalls,
		"stalls": p.Stalls, "least_short": p.Quiet.LeastShort, "least_long": p.Quiet.LeastLong,
		"steady.bursts": p.Steady.Bursts, "start_alone": p.StartAlone,
	} {
		c.between("paired."+what, value, 0, maxTimes)
	}
	if p.Rounds > 0 {
		c.between("paired.positive_calls", p.PositiveCalls, 1, maxTimes)
	}
	c.between("paired.rows_least", p.RowsLeast, 0, maxRows)
	c.between("paired.rows_most", p.RowsMost, p.RowsLeast, maxRows)
	for what, value := range map[string]Duration{
		"warmup_most": p.WarmupMost, "short": p.Short, "short_most": p.ShortMost, "long_least": p.LongLeast, "long_most": p.LongMost,
		"stall_for": p.StallFor, "wait_round": p.Quiet.WaitRound, "wait_replicate": p.Quiet.WaitReplicate, "steady.most": p.Steady.Most,
	} {
		c.elapsed("paired."+what, value)
	}
}

func (c *planCheck) probes(p ProbesPlan) {
	c.between("probes.widths", len(p.Widths), 0, maxWidths)
	for _, width := range p.Widths {
		c.between("probes.widths", width, 1, maxWidth)
	}
	for what, value := range map[string]int{
		"bursts": p.Bursts, "hard_calls": p.HardCalls, "deep_replicates": p.DeepReplicates, "lone": p.Lone, "eager": p.Eager,
		"heavy_times": p.HeavyTimes, "warmed_calls": p.WarmedCalls,
	} {
		c.between("probes."+what, value, 0, maxTimes)
	}
	for what, value := range map[string]int{
		"few_rows": p.FewRows, "boundary_rows": p.BoundaryRows, "fixed_rows": p.FixedRows, "hard_rows": p.HardRows,
	} {
		c.between("probes."+what, value, 0, maxRows)
	}
}

func (c *planCheck) train(p TrainPlan) {
	c.between("train.rows", p.Rows, 1, maxRows)
	c.between("train.batch", p.Batch, 1, maxRows)
	c.between("train.epochs", p.Epochs, 1, maxTimes)
	c.between("train.long_epochs", p.LongEpochs, 1, maxTimes)
	c.between("train.agreement_rows", p.AgreementRows, 0, maxRows)
	c.between("train.agreement_epochs", p.AgreementEpochs, 0, maxTimes)
}
