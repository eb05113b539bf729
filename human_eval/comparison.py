"""Two judges against people on the same items."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from harness.core.agreement import JudgeComparison
from human_eval.agreement_tables import kappa_difference
from human_eval.common_items import agree_on, codes, common
from human_eval.evidence import Evidence
from human_eval.rates import rate


def comparisons(evidence: Evidence) -> tuple[JudgeComparison, ...]:
    """Return every two judges on the items with a verdict of people and of both.

    Items are those that show cells of lenses under test.
    """
    return tuple(
        _comparison(evidence, first, second) for first, second in combinations(evidence.replies, 2)
    )


def _comparison(evidence: Evidence, first: str, second: str) -> JudgeComparison:
    people, tested = evidence.people(), evidence.tested
    one, other = evidence.judge(first), evidence.judge(second)
    used = common(tested, people, one, other)
    weights, images = np.where(used, tested, 0.0), evidence.images(used)
    return JudgeComparison(
        first=first,
        second=second,
        n=int(used.sum()),
        first_kappa=agree_on(evidence, one, people, weights).cohen_kappa,
        second_kappa=agree_on(evidence, other, people, weights).cohen_kappa,
        difference=kappa_difference(
            codes(one, used),
            codes(other, used),
            codes(people, used),
            tested[used],
            images,
            seed=evidence.seed,
        ),
        same=rate(
            (one[used] == other[used]).astype(np.float64), tested[used], images, seed=evidence.seed
        ),
    )
