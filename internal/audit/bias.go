package audit

// This file judges the points of the category bias.

var biasChecks = []check{}
