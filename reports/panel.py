"""Several judges as one: a cell is decided where more than half of them agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.core.errors import MismatchError
from harness.core.records import Definition, Patch, Relation, RunSpec
from reports.outcomes import DEFINITIONS, HEADLINE, NO_JUDGE, Answers, Cell, Columns, Outcomes, join

NO_MAJORITY: Final = "no_majority"
"""Unscored because neither hit nor miss was found by more than half of the panel."""

DIFFERENT_WORDS: Final = "hit_by_different_words"
"""A hit for more than half of the panel, while no word is related for more than half of it."""


@dataclass(frozen=True, slots=True)
class PanelCell(Cell):
    """A cell with the panel's verdict by each definition, which its words alone do not tell."""

    verdicts: Mapping[Definition, bool]
    """Hit or miss by definition; a definition without a majority is left out."""

    def unscored(self, definition: Definition) -> str:
        """Return :data:`NO_MAJORITY`, or nothing if the panel has decided."""
        return "" if definition in self.verdicts else NO_MAJORITY

    def hit(self, definition: Definition) -> float:
        """Return 1 for a hit, 0 for a miss, NaN if unscored."""
        return float(self.verdicts.get(definition, float("nan")))


def panel_name(judges: Sequence[str]) -> str:
    """Return the name under which a panel of ``judges`` is reported."""
    return f"panel:majority({','.join(judges)})"


def panel(boards: Sequence[Outcomes], name: str) -> Outcomes:
    """Return the outcomes of a panel by strict majority of all its members.

    A cell is a hit if more than half of the members find a hit, a miss if more than half find a
    miss, and unscored otherwise, for every definition on its own. A member that left the cell
    unscored counts as a member and votes for neither, so a failure can only take a verdict away.
    Each word has the relation that more than half of the members give it, or none.

    Raises:
        MismatchError: there is no member, or members judged different cells.
    """
    if not boards:
        raise MismatchError(f"panel {name!r} has no members: name at least one judge")
    first = boards[0]
    for board in boards[1:]:
        _check_same_cells(first, board, name)
    cells = {
        place: tuple(map(_decide, zip(*(board.cells[place] for board in boards), strict=True)))
        for place in first.cells
    }
    return Outcomes(name, first.lenses, first.layers, first.patches, cells)


def all_boards(
    descriptions: Columns,
    answers: Mapping[str, Answers],
    patches: Sequence[Patch],
    spec: RunSpec,
    panels: Mapping[str, Sequence[str]] | None = None,
    shown: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Outcomes, ...]:
    """Return every board of a run: its panels first, then its judges; ``none`` if nobody judged.

    Args:
        descriptions: Description records by column, see :func:`reports.outcomes.join`.
        answers: Judge to its answers.
        patches: All sampled patches.
        spec: The run.
        panels: Name of a panel to the judges in it.
        shown: Judge to what it was shown of every description row, where that is not the word.

    Raises:
        MismatchError: tables that do not belong together, or a member that is not in ``answers``.
    """
    judges = {}
    for judge, given in answers.items():
        texts = (shown or {}).get(judge)
        columns = descriptions if texts is None else {**descriptions, "shown": texts}
        judges[judge] = join(columns, given, patches, spec, judge)
    found = []
    for name, members in (panels or {}).items():
        missing = [member for member in members if member not in judges]
        if missing:
            raise MismatchError(
                f"panel {name!r}: no answers of {', '.join(missing)}; judged by "
                f"{', '.join(judges) or 'nobody'}"
            )
        found.append(panel([judges[member] for member in members], name))
    if not judges:
        return (join(descriptions, None, patches, spec, NO_JUDGE),)
    return (*found, *judges.values())


def _check_same_cells(first: Outcomes, other: Outcomes, name: str) -> None:
    for field in ("lenses", "layers", "patches"):
        if getattr(first, field) != getattr(other, field):
            raise MismatchError(
                f"panel {name!r}: {first.judge} and {other.judge} judged different {field}"
            )
    for (lens, layer), cells in first.cells.items():
        if any(a.words != b.words for a, b in zip(cells, other.cells[lens, layer], strict=True)):
            raise MismatchError(
                f"panel {name!r}: {first.judge} and {other.judge} judged different words of "
                f"{lens} at layer {layer}"
            )


def _decide(members: tuple[Cell, ...]) -> PanelCell:
    """Return the panel's cell from the cells of all its members."""
    first = members[0]
    verdicts: dict[Definition, bool] = {}
    for definition in DEFINITIONS:
        votes = [member.hit(definition) for member in members]
        if 2 * votes.count(1.0) > len(members):
            verdicts[definition] = True
        elif 2 * votes.count(0.0) > len(members):
            verdicts[definition] = False
    scored = [member.relations for member in members if member.relations]
    relations = tuple(
        _majority([relation[rank] for relation in scored], len(members))
        for rank in range(len(first.words) if scored else 0)
    )
    status = _status(verdicts.get(HEADLINE), relations)
    return PanelCell(first.rows, first.words, first.shown, status, relations, verdicts)


def _majority(votes: Sequence[Relation | None], members: int) -> Relation | None:
    """Return what more than half of the members voted, or None."""
    for relation, count in Counter(votes).most_common(1):
        if 2 * count > members:
            return relation
    return None


def _status(verdict: bool | None, relations: Sequence[Relation | None]) -> str:
    """Return ``ok`` where the relations of the words show the verdict, else what they do not."""
    if verdict is None:
        return NO_MAJORITY
    if verdict and all(relation == "none" for relation in relations):
        return DIFFERENT_WORDS
    return "ok"
