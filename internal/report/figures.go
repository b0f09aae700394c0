package report

// This file lists the figures that the Markdown page prints of samples and observations,
// unrounded, so that package verify can hold each of them against its own before it
// believes the page. A figure that is added to the page is added here and to verify's
// pageFigures.

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// Figures are the page's figures as JSON. What has no value is null.
func (r *Results) Figures() ([]byte, error) {
	sessions, lost := r.sessions()
	cells := []any{}
	for _, cell := range r.parts() {
		cells = append(cells, cell.cellFigures())
	}
	// The page says so of a log that can't be read.
	earlier, _ := r.earlierRuns()
	return json.Marshal(map[string]any{
		"sessions": sessions, "lost": lost, "accuracy": r.Accuracy, "training_rows": r.trainingSamples(),
		"earlier_runs": earlier, "cells": cells,
	})
}

// earlierRuns is how many earlier runs of the plan the machine's log has.
func (r *Results) earlierRuns() (int, error) {
	log, err := r.Bundle.RunLog()
	if err != nil {
		return 0, err
	}
	earlier, _ := evidence.EarlierRuns(log, r.Bundle.PlanDigest())
	return len(earlier), nil
}

func (r *Results) cellFigures() map[string]any {
	e := r.Estimates
	contenders, comparisons, controls, pairs := []any{}, []any{}, []any{}, []any{}
	for i := range r.Contenders {
		contenders = append(contenders, r.contenderFigures(&r.Contenders[i]))
	}
	for _, group := range []struct {
		claim bool
		of    []estimate.Comparison
	}{{true, e.Claims}, {false, e.Others}, {false, e.Canonical}} {
		for _, c := range group.of {
			comparisons = append(comparisons, map[string]any{
				"a": c.A, "b": c.B, "claim": group.claim, "ratio": intervalFigures(c.Ratio), "short": defined(c.Short.Estimate), "long": defined(c.Long.Estimate),
				"from_long": c.Source == estimate.FromLong, "quiet": c.Quiet, "replicates": len(c.Replicates), "verdict": string(r.verdict(c)),
			})
		}
	}
	for _, c := range e.Controls {
		controls = append(controls, map[string]any{
			"name": c.Name, "due": c.Expected, "ratio": intervalFigures(c.Ratio), "replicates": c.Replicates, "holds": c.Holds,
		})
	}
	for _, p := range r.Pairs {
		a, b := p.A.Summary, p.B.Summary
		pairs = append(pairs, map[string]any{
			"a": p.A.Name, "b": p.B.Name, "claim": p.Claim, "t": defined(p.Welch.T), "degrees": defined(p.Welch.DF), "log_p": defined(p.Welch.LogP),
			"cohens_d": defined(p.CohenD), "effect": p.Effect, "throughput": p.ThroughputRatio,
			"speedups": []float64{p.SpeedupP50, b.P95 / a.P95, b.P99 / a.P99, p.SpeedupMean},
		})
	}
	made := map[string]any{
		"replicates": e.Replicates, "contenders": contenders, "comparisons": comparisons, "controls": controls, "pairs": pairs,
		"crossovers": r.crossoverFigures(), "equal_slopes": r.equalSlopeFigures(),
	}
	if len(comparisons) > 0 {
		made["canary"] = map[string]any{
			"fast_ns": defined(e.Quiet.FastNanoseconds), "median_ns": defined(e.Quiet.MedianNanoseconds), "quiet_share": defined(e.Quiet.Share),
		}
	}
	return made
}

func intervalFigures(i stats.Interval) map[string]any {
	return map[string]any{"estimate": defined(i.Estimate), "low": defined(i.Low), "high": defined(i.High)}
}

