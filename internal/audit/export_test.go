package audit

// Forget has the case judge everything again, where a test has changed what it sees.
func (c *Case) Forget() { clear(c.rulings) }
