package audit

// This file judges the points of the category environment.

var environmentChecks = []check{}
