"""Made-up studies with known population figures: images differ in what they show and how they err.

An image has a rate of hits by people of its own, and the judge a sensitivity and a specificity of
its own on it, each drawn from a beta distribution. Truths are computed from the means of these
distributions; no code under test is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Hits = npt.NDArray[np.float64]
"""1 hit, 0 miss."""

IMAGE_SPREAD = 0.15
"""Correlation of people's verdicts on two items of one image."""

ERROR_SPREAD = 0.10
"""Correlation of a judge's errors on two items of one image."""


@dataclass(frozen=True, slots=True)
class Judge:
    """How often a judge is right, over all images."""

    sensitivity: float
    """Share of people's hits that it calls hits."""
    specificity: float
    """Share of people's misses that it calls misses."""

    def rate(self, prevalence: float) -> float:
        """Return its share of hits where people's is ``prevalence``."""
        return prevalence * self.sensitivity + (1 - prevalence) * (1 - self.specificity)

    def agreement(self, prevalence: float) -> float:
        """Return the share of items on which it says what people say."""
        return prevalence * self.sensitivity + (1 - prevalence) * self.specificity

    def kappa(self, prevalence: float) -> float:
        """Return Cohen's kappa with people."""
        rate = self.rate(prevalence)
        chance = prevalence * rate + (1 - prevalence) * (1 - rate)
        return (self.agreement(prevalence) - chance) / (1 - chance)

    def ac1(self, prevalence: float) -> float:
        """Return Gwet's AC1 with people."""
        mean = (prevalence + self.rate(prevalence)) / 2
        chance = 2 * mean * (1 - mean)
        return (self.agreement(prevalence) - chance) / (1 - chance)


def image_sizes(n: int, even: bool) -> list[int]:
    """Return items per image that add up to ``n``: all 6, or 1 to 10 in turn; the last has less."""
    sizes: list[int] = []
    while sum(sizes) < n:
        size = 6 if even else len(sizes) % 10 + 1
        sizes.append(min(size, n - sum(sizes)))
    return sizes


def image_rates(
    rng: np.random.Generator, prevalence: float, images: int, spread: float = IMAGE_SPREAD
) -> Hits:
    """Return a rate for each image, [images], with the mean ``prevalence``."""
    total = 1 / spread - 1
    return rng.beta(prevalence * total, (1 - prevalence) * total, images)


def verdicts(rng: np.random.Generator, rates: Hits, image: npt.NDArray[np.int64]) -> Hits:
    """Return people's verdict on each item, [n], given the rate of each image and its image."""
    return (rng.random(len(image)) < rates[image]).astype(np.float64)


def judged(
    rng: np.random.Generator, judge: Judge, people: Hits, image: npt.NDArray[np.int64]
) -> Hits:
    """Return a judge's verdict on each item, [n]; its errors differ from image to image."""
    images = int(image.max()) + 1
    sensitivity = image_rates(rng, judge.sensitivity, images, ERROR_SPREAD)[image]
    specificity = image_rates(rng, judge.specificity, images, ERROR_SPREAD)[image]
    right = rng.random(len(image)) < np.where(people == 1, sensitivity, specificity)
    return np.where(right, people, 1 - people)


def drawn_by_image(
    rng: np.random.Generator, images: int, cells: int, sizes: list[int]
) -> npt.NDArray[np.float64]:
    """Return weights, [images * cells], of ``sizes`` cells drawn at random from each image."""
    weights = np.zeros((images, cells))
    for image, size in enumerate(sizes):
        weights[image, rng.choice(cells, size, replace=False)] = cells / size
    return weights.ravel()


def drawn_by_verdict(
    rng: np.random.Generator, verdict: Hits, bands: int, n: int
) -> npt.NDArray[np.float64]:
    """Return weights of about ``n`` cells drawn from strata of band and the judge's verdict.

    Each stratum gives its share of ``n``, rounded, and at least one; a weight is the stratum's
    cells over those drawn, 0 where a cell was not drawn. Cells take bands in turn.
    """
    strata = verdict * bands + np.arange(len(verdict)) % bands
    weights = np.zeros(len(verdict))
    for stratum in np.unique(strata):
        cells = np.flatnonzero(strata == stratum)
        size = min(len(cells), max(1, round(n * len(cells) / len(verdict))))
        weights[rng.choice(cells, size, replace=False)] = len(cells) / size
    return weights
