"""Reference figures from SciPy, for the test that holds this package to them.

Reads one JSON object on stdin and prints one on stdout:

    samples      lists of numbers
    levels       confidence levels
    pairs        [i, j]: indices into samples, for the two-sample tests
    shifted      [i, shift]: Wilcoxon's exact test of samples[i] - shift
    t            [t, df]: two-sided tail of Student's t
    z            z: two-sided tail of the normal distribution
    signed_rank  [n, s]: P(T <= s) of the signed-rank statistic of n values
    binomial     [successes, n, level]: Clopper and Pearson's interval
    bridge       h: a Brownian bridge is somewhere at least h from 0

P-values go out as natural logarithms. Where SciPy's own is too small for a
float, mpmath computes it with 50 digits; without mpmath it is null.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import numpy as np
from scipy import special, stats

try:
    import mpmath
except ImportError:
    mpmath = None

# Below this SciPy's p-value has lost digits or is 0.
TOO_SMALL = 1e-300


def student_log_p(t: float, df: float) -> float | None:
    """Return ln P(|T| >= |t|), by mpmath where it is importable."""
    if mpmath is None:
        p = 2 * float(stats.t.sf(abs(t), df))
        return math.log(p) if p > TOO_SMALL else None
    with mpmath.workdps(50):
        t_, df_ = mpmath.mpf(t), mpmath.mpf(df)
        x = df_ / (df_ + t_ * t_)
        return float(mpmath.log(mpmath.betainc(df_ / 2, 0.5, 0, x, regularized=True)))


def describe(sample: np.ndarray, levels: list[float]) -> dict[str, Any]:
    """Return the moments and Student's interval at each level."""
    n = len(sample)
    mean, std = float(sample.mean()), float(sample.std(ddof=1))
    intervals = [
        [
            float(end)
            for end in stats.t.interval(level, n - 1, loc=mean, scale=stats.sem(sample))
        ]
        for level in levels
    ]
    return {
        "mean": mean,
        "std": std,
        "median": float(np.median(sample)),
        "intervals": intervals,
    }


def compare(a: np.ndarray, b: np.ndarray) -> dict[str, Any]:
    """Return Welch's test and the Mann-Whitney test."""
    welch = stats.ttest_ind(a, b, equal_var=False)
    t, df, p = float(welch.statistic), float(welch.df), float(welch.pvalue)
    ranks = stats.mannwhitneyu(a, b, alternative="two-sided", method="asymptotic")
    rank_p = float(ranks.pvalue)
    return {
        "t": t,
        "df": df,
        "log_p": math.log(p) if p > TOO_SMALL else student_log_p(t, df),
        "u": float(ranks.statistic),
        "rank_log_p": math.log(rank_p) if rank_p > TOO_SMALL else None,
    }


def wilcoxon_log_p(sample: np.ndarray, shift: float) -> float:
    """Return ln p of the exact two-sided signed-rank test of a centre."""
    return math.log(float(stats.wilcoxon(sample - shift, method="exact").pvalue))


def signed_rank_cdf(n: int, s: int) -> float:
    """Return P(T <= s), from a sample of the ranks 1..n whose T is s."""
    ranks = np.arange(1.0, n + 1)
    signs = -np.ones(n)
    for i in range(n - 1, -1, -1):
        if ranks[i] <= s:
            signs[i] = 1
            s -= int(ranks[i])
    return float(
        stats.wilcoxon(ranks * signs, alternative="less", method="exact").pvalue
    )


def clopper_pearson(successes: float, n: float, level: float) -> list[float]:
    """Return the ends of the exact interval of a share, by two ways.

    The first is SciPy's own, from a root finder that stops within 2e-12; the
    second has the beta quantiles that the ends are.
    """
    k, rest, tail = int(successes), int(n - successes), (1 - level) / 2
    interval = stats.binomtest(k, int(n)).proportion_ci(level, method="exact")
    low = float(stats.beta.ppf(tail, k, rest + 1)) if k > 0 else 0.0
    high = float(stats.beta.isf(tail, k + 1, rest)) if rest > 0 else 1.0
    return [float(interval.low), float(interval.high), low, high]


def main() -> None:
    """Answer the request on stdin."""
    request = json.load(sys.stdin)
    samples = [np.array(s, dtype=np.float64) for s in request["samples"]]
    answer = {
        "mpmath": mpmath is not None,
        "samples": [describe(s, request["levels"]) for s in samples],
        "pairs": [compare(samples[i], samples[j]) for i, j in request["pairs"]],
        "shifted": [
            wilcoxon_log_p(samples[i], shift) for i, shift in request["shifted"]
        ],
        "t": [student_log_p(t, df) for t, df in request["t"]],
        "z": [math.log(2) + float(stats.norm.logsf(abs(z))) for z in request["z"]],
        "signed_rank": [signed_rank_cdf(n, s) for n, s in request["signed_rank"]],
        "binomial": [clopper_pearson(*b) for b in request["binomial"]],
        "bridge": [math.log(float(special.kolmogorov(h))) for h in request["bridge"]],
    }
    json.dump(answer, sys.stdout, allow_nan=False)


if __name__ == "__main__":
    main()
