package audit

// This file judges the points of the category code.

var codeChecks = []check{}
