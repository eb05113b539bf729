"""Made-up boards whose lenses have known rates, drawn fast and without words."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from harness.core.bootstrap import Floats
from harness.core.records import LensKind, Patch, RunSpec
from reports.outcomes import Cell, Outcomes

JUDGE = "judge"
_HIT = Cell((0,), ("dog",), ("dog",), "ok", ("concrete",))
_MISS = Cell((0,), ("of",), ("of",), "ok", ("none",))


def draw_hits(
    lot: np.random.Generator,
    rates: Sequence[float],
    images: int,
    per_image: int,
    layers: int = 1,
    image_effect: float = 0.0,
    correlation: float = 0.0,
) -> Floats:
    """Return hits, [lenses, images, patches, layers], with the given rates in the population.

    A cell is a hit where a normal variable is below the quantile of its lens's rate.

    Args:
        lot: Source of the draws.
        rates: Rate of each lens.
        images: Number of images.
        per_image: Patches on each image.
        layers: Number of layers.
        image_effect: Share of that variable's variance that all patches of an image have in
            common, drawn for each lens apart: the harm of taking patches as independent.
        correlation: Share of it that all lenses have in common on a patch.
    """
    shape = (len(rates), images, per_image, layers)
    image = lot.normal(size=(len(rates), images, 1, 1))
    patch = lot.normal(size=(1, images, per_image, 1))
    own = lot.normal(size=shape)
    rest = 1 - image_effect - correlation
    latent = image_effect**0.5 * image + correlation**0.5 * patch + rest**0.5 * own
    limits = np.array([NormalDist().inv_cdf(rate) for rate in rates])
    return np.asarray(latent < limits[:, None, None, None], dtype=np.float64)


def intraclass(rate: float, image_effect: float) -> float:
    """Return the correlation of two patches of one image that :func:`draw_hits` gives."""
    from scipy.stats import multivariate_normal

    limit = NormalDist().inv_cdf(rate)
    both = multivariate_normal(cov=[[1, image_effect], [image_effect, 1]]).cdf([limit, limit])
    return float((both - rate**2) / (rate * (1 - rate)))


def board_of(hits: Floats) -> tuple[Outcomes, RunSpec, dict[str, LensKind]]:
    """Return the joined run with these hits, [lenses, images, patches, layers]."""
    names = tuple(f"lens{number}" for number in range(len(hits)))
    _, images, per_image, depth = hits.shape
    layers = tuple(range(depth))
    patches = tuple(
        Patch(
            patch_id=f"p{image}-{index}",
            image_id=f"image{image:05}",
            row=0,
            col=index,
            token_index=index,
            box=(0, 0, 1, 1),
            region=(0, 0, 3, 3),
        )
        for image in range(images)
        for index in range(per_image)
    )
    cells = {
        (name, layer): tuple(_HIT if hit else _MISS for hit in table[:, :, layer].ravel())
        for name, table in zip(names, hits, strict=True)
        for layer in layers
    }
    spec = RunSpec(
        vlm="made-up",
        vlm_hash="",
        images="",
        image_ids=tuple(dict.fromkeys(patch.image_id for patch in patches)),
        patches_per_image=per_image,
        lenses=names,
        layers=layers,
        contextual_layers=(),
        corpus="",
        corpus_hash="",
        judges=(JUDGE,),
        k=1,
    )
    return Outcomes(JUDGE, names, layers, patches, cells), spec, dict.fromkeys(names, "lens")
