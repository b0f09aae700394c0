// Package corpus tests that cheats are caught and that the honest are spared: each
// cheat is a contender of its own, a real process that runs a real model and is
// honest in all but its cheat, and goes through the real pipeline, confined as in
// any run.
//
// A cheat that gains nothing and harms nobody would prove nothing, so each one's
// gain can be seen in its figures where it is not caught; what it must raise is
// written beside it. A cheat that is not caught belongs into docs/THREATS.md.
package corpus
