package estimate

// This file makes all estimates of a bundle.

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// Estimates is what the paired protocol of a run comes to. It is empty where the
// bundle has no paired bursts.
type Estimates struct {
	// Claims are the plan's that both sides have been measured of.
	Claims []Comparison
	// Others compares, where there is no claim about the two, each contender with
	// the first claim's second one, or else with the first measured one; there is no
	// correction for their number.
	Others []Comparison
	// Canonical compares a contender that names a known engine with that engine's
	// built-in runner.
	Canonical []Comparison
	Controls  []Control
	// Quiet is how quiet the machine was.
	Quiet Quiet
	// Contenders are in the plan's order, those with samples alone.
	Contenders []Contender
	Replicates int
}

// Contender is what is known of one contender beside its ratios.
type Contender struct {
	Name   string
	Costs  *Costs
	Checks []Check
	// FirstCallNanoseconds and the shares below are medians over launches.
	FirstCallNanoseconds float64
	// FewRows is the time of a call over few rows against that over fresh ones,
	// Altered the same for other weights against the suite's.
	FewRows float64
	Altered float64
	// ShortNanoseconds is the time of a call in short bursts, Calls how many calls
	// these have in the middle.
	ShortNanoseconds float64
	Calls            float64
	// Unsteady counts launches that did not come to a steady state, by their course.
	Unsteady map[string]int
	Launches int
}

// controlsDue is how many controls a run has: negative, positive, canary.
const controlsDue = 3

// Holds reports whether all controls are there and hold.
func (e *Estimates) Holds() bool {
	return len(e.Controls) == controlsDue && !slices.ContainsFunc(e.Controls, func(c Control) bool { return !c.Holds })
}

// Accused returns the first check that accuses a contender, or nil.
func (e *Estimates) Accused(contender string) *Check {
	for _, c := range e.Contenders {
		if c.Name != contender {
			continue
		}
		for i := range c.Checks {
			if check := &c.Checks[i]; check.Accuses && check.Judged && !check.Holds {
				return check
			}
		}
	}
	return nil
}

// DeriveCellsFrom makes the estimates of each of a bundle's cells, with Holm's correction
// over the claims of all. reader gives the samples.
func DeriveCellsFrom(bundle *evidence.Bundle, reader Reader) ([]*Estimates, error) {
	cells, err := bundle.Cells()
	if err != nil {
		return nil, err
	}
	var estimates []*Estimates
	var claims [][]Comparison
	for _, cell := range cells {
		e, err := DeriveFrom(cell, reader)
		if err != nil {
			return nil, err
		}
		estimates, claims = append(estimates, e), append(claims, e.Claims)
	}
	correct(bundle.Plan.Tolerance, claims...)
	return estimates, nil
}

// Reader reads the samples of a launch.
type Reader func(launch int, contender string) ([]evidence.Sample, error)

// FromBundle reads the samples of a bundle's launches as Enough has them. Errors are
// evidence's, of files that are missing or broken.
func FromBundle(bundle *evidence.Bundle) Reader {
	return func(launch int, contender string) ([]evidence.Sample, error) {
		samples, err := bundle.LaunchSamples(launch, contender)
		if err != nil {
			return nil, err
		}
		return Enough(samples), nil
	}
}

// Enough is what estimates need of a launch: Condensed, and of a launch without bursts
// one classic call, which says that the launch has samples.
func Enough(launch *evidence.LaunchSamples) []evidence.Sample {
	if len(launch.Bursts) == 0 && len(launch.Calls) > 0 {
		return []evidence.Sample{{Phase: evidence.PhaseCall, Calls: 1, InnerNanoseconds: launch.Calls[0]}}
	}
	return Condensed(launch, 0)
}

// DeriveFrom makes the estimates of a bundle whose plan has one cell, or of one cell of
// a bundle. reader gives the samples; of the calls of the classic protocol none are
// needed.
func DeriveFrom(bundle *evidence.Bundle, reader Reader) (*Estimates, error) {
	read, err := readSamples(bundle, reader)
	if err != nil {
		return nil, err
	}
	return estimatesOf(bundle.Plan, read), nil
}

