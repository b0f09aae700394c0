package audit

// Forget has the case judge everything again, where a test has changed what it sees.
func (c *Case) Forget() { clear(c.rulings) }

// FindingsOf are those of one point or rule: to judge all takes three times as long.
func (c *Case) FindingsOf(rule string) []Finding {
	r := &Report{}
	for _, point := range Points() {
		if PointRule(point.ID) == rule {
			r.Points = append(r.Points, c.point(point))
			r.Findings = c.others([]Point{point})
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
