package publication

// This file reads the files of hyperfine and pyperf.

import "fmt"

const secondsToMicroseconds = 1e6

// isHyperfine tells hyperfine's results by the command, which is also where a
// name given with --command-name stands.
func isHyperfine(results *value) bool {
	entries := results.entries()
	return len(entries) > 0 && entries[0].get("command") != nil
}

var hyperfineFigures = map[string]Quantity{"mean": Mean, "stddev": StdDev, "median": P50, "min": Min, "max": Max}

// hyperfine reads the file of --export-json. Each time is that of a process.
func (r *reader) hyperfine(results *value) {
	for _, entry := range results.entries() {
		command := entry.textOf("command")
		if entry.kind != kindObject || command == "" {
			r.fail(entry.line, "a result without a command")
			return
		}
		times := entry.get("times")
		if times != nil && (times.kind != kindList || len(times.items) > 0) {
			r.fail(times.line, "times is not a list of numbers")
			return
		}
		engine := r.sampled(entry.line, command)
		if engine == nil {
			return
		}
		for _, m := range entry.members {
			if q, ok := hyperfineFigures[m.key]; ok {
				r.numberFigure(engine.Figures, q, m.key, m.value, secondsToMicroseconds)
			}
		}
		if times != nil && len(times.numbers) > 0 {
			r.processes(len(times.numbers))
			engine.Samples = append(engine.Samples, scaled(times.numbers, secondsToMicroseconds))
		}
	}
}

// pyperf reads a file of pyperf. What is common to all benchmarks stands in the
// file's metadata; a file of one benchmark has its name there too.
func (r *reader) pyperf(root *value) {
	benchmarks, common := root.get("benchmarks"), root.get("metadata")
	if benchmarks.kind != kindList || len(benchmarks.items) == 0 {
		r.fail(benchmarks.line, "benchmarks is not a list of objects")
		return
	}
	if len(benchmarks.items) > 1 {
		r.config(&r.p.Settings, "", common)
	}
	for i, benchmark := range benchmarks.items {
		if benchmark.kind != kindObject {
			r.fail(benchmark.line, "a benchmark that is not an object")
			return
		}
		engine := r.pyperfEngine(benchmark, common, i)
		if engine == nil {
			return
		}
		if len(benchmarks.items) == 1 {
			r.config(&engine.Settings, "", common)
		}
		r.config(&engine.Settings, "", benchmark.get("metadata"))
	}
}

func (r *reader) pyperfEngine(benchmark, common *value, index int) *Engine {
	own := benchmark.get("metadata")
	name, unit := own.textOf("name"), own.textOf("unit")
	if name == "" {
		name = common.textOf("name")
	}
	if name == "" {
		name = fmt.Sprintf("benchmark %d", index+1)
	}
	if unit == "" {
		unit = common.textOf("unit")
	}
	engine := r.sampled(benchmark.line, name)
	if engine == nil {
		return nil
	}
	if unit != "" && unit != "second" {
		r.unread(benchmark.line, engine.Name, "values in %q are not times", clipped(unit))
		return engine
	}
	r.pyperfRuns(engine, benchmark)
	return engine
}

// pyperfRuns reads the values of each process. Those that only calibrate have none.
func (r *reader) pyperfRuns(engine *Engine, benchmark *value) {
	runs := benchmark.get("runs")
	if runs == nil || runs.kind != kindList {
		r.fail(benchmark.line, "a benchmark without a list of runs")
		return
	}
	for _, run := range runs.items {
		values := run.get("values")
		switch {
		case run.kind != kindObject:
			r.fail(run.line, "a run that is not an object")
		case values == nil:
			continue
		case values.kind != kindList || len(values.items) > 0:
			r.fail(values.line, "values is not a list of numbers")
		case len(values.numbers) > 0:
			engine.Samples = append(engine.Samples, scaled(values.numbers, secondsToMicroseconds))
		}
		if r.err != nil {
			return
		}
	}
	if len(engine.Samples) > 0 {
		r.processes(len(engine.Samples))
	}
}
