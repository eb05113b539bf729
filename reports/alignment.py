"""The mid-layer leap: from which text layer the neighbours of each visual layer come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from harness.core.records import Record
from reports.outcomes import Columns
from reports.published.paper import PublishedAlignment

INPUT: Final = 0
"""Source layer under which neighbours in the input embedding are counted."""


class AlignmentMatrix(Record):
    """Counts and shares of a lens's neighbours by visual layer and contextual source layer."""

    lens: str
    """Lens or control whose neighbours carry a source layer."""
    visual_layers: tuple[int, ...]
    """Rows, ascending."""
    source_layers: tuple[int, ...]
    """Columns: contextual layers of the reference library that occur, ascending."""
    counts: tuple[tuple[int, ...], ...]
    """Neighbours of all patches, [visual layers][source layers]."""
    shares: tuple[tuple[float, ...], ...]
    """Counts divided by their row's sum."""


def lenses_with_sources(descriptions: Columns) -> tuple[str, ...]:
    """Return the lenses that have a neighbour with a source layer, in order of appearance."""
    pairs = zip(descriptions["lens"], descriptions["source_layer"], strict=True)
    return tuple(dict.fromkeys(lens for lens, source in pairs if _known(source)))


def alignment_matrix(descriptions: Columns, lens: str) -> AlignmentMatrix:
    """Tabulate the neighbours of ``lens`` by visual layer and source layer.

    All ranks count alike. Denominator of a share: all neighbours at that visual layer that carry
    a source layer. The matrix is empty if there are none. Neighbours in the input embedding are
    not merged in; :func:`merged_alignment` does that.
    """
    counts: Counter[tuple[int, int]] = Counter()
    columns = [descriptions[name] for name in ("lens", "layer", "source_layer")]
    for name, layer, source in zip(*columns, strict=True):
        if name == lens and _known(source):
            counts[int(layer), int(source)] += 1
    return _matrix(lens, counts)


def merged_alignment(
    descriptions: Columns, contextual: str, embedding: str, k: int
) -> AlignmentMatrix:
    """Tabulate the neighbours of two lenses together, the second as source layer 0.

    For each patch and visual layer the neighbours of both are put into one list by their score and
    the best ``k`` are counted, as in the mid-layer leap of arXiv 2602.00462. Both must score by
    the same cosine. Neighbours without a score, and patches that only one of them described, are
    left out. Ties: the earlier source layer. Denominator of a share: all neighbours counted at
    that visual layer.

    Args:
        descriptions: Columns of the run.
        contextual: Lens whose neighbours carry a source layer.
        embedding: Lens of the input embedding.
        k: Neighbours counted per patch and layer.
    """
    found: dict[tuple[int, str], list[tuple[float, int]]] = {}
    owners: dict[tuple[int, str], set[str]] = {}
    names = ("lens", "layer", "patch_id", "source_layer", "score")
    columns = [descriptions[name] for name in names]
    for name, layer, patch, source, score in zip(*columns, strict=True):
        if _known(score) and (name == embedding or (name == contextual and _known(source))):
            place = int(layer), patch
            owners.setdefault(place, set()).add(name)
            layer_found = int(source) if name == contextual else INPUT
            found.setdefault(place, []).append((-float(score), layer_found))
    counts: Counter[tuple[int, int]] = Counter()
    for place, neighbours in found.items():
        if len(owners[place]) == 2:
            counts.update((place[0], source) for _, source in sorted(neighbours)[:k])
    return _matrix(contextual, counts)


def published_alignment(rows: Iterable[PublishedAlignment], model: str) -> AlignmentMatrix:
    """Tabulate the published counts of one model; empty if it is not there."""
    counts: Counter[tuple[int, int]] = Counter()
    for row in rows:
        if row.model == model:
            counts[row.visual_layer, row.source_layer] += row.neighbours
    return _matrix("latent", counts)


def dominant(matrix: AlignmentMatrix, layer: int) -> tuple[int, float]:
    """Return the source layer with most neighbours at a visual layer, and its share.

    Ties: the earlier source layer.
    """
    row = matrix.shares[matrix.visual_layers.index(layer)]
    best = max(range(len(row)), key=lambda place: row[place])
    return matrix.source_layers[best], row[best]


def _matrix(lens: str, counts: Mapping[tuple[int, int], int]) -> AlignmentMatrix:
    kept = {place: count for place, count in counts.items() if count}
    visual = tuple(sorted({layer for layer, _ in kept}))
    sources = tuple(sorted({source for _, source in kept}))
    table = tuple(tuple(kept.get((layer, source), 0) for source in sources) for layer in visual)
    return AlignmentMatrix(
        lens=lens,
        visual_layers=visual,
        source_layers=sources,
        counts=table,
        shares=tuple(tuple(count / sum(row) for count in row) for row in table),
    )


def _known(source: object) -> bool:
    # A column read through a data frame holds NaN, which differs from itself, in place of None.
    return source is not None and source == source  # noqa: PLR0124
