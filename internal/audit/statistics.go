package audit

// This file judges the points of the category statistics.

var statisticsChecks = []check{}
