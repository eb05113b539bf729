from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.measures import LayerSpread, Measures, Spread
from reports.same_layers import distinct_mean, same_layers

NAN = float("nan")


def measures(**cosines: float) -> Measures:
    drift = tuple(
        LayerSpread(
            layer=int(name[1:]),
            spread=Spread(n=9, mean=mean, low=0, quartile=0, median=0.999, upper=1, high=1, top=1),
        )
        for name, mean in cosines.items()
    )
    return Measures(
        layers=tuple(each.layer for each in drift),
        visual_drift=drift,
        text_drift=(),
        visual_norms=(),
        text_norms=(),
    )


def test_layers_above_the_limit_are_the_same_and_layer_0_is_not_listed() -> None:
    assert same_layers(measures(l0=1.0, l1=0.999, l2=0.9901, l4=0.99, l8=0.5)) == (1, 2)
    assert same_layers(measures(l8=0.995, l0=1.0, l2=0.995)) == (2, 8)


def test_without_measurements_no_layer_is_the_same() -> None:
    assert same_layers(None) == ()
    assert same_layers(measures()) == ()


def test_layers_of_one_vector_have_one_vote() -> None:
    values = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]])
    assert distinct_mean(values, (0, 1, 2, 8), (1, 2)) == pytest.approx((0.5 + 0.5) / 2)
    assert distinct_mean(values, (0, 1, 2, 8), (1,)) == pytest.approx((0.75 + 0 + 0.5) / 3)
    assert distinct_mean(values, (0, 1, 2, 8)) == pytest.approx(0.5)
    # Layer 0 need not be in the run, nor the layers that are the same.
    assert distinct_mean(values, (1, 2, 4, 8), (1, 2, 24)) == pytest.approx((0.75 + 0 + 0.5) / 3)


def test_what_is_not_scored_has_no_vote() -> None:
    values = np.array([[1.0, NAN, 0.0], [NAN, NAN, 0.0]])
    assert distinct_mean(values, (0, 1, 2), (1,)) == pytest.approx(0.5)
    assert distinct_mean(np.full((2, 3), NAN), (0, 1, 2), (1,)) is None


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=5, max_size=5), min_size=1))
def test_layers_that_agree_change_nothing_when_counted_once_or_all(rows: list[list[float]]) -> None:
    values = np.array(rows)
    values[:, 1:] = values[:, :1]
    plain = distinct_mean(values, range(5))
    assert distinct_mean(values, range(5), (1, 2, 3)) == pytest.approx(plain)
    assert distinct_mean(values, range(5), (1, 2, 3, 4)) == pytest.approx(plain)
