"""One judge against people: overall, group by group, word by word, and lens against lens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from harness.core.agreement import Confusion, Estimate, JudgeGroup, JudgeResult
from harness.core.bootstrap import Floats
from human_eval.common_items import Mask, agree_on, common
from human_eval.contrast import contrasts
from human_eval.evidence import Evidence
from human_eval.groups import Group
from human_eval.leave_one_out import OneOut
from human_eval.rates import mean_difference, rate
from human_eval.words import word_coefficients


def judge_result(
    evidence: Evidence, judge: str, groups: Sequence[Group], without: Sequence[OneOut]
) -> JudgeResult:
    """Return everything that is told of one judge.

    Args:
        evidence: What was said.
        judge: The judge.
        groups: Groups of items to tell apart.
        without: Verdicts of all people but one; the judge is compared with each of them.
    """
    judged, tested = evidence.judge(judge), evidence.tested
    return JudgeResult(
        judge=judge,
        groups=tuple(_group(evidence, judge, group) for group in groups),
        words=word_coefficients(evidence, judge),
        contrasts=contrasts(evidence, judge),
        against_others=tuple(agree_on(evidence, judged, one.others, tested) for one in without),
        unscored=_unscored(evidence, judge),
    )


def _group(evidence: Evidence, judge: str, group: Group) -> JudgeGroup:
    """Return the figures of one group, all on the items that people and the judge have scored."""
    people = evidence.people(group.relation)
    judged = evidence.judge(judge, group.relation)
    used = common(group.weights, people, judged)
    human, machine = people[used], judged[used]

    def share(values: Floats, nothing: str) -> Estimate:
        found = rate(values, group.weights[used], evidence.images(used), seed=evidence.seed)
        return found if found.n else found.model_copy(update={"reason": nothing})

    both_missing = "no item has a verdict of people and of the judge"
    return JudgeGroup(
        by=group.by,
        name=group.name,
        coefficients=agree_on(evidence, people, judged, group.weights),
        confusion=_confusion(human == 1, machine == 1),
        sensitivity=share(
            np.where(human == 1, machine, np.nan), "people call none of these items a hit"
        ),
        specificity=share(
            np.where(human == 0, 1 - machine, np.nan), "people call each of these items a hit"
        ),
        human_rate=share(human, both_missing),
        judge_rate=share(machine, both_missing),
        bias=mean_difference(
            machine - human, group.weights[used], evidence.images(used), seed=evidence.seed
        ),
    )


def _confusion(human: Mask, machine: Mask) -> Confusion:
    return Confusion(
        both=int((human & machine).sum()),
        judge_only=int((~human & machine).sum()),
        people_only=int((human & ~machine).sum()),
        neither=int((~human & ~machine).sum()),
    )


def _unscored(evidence: Evidence, judge: str) -> dict[str, int]:
    """Return the number of items with a verdict of people, controls too, by what is missing."""
    rated = ~np.isnan(evidence.people())
    counts = Counter(
        "missing" if reply is None else reply.status
        for reply, has in zip(evidence.replies[judge], rated, strict=True)
        if has and (reply is None or reply.status != "ok")
    )
    return dict(sorted(counts.items()))
