package audit

import "slices"

// Forget has the case judge everything again, where a test has changed what it sees.
func (c *Case) Forget() { clear(c.rulings) }

// FindingsOf are those of one point or rule: to judge all takes three times as long.
func (c *Case) FindingsOf(rule string) []Finding {
	r := &Report{}
	all := c.checks
	defer func() { c.checks = all }()
	for _, point := range checklist {
		if PointRule(point.ID) == rule {
			r.Points = append(r.Points, c.point(point))
			c.checks = slices.DeleteFunc(slices.Clone(all), func(k check) bool { return k.id != point.ID })
			r.Findings = c.others()
		}
	}
	for _, of := range bundleRules {
		if of.id == rule {
			r.Findings = c.found(of)
		}
	}
	r.conclude(c.decides)
	return r.Findings
}
