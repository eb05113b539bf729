"""The board, and how far its judges hold, as plain text for the terminal after a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.core.records import Definition, Score
from reports.costs_text import costs_text
from reports.judge_agreement import JudgeAgreement
from reports.judging import JudgeChecks, Judging
from reports.shares import Share

_HEADINGS: Final = ("lens", "mean", "95 % interval", "best layer", "n", "unscored")


def board_text(scores: Sequence[Score], definition: Definition = "interpretable") -> str:
    """Return an aligned table of the means over layers, one per judge, controls after a rule.

    Lenses are listed by their mean, best first. ``n`` counts scored patches times layers. Where
    nothing was judged, one line says so instead. The result ends without a newline.
    """
    judges = dict.fromkeys(score.judge for score in scores)
    return "\n\n".join(_judge_board(scores, judge, definition) for judge in judges)


def judging_text(judging: Judging) -> str:
    """Return a line per check and per pair of judges, and what judges cost; empty if nothing.

    False positives on controls are left out: they are rows of the board. Agreement is that on the
    lenses; the report has the controls too, and the cost by lens.
    """
    lines = [line for checks in judging.checks for line in _check_lines(checks)]
    lines += [_agreement_line(row) for row in judging.agreements if row.rows == "lens"]
    paid = costs_text([cost for cost in judging.costs if cost.calls])
    return "\n".join([*lines, *paid.splitlines()])


def _check_lines(checks: JudgeChecks) -> list[str]:
    lines = []
    if checks.repeat:
        again = checks.repeat
        lines.append(
            f"asked again: same relation for {_of(again.same_words)} words "
            f"({again.kappa}), same verdict on {_of(again.same_questions)} questions"
        )
    if checks.reorder:
        turned = checks.reorder
        lines.append(
            f"other word order: relation changed for {_of(turned.changed_words)} words, verdict on "
            f"{_of(turned.changed_questions)} questions"
        )
    if checks.probes:
        lines.append(f"probe words: {_of(checks.probes.related)} called related")
    if checks.flags and checks.flags.count:
        lines.append(f"own flag against its lists: {_of(checks.flags)} replies")
    return [f"judge {checks.judge}, {line}" for line in lines]


def _agreement_line(row: JudgeAgreement) -> str:
    return (
        f"judges {row.first} and {row.second}: same verdict on {_of(row.same)} cells of lenses "
        f"({row.kappa}; rates {_rate(row.first_rate)} and {_rate(row.second_rate)})"
    )


def _of(share: Share) -> str:
    return f"{_rate(share.share)} of {share.n}"


def _judge_board(scores: Sequence[Score], judge: str, definition: Definition) -> str:
    chosen = [s for s in scores if s.judge == judge and s.definition == definition]
    means = [score for score in chosen if score.layer is None]
    if not any(score.n for score in means):
        return f"judge {judge}: nothing was scored; the report shows the descriptions"
    rows: list[tuple[str, ...]] = [_HEADINGS]
    groups: list[int] = []
    for kind in ("lens", "control"):
        members = [score for score in means if score.kind == kind]
        groups.append(len(rows))
        for score in sorted(members, key=lambda s: (-(s.estimate or 0.0), s.lens)):
            rows.append(_row(score, chosen))
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADINGS))]
    lines = [_aligned(row, widths) for row in rows]
    rule = "-" * max(map(len, lines))
    for start in reversed(groups):
        if start < len(rows):
            lines.insert(start, rule)
    return "\n".join([f"{definition}, judge {judge}, mean over layers", *lines])


def _row(mean: Score, scores: Sequence[Score]) -> tuple[str, ...]:
    layers = [s for s in scores if s.lens == mean.lens and s.layer is not None]
    best = max(layers, key=lambda s: -1.0 if s.estimate is None else s.estimate, default=None)
    return (
        mean.lens,
        _rate(mean.estimate),
        f"[{_rate(mean.low)}, {_rate(mean.high)}]" if mean.low is not None else "-",
        f"{best.layer} ({_rate(best.estimate)})" if best and best.estimate is not None else "-",
        str(mean.n),
        str(mean.total - mean.n),
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first = row[0].ljust(widths[0])
    rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join([first, *rest])


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
