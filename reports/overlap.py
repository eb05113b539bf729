"""How far two lenses of one run give the same answers, patch by patch and layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.core.errors import UsageError
from harness.core.records import Record


class Overlap(Record):
    """Mean share of the reference lens's answers that another lens gives too."""

    lens: str
    """Lens compared."""
    reference: str
    """Lens whose answers count as all there are."""
    questions: int
    """Pairs of patch and layer."""
    answers: float
    """Same word at the same place of the same phrase, as a multiset, mean over questions."""
    words: float
    """Same word in any phrase, case ignored, as a set, mean over questions."""


def overlap(descriptions: Mapping[str, Sequence[Any]], lens: str, reference: str) -> Overlap:
    """Compare two lenses of a description table.

    Args:
        descriptions: Columns patch_id, lens, layer, word, context, start.
        lens: Lens to compare.
        reference: Lens to compare with.

    Raises:
        UsageError: The run has no such lens.
    """
    names = ("patch_id", "layer", "lens", "word", "context", "start")
    found: dict[str, dict[tuple[str, int], list[tuple[str, str, int]]]] = {}
    for patch, layer, name, word, context, start in zip(
        *(descriptions[column] for column in names), strict=True
    ):
        if name in (lens, reference):
            answers = found.setdefault(name, {}).setdefault((patch, layer), [])
            answers.append((word, context, start))
    for name in (lens, reference):
        if name not in found:
            raise UsageError(f"lens {name!r}: it is not among the lenses of this run")
    theirs = found[reference]
    pairs = [(found[lens].get(question, []), answers) for question, answers in theirs.items()]
    return Overlap(
        lens=lens,
        reference=reference,
        questions=len(pairs),
        answers=sum(_share(ours, full) for ours, full in pairs) / len(pairs),
        words=sum(_share(_words(ours), _words(full)) for ours, full in pairs) / len(pairs),
    )


def _words(answers: Sequence[tuple[str, str, int]]) -> list[str]:
    return sorted({word.lower() for word, _, _ in answers})


def _share(ours: Sequence[Any], full: Sequence[Any]) -> float:
    """Return the share of the multiset ``full`` that is in ``ours``."""
    left = list(ours)
    hits = 0
    for answer in full:
        if answer in left:
            left.remove(answer)
            hits += 1
    return hits / len(full)
