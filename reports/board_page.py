"""The board of a report: rates of all runs and of the paper, and how models compare."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args, get_origin

from markupsafe import Markup

from harness.core.records import LensKind, Record, RunSpec
from reports.board import BoardRow
from reports.exports import FIELDS
from reports.figures.page import DrawnFigure, drawn
from reports.figures.records import Figure
from reports.merging import Merge, merge_specs
from reports.outcomes import HEADLINE, RANKED, Outcomes
from reports.over_models import OverModels, rank_over_models
from reports.overview import Overview, over_rows, overviews
from reports.templating import lens_styles


@dataclass(frozen=True, slots=True)
class BoardSource:
    """One run as the board reads it."""

    model: str
    """Model as the page names it; unique in a report."""
    source: str
    """The run, as its rows name it."""
    spec: RunSpec
    """The run's spec."""
    kinds: Mapping[str, LensKind]
    """Lens or control to its kind, in the order of the run."""
    boards: Sequence[Outcomes]
    """The boards that were judged: panels, then judges."""
    rows: Sequence[BoardRow]
    """The run's rows, from :func:`reports.board_rows.board_rows`."""
    same: Collection[int] = ()
    """Layers whose states are practically those of layer 0."""


class BoardPage(Record):
    """All rates of a report."""

    rows: tuple[BoardRow, ...]
    """Rows of the runs, means over models, published rows."""
    merge: Merge | None
    """Which runs may be ranked together; None for a single run or none."""
    overview: tuple[Overview, ...]
    """Models side by side; empty where there is only one."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures of all overviews."""
        return tuple(figure for each in self.overview for figure in (*each.means, *each.by_model))


@dataclass(frozen=True, slots=True)
class DrawnOverview:
    """An overview with its figures."""

    overview: Overview
    """What is shown."""
    means: tuple[DrawnFigure, ...]
    """Lenses by their means over models."""
    by_model: tuple[DrawnFigure, ...]
    """Models, lens by lens."""


@dataclass(frozen=True, slots=True)
class DrawnBoard:
    """The board as the templates read it."""

    rows: tuple[BoardRow, ...]
    """All rows."""
    means: tuple[BoardRow, ...]
    """Means over layers by the headline definition, for readers without scripts."""
    headline: str
    """That definition."""
    merge: Merge | None
    """Which runs may be ranked together."""
    overview: tuple[DrawnOverview, ...]
    """Models side by side."""
    styles: Mapping[str, str]
    """Lens or control to style class."""
    data: Markup
    """All rows in columns, as JSON that can stand inside a script element."""


_TYPES: Final[Mapping[type, str]] = {bool: "flag", int: "integer", float: "number", str: "text"}


def build_board(sources: Sequence[BoardSource], published: Sequence[BoardRow] = ()) -> BoardPage:
    """Put runs, and published rows if they are shown, on one board.

    Runs that agree in all that decides a rate are averaged over models, for every judge and every
    ranked definition. Runs that do not agree stay apart, and so do runs of the same weights.

    Raises:
        UsageError: two runs of the same model with the same settings.
    """
    merge = merge_specs({each.source: each.spec for each in sources}) if len(sources) > 1 else None
    ours = [row for each in sources for row in each.rows]
    over = (
        [found for group in merge.groups for found in _over(group, merge, sources)] if merge else []
    )
    averaged = [row for each in over for row in over_rows(each, ours)]
    rows = (*ours, *averaged, *published)
    kinds: dict[str, LensKind] = {}
    for row in rows:
        kinds.setdefault(row.lens, row.kind)
    return BoardPage(rows=rows, merge=merge, overview=overviews(rows, over, lens_styles(kinds)))


def drawn_board(page: BoardPage, styles: Mapping[str, str]) -> DrawnBoard:
    """Return the board as the templates ``board_overview.html.j2`` and ``board.html.j2`` read it.

    Args:
        page: The board.
        styles: Lens or control to style class, for all rows.
    """
    return DrawnBoard(
        rows=page.rows,
        means=tuple(row for row in page.rows if row.layer is None and row.definition == HEADLINE),
        headline=HEADLINE,
        merge=page.merge,
        overview=tuple(
            DrawnOverview(
                each,
                tuple(drawn(figure, f"o{i}") for figure in each.means),
                tuple(drawn(figure, f"o{i}") for figure in each.by_model),
            )
            for i, each in enumerate(page.overview)
        ),
        styles=styles,
        data=Markup(board_data(page.rows, styles).replace("<", "\\u003c")),
    )


def board_data(rows: Sequence[BoardRow], styles: Mapping[str, str]) -> str:
    """Return all rows as JSON by column: texts once each with a code per row, numbers as they are.

    Args:
        rows: At least one row: the first one tells the judge that the table opens with.
        styles: Lens or control to style class.
    """
    return json.dumps(
        {
            "rows": len(rows),
            "columns": [_column(name, rows) for name in FIELDS],
            "styles": {lens: styles[lens] for lens in dict.fromkeys(row.lens for row in rows)},
            "defaults": {
                "layer": "mean",
                "definition": HEADLINE,
                "judge": rows[0].judge if rows else "",
            },
        },
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    )


def _over(group: Sequence[str], merge: Merge, sources: Sequence[BoardSource]) -> list[OverModels]:
    """Return the lenses over the runs of one group, by every judge and ranked definition."""
    twice = {source for same in merge.repeated for source in same}
    members = [each for each in sources if each.source in group and each.source not in twice]
    if len(members) < 2:
        return []
    first = members[0]
    kinds = {lens: kind for each in members for lens, kind in each.kinds.items()}
    found: list[OverModels] = []
    for judge in [board.judge for board in first.boards]:
        boards = {
            each.model: board for each in members for board in each.boards if board.judge == judge
        }
        if len(boards) < len(members):
            continue
        same = {each.model: each.same for each in members}
        found.extend(
            rank_over_models(boards, kinds, definition, first.spec.seed, same)
            for definition in RANKED
        )
    return found


def _column(name: str, rows: Sequence[BoardRow]) -> dict[str, Any]:
    values = [getattr(row, name) for row in rows]
    kind = _type(name)
    if kind not in ("text", "counts"):
        return {"name": name, "type": kind, "values": values}
    distinct: dict[str, int] = {}
    codes = [
        distinct.setdefault(json.dumps(value, sort_keys=True), len(distinct)) for value in values
    ]
    return {
        "name": name,
        "type": kind,
        "values": [json.loads(each) for each in distinct],
        "codes": codes,
    }


def _type(name: str) -> str:
    annotation = BoardRow.model_fields[name].annotation
    if get_origin(annotation) is dict:
        return "counts"
    return next(
        (_TYPES[part] for part in (annotation, *get_args(annotation)) if part in _TYPES), "text"
    )
