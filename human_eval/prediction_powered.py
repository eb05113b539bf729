"""Prediction-powered rate: the judge over the whole board, set right by people's labels."""

from __future__ import annotations

import numpy as np

from harness.core.agreement import Estimate
from harness.core.bootstrap import METHOD, Floats, cluster_interval
from human_eval.joint_sums import ratio, raw_rate


def prediction_powered(sums: Floats, labels: int, seed: int) -> Estimate:
    """Return the rate that people would give over the board, and its interval.

    Definition: tuning * raw + (people's weighted rate - tuning * the judge's weighted rate), both
    rates over the labelled cells and raw the judge's over the board. The tuning that makes the
    variance least is cov(people, judge) / var(judge), measured on the labelled cells and cut to
    [0, 1]; it is not divided by 1 + n / N as for predictions of further cells, since the labelled
    cells are among the board's. At 0 the judge is not used, so a useless judge does no harm. For a
    judge that says hit or miss this is the rate weighted to the judge's verdicts on the board,
    P(hit | judged hit) raw + P(hit | judged miss) (1 - raw).
    It is right for any judge as long as the labels are a random sample of the board with weights
    of 1 over the chance to be drawn. For a list that someone chose it is right only if people's
    hits are as frequent in it as on the board among the judge's hits, and among its misses.
    Interval: whole images are resampled, board and labels together, and the tuning is measured
    again in each draw.
    Reference: Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023, Science 382; Angelopoulos,
    Duchi and Zrnic 2023, arXiv 2311.01453 (tuning); Tenenbein 1970, JASA 65(331) (two verdicts).

    Args:
        sums: :func:`human_eval.joint_sums.joint_sums` of the board, [images, 6].
        labels: Number of cells that people rated.
        seed: Seed of the resampling.
    """
    estimate = float(_estimate(sums.sum(axis=0, keepdims=True))[0])
    interval = cluster_interval(sums, _estimate, seed=seed)
    if interval is None:
        return Estimate(estimate=estimate, n=labels, reason="undefined in too many resamples")
    return Estimate(estimate=estimate, interval=interval, n=labels, method=METHOD)


def _estimate(sums: Floats) -> Floats:
    _, _, both, people_only, judge_only, _ = sums.T
    weight = sums[:, 2:].sum(axis=1)
    people = ratio(both + people_only, weight)
    judge = ratio(both + judge_only, weight)
    covariance = ratio(both, weight) - people * judge
    tuning = np.clip(np.nan_to_num(ratio(covariance, judge * (1 - judge))), 0.0, 1.0)
    return people + tuning * (raw_rate(sums) - judge)
