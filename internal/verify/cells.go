package verify

// This file compares the result files: every figure is made anew, cell by cell.

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// part is a cell with what its samples come to. The part of a plan without cells has no
// name.
type part struct {
	plan    cellPlan
	records records
	outcome *outcome
}

func (v *verification) checkResults(ctx context.Context) error {
	if !v.checkCells() {
		return nil
	}
	parts, err := v.parts(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		v.faultOf("samples", "", err)
		return nil
	}
	due := map[string]any{summaryFile: v.partsSummary(parts)}
	for _, name := range v.records.plan.Contenders {
		if result := v.partsResult(parts, name); result != nil {
			due[resultsDir+"/"+name+resultSuffix] = result
		}
	}
	v.compareFiles(due)
	v.checkPage(parts)
	return nil
}

// checkCells reports whether the cells can be told apart by their names.
func (v *verification) checkCells() bool {
	seen := map[string]bool{"": true}
	for i, cell := range v.records.plan.Cells {
		if seen[cell.Name] {
			v.fault(planFile, fmt.Sprintf("cells[%d].name", i), "is %q, which no other cell's name may be, and which may not be empty", cell.Name)
			return false
		}
		seen[cell.Name] = true
	}
	return true
}

// parts makes the figures of each cell, with Holm's correction over the claims of all.
func (v *verification) parts(ctx context.Context) ([]part, error) {
	whole := v.records
	defer func() { v.records = whole }()
	cells := whole.plan.Cells
	if len(cells) == 0 {
		cells = []cellPlan{{}}
	}
	var parts []part
	var logs []float64
	for _, cell := range cells {
		v.records = whole.ofCell(cell)
		made, err := v.derive(ctx)
		if err != nil {
			return nil, err
		}
		for _, claim := range made.claims {
			logs = append(logs, claim.uncorrected)
		}
		parts = append(parts, part{cell, v.records, made})
	}
	corrected := holm(logs)
	for _, p := range parts {
		v.records = p.records
		for i := range p.outcome.claims {
			p.outcome.claims[i].logP, corrected = corrected[0], corrected[1:]
			p.outcome.claims[i].verdict = v.verdict(p.outcome.claims[i])
		}
	}
	return parts, nil
}

// ofCell is the records as if the cell were all.
func (r records) ofCell(cell cellPlan) records {
	if cell.Name == "" {
		return r
	}
	r.plan.Batch, r.plan.Threads, r.plan.Cells = cell.Batch, cell.Threads, nil
	r.plan.Classic, r.plan.Paired, r.plan.Probes = cell.Classic, cell.Paired, cell.Probes
	r.ledger = slices.DeleteFunc(slices.Clone(r.ledger), func(row ledgerRow) bool { return row.Cell != "" && row.Cell != cell.Name })
	return r
}

// title is a cell's name as the files have it beside a contender's.
func (p part) title() string {
	if p.plan.Name == "" {
		return ""
	}
	return ", " + strings.ReplaceAll(strings.ReplaceAll(p.plan.Name, "-batch", ", batch"), "-", " ")
}

const trainingSeedUse = "of the data that the classic protocol trains on; those of rounds are drawn from the run's nonce"

// partsSummary is comparison_summary.json. With several cells its lists are those of
// all, one cell's after the other's.
func (v *verification) partsSummary(parts []part) object {
	whole := v.records
	defer func() { v.records = whole }()
	var all object
	var cells []any
	limits := map[string]bool{}
	away := map[string]any{}
	for i, p := range parts {
		v.records = p.records
		made := v.summaryOf(p.outcome)
		if p.plan.Name != "" {
			p.name(made)
		}
		if i == 0 {
			all = made
		} else {
			for _, list := range []string{"pairs", "side_by_side", "controls"} {
				all[list] = append(all[list].([]any), made[list].([]any)...)
			}
		}
		for _, id := range made["limits"].([]any) {
			limits[id.(string)] = true
		}
		cells = append(cells, object{
			"cell": p.plan.Name, "batch": float64(p.plan.Batch), "threads": float64(p.plan.Threads),
			"benchmark_iterations": float64(p.plan.Classic.Iterations), "replicates": float64(len(p.outcome.replicates)),
		})
	}
	if whole.plan.Train != nil {
		all["seed_use"] = trainingSeedUse
	}
	if parts[0].plan.Name == "" {
		return all
	}
	all["cells"], all["limits"] = cells, sorted(slices.Collect(maps.Keys(limits)))
	delete(all, "absent")
	for _, name := range whole.plan.Contenders {
		v.absent(parts, name, away)
	}
	if len(away) > 0 {
		all["absent"] = away
	}
	return all
}

// absent says where a contender has no figures: nowhere, as the first cell has it, or
// in some of the cells.
func (v *verification) absent(parts []part, name string, away map[string]any) {
	anywhere := slices.ContainsFunc(parts, func(p part) bool { return p.outcome.contender(name).status == measured })
	if !anywhere {
		away[name] = statusOf(parts[0].outcome.contender(name))
		return
	}
	for _, p := range parts {
		if c := p.outcome.contender(name); c.status != measured {
			away[name+p.title()] = statusOf(c)
		}
	}
}

// name puts the cell's name where the files have it.
func (p part) name(summary object) {
	for _, list := range []string{"pairs", "side_by_side", "controls"} {
		for _, entry := range summary[list].([]any) {
			entry.(object)["cell"] = p.plan.Name
		}
	}
	for _, entry := range summary["pairs"].([]any) {
		pair := entry.(object)
		named := object{}
		for name, engine := range pair["engines"].(object) {
			named[name+p.title()] = engine
		}
		pair["engines"] = named
		pair["winner"], pair["loser"] = pair["winner"].(string)+p.title(), pair["loser"].(string)+p.title()
	}
	// Of several cells no pair is the first of all.
	if len(summary["pairs"].([]any)) > 0 {
		for field := range summary["pairs"].([]any)[0].(object) {
			delete(summary, field)
		}
	}
}

// partsResult is a contender's result file; nil where no cell measured it.
func (v *verification) partsResult(parts []part, name string) any {
	whole := v.records
	defer func() { v.records = whole }()
	var config object
	var figures []any
	for _, p := range parts {
		v.records = p.records
		c := p.outcome.contender(name)
		if c.status != measured {
			continue
		}
		made := v.resultOf(c)
		if config == nil {
			config = made["config"].(object)
		}
		entry := made["results"].([]any)[0].(object)
		if p.plan.Name != "" {
			entry["name"] = name + p.title()
			maps.Copy(entry, object{
				"cell": p.plan.Name, "batch": float64(p.plan.Batch), "threads": float64(p.plan.Threads),
				"launch": float64(c.launch), "launches": float64(len(c.launches)), "raw_samples": samplesFile(c.launch, name),
			})
		}
		figures = append(figures, entry)
	}
	if config == nil {
		return nil
	}
	if train := whole.plan.Train; train != nil {
		config["seed_use"] = trainingSeedUse
		config["epochs"], config["training_rows"], config["training_batch"], config["learning_rate"] = float64(train.Epochs), float64(train.Rows), float64(train.Batch), train.LearningRate
		delete(config, "batch")
	}
	if parts[0].plan.Name != "" {
		for _, of := range []string{"batch", "threads", "launch", "launches", "raw_samples", "benchmark_iterations"} {
			delete(config, of)
		}
	}
	return object{"config": config, "results": figures}
}
