"""Made-up results of a human evaluation, in which every figure has a value of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

from harness.core.agreement import (
    Agreement,
    Annotator,
    Ceiling,
    Coefficients,
    Confusion,
    Contrast,
    Correction,
    Estimate,
    Grouping,
    JudgeComparison,
    JudgeGroup,
    JudgeResult,
    LeaveOneOut,
    Needed,
    Pair,
    Policy,
    PolicyResult,
)
from harness.core.ratings import LeftOut

LENSES = ("latent", "logit", "embedding")
CONTROL = "random-reference"
BANDS = ("0-2", "3-5")
BOOTSTRAP = "image bootstrap"


@dataclass
class Figures:
    """Gives estimates no two of which are the same."""

    used: int = field(default=0)

    def next(self, n: int = 100) -> Estimate:
        """Return an estimate in (0, 1) with an interval."""
        self.used += 1
        value = (self.used * 617 % 997) / 1000
        low, high = value * 0.9, min(1.0, value + 0.01 + self.used % 89 / 1000)
        return Estimate(estimate=value, interval=(low, high), n=n, method=BOOTSTRAP)

    def count(self) -> int:
        """Return a count that no other has."""
        self.used += 1
        return 1_000 + self.used


def difference(value: float, low: float, high: float) -> Estimate:
    """Return a figure with an interval."""
    return Estimate(estimate=value, interval=(low, high), n=100, method=BOOTSTRAP)


def undefined(reason: str) -> Estimate:
    """Return a figure that there is none of."""
    return Estimate(estimate=None, reason=reason)


def coefficients(figures: Figures) -> Coefficients:
    """Return coefficients of made-up ratings."""
    n = figures.count()
    return Coefficients(
        n=n,
        images=figures.count(),
        cohen_kappa=figures.next(n),
        percent=figures.next(n),
        pabak=figures.next(n),
        gwet_ac1=figures.next(n),
        krippendorff_alpha=figures.next(n),
        fleiss_kappa=figures.next(n),
    )


def judge_group(figures: Figures, by: Grouping, name: str) -> JudgeGroup:
    """Return a group."""
    count = figures.count
    return JudgeGroup(
        by=by,
        name=name,
        coefficients=coefficients(figures),
        confusion=Confusion(both=count(), judge_only=count(), people_only=count(), neither=count()),
        sensitivity=figures.next(count()),
        specificity=figures.next(count()),
        human_rate=figures.next(),
        judge_rate=figures.next(),
        bias=figures.next(),
    )


def judge_result(
    figures: Figures, judge: str, people: int, lenses: tuple[str, ...] = LENSES
) -> JudgeResult:
    """Return a judge that inflates the first lens over the second."""
    groups: list[tuple[Grouping, str]] = [("all", "all")]
    groups += [("lens", lens) for lens in (*lenses, CONTROL)]
    groups += [("kind", "lens"), ("kind", "control")]
    groups += [("band", band) for band in BANDS]
    groups += [("category", name) for name in ("concrete", "abstract", "global")]
    groups += [("patch_type", "background"), ("model", "olmo+clip")]
    contrasts = [
        Contrast(
            first=first,
            second=second,
            pairs=figures.count(),
            human=figures.next(),
            judge=figures.next(),
            inflation=difference(0.08, 0.023, 0.137)
            if second == lenses[1]
            else difference(-0.011, -0.052, 0.031),
        )
        for first, second in ((lenses[0], lenses[1]), (lenses[0], lenses[2]))
    ]
    return JudgeResult(
        judge=judge,
        groups=tuple(judge_group(figures, by, name) for by, name in groups),
        words=coefficients(figures),
        contrasts=tuple(contrasts),
        against_others=tuple(coefficients(figures) for _ in range(people)),
        unscored={"refusal": figures.count(), "missing": figures.count()},
    )


def policy_results(figures: Figures, judge: str) -> list[PolicyResult]:
    """Return what every policy gives."""
    return [
        PolicyResult(
            policy=Policy(blank=blank, ties=ties, pooling="majority", definition=definition),
            judge=judge,
            n=figures.count(),
            cohen_kappa=figures.next().estimate,
            human_rate=figures.next().estimate,
        )
        for blank, ties, definition in product(
            ("missing", "none"), ("half", "strict"), ("any", "concrete+abstract", "concrete")
        )
    ]


def corrections(figures: Figures, judge: str) -> list[Correction]:
    """Return rates as judged and as corrected; those of the control are refused."""
    refused = undefined("refused: only 9 labelled cells: at least 20 are needed")
    return [
        Correction(
            judge=judge,
            lens=lens,
            kind="control" if lens == CONTROL else "lens",
            band=band,
            cells=figures.count(),
            labels=figures.count(),
            raw=figures.next(),
            rogan_gladen=refused if lens == CONTROL else figures.next(),
            ppi=refused if lens == CONTROL else figures.next(),
        )
        for lens in (*LENSES, CONTROL)
        for band in ("", *BANDS)
    ]


def left_out(count: int) -> tuple[LeftOut, ...]:
    """Return ``count`` ratings of unknown items and one given twice."""
    unknown = [
        LeftOut(
            reason="unknown item",
            source=f"labels.jsonl line {line}",
            item_id=f"i{line}",
            annotator="a",
            detail="no such item in the study",
        )
        for line in range(2, count + 2)
    ]
    twice = LeftOut(
        reason="rated twice",
        source="labels.jsonl line 999",
        item_id="i5",
        annotator="b",
        detail="the first rating is kept",
    )
    return (*unknown, twice)


def make_agreement(
    judges: tuple[str, ...] = ("gpt-5", "claude"), people: tuple[str, ...] = ("ann", "bea", "cy")
) -> Agreement:
    """Return a whole evaluation."""
    figures = Figures()
    results = tuple(judge_result(figures, judge, len(people)) for judge in judges)
    pairs = [(a, b) for i, a in enumerate(people) for b in people[i + 1 :]]
    dropped = left_out(30)
    return Agreement(
        source={"format": "lensbench", "labels": "labels.jsonl"},
        policy=Policy(),
        seed=4711,
        items=360,
        rated=352,
        ratings={"selected": 2_411, "none": 3_407, "cant_tell": 41, "blank": 248},
        left_out={"unknown item": 30, "rated twice": 1},
        left_out_list=dropped,
        annotators=tuple(
            Annotator(
                annotator=name,
                ratings=figures.count(),
                blank=figures.count(),
                cant_tell=figures.count(),
                hit_rate=figures.next().estimate,
                median_seconds=3.7 + index,
            )
            for index, name in enumerate(people)
        ),
        cohen_kappa=results[0].groups[0].coefficients.cohen_kappa
        if results
        else undefined("no judge has answered"),
        judges=results,
        ceiling=Ceiling(
            coefficients=coefficients(figures),
            pairs=tuple(
                Pair(
                    first=a,
                    second=b,
                    cohen_kappa=figures.next(77 + i),
                    percent=figures.next(77 + i),
                )
                for i, (a, b) in enumerate(pairs)
            ),
            leave_one_out=tuple(
                LeaveOneOut(annotator=name, coefficients=coefficients(figures)) for name in people
            ),
        ),
        comparisons=tuple(
            JudgeComparison(
                first=a,
                second=b,
                n=figures.count(),
                first_kappa=figures.next(),
                second_kappa=figures.next(),
                difference=difference(-0.041, -0.102, 0.021),
                same=figures.next(),
            )
            for i, a in enumerate(judges)
            for b in judges[i + 1 :]
        ),
        policies=tuple(each for judge in judges for each in policy_results(figures, judge)),
        needed=(
            Needed(figure="cohen_kappa", half_width=0.05, items=1_213),
            Needed(figure="sensitivity", half_width=0.05, items=None, reason="it has no interval"),
        ),
        corrections=tuple(each for judge in judges for each in corrections(figures, judge)),
        notices=("248 ratings say nothing, all of them by cy; they count as no rating.",),
    )


def empty_agreement() -> Agreement:
    """Return what is left if nobody rated anything."""
    nothing = undefined("nothing was rated by both")
    return Agreement(
        source={},
        policy=Policy(blank="none", ties="strict", pooling="any", definition="concrete"),
        seed=0,
        items=0,
        rated=0,
        ratings={},
        left_out={},
        left_out_list=(),
        annotators=(),
        cohen_kappa=undefined("no judge has answered"),
        judges=(),
        ceiling=Ceiling(
            coefficients=Coefficients(
                n=0,
                images=0,
                cohen_kappa=nothing,
                percent=nothing,
                pabak=nothing,
                gwet_ac1=nothing,
                krippendorff_alpha=nothing,
                fleiss_kappa=nothing,
            ),
            pairs=(),
            leave_one_out=(),
        ),
        comparisons=(),
        policies=(),
        needed=(),
    )
