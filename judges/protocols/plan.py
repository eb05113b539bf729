"""From the words of every lens and layer to the questions that a judge is asked."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.core.errors import UsageError
from harness.core.ids import digest
from harness.core.quoting import plain
from harness.core.records import Check
from judges.protocols.base import JudgingProtocol, Question
from judges.protocols.marking import marked_word
from judges.protocols.order import reordered, shuffled
from judges.protocols.probes import ProbeWords


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as it is put to a judge."""

    patch_id: str
    """Patch asked about."""
    words: tuple[str, ...]
    """Words, or sentences with the word marked, in display order."""
    check: Check = ""
    """Why it is asked again; empty for the question itself."""
    probes: tuple[str, ...] = ()
    """Those of the words that no lens said of this patch, in display order."""


def plan_questions(
    protocol: JudgingProtocol,
    questions: Sequence[Question],
    images: Mapping[str, str],
    *,
    seed: int,
    repeat: float = 0,
    reorder: float = 0,
) -> tuple[Asked, ...]:
    """Return what is asked, patch by patch in the order in which ``questions`` first name them.

    Words that show nothing (:func:`is_blank`) are never asked about. What is asked of a patch
    depends on the set of its questions, not on their order; only the order of cells follows it.

    Args:
        protocol: How it is asked: by cell, or by chunks of the pool of all words of a patch.
        questions: What the lenses said of each patch at each layer.
        images: Patch id to image id; read only if the protocol mixes in probes.
        seed: Seed of every draw.
        repeat: Per cent of the questions that are asked once more as they are.
        reorder: Per cent of the questions that are asked once more in another order; as many of
            those with two different words as there are, if they are fewer.

    Raises:
        UsageError: A percentage is not between 0 and 100.
    """
    spoken = _spoken(protocol, questions)
    probes = ProbeWords(spoken, images) if protocol.probe_share else None
    asked: list[Asked] = []
    for patch_id, cells in spoken.items():
        if protocol.unit == "cell":
            asked += _cells(protocol, patch_id, cells, seed)
        else:
            asked += _chunks(protocol, patch_id, cells, probes, seed)
    order = {patch_id: place for place, patch_id in enumerate(spoken)}
    checks = [*_repeated(asked, repeat, seed), *_reordered(asked, reorder, seed)]
    return tuple(sorted([*asked, *checks], key=lambda each: order[each.patch_id]))


def is_blank(protocol: JudgingProtocol, text: str) -> bool:
    """Return whether a word, or the marked word of a sentence, has nothing that can be seen."""
    # Nearly all words begin with a letter or digit of ASCII, which is seen whatever follows.
    if text[:1].isalnum() and text[:1].isascii() and protocol.shows != "sentences":
        return False
    return not plain(marked_word(text) if protocol.shows == "sentences" else text)


def cell_key(protocol: JudgingProtocol, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return what cells that are one question share: the words, in order only if it is shown."""
    return words if protocol.order == "ranked" else tuple(sorted(words))


def _spoken(
    protocol: JudgingProtocol, questions: Sequence[Question]
) -> dict[str, list[tuple[str, ...]]]:
    """Return patch id to the words of its questions, without blank ones."""
    spoken: dict[str, list[tuple[str, ...]]] = {}
    for patch_id, words in questions:
        shown = tuple(word for word in words if not is_blank(protocol, word))
        spoken.setdefault(patch_id, []).append(shown)
    return spoken


def _cells(
    protocol: JudgingProtocol, patch_id: str, cells: Sequence[tuple[str, ...]], seed: int
) -> Iterator[Asked]:
    """Yield one question per distinct cell that holds a word."""
    for words in dict.fromkeys(cell_key(protocol, cell) for cell in cells):
        if words:
            drawn = protocol.order == "shuffled"
            yield Asked(
                patch_id,
                shuffled(words, "order", patch_id, seed, *words) if drawn else words,
            )


def _chunks(
    protocol: JudgingProtocol,
    patch_id: str,
    cells: Sequence[tuple[str, ...]],
    probes: ProbeWords | None,
    seed: int,
) -> Iterator[Asked]:
    """Yield the pool of all cells' words in chunks of nearly equal size, with their probes."""
    pool = shuffled(sorted({word for cell in cells for word in cell}), "order", patch_id, seed)
    count = math.ceil(len(pool) / protocol.chunk)
    for number in range(count):
        own = pool[number * len(pool) // count : (number + 1) * len(pool) // count]
        if probes is None:
            yield Asked(patch_id, own)
            continue
        # Rounded first: 0.07 x 100 is a little more than 7 in binary fractions.
        wanted = math.ceil(round(protocol.probe_share * len(own), 9))
        drawn = frozenset(probes.draw(patch_id, wanted, number, seed))
        words = shuffled([*own, *sorted(drawn)], "probed", patch_id, number, seed)
        yield Asked(patch_id, words, probes=tuple(word for word in words if word in drawn))


def share(argument: str, percent: float, total: int) -> int:
    """Return ``percent`` per cent of ``total``, halves rounded up.

    Raises:
        UsageError: It is not between 0 and 100; the message names ``argument``.
    """
    if not 0 <= percent <= 100:
        raise UsageError(f"{argument} {percent} is not a percentage: give 0 to 100")
    return math.floor(percent * total / 100 + 0.5)


def _repeated(asked: Sequence[Asked], percent: float, seed: int) -> Iterator[Asked]:
    for each in _chosen(asked, share("repeat", percent, len(asked)), "repeat", seed):
        yield replace(each, check="repeat")


def _reordered(asked: Sequence[Asked], percent: float, seed: int) -> Iterator[Asked]:
    able = [each for each in asked if len(set(each.words)) > 1]
    for each in _chosen(able, share("reorder", percent, len(asked)), "reorder", seed):
        words = reordered(each.words, "reorder", each.patch_id, seed, *each.words)
        mixed_in = frozenset(each.probes)
        probes = tuple(word for word in words if word in mixed_in)
        yield Asked(each.patch_id, words, "reorder", probes)


def _chosen(asked: Sequence[Asked], count: int, check: Check, seed: int) -> list[Asked]:
    """Return ``count`` questions by lowest hash, so that what is added displaces few others."""

    def rank(each: Asked) -> str:
        return digest([check, seed, each.patch_id, each.words])

    return heapq.nsmallest(count, asked, key=rank)
