"""What other readings of the same ratings would have given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.core.agreement import PolicyResult
from human_eval.coefficients import cohen_kappa
from human_eval.common_items import codes, common
from human_eval.evidence import Evidence
from human_eval.policies import other_policies
from human_eval.rating_table import paired


def policy_results(evidence: Evidence) -> tuple[PolicyResult, ...]:
    """Return kappa and people's rate under every policy, the one in use among them, per judge.

    A definition of a hit is applied to people and judge alike. Items are those that show cells of
    lenses under test.
    """
    blanks = any(rating.state == "blank" for group in evidence.ratings for rating in group)
    return tuple(
        _result(replace(evidence, policy=policy), judge)
        for judge in evidence.replies
        for policy in other_policies(evidence.policy, blanks=blanks)
    )


def _result(evidence: Evidence, judge: str) -> PolicyResult:
    people, judged, tested = evidence.people(), evidence.judge(judge), evidence.tested
    used = common(tested, people, judged)
    table = paired(codes(people, used), codes(judged, used), 2, tested[used])
    return PolicyResult(
        policy=evidence.policy,
        judge=judge,
        n=int(used.sum()),
        cohen_kappa=cohen_kappa(table).value,
        human_rate=float(np.average(people[used], weights=tested[used])) if used.any() else None,
    )
