"""Numbers of cells to draw from each group."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_eval.allocation import equal_shares, proportional_shares

SIZES = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(1, 60), min_size=1)


def test_equal_shares_pass_on_what_a_group_does_not_have() -> None:
    assert equal_shares(12, {"a": 9, "b": 9, "c": 9}, 0) == {"a": 4, "b": 4, "c": 4}
    assert equal_shares(12, {"a": 9, "b": 1, "c": 9}, 0) in (
        {"a": 6, "b": 1, "c": 5},
        {"a": 5, "b": 1, "c": 6},
    )
    assert equal_shares(12, {"a": 2, "b": 3}, 0) == {"a": 2, "b": 3}
    assert equal_shares(5, {}, 0) == {}


def test_what_cannot_be_divided_falls_to_every_group_under_some_seed() -> None:
    sizes = {"a": 9, "b": 9, "c": 9}
    favoured = {
        max(shares, key=shares.__getitem__)
        for shares in (equal_shares(10, sizes, seed) for seed in range(30))
    }
    assert favoured == set(sizes)


@given(st.integers(0, 300), SIZES, st.integers(0, 9))
def test_equal_shares_are_as_equal_as_sizes_allow(
    total: int, sizes: dict[str, int], seed: int
) -> None:
    shares = equal_shares(total, sizes, seed)
    assert sum(shares.values()) == min(total, sum(sizes.values()))
    assert all(0 <= shares[name] <= size for name, size in sizes.items())
    unfilled = [shares[name] for name in sizes if shares[name] < sizes[name]]
    if unfilled:
        assert max(shares.values()) <= min(unfilled) + 1
    assert equal_shares(total, dict(reversed(sizes.items())), seed) == shares


def test_proportional_shares_of_a_worked_case() -> None:
    # 12 of 60: parts 8, 3.8 and 0.2; the last one gets 1, and 11 of 59 are 7.46 and 3.54.
    assert proportional_shares(12, {"a": 40, "b": 19, "c": 1}, 0) == {"a": 7, "b": 4, "c": 1}
    for total in (2, 61):
        with pytest.raises(ValueError, match=f"{total} of 60 cells in 3 strata"):
            proportional_shares(total, {"a": 40, "b": 19, "c": 1}, 0)


@given(st.data(), SIZES, st.integers(0, 9))
def test_proportional_shares_keep_every_stratum(
    data: st.DataObject, sizes: dict[str, int], seed: int
) -> None:
    size = sum(sizes.values())
    total = data.draw(st.integers(len(sizes), size))
    shares = proportional_shares(total, sizes, seed)
    assert sum(shares.values()) == total
    assert all(1 <= shares[name] <= count for name, count in sizes.items())
    # Parts above one are cut only for those that would have none.
    for name, count in sizes.items():
        assert total * count / size - len(sizes) < shares[name]
        assert shares[name] < max(1.0, total * count / size) + 1
    larger = [shares[name] for name in sorted(sizes, key=sizes.__getitem__)]
    assert all(after >= before - 1 for before, after in zip(larger, larger[1:], strict=False))
    assert proportional_shares(total, dict(reversed(sizes.items())), seed) == shares
