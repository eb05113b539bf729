"""A run held against the paper, as plain text for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from reports.published.comparison import LEVEL, CellComparison, PublishedComparison

_WIDTH: Final = 100
_HEADINGS: Final = ("lens", "layer", "ours", "n", "paper", "n", "difference [95 %]", "verdict", "")


def published_text(found: PublishedComparison) -> str:
    """Return a table of every cell, what was made otherwise, and the known problems it refers to.

    No line is longer than 100 columns. The result ends without a newline.
    """
    problems = list(dict.fromkeys(text for cell in found.cells for text in cell.problems))
    parts = [
        _filled(
            f"{found.model}, judge {found.judge}, against {found.published_model} of the paper, "
            f"judge {found.published_judge}. Hit: {found.definition}."
        ),
        _table(found.cells, problems),
        "\n".join(_filled(sentence) for sentence in comparison_sentences(found)),
    ]
    if found.protocol:
        lines = [f"{each.aspect}: {each.ours}; paper: {each.theirs}" for each in found.protocol]
        parts.append(_listed("Made otherwise than in the paper:", lines))
    if found.missing:
        parts.append(_listed("Not compared:", found.missing))
    if problems:
        numbered = [f"[{number}] {text}" for number, text in enumerate(problems, start=1)]
        parts.append(_listed("Known problems of published cells:", numbered, mark=""))
    more = len(found.general_problems)
    parts.append(
        _filled(
            f"Published figures: {found.source}. {more} things are known of all published rates: "
            "the JSON file of -o and the report list them."
        )
    )
    return "\n\n".join(parts)


def comparison_sentences(found: PublishedComparison) -> tuple[str, ...]:
    """Say how many cells agree with the paper, and what that can and cannot mean."""
    told = found.consistent + found.differing
    sentences = []
    if found.mean_layers:
        sentences.append(f"Means are over layers {', '.join(map(str, found.mean_layers))}.")
    if told:
        sentences.append(
            f"Consistent with the paper: {found.consistent} of {told} cells (the 95 % interval of "
            f"the difference includes 0); {found.differing} differ, {found.surviving} of them also "
            f"after Holm's correction for {told} cells (p < {LEVEL:g})."
        )
        sentences.append(
            f"By chance alone about {told * LEVEL:.1f} of {told} cells would differ before the "
            "correction."
        )
    if found.half_width is not None:
        sentences.append(
            f"Consistent is not equal: differences below about {100 * found.half_width:.0f} points "
            "cannot be seen at these numbers of patches."
        )
    if found.unknown:
        sentences.append(f"Of {found.unknown} cells nothing can be told.")
    return tuple(sentences)


def _table(cells: Sequence[CellComparison], problems: Sequence[str]) -> str:
    rows = [_HEADINGS, *(_row(cell, problems) for cell in cells)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = []
    for row in rows:
        padded = [
            text.ljust(width) if column in (0, 6, 7, 8) else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _row(cell: CellComparison, problems: Sequence[str]) -> tuple[str, ...]:
    numbers = [problems.index(text) + 1 for text in cell.problems]
    return (
        cell.lens,
        "mean" if cell.layer is None else str(cell.layer),
        "–" if cell.rate is None else f"{cell.rate:.3f}",
        str(cell.n),
        f"{cell.published:.3f}",
        "?" if cell.published_n is None else str(cell.published_n),
        difference_text(cell.difference, cell.difference_low, cell.difference_high),
        verdict_text(cell),
        f"[{', '.join(map(str, numbers))}]" if numbers else "",
    )


def verdict_text(cell: CellComparison) -> str:
    """Return the verdict; a difference that survives Holm's correction is marked by ``*``."""
    survives = cell.verdict == "differs" and cell.p_holm is not None and cell.p_holm < LEVEL
    return f"{cell.verdict}*" if survives else cell.verdict


def difference_text(mean: float | None, low: float | None, high: float | None) -> str:
    """Return a difference with its interval, or a dash."""
    if mean is None:
        return "–"
    return f"{mean:+.3f}" if low is None else f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def _listed(heading: str, lines: Sequence[str], mark: str = "- ") -> str:
    return "\n".join([heading, *(_filled(mark + line, "  ") for line in lines)])
