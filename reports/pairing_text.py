"""Two runs held against each other, as plain text for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from reports.pairing_records import CellPair, RunComparison
from reports.tiers import ALPHA

_WIDTH: Final = 100
_HEADINGS: Final = ("lens", "layer", "A", "B", "n", "A - B [95 %]", "only A/B", "p Holm", "")
_LEFT: Final = (0, 5, 8)
_GAP: Final = "  "
_LEAST_P: Final = 0.001
_VERDICTS: Final = {
    "first higher": "A > B",
    "second higher": "A < B",
    "not told apart": "",
    "cannot tell": "?",
}


def comparison_text(found: RunComparison) -> str:
    """Return the cells of lenses and means of controls, how runs were paired, and what differs.

    No line is longer than 100 columns: long names of lenses are cut. ``only A/B`` counts patches
    that one of the runs hit. The result ends without a newline.
    """
    parts = [
        "\n".join(
            [
                _filled(f"A: {found.first}, judge {found.first_judge}", "   "),
                _filled(f"B: {found.second}, judge {found.second_judge}", "   "),
            ]
        ),
        _table([cell for cell in found.cells if cell.kind == "lens"]),
        _table([c for c in found.cells if c.kind == "control" and c.layer is None]),
        "\n".join(_filled(sentence) for sentence in pairing_sentences(found)),
        _differences(found),
        _listed("Not compared:", found.missing),
    ]
    return "\n\n".join(part for part in parts if part)


def pairing_sentences(found: RunComparison) -> tuple[str, ...]:
    """Say how the runs were paired, what was found, and what to keep in mind."""
    sentences = [f"Hit: {found.definition}; means are over layers {_numbers(found.layers)}."]
    match found.pairing:
        case "patches":
            sentences.append(
                f"Paired by patch: {found.units} patches of {found.images} images. Intervals and "
                "tests take whole images."
            )
        case "images":
            sentences.append(
                f"Paired by image: {found.images} images; the patches are not the same, so that "
                "each image's rates are compared, every image one vote. Rates may therefore "
                "differ from the boards."
            )
        case "none":
            sentences.append(
                "Not paired: the runs have no image in common and are compared as two independent "
                "samples, which finds only large differences."
            )
    if any(found.left_out):
        sentences.append(
            f"Without counterpart: {found.left_out[0]} patches of A, {found.left_out[1]} of B."
        )
    told = [cell for cell in found.cells if cell.p_holm is not None]
    apart = [cell for cell in told if cell.verdict in ("first higher", "second higher")]
    sentences.append(
        f"Told apart: {len(apart)} of {len(told)} rows (p after Holm's correction at most "
        f"{ALPHA:g}; lenses and controls, layers and means are corrected apart; intervals are not "
        "corrected)."
    )
    if len(told) < len(found.cells):
        sentences.append(
            f"Of {len(found.cells) - len(told)} rows nothing can be told: no or one scored image."
        )
    return tuple(sentences)


def _table(cells: Sequence[CellPair]) -> str:
    if not cells:
        return ""
    rows = [_HEADINGS, *(_row(cell) for cell in cells)]
    used = [place for place in range(len(_HEADINGS)) if any(row[place] for row in rows[1:])]
    widths = {place: max(len(row[place]) for row in rows) for place in used}
    others = sum(widths.values()) - widths[0] + len(_GAP) * (len(used) - 1)
    widths[0] = min(widths[0], _WIDTH - others)
    lines = []
    for row in rows:
        cut = (_shortened(row[0], widths[0]), *row[1:])
        padded = [
            cut[place].ljust(width) if place in _LEFT else cut[place].rjust(width)
            for place, width in widths.items()
        ]
        lines.append(_GAP.join(padded).rstrip())
    return "\n".join(lines)


def _row(cell: CellPair) -> tuple[str, ...]:
    return (
        cell.lens,
        "mean" if cell.layer is None else str(cell.layer),
        _rate(cell.first),
        _rate(cell.second),
        str(cell.first_n) if cell.first_n == cell.second_n else f"{cell.first_n}/{cell.second_n}",
        _interval(cell),
        "" if cell.first_only is None else f"{cell.first_only}/{cell.second_only}",
        _p(cell.p_holm),
        _VERDICTS[cell.verdict],
    )


def _shortened(name: str, width: int) -> str:
    return name if len(name) <= width else f"{name[: width - 1]}…"


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if value >= _LEAST_P else f"<{_LEAST_P}"


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(cell: CellPair) -> str:
    if cell.difference is None:
        return "–"
    if cell.low is None or cell.high is None:
        return f"{cell.difference:+.3f}"
    return f"{cell.difference:+.3f} [{cell.low:+.3f}, {cell.high:+.3f}]"


def _differences(found: RunComparison) -> str:
    lines = []
    for each in found.differences:
        values = [each.values.get(name, "none") for name in (found.first, found.second)]
        lines.append(f"{each.field}: A {values[0]}; B {values[1]} ({each.why})")
    return _listed("The runs differ in:", lines)


def _numbers(layers: Sequence[int]) -> str:
    return ", ".join(map(str, layers))


def _filled(text: str, indent: str = "") -> str:
    return textwrap.fill(text, _WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def _listed(heading: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return "\n".join([heading, *(_filled(f"- {line}", "  ") for line in lines)])
