"""How far two judges agree on the same cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np

from harness.core.records import LensKind, Record
from reports.kappa import Kappa, cohen_kappa
from reports.outcomes import Outcomes
from reports.shares import Share, plain_share
from reports.stats import cluster_bootstrap_mean

Rows: TypeAlias = Literal["all", "lens", "control"]
"""Which rows of the board are compared."""


class JudgeAgreement(Record):
    """Two judges on the cells that both scored, by the definition ``interpretable``."""

    first: str
    """Judge."""
    second: str
    """Judge compared with it."""
    rows: Rows
    """Lenses, controls, or both together."""
    same: Share
    """Cells with the same verdict; the interval resamples images."""
    kappa: Kappa
    """Cohen's kappa of the verdicts."""
    first_rate: float | None
    """Share of these cells that the first calls a hit."""
    second_rate: float | None
    """Share that the second calls a hit."""
    same_words: Share
    """Words of these cells to which both give the same relation; without an interval."""


def judge_agreements(
    boards: Sequence[Outcomes], kinds: Mapping[str, LensKind], seed: int = 0
) -> tuple[JudgeAgreement, ...]:
    """Compare every two judges on all rows, on the lenses, and on the controls.

    Args:
        boards: Boards of single judges over the same cells.
        kinds: Lens name to ``lens`` or ``control``.
        seed: Seed of the resampling.
    """
    return tuple(
        _agreement(first, second, rows, lenses, seed)
        for first, second in combinations(boards, 2)
        for rows, lenses in _groups(first.lenses, kinds)
    )


def _groups(
    lenses: Sequence[str], kinds: Mapping[str, LensKind]
) -> Iterator[tuple[Rows, list[str]]]:
    """Yield the groups of rows that are not empty; all together only if there are several."""
    tested = [lens for lens in lenses if kinds.get(lens) == "lens"]
    controls = [lens for lens in lenses if kinds.get(lens) == "control"]
    if tested and controls:
        yield "all", [*tested, *controls]
    if tested:
        yield "lens", tested
    if controls:
        yield "control", controls


def _agreement(
    first: Outcomes, second: Outcomes, rows: Rows, lenses: Sequence[str], seed: int
) -> JudgeAgreement:
    a, b = (
        np.concatenate([board.hits(lens, None, "interpretable") for lens in lenses], axis=1)
        for board in (first, second)
    )
    scored = ~np.isnan(a) & ~np.isnan(b)
    same = np.where(scored, a == b, np.nan)
    pairs = [
        (one, other)
        for lens in lenses
        for layer in first.layers
        for mine, theirs in zip(first.cells[lens, layer], second.cells[lens, layer], strict=True)
        if mine.relations and theirs.relations
        for one, other in zip(mine.relations, theirs.relations, strict=True)
    ]
    verdicts = [np.where(values[scored] == 1, "hit", "miss").tolist() for values in (a, b)]
    return JudgeAgreement(
        first=first.judge,
        second=second.judge,
        rows=rows,
        same=plain_share(
            int(np.nansum(same)),
            int(scored.sum()),
            cluster_bootstrap_mean(first.by_image(same), seed=seed),
        ),
        kappa=cohen_kappa(*verdicts),
        first_rate=float(a[scored].mean()) if scored.any() else None,
        second_rate=float(b[scored].mean()) if scored.any() else None,
        same_words=plain_share(sum(one == other for one, other in pairs), len(pairs)),
    )
