package judge_test

// This file lists what is yet to be judged.

import "cupel/internal/evidence"

// evidenceSample is short for it in the lists of cases.
type evidenceSample = evidence.Sample

// undone are points whose checks are yet to come: none is left, and one whose check
// is taken out turns the tests red.
var undone []int
