"""A judge's rate corrected by the sensitivity and specificity that people's labels measure."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from harness.core.agreement import Estimate
from harness.core.bootstrap import METHOD, Floats, cluster_interval
from human_eval.joint_sums import ratio, raw_rate

MIRRORED = 0.25
"""Standard errors within which labels have the board's share of hits by the judge."""


class JudgeErrors(NamedTuple):
    """What a judge gets right, from weighted cells that people rated too; each [draws]."""

    sensitivity: Floats
    """Share of people's hits that the judge calls hits."""
    specificity: Floats
    """Share of people's misses that the judge calls misses."""

    @property
    def youden(self) -> Floats:
        """Youden's index, 0 for a judge that says nothing about people."""
        return self.sensitivity + self.specificity - 1


def judge_errors(sums: Floats) -> JudgeErrors:
    """Return sensitivity and specificity of summed rows; NaN without hits or misses by people."""
    _, _, both, people_only, judge_only, neither = sums.T
    return JudgeErrors(ratio(both, both + people_only), ratio(neither, neither + judge_only))


def rogan_gladen(sums: Floats, labels: int, seed: int) -> Estimate:
    """Return the rate that people would give, from the judge's rate and its measured errors.

    Definition: (raw + specificity - 1) / (sensitivity + specificity - 1), where raw is the judge's
    rate over the board; outside [0, 1] it is cut to the nearer end. It takes the errors measured on
    the labelled cells for those on the whole board, whatever the share of hits among the labelled.
    Interval: whole images are resampled, board and labels together. Where the labels have the
    board's share of hits by the judge, within a quarter of a standard error, as a draw that is
    stratified by the judge's verdicts has by design, every draw is weighted to have it too; else
    the draws would add a spread that such a sample does not have.
    Degenerate: refused where the interval of Youden's index, the divisor, reaches 0: the judge's
    verdicts then say nothing about people's.
    Reference: Rogan and Gladen 1978, Am. J. Epidemiol. 107(1); Lang and Reiczigel 2014, Prev. Vet.
    Med. 113(1) (interval with estimated errors); Begg and Greenes 1983, Biometrics 39(1) (errors
    weighted to the judge's verdicts).

    Args:
        sums: :func:`human_eval.joint_sums.joint_sums` of the board, [images, 6].
        labels: Number of cells that people rated.
        seed: Seed of the resampling.
    """
    total = sums.sum(axis=0, keepdims=True)
    errors = judge_errors(total)
    index = float(errors.youden[0])
    spread = cluster_interval(sums, _youden, seed=seed)
    if spread is None or not spread[0] > 0:
        shown = "" if spread is None else f" [{spread[0]:.2f}, {spread[1]:.2f}]"
        return _refused(
            labels,
            f"sensitivity {errors.sensitivity[0]:.2f} + specificity {errors.specificity[0]:.2f} - 1"
            f" = {index:.2f}{shown} cannot be told from 0",
        )
    figure = _weighted_to_board if _mirrors(sums) else _corrected
    interval = cluster_interval(sums, figure, seed=seed)
    estimate = float(_corrected(total)[0])
    if interval is None:
        return Estimate(estimate=estimate, n=labels, reason="undefined in too many resamples")
    return Estimate(estimate=estimate, interval=interval, n=labels, method=METHOD)


def _youden(sums: Floats) -> Floats:
    return judge_errors(sums).youden


def _corrected(sums: Floats) -> Floats:
    """Return the corrected rate, cut to [0, 1]; NaN where the judge is no better than chance."""
    errors = judge_errors(sums)
    index = np.where(errors.youden > 0, errors.youden, 0.0)
    rate: Floats = np.clip(ratio(raw_rate(sums) + errors.specificity - 1, index), 0.0, 1.0)
    return rate


def _weighted_to_board(sums: Floats) -> Floats:
    """Return the corrected rate after weighting the labels to the board's share of hits.

    With such weights the formula becomes raw P(hit | judged hit) + (1 - raw) P(hit | judged miss).
    """
    _, _, both, people_only, judge_only, neither = sums.T
    raw = raw_rate(sums)
    hits = raw * ratio(both, both + judge_only)
    misses = (1 - raw) * ratio(people_only, people_only + neither)
    return hits + misses


def _discrepancy(sums: Floats) -> Floats:
    """Return the judge's rate over the board minus that over the labels."""
    _, _, both, _, judge_only, _ = sums.T
    return raw_rate(sums) - ratio(both + judge_only, sums[:, 2:].sum(axis=1))


def _mirrors(sums: Floats) -> bool:
    """Tell whether labels have the board's share of hits closer than chance would make it."""
    total = sums.sum(axis=0, keepdims=True)
    left_out = _discrepancy(total - sums)
    images = len(sums)
    error = sqrt((images - 1) / images * float(((left_out - left_out.mean()) ** 2).sum()))
    return bool(abs(_discrepancy(total)[0]) <= MIRRORED * error)


def _refused(labels: int, reason: str) -> Estimate:
    return Estimate(estimate=None, n=labels, reason=f"refused: {reason}")
