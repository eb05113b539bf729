"""What judging has cost: by judge from its whole journal, and by lens from what answers rest on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np

from harness.core.records import Answer, Judgement, Record

Question: TypeAlias = tuple[str, tuple[str, ...]]
"""Patch id and the words of one cell in rank order."""

CellKey: TypeAlias = tuple[str, int, str]
"""Lens, layer and patch id."""

CHECKS: Final = "checks"
"""Row of what was asked a second time to check the judge."""

UNANSWERED: Final = "unanswered"
"""Row of questions that have no scored answer after all tries."""

UNUSED: Final = "unused"
"""Row of answers that no cell of the run rests on, such as those of an earlier protocol."""

_READABLE: Final = ("ok", "parse_error", "schema_error")


class JudgeCost(Record):
    """What one judge was asked and what it cost, over all tries of all runs of the command."""

    judge: str
    """Name under which the judge is reported."""
    questions: int
    """Distinct questions asked, checks included."""
    answered: int
    """Questions with a scored answer."""
    by_status: dict[str, int]
    """Questions by outcome: ``ok`` if any try was, else the last one's; sums to ``questions``."""
    calls: int
    """Exchanges with the provider, failed ones included; 0 for a judge inside this process."""
    failed_calls: int
    """Exchanges among them that brought no whole reply, or one that could not be read."""
    repaired: int
    """Tries in which the judge had to be asked to put its reply right."""
    batches: int
    """Batches of the provider that replies came in."""
    input_tokens: int
    """Tokens sent."""
    output_tokens: int
    """Tokens received, hidden reasoning included."""
    cost_usd: float | None
    """US dollars paid; None if the price of some call is not known."""
    known_usd: float
    """US dollars paid for the calls whose price is known: never more than was really paid."""
    unknown: int
    """Calls whose price is not known."""
    median_s: float | None
    """Median seconds to an answer, batches left out; None if none was timed."""
    p95_s: float | None
    """Seconds within which 95 % of them came (linear between ranks); None if none was timed."""
    snapshots: dict[str, int]
    """Model that answered, as replies name it, to the number of replies."""


class LensCost(Record):
    """The share of a judge's cost that one lens has caused; the rows of a judge add up to it."""

    judge: str
    """Name under which the judge is reported."""
    lens: str
    """Name of the lens, or one of ``checks``, ``unanswered`` and ``unused``."""
    questions: float
    """Questions, each split equally over the cells that rest on it."""
    cost_usd: float | None
    """US dollars; None if a price in it is not known."""
    known_usd: float
    """US dollars of the calls whose price is known."""


def judge_costs(label: str, judgements: Sequence[Judgement]) -> JudgeCost:
    """Return what a judge was asked and what it cost.

    Args:
        label: Name under which the judge is reported.
        judgements: Every row of the judge in the journal, in its order: retries are paid for too.
    """
    outcomes: dict[str, str] = {}
    for row in judgements:
        if outcomes.get(row.key) != "ok":
            outcomes[row.key] = row.status
    calls = [call for row in judgements for call in row.calls]
    unknown = sum(_unknown(row) for row in judgements)
    known = math.fsum(_known(row) for row in judgements)
    seconds = [
        row.latency_s
        for row in judgements
        if row.status == "ok" and not row.batch and row.latency_s > 0
    ]
    by_status = Counter(outcomes.values())
    return JudgeCost(
        judge=label,
        questions=len(outcomes),
        answered=by_status["ok"],
        by_status=dict(sorted(by_status.items())),
        calls=len(calls),
        failed_calls=sum(call.status != "ok" for call in calls),
        repaired=sum(_repaired(row) for row in judgements),
        batches=len({row.batch for row in judgements if row.batch}),
        input_tokens=sum(row.input_tokens for row in judgements),
        output_tokens=sum(row.output_tokens for row in judgements),
        cost_usd=None if unknown else known,
        known_usd=known,
        unknown=unknown,
        median_s=float(np.median(seconds)) if seconds else None,
        p95_s=float(np.quantile(seconds, 0.95)) if seconds else None,
        snapshots=_snapshots(judgements),
    )


def lens_costs(
    label: str,
    judgements: Sequence[Judgement],
    answers: Mapping[Question, Answer],
    cells: Mapping[CellKey, Question],
) -> list[LensCost]:
    """Return how a judge's cost spreads over the lenses, in the order of ``cells``.

    All that was paid for a question, over all its tries, is split equally over the cells whose
    answer rests on it; so a pooled question is shared by lenses and layers. Checks, questions
    without a scored answer and answers that no cell rests on are rows of their own, left out where
    there are none. The rows add up to :func:`judge_costs`.

    Args:
        label: Name under which the judge is reported.
        judgements: Every row of the judge in the journal.
        answers: Answers of the judge by question.
        cells: Question of every cell of the run.
    """
    users: dict[str, Counter[str]] = {}
    for (lens, _, _), question in cells.items():
        answer = answers.get(question)
        for key in dict.fromkeys(answer.judgements if answer else ()):
            users.setdefault(key, Counter())[lens] += 1
    tries: dict[str, list[Judgement]] = {}
    for row in judgements:
        tries.setdefault(row.key, []).append(row)
    lenses = dict.fromkeys(lens for lens, _, _ in cells)
    shares: dict[str, list[tuple[float, float, bool]]] = {name: [] for name in lenses}
    for key, rows in tries.items():
        paid = math.fsum(_known(row) for row in rows)
        unknown = any(_unknown(row) for row in rows)
        bearers = _bearers(rows, users.get(key))
        for name, count in bearers.items():
            share = count / bearers.total()
            shares.setdefault(name, []).append((share, paid * share, unknown))
    order = [*lenses, *(name for name in (CHECKS, UNANSWERED, UNUSED) if name in shares)]
    return [_lens_cost(label, name, shares[name]) for name in dict.fromkeys(order)]


def _bearers(rows: Sequence[Judgement], users: Counter[str] | None) -> Counter[str]:
    if any(row.check for row in rows):
        return Counter([CHECKS])
    if all(row.status != "ok" for row in rows):
        return Counter([UNANSWERED])
    return users or Counter([UNUSED])


def _lens_cost(label: str, name: str, shares: Sequence[tuple[float, float, bool]]) -> LensCost:
    known = math.fsum(paid for _, paid, _ in shares)
    return LensCost(
        judge=label,
        lens=name,
        questions=math.fsum(share for share, _, _ in shares),
        cost_usd=None if any(unknown for _, _, unknown in shares) else known,
        known_usd=known,
    )


def _known(row: Judgement) -> float:
    """Return the part of a try's price that is known."""
    if row.cost_usd is not None:
        return row.cost_usd
    return math.fsum(call.cost_usd for call in row.calls if call.cost_usd is not None)


def _unknown(row: Judgement) -> int:
    """Return how many calls of a try have no known price; a try without calls counts as one."""
    if row.cost_usd is not None:
        return 0
    return sum(call.cost_usd is None for call in row.calls) or 1


def _repaired(row: Judgement) -> bool:
    return sum(call.status in _READABLE for call in row.calls) > 1


def _snapshots(judgements: Iterable[Judgement]) -> dict[str, int]:
    names = [
        name
        for row in judgements
        for name in ([call.snapshot for call in row.calls] or [row.snapshot])
        if name
    ]
    return dict(Counter(names).most_common())
