"""Judges' replies to the items of a study: from a table, and at most one of a judge for an item.

A table (JSONL, CSV or a JSON list) has ``item_id``, ``judge``, ``status`` (``ok`` if it is left
out) and either ``relations``, one per word (a list, or text joined by ``|``), or the lists
``concrete_words``, ``abstract_words`` and ``global_words``, with ``candidates`` if the judge was
shown other words than the item's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

from harness.core.ratings import Item, JudgeReply
from harness.core.records import Relation, Status
from human_eval.formats.answers import RELATIONS
from human_eval.formats.intake import EntryError, Intake
from human_eval.formats.matching import positions
from human_eval.formats.reading import excerpt
from human_eval.formats.reasons import (
    DUPLICATE_REPLY,
    REPLACED_REPLY,
    REPLY_TO_UNKNOWN,
    REPLY_WORD,
    UNUSABLE_REPLY,
)
from human_eval.formats.rows import rows_of
from human_eval.formats.values import name_of, words_of

Replies = dict[str, tuple[JudgeReply, ...]]
"""Judge to its replies."""

COLUMNS: Final = ("item_id", "judge")
"""Columns that a table of replies must have."""

_STATUSES: Final[Mapping[str, Status]] = {name: name for name in get_args(Status)}
_LISTS: Final[tuple[tuple[str, Relation], ...]] = (
    ("concrete_words", "concrete"),
    ("abstract_words", "abstract"),
    ("global_words", "global"),
)


def read_replies(
    paths: Sequence[Path], items: Mapping[str, Item], intake: Intake
) -> list[tuple[str, JudgeReply]]:
    """Read tables of replies.

    Returns:
        Place and reply, in the order read, several of one judge for one item included.

    Raises:
        UsageError: There is no such file.
        DataError: It is no table of replies.
    """
    found = []
    for path in paths:
        for row in rows_of(path, COLUMNS):
            if row.values is None:
                intake.leave(UNUSABLE_REPLY, row.source, row.problem)
                continue
            item_id = name_of(row.values.get("item_id"))
            with intake.entry(row.source, item_id=item_id, fault=UNUSABLE_REPLY):
                item = replied(items, item_id)
                found.append((row.source, _reply(row.values, item, row.source, intake)))
    return found


def one_each(replies: Sequence[tuple[str, JudgeReply]], intake: Intake) -> Replies:
    """Return at most one reply of each judge for each item; what is left out is taken down.

    A verdict goes before a failure, and of several the last one counts.
    """
    best: dict[tuple[str, str], tuple[str, JudgeReply]] = {}
    for source, reply in replies:
        key = reply.judge, reply.item_id
        before = best.get(key)
        if before is None:
            best[key] = source, reply
            continue
        keeps = before[1].status == "ok" and reply.status != "ok"
        used, other = (before, (source, reply)) if keeps else ((source, reply), before)
        same = used[1] == other[1]
        intake.leave(
            DUPLICATE_REPLY if same else REPLACED_REPLY,
            other[0],
            f"{reply.judge}: status {other[1].status}; used: {used[0]}",
            item_id=reply.item_id,
        )
        best[key] = used
    judges: dict[str, list[JudgeReply]] = {}
    for _, reply in best.values():
        judges.setdefault(reply.judge, []).append(reply)
    return {judge: tuple(found) for judge, found in judges.items()}


def replied(items: Mapping[str, Item], item_id: str) -> Item:
    """Return the item of that identity.

    Raises:
        EntryError: There is none.
    """
    if item_id not in items:
        raise EntryError(
            REPLY_TO_UNKNOWN, f"{excerpt(item_id or '')} is none of the {len(items)} items"
        )
    return items[item_id]


def listed_relations(
    lists: Mapping[str, Any], shown: Sequence[str], source: str, item_id: str, intake: Intake
) -> tuple[tuple[Relation, ...], bool]:
    """Return one relation per word shown, from lists of words by relation, and True.

    A word in several lists has the strongest relation: concrete, then abstract, then global. A
    listed word that was not shown is taken down and ignored, unless no listed word was shown: a
    list that is not empty is a verdict, so it returns one relation for every word listed, and
    False.

    Args:
        lists: ``concrete_words``, ``abstract_words``, ``global_words``; missing ones are empty.
        shown: Words that the judge was shown, in order.
        source: Place of the reply.
        item_id: Item it is about.
        intake: Takes down the words ignored.

    Raises:
        EntryError: A list is not a list of words.
    """
    relations: list[Relation] = ["none"] * len(shown)
    unmatched: list[tuple[str, Relation]] = []
    for name, relation in reversed(_LISTS):
        for word in _listed(name, lists.get(name)):
            found = positions(word, shown)
            for at in found:
                relations[at] = relation
            if not found:
                unmatched.append((word, relation))
    for word, relation in reversed(unmatched):
        intake.leave(
            REPLY_WORD, source, f"{excerpt(word)} ({relation}) is ignored", item_id=item_id
        )
    if unmatched and all(relation == "none" for relation in relations):
        return tuple(relation for _, relation in reversed(unmatched)), False
    return tuple(relations), True


def _reply(row: Mapping[str, Any], item: Item, source: str, intake: Intake) -> JudgeReply:
    judge, status = name_of(row.get("judge")), name_of(row.get("status")).lower() or "ok"
    if not judge:
        raise EntryError(UNUSABLE_REPLY, "it names no judge")
    if status not in _STATUSES:
        raise EntryError(
            UNUSABLE_REPLY, f"status {excerpt(status)}: expected {', '.join(_STATUSES)}"
        )
    if status != "ok":
        return JudgeReply(item_id=item.item_id, judge=judge, status=_STATUSES[status])
    relations, of_words = _relations(row, item, source, intake)
    if not of_words:
        # A reply about other words than it was shown is a failure, not a verdict.
        return JudgeReply(item_id=item.item_id, judge=judge, status="schema_error")
    return JudgeReply(
        item_id=item.item_id,
        judge=judge,
        status="ok",
        relations=relations,
        aligned=len(relations) == len(item.words),
    )


def _relations(
    row: Mapping[str, Any], item: Item, source: str, intake: Intake
) -> tuple[tuple[Relation, ...], bool]:
    """Return the relations of a row with the status ok, and whether they are of words shown."""
    if row.get("relations") in (None, "", []):
        if not any(name in row for name, _ in _LISTS):
            raise EntryError(UNUSABLE_REPLY, "status ok without relations")
        shown = words_of(row.get("candidates")) or item.words
        return listed_relations(row, shown, source, item.item_id, intake)
    names = words_of(row["relations"]) or ()
    relations = []
    for name in names:
        if name.strip().lower() not in RELATIONS:
            raise EntryError(
                UNUSABLE_REPLY, f"relation {excerpt(name)}: expected {', '.join(RELATIONS)}"
            )
        relations.append(RELATIONS[name.strip().lower()])
    if not relations:
        raise EntryError(UNUSABLE_REPLY, f"relations {excerpt(row['relations'])}: expected a list")
    return tuple(relations), True


def _listed(name: str, value: Any) -> Sequence[str]:
    """Return the words of one list; numbers count as words, as judges write them so."""
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return words_of(value) or ()
    if not isinstance(value, list):
        raise EntryError(UNUSABLE_REPLY, f"{name} {excerpt(value)}: expected a list of words")
    words = [word if isinstance(word, str) else name_of(word) for word in value]
    if "" in [word for word, raw in zip(words, value, strict=True) if not isinstance(raw, str)]:
        raise EntryError(UNUSABLE_REPLY, f"{name} {excerpt(value)}: expected a list of words")
    return words
