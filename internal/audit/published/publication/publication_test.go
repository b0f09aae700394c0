package publication

// This file tests the readers on real files, hand-made ones, and damage.

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// facts lists what was read, a line each, in the order of names.
func facts(p *Publication) []string {
	var lines []string
	figures := func(of string, m map[Quantity][]Figure) {
		for q, list := range m {
			for _, f := range list {
				lines = append(lines, fmt.Sprintf("%d %s %s: %s", f.Place.Line, of, q, f.Text))
			}
		}
	}
	settings := func(of string, list []Setting) {
		for _, s := range list {
			lines = append(lines, fmt.Sprintf("%d %s %s: %s", s.Place.Line, of, s.Key, s.Text))
		}
	}
	for _, e := range p.Engines {
		figures(e.Name, e.Figures)
		settings(e.Name, e.Settings)
	}
	for _, c := range p.Comparisons {
		name := c.A + "/" + c.B
		figures(name, c.Figures)
		settings(name, c.Effects)
		settings(name, c.Significant)
	}
	settings("all", p.Settings)
	settings("unread", p.Unread)
	slices.Sort(lines)
	return lines
}

func read(t *testing.T, paths ...string) *Publication {
	t.Helper()
	p, err := Read(paths)
	if err != nil {
		t.Fatal(err)
	}
	checkPlaces(t, p)
	return p
}

// checkPlaces tests that each figure stands on the line it is said to stand on.
func checkPlaces(t *testing.T, p *Publication) {
	t.Helper()
	check := func(f Figure) {
		data, err := os.ReadFile(f.Place.File)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		if f.Place.Line < 1 || f.Place.Line > len(lines) || !strings.Contains(lines[f.Place.Line-1], f.Text) {
			t.Errorf("%s %q is not at %v", f.Quantity, f.Text, f.Place)
		}
		if f.Exact != (filepath.Ext(f.Place.File) == ".json") || !f.Interval.Contains(f.Value) {
			t.Errorf("%+v", f)
		}
	}
	for _, e := range p.Engines {
		for _, list := range e.Figures {
			for _, f := range list {
				check(f)
			}
		}
	}
	for _, c := range p.Comparisons {
		for _, list := range c.Figures {
			for _, f := range list {
				check(f)
			}
		}
	}
}

func sameFacts(t *testing.T, p *Publication, want string) {
	t.Helper()
	got := facts(p)
	expected := strings.Split(strings.TrimSpace(want), "\n")
	slices.Sort(expected)
	for _, line := range got {
		if !slices.Contains(expected, line) {
			t.Errorf("not expected: %s", line)
		}
	}
	for _, line := range expected {
		if !slices.Contains(got, line) {
			t.Errorf("missing: %s", line)
		}
	}
	if len(got) != len(expected) {
		t.Errorf("%d facts, expected %d", len(got), len(expected))
	}
}

func hasFacts(t *testing.T, p *Publication, want string) {
	t.Helper()
	got := facts(p)
	for _, line := range strings.Split(strings.TrimSpace(want), "\n") {
		if !slices.ContainsFunc(got, func(fact string) bool { return strings.HasSuffix(fact, line) }) {
			t.Errorf("missing: %s", line)
		}
	}
}

