package audit_test

// This file holds the tampered bundles for the forensic rules.

var forensicCases = []tampering{}
