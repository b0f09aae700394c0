// Package stats has the estimators and tests behind the figures. It knows nothing of
// benchmarks: numbers go in, numbers come out.
//
// These rules come from experiments and from published mistakes:
//
//   - A function reads the caller's slice and never sorts or writes it. The
//     order of samples is evidence, and sorting loses it.
//   - The order of a sample does not change a result, not even in the last
//     bit, so a recomputed figure is the same figure. A function of a
//     series depends on the order, and says so: [Steady].
//   - A p-value is a logarithm first. Ten thousand calls a side give p-values
//     near 1e-6860, which float64 holds only as 0, and p is never 0. See
//     [PValue] and [FormatP].
//   - An interval reports the confidence that it really has. If the sample is
//     too small for the level asked for, the interval is unbounded. See
//     [Interval].
//   - Nothing here decides. The caller's plan, made before there is data,
//     chooses the estimator and its level. The simulations favour
//     [ClaimInterval] for a claim.
//
// Welch's t, Cohen's d and the Mann-Whitney test assume that calls are independent. The
// calls of a program are not independent. These tests are here because published benchmarks
// use them, and to show how often they are wrong. For a verdict use [ClaimInterval] over
// launches.
//
// # Input that has no answer
//
// No function panics or returns an error because of its numbers. A result that does not
// exist is NaN in each field that has no value: for an empty sample, a sample with a NaN or
// an infinity, too few values, or two samples without any spread. NaN compares false with
// everything, so a question such as "is p < 0.05" or "is the interval inside ±1%" gets the
// answer that claims nothing. Values must be below 1e150 in size, so that squares do not
// overflow.
//
// All functions are pure. They are safe for concurrent use while no goroutine writes to
// their arguments.
package stats
