"""Intervals and tests: Wilson for one rate, whole-image bootstrap for means and differences.

Patches of one image are not independent of each other, so means and differences resample whole
images. Everything is seeded; no result depends on the order in which images are given.
``reports/COVERAGE.md`` has how often the intervals contain the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import comb, hypot
from typing import NamedTuple

from harness.core.bootstrap import DRAWS, Floats, cluster_interval
from harness.core.errors import MismatchError, UsageError
from harness.core.wilson import score_interval
from reports.image_sums import ImageSums, Values, effective_n, sums_by_image

__all__ = [
    "DRAWS",
    "Difference",
    "Interval",
    "Values",
    "cluster_bootstrap_mean",
    "difference_interval",
    "mcnemar",
    "mean_interval",
    "newcombe",
    "paired_difference",
    "rate_interval",
    "wilson",
]


class Interval(NamedTuple):
    """An interval of a rate or of a difference of rates."""

    low: float
    high: float


class Difference(NamedTuple):
    """Mean of ``a - b`` over the patches both were scored on, with its interval."""

    mean: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def differs(self) -> bool:
        """Whether the interval excludes 0; False where there is none."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def wilson(hits: int, n: int, confidence: float = 0.95) -> Interval:
    """Return Wilson's score interval of the rate ``hits / n``.

    Definition: all rates p for which the normal test of ``hits`` out of ``n`` against p is not
    rejected. Denominator: scored patches. Degenerate: for n = 0 nothing is known, [0, 1]; for
    0 or n hits one end is exactly 0 or 1. It takes the n outcomes as independent.
    Reference: Wilson 1927, JASA 22(158); Brown, Cai and DasGupta 2001, Statist. Sci. 16(2).

    Raises:
        UsageError: not 0 <= hits <= n, or a confidence outside (0, 1).
    """
    if not 0 <= hits <= n:
        raise UsageError(f"wilson: hits={hits} of n={n}: expected 0 <= hits <= n")
    if n == 0:
        return Interval(0.0, 1.0)
    return Interval(*score_interval(hits / n, n, _checked(confidence)))


def rate_interval(sums: ImageSums, confidence: float = 0.95) -> Interval:
    """Return Wilson's interval of a rate at the effective number of its patches.

    Definition: as :func:`wilson`, with n of :func:`reports.image_sums.effective_n` and the rate of
    all scored patches. It is Wilson's own interval where each image has one patch. Degenerate:
    where all are hits or none is, images are counted as one patch each.
    Reference: Korn and Graubard 1998, Survey Methodology 24(2); Dean and Pagano 2015, J. Surv.
    Stat. Methodol. 3(4).
    """
    return Interval(*score_interval(sums.mean, effective_n(sums), _checked(confidence)))


def newcombe(
    hits_a: float, n_a: float, hits_b: float, n_b: float, confidence: float = 0.95
) -> Interval:
    """Return the interval of the difference of two independent rates, ``a - b``.

    Definition: with Wilson's interval [l, u] of each rate p, the ends are
    d - sqrt((p_a - l_a)^2 + (u_b - p_b)^2) and d + sqrt((u_a - p_a)^2 + (p_b - l_b)^2).
    Denominators: the scored patches of each, or their effective number, which need not be whole.
    Degenerate: nothing is known of a rate without patches, [-1, 1].
    Reference: Newcombe 1998, Statist. Med. 17(8), 873-890, method 10.

    Raises:
        UsageError: not 0 <= hits <= n for one of them, or a confidence outside (0, 1).
    """
    level = _checked(confidence)
    for name, hits, n in (("a", hits_a, n_a), ("b", hits_b, n_b)):
        if not 0 <= hits <= n:
            raise UsageError(
                f"newcombe: hits_{name}={hits} of n_{name}={n}: expected 0 <= hits <= n"
            )
    if n_a == 0 or n_b == 0:
        return Interval(-1.0, 1.0)
    p_a, p_b = hits_a / n_a, hits_b / n_b
    low_a, high_a = score_interval(p_a, n_a, level)
    low_b, high_b = score_interval(p_b, n_b, level)
    return Interval(
        p_a - p_b - hypot(p_a - low_a, high_b - p_b), p_a - p_b + hypot(high_a - p_a, p_b - low_b)
    )


