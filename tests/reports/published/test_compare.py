from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import UsageError
from reports.holm import holm
from reports.outcomes import join
from reports.published.common_layers import published_layers, scores_on
from reports.published.compare import compare_published
from reports.published.comparison import PublishedComparison
from reports.published.load import load_paper
from reports.published.names import published_models
from reports.published.paper import PublishedCell
from tests.reports.published.scores import JUDGE, score, scores_of
from tests.reports.synthetic import JUDGE as RULES
from tests.reports.synthetic import make_run

PAPER = load_paper()
MODELS = published_models(PAPER)


def compared(scores: object, model: str = "molmo-7b-d") -> PublishedComparison:
    return compare_published(scores, model, PAPER, JUDGE)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", MODELS)
def test_the_paper_is_consistent_with_itself(model: str) -> None:
    found = compared(scores_of(model), model)
    verdicts = {cell.verdict for cell in found.cells if cell.published_n is not None}
    assert verdicts == {"consistent"}
    assert all(cell.difference == pytest.approx(0, abs=1e-12) for cell in found.cells)
    assert (found.differing, found.surviving) == (0, 0)
    unknown = [cell for cell in found.cells if cell.published_n is None]
    assert found.unknown == len(unknown)
    assert all(cell.reason == "the published number of patches is unknown" for cell in unknown)
    assert found.consistent + found.unknown == sum(cell.layer is not None for cell in found.cells)


def test_a_planted_difference_is_found_where_it_is() -> None:
    def planted(cell: PublishedCell) -> float:
        return 0.5 if (cell.lens, cell.layer) == ("latent", 8) else cell.rate

    found = compared(scores_of("molmo-7b-d", planted))
    (cell,) = [each for each in found.cells if each.verdict == "differs"]
    assert (cell.lens, cell.layer) == ("latent", 8)
    assert cell.difference == pytest.approx(0.5 - 0.8367)
    assert cell.p_value is not None
    assert cell.p_holm is not None
    assert cell.p_value < cell.p_holm < 0.001
    assert (found.differing, found.surviving) == (1, 1)


def test_a_small_difference_in_many_cells_does_not_survive_the_correction() -> None:
    def planted(cell: PublishedCell) -> float:
        return cell.rate - 0.13 if (cell.lens, cell.layer) == ("latent", 8) else cell.rate

    found = compared(scores_of("molmo-7b-d", planted))
    assert (found.differing, found.surviving) == (1, 0)


def test_single_cells_and_means_are_families_of_their_own() -> None:
    def planted(cell: PublishedCell) -> float:
        return max(0.0, cell.rate - 0.01 * cell.layer)

    found = compared(scores_of("molmo-7b-d", planted))
    for mean in (True, False):
        family = [cell for cell in found.cells if (cell.layer is None) is mean]
        values = [cell.p_value for cell in family if cell.p_value is not None]
        assert [cell.p_holm for cell in family] == list(holm(values))


@given(ours=st.floats(0, 1), n=st.integers(2, 2000))
def test_the_verdict_is_that_of_the_interval_and_of_the_p_value(ours: float, n: int) -> None:
    (cell,) = compared([score("latent", 8, ours, n)]).cells
    assert cell.difference_low is not None
    assert cell.difference_high is not None
    assert cell.p_value is not None
    inside = cell.difference_low <= 0 <= cell.difference_high
    assert cell.verdict == ("consistent" if inside else "differs")
    if abs(cell.p_value - 0.05) > 1e-9:
        assert inside == (cell.p_value > 0.05)
    assert cell.difference_low <= (cell.difference or 0.0) <= cell.difference_high


def test_nothing_scored_cannot_be_told_and_is_not_a_miss() -> None:
    found = compared([score("latent", 8, None), score("latent", 0, 0.9)])
    cell = next(each for each in found.cells if each.layer == 8)
    assert (cell.verdict, cell.difference, cell.reason) == (
        "cannot tell",
        None,
        "nothing was scored",
    )
    assert (found.unknown, found.consistent) == (1, 1)


