"""Borda points: a second way to sum up several boards, by places instead of rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

_PLACES: Final = 12
"""Decimals that count: figures that differ by less are one figure that was rounded differently."""


def borda(estimates: Mapping[str, Sequence[float | None]]) -> dict[str, float]:
    """Return the mean number of other lenses that each lens beats, over boards such as layers.

    Definition: on one board a lens gets a point for every lens with a lower estimate and half a
    point for every equal one, which is the average of the places that equal lenses share. Its
    figure is the mean over boards: 0 if it is always last, lenses - 1 if it is always first. It
    takes no account of how far lenses are apart or of chance, and it can change between two lenses
    when a third one is left out: the mean rate is the headline, this stands beside it.
    Missing: only boards on which every lens has an estimate count, so that nobody gains or loses
    by what was not scored. Degenerate: no lens has points where there is no such board; a single
    lens has 0.
    Reference: de Borda 1781; Black 1976, Public Choice 28 (ties).

    Args:
        estimates: Lens to one estimate per board, in the same order for all; None where unknown.

    Raises:
        ValueError: lenses have different numbers of boards.
    """
    boards = list(zip(*estimates.values(), strict=True))
    complete = [_rounded(board) for board in boards if None not in board]
    if not complete:
        return {}
    return {
        lens: sum(_points(board, index) for board in complete) / len(complete)
        for index, lens in enumerate(estimates)
    }


def _rounded(board: Sequence[float | None]) -> list[float]:
    return [round(value, _PLACES) for value in board if value is not None]


def _points(board: Sequence[float], index: int) -> float:
    lower = sum(other < board[index] for other in board)
    equal = sum(other == board[index] for other in board) - 1
    return lower + equal / 2
