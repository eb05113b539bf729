"""A whole study of the miniature: people who err at known rates show what a judge gets wrong.

The truth is what the scenes were drawn from. A judge contradicts it at known rates, other ones for
each lens; cells are drawn by that judge's verdicts; simulated people rate them; what they say must
bring back the rates of the board that the judge has bent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, combinations, pairwise
from math import comb
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from harness.core.agreement import Agreement, Correction, Estimate, Policy
from harness.core.config import JudgingOptions
from harness.core.rundir import STAGES
from harness.pipeline.annotation import candidates, protocol_that_shows
from harness.pipeline.judging import judgings
from harness.pipeline.rejudge import opened
from human_eval.agreement import agreement
from human_eval.assignment import assign
from human_eval.formats.lensbench import ratings_jsonl, read_labels
from human_eval.policies import is_hit
from human_eval.sampling import draw_items
from tests.human_eval.annotators import (
    JUDGE,
    Errors,
    Person,
    Truth,
    board,
    judged,
    question,
    rate_by_people,
    ratings,
    replies,
    scored,
)
from tests.pipeline.runs import execute, small_options, write_small_corpus

ERRORS: Final = {
    "embedding": Errors(0.85, 0.85),
    "latent": Errors(0.97, 0.50),
    "logit": Errors(0.60, 0.97),
    "random-reference": Errors(0.90, 0.90),
}
"""The judge flatters ``latent`` and is hard on ``logit``."""

LENSES: Final = ("embedding", "latent", "logit")
BENT: Final = ("latent", "logit")
SEEDS: Final = range(6)
ITEMS: Final = 270
NAMES: Final = ("ada", "ben", "cyd")
CAREFUL: Final = tuple(Person(name, 0.03, 0.01, cannot_tell=0.02) for name in NAMES)
"""One in twenty unrelated items is taken for related by one of them, one in 140 by two of three."""


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """Return a small board of the miniature with the verdicts of the labels it is drawn from."""
    folder = tmp_path_factory.mktemp("full study")
    options = small_options(
        write_small_corpus(folder / "phrases.txt"),
        folder / "runs",
        limit=24,
        patches=8,
        lens=",".join(ERRORS),
    )
    run = execute(options, STAGES[: STAGES.index("judge") + 1])
    with opened(run, JudgingOptions()) as context:
        (judging,) = judgings(context)
        answers = judging.answers(list(context.judgements()))
        cells = candidates(context, judging, protocol_that_shows("words"))
    assert {cell.lens for cell in cells} == set(ERRORS)
    return Truth(
        tuple(cells), {question(cell): answers[question(cell)].relations for cell in cells}
    )


class Studied:
    """One study from drawing to agreement: the judge, the sample and what people say of it."""

    def __init__(
        self, truth: Truth, seed: int, people: Sequence[Person] = CAREFUL, *, whole: bool = True
    ) -> None:
        said = judged(truth, ERRORS, seed)
        self.items = draw_items(scored(truth, said), ITEMS, seed, 10).items
        assignments = assign(self.items, NAMES, 3, seed)
        self.ratings = ratings(self.items, assignments, truth, people, seed)
        self.said = said
        self.found: Agreement = agreement(
            self.items,
            self.ratings,
            {JUDGE: replies(self.items, said)},
            Policy(),
            board={JUDGE: board(truth, said)} if whole else {},
            seed=seed,
        )

    def correction(self, lens: str) -> Correction:
        (row,) = (row for row in self.found.corrections if (row.lens, row.band) == (lens, ""))
        return row


@pytest.fixture(scope="module")
def studies(truth: Truth) -> list[Studied]:
    """Return studies of several judges, samples and people with the same rates of errors."""
    return [Studied(truth, seed) for seed in SEEDS]


def holds(estimate: Estimate, value: float) -> bool:
    """Return whether the interval of an estimate contains a value."""
    assert estimate.interval is not None, estimate.reason
    return estimate.interval[0] <= value <= estimate.interval[1]


def assert_no_more_than_chance(hits: Sequence[bool]) -> None:
    """Check that intervals miss no more often than 95 % intervals do once in a thousand times."""
    n = len(hits)
    chances = (comb(n, misses) * 0.05**misses * 0.95 ** (n - misses) for misses in range(n + 1))
    most = sum(total < 0.999 for total in accumulate(chances))
    assert hits.count(False) <= most


def middle(estimates: Iterable[Estimate]) -> float:
    """Return the mean of estimates."""
    return float(np.mean([each.estimate for each in estimates if each.estimate is not None]))


@pytest.mark.parametrize("method", ["rogan_gladen", "ppi"])
def test_corrected_rates_hold_the_true_rates_of_the_board_and_raw_ones_do_not(
    truth: Truth, studies: list[Studied], method: str
) -> None:
    kept, widths = [], []
    for lens in LENSES:
        rows = [study.correction(lens) for study in studies]
        true = truth.rate(lens)
        corrected: list[Estimate] = [getattr(row, method) for row in rows]
        kept += [holds(each, true) for each in corrected]
        assert abs(middle(corrected) - true) < 0.06
        widths += [each.interval[1] - each.interval[0] for each in corrected if each.interval]
        assert all(row.labels == 81 and row.cells == len(truth.of(lens)) for row in rows)
        if lens in BENT:
            assert not any(holds(row.raw, true) for row in rows)
            assert abs(middle(row.raw for row in rows) - true) > 0.1
    assert_no_more_than_chance(kept)
    assert max(widths) < 0.45  # wide enough to hold anything would be no correction


def test_corrected_rates_put_lenses_back_in_their_order(
    truth: Truth, studies: list[Studied]
) -> None:
    """The judge makes the lead of ``latent`` over ``logit`` twice as large as it is."""
    true = truth.rate("latent") - truth.rate("logit")
    for figure, low, high in (("raw", 0.2, 0.4), ("rogan_gladen", -0.1, 0.1), ("ppi", -0.1, 0.1)):
        leads = [
            middle(getattr(study.correction(lens), figure) for study in studies) for lens in BENT
        ]
        assert low < leads[0] - leads[1] - true < high


def test_what_the_judge_gets_right_is_found_for_each_lens(studies: list[Studied]) -> None:
    kept = []
    for study in studies:
        groups = {g.name: g for g in study.found.judges[0].groups if g.by == "lens"}
        for lens in LENSES:
            kept.append(holds(groups[lens].sensitivity, ERRORS[lens].sensitivity))
            kept.append(holds(groups[lens].specificity, ERRORS[lens].specificity))
        latent, logit = groups["latent"], groups["logit"]
        assert latent.sensitivity.estimate > logit.sensitivity.estimate  # type: ignore[operator]
        assert latent.specificity.estimate < logit.specificity.estimate  # type: ignore[operator]
        assert latent.bias.estimate > 0 > logit.bias.estimate  # type: ignore[operator]
    assert_no_more_than_chance(kept)


def test_what_the_judge_adds_to_a_difference_is_found(truth: Truth, studies: list[Studied]) -> None:
    def hit_rate(study: Studied, lens: str) -> float:
        return float(np.mean([is_hit(study.said[question(c)], "any") for c in truth.of(lens)]))

    kept = []
    for study in studies:
        found = {(c.first, c.second): c for c in study.found.judges[0].contrasts}
        assert found.keys() == {*combinations(LENSES, 2)}
        for (first, second), contrast in found.items():
            assert contrast.pairs > 40  # of 81 cells of each: drawn on the same places
            true = truth.rate(first) - truth.rate(second)
            kept.append(
                holds(contrast.inflation, hit_rate(study, first) - hit_rate(study, second) - true)
            )
        inflation = found["latent", "logit"].inflation
        assert inflation.interval is not None
        assert inflation.interval[0] > 0
    assert_no_more_than_chance(kept)


def test_agreement_falls_as_people_err_more(truth: Truth) -> None:
    judge, people = [], []
    for error in (0.0, 0.03, 0.10, 0.20, 0.30):
        crowd = [Person(name, overlooks=error, imagines=error) for name in NAMES]
        found = Studied(truth, 0, crowd, whole=False).found
        judge.append(found.cohen_kappa.estimate or 0.0)
        people.append(found.ceiling.coefficients.cohen_kappa.estimate or 0.0)
    assert people[0] == 1
    assert all(before > after + 0.1 for before, after in pairwise(people))
    # Two of three seldom err together, so few errors hardly change what the judge is held against.
    assert abs(judge[1] - judge[0]) < 0.05
    assert all(before > after + 0.1 for before, after in pairwise(judge[1:]))


def test_where_people_err_alike_corrected_rates_are_theirs_and_not_the_true_ones(
    truth: Truth,
) -> None:
    crowd = [replace(person, imagines=0.10, eyes="of all") for person in CAREFUL]
    kept = []
    for seed in SEEDS[:2]:
        study = Studied(truth, seed, crowd)
        assert study.found.ceiling.coefficients.cohen_kappa.estimate == 1
        for lens in LENSES:
            row = study.correction(lens)
            true, theirs = truth.rate(lens), rate_by_people(truth, lens, crowd[:1], seed)
            assert theirs > true + 0.08
            for corrected in (row.rogan_gladen, row.ppi):
                kept.append(holds(corrected, theirs))
                assert corrected.estimate is not None
                assert abs(corrected.estimate - theirs) < abs(corrected.estimate - true)
    assert_no_more_than_chance(kept)


def test_ratings_that_went_through_files_are_the_same(
    studies: list[Studied], tmp_path: Path
) -> None:
    study = studies[0]
    for name in NAMES:
        mine = [rating for rating in study.ratings if rating.annotator == name]
        (tmp_path / f"{name}.jsonl").write_text(ratings_jsonl("study", name, mine))
    read = read_labels(study.items, "study", tmp_path)
    assert not read.left_out
    came_back = [rating.model_copy(update={"source": ""}) for rating in read.ratings]
    order = {name: place for place, name in enumerate(NAMES)}
    assert {rating.state for rating in came_back} == {"selected", "none", "cant_tell"}
    assert sorted(came_back, key=lambda rating: order[rating.annotator]) == study.ratings
