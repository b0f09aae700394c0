package judge

// This file counts points by category and by the phases of the checklist's
// verification protocol.

import (
	"cupel/internal/audit"
	"cupel/internal/audit/points"
)

// countGroups counts by category and phase.
func countGroups(r *audit.Report) {
	r.Categories, r.Phases = nil, append([]audit.PhaseCount(nil), points.Phases...)
	for _, point := range r.Points {
		if n := len(r.Categories); n == 0 || r.Categories[n-1].Category != point.Category {
			r.Categories = append(r.Categories, audit.CategoryCount{Category: point.Category})
		}
		r.Categories[len(r.Categories)-1].Add(point.Status)
		for i := range r.Phases {
			if phase := &r.Phases[i]; point.ID >= phase.First && point.ID <= phase.Last {
				phase.Add(point.Status)
			}
		}
	}
}