func estimatesOf(plan suite.Plan, read *samplesRead) *Estimates {
	e := &Estimates{Replicates: len(read.suite)}
	if len(read.suite) == 0 {
		return e
	}
	e.Quiet = NewQuiet(plan, read.all)
	e.Claims = Claims(plan, e.Quiet, read.suite)
	e.Others = others(plan, e.Quiet, read.suite)
	for _, contender := range slices.Sorted(maps.Keys(plan.Canonical)) {
		c := Compare(plan, e.Quiet, read.all, contender, suite.CanonicalName(contender))
		if len(c.Replicates) > 0 {
			e.Canonical = append(e.Canonical, c)
		}
	}
	e.Controls = controls(plan, e.Quiet, read)
	for _, name := range plan.Contenders {
		if samples := samplesOf(read.suite, name); len(samples) > 0 {
			e.Contenders = append(e.Contenders, contenderOf(plan, e.Quiet, read, name, samples))
		}
	}
	e.addCanonical(suite.ThresholdsOf(plan))
	return e
}

// samplesRead are a bundle's samples in the groups that the estimates take.
type samplesRead struct {
	// suite has the suite's contenders alone, all also the control and canonical
	// runners.
	suite, all []Replicate
	facts      map[string][]LaunchFacts
	steady     map[string][]evidence.Steady
}

func readSamples(bundle *evidence.Bundle, reader Reader) (*samplesRead, error) {
	if len(bundle.Plan.Cells) > 1 {
		return nil, fmt.Errorf("bundle: the plan has %d cells; each has estimates of its own", len(bundle.Plan.Cells))
	}
	read := &samplesRead{facts: map[string][]LaunchFacts{}, steady: map[string][]evidence.Steady{}}
	for _, row := range bundle.Ledger {
		if row.Event != evidence.EventEnded || row.Outcome != evidence.Finished || row.Preview {
			continue
		}
		// A stranger's ledger may have any number; an honest one has a row for each.
		if row.Replicate < 1 || row.Replicate > len(bundle.Ledger) {
			return nil, fmt.Errorf("bundle: ledger: launch %d is of replicate %d", row.Launch, row.Replicate)
		}
		samples, err := reader(row.Launch, row.Contender)
		if err != nil {
			return nil, err
		}
		read.add(row, samples, bundle.Observations[row.Launch])
		read.account(row, samples, bundle.Blocks)
	}
	return read, nil
}

func (r *samplesRead) add(row evidence.LedgerRow, samples []evidence.Sample, observed evidence.Observation) {
	for len(r.all) < row.Replicate {
		r.all, r.suite = append(r.all, Replicate{}), append(r.suite, Replicate{})
	}
	r.all[row.Replicate-1][row.Contender] = samples
	if row.Role != "" {
		return
	}
	r.suite[row.Replicate-1][row.Contender] = samples
	r.facts[row.Contender] = append(r.facts[row.Contender], LaunchFacts{
		Launch: row.Launch, IdleNanoseconds: observed.IdleNanoseconds, IdleCPU: observed.IdleCPUNanoseconds,
		StolenShare: observed.StolenShare, PressureShare: observed.PressureShare,
	})
	if row.Steady != nil {
		r.steady[row.Contender] = append(r.steady[row.Contender], *row.Steady)
	}
}

// account adds the kernel's accounts to the facts of a launch that was added last.
func (r *samplesRead) account(row evidence.LedgerRow, samples []evidence.Sample, blocks []evidence.Block) {
	facts := r.facts[row.Contender]
	if row.Role != "" || len(facts) == 0 {
		return
	}
	for _, block := range blocks {
		for _, process := range block.Processes {
			if process.Launch == row.Launch {
				facts[len(facts)-1].account(process.Use, requestsIn(block, samples))
			}
		}
	}
}

