package calibrate

// This file compares identical copies by the methods of other tools, if these are
// installed.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"cupel/internal/measure"
	"cupel/internal/spawn"
	"cupel/internal/stats"
)

// otherTools are benchstat and hyperfine. The path of a tool that is not installed is
// empty.
type otherTools struct {
	benchstat, hyperfine string
	contender            measure.Contender
	directory            string
}

// hyperfinePairs is the number of pairs that hyperfine compares: it starts 26 processes for
// each.
const hyperfinePairs = 50

func findOtherTools(contender measure.Contender, directory string) otherTools {
	tools := otherTools{contender: contender, directory: directory}
	tools.benchstat, _ = exec.LookPath("benchstat")
	tools.hyperfine, _ = exec.LookPath("hyperfine")
	return tools
}

// add compares one pair by each tool.
func (o otherTools) add(ctx context.Context, t *Tally, counts [2][]float64) error {
	if o.benchstat != "" {
		alarm, err := o.byBenchstat(ctx, counts)
		if err != nil {
			return err
		}
		t.Benchstat.add(alarm)
	}
	if o.hyperfine != "" && t.Hyperfine.Of < hyperfinePairs {
		alarm, err := o.byHyperfine(ctx)
		if err != nil {
			return err
		}
		t.Hyperfine.add(alarm)
	}
	return nil
}

// byBenchstat gives benchstat ten counts of each copy. benchstat prints ~ if it sees no
// difference, and else a percentage with its p-value.
func (o otherTools) byBenchstat(ctx context.Context, counts [2][]float64) (alarm bool, err error) {
	var paths []string
	for which, of := range counts {
		var text strings.Builder
		for _, nanoseconds := range of {
			fmt.Fprintf(&text, "BenchmarkCall 10000 %.4f ns/op\n", nanoseconds)
		}
		path := filepath.Join(o.directory, fmt.Sprintf("copy%d.txt", which))
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			return false, fmt.Errorf("benchstat: %w", err)
		}
		paths = append(paths, path)
	}
	output, err := exec.CommandContext(ctx, o.benchstat, paths...).Output()
	if err != nil {
		return false, fmt.Errorf("benchstat: %w", err)
	}
	return saysDifferent(string(output))
}

var benchstatRow = regexp.MustCompile(`(?m)^Call\b.*?(~|[+-]\d+(?:\.\d+)?%) \(p=`)

// saysDifferent reads benchstat's table of one benchmark.
func saysDifferent(output string) (bool, error) {
	found := benchstatRow.FindStringSubmatch(output)
	if found == nil {
		return false, errors.New("benchstat: its output has no row for the benchmark; expected a change or ~ with p=")
	}
	return found[1] != "~", nil
}

// byHyperfine makes hyperfine time both copies as commands. Their stdin is empty, so they
// end at once. It compares the times by Welch's t, as hyperfine's own script does.
func (o otherTools) byHyperfine(ctx context.Context) (alarm bool, err error) {
	out := filepath.Join(o.directory, "hyperfine.json")
	line := spawn.Line(o.contender.Command)
	command := exec.CommandContext(ctx, o.hyperfine, "--shell=none", "--style=none", "--warmup=3", "--runs=10", "--export-json="+out, line, line)
	// The command of a Python runner is relative to this folder.
	command.Dir = o.contender.Dir
	if message, err := command.CombinedOutput(); err != nil {
		return false, fmt.Errorf("hyperfine: %w: %s", err, message)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		return false, fmt.Errorf("hyperfine: %w", err)
	}
	return differentTimes(text)
}

// differentTimes reads hyperfine's export of two commands.
func differentTimes(text []byte) (bool, error) {
	var exported struct {
		Results []struct {
			Times []float64 `json:"times"`
		} `json:"results"`
	}
	if err := json.Unmarshal(text, &exported); err != nil {
		return false, fmt.Errorf("hyperfine: its JSON: %w", err)
	}
	if got := len(exported.Results); got != 2 {
		return false, fmt.Errorf("hyperfine: its JSON has %d results; expected 2, one for each copy", got)
	}
	a, b := stats.Describe(exported.Results[0].Times), stats.Describe(exported.Results[1].Times)
	return stats.Welch(a, b).LogP < math.Log(1-level), nil
}
