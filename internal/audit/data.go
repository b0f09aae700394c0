package audit

// This file judges the points of the category data.

var dataChecks = []check{}