func TestSeedReport(t *testing.T) {
	p := read(t, "../../../../examples/published/BENCHMARK_RESULTS.md")
	sameFacts(t, p, `
5 aprender/pytorch stated ratio: 9.7
7 aprender/pytorch bound on the p-value: 0.001
8 aprender/pytorch effect size: large
8 aprender/pytorch Cohen's d: 6.63
17 all random seed: 42
18 all input dimensions: 784 (28x28 MNIST)
19 all output classes: 2
20 all training samples: 1000
21 all warmup iterations: 100
22 all benchmark iterations: 10000
27 aprender language: Rust
27 aprender version: 0.2.1
28 aprender rust: stable
29 aprender platform: linux x86_64
30 aprender cpu: AMD Ryzen Threadripper 7960X 24-Cores
33 pytorch language: Python
33 pytorch version: 2.9.1+cu128
34 pytorch python: 3.13.1
35 pytorch platform: Linux 6.8.0-87-generic
36 pytorch cpu: AMD Ryzen Threadripper 7960X 24-Cores
44 aprender p50: 0.52
44 pytorch p50: 5.03
44 aprender/pytorch ratio of p50: 9.7
45 aprender p95: 0.53
45 pytorch p95: 5.21
45 aprender/pytorch ratio of p95: 9.8
46 aprender p99: 0.53
46 pytorch p99: 8.03
46 aprender/pytorch ratio of p99: 15.2
47 aprender mean: 0.53
47 pytorch mean: 5.11
47 aprender/pytorch ratio of means: 9.6
48 aprender standard deviation: 0.07
48 pytorch standard deviation: 0.97
54 aprender throughput: 1,896,707
55 pytorch throughput: 195,551
56 aprender/pytorch ratio of throughputs: 9.7
64 aprender/pytorch t statistic: -469.0406
65 aprender/pytorch p-value: 0.000000
66 aprender/pytorch significant at î±=0.05: yes
70 aprender/pytorch Cohen's d: 6.63
71 aprender/pytorch interpretation: large
77 aprender mean: 0.53
77 aprender lower end of the 95% interval: 0.53
77 aprender upper end of the 95% interval: 0.53
78 pytorch mean: 5.11
78 pytorch lower end of the 95% interval: 5.09
78 pytorch upper end of the 95% interval: 5.13`)
	if len(p.Headings) != 16 || p.Headings[1].Text != "Executive Summary" || p.Headings[1].Place.Line != 3 {
		t.Errorf("%d headings: %v", len(p.Headings), p.Headings)
	}
	if len(p.Commands) != 10 || p.Commands[1].Text != "cargo run --example mnist_apr_benchmark --release --features aprender-serve" || p.Commands[1].Place.Line != 92 {
		t.Errorf("%d commands: %v", len(p.Commands), p.Commands)
	}
	for i, line := range p.Lines {
		if line.Place.Line != i+1 {
			t.Fatalf("line %d is kept as %v", i+1, line)
		}
	}
	if last := p.Lines[len(p.Lines)-1]; last.Text != "*Generated: 2025-11-27 20:23:46 UTC*" {
		t.Errorf("last line: %v", last)
	}
}

// The expectations leave out how many digits this project's report shows.
func TestOwnReport(t *testing.T) {
	p := read(t, "../../../report/testdata/BENCHMARK_RESULTS.md")
	hasFacts(t, p, `
aprender/pytorch Cohen's d: -15.8921
go/pytorch p-value: 0.000169
aprender/pytorch p-value: 0.000193
go/aprender p-value: 5.9e-10
go/aprender interpretation: large
go throughput: 9195402
go runtime: go1.26.8
pytorch version: 2.9.1+cu128
all batch: 1
all cpu: A CPU
all random seed: 42`)
	if len(p.Engines) != 3 || len(p.Comparisons) != 3 || len(p.Unread) != 0 {
		t.Errorf("%d engines, %d comparisons, unread %v", len(p.Engines), len(p.Comparisons), p.Unread)
	}
	for _, e := range p.Engines {
		for _, q := range []Quantity{Mean, StdDev, P50, P95, P99, Min, Max, CILow, CIHigh, Throughput} {
			if len(e.Figures[q]) == 0 {
				t.Errorf("%s has no %s", e.Name, q)
			}
		}
	}
	for _, c := range p.Comparisons[:2] {
		for _, q := range []Quantity{RatioP50, RatioP95, RatioP99, RatioMean, RatioThroughput, TStatistic, Degrees, PValue, CohenD} {
			if len(c.Figures[q]) == 0 {
				t.Errorf("%s and %s have no %s", c.A, c.B, q)
			}
		}
	}
}

func TestOwnFiles(t *testing.T) {
	all, err := filepath.Glob("../../../report/testdata/*.json")
	// Those of cells are of another run.
	all = slices.DeleteFunc(all, func(path string) bool { return strings.HasPrefix(filepath.Base(path), "cells") })
	if err != nil || len(all) < 4 {
		t.Fatalf("%v, %v", all, err)
	}
	p := read(t, append(all, "../../../report/testdata/BENCHMARK_RESULTS.md")...)
	if len(p.Engines) != 3 || len(p.Comparisons) != 3 || len(p.Unread) != 0 {
		t.Errorf("%d engines, %d comparisons, unread %v", len(p.Engines), len(p.Comparisons), p.Unread)
	}
	hasFacts(t, p, `
go iterations: 4
go mean: 0.10875
go lower end of the 95% interval: 0.10038165687446633
pytorch python_version: 3.13.1
go/aprender ratio of p50: 4.818181818181818
go/aprender degrees of freedom: 5.999999999999997
go/pytorch significant: true`)
	if n := len(p.Comparisons[0].Figures[CohenD]); n < 3 {
		t.Errorf("the first pair has %d figures of Cohen's d", n)
	}
}

