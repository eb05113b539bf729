"""What people are asked: cells drawn from a board by lens, layers and verdict, or listed ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from harness.core.errors import UsageError
from harness.core.ids import digest
from harness.core.progress import announce
from human_eval.allocation import equal_shares, proportional_shares
from human_eval.bands import layer_bands
from human_eval.candidates import Candidate, Sample, Verdict, askable, by_name, make_items
from human_eval.listed_cells import ListedCell, given_items, read_cells

__all__ = [
    "Candidate",
    "ListedCell",
    "Sample",
    "Verdict",
    "draw_items",
    "given_items",
    "layer_bands",
    "read_cells",
]

_Stratum: TypeAlias = tuple[str, ...]
_Strata: TypeAlias = dict[_Stratum, list[Candidate]]

_DIVISIONS: Final[Sequence[Callable[[str, str], _Stratum]]] = (
    lambda band, verdict: (band, verdict),
    lambda _, verdict: (verdict,),
    lambda *_: (),
)
"""Strata by band and verdict, by verdict, and none: from the finest to the coarsest."""


def draw_items(
    candidates: Iterable[Candidate],
    n: int,
    seed: int,
    controls: float,
    *,
    model: str = "",
    patch_types: Mapping[str, str] | None = None,
) -> Sample:
    """Draw ``n`` cells of a board; cells with the same words on the same patch become one item.

    Controls get their per cent, lenses the rest, each of them an equal share as far as it has
    cells. The cells of a row are divided into strata by band and verdict; each gives in proportion
    to its size, and at least one. A row that gets less than one for each is divided by verdict
    only, or not at all, so that no cell of it is without a chance. Of the N cells of a stratum, the
    n with the smallest random number are drawn. The number belongs to patch and layer and is the
    same for all rows, so that lenses are mostly asked about the same places and can be compared in
    pairs. Numbers of different places are independent, so every cell has the chance n / N, and the
    weight N / n; weights of a row add up to the number of its cells that can be asked.

    The order of ``candidates`` does not matter. There are fewer than ``n`` cells in the sample
    where the board has not as many for the parts of lenses and controls.
    Reference: Ohlsson 1995, "Coordination of samples using permanent random numbers", in Business
    Survey Methods; Cochran 1977, Sampling Techniques, chapter 5 (strata).

    Args:
        candidates: All cells of the board.
        n: Number of cells to draw.
        seed: Seed of the draw.
        controls: Per cent of ``n`` drawn from control rows, 0 to 100, rounded to whole cells; less
            if a lens would be left without any.
        model: Vision-language model, for the items.
        patch_types: Patch to kind of patch, for the items.

    Raises:
        UsageError: ``n`` is below the number of lenses, or nothing can be asked.
        DataError: A cell is there twice.
    """
    board = by_name(candidates)
    cells = askable(board.values())
    rows: dict[str, list[Candidate]] = {}
    for cell in cells:
        rows.setdefault(cell.lens, []).append(cell)
    shares = _shares(rows, n, seed, controls)
    bands = layer_bands(cell.layer for cell in board.values())
    strata = {lens: _strata(rows[lens], share, bands) for lens, share in shares.items() if share}
    drawn = [cell for lens in sorted(strata) for cell in _draw(strata[lens], shares[lens], seed)]
    _tell(n, len(drawn), strata)
    return Sample(
        items=make_items(drawn, bands, model, patch_types or {}),
        cells=len(drawn),
        excluded=len(board) - len(cells),
    )


def _shares(
    rows: Mapping[str, Sequence[Candidate]], n: int, seed: int, controls: float
) -> dict[str, int]:
    """Return how many cells to draw of each row: of controls first, the rest of lenses."""
    sizes = {kind: dict[str, int]() for kind in ("lens", "control")}
    for name, cells in rows.items():
        sizes[cells[0].kind][name] = len(cells)
    lenses = sizes["lens"]
    if n < max(1, len(lenses)):
        raise UsageError(
            f"{n} items: expected at least {max(1, len(lenses))}, one for each of the lenses "
            f"{', '.join(sorted(lenses))}"
        )
    wanted = min(round(n * controls / 100), n - len(lenses)) if lenses else n
    chosen = equal_shares(wanted, sizes["control"], seed)
    return chosen | equal_shares(n - sum(chosen.values()), lenses, seed)


def _strata(cells: Sequence[Candidate], n: int, bands: Mapping[int, str]) -> _Strata:
    """Return the cells of a row in the finest strata of which ``n`` cells have one of each."""
    for division in _DIVISIONS:
        strata: _Strata = {}
        for cell in cells:
            strata.setdefault(division(bands[cell.layer], cell.verdict), []).append(cell)
        if len(strata) <= n:
            break
    return strata


def _draw(strata: _Strata, n: int, seed: int) -> list[tuple[Candidate, float]]:
    """Return ``n`` cells, those with the smallest numbers of each stratum, with their weights."""
    shares = proportional_shares(n, {key: len(cells) for key, cells in strata.items()}, seed)
    drawn = []
    for key, share in shares.items():
        ordered = sorted(strata[key], key=lambda cell: _number(cell, seed))
        weight = len(ordered) / share
        drawn += [(cell, weight) for cell in ordered[:share]]
    return drawn


def _number(cell: Candidate, seed: int) -> str:
    """Return the random number of a cell's place, in hexadecimal digits: one for all rows."""
    return digest(["place", seed, cell.patch_id, cell.layer])


def _tell(n: int, drawn: int, strata: Mapping[str, _Strata]) -> None:
    """Tell the user in what the sample differs from what was asked for."""
    coarse = [lens for lens in sorted(strata) if len(next(iter(strata[lens]))) < 2]
    if coarse:
        announce(
            f"too few items for every band and verdict of {', '.join(coarse)}: drawn by verdict "
            "only, or by chance alone"
        )
    if drawn < n:
        announce(f"{drawn} cells are drawn, not {n}: lenses or controls have no more of them")
