package audit

// This file holds the measures that several points speak of: what a call costs, by
// which clock, and which runners this program knows byte for byte.

import (
	"math"
	"slices"
	"strings"

	"cupel/engines"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/model"
)

// Bursts are the samples of a launch of one phase.
func (l *Launch) Bursts(phase evidence.Phase) []evidence.Sample {
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

// InnerOf, outerOf and cpuOf are the three clocks of a request, whole.
func InnerOf(s evidence.Sample) (float64, bool) { return float64(s.InnerNanoseconds), true }

// OuterOf is the harness's time of a request in nanoseconds, false where it has none.
func OuterOf(s evidence.Sample) (float64, bool) { return OptionalTime(s.OuterNanoseconds) }

// CPUOf is the kernel's CPU time of a request in nanoseconds, false where it has none.
func CPUOf(s evidence.Sample) (float64, bool) { return OptionalTime(s.CPUNanoseconds) }

// OptionalTime is a time that may be absent, in nanoseconds.
func OptionalTime(nanoseconds *int64) (float64, bool) {
	if nanoseconds == nil {
		return 0, false
	}
	return float64(*nanoseconds), true
}

// Clock is one of the three.
type Clock func(evidence.Sample) (float64, bool)

// PerCall is a clock's time of a call.
func (c Clock) PerCall(s evidence.Sample) (float64, bool) {
	nanoseconds, ok := c(s)
	return nanoseconds / float64(s.Calls), ok && s.Calls > 0
}

// PhaseMedian is a launch's median of a clock over the requests of a phase, NaN
// where there is none.
func (l *Launch) PhaseMedian(phase evidence.Phase, of Clock) float64 {
	return MedianOf(l.Bursts(phase), of)
}

// Cost is what a call takes in headline bursts, in nanoseconds, by the contender's
// own clock.
func (l *Launch) Cost() float64 {
	return MedianOf(l.Bursts(evidence.PhaseShort), Clock(InnerOf).PerCall)
}

// Cost is the median over launches.
func (c *Contender) Cost() float64 { return c.Median((*Launch).Cost) }

// Check returns a check of the estimates, nil where it was not made.
func (c *Contender) Check(rule string) *estimate.Check {
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

// Holds turns a check of the estimates into a ruling.
func (c *Contender) Holds(rule string) Ruling {
	found := c.Check(rule)
	if found == nil {
		return Skips("samples for the check %s", rule)
	}
	if !found.Judged {
		return Skips("a check %s that could be judged: %s", rule, strings.TrimPrefix(found.Text, "not judged: "))
	}
	r := Passes("%s", found.Text)
	switch {
	case found.Holds:
	case len(c.Finished) < leastToCondemn:
		return Skips("%d launches: in %d this is not told from what else the machine did: %s", leastToCondemn, len(c.Finished), found.Text)
	default:
		r = Fails("%s", found.Text)
	}
	return r.With(rule, "%.4g where the limit is %.4g", found.Measured, found.Limit)
}

// EngineName is the engine that a contender is, without what marks a copy.
func (c *Contender) EngineName() string {
	name, _, _ := strings.Cut(c.Name, "@")
	return name
}

// Canonical reports whether a contender is a built-in runner that this program has
// byte for byte, installed from the lock that it has: one that is its own twin.
func (c *Case) Canonical(contender *Contender) bool {
	name := contender.EngineName()
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
		return c.isHarness(contender, engine)
	}
	return c.HasOwnFiles(contender, engine) && c.installedRight(contender, engine)
}

// isHarness reports whether every launch ran the program that measured, made from
// sources that this program knows.
func (c *Case) isHarness(contender *Contender, engine engines.Engine) bool {
	if c.Harness == nil || contender.Build == nil || !KnownSources(engine, contender.Build.Sources) {
		return false
	}
	return contender.RanOnly(c.Harness.SHA256)
}

// KnownSources reports whether the digest is of the sources of an engine in Go, as this
// program or an earlier version of it has them.
func KnownSources(engine engines.Engine, digest string) bool {
	return digest == model.SourceDigest() || slices.Contains(engine.Earlier, digest)
}

// RanOnly reports whether every look at every launch that counts found this program
// running.
func (c *Contender) RanOnly(executable string) bool {
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

// HasOwnFiles reports whether the contender's folder has the runner and the lock
// that this program has, or that an earlier version of it had. A companion's folder may
// be that of its contender.
func (c *Case) HasOwnFiles(contender *Contender, engine engines.Engine) bool {
	folder := contender
	if strings.HasSuffix(contender.Name, "@control") {
		if folder = c.Contender(contender.EngineName()); folder == nil {
			return false
		}
	}
	return engines.IsRunner(engine, func(name string) ([]byte, error) { return c.ContenderFile(folder, name) })
}

func (c *Case) installedRight(contender *Contender, engine engines.Engine) bool {
	if strings.HasSuffix(contender.Name, "@control") {
		if contender = c.Contender(contender.EngineName()); contender == nil {
			return false
		}
	}
	if engine.Language == engines.Rust {
		return contender.Build != nil && contender.Build.Executable == contender.Build.Recorded && contender.RanOnly(contender.Build.Executable)
	}
	if contender.Packages == nil || len(contender.Packages.Missing) > 0 {
		return false
	}
	return !slices.ContainsFunc(contender.Packages.Packages, func(p evidence.Package) bool {
		return len(p.Changed) > 0 || len(p.Absent) > 0 || !p.Locked
	})
}

// AtMostTwin judges a contender's cost against that of the same engine's canonical
// runner, measured in the same rounds: 1 for a runner that is its own.
func (c *Case) AtMostTwin(contender *Contender) Ruling {
	return c.BesideTwin(contender, (*Launch).Cost, func(ratios []float64) Ruling {
		r := Passes("it costs as much as the same engine's canonical runner, or less")
		if Beyond(ratios, math.Log(mostOfTwin)) {
			r = Fails("it costs more than %v times what the same engine's canonical runner does", mostOfTwin)
		}
		return r.With("cost over the canonical runner's", "%.3f", math.Exp(stats.Median(ratios)))
	})
}

// mostOfTwin is how many times the canonical runner's time a contender may take.
const mostOfTwin = 1.05

// SlopeAtMostTwin is atMostTwin for a multiply-add: the ballast of a model shows there
// where a call's own cost hides it.
func (c *Case) SlopeAtMostTwin(contender *Contender) Ruling {
	return c.BesideTwin(contender, c.Slope, func(ratios []float64) Ruling {
		r := Passes("a multiply-add takes as long as the canonical runner's, or less")
		if Beyond(ratios, math.Log(mostOfTwin)) {
			r = Fails("a multiply-add takes more than %v times as long as the canonical runner's", mostOfTwin)
		}
		return r.With("time of a multiply-add over the canonical runner's", "%.3f", math.Exp(stats.Median(ratios)))
	})
}

// ClassicAtMostTwin is atMostTwin for the calls that are timed one by one, whose table
// is published as well: a runner that waits where times are asked for alone is as fast as
// its twin in bursts. Each contender's are made at another moment, seconds apart: on a
// noisy machine a program and its own copy (go and its control, six runs) differed by
// more than a tenth in 2 to 4 of 10 replicates by the median, in up to 7 by the mean, to
// either side and without agreeing. So few replicates are not judged.
func (c *Case) ClassicAtMostTwin(contender *Contender) Ruling {
	const (
		most  = 1.1
		least = 5
	)
	slower := func(what string, value func(*Launch) float64) Ruling {
		return c.BesideTwin(contender, value, func(ratios []float64) Ruling {
			r := Passes("calls timed one by one take %.3f times what the canonical runner's do, by the %s", math.Exp(stats.Median(ratios)), what)
			if len(ratios) >= least && Beyond(ratios, math.Log(most)) {
				r = Fails("calls timed one by one take %.3f times what the canonical runner's do, by the %s; more than %v is another runner's", math.Exp(stats.Median(ratios)), what, most)
			}
			return r
		})
	}
	return All(
		slower("median", func(l *Launch) float64 { return l.Calls.Summary.P50 }),
		slower("mean", func(l *Launch) float64 { return l.Calls.Summary.Mean }),
	)
}

// Slope is what a multiply-add of a launch takes, in nanoseconds.
func (c *Case) Slope(l *Launch) float64 {
	_, slope := c.Line(l, 1)
	return slope
}

// BesideTwin judges a contender by the ratios of its values to those of the canonical
// runner measured beside it, as logarithms. Whatever that runner is, a contender that
// differs from it is not the same; one that does not is no better known than it.
func (c *Case) BesideTwin(contender *Contender, value func(*Launch) float64, judge func(ratios []float64) Ruling) Ruling {
	if c.Canonical(contender) {
		return Passes("the runner and its lock are this program's own").By(Inspected)
	}
	twin := c.Twin(contender)
	if twin == nil {
		return Skips("the canonical runner of %s beside it (`engine` in the suite), or a runner that is this program's own", contender.Name)
	}
	ratios := Pairwise(contender, twin, value)
	if len(ratios) == 0 {
		return Skips("replicates that have both %s and its canonical runner", contender.Name)
	}
	r := judge(ratios).By(Measured)
	if r.Status == Pass && !c.Canonical(twin) {
		return Skips("the files of %s, known to be this program's own: a slowed one hides as slow a contender", twin.Name)
	}
	return r
}

// Pairwise are the logarithms of the ratio of two contenders' values, by replicate.
func Pairwise(a, b *Contender, value func(*Launch) float64) []float64 {
	ofB := map[int]float64{}
	for _, launch := range b.Finished {
		ofB[launch.Replicate] = value(launch)
	}
	var ratios []float64
	for _, launch := range a.Finished {
		if ratio := math.Log(value(launch) / ofB[launch.Replicate]); IsNumber(ratio) {
			ratios = append(ratios, ratio)
		}
	}
	return ratios
}

// Costs are what the estimates split a contender's time of a call into, nil where
// they can't.
func (c *Contender) Costs() *estimate.Costs {
	if c.Estimate == nil {
		return nil
	}
	return c.Estimate.Costs
}

// OwnShare is busyShare where what was taken from a launch is known: while the host
// takes much, its own count of it is too coarse to subtract.
func (c *Case) OwnShare(l *Launch) float64 {
	if l.Observation == nil || l.Observation.StolenShare > MostSteal {
		return math.NaN()
	}
	return BusyShare(l)
}

// AtLeastTwin is atMostTwin for a contender that is too fast to be what it is called.
func (c *Case) AtLeastTwin(contender *Contender) Ruling {
	const least = 0.95
	return c.BesideTwin(contender, (*Launch).Cost, func(ratios []float64) Ruling {
		cost := math.Exp(stats.Median(ratios))
		r := Passes("it costs %.3f times what the same engine's canonical runner does", cost)
		if Below(ratios, math.Log(least)) {
			r = Fails("it costs %.3f times what the same engine's canonical runner does; less than %v is no longer the same engine", cost, least)
		}
		return r.With("cost over the canonical runner's", "%.3f", cost)
	})
}

// BusyShare is the CPU time of a launch's long bursts over the contender's own time,
// without what it waited for a CPU and what the host took.
func BusyShare(l *Launch) float64 {
	stolen := 0.0
	if l.Observation != nil {
		stolen = min(max(l.Observation.StolenShare, 0), 0.99)
	}
	waits := map[int64]float64{}
	for _, request := range l.Requests {
		if request.WaitNanoseconds != nil {
			waits[request.StartNanoseconds] = float64(*request.WaitNanoseconds)
		}
	}
	return MedianOf(slices.Concat(l.Bursts(evidence.PhaseLong), l.Bursts(evidence.PhaseNear)), func(s evidence.Sample) (float64, bool) {
		if s.CPUNanoseconds == nil || s.StartNanoseconds == nil {
			return 0, false
		}
		// A wait may be one for the host, and is not taken off twice.
		own := float64(s.InnerNanoseconds) - max(waits[*s.StartNanoseconds], stolen*float64(s.InnerNanoseconds))
		return float64(*s.CPUNanoseconds) / own, own > 0
	})
}

// MostHardWrong is how many of the rows near the decision boundary may get another
// label than float64 gives them. Engines in float32 have none.
const MostHardWrong = 0.1

// HardShare is the share of wrong labels among hard rows, and how many there are of
// each class, over all launches.
func HardShare(contender *Contender) (share float64, classes []int) {
	wrong, total := 0, 0
	for _, launch := range contender.Launches {
		hard := launch.Hard
		if hard == nil || len(hard.Labels) != len(hard.Expected) {
			continue
		}
		for len(classes) < len(hard.ByClass) {
			classes = append(classes, 0)
		}
		for i, expected := range hard.Expected {
			total++
			if hard.Labels[i] != expected {
				wrong++
			}
			if int(expected) < len(classes) {
				classes[expected]++
			}
		}
	}
	if total == 0 {
		return math.NaN(), nil
	}
	return float64(wrong) / float64(total), classes
}

// Suspects names the corner whose model explains the labels best, where one explains
// nearly all that are wrong.
func Suspects(contender *Contender) string {
	same, wrong := map[string]int{}, 0
	for _, launch := range contender.Launches {
		if launch.Hard == nil || len(launch.Hard.Labels) != len(launch.Hard.Expected) {
			continue
		}
		for i, expected := range launch.Hard.Expected {
			if launch.Hard.Labels[i] != expected {
				wrong++
			}
		}
		for _, suspect := range launch.Hard.Suspects {
			same[suspect.Corner] += suspect.SameWhereWrong
		}
	}
	best := ""
	for corner, count := range same {
		if 10*count >= 9*wrong && (best == "" || count > same[best] || count == same[best] && corner < best) {
			best = corner
		}
	}
	if best == "" {
		return ""
	}
	return ": they are those of " + best
}

// MostSteal is the share of time that the host may take before short bursts can't be
// held against long ones (docs/METHOD.md, Checks of clock and conduct).
const MostSteal = 0.05

// Robbed reports whether the host is known to have taken more of a launch's time.
func (l *Launch) Robbed() bool { return l.Observation != nil && l.Observation.StolenShare > MostSteal }
