"""Groups of items that agreement is told for: all, by lens, kind, band, category, and so on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from harness.core.agreement import Grouping
from harness.core.bootstrap import Floats
from harness.core.ratings import Item, ItemCell
from harness.core.records import Relation
from human_eval.evidence import Evidence

ALL: Final = "all"
"""Name of the group of all items that show cells of lenses under test."""

_ORDER: Final[tuple[Grouping, ...]] = ("lens", "kind", "band", "category", "patch_type", "model")
_CATEGORIES: Final[tuple[Relation, ...]] = ("concrete", "abstract", "global")

_Key: TypeAlias = tuple[Grouping, str]


@dataclass(frozen=True, slots=True)
class Group:
    """Some cells, as the weight that each item has by those of its cells that are in the group."""

    by: Grouping
    """What groups are made by."""
    name: str
    """Which group."""
    weights: Floats
    """Weight of each item, [items]; 0 if it is not in the group."""
    relation: Relation | None = None
    """What a hit is here; None: as the policy defines it."""


def groups(evidence: Evidence) -> list[Group]:
    """Return the group of all items, and every other group with an item that people rated.

    An item that stands for several cells counts once in a group, with the sum of their weights.
    Groups but those by lens and kind are of cells of lenses under test: what people say of
    controls is another question. Kinds are told apart if there are both, models if there are two.
    """
    weights: dict[_Key, Floats] = {}
    ranks: dict[_Key, int] = {}
    for row, item in enumerate(evidence.items):
        for cell in item.cells:
            for key, rank in _keys(item, cell):
                weights.setdefault(key, np.zeros(len(evidence.items)))[row] += cell.weight
                ranks[key] = min(rank, ranks.get(key, rank))
    tested = evidence.tested
    found = [Group(by, name, weights[by, name]) for by, name in weights]
    found += [Group("category", name, tested, name) for name in _CATEGORIES]
    rated = ~np.isnan(evidence.people())
    kept = [group for group in found if np.any(rated & (group.weights > 0))]
    for alone in ("kind", "model"):
        if sum(group.by == alone for group in kept) == 1:
            kept = [group for group in kept if group.by != alone]

    def place(group: Group) -> tuple[int, int, str]:
        # Sorting is stable: categories, which all have the same place, stay as they are.
        name = "" if group.by == "category" else group.name
        return _ORDER.index(group.by), ranks.get((group.by, group.name), 0), name

    return [Group("all", ALL, tested), *sorted(kept, key=place)]


def _keys(item: Item, cell: ItemCell) -> Iterator[tuple[_Key, int]]:
    """Yield the groups that a cell of an item is in, each with what it is sorted by."""
    control = int(cell.kind == "control")
    yield ("lens", cell.lens), control
    yield ("kind", cell.kind), control
    if control:
        return
    if cell.band:
        yield ("band", cell.band), cell.layer or 0
    if item.patch_type:
        yield ("patch_type", item.patch_type), 0
    if item.model:
        yield ("model", item.model), 0
