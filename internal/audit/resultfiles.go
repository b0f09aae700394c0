package audit

// This file reads the result files of a bundle: what it says of itself, to be held
// against what the auditor computes. The shapes are the published benchmark's; they
// are read here apart from the code that writes them, on purpose.

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// The result files.
const (
	SummaryFile  = "comparison_summary.json"
	MarkdownFile = "BENCHMARK_RESULTS.md"
	resultSuffix = "_mnist_results.json"
)

// ResultFiles are the result files of a bundle.
type ResultFiles struct {
	// Contenders are by name; those without a file have none.
	Contenders map[string]*PublishedResult
	// Summary is nil where there is no file, and Report empty.
	Summary *PublishedSummary
	Report  string
}

// PublishedResult is a contender's result file.
type PublishedResult struct {
	Config  PublishedConfig    `json:"config"`
	Results []PublishedFigures `json:"results"`
}

// PublishedConfig is what a result file says of how its figures came about.
type PublishedConfig struct {
	Seed       *uint64 `json:"seed"`
	Inputs     *int    `json:"input_dim"`
	Classes    *int    `json:"num_classes"`
	Warmup     *int    `json:"warmup_iterations"`
	Iterations *int    `json:"benchmark_iterations"`
	Training   *int    `json:"training_samples"`
	Batch      *int    `json:"batch"`
	Threads    *int    `json:"threads"`
	Parameters *int64  `json:"parameters"`
	Launch     *int    `json:"launch"`
	Launches   *int    `json:"launches"`
}

// PublishedFigures are the figures of a result file; a figure that is not there is
// nil.
type PublishedFigures struct {
	Name       string   `json:"name"`
	Iterations *int     `json:"iterations"`
	Mean       *float64 `json:"mean_us"`
	StdDev     *float64 `json:"std_us"`
	CI95Low    *float64 `json:"ci_95_lower"`
	CI95High   *float64 `json:"ci_95_upper"`
	P50        *float64 `json:"p50_us"`
	P95        *float64 `json:"p95_us"`
	P99        *float64 `json:"p99_us"`
	Min        *float64 `json:"min_us"`
	Max        *float64 `json:"max_us"`
	Throughput *float64 `json:"throughput_per_sec"`
	// PublishedCell is empty where the plan has no cells.
	PublishedCell
}

// PublishedCell is what a figure of one of several cells says in the place of the
// result file's settings.
type PublishedCell struct {
	Cell     string `json:"cell"`
	Batch    *int   `json:"batch"`
	Threads  *int   `json:"threads"`
	Launch   *int   `json:"launch"`
	Launches *int   `json:"launches"`
}

// PublishedSummary is comparison_summary.json.
type PublishedSummary struct {
	PublishedPair
	Pairs      []PublishedPair    `json:"pairs"`
	SideBySide []PublishedClaim   `json:"side_by_side"`
	Controls   []PublishedControl `json:"controls"`
	Iterations *int               `json:"benchmark_iterations"`
	Limits     []string           `json:"limits"`
	Cells      []struct {
		Cell       string `json:"cell"`
		Iterations *int   `json:"benchmark_iterations"`
	} `json:"cells"`
}

// ofCell keeps of a result file what is of one cell.
func (r *PublishedResult) ofCell(name string) {
	if name == "" {
		return
	}
	r.Results = slices.DeleteFunc(r.Results, func(figures PublishedFigures) bool { return figures.Cell != name })
	if len(r.Results) == 1 {
		cell := r.Results[0].PublishedCell
		r.Config.Batch, r.Config.Threads, r.Config.Launch, r.Config.Launches = cell.Batch, cell.Threads, cell.Launch, cell.Launches
		r.Config.Iterations = r.Results[0].Iterations
	}
}

// ofCell keeps of the summary what is of one cell, whose title is left out where it
// follows a name.
func (s *PublishedSummary) ofCell(name string, cells []suite.CellPlan) {
	if name == "" {
		return
	}
	s.Pairs = slices.DeleteFunc(s.Pairs, func(pair PublishedPair) bool { return pair.Cell != name })
	s.SideBySide = slices.DeleteFunc(s.SideBySide, func(claim PublishedClaim) bool { return claim.Cell != name })
	s.Controls = slices.DeleteFunc(s.Controls, func(control PublishedControl) bool { return control.Cell != name })
	if at := slices.IndexFunc(cells, func(cell suite.CellPlan) bool { return cell.Name == name }); at >= 0 {
		for i := range s.Pairs {
			s.Pairs[i].untitled(", " + cells[at].Title())
		}
	}
	for _, cell := range s.Cells {
		if cell.Cell == name {
			s.Iterations = cell.Iterations
		}
	}
}

// untitled leaves a cell's title out of the names of a pair.
func (p *PublishedPair) untitled(title string) {
	engines := map[string]PublishedEngine{}
	for name, engine := range p.Engines {
		engines[strings.TrimSuffix(name, title)] = engine
	}
	p.Winner, p.Loser, p.Engines = strings.TrimSuffix(p.Winner, title), strings.TrimSuffix(p.Loser, title), engines
}

