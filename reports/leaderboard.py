"""The board as a file: one row per model, lens, layer and judge."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from harness.core.records import Definition, Score
from reports.outcomes import DEFINITIONS, HEADLINE

MEAN: Final = "mean"
"""Written in the ``layer`` column for the mean over layers."""

_FIGURES: Final[dict[str, str]] = {
    "hits": "patches with a hit",
    "n": "patches scored; a panel of judges may decide more by one definition than another",
    "rate": "hits / n, or the mean over layers; empty if nothing was scored",
    "low": "lower end of the 95 % interval",
    "high": "upper end of the 95 % interval",
    "lower_bound": "rate if every unscored patch were a miss",
    "upper_bound": "rate if every unscored patch were a hit",
    "effective_n": "independent patches that would give as wide an interval",
    "distinct_layers": "mean over layers that counts layers of the same vector once; only there",
}


def columns(definitions: Sequence[Definition]) -> dict[str, str]:
    """Return every column of ``leaderboard.csv`` with its meaning, in order.

    Args:
        definitions: Definitions that the run has; one of fewer than five words lacks some.
    """
    return {
        "vlm": "model",
        "lens": "lens or control",
        "kind": "lens or control",
        "layer": f"visual layer, or {MEAN!r} for the mean over layers",
        "judge": "judge whose answers are counted",
        "n": f"patches scored by {HEADLINE!r} (for the mean: patches x layers)",
        "total": "patches asked about, scored or not",
        "unscored": f"unscored by {HEADLINE!r}, e.g. 'refusal=2;missing=1'; empty if none",
        "interval": "method of low and high",
        **{
            f"{definition}:{figure}": meaning
            for definition in definitions
            for figure, meaning in _FIGURES.items()
        },
        "distinct_words": "mean number of distinct words among those shown",
    }


COLUMNS: Final[dict[str, str]] = columns(DEFINITIONS)
"""Columns of a run with five words or more."""


def leaderboard_csv(scores: Iterable[Score]) -> str:
    """Return the board as CSV text: a header, then one row per model, lens, layer and judge.

    Rows keep the order in which lens and layer first occur in ``scores``; columns are those of the
    definitions that occur, :func:`columns`. Rates have six decimals,
    so equal runs give equal bytes.
    """
    rows: dict[tuple[str, str, int | None, str], dict[Definition, Score]] = {}
    for score in scores:
        key = (score.vlm, score.lens, score.layer, score.judge)
        rows.setdefault(key, {})[score.definition] = score
    known = {definition for by_definition in rows.values() for definition in by_definition}
    definitions = [definition for definition in DEFINITIONS if definition in known]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns(definitions))
    for by_definition in rows.values():
        writer.writerow(_row(by_definition, definitions))
    return text.getvalue()


def _row(scores: dict[Definition, Score], definitions: Sequence[Definition]) -> list[str]:
    first = next(iter(scores.values()))
    row = [
        first.vlm,
        first.lens,
        first.kind,
        MEAN if first.layer is None else str(first.layer),
        first.judge,
        str(first.n),
        str(first.total),
        ";".join(f"{status}={count}" for status, count in sorted(first.unscored.items())),
        first.interval,
    ]
    for definition in definitions:
        row.extend(_figures(scores.get(definition)))
    row.append(_number(first.distinct_words))
    return row


def _figures(score: Score | None) -> Sequence[str]:
    if score is None:
        return [""] * len(_FIGURES)
    numbers = (
        score.estimate,
        score.low,
        score.high,
        score.lower_bound,
        score.upper_bound,
        score.effective_n,
        score.distinct_layers,
    )
    return [str(score.hits), str(score.n), *map(_number, numbers)]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"
