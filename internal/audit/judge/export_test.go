package judge

import (
	"cupel/internal/audit"
	"cupel/internal/audit/forensic"
	"cupel/internal/audit/points"
)

// FindingsOf are those of one point or rule: to judge all takes three times as long.
func FindingsOf(c *audit.Case, rule string) []audit.Finding {
	r := &audit.Report{}
	for _, of := range points.All() {
		if audit.PointRule(of.ID) == rule {
			r.Points = append(r.Points, judgePoint(c, of))
			r.Findings = others(c, []points.Point{of})
		}
	}
	for _, of := range forensic.Rules {
		if of.Name == rule {
			r.Findings = found(c, of)
		}
	}
	conclude(r, func(found audit.Finding) bool { return c.Decides(found) })
	return r.Findings
}
