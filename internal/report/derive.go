// Package report derives figures from a bundle and writes them down, one file an
// output format.
//
// It sees the bundle only: it starts no process and reads no clock, so it says
// the same of a bundle from a stranger as of one's own. Every figure here can be
// recomputed from the raw samples; the rule that chooses the launch is the
// plan's.
package report

// This file derives the figures of the classic protocol.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// Status says what came of a contender.
type Status string

const (
	// Measured contenders have figures.
	Measured Status = "measured"
	// Wrong contenders disagreed with the reference.
	Wrong Status = "wrong"
	// NotApplicable contenders can't hold the suite's model.
	NotApplicable Status = "not applicable"
	// Unavailable contenders could not be installed or started here.
	Unavailable Status = "unavailable"
	// Failed contenders have no finished launch.
	Failed Status = "failed"
	// NotReached contenders had no turn before the run ended.
	NotReached Status = "not reached"
)

// Results is what a bundle says of its contenders.
type Results struct {
	Bundle *evidence.Bundle
	// Contenders are in the plan's order.
	Contenders []Contender
	// Pairs has every two measured contenders, those of claims first, the claim's
	// supposed faster one as A.
	Pairs []Pair
	// Estimates are the paired protocol's.
	Estimates *estimate.Estimates
	// Machine says what the machine did besides while it was measured; empty where
	// it did nothing of note.
	Machine string
	// Accuracy is the fitted model's.
	Accuracy float64
	// Stopped says why the run ended; empty where it was interrupted.
	Stopped string
	// Cell is the cell that these results are of; those of several cells have none. Cells
	// has the results of each. Where there are any, what is above is of all: a
	// contender is that of the first cell that it was measured in, and pairs and
	// estimates are the cells' own.
	Cell  suite.Cell
	Cells []*Results
}

// Contender is what came of one contender.
type Contender struct {
	Name   string
	Status Status
	Reason string
	Remedy string
	// Summary is of the calls of the median launch, in nanoseconds.
	Summary stats.Summary
	// Launch is the median launch; Launches are all finished ones, in order.
	Launch   int
	Launches []Launch
	// FailedLaunches is how many launches failed, where others finished.
	FailedLaunches int
	Statement      evidence.Statement
}

// Launch is one finished launch.
type Launch struct {
	Number      int
	Nanoseconds stats.Summary
	Observation evidence.Observation
}

// Pair compares the classic figures of two contenders.
type Pair struct {
	A, B  *Contender
	Claim bool
	// SpeedupP50, SpeedupMean and ThroughputRatio say how many times faster A is
	// than B; below 1 it is slower.
	SpeedupP50      float64
	SpeedupMean     float64
	ThroughputRatio float64
	Welch           stats.WelchResult
	// CohenD is of A's mean less B's; Effect is its name.
	CohenD float64
	Effect string
}

// Derive derives the results of a run.
func Derive(bundle *evidence.Bundle) (*Results, error) {
	return DeriveFrom(bundle, bundle.LaunchSamples)
}

// DeriveFrom is Derive of a bundle whose samples somebody else has read.
func DeriveFrom(bundle *evidence.Bundle, samples Reader) (*Results, error) {
	return derive(newReadings(bundle, samples), false)
}

// Reader reads the samples of a launch.
type Reader func(launch int, contender string) (*evidence.LaunchSamples, error)

// DerivePreview derives the figures of the preview, which are no results.
func DerivePreview(bundle *evidence.Bundle) (*Results, error) {
	return derive(newReadings(bundle, bundle.LaunchSamples), true)
}

// derive derives the results of each cell, and of several those of all. A preview is of
// the first cell alone.
func derive(read *readings, preview bool) (*Results, error) {
	bundles, err := read.bundle.Cells()
	if err != nil {
		return nil, err
	}
	if preview {
		r, err := classicResults(read.ofCell(bundles[0]), true)
		if err == nil {
			r.Estimates = &estimate.Estimates{}
		}
		return r, err
	}
	estimates, err := estimate.DeriveCellsFrom(read.bundle, read.samples)
	if err != nil {
		return nil, err
	}
	var cells []*Results
	for i, cell := range bundles {
		r, err := classicResults(read.ofCell(cell), false)
		if err != nil {
			return nil, err
		}
		r.Cell, r.Estimates = read.bundle.Plan.Cells[i].Cell, estimates[i]
		cells = append(cells, r)
	}
	if len(cells) == 1 {
		return cells[0], nil
	}
	return ofAll(read.bundle, cells), nil
}

