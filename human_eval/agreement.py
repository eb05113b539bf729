"""Everything a human evaluation tells: how far people and judges agree, put into one record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, get_args

import numpy as np

from harness.core.agreement import Agreement, Estimate, JudgeResult, Needed, Policy
from harness.core.ratings import Item, JudgeReply, LeftOut, Rating, RatingState
from human_eval.board import BoardCell, corrections
from human_eval.ceiling import ceiling
from human_eval.comparison import comparisons
from human_eval.evidence import gather
from human_eval.groups import groups
from human_eval.judge_result import judge_result
from human_eval.leave_one_out import leave_one_out
from human_eval.needed import items_needed
from human_eval.notices import notices
from human_eval.people import annotators
from human_eval.policy_grid import policy_results

__all__ = ["BoardCell", "agreement"]

_NO_JUDGE: Final = Estimate(estimate=None, reason="no judge has replied to these items")


def agreement(
    items: Sequence[Item],
    ratings: Sequence[Rating],
    replies: Mapping[str, Sequence[JudgeReply]],
    policy: Policy,
    *,
    source: Mapping[str, str] | None = None,
    left_out: Sequence[LeftOut] = (),
    board: Mapping[str, Sequence[BoardCell]] | None = None,
    half_width: float = 0.05,
    seed: int = 0,
) -> Agreement:
    """Return all results of a human evaluation; the order of items, ratings, replies is no matter.

    Items that show cells of several lenses or layers count once in a group, with the weights of
    these cells together; weights undo the way in which items were drawn. What a judge has not
    scored is counted by status and is in no other figure. Every figure is a value with its
    interval, or a reason; results depend on ``seed`` only.

    Args:
        items: What people were asked.
        ratings: What they said: raw, at most one of a person for an item.
        replies: Judge to its replies, judges in display order; the first is the one that
            ``cohen_kappa`` and the number of items needed are told of.
        policy: How ratings are read.
        source: What was read: name to file, run or format.
        left_out: What the readers of files have not used.
        board: Judge to all cells of the board it was asked about, for corrected rates.
        half_width: Wanted half-width of intervals, for the number of items needed.
        seed: Seed of the resampling.

    Raises:
        DataError: An item, rating or reply is there twice, a rating or reply is of an unknown
            item or has not one relation for each word, or a board cell belongs to two items.
    """
    evidence = gather(items, ratings, replies, policy, seed)
    without = leave_one_out(evidence)
    split = groups(evidence)
    judges = tuple(judge_result(evidence, judge, split, without) for judge in evidence.replies)
    states = Counter(rating.state for rating in ratings)
    result = Agreement(
        source=dict(source or {}),
        policy=policy,
        seed=seed,
        items=len(items),
        rated=int((~np.isnan(evidence.people())).sum()),
        ratings={state: states[state] for state in get_args(RatingState)},
        left_out=dict(sorted(Counter(entry.reason for entry in left_out).items())),
        left_out_list=tuple(left_out),
        annotators=annotators(evidence),
        cohen_kappa=judges[0].groups[0].coefficients.cohen_kappa if judges else _NO_JUDGE,
        judges=judges,
        ceiling=ceiling(evidence, without),
        comparisons=comparisons(evidence),
        policies=policy_results(evidence),
        needed=_needed(judges, half_width),
        corrections=corrections(evidence, board or {}),
    )
    return result.model_copy(update={"notices": notices(evidence, result)})


def _needed(judges: Sequence[JudgeResult], half_width: float) -> tuple[Needed, ...]:
    """Return the number of items that the first judge's figures take.

    Sensitivity is of people's hits and specificity of their misses; both are counted here in items
    of which as many are hits as now.
    """
    if not judges:
        return (items_needed("cohen_kappa", _NO_JUDGE, half_width),)
    first = judges[0].groups[0]
    items = {"n": first.coefficients.n}
    return (
        items_needed("cohen_kappa", first.coefficients.cohen_kappa, half_width),
        *(
            items_needed(figure, estimate.model_copy(update=items), half_width)
            for figure, estimate in (
                ("sensitivity", first.sensitivity),
                ("specificity", first.specificity),
            )
        ),
    )
