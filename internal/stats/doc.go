// Package stats has the estimators and tests that the figures rest on, and
// nothing that knows what a benchmark is: numbers go in, numbers come out.
//
// Opinions, each paid for by an experiment or by a published mistake:
//
//   - The caller's slice is read, never sorted or written. The order of
//     samples is evidence, and a constructor that sorts loses it.
//   - The order of a sample does not change a result, not even in the last
//     bit: whoever recomputes a figure from the same numbers gets the same
//     figure. What takes a series, whose order is what is asked about, says so:
//     [ChangePoint] and [Steady].
//   - Randomness comes from a seed that the caller gives: [BootstrapT].
//   - A p-value is a logarithm first. Ten thousand calls a side give p-values
//     near 1e-6860, which float64 holds only as 0, and p is never 0. See
//     [PValue] and [FormatP].
//   - An interval reports the confidence that it really has, and where the
//     sample is too small for the level asked for it is unbounded rather than
//     narrower than it says. See [Interval].
//   - Nothing here decides. Which estimator is used for what, and with which
//     level, is the caller's plan, made before there is data. The one that the
//     simulations favour for a claim is [ClaimInterval].
//
// Welch's t, Cohen's d and the Mann-Whitney test treat calls as independent,
// which calls of a program are not; they are here because published
// benchmarks use them, and to show how often they are wrong. What is fit for
// a verdict is [ClaimInterval] over launches.
//
// # Input that has no answer
//
// No function panics or returns an error on account of numbers. A result that
// does not exist is NaN in every field that has no value: for an empty
// sample, a sample with a NaN or an infinity, too few values, or two samples
// without any spread. NaN compares false with everything, so a caller who
// asks "is p < 0.05", "is the interval inside ±1%" gets the answer that
// claims nothing. Values are expected to be below 1e150 in size, so that
// squares do not overflow.
//
// All functions are pure and may be called from several goroutines, as long
// as nobody writes to their arguments meanwhile.
package stats