func TestPublishedJSON(t *testing.T) {
	p := read(t, "testdata/aprender_mnist_results.json", "testdata/pytorch_mnist_results.json", "testdata/comparison_summary.json", "../../../../examples/published/BENCHMARK_RESULTS.md")
	if len(p.Engines) != 2 || len(p.Comparisons) != 1 {
		t.Fatalf("%d engines, %d comparisons", len(p.Engines), len(p.Comparisons))
	}
	hasFacts(t, p, `
3 aprender seed: 42
7 aprender host.cores: 24
7 aprender host.turbo: true
13 aprender iterations: 10000
21 aprender minimum: 0.5
23 aprender throughput: 1896707
2 pytorch python_version: 3.13.1
12 pytorch p99: 8.03
8 aprender/pytorch p-value: 0.0
9 aprender/pytorch significant: true
10 aprender/pytorch Cohen's d: 6.63
11 aprender/pytorch effect size: large
18 pytorch p50: 5.03
20 pytorch throughput: 195551
5 aprender/pytorch ratio of means: 9.65
5 aprender/pytorch stated ratio: 9.7`)
	if len(p.Engine("aprender").Figures[Max]) != 0 || len(p.Comparisons[0].Figures[TStatistic]) != 1 {
		t.Error("a null is a figure")
	}
}

func TestHyperfine(t *testing.T) {
	p := read(t, "testdata/hyperfine.json", "testdata/hyperfine.md")
	if len(p.Engines) != 2 || p.Processes != 5 || len(p.Unread) != 0 {
		t.Fatalf("%d engines, %d processes, unread %v", len(p.Engines), p.Processes, p.Unread)
	}
	e := p.Engine("sleep 0.05")
	mean := e.Figures[Mean]
	if len(mean) != 2 || mean[0].Text != "0.0517259692" || math.Abs(mean[0].Value-51725.9692) > 1e-6 || mean[0].Place.Line != 29 ||
		mean[1].Value != 51700 || mean[1].UnitStep != 100 || math.Abs(mean[1].Interval.Low-51650) > 1e-6 {
		t.Errorf("means: %+v", mean)
	}
	if d := e.Figures[StdDev]; len(d) != 2 || d[1].Text != "0.1" || d[1].Value != 100 || len(e.Figures[P50]) != 1 {
		t.Errorf("deviations: %+v", d)
	}
	if len(e.Samples) != 1 || len(e.Samples[0]) != 5 || math.Abs(e.Samples[0][0]-51729.503) > 1e-6 {
		t.Errorf("samples: %v", e.Samples)
	}
	if again := read(t, "testdata/hyperfine.json", "testdata/hyperfine.json"); again.Engine("sleep 0.05 #2") == nil || len(again.Engines) != 4 {
		t.Error("two files' samples of the same command are pooled")
	}
}

func TestPyperf(t *testing.T) {
	p := read(t, "testdata/pyperf.json")
	e := p.Engine("sorted_list")
	if e == nil || p.Processes != 3 || len(e.Samples) != 3 || len(e.Samples[2]) != 2 || math.Abs(e.Samples[2][1]-0.47044476699821536) > 1e-12 {
		t.Fatalf("%d processes, %+v", p.Processes, e)
	}
	hasFacts(t, p, `
14 sorted_list python_version: 3.11.7 (64-bit)
13 sorted_list cpu_count: 2`)
}

