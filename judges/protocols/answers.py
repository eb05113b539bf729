"""From a judge's replies back to one answer per question, whatever was asked together."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from harness.core.errors import MismatchError
from harness.core.records import Answer, Judgement, Relation
from judges.protocols.base import JudgingProtocol, Question
from judges.protocols.plan import Asked, cell_key, is_blank

_Place: TypeAlias = tuple[Asked, int]
"""A question as asked, and the position of a word in it."""

_Finder: TypeAlias = Callable[[str, tuple[str, ...]], "list[_Place] | None"]
"""Patch id and words to the place of each word; None if a word was not asked about yet."""


def assemble(
    protocol: JudgingProtocol,
    questions: Sequence[Question],
    replies: Mapping[Asked, Judgement],
) -> dict[Question, Answer]:
    """Return the answer to each question whose every part has a reply; the others are left out.

    A question is ok if all judgements that hold its words are; otherwise it has the status of the
    first failed one in the order of its words. A word with nothing to see in it was not asked about
    and gets ``none``: a lens that shows nothing shows nothing of the region. Questions asked again
    as a check are not looked at.

    Args:
        protocol: How the questions were asked.
        questions: Patches and words in rank order.
        replies: What was asked with its judgement, in any order.

    Raises:
        MismatchError: A judgement is of another patch or of other words than it is filed under.
    """
    asked = [each for each in replies if not each.check]
    for each in asked:
        _require_match(each, replies[each])
    places = _in_cells(protocol, asked) if protocol.unit == "cell" else _in_pools(asked)
    found: dict[Question, Answer] = {}
    for patch_id, words in questions:
        seen = tuple(word for word in words if not is_blank(protocol, word))
        held = places(patch_id, seen)
        if held is not None:
            found[patch_id, words] = _answer(protocol, (patch_id, words), held, replies)
    return found


def _require_match(asked: Asked, judgement: Judgement) -> None:
    same = (judgement.patch_id, judgement.words) == (asked.patch_id, asked.words)
    if not same or (judgement.status == "ok" and len(judgement.relations) != len(asked.words)):
        raise MismatchError(
            f"the judgement filed for patch {asked.patch_id!r} and words {list(asked.words)} is of "
            f"patch {judgement.patch_id!r} and words {list(judgement.words)} with "
            f"{len(judgement.relations)} relations"
        )


def _in_cells(protocol: JudgingProtocol, asked: Iterable[Asked]) -> _Finder:
    """Return a finder for cells: all words in one question, a repeated word once for each time."""
    cells = {(each.patch_id, cell_key(protocol, each.words)): each for each in asked}

    def find(patch_id: str, words: tuple[str, ...]) -> list[_Place] | None:
        if not words:
            return []
        cell = cells.get((patch_id, cell_key(protocol, words)))
        if cell is None:
            return None
        free: dict[str, deque[int]] = defaultdict(deque)
        for place, word in enumerate(cell.words):
            free[word].append(place)
        return [(cell, free[word].popleft()) for word in words]

    return find


def _in_pools(asked: Iterable[Asked]) -> _Finder:
    """Return a finder for pools: each word in the chunk that holds it, probes left aside."""
    chunks: dict[tuple[str, str], _Place] = {
        (each.patch_id, word): (each, place)
        for each in asked
        for place, word in enumerate(each.words)
        if word not in each.probes
    }

    def find(patch_id: str, words: tuple[str, ...]) -> list[_Place] | None:
        held = [chunks.get((patch_id, word)) for word in words]
        whole = [place for place in held if place is not None]
        return whole if len(whole) == len(words) else None

    return find


def _answer(
    protocol: JudgingProtocol,
    question: Question,
    held: Sequence[_Place],
    replies: Mapping[Asked, Judgement],
) -> Answer:
    patch_id, words = question
    used = [replies[asked] for asked in dict.fromkeys(asked for asked, _ in held)]
    keys = tuple(judgement.key for judgement in used)
    failed = next((judgement.status for judgement in used if judgement.status != "ok"), None)
    if failed is not None:
        return Answer(patch_id=patch_id, words=words, status=failed, judgements=keys)
    said = iter([replies[asked].relations[place] for asked, place in held])
    relations: tuple[Relation, ...] = tuple(
        "none" if is_blank(protocol, word) else next(said) for word in words
    )
    return Answer(patch_id=patch_id, words=words, status="ok", relations=relations, judgements=keys)
