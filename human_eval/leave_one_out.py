"""Everyone beside the verdict of all the others: where a person stands, a judge can stand too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.core.bootstrap import Floats
from human_eval.evidence import Evidence, verdicts
from human_eval.policies import answer, pooled


@dataclass(frozen=True, slots=True)
class OneOut:
    """One person and the pooled verdict of the others, on the items for which both are there."""

    annotator: str
    """Person left out of the pool."""
    own: Floats
    """What this person says, [items]: 1, 0, or NaN."""
    others: Floats
    """Pooled verdict of the others, [items]; NaN also where this person's answer does not count."""


def leave_one_out(evidence: Evidence) -> tuple[OneOut, ...]:
    """Return every person with the others' verdict under the policy, people by name."""
    found = []
    for name in evidence.annotators:
        own, others = [], []
        for group in evidence.ratings:
            answers = {rating.annotator: answer(rating, evidence.policy) for rating in group}
            own.append(answers.pop(name, None))
            others.append(pooled(list(answers.values()), evidence.policy))
        mine, rest = verdicts(own), verdicts(others)
        there = ~np.isnan(mine) & ~np.isnan(rest)
        found.append(OneOut(name, np.where(there, mine, np.nan), np.where(there, rest, np.nan)))
    return tuple(found)
