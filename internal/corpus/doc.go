// Package corpus tests that cheats are caught and that the honest are spared. Each cheat
// is a contender of its own, a real process that runs a real model and is honest in all
// but its cheat, and goes through the real pipeline, confined as in any run.
//
// The tests judge recordings: each contender was measured once on a quiet machine and
// once beside busy neighbours, and left a small sealed bundle in testdata/recordings.
// What the rules say of these is the same on every machine. testdata/raised.txt lists it,
// so that a change of rules shows what it changes. `.ci/corpus record` makes the
// recordings anew, and `.ci/corpus` plays the corpus live, on a machine of its own.
//
// A cheat that gains nothing and harms nobody would prove nothing, so each one's
// gain can be seen in its figures where it is not caught; what it must raise is
// written beside it. A cheat that is not caught belongs into docs/THREATS.md.
package corpus
