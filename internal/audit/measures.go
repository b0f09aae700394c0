package audit

// This file holds the measures that several points speak of: what a call costs, by
// which clock, and which runners this program knows byte for byte.

import (
	"bytes"
	"math"
	"slices"
	"strings"

	"cupel/engines"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/model"
)

// bursts are the samples of a launch of one phase.
func (l *Launch) bursts(phase evidence.Phase) []evidence.Sample {
	if l.Samples == nil {
		return nil
	}
	var found []evidence.Sample
	for _, sample := range l.Samples.Bursts {
		if sample.Phase == phase {
			found = append(found, sample)
		}
	}
	return found
}

// innerOf, outerOf and cpuOf are the three clocks of a request, whole.
func innerOf(s evidence.Sample) (float64, bool) { return float64(s.InnerNanoseconds), true }

func outerOf(s evidence.Sample) (float64, bool) { return optionalTime(s.OuterNanoseconds) }

func cpuOf(s evidence.Sample) (float64, bool) { return optionalTime(s.CPUNanoseconds) }

func optionalTime(nanoseconds *int64) (float64, bool) {
	if nanoseconds == nil {
		return 0, false
	}
	return float64(*nanoseconds), true
}

// clock is one of the three.
type clock func(evidence.Sample) (float64, bool)

// perCall is a clock's time of a call.
func (c clock) perCall(s evidence.Sample) (float64, bool) {
	nanoseconds, ok := c(s)
	return nanoseconds / float64(s.Calls), ok && s.Calls > 0
}

// phaseMedian is a launch's median of a clock over the requests of a phase, NaN
// where there is none.
func (l *Launch) phaseMedian(phase evidence.Phase, of clock) float64 {
	return medianOf(l.bursts(phase), of)
}

// cost is what a call takes in headline bursts, in nanoseconds, by the contender's
// own clock.
func (l *Launch) cost() float64 {
	return medianOf(l.bursts(evidence.PhaseShort), clock(innerOf).perCall)
}

// cost is the median over launches.
func (c *Contender) cost() float64 { return c.median((*Launch).cost) }

// check returns a check of the estimates, nil where it was not made.
func (c *Contender) check(rule string) *estimate.Check {
	if c.Estimate == nil {
		return nil
	}
	at := slices.IndexFunc(c.Estimate.Checks, func(k estimate.Check) bool { return k.Rule == rule })
	if at < 0 {
		return nil
	}
	return &c.Estimate.Checks[at]
}

// leastToCondemn is how many launches a noisy figure needs before it fails a point. A
// single honest one, while others kept the core busy for nearly all of the time, had
// an outer clock 8% ahead of its own (docs/METHOD.md, Checks of clock and conduct).
const leastToCondemn = 3

// holds turns a check of the estimates into a ruling.
func (c *Contender) holds(rule string) ruling {
	found := c.check(rule)
	if found == nil {
		return skips("samples for the check %s", rule)
	}
	if !found.Judged {
		return skips("a check %s that could be judged: %s", rule, strings.TrimPrefix(found.Text, "not judged: "))
	}
	r := passes("%s", found.Text)
	switch {
	case found.Holds:
	case len(c.Finished) < leastToCondemn:
		return skips("%d launches: in %d this is not told from what else the machine did: %s", leastToCondemn, len(c.Finished), found.Text)
	default:
		r = fails("%s", found.Text)
	}
	return r.with(rule, "%.4g where the limit is %.4g", found.Measured, found.Limit)
}

// engineName is the engine that a contender is, without what marks a copy.
func (c *Contender) engineName() string {
	name, _, _ := strings.Cut(c.Name, "@")
	return name
}

// canonical reports whether a contender is a built-in runner that this program has
// byte for byte, installed from the lock that it has: one that is its own twin.
func (c *Case) canonical(contender *Contender) bool {
	name := contender.engineName()
	if strings.HasSuffix(contender.Name, "@canonical") {
		name = c.Bundle.Plan.Canonical[name]
	} else if slices.Contains(c.Bundle.Plan.Own, name) {
		return false
	}
	engine, known := engines.Lookup(name)
	if !known {
		return false
	}
	if engine.Language == engines.Go {
		return c.isHarness(contender)
	}
	return c.hasOwnFiles(contender, engine) && c.installedRight(contender, engine)
}

// isHarness reports whether every launch ran the program that measured, made from
// the sources that this one is made from.
func (c *Case) isHarness(contender *Contender) bool {
	if c.Harness == nil || contender.Build == nil || contender.Build.Sources != model.SourceDigest() {
		return false
	}
	return contender.ranOnly(c.Harness.SHA256)
}

// ranOnly reports whether every look at every launch that counts found this program
// running.
func (c *Contender) ranOnly(executable string) bool {
	looks := 0
	for _, launch := range c.Finished {
		for _, look := range launch.Inspections {
			if looks++; look.Executable != executable {
				return false
			}
		}
	}
	return looks > 0 && executable != ""
}

// hasOwnFiles reports whether the contender's folder has the runner and the lock
// that this program has. A companion's folder may be that of its contender.
func (c *Case) hasOwnFiles(contender *Contender, engine engines.Engine) bool {
	own, err := engines.Files(engine)
	if err != nil {
		return false
	}
	folder := contender
	if strings.HasSuffix(contender.Name, "@control") {
		if folder = c.Contender(contender.engineName()); folder == nil {
			return false
		}
	}
	for name, text := range own {
		found, err := c.contenderFile(folder, name)
		if err != nil || !bytes.Equal(found, text) {
			return false
		}
	}
	return true
}

