from __future__ import annotations

import numpy as np
import pytest

from reports.image_sums import image_codes, image_sums
from reports.model_boards import model_boards, pooled
from tests.reports.made_boards import board_of, spec_of, verdicts_of


def test_what_images_bring_adds_up_to_the_mean() -> None:
    specs = [spec_of("a"), spec_of("b", layers=(0, 1)), spec_of("c", image_ids=("image003",))]
    boards = {
        spec.vlm: board_of(spec, verdicts_of(spec, unscored=0.2 * (spec.vlm == "a")))
        for spec in specs
    }
    together = model_boards(boards, "interpretable")
    sums = together.mean("latent")
    alone = [together.alone(model, "latent") for model in boards]
    assert sums.mean == pytest.approx(sum(alone) / 3)
    assert sums.shares.sum() == pytest.approx(sums.mean)
    assert sums.weights.sum() == pytest.approx(1)
    assert sums.changes.sum() == pytest.approx(0)
    assert len(sums.shares) == sums.images == 12


def test_several_means_count_their_patches_together() -> None:
    values = np.array([1.0, 0.0, 1.0, np.nan])
    codes = image_codes(["x", "x", "y", "y"])
    one = image_sums(values, codes)
    assert one is not None
    two = pooled([one, one], 2)
    assert (two.patches, two.cells) == (2 * one.patches, 2 * one.cells)
    np.testing.assert_allclose(two.changes, one.changes)


def test_a_lens_that_is_not_scored_has_no_mean_of_its_own() -> None:
    spec = spec_of()
    verdicts = verdicts_of(spec)
    for layer in spec.layers:
        verdicts["logit", layer] = [float("nan")] * len(verdicts["logit", layer])
    together = model_boards({"a": board_of(spec, verdicts)}, "interpretable")
    assert together.scored_lenses()[1] == {"logit": ("a",)}
    assert together.difference("latent", "logit") is None
    with pytest.raises(ValueError, match="logit"):
        together.alone("a", "logit")
