"""The leaderboard over models: one table and its figures per judge and definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.core.records import Definition, LensKind, Record
from reports.board import BoardRow
from reports.board_rows import placing
from reports.figures.records import Dots, Figure, Line, Mark
from reports.outcomes import RANKED
from reports.over_models import OverModels, over_statement
from reports.published.board import PUBLISHED
from reports.published.means import OVER_MODELS as PUBLISHED_MEAN
from reports.scoring import BOOTSTRAP, NO_INTERVAL


class OverviewRow(Record):
    """One model, or the mean over models."""

    model: str
    """Model; empty for the mean over models."""
    source: str
    """Run, ``published``, or what the mean is over."""
    averaged: bool
    """Whether it is a mean over models."""
    cells: tuple[BoardRow | None, ...]
    """Mean over layers of each lens of the overview; None if the model does not have it."""


class Overview(Record):
    """All models by one judge and one definition."""

    judge: str
    """Judge or panel."""
    definition: Definition
    """What counts as a hit."""
    lenses: tuple[str, ...]
    """Columns: lenses, then controls."""
    rows: tuple[OverviewRow, ...]
    """Runs, means over runs that may be averaged, then published models."""
    headlines: tuple[str, ...]
    """The result in words: for each set of runs that may be averaged, else as published."""
    over: tuple[OverModels, ...]
    """Lenses over the models of each such set."""
    means: tuple[Figure, ...]
    """Lenses by their means over models."""
    by_model: tuple[Figure, ...]
    """For each lens its models, best first."""

    @property
    def published(self) -> bool:
        """Whether published rates stand in it."""
        return any(row.source == PUBLISHED for row in self.rows)

    @property
    def published_only(self) -> bool:
        """Whether nothing else stands in it."""
        return all(row.source == PUBLISHED for row in self.rows)


def overviews(
    rows: Sequence[BoardRow], over: Sequence[OverModels], styles: Mapping[str, str]
) -> tuple[Overview, ...]:
    """Return an overview for every judge and ranked definition by which several models have rates.

    Args:
        rows: All rows of the board, those of :func:`over_rows` included.
        over: Lenses over models.
        styles: Lens or control to style class.
    """
    found: list[Overview] = []
    for judge in dict.fromkeys(row.judge for row in rows):
        for definition in RANKED:
            means = [
                row
                for row in rows
                if (row.judge, row.definition, row.layer) == (judge, definition, None)
                and row.estimate is not None
            ]
            ours = [each for each in over if (each.judge, each.definition) == (judge, definition)]
            if len({(row.model, row.source) for row in means}) > 1:
                found.append(_overview(judge, definition, means, ours, styles))
    return tuple(found)


def over_rows(over: OverModels, rows: Sequence[BoardRow]) -> tuple[BoardRow, ...]:
    """Return the means over models as rows of the board.

    Counts are summed over models; bounds and distinct words are means over models.

    Args:
        over: Lenses over models.
        rows: Rows of the models, of all judges and definitions.
    """
    wanted = (over.judge, over.definition, None)
    models = set(over.models)
    found: list[BoardRow] = []
    for ranked in over.ranking.rows:
        parts = [
            row
            for row in rows
            if (row.judge, row.definition, row.layer) == wanted
            and row.model in models
            and row.lens == ranked.lens
            and row.source != PUBLISHED
        ]
        found.append(
            BoardRow(
                model="",
                source=f"mean of {len(over.models)}: {', '.join(over.models)}",
                lens=ranked.lens,
                kind=ranked.kind,
                layer=None,
                judge=over.judge,
                definition=over.definition,
                hits=_sum([row.hits for row in parts]),
                n=_sum([row.n for row in parts]),
                total=_sum([row.total for row in parts]),
                unscored=_reasons(parts),
                estimate=ranked.estimate,
                low=ranked.low,
                high=ranked.high,
                interval=NO_INTERVAL if ranked.low is None else BOOTSTRAP,
                lower_bound=_mean([row.lower_bound for row in parts]),
                upper_bound=_mean([row.upper_bound for row in parts]),
                effective_n=ranked.effective_n,
                distinct_layers=ranked.distinct_layers,
                distinct_words=_mean([row.distinct_words for row in parts]),
                **placing(ranked),
            )
        )
    return tuple(found)


def _overview(
    judge: str,
    definition: Definition,
    means: Sequence[BoardRow],
    over: Sequence[OverModels],
    styles: Mapping[str, str],
) -> Overview:
    kinds: dict[str, LensKind] = {row.lens: row.kind for row in means}
    lenses = sorted(kinds, key=lambda lens: kinds[lens] == "control")
    found: dict[tuple[str, str], dict[str, BoardRow]] = {}
    for row in means:
        found.setdefault((row.model, row.source), {})[row.lens] = row
    places = dict(sorted(found.items(), key=lambda place: _order(place[1])))
    return Overview(
        judge=judge,
        definition=definition,
        lenses=tuple(lenses),
        rows=tuple(
            OverviewRow(
                model=model,
                source=source,
                averaged=any(_averaged(row) for row in cells.values()),
                cells=tuple(map(cells.get, lenses)),
            )
            for (model, source), cells in places.items()
        ),
        headlines=tuple(map(over_statement, over)) or _published_headlines(means),
        over=tuple(over),
        means=mean_figures(judge, definition, means, styles),
        by_model=model_figures(judge, definition, means, styles),
    )


def mean_figures(
    judge: str, definition: Definition, means: Sequence[BoardRow], styles: Mapping[str, str]
) -> tuple[Dots, ...]:
    """Return a figure of the lenses for every mean over models.

    Args:
        judge: Judge or panel.
        definition: What counts as a hit.
        means: Means over layers of all models by that judge and definition.
        styles: Lens or control to style class.
    """
    averaged = [row for row in means if _averaged(row)]
    figures: list[Dots] = []
    for model, source in dict.fromkeys((row.model, row.source) for row in averaged):
        rows = [row for row in averaged if (row.model, row.source) == (model, source)]
        rows.sort(key=lambda row: (row.kind == "control", -(row.estimate or 0.0), row.lens))
        name = model or source
        figures.append(
            Dots(
                name=f"over-models-{len(figures) + 1}-{judge}-{definition}",
                title=f"{name[0].upper()}{name[1:]}; {definition}, judge {judge}",
                x_label="share of patches, mean over layers and models",
                rows=tuple(_line(row.lens, row, styles) for row in rows),
                split=next((i for i, row in enumerate(rows) if row.kind == "control"), None),
                x_range=(0.0, 1.0),
            )
        )
    return tuple(figures)


def model_figures(
    judge: str, definition: Definition, means: Sequence[BoardRow], styles: Mapping[str, str]
) -> tuple[Dots, ...]:
    """Return a figure of the models for every lens: runs, then published ones, best first.

    Args:
        judge: Judge or panel.
        definition: What counts as a hit.
        means: Means over layers of all models by that judge and definition.
        styles: Lens or control to style class.
    """
    figures: list[Dots] = []
    for lens in dict.fromkeys(row.lens for row in means if row.kind == "lens"):
        rows = [row for row in means if row.lens == lens and not _averaged(row)]
        rows.sort(key=lambda row: (row.source == PUBLISHED, -(row.estimate or 0.0), row.model))
        published = next((i for i, row in enumerate(rows) if row.source == PUBLISHED), 0)
        if len(rows) > 1:
            figures.append(
                Dots(
                    name=f"models-{lens}-{judge}-{definition}",
                    title=f"{lens} by model; {definition}, judge {judge}",
                    x_label="share of patches, mean over layers",
                    rows=tuple(_line(row.model, row, styles) for row in rows),
                    split=published or None,
                    x_range=(0.0, 1.0),
                )
            )
    return tuple(figures)


def _published_headlines(means: Sequence[BoardRow]) -> tuple[str, ...]:
    """Return one sentence per published mean over models; it names no winner beyond its rates."""
    groups: dict[str, list[BoardRow]] = {}
    for row in means:
        if row.source == PUBLISHED and _averaged(row):
            groups.setdefault(row.model, []).append(row)
    found: list[str] = []
    for model, rows in groups.items():
        rows.sort(key=lambda row: (-(row.estimate or 0.0), row.lens))
        rates = ", ".join(f"{row.lens} {100 * (row.estimate or 0.0):.1f}\u00a0%" for row in rows)
        found.append(f"Published, {model}: {rates}.")
    return tuple(found)


def _line(name: str, row: BoardRow, styles: Mapping[str, str]) -> Line:
    if row.estimate is None:
        return Line(name=name, style=styles[row.lens], marks=())
    mark = Mark(x=0, y=row.estimate, low=row.low, high=row.high, note=row.problem)
    return Line(name=name, style=styles[row.lens], marks=(mark,))


def _averaged(row: BoardRow) -> bool:
    return not row.model or row.interval == PUBLISHED_MEAN


def _order(cells: Mapping[str, BoardRow]) -> tuple[bool, bool, int]:
    """Return where a model stands: runs, means over them, published means, then the others.

    Published models with a single lens come last: they are ablations.
    """
    row = next(iter(cells.values()))
    published = row.source == PUBLISHED
    averaged = _averaged(row)
    return published, averaged != published, int(published and len(cells) == 1)


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _mean(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return sum(known) / len(known) if known and len(known) == len(numbers) else None


def _reasons(rows: Sequence[BoardRow]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        for reason, count in row.unscored.items():
            counts[reason] = counts.get(reason, 0) + count
    return counts
