// Package corpus tests that the rules catch cheats and spare honest contenders. Each cheat
// is a separate contender: a real process that runs a real model and is honest except for
// its cheat. It goes through the real pipeline, confined as in any run.
//
// The tests judge recordings. Each contender was measured once on a quiet machine and once
// beside busy neighbours, and each measurement left a small sealed bundle in
// testdata/recordings. The rules say the same of these bundles on every machine.
// testdata/raised.txt lists what they say, so that a change of rules shows its effect.
// `.ci/corpus record` makes the recordings again. `.ci/corpus` plays the corpus live, on a
// machine without other load.
//
// Each cheat must gain something, and its gain shows in its figures if it is not caught.
// What it must raise stands beside it. A cheat that is not caught belongs in
// docs/THREATS.md.
package corpus
