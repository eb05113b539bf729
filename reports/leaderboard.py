"""The board as a file: one row per model, lens, layer and judge."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from harness.core.records import Definition, Score
from reports.outcomes import DEFINITIONS

MEAN: Final = "mean"
"""Written in the ``layer`` column for the mean over layers."""

_FIGURES: Final = ("hits", "n", "rate", "low", "high", "lower_bound", "upper_bound")

COLUMNS: Final[dict[str, str]] = {
    "vlm": "model",
    "lens": "lens or control",
    "kind": "lens or control",
    "layer": f"visual layer, or {MEAN!r} for the mean over layers",
    "judge": "judge whose answers are counted",
    "n": f"patches scored by {DEFINITIONS[0]!r} (for the mean: patches x layers)",
    "total": "patches asked about, scored or not",
    "unscored": f"unscored by {DEFINITIONS[0]!r}, e.g. 'refusal=2;missing=1'; empty if none",
    "interval": "method of low and high",
    **{
        f"{definition}:{figure}": text
        for definition in DEFINITIONS
        for figure, text in zip(
            _FIGURES,
            (
                "patches with a hit",
                "patches scored; a panel of judges may decide more by one definition than another",
                "hits / n, or the mean over layers; empty if nothing was scored",
                "lower end of the 95 % interval",
                "upper end of the 95 % interval",
                "rate if every unscored patch were a miss",
                "rate if every unscored patch were a hit",
            ),
            strict=True,
        )
    },
    "distinct_words": "mean number of distinct words among those shown",
}
"""Every column of ``leaderboard.csv`` with its meaning, in order."""


def leaderboard_csv(scores: Iterable[Score]) -> str:
    """Return the board as CSV text: a header, then one row per model, lens, layer and judge.

    Rows keep the order in which lens and layer first occur in ``scores``. Rates have six decimals,
    so equal runs give equal bytes.
    """
    rows: dict[tuple[str, str, int | None, str], dict[Definition, Score]] = {}
    for score in scores:
        key = (score.vlm, score.lens, score.layer, score.judge)
        rows.setdefault(key, {})[score.definition] = score
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for by_definition in rows.values():
        writer.writerow(_row(by_definition))
    return text.getvalue()


def _row(scores: dict[Definition, Score]) -> list[str]:
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
    for definition in DEFINITIONS:
        row.extend(_figures(scores.get(definition)))
    row.append(_number(first.distinct_words))
    return row


def _figures(score: Score | None) -> Sequence[str]:
    if score is None:
        return [""] * len(_FIGURES)
    numbers = (score.estimate, score.low, score.high, score.lower_bound, score.upper_bound)
    return [str(score.hits), str(score.n), *map(_number, numbers)]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"
