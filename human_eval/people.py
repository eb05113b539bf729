"""What every person did: ratings, silence, time."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from harness.core.agreement import Annotator
from harness.core.ratings import Rating
from human_eval.evidence import Evidence
from human_eval.policies import answer


def annotators(evidence: Evidence) -> tuple[Annotator, ...]:
    """Return everyone who rated, by name; of all items, controls too."""
    everything = [rating for group in evidence.ratings for rating in group]
    return tuple(
        _annotator(evidence, name, [given for given in everything if given.annotator == name])
        for name in evidence.annotators
    )


def _annotator(evidence: Evidence, name: str, given: Sequence[Rating]) -> Annotator:
    answers = [answer(rating, evidence.policy) for rating in given]
    counting = [hit for hit in answers if hit is not None]
    seconds = [rating.seconds for rating in given if rating.seconds is not None]
    return Annotator(
        annotator=name,
        ratings=len(given),
        blank=sum(rating.state == "blank" for rating in given),
        cant_tell=sum(rating.state == "cant_tell" for rating in given),
        hit_rate=fmean(counting) if counting else None,
        median_seconds=median(seconds) if seconds else None,
    )
