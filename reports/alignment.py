"""The mid-layer leap: from which text layer the neighbours of each visual layer come."""

from __future__ import annotations

from collections import Counter
from typing import Final

from harness.core.records import Record
from reports.outcomes import Columns

CHANCE_LENS: Final = "random-reference"
"""Control that draws library rows blindly: the shares that the library's make-up alone gives."""


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
    a source layer. The matrix is empty if there are none. Unlike the figure of arXiv 2602.00462
    (mid-layer leap), input-embedding neighbours are not merged in as a source layer 0.
    """
    counts: Counter[tuple[int, int]] = Counter()
    columns = [descriptions[name] for name in ("lens", "layer", "source_layer")]
    for name, layer, source in zip(*columns, strict=True):
        if name == lens and _known(source):
            counts[int(layer), int(source)] += 1
    visual = tuple(sorted({layer for layer, _ in counts}))
    sources = tuple(sorted({source for _, source in counts}))
    table = tuple(tuple(counts[layer, source] for source in sources) for layer in visual)
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
