"""The tables on judges and people; every figure is copied from the record, none is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from harness.core.agreement import (
    Agreement,
    Coefficients,
    Correction,
    Grouping,
    JudgeGroup,
    JudgeResult,
)
from harness.core.quoting import escaped
from reports.agreement_cells import (
    NO_BREAK,
    Cell,
    Group,
    Row,
    Table,
    counted,
    estimated,
    named,
    table,
)
from reports.agreement_words import GROUPINGS, overall

T = TypeVar("T")
K = TypeVar("K", bound=str)

COEFFICIENTS: Final = (
    "Items",
    "Cohen's kappa",
    "Same",
    "PABAK",
    "Gwet's AC1",
    "Krippendorff's alpha",
    "Fleiss' kappa",
)
"""Columns of a table of :func:`coefficient_row`."""

_RATES: Final = ("Items", "Cohen's kappa", "Sensitivity", "Specificity", "People", "Judge", "Bias")
_COUNTS: Final = ("Items", "Both hit", "Judge only", "People only", "Neither")


def agreement_table(agreement: Agreement) -> Table:
    """Return people with each other, and below every judge with people."""
    rows = [coefficient_row("people with each other", agreement.ceiling.coefficients)]
    for result in agreement.judges:
        group = overall(result)
        if group is not None:
            rows.append(coefficient_row(f"{result.judge} with people", group.coefficients))
        if result.words is not None:
            rows.append(coefficient_row(f"{result.judge}, word by word", result.words))
    return table("Agreement of people and of judges", ("Raters", *COEFFICIENTS), rows)


def rates_table(
    caption: str, groups: Sequence[JudgeGroup], styles: Mapping[str, str], *, titled: bool = False
) -> Table:
    """Return kappa, error rates and rates of groups of items, one line each.

    Args:
        caption: What the groups are.
        groups: In the order to be shown.
        styles: Lens name to style class.
        titled: Whether groups made in different ways have a title each.
    """
    rows = [(group.by, _rates_row(group, styles)) for group in groups]
    if not titled:
        return table(caption, ("Group", *_RATES), [row for _, row in rows])
    return table(caption, ("Group", *_RATES), groups=_by_grouping(rows))


def counts_table(result: JudgeResult) -> Table:
    """Return the counts of every group of a judge."""
    rows = [
        (
            group.by,
            Row(
                cells=(
                    named(_group_name(group)),
                    *counted(
                        group.coefficients.n,
                        group.confusion.both,
                        group.confusion.judge_only,
                        group.confusion.people_only,
                        group.confusion.neither,
                    ),
                )
            ),
        )
        for group in result.groups
    ]
    caption = f"Counts of items by what judge {escaped(result.judge)} and people said"
    return table(caption, ("Group", *_COUNTS), groups=_by_grouping(rows))


def coefficients_table(result: JudgeResult) -> Table:
    """Return every coefficient of every group of a judge."""
    rows = [
        (group.by, coefficient_row(_group_name(group), group.coefficients))
        for group in result.groups
    ]
    caption = f"All coefficients of judge {escaped(result.judge)} with people, by group"
    return table(caption, ("Raters", *COEFFICIENTS), groups=_by_grouping(rows))


def contrast_table(result: JudgeResult) -> Table:
    """Return the difference of every two lenses by people and by a judge."""
    columns = ("Lenses", "Pairs", "People's difference", "Judge's difference", "Judge adds")
    rows = [
        Row(
            cells=(
                Cell(text=f"{escaped(each.first)} − {escaped(each.second)}"),
                *counted(each.pairs),
                estimated(each.human, signed=True),
                estimated(each.judge, signed=True),
                estimated(each.inflation, signed=True),
            )
        )
        for each in result.contrasts
    ]
    return table("Differences of lenses, by people and by the judge", columns, rows)


def comparison_table(agreement: Agreement) -> Table:
    """Return every two judges on the items that both and people have a verdict for."""
    columns = ("Judges", "Items", "Kappa of the first", "Of the second", "Difference", "Same")
    rows = [
        Row(
            cells=(
                Cell(text=f"{escaped(each.first)} − {escaped(each.second)}"),
                *counted(each.n),
                estimated(each.first_kappa),
                estimated(each.second_kappa),
                estimated(each.difference, signed=True),
                estimated(each.same),
            )
        )
        for each in agreement.comparisons
    ]
    return table("Judges against each other, by their kappa with people", columns, rows)


def correction_table(corrections: Iterable[Correction], styles: Mapping[str, str]) -> Table:
    """Return rates as judged and as corrected, group of layers by group of layers."""
    columns = ("Lens", "Cells", "Labelled", "As judged", "Rogan–Gladen", "Prediction-powered")
    made = [
        Group(
            title=f"Layers {escaped(band)}" if band else "",
            rows=tuple(_correction_row(each, styles) for each in members),
        )
        for band, members in _parts(corrections, lambda each: each.band)
    ]
    return table("Rates as judged and as corrected by people's labels", columns, groups=made)


def _parts(items: Iterable[T], key: Callable[[T], K]) -> list[tuple[K, list[T]]]:
    """Return the items by key, keys in the order in which they first appear."""
    found: dict[K, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return list(found.items())


def coefficient_row(name: str, found: Coefficients) -> Row:
    """Return the line of coefficients of the same ratings."""
    figures = (
        found.cohen_kappa,
        found.percent,
        found.pabak,
        found.gwet_ac1,
        found.krippendorff_alpha,
        found.fleiss_kappa,
    )
    items = Cell(text=f"{found.n:,}", detail=f"{found.images:,}{NO_BREAK}images")
    return Row(cells=(named(name), items, *map(estimated, figures)))


def _rates_row(group: JudgeGroup, styles: Mapping[str, str]) -> Row:
    style = styles.get(group.name, "") if group.by == "lens" else ""
    return Row(
        cells=(
            named(_group_name(group)),
            *counted(group.coefficients.n),
            estimated(group.coefficients.cohen_kappa),
            estimated(group.sensitivity, with_n=True),
            estimated(group.specificity, with_n=True),
            estimated(group.human_rate),
            estimated(group.judge_rate),
            estimated(group.bias, signed=True),
        ),
        style=style,
        mark="control" if style.startswith("control-") else "",
    )


def _group_name(group: JudgeGroup) -> str:
    return "all items of lenses" if group.by == "all" else group.name


def _by_grouping(rows: Sequence[tuple[Grouping, Row]]) -> list[Group]:
    return [
        Group(title=GROUPINGS[by], rows=tuple(row for _, row in members))
        for by, members in _parts(rows, lambda each: each[0])
    ]


def _correction_row(each: Correction, styles: Mapping[str, str]) -> Row:
    return Row(
        cells=(
            named(each.lens),
            *counted(each.cells, each.labels),
            estimated(each.raw),
            estimated(each.rogan_gladen, missing="refused"),
            estimated(each.ppi, missing="refused"),
        ),
        style=styles.get(each.lens, ""),
        mark="control" if each.kind == "control" else "",
    )
