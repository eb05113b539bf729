"""The pictures that a model is tried on, and how they are painted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.vlms.conformance.trial import SHAPES, painted, picture, trials
from harness.vlms.geometry import Geometry
from harness.vlms.layout import TokenLayout
from tests.vlms.conformance.toy import ToyVlm


class Large(ToyVlm):
    """Stretches images to 400x400."""

    def layout(self, width: int, height: int) -> TokenLayout:
        return TokenLayout.single(Geometry.squash((width, height), (400, 400), (4, 4)))


def test_pictures_have_the_four_shapes() -> None:
    assert [trial.size for trial in trials(ToyVlm(), None)] == list(SHAPES)


def test_pictures_are_enlarged_until_the_model_no_longer_enlarges_them() -> None:
    for trial, (width, height) in zip(trials(Large(), None), SHAPES, strict=True):
        factor, rest = divmod(trial.size[0], width)
        assert (rest, trial.size[1]) == (0, factor * height)
        assert factor == -(-400 // min(width, height))


def test_a_picture_is_the_same_on_every_call_and_another_for_another_seed() -> None:
    first, again, other = (np.asarray(picture((50, 30), seed)) for seed in (0, 0, 1))
    assert first.shape == (30, 50, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@given(
    left=st.floats(0, 60),
    top=st.floats(0, 60),
    wide=st.floats(3, 35),
    high=st.floats(3, 35),
)
def test_paint_stays_in_the_middle_of_its_box(
    left: float, top: float, wide: float, high: float
) -> None:
    image = picture((100, 100))
    changed = painted(image, [(left, top, left + wide, top + high)], 0.18)
    rows, cols = np.nonzero((np.asarray(changed) != np.asarray(image)).any(-1))
    assert cols.min() >= left
    assert cols.max() + 1 <= left + wide
    assert rows.min() >= top
    assert rows.max() + 1 <= top + high
    assert (cols.min() + cols.max() + 1) / 2 == pytest.approx(left + wide / 2, abs=0.51)
    assert (rows.min() + rows.max() + 1) / 2 == pytest.approx(top + high / 2, abs=0.51)


def test_the_painted_share_is_of_the_area() -> None:
    image = picture((200, 200))
    changed = np.asarray(painted(image, [(0, 0, 100, 200)], 0.18)) != np.asarray(image)
    assert changed.any(-1).mean() == pytest.approx(0.18 * 0.5, rel=0.05)
