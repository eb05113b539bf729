"""Questions that were asked once more: does the judge say the same again?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.core.records import Check, Judgement, Record, Relation
from reports.kappa import Kappa, cohen_kappa
from reports.shares import Share, wilson_share


class Consistency(Record):
    """Questions asked again exactly as they were: what a judge's own noise is."""

    pairs: int
    """Questions asked twice."""
    scored: int
    """Those answered both times; only they are compared."""
    same_words: Share
    """Words with the same relation both times; the interval takes words as independent."""
    same_questions: Share
    """Questions with the same verdict: some word related, or none."""
    kappa: Kappa
    """Cohen's kappa of the words' relations."""


class OrderEffect(Record):
    """Questions asked again with their words in another order; includes the judge's own noise."""

    pairs: int
    """Questions asked in two orders."""
    scored: int
    """Those answered in both; only they are compared."""
    changed_words: Share
    """Words whose relation changed; the interval takes words as independent."""
    changed_questions: Share
    """Questions whose verdict changed: some word related, or none."""


def self_consistency(judgements: Sequence[Judgement]) -> Consistency | None:
    """Compare repeated questions with the first answers; None if no question was repeated.

    Args:
        judgements: One judge's judgements, the last one of every question.
    """
    pairs = _pairs(judgements, "repeat")
    if not pairs:
        return None
    both = _scored(pairs)
    words = [relations for pair in both for relations in _word_pairs(*pair)]
    return Consistency(
        pairs=len(pairs),
        scored=len(both),
        same_words=wilson_share(sum(a == b for a, b in words), len(words)),
        same_questions=wilson_share(sum(related(a) == related(b) for a, b in both), len(both)),
        kappa=cohen_kappa([a for a, _ in words], [b for _, b in words]),
    )


def order_effect(judgements: Sequence[Judgement]) -> OrderEffect | None:
    """Compare questions in two orders of their words; None if no order was tried.

    Args:
        judgements: One judge's judgements, the last one of every question.
    """
    pairs = _pairs(judgements, "reorder")
    if not pairs:
        return None
    both = _scored(pairs)
    words = [relations for pair in both for relations in _word_pairs(*pair)]
    return OrderEffect(
        pairs=len(pairs),
        scored=len(both),
        changed_words=wilson_share(sum(a != b for a, b in words), len(words)),
        changed_questions=wilson_share(sum(related(a) != related(b) for a, b in both), len(both)),
    )


def related(judgement: Judgement) -> bool:
    """Return whether some word is related; probe words do not count."""
    return any(
        relation != "none"
        for word, relation in zip(judgement.words, judgement.relations, strict=True)
        if word not in judgement.probes
    )


def _pairs(judgements: Sequence[Judgement], check: Check) -> list[tuple[Judgement, Judgement]]:
    """Return each check with the question that it repeats, of the same judge, words and pictures.

    Questions of two lenses may hold the same words in different orders; a repeated one belongs to
    the question in its own order, a reordered one to the first in another order.
    """
    originals: dict[tuple[object, ...], list[Judgement]] = {}
    for judgement in judgements:
        if not judgement.check:
            originals.setdefault(_subject(judgement), []).append(judgement)
    pairs = []
    for again in judgements:
        if again.check != check:
            continue
        for original in originals.get(_subject(again), ()):
            if (original.words == again.words) == (check == "repeat"):
                pairs.append((original, again))
                break
    return pairs


def _subject(judgement: Judgement) -> tuple[object, ...]:
    """Return what a question and its checks have in common."""
    return (
        judgement.judge,
        judgement.judge_version,
        judgement.protocol,
        judgement.prompt_hash,
        judgement.image_hash,
        judgement.patch_id,
        tuple(sorted(judgement.words)),
    )


def _scored(pairs: Iterable[tuple[Judgement, Judgement]]) -> list[tuple[Judgement, Judgement]]:
    return [(a, b) for a, b in pairs if a.status == b.status == "ok"]


def _word_pairs(first: Judgement, second: Judgement) -> list[tuple[Relation, Relation]]:
    """Return both relations of every word, whatever the orders; equal words in turn."""
    return list(zip(_by_word(first), _by_word(second), strict=True))


def _by_word(judgement: Judgement) -> list[Relation]:
    """Return the relations in the order of the sorted words."""
    order = sorted(range(len(judgement.words)), key=judgement.words.__getitem__)
    return [judgement.relations[at] for at in order]
