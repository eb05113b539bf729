from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.bootstrap import Floats
from reports.sign_flip import sign_flip
from reports.stats import mcnemar


def one(shares: Floats, seed: int = 0) -> float:
    return float(sign_flip(shares[:, None], seed)[0])


@settings(deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_few_images_are_tried_in_full(parts: list[int]) -> None:
    shares = np.array(parts) / 7
    flips = [abs(np.dot(signs, parts)) for signs in product((1, -1), repeat=len(parts))]
    expected = np.mean([flipped >= abs(sum(parts)) for flipped in flips])
    assert one(shares) == pytest.approx(expected)
    assert one(-shares) == one(shares)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (5, 0), (9, 3), (6, 6)])
def test_one_patch_per_image_is_mcnemars_exact_test(b: int, c: int) -> None:
    shares = np.repeat([1.0, -1.0, 0.0], [b, c, 20]) / (20 + b + c)
    assert one(shares) == pytest.approx(mcnemar(b, c))


@pytest.mark.parametrize(("b", "c"), [(30, 12), (40, 38), (60, 45)])
def test_random_signs_come_near_the_exact_test(b: int, c: int) -> None:
    shares = np.repeat([1.0, -1.0, 0.0], [b, c, 50]) / (50 + b + c)
    found = one(shares)
    assert found == pytest.approx(mcnemar(b, c), abs=0.02)
    assert found >= 1 / 10000


def test_more_images_than_are_flipped_are_put_together() -> None:
    lot = np.random.default_rng(1)
    found = [one(lot.normal(size=700), seed) for seed in range(60)]
    assert 0.3 < np.mean(found) < 0.7
    assert one(lot.normal(size=700) + 0.5) == 1 / 10000


def test_no_image_that_differs_is_no_evidence() -> None:
    assert sign_flip(np.zeros((40, 2))).tolist() == [1.0, 1.0]
    assert sign_flip(np.zeros((0, 1))).tolist() == [1.0]
    assert sign_flip(np.ones((40, 0))).tolist() == []


def test_five_images_cannot_tell_two_lenses_apart() -> None:
    assert one(np.ones(5)) == 2 / 32
    assert one(np.ones(6)) == 2 / 64


def test_each_difference_has_its_own_p_value_and_the_seed_decides() -> None:
    shares = np.random.default_rng(3).normal(0.2, 1, size=(30, 3))
    together = sign_flip(shares)
    assert together.tolist() == [one(shares[:, column]) for column in range(3)]
    assert sign_flip(shares).tolist() == together.tolist()
    assert sign_flip(shares, seed=1).tolist() != together.tolist()
    assert together == pytest.approx(sign_flip(shares, seed=1), abs=0.03)


def test_equal_lenses_on_uneven_images_are_rarely_told_apart() -> None:
    lot, rejected, by_patch = np.random.default_rng(4), 0, 0
    for trial in range(300):
        tilt = lot.choice([-1, 1], size=25)[:, None] * 0.3
        first = lot.random((25, 8)) < 0.5 + tilt
        second = lot.random((25, 8)) < 0.5 - tilt
        shares = (first.astype(float) - second).sum(axis=1) / first.size
        rejected += one(shares, trial % 3) <= 0.05
        by_patch += mcnemar(int((first & ~second).sum()), int((second & ~first).sum())) <= 0.05
    assert rejected <= 26
    assert by_patch > 60
