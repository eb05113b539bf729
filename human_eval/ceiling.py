"""How far people agree with each other: what a judge's agreement with them is measured by."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from harness.core.agreement import Ceiling, LeaveOneOut, Pair
from human_eval.agreement_tables import group_coefficients
from human_eval.common_items import agree_on, common
from human_eval.evidence import Evidence
from human_eval.leave_one_out import OneOut


def ceiling(evidence: Evidence, without: Sequence[OneOut]) -> Ceiling:
    """Return the agreement of all people, of every two, and of each with the others' verdict.

    It is of items that show cells of lenses under test, as the judges' overall figures are, and of
    answers hit or miss under the policy. Two people without a common item are left out.

    Args:
        evidence: What was said.
        without: Everyone beside the verdict of the others.
    """
    answers, tested = evidence.answers(), evidence.tested
    used = tested > 0
    return Ceiling(
        coefficients=group_coefficients(
            np.where(np.isnan(answers), -1, answers)[used].astype(np.int64),
            2,
            tested[used],
            evidence.images(used),
            seed=evidence.seed,
        ),
        pairs=_pairs(evidence),
        leave_one_out=tuple(
            LeaveOneOut(
                annotator=one.annotator,
                coefficients=agree_on(evidence, one.own, one.others, tested),
            )
            for one in without
        ),
    )


def _pairs(evidence: Evidence) -> tuple[Pair, ...]:
    columns = dict(zip(evidence.annotators, evidence.answers().T, strict=True))
    tested = evidence.tested
    found = []
    for first, second in combinations(columns, 2):
        if not common(tested, columns[first], columns[second]).any():
            continue
        both = agree_on(evidence, columns[first], columns[second], tested)
        found.append(
            Pair(first=first, second=second, cohen_kappa=both.cohen_kappa, percent=both.percent)
        )
    return tuple(found)