// classicResults are all results of a bundle of one cell but the estimates.
func classicResults(read *readings, preview bool) (*Results, error) {
	bundle := read.bundle
	r := &Results{Bundle: bundle}
	var disturbances []string
	for _, row := range bundle.Ledger {
		switch row.Event {
		case evidence.EventFitted:
			if row.Accuracy != nil {
				r.Accuracy = *row.Accuracy
			}
		case evidence.EventStopped:
			r.Stopped = row.Reason
		}
		disturbances = append(disturbances, row.Disturbances...)
	}
	r.Machine = strings.Join(disturbances, "; ")
	for _, name := range bundle.Plan.Contenders {
		contender, err := contenderOf(read, name, preview)
		if err != nil {
			return nil, err
		}
		r.Contenders = append(r.Contenders, contender)
	}
	r.pair()
	return r, nil
}

// readings read each file of samples once, for the classic figures and for the
// estimates.
type readings struct {
	bundle   *evidence.Bundle
	from     Reader
	launches map[string]reading
}

func newReadings(bundle *evidence.Bundle, from Reader) *readings {
	return &readings{bundle: bundle, from: from, launches: map[string]reading{}}
}

// ofCell has what has been read for another of the bundle's cells.
func (r *readings) ofCell(cell *evidence.Bundle) *readings {
	return &readings{bundle: cell, from: r.from, launches: r.launches}
}

// reading is what is kept of a launch: its calls' summary, and what estimates need.
type reading struct {
	calls stats.Summary
	rest  []evidence.Sample
}

func (r *readings) read(launch int, contender string) (reading, error) {
	name := evidence.SamplesFile(launch, contender)
	if known, ok := r.launches[name]; ok {
		return known, nil
	}
	samples, err := r.from(launch, contender)
	if err != nil {
		return reading{}, err
	}
	made := reading{calls: stats.DescribeNanoseconds(samples.Calls), rest: estimate.Enough(samples)}
	r.launches[name] = made
	return made, nil
}

func (r *readings) samples(launch int, contender string) ([]evidence.Sample, error) {
	made, err := r.read(launch, contender)
	return made.rest, err
}

func contenderOf(read *readings, name string, preview bool) (Contender, error) {
	bundle := read.bundle
	c := Contender{Name: name, Status: NotReached, Statement: bundle.Statements[name]}
	for _, row := range bundle.Ledger {
		if row.Contender != name {
			continue
		}
		if row.Event == evidence.EventUnavailable {
			c.Status, c.Reason, c.Remedy = Unavailable, row.Reason, row.Remedy
		}
		if row.Event != evidence.EventEnded || row.Preview != preview && !final(row.Outcome) {
			continue
		}
		if err := c.add(read, row); err != nil {
			return c, err
		}
	}
	if c.Status == Measured {
		c.chooseLaunch()
	}
	return c, nil
}

// final reports whether an outcome stands for the contender, wherever it showed:
// one that was wrong in the preview is not started again.
func final(outcome evidence.Outcome) bool {
	return outcome == evidence.Wrong || outcome == evidence.NotApplicable
}

// add takes in one ended launch.
func (c *Contender) add(read *readings, row evidence.LedgerRow) error {
	switch row.Outcome {
	case evidence.Finished:
		made, err := read.read(row.Launch, c.Name)
		if err != nil {
			return err
		}
		summary := made.calls
		if !(summary.P50 > 0) {
			return fmt.Errorf("bundle: launch %d of %s: a median call of %v ns is no time", row.Launch, c.Name, summary.P50)
		}
		c.Launches = append(c.Launches, Launch{row.Launch, summary, read.bundle.Observations[row.Launch]})
		// A wrong answer in any launch stands, whatever the others said.
		if c.Status != Wrong {
			c.Status, c.Reason = Measured, ""
		}
	case evidence.Wrong:
		c.Status, c.Reason = Wrong, row.Reason
	case evidence.NotApplicable:
		c.Status, c.Reason = NotApplicable, row.Reason
	case evidence.Interrupted, evidence.Lost:
		if c.Status == NotReached {
			c.Reason = row.Reason
		}
	case evidence.Failed:
		c.FailedLaunches++
		if len(c.Launches) == 0 && c.Status != Wrong {
			c.Status, c.Reason = Failed, row.Reason
		}
	}
	return nil
}

