package report

// This file tests the derived figures by hand arithmetic and golden files.

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/stats"
	"cupel/internal/suite"
	"cupel/model"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sampleBundle writes a bundle with every kind of contender: measured, measured
// with a smaller model, wrong, not applicable, unavailable and failed.
func sampleBundle(t *testing.T) *evidence.Writer {
	t.Helper()
	w, err := evidence.Create(filepath.Join(t.TempDir(), "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	at := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	plan := suite.Plan{
		Schema: suite.PlanSchema, Suite: "mnist-logreg", Dataset: "mnist-synthetic", Batch: 1, Threads: 1, Seed: 42,
		Model:      model.Architecture{Kind: model.LogisticRegression, Layers: []int{784, 2}},
		Contenders: []string{"go", "pytorch", "numpy", "scikit-learn", "aprender", "gonum", "onnxruntime"},
		Claims:     []suite.ClaimPlan{{Faster: "go", Than: "pytorch"}, {Faster: "aprender", Than: "pytorch"}, {Faster: "numpy", Than: "go"}},
		Launches:   3, Classic: suite.ClassicPlan{Warmup: 100, Iterations: 4, Rows: 1}, Budget: "3m0s",
		Precision: 0.01, Tolerance: 0.01, Paired: suite.DefaultPaired, Probes: suite.DefaultProbes, Control: []string{"go"},
		Rules: []string{"A rule."}, Only: []string{"go", "pytorch"}, BudgetGiven: true,
	}
	must(t, w.WriteJSON(evidence.PlanFile, plan))
	must(t, w.WriteJSON(evidence.EnvironmentFile, evidence.Environment{
		Time: at, Platform: "Linux-6.1-x86_64", Distribution: "Debian 12", CPU: "A CPU", Cores: 2,
		MemoryBytes: 24e9, Hypervisor: "KVM", Cupel: "v0.1.0", Confinement: "none",
	}))
	accuracy := 0.9
	must(t, w.Append(evidence.LedgerRow{Time: at, Event: evidence.EventFitted, Accuracy: &accuracy, TrainingRows: 1000}))
	must(t, w.Append(evidence.LedgerRow{Time: at, Event: evidence.EventUnavailable, Contender: "onnxruntime", Reason: "no Python is on the PATH", Remedy: "install Python"}))
	for name, hello := range map[string]protocol.Hello{
		"go":       {Name: "cupel", Version: "v0.1.0", Runtime: "go1.26.8", Device: "cpu", Precision: "f32"},
		"pytorch":  {Name: "pytorch", Version: "2.9.1+cu128", Runtime: "CPython 3.13.1", Device: "cpu", Precision: "f32"},
		"aprender": {Name: "aprender", Version: "0.11.0", Runtime: "rustc 1.95.0 (59807616e 2026-04-14)", Device: "cpu", Precision: "f32"},
	} {
		parameters := int64(1570)
		if name == "aprender" {
			parameters = 785
		}
		must(t, w.WriteJSON(filepath.Join(evidence.ContendersDir, name, evidence.StatementFile), evidence.Statement{
			Contender: name, Hello: hello, Build: "optimised build", Format: "safetensors", Parameters: parameters,
		}))
	}
	launches := []struct {
		contender   string
		outcome     evidence.Outcome
		reason      string
		preview     bool
		nanoseconds []int64
	}{
		{"go", evidence.Finished, "", true, []int64{1, 1, 1, 1}},
		{"go", evidence.Finished, "", false, []int64{95, 80, 90, 700}},
		{"go", evidence.Finished, "", false, []int64{100, 120, 110, 105}},
		{"go", evidence.Finished, "", false, []int64{500, 520, 510, 505}},
		{"pytorch", evidence.Finished, "", false, []int64{9000, 11000, 10000, 10500}},
		{"pytorch", evidence.Failed, "infer: ended by exit status 1", false, nil},
		{"aprender", evidence.Finished, "", false, []int64{530, 520, 525, 540}},
		{"numpy", evidence.Finished, "", false, []int64{1, 2, 3, 4}},
		{"numpy", evidence.Wrong, "row 3: label 1 where the reference says 0", false, nil},
		{"scikit-learn", evidence.NotApplicable, "it holds | other models", false, nil},
		{"gonum", evidence.Failed, "hello: no reply within 2s", false, nil},
	}
	made := map[string]int{}
	for i, l := range launches {
		number := i + 1
		row := evidence.LedgerRow{Time: at, Event: evidence.EventEnded, Contender: l.contender, Launch: number, Preview: l.preview, Outcome: l.outcome, Reason: l.reason}
		if !l.preview {
			made[l.contender]++
			row.Replicate = made[l.contender]
		}
		must(t, w.Append(row))
		must(t, w.Observe(evidence.Observation{Launch: number, Contender: l.contender, FirstAnswerNanoseconds: 2e6, PeakResidentBytes: 3e7, UserCPUNanoseconds: 4e7}))
		var samples []evidence.Sample
		for _, nanoseconds := range l.nanoseconds {
			samples = append(samples, evidence.Sample{Launch: int32(number), Contender: l.contender, Phase: evidence.PhaseCall, Calls: 1, InnerNanoseconds: nanoseconds})
		}
		if len(samples) > 0 {
			must(t, w.WriteSamples(number, l.contender, samples))
		}
	}
	must(t, w.Append(evidence.LedgerRow{Time: at, Event: evidence.EventStopped, Reason: "all 3 replicates were made"}))
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func derived(t *testing.T) (*Results, *evidence.Writer) {
	t.Helper()
	w := sampleBundle(t)
	bundle, err := evidence.Open(w.Dir())
	must(t, err)
	results, err := Derive(bundle)
	must(t, err)
	return results, w
}

func TestGoldenFiles(t *testing.T) {
	results, w := derived(t)
	must(t, results.Write(w))
	for _, name := range []string{"go_mnist_results.json", "pytorch_mnist_results.json", "aprender_mnist_results.json", SummaryFile, MarkdownFile} {
		got, err := os.ReadFile(w.Path(evidence.ResultsDir, name))
		must(t, err)
		golden(t, name, got)
	}
	var table bytes.Buffer
	must(t, results.WriteTable(&table, Style{}))
	golden(t, "table.txt", table.Bytes())
	if _, err := os.Stat(w.Path(evidence.ResultsDir, ResultFile("numpy"))); err == nil {
		t.Error("a wrong contender has a result file")
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (write anew with -update):\n%s", name, diff)
	}
}

func TestStatusOfEachContender(t *testing.T) {
	results, _ := derived(t)
	for name, want := range map[string]Status{
		"go": Measured, "pytorch": Measured, "aprender": Measured, "numpy": Wrong,
		"scikit-learn": NotApplicable, "gonum": Failed, "onnxruntime": Unavailable,
	} {
		for _, c := range results.Contenders {
			if c.Name == name && c.Status != want {
				t.Errorf("%s is %s, want %s", name, c.Status, want)
			}
		}
	}
}

// Where contenders could not be stopped, pinned and confined, the report says so.
func TestTheLimitsNameASystemThatIsNotLinux(t *testing.T) {
	for platform, want := range map[string]string{
		"Linux-6.1-x86_64": "", "Darwin-24.1.0-arm64": "- The system is Darwin and not Linux: contenders were neither stopped", "": "- The system is unknown and not Linux: ",
	} {
		results, w := derived(t)
		results.Bundle.Environment.Platform = platform
		must(t, results.Write(w))
		text, err := os.ReadFile(w.Path(evidence.ResultsDir, MarkdownFile))
		must(t, err)
		if want == "" {
			want = "- Confinement: none."
			if strings.Contains(string(text), "not Linux") {
				t.Errorf("%s is called not Linux", platform)
			}
		}
		if !strings.Contains(string(text), "\n"+want) {
			t.Errorf("%q: no line %q", platform, want)
		}
	}
}

// The lower middle one of the finished launches, by p50; the preview is none.
func TestMedianLaunchIsChosen(t *testing.T) {
	results, _ := derived(t)
	c := results.contender("go")
	if len(c.Launches) != 3 || c.Launch != 3 || c.Summary.P50 != 110 {
		t.Errorf("launch %d of %d, p50 %v", c.Launch, len(c.Launches), c.Summary.P50)
	}
	if least, greatest := c.Spread(); least != 95 || greatest != 510 {
		t.Errorf("spread %v to %v", least, greatest)
	}
	two := Contender{Launches: []Launch{{Number: 1, Nanoseconds: summary(9)}, {Number: 2, Nanoseconds: summary(5)}}}
	two.chooseLaunch()
	if two.Launch != 2 {
		t.Errorf("of two launches, %d was chosen", two.Launch)
	}
}

// The figures by hand arithmetic: go's launch 3 is 100, 120, 110, 105 ns.
func TestFiguresByHand(t *testing.T) {
	results, _ := derived(t)
	f := results.Result(results.contender("go")).Results[0]
	if f.MeanMicroseconds != 0.10875 || f.P50Microseconds != 0.11 || f.P95Microseconds != 0.12 || f.MinMicroseconds != 0.1 || f.Iterations != 4 {
		t.Errorf("%+v", f)
	}
	// Deviations -8.75, 11.25, 1.25, -3.75: squares add up to 218.75, over 3.
	if want := math.Sqrt(218.75/3) / 1e3; math.Abs(f.StdDevMicroseconds-want) > 1e-15 {
		t.Errorf("deviation %v, want %v", f.StdDevMicroseconds, want)
	}
	if f.ThroughputPerSecond != 1e6/f.MeanMicroseconds {
		t.Errorf("throughput %v", f.ThroughputPerSecond)
	}
	pair := results.Pairs[0]
	if pair.A.Name != "go" || pair.B.Name != "pytorch" || !pair.Claim || pair.SpeedupP50 != 10500.0/110 {
		t.Errorf("%+v", pair)
	}
}

func TestSummaryNamesTheWinner(t *testing.T) {
	results, _ := derived(t)
	summary := results.Summary()
	if summary.Winner != "go" || summary.Loser != "pytorch" || len(summary.Pairs) != 3 {
		t.Errorf("%+v", summary)
	}
	for _, pair := range summary.Pairs {
		if pair.SpeedupP50 < 1 || pair.PValue == nil || *pair.PValue <= 0 {
			t.Errorf("%+v", pair)
		}
	}
	if len(summary.Absent) != 4 {
		t.Errorf("absent %v", summary.Absent)
	}
	text, err := json.Marshal(summary)
	must(t, err)
	for _, key := range []string{"timestamp", "winner", "speedup_p50", "speedup_mean", "throughput_ratio", "p_value", "significant", "cohens_d", "effect_size"} {
		if !strings.Contains(string(text), `"`+key+`":`) {
			t.Errorf("%s is missing", key)
		}
	}
}

func TestSamplesWithoutSpreadAreNoInvalidJSON(t *testing.T) {
	a, b := &Contender{Name: "a", Summary: summary(1)}, &Contender{Name: "b", Summary: summary(2)}
	text, err := json.Marshal((&Results{}).pairSummary(compare(a, b, false)))
	must(t, err)
	if !strings.Contains(string(text), `"p_value":null`) {
		t.Errorf("%s", text)
	}
}

func summary(nanoseconds int64) stats.Summary {
	return stats.DescribeNanoseconds([]int64{nanoseconds, nanoseconds})
}

func TestRuntimeVersion(t *testing.T) {
	for runtime, want := range map[string][2]string{
		"CPython 3.11.7": {"python", "3.11.7"}, "rustc 1.95.0 (abc 2026-04-14)": {"rust", "1.95.0"},
		"go1.26.8": {"go", "1.26.8"}, "go1.27rc1": {"go", "1.27rc1"}, "node 20.1": {"node", "20.1"}, "gopher": {"", ""}, "": {"", ""},
	} {
		if language, version := runtimeVersion(runtime); language != want[0] || version != want[1] {
			t.Errorf("%q: %q, %q", runtime, language, version)
		}
	}
}

// pairedResults are results of a run with paired bursts, given rather than
// measured: one of each kind of verdict, source and check.
func pairedResults(t *testing.T) *Results {
	t.Helper()
	results, _ := derived(t)
	ratio := func(estimate, half float64) stats.Interval {
		return stats.Interval{Estimate: estimate, Low: estimate / (1 + half), High: estimate * (1 + half), Confidence: 0.95}
	}
	comparison := func(a, b string, interval stats.Interval, verdict estimate.Verdict) estimate.Comparison {
		return estimate.Comparison{
			A: a, B: b, Ratio: interval, Short: interval, Long: ratio(interval.Estimate*0.97, 0.02), Source: estimate.FromShort,
			Quiet: true, Replicates: make([]float64, 10), LogP: -6, Verdict: verdict,
		}
	}
	byOuter := comparison("aprender", "pytorch", ratio(16.5, 0.012), estimate.Faster)
	byOuter.Source, byOuter.Quiet = estimate.FromLong, false
	costs := func(call, multiplyAdd float64) *estimate.Costs {
		return &estimate.Costs{
			CallNanoseconds: ratio(call, 0.1), MultiplyAddNanoseconds: ratio(multiplyAdd, 0.05), Misfit: 0.07,
			Widths: []estimate.WidthCost{{Times: 1, MultiplyAdd: 1568, Nanoseconds: call + 1568*multiplyAdd}, {Times: 16, MultiplyAdd: 25088, Nanoseconds: call + 25088*multiplyAdd}},
		}
	}
	results.Estimates = &estimate.Estimates{
		Replicates: 10,
		Claims:     []estimate.Comparison{comparison("go", "pytorch", ratio(141.2, 0.011), estimate.Faster), byOuter, comparison("numpy", "go", ratio(1.002, 0.004), estimate.Equal)},
		Others:     []estimate.Comparison{comparison("gonum", "pytorch", ratio(1.01, 0.03), estimate.NotResolved)},
		Controls: []estimate.Control{
			{Name: "negative", Expected: 1, Ratio: ratio(0.9994, 0.002), Replicates: 10, Holds: true, Text: "a second copy of go against the first: 0.9994"},
			{Name: "positive", Expected: 1.05, Ratio: ratio(1.0498, 0.002), Replicates: 10, Holds: true, Text: "the copy with 5% more calls than are counted: 1.0498"},
			{Name: "canary", Expected: 1, Ratio: ratio(1.001, 0.002), Replicates: 10, Holds: true, Text: "the harness's own loop: 1.0010"},
		},
		Quiet: estimate.Quiet{FastNanoseconds: 10900, MedianNanoseconds: 14100, Share: 0.41},
		Contenders: []estimate.Contender{
			{Name: "go", Costs: costs(12, 0.08), FirstCallNanoseconds: 2600, FewRows: 0.9, Altered: 1, ShortNanoseconds: 120, Calls: 200, Launches: 10, Unsteady: map[string]int{"warming up": 1},
				Checks: []estimate.Check{{Rule: "outer-clock", Contender: "go", Judged: true, Holds: true, Accuses: true, Text: "the clocks agree"}}},
			{Name: "pytorch", Costs: costs(12800, 0.03), FirstCallNanoseconds: 90000, FewRows: 1, Altered: 1.01, ShortNanoseconds: 13100, Calls: 20, Launches: 10,
				Checks: []estimate.Check{{Rule: "planted-stall", Contender: "pytorch", Text: "not judged: no planted stop fell into a burst"}}},
			{Name: "gonum", FirstCallNanoseconds: 2700, FewRows: 1, Altered: 1, ShortNanoseconds: 250, Calls: 100, Launches: 10,
				Checks: []estimate.Check{{Rule: "idle", Contender: "gonum", Judged: true, Accuses: true, Text: "it worked while it was not asked"}}},
		},
	}
	return results
}

func TestPairedGoldenFiles(t *testing.T) {
	results := pairedResults(t)
	var page, table bytes.Buffer
	must(t, results.WriteMarkdown(&page))
	golden(t, "paired.md", page.Bytes())
	must(t, results.WriteTable(&table, Style{}))
	golden(t, "paired.txt", table.Bytes())
	summary, err := json.MarshalIndent(results.Summary(), "", "  ")
	must(t, err)
	golden(t, "paired.json", summary)
}

// celledResults are results of two cells, of which the second has claims of its own.
func celledResults(t *testing.T) *Results {
	t.Helper()
	whole := pairedResults(t)
	whole.Bundle.Plan.Cells = nil
	all := &Results{Bundle: whole.Bundle, Estimates: &estimate.Estimates{}, Accuracy: whole.Accuracy, Stopped: whole.Stopped, Contenders: whole.Contenders}
	for _, batch := range []int{1, 16} {
		cell := pairedResults(t)
		cell.Cell = suite.Cell{Name: fmt.Sprintf("batch-%d", batch), Batch: batch, Threads: 1}
		all.Bundle.Plan.Cells = append(all.Bundle.Plan.Cells, suite.CellPlan{Cell: cell.Cell})
		cell.Bundle.Plan.Batch, cell.Bundle.Plan.Classic.Rows = batch, batch
		all.Cells = append(all.Cells, cell)
	}
	all.Cells[1].Estimates.Claims[0].Verdict = estimate.NotResolved
	all.Cells[1].Contenders[1].Status, all.Cells[1].Contenders[1].Reason = Wrong, "row 3"
	return all
}

func TestCellsGoldenFiles(t *testing.T) {
	results := celledResults(t)
	var page, table bytes.Buffer
	must(t, results.WriteMarkdown(&page))
	golden(t, "cells.md", page.Bytes())
	must(t, results.WriteTable(&table, Style{}))
	golden(t, "cells.txt", table.Bytes())
	summary, err := json.MarshalIndent(results.Summary(), "", "  ")
	must(t, err)
	golden(t, "cells.json", summary)
	result, err := json.MarshalIndent(results.Result(&results.Contenders[0]), "", "  ")
	must(t, err)
	golden(t, "cells_go.json", result)
}

func TestUnansweredCellsAreNamed(t *testing.T) {
	results := celledResults(t)
	if got := results.Unanswered(); !strings.Contains(got, "batch 16: ") || !strings.Contains(got, "pytorch is wrong: row 3") {
		t.Errorf("%q", got)
	}
}

func TestUnanswered(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Results)
		want   []string
	}{
		{"all resolved", func(*Results) {}, nil},
		{"not resolved", func(r *Results) { r.Estimates.Claims[0].Verdict = estimate.NotResolved },
			[]string{"the claim that go is faster than pytorch is not resolved: the ratio is 141.2x (95% interval 139.7x to 142.8x)"}},
		{"too few replicates", func(r *Results) {
			r.Estimates.Claims[0].Verdict = estimate.NotResolved
			r.Estimates.Claims[0].Ratio.High = math.Inf(1)
			r.Estimates.Claims[0].Replicates = make([]float64, 2)
		}, []string{"2 replicates are too few for a 95% interval"}},
		{"control fails", func(r *Results) { r.Estimates.Controls[1].Holds = false; r.Machine = "the host took 30% of CPU 1" },
			[]string{"the positive control failed", "the host took 30% of CPU 1"}},
		{"a check accuses", func(r *Results) { r.Estimates.Contenders[0].Checks[0].Holds = false }, []string{"go fails the check outer-clock"}},
		{"a check warns", func(r *Results) {
			r.Estimates.Contenders[0].Checks[0].Holds, r.Estimates.Contenders[0].Checks[0].Accuses = false, false
		}, nil},
		{"no controls", func(r *Results) { r.Estimates.Controls = r.Estimates.Controls[2:] }, []string{"the run has no controls"}},
		{"a contender is wrong", func(r *Results) { r.Contenders[1].Status, r.Contenders[1].Reason = Wrong, "row 3" }, []string{"pytorch is wrong: row 3"}},
		{"a contender is unavailable", func(r *Results) { r.Contenders[1].Status = Unavailable; r.Estimates.Claims = r.Estimates.Claims[2:] }, nil},
		{"a contender is unavailable and a control fails", func(r *Results) {
			r.Contenders[1].Status = Unavailable
			r.Estimates.Claims, r.Estimates.Others, r.Estimates.Controls[0].Holds = nil, nil, false
		}, []string{"the negative control failed: a second copy of go"}},
		{"no claims", func(r *Results) { r.Bundle.Plan.Claims, r.Estimates.Claims = nil, nil }, nil},
		{"no claims and a control fails", func(r *Results) {
			r.Bundle.Plan.Claims, r.Estimates.Claims = nil, nil
			r.Estimates.Controls[2].Holds, r.Machine = false, "the host took 30% of CPU 1"
		}, []string{"the canary control failed", "the host took 30% of CPU 1"}},
		{"no claims and no controls", func(r *Results) {
			r.Bundle.Plan.Claims, r.Estimates.Claims, r.Estimates.Controls = nil, nil, r.Estimates.Controls[2:]
		}, []string{"the run has no controls"}},
		{"no rounds", func(r *Results) {
			r.Bundle.Plan.Claims = nil
			r.Estimates = &estimate.Estimates{Controls: []estimate.Control{{Name: "canary", Replicates: 10}}}
		}, nil},
	} {
		results := pairedResults(t)
		// The bundle's numpy is wrong; these are about the other claims.
		results.Bundle.Plan.Claims = results.Bundle.Plan.Claims[:2]
		test.change(results)
		got := results.Unanswered()
		var page bytes.Buffer
		must(t, results.WriteMarkdown(&page))
		if failed := len(results.failedControls()) > 0; failed != strings.Contains(page.String(), "- **No verdict**: ") {
			t.Errorf("%s: controls failed: %v, and the report:\n%s", test.name, failed, page.String())
		}
		if (got == "") != (len(test.want) == 0) {
			t.Errorf("%s: %q", test.name, got)
		}
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q does not say %q", test.name, got, want)
			}
		}
	}
}

// What the machine did is told of each session, be it interrupted.
func TestDisturbancesAreThoseOfAllSessions(t *testing.T) {
	results, _ := derived(t)
	bundle := results.Bundle
	bundle.Ledger = append(bundle.Ledger[:len(bundle.Ledger)-1],
		evidence.LedgerRow{Event: evidence.EventInterrupted, Disturbances: []string{"another process, burner (pid 7), used 0.4 of a core"}})
	for _, stopped := range [][]string{nil, {"the host took 7% of CPU 1's time (steal)"}} {
		want := "another process, burner (pid 7), used 0.4 of a core"
		if stopped != nil {
			bundle.Ledger = append(bundle.Ledger, evidence.LedgerRow{Event: evidence.EventResumed},
				evidence.LedgerRow{Event: evidence.EventStopped, Reason: "all 3 replicates were made", Disturbances: stopped})
			want += "; the host took 7% of CPU 1's time (steal)"
		}
		again, err := Derive(bundle)
		must(t, err)
		if again.Machine != want {
			t.Errorf("%q, want %q", again.Machine, want)
		}
	}
}
