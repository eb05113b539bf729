"""Plain sentences on what a reader must know before the figures of a human evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from harness.core.agreement import Agreement, Annotator, JudgeResult
from human_eval.evidence import Evidence

HASTY: Final = 4.0
"""Median seconds per item below which a person is named if the others take twice as long."""

UNEVEN: Final = 0.15
"""Rate of hits or of misses below which kappa is low however well people and judge agree."""

SPLIT: Final = 0.1
"""Share of the rated items split evenly from which it is said how they count."""


def notices(evidence: Evidence, result: Agreement) -> tuple[str, ...]:
    """Return the sentences: what was not used, how people rated, then judge by judge.

    Args:
        evidence: What was said.
        result: All figures made of it.
    """
    judges = (line for judge in result.judges for line in _judge(evidence, result, judge))
    return (*_unused(result), *_people(evidence, result), *judges)


def _unused(result: Agreement) -> Iterator[str]:
    if result.left_out:
        reasons = ", ".join(f"{reason} {count}" for reason, count in result.left_out.items())
        yield f"{_things(sum(result.left_out.values()), 'entry')} left out of the files: {reasons}."
    blank = sum(person.blank for person in result.annotators)
    if blank:
        most = max(result.annotators, key=lambda person: person.blank)
        counts = "no rating" if result.policy.blank == "missing" else "none of the words"
        yield (
            f"{blank} of {sum(result.ratings.values())} ratings say nothing, {most.blank} of them "
            f"by {most.annotator}; they count as {counts} (blank={result.policy.blank})."
        )
    if result.rated < result.items:
        yield f"{result.items - result.rated} of {result.items} items have no verdict of people."


def _people(evidence: Evidence, result: Agreement) -> Iterator[str]:
    raters = [len(evidence.said(group)) for group in evidence.ratings]
    alone = sum(count == 1 for count in raters)
    if len(result.annotators) == 1:
        yield (
            f"Only {result.annotators[0].annotator} rated: how far people agree with each other "
            "is not known, so it cannot be told how far a judge could agree with them."
        )
    elif result.rated and alone == result.rated:
        yield "No item has ratings of two people: how far people agree is not known."
    elif alone:
        yield f"{alone} of {result.rated} rated items have the verdict of a single person."
    yield from _split(evidence, result)
    for person in result.annotators:
        others = _others_seconds(result.annotators, person)
        mine = person.median_seconds
        if mine is not None and others is not None and mine < HASTY and others > 2 * HASTY:
            yield (
                f"{person.annotator} took {mine:.1f} s per item (median), the others "
                f"{others:.1f} s: look at these ratings."
            )


def _split(evidence: Evidence, result: Agreement) -> Iterator[str]:
    """Yield a sentence if the rule for ties decides much."""
    if result.policy.pooling != "majority":
        return
    answers = evidence.answers()
    hits, misses = (answers == 1).sum(axis=1), (answers == 0).sum(axis=1)
    split = int(((hits == misses) & (hits > 0)).sum())
    if split and split >= SPLIT * result.rated:
        counts = "hits" if result.policy.ties == "half" else "misses"
        yield (
            f"{split} of {result.rated} rated items are split evenly and count as {counts} "
            f"(ties={result.policy.ties}); a third rating of each would decide them."
        )


def _others_seconds(people: Sequence[Annotator], person: Annotator) -> float | None:
    """Return the median of the others' median times; None if none is known."""
    times = [
        other.median_seconds
        for other in people
        if other != person and other.median_seconds is not None
    ]
    return median(times) if times else None


def _judge(evidence: Evidence, result: Agreement, judge: JudgeResult) -> Iterator[str]:
    name, everything = judge.judge, judge.groups[0]
    if judge.unscored:
        statuses = ", ".join(f"{status} {count}" for status, count in judge.unscored.items())
        yield (
            f"Judge {name} has no verdict on {sum(judge.unscored.values())} of {result.rated} "
            f"rated items ({statuses}): they are in none of its figures."
        )
    strangers = sum(
        reply is not None and reply.status == "ok" and not reply.aligned
        for reply in evidence.replies[name]
    )
    if strangers:
        yield (
            f"Judge {name} saw other words than people on {_things(strangers, 'item')}: these are "
            "compared as a whole, not word by word."
        )
    share = everything.human_rate.estimate
    if share is not None and not UNEVEN <= share <= 1 - UNEVEN:
        yield (
            f"People call {share:.0%} of the items judged by {name} hits: kappa is low where one "
            "answer is rare, so read AC1 beside it."
        )
    yield from _above(result, judge)


def _above(result: Agreement, judge: JudgeResult) -> Iterator[str]:
    """Yield a sentence if a judge agrees with people better than they do with each other."""
    kappa = judge.groups[0].coefficients.cohen_kappa.estimate
    ceiling = result.ceiling.coefficients.cohen_kappa.estimate
    if kappa is not None and ceiling is not None and kappa > ceiling:
        yield (
            f"Judge {judge.judge} agrees with people's pooled verdict (kappa {kappa:.3f}) better "
            f"than two people with each other ({ceiling:.3f}): a pooled verdict errs less than "
            "one person; compare it with the people who are left out one by one."
        )


def _things(count: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"
