package judge

// This file judges a publication: what its figures decide, and the other points as skips.

import (
	"slices"

	"cupel/internal/audit"
	"cupel/internal/audit/points"
	"cupel/internal/audit/published"
	"cupel/internal/audit/published/publication"
)

// Publication audits published figures. claim is "A/B", or empty for the first
// comparison; where the files compare nothing, each engine is judged alone.
func Publication(p *publication.Publication, claim string) (*audit.Report, error) {
	judged, err := published.Judge(p, claim)
	if err != nil {
		return nil, err
	}
	r := &audit.Report{Claim: judged.Claim, Findings: judged.Findings, Files: p.Files}
	for _, point := range points.All() {
		r.Points = append(r.Points, publishedPoint(point, judged.Points[point.ID]))
	}
	conclude(r, func(audit.Finding) bool { return true })
	return r, nil
}

// publishedPoint is what came of a point: a skip where the figures decide nothing.
func publishedPoint(point points.Point, judgements []audit.Judgement) audit.PointResult {
	result := audit.PointResult{
		ID: point.ID, Category: point.Category, Title: point.Title,
		Status: audit.Skip, Evidence: audit.Stated, Detail: "needs " + point.Needs, Remedy: "publish " + point.Needs, Judgements: []audit.Judgement{},
	}
	if len(judgements) == 0 {
		return result
	}
	result.Judgements = judgements
	result.Status, result.Evidence, result.Remedy = audit.Worst(judgements), audit.Recomputed, ""
	at := slices.IndexFunc(judgements, func(j audit.Judgement) bool { return j.Status == result.Status })
	result.Detail = judgements[at].Detail
	if result.Status != audit.Pass {
		result.Remedy = published.Remedy(point.ID)
	}
	return result
}