func parse(t *testing.T, text string) *Publication {
	t.Helper()
	p := &Publication{}
	if err := Parse(p, "file", []byte(text)); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMarkdownTables(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"units and a swapped ratio": {"| Metric | Slow (ms) | Fast | Speedup |\n|---|---|---|---|\n| p50 | 5 | 100 us | **50x** |\n| p95 (ns) | 7,000 | 1 | 7000x\n| Mean | n/a | |\n",
			"3 slow p50: 5\n3 fast p50: 100\n3 fast/slow ratio of p50: 50\n4 slow p95: 7,000\n4 fast p95: 1\n4 fast/slow ratio of p95: 7000"},
		"a unit column": {"Metric | A | B | Unit\n--|--|--|--\nMedian | 1 | 2 | ms\n",
			"3 a p50: 1\n3 b p50: 2"},
		"no unit at all": {"| Metric | A |\n|---|---|\n| p50 | 1 |\n",
			"3 unread a: p50: \"1\": the unit of the p50 is not known"},
		"escaped pipes and links": {"| Framework | Mean (us) | Throughput (inferences/sec) | Note |\n|---|---|---|---|\n| [a\\|b](x) | 1.5 | 1.9M | 3 |\n| `c` (Rust) | ~2 | 5e5/s |\n| d |\n",
			"3 a|b mean: 1.5\n3 a|b throughput: 1.9\n4 c throughput: 5e5\n4 unread c: mean: \"~2\" is no number"},
		"a decimal comma": {"| Engine | Mean (us) |\n|---|---|\n| a | 0,53 |\n",
			"3 unread a: mean: \"0,53\" is no number"},
		"intervals": {"| Engine | p50 (ms) | 95% CI |\n|---|---|---|\n| a | 1 | 0.9 – 1.1 |\n| b | 2 | (1.9, 2.1) |\n| c | 3 | [2.9,3.1] |\n| d | 4 | 3.9 to 4.1 ms |\n| e | 5 | ± 3 |\n",
			"3 a p50: 1\n3 a lower end of the 95% interval: 0.9\n3 a upper end of the 95% interval: 1.1\n4 b p50: 2\n4 b lower end of the 95% interval: 1.9\n4 b upper end of the 95% interval: 2.1\n5 c p50: 3\n5 c lower end of the 95% interval: 2.9\n5 c upper end of the 95% interval: 3.1\n6 d p50: 4\n6 d lower end of the 95% interval: 3.9\n6 d upper end of the 95% interval: 4.1\n7 e p50: 5\n7 unread e: \"± 3\" is no interval"},
		"deviations": {"| Engine | Mean (ms) |\n|---|---|\n| a | 1.0 ± 0.2 |\n\n| Command | Mean [ms] |\n|---|---|\n| b | 1.0 ± 0.2 |\n",
			"3 a mean: 1.0\n3 unread a: what is meant by ± in \"1.0 ± 0.2\" is not said\n7 b mean: 1.0\n7 b standard deviation: 0.2"},
		"a ratio of named engines": {"| Engine | Ops/s |\n|---|---|\n| a/b | 10 |\n| c | 5 |\n| d | 1 |\n| Ratio c/a/b | 0.5x |\n| Ratio x/y | 3x |\n",
			"3 a/b throughput: 10\n4 c throughput: 5\n5 d throughput: 1\n6 c/a/b ratio of throughputs: 0.5\n7 unread ratio: of which engines is not said"},
		"pairs": {"| Pair | t | df | p | d | Effect size |\n|---|---|---|---|---|---|\n| A vs. B | −3.5 | 10 | < 0.001 | 0.9 (large) | Large effect |\n| alone | 1 |\n",
			"3 a/b t statistic: -3.5\n3 a/b degrees of freedom: 10\n3 a/b bound on the p-value: 0.001\n3 a/b Cohen's d: 0.9\n3 a/b effect size: large\n4 unread pair: \"alone\" does not name two engines"},
		"empty first heads": {"a is **2x faster** than b.\n\n| | A | B |\n|---|---|---|\n| Mean (us) | 1 | 2 |\n\n| | p50 (us) |\n|---|---|\n| A | 3 |\n",
			"1 a/b stated ratio: 2\n5 a mean: 1\n5 b mean: 2\n9 a p50: 3"},
		"no figures":       {"| Category | Points |\n|---|---|\n| Methodology | 15 |\n\n| # | p50 < p95 |\n|---|---|\n| 1 | x |\n", ""},
		"code is no table": {"```\n| Metric | a | b |\n|---|---|---|\n| p50 (us) | 1 | 2 |\n```\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(facts(parse(t, test.text)), "\n")
			want := strings.Split(test.want, "\n")
			slices.Sort(want)
			if got != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nexpected\n%s", got, test.want)
			}
		})
	}
}

