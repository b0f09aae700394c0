package audit_test

// This file holds the tampered bundles for the points of the category plausibility.

var plausibilityCases = []tampering{}
