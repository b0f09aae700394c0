package export

// This file writes an audit as SARIF 2.1.0, which code hosts and editors show.

import (
	"cmp"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/audit/forensic"
	"cupel/internal/audit/published"
)

// sarifHandler writes the findings, skips among them. All points and forensic rules are
// there as rules, so that a reader sees what was looked for; those that pass have no
// result, which tools would show as an alert, so each point's status, evidence and
// judgements are properties of its rule.
type sarifHandler struct{}

func (sarifHandler) Name() string { return "sarif" }

func (sarifHandler) Write(w io.Writer, r *audit.Report, options Options) error {
	run := sarifRun{Results: []sarifResult{}, Tool: sarifTool{sarifDriver{Name: "cupel", Version: options.Version}}}
	for _, point := range r.Points {
		rule := sarifRule{
			ID: audit.PointRule(point.ID), ShortDescription: &sarifText{point.Title},
			Properties: map[string]any{"status": point.Status, "evidence": point.Evidence, "judgements": point.Judgements},
		}
		if point.Remedy != "" {
			rule.Help = &sarifText{point.Remedy}
		}
		run.rule(rule)
	}
	for _, id := range append(published.Names(), forensic.Names()...) {
		run.rule(sarifRule{ID: id, ShortDescription: &sarifText{strings.ReplaceAll(id, "-", " ")}})
	}
	for _, finding := range r.Findings {
		result := sarifResultOf(r, finding)
		result.RuleIndex = run.rule(sarifRule{ID: finding.Rule})
		run.Results = append(run.Results, result)
	}
	run.Properties = map[string]any{
		"claim": r.Claim, "verdict": r.Verdict, "pass": r.Counts.Pass, "fail": r.Counts.Fail, "skip": r.Counts.Skip,
		"acceptance": r.Acceptance, "phases": r.Phases,
	}
	return writeJSON(w, sarifLog{
		Schema:  "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/main/sarif-2.1/schema/sarif-schema-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	})
}

// rule adds a rule, unless it is there, and returns its place.
func (r *sarifRun) rule(rule sarifRule) int {
	rules := &r.Tool.Driver.Rules
	if at := slices.IndexFunc(*rules, func(known sarifRule) bool { return known.ID == rule.ID }); at >= 0 {
		return at
	}
	*rules = append(*rules, rule)
	return len(*rules) - 1
}

func sarifResultOf(r *audit.Report, finding audit.Finding) sarifResult {
	text := finding.Message
	if finding.Remedy != "" {
		text += ". What would help: " + finding.Remedy
	}
	result := sarifResult{RuleID: finding.Rule, Kind: "fail", Level: string(finding.Severity), Message: sarifText{text}, Properties: sarifEvidence(r, finding)}
	if strings.HasPrefix(finding.Rule, "point-") && finding.Severity == audit.Note {
		// It was not evaluated to the end, which is no failure.
		result.Kind, result.Level = "open", "none"
	}
	about := []sarifLogical{{Name: finding.Contender, Kind: "object"}}
	if len(finding.Published) == 0 {
		result.Locations = []sarifLocation{{sarifPhysical{Artifact: sarifArtifact{uriOf(r.Files)}}, about}}
	}
	for _, shown := range finding.Published {
		place := sarifPhysical{Artifact: sarifArtifact{uriOf([]string{shown.File})}}
		if shown.Line > 0 {
			place.Region = &sarifRegion{shown.Line, shown.Line}
		}
		result.Locations = append(result.Locations, sarifLocation{place, about})
	}
	return result
}

// sarifEvidence is what a point's finding rests on; nil where the point has no judgement
// of it, as of contenders that the claim is not about.
func sarifEvidence(r *audit.Report, finding audit.Finding) map[string]any {
	for _, point := range r.Points {
		if audit.PointRule(point.ID) != finding.Rule {
			continue
		}
		for _, judgement := range point.Judgements {
			if judgement.Contender == finding.Contender && judgement.Status != audit.Pass {
				return map[string]any{"evidence": cmp.Or(judgement.Evidence, point.Evidence), "figures": append([]audit.Figure{}, judgement.Figures...)}
			}
		}
	}
	return nil
}

// uriOf is the first of the audited files, or the bundle, as a relative reference
// where the path is relative.
func uriOf(files []string) string {
	if len(files) == 0 {
		return "."
	}
	path := filepath.ToSlash(files[0])
	if filepath.IsAbs(files[0]) {
		return (&url.URL{Scheme: "file", Path: path}).String()
	}
	return (&url.URL{Path: path}).String()
}

// What follows is as much of SARIF's object model as is written. A test holds it against
// the standard's schema.

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Properties map[string]any `json:"properties"`
	Results    []sarifResult  `json:"results"`
	Tool       sarifTool      `json:"tool"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string         `json:"id"`
	ShortDescription *sarifText     `json:"shortDescription,omitempty"`
	Help             *sarifText     `json:"help,omitempty"`
	Properties       map[string]any `json:"properties,omitempty"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID     string          `json:"ruleId"`
	RuleIndex  int             `json:"ruleIndex"`
	Kind       string          `json:"kind"`
	Level      string          `json:"level"`
	Message    sarifText       `json:"message"`
	Locations  []sarifLocation `json:"locations"`
	Properties map[string]any  `json:"properties,omitempty"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
	EndLine   int `json:"endLine"`
}

type sarifLogical struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}
