"""The join of a run: which patch was a hit, for every lens and layer, by one judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np

from harness.core.errors import DataError, MismatchError
from harness.core.records import Answer, Definition, Patch, Relation, RunSpec
from reports.stats import Values

Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""Description records by column, as ``table.to_pydict()`` gives them."""

Question: TypeAlias = tuple[str, tuple[str, ...]]
"""Patch id and what was shown of one cell in rank order; cells that show the same share it."""

Answers: TypeAlias = Mapping[Question, Answer]
"""What one judge says of each question."""

HEADLINE: Final[Definition] = "interpretable"
"""The definition that a board is read by: any word is related."""

DEFINITIONS: Final[tuple[Definition, ...]] = (
    HEADLINE,
    "concrete",
    "concrete+abstract",
    "pass@1",
    "pass@2",
    "pass@3",
    "pass@4",
    "pass@5",
)
"""All definitions of a hit, the headline one first."""

RANKED: Final[tuple[Definition, ...]] = (HEADLINE, "concrete+abstract", "concrete", "pass@1")
"""Definitions that lenses are ranked by; the others are figures of the board only."""

_FIRST: Final[Mapping[Definition, int]] = {
    each: int(each.removeprefix("pass@")) for each in DEFINITIONS if each.startswith("pass@")
}
"""Words that a definition looks at, where it is not all of them."""

_COUNTED: Final[Mapping[Definition, frozenset[Relation]]] = {
    "concrete": frozenset({"concrete"}),
    "concrete+abstract": frozenset({"concrete", "abstract"}),
}
"""Relations that make a hit, where it is not any of them."""

_ANY: Final[frozenset[Relation]] = frozenset({"concrete", "abstract", "global"})

NO_JUDGE: Final = "none"
"""Name under which descriptions are reported that nobody judged."""

NOT_JUDGED: Final = "not_judged"
"""Unscored because no judge was asked."""

MISSING: Final = "missing"
"""Unscored because a question has no answer, or the lens gave no words."""


def definitions(k: int) -> tuple[Definition, ...]:
    """Return the definitions that exist for a run with ``k`` words per cell, headline first.

    ``pass@n`` needs n words. It is a hit if any of the first n words is related, where all k words
    were judged together; so it cannot fall as n grows, and ``pass@k`` is ``interpretable``. The
    paper's pass@1 is another figure: there the judge was shown the first word alone. Of a panel
    each definition has its own majority, hence its own number of scored cells.
    """
    return tuple(each for each in DEFINITIONS if _FIRST.get(each, 0) <= k)