def test_a_rate_without_an_interval_cannot_be_told() -> None:
    one_image = score("latent", 8, 0.9).model_copy(update={"low": None, "high": None})
    (cell,) = compared([one_image]).cells
    assert cell.verdict == "cannot tell"
    assert "too few images" in cell.reason
    assert cell.difference == pytest.approx(0.9 - 0.8367)


def test_what_only_one_side_has_is_listed() -> None:
    scores = [score("latent", 8, 0.8), score("latent", 5, 0.8), score("acme", 8, 0.5)]
    found = compared(scores)
    assert [(cell.lens, cell.layer) for cell in found.cells] == [("latent", 8)]
    assert found.missing == (
        "latent: layers 5: not in the paper",
        "latent: layers 0, 1, 2, 4, 16, 24, 26, 27: published, but not in the run",
        "acme: not in the paper",
        "embedding, logit: published, but not in the run",
    )


def test_a_mean_is_compared_only_over_layers_that_both_have() -> None:
    extra = [*scores_of("molmo-7b-d"), score("latent", 5, 0.8)]
    assert {cell.lens for cell in compared(extra).cells if cell.layer is None} == {
        "logit",
        "embedding",
    }


def test_controls_and_other_definitions_are_left_out() -> None:
    scores = scores_of("molmo-7b-d")
    more = [
        scores[0].model_copy(update={"definition": "concrete", "estimate": 0.1}),
        scores[0].model_copy(update={"kind": "control", "estimate": 0.1}),
        scores[0].model_copy(update={"judge": "other", "estimate": 0.1}),
    ]
    assert compared([*more, *scores]) == compared(scores)


@pytest.mark.parametrize(
    ("model", "judge", "message"),
    [
        ("mini", JUDGE, "unknown published model 'mini'"),
        ("molmo-7b-d", "gpt-4", r"unknown judge of the run 'gpt-4': did you mean gpt-5\?"),
        ("llava-next-34b", JUDGE, "no lens and layer with a published rate of llava-next-34b"),
    ],
)
def test_bad_input_is_refused(model: str, judge: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compare_published([score("latent", 27, 0.9)], model, PAPER, judge)


def test_the_model_can_be_given() -> None:
    found = compare_published(
        scores_of("molmo-7b-d"), "./my-molmo", PAPER, JUDGE, published_model="molmo-7b-d"
    )
    assert (found.model, found.published_model) == ("./my-molmo", "molmo-7b-d")
    assert found.differing == 0


def test_choices_made_otherwise_are_listed_from_the_spec() -> None:
    spec = make_run(images=4, layers=(0,)).spec.model_copy(update={"k": 3, "view": "tiles"})
    found = compare_published(scores_of("molmo-7b-d"), "molmo-7b-d", PAPER, JUDGE, spec=spec)
    aspects = {each.aspect: (each.ours, each.theirs) for each in found.protocol}
    assert aspects["words per patch"] == ("3", "5")
    assert aspects["patches per image"][0] == "4"
    assert aspects["view of the image"] == ("tiles", "global")
    assert aspects["forward pass"] == ("float32", "float16")
    assert "judge" not in aspects
    assert "question to the judge" not in aspects


def test_scores_on_the_paper_layers_have_a_mean_over_them() -> None:
    run = make_run(images=4)
    board = join(run.columns, run.answers, run.patches, run.spec, RULES)
    layers = published_layers(PAPER, "molmo-7b-d")
    scores = scores_on(layers, board, run.spec, run.kinds)
    assert {each.layer for each in scores} == {None, 0, 1, 2, 4}
    found = compare_published(scores, "molmo-7b-d", PAPER, RULES, spec=run.spec)
    assert found.mean_layers == (0, 1, 2, 4)
    mean = next(cell for cell in found.cells if (cell.lens, cell.layer) == ("latent", None))
    hits = sum(run.hits["latent", layer] for layer in found.mean_layers)
    assert mean.rate == pytest.approx(hits / (4 * len(run.patches)))
    assert mean.published == pytest.approx((0.898 + 0.8571 + 0.8265 + 0.8367) / 4)
    assert any("layers 3, 5, 6, 7: not in the paper" in text for text in found.missing)
