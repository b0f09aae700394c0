package audit

// This file judges the points of the category methodology.

var methodologyChecks = []check{}
