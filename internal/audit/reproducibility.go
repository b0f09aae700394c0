package audit

// This file judges the points of the category reproducibility.

var reproducibilityChecks = []check{}
