from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.core.errors import DataError, MismatchError
from harness.core.records import Definition, LensKind, Score, Status
from harness.core.wilson import score_interval
from reports.outcomes import DEFINITIONS, join
from reports.scoring import score_outcomes, score_run, select
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
    assert {one.interval for one in layers} == {"wilson-95 effective n"}
    assert mean.interval == "image-bootstrap-95"


def test_one_patch_per_image_has_the_plain_interval() -> None:
    for found in scored(make_run(3, per_image=1)):
        if found.layer is not None:
            assert (found.interval, found.effective_n) == ("wilson-95", found.n)
            assert (found.low, found.high) == wilson(found.hits, found.n)
        else:
            assert found.interval == "image-bootstrap-95"


def test_patches_of_an_image_widen_the_interval_of_a_layer() -> None:
    scores = scored(make_run(3, per_image=10, layers=(0,), image_effect=0.6))
    for found in scored(make_run(3, per_image=10, layers=(0,))) + scores:
        if found.layer is not None:
            assert found.effective_n is not None
            assert found.estimate is not None
            assert found.effective_n <= found.n
            expected = score_interval(found.estimate, found.effective_n)
            assert (found.low, found.high) == expected
    widened = cell(scores, "latent", 0)
    assert (widened.effective_n or 0) < 0.7 * widened.n
    plain = wilson(widened.hits, widened.n)
    assert (widened.high or 0) - (widened.low or 0) > 1.2 * (plain.high - plain.low)


def test_the_mean_over_layers_tells_how_many_patches_it_is_worth() -> None:
    mean = cell(scored(make_run(3, images=60, per_image=2)), "latent", None)
    assert mean.effective_n is not None
    assert mean.low is not None
    assert mean.high is not None
    half = 1.96 * (0.72 * 0.28 / mean.effective_n) ** 0.5
    assert mean.high - mean.low == pytest.approx(2 * half, rel=0.12)
    assert 120 < mean.effective_n <= mean.n


def test_each_layer_has_one_vote_in_the_mean() -> None:
    run = make_run(3, layers=(0, 3), kinds={"latent": "lens"})
    for index, (patch_id, words) in enumerate(list(run.answers)):
        if index % 6 in (0, 1, 3):
            run.answers[patch_id, words] = answer(patch_id, words, "refusal")
    scores = scored(run)
    layers = [cell(scores, "latent", layer) for layer in (0, 3)]
    mean = cell(scores, "latent", None)
    assert layers[0].n != layers[1].n
    assert mean.estimate == pytest.approx(np.mean([one.estimate or 0.0 for one in layers]))
    assert mean.estimate != pytest.approx(mean.hits / mean.n)
    for found in (*layers, mean):
        assert found.lower_bound is not None
        assert found.estimate is not None
        assert found.upper_bound is not None
        assert found.lower_bound < found.estimate < found.upper_bound
    for one in layers:
        assert one.lower_bound == pytest.approx(one.hits / one.total)
        assert one.upper_bound == pytest.approx((one.hits + one.total - one.n) / one.total)


def test_layers_of_the_same_vector_are_counted_once() -> None:
    run = make_run(5, layers=(0, 1, 2, 7))
    board = join(run.columns, run.answers, run.patches, run.spec, JUDGE)
    scores = score_outcomes(board, run.spec, run.kinds, (1, 2))
    rates = [cell(scores, "logit", layer).estimate or 0.0 for layer in run.spec.layers]
    mean = cell(scores, "logit", None)
    assert mean.estimate == pytest.approx(np.mean(rates))
    assert mean.distinct_layers == pytest.approx((np.mean(rates[:3]) + rates[3]) / 2)
    assert cell(scored(run), "logit", None).distinct_layers == pytest.approx(mean.estimate)
    assert {score.distinct_layers for score in scores if score.layer is not None} == {None}


@pytest.mark.parametrize("outcome", ["dog", "of"])
def test_all_hits_and_no_hits_count_images(outcome: str) -> None:
    run = make_run(6, images=8, per_image=3, layers=(0, 3), kinds={"latent": "lens"})
    run.columns["word"] = [outcome] * len(run.columns["word"])
    words = (outcome,) * run.spec.k
    run.answers.update({(p.patch_id, words): answer(p.patch_id, words) for p in run.patches})
    for layer in (0, None):
        found = cell(scored(run), "latent", layer)
        assert found.effective_n == 8
        assert (found.low, found.high) == wilson(8 if outcome == "dog" else 0, 8)


@pytest.mark.parametrize(
    ("words", "hits"),
    [
        (("dog", "of", "the", "tax", "ing"), (1, 1, 1, 1, 1, 1, 1, 1)),
        (("of", "dog", "the", "tax", "ing"), (1, 1, 1, 0, 1, 1, 1, 1)),
        (("pet", "of", "the", "tax", "ing"), (1, 0, 1, 1, 1, 1, 1, 1)),
        (("boat", "of", "the", "tax", "ing"), (1, 0, 0, 1, 1, 1, 1, 1)),
        (("of", "the", "boat", "pet", "ing"), (1, 0, 1, 0, 0, 1, 1, 1)),
        (("of", "the", "tax", "ing", "boat"), (1, 0, 0, 0, 0, 0, 0, 1)),
        (NONE, (0, 0, 0, 0, 0, 0, 0, 0)),
    ],
)
def test_each_definition_counts_what_it_says(words: tuple[str, ...], hits: tuple[int, ...]) -> None:
    run = with_words(tiny(), words, words, words, words)
    scores = scored(run)
    found = tuple(cell(scores, "latent", 3, definition).hits for definition in DEFINITIONS)
    assert found == tuple(2 * hit for hit in hits)


def test_a_run_of_fewer_words_lacks_definitions() -> None:
    run = make_run(2, images=3, layers=(0,))
    scores = score_run(
        run.columns,
        run.answers,
        run.patches,
        run.spec.model_copy(update={"k": 2}),
        run.kinds,
        JUDGE,
    )
    expected = ["interpretable", "concrete", "concrete+abstract", "pass@1", "pass@2"]
    assert list(dict.fromkeys(score.definition for score in scores)) == expected


@pytest.mark.parametrize("seed", range(3))
def test_pass_at_n_rises_to_interpretable(seed: int) -> None:
    scores = scored(make_run(seed, images=6))
    for lens in ("latent", "random-vector"):
        for layer in (0, 7, None):
            hits = [cell(scores, lens, layer, each).hits for each in DEFINITIONS[3:]]
            assert hits == sorted(hits)
            assert hits[-1] == cell(scores, lens, layer).hits


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
