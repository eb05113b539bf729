from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.core.errors import DataError, MismatchError
from harness.core.records import Definition, LensKind, Score, Status
from reports.outcomes import DEFINITIONS, join
from reports.scoring import score_run, select
from reports.stats import wilson
from tests.reports.synthetic import JUDGE, LAYERS, Run, answer, known_rate, make_run


def scored(run: Run) -> list[Score]:
    return score_run(run.columns, run.answers, run.patches, run.spec, run.kinds, JUDGE)


def cell(
    scores: list[Score], lens: str, layer: int | None, definition: Definition = "interpretable"
) -> Score:
    (found,) = [s for s in select(scores, JUDGE, definition, layer) if s.lens == lens]
    return found


def tiny() -> Run:
    """One image, two patches, one lens, two layers."""
    return make_run(1, images=1, per_image=2, layers=(0, 3), kinds={"latent": "lens"})


def with_words(run: Run, *cells: tuple[str, ...]) -> Run:
    """Replace the words of each (patch, layer) in turn and answer them."""
    width = run.spec.k
    run.answers.clear()
    for index, words in enumerate(cells):
        for rank, word in enumerate(words):
            run.columns["word"][index * width + rank] = word
        patch_id = run.columns["patch_id"][index * width]
        run.answers[patch_id, words] = answer(patch_id, words)
    return run


NONE = ("of", "the", "ing", "tax", "vote")


def test_estimates_recover_the_known_rates() -> None:
    kinds: dict[str, LensKind] = {"latent": "lens", "logit": "lens", "random-vector": "control"}
    run = make_run(7, images=60, per_image=8, kinds=kinds)
    scores = scored(run)
    for lens in run.kinds:
        for layer in LAYERS:
            found = cell(scores, lens, layer)
            assert found.hits == run.hits[lens, layer]
            assert found.n == found.total == 480
            assert found.estimate == pytest.approx(known_rate(lens, layer), abs=0.08)
        rates = [known_rate(lens, layer) for layer in LAYERS]
        assert cell(scores, lens, None).estimate == pytest.approx(np.mean(rates), abs=0.03)


def test_the_mean_is_the_mean_of_the_layers_when_nothing_is_missing() -> None:
    scores = scored(make_run(3))
    layers = [cell(scores, "logit", layer) for layer in LAYERS]
    mean = cell(scores, "logit", None)
    assert mean.estimate == pytest.approx(np.mean([one.estimate or 0.0 for one in layers]))
    assert (mean.hits, mean.n) == (sum(s.hits for s in layers), sum(s.n for s in layers))
    assert mean.low is not None
    assert mean.high is not None
    assert mean.low < (mean.estimate or 0.0) < mean.high
    assert {one.interval for one in layers} == {"wilson-95"}
    assert mean.interval == "image-bootstrap-95"
    assert (layers[0].low, layers[0].high) == wilson(layers[0].hits, layers[0].n)


@pytest.mark.parametrize(
    ("words", "hits"),
    [
        (("dog", "of", "the", "tax", "ing"), (1, 1, 1, 1)),
        (("of", "dog", "the", "tax", "ing"), (1, 1, 1, 0)),
        (("pet", "of", "the", "tax", "ing"), (1, 0, 1, 1)),
        (("boat", "of", "the", "tax", "ing"), (1, 0, 0, 1)),
        (("of", "boat", "the", "pet", "ing"), (1, 0, 1, 0)),
        (NONE, (0, 0, 0, 0)),
    ],
)
def test_each_definition_counts_what_it_says(
    words: tuple[str, ...], hits: tuple[int, int, int, int]
) -> None:
    run = with_words(tiny(), words, words, words, words)
    scores = scored(run)
    found = tuple(cell(scores, "latent", 3, definition).hits for definition in DEFINITIONS)
    assert found == tuple(2 * hit for hit in hits)


def test_the_order_of_description_rows_does_not_matter() -> None:
    run = make_run(4, images=3)
    order = np.random.default_rng(0).permutation(len(run.columns["word"]))
    shuffled = {name: [values[i] for i in order] for name, values in run.columns.items()}
    again = score_run(shuffled, run.answers, run.patches, run.spec, run.kinds, JUDGE)
    assert again == scored(run)


