from __future__ import annotations

import pytest

from reports.published.load import load_paper
from reports.published.means import means_over_layers, means_over_models, published_mean

PAPER = load_paper()


def test_the_paper_averages() -> None:
    found = {(m.model, m.lens): round(100 * m.rate, 1) for m in means_over_models(PAPER)}
    assert found == {
        ("mean of 9 controlled", "latent"): 74.4,
        ("mean of 9 controlled", "embedding"): 29.7,
        ("mean of 9 controlled", "logit"): 21.7,
        ("mean of 6 off-the-shelf", "latent"): 58.3,
        ("mean of 6 off-the-shelf", "embedding"): 35.4,
        ("mean of 6 off-the-shelf", "logit"): 26.2,
        ("mean of all 15", "latent"): 67.9,
        ("mean of all 15", "embedding"): 32.0,
        ("mean of all 15", "logit"): 23.5,
    }


@pytest.mark.parametrize(
    ("variant", "difference"),
    [
        ("seed-10", 0.4),
        ("linear-projector", -0.2),
        ("first-sentence-captions", -2.5),
        ("unfrozen-llm", 5.5),
        ("top-bottom-task", -34.2),
        ("top-bottom-task-unfrozen-llm", -30.2),
    ],
)
def test_ablations_move_the_mean_as_the_paper_says(variant: str, difference: float) -> None:
    latent = {m.variant: m for m in means_over_layers(PAPER) if m.group == "ablation"}
    base = published_mean(PAPER, latent[variant].model, "latent")
    assert base
    assert round(100 * (latent[variant].rate - base.rate), 1) == difference


def test_a_mean_counts_the_patches_of_one_layer() -> None:
    mean = published_mean(PAPER, "llava-1.5-7b", "latent")
    assert mean
    assert mean.n == 96
    assert mean.interval
    low, high = mean.interval
    assert 0.19 < high - low < 0.21
    assert low < mean.rate < high


def test_a_mean_over_chosen_layers_needs_them_all() -> None:
    mean = published_mean(PAPER, "molmo-7b-d", "logit", (0, 26))
    assert mean
    assert mean.rate == pytest.approx((0.1224 + 0.9388) / 2)
    assert published_mean(PAPER, "molmo-7b-d", "logit", (0, 3)) is None
    assert published_mean(PAPER, "molmo-7b-d", "tuned") is None
