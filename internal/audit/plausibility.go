package audit

// This file judges the points of the category plausibility.

var plausibilityChecks = []check{}