@pytest.mark.parametrize(
    "status", ["refusal", "truncated", "parse_error", "schema_error", "api_error"]
)
def test_a_failure_is_never_a_score(status: Status) -> None:
    run = with_words(tiny(), ("dog", *NONE[:4]), NONE, NONE, NONE)
    (first, words), *_ = run.answers
    run.answers[first, words] = answer(first, words, status)
    found = cell(scored(run), "latent", 0)
    assert (found.hits, found.n, found.total, found.unscored) == (0, 1, 2, {status: 1})
    assert found.estimate == 0.0
    assert (found.lower_bound, found.upper_bound) == (0.0, 0.5)


def test_a_question_without_an_answer_is_missing() -> None:
    run = with_words(tiny(), ("dog", *NONE[:4]), NONE, NONE, NONE)
    del run.answers["p000-0", ("dog", *NONE[:4])]
    scores = scored(run)
    assert cell(scores, "latent", 0).unscored == {"missing": 1}
    mean = cell(scores, "latent", None)
    assert (mean.n, mean.total, mean.unscored) == (3, 4, {"missing": 1})
    assert mean.interval == "none"


def test_a_patch_without_words_is_missing() -> None:
    run = make_run(5, images=2, per_image=1, layers=(0,), kinds={"latent": "lens"})
    columns = {name: values[: run.spec.k] for name, values in run.columns.items()}
    scores = score_run(columns, run.answers, run.patches, run.spec, run.kinds, JUDGE)
    assert cell(scores, "latent", 0).unscored == {"missing": 1}


def test_a_broken_join_scores_nothing_rather_than_misses() -> None:
    run = make_run(6, images=3)
    broken = {(patch + "x", words): one for (patch, words), one in run.answers.items()}
    scores = score_run(run.columns, broken, run.patches, run.spec, run.kinds, JUDGE)
    assert {score.estimate for score in scores} == {None}
    assert {(score.low, score.high, score.lower_bound) for score in scores} == {(None, None, None)}
    assert all(score.unscored == {"missing": score.total} for score in scores)


def test_without_a_judge_nothing_is_scored_and_words_are_still_counted() -> None:
    run = tiny()
    run.columns["word"] = ["dog", "Dog", "dog", "tail", "of", *NONE, *NONE, *NONE]
    scores = score_run(run.columns, None, run.patches, run.spec, run.kinds)
    found = scores[0]
    assert (found.judge, found.n, found.estimate) == ("none", 0, None)
    assert found.unscored == {"not_judged": 2}
    assert found.distinct_words == (3 + 5) / 2


def edit(column: str, row: int, value: Any) -> Run:
    run = tiny()
    run.columns[column][row] = value
    return run


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (edit("patch_id", 0, "stranger"), "stranger"),
        (edit("layer", 0, 9), "layer 9"),
        (edit("lens", 0, "tuned"), "tuned"),
    ],
)
def test_descriptions_of_another_run_are_refused(run: Run, message: str) -> None:
    with pytest.raises(MismatchError, match=message):
        scored(run)


def test_ranks_that_are_doubled_or_skipped_are_refused() -> None:
    with pytest.raises(DataError, match="rank 1 twice"):
        scored(edit("rank", 0, 1))
    with pytest.raises(DataError, match="expected 0 to 4"):
        scored(edit("rank", 4, 7))


def test_an_answer_filed_under_other_words_is_refused() -> None:
    run = tiny()
    key = next(iter(run.answers))
    run.answers[key] = answer(key[0], ("dog",))
    with pytest.raises(MismatchError, match="filed"):
        scored(run)


def test_an_answer_with_too_few_relations_is_refused() -> None:
    run = tiny()
    key = next(iter(run.answers))
    run.answers[key] = run.answers[key].model_copy(update={"relations": ("concrete",)})
    with pytest.raises(MismatchError, match="1 relations for 5 words"):
        scored(run)


def test_a_lens_of_unknown_kind_is_refused() -> None:
    run = tiny()
    with pytest.raises(MismatchError, match="latent"):
        score_run(run.columns, run.answers, run.patches, run.spec, {}, JUDGE)


def test_outcomes_keep_patches_with_their_image() -> None:
    run = make_run(8, images=3, per_image=2)
    outcomes = join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    values = outcomes.hits("latent", None, "interpretable")
    split = outcomes.by_image(values)
    assert list(split) == list(run.spec.image_ids)
    assert np.array_equal(split["image001"], values[2:4])