@dataclass(frozen=True, slots=True)
class Cell:
    """One patch described by one lens at one layer, and what the judge said of it."""

    rows: tuple[int, ...]
    """Rows of the description columns, best rank first; empty if the lens gave no words."""
    words: tuple[str, ...]
    """Words in rank order."""
    shown: tuple[str, ...]
    """What the judge was shown of them: the words, or sentences with the word marked."""
    status: str
    """``ok``, a failure status, ``missing`` or ``not_judged``; a panel has more of them."""
    relations: tuple[Relation | None, ...]
    """One per word, empty unless it was scored; None where members of a panel differ."""

    def unscored(self, definition: Definition) -> str:  # noqa: ARG002  (a panel's cell needs it)
        """Return why there is neither hit nor miss; empty if there is one."""
        return "" if self.status == "ok" else self.status

    def hit(self, definition: Definition) -> float:
        """Return 1 for a hit, 0 for a miss, NaN if unscored; see :func:`definitions`."""
        if self.status != "ok":
            return float("nan")
        relations = self.relations[: _FIRST.get(definition)]
        return float(not _COUNTED.get(definition, _ANY).isdisjoint(relations))


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Every cell of a run by one judge, in the order of the run's lenses, layers and patches."""

    judge: str
    """Judge the statuses and relations come from; ``none`` if there was none."""
    lenses: tuple[str, ...]
    layers: tuple[int, ...]
    patches: tuple[Patch, ...]
    cells: Mapping[tuple[str, int], tuple[Cell, ...]]
    """(lens, layer) to one cell per patch."""
    _hits: dict[tuple[str, int, Definition], Values] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Hits that were asked for before."""

    def question(self, lens: str, layer: int, position: int) -> Question:
        """Return what the judge was asked about the patch at ``position``."""
        return self.patches[position].patch_id, self.cells[lens, layer][position].shown

    def hits(self, lens: str, layer: int | None, definition: Definition) -> Values:
        """Return [patches] hits at one layer, or [patches, layers] for layer None; NaN unscored."""
        if layer is None:
            return np.stack([self.hits(lens, each, definition) for each in self.layers], axis=1)
        key = (lens, layer, definition)
        if key not in self._hits:
            found = np.array([cell.hit(definition) for cell in self.cells[lens, layer]])
            found.flags.writeable = False
            self._hits[key] = found
        return self._hits[key]

    def image_ids(self) -> list[str]:
        """Return the image of each patch."""
        return [patch.image_id for patch in self.patches]

    def by_image(self, values: Values) -> dict[str, Values]:
        """Split ``values`` [patches, ...] into one array per image."""
        rows: dict[str, list[int]] = {}
        for row, image in enumerate(self.image_ids()):
            rows.setdefault(image, []).append(row)
        return {image: values[np.array(members)] for image, members in rows.items()}


def join(
    descriptions: Columns,
    answers: Answers | None,
    patches: Sequence[Patch],
    spec: RunSpec,
    judge: str,
) -> Outcomes:
    """Join descriptions with one judge's answers on (patch, what was shown in rank order).

    Args:
        descriptions: Columns patch_id, lens, layer, rank and word, of equal length, in any order.
            A column ``shown`` holds what the judge was shown of each word, if that is not the
            word itself.
        answers: The judge's answers; None if there was no judge.
        patches: All sampled patches of the run.
        spec: The run: its lenses and layers decide which cells there are.
        judge: Name under which the outcomes are reported.

    Raises:
        MismatchError: a description belongs to no patch, lens or layer of the run, or an answer
            is about something else than it is filed under.
        DataError: ranks of a cell are not 0, 1, 2, ...
    """
    order = {patch.patch_id: position for position, patch in enumerate(patches)}
    ranked = _group(descriptions, order, spec)
    words = descriptions["word"]
    texts = descriptions.get("shown", words)
    cells: dict[tuple[str, int], tuple[Cell, ...]] = {}
    for lens in spec.lenses:
        for layer in spec.layers:
            members: list[Cell] = []
            for patch_id in order:
                rows = tuple(ranked.get((lens, layer, patch_id), ()))
                said = tuple(words[row] for row in rows)
                shown = said if texts is words else tuple(texts[row] for row in rows)
                status, relations = _verdict(patch_id, shown, answers)
                members.append(Cell(rows, said, shown, status, relations))
            cells[lens, layer] = tuple(members)
    return Outcomes(judge, spec.lenses, spec.layers, tuple(patches), cells)


def _group(
    descriptions: Columns, order: Mapping[str, int], spec: RunSpec
) -> dict[tuple[str, int, str], list[int]]:
    """Return (lens, layer, patch id) to the rows of its words in rank order."""
    lenses, layers = frozenset(spec.lenses), frozenset(spec.layers)
    found: dict[tuple[str, int, str], dict[int, int]] = {}
    columns = [descriptions[name] for name in ("lens", "layer", "patch_id", "rank")]
    for row, (lens, layer, patch_id, rank) in enumerate(zip(*columns, strict=True)):
        if lens not in lenses or layer not in layers or patch_id not in order:
            raise MismatchError(
                f"descriptions row {row} is of lens {lens!r}, layer {layer}, patch {patch_id!r}, "
                "which is not part of this run; remove descriptions.parquet and run again"
            )
        ranks = found.setdefault((lens, int(layer), patch_id), {})
        if rank in ranks:
            raise DataError(
                f"descriptions of patch {patch_id!r} by {lens!r} at layer {layer} hold rank {rank} "
                "twice; remove descriptions.parquet and run again"
            )
        ranks[rank] = row
    for (lens, layer, patch_id), ranks in found.items():
        if sorted(ranks) != list(range(len(ranks))):
            raise DataError(
                f"descriptions of patch {patch_id!r} by {lens!r} at layer {layer} have ranks "
                f"{sorted(ranks)}; expected 0 to {len(ranks) - 1}"
            )
    return {cell: [ranks[rank] for rank in range(len(ranks))] for cell, ranks in found.items()}


def _verdict(
    patch_id: str, shown: tuple[str, ...], answers: Answers | None
) -> tuple[str, tuple[Relation, ...]]:
    """Return status and relations of one cell."""
    if answers is None:
        return NOT_JUDGED, ()
    answer = answers.get((patch_id, shown)) if shown else None
    if answer is None:
        return MISSING, ()
    if answer.patch_id != patch_id or answer.words != shown:
        raise MismatchError(
            f"the answer filed for patch {patch_id!r} and words {list(shown)} is about patch "
            f"{answer.patch_id!r} and words {list(answer.words)}"
        )
    if answer.status == "ok" and len(answer.relations) != len(shown):
        raise MismatchError(
            f"the answer for patch {patch_id!r} has {len(answer.relations)} relations for "
            f"{len(shown)} words"
        )
    return answer.status, answer.relations
