"""What kind of words lenses find: seen in the region, suggested by it, or seen elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import numpy as np

from harness.core.records import Relation
from reports.figures.records import Column, StackedBars, StackPart, Table
from reports.image_sums import Values
from reports.outcomes import HEADLINE, Cell, Outcomes
from reports.sections.base import Analysis, Evidence
from reports.sections.phrases import listed, percent

RELATED: Final[tuple[Relation, ...]] = ("concrete", "abstract", "global")
"""Relations from the strongest to the weakest; a cell has the strongest of its words."""

UNITS: Final = ("cells", "words")
"""What shares are of."""

_DEFINITION: Final = (
    "A cell is one patch described by one lens at one layer. Cells: a scored cell is concrete if "
    "one of its words is, else abstract if one is, else global if one is, else unrelated; each "
    "part of a bar is such cells / scored cells, so its height is the headline rate. Words: the "
    "share of a cell's words with that relation, repeated words counted as often as they are "
    "shown, mean over scored cells. Unscored cells are left out, and with a panel of judges also "
    "cells and words on whose relation no majority agrees. Means over layers give each layer one "
    "vote. Of related = the share / the sum of the three. Source: LatentLens (arXiv 2602.00462), "
    "which ranks relations in this order and gives shares of related cells and of related words."
)

_PAPER: Final = (
    "The paper reports, of related cells, 70–75 % concrete, 12–15 % abstract and 11–13 % global, "
    "and of related words, over all its models, 65 %, 19 % and 16 %."
)

_Shares: TypeAlias = Mapping[Relation, Values]
"""Share of each cell by relation, [patches, layers]: 0 or 1 for cells; NaN where unscored."""

_Means: TypeAlias = Mapping[Relation, float | None]


class Relations:
    """Stacked shares of relations by lens and layer, of cells and of words."""

    name = "relations"
    title = "Concrete, abstract and global words"

    def analyse(self, evidence: Evidence) -> Analysis | None:
        """Return the shares of the first board; None if nothing was judged or scored."""
        for board in evidence.judged[:1]:
            shares = {
                unit: {lens: _shares(board, lens, unit) for lens in evidence.kinds}
                for unit in UNITS
            }
            means = {
                unit: {lens: _means(found) for lens, found in by_lens.items()}
                for unit, by_lens in shares.items()
            }
            if any(mean["concrete"] is not None for mean in means["cells"].values()):
                return Analysis(
                    name=self.name,
                    title=self.title,
                    finding=_finding(evidence, means["cells"]),
                    definition=_DEFINITION,
                    figures=tuple(_bars(evidence, board, unit, shares[unit]) for unit in UNITS),
                    tables=(_table(means),),
                    notes=(f"Judge: {board.judge}. {_PAPER}",),
                )
        return None


def relation_of(cell: Cell) -> Relation | None:
    """Return the strongest relation of a cell; None if it is unscored by one of the definitions."""
    interpretable = cell.hit("interpretable")
    if interpretable == 0:
        return "none"
    concrete, suggested = cell.hit("concrete"), cell.hit("concrete+abstract")
    if concrete == 1:
        return "concrete"
    if concrete == 0 and suggested == 1:
        return "abstract"
    if concrete == 0 and suggested == 0 and interpretable == 1:
        return "global"
    return None


def _shares(board: Outcomes, lens: str, unit: str) -> _Shares:
    of_cell = _as_cell if unit == "cells" else _as_words
    cells = [[of_cell(cell) for cell in board.cells[lens, layer]] for layer in board.layers]
    values = np.array(cells, dtype=np.float64).reshape(len(cells), -1, len(RELATED))
    return {relation: values[:, :, i].T for i, relation in enumerate(RELATED)}


def _as_cell(cell: Cell) -> tuple[float, ...]:
    """Return 1 for the cell's relation and 0 for the others, NaN if unscored."""
    found = relation_of(cell)
    if found is None:
        return (np.nan,) * len(RELATED)
    return tuple(float(found == relation) for relation in RELATED)


def _as_words(cell: Cell) -> tuple[float, ...]:
    """Return the share of the cell's words with each relation, NaN if unscored."""
    said = [relation for relation in cell.relations if relation is not None]
    if not said or cell.unscored(HEADLINE):
        return (np.nan,) * len(RELATED)
    return tuple(said.count(relation) / len(said) for relation in RELATED)


def _mean(values: Values) -> float | None:
    scored = values[~np.isnan(values)]
    return float(scored.mean()) if len(scored) else None


def _means(shares: _Shares) -> _Means:
    return {
        relation: _mean(np.array([_mean(column) for column in values.T], dtype=np.float64))
        for relation, values in shares.items()
    }


def _bars(
    evidence: Evidence, board: Outcomes, unit: str, shares: Mapping[str, _Shares]
) -> StackedBars:
    lenses = evidence.lenses
    return StackedBars(
        name=f"relations-{unit}",
        title=f"Relation of {unit} to the region by lens and layer, {evidence.model}",
        x_label=f"visual layer; share of scored {unit}",
        bars=tuple(str(layer) for _ in lenses for layer in board.layers),
        groups=tuple(lens for lens in lenses for _ in board.layers),
        parts=tuple(
            StackPart(
                name=relation,
                style=relation,
                values=tuple(
                    _mean(column) for lens in lenses for column in shares[lens][relation].T
                ),
            )
            for relation in RELATED
        ),
    )


def _of_related(means: _Means) -> dict[Relation, float | None]:
    shares = {relation: share or 0.0 for relation, share in means.items()}
    related = sum(shares.values())
    return {name: share / related if related else None for name, share in shares.items()}


def _finding(evidence: Evidence, means: Mapping[str, _Means]) -> str:
    parts: list[str] = []
    for lens in evidence.lenses:
        named = [
            f"{percent(share)} {relation}"
            for relation, share in _of_related(means[lens]).items()
            if share is not None
        ]
        if named:
            parts.append(f"of the related cells of {lens}, {listed(named)}")
    if not parts:
        return "No cell of a lens under test was called related."
    return f"Mean over layers: {'; '.join(parts)}."


def _table(means: Mapping[str, Mapping[str, _Means]]) -> Table:
    return Table(
        name="relation-means",
        caption="Means over layers: shares of all that was scored, and shares of what is related.",
        columns=(
            Column(name="lens"),
            Column(name="of"),
            *(Column(name=relation, numeric=True) for relation in RELATED),
            *(Column(name=f"{relation}, of related", numeric=True) for relation in RELATED),
        ),
        rows=tuple(
            (lens, unit, *found.values(), *_of_related(found).values())
            for unit, by_lens in means.items()
            for lens, found in by_lens.items()
        ),
    )


SECTION: Final = Relations()
"""The analysis as the registry knows it."""
