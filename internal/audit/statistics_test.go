package audit_test

// This file holds the tampered bundles for the points of the category statistics.

var statisticsCases = []tampering{}