func (c *Case) installedRight(contender *Contender, engine engines.Engine) bool {
	if strings.HasSuffix(contender.Name, "@control") {
		if contender = c.Contender(contender.engineName()); contender == nil {
			return false
		}
	}
	if engine.Language == engines.Rust {
		return contender.Build != nil && contender.Build.Executable == contender.Build.Recorded && contender.ranOnly(contender.Build.Executable)
	}
	if contender.Packages == nil || len(contender.Packages.Missing) > 0 {
		return false
	}
	return !slices.ContainsFunc(contender.Packages.Packages, func(p evidence.Package) bool {
		return len(p.Changed) > 0 || len(p.Absent) > 0 || !p.Locked
	})
}

// atMostTwin judges a contender's cost against that of the same engine's canonical
// runner, measured in the same rounds: 1 for a runner that is its own.
func (c *Case) atMostTwin(contender *Contender) ruling {
	return c.besideTwin(contender, (*Launch).cost, func(ratios []float64) ruling {
		r := passes("it costs as much as the same engine's canonical runner, or less")
		if beyond(ratios, math.Log(mostOfTwin)) {
			r = fails("it costs more than %v times what the same engine's canonical runner does", mostOfTwin)
		}
		return r.with("cost over the canonical runner's", "%.3f", math.Exp(stats.Median(ratios)))
	})
}

// mostOfTwin is how many times the canonical runner's time a contender may take.
const mostOfTwin = 1.05

// slopeAtMostTwin is atMostTwin for a multiply-add: the ballast of a model shows there
// where a call's own cost hides it.
func (c *Case) slopeAtMostTwin(contender *Contender) ruling {
	return c.besideTwin(contender, c.slope, func(ratios []float64) ruling {
		r := passes("a multiply-add takes as long as the canonical runner's, or less")
		if beyond(ratios, math.Log(mostOfTwin)) {
			r = fails("a multiply-add takes more than %v times as long as the canonical runner's", mostOfTwin)
		}
		return r.with("time of a multiply-add over the canonical runner's", "%.3f", math.Exp(stats.Median(ratios)))
	})
}

// classicAtMostTwin is atMostTwin for the calls that are timed one by one, whose table
// is published as well: a runner that waits where times are asked for alone is as fast as
// its twin in bursts. Each contender's are made at another moment, seconds apart: on a
// noisy machine a program and its own copy (go and its control, six runs) differed by
// more than a tenth in 2 to 4 of 10 replicates by the median, in up to 7 by the mean, to
// either side and without agreeing. So few replicates are not judged.
func (c *Case) classicAtMostTwin(contender *Contender) ruling {
	const (
		most  = 1.1
		least = 5
	)
	slower := func(what string, value func(*Launch) float64) ruling {
		return c.besideTwin(contender, value, func(ratios []float64) ruling {
			r := passes("calls timed one by one take %.3f times what the canonical runner's do, by the %s", math.Exp(stats.Median(ratios)), what)
			if len(ratios) >= least && beyond(ratios, math.Log(most)) {
				r = fails("calls timed one by one take %.3f times what the canonical runner's do, by the %s; more than %v is another runner's", math.Exp(stats.Median(ratios)), what, most)
			}
			return r
		})
	}
	return all(
		slower("median", func(l *Launch) float64 { return l.Calls.Summary.P50 }),
		slower("mean", func(l *Launch) float64 { return l.Calls.Summary.Mean }),
	)
}

// slope is what a multiply-add of a launch takes, in nanoseconds.
func (c *Case) slope(l *Launch) float64 {
	_, slope := c.line(l, 1)
	return slope
}

// besideTwin judges a contender by the ratios of its values to those of the canonical
// runner measured beside it, as logarithms. Whatever that runner is, a contender that
// differs from it is not the same; one that does not is no better known than it.
func (c *Case) besideTwin(contender *Contender, value func(*Launch) float64, judge func(ratios []float64) ruling) ruling {
	if c.canonical(contender) {
		return passes("the runner and its lock are this program's own").by(Inspected)
	}
	twin := c.Twin(contender)
	if twin == nil {
		return skips("the canonical runner of %s beside it (`engine` in the suite), or a runner that is this program's own", contender.Name)
	}
	ratios := pairwise(contender, twin, value)
	if len(ratios) == 0 {
		return skips("replicates that have both %s and its canonical runner", contender.Name)
	}
	r := judge(ratios).by(Measured)
	if r.status == Pass && !c.canonical(twin) {
		return skips("the files of %s, known to be this program's own: a slowed one hides as slow a contender", twin.Name)
	}
	return r
}

// pairwise are the logarithms of the ratio of two contenders' values, by replicate.
func pairwise(a, b *Contender, value func(*Launch) float64) []float64 {
	ofB := map[int]float64{}
	for _, launch := range b.Finished {
		ofB[launch.Replicate] = value(launch)
	}
	var ratios []float64
	for _, launch := range a.Finished {
		if ratio := math.Log(value(launch) / ofB[launch.Replicate]); isNumber(ratio) {
			ratios = append(ratios, ratio)
		}
	}
	return ratios
}

// costs are what the estimates split a contender's time of a call into, nil where
// they can't.
func (c *Contender) costs() *estimate.Costs {
	if c.Estimate == nil {
		return nil
	}
	return c.Estimate.Costs
}
