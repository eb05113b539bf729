"""What people and judges said, item by item, and how it is read: the ground of every figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from harness.core.agreement import Policy
from harness.core.bootstrap import Floats
from harness.core.errors import DataError
from harness.core.ratings import Item, JudgeReply, Rating
from harness.core.records import Relation
from human_eval.policies import counted, is_hit, pooled

R = TypeVar("R", Rating, JudgeReply)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Items with everything said of them; every array has one entry per item, in this order."""

    items: tuple[Item, ...]
    """Items by id."""
    ratings: tuple[tuple[Rating, ...], ...]
    """Ratings of each item, by annotator."""
    replies: dict[str, tuple[JudgeReply | None, ...]]
    """Judge to reply to each item, judges in display order; None where there is none."""
    policy: Policy
    """How ratings are read."""
    seed: int
    """Seed of the resampling."""

    def images(self, used: npt.NDArray[np.bool_]) -> list[str]:
        """Return the image of each item in ``used`` [items], [used items]."""
        return [item.image_id for item, has in zip(self.items, used, strict=True) if has]

    @property
    def annotators(self) -> list[str]:
        """Everyone who rated, by name."""
        return sorted({rating.annotator for group in self.ratings for rating in group})

    @property
    def tested(self) -> Floats:
        """Weight of each item by its cells of lenses under test, [items]; 0 if it has none."""
        return np.array(
            [sum(cell.weight for cell in item.cells if cell.kind == "lens") for item in self.items],
            dtype=np.float64,
        )

    def people(self, relation: Relation | None = None) -> Floats:
        """Return people's verdict on each item, [items]: 1 hit, 0 miss, NaN if nobody counts.

        Args:
            relation: Take a word of this relation for a hit, whatever the policy's definition.
        """
        return verdicts(
            pooled([self._hit(said, relation) for said in self.said(group)], self.policy)
            for group in self.ratings
        )

    def judge(self, judge: str, relation: Relation | None = None) -> Floats:
        """Return the verdict of ``judge`` on each item, [items]: 1 hit, 0 miss, NaN if unscored."""
        scored = [
            reply.relations if reply is not None and reply.status == "ok" else None
            for reply in self.replies[judge]
        ]
        return verdicts(self._hit(relations, relation) for relations in scored)

    def answers(self) -> Floats:
        """Return what everyone says alone, [items, annotators]: 1, 0, NaN if not counted."""
        columns = {name: column for column, name in enumerate(self.annotators)}
        found = np.full((len(self.items), len(columns)), np.nan)
        for row, group in enumerate(self.ratings):
            for rating in group:
                hit = self._hit(counted(rating, self.policy), None)
                found[row, columns[rating.annotator]] = np.nan if hit is None else hit
        return found

    def said(self, group: Sequence[Rating]) -> list[Sequence[Relation]]:
        """Return the relations of the ratings among ``group`` that count."""
        found = [counted(rating, self.policy) for rating in group]
        return [relations for relations in found if relations is not None]

    def _hit(self, relations: Sequence[Relation] | None, relation: Relation | None) -> bool | None:
        if relations is None:
            return None
        return relation in relations if relation else is_hit(relations, self.policy.definition)


def verdicts(found: Iterable[bool | None]) -> Floats:
    """Return verdicts as numbers: 1 for a hit, 0 for a miss, NaN for None."""
    return np.array([np.nan if hit is None else hit for hit in found], dtype=np.float64)


def gather(
    items: Sequence[Item],
    ratings: Sequence[Rating],
    replies: Mapping[str, Sequence[JudgeReply]],
    policy: Policy,
    seed: int,
) -> Evidence:
    """Return items, ratings and replies put together; their order does not matter.

    Raises:
        DataError: An item is there twice; a rating or reply is of an unknown item, is there twice,
            or has another number of relations than the item has words.
    """
    ordered = sorted(items, key=lambda item: item.item_id)
    for item_id, times in Counter(item.item_id for item in items).items():
        if times > 1:
            raise DataError(f"item {item_id} is there {times} times; expected every item once")
    known = {item.item_id: len(item.words) for item in ordered}
    rated = _by_item(known, ((rating.annotator, rating) for rating in ratings), "rating")
    answered = {
        judge: _by_item(known, ((judge, reply) for reply in given), "reply")
        for judge, given in replies.items()
    }
    return Evidence(
        items=tuple(ordered),
        ratings=tuple(
            tuple(rated[item_id][name] for name in sorted(rated[item_id])) for item_id in known
        ),
        replies={
            judge: tuple(found[item_id].get(judge) for item_id in known)
            for judge, found in answered.items()
        },
        policy=policy,
        seed=seed,
    )


def _by_item(
    known: Mapping[str, int], given: Iterable[tuple[str, R]], kind: str
) -> dict[str, dict[str, R]]:
    """Return item id to giver to what was given; ``known`` has the number of words of each item."""
    found: dict[str, dict[str, R]] = {item_id: {} for item_id in known}
    for who, said in given:
        where = f"{kind} of item {said.item_id} by {who}"
        if said.item_id not in known:
            raise DataError(f"{where}: unknown item; expected one of the {len(known)} items given")
        if who in found[said.item_id]:
            raise DataError(f"{where} is there twice; expected one {kind}")
        words = known[said.item_id]
        if _word_by_word(said) and len(said.relations) != words:
            raise DataError(
                f"{where} has {len(said.relations)} relations; expected one for each of its "
                f"{words} words"
            )
        found[said.item_id][who] = said
    return found


def _word_by_word(said: Rating | JudgeReply) -> bool:
    """Return whether there must be one relation for each word of the item."""
    if isinstance(said, Rating):
        return said.state in ("selected", "none")
    return said.status == "ok" and said.aligned
