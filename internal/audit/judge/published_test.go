package judge

// This file tests every rule with a published file that passes and one that was
// tampered with and must fail.

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/audit/published"
	"cupel/internal/audit/published/publication"
)

const (
	table     = "honest.md"
	results   = "honest_results.json"
	hyperfine = "honest_hyperfine.json"
)

func auditText(t *testing.T, name, text string) *audit.Report {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	read, err := publication.Read([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	report, err := Publication(read, "")
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The honest files give no finding at all, and fail no point.
func TestHonestFilesPass(t *testing.T) {
	for _, name := range []string{table, results, hyperfine} {
		report := auditText(t, name, read(t, name))
		for _, finding := range report.Findings {
			t.Errorf("%s: %s: %s", name, finding.Rule, finding.Message)
		}
		if report.Counts.Fail != 0 || report.Counts.Pass < 5 || report.Verdict != audit.Undecided {
			t.Errorf("%s: %s, %+v", name, report.Verdict, report.Counts)
		}
	}
}

// tampered are the honest files, each changed in one place, and the rule that
// must see it.
var tampered = []struct {
	rule     string
	file     string
	old, new string
	message  string
}{
	// 1e6 / 0.522 lies between 1,913,876 and 1,917,546; twice that does not.
	{published.RuleThroughputMean, table, "1,914,575", "3,829,150", "the other figures allow only"},
	{"point-23", table, "1,914,575", "3,829,150", ""},
	{published.RuleThroughputMean, results, `"throughput_per_sec": 1914574.7384882364`, `"throughput_per_sec": 1914579.9`, "throughput is printed as 1914579.9"},
	// 5.098 ± 1.96 * 0.819/100 is 5.082 to 5.114.
	{published.RuleInterval, table, "[5.082, 5.114]", "[5.092, 5.104]", "lower end of the 95% interval is printed as 5.092"},
	{"point-21", table, "[5.082, 5.114]", "[5.092, 5.104]", ""},
	// |t| is 4.576 / √((0.047² + 0.819²)/10000) = 557.8 give or take 0.4.
	{published.RuleWelch, table, "t-statistic: -558.0250", "t-statistic: -1116.0500", "t statistic is printed as -1116.0500"},
	{"point-24", table, "t-statistic: -558.0250", "t-statistic: -1116.0500", ""},
	// Student's degrees of freedom, 2n-2, where the deviations are 17 to 1.
	{published.RuleWelch, table, "Degrees of freedom: 10064.8", "Degrees of freedom: 19998.0", "degrees of freedom is printed as 19998.0"},
	{published.RuleWelch, table, "p-value: < 1e-300", "p-value: 0.031", "p is printed as 0.031, and t gives"},
	{published.RuleWelch, table, "p-value: < 1e-300", "p-value: 1.7", "a probability lies between 0 and 1"},
	{published.RuleCohen, table, "Cohen's d: -7.8917", "Cohen's d: -9.6600", "Cohen's d is printed as -9.6600"},
	{"point-26", table, "Cohen's d: -7.8917", "Cohen's d: -9.6600", ""},
	{published.RuleCohen, table, "Interpretation: **large**", "Interpretation: **medium**", "the effect is called medium"},
	{"point-27", table, "Interpretation: **large**", "Interpretation: **medium**", ""},
	{audit.RuleRatio, table, "| 10.85x |", "| 12.15x |", "ratio of p95 is printed as 12.15"},
	{audit.RuleRatio, table, "| **Ratio** | **9.76x** |", "| **Ratio** | **9.99x** |", "they are one number"},
	{audit.RuleRatio, table, "is 9.68x faster than", "is 19.7x faster than", "the text says 19.7"},
	// The means with three decimals give 5.098/0.522 = 9.7663, with all of them
	// 9.7609: 9.77 comes of rounding first.
	{published.RuleFromRounded, table, "| Mean (us) | 0.522 | 5.098 | 9.76x |", "| Mean (us) | 0.522 | 5.098 | 9.77x |", "which only rounded inputs give"},
	{"point-29", table, "| Mean (us) | 0.522 | 5.098 | 9.76x |", "| Mean (us) | 0.522 | 5.098 | 9.77x |", ""},
	{published.RulePZero, table, "p-value: < 1e-300", "p-value: 0.000000", "no p-value is 0"},
	{"point-25", table, "p-value: < 1e-300", "p-value: 0.000000", ""},
	{published.RulePZero, table, "p-value: < 1e-300", "p-value: 0e-400", "no p-value is 0"},
	// Samuelson: no value of n is further than s(n-1)/√n, 4.7, from the mean.
	{published.RuleMoments, table, "| Max (us) | 0.724 |", "| Max (us) | 50.724 |", "the maximum is further from the mean"},
	{published.RuleMoments, table, "| Min (us) | 0.377 |", "| Min (us) | 0.577 |", "minimum is above p50"},
	{published.RuleMoments, table, "| Std Dev (us) | 0.047 |", "| Std Dev (us) | 0.847 |", "the deviation is larger than minimum and maximum allow"},
	{published.RuleMoments, table, "| p95 (us) | 0.603 | 6.542 |", "| p95 (us) | 0.603 | 7.542 |", "p95 is above p99"},
	{"point-88", table, "| p95 (us) | 0.603 | 6.542 |", "| p95 (us) | 0.603 | 7.542 |", ""},
	// Half of the sample is at 0.520 or below, so the mean is at most about 0.56.
	{published.RuleMoments, results, `"p50_us": 0.52,`, `"p50_us": 0.40,`, "the mean is further from the median"},
	// 0.52231... us times 10,000 is a whole number of ns; this is not.
	{audit.RuleGranularity, results, `"mean_us": 0.5223092`, `"mean_us": 0.52230923`, "no whole number of nanoseconds"},
	{published.RuleEvidenceMissing, table, "Raw samples are in `samples.parquet`.", "", "the raw samples"},
	{published.RuleEvidenceMissing, table, "| Processes per engine | 10 |\n", "", "the number of processes"},
	{published.RuleEvidenceMissing, table, "| Processes per engine | 10 |", "| Processes per engine | 1 |", "the number of processes"},
	{published.RuleEvidenceMissing, table, "| Random seed (initial weights and order of the fit) | 42 |", "| Random seed | 42 |", "what the random seed was used for"},
	{published.RuleEvidenceMissing, table, "- Rust: 1.95.0", "- Rust: stable", `rust is "stable", which is no version`},
	{published.RuleEvidenceMissing, table, "- Build: cargo build --release\n", "", "the build profile"},
	{published.RuleFiguresDisagree, table, "| Beta | 5.098 | [", "| Beta | 5.198 | [", "no value prints as both"},
	{published.RuleEnvironment, table, "- Python: 3.13.1\n- Platform: Linux 6.1", "- Python: 3.13.1\n- Platform: Linux 6.8", "platform is"},
	{audit.RuleTimeOverflow, results, `"min_us": 0.377`, `"min_us": -4294.967`, "no measurement gives"},
	{published.RuleSummaryFromTimes, hyperfine, `"mean": 0.0124`, `"mean": 0.0114`, "the samples give"},
	{"point-19", hyperfine, `"mean": 0.0124`, `"mean": 0.0114`, ""},
	{"point-20", hyperfine, `"stddev": 0.0003`, `"stddev": 0.0002`, ""},
	{"point-22", hyperfine, `"max": 0.0129`, `"max": 0.0139`, ""},
	{published.RuleUnread, table, "| Min (us) | 0.377 |", "| Min (us) | ~0.377 |", "was not read"},
	{"point-28", table, "| Alpha | 0.522 | [0.521, 0.523] |", "| Alpha | 0.522 | [0.021, 5.523] |", "overlap"},
	{"point-89", table, "| p50 (us) | 0.520 |", "| p50 (us) | 0.380 |", "outside 0.9 to 1.25"},
	{"point-90", table, "| Std Dev (us) | 0.047 |", "| Std Dev (us) | 0.847 |", "not below 0.5"},
	{"point-99", table, "| p99 (us) | 0.640 | 7.322 | 11.44x |\n", "", "no p99 is shown"},
	{"point-100", table, "## Limits", "## Thanks", "no section states limits"},
}

func TestTamperedFilesFail(t *testing.T) {
	for i, test := range tampered {
		t.Run(fmt.Sprintf("%02d-%s", i, test.rule), func(t *testing.T) {
			honest := read(t, test.file)
			text := strings.Replace(honest, test.old, test.new, 1)
			if text == honest {
				t.Fatalf("%q is not in %s", test.old, test.file)
			}
			report := auditText(t, test.file, text)
			found := slices.ContainsFunc(report.Findings, func(f audit.Finding) bool {
				return f.Rule == test.rule && strings.Contains(f.Message, test.message)
			})
			if !found {
				t.Errorf("no finding %s with %q among:", test.rule, test.message)
				for _, finding := range report.Findings {
					t.Errorf("  %s: %s", finding.Rule, finding.Message)
				}
			}
		})
	}
}

// Every rule, and every point that published figures decide, has a tampered case.
func TestEveryRuleHasATamperedCase(t *testing.T) {
	covered := map[string]bool{}
	for _, test := range tampered {
		covered[test.rule] = true
	}
	for _, rule := range published.Names() {
		if !covered[rule] {
			t.Errorf("rule %s has no tampered case", rule)
		}
	}
	passes := map[int]bool{}
	for _, name := range []string{table, results, hyperfine} {
		for _, point := range auditText(t, name, read(t, name)).Points {
			if point.Status == audit.Pass {
				passes[point.ID] = true
			}
		}
	}
	for _, id := range []int{19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 88, 89, 90, 99, 100} {
		if !passes[id] {
			t.Errorf("point %d passes on no honest file", id)
		}
		if !covered[fmt.Sprintf("point-%02d", id)] {
			t.Errorf("point %d has no tampered case", id)
		}
	}
}

// The published benchmark's own report. Every figure here was checked by hand:
//
//   - Means from throughputs: 1e6/1896707 = 0.527229, 1e6/195551 = 5.113755.
//   - Ratio of means 5.113755/0.527229 = 9.6993, which prints as 9.7, not 9.6;
//     5.113755/0.53 = 9.6486 prints as 9.6.
//   - |t| from unrounded means: 4.586526/√((0.075²+0.975²)/10000) = 469.03 at the
//     least, 4.586526/√((0.065²+0.965²)/10000) = 474.21 at the most.
//   - d = 469.0406·√(2/10000) = 6.6332, which prints as 6.63.
//   - Intervals: 0.5272 ± 1.96·0.07/100 = [0.5259, 0.5286], which prints as
//     [0.53, 0.53]; 5.1138 ± 1.96·0.97/100 = [5.0947, 5.1328].
//   - p50 5.03/0.52 in [9.571, 9.777]; p95 5.21/0.53 in [9.729, 9.933]; p99
//     8.03/0.53 in [15.000, 15.305]: all as printed.
//   - mean/p50 0.5272/0.52 = 1.01 and 5.114/5.03 = 1.02; s/mean 0.13 and 0.19.
func TestPublishedBenchmark(t *testing.T) {
	read, err := publication.Read([]string{"../../../examples/published/BENCHMARK_RESULTS.md"})
	if err != nil {
		t.Fatal(err)
	}
	report, err := Publication(read, "")
	if err != nil {
		t.Fatal(err)
	}
	if report.Claim != "aprender/pytorch" || report.Verdict != audit.Rejected {
		t.Errorf("%s: %s", report.Claim, report.Verdict)
	}
	status := map[int]audit.Status{}
	for _, point := range report.Points {
		status[point.ID] = point.Status
	}
	for id := 1; id <= 100; id++ {
		want := audit.Skip
		switch id {
		case 21, 23, 24, 26, 27, 28, 89, 90, 99:
			want = audit.Pass
		case 25, 29, 88, 100:
			want = audit.Fail
		}
		if status[id] != want {
			t.Errorf("point %d is a %s, want %s", id, status[id], want)
		}
	}
	want := map[string]int{
		published.RuleFromRounded: 1, published.RulePZero: 1, published.RuleWelch: 1, published.RuleEnvironment: 1, published.RuleEvidenceMissing: 5,
		"point-25": 1, "point-29": 1, "point-88": 1, "point-100": 1,
	}
	got := map[string]int{}
	for _, finding := range report.Findings {
		got[finding.Rule]++
		switch finding.Rule {
		case published.RuleFromRounded:
			if math.Abs(finding.Consistent.Middle()-9.69930) > 2e-5 || len(finding.Arithmetic) != 2 || !strings.Contains(finding.Arithmetic[1], "9.648") {
				t.Errorf("%+v", finding)
			}
		case published.RuleWelch:
			text := strings.Join(finding.Arithmetic, "\n")
			if finding.Severity != audit.Warning || !strings.Contains(finding.Message, "0.0061%") || !strings.Contains(text, "2.6%") || !strings.Contains(text, "11%") {
				t.Errorf("%+v", finding)
			}
			if math.Abs(finding.Consistent.Low-469.026) > 1e-3 || math.Abs(finding.Consistent.High-474.212) > 3e-3 {
				t.Errorf("t in %v", finding.Consistent)
			}
		case published.RulePZero:
			if !strings.Contains(finding.Arithmetic[0], "e-68") {
				t.Errorf("%+v", finding)
			}
		}
	}
	for rule, count := range want {
		if got[rule] != count {
			t.Errorf("%d findings %s, want %d", got[rule], rule, count)
		}
	}
	if len(got) != len(want) {
		t.Errorf("findings %v, want %v", got, want)
	}
}

// What `cupel run` writes is consistent, file by file and together.
func TestOwnReportsHaveNoErrors(t *testing.T) {
	files, err := filepath.Glob("../../../examples/*/results/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no example: %v, %v", files, err)
	}
	// What is said about results is no result.
	files = slices.DeleteFunc(files, func(file string) bool {
		return slices.Contains([]string{"audit.json", "manifest.json"}, filepath.Base(file))
	})
	groups := [][]string{files}
	for _, file := range files {
		groups = append(groups, []string{file})
	}
	for _, group := range groups {
		read, err := publication.Read(group)
		if err != nil {
			t.Fatal(err)
		}
		report, err := Publication(read, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, finding := range report.Findings {
			if finding.Severity == audit.Error {
				t.Errorf("%v: %s: %s", group, finding.Rule, finding.Message)
			}
		}
	}
}

// A p-value below what a float64 holds is no zero, and what a stranger's file
// holds must not reach a terminal as it is.
func TestTinyPAndHostileText(t *testing.T) {
	text := strings.Replace(read(t, table), "p-value: < 1e-300", "p-value: 1.3e-6860", 1)
	text = strings.Replace(text, "- Rust: 1.95.0", "- Rust: \x1b[31mstable", 1)
	for _, finding := range auditText(t, table, text).Findings {
		if finding.Rule != published.RuleEvidenceMissing || strings.Contains(fmt.Sprint(finding), "\x1b") {
			t.Errorf("%+v", finding)
		}
	}
}

func TestClaim(t *testing.T) {
	read, err := publication.Read([]string{"testdata/" + table})
	if err != nil {
		t.Fatal(err)
	}
	report, err := Publication(read, "beta/alpha")
	if err != nil || report.Claim != "beta/alpha" {
		t.Errorf("%+v, %v", report, err)
	}
	if _, err := Publication(read, "alpha/gamma"); !errors.Is(err, audit.ErrNoClaim) {
		t.Errorf("error %v", err)
	}
	if _, err := Publication(&publication.Publication{}, ""); !errors.Is(err, audit.ErrNoClaim) {
		t.Errorf("error %v", err)
	}
}

func TestReportHasItsShape(t *testing.T) {
	report := auditText(t, table, read(t, table))
	if len(report.Points) != 100 {
		t.Fatalf("%d points", len(report.Points))
	}
	for i, point := range report.Points {
		if point.ID != i+1 || point.Judgements == nil || point.Detail == "" {
			t.Errorf("%+v", point)
		}
	}
	if report.Counts.Pass+report.Counts.Fail+report.Counts.Skip != 100 {
		t.Errorf("%+v", report.Counts)
	}
}

// The acceptance rule, at its edges.
func TestVerdict(t *testing.T) {
	base := func(change map[int]audit.Status) *audit.Report {
		report := &audit.Report{}
		for id := 1; id <= 100; id++ {
			status, changed := change[id]
			if !changed {
				status = audit.Pass
			}
			report.Points = append(report.Points, audit.PointResult{ID: id, Status: status})
		}
		conclude(report, func(audit.Finding) bool { return true })
		return report
	}
	for name, test := range map[string]struct {
		change map[int]audit.Status
		want   audit.Verdict
	}{
		"all pass":              {nil, audit.Accepted},
		"five skips late":       {map[int]audit.Status{46: audit.Skip, 78: audit.Skip, 79: audit.Skip, 80: audit.Skip, 90: audit.Skip}, audit.Accepted},
		"six skips late":        {map[int]audit.Status{46: audit.Skip, 47: audit.Skip, 78: audit.Skip, 79: audit.Skip, 80: audit.Skip, 90: audit.Skip}, audit.Undecided},
		"five fails in between": {map[int]audit.Status{46: audit.Fail, 47: audit.Fail, 48: audit.Fail, 49: audit.Fail, 90: audit.Fail}, audit.Accepted},
		"six fails in between":  {map[int]audit.Status{46: audit.Fail, 47: audit.Fail, 48: audit.Fail, 49: audit.Fail, 50: audit.Fail, 90: audit.Fail}, audit.Rejected},
		"a skip in the first":   {map[int]audit.Status{45: audit.Skip}, audit.Undecided},
		"a fail in the first":   {map[int]audit.Status{1: audit.Fail}, audit.Rejected},
		"a fail in the last":    {map[int]audit.Status{91: audit.Fail}, audit.Rejected},
		"a skip in the last":    {map[int]audit.Status{100: audit.Skip}, audit.Accepted},
	} {
		report := base(test.change)
		if report.Verdict != test.want {
			t.Errorf("%s: %s, want %s", name, report.Verdict, test.want)
		}
		met := !slices.ContainsFunc(report.Acceptance, func(c audit.Criterion) bool { return !c.Met })
		if met != (test.want == audit.Accepted) || len(report.Acceptance) != 4 {
			t.Errorf("%s: is %s by %+v", name, report.Verdict, report.Acceptance)
		}
	}
}

// Each criterion says what stands against it.
func TestAcceptanceNamesWhatStandsAgainst(t *testing.T) {
	report := &audit.Report{Findings: []audit.Finding{
		{Rule: "samples-reused", Contender: "go", Severity: audit.Error},
		{Rule: "samples-reused", Contender: "pytorch", Severity: audit.Error},
		{Rule: published.RuleEvidenceMissing, Contender: "go", Severity: audit.Error},
		{Rule: "idle-work", Contender: "numpy", Severity: audit.Error},
	}, Claims: []audit.ClaimResult{{Claim: "go/pytorch", Judged: true}}}
	for id := 1; id <= 100; id++ {
		status := audit.Pass
		switch {
		case id == 3:
			status = audit.Skip
		case id == 99 || id == 100:
			status = audit.Fail
		}
		report.Points = append(report.Points, audit.PointResult{ID: id, Status: status})
	}
	conclude(report, func(f audit.Finding) bool { return f.Contender != "numpy" })
	want := []audit.Criterion{
		{Name: "at least 95 points pass", Found: "97 pass", Met: true, Open: true},
		{Name: "all of points 1 to 45 pass", Found: "1 does not: 3", Open: true},
		{Name: "no point of 91 to 100 fails", Found: "2 fail: 99, 100"},
		{Name: "no forensic rule finds an error in what is judged", Found: "1 does: samples-reused"},
		{Name: "the run has an answer", Found: "its controls hold, and the claim is resolved and not disputed", Met: true, Open: true},
	}
	if !slices.Equal(report.Acceptance, want) || report.Verdict != audit.Rejected {
		t.Errorf("%s by %+v", report.Verdict, report.Acceptance)
	}
	leaveOpen(report, "the claim is disputed")
	if last := report.Acceptance[4]; last.Met || last.Found != "the claim is disputed" || report.Verdict != audit.Undecided {
		t.Errorf("%s by %+v", report.Verdict, last)
	}
}

// What would make a point pass stands beside every one that does not.
func TestPublishedPointsHaveRemedies(t *testing.T) {
	for _, point := range auditText(t, table, read(t, table)).Points {
		if (point.Remedy == "") != (point.Status == audit.Pass) {
			t.Errorf("point %d, %s: %q", point.ID, point.Status, point.Remedy)
		}
	}
}