func TestProse(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"a claim alone":          {"We saw that Go is 3.5x slower than C, in short.\n", "1 c/go stated ratio: 3.5"},
		"two claims":             {"**a is 2x faster than b** (p < 0.01, Cohen's d = 0.8)\n- **c was 3 times as fast as d**.\n", "1 a/b stated ratio: 2\n1 a/b bound on the p-value: 0.01\n1 a/b Cohen's d: 0.8\n2 c/d stated ratio: 3"},
		"bullets without a pair": {"- p-value: 0.01\n", "1 unread p-value: of which pair is not said"},
		"a table of statistics":  {"**a is 2x faster than b**\n\n| Statistic | Value |\n|---|---|\n| Cohen's d | 2.5 |\n| p-value | 4.6e-5 |\n| Significant | No |\n", "1 a/b stated ratio: 2\n5 a/b Cohen's d: 2.5\n6 a/b p-value: 4.6e-5\n7 a/b significant: no"},
		"the pair named last":    {"a is 2x faster than b\n\nc is 2x faster than d\n\n- t-statistic: 1\n", "1 a/b stated ratio: 2\n3 c/d stated ratio: 2\n5 c/d t statistic: 1"},
		"an effect as a number":  {"a is 2x faster than b\n- Effect size: 6.63\n- p-value: tiny\n", "1 a/b stated ratio: 2\n2 unread effect size: \"6.63\" is a number without a name\n3 unread p-value: \"tiny\" is no number"},
		"bullets elsewhere":      {"## Notes\n- Threads: 1\n\n## Environment\n- Threads: 4\n\n### Machine\n- CPU: x\n\n### New (C)\n- Version: 2\n", "5 all threads: 4\n8 all cpu: x\n11 new version: 2\n11 new language: C"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(facts(parse(t, test.text)), "\n")
			want := strings.Split(test.want, "\n")
			slices.Sort(want)
			if got != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nexpected\n%s", got, test.want)
			}
		})
	}
}

func TestDamage(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "file:1: is empty",
		"# a\nb\x00":                          "file:2: is not text: it holds a zero byte",
		"{\n\"results\": [\n{\"name\": \"a\"": "file:3: the JSON value ends too early",
		"{\n\"a\": 1,\n}":                     "file:3: invalid character",
		"{\n\"a\": 1\n}\n{":                   "file:4: more follows the JSON value",
		"{\"a\":\n1}":                         "file:1: of no kind of result file",
		"{\"results\": []}":                   "file:1: results has no entry",
		"{\"results\": [{\"name\": \"a\",\n\"mean_us\": \"x\"}]}":         "file:2: mean_us is not a number",
		"{\"results\": [{\"name\": \"a\",\n\"mean_us\": 1e999}]}":         "file:2: mean_us: \"1e999\"",
		"{\"results\": [\n\"a\"]}":                                        "file:2: a result that is not an object",
		"{\"config\":\n1, \"results\": [{\"name\": \"a\"}]}":              "file:2: config is not an object",
		"{\"winner\": \"a\"}":                                             "file:1: a pair that does not name two engines",
		"{\"pairs\": [\n[]]}":                                             "file:2: a pair that is not an object",
		"{\"results\": [{\"command\": \"a\",\n\"times\": [1,\"x\"]}]}":    "file:2: times is not a list of numbers",
		"{\"results\": [{\"command\": \"a\"},\n{}]}":                      "file:2: a result without a command",
		"{\"results\": [{\"command\": \"a\", \"mean\": \n1e305}]}":        "file:2: mean: \"1e305\" is beyond all bounds",
		"{\"benchmarks\": [\n{}]}":                                        "file:2: a benchmark without a list of runs",
		"{\"benchmarks\": {}}":                                            "file:1: benchmarks is not a list of objects",
		"{\"benchmarks\": [{\"runs\": [\n\n{\"values\": [1,\n\"x\"]}]}]}": "file:3: values is not a list of numbers",
		"{\"benchmarks\": [{\"runs\": [{\"values\": [1,\n1e999]}]}]}":     "file:2: \"1e999\" is beyond all bounds",
		"\n" + strings.Repeat("[", 100):                                   "",
		"{\"a\":" + strings.Repeat("[", 100):                              "file:1: more than 64 levels deep",
		strings.Repeat("\n", maxLines+1) + "x":                            "file:100000: more than 100000 lines",
		"|a|b|\n|---|---|\n" + strings.Repeat("|", 300) + "\n":            "file:3: a row of more than 256 columns",
		"| Engine | p50 (us) |\n|---|---|\n" + rows(300):                  "file:259: more than 256 engines",
	} {
		err := Parse(&Publication{}, "file", []byte(text))
		if want == "" && err == nil {
			continue
		}
		var e *Error
		if !errors.As(err, &e) || want == "" || !strings.HasPrefix(e.Error(), want) {
			t.Errorf("%.60q: %v, expected %s", text, err, want)
		}
	}
}

