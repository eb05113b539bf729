"""Wilson's score interval, for every rate of the project."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def score_interval(share: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the rates that the normal test of ``share`` among ``n`` outcomes does not reject.

    One end is exactly 0 or 1 where the share is. Outcomes are taken as independent; for others
    ``n`` is their effective number, which need not be whole.
    Reference: Wilson 1927, JASA 22(158).

    Args:
        share: Share of hits, 0 to 1.
        n: Number of outcomes, above 0.
        confidence: Probability content, inside (0, 1).
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    low = 0.0 if share == 0 else max(0.0, centre - half)
    return low, 1.0 if share == 1 else min(1.0, centre + half)