// chooseLaunch applies the plan's rule: of the finished launches, ordered by
// p50, the lower middle one. It needs no judgement, uses every launch, and one
// disturbed launch does not move it far.
func (c *Contender) chooseLaunch() {
	ordered := slices.SortedStableFunc(slices.Values(c.Launches), func(a, b Launch) int {
		return cmp.Compare(a.Nanoseconds.P50, b.Nanoseconds.P50)
	})
	chosen := ordered[(len(ordered)-1)/2]
	c.Launch, c.Summary = chosen.Number, chosen.Nanoseconds
}

// Spread returns the least and greatest p50 over launches, in nanoseconds.
func (c *Contender) Spread() (least, greatest float64) {
	least, greatest = c.Summary.P50, c.Summary.P50
	for _, launch := range c.Launches {
		least, greatest = min(least, launch.Nanoseconds.P50), max(greatest, launch.Nanoseconds.P50)
	}
	return least, greatest
}

// Throughput is calls a second, from the mean.
func (c *Contender) Throughput() float64 { return 1e9 / c.Summary.Mean }

// Reduced reports whether the contender holds an equivalent model of fewer
// numbers than the suite's.
func (r *Results) Reduced(c *Contender) bool {
	return c.Statement.Parameters > 0 && c.Statement.Parameters < int64(r.Bundle.Plan.Model.Parameters())
}

// Measured lists the contenders with figures, the fastest first.
func (r *Results) Measured() []*Contender {
	var measured []*Contender
	for i := range r.Contenders {
		if r.Contenders[i].Status == Measured {
			measured = append(measured, &r.Contenders[i])
		}
	}
	slices.SortStableFunc(measured, func(a, b *Contender) int { return cmp.Compare(a.Summary.P50, b.Summary.P50) })
	return measured
}

// Others lists the contenders without figures.
func (r *Results) Others() []*Contender {
	var others []*Contender
	for i := range r.Contenders {
		if r.Contenders[i].Status != Measured {
			others = append(others, &r.Contenders[i])
		}
	}
	return others
}

// label is a contender's name beside its classic figures: with the cell in it, where
// the plan has several, so that nobody takes the figures of two for one's.
func (r *Results) label(name string) string {
	if r.Cell.Name == "" {
		return name
	}
	return name + ", " + r.Cell.Title()
}

func (r *Results) contender(name string) *Contender {
	at := slices.IndexFunc(r.Contenders, func(c Contender) bool { return c.Name == name && c.Status == Measured })
	if at < 0 {
		return nil
	}
	return &r.Contenders[at]
}

// pair fills Pairs.
func (r *Results) pair() {
	done := map[[2]string]bool{}
	add := func(a, b *Contender, claim bool) {
		if a == nil || b == nil || a == b || done[[2]string{a.Name, b.Name}] || done[[2]string{b.Name, a.Name}] {
			return
		}
		done[[2]string{a.Name, b.Name}] = true
		r.Pairs = append(r.Pairs, compare(a, b, claim))
	}
	for _, claim := range r.Bundle.Plan.Claims {
		add(r.contender(claim.Faster), r.contender(claim.Than), true)
	}
	measured := r.Measured()
	for i, a := range measured {
		for _, b := range measured[i+1:] {
			add(a, b, false)
		}
	}
}

func compare(a, b *Contender, claim bool) Pair {
	d := stats.CohenD(a.Summary, b.Summary)
	return Pair{
		A: a, B: b, Claim: claim,
		SpeedupP50:      b.Summary.P50 / a.Summary.P50,
		SpeedupMean:     b.Summary.Mean / a.Summary.Mean,
		ThroughputRatio: a.Throughput() / b.Throughput(),
		Welch:           stats.Welch(a.Summary, b.Summary),
		CohenD:          d, Effect: stats.EffectName(d),
	}
}

// Winner is the one of the pair with the lower p50.
func (p Pair) Winner() *Contender {
	if p.SpeedupP50 < 1 {
		return p.B
	}
	return p.A
}
