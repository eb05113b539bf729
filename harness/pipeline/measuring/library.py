"""Figures of the reference library as visual tokens see it: anisotropy, leap, rogue dimensions."""

from __future__ import annotations

from typing import Final

import torch

from harness.core.measures import LeapLayer, RogueLayer, SourceLayerCosine
from harness.pipeline.measuring.rows import DrawnRows, units
from harness.pipeline.measuring.scan import Cosines, Nearest, nearest_without, scan
from lenses.library.store import Library

SHOWN: Final = 16
"""Dimensions whose shares are kept, at most half of all."""

REMOVED: Final = 8
"""Dimensions left out for the overlap, at most as many as are shown."""


def within(library: Library, layer: int) -> float | None:
    """Return the mean cosine of two different rows of one layer, over all pairs of rows.

    Definition: with n unit vectors of mean m, the n (n - 1) ordered pairs sum to n^2 |m|^2 - n, so
    the mean is (n |m|^2 - 1) / (n - 1): exact from the stored mean, up to the rounding of the
    stored rows. Degenerate: None with fewer than two rows.
    Reference: anisotropy, Ethayarajh 2019 (arXiv 1909.00512).
    """
    n = len(library)
    if n < 2:
        return None
    square = float(library.layer(layer).mean.double().square().sum())
    return (n * square - 1) / (n - 1)


def source_cosines(
    library: Library, found: Cosines, shape: tuple[int, int]
) -> list[SourceLayerCosine]:
    """Return the anisotropy by contextual layer; empty with fewer than two rows.

    Args:
        library: All its rows count for ``within``.
        found: Cosines with the drawn rows, tokens layer by layer.
        shape: Visual layers and tokens per layer.
    """
    records = []
    for group, layer in enumerate(library.layers):
        alike = within(library, layer)
        if alike is not None:
            mean = found.mean[group].view(shape)
            variance = found.variance[group].view(shape)
            # Over all pairs: within tokens, and between the means of tokens.
            spread = (variance.mean(dim=1) + mean.var(dim=1, correction=0)).sqrt()
            records.append(
                SourceLayerCosine(
                    layer=layer,
                    within=alike,
                    visual=tuple(mean.mean(dim=1).tolist()),
                    spread=tuple(spread.tolist()),
                )
            )
    return records


def leap(visual: tuple[int, ...], rows: DrawnRows, found: Cosines, tokens: int) -> list[LeapLayer]:
    """Return from which contextual layer the nearest row of a token comes, with and without scale.

    The z-score takes out that all rows of one layer may be nearer to any token than those of
    another: best cosine minus the mean of that token's cosines with the layer's rows, by their
    standard deviation. Equally many rows of each layer compete. Degenerate: 0 where they do not
    differ. Ties go to the earlier layer.

    Args:
        visual: Visual layers.
        rows: Drawn rows.
        found: Cosines with the drawn rows, tokens layer by layer.
        tokens: Tokens per visual layer.
    """
    deviation = found.variance.sqrt()
    score = (found.best - found.mean) / torch.where(deviation > 0, deviation, 1.0)
    return [
        LeapLayer(
            layer=layer,
            source_layers=rows.layers,
            nearest=_shares(found.best, slice(i * tokens, (i + 1) * tokens)),
            normalised=_shares(score, slice(i * tokens, (i + 1) * tokens)),
            n=tokens,
            rows=len(rows),
        )
        for i, layer in enumerate(visual)
    ]


def rogue(
    visual: tuple[int, ...], rows: DrawnRows, tokens: torch.Tensor, nearest: Nearest, k: int
) -> list[RogueLayer]:
    """Return which dimensions carry the cosines of tokens with their nearest row.

    Definition: dimension i carries u_i v_i of the cosine of unit vectors u and v; its share is the
    sum of that over tokens divided by the sum of the cosines. The dimensions of the largest shares
    are left out of both vectors, which are brought to unit length anew, and the overlap is the mean
    share of the nearest ``k`` rows that are still among the nearest ``k``. Degenerate: a layer is
    left out where the cosines do not sum to more than 0.
    Reference: Timkey and van Schijndel 2021 (arXiv 2109.04404), there of random pairs.

    Args:
        visual: Visual layers.
        rows: Drawn rows.
        tokens: [visual layers, n, d] float32 of unit length.
        nearest: Nearest rows of all tokens, layer by layer.
        k: Neighbours compared; fewer if there are fewer rows.

    Raises:
        DataError: A part of the library cannot be read.
    """
    layers, n, width = tokens.shape
    shown = min(SHOWN, width // 2)
    removed = min(REMOVED, shown)
    partners = rows.at(nearest.groups[:, 0], nearest.places[:, 0]).view(layers, n, width)
    carried = (tokens.double() * partners.double()).sum(dim=1)
    total = carried.sum(dim=1, keepdim=True)
    known = [i for i in range(layers) if float(total[i]) > 0]
    if not known or removed == 0:
        return []
    shares, order = (carried / total)[known].sort(dim=1, descending=True, stable=True)
    other = nearest_without(rows, tokens[known], list(order[:, :removed]), k)
    before = _identity(nearest, len(rows)).view(layers, n, -1)[known]
    after = _identity(other, len(rows)).view(len(known), n, -1)
    stay = (before[..., :, None] == after[..., None, :]).any(dim=-1).double().mean(dim=(1, 2))
    return [
        RogueLayer(
            layer=visual[i],
            dimensions=tuple(order[place, :shown].tolist()),
            shares=tuple(shares[place, :shown].tolist()),
            removed=removed,
            overlap=float(stay[place]),
            k=before.shape[-1],
            n=n,
        )
        for place, i in enumerate(known)
    ]


def compare_with_library(
    visual: tuple[int, ...], states: torch.Tensor, rows: DrawnRows, k: int
) -> tuple[list[SourceLayerCosine], list[LeapLayer], list[RogueLayer]]:
    """Return all figures of visual tokens against library rows.

    Args:
        visual: Visual layers.
        states: [tokens, visual layers, d], at least one token.
        rows: Drawn rows, at least one.
        k: Neighbours compared.

    Raises:
        DataError: A part of the library cannot be read.
    """
    tokens = units(states).transpose(0, 1).contiguous()
    layers, n, width = tokens.shape
    found = scan(rows, tokens.view(layers * n, width), k)
    return (
        source_cosines(rows.library, found, (layers, n)),
        leap(visual, rows, found, n),
        rogue(visual, rows, tokens, found.nearest, k),
    )


def _shares(scores: torch.Tensor, tokens: slice) -> tuple[float, ...]:
    """Return the share of tokens whose highest of ``scores`` [source layers, all] is of each."""
    winner = scores[:, tokens].argmax(dim=0)
    counts = torch.bincount(winner, minlength=len(scores)).double()
    return tuple((counts / counts.sum()).tolist())


def _identity(nearest: Nearest, rows: int) -> torch.Tensor:
    return nearest.groups * rows + nearest.places
