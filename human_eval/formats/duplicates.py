"""One rating of each person for each item: what happens to the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.ratings import LeftOut, Rating
from human_eval.formats.reasons import DUPLICATE, ONE_NAME, REPLACED
from human_eval.formats.values import moment_of


@dataclass(frozen=True, slots=True)
class _Read:
    """A rating with the place at which it was read."""

    order: int
    sitting: tuple[str, str]
    rating: Rating

    @property
    def answer(self) -> tuple[str, tuple[str, ...]]:
        return self.rating.state, tuple(self.rating.relations)


def settled(ratings: Sequence[tuple[str, Rating]]) -> tuple[tuple[Rating, ...], list[LeftOut]]:
    """Return the ratings that count, in the order read, and the others with their reasons.

    Of one person's ratings of one item: equal answers count once (the first); a later answer of
    the same sitting replaces an earlier one; different answers in different sittings cannot be one
    person's opinion, so none of them counts. A sitting is a session, or a file if ratings name no
    session. What was later is told by time, or by the order in the files if a time is missing.

    Args:
        ratings: File and rating, in the order read.
    """
    groups: dict[tuple[str, str], list[_Read]] = defaultdict(list)
    for order, (file, rating) in enumerate(ratings):
        sitting = ("session", rating.session) if rating.session else ("file", file)
        groups[rating.annotator, rating.item_id].append(_Read(order, sitting, rating))
    kept: list[_Read] = []
    left: list[tuple[int, LeftOut]] = []
    for group in groups.values():
        if len(group) == 1:
            kept.extend(group)
            continue
        used, others = _settle(_by_time(group))
        kept.extend(used)
        left.extend(others)
    kept.sort(key=lambda read: read.order)
    left.sort(key=lambda pair: pair[0])
    return tuple(read.rating for read in kept), [entry for _, entry in left]


def _settle(group: Sequence[_Read]) -> tuple[list[_Read], list[tuple[int, LeftOut]]]:
    """Settle the ratings of one item by one person, oldest first."""
    last: dict[tuple[str, str], _Read] = {read.sitting: read for read in group}
    answers = {read.answer for read in last.values()}
    if len(answers) > 1:
        left = [
            _left(read, ONE_NAME, f"{len(answers)} different answers in {len(last)} sittings")
            if read is last[read.sitting]
            else _left(read, REPLACED, f"by {last[read.sitting].rating.source}")
            for read in group
        ]
        return [], left
    answer = answers.pop()
    same = [read for read in group if read.answer == answer]
    kept = same[0]
    left = [
        _left(read, DUPLICATE if read.answer == answer else REPLACED, f"by {kept.rating.source}")
        for read in group
        if read is not kept
    ]
    return [kept], left


def _by_time(group: Sequence[_Read]) -> list[_Read]:
    moments = {read.order: moment_of(read.rating.at) for read in group}
    times = {order: moment.timestamp() for order, moment in moments.items() if moment}
    if len(times) < len(group):
        return list(group)
    return sorted(group, key=lambda read: (times[read.order], read.order))


def _left(read: _Read, reason: str, detail: str) -> tuple[int, LeftOut]:
    rating = read.rating
    return read.order, LeftOut(
        reason=reason,
        source=rating.source,
        item_id=rating.item_id,
        annotator=rating.annotator,
        detail=detail,
    )
