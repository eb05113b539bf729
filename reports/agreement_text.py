"""A human evaluation as plain text for the terminal: about a screen, at most 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Final

from harness.core.agreement import Agreement, Correction, Estimate, JudgeGroup
from harness.core.quoting import escaped
from reports.agreement_cells import NO_BREAK, in_words, interval, number
from reports.agreement_words import (
    contrast_line,
    groups_by,
    headlines,
    left_out_line,
    overall,
    policy_range,
    ratings_line,
    rules,
)

WIDTH: Final = 100
"""Columns."""

_NAME: Final = 24
_ROWS: Final = 12
_NOTICES: Final = 4
_LEFT_OUT: Final = 3
_HEADINGS: Final = ("judge and people", "items", "kappa", "same", "AC1", "sens", "spec")
_CORRECTED: Final = ("corrected rates", "labels", "as judged", "Rogan-Gladen", "prediction-powered")


def agreement_text(agreement: Agreement) -> str:
    """Return the result in sentences and two tables, no line longer than :data:`WIDTH`.

    The longer lists are cut, and say so; the JSON file and the page hold all of it. The result
    ends without a newline.
    """
    blocks = [
        _wrapped(headlines(agreement)),
        _wrapped([*_cut(agreement.notices, _NOTICES, "more notices"), *_asked(agreement)]),
        _agreement_rows(agreement),
        _wrapped(_changes(agreement)),
        _correction_rows(agreement.corrections),
        _wrapped(_left_out(agreement)),
    ]
    shown = "\n\n".join("\n".join(lines) for lines in blocks if lines)
    return shown.replace(NO_BREAK, " ")


def _asked(agreement: Agreement) -> list[str]:
    policy = ", ".join(
        f"{rule.option}={rule.chosen} ({'default; ' if rule.default else ''}or "
        f"{', '.join(rule.others)})"
        for rule in rules(agreement.policy)
    )
    return [
        f"Asked: {agreement.items:,} items, {agreement.rated:,} with a verdict; "
        f"{len(agreement.annotators):,} people; ratings: {ratings_line(agreement) or 'none'}.",
        f"Rules: {policy}.",
    ]


def _agreement_rows(agreement: Agreement) -> list[str]:
    ceiling = agreement.ceiling.coefficients
    rows: list[Sequence[str]] = [
        (
            "people with each other",
            f"{ceiling.n:,}",
            _with_interval(ceiling.cohen_kappa) or "undefined",
            _bare(ceiling.percent),
            _bare(ceiling.gwet_ac1),
            "",
            "",
        )
    ]
    most = _most(len(agreement.judges))
    hidden = 0
    for result in agreement.judges:
        group, lenses = overall(result), groups_by(result, "lens")
        rows += [_group_row(_clipped(result.judge), group)] if group else []
        rows += [_group_row(f"  {_clipped(each.name, _NAME - 2)}", each) for each in lenses[:most]]
        hidden += max(0, len(lenses) - most)
    return _table(_HEADINGS, rows) + _more(hidden, "lenses")


def _group_row(name: str, group: JudgeGroup) -> tuple[str, ...]:
    coefficients = group.coefficients
    figures = (
        coefficients.cohen_kappa,
        coefficients.percent,
        coefficients.gwet_ac1,
        group.sensitivity,
        group.specificity,
    )
    kappa, *others = figures
    shown = _with_interval(kappa) or "undefined"
    return name, f"{coefficients.n:,}", shown, *map(_bare, others)


def _changes(agreement: Agreement) -> list[str]:
    """Return what the judges do to differences, how judges differ, and what other rules give."""
    lines = [
        line
        for result in agreement.judges
        for line in (contrast_line(result.judge, each) for each in result.contrasts)
        if line
    ]
    found = _cut(lines, _NOTICES, "more differences of lenses")
    found += [
        f"Judges {escaped(each.first)} and {escaped(each.second)} on the same {each.n:,} items: "
        f"difference of kappa {in_words(each.difference, signed=True)}."
        for each in agreement.comparisons[:_NOTICES]
    ]
    ranges = (policy_range(agreement, result.judge) for result in agreement.judges)
    return found + [line for line in ranges if line]


def _correction_rows(corrections: Sequence[Correction]) -> list[str]:
    whole = [each for each in corrections if not each.band]
    judges = dict.fromkeys(each.judge for each in whole)
    most = _most(len(judges))
    rows: list[Sequence[str]] = []
    hidden = 0
    for judge in judges:
        found = [each for each in whole if each.judge == judge]
        rows.append((_clipped(judge), "", "", "", ""))
        for each in found[:most]:
            rates = map(_with_interval, (each.raw, each.rogan_gladen, each.ppi))
            name = f"  {_clipped(each.lens, _NAME - 2)}"
            rows.append((name, f"{each.labels:,}", *(rate or "refused" for rate in rates)))
        hidden += max(0, len(found) - most)
    lines = (_table(_CORRECTED, rows) + _more(hidden, "rates")) if rows else []
    return lines + _wrapped(_refusals(whole))


def _refusals(corrections: Sequence[Correction]) -> list[str]:
    """Return every reason for a refusal once, with the rates and lenses concerned."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in corrections:
        names: dict[str, list[str]] = {}
        for name, rate in zip(_CORRECTED[3:], (each.rogan_gladen, each.ppi), strict=True):
            if rate.estimate is None:
                names.setdefault(rate.reason.removeprefix("refused: "), []).append(name)
        for reason, rates in names.items():
            lenses = found.setdefault((" and ".join(rates), reason), [])
            lenses += [_clipped(each.lens)] if _clipped(each.lens) not in lenses else []
    lines = [
        f"{rates} refused for {', '.join(lenses)}: {reason}"
        for (rates, reason), lenses in found.items()
    ]
    return _cut(lines, _LEFT_OUT, "more refusals")


def _left_out(agreement: Agreement) -> list[str]:
    named = [
        f"  {each.source}: {each.reason}"
        + "".join(f", {part}" for part in (each.item_id, each.annotator, each.detail) if part)
        for each in agreement.left_out_list[:_LEFT_OUT]
    ]
    more = len(agreement.left_out_list) - len(named)
    listed = [f"  and {more:,} more, which the JSON file lists"] if more > 0 else []
    return [left_out_line(agreement), *map(escaped, named), *listed]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in (headings, *rows)) for i in range(len(headings))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (headings, *rows)
    ]


def _most(judges: int) -> int:
    """Return how many lenses are shown of each judge."""
    return max(3, _ROWS // max(judges, 1))


def _more(count: int, what: str) -> list[str]:
    return [f"  and {count:,} more {what}, on the page"] if count else []


def _cut(lines: Sequence[str], most: int, what: str) -> list[str]:
    shown = [escaped(line) for line in lines[:most]]
    return shown + (
        [f"And {len(lines) - most:,} {what}, on the page."] if len(lines) > most else []
    )


def _wrapped(lines: Iterable[str]) -> list[str]:
    """Return lines of at most :data:`WIDTH` columns; what continues one is indented."""
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False)
    ]


def _bare(estimate: Estimate) -> str:
    return "undefined" if estimate.estimate is None else number(estimate.estimate)


def _with_interval(estimate: Estimate) -> str:
    """Return figure and interval; empty if the figure is undefined."""
    if estimate.estimate is None:
        return ""
    ends = "" if estimate.interval is None else f" {interval(estimate.interval)}"
    return number(estimate.estimate) + ends


def _clipped(name: str, width: int = _NAME) -> str:
    shown = escaped(name)
    return shown if len(shown) <= width else shown[: width - 1] + "…"