def cluster_bootstrap_mean(
    values_by_image: Mapping[str, Values],
    draws: int = DRAWS,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval | None:
    """Return the interval of a mean over layers by :func:`mean_interval`, from images by name.

    Args:
        values_by_image: Image id to outcomes from 0 to 1, [patches] or [patches, layers], NaN for
            unscored.
        draws: Number of resamples.
        seed: Seed of the resampling.
        confidence: Probability content, inside (0, 1).
    """
    sums = sums_by_image(values_by_image)
    _checked(confidence)
    return None if sums is None else mean_interval(sums, seed, draws, confidence)


def mean_interval(
    sums: ImageSums, seed: int = 0, draws: int = DRAWS, confidence: float = 0.95
) -> Interval | None:
    """Return the interval of the mean of outcomes from 0 to 1.

    Definition: whole images are resampled with all their patches and layers, and the ends are
    expanded percentiles of the drawn means, :func:`harness.core.bootstrap.cluster_interval`.
    Denominator: scored patches of each layer; each layer has one vote. Degenerate: None below two
    images with a scored patch; where every image gives the same rate, as with no hit at all, every
    draw agrees, so Wilson's interval with n = images is returned instead of one of no width.
    Reference: see :func:`harness.core.bootstrap.cluster_interval`.
    """
    if sums.images < 2:
        return None
    if sums.constant:
        return Interval(*score_interval(sums.mean, sums.images, confidence))
    found = cluster_interval(sums.rows, _ratio, seed=seed, draws=draws, confidence=confidence)
    return Interval(max(0.0, found[0]), min(1.0, found[1])) if found else None


def paired_difference(
    a_by_image: Mapping[str, Values],
    b_by_image: Mapping[str, Values],
    draws: int = DRAWS,
    seed: int = 0,
    confidence: float = 0.95,
) -> Difference:
    """Return the mean of ``a - b`` over common cells, with its interval over whole images.

    Definition: the difference at each patch and layer that is scored for both, averaged over the
    patches of a layer and then over layers; the pairing removes what makes an image easy or hard
    for both. Denominator: patches with at least one layer scored for both. Degenerate: no mean
    without such a patch; see :func:`difference_interval` for the interval.
    Reference: Koehn 2004, EMNLP (paired bootstrap); Field and Welsh 2007, JRSS B 69(3) (clusters).

    Raises:
        MismatchError: the two do not hold the same images with the same shapes.
    """
    if a_by_image.keys() != b_by_image.keys():
        raise MismatchError("paired_difference: a and b hold different images")
    differences: dict[str, Values] = {}
    for image, a in a_by_image.items():
        b = b_by_image[image]
        if a.shape != b.shape:
            raise MismatchError(
                f"paired_difference: image {image!r} has outcomes of shape {a.shape} in a and "
                f"{b.shape} in b; expected the same patches and layers"
            )
        differences[image] = a - b
    sums = sums_by_image(differences)
    _checked(confidence)
    if sums is None:
        return Difference(None, None, None, 0)
    interval = difference_interval(sums, seed, draws, confidence)
    low, high = interval or (None, None)
    return Difference(sums.mean, low, high, sums.patches)


def difference_interval(
    sums: ImageSums, seed: int = 0, draws: int = DRAWS, confidence: float = 0.95
) -> Interval | None:
    """Return the interval of a mean of differences from -1 to 1, resampling whole images.

    Definition: as :func:`mean_interval`. Draws of images cannot show what no image has: where all
    images favour one side, none of the draws favours the other. G images then leave open that a
    share w of the patches does, up to Wilson's upper end for 0 of G, and an end on that side is at
    least as far as a mean of the difference d over the others and of -1 or 1 over these:
    (1 - w) d - w or (1 - w) d + w. Degenerate: None below two images. Where every image gives the
    same difference, as with two lenses that never differ, both ends are these.
    """
    if sums.images < 2:
        return None
    _, unseen = score_interval(0.0, sums.images, _checked(confidence))
    lowest, highest = ((1 - unseen) * sums.mean + extreme for extreme in (-unseen, unseen))
    if sums.constant:
        return Interval(lowest, highest)
    found = cluster_interval(sums.rows, _ratio, seed=seed, draws=draws, confidence=confidence)
    if found is None:
        return None
    low = min(found[0], lowest) if (sums.shares >= 0).all() else found[0]
    high = max(found[1], highest) if (sums.shares <= 0).all() else found[1]
    return Interval(max(-1.0, low), min(1.0, high))


def mcnemar(b: int, c: int) -> float:
    """Return the two-sided exact p-value for two lenses on the same patches.

    Definition: of the ``b + c`` patches on which the two disagree (``b`` hits of the first only,
    ``c`` of the second only), the chance of a split at least as uneven if each side were equally
    likely. Denominator: disagreeing patches. Degenerate: 1 if there are none. Patches are taken as
    independent: where an image has several, the test finds differences that are not there more
    often than it says. :func:`reports.sign_flip.sign_flip` does not.
    Reference: McNemar 1947, Psychometrika 12(2); exact form as in Fagerland et al. 2013.

    Raises:
        UsageError: a count is negative.
    """
    if b < 0 or c < 0:
        raise UsageError(f"mcnemar: b={b}, c={c}: counts cannot be negative")
    n = b + c
    tail = sum(comb(n, i) for i in range(min(b, c) + 1))
    return min(1.0, 2 * tail / (1 << n))


def _checked(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise UsageError(f"confidence={confidence}: expected a number between 0 and 1")
    return confidence


def _ratio(drawn: Floats) -> Floats:
    found: Floats = drawn[:, 0] / drawn[:, 1]
    return found
