"""The board as a file: CSV and JSON for programs, Markdown and LaTeX for people.

The page's own buttons write the same bytes (``templates/board.js``); a test compares them, so a
change here needs the same change there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from reports.board import BoardRow

FIELDS: Final = tuple(BoardRow.model_fields)
"""Columns of the CSV and keys of the JSON, in order."""

MEAN: Final = "mean"
"""Written for the layer of a mean over layers."""

OVER_MODELS: Final = "mean over models"
"""Written for people where the model is empty."""

_NONE: Final = "-"
_HEADINGS: Final = (
    "Model",
    "Lens",
    "Layer",
    "Rate [95 % interval]",
    "Hits of scored",
    "Unscored",
    "Gain over control",
    "Tier",
    "Rank",
    "Judge",
    "Definition",
    "Source",
    "Known problem",
)
_NUMERIC: Final = frozenset(_HEADINGS[2:9])
_MARKDOWN: Final = re.compile(r"[\\`*_\[\]<>|~&$]")
_BLANK: Final = re.compile("[\x00-\x20\x7f\x85\u2028\u2029]+")
_LATEX: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    **{symbol: "\\" + symbol for symbol in "_%&#$"},
}
_SPECIAL: Final = re.compile(r"[\\{}~^|<>_%&#$]")


def board_csv(rows: Sequence[BoardRow]) -> str:
    """Return a header of field names, then one line per row.

    Numbers that are not whole have six decimals, a missing value is empty, the mean over layers is
    ``mean``, and unscored patches are written as ``refusal=2;missing=1``.
    """
    lines = [",".join(FIELDS)]
    lines.extend(",".join(_quoted(_plain(row, name)) for name in FIELDS) for row in rows)
    return "\n".join(lines) + "\n"


def board_json(rows: Sequence[BoardRow]) -> str:
    """Return the records as a JSON array, one per line, with the numbers of the CSV."""
    lines = [
        "{"
        + ",".join(f"{json.dumps(name)}:{_literal(getattr(row, name))}" for name in FIELDS)
        + "}"
        for row in rows
    ]
    return "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"


def board_markdown(rows: Sequence[BoardRow]) -> str:
    """Return a table in Markdown with the figures that a reader needs, three decimals each."""
    lines = [
        "| " + " | ".join(_HEADINGS) + " |",
        "| " + " | ".join("--:" if name in _NUMERIC else "---" for name in _HEADINGS) + " |",
    ]
    for row in rows:
        cells = (_MARKDOWN.sub(r"\\\g<0>", _BLANK.sub(" ", text)) for text in _readable(row))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def board_latex(rows: Sequence[BoardRow]) -> str:
    """Return a ``tabular`` with the columns of the Markdown table; it needs booktabs only."""
    lines = [
        "% Needs \\usepackage{booktabs}. Names beyond Latin letters need lualatex or xelatex.",
        "\\begin{tabular}{" + "".join("r" if name in _NUMERIC else "l" for name in _HEADINGS) + "}",
        "\\toprule",
        " & ".join(map(_latex, _HEADINGS)) + " \\\\",
        "\\midrule",
        *(" & ".join(map(_latex, _readable(row))) + " \\\\" for row in rows),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _plain(row: BoardRow, name: str) -> str:
    value = getattr(row, name)
    if name == "layer" and value is None:
        return MEAN
    if name == "unscored":
        return _reasons(row)
    return value if isinstance(value, str) else "" if value is None else _literal(value)


def _literal(value: object) -> str:
    """Return a value as JSON; six decimals, and no minus before a zero."""
    if isinstance(value, float):
        return f"{value + 0.0:.6f}"
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key, ensure_ascii=False)}:{value[key]}" for key in sorted(value))
        return "{" + ",".join(pairs) + "}"
    return json.dumps(value, ensure_ascii=False)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search('[",\r\n]', text) else text


def _reasons(row: BoardRow) -> str:
    return ";".join(f"{reason}={row.unscored[reason]}" for reason in sorted(row.unscored))


def _readable(row: BoardRow) -> list[str]:
    unscored = None if row.total is None or row.n is None else row.total - row.n
    return [
        row.model or OVER_MODELS,
        row.lens,
        MEAN if row.layer is None else str(row.layer) + " (= 0)" * row.same_as_layer_0,
        _rate(row.estimate) + _interval(row.low, row.high),
        _NONE if row.n is None else f"{_NONE if row.hits is None else row.hits} of {row.n}",
        _NONE if unscored is None else str(unscored),
        (_NONE if row.gain is None else f"{row.gain + 0.0:+.3f}")
        + _interval(row.gain_low, row.gain_high),
        _NONE if row.tier is None else str(row.tier),
        _ranks(row),
        row.judge,
        row.definition,
        row.source,
        row.problem or _NONE,
    ]


def _ranks(row: BoardRow) -> str:
    if row.best_rank is None or row.worst_rank is None:
        return _NONE
    return str(row.best_rank) + f"-{row.worst_rank}" * (row.best_rank != row.worst_rank)


def _rate(value: float | None) -> str:
    return _NONE if value is None else f"{value + 0.0:.3f}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" [{_rate(low)}, {_rate(high)}]"


def _latex(text: str) -> str:
    """Return ``text`` for LaTeX: specials escaped, hyphens in a row not joined to a dash.

    A bracket or star at the start would be read as an option of the line break before it.
    """
    plain = _SPECIAL.sub(lambda found: _LATEX[found[0]], _BLANK.sub(" ", text))
    return re.sub(r"^[\[*]", r"{\g<0>}", re.sub("-(?=-)", "-{}", plain))