func (r *Results) contenderFigures(c *Contender) map[string]any {
	made := map[string]any{
		"name": c.Name, "status": string(c.Status), "failed_launches": c.FailedLaunches,
		"installed_bytes": c.Statement.InstalledBytes, "parameters": c.Statement.Parameters, "transfer_ns": positive(transferOf(c.Launches)),
	}
	if c.Status == Measured {
		s := c.Summary
		least, greatest := c.Spread()
		made["classic"] = map[string]any{
			"launches": len(c.Launches), "p50_ns": s.P50, "p95_ns": s.P95, "p99_ns": s.P99, "mean_ns": s.Mean, "std_ns": defined(s.StdDev),
			"min_ns": s.Min, "max_ns": s.Max, "ci_95_lower_ns": defined(s.CI95Low), "ci_95_upper_ns": defined(s.CI95High), "per_second": c.Throughput(),
			"least_p50_ns": least, "greatest_p50_ns": greatest, "first_answer_ns": positive(firstAnswerOf(c.Launches)),
			"peak_resident_bytes": median(c.Launches, peakResident), "cpu_ns": median(c.Launches, cpuTime),
		}
	}
	at := slices.IndexFunc(r.Estimates.Contenders, func(e estimate.Contender) bool { return e.Name == c.Name })
	if at < 0 {
		return made
	}
	e := r.Estimates.Contenders[at]
	checks := []any{}
	for _, check := range e.Checks {
		checks = append(checks, map[string]any{
			"rule": check.Rule, "judged": check.Judged, "holds": check.Holds, "accuses": check.Accuses, "figures": figuresIn(check.Text),
		})
	}
	made["paired"] = map[string]any{
		"launches": e.Launches, "first_call_ns": defined(e.FirstCallNanoseconds), "few_rows": defined(e.FewRows), "altered": defined(e.Altered),
		"calls": defined(e.Calls), "short_ns": defined(e.ShortNanoseconds), "unsteady": e.Unsteady, "checks": checks,
	}
	if e.Costs != nil {
		made["costs"] = map[string]any{
			"call_ns": intervalFigures(e.Costs.CallNanoseconds), "multiply_add_ns": intervalFigures(e.Costs.MultiplyAddNanoseconds), "misfit": defined(e.Costs.Misfit),
			"least_multiply_adds": e.Costs.Widths[0].MultiplyAdd, "largest_multiply_adds": e.Costs.Widths[len(e.Costs.Widths)-1].MultiplyAdd,
		}
	}
	return made
}

// positive is null for a figure that no launch has, which is 0 here.
func positive(value float64) *float64 {
	if value > 0 {
		return &value
	}
	return nil
}

var figureInText = regexp.MustCompile(`-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?`)

// figuresIn are the figures of a sentence, as printed.
func figuresIn(text string) []string {
	found := figureInText.FindAllString(text, -1)
	if found == nil {
		return []string{}
	}
	return found
}

// costed are the contenders whose costs are known, the cheapest call first.
func (r *Results) costed() []estimate.Contender {
	var known []estimate.Contender
	for _, c := range r.Estimates.Contenders {
		if c.Costs != nil {
			known = append(known, c)
		}
	}
	slices.SortStableFunc(known, func(a, b estimate.Contender) int {
		return cmp.Compare(a.Costs.CallNanoseconds.Estimate, b.Costs.CallNanoseconds.Estimate)
	})
	return known
}

func (r *Results) crossoverFigures() []any {
	crossovers := []any{}
	if r.trains() {
		return crossovers
	}
	known := r.costed()
	for i, a := range known {
		for _, b := range known[i+1:] {
			crossovers = append(crossovers, map[string]any{"a": a.Name, "b": b.Name, "multiply_adds": defined(estimate.Crossover(a.Costs, b.Costs))})
		}
	}
	return crossovers
}

func (r *Results) equalSlopeFigures() []any {
	slopes := []any{}
	if r.trains() {
		return slopes
	}
	for _, claim := range r.Estimates.Claims {
		if a, b := costsIn(r.Estimates, claim.A), costsIn(r.Estimates, claim.B); a != nil && b != nil {
			slopes = append(slopes, map[string]any{"a": claim.A, "b": claim.B, "ratio": defined(estimate.AtEqualSlopes(a, b))})
		}
	}
	return slopes
}

func costsIn(e *estimate.Estimates, name string) *estimate.Costs {
	for _, c := range e.Contenders {
		if c.Name == name {
			return c.Costs
		}
	}
	return nil
}
