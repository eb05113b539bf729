"""The tables on people: who rated, how they agree, what other rules give, what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.core.agreement import Agreement, Annotator
from harness.core.quoting import escaped
from reports.agreement_cells import (
    Cell,
    Group,
    Row,
    Table,
    counted,
    estimated,
    named,
    number,
    table,
)
from reports.agreement_tables import COEFFICIENTS, coefficient_row
from reports.agreement_words import policy_results

LEFT_OUT_SHOWN: Final = 20
"""Entries listed for every reason; the rest is counted."""

_FIGURES: Final[Mapping[str, str]] = {
    "cohen_kappa": "Cohen's kappa",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
}


def annotators_table(agreement: Agreement) -> Table:
    """Return what every person did."""
    columns = (
        "Person",
        "Ratings",
        "Nothing said",
        "Can't tell",
        "Hit rate",
        "Median seconds an item",
    )
    rows = [_annotator_row(each) for each in agreement.annotators]
    return table("People who rated", columns, rows)


def pairs_table(agreement: Agreement) -> Table:
    """Return every two people on the items both rated."""
    rows = [
        Row(
            cells=(
                Cell(text=f"{escaped(each.first)} and {escaped(each.second)}"),
                *counted(max(each.cohen_kappa.n, each.percent.n)),
                estimated(each.cohen_kappa),
                estimated(each.percent),
            )
        )
        for each in agreement.ceiling.pairs
    ]
    return table("Every two people", ("People", "Items", "Cohen's kappa", "Same"), rows)


def leave_one_out_table(agreement: Agreement) -> Table:
    """Return every person, and below every judge, against the majority of the other people."""
    made = []
    for index, each in enumerate(agreement.ceiling.leave_one_out):
        rows = [coefficient_row(each.annotator, each.coefficients)]
        rows += [
            coefficient_row(f"judge {result.judge}", result.against_others[index])
            for result in agreement.judges
            if index < len(result.against_others)
        ]
        title = f"Against the majority of all but {escaped(each.annotator)}"
        made.append(Group(title=title, rows=tuple(rows)))
    caption = "People and judges against the majority of the other people"
    return table(caption, ("Rater", *COEFFICIENTS), groups=made)


def policy_table(agreement: Agreement, judge: str) -> Table:
    """Return what other rules give for a judge, lowest kappa first; the chosen ones are marked."""
    columns = ("Rules", "Blank", "Ties", "Pooling", "Definition", "Items", "Kappa", "People's rate")
    rows = []
    for each in policy_results(agreement, judge):
        rule = each.policy
        chosen = rule == agreement.policy
        values = (rule.blank, rule.ties, rule.pooling, rule.definition)
        rows.append(
            Row(
                cells=(
                    Cell(text="chosen" if chosen else "other"),
                    *(Cell(text=value) for value in values),
                    *counted(each.n),
                    _plain(each.cohen_kappa),
                    _plain(each.human_rate),
                ),
                mark="chosen" if chosen else "",
            )
        )
    caption = f"Kappa of judge {escaped(judge)} by other rules"
    return table(caption, columns, rows, words=(1, 2, 3, 4))


def needed_table(agreement: Agreement) -> Table:
    """Return how many items a wanted width takes."""
    rows = [
        Row(
            cells=(
                Cell(text=_FIGURES.get(each.figure, escaped(each.figure))),
                Cell(text=f"± {number(each.half_width)}"),
                Cell(text="cannot be told:", detail=escaped(each.reason))
                if each.items is None
                else Cell(text=f"{each.items:,}"),
            )
        )
        for each in agreement.needed
    ]
    return table("Items needed", ("Figure", "Wanted interval", "Items needed"), rows)


def left_out_table(agreement: Agreement) -> Table:
    """Return what was not used by reason, the first entries of each."""
    listed: dict[str, list[Row]] = {reason: [] for reason in agreement.left_out}
    for each in agreement.left_out_list:
        cells = (named(each.source), named(each.item_id), named(each.annotator), named(each.detail))
        listed.setdefault(each.reason, []).append(Row(cells=cells))
    made = []
    for reason, rows in listed.items():
        count = agreement.left_out.get(reason, len(rows))
        shown = rows[:LEFT_OUT_SHOWN]
        more = f", the first {len(shown)} of them" if len(shown) < count else ""
        made.append(Group(title=f"{escaped(reason)}: {count:,}{more}", rows=tuple(shown)))
    columns = ("Where", "Item", "Person", "What was found")
    return table("What was left out", columns, groups=made, words=(1, 2, 3))


def _annotator_row(each: Annotator) -> Row:
    seconds = "not known" if each.median_seconds is None else f"{each.median_seconds:.1f}"
    return Row(
        cells=(
            named(each.annotator),
            *counted(each.ratings, each.blank, each.cant_tell),
            _plain(each.hit_rate),
            Cell(text=seconds),
        )
    )


def _plain(value: float | None) -> Cell:
    return Cell(text="undefined" if value is None else number(value))