// PublishedPair compares the classic figures of two contenders.
type PublishedPair struct {
	Cell            string                     `json:"cell"`
	Winner          string                     `json:"winner"`
	Loser           string                     `json:"loser"`
	SpeedupP50      *float64                   `json:"speedup_p50"`
	SpeedupMean     *float64                   `json:"speedup_mean"`
	ThroughputRatio *float64                   `json:"throughput_ratio"`
	T               *float64                   `json:"t_statistic"`
	Degrees         *float64                   `json:"degrees_of_freedom"`
	P               *float64                   `json:"p_value"`
	Log10P          *float64                   `json:"log10_p_value"`
	Significant     *bool                      `json:"significant"`
	CohenD          *float64                   `json:"cohens_d"`
	Effect          string                     `json:"effect_size"`
	Engines         map[string]PublishedEngine `json:"engines"`
}

// PublishedEngine is one side of a PublishedPair.
type PublishedEngine struct {
	P50        *float64 `json:"p50_us"`
	P95        *float64 `json:"p95_us"`
	P99        *float64 `json:"p99_us"`
	Max        *float64 `json:"max_us"`
	Mean       *float64 `json:"mean_us"`
	Throughput *float64 `json:"throughput_per_sec"`
	Parameters *int64   `json:"parameters"`
}

// PublishedClaim is one ratio of the paired protocol.
type PublishedClaim struct {
	Cell          string   `json:"cell"`
	Faster        string   `json:"faster"`
	Than          string   `json:"than"`
	Claim         bool     `json:"claim"`
	Ratio         *float64 `json:"ratio"`
	Low           *float64 `json:"ratio_ci_95_lower"`
	High          *float64 `json:"ratio_ci_95_upper"`
	Verdict       string   `json:"verdict"`
	Short         *float64 `json:"ratio_short_bursts"`
	Long          *float64 `json:"ratio_long_bursts"`
	Replicates    *int     `json:"replicates"`
	Log10Adjusted *float64 `json:"log10_p_value_adjusted"`
}

// PublishedControl is one of the run's controls.
type PublishedControl struct {
	Cell  string   `json:"cell"`
	Name  string   `json:"name"`
	Ratio *float64 `json:"ratio"`
	Holds bool     `json:"holds"`
}

// reportOfCell keeps of a report what is of one cell: sections of other cells are left out,
// what the report begins with says of them, and the cell's title, where it follows a name.
func reportOfCell(page, name string, cells []suite.CellPlan) string {
	if name == "" {
		return page
	}
	var own string
	var others, verdicts []string
	for _, cell := range cells {
		if cell.Name == name {
			own = cell.Title()
		} else {
			others = append(others, ", "+cell.Title())
			verdicts = append(verdicts, cell.Title()+":")
		}
	}
	title := regexp.MustCompile(", " + regexp.QuoteMeta(own) + `\b`)
	var kept strings.Builder
	elsewhere, ofVerdicts := false, false
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "## ") {
			heading := strings.TrimSpace(line)
			ofVerdicts = false
			elsewhere = slices.ContainsFunc(others, func(title string) bool { return strings.HasSuffix(heading, title) })
		} else if text := strings.TrimSpace(line); !elsewhere || ofVerdicts {
			// A cell's verdicts are a list below its title.
			elsewhere = slices.ContainsFunc(verdicts, func(title string) bool { return strings.EqualFold(text, title) }) ||
				elsewhere && (text == "" || strings.HasPrefix(text, "- "))
			ofVerdicts = elsewhere
		}
		if !elsewhere {
			kept.WriteString(title.ReplaceAllString(line, ""))
		}
	}
	return kept.String()
}

// readResults reads the result files: of a cell, what they have of it.
func readResults(dir, cell string, cells []suite.CellPlan, contenders []string) (*ResultFiles, error) {
	files := &ResultFiles{Contenders: map[string]*PublishedResult{}}
	for _, name := range contenders {
		result := &PublishedResult{}
		there, err := readResult(dir, filepath.Base(name)+resultSuffix, result)
		if err != nil {
			return nil, err
		}
		if there {
			result.ofCell(cell)
			files.Contenders[name] = result
		}
	}
	summary := &PublishedSummary{}
	there, err := readResult(dir, SummaryFile, summary)
	if err != nil {
		return nil, err
	}
	if there {
		summary.ofCell(cell, cells)
		files.Summary = summary
	}
	page, err := readWithin(dir, filepath.Join(evidence.ResultsDir, MarkdownFile))
	if err != nil {
		return nil, err
	}
	files.Report = reportOfCell(string(page), cell, cells)
	return files, nil
}

func readResult(dir, name string, into any) (there bool, err error) {
	text, err := readWithin(dir, filepath.Join(evidence.ResultsDir, name))
	if err != nil || text == nil {
		return false, err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return false, fmt.Errorf("bundle: %s: %w", filepath.Join(evidence.ResultsDir, name), err)
	}
	return true, nil
}

// About returns what is published about two contenders, in the list of pairs first.
func (s *PublishedSummary) About(a, b string) []*PublishedPair {
	if s == nil {
		return nil
	}
	var found []*PublishedPair
	for i := range s.Pairs {
		found = append(found, &s.Pairs[i])
	}
	found = append(found, &s.PublishedPair)
	return slices.DeleteFunc(found, func(pair *PublishedPair) bool {
		return (pair.Winner != a || pair.Loser != b) && (pair.Winner != b || pair.Loser != a)
	})
}
