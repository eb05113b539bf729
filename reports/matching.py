"""Which patches or images of two runs belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.records import Definition
from reports.image_sums import Codes, Values, image_codes
from reports.outcomes import Outcomes

Pairing: TypeAlias = Literal["patches", "images", "none"]
"""What is compared with its own counterpart: every patch, every image's rate, or nothing."""

_Rows: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Matched:
    """Units of two boards, in the same order on both sides where they are paired."""

    pairing: Pairing
    """How they are paired."""
    first: tuple[_Rows, ...]
    """Rows of the first board that make up each unit."""
    second: tuple[_Rows, ...]
    """Rows of the second."""
    first_codes: Codes
    """Image of each unit of the first."""
    second_codes: Codes
    """Image of each unit of the second; the same where units are paired."""
    images: int
    """Images compared: those of both, or the smaller number of the two if nothing is paired."""
    left_out: tuple[int, int]
    """Patches of the first and of the second board that have no counterpart."""


def match(first: Outcomes, second: Outcomes) -> Matched:
    """Pair two boards as closely as their patches allow.

    By patch, if all patches of one are patches of the other too; otherwise by image, on the images
    of both; otherwise not at all. Units are in the order of their names, so the order of a run's
    patches changes nothing.
    """
    ids = [{patch.patch_id: row for row, patch in enumerate(b.patches)} for b in (first, second)]
    common = sorted(ids[0].keys() & ids[1].keys())
    if common and len(common) == min(map(len, ids)):
        rows = [[np.array([table[each]]) for each in common] for table in ids]
        owners = [first.patches[ids[0][each]].image_id for each in common]
        return _paired("patches", first, second, rows, owners)
    images = [_by_image(board) for board in (first, second)]
    shared = sorted(images[0].keys() & images[1].keys())
    if shared:
        return _paired(
            "images", first, second, [[table[each] for each in shared] for table in images], shared
        )
    singles = [[np.array([row]) for row in range(len(b.patches))] for b in (first, second)]
    codes = [image_codes([p.image_id for p in b.patches]) for b in (first, second)]
    fewer = min(map(len, images))
    return Matched("none", tuple(singles[0]), tuple(singles[1]), codes[0], codes[1], fewer, (0, 0))


def unit_values(
    board: Outcomes,
    units: Sequence[_Rows],
    lens: str,
    layers: Sequence[int],
    definition: Definition,
) -> Values:
    """Return [units, layers] rates: of a unit's scored patches, NaN where none is scored."""
    hits = np.stack([board.hits(lens, layer, definition) for layer in layers], axis=1)
    scored = ~np.isnan(hits)
    filled = np.where(scored, hits, 0.0)
    sums = np.stack([filled[rows].sum(axis=0) for rows in units])
    counts = np.stack([scored[rows].sum(axis=0) for rows in units])
    rates: Values = np.full(sums.shape, np.nan)
    np.divide(sums, counts, out=rates, where=counts > 0)
    return rates


def _paired(
    pairing: Pairing,
    first: Outcomes,
    second: Outcomes,
    rows: Sequence[Sequence[_Rows]],
    owners: Sequence[str],
) -> Matched:
    codes = image_codes(owners)
    used = [sum(map(len, side)) for side in rows]
    return Matched(
        pairing,
        tuple(rows[0]),
        tuple(rows[1]),
        codes,
        codes,
        len(set(owners)),
        (len(first.patches) - used[0], len(second.patches) - used[1]),
    )


def _by_image(board: Outcomes) -> dict[str, _Rows]:
    rows: dict[str, list[int]] = {}
    for row, patch in enumerate(board.patches):
        rows.setdefault(patch.image_id, []).append(row)
    return {image: np.array(members) for image, members in rows.items()}
