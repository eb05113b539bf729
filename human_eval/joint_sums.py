"""Sums per image over a lens' board and over the cells of it that people have rated.

Every sum is a column, so that a figure of the whole is a function of summed rows, [draws, 6].
"""

from __future__ import annotations

import numpy as np

from harness.core.bootstrap import Floats, cluster_sums

COLUMNS = ("cells", "hits", "both", "people_only", "judge_only", "neither")
"""Judged cells and hits among them, counted; rated cells by people and judge, weighted."""


def joint_sums(judged: Floats, labelled: Floats, weights: Floats, images: list[str]) -> Floats:
    """Return the sums of one board, [images, 6], images sorted by name.

    Args:
        judged: The judge's verdict of each cell, 1 or 0, [n].
        labelled: People's verdict where there is one, else NaN, [n].
        weights: Weight of each cell that people rated, [n].
        images: Image of each cell, [n].
    """
    rated = ~np.isnan(labelled)
    people = np.where(rated, labelled, 0.0)
    w = np.where(rated, weights, 0.0)
    columns = [
        np.ones_like(judged),
        judged,
        w * people * judged,
        w * people * (1 - judged),
        w * (1 - people) * judged,
        w * (1 - people) * (1 - judged),
    ]
    return cluster_sums(np.stack(columns, axis=1), images)


def ratio(above: Floats, below: Floats) -> Floats:
    """Return ``above / below``, NaN where ``below`` is 0."""
    result: Floats = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=result, where=below != 0)
    return result


def raw_rate(sums: Floats) -> Floats:
    """Return the judge's rate over the board."""
    return ratio(sums[:, 1], sums[:, 0])