// requestsIn counts a launch's requests in a block's rounds, by what was timed of them.
func requestsIn(block evidence.Block, samples []evidence.Sample) (requests int) {
	for _, s := range samples {
		if s.Phase != evidence.PhaseStallCall && s.Phase != phaseStallRest && int(s.Round) >= block.FirstRound && int(s.Round) <= block.LastRound {
			requests++
		}
	}
	return requests
}

func others(plan suite.Plan, quiet Quiet, replicates []Replicate) []Comparison {
	base := ""
	for _, claim := range plan.Claims {
		if len(samplesOf(replicates, claim.Than)) > 0 {
			base = claim.Than
			break
		}
	}
	claimed := map[string]bool{}
	for _, claim := range plan.Claims {
		claimed[claim.Faster+"/"+claim.Than] = true
	}
	var compared []Comparison
	for _, name := range plan.Contenders {
		if len(samplesOf(replicates, name)) == 0 {
			continue
		}
		if base == "" {
			base = name
		}
		if name == base || claimed[name+"/"+base] {
			continue
		}
		if c := Compare(plan, quiet, replicates, name, base); len(c.Replicates) > 0 {
			compared = append(compared, c)
		}
	}
	return compared
}

func controls(plan suite.Plan, quiet Quiet, read *samplesRead) []Control {
	judged := []Control{Canary(plan, quiet, read.all)}
	at := slices.IndexFunc(plan.Control, func(name string) bool { return len(samplesOf(read.all, suite.ControlName(name))) > 0 })
	if at < 0 {
		return judged
	}
	contender, second := plan.Control[at], suite.ControlName(plan.Control[at])
	return append([]Control{
		Negative(plan, quiet, read.all, contender, second),
		Positive(plan, quiet, read.all, contender, second),
	}, judged...)
}

func contenderOf(plan suite.Plan, quiet Quiet, read *samplesRead, name string, samples [][]evidence.Sample) Contender {
	c := Contender{
		Name: name, Launches: len(samples), Unsteady: map[string]int{},
		Costs: CostsOf(plan, read.suite, name), Checks: ChecksOf(plan, quiet, read.suite, read.facts[name], name),
		FirstCallNanoseconds: medianOver(samples, func(s evidence.Sample) (float64, bool) {
			return float64(s.InnerNanoseconds), s.Phase == evidence.PhaseFirst
		}),
		FewRows:          medianRatio(samples, perCallOf(evidence.PhaseFewRows), perCallOf(evidence.PhaseManyRows)),
		Altered:          medianRatio(samples, perCallOf(evidence.PhaseAltered), perCallOf(evidence.PhaseOriginal)),
		ShortNanoseconds: medianOver(samples, shortPerCall),
		Calls: medianOver(samples, func(s evidence.Sample) (float64, bool) {
			return float64(s.Calls), s.Phase == evidence.PhaseShort
		}),
	}
	for _, steady := range read.steady[name] {
		if steady.Course != string(stats.CourseSteady) {
			c.Unsteady[steady.Course]++
		}
	}
	return c
}

// medianRatio is the median over launches of the ratio of two medians.
func medianRatio(launches [][]evidence.Sample, over, under perCall) float64 {
	return median(launchRatios(launches, over, under))
}

// launchRatios are the ratios of two medians, by launch.
func launchRatios(launches [][]evidence.Sample, over, under perCall) []float64 {
	var ratios []float64
	for _, samples := range launches {
		one := [][]evidence.Sample{samples}
		if ratio := medianOver(one, over) / medianOver(one, under); !math.IsNaN(ratio) {
			ratios = append(ratios, ratio)
		}
	}
	return ratios
}

func perCallOf(phase evidence.Phase) perCall {
	return func(s evidence.Sample) (float64, bool) {
		return float64(s.InnerNanoseconds) / float64(max(s.Calls, 1)), s.Phase == phase
	}
}