func rows(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "| e%d | 1 |\n", i)
	}
	return b.String()
}

func TestReadRefuses(t *testing.T) {
	folder := t.TempDir()
	large := filepath.Join(folder, "large\n.json")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, maxFileBytes+1); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{large: "large?.json: is larger than 64 MiB", folder: "is not a regular file", filepath.Join(folder, "none"): "none: no such file or directory"} {
		_, err := Read([]string{path})
		var e *Error
		if !errors.As(err, &e) || !strings.HasSuffix(e.Error(), want) || strings.Contains(e.Error(), "\n") {
			t.Errorf("%v, expected %s", err, want)
		}
	}
}

// Files of 10 MB that are made to be slow or large.
func TestHostileFiles(t *testing.T) {
	const size = 10 << 20
	fill := func(start, unit string) string { return start + strings.Repeat(unit, (size-len(start))/len(unit)) }
	table := "| Engine | p50 (us) | p95 (us) |\n|---|---|---|\n"
	for name, text := range map[string]string{
		"lists":      fill(`{"a":[`, "[],"),
		"numbers":    fill(`{"a":[`, "1,"),
		"objects":    fill(`{"a":`, `{"a":`),
		"members":    fill(`{"results":[{`, `"mean_us":1,`),
		"a string":   fill(`{"a":"`, "x"),
		"lines":      fill("", "\n"),
		"rows":       fill(table, "|a|1|2|\n"),
		"engines":    table + rows(900_000),
		"a wide row": fill(table, "|"),
		"wide rows":  fill(table, strings.Repeat("|", 250)+"\n"),
		"a number":   fill(table+"|a|", "1"),
		"emphasis":   fill("- ", "**"),
		"claims":     fill("", "a is 2x faster than b\n"),
		"long claim": fill("", "a is 2x as fast as "),
		"brackets":   fill("", "(((((((( ( "),
		"bullets":    fill("a is 2x faster than b\n", "- p-value: 0."+strings.Repeat("1", 200)+"\n"),
		"words":      fill("", strings.Repeat("word and ", 20)+"\n"),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := time.Now()
			err := Parse(&Publication{}, "file", []byte(text))
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("%v, %d MB allocated in all: %v", took.Round(time.Millisecond), allocated, err)
			if took > 10*time.Second || allocated > 1500 {
				t.Errorf("%v, %d MB", took, allocated)
			}
			if err != nil && (strings.Contains(err.Error(), "\n") || len(err.Error()) > 300) {
				t.Errorf("%.400q", err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.*", "../../../report/testdata/*.*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := &Publication{}
		lines := strings.Count(string(data), "\n") + 1
		if err := Parse(p, "file", data); err != nil {
			var e *Error
			if !errors.As(err, &e) || strings.Contains(e.Error(), "\n") || e.Line > lines {
				t.Fatalf("%v", err)
			}
		}
		check := func(of map[Quantity][]Figure) {
			for q, list := range of {
				for _, figure := range list {
					if figure.Quantity != q || figure.Place.Line < 1 || figure.Place.Line > lines || !figure.Interval.Contains(figure.Value) || math.IsInf(figure.Value, 0) {
						t.Fatalf("%+v", figure)
					}
				}
			}
		}
		for _, e := range p.Engines {
			check(e.Figures)
			if e.Name == "" || p.Engine(e.Name) != e {
				t.Fatalf("engine %q", e.Name)
			}
		}
		for _, c := range p.Comparisons {
			check(c.Figures)
			if c.A == "" || c.B == "" || c.A == c.B {
				t.Fatalf("%q and %q", c.A, c.B)
			}
		}
	})
}
